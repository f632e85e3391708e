"""Finds where an HTTP/1 response ends: wire bytes in as they come, the message's head, body and last byte out; no I/O.

The rules are RFC 9112, sections 4 to 7, read as tolerantly as browsers read them, because an archive wants what people
saw: bare LF line ends, no reason phrase, space before the colon, lines without a colon, `ICY` and `HTTP/2` status lines
and `Transfer-Encoding: identity` are taken. What cannot be followed safely (a broken chunk size) ends the exchange.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.download.errors import BadFramingError, HeadersTooLargeError, NotHttpError, ShortBodyError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.download.errors import ExchangeError

_HEAD_END = re.compile(rb"\n\r?\n")
_STATUS_LINE = re.compile(rb"(?i)(HTTP/\d+(?:\.\d+)?|ICY)[ \t]+(\d{1,3})(?:[ \t]|$)")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;|$)")
_CHUNK_LINE_LIMIT = 16 * 1024  # bytes; a chunk extension has no use that is longer
_MOST_CHUNKS = 20_000  # 10 MB in chunks of 500 bytes; a million of one byte each would hold the reactor for seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bytes that one response may have: header blocks in total (interim ones too), one line, the body as framed."""

    header_bytes: int
    line_bytes: int
    body_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Status line and header block; `headers` are (name, value) as sent, folds joined, outer blanks cut off."""

    version: str
    status: int
    headers: tuple[tuple[bytes, bytes], ...]

    def values(self, name: bytes) -> list[bytes]:
        """The values of the header `name` (given in lower case), in the order in which they came."""
        return [value for key, value in self.headers if key.lower() == name]


def parse_head(block: bytes) -> Head:
    """Status line and headers of `block`, up to and with the empty line; raises NotHttpError for no status line."""
    lines = block.split(b"\n")
    match = _STATUS_LINE.match(lines[0].rstrip(b"\r"))
    if match is None:
        raise NotHttpError(lines[0][:80])
    headers: list[tuple[bytes, bytes]] = []
    for raw in lines[1:]:
        line = raw.rstrip(b"\r")
        if line[:1] in (b" ", b"\t") and headers:
            name, value = headers[-1]
            headers[-1] = (name, (value + b" " + line.strip()).strip())
            continue
        name, colon, value = line.partition(b":")
        if colon and name.strip():
            headers.append((name.strip(), value.strip()))
    return Head(version=match[1].decode("ascii").upper(), status=int(match[2]), headers=tuple(headers))


def content_length(head: Head) -> int | None:
    """The length that the headers agree on, or None if there is none to believe (RFC 9112, section 6.3, item 5)."""
    given = {part.strip() for value in head.values(b"content-length") for part in value.split(b",")}
    if len(given) != 1:
        return None
    (value,) = given
    return int(value) if value.isdigit() and len(value) < 20 else None


class ResponseFraming:
    """One response as it comes in. `feed` it until it says True, or `close` it when the connection ends.

    `received` holds every byte since the request; `start` is where the final response begins (after interim 1xx ones),
    `end` where it ends (bytes past it belong to no message that we asked for).
    """

    def __init__(self, *, method: bytes, limits: Limits, read_partial: bool = False) -> None:
        self.received = bytearray()
        self.start = 0
        self.end = 0
        self.head: Head | None = None
        self.complete = False
        self._method = method
        self._limits = limits
        self._read_partial = read_partial  # else a body that announces too much is not even begun
        self._body_start = 0
        self._position = 0  # where the next unread byte lies
        self._scanned = 0  # up to where we looked for a line end in vain
        self._remaining = 0  # of the body, or of the chunk
        self._chunked: bytearray | None = None
        self._chunks = 0
        self._step: Callable[[], bool] = self._read_head

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; True once the message is whole. Raises ExchangeError for a broken limit or grammar."""
        self.received += data
        self.end = len(self.received)
        while not self.complete and self._step():
            pass
        return self.complete

    def close(self) -> ExchangeError | None:
        """The connection ended: None if that is how this message ends, else what is wrong with it."""
        if self.complete:
            return None
        if self._step == self._read_until_close:
            self.complete = True
            return None
        return ShortBodyError(len(self.received) - self._body_start) if self.head is not None else None

    @property
    def persistent(self) -> bool:
        """True if the connection may be used again (RFC 9112, section 9.3): nothing left over, nobody said close."""
        head = self.head
        if not self.complete or head is None or self.end != len(self.received) or self._step == self._read_until_close:
            return False
        said = {part.strip().lower() for value in head.values(b"connection") for part in value.split(b",")}
        coded = head.values(b"transfer-encoding")
        if b"close" in said or (coded and head.values(b"content-length")):
            return False  # both: the stuff of smuggling, the connection must not be used again
        if head.status == 101 or (coded and head.version == "HTTP/1.0"):
            return (
                False  # another protocol from here on; or a coding that HTTP/1.0 does not have (RFC 9112, section 6.1)
            )
        return head.version == "HTTP/1.1" or b"keep-alive" in said

    @property
    def body(self) -> bytes:
        """The body with the transfer coding taken off and the content coding left on."""
        if self._chunked is not None:
            return bytes(self._chunked)
        return bytes(memoryview(self.received)[self._body_start : self.end])

    # Each step reads on from `_position` and says whether another step can follow at once.

    def _read_head(self) -> bool:
        received, limits = self.received, self._limits
        while (
            bytes(received[self._position : self._position + 1]) in {b"\r", b"\n"} and self._position - self.start < 4
        ):
            self._position += (
                1  # empty lines before the status line are skipped, as RFC 9112, section 2.2, asks of servers
            )
        self._refuse_other_protocols()
        match = _HEAD_END.search(received, max(self._scanned - 3, self._position))
        stop = match.end() if match else len(received)
        if stop > limits.header_bytes:
            raise HeadersTooLargeError(limits.header_bytes)
        if stop - self._position > limits.line_bytes:
            self._check_lines(stop)
        if match is None:
            self._scanned = stop
            return False
        head = parse_head(bytes(memoryview(received)[self._position : stop]))
        self._position = self._scanned = stop
        if 100 <= head.status < 200 and head.status != 101:
            self.start = stop
            return True
        self.head, self._body_start = head, stop
        self._frame(head)
        return True

    def _refuse_other_protocols(self) -> None:
        first = bytes(self.received[self._position : self._position + 5]).upper()
        if first and not (b"HTTP/".startswith(first) or b"ICY ".startswith(first[:4])):
            raise NotHttpError(bytes(self.received[self._position : self._position + 80]))

    def _check_lines(self, stop: int) -> None:
        """Raise if any line up to `stop` is longer than the limit; no byte is looked at twice but the last line's."""
        start = max(self.received.rfind(b"\n", self._position, self._scanned), self._position)
        while start < stop:
            end = self.received.find(b"\n", start + 1, stop)
            if (end if end >= 0 else stop) - start > self._limits.line_bytes:
                raise HeadersTooLargeError(self._limits.line_bytes)
            if end < 0:
                return
            start = end

    def _frame(self, head: Head) -> None:
        """Choose how the body ends: RFC 9112, section 6.3."""
        tunnel = self._method == b"CONNECT" and 200 <= head.status < 300
        if self._method == b"HEAD" or head.status in (101, 204, 304) or tunnel:
            self._finish(self._position)
            return
        codings = [part.strip().lower() for value in head.values(b"transfer-encoding") for part in value.split(b",")]
        codings = [coding for coding in codings if coding not in (b"", b"identity")]
        length = content_length(head)
        if codings and codings[-1] == b"chunked":
            self._chunked = bytearray()
            self._step = self._read_chunk_size
        elif codings or length is None:
            self._step = self._read_until_close
        elif length == 0:
            self._finish(self._position)
        else:
            if length > self._limits.body_bytes and not self._read_partial:
                raise TooLargeError(self._limits.body_bytes)
            self._remaining = length
            self._step = self._read_length

    def _finish(self, end: int) -> None:
        self.end, self.complete = end, True

    def _check_body(self) -> None:
        if len(self.received) - self._body_start > self._limits.body_bytes:
            raise TooLargeError(self._limits.body_bytes)

    def _read_until_close(self) -> bool:
        self._check_body()
        return False

    def _read_length(self) -> bool:
        self._check_body()
        if len(self.received) - self._body_start >= self._remaining:
            self._finish(self._body_start + self._remaining)
        return False

    def _line(self) -> bytes | None:
        """The next line without its end, or None while it is not all here."""
        end = self.received.find(b"\n", max(self._scanned, self._position))
        if (end if end >= 0 else len(self.received)) - self._position > _CHUNK_LINE_LIMIT:
            raise BadFramingError("chunk line too long")
        if end < 0:
            self._scanned = len(self.received)
            return None
        line = bytes(memoryview(self.received)[self._position : end])
        self._position = self._scanned = end + 1
        return line.rstrip(b"\r")

    def _read_chunk_size(self) -> bool:
        self._check_body()
        line = self._line()
        if line is None:
            return False
        match = _CHUNK_SIZE.match(line)
        if match is None:
            raise BadFramingError(f"chunk size {line[:40]!r}")
        self._remaining = int(match[1], 16)
        self._chunks += 1
        if self._chunks > _MOST_CHUNKS:
            raise BadFramingError(f"more than {_MOST_CHUNKS} chunks")
        self._step = self._read_chunk if self._remaining else self._read_trailer
        return True

    def _read_chunk(self) -> bool:
        assert self._chunked is not None  # noqa: S101
        self._check_body()
        piece = memoryview(self.received)[self._position : self._position + self._remaining]
        taken = len(piece)
        self._chunked += piece
        piece.release()
        self._position += taken
        self._scanned = self._position
        self._remaining -= taken
        if self._remaining:
            return False
        self._step = self._read_chunk_end
        return True

    def _read_chunk_end(self) -> bool:
        line = self._line()
        if line is None:
            return False
        if line:
            raise BadFramingError(f"{line[:40]!r} where a chunk should end")
        self._step = self._read_chunk_size
        return True

    def _read_trailer(self) -> bool:
        self._check_body()
        line = self._line()
        if line is None:
            return False
        if not line:
            self._finish(self._position)
        return True
