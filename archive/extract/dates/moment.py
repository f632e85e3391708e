"""A point in time as exactly as a page gives it; machine-written times come in as text, Moments go out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

EARLIEST = date(1990, 1, 1)
"""No news page on the web is older (the first web server ran at the end of 1990)."""
# Time zones, embargoes and clocks that are a little off.
_AHEAD = timedelta(days=2)

_ISO = re.compile(
    r"\s*((?:19|20)\d\d)(?:-(\d\d?)-(\d\d?)|/(\d\d?)/(\d\d?)|\.(\d\d?)\.(\d\d?)|(\d\d)(\d\d)(?=[T\s]|$))"
    r"(?:(?:T|\s|%20|,|\+| - )\s{0,2}(\d\d?):?(\d\d)(?::?(\d\d)(?:[.,]\d{1,9})?)?\s{0,2}(am|pm)?\s{0,2}"
    r"(Z|UTC|GMT|[+-]\d\d?(?::?\d\d)?|(?:GMT|UTC)[+-]\d\d?(?::?\d\d)?|[A-Z]{2,4}(?![\w/]))?)?",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"\s*(\d{10}|\d{13})(?:\.\d+)?\s*$")
_RFC = re.compile(r"\s*(?:[A-Z][a-z]{2,8},?\s)?\d{1,2}[ -][A-Z][a-z]{2}[ -]\d{4}\s\d{1,2}:\d\d", re.IGNORECASE)
# C's asctime and JavaScript's Date: `Sun Nov 29 08:49:37 2020`, `Sun Nov 29 2020 08:49:37 GMT+0300 (…)`.
_ASCTIME = re.compile(
    r"\s*[A-Z][a-z]{2}\s([A-Z][a-z]{2})\s{1,2}(\d{1,2})\s(?:(\d{4})\s)?(\d\d):(\d\d):(\d\d)"
    r"(?:\s((?:GMT|UTC)?[+-]\d{4}|[A-Z]{3,4}))?(?:\s(\d{4}))?",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
ZONES: Mapping[str, str] = {
    "z": "+00:00", "utc": "+00:00", "gmt": "+00:00", "wet": "+00:00", "bst": "+01:00", "cet": "+01:00",
    "mez": "+01:00", "cest": "+02:00",
    "mesz": "+02:00", "eet": "+02:00", "eest": "+03:00", "msk": "+03:00", "est": "-05:00", "edt": "-04:00",
    "cdt": "-05:00",
    "mst": "-07:00", "mdt": "-06:00", "pst": "-08:00", "pdt": "-07:00", "jst": "+09:00", "kst": "+09:00",
    "aest": "+10:00", "aedt": "+11:00",
}  # fmt: skip
"""Offsets of zone names that mean one thing only (IST and AST mean several, CST is China's or America's)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A day, with time of day (`14:05` or `14:05:09`) and offset (`+03:00`) where the page says them, '' where not."""

    day: date
    clock: str = ""
    zone: str = ""

    def iso(self) -> str:
        """ISO 8601, as exact as what is known."""
        return f"{self.day.isoformat()}T{self.clock}{self.zone}" if self.clock else self.day.isoformat()


def plausible(day: date, fetched_at: datetime) -> bool:
    """Whether a page fetched at that time can have been published on that day."""
    return EARLIEST <= day <= (fetched_at + _AHEAD).date()


def make(year: int, month: int, day: int, *, clock: str = "", zone: str = "") -> Moment | None:
    """A Moment of the Gregorian calendar, or None for a day that does not exist."""
    try:
        return Moment(day=date(year, month, day), clock=clock, zone=zone if clock else "")
    except ValueError:
        return None


def offset(text: str) -> str:
    """`+03:00` of a written offset or an unambiguous zone name (`+0300`, `GMT+3`, `Z`, `CEST`), else ''."""
    text = text.strip().lower()
    if text in ZONES:
        return ZONES[text]
    match = re.fullmatch(r"(?:gmt|utc)?\s?([+-])(\d\d?)(?::?(\d\d))?", text)
    if not match or int(match[2]) > 14 or int(match[3] or 0) > 59:
        return ""
    return f"{match[1]}{int(match[2]):02}:{match[3] or '00'}"


def clock(hour: str, minute: str, second: str | None = None, half: str = "") -> str:
    """`14:05` or `14:05:09` from written parts, '' for no such time; `half` is `am` or `pm` of a 12-hour clock."""
    hours = int(hour)
    if half == "pm" and hours < 12:
        hours += 12
    elif half == "am" and hours == 12:
        hours = 0
    if hours > 23 or int(minute) > 59 or int(second or 0) > 59:
        return ""
    return f"{hours:02}:{int(minute):02}" + (f":{int(second):02}" if second else "")


def parse_machine(text: str) -> Moment | None:
    """Reads what programs write: ISO 8601 and its relatives, RFC 2822, Unix seconds or milliseconds; else None."""
    text = text[:80]
    if match := _ISO.match(text):
        parts = match.groups()
        month, day = next(((a, b) for a, b in (parts[1:3], parts[3:5], parts[5:7], parts[7:9]) if a), ("0", "0"))
        time = clock(parts[9], parts[10], parts[11], (parts[12] or "").lower()) if parts[9] else ""
        return make(int(parts[0]), int(month), int(day), clock=time, zone=offset(parts[13] or ""))
    if match := _EPOCH.match(text):
        seconds = int(match[1]) // (1000 if len(match[1]) == 13 else 1)
        moment = datetime.fromtimestamp(seconds, tz=UTC)
        return Moment(day=moment.date(), clock=moment.strftime("%H:%M:%S"), zone="+00:00")
    if match := _ASCTIME.match(text):
        return _asctime(match)
    return _rfc(text) if _RFC.match(text) else None


def _asctime(match: re.Match[str]) -> Moment | None:
    name, day, early, hour, minute, second, zone, late = match.groups()
    if name.lower() not in _MONTHS or not (early or late):
        return None
    time = clock(hour, minute, second)
    return make(int(early or late), _MONTHS.index(name.lower()) + 1, int(day), clock=time, zone=offset(zone or ""))


def _rfc(text: str) -> Moment | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    shift = moment.strftime("%z")
    return Moment(
        day=moment.date(), clock=moment.strftime("%H:%M:%S"), zone=f"{shift[:3]}:{shift[3:5]}" if shift else ""
    )
