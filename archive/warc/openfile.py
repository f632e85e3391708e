"""One WARC file while it is written: whole members in, their places out; durable when synced, final when finished."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING

from archive.capture import Location
from archive.errors import NotWritableError
from archive.files.atomic import make_folder, make_read_only, sync_folder
from archive.warc.manifest import add_to_manifest
from archive.warc.record import new_record_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

OPEN = ".open"
"""What a file's name ends in until it is finished."""


class OpenFile:
    """One `.open` file: appends whole members or nothing, knows the size and sha256 of what it holds."""

    def __init__(self, folder: Path, name: str, opened: datetime) -> None:
        self.name, self.opened = name, opened
        self.info_id = new_record_id()
        self.size = 0
        self.path = folder / (name + OPEN)
        self._sha256 = hashlib.sha256()
        with self._writable():
            make_folder(folder)
            self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            sync_folder(folder)

    def append(self, members: list[bytes]) -> list[Location]:
        """Writes all of these members or, on an error, none; gives their places."""
        data = b"".join(members)
        with self._writable():
            try:
                at = 0
                while at < len(data):
                    at += os.pwrite(self._handle, memoryview(data)[at:], self.size + at)
            except OSError:
                os.ftruncate(self._handle, self.size)
                raise
        places, at = [], self.size
        for one in members:
            places.append(Location(filename=self.name, offset=at, length=len(one)))
            at += len(one)
        self.size = at
        self._sha256.update(data)
        return places

    def sync(self) -> None:
        """Returns once everything written would survive a power cut."""
        with self._writable():
            os.fsync(self._handle)

    def finish(self) -> Path:
        """Syncs, makes read-only and gives the file its final name."""
        final = self.path.with_name(self.name)
        with self._writable():
            make_read_only(self._handle)
            os.fsync(self._handle)
            os.close(self._handle)
            self.path.rename(final)
            sync_folder(final.parent)
        return final

    def add_to_manifest(self) -> None:
        """Enters the file in the manifest: last of all, for a file without an entry is a crash's leftover."""
        with self._writable():
            add_to_manifest(self.path.parent, self.name, self._sha256.hexdigest())

    @contextlib.contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise NotWritableError(self.path, error) from error
