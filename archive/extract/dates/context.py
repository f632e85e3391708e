"""How a page's people write dates and read clocks: order of figures, language and time zone come in, local times go out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from archive.extract.dates.moment import Moment

Order = Literal["dmy", "mdy", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class DateContext:
    """How the page's people write dates.

    `now` is the time of fetching; `order` of day and month in figures, '' when the page does not tell; `language` its
    two-letter code; `timezone` an IANA name, '' for an unknown one.
    """

    now: datetime
    order: Order = ""
    language: str = ""
    timezone: str = ""

    def local_now(self) -> datetime:
        """The time of fetching on the clock of the site, UTC when that is unknown."""
        return self.now.astimezone(_zone(self.timezone)) if self.timezone else self.now

    def placed(self, moment: Moment) -> Moment:
        """A time without zone as one of the site's clock."""
        hour, minute = moment.clock.split(":")[:2]
        local = datetime(*moment.day.timetuple()[:3], int(hour), int(minute), tzinfo=_zone(self.timezone))
        return replace(moment, zone=written_offset(local))

    def local(self, moment: Moment, day: date | None = None) -> Moment:
        """A time in UTC on the clock of the site, where its zone is known; another time as it is.

        Where only the site's `day` is known (by the address), the offset is the least by which the time falls on it: the
        instant stays the page's.
        """
        if moment.zone != "+00:00" or not moment.clock:
            return moment
        utc = datetime.fromisoformat(moment.iso())
        if self.timezone:
            return _told(utc.astimezone(_zone(self.timezone)), moment)
        for hours in sorted(range(_WEST, _EAST + 1), key=abs):
            local = utc.astimezone(timezone(timedelta(hours=hours)))
            if day and local.date() == day:
                return _told(local, moment)
        return moment


_WEST, _EAST = -8, 13
"""Offsets of California and New Zealand."""


def _told(local: datetime, moment: Moment) -> Moment:
    clock = local.strftime("%H:%M:%S"[: len(moment.clock)])
    return replace(moment, day=local.date(), clock=clock, zone=written_offset(local))


def written_offset(moment: datetime) -> str:
    """`+03:00` of a time with a zone."""
    shift = moment.strftime("%z")
    return f"{shift[:3]}:{shift[3:5]}"


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
