"""Exports articles as Parquet, for data frames: needs pyarrow, the `parquet` extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archive.errors import UsageError
from archive.files.atomic import replacing
from archive.index.columns import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from archive.export.source import Source
    from archive.index.columns import Type

FLAGS = frozenset(name for name, kind in TYPES.items() if kind == "flag")

GROUP = 2000
"""Articles in a row group: some 10 MB of text in memory."""


def write_parquet(source: Source, target: Path) -> int:
    """Writes `target`; gives the number of articles. Lists and maps stay JSON text, as they are in the database.

    Raises:
        UsageError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise UsageError("Parquet needs pyarrow: pip install 'warraq[parquet]', or choose jsonl or csv") from None
    count = 0
    with replacing(target) as half:
        writer = None
        for rows in _groups(source):
            schema = writer.schema if writer else schema_of(pa, rows[0])
            writer = writer or parquet.ParquetWriter(half, schema, compression="zstd")
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            count += len(rows)
        writer = writer or parquet.ParquetWriter(half, schema_of(pa, TYPES), compression="zstd")
        writer.close()
    return count


def schema_of(pa: Any, names: Iterable[str], **more: Type) -> Any:
    """The Parquet schema of these columns of `articles`; `more` gives the types of columns that are not its own."""
    types = {"integer": pa.int64(), "flag": pa.bool_(), "text": pa.string(), "json": pa.string()}
    return pa.schema([(name, types[(TYPES | more).get(name, "text")]) for name in names])


def with_flags(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its flags as true, false or null, as Parquet takes them."""
    flags = {name: None if row[name] is None else bool(row[name]) for name in FLAGS & row.keys()}
    return {**row, **flags}


def _groups(source: Source) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    for row in source.articles:
        group.append(with_flags(row))
        if len(group) == GROUP:
            yield group
            group = []
    if group:
        yield group
