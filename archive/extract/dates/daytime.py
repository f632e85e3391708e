"""Reads the time of day and the zone written beside a date: a folded line and the date's place in it come in, both go out."""

from __future__ import annotations

import re

from archive.extract.dates.moment import clock, offset

_TIME = re.compile(
    r"(?<![\d:.])(\d{1,2})\s?(?:[:٫]|h(?=\d\d)|\.(?=\d\d\s?uhr)|و(?=\s\d\d?\sدقي))\s?(\d\d?)(?::(\d\d))?(?![\d:])\s?(?:uhr|دقيق[هة])?\s*"
    r"(am|pm|a\.m\.?|p\.m\.?|صباحا|مساء|ظهرا|عصرا|ليلا|بعد الظهر|قبل الظهر|ص|م|ق\.?\s?ظ|ب\.?\s?ظ|صبح|عصر)?(?!\w)"
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
}
_ZONE = re.compile(
    r"\s*[(,،-]?\s*(?:(gmt|utc)?\s?([+-]\d{1,2}(?::?\d\d)?)"
    r"|(gmt|utc|cest|cet|mesz|mez|msk|edt|pdt|pst|est|bst|jst|kst)(?!\w)|(?:ب?توقيت\s)(\w+(?:\s\w+)?))"
)
# Only places whose clocks never change within the years of the web, so that a date needs no table of summer times.
_PLACES = {
    "+00:00": ("رين",),  # غرينتش, جرينيتش
    "+01:00": ("تونس", "جزاير"),
    "+03:00": ("مك", "سعودي", "رياض", "دوح", "كويت"),
    "+04:00": ("امارات", "ابوظبي", "ابو ظبي", "دبي", "مسقط"),
}


def time_near(folded: str, since: int, start: int, end: int, original: str) -> tuple[str, str]:
    """The time of day and offset written right after a date, or else right before it; ('', '') for none."""
    match = _TIME.search(folded[: end + 60], end)
    if match is None:
        before = list(_TIME.finditer(folded, since, start))
        match = before[-1] if before else None
    if match is None:
        return "", ""
    half = (match[4] or "").replace(".", "").replace(" ", "")
    time = clock(match[1], match[2], match[3], _HALVES.get(half, ""))
    return (time, _offset_after(folded, match.end(), original)) if time else ("", "")


def _offset_after(folded: str, at: int, original: str) -> str:
    match = _ZONE.match(folded[: at + 40], at)
    if match is None:
        return ""
    if match[2]:
        return offset(match[2])
    if match[3]:
        # In small letters `est` and `met` are words of several languages.
        return offset(match[3]) if match[3].upper() in original or match[3] in {"gmt", "utc"} else ""
    place = (match[4] or "").removeprefix("ال")
    return next((shift for shift, names in _PLACES.items() if any(name in place for name in names)), "")
