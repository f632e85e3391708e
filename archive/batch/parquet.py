"""Build the rows of a batch and write the Parquet file of a task, whole or not at all. Needs pyarrow."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from functools import cache
from gettext import gettext as _
from typing import TYPE_CHECKING, Any

from archive import warc
from archive.errors import ArchiveError, NotWritableError, UsageError
from archive.export.tables import schema_of, typed
from archive.export.warc import Sorted
from archive.files import replacing
from archive.index.schema import MIGRATIONS
from archive.index.sqlite import Database, with_body
from archive.ingest import open_writer
from archive.ingest.copying import RejectedRecord
from archive.ingest.importer import Imported, Indexer
from archive.warc import cdxj

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from archive.collection import Collection
    from archive.parse import Parsed, ParseTask
    from archive.parse.workers import WorkerPool
    from archive.warc import Record

GROUP_ROWS = 2000
GROUP_CHARACTERS = 32 << 20
"""Approximate maximum of a row group; limits memory when pages are long."""


def write(rows: Iterable[Mapping[str, Any]], names: Sequence[str], target: Path) -> int:
    """Write `target` with the columns `names`; return the number of rows.

    Raises UsageError if pyarrow is not installed, NotWritableError.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise UsageError(_("Parquet needs pyarrow: pip install 'warraq[batch]', or make shards only")) from None
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
"""Columns of the capture. `captured_at` is the WARC-Date; `http_headers` a JSON list of pairs; `repeats` the record from which the repeated
article was extracted; `refers_to` the record that a revisit names; `warc_path` the file as given to the batch."""

_SHARED = {  # columns of an article that a capture also has
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
    """Return the columns of a row, in order: those of `articles` as the export has them, then those of the capture."""
    db = Database(memory=True)
    MIGRATIONS.apply(db)
    names = tuple(row[1] for row in db.conn.execute("PRAGMA table_info(articles)"))
    db.close()
    return (*names, *CAPTURE)


def rows_of_shard(db: sqlite3.Connection, notes: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of an archive's captures, in the order of their records, then those of the damages.

    `notes` is a separate database.
    """
    names = columns()
    db.execute("ATTACH DATABASE ? AS notes", (str(notes),))
    try:
        for sql in (_captures(names), _damages(names)):
            cursor = db.execute(sql)
            while rows := cursor.fetchmany(_AT_ONCE):
                for row in rows:
                    yield with_body(dict(zip(names, row, strict=True)))
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


# The WARC files of a task become an archive, which can be merged, and a row for each capture.

NOTES = """
    CREATE TABLE notes (record_id TEXT PRIMARY KEY, warc_path TEXT, http_headers TEXT, refers_to TEXT);
    CREATE TABLE damages (filename TEXT, offset INT, length INT, reason TEXT, detail TEXT, url TEXT, record_id TEXT, date TEXT,
                          warc_path TEXT);
"""
"""Data without a column in an archive; kept on disk, because of its size, until the rows of the task are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRecord:
    """A record or a damaged place of the file `path` (as given to the batch); in the archive's folder it has its own name."""

    path: str
    what: Record | RejectedRecord


class ShardWriter:
    """The archive of a task while it is made; call `finish`, then `rows`, then `close`.

    The files must be in the folder of the collection before their records are added.
    """

    def __init__(
        self,
        collection: Collection,
        pool: WorkerPool[ParseTask, Parsed],
        *,
        name: str,
        site: str = "",
        texts: bool = True,
    ) -> None:
        """`name` distinguishes the WARC of its clean texts from those of other shards; without `texts` there is no such WARC."""
        info = {"software": "warraq", "description": "batch"} | ({"isPartOf": site} if site else {})
        self.collection = collection
        self._ingest = open_writer(collection, info=info, clock=lambda: datetime.now(UTC), host=name)
        self._ingest.writes_texts = texts
        self._indexer = Indexer(self._ingest, pool, site=site)
        self._lines = Sorted()
        self._names: set[str] = set()
        self._path = ""
        self._notes_path = collection.folder / ".notes.db"
        self._notes = sqlite3.connect(self._notes_path, isolation_level=None)
        self._notes.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {NOTES} BEGIN")
        self.damages = 0

    @property
    def done(self) -> Imported:
        """Counts of the records so far."""
        return self._indexer.done

    def take(self, entry: BatchRecord) -> None:
        """Add one record, or record a damage."""
        if entry.path != self._path:
            self._indexer.finish()
            self._path = entry.path
        if isinstance(entry.what, RejectedRecord):
            self._note_damage(entry.path, entry.what)
            return
        record = entry.what
        if line := cdxj.entry_of_record(record):
            self._names.add(record.location.filename)
            self._lines.add(line.line())
        if record.is_capture:
            self._note(entry.path, record)
        self._indexer.take(record)

    def _note(self, path: str, record: Record) -> None:
        headers = record.http.headers if record.http else ()
        row = (record.id, path, json.dumps(headers, ensure_ascii=False), record.get("WARC-Refers-To"))
        self._notes.execute("INSERT OR IGNORE INTO notes VALUES (?, ?, ?, ?)", row)

    def _note_damage(self, path: str, damage: RejectedRecord) -> None:
        self.damages += 1
        self._notes.execute("INSERT INTO damages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*astuple(damage), path))

    def finish(self) -> None:
        """Wait for records that are still being parsed; database and index are complete afterwards."""
        self._indexer.finish()
        self._notes.execute("COMMIT")
        self._notes.close()
        with self._lines:
            self._ingest.index.replace({name: [] for name in self._names}, more=self._lines)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row for each capture and each damage, in the order of the files: see `archive.batch.parquet`."""
        yield from rows_of_shard(self._ingest.store.db.conn, self._notes_path)

    def close(self) -> None:
        """Close the archive with its manifest; without that it must be discarded."""
        self._notes_path.unlink()
        held = warc.read_manifest(self.collection.warcs)
        for path in warc.closed_files(self.collection.warcs):
            held.setdefault(path.name, warc.sha256_of(path))
        self._ingest.close()
        warc.write_manifest(self.collection.warcs, held | warc.read_manifest(self.collection.warcs))

    def abandon(self) -> None:
        """Close the files in any state, because the folder will be deleted."""
        self._notes.close()
        with self._lines, contextlib.suppress(ArchiveError, OSError, sqlite3.Error):
            self._ingest.close()
