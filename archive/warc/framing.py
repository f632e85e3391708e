"""Read one WARC record at a position of a file. warcio is not used because it accepts a truncated record as complete."""

from __future__ import annotations

import hashlib
import io
import zlib
from base64 import b32encode
from dataclasses import dataclass
from functools import cached_property
from typing import IO

from warcio.statusandheaders import StatusAndHeadersParser, StatusAndHeadersParserException

from archive.capture import Location
from archive.http import NotHttp, Response, parse_response
from archive.locale import N_
from archive.warc.record import RECORD_END, WARC_FIELDS

SLICE = 1 << 15
"""Compressed bytes read at once."""
AT_ONCE = 1 << 20
"""Bytes decompressed at once: a decompression bomb turns one byte into a thousand."""
MAX_HEAD = 1 << 18
"""The largest WARC header, in bytes; the largest ones in practice have a URL of about 64 kB."""
MAX_BLOCK = 1 << 28
"""Bytes of a record's block that are kept in memory; the rest is only read for the digest."""
PAGE_BLOCK = 32 << 20
"""Bytes of a record's block that are read to parse its page: a body of more than 20 MB is refused when it is decoded."""
CAPTURES = frozenset({"response", "revisit", "resource"})
"""Types of records that hold the content of a URL; a resource is only the body."""
VERSIONS = ["WARC/1.1", "WARC/1.0", "WARC/0.18", "WARC/0.17"]


@dataclass(frozen=True, kw_only=True)  # without slots: `http` is cached
class Record:
    """One WARC record: its location, its header fields in order, its block, and the computed digest of the block.

    `length` is the true size of the block; `block` is shorter when it exceeds the limit of the reader.
    `member_header` has the first ten bytes of its gzip member (b"" in an uncompressed file).
    """

    location: Location
    headers: tuple[tuple[str, str], ...]
    block: bytes
    length: int
    block_digest: str
    member_header: bytes = b""

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of the field `name` (any case), or `default`."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), default)

    @property
    def type(self) -> str:
        """Return WARC-Type in lower case."""
        return self.get("WARC-Type").lower()

    @property
    def id(self) -> str:
        """Return WARC-Record-ID with its angle brackets."""
        return self.get("WARC-Record-ID")

    @property
    def url(self) -> str:
        """Return WARC-Target-URI without the angle brackets that WARC/1.0 writers put around it."""
        return self.get("WARC-Target-URI").removeprefix("<").removesuffix(">")

    @property
    def date(self) -> str:
        """Return WARC-Date as written."""
        return self.get("WARC-Date")

    @cached_property
    def http(self) -> Response | None:
        """Return the HTTP response in the record, parsed once; None if it is not HTTP."""
        try:
            return parse_response(self.response)
        except NotHttp:
            return None

    @property
    def is_capture(self) -> bool:
        """Return whether the record holds the content of a URL: a response, a revisit, or a resource."""
        if self.type not in CAPTURES or not self.url[:8].lower().startswith(("http://", "https://")):
            return False
        return self.type != "resource" or not self.get("Content-Type").startswith(WARC_FIELDS)

    @property
    def response(self) -> bytes:
        """Return the bytes of the HTTP response in the record; for a resource, a response is constructed around the body."""
        if self.type != "resource":
            return self.block
        content_type = self.get("Content-Type").encode("utf-8", "replace")
        return b"HTTP/1.1 200 OK\r\nContent-Type: " + content_type + b"\r\n\r\n" + self.block

    @property
    def refers_to(self) -> tuple[str, str, str]:
        """Return record id, URL and WARC-Date of the original that a revisit names; each is '' if it is missing or this is no revisit."""
        if self.type != "revisit":
            return "", "", ""
        url = self.get("WARC-Refers-To-Target-URI").removeprefix("<").removesuffix(">")
        return self.get("WARC-Refers-To"), url, self.get("WARC-Refers-To-Date")

    @property
    def truncated(self) -> str:
        """Return WARC-Truncated, `segmented` for the first segment of a response (WARC 1.1, section 8), '' for a complete one."""
        return self.get("WARC-Truncated") or ("segmented" if self.get("WARC-Segment-Number") else "")

    @property
    def whole(self) -> bool:
        """Return whether `block` is the complete block."""
        return len(self.block) == self.length


