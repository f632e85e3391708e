"""Describe the folder of a collection: where its files are, whether it is one, and the lock that admits one writer at a time.

collections/NAME/
    archive/          WARC files and manifest-sha256.txt    (the names archive/ and indexes/ are pywb's, which serves the folder as it is)
    indexes/          index.cdxj
    warraq.db         the SQLite index of it all
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
    from collections.abc import Callable, Iterable
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
"""What a database and a WARC need to be made at all: an empty database with its -shm and -wal has 200 kB."""

FOLDERS = ("indexes", "seals", "feeds")
"""What lies beside `archive` and comes with it. `archive` itself may be a link to another disk, which is the operator's."""


@dataclass(frozen=True, slots=True)
class Collection:
    """The folder of one collection; making one of these touches nothing."""

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
        """Return whether there is an archive in the folder."""
        return self.database.is_file()

    def require(self) -> None:
        """Raise ArchiveNotFoundError when there is no archive in the folder, LinkedFileError when a part of it would lead elsewhere."""
        self._require_own_folders()
        if not self.exists():
            raise ArchiveNotFoundError(self.folder)

    def _require_own_folders(self) -> None:
        for name in FOLDERS:
            if (self.folder / name).is_symlink():
                raise LinkedFileError(self.folder / name)

    def create(self) -> tuple[Path, ...]:
        """Make the folders that are missing, and return them, the innermost first.

        Raises:
            NotWritableError: they cannot be made or written.
            LinkedFileError: a link stands in the place of one of them.
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
        """Remove an archive that has no WARC file: its database, its lock, and those of the folders in `made` that are empty then."""
        if any(self.warcs.iterdir()):
            return False
        for name in ("warraq.db", "warraq.db-wal", "warraq.db-shm", LOCK):
            (self.folder / name).unlink(missing_ok=True)
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        return True

    def lock(self, name: str = LOCK) -> AbstractContextManager[None]:
        """Hold the right to write; raise ArchiveLockedError naming the process that has it. The kernel frees it when a process dies.

        `name` is another right than that to write: UPLOADING is the right to upload, which a crawl does not need.
        """
        return held(self.folder / name, lambda holder: ArchiveLockedError(self.folder, holder))

    def in_use(self) -> bool:
        """Return whether a process holds the right to write at this moment; looks without taking it or changing anything."""
        try:
            file = open_read(self.folder / LOCK)
        except FileNotFoundError:
            return False
        except (OSError, DamagedFileError):  # another user's, not readable by us: it exists
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
    """Write and remove a file: a disk with less room than that is as good as full, and better named before a crawl than in it."""
    try:
        with os.fdopen(make_new(path), "wb") as file:
            file.write(bytes(PROBE_BYTES))
    finally:
        path.unlink(missing_ok=True)


# The files of an archive, whether in `archive/` or uploaded to a storage.

ENV = "WARRAQ_STORAGE"
DISABLED = "none"
"""Value of $WARRAQ_STORAGE with which nothing is asked of any storage: for an archive whose database a stranger made."""
WARC_PREFIX = "archive/"
"""What the names of WARC files begin with in a storage: it is laid out as the collection's folder is."""


class FileLocator:
    """The closed files of a collection: those in its folder, and those that the database says are in a storage."""

    def __init__(self, folder: Path, db: Database) -> None:
        """`folder` holds the WARC files that are here."""
        self._folder, self._db = folder, db
        self._stored: dict[tuple[str, str], StoredFile] = {}
        self._storages: dict[str, Storage] = {}

    def find(self, filename: str) -> Path | StoredFile:
        """Return the file of that name: what is here goes first, and what is nowhere is looked for here.

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
        """Return all closed files by name, here or in a storage, each once; opens nothing."""
        here: dict[str, Path | StoredFile] = {path.name: path for path in warc.closed_files(self._folder)}
        return [file for _, file in sorted(({row.filename: self.stored(row) for row in self.away()} | here).items())]

    def away(self) -> list[FileRow]:
        """Return rows of the files that are in a storage, and not here."""
        here = {path.name for path in warc.closed_files(self._folder)}
        return [row for row in files.rows(self._db).values() if row.storage and row.filename not in here]

    def stored(self, row: FileRow, *, on_window: Callable[[int, bytes], None] | None = None) -> StoredFile:
        """Return the file of that row as it lies in its storage; one with a listener is opened again."""
        warc.find_file(self._folder, row.filename)  # a name with a slash in it leads elsewhere in a bucket, too
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
