"""Turns days of the Hijri and Jalali calendars into Gregorian ones: year, month, day come in, a date goes out."""

from __future__ import annotations

from datetime import date, timedelta

from hijridate import Hijri

# Norouz of the year 1 when leap years are counted by the 33-year rule (eight in 33): with it the rule gives the
# astronomical calendar of Iran for the years 1178-1633.
_EPOCH = date(622, 3, 21)
_LEAP_REMAINDERS = frozenset({1, 5, 9, 13, 17, 22, 26, 30})


def from_hijri(year: int, month: int, day: int) -> date | None:
    """The Gregorian day of a Hijri one by the Umm al-Qura calendar (1343-1500), None outside it or for no such day."""
    try:
        return date(*Hijri(year, month, day).to_gregorian().datetuple())
    except (ValueError, OverflowError):
        return None


def from_jalali(year: int, month: int, day: int) -> date | None:
    """The Gregorian day of an Iranian one (1178-1633), None outside those years or for no such day."""
    if not (1178 <= year <= 1633 and 1 <= month <= 12):
        return None
    length = 31 if month <= 6 else 30 if month <= 11 or is_leap(year) else 29
    if not 1 <= day <= length:
        return None
    before = year - 1
    leaps = before // 33 * 8 + sum(remainder <= before % 33 for remainder in _LEAP_REMAINDERS)
    return _EPOCH + timedelta(days=before * 365 + leaps + min(month - 1, 6) * 31 + max(month - 7, 0) * 30 + day - 1)


def is_leap(year: int) -> bool:
    """Whether the Iranian year has 366 days."""
    return year % 33 in _LEAP_REMAINDERS
