"""The folder of a collection: where its files lie, whether it is one, and the lock that lets one process at a time write to it.

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

from archive.errors import ArchiveLockedError, ArchiveNotFoundError, DamagedFileError, NotWritableError
from archive.files.atomic import make_folder
from archive.files.lock import held
from archive.files.opening import make_new, open_read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

LOCK = ".lock"
UPLOADING = ".upload.lock"
PROBE_BYTES = 1 << 18
"""What a database and a WARC need to be made at all: an empty database with its -shm and -wal has 200 kB."""


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
        """Whether there is an archive in the folder."""
        return self.database.is_file()

    def require(self) -> None:
        """Raise ArchiveNotFoundError when there is no archive in the folder."""
        if not self.exists():
            raise ArchiveNotFoundError(self.folder)

    def create(self) -> tuple[Path, ...]:
        """Make the folders that are missing, and return them, the innermost first; raise NotWritableError when that cannot be."""
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
        """Whether a process holds the right to write at this moment; looks without taking it or changing anything."""
        try:
            file = open_read(self.folder / LOCK)
        except FileNotFoundError:
            return False
        except (OSError, DamagedFileError):  # not ours to look at: somebody's it is
            return True
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            except OSError:  # a file system that knows no locks: nobody holds one
                return False
        return False


def _probe(path: Path) -> None:
    """Write and remove a file: a disk with less room than that is as good as full, and better named before a crawl than in it."""
    try:
        with os.fdopen(make_new(path), "wb") as file:
            file.write(bytes(PROBE_BYTES))
    finally:
        path.unlink(missing_ok=True)
