"""Open the SQLite file, bring its schema up to date and own its transactions; the modules beside it hold the SQL."""

from __future__ import annotations

import logging
import os
import time
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from archive import search
from archive.errors import (
    ArchiveError,
    DamagedFileError,
    DatabaseLockedError,
    ForeignDatabaseError,
    NotWritableError,
    SchemaTooNewError,
)
from archive.files import Closing
from archive.files.clock import iso
from archive.index import (
    articles,
    availability,
    captures,
    columns,
    files,
    frontier,
    identity,
    reports,
    runs,
    site_lines,
    sqlite,
)
from archive.index.rows import ANNOUNCERS, REQUISITES, Candidate, CaptureRow, FetchStatus, Kind, ScheduledUrl
from archive.index.schema import MIGRATIONS, add_later_columns, unknown_steps
from archive.index.sqlite import Database, IndexDatabase, Migrations, WalGuard, sqlite3
from archive.locale import N_

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "ANNOUNCERS",
    "REQUISITES",
    "Candidate",
    "CaptureRow",
    "DatabaseError",
    "FetchStatus",
    "Kind",
    "OperationalError",
    "ScheduledUrl",
    "Store",
    "articles",
    "availability",
    "captures",
    "files",
    "frontier",
    "reports",
    "runs",
    "site_lines",
]  # fmt: skip

DatabaseError = sqlite3.Error
"""Any statement may raise it: the file is locked, damaged or missing, or the statement took longer than `limit_time` allows."""

OperationalError = sqlite3.OperationalError
"""A DatabaseError that is not the statement's fault: the database is locked, full or read-only, or the statement was interrupted."""

BUSY_TIMEOUT_S = 30.0
"""Seconds that a reader or writer waits for another's transaction. A group commit takes milliseconds, a checkpoint seconds at worst."""

LOCKED = frozenset({5, 6})
"""SQLite's result codes when another connection holds the lock: SQLITE_BUSY, SQLITE_LOCKED."""

UNWRITABLE = frozenset({8, 10, 13, 14})
"""SQLite's primary result codes READONLY, IOERR, FULL and CANTOPEN (https://www.sqlite.org/rescode.html)."""

PROGRESS_STEPS = 10_000
"""Instructions of SQLite's virtual machine between two checks of the clock: a fraction of a millisecond."""


MISREAD = (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError)
"""Exceptions that code may raise when a value does not have the type of its column."""


def unwritable(path: Path, error: sqlite3.OperationalError) -> ArchiveError:
    """Return the error to raise for a failed write: another process holds the lock, or the disk or folder is not writable.

    Without a code of SQLite's, it is the error of Python for a text that is not UTF-8.
    """
    if not (code := _code_of(error)):
        return ForeignDatabaseError(path, str(error))
    if code in LOCKED:
        return DatabaseLockedError(path)
    return NotWritableError(path, OSError(str(error)))


def _code_of(error: sqlite3.DatabaseError) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