class BrokenError(Exception):
    """Damage at this position of a file; becomes a DamagedFileError where the path is known."""


def read_one(file: IO[bytes], name: str, offset: int, max_block: int) -> Record | None:
    """Read the record at the file's position, up to its end; return None at the end of the file. Raises BrokenError."""
    magic = file.read(10)
    file.seek(offset)
    if not magic:
        return None
    gzipped = magic.startswith(b"\x1f\x8b")
    if not gzipped and not magic.startswith(b"WARC/"):
        raise BrokenError(N_("neither a gzip member nor a WARC record"))
    source = _Member(file) if gzipped else _Plain(file)
    headers, rest = _read_head(source)
    length = block_length(headers)
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
    """Decompressed bytes of one gzip member, in slices."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._stream = zlib.decompressobj(31)
        self.taken = 0
        self._read = 0

    def more(self) -> bytes:
        """Return the next bytes, b"" at the end of the member."""
        while not self._stream.eof:
            data = self._stream.unconsumed_tail
            if not data:
                data = self._file.read(SLICE)
                self._read += len(data)
            if not data:
                raise BrokenError(N_("truncated record (the gzip member does not end)"))
            try:
                decoded = self._stream.decompress(data, AT_ONCE)
            except zlib.error as error:
                raise BrokenError(N_(f"broken gzip member ({error})")) from error
            if decoded:
                return decoded
        return b""

    def finish(self, offset: int) -> int:
        if self.more():
            raise BrokenError(N_("several records in one gzip member, without random access (recompress the file)"))
        return offset + self._read - len(self._stream.unused_data)


def _read_head(source: _Plain | _Member) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Return the header fields, and the bytes read beyond them."""
    data = b""
    while (end := data.find(RECORD_END)) == -1:
        piece = source.more()
        if not piece or len(data) > MAX_HEAD:
            raise BrokenError(N_("WARC header without an end"))
        data += piece
    end += len(RECORD_END)
    if (
        b"\n\n" in data[:end] or b"\n\r\r\n" in data[:end]
    ):  # a blank line with other line ends: the block follows, not the head
        raise BrokenError(N_("WARC header with line ends other than CR LF (import the file, which rewrites it)"))
    source.taken += end
    try:
        parsed = StatusAndHeadersParser(VERSIONS).parse(io.BytesIO(data[:end]))
    except (StatusAndHeadersParserException, EOFError) as error:
        raise BrokenError(N_("no WARC version line")) from error
    return tuple(parsed.headers), data[end:]


def block_length(headers: tuple[tuple[str, str], ...]) -> int:
    """Return Content-Length. Raises BrokenError when it is not one number of at most 18 digits."""
    values = [value for name, value in headers if name.lower() == "content-length"]
    if len(values) != 1 or not values[0].isdecimal() or len(values[0]) > 18:
        raise BrokenError(N_("no Content-Length"))
    return int(values[0])


def _read_block(source: _Plain | _Member, data: bytes, length: int, max_block: int) -> tuple[bytes, str]:
    """Return the first `max_block` bytes of the block and the digest of the whole; also reads the two line ends after it."""
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
            raise BrokenError(N_(f"truncated record ({left} bytes of its block are missing)"))
    end = data[len(piece) :]
    while len(end) < len(RECORD_END) and (data := source.more()):
        end += data
    if not end.startswith(RECORD_END):
        raise BrokenError(N_("no end of record after the block"))
    source.taken += length + len(RECORD_END)
    if len(end) > len(RECORD_END) and isinstance(source, _Member):
        raise BrokenError(N_("several records in one gzip member, without random access (recompress the file)"))
    return b"".join(kept), "sha1:" + b32encode(digest.digest()).decode("ascii")
