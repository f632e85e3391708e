"""Dates as people read them: ISO 8601 text as the archive keeps it in, as exact as it is; a phrase in the interface's language out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from archive.web.i18n import Wording

_MOMENT: Final = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>[0-3]\d))?)?"
    r"(?:[T ](?P<time>\d\d:\d\d)(?::\d\d(?:\.\d+)?)?)?(?P<zone>Z|[+-]\d\d:?\d\d)?$"
)


def day(wording: Wording, text: str) -> str:
    """The day alone: `22 November 2026`, `نوفمبر 2026` for a month; the text itself when it is no date."""
    found = _MOMENT.match(text)
    if not found:
        return text
    month = wording.say("months." + str(int(found["month"]))) if found["month"] else ""
    return " ".join(part for part in (str(int(found["day"] or 0) or ""), month, found["year"]) if part)


def moment(wording: Wording, text: str) -> str:
    """Day, time and zone, as far as the text says them: `22 November 2026, 09:45 (UTC+2)`."""
    found = _MOMENT.match(text)
    if not found or not found["time"]:
        return day(wording, text)
    at = wording.say("date.at", day=day(wording, text), time=found["time"])
    return f"{at} ({_zone(found['zone'])})" if found["zone"] else at


def _zone(zone: str) -> str:
    if zone == "Z" or not zone.strip("+-0:"):
        return "UTC"
    hours, minutes = zone[1:3], zone[-2:]
    return f"UTC{zone[0].replace('-', '−')}{int(hours)}{f':{minutes}' if minutes != '00' else ''}"


def timestamp(text: str) -> str:
    """A WARC or CDX timestamp of 14 digits as ISO 8601."""
    return re.sub(r"^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$", r"\1-\2-\3T\4:\5:\6Z", text)
