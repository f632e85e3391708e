"""Represent a point in time as precisely as on the page, from machine-readable times and the calendars of newspapers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from hijridate import Hijri

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
_ISO_WEEK = re.compile(r"\s*((?:19|20)\d\d)-?W(0[1-9]|[1-4]\d|5[0-2])-?([1-7])(?!\d)")
"""A day by its week: `2026-W47-5`. Not every year has a 53rd week."""
_END_OF_DAY = re.compile(r"(?<=[T\s])24(?=:?00(?::?00(?:[.,]0{1,9})?)?(?![\d:.,]|\s{0,2}[ap]m))", re.IGNORECASE)
_EPOCH = re.compile(r"\s*(?:/Date\()?(\d{10}|\d{13})(?:\.\d+)?(?:[+-]\d{4})?(?:\)/)?\s*$")
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
    """A day, with time of day (`14:05` or `14:05:09`) and offset (`+03:00`), '' if the page omits them."""

    day: date
    clock: str = ""
    zone: str = ""

    def iso(self) -> str:
        """Return the time in ISO 8601, as precise as known."""
        return f"{self.day.isoformat()}T{self.clock}{self.zone}" if self.clock else self.day.isoformat()


def plausible(day: date, fetched_at: datetime) -> bool:
    """Return whether a page fetched at that time can have been published on that day."""
    return EARLIEST <= day <= (fetched_at + _AHEAD).date()


def make(year: int, month: int, day: int, *, clock: str = "", zone: str = "") -> Moment | None:
    """Return a Moment of the Gregorian calendar, or None for a day that does not exist."""
    try:
        return Moment(day=date(year, month, day), clock=clock, zone=zone if clock else "")
    except ValueError:
        return None


def offset(text: str) -> str:
    """Return `+03:00` of a written offset or an unambiguous zone name (`+0300`, `GMT+3`, `Z`, `CEST`), else ''."""
    text = text.strip().lower()
    if text in ZONES:
        return ZONES[text]
    match = re.fullmatch(r"(?:gmt|utc)?\s?([+-])(\d\d?)(?::?(\d\d))?", text)
    if not match or int(match[2]) > 14 or int(match[3] or 0) > 59:
        return ""
    return f"{match[1]}{int(match[2]):02}:{match[3] or '00'}"


def clock(hour: str, minute: str, second: str | None = None, half: str = "") -> str:
    """Return `14:05` or `14:05:09` from written parts, '' for no such time; `half` is `am` or `pm` of a 12-hour clock."""
    hours = int(hour)
    if half == "pm" and hours < 12:
        hours += 12
    elif half == "am" and hours == 12:
        hours = 0
    if hours > 23 or int(minute) > 59 or int(second or 0) > 59:
        return ""
    return f"{hours:02}:{int(minute):02}" + (f":{int(second):02}" if second else "")


def with_end_of_day(read: Callable[[str], Moment | None]) -> Callable[[str], Moment | None]:
    """Extend a parser to read 24:00, the end of a day in ISO 8601, as 00:00 of the next day."""

    @wraps(read)
    def read_all(text: str) -> Moment | None:
        match = _END_OF_DAY.search(text[:100])
        if not match:
            return read(text)
        moment = read(f"{text[: match.start()]}00{text[match.end() :]}")
        if moment is None or not moment.clock or moment.day == date.max:
            return moment
        return replace(moment, day=moment.day + timedelta(days=1))

    return read_all


@with_end_of_day
def parse_machine(text: str) -> Moment | None:
    """Parse machine-readable times: ISO 8601 and variants, RFC 2822, Unix seconds or milliseconds; else None."""
    text = text[:80]
    if match := _ISO.match(text):
        parts = match.groups()
        month, day = next(((a, b) for a, b in (parts[1:3], parts[3:5], parts[5:7], parts[7:9]) if a), ("0", "0"))
        time = clock(parts[9], parts[10], parts[11], (parts[12] or "").lower()) if parts[9] else ""
        return make(int(parts[0]), int(month), int(day), clock=time, zone=offset(parts[13] or ""))
    if match := _ISO_WEEK.match(text):
        return Moment(day=date.fromisocalendar(*map(int, match.groups())))
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


# Hijri and Jalali dates as Gregorian ones.

# Norouz of the year 1 by the 33-year leap rule (eight in 33), which matches Iran's astronomical calendar for the years
# 1178-1633.
_SOLAR_HIJRI_EPOCH = date(622, 3, 21)
_LEAP_REMAINDERS = frozenset({1, 5, 9, 13, 17, 22, 26, 30})


def from_hijri(year: int, month: int, day: int) -> date | None:
    """Return the Gregorian day of a Hijri one by the Umm al-Qura calendar (1343-1500), None outside of it or for an invalid day."""
    try:
        return date(*Hijri(year, month, day).to_gregorian().datetuple())
    except (ValueError, OverflowError):
        return None


def from_jalali(year: int, month: int, day: int) -> date | None:
    """Return the Gregorian day of an Iranian one (1178-1633), None outside of those years or for an invalid day."""
    if not (1178 <= year <= 1633 and 1 <= month <= 12):
        return None
    length = 31 if month <= 6 else 30 if month <= 11 or is_leap(year) else 29
    if not 1 <= day <= length:
        return None
    before = year - 1
    leaps = before // 33 * 8 + sum(remainder <= before % 33 for remainder in _LEAP_REMAINDERS)
    return _SOLAR_HIJRI_EPOCH + timedelta(
        days=before * 365 + leaps + min(month - 1, 6) * 31 + max(month - 7, 0) * 30 + day - 1
    )


def is_leap(year: int) -> bool:
    """Return whether the Iranian year has 366 days."""
    return year % 33 in _LEAP_REMAINDERS


# The conventions of a page's dates: the order of figures, the language, the time zone.

Order = Literal["dmy", "mdy", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class DateContext:
    """The date conventions of a page.

    `now` is the time of the fetch; `order` that of day and month in figures, '' if unknown; `language` the two-letter
    code; `timezone` an IANA name, '' if unknown.
    """

    now: datetime
    order: Order = ""
    language: str = ""
    timezone: str = ""

    def local_now(self) -> datetime:
        """Return the time of the fetch in the site's zone, or UTC if that is unknown."""
        return self.now.astimezone(_zone(self.timezone)) if self.timezone else self.now

    def placed(self, moment: Moment) -> Moment:
        """Return a time without a zone in the site's zone."""
        hour, minute = moment.clock.split(":")[:2]
        local = datetime(*moment.day.timetuple()[:3], int(hour), int(minute), tzinfo=_zone(self.timezone))
        return replace(moment, zone=written_offset(local))

    def local(self, moment: Moment, day: date | None = None) -> Moment:
        """Return a time in UTC in the site's zone, if that is known; other times unchanged.

        If only the site's `day` is known (from the URL), the smallest offset that puts the time on that day is used; the
        instant is unchanged.
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
    """Return `+03:00` of a time with a zone."""
    shift = moment.strftime("%z")
    return f"{shift[:3]}:{shift[3:5]}"


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


# The time of day and the zone beside a date in a folded line.

_TIME = re.compile(
    r"(?:(오전|오후|上午|下午|午前|午後|凌晨|早上|中午|晚上)\s?)?"
    r"(?<![\d:.])(\d{1,2})\s?(?:[:٫时時시点點]|h(?=\s?\d\d)|\.(?=\d\d\s?uhr)|و(?=\s\d\d?\sدقي))\s?(\d\d?)(?::(\d\d))?(?![\d:])\s?"
    r"(?:uhr|hrs?|h|دقيق[هة]|분|分)?\s*"
    r"(am|pm|a\.m\.?|p\.m\.?|صباحا|مساء|ظهرا|عصرا|ليلا|بعد الظهر|قبل الظهر|ص|م|ق\.?\s?ظ|ب\.?\s?ظ|صبح|عصر)?"
    r"(?![^\W\u3040-\u30ff\u3400-\u9fff])"
)
_HALVES = {
    "am": "am",
    "pm": "pm",
    "ص": "am",
    "م": "pm",
    "قظ": "am",
    "بظ": "pm",
    "صباحا": "am",
    "صبح": "am",
    "قبلالظهر": "am",
    "مساء": "pm",
    "ظهرا": "pm",
    "عصرا": "pm",
    "عصر": "pm",
    "بعدالظهر": "pm",
    **dict.fromkeys(("오전", "上午", "午前", "凌晨", "早上"), "am"),
    **dict.fromkeys(("오후", "下午", "午後", "中午", "晚上"), "pm"),
}
_ZONE = re.compile(
    r"\s*[(,،-]?\s*(?:(gmt|utc)?\s?([+-]\d{1,2}(?::?\d\d)?)"
    r"|(gmt|utc|cest|cet|mesz|mez|msk|edt|pdt|pst|est|bst|jst|kst)(?!\w)|(?:ب?توقيت\s)(\w+(?:\s\w+)?))"
)
# Only places without summer time in the years of the web, so that no table of changes is needed.
_PLACES = {
    "+00:00": ("رين",),  # غرينتش, جرينيتش
    "+01:00": ("تونس", "جزاير"),
    "+03:00": ("مك", "سعودي", "رياض", "دوح", "كويت"),
    "+04:00": ("امارات", "ابوظبي", "ابو ظبي", "دبي", "مسقط"),
}


def time_near(folded: str, since: int, start: int, end: int, original: str) -> tuple[str, str]:
    """Return the time of day and offset right after a date, or else right before it; ('', '') for none."""
    match = _TIME.search(folded[: end + 60], end)
    if match is None:
        before = list(_TIME.finditer(folded, since, start))
        match = before[-1] if before else None
    if match is None:
        return "", ""
    half = (match[1] or match[5] or "").replace(".", "").replace(" ", "")
    time = clock(match[2], match[3], match[4], _HALVES.get(half, ""))
    return (time, _offset_after(folded, match.end(), original)) if time else ("", "")


def _offset_after(folded: str, at: int, original: str) -> str:
    match = _ZONE.match(folded[: at + 40], at)
    if match is None:
        return ""
    if match[2]:
        return offset(match[2])
    if match[3]:
        # In lower case, `est` and `met` are words of several languages.
        return offset(match[3]) if match[3].upper() in original or match[3] in {"gmt", "utc"} else ""
    place = (match[4] or "").removeprefix("ال")
    return next((shift for shift, names in _PLACES.items() if any(name in place for name in names)), "")
