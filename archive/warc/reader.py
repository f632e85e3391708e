"""Read WARC files record by record, with limits. warcio's ArchiveIterator accepts a truncated record as complete; this reports it.

ArchiveIterator also costs 1.2 to 1.8 times the CPU (`python bench/warc.py`). warcio parses the header of each record.
"""

from __future__ import annotations

import io
import zlib
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from archive.errors import DamagedFileError
from archive.files import require_regular
from archive.locale import N_
from archive.storage import StoredFile
from archive.warc.framing import MAX_BLOCK, BrokenError, Record, read_one
from archive.warc.openfile import OPEN
from archive.warc.record import RECORD_END, compress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archive.capture import Location
    from archive.errors import Named


MAX_DAMAGES = 100
"""The most damaged places of a file after which reading stops: each costs a search for the next record."""


class Files(Protocol):
    """Finds the files of an archive by name, in its folder or in a storage."""

    def find(self, filename: str) -> Path | StoredFile:
        """Return the file with this name; raises DamagedFileError for an invalid name."""


class NotOneRecordError(ValueError):
    """These bytes are not one complete record in one gzip member."""


def read_member(data: bytes, *, max_block: int = MAX_BLOCK) -> Record:
    """Parse `data`, which must be exactly one gzip member, as a record; its location has no filename.

    Raises:
        NotOneRecordError: it is not one record, or its block is larger than `max_block`.
    """
    try:
        record = read_one(io.BytesIO(data), "", 0, max_block)
    except BrokenError as error:
        raise NotOneRecordError(str(error)) from None
    if record is None or not record.member_header:
        raise NotOneRecordError("not a gzip member")
    if record.location.length != len(data):
        raise NotOneRecordError(f"{len(data) - record.location.length} bytes after the record")
    if not record.whole:
        raise NotOneRecordError(f"a block of {record.length} bytes")
    return record


def find_file(folder: Path, filename: str) -> Path:
    """Return the file with this name in the archive folder, whether it is closed or still being written.

    Raises DamagedFileError for anything but a plain filename of a regular file: a row of a foreign database may name any
    file of this machine, and a foreign folder may have a link to one.
    """
    if filename in {"", ".", ".."} or "/" in filename or "\\" in filename or "\0" in filename:
        raise DamagedFileError(folder, 0, N_(f"{filename[:200]!r} is not the name of a file in it"))
    closed = folder / filename
    path = closed if closed.is_symlink() or closed.exists() else folder / (filename + OPEN)
    require_regular(path)
    return path


def read_records(path: Path | StoredFile, *, start: int = 0, max_block: int = MAX_BLOCK) -> Iterator[Record]:
    """Yield all records of a WARC from byte `start`: one gzip member each, or uncompressed. The file may still be written to.

    Raises:
        DamagedFileError: at the first incomplete record; its `offset` is where the good part ends.
    """
    with path.open("rb") as file:
        file.seek(start)
        offset = start
        name = path.name.removesuffix(OPEN)
        while True:
            with _named(path, offset):
                record = read_one(file, name, offset, max_block)
            if record is None:
                return
            offset += record.location.length
            yield record


def read_on(
    path: Path | StoredFile,
    *,
    start: int = 0,
    max_block: int = MAX_BLOCK,
    on_damage: Callable[[DamagedFileError], None] = lambda _: None,
) -> Iterator[Record]:
    """Yield all readable records from byte `start`, including those after damage; `on_damage` is called for each damaged place."""
    for damages in range(MAX_DAMAGES):
        try:
            yield from read_records(path, start=start, max_block=max_block)
        except DamagedFileError as damage:
            on_damage(damage)
            following = next_member(path, damage.offset) if damages + 1 < MAX_DAMAGES else None
            if following is None:
                return
            start = following
        else:
            return


def read_at(where: Path | Files, location: Location, *, max_block: int = MAX_BLOCK) -> Record:
    """Read the record at `location` of a closed or open file; from a storage, exactly these bytes are requested.

    `where` is the archive folder, or an object that finds files.

    Raises:
        DamagedFileError: there is no complete record of this length.
        FileNotFoundError: there is no such file.
        StorageError: the storage does not return it.
    """
    file = find_file(where, location.filename) if isinstance(where, Path) else where.find(location.filename)
    if isinstance(file, StoredFile):
        part = io.BytesIO(file.part(location.offset, location.length))
        with _named(file, location.offset):
            return replace(_read_at(part, location, 0, max_block), location=location)
    with file.open("rb") as opened, _named(file, location.offset):
        opened.seek(location.offset)
        return _read_at(opened, location, location.offset, max_block)


def _read_at(file: IO[bytes], location: Location, offset: int, max_block: int) -> Record:
    record = read_one(file, location.filename, offset, max_block)
    if record is None or record.location.length != location.length:
        raise BrokenError(N_(f"no record of {location.length} bytes"))
    return record


def read_raw(where: Path | Files, location: Location) -> bytes:
    """Return the bytes of a record as a gzip member, exactly as in the file; those of an uncompressed WARC are compressed."""
    path = find_file(where, location.filename) if isinstance(where, Path) else where.find(location.filename)
    if isinstance(path, StoredFile):
        data = path.part(location.offset, location.length)
    else:
        with path.open("rb") as file:
            file.seek(location.offset)
            data = file.read(location.length)
    return data if data.startswith(b"\x1f\x8b") else compress(b"", data.removesuffix(RECORD_END))


def next_member(path: Path | StoredFile, offset: int) -> int | None:
    """Return the offset of the next readable record after a damaged one, None when there is none."""
    with path.open("rb") as file:
        file.seek(offset + 1)
        tail = b""
        at = offset + 1
        while piece := file.read(1 << 20):
            data = tail + piece
            found = data.find(b"\x1f\x8b\x08")
            while found != -1:
                if _starts_record(data[found : found + 512]):
                    return at - len(tail) + found
                found = data.find(b"\x1f\x8b\x08", found + 1)
            at += len(piece)
            tail = data[-511:]
    return None


def _starts_record(data: bytes) -> bool:
    try:
        return zlib.decompressobj(31).decompress(data, 8).startswith(b"WARC/")
    except zlib.error:
        return False


@contextmanager
def _named(path: Named, offset: int) -> Iterator[None]:
    try:
        yield
    except BrokenError as problem:
        raise DamagedFileError(path, offset, str(problem)) from problem.__cause__
