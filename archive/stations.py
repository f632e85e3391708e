"""Measures where CPU time goes: blocks of code named by their station in, calls and CPU seconds of each out.

The time of a station that is entered inside another is its own, not the outer one's. A block must not wait for anything: what else the
thread does meanwhile would be counted to it.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType

TICK: Final = 0.004
"""Seconds of CPU between two samples; kernels count in such ticks, so the samples are shares and not seconds."""


@dataclass(slots=True)
class Spent:
    """How often a station was entered, and the CPU seconds spent in it."""

    calls: int = 0
    seconds: float = 0.0


class Stations:
    """The stations of one line of work, in one thread. This one measures nothing and costs a call for each block."""

    def at(self, name: str) -> AbstractContextManager[None]:  # noqa: ARG002 - MeasuredStations keeps the name
        """A block of code that belongs to the station of that name."""
        return _NOTHING

    def add(self, spent: Iterable[tuple[str, int, float]]) -> None:
        """Takes what was measured elsewhere: station, calls, CPU seconds."""

    def found(self) -> tuple[tuple[str, int, float], ...]:
        """What was measured: station, calls, CPU seconds, in the order in which they were first entered."""
        return ()


class MeasuredStations(Stations):
    """Stations that are measured, at 1 µs or so for each block."""

    def __init__(self) -> None:
        self.spent: dict[str, Spent] = {}
        self._inside: list[Spent] = []
        self._since = 0.0

    def at(self, name: str) -> AbstractContextManager[None]:
        """A block of code that belongs to the station of that name."""
        return _Block(self, self._station(name))

    def add(self, spent: Iterable[tuple[str, int, float]]) -> None:
        """Takes what was measured elsewhere: station, calls, CPU seconds."""
        for name, calls, seconds in spent:
            station = self._station(name)
            station.calls += calls
            station.seconds += seconds

    def found(self) -> tuple[tuple[str, int, float], ...]:
        """What was measured: station, calls, CPU seconds, in the order in which they were first entered."""
        return tuple((name, spent.calls, spent.seconds) for name, spent in self.spent.items())

    def _station(self, name: str) -> Spent:
        return self.spent.setdefault(name, Spent())

    def enter(self, station: Spent) -> None:
        """From now on the time is that station's."""
        self._count()
        station.calls += 1
        self._inside.append(station)

    def leave(self) -> None:
        """From now on the time is that of the station around it, if any."""
        self._count()
        self._inside.pop()

    def _count(self) -> None:
        now = time.thread_time()
        if self._inside:
            self._inside[-1].seconds += now - self._since
        self._since = now


class _Block(AbstractContextManager[None]):
    __slots__ = ("_station", "_stations")

    def __init__(self, stations: MeasuredStations, station: Spent) -> None:
        self._stations = stations
        self._station = station

    def __enter__(self) -> None:
        self._stations.enter(self._station)

    def __exit__(self, *_: object) -> None:
        self._stations.leave()


@contextmanager
def sampled_modules(package: str) -> Iterator[Counter[str]]:
    """Counts, while the block runs, in which module of `package` the time goes: one count for each tick of the CPU clock.

    Works in the main thread only, elsewhere nothing is counted. Code of other packages counts for the module that called it.
    """
    samples: Counter[str] = Counter()
    if threading.current_thread() is not threading.main_thread():
        yield samples
        return

    def tick(_: int, frame: FrameType | None) -> None:
        while frame is not None:
            name = str(frame.f_globals.get("__name__", ""))
            if name.startswith(f"{package}."):
                samples[name.removeprefix(f"{package}.")] += 1
                return
            frame = frame.f_back

    before = signal.signal(signal.SIGPROF, tick)
    signal.setitimer(signal.ITIMER_PROF, TICK, TICK)
    try:
        yield samples
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


_NOTHING: Final = nullcontext()
UNMEASURED: Final = Stations()
"""For whoever does not want to know."""
