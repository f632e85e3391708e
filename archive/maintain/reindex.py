"""Rebuild the database of a collection from its WARC files alone, and repair it after a crash.

Only the database knows the frontier (`urls`), the log of runs (`runs`), where files were uploaded to (`files`), which digests were wrong
when a file was imported (`digest_notes`) and the former ids of articles (`former_ids`). If the old file is readable, these are copied, and
each version of an article keeps its id. If not, the manifest lists the files, and `storage` is where to find them. A retried attempt has
the outcome `failed` afterwards, not `retried`; ids of other rows may differ, record ids never do.
"""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive import warc
from archive.collection import WARC_PREFIX
from archive.errors import ArchiveNotFoundError, IrregularFileError
from archive.files import sync_folder
from archive.files.clock import iso
from archive.index import captures, files, former_ids, sqlite
from archive.index.files import FileRow
from archive.ingest import open_writer
from archive.ingest.importer import Imported, Indexer
from archive.maintain import filecheck
from archive.search import carry_vectors, drop_plain_index
from archive.storage import parse_url
from archive.warc import cdxj

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from archive.collection import Collection
    from archive.index.sqlite import sqlite3
    from archive.ingest import ArchiveWriter
    from archive.parse import Parsed, ParseTask
    from archive.parse.workers import WorkerPool

logger = logging.getLogger(__name__)

CARRIED = ("urls", "runs", "files", "digest_notes", "backfills", "former_ids")
"""The tables that cannot be rebuilt from the WARCs."""


def reindex(
    collection: Collection,
    pool: WorkerPool[ParseTask, Parsed],
    *,
    clock: Callable[[], datetime],
    storage: str = "",
    progress: Callable[[str, int], None] = lambda _name, _offset: None,
) -> Imported:
    """Rebuild the database and the CDXJ index; the old database stays in place until the new one is complete and on disk.

    Files that are only in a storage are read from there. `storage` is the URL of a storage in which to find files of the manifest that are
    neither local nor known to be in a storage.

    Raises ArchiveNotFoundError if there are no files, ArchiveLockedError, NotWritableError, StorageError.
    """
    if not collection.exists() and not (
        warc.closed_files(collection.warcs) or warc.open_files(collection.warcs) or warc.read_manifest(collection.warcs)
    ):
        raise ArchiveNotFoundError(collection.folder)
    fresh = collection.database.with_name("warraq.rebuilt.db")
    _remove(fresh)
    ingest = open_writer(collection, info={"software": "warraq", "description": "reindex"}, clock=clock, database=fresh)
    ingest.writes_texts = False
    try:
        if not _carry_over(ingest, collection.database):
            _renumber(ingest, clock())
        _look_for(ingest, storage, iso(clock()))
        indexer = Indexer(ingest, pool)
        for path in ingest.files.closed():
            indexer.index_file(
                path,
                progress=lambda offset, name=path.name: progress(name, offset),  # type: ignore[misc]
                each=ingest.index.add_record,
            )
            ingest.index.reread(path.name)
        _carry_vectors(ingest, collection.database)
        with ingest.store.atomic():
            former_ids.delete_current(ingest.store.db)
        ingest.store.db.conn.execute("PRAGMA journal_mode = DELETE").fetchall()  # one file, to be moved as one
    except BaseException:
        ingest.close()
        _remove(fresh)
        raise
    ingest.close(then=lambda: _swap(fresh, collection.database))
    return indexer.done


def _carry_over(ingest: ArchiveWriter, old: Path) -> bool:
    """Copy the tables that cannot be rebuilt, and reserve the ids of articles; return whether the old file was readable to its end.

    A database of an earlier warraq may lack columns.
    """
    was_read = False
    with _attached(ingest, old) as db:
        if db is not None:
            with ingest.store.atomic():
                for table in CARRIED:
                    _carry_table(db, table)
                former_ids.copy_all_ids(ingest.store.db, "old")
            if not db.execute("SELECT 1 FROM old.sqlite_master WHERE name = 'articles_fts'").fetchone():
                with ingest.store.atomic():
                    drop_plain_index(db)
            was_read = True
    return was_read


def _carry_vectors(ingest: ArchiveWriter, old: Path) -> None:
    """Copy the vectors of unchanged articles, because making them again takes hours."""
    with _attached(ingest, old) as db:
        if db is not None and db.execute("SELECT 1 FROM old.sqlite_master WHERE name = 'vectors'").fetchone():
            with ingest.store.atomic():
                carry_vectors(db, "old")


@contextlib.contextmanager
def _attached(ingest: ArchiveWriter, old: Path) -> Iterator[sqlite3.Connection | None]:
    """Attach the old database as `old`; yield None if it is missing or unreadable. Damage found later ends the block."""
    db = ingest.store.db.conn
    if not _attach(db, old):
        yield None
        return
    with contextlib.suppress(*sqlite.DAMAGED):
        yield db
    _detach(db)


def _attach(db: sqlite3.Connection, old: Path) -> bool:
    if not os.path.lexists(old):
        return False
    try:
        sqlite.require_plain_files(old)
        db.execute("ATTACH DATABASE ? AS old", (f"{old.resolve().as_uri()}?mode=ro",))
        problem = sqlite.database_problem(db, "old")
    except sqlite.DAMAGED:
        _detach(db)
        return False
    if problem:
        logger.warning("nothing of the old database is carried over: %s", problem)
        _detach(db)
    return not problem


