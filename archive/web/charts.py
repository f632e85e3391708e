"""Bar charts of counts over days: (day, count) pairs in; bars with places and sizes out, for a template to draw as SVG."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH: Final = 600
HEIGHT: Final = 96
_MOST_BARS: Final = 62
"""Two months of days; longer spans are drawn by month, then by year: narrower bars are no targets for a finger."""


_LAST_YEAR: Final = 9000
"""Later days are a site's joke or mistake, and the end of Python's calendar is near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: what it stands for, from its first to its last day, and its rectangle in the chart's units, y downward."""

    label: str
    first: str
    last: str
    count: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A row of bars; `unit` is day, month or year; `most` is the count of the highest bar."""

    bars: tuple[Bar, ...]
    unit: str
    most: int


def histogram(days: Iterable[tuple[str, int]], *, most_bars: int = _MOST_BARS) -> Chart | None:
    """The chart of counts by day ('YYYY-MM-DD'; what is no day is left out), None when it would have fewer than two bars."""
    counts: Counter[date] = Counter()
    for text, count in days:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            continue
        if day.year <= _LAST_YEAR:
            counts[day] += count
    if len(counts) < 2:
        return None
    unit = _fitting_unit(min(counts), max(counts), most_bars)
    edges = _edges(min(counts), max(counts), unit)[-most_bars - 1 :]
    sums: Counter[str] = Counter()
    for day, count in counts.items():
        sums[_label(day, unit)] += count
    return _chart([(first, end - timedelta(days=1), sums[_label(first, unit)]) for first, end in pairwise(edges)], unit)


def _fitting_unit(first: date, last: date, most_bars: int) -> str:
    if (last - first).days < most_bars:
        return "day"
    return "month" if (last.year - first.year) * 12 + last.month - first.month < most_bars else "year"


def _edges(first: date, last: date, unit: str) -> list[date]:
    """The first days of all units from the first to the last, and the day after."""
    if unit == "day":
        return [first + timedelta(days=n) for n in range((last - first).days + 2)]
    if unit == "month":
        start, end = first.year * 12 + first.month - 1, last.year * 12 + last.month
        return [date(n // 12, n % 12 + 1, 1) for n in range(start, end + 1)]
    return [date(year, 1, 1) for year in range(first.year, last.year + 2)]


def _label(day: date, unit: str) -> str:
    return day.isoformat()[: {"day": 10, "month": 7, "year": 4}[unit]]


def _chart(units: Sequence[tuple[date, date, int]], unit: str) -> Chart:
    most = max((count for _, _, count in units), default=0) or 1
    step = WIDTH / max(len(units), 1)
    bars = []
    for place, (first, last, count) in enumerate(units):
        # At least two units high, or a single article beside a day of a thousand would be invisible.
        height = max(2.0, HEIGHT * count / most) if count else 0.0
        bars.append(
            Bar(
                label=_label(first, unit),
                first=first.isoformat(),
                last=last.isoformat(),
                count=count,
                x=round(place * step + step * 0.08, 2),
                y=round(HEIGHT - height, 2),
                width=round(min(step * 0.84, 36.0), 2),
                height=round(height, 2),
            )
        )
    return Chart(bars=tuple(bars), unit=unit, most=most)
