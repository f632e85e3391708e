"""Rebuilds the database of a collection from its WARC files alone: every record read again, the old file replaced at the end.

Only the database knows the frontier (`urls`) and the log of runs (`runs`); both are carried over when the old file can be read.
An attempt that was tried again reads as `failed` afterwards, not as `retried`; ids of rows may differ, record ids never do.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]

from archive import cdxj, warc
from archive.durable import sync_folder
from archive.errors import ArchiveNotFoundError
from archive.imports import Imported, Indexer
from archive.ingest import open_ingest

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from archive.collection import Collection
    from archive.ingest import Ingest
    from archive.reading import Answer, Task
    from archive.workers import WorkerPool

CARRIED = ("urls", "runs")
"""The tables that no WARC can give back."""


def reindex(
    collection: Collection,
    pool: WorkerPool[Task, Answer],
    *,
    clock: Callable[[], datetime],
    progress: Callable[[str, int], None] = lambda _name, _offset: None,
) -> Imported:
    """Rebuilds the database and the CDXJ index; the old database stays in place until the new one is whole and on disk.

    Raises ArchiveNotFoundError where there is neither, ArchiveLockedError, NotWritableError.
    """
    if not collection.exists() and not (warc.closed_files(collection.warcs) or warc.open_files(collection.warcs)):
        raise ArchiveNotFoundError(collection.folder)
    fresh = collection.database.with_name("warraq.rebuilt.db")
    _remove(fresh)
    ingest = open_ingest(collection, info={"software": "warraq", "description": "reindex"}, clock=clock, database=fresh)
    ingest.writes_texts = False
    try:
        _carry_over(ingest, collection.database)
        indexer = Indexer(ingest, pool)
        for path in warc.closed_files(collection.warcs):
            indexer.index_file(path, progress=lambda offset, name=path.name: progress(name, offset))  # type: ignore[misc]
            ingest.index.replace({path.name: cdxj.lines_of(path)})
        ingest.store.db.conn.execute("PRAGMA journal_mode = DELETE").fetchall()  # one file, to be moved as one
    except BaseException:
        ingest.close()
        _remove(fresh)
        raise
    ingest.close(then=lambda: _swap(fresh, collection.database))
    return indexer.done


def _carry_over(ingest: Ingest, old: Path) -> None:
    """Copies the tables that no WARC can give back; an old file that cannot be read has none."""
    if not old.exists():
        return
    db = ingest.store.db.conn
    with contextlib.suppress(sqlite3.DatabaseError):
        db.execute("ATTACH DATABASE ? AS old", (f"{old.resolve().as_uri()}?mode=ro",))
        with ingest.store.atomic():
            for table in CARRIED:
                names = ", ".join(row[1] for row in db.execute(f"PRAGMA main.table_info({table})"))
                db.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM old.{table}")  # noqa: S608 - our own names
        db.execute("DETACH DATABASE old")


def _swap(fresh: Path, database: Path) -> None:
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    fresh.replace(database)
    sync_folder(database.parent)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
