"""Reads one task's WARC files into an archive of its own: records in; a folder that can be merged, and a row for each capture, out."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from archive import warc
from archive.batch.parquet import results
from archive.errors import ArchiveError
from archive.export.sorting import Sorted
from archive.ingest.importer import Imported, Indexer
from archive.ingest.rejected import RejectedRecord
from archive.ingest.writer import open_writer
from archive.warc import cdxj

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.collection import Collection
    from archive.parse.result import Parsed, ParseTask
    from archive.parse.workers import WorkerPool
    from archive.warc import Record

NOTES = """
    CREATE TABLE notes (record_id TEXT PRIMARY KEY, warc_path TEXT, http_headers TEXT, refers_to TEXT);
    CREATE TABLE damages (filename TEXT, offset INT, length INT, reason TEXT, detail TEXT, url TEXT, record_id TEXT, date TEXT,
                          warc_path TEXT);
"""
"""What the schema of an archive has no column for; kept until the rows of the task are written, on disk because of its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record or a damage of the file `path` (as the batch was told it), in the archive's folder by its own name."""

    path: str
    what: Record | RejectedRecord


class Shard:
    """One task's archive while it is made; `finish`, then `rows`, then `close`.

    The files must lie in the folder of the collection before their records are taken.
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
        """`name` parts the WARC that it writes the clean texts to from that of other shards; without `texts` there is none."""
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
        """What was made of the records so far."""
        return self._indexer.done

    def take(self, entry: Entry) -> None:
        """Take one record, or note a damage."""
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
        """Wait for what is still being read; the database and the index of the archive are whole afterwards."""
        self._indexer.finish()
        self._notes.execute("COMMIT")
        self._notes.close()
        with self._lines:
            self._ingest.index.replace({name: [] for name in self._names}, more=self._lines)

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row for each capture and each damage, in the order of the files: see `archive.batch.parquet`."""
        yield from results(self._ingest.store.db.conn, self._notes_path)

    def close(self) -> None:
        """Close the archive as one that answers for its files; without that, it is only good to be thrown away."""
        self._notes_path.unlink()
        held = warc.read_manifest(self.collection.warcs)
        for path in warc.closed_files(self.collection.warcs):
            held.setdefault(path.name, warc.sha256_of(path))
        self._ingest.close()
        warc.write_manifest(self.collection.warcs, held | warc.read_manifest(self.collection.warcs))

    def abandon(self) -> None:
        """Lets go of the files, whatever state they are in: the folder is to be thrown away."""
        self._notes.close()
        with self._lines, contextlib.suppress(ArchiveError, OSError, sqlite3.Error):
            self._ingest.close()
