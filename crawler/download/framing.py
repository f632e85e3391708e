"""Find where an HTTP/1 response ends as its bytes arrive, without I/O; archive.http parses its head.

The rules are RFC 9112, sections 4 to 7, applied as tolerantly as in browsers, because an archive should hold what people saw:
bare LF line ends, no reason phrase, space before the colon, lines without a colon, `ICY` and `HTTP/2` status lines and
`Transfer-Encoding: identity` are accepted. Anything that cannot be followed safely (a broken chunk size) ends the exchange.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.http import HEAD_END, NO_BODY, NotHttp, ResponseHead, dechunk, parse_head, skip_empty_lines
from archive.http.coding import is_whole
from crawler.download.errors import BadFramingError, HeadersTooLargeError, NotHttpError, ShortBodyError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.download.errors import ExchangeError

_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;|$)")
_LAST_TAGS = (b"</html>", b"</rss>", b"</feed>", b"</urlset>", b"</sitemapindex>")
_MOST_DECODED = 50 << 20  # bytes that are decoded to check whether a stream is complete
_CHUNK_LINE_LIMIT = 16 * 1024  # bytes; no useful chunk extension is longer
_MOST_CHUNKS = 20_000  # 10 MB in chunks of 500 bytes; a million of one byte each would hold the reactor for seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Maximum bytes of one response: header blocks in total (with interim ones), one line, the body as framed."""

    header_bytes: int
    line_bytes: int
    body_bytes: int