def _detach(db: sqlite3.Connection) -> None:
    with contextlib.suppress(*sqlite.DAMAGED):  # it was not attached
        db.execute("DETACH DATABASE old")


def _renumber(ingest: ArchiveWriter, now: datetime) -> None:
    """Start ids at the time of the rebuild in seconds, because the used ids are unknown; no archive has as many."""
    with ingest.store.atomic():
        former_ids.continue_after(ingest.store.db, int(now.timestamp()))
    logger.warning(
        "the old database cannot be read: articles get new ids, from %d on; permalinks stay as they are",
        int(now.timestamp()) + 1,
    )


def _carry_table(db: sqlite3.Connection, table: str) -> None:
    """Copy the rows of one table of the old database; skip and count those with values that warraq cannot have written."""
    there = {row[1] for row in db.execute(f"PRAGMA old.table_info({table})")}
    wrong = {name: condition for name, condition in sqlite.wrong_values(db, table).items() if name in there}
    if not wrong:
        return
    names, unsound = ", ".join(wrong), " OR ".join(f"ifnull({condition}, 0)" for condition in wrong.values())
    (bad,) = db.execute(f"SELECT count(*) FROM old.{table} WHERE {unsound}").fetchone()  # noqa: S608 - our own names
    if bad:
        logger.warning("%d rows of the old table %s are damaged and are not carried over", bad, table)
    db.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM old.{table} WHERE NOT ({unsound})")  # noqa: S608


def _look_for(ingest: ArchiveWriter, url: str, now: str) -> None:
    """Add rows for missing files of the manifest that the storage has; report those that it lacks."""
    manifest = warc.read_manifest(ingest.collection.warcs)
    lost = manifest.keys() - {file.name for file in ingest.files.closed()}
    there = dict[str, FileRow]()
    if url:
        storage = ingest.files.storage(parse_url(url).url)
        for name in sorted(lost):
            if found := storage.stat(WARC_PREFIX + name):
                there[name] = FileRow(
                    filename=name,
                    bytes=found.size,
                    sha256=manifest[name],
                    closed_at=now,
                    storage=storage.url,
                    uploaded_at=now,
                    local=False,
                )
    with ingest.store.atomic():
        for row in there.values():
            files.put(ingest.store.db, row)
    if missing := sorted(lost - there.keys()):
        logger.warning(
            "%d files that the manifest names are neither here nor in a storage that is known (%s …): their pages are not in the new "
            "database; if they were uploaded, name the place with --storage URL",
            len(missing),
            missing[0],
        )


def _swap(fresh: Path, database: Path) -> None:
    for suffix in ("-wal", "-shm", "-journal"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    fresh.replace(database)
    sync_folder(database.parent)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        one = path.with_name(path.name + suffix)
        if one.is_dir() and not one.is_symlink():
            raise IrregularFileError(one)
        one.unlink(missing_ok=True)


# Repair after a crash: cut truncated records, close files, give every record its row and its index line.


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """The result of a repair: files recovered, captures that got a row, files indexed again, remaining damage."""

    recovered_files: tuple[warc.RecoveredFile, ...]
    rows: int
    indexed: tuple[str, ...]
    imported: Imported

    @property
    def nothing(self) -> bool:
        """Whether there was nothing to repair."""
        return not (self.recovered_files or self.rows or self.indexed or self.imported.outcomes)


def repair(ingest: ArchiveWriter, pool: WorkerPool[ParseTask, Parsed]) -> Repaired:
    """Check every record of every closed file; a second run finds nothing to do.

    `open_writer` has already cut and closed open files. Damage before good records cannot be repaired: the records on both
    sides of it get their rows, and it is listed in `imported.damaged`.
    """
    indexer = Indexer(ingest, pool)
    for path in warc.closed_files(ingest.collection.warcs):
        indexer.index_file(path)
    indexer.parse_again(captures.unread(ingest.store.db))
    done = indexer.done
    return Repaired(
        recovered_files=tuple(ingest.recovered_files),
        rows=done.records - done.known,
        indexed=tuple(_index_lines(ingest)),
        imported=done,
    )


def _index_lines(ingest: ArchiveWriter) -> list[str]:
    """Correct the lines of each file in the CDXJ index; return the names of the files that had wrong lines.

    The lines of stored files are not changed, because they were indexed before their upload (`warraq reindex` reads them again).
    """
    collection = ingest.collection
    held = filecheck.of_index(collection.folder)
    wrong: dict[str, list[str]] = {}
    for path in warc.closed_files(collection.warcs):
        lines = cdxj.lines_of(path)
        if held.pop(path.name, filecheck.NOTHING) != filecheck.of_lines(lines):
            wrong[path.name] = lines
    away = {row.filename for row in ingest.files.away()}
    wrong |= {name: [] for name in held.keys() - away}
    if wrong:
        ingest.index.replace(wrong)
    return sorted(name or "indexes/index.cdxj" for name in wrong)
