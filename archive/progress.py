"""A live line on stderr for whoever waits at a terminal: what is being looked at, how far it is, and the time left.

Nothing is drawn where stderr is not a terminal. `NO_COLOR` and `TERM=dumb` are obeyed, by rich.
"""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from archive.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Task
    from rich.text import Text

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
REDRAWN_EACH_SECOND = 4


class Show(Protocol):
    """Puts a text into the live line; `done` of `total` give the share and the time left, where both are known."""

    def __call__(self, text: str, done: float | None = None, total: float | None = None) -> None:
        """Shows it at the next redraw."""


@contextmanager
def live_line(text: str) -> Iterator[Show]:
    """Shows `text` at once, then whatever is given to the function that it yields; the line is gone at the end."""
    if not sys.stderr.isatty():
        yield show_nothing
        return
    stream = sys.stderr
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn, SpinnerColumn, TextColumn
    from rich.table import Column

    class HowFar(ProgressColumn):
        def render(self, task: Task) -> Text:
            return how_far(task)

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
        HowFar(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, expand=True, refresh_per_second=REDRAWN_EACH_SECOND
    ) as bar:
        task = bar.add_task(one_line(text), total=None)

        def show(text: str, done: float | None = None, total: float | None = None) -> None:
            bar.update(task, description=one_line(text), completed=done, total=total)

        with _logs_above_the_line(stream):
            yield show


def how_far(task: Task) -> Text:
    """The share and the time left where the end is known, else the time that it has taken."""
    from rich.text import Text

    if task.total:
        left = f", {_clock(task.time_remaining)} left" if task.time_remaining is not None else ""
        return Text(f"{task.percentage:.0f} %{left}")
    return Text(_clock(task.elapsed or 0.0))


def one_line(text: str) -> str:
    """Text that cannot leave its place: no control characters, and its direction kept to itself (Unicode isolates)."""
    kept = "".join(letter for letter in printable(" ".join(text.split())) if letter not in BIDI_CONTROLS)
    return f"{FIRST_STRONG_ISOLATE}{kept}{POP_ISOLATE}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def show_nothing(text: str, done: float | None = None, total: float | None = None) -> None:
    """Where nobody watches."""


@contextmanager
def _logs_above_the_line(stream: TextIO) -> Iterator[None]:
    """Lets log handlers write to the stderr that rich watches, which prints above the line and not into it."""
    handlers = [one for one in logging.root.handlers if type(one) is logging.StreamHandler and one.stream is stream]
    for handler in handlers:
        handler.setStream(sys.stderr)
    try:
        yield
    finally:
        for handler in handlers:
            handler.setStream(stream)
