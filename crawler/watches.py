"""Run the archive's watches after its crawl, in a separate process; an error there is reported and does not fail the crawl."""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from scrapy import signals
from scrapy.exceptions import NotConfigured

from archive.watch import WatchStore
from crawler.shutdown import stopping

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

SECONDS: Final = 300.0
"""For a run; what it did not deliver waits for the next."""


class WatchExtension:
    """Runs `warraq watch run` once the archive is closed; the crawls of other sites go on meanwhile."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stopping = False
        self._process: Process | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Raise NotConfigured where no site is crawled."""
        settings = crawler.settings
        site = getattr(crawler.spider, "site", None)
        if site is None:
            raise NotConfigured
        extension = cls(Path(settings["ARCHIVE_DIR"] or Path(settings["WARRAQ_COLLECTIONS"]) / site.name))
        crawler.signals.connect(extension.stop_soon, signal=stopping)
        crawler.signals.connect(extension.spider_closed, signal=signals.spider_closed)
        return extension

    def stop_soon(self) -> None:
        """End the run that is under way, and begin none."""
        self._stopping = True
        self._end()

    async def spider_closed(self) -> None:
        """Run the watches. Called after ArchiveExtension has closed the archive, for it stands behind it in EXTENSIONS."""
        if self._stopping or not WatchStore.exists(self._folder):
            return
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "archive", "--archive", str(self._folder), "watch", "run"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, err = await asyncio.wait_for(self._process.communicate(), SECONDS)
        except TimeoutError:
            logger.warning(
                "%s: the watches took longer than %d s; the next run goes on with them", self._folder, SECONDS
            )
            self._end()
        except OSError as error:
            logger.warning("%s: the watches could not be run (%s)", self._folder, error)
        else:
            logger.info("%s: watches: %s", self._folder, out.decode(errors="replace").strip())
            if err.strip():
                logger.warning("%s: watches: %s", self._folder, err.decode(errors="replace").strip()[-1000:])

    def _end(self) -> None:
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()
