"""Exports articles as CSV (RFC 4180) in UTF-8 with a byte order mark, by which spreadsheets know Arabic."""

from __future__ import annotations

import csv
import io
import re
from itertools import chain, islice
from typing import TYPE_CHECKING

from archive.files.atomic import replace_file
from archive.index.columns import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from archive.export.source import Source

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UNSEEN = r"[\s\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
FORMULA = re.compile(rf"[\t\r\n]|{_UNSEEN}*+[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]")
"""What a spreadsheet takes for a formula, in its wide and small forms too, also behind blanks and unseen marks, which some importers strip;
an apostrophe before it makes it text (OWASP, CSV injection)."""


def write_csv(source: Source, target: Path) -> int:
    """Writes `target`; gives the number of articles, of none the header alone. Without a choice of columns the body is left out.

    It says what `text` says, as JSON, and fields of twice the length are more than many readers take.
    """
    count = 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        yield BYTE_ORDER_MARK
        rows = iter(source.articles)
        first = list(islice(rows, 1))
        names = source.columns or [name for name in (first[0] if first else TYPES) if name != "body"]
        yield _line(names)
        for row in chain(first, rows):
            count += 1
            yield _line([_cell(row[name]) for name in names])

    replace_file(target, lines())
    return count


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


def _line(values: Sequence[object]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(values)
    return buffer.getvalue().encode()
