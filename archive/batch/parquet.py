"""The rows of a batch, and the Parquet file of a task, written whole or not at all. Needs pyarrow."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from archive.errors import NotWritableError, UsageError
from archive.export.parquet import schema_of, typed
from archive.files.atomic import replacing
from archive.index.schema import MIGRATIONS
from archive.index.sqlite import Database

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

GROUP_ROWS = 2000
GROUP_CHARACTERS = 32 << 20
"""What a row group holds at most, give or take a row: bounds memory when pages are long."""


def write(rows: Iterable[Mapping[str, Any]], names: Sequence[str], target: Path) -> int:
    """Write `target` with the columns `names`; give the number of rows.

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


CAPTURE = (
    "record_id",
    "record_type",
    "captured_url",
    "captured_at",
    "http_status",
    "http_mime",
    "http_headers",
    "outcome",
    "reason",
    "detail",
    "directives",
    "repeats",
    "refers_to",
    "warc_path",
)
"""Columns of the capture. `captured_at` is the WARC-Date; `http_headers` a JSON list of pairs; `repeats` the record that the article it
shows again was read from; `refers_to` the record that a revisit names; `warc_path` the file as the batch was told it."""

_SHARED = {  # columns of an article that a capture has, too
    "url": "c.url",
    "urlkey": "c.urlkey",
    "site": "c.site",
    "fetched_at": "c.captured_at",
    "capture_id": "c.id",
    "payload_digest": "c.payload_digest",
    "warc_filename": "c.warc_filename",
    "warc_record_offset": "c.warc_record_offset",
    "warc_record_length": "c.warc_record_length",
}
_REPEATS = "SELECT b.record_id FROM articles AS o JOIN captures AS b ON b.id = o.capture_id WHERE o.id = c.article_id"
_CAPTURE = f"""
    c.record_id, c.record_type, c.url, c.captured_at, c.status, c.mime, n.http_headers, c.outcome,
    CASE WHEN c.reason = '' AND c.record_type = 'revisit' AND c.article_id IS NULL AND c.outcome = 'unchanged'
         THEN 'original-elsewhere' ELSE c.reason END,
    c.detail, c.directives, CASE WHEN a.id IS NULL AND c.article_id IS NOT NULL THEN ({_REPEATS}) ELSE '' END,
    n.refers_to, n.warc_path
"""
_DAMAGE = {
    "url": "url",
    "warc_filename": "filename",
    "warc_record_offset": "offset",
    "warc_record_length": "length",
    "record_id": "record_id",
    "captured_url": "url",
    "captured_at": "date",
    "outcome": "'failed'",
    "reason": "reason",
    "detail": "detail",
    "warc_path": "warc_path",
}
_AT_ONCE = 200


@cache
def columns() -> tuple[str, ...]:
    """The columns of a row, in order: those of `articles` as the export has them, then those of the capture."""
    db = Database(memory=True)
    MIGRATIONS.apply(db)
    names = tuple(row[1] for row in db.conn.execute("PRAGMA table_info(articles)"))
    db.close()
    return (*names, *CAPTURE)


def results(db: sqlite3.Connection, notes: Path) -> Iterator[dict[str, Any]]:
    """The rows of an archive's captures, in the order of their records, then those of the damages; `notes` is a database of its own."""
    names = columns()
    db.execute("ATTACH DATABASE ? AS notes", (str(notes),))
    try:
        for sql in (_captures(names), _damages(names)):
            cursor = db.execute(sql)
            while rows := cursor.fetchmany(_AT_ONCE):
                for row in rows:
                    yield dict(zip(names, row, strict=True))
            cursor.close()
    finally:
        db.execute("DETACH DATABASE notes")


def _captures(names: tuple[str, ...]) -> str:
    wanted = [
        f"coalesce(a.{name}, {_SHARED[name]})" if name in _SHARED else f"a.{name}"
        for name in names
        if name not in CAPTURE
    ]
    return f"""
        SELECT {", ".join(wanted)}, {_CAPTURE}
        FROM captures AS c LEFT JOIN articles AS a ON a.id = c.article_id AND a.capture_id = c.id
        LEFT JOIN notes.notes AS n ON n.record_id = c.record_id ORDER BY c.id
    """  # noqa: S608 - our own column names


def _damages(names: tuple[str, ...]) -> str:
    wanted = ", ".join(_DAMAGE.get(name, "NULL") for name in names)
    return f"SELECT {wanted} FROM notes.damages ORDER BY rowid"  # noqa: S608 - our own column names
