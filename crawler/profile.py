"""Where the CPU time of a crawl goes, station by station: what the first process and the workers measured in, rows and a table out."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from archive import UNMEASURED, MeasuredStations, Stations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archive import Parsed

REST = "fetch, and the loop around it"
"""What no station of the first process accounts for: Scrapy, Twisted, our client, handing pages to the workers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One station: where it is, how often it was entered, CPU ms in all, and its share of all CPU time of the crawl (0 to 1)."""

    station: str
    where: str
    calls: int
    cpu_ms: float
    share: float


class Profile:
    """The stations of one crawl; `stations` is for the first process, answers of measured tasks are handed to `take`."""

    def __init__(self, *, on: bool) -> None:
        self.on = on
        self.stations: Stations = MeasuredStations() if on else UNMEASURED
        self._workers = MeasuredStations()
        self._start_up = time.process_time() if on else 0.0

    def take(self, answer: Parsed) -> None:
        """Counts what a worker measured."""
        self._workers.add(answer.spent)

    def rows(self) -> list[Row]:
        """The stations of both kinds of process, those that were measured by sampling as parts of `extract`; [] when off."""
        if not self.on:
            return []
        first = [(name, calls, seconds) for name, calls, seconds in self.stations.found()]
        known = sum(seconds for _, _, seconds in first)
        rest = max(time.process_time() - self._start_up - known, 0.0)
        found = [
            ("start-up", "first process", 1, self._start_up),
            *((name, "first process", calls, seconds) for name, calls, seconds in first),
            (REST, "first process", 1, rest),
            *((name, "workers", calls, seconds) for name, calls, seconds in _with_parts(self._workers.found())),
        ]
        total = sum(seconds for name, _, _, seconds in found if not name.startswith("extract:")) or 1.0
        return [
            Row(
                station=name,
                where=where,
                calls=calls,
                cpu_ms=round(1000 * seconds, 1),
                share=round(seconds / total, 4),
            )
            for name, where, calls, seconds in found
        ]

    def as_dicts(self) -> list[dict[str, Any]]:
        """The rows as JSON takes them."""
        return [asdict(row) for row in self.rows()]


def _with_parts(spent: Iterable[tuple[str, int, float]]) -> list[tuple[str, int, float]]:
    """The stations of the workers; the samples of modules of extraction share out the time of `extract`, most first, right after it."""
    stations = [one for one in spent if not one[0].startswith("extract: ")]
    sampled = sorted((one for one in spent if one[0].startswith("extract: ")), key=lambda one: -one[1])
    samples = sum(count for _, count, _ in sampled) or 1
    found = []
    for name, calls, seconds in stations:
        found.append((name, calls, seconds))
        if name == "extract":
            found += [(module, count, seconds * count / samples) for module, count, _ in sampled]
    return found


def profile_text(rows: Iterable[Row]) -> str:
    """The rows as a table for a person to read; parts of extraction are indented, their calls are samples."""
    lines = [f"  {'where the CPU time went':<44}{'calls':>9}{'CPU ms':>11}{'share':>8}"]
    where = ""
    for row in rows:
        if row.where != where:
            where = row.where
            lines.append(f"  {where}")
        name = f"    {row.station}" if row.station.startswith("extract: ") else f"  {row.station}"
        lines.append(f"  {name:<44}{row.calls:>9}{row.cpu_ms:>11.1f}{row.share:>8.1%}")
    return "\n".join([*lines, ""])
