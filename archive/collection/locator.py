"""Finds the files of an archive wherever they lie: a name in; the file in `archive/`, or the one that was uploaded, out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from archive import warc
from archive.errors import StorageError
from archive.index import files
from archive.storage import StoredFile, open_storage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlite_utils import Database

    from archive.index.files import FileRow
    from archive.storage import Storage

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
        """The file of that name: what is here goes first, and what is nowhere is looked for here.

        Raises:
            DamagedFileError: it is no plain name, or names a symbolic link.
            StorageError, UsageError: its storage cannot be used.
        """
        path = warc.find_file(self._folder, filename)
        if path.exists():
            return path
        row = files.get(self._db, filename)
        return self.stored(row) if row and row.storage else path

    def closed(self) -> list[Path | StoredFile]:
        """All closed files by name, here or in a storage, each once; opens nothing."""
        here: dict[str, Path | StoredFile] = {path.name: path for path in warc.closed_files(self._folder)}
        return [file for _, file in sorted(({row.filename: self.stored(row) for row in self.away()} | here).items())]

    def away(self) -> list[FileRow]:
        """Rows of the files that are in a storage, and not here."""
        here = {path.name for path in warc.closed_files(self._folder)}
        return [row for row in files.rows(self._db).values() if row.storage and row.filename not in here]

    def stored(self, row: FileRow, *, on_window: Callable[[int, bytes], None] | None = None) -> StoredFile:
        """The file of that row as it lies in its storage; one that is to be listened to is made anew."""
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
        """The storage of that URL, opened once."""
        if os.environ.get(ENV, "") == DISABLED:
            raise StorageError(url, f"${ENV} is {DISABLED!r}", advice="unset it to read files that were uploaded")
        if url not in self._storages:
            self._storages[url] = open_storage(url)
        return self._storages[url]
