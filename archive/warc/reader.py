"""Reads WARC files record by record, bounded, and finds torn ones: a file in, records with their places out."""

from __future__ import annotations

import hashlib
import io
import zlib
from base64 import b32encode
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from warcio.statusandheaders import StatusAndHeadersParser, StatusAndHeadersParserException

from archive.capture import Location
from archive.errors import DamagedFileError, LinkedFileError
from archive.storage import StoredFile
from archive.warc.openfile import OPEN
from archive.warc.record import RECORD_END, compress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.errors import Named

SLICE = 1 << 15
"""Compressed bytes read at once; a bomb can make at most a thousand times as many of them."""
MAX_HEAD = 1 << 18
"""Bytes of WARC header fields; the largest seen in the wild hold a URL of some 64 kB."""
MAX_BLOCK = 1 << 28
"""Bytes of a record's block that are kept in memory; the rest is read past and still counted in the digest."""
VERSIONS = ["WARC/1.1", "WARC/1.0", "WARC/0.18", "WARC/0.17"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One WARC record: where it lies, its header fields in order, its block, the digest the block really has.

    `length` is the block's true size; `block` is shorter when that is more than the reader was allowed to keep.
    `member_header` holds the ten bytes that start its gzip member (b"" in an uncompressed file).
    """

    location: Location
    headers: tuple[tuple[str, str], ...]
    block: bytes
    length: int
    block_digest: str
    member_header: bytes = b""

    def get(self, name: str, default: str = "") -> str:
        """The first value of the field `name` (any case), or `default`."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), default)

    @property
    def type(self) -> str:
        """WARC-Type, in lower case."""
        return self.get("WARC-Type").lower()

    @property
    def id(self) -> str:
        """WARC-Record-ID, with its angle brackets."""
        return self.get("WARC-Record-ID")

    @property
    def url(self) -> str:
        """WARC-Target-URI, without the angle brackets that WARC/1.0 writers put around it."""
        return self.get("WARC-Target-URI").removeprefix("<").removesuffix(">")

    @property
    def date(self) -> str:
        """WARC-Date as written."""
        return self.get("WARC-Date")

    @property
    def whole(self) -> bool:
        """Whether `block` is all of the block."""
        return len(self.block) == self.length


class Files(Protocol):
    """What finds a file of an archive by its name, wherever it lies."""

    def find(self, filename: str) -> Path | StoredFile:
        """The file of that name; raises DamagedFileError for what can be no name of one."""


class _BrokenError(Exception):
    """Something is wrong at this place of a file; becomes a DamagedFileError where the path is known."""


class NotOneRecordError(ValueError):
    """These bytes are not one whole record in one gzip member."""


def read_member(data: bytes, *, max_block: int = MAX_BLOCK) -> Record:
    """The record that `data` is, which must be one gzip member and nothing after it; its location has no file name.

    Raises:
        NotOneRecordError: it is not, or its block is larger than `max_block`.
    """
    try:
        record = _read_one(io.BytesIO(data), "", 0, max_block)
    except _BrokenError as error:
        raise NotOneRecordError(str(error)) from None
    if record is None or not record.member_header:
        raise NotOneRecordError("no gzip member")
    if record.location.length != len(data):
        raise NotOneRecordError(f"{len(data) - record.location.length} bytes after the record")
    if not record.whole:
        raise NotOneRecordError(f"a block of {record.length} bytes")
    return record


def find_file(folder: Path, filename: str) -> Path:
    """The file of that name in the archive folder, whether it is closed or still being written.

    Raises DamagedFileError for what is no plain file name, and for a symbolic link: a row of somebody else's database may name any
    file there is, and a folder that came from somebody else may hold a link to any.
    """
    if filename in {"", ".", ".."} or "/" in filename or "\\" in filename or "\0" in filename:
        raise DamagedFileError(folder, 0, f"{filename[:200]!r} is no name of a file in it")
    closed = folder / filename
    path = closed if closed.is_symlink() or closed.exists() else folder / (filename + OPEN)
    if path.is_symlink():
        raise LinkedFileError(path)
    return path


def read_records(path: Path | StoredFile, *, start: int = 0, max_block: int = MAX_BLOCK) -> Iterator[Record]:
    """All records of a WARC from byte `start` on: a gzip member each (also while it is written), or not compressed.

    Raises:
        DamagedFileError: at the first record that is not whole; its `offset` is where the good part ends.
    """
    with path.open("rb") as file:
        file.seek(start)
        offset = start
        name = path.name.removesuffix(OPEN)
        while True:
            with _named(path, offset):
                record = _read_one(file, name, offset, max_block)
            if record is None:
                return
            offset += record.location.length
            yield record


def read_at(where: Path | Files, location: Location, *, max_block: int = MAX_BLOCK) -> Record:
    """The one record at `location`, of a closed or a still open file; of a file in a storage, exactly these bytes are asked for.

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
    record = _read_one(file, location.filename, offset, max_block)
    if record is None or record.location.length != location.length:
        raise _BrokenError(f"no record of {location.length} bytes")
    return record


def read_raw(where: Path | Files, location: Location) -> bytes:
    """The bytes of a record as a gzip member, exactly as they lie in the file (a plain WARC's are packed into one)."""
    path = find_file(where, location.filename) if isinstance(where, Path) else where.find(location.filename)
    if isinstance(path, StoredFile):
        data = path.part(location.offset, location.length)
    else:
        with path.open("rb") as file:
            file.seek(location.offset)
            data = file.read(location.length)
    return data if data.startswith(b"\x1f\x8b") else compress(data.removesuffix(RECORD_END), b"")


def next_member(path: Path | StoredFile, offset: int) -> int | None:
    """Where the next readable record after a damaged one starts, or None: to name all that is wrong, not the first."""
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
    except _BrokenError as problem:
        raise DamagedFileError(path, offset, str(problem)) from problem.__cause__


def _read_one(file: IO[bytes], name: str, offset: int, max_block: int) -> Record | None:
    """The record at the file's position, which is left at the record's end; None at the end of the file."""
    magic = file.read(10)
    file.seek(offset)
    if not magic:
        return None
    gzipped = magic.startswith(b"\x1f\x8b")
    if not gzipped and not magic.startswith(b"WARC/"):
        raise _BrokenError("neither a gzip member nor a WARC record")
    source = _Member(file) if gzipped else _Plain(file)
    headers, rest = _read_head(source)
    length = _block_length(headers)
    block, digest = _read_block(source, rest, length, max_block)
    end = source.finish(offset)
    file.seek(end)
    return Record(
        location=Location(filename=name, offset=offset, length=end - offset),
        headers=headers,
        block=block,
        length=length,
        block_digest=digest,
        member_header=magic if gzipped else b"",
    )


class _Plain:
    """Bytes of an uncompressed record."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.taken = 0

    def more(self) -> bytes:
        return self._file.read(SLICE)

    def finish(self, offset: int) -> int:
        return offset + self.taken


class _Member:
    """Decompressed bytes of one gzip member, a slice at a time."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._stream = zlib.decompressobj(31)
        self.taken = 0
        self._read = 0

    def more(self) -> bytes:
        """Some bytes; b"" once the member has ended."""
        while not self._stream.eof:
            data = self._file.read(SLICE)
            if not data:
                raise _BrokenError("torn record (the gzip member does not end)")
            self._read += len(data)
            try:
                decoded = self._stream.decompress(data)
            except zlib.error as error:
                raise _BrokenError(f"broken gzip member ({error})") from error
            if decoded:
                return decoded
        return b""

    def finish(self, offset: int) -> int:
        if self.more():
            raise _BrokenError(
                "several records in one gzip member, which cannot be read one by one (recompress the file)"
            )
        return offset + self._read - len(self._stream.unused_data)


def _read_head(source: _Plain | _Member) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Header fields, and the bytes read past them."""
    data = b""
    while (end := data.find(RECORD_END)) == -1:
        piece = source.more()
        if not piece or len(data) > MAX_HEAD:
            raise _BrokenError("WARC header without an end")
        data += piece
    end += len(RECORD_END)
    source.taken += end
    try:
        parsed = StatusAndHeadersParser(VERSIONS).parse(io.BytesIO(data[:end]))
    except (StatusAndHeadersParserException, EOFError) as error:
        raise _BrokenError("no WARC version line") from error
    return tuple(parsed.headers), data[end:]


def _block_length(headers: tuple[tuple[str, str], ...]) -> int:
    values = [value for name, value in headers if name.lower() == "content-length"]
    if len(values) != 1 or not values[0].isdecimal() or len(values[0]) > 18:
        raise _BrokenError("no Content-Length")
    return int(values[0])


def _read_block(source: _Plain | _Member, data: bytes, length: int, max_block: int) -> tuple[bytes, str]:
    """The first `max_block` bytes of the block and the digest of all of it; takes the two line ends after it, too."""
    digest = hashlib.sha1(usedforsecurity=False)
    kept, size, left = [], 0, length
    while True:
        piece = data[:left]
        digest.update(piece)
        if size < max_block:
            kept.append(piece[: max_block - size])
            size += len(kept[-1])
        left -= len(piece)
        if not left:
            break
        data = source.more()
        if not data:
            raise _BrokenError(f"torn record ({left} bytes of its block are missing)")
    end = data[len(piece) :]
    while len(end) < len(RECORD_END) and (data := source.more()):
        end += data
    if not end.startswith(RECORD_END):
        raise _BrokenError("no end of record after the block")
    source.taken += length + len(RECORD_END)
    if len(end) > len(RECORD_END) and isinstance(source, _Member):
        raise _BrokenError("several records in one gzip member, which cannot be read one by one (recompress the file)")
    return b"".join(kept), "sha1:" + b32encode(digest.digest()).decode("ascii")