class Store(Closing):
    """An open database. The functions of the sibling modules read and write it; they take `store.db` as their first argument.

    Raises NotWritableError when the file cannot be created or written, SchemaTooNewError when a later version of warraq made it.
    """

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        extra_migrations: tuple[Migrations, ...] = (),
        patience: float = BUSY_TIMEOUT_S,
    ) -> None:
        self.path = path
        self.read_only = read_only
        self._patience = patience
        self._wal: WalGuard | None = None
        self._as_found: tuple[int, ...] | None = None
        sqlite.require_plain_files(path)
        try:
            with ExitStack() as opened:
                self.db = IndexDatabase(opened.enter_context(closing(self._connect())))
                if read_only:
                    self.db.conn.text_factory = sqlite.decode_text
                self._prepare(extra_migrations)
                opened.pop_all()
        except UnicodeDecodeError as error:
            raise ForeignDatabaseError(path, N_("its definitions are damaged")) from error
        except sqlite3.OperationalError as error:
            if read_only:
                raise
            raise unwritable(path, error) from error

    def _connect(self) -> sqlite3.Connection:
        if not self.read_only:
            return sqlite3.connect(self.path, timeout=self._patience, check_same_thread=False)
        uri = f"{self.path.resolve().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=self._patience, check_same_thread=False)
        try:
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        except sqlite.DAMAGED as error:
            connection.close()
            code = _code_of(error) if isinstance(error, sqlite3.DatabaseError) else 0
            if code not in UNWRITABLE or os.access(self.path.parent, os.W_OK):
                raise
        else:
            return connection
        return self._connect_to_what_stays(uri)

    def _connect_to_what_stays(self, uri: str) -> sqlite3.Connection:
        """Open a file in a folder that is not writable, where SQLite cannot create the -shm file that a database in WAL mode needs.

        No process is writing to it, or its -wal and -shm would exist, so it is opened as immutable.
        """
        wal = self.path.with_name(self.path.name + "-wal")
        if wal.exists() and wal.stat().st_size:
            what = "a dead writer left rows in its -wal, which can only be read in a writable folder: copy the folder"
            raise NotWritableError(self.path.parent, OSError(what))
        self._as_found = self._look()
        return sqlite3.connect(f"{uri}&immutable=1", uri=True, timeout=self._patience, check_same_thread=False)

    def _look(self) -> tuple[int, ...]:
        status = self.path.stat()
        has_wal = self.path.with_name(self.path.name + "-wal").exists()
        return (status.st_ino, status.st_size, status.st_mtime_ns, has_wal)

    def check_unchanged(self) -> None:
        """Raise DamagedFileError when a database that was opened as immutable has changed: what was read may be wrong."""
        if self._as_found is not None and self._look() != self._as_found:
            raise DamagedFileError(
                self.path, 0, N_("another process has started writing to it since it was opened (open it again)")
            )

    def _prepare(self, extra: tuple[Migrations, ...]) -> None:
        self.db.conn.execute("PRAGMA trusted_schema = OFF")
        if problem := sqlite.database_problem(self.db.conn):
            raise ForeignDatabaseError(self.path, problem)
        if unknown := unknown_steps(self.db):
            raise SchemaTooNewError(self.path, unknown)
        if self.read_only:
            add_later_columns(self.db)
            self.db.conn.execute("PRAGMA query_only = ON")
            return
        # The WARC is synced first: SQLite may lose its last commits in a power cut, and they are restored from the WARC.
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
        ):
            self.db.conn.execute(f"PRAGMA {pragma}").fetchall()
        self._wal = WalGuard(self.db.conn, self.path)
        with self.db.atomic():  # sqlite-utils makes the table of steps and its index in two steps
            MIGRATIONS.ensure_migrations_table(self.db)
        for migrations in (MIGRATIONS, *extra):
            migrations.apply(self.db)
        with self.db.atomic():
            columns.update_view(self.db)

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Run a transaction: committed when the block ends, rolled back when it raises; NotWritableError when the disk is full."""
        try:
            with self.db.atomic():
                yield
        except sqlite3.OperationalError as error:
            if _code_of(error) in UNWRITABLE | LOCKED:
                raise unwritable(self.path, error) from error
            raise
        if self._wal and not self.db.conn.in_transaction:
            self._wal.look()

    def rewrite(self) -> None:
        """Rewrite the database without free space, and empty its -wal; NotWritableError when the disk is full or it is in use.

        Needs as much space on the disk as the database has. A reader with an open transaction is a use, too.
        """
        try:
            self.db.conn.execute("VACUUM")
            is_read = bool(self.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
        except sqlite3.OperationalError as error:
            raise unwritable(self.path, error) from error
        if is_read:  # by another process, for which the file keeps the pages of before
            raise DatabaseLockedError(self.path)

    def sync_each_commit(self) -> None:
        """Make each commit from now on survive a power cut: for transactions that cannot be restored from the WARC files here."""
        self.db.conn.execute("PRAGMA synchronous = FULL")

    @property
    def log_held_bytes(self) -> int:
        """Return the size in bytes that the write-ahead log reached because another process kept reading an old state; 0 if none did."""
        return self._wal.held_bytes if self._wal else 0

    def limit_time(self, seconds: float) -> None:
        """Interrupt any statement that runs longer than this many seconds; it raises DatabaseError."""
        end = time.monotonic() + seconds
        self.db.conn.set_progress_handler(lambda: time.monotonic() > end, PROGRESS_STEPS)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self.db.close()

    def __exit__(self, *raised: object) -> None:
        """Close. Raise ForeignDatabaseError in place of an error that a value of a wrong type in the database may have caused."""
        try:
            if isinstance(raised[1], MISREAD) and not isinstance(raised[1], ArchiveError):
                self.require_own_values(raised[1])
        finally:
            self.close()

    def require_own_values(self, cause: BaseException | None = None) -> None:
        """Raise ForeignDatabaseError when the database holds a value that warraq cannot have written; reads all rows."""
        if problem := sqlite.value_problem(self.db.conn):
            raise ForeignDatabaseError(self.path, problem) from cause


# Open a collection's database: the store's tables, and the search index over them.

logger = logging.getLogger(__name__)

SEARCH = Migrations("warraq-search")


@SEARCH(name="0001_keys")
def _keys(db: Database) -> None:
    search.create_index(db.conn)


@SEARCH(name="0002_plain_words")
def _plain_words(db: Database) -> None:
    search.create_plain_index(db.conn)


@SEARCH(name="0003_identity")
def _identity(db: Database) -> None:
    """Join articles that an earlier version stored separately: one article under several spellings, or at both ends of a redirect."""
    now = iso(datetime.now(UTC))
    is_current = search.is_current(
        db.conn
    )  # an outdated index is rebuilt afterwards, and must not be changed by other rules

    def unindex(ids: list[int]) -> None:
        if is_current:
            search.unindex_articles(db.conn, ids)

    joined = identity.join_all(db, at=now, unindex=unindex)
    if joined:
        run = runs.begin(db, kind="join", site="", at=now)
        runs.end(db, run, at=now, result="ok", summary={"joins": joined})
        logger.warning(
            "%d articles under several URLs were joined into one history each: `warraq joins` lists them and can undo it",
            joined,
        )


def open_store(path: Path, *, read_only: bool = False, patience: float = BUSY_TIMEOUT_S) -> Store:
    """Open the database file. When opened for writing, it is created if missing, and its schema is brought up to date.

    `patience` is how many seconds a statement waits for another process's transaction.

    Raises NotWritableError, SchemaTooNewError.
    """
    store = Store(path, read_only=read_only, extra_migrations=(SEARCH,), patience=patience)
    if not read_only and not search.is_current(store.db.conn):  # built with other rules of folding or stemming
        logger.warning(
            "%s: rebuilding the search index, because this version of warraq derives its keys differently", path
        )
        with store.atomic():
            search.rebuild(store.db.conn)
    return store
