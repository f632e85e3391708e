"""The right of a crawl to run: settings in; when its parent is gone or its time is over, one call that ends it.

For crawls that another program starts (docs/scale.md). Who gives a site to somebody else must know that nobody asks its hosts any more:
a lease says until when that can be, even of a machine that cannot be reached; the parent's end says it sooner.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import TYPE_CHECKING, Self

from archive import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.settings import BaseSettings

PARENT = os.getppid()
"""The process's parent as early as we can know it: one that dies while we start must be missed too."""

CHECK_SECONDS = 0.5
"""How often a running crawl asks whether it still may: two system calls. With GRACE_SECONDS of `crawler.shutdown` an orphan ends in six."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """`parent` is the process that must live (0: none need), `until` the POSIX time at which all must be quiet (inf: no such time)."""

    parent: int = 0
    until: float = inf

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Reads WARRAQ_END_WITH_PARENT and WARRAQ_LEASE_UNTIL; raises UsageError for what makes no sense."""
        text = str(settings.get("WARRAQ_END_WITH_PARENT") or "0")
        number = {"True": 1, "False": 0}.get(text.capitalize(), -1) if not text.isdecimal() else int(text)
        if number < 0:
            raise UsageError(
                f"WARRAQ_END_WITH_PARENT={text!r} makes no sense: give 0, 1, or the number of the process that must live"
            )
        return cls(parent=PARENT if number == 1 else number, until=_moment(settings.get("WARRAQ_LEASE_UNTIL")))

    def lost(self, *, parent: int, now: float) -> str:
        """Why the crawl must end, '' when it may go on: `parent` is the process's parent, `now` the time."""
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
        raise UsageError(f"WARRAQ_LEASE_UNTIL={value!r} is no moment with a zone: give 2026-11-24T10:15:00+00:00")
    return moment.timestamp()


def watch(lease: Lease, end: Callable[[str], None], *, lead: float) -> None:
    """Calls `end` with the reason, once, `lead` seconds before the lease is over or when the parent is gone; needs the running loop."""
    if not lease.parent and lease.until == inf:
        return

    def look() -> None:
        if reason := lease.lost(parent=os.getppid(), now=time.time() + lead):
            end(reason)
        else:
            loop.call_later(CHECK_SECONDS, look)

    loop = asyncio.get_event_loop()
    loop.call_soon(look)
