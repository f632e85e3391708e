"""Run commands on an archive after its crawl, in separate processes; an error there is reported and does not fail the crawl."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self

from scrapy import signals
from scrapy.exceptions import NotConfigured

from archive.collection import Collection
from archive.watch import WatchStore
from crawler.shutdown import stopping

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Mapping

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

SECONDS: Final = 300.0
"""For a run; what it did not do waits for the next."""


class WatchExtension:
    """Runs `warraq watch run` once the archive is closed; the crawls of other sites go on meanwhile."""

    command: tuple[str, ...] = ("watch", "run")
    what = "watches"
    variables: Mapping[str, str] = MappingProxyType({})

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
        """Run the command. Called after ArchiveExtension has closed the archive, for it stands behind it in EXTENSIONS."""
        if self._stopping or not self._is_due():
            return
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "archive", "--archive", str(self._folder), *self.command),
                env={**os.environ, **self.variables},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, err = await asyncio.wait_for(self._process.communicate(), SECONDS)
        except TimeoutError:
            logger.warning("%s: %s: took longer than %d s; the next run goes on", self._folder, self.what, SECONDS)
            self._end()
        except OSError as error:
            logger.warning("%s: %s: could not be run (%s)", self._folder, self.what, error)
        else:
            logger.info("%s: %s: %s", self._folder, self.what, out.decode(errors="replace").strip())
            if err.strip():
                logger.warning("%s: %s: %s", self._folder, self.what, err.decode(errors="replace").strip()[-1000:])

    def _end(self) -> None:
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()

    def _is_due(self) -> bool:
        return WatchStore.exists(self._folder)


_SEALING: Final = ("WARRAQ_OPERATOR", "WARRAQ_AUTHORITIES", "WARRAQ_AUTHORITY_ROOTS", "WARRAQ_KEYS")


class SealExtension(WatchExtension):
    """Runs `warraq seal` once the archive is closed, where WARRAQ_SEAL is set."""

    command = ("seal",)
    what = "seal"

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Raise NotConfigured where nothing is to be sealed."""
        if not crawler.settings.getbool("WARRAQ_SEAL"):
            raise NotConfigured
        extension = super().from_crawler(crawler)
        extension.variables = {name: str(crawler.settings[name]) for name in _SEALING if crawler.settings[name]}
        return extension

    def _is_due(self) -> bool:
        return Collection(self._folder).exists()
