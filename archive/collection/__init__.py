"""Describe the folder of a collection: its paths, its validity, and the lock that admits one writer at a time.

collections/NAME/
    archive/          WARC files and manifest-sha256.txt    (the names archive/ and indexes/ are pywb's, which serves the folder as it is)
    indexes/          index.cdxj
    warraq.db         the SQLite index
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive import warc
from archive.errors import (
    ArchiveLockedError,
    ArchiveNotFoundError,
    DamagedFileError,
    LinkedFileError,
    NotWritableError,
    StorageError,
)
from archive.files import held, make_folder, make_new, open_read
from archive.index import files
from archive.locale import N_
from archive.storage import StoredFile, open_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlite_utils import Database

    from archive.index.files import FileRow
    from archive.storage import Storage

LOCK = ".lock"
UPLOADING = ".upload.lock"
SEALS = "seals"
"""The folder of the seals (see `archive.seals`)."""
PROBE_BYTES = 1 << 18
"""Free space needed to create a database and a WARC: an empty database with its -shm and -wal has 200 kB."""

FOLDERS = ("indexes", "seals", "feeds")
"""The files beside `archive` that belong to it. `archive` itself may be the operator's link to another disk."""


@dataclass(frozen=True, slots=True)
class Collection:
    """The folder of one collection; creating an instance does not touch the disk."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.folder.resolve().name

    @property
    def warcs(self) -> Path:
        """The folder of the WARC files."""
        return self.folder / "archive"

    @property
    def indexes(self) -> Path:
        """The folder of the CDXJ index."""
        return self.folder / "indexes"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "warraq.db"

    def exists(self) -> bool:
        """Return whether the folder has an archive."""
        return self.database.is_file()

    def require(self) -> None:
        """Raise ArchiveNotFoundError if the folder has no archive, LinkedFileError if a part of it is a link."""
        self._require_own_folders()
        if not self.exists():
            raise ArchiveNotFoundError(self.folder)

    def _require_own_folders(self) -> None:
        for name in FOLDERS:
            if (self.folder / name).is_symlink():
                raise LinkedFileError(self.folder / name)

    def create(self) -> tuple[Path, ...]:
        """Create the missing folders, and return them, the innermost first.

        Raises:
            NotWritableError: a folder cannot be created or written.
            LinkedFileError: one of them is a link.
        """
        self._require_own_folders()
        wanted = (self.warcs, self.indexes, self.folder, *self.folder.parents)
        missing = tuple(folder for folder in wanted if not folder.exists())
        try:
            for folder in (self.folder, self.warcs, self.indexes):
                make_folder(folder)
                _probe(folder / f".probe-{os.getpid()}")
        except OSError as error:
            raise NotWritableError(self.folder, error) from error
        return missing

    def discard(self, made: Iterable[Path]) -> bool:
        """Remove an archive without WARC files: its database, its lock, and the folders in `made` that are empty afterwards."""
        if any(self.warcs.iterdir()):
            return False
        for name in ("warraq.db", "warraq.db-wal", "warraq.db-shm", LOCK):
            (self.folder / name).unlink(missing_ok=True)
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        return True

    def lock(self, name: str = LOCK) -> AbstractContextManager[None]:
        """Hold the write lock; raise ArchiveLockedError naming its holder. The kernel releases it when a process dies.

        `name` selects another lock: UPLOADING is that of uploads, which a crawl does not need.
        """
        return held(self.folder / name, lambda holder: ArchiveLockedError(self.folder, holder))

    def in_use(self) -> bool:
        """Return whether a process holds the write lock now, without taking it or changing anything."""
        try:
            file = open_read(self.folder / LOCK)
        except FileNotFoundError:
            return False
        except (OSError, DamagedFileError):  # exists, but unreadable for this user
            return True
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            except OSError:  # a file system without locks: none is held
                return False
        return False


def _probe(path: Path) -> None:
    """Write and remove a file, so that a full disk is reported before a crawl rather than in it."""
    try:
        with os.fdopen(make_new(path), "wb") as file:
            file.write(bytes(PROBE_BYTES))
    finally:
        path.unlink(missing_ok=True)


# The files of an archive, whether in `archive/` or uploaded to a storage.

ENV = "WARRAQ_STORAGE"
DISABLED = "none"
"""Value of $WARRAQ_STORAGE that disables all storages, for an archive whose database a stranger made."""
WARC_PREFIX = "archive/"
"""Prefix of WARC files in a storage, which has the layout of the collection's folder."""


class FileLocator:
    """Finds the closed files of a collection: local ones, and those that the database lists in a storage."""

    def __init__(self, folder: Path, db: Database) -> None:
        """`folder` holds the local WARC files."""
        self._folder, self._db = folder, db
        self._stored: dict[tuple[str, str], StoredFile] = {}
        self._storages: dict[str, Storage] = {}

    def find(self, filename: str) -> Path | StoredFile:
        """Return the file of that name: the local one if it exists or if no storage has it, else the stored one.

        Raises:
            DamagedFileError: it is not a plain name, or names a symbolic link.
            StorageError, UsageError: its storage cannot be used.
        """
        path = warc.find_file(self._folder, filename)
        if path.exists():
            return path
        row = files.get(self._db, filename)
        return self.stored(row) if row and row.storage else path

    def closed(self) -> list[Path | StoredFile]:
        """Return all closed files by name, local or stored, each once, without opening them."""
        here: dict[str, Path | StoredFile] = {path.name: path for path in warc.closed_files(self._folder)}
        return [
            file for _, file in sorted(({row.filename: self.stored(row) for row in self._away(here)} | here).items())
        ]

    def away(self) -> list[FileRow]:
        """Return the rows of files that are only in a storage."""
        return self._away({path.name for path in warc.closed_files(self._folder)})

    def _away(self, here: Container[str]) -> list[FileRow]:
        return [row for row in files.rows(self._db).values() if row.storage and row.filename not in here]

    def stored(self, row: FileRow, *, on_window: Callable[[int, bytes], None] | None = None) -> StoredFile:
        """Return the stored file of that row; with a listener, it is opened again."""
        warc.find_file(self._folder, row.filename)  # a name with a slash leads elsewhere in a bucket, too
        if on_window:
            return StoredFile(
                self.storage(row.storage), WARC_PREFIX + row.filename, size=row.bytes, on_window=on_window
            )
        key = (row.storage, row.sha256)
        if key not in self._stored:
            self._stored[key] = StoredFile(self.storage(row.storage), WARC_PREFIX + row.filename, size=row.bytes)
        return self._stored[key]

    def storage(self, url: str) -> Storage:
        """Return the storage of that URL, opened once."""
        if os.environ.get(ENV, "") == DISABLED:
            raise StorageError(
                url,
                N_("${env} is {disabled!r}").format(env=ENV, disabled=DISABLED),
                advice=N_("unset it to read files that were uploaded"),
            )
        if url not in self._storages:
            self._storages[url] = open_storage(url)
        return self._storages[url]
