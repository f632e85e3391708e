"""Tell the time, format times as the archive stores them, and parse the dates of WARC records."""

from __future__ import annotations

import ctypes
import os
import re
from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module

# W3CDTF at any precision (WARC 1.1, section 5.4), with an offset or without one, and the 14 digits that ARC files and some writers use.
_DATE = re.compile(
    r"([12]\d{3})(?:-?(\d\d)(?:-?(\d\d)(?:[T ]?(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?)?)?)?)?\s*(Z|[+-]\d\d:?\d\d)?",
    re.ASCII | re.IGNORECASE,
)
_LONGEST = 64
_TIMEX_BYTES = 512
"""More than `struct timex` has on any machine (208 where pointers have 64 bits)."""
_TIME_ERROR = 5
_PLAIN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", re.ASCII)


def now() -> datetime:
    """Return the current time, aware, in UTC; `$WARRAQ_CLOCK` names another clock as `module.function`, for tests and simulations."""
    module, _, name = os.environ.get("WARRAQ_CLOCK", "").rpartition(".")
    if not module:
        return datetime.now(UTC)
    moment: datetime = getattr(import_module(module), name)()
    return moment


def clock_state() -> str:
    """Return the kernel's NTP state of the clock: `synchronised`, `unsynchronised`, or `unknown`."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))  # all zeros: it only asks
    except (OSError, AttributeError):
        return "unknown"
    return "unknown" if state < 0 else "unsynchronised" if state == _TIME_ERROR else "synchronised"


def iso(moment: datetime) -> str:
    """Format an aware time as the database writes it: `2026-11-24T05:30:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def timestamp14(moment: datetime) -> str:
    """Format an aware time as the 14 digits of CDX: `20261124053000`, in UTC."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def warc_moment(text: str) -> datetime | None:
    """Parse a WARC-Date of any precision: its first moment, in UTC; None if it is invalid.

    A date without a zone is in UTC, as the standard demands. Fractions of a second beyond microseconds are cut. 24:00 ends its day.
    """
    match = _DATE.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    ends_day = hour == "24" and not any(int(part or 0) for part in (minute, second, fraction))
    try:
        moment = datetime(
            int(year), int(month or 1), int(day or 1), 0 if ends_day else int(hour or 0), int(minute or 0), min(int(second or 0), 59),
            int((fraction or "0")[:6].ljust(6, "0")), _zone(zone),
        )  # fmt: skip
        return (moment + timedelta(days=ends_day)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def warc_timestamp(text: str) -> str:
    """Format a WARC-Date as 14 digits in UTC; '' if it is invalid."""
    moment = warc_moment(text)
    return timestamp14(moment) if moment else ""


def captured_at(text: str) -> str:
    """Format a WARC-Date for `captures.captured_at`: unchanged if it is a full time in UTC; '' if it is invalid."""
    moment = warc_moment(text)
    if moment is None:
        return ""
    if _PLAIN.fullmatch(text) and text[17:19] != "60" and text[11:13] != "24":
        return text
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{moment.microsecond:06d}" if moment.microsecond else "") + "Z"


def _zone(text: str | None) -> timezone:
    if text is None or text in {"Z", "z"}:
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
