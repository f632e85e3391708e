"""Copy the records of any WARC or ARC file into a WARC with one gzip member per record.

An intact gzip member is copied byte for byte. Any other readable record is rewritten with its block unchanged and its head repaired
(line ends, length, a missing or repeated id). Only damaged records are lost. warcio is not used because it stops at the first damage
and does not give the bytes of a member.
"""

from __future__ import annotations

import hashlib
import uuid
import zlib
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

from archive.errors import DamagedFileError
from archive.files import replace_file
from archive.files.clock import captured_at
from archive.locale import N_
from archive.warc.framing import CAPTURES, BrokenError, read_one
from archive.warc.loose import ARC_LINE, RecordHead, read_block, read_record_head, skip_to_start
from archive.warc.record import GZIP_HEADER, LEVEL, RECORD_END, VERSION
from archive.warc.streams import GZIP, SLICE, Reader, next_start, open_stream, read_dictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archive.warc.loose import RecordBlock
    from archive.warc.streams import Stream

MAX_DAMAGES = 1000
"""The most damaged places after which the rest of a file is skipped: each can cost a search for the next record."""
MAX_REREAD = 4 << 30
"""The most bytes that are read a second time because of wrong lengths; then the rest of the file is skipped."""

_NAMESPACE = uuid.UUID("6ad6c6ea-6b37-4d1c-9a0e-4e3a5f2a8f53")


def _no_id_used(record_id: str, url: str, date: str) -> bool:
    del record_id, url, date
    return False


def salvage(
    source: Path, target: Path, *, is_id_used: Callable[[str, str, str], bool] = _no_id_used
) -> list[DamagedFileError]:
    """Write all readable records of `source` to `target`; return the damaged places, which are left out.

    `source` may be plain or compressed with gzip or zstd, as a whole or record by record. A capture without an id, or with that of another
    capture, gets an id derived from its content, which is the same each time. `is_id_used(id, url, date)` returns whether an id belongs to
    a held capture of another URL or time.

    Raises:
        DamagedFileError: no record can be read; `target` is not created.
        NotWritableError: the folder is not writable.
    """
    copy = _Copy(source, is_id_used)
    replace_file(target, copy.members())
    return copy.damages


def with_made_id(data: bytes) -> bytes:
    """Return the gzip member of a capture with its id replaced by the one derived from its content."""
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / "source", Path(folder) / "target"
        source.write_bytes(data)
        salvage(source, target, is_id_used=lambda _id, _url, _date: True)
        return target.read_bytes()


class _Copy:
    """One pass over a source file."""

    def __init__(self, source: Path, is_id_used: Callable[[str, str, str], bool]) -> None:
        self.damages: list[DamagedFileError] = []
        self._source, self._is_id_used = source, is_id_used
        self._ids: dict[int, int] = {}
        self._reread = 0
        self._next: int | None = 0

    def members(self) -> Iterator[bytes]:
        """Yield the gzip members of the copy, in pieces."""
        found = False
        with self._source.open("rb") as file:
            for piece in self._all(file):
                found = True
                yield piece
        if not found:
            raise self.damages[0] if self.damages else DamagedFileError(self._source, 0, N_("no record in it"))

    def _all(self, file: IO[bytes]) -> Iterator[bytes]:
        try:
            self._dictionary, self._next = read_dictionary(file)
        except BrokenError as problem:
            self._damage(0, str(problem))
            return
        while self._next is not None and not _is_rest_blank(file, self._next):
            offset = self._next
            if self._is_too_damaged(offset):
                return
            if length := self._sound(file, offset):
                file.seek(offset)
                self._next = offset + length
                yield from _pieces(file, length)
            else:
                yield from self._mended(file, offset)

    def _is_too_damaged(self, offset: int) -> bool:
        if is_too_damaged := len(self.damages) >= MAX_DAMAGES or self._reread > MAX_REREAD:
            self._damage(offset, N_("too many damaged records: the rest of the file was skipped"))
        return is_too_damaged

    def _sound(self, file: IO[bytes], offset: int) -> int:
        """Return the length of the gzip member at `offset` if it is a complete record with a unique id, otherwise 0."""
        file.seek(offset)
        is_member = file.read(3) == GZIP
        file.seek(offset)
        try:
            record = read_one(file, self._source.name, offset, 0) if is_member else None
        except BrokenError:
            return 0
        if record is None or self._needs_id(record.type, record.id, record.url, record.date):
            return 0
        return record.location.length

    def _mended(self, file: IO[bytes], offset: int) -> Iterator[bytes]:
        """Yield the members of all readable records of the stream that starts at `offset`."""
        at = offset
        try:
            stream = open_stream(file, offset, self._dictionary)
            with closing(Reader(stream)) as reader:
                while head := read_record_head(reader):
                    yield from self._record(reader, stream, head, at)
                    at = offset if stream.is_frame else offset + reader.taken
                    if self._is_too_damaged(at):
                        self._next = None
                        return
            self._next = stream.end()
        except BrokenError as problem:
            self._damage(at, str(problem))
            self._next = next_start(file, offset, self._dictionary)

    def _record(self, reader: Reader, stream: Stream, head: RecordHead, at: int) -> Iterator[bytes]:
        """Yield the member of a record in pieces; nothing for a record that is left out."""
        if not head.lines:
            self._damage(at, N_("bytes that are not the start of a record"))
            skip_to_start(reader)
            return
        block = read_block(reader, head, is_frame=stream.is_frame)
        with block.file:
            self._reread += block.reread
            if block.missing:
                self._damage(at, N_(f"truncated record ({block.missing} bytes of its block are missing)"))
                return
            if block.stray:
                self._damage(at, N_(f"{block.stray} bytes after the record that are not a record"))
            if mended := self._mend(head, block):
                yield from _member(mended.as_bytes(), block)

    def _mend(self, head: RecordHead, block: RecordBlock) -> RecordHead | None:
        """Return the repaired head; None for a record that is not copied (the version block of an ARC file)."""
        if head.is_arc:
            return _warc_head(head, block)
        url, date = _url(head), head.get("WARC-Date")
        if self._needs_id(head.get("WARC-Type").lower(), head.get("WARC-Record-ID"), url, date):
            head = head.with_field("WARC-Record-ID", _made_id(head, block))
        if head.length != block.size:
            head = head.with_field("Content-Length", str(block.size))
        return head

    def _needs_id(self, kind: str, record_id: str, url: str, date: str) -> bool:
        """Return whether a capture has no id or that of another capture; otherwise note its id as taken."""
        if kind not in CAPTURES:
            return False
        owner = self._ids.setdefault(hash(record_id), hash((url, date))) if record_id else None
        return owner != hash((url, date)) or self._is_id_used(record_id, url, date)

    def _damage(self, offset: int, problem: str) -> None:
        self.damages.append(DamagedFileError(self._source, offset, problem, kept=N_("the records around it are kept")))


