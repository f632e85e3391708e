"""Upload a site's closed files after its crawl, in a separate process; an error there is reported and does not fail the crawl."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.exceptions import NotConfigured

from crawler.shutdown import stopping

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

KILL_SECONDS = 2.0
"""Seconds that an upload has to end when it must stop; the next one continues its work."""


class UploadExtension:
    """Runs `warraq upload` once the archive is closed; the crawls of other sites go on meanwhile.

    A run that fails, is stopped or takes longer than `seconds` leaves its files where they are: the next crawl's upload takes them up.
    """

    def __init__(self, folder: Path, storage: str, *, keep_days: int, seconds: float) -> None:
        """`storage` is the place below which each archive has its name; `keep_days` < 0: nothing is removed here."""
        self._folder, self._storage = folder, storage
        self._options = ["--remove-local", "--keep-days", str(keep_days)] if keep_days >= 0 else []
        self._seconds = seconds
        self._stopping = False
        self._process: Process | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Raise NotConfigured where no storage is set."""
        settings = crawler.settings
        storage = settings["WARRAQ_STORAGE"] or os.environ.get("WARRAQ_STORAGE", "")
        if not storage or storage == "none":
            raise NotConfigured
        site = crawler.spider.site  # type: ignore[union-attr]
        extension = cls(
            Path(settings["ARCHIVE_DIR"] or Path(settings["WARRAQ_COLLECTIONS"]) / site.name),
            storage,
            keep_days=settings.getint("WARRAQ_KEEP_LOCAL_DAYS"),
            seconds=settings.getfloat("WARRAQ_UPLOAD_SECONDS"),
        )
        crawler.signals.connect(extension.stop_soon, signal=stopping)
        crawler.signals.connect(extension.spider_closed, signal=signals.spider_closed)
        return extension

    def stop_soon(self) -> None:
        """End the upload that runs, and begin none."""
        self._stopping = True
        self._end(self._process)

    async def spider_closed(self) -> None:
        """Upload. Called after ArchiveExtension has closed the archive, for it stands behind it in EXTENSIONS."""
        if self._stopping:
            return
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "archive", "--archive", str(self._folder), "upload", "--json", *self._options),
                env=os.environ | {"WARRAQ_STORAGE": self._storage},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, err = await asyncio.wait_for(self._process.communicate(), self._seconds)
        except TimeoutError:
            logger.warning(
                "%s: the upload took longer than WARRAQ_UPLOAD_SECONDS; the next goes on with it", self._folder
            )
            await self._stop(self._process)
        except OSError as error:
            logger.warning("%s: the upload could not begin (%s)", self._folder, error)
        else:
            self._tell(out, err.decode(errors="replace").strip())

    def _tell(self, out: bytes, err: str) -> None:
        if self._stopping:
            return
        said: dict[str, Any] = {}
        with suppress(ValueError):
            said = json.loads(out)
        for name, problem in said.get("failed", {}).items():
            logger.warning("%s: %s was not uploaded, the next crawl tries again: %s", self._folder, name, problem)
        if said:
            done, removed = len(said["uploaded"]), len(said["removed"])
            logger.info("%s: %d files uploaded to %s, %d removed here", self._folder, done, said["storage"], removed)
        else:
            logger.warning("%s: nothing was uploaded, the next crawl tries again: %s", self._folder, err[-1000:])

    async def _stop(self, process: Process | None) -> None:
        self._end(process)
        if process:
            try:
                await asyncio.wait_for(process.wait(), KILL_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()

    @staticmethod
    def _end(process: Process | None) -> None:
        if process and process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
