"""Run commands on an archive after its crawl has closed it: seal, upload, watches.

Each runs in a process of its own while the crawls of other sites go on; an error there is reported and does not fail the crawl.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self

from scrapy import signals
from scrapy.exceptions import NotConfigured

from archive.collection import Collection
from archive.watch import WatchStore
from crawler.configuration import archive_folder
from crawler.shutdown import stopping

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from pathlib import Path

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)

SECONDS: Final = 300.0
"""Time limit of a command unless a setting changes it; unfinished work waits for the next crawl."""
KILL_SECONDS: Final = 2.0
"""Seconds that a command has to end when the crawl is stopped."""
_SEALING: Final = ("WARRAQ_OPERATOR", "WARRAQ_AUTHORITIES", "WARRAQ_AUTHORITY_ROOTS", "WARRAQ_KEYS")


class ClosingExtension:
    """Runs a `warraq` command on the archive of a crawl. Subclasses define the command, when it has work, and what is logged."""

    command: tuple[str, ...]
    seconds = SECONDS

    def __init__(self, folder: Path, settings: BaseSettings) -> None:
        """Read the settings of the command; raise NotConfigured if it is not to run."""
        self.folder = folder
        self.variables: dict[str, str] = {}
        self._stopping = False
        self._process: Process | None = None
        self.configure(settings)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Raise NotConfigured if no site is crawled or the command is not to run."""
        settings = crawler.settings
        site = getattr(crawler.spider, "site", None)
        if site is None:
            raise NotConfigured
        extension = cls(archive_folder(settings, site.name), settings)
        crawler.signals.connect(extension.stop_soon, signal=stopping)
        crawler.signals.connect(extension.spider_closed, signal=signals.spider_closed)
        return extension

    def configure(self, settings: BaseSettings) -> None:
        """Set the options of the command; raise NotConfigured if it is not to run."""

    def has_work(self) -> bool:
        """Return whether the command has work in this archive."""
        raise NotImplementedError

    def report(self, out: str, err: str) -> None:
        """Log the command's output."""
        logger.info("%s: %s: %s", self.folder, self.command[0], out)
        if err:
            logger.warning("%s: %s: %s", self.folder, self.command[0], err[-1000:])

    def stop_soon(self) -> None:
        """Stop the running command, and start no other."""
        self._stopping = True
        self._terminate()

    async def spider_closed(self) -> None:
        """Run the command. The order of EXTENSIONS ensures that ArchiveExtension has closed the archive."""
        if self._stopping or not self.has_work():
            return
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-P", "-m", "archive", "--archive", str(self.folder), *self.command),
                env={**os.environ, **self.variables},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, err = await asyncio.wait_for(self._process.communicate(), self.seconds)
        except TimeoutError:
            logger.warning(
                "%s: %s took longer than %d s; the next crawl continues it", self.folder, self.command[0], self.seconds
            )
            await self._end()
        except OSError as error:
            logger.warning("%s: %s could not be run (%s)", self.folder, self.command[0], error)
        else:
            if not self._stopping:
                self.report(out.decode(errors="replace").strip(), err.decode(errors="replace").strip())

    async def _end(self) -> None:
        self._terminate()
        if self._process:
            try:
                await asyncio.wait_for(self._process.wait(), KILL_SECONDS)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    def _terminate(self) -> None:
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()


class SealExtension(ClosingExtension):
    """Runs `warraq seal` if WARRAQ_SEAL is set."""

    command = ("seal",)

    def configure(self, settings: BaseSettings) -> None:
        """Pass on the settings of seals."""
        if not settings.getbool("WARRAQ_SEAL"):
            raise NotConfigured
        self.variables = {name: str(settings[name]) for name in _SEALING if settings[name]}

    def has_work(self) -> bool:
        """Return whether the crawl left an archive."""
        return Collection(self.folder).exists()


class UploadExtension(ClosingExtension):
    """Runs `warraq upload` if WARRAQ_STORAGE is set.

    Files that an upload does not finish stay local; the next crawl's upload continues with them.
    """

    command: tuple[str, ...] = ("upload", "--json")

    def configure(self, settings: BaseSettings) -> None:
        """Set the destination, and the age at which local files are removed; a WARRAQ_KEEP_LOCAL_DAYS below 0 keeps all."""
        storage = settings["WARRAQ_STORAGE"] or os.environ.get("WARRAQ_STORAGE", "")
        if not storage or storage == "none":
            raise NotConfigured
        self.variables = {"WARRAQ_STORAGE": storage}
        self.seconds = settings.getfloat("WARRAQ_UPLOAD_SECONDS")
        keep_days = settings.getint("WARRAQ_KEEP_LOCAL_DAYS")
        if keep_days >= 0:
            self.command = (*self.command, "--remove-local", "--keep-days", str(keep_days))

    def has_work(self) -> bool:
        """Upload after every crawl: an earlier one may have left files here."""
        return True

    def report(self, out: str, err: str) -> None:
        """Log the number of uploaded files, their destination, and failures."""
        said: dict[str, Any] = {}
        with suppress(ValueError):
            said = json.loads(out)
        for name, problem in said.get("failed", {}).items():
            logger.warning("%s: %s was not uploaded, the next crawl tries again: %s", self.folder, name, problem)
        if said:
            done, removed = len(said["uploaded"]), len(said["removed"])
            logger.info("%s: %d files uploaded to %s, %d removed here", self.folder, done, said["storage"], removed)
        else:
            logger.warning("%s: nothing was uploaded, the next crawl tries again: %s", self.folder, err[-1000:])


class WatchExtension(ClosingExtension):
    """Runs `warraq watch run` if the archive has watches."""

    command = ("watch", "run")

    def has_work(self) -> bool:
        """Return whether the archive has watches."""
        return WatchStore.exists(self.folder)