class ResponseFraming:
    """One response as it arrives. Call `feed` until it returns True, or `close` when the connection ends.

    `received` holds every byte since the request; `start` is where the final response begins (after interim ones and empty lines),
    `end` where it ends (later bytes belong to no message that was requested).
    """

    def __init__(self, *, method: bytes, limits: Limits, read_partial: bool = False, tolerant: bool = False) -> None:
        self.received = bytearray()
        self.start = 0
        self.end = 0
        self.head: ResponseHead | None = None
        self.complete = False
        self._method = method
        self._limits = limits
        self._read_partial = read_partial  # otherwise a body whose declared length is too large is not read at all
        self._body_start = 0
        self._position = 0  # of the next unread byte
        self._scanned = 0  # end of the part searched for a line end without success
        self._remaining = 0  # bytes of the body, or of the chunk
        self._chunks = 0
        self._tolerant = tolerant  # read a body with wrong framing to its end
        self.damage: ExchangeError | None = None
        self._step: Callable[[], bool] = self._read_head

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; return True once the message is complete. Raises ExchangeError for an exceeded limit or invalid syntax."""
        self.received += data
        self.end = len(self.received)
        try:
            while not self.complete and self._step():
                pass
        except BadFramingError as error:
            if not self._tolerant or self._chunks > _MOST_CHUNKS:
                raise
            self.damage, self._step = error, self._read_damaged
            self._read_damaged()
        return self.complete

    def close(self) -> ExchangeError | None:
        """Handle the end of the connection: return None if that ends the message, else the error."""
        if self.complete:
            return None
        if self._step in (self._read_until_close, self._read_damaged):
            self.complete = True
            return self.damage
        return ShortBodyError(len(self.received) - self._body_start) if self.head is not None else None

    @property
    def persistent(self) -> bool:
        """True if the connection may be reused (RFC 9112, section 9.3): no bytes left over, no `close`."""
        head = self.head
        if (
            self.damage
            or not self.complete
            or head is None
            or self.end != len(self.received)
            or self._step == self._read_until_close
        ):
            return False
        said, coded, version = head.words("Connection"), head.all("Transfer-Encoding"), head.version.upper()
        if "close" in said or (coded and head.all("Content-Length")):
            return False  # both: typical of request smuggling, so the connection must not be reused
        if head.status == 101 or (coded and version == "HTTP/1.0"):
            return False  # another protocol from here on; a coding that HTTP/1.0 does not have (RFC 9112, section 6.1)
        return version == "HTTP/1.1" or "keep-alive" in said

    @property
    def body(self) -> bytes:
        """The body without its transfer coding, with its content coding."""
        body = bytes(memoryview(self.received)[self._body_start : self.end])
        return dechunk(body) if self.head is not None and self.head.is_chunked else body

    @property
    def is_all_there(self) -> bool:
        """Whether a body that ended wrongly seems complete: it has its last tag, its last chunk or the end of its coding."""
        if self.head is None:
            return False
        if self._step == self._read_chunk_size and self._chunks and self._position == len(self.received):
            return True
        codings = self.head.words("Content-Encoding")
        if len(codings) == 1:
            return is_whole(self.body, codings[0], _MOST_DECODED)
        return not codings and any(tag in bytes(self.received[-1024:]).lower() for tag in _LAST_TAGS)

    @property
    def ends_with_tag(self) -> bool:
        """Whether the body ends with a tag: a page without its closing tags does, a truncated page hardly ever."""
        return (
            self.head is not None and not self.head.words("Content-Encoding") and self.received.rstrip().endswith(b">")
        )

    # Each step reads from `_position` and returns whether the next step can follow at once.

    def _read_head(self) -> bool:
        received, limits = self.received, self._limits
        self._position = skip_empty_lines(received, self._position)
        self._refuse_other_protocols()
        match = HEAD_END.search(received, max(self._scanned - 3, self._position))
        stop = match.end() if match else len(received)
        if stop > limits.header_bytes:
            raise HeadersTooLargeError(limits.header_bytes)
        if stop - self._position > limits.line_bytes:
            self._check_lines(stop)
        if match is None:
            self._scanned = stop
            return False
        head = self._parse(stop)
        begin, self._position, self._scanned = self._position, stop, stop
        if 100 <= head.status < 200 and head.status != 101:
            self.start = stop
            return True
        self.start, self.head, self._body_start = begin, head, stop
        self._frame(head)
        return True

    def _parse(self, stop: int) -> ResponseHead:
        try:
            return parse_head(bytes(memoryview(self.received)[self._position : stop]))
        except NotHttp as error:
            raise NotHttpError(error.start.splitlines()[0]) from None

    def _refuse_other_protocols(self) -> None:
        first = bytes(self.received[self._position : self._position + 4]).upper()
        if first and not b"HTTP".startswith(first) and not b"ICY ".startswith(first):
            raise NotHttpError(bytes(self.received[self._position : self._position + 80]))

    def _check_lines(self, stop: int) -> None:
        """Raise if any line up to `stop` is longer than the limit; only the bytes of the last line are scanned twice."""
        start = max(self.received.rfind(b"\n", self._position, self._scanned), self._position)
        while start < stop:
            end = self.received.find(b"\n", start + 1, stop)
            if (end if end >= 0 else stop) - start > self._limits.line_bytes:
                raise HeadersTooLargeError(self._limits.line_bytes)
            if end < 0:
                return
            start = end

    def _frame(self, head: ResponseHead) -> None:
        """Choose how the body ends: RFC 9112, section 6.3."""
        tunnel = self._method == b"CONNECT" and 200 <= head.status < 300
        if self._method == b"HEAD" or head.status in NO_BODY or tunnel:
            self._finish(self._position)
            return
        length = head.content_length
        if head.is_chunked:
            self._step = self._read_chunk_size
        elif head.transfer_codings or length is None:
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

    def _read_damaged(self) -> bool:
        """Read a body whose framing is broken, up to its last tag or the end of the connection."""
        self._check_body()
        if bytes(self.received[-16:]).rstrip().lower().endswith(b"</html>"):
            self._finish(len(self.received))
        return False

    def _read_length(self) -> bool:
        self._check_body()
        if len(self.received) - self._body_start >= self._remaining:
            self._finish(self._body_start + self._remaining)
        return False

    def _line(self) -> bytes | None:
        """Return the next line without its end, or None while it is incomplete."""
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
        self._check_body()
        taken = min(self._remaining, len(self.received) - self._position)
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
