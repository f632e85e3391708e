"""Read WARC files record by record, bounded; warcio's ArchiveIterator takes a record whose end was cut off for a whole one, this names it.

It also costs 1.2 to 1.8 times the CPU (`python bench/warc.py`). warcio parses the header of each record.
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
"""Damages of a file after which it is left: each costs a search through what follows."""


class Files(Protocol):
    """What finds a file of an archive by its name, wherever it lies."""

    def find(self, filename: str) -> Path | StoredFile:
        """Return the file of that name; raises DamagedFileError for what cannot be its name."""


class NotOneRecordError(ValueError):
    """These bytes are not one whole record in one gzip member."""


def read_member(data: bytes, *, max_block: int = MAX_BLOCK) -> Record:
    """Return the record that `data` is, which must be one gzip member and nothing after it; its location has no file name.

    Raises:
        NotOneRecordError: it is not, or its block is larger than `max_block`.
    """
    try:
        record = read_one(io.BytesIO(data), "", 0, max_block)
    except BrokenError as error:
        raise NotOneRecordError(str(error)) from None
    if record is None or not record.member_header:
        raise NotOneRecordError("no gzip member")
    if record.location.length != len(data):
        raise NotOneRecordError(f"{len(data) - record.location.length} bytes after the record")
    if not record.whole:
        raise NotOneRecordError(f"a block of {record.length} bytes")
    return record


def find_file(folder: Path, filename: str) -> Path:
    """Return the file of that name in the archive folder, whether it is closed or still being written.

    Raises DamagedFileError for what is not a plain file name or not a regular file: a row of a foreign database may name
    any file there is, and a stranger's folder may hold a link to any.
    """
    if filename in {"", ".", ".."} or "/" in filename or "\\" in filename or "\0" in filename:
        raise DamagedFileError(folder, 0, N_(f"{filename[:200]!r} is not the name of a file in it"))
    closed = folder / filename
    path = closed if closed.is_symlink() or closed.exists() else folder / (filename + OPEN)
    require_regular(path)
    return path


def read_records(path: Path | StoredFile, *, start: int = 0, max_block: int = MAX_BLOCK) -> Iterator[Record]:
    """Yield all records of a WARC from byte `start` on: a gzip member each (also while it is written), or not compressed.

    Raises:
        DamagedFileError: at the first record that is not whole; its `offset` is where the good part ends.
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
    """Yield all records from byte `start` on that can be read, also those after damage; `on_damage` receives each."""
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
    """Return the one record at `location`, of a closed or a still open file; of a file in a storage, exactly these bytes are asked for.

    `where` is the archive folder, or what finds files wherever they lie.

    Raises:
        DamagedFileError: there is no whole record of that length there.
        FileNotFoundError: there is no such file.
        StorageError: its storage does not give it.
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
    """Return the bytes of a record as a gzip member, exactly as they lie in the file (a plain WARC's are packed into one)."""
    path = find_file(where, location.filename) if isinstance(where, Path) else where.find(location.filename)
    if isinstance(path, StoredFile):
        data = path.part(location.offset, location.length)
    else:
        with path.open("rb") as file:
            file.seek(location.offset)
            data = file.read(location.length)
    return data if data.startswith(b"\x1f\x8b") else compress(b"", data.removesuffix(RECORD_END))


def next_member(path: Path | StoredFile, offset: int) -> int | None:
    """Return where the next readable record after a damaged one starts, or None: to name all that is wrong, not the first."""
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
