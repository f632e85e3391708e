"""Compute bars and lines of counts over time, with positions and sizes, which a template draws as SVG."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

WIDTH: Final = 600
HEIGHT: Final = 96
_MOST_BARS: Final = 62
"""The most bars, two months of days; longer spans are drawn by month, then by year: narrower bars are hard to touch."""


_LAST_YEAR: Final = 9000
"""The last year that is drawn: later dates are jokes or mistakes, and close to the end of Python's calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: its label, its first and last day, and its rectangle in the chart's units, with y downward."""

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
    """Return the chart of counts by day ('YYYY-MM-DD'; other strings are left out), None when it would have fewer than two bars."""
    counts: Counter[date] = Counter()
    for text, count in days:
        if day := _day(text):
            counts[day] += count
    if len(counts) < 2:
        return None
    unit = _fitting_unit(min(counts), max(counts), most_bars)
    edges = _edges(min(counts), max(counts), unit)[-most_bars - 1 :]
    sums: Counter[str] = Counter()
    for day, count in counts.items():
        sums[_label(day, unit)] += count
    return _chart([(first, end - timedelta(days=1), sums[_label(first, unit)]) for first, end in pairwise(edges)], unit)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year <= _LAST_YEAR else None


def _fitting_unit(first: date, last: date, most_bars: int) -> str:
    if (last - first).days < most_bars:
        return "day"
    return "month" if (last.year - first.year) * 12 + last.month - first.month < most_bars else "year"


def _edges(first: date, last: date, unit: str) -> list[date]:
    """Return the first days of all units from the first to the last, and the day after."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line of a chart: its points for SVG, and (label, articles, share per thousand) for each unit of time."""

    name: str
    points: str
    values: tuple[tuple[str, int, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Lines over the same period; `most` is the share per thousand at the top."""

    lines: tuple[Curve, ...]
    unit: str
    most: float

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the labels of the units of time, in order."""
        return tuple(label for label, _, _ in self.lines[0].values)


def curves(series: Sequence[tuple[str, Mapping[str, int]]], all_days: Mapping[str, int]) -> Curves | None:
    """Return each series (name, articles by day) as its share of all articles over time; None when nothing is dated."""
    dated = {day for _, days in series for day in days if _day(day)}
    known = sorted(filter(None, map(_day, dated)))
    if not known:
        return None
    unit = _fitting_unit(known[0], known[-1], _MOST_BARS)
    labels = [_label(day, unit) for day in _edges(known[0], known[-1], unit)[:-1]]
    totals = _by_label(all_days, len(labels[0]))
    lines = [(name, _by_label(days, len(labels[0]))) for name, days in series]
    shares = {name: [1000 * days[label] / (totals[label] or 1) for label in labels] for name, days in lines}
    most = max(max(values) for values in shares.values()) or 1.0
    step = WIDTH / max(len(labels) - 1, 1)
    return Curves(
        unit=unit,
        most=most,
        lines=tuple(
            Curve(
                name=name,
                points=" ".join(
                    f"{place * step:.1f},{HEIGHT - HEIGHT * share / most:.1f}"
                    for place, share in enumerate(shares[name])
                ),
                values=tuple((label, days[label], share) for label, share in zip(labels, shares[name], strict=True)),
            )
            for name, days in lines
        ),
    )


def _by_label(days: Mapping[str, int], letters: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    for day, count in days.items():
        counts[day[:letters]] += count
    return counts
