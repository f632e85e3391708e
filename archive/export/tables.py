"""Export articles as rows: CSV, JSON Lines, Parquet."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, date, datetime
from gettext import gettext as _
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from archive.errors import UsageError
from archive.files import replace_file, replacing
from archive.index.columns import TYPES, as_json_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from archive.export.source import Source
    from archive.index.columns import Type

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UNSEEN = r"[\s\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
FORMULA = re.compile(rf"[\t\r\n]|{_UNSEEN}*+[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]")
"""The start of a formula in a spreadsheet, also in full-width and small forms, and after blanks and invisible marks, which some importers
strip; an apostrophe before it makes it text (OWASP, CSV injection)."""


def write_csv(source: Source, target: Path) -> int:
    """Write `target`, at least its header; return the number of articles. Unless columns are chosen, the body is omitted.

    It repeats `text` as JSON, and many readers reject fields of twice the length.
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


# JSON Lines: one object for each article, its columns by name, Arabic unescaped.


def write_jsonl(source: Source, target: Path) -> int:
    """Write `target`; return the number of articles."""
    count = 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        for row in source.articles:
            count += 1
            yield json.dumps(as_json_row(row), ensure_ascii=False).encode() + b"\n"

    replace_file(target, lines())
    return count


# Parquet, for data frames; needs pyarrow, the `parquet` extra.

GROUP = 2000
"""Articles per row group: some 10 MB of text in memory."""


def write_parquet(source: Source, target: Path) -> int:
    """Write `target`; return the number of articles. Times, days, lists and maps have these types, and missing values are null.

    The body stays JSON text, because Parquet has no type for nested blocks.

    Raises:
        UsageError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise UsageError(_("Parquet needs pyarrow: pip install 'warraq[parquet]', or choose jsonl or csv")) from None
    count = 0
    with replacing(target) as half:
        writer = None
        for rows in _groups(source):
            schema = writer.schema if writer else schema_of(pa, rows[0])
            writer = writer or parquet.ParquetWriter(half, schema, compression="zstd")
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            count += len(rows)
        writer = writer or parquet.ParquetWriter(half, schema_of(pa, source.columns or TYPES), compression="zstd")
        writer.close()
    return count


def schema_of(pa: Any, names: Iterable[str], **more: Type) -> Any:
    """Return the Parquet schema of these columns of `articles`; `more` gives the types of additional columns."""
    words = pa.string()
    types = {"integer": pa.int64(), "flag": pa.bool_(), "time": pa.timestamp("us", tz="UTC"), "day": pa.date32()}
    lists = {
        "tags": pa.list_(words),
        "images": pa.list_(pa.struct([("url", words), ("caption", words)])),
        "dropped": pa.list_(pa.struct([("line", words), ("rule", words)])),
        "provenance": pa.map_(words, words),
    }
    return pa.schema([(name, lists.get(name) or types.get((TYPES | more).get(name, "text"), words)) for name in names])


def typed(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with Parquet types; None for values that are empty or, in a foreign archive, of a wrong type."""
    return {name: _typed(name, value) for name, value in row.items()}


def _typed(name: str, value: Any) -> Any:
    if value is None or value == "":
        return None
    convert = _OF_COLUMN.get(name) or _OF_TYPE.get(TYPES.get(name, "text"))
    try:
        return convert(value) if convert else value
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError):
        return None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _tags(text: str) -> list[str]:
    return [str(tag) for tag in json.loads(text)]


def _images(text: str) -> list[dict[str, str]]:
    return [{"url": str(one["url"]), "caption": str(one.get("caption", ""))} for one in json.loads(text)]


def _dropped(text: str) -> list[dict[str, str]]:
    return [{"line": str(line), "rule": str(rule)} for line, rule in json.loads(text)]


def _provenance(text: str) -> list[tuple[str, str]]:
    return [(str(field), str(origin)) for field, origin in json.loads(text).items()]


_OF_TYPE: dict[str, Callable[[Any], Any]] = {"flag": bool, "time": _moment, "day": date.fromisoformat}
_OF_COLUMN: dict[str, Callable[[Any], Any]] = {
    "tags": _tags,
    "images": _images,
    "dropped": _dropped,
    "provenance": _provenance,
}


def _groups(source: Source) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    for row in source.articles:
        group.append(typed(row))
        if len(group) == GROUP:
            yield group
            group = []
    if group:
        yield group
