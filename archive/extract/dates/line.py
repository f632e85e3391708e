"""Parse the time in a line of its own, as feeds and sitemaps give it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from archive.extract.dates.moment import (
    DateContext,
    Moment,
    clock,
    make,
    offset,
    parse_machine,
    with_end_of_day,
    written_offset,
)
from archive.extract.dates.visible import parse_written
from archive.extract.dates.words import MONTHS, fold_date

# RFC 822 and its variants: `Mon, 13 Feb, 2012 06:28:00 UTC`, `16th Nov 2012 08:28 PM`, `lun., 13 févr. 2012 …`.
_WRITTEN = re.compile(
    r"(?:[^\W\d]{2,12}\.?,?\s+)?(\d{1,2})(?:st|nd|rd|th|\.)?[\s-]+([^\W\d]{3,12})\.?,?[\s-]+(\d{4}|\d{2}(?=\s))"
    r"(?:,?\s+(?:at\s+)?(\d{1,2}):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*([ap]\.?m\.?(?!\w))?)?\s*(.*)",
    re.IGNORECASE,
)
_AFTER_CLOCK = re.compile(
    r"\d:\d\d(?::\d\d)?(?:[.,]\d+)?\s*+(?:[ap]\.?m\.?(?!\w))?+\s*+\(?([A-Za-z+-][^)]*)", re.IGNORECASE
)
_MONTH_ONLY = re.compile(r"(\d{4})-(\d\d?)")
_YEAR = re.compile(r"(?<!\d)(?:1[34]|19|20)\d\d(?!\d)")
"""A line without a year is relative to the present, which is not known here."""
_ANY_TIME = datetime(2100, 1, 1, tzinfo=UTC)
_CENTURY = 2000


@with_end_of_day
def parse_moment(text: str) -> Moment | None:
    """Return the time in the line, None without one; a time in an unknown zone counts as UTC."""
    if match := _MONTH_ONLY.fullmatch(text):
        return make(int(match[1]), int(match[2]), 1)
    moment = _written(text) or parse_machine(text) or _of_people(text)
    if moment and moment.clock and not moment.zone and (rest := _AFTER_CLOCK.search(text)):
        return Moment(day=moment.day, clock=moment.clock, zone=_zone(rest[1].strip(), moment))
    return moment


def _written(text: str) -> Moment | None:
    match = _WRITTEN.fullmatch(text)
    month = MONTHS.get(fold_date(match[2])) if match else None
    if not match or not month or month[1] != "gregorian":
        return None
    year = int(match[3]) + (_CENTURY if len(match[3]) == 2 else 0)
    half = (match[7] or "").lower().replace(".", "")
    return make(year, month[0], int(match[1]), clock=clock(match[4], match[5], match[6], half) if match[4] else "")


def _of_people(text: str) -> Moment | None:
    return parse_written(text, DateContext(now=_ANY_TIME, order="dmy")) if _YEAR.search(text) else None


def _zone(name: str, moment: Moment) -> str:
    """Return the offset of a zone by number, by an unambiguous name or by its IANA name; UTC for any other."""
    if found := offset(name):
        return found
    if "/" in name:
        try:
            return written_offset(datetime.fromisoformat(moment.iso()).replace(tzinfo=ZoneInfo(name)))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return "+00:00"
    return "+00:00"
