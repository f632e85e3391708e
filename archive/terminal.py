"""Write text and progress to a terminal: control characters removed, and a live line on stderr while a command runs."""

from __future__ import annotations

import io
import logging
import re
import sys
from contextlib import contextmanager
from gettext import gettext as _
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Task
    from rich.text import Text

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""C0 and C1 but for tab and line feed, DEL, and surrogates, which no encoding holds."""
_OUR_OWN = re.compile(r"(\x1b\[(?:[0-9;]*m|[0-9]*[AGK]|\?25[hl])|\r)")
"""What click's styles and a progress bar write: colours, erase, column, line up, cursor off and on, carriage return."""


def printable(text: str) -> str:
    """Return the text without control characters; tabs and line feeds stay."""
    return _CONTROLS.sub("", text) if _CONTROLS.search(text) else text


_OVERRIDES = re.compile("[\u202d\u202e\u2028\u2029]")
"""What shows letters in another order than they are read, and ends lines by another name: no script needs it."""


class PrintableStream(io.TextIOWrapper):
    """A text stream that lets through no control sequence but those of styles and progress.

    On a terminal the order of letters is not overridden either; into a file and a pipe goes what the archive holds.
    """

    def write(self, text: str, /) -> int:
        """Write the text without the rest; return its length as given."""
        given = len(text)
        if _OVERRIDES.search(text) and self.isatty():
            text = _OVERRIDES.sub("", text)
        if _CONTROLS.search(text):
            parts = _OUR_OWN.split(text)  # the odd ones are our own
            super().write("".join(part if number % 2 else printable(part) for number, part in enumerate(parts)))
        else:
            super().write(text)
        return given


def make_streams_printable() -> None:
    """Put a PrintableStream in place of stdout and stderr; what their encoding has no letter for is written as an escape."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            encoding, buffered = stream.encoding, stream.line_buffering
            setattr(sys, name, PrintableStream(stream.detach(), encoding, "backslashreplace", line_buffering=buffered))


class PrintableFilter(logging.Filter):
    """Takes control characters out of a log record, its traceback included; keeps every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Format the message here, once, and clean it."""
        record.msg, record.args = printable(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = printable(logging.Formatter().formatException(record.exc_info))
        return True


# Draw a live line on stderr: the current item, the progress, and the time left.
#
# Nothing is drawn where stderr is not a terminal. `NO_COLOR` and `TERM=dumb` are obeyed, by rich.

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
REDRAWN_EACH_SECOND = 4


class Show(Protocol):
    """Puts a text into the live line; `done` of `total` give the share and the time left, where both are known."""

    def __call__(self, text: str, done: float | None = None, total: float | None = None) -> None:
        """Show it at the next redraw."""


@contextmanager
def live_line(text: str) -> Iterator[Show]:
    """Show `text`, then the texts given to the yielded function; remove the line at the end."""
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
    """Return the share and the time left where the end is known, else the time that it has taken."""
    from rich.text import Text

    if task.total:
        left = _(", {time} left").format(time=duration(task.time_remaining)) if task.time_remaining is not None else ""
        return Text(f"{task.percentage:.0f} %{left}")
    return Text(duration(task.elapsed or 0.0))


def one_line(text: str) -> str:
    """Return text that cannot disturb the line: without control characters, in Unicode isolates."""
    kept = "".join(letter for letter in printable(" ".join(text.split())) if letter not in BIDI_CONTROLS)
    return f"{FIRST_STRONG_ISOLATE}{kept}{POP_ISOLATE}"


def duration(seconds: float) -> str:
    """Return a length of time as a clock shows it: 0:07, 12:30, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def show_nothing(text: str, done: float | None = None, total: float | None = None) -> None:
    """Show nothing: stderr is not a terminal."""


@contextmanager
def _logs_above_the_line(stream: TextIO) -> Iterator[None]:
    """Redirect log handlers to the stderr that rich manages, which prints above the line and not into it."""
    handlers = [one for one in logging.root.handlers if type(one) is logging.StreamHandler and one.stream is stream]
    for handler in handlers:
        handler.setStream(sys.stderr)
    try:
        yield
    finally:
        for handler in handlers:
            handler.setStream(stream)
