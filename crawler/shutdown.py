"""End crawls within seconds when the process must stop: on SIGTERM, SIGINT or a lost lease, send the signal `stopping`.

Requests in flight have GRACE_SECONDS to finish; after that, or at a second signal, they are abandoned. Their rows stay due, and a
capture that is not parsed yet is parsed at the next start.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import TYPE_CHECKING, Any, Self

from archive import UsageError
from crawler.download.errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.crawler import Crawler, CrawlerProcessBase
    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)

stopping = object()
"""Scrapy signal without arguments: the crawl is stopping and sends no more requests. Scrapy's own signals come later."""

GRACE_SECONDS = 5.0
"""systemd and Docker kill after 90 and 10 seconds; a person at a terminal waits for about this long."""


class Stopping:
    """A request to stop; `asked` is the name of the signal, or why the lease is lost, '' for none."""

    def __init__(self, process: CrawlerProcessBase) -> None:
        self.asked = ""
        self._process = process

    def install(self) -> None:
        """Handle SIGTERM, SIGINT and the lease from now on, in place of Scrapy's own handlers; call it before the reactor runs.

        Raises UsageError for a lease that is not valid.
        """
        watch_lease(Lease.from_settings(self._process.settings), self.stop, lead=GRACE_SECONDS)
        loop = asyncio.get_event_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop, number.name)

    def stop(self, name: str) -> None:
        """Ask the crawls to stop; the second call ends them at once."""
        if self.asked:
            logger.warning("%s again: ending at once; what was not committed stays due", name)
            self.end()
            return
        self.asked = name
        logger.warning(
            "%s: ending within %.0f s; what is not done stays due. Again to end at once", name, GRACE_SECONDS
        )
        for crawler in list(self._process.crawlers):
            crawler.signals.send_catch_log(stopping)
        asyncio.ensure_future(self._end_crawls())  # noqa: RUF006 - ends the loop
        asyncio.get_event_loop().call_later(GRACE_SECONDS, self.end)

    async def _end_crawls(self) -> None:
        await asyncio.gather(
            *(crawler.stop_async() for crawler in list(self._process.crawlers)), return_exceptions=True
        )
        self.end()

    def end(self) -> None:
        """Stop the reactor, and with it all crawls of the process, now."""
        from twisted.internet import reactor

        running: Any = reactor  # Twisted types it as the module
        if running.running:
            running.stop()


class LeaseMiddleware:
    """The last middleware before a request is sent; it refuses requests once the lease is lost.

    After a delay (a suspended machine, a long recovery at the start) all timers of a process are due at once, and the one that ends the
    crawl need not be the first.
    """

    def __init__(self, lease: Lease, *, stop: Callable[[], object]) -> None:
        self._lease = lease
        self._stop = stop
        self._told = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the lease from the settings."""
        return cls(Lease.from_settings(crawler.settings), stop=lambda: crawler.signals.send_catch_log(stopping))

    def process_request(self, request: Request) -> None:  # noqa: ARG002 - Scrapy's interface
        """Raise StoppedError for a request that must not be sent; its URL stays due."""
        if reason := self._lease.lost(parent=os.getppid(), now=time.time()):
            if not self._told:
                logger.warning("%s: no more requests; what is not done stays due", reason)
                self._told = True
            self._stop()
            raise StoppedError(reason)


PARENT = os.getppid()
"""The process's parent, read as early as possible, to notice a parent that dies during the start."""

CHECK_SECONDS = 0.5
"""Interval of the lease check, which takes two system calls. With GRACE_SECONDS an orphan ends within six seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """`parent` is the process that must be alive (0: none), `until` the POSIX time by which the crawl must have ended (inf: never)."""

    parent: int = 0
    until: float = inf

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Read WARRAQ_END_WITH_PARENT and WARRAQ_LEASE_UNTIL; raise UsageError for what is not valid."""
        text = str(settings.get("WARRAQ_END_WITH_PARENT") or "0")
        number = {"True": 1, "False": 0}.get(text.capitalize(), -1) if not text.isdecimal() else int(text)
        if number < 0:
            raise UsageError(
                f"WARRAQ_END_WITH_PARENT={text!r} is not valid: give 0, 1, or the number of the process that must live"
            )
        return cls(parent=PARENT if number == 1 else number, until=_moment(settings.get("WARRAQ_LEASE_UNTIL")))

    def lost(self, *, parent: int, now: float) -> str:
        """Return why the crawl must end, '' if it may go on: `parent` is the process's parent, `now` the time."""
        if self.parent and parent != self.parent:
            return "its parent is gone"
        return "its lease is over" if now >= self.until else ""


def _moment(value: object) -> float:
    if not value:
        return inf
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(f"WARRAQ_LEASE_UNTIL={value!r} is not a time with a zone: give 2026-11-24T10:15:00+00:00")
    return moment.timestamp()


def watch_lease(lease: Lease, end: Callable[[str], None], *, lead: float) -> None:
    """Call `end` once, with the reason, `lead` seconds before the lease is over or when the parent is gone; needs a running loop."""
    if not lease.parent and lease.until == inf:
        return

    def look() -> None:
        if reason := lease.lost(parent=os.getppid(), now=time.time() + lead):
            end(reason)
        else:
            loop.call_later(CHECK_SECONDS, look)

    loop = asyncio.get_event_loop()
    loop.call_soon(look)
