"""Write one WARC file: append whole members, sync, and finish; warcio's writer cannot take back members when the disk is full."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from typing import TYPE_CHECKING

from archive.capture import Location
from archive.errors import NotWritableError
from archive.files import make_folder, make_read_only, open_read, open_regular, replace_file, sync_folder
from archive.warc.record import new_record_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

# `manifest-sha256.txt`, the fixity of the closed files, in the form that `sha256sum -c` reads.

MANIFEST = "manifest-sha256.txt"
MAX_BYTES = 1 << 28
"""Of a manifest: two million files."""
LINE = re.compile(r"([0-9a-f]{64}) [ *]([^/\n]+)")


def read_manifest(folder: Path) -> dict[str, str]:
    """Return the sha256 (hex) of every closed file in `folder`, by file name; a line torn by a crash is left out."""
    try:
        with open_read(folder / MANIFEST) as file:
            text = file.read(MAX_BYTES).decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return {found[2]: found[1] for line in text.splitlines() if (found := LINE.fullmatch(line))}


def add_to_manifest(folder: Path, name: str, sha256: str) -> None:
    """Add one closed file, durably: when this returns, the line survives a power cut."""
    path = folder / MANIFEST
    handle = open_regular(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    try:
        size = os.fstat(handle).st_size
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        os.write(handle, b"\n" * torn + f"{sha256}  {name}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    if not size:
        sync_folder(folder)


def write_manifest(folder: Path, files: Mapping[str, str]) -> None:
    """Put a whole new manifest in place of the old one, or leave the old one."""
    lines = (f"{sha256}  {name}\n" for name, sha256 in sorted(files.items()))
    replace_file(folder / MANIFEST, (line.encode() for line in lines))


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
        """Write all of these members or, on an error, none; give their places."""
        places, end = [], self.size
        with self._writable():
            try:
                for one in members:
                    places.append(Location(filename=self.name, offset=end, length=len(one)))
                    self._write(one, end)
                    end += len(one)
            except OSError:
                os.ftruncate(self._handle, self.size)
                raise
        self.size = end
        for one in members:
            self._sha256.update(one)
        return places

    def _write(self, data: bytes, offset: int) -> None:
        written = 0
        while written < len(data):
            written += os.pwrite(self._handle, memoryview(data)[written:], offset + written)

    def sync(self) -> None:
        """Return once everything written would survive a power cut."""
        with self._writable():
            os.fsync(self._handle)

    def finish(self) -> Path:
        """Sync, make read-only and give the file its final name."""
        final = self.path.with_name(self.name)
        with self._writable():
            make_read_only(self._handle)
            os.fsync(self._handle)
            os.close(self._handle)
            self.path.rename(final)
            sync_folder(final.parent)
        return final

    def add_to_manifest(self) -> None:
        """Enter the file in the manifest: last of all, because a file without an entry is taken for a crash's leftover."""
        with self._writable():
            add_to_manifest(self.path.parent, self.name, self._sha256.hexdigest())

    @contextlib.contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise NotWritableError(self.path, error) from error
