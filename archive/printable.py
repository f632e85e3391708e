"""Keeps what strangers wrote from steering a terminal: control characters are taken out of text, streams and log records."""

from __future__ import annotations

import io
import logging
import re
import sys

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""C0 and C1 but for tab and line feed, DEL, and surrogates, which no encoding holds."""
_OUR_OWN = re.compile(r"(\x1b\[(?:[0-9;]*m|[0-9]*[AGK]|\?25[hl])|\r)")
"""What click's styles and a progress bar write: colours, erase, column, line up, cursor off and on, carriage return."""


def printable(text: str) -> str:
    """Return the text without control characters; tabs and line feeds stay."""
    return _CONTROLS.sub("", text) if _CONTROLS.search(text) else text


class PrintableStream(io.TextIOWrapper):
    """A text stream that lets through no control sequence but those of styles and progress."""

    def write(self, text: str, /) -> int:
        """Write the text without the rest; return its length as given."""
        if _CONTROLS.search(text):
            parts = _OUR_OWN.split(text)  # the odd ones are our own
            super().write("".join(part if number % 2 else printable(part) for number, part in enumerate(parts)))
        else:
            super().write(text)
        return len(text)


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
