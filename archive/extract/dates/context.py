"""How a page's people write dates and read clocks: order of figures, language and time zone come in, local times go out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
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
    two-letter code; `timezone` an IANA name for relative days, '' for UTC.
    """

    now: datetime
    order: Order = ""
    language: str = ""
    timezone: str = ""

    def local_now(self) -> datetime:
        """The time of fetching on the clock of the site."""
        return self.now.astimezone(_zone(self.timezone)) if self.timezone else self.now

    def placed(self, moment: Moment) -> Moment:
        """A time without zone as one of the site's clock."""
        hour, minute = moment.clock.split(":")[:2]
        local = datetime(*moment.day.timetuple()[:3], int(hour), int(minute), tzinfo=_zone(self.timezone))
        return replace(moment, zone=written_offset(local))

    def local_day(self, moment: Moment) -> date:
        """The day of a time in UTC on the site's clock."""
        hour, minute = moment.clock.split(":")[:2]
        utc = datetime(*moment.day.timetuple()[:3], int(hour), int(minute), tzinfo=UTC)
        return utc.astimezone(_zone(self.timezone)).date()


def written_offset(moment: datetime) -> str:
    """`+03:00` of a time with a zone."""
    shift = moment.strftime("%z")
    return f"{shift[:3]}:{shift[3:5]}"


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
