"""Write one WARC file: append complete members, sync, and finish. warcio's writer cannot remove a partial write when the disk is full."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from typing import TYPE_CHECKING

from archive.capture import Location
from archive.errors import NotWritableError
from archive.files import make_folder, make_read_only, open_read, open_regular, replace_file, sync_folder, write_all
from archive.warc.record import new_record_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

# `manifest-sha256.txt`, the fixity of the closed files, in the format of `sha256sum -c`.

MANIFEST = "manifest-sha256.txt"
MAX_BYTES = 1 << 28
"""The largest manifest, in bytes: two million files."""
MAX_LINE = 1 << 12
"""More than the bytes of any line: a digest and a filename."""
LINE = re.compile(r"([0-9a-f]{64}) [ *]([^/\n]+)")


def read_manifest(folder: Path) -> dict[str, str]:
    """Return the sha256 (hex) of each closed file in `folder` by filename; a last line that a crash cut off is left out."""
    try:
        with open_read(folder / MANIFEST) as file:
            text = file.read(MAX_BYTES).decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    whole = text[: text.rfind("\n") + 1]
    return {found[2]: found[1] for line in whole.splitlines() if (found := LINE.fullmatch(line))}


def add_to_manifest(folder: Path, name: str, sha256: str) -> None:
    """Add one closed file to the manifest in place of a line that was cut off; when this returns, the line survives a power cut."""
    handle = open_regular(folder / MANIFEST, os.O_RDWR | os.O_CREAT)
    try:
        size = os.fstat(handle).st_size
        tail = os.pread(handle, MAX_LINE, max(size - MAX_LINE, 0))
        end = size - (len(tail) - tail.rfind(b"\n") - 1)
        os.ftruncate(handle, end)
        write_all(handle, f"{sha256}  {name}\n".encode(), end)
        os.fsync(handle)
    finally:
        os.close(handle)
    if not size:
        sync_folder(folder)


def write_manifest(folder: Path, files: Mapping[str, str]) -> None:
    """Replace the manifest atomically."""
    lines = (f"{sha256}  {name}\n" for name, sha256 in sorted(files.items()))
    replace_file(folder / MANIFEST, (line.encode() for line in lines))


OPEN = ".open"
"""The suffix of a file's name until it is finished."""


class OpenFile:
    """One `.open` file: appends complete members or nothing, and tracks its size and sha256."""

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
        """Write all of these members or, on an error, none; return their locations."""
        places, end = [], self.size
        with self._writable():
            try:
                for one in members:
                    places.append(Location(filename=self.name, offset=end, length=len(one)))
                    write_all(self._handle, one, end)
                    end += len(one)
            except OSError:
                os.ftruncate(self._handle, self.size)
                raise
        self.size = end
        for one in members:
            self._sha256.update(one)
        return places

    def sync(self) -> None:
        """Return once everything written survives a power cut."""
        with self._writable():
            os.fsync(self._handle)

    def finish(self) -> Path:
        """Sync the file, make it read-only, rename it to its final name, and return the path."""
        final = self.path.with_name(self.name)
        with self._writable():
            make_read_only(self._handle)
            os.fsync(self._handle)
            os.close(self._handle)
            self.path.rename(final)
            sync_folder(final.parent)
        return final

    def add_to_manifest(self) -> None:
        """Add the file to the manifest. This is the last step: recovery treats a file without an entry as the leftover of a crash."""
        with self._writable():
            add_to_manifest(self.path.parent, self.name, self._sha256.hexdigest())

    @contextlib.contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise NotWritableError(self.path, error) from error
