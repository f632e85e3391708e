"""Reads a stored file for its keepers: a row of `files` in; the file, and whether its bytes are those that were closed, out."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from archive.files.atomic import replace_file
from archive.storage import not_the_same

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.collection.locator import FileLocator
    from archive.index.files import FileRow
    from archive.storage import StoredFile


class Heard:
    """A stored file that is read from start to end, and its sha256, made of what comes by on the way: one transfer for both."""

    def __init__(self, holdings: FileLocator, row: FileRow) -> None:
        self._row, self._digest, self._heard = row, hashlib.sha256(), 0
        self.file: StoredFile = holdings.stored(row, on_window=self._hear)

    def _hear(self, offset: int, data: bytes) -> None:
        """Windows that come again, or before their turn, count when their turn comes."""
        if offset <= self._heard < offset + len(data):
            self._digest.update(data[self._heard - offset :])
            self._heard = offset + len(data)

    def is_what_was_closed(self) -> bool:
        """Read what nobody has read yet, and compare; raise StorageError when that cannot be had."""
        while self._heard < self._row.bytes:
            before = self._heard
            data = self.file.window(self._heard)
            if self._heard == before:  # it was kept from an earlier look, and nobody was told
                self._hear(before, data)
        there = self.file.storage.stat(self.file.key)
        whole = there is not None and there.size == self._row.bytes
        return whole and self._digest.hexdigest() == self._row.sha256


def fetch_file(holdings: FileLocator, row: FileRow, folder: Path) -> Path:
    """Brings a stored file back into `folder`, whole or not at all, and returns its path.

    Raises:
        StorageError: it cannot be had, or its bytes are not those that were closed.
        NotWritableError: there is no room for it.
    """
    heard = Heard(holdings, row)
    path = folder / row.filename
    half = folder / f".{row.filename}.{os.getpid()}.fetched"
    try:
        replace_file(half, _windows(heard.file), mode=0o444)
        if not heard.is_what_was_closed():
            raise not_the_same(row.storage, row.filename)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    return path


def _windows(file: StoredFile) -> Iterator[bytes]:
    at = 0
    while data := file.window(at):
        yield data
        at += len(data)
