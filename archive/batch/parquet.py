"""Writes the rows of a task as one Parquet file, whole or not at all: rows in, a file that is on disk out. Needs pyarrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archive.errors import NotWritableError, UsageError
from archive.export.parquet import schema_of, typed
from archive.files.atomic import replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

GROUP_ROWS = 2000
GROUP_CHARACTERS = 32 << 20
"""What a row group holds at most, give or take a row: bounds memory when pages are long."""


def write(rows: Iterable[Mapping[str, Any]], names: Sequence[str], target: Path) -> int:
    """Writes `target` with the columns `names`; gives the number of rows.

    Raises UsageError when pyarrow is not installed, NotWritableError.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise UsageError("Parquet needs pyarrow: pip install 'warraq[batch]', or make shards only") from None
    schema = schema_of(pa, names, http_status="integer")
    count = 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritableError(target, error) from error
    with replacing(target) as half, parquet.ParquetWriter(half, schema, compression="zstd") as writer:
        for group in _groups(rows):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
            count += len(group)
    return count


def _groups(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        group.append(typed(row))
        size += sum(len(value) for value in row.values() if isinstance(value, str))
        if len(group) >= GROUP_ROWS or size >= GROUP_CHARACTERS:
            yield group
            group, size = [], 0
    if group:
        yield group