def _is_rest_blank(file: IO[bytes], offset: int) -> bool:
    file.seek(offset)
    start = file.read(SLICE)
    return not start.strip(b"\0\r\n \t") and not file.read(1)


def _url(head: RecordHead) -> str:
    return head.get("WARC-Target-URI").removeprefix("<").removesuffix(">")


def _made_id(head: RecordHead, block: RecordBlock) -> str:
    digest = hashlib.sha1(usedforsecurity=False)
    for piece in _pieces(block.file, block.size):
        digest.update(piece)
    block.file.seek(0)
    what = " ".join((head.get("WARC-Type"), _url(head), head.get("WARC-Date"), digest.hexdigest()))
    return f"<urn:uuid:{uuid.uuid5(_NAMESPACE, what)}>"


def _warc_head(arc: RecordHead, block: RecordBlock) -> RecordHead | None:
    """Return the head of a WARC record for a record of an ARC file; None for the file's version block."""
    found = ARC_LINE.fullmatch(arc.lines[0])
    if not found or found["url"].startswith(b"filedesc"):
        return None
    url, ip, mime, date = (found[name].decode("utf-8", "replace") for name in ("url", "ip", "mime", "date"))
    is_http = block.file.read(5) == b"HTTP/"
    block.file.seek(0)
    fields = [
        ("WARC-Type", "response" if is_http else "resource"),
        ("WARC-Target-URI", url),
        ("WARC-Date", captured_at(date[:14]) or date),
        *([] if ip == "0.0.0.0" else [("WARC-IP-Address", ip)]),  # noqa: S104 - what ARC writers put for a missing address
        ("Content-Type", "application/http; msgtype=response" if is_http else mime),
        ("Content-Length", str(block.size)),
    ]
    head = RecordHead(
        lines=(VERSION.encode(), *(f"{name}: {value}".encode() for name, value in fields)), length=block.size
    )
    return head.with_field("WARC-Record-ID", _made_id(head, block))


def _pieces(file: IO[bytes], size: int) -> Iterator[bytes]:
    while size and (piece := file.read(min(size, SLICE))):
        size -= len(piece)
        yield piece


def _member(head: bytes, block: RecordBlock) -> Iterator[bytes]:
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    check, size = zlib.crc32(head), len(head)
    yield GZIP_HEADER + packer.compress(head)
    for piece in _pieces(block.file, block.size):
        check, size = zlib.crc32(piece, check), size + len(piece)
        yield packer.compress(piece)
    check, size = zlib.crc32(RECORD_END, check), size + len(RECORD_END)
    yield packer.compress(RECORD_END) + packer.flush()
    yield check.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")
