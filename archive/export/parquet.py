"""Exports articles as Parquet, for data frames: needs pyarrow, the `parquet` extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archive.errors import UsageError
from archive.files.atomic import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.export.source import Source

GROUP = 2000
"""Articles in a row group: some 10 MB of text in memory."""

NUMBERS = frozenset({"id", "version", "capture_id", "warc_record_offset", "warc_record_length"})
TRUTHS = frozenset({"is_latest", "is_accessible_for_free"})


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
            schema = writer.schema if writer else pa.schema([(name, _type(pa, name)) for name in rows[0]])
            writer = writer or parquet.ParquetWriter(half, schema, compression="zstd")
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            count += len(rows)
        if writer is None:
            parquet.write_table(pa.table({}), half)
        else:
            writer.close()
    return count


def _type(pa: Any, name: str) -> Any:
    return pa.int64() if name in NUMBERS else pa.bool_() if name in TRUTHS else pa.string()


def _groups(source: Source) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    for row in source.articles:
        truths = {name: None if row[name] is None else bool(row[name]) for name in TRUTHS & row.keys()}
        group.append({**row, **truths})
        if len(group) == GROUP:
            yield group
            group = []
    if group:
        yield group
