"""Exports articles as CSV (RFC 4180) in UTF-8 with a byte order mark, by which spreadsheets know Arabic."""

from __future__ import annotations

import csv
import io
from itertools import chain
from typing import TYPE_CHECKING

from archive.durable import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.export.source import Source

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula; an apostrophe before it makes it text (OWASP, CSV injection)."""


def write_csv(source: Source, target: Path) -> int:
    """Writes `target`; gives the number of articles. Columns are those of the rows; no articles, no header."""
    count = 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        yield BYTE_ORDER_MARK
        rows = iter(source.articles)
        first = next(rows, None)
        if first is None:
            return
        names = list(first)
        yield _line(names)
        for row in chain([first], rows):
            count += 1
            yield _line([_cell(row[name]) for name in names])

    replace_file(target, lines())
    return count


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _line(values: list[object] | list[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(values)
    return buffer.getvalue().encode()
