"""Write text and progress to a terminal: remove control characters, and show a live line on stderr while a command runs."""

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
"""C0 and C1 except tab and line feed, DEL, and surrogates, which cannot be encoded."""
_STYLES = re.compile(r"(\x1b\[(?:[0-79]|[39][0-7])(?:;(?:[0-79]|[39][0-7]))*m)")
"""The sequences of click's styles: colours of letters, bold and the like, but no concealed text."""
_PROGRESS = re.compile(r"(\x1b\[(?:[0-9;]*m|[0-9]*[AGK]|\?25[hl])|\r)")
"""Those and the ones of a progress bar: erase, column, line up, cursor off and on, carriage return."""


def printable(text: str) -> str:
    """Return the text without control characters, except tabs and line feeds."""
    return _CONTROLS.sub("", text) if _CONTROLS.search(text) else text


_OVERRIDES = re.compile("[\u202d\u202e\u2028\u2029]")
"""Directional overrides, which show letters in a false order, and Unicode line separators; no script needs them."""


class PrintableStream(io.TextIOWrapper):
    """A text stream that removes all control sequences except those of styles.

    On a terminal it also removes directional overrides; files and pipes receive the text as archived.
    """

    kept = _STYLES

    def write(self, text: str, /) -> int:
        """Write the text without other control sequences; return the length of the given text."""
        given = len(text)
        if _OVERRIDES.search(text) and self.isatty():
            text = _OVERRIDES.sub("", text)
        if _CONTROLS.search(text):
            parts = self.kept.split(text)  # every second part is a sequence to keep
            super().write("".join(part if number % 2 else printable(part) for number, part in enumerate(parts)))
        else:
            super().write(text)
        return given


class ProgressStream(PrintableStream):
    """A PrintableStream that also keeps the sequences of a progress bar."""

    kept = _PROGRESS


def make_streams_printable() -> None:
    """Replace stdout and stderr with PrintableStreams; characters that their encoding lacks are written as escapes."""
    for name, kind in (("stdout", PrintableStream), ("stderr", ProgressStream)):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            encoding, buffered = stream.encoding, stream.line_buffering
            setattr(sys, name, kind(stream.detach(), encoding, "backslashreplace", line_buffering=buffered))


class PrintableFilter(logging.Filter):
    """Removes control characters from log records and their tracebacks; keeps every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Format and clean the message; return True."""
        record.msg, record.args = printable(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = printable(logging.Formatter().formatException(record.exc_info))
        return True


# Draw a live line on stderr: the current item, the progress, and the time left.
#
# Nothing is drawn when stderr is not a terminal. rich obeys `NO_COLOR` and `TERM=dumb`.

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
REDRAWN_EACH_SECOND = 4


class Show(Protocol):
    """Shows a text in the live line, with share and time left if `done` and `total` are known."""

    def __call__(self, text: str, done: float | None = None, total: float | None = None) -> None:
        """Show the text at the next redraw."""


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

    class ProgressTextColumn(ProgressColumn):
        def render(self, task: Task) -> Text:
            return progress_text(task)

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
        ProgressTextColumn(),
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


def progress_text(task: Task) -> Text:
    """Return the share and the time left if the total is known, otherwise the elapsed time."""
    from rich.text import Text

    if task.total:
        left = _(", {time} left").format(time=duration(task.time_remaining)) if task.time_remaining is not None else ""
        return Text(f"{task.percentage:.0f} %{left}")
    return Text(duration(task.elapsed or 0.0))


def one_line(text: str) -> str:
    """Return text that cannot disturb the live line: without control characters, enclosed in Unicode isolates."""
    kept = "".join(letter for letter in printable(" ".join(text.split())) if letter not in BIDI_CONTROLS)
    return f"{FIRST_STRONG_ISOLATE}{kept}{POP_ISOLATE}"


def duration(seconds: float) -> str:
    """Return a duration in the form 0:07, 12:30 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def show_nothing(text: str, done: float | None = None, total: float | None = None) -> None:
    """Do nothing; used when stderr is not a terminal."""


@contextmanager
def _logs_above_the_line(stream: TextIO) -> Iterator[None]:
    """Redirect log handlers to the stderr that rich manages, which prints above the live line."""
    handlers = [one for one in logging.root.handlers if type(one) is logging.StreamHandler and one.stream is stream]
    for handler in handlers:
        handler.setStream(sys.stderr)
    try:
        yield
    finally:
        for handler in handlers:
            handler.setStream(stream)
