"""Parse the exact bytes of an HTTP/1 message: head, payload and decoded body, all bounded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from archive.errors import ArchiveError
from archive.http.coding import GZIP_MAGIC, ZSTD_MAGIC, BadCoding, TooLarge, inflate, is_whole, looks_plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "HEAD_END",
    "NO_BODY",
    "BadCoding",
    "NotHttp",
    "Response",
    "ResponseHead",
    "TooLarge",
    "dechunk",
    "decode",
    "inflate",
    "is_cut_off",
    "link_fields",
    "parse_head",
    "parse_response",
    "payload",
    "skip_empty_lines",
    "split_head",
]

STATUS_LINE = re.compile(
    r"(HTTP(?:/[ \t]+[0-9]\.[0-9]|/?[0-9.]*)|ICY)[ \t]+([0-9]{1,3})(?![0-9])[ \t]*(.*)", re.IGNORECASE | re.DOTALL
)
HEAD_END = re.compile(rb"\n\r?\n")
EMPTY_LINES = re.compile(rb"[\r\n]*")
LENGTH = re.compile(r"[0-9]{1,19}")
"""A valid Content-Length: decimal, and within 64 bits."""
BLANKS = " \t"
"""The blanks around a value (RFC 9110, section 5.6.3); other control characters belong to the value."""
LAST_CHUNK = re.compile(rb"\n0\r?\n\r?\n\Z")
NO_BODY = frozenset({101, 204, 304})
"""Statuses whose response ends with its head (RFC 9112, section 6.3, rule 1); 101 continues in another protocol."""


class NotHttp(ArchiveError):  # noqa: N818 - the word that callers read: "except NotHttp"
    """The bytes do not start with an HTTP status line; `start` holds the first of them."""

    def __init__(self, data: bytes) -> None:
        self.start = bytes(data[:80])
        super().__init__(f"no HTTP status line at the start of the response: {self.start!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseHead:
    """Status line and fields of a response.

    `headers` are latin-1 strings in order, names as served, values without the blanks around them, folded lines joined by one space.
    """

    status: int
    reason: str
    version: str
    headers: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        """Return every value of the field `name` (any case), in order."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of the field `name` (any case), or `default`."""
        return next(iter(self.all(name)), default)

    def words(self, name: str) -> list[str]:
        """Return the comma-separated words of the field `name`, over all its lines, in lower case."""
        return [word for value in self.all(name) for part in value.split(",") if (word := part.strip(BLANKS).lower())]

    @property
    def transfer_codings(self) -> list[str]:
        """The transfer codings in the order in which they were applied; `identity` is none."""
        return [coding for coding in self.words("Transfer-Encoding") if coding != "identity"]

    @property
    def is_chunked(self) -> bool:
        """Whether chunks frame the body: only when chunked is the last coding (RFC 9112, section 6.3)."""
        return self.transfer_codings[-1:] == ["chunked"]

    @property
    def content_length(self) -> int | None:
        """The length that all Content-Length fields agree on; None if there is no valid one (RFC 9112, section 6.3, item 5)."""
        lengths = {part.strip(BLANKS) for value in self.all("Content-Length") for part in value.split(",")}
        if len(lengths) != 1 or not LENGTH.fullmatch(length := lengths.pop()):
            return None
        return int(length)


MOST_LINKS = 50
_LINK = re.compile(
    r"""<([^<>]{0,2000})>((?:\s*+;\s*+[\w!#$&+.^`|~*-]{1,50}+(?:\s*+=\s*+(?:"[^"]{0,1000}"|[^\s;,"]{0,1000}+))?+)*+)"""
)
_LINK_PARAMETER = re.compile(r""";\s*+([\w!#$&+.^`|~*-]+)\s*+=\s*+(?:"([^"]*)"|([^\s;,"]*))""")


def link_fields(headers: Iterable[tuple[str, str]]) -> Iterator[dict[str, str]]:
    """Yield the links of the `Link` fields (RFC 8288, section 3) as the attributes of `<link>`; those with another context are omitted."""
    fields = ",".join(value for name, value in headers if name.lower() == "link")[:16_384]
    for target, parameters in islice(_LINK.findall(fields), MOST_LINKS):
        found = [(name.lower(), quoted or bare) for name, quoted, bare in _LINK_PARAMETER.findall(parameters)]
        if not any(name == "anchor" for name, _ in found):
            yield {"href": target, **dict(reversed(found))}  # the first of several `rel` counts


def skip_empty_lines(data: bytes | bytearray, start: int) -> int:
    """Return where the message after the empty lines at `start` begins: RFC 9112, section 2.2, asks to skip one or more."""
    empty = EMPTY_LINES.match(data, start)
    return empty.end() if empty else start


def parse_head(block: bytes) -> ResponseHead:
    """Parse a head. Bare line feeds, no reason phrase, lines without a colon (dropped) and a truncated head are accepted.

    Raises:
        NotHttp: the bytes do not start with a status line.
    """
    lines = _unfold(block.decode("latin-1").lstrip("\r\n").split("\n"))
    first = STATUS_LINE.match(lines[0]) if lines else None
    if first is None:
        raise NotHttp(block)
    fields = (line.partition(":") for line in lines[1:])
    headers = tuple(
        (name.strip(BLANKS), value.strip(BLANKS)) for name, colon, value in fields if colon and name.strip(BLANKS)
    )
    return ResponseHead(status=int(first[2]), reason=first[3].rstrip(), version=first[1], headers=headers)


def _unfold(lines: list[str]) -> list[str]:
    """Drop line ends and empty lines, and join obsolete line folding (RFC 9112, section 5.2)."""
    parts: list[list[str]] = []
    for raw in lines:
        line = raw.rstrip("\r")
        if not line:
            continue
        if line[0] in BLANKS and len(parts) > 1:
            parts[-1].append(line.strip(BLANKS))
        else:
            parts.append([line])
    return [" ".join(part) for part in parts]


# Parse an HTTP/1 response from its exact bytes: head, payload as WARC digests it, decoded body.

CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]+)[^\n]*\n")
SIZE_DIGITS = 16  # a chunk size over 64 bits is invalid
MAX_CODINGS = 5  # curl's MAX_ENCODE_STACK; no real server stacks more


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(ResponseHead):
    """One parsed response; `head + body` are the original bytes.

    `head` includes the empty line. `body` is as framed on the wire: chunked, encoded, with any bytes that follow it.
    """

    head: bytes
    body: bytes


def split_head(data: bytes) -> tuple[bytes, bytes]:
    """Split a message after the empty line of its head, without counting empty lines before it; a head that never ends is everything."""
    end = HEAD_END.search(data, skip_empty_lines(data, 0))
    return (data[: end.end()], data[end.end() :]) if end else (data, b"")


def parse_response(data: bytes, *, head: ResponseHead | None = None) -> Response:
    """Parse a final response from its exact bytes; `head` is its head where it has been parsed already.

    Raises:
        NotHttp: the bytes do not start with a status line.
    """
    block, body = split_head(data)
    known = head or parse_head(block)
    return Response(
        status=known.status, reason=known.reason, version=known.version, headers=known.headers, head=block, body=body
    )


def payload(response: Response) -> bytes:
    """Return the payload without transfer coding but with its content coding: the bytes that WARC-Payload-Digest covers.

    A body whose framing contradicts its head (not really chunked, an invalid length) is returned unchanged.
    """
    if response.status in NO_BODY:
        return b""
    if response.transfer_codings:
        return dechunk(response.body) if response.is_chunked else response.body
    length = response.content_length
    return response.body[:length] if length is not None and _is_measured(response) else response.body


def _is_measured(response: Response) -> bool:
    """Return whether Content-Length can count this body: some tools store it decoded, its compressed length in the head."""
    codings = response.words("Content-Encoding")
    is_other = any("gzip" in coding for coding in codings) and not response.body.startswith(GZIP_MAGIC)
    return not codings or not (is_other or looks_plain(response.body))


def dechunk(body: bytes) -> bytes:
    """Remove chunk framing; stop at the last chunk, at a truncation, or where the chunks become invalid."""
    at, chunks, view = 0, [], memoryview(body)
    while line := CHUNK_SIZE.match(body, at):
        digits = line[1].lstrip(b"0")
        if len(digits) > SIZE_DIGITS:
            break
        size = int(digits or b"0", 16)
        start = line.end()
        chunks.append(view[start : start + size])
        if not size:
            return b"".join(chunks)
        if start + size > len(body):  # truncated; a size may also exceed any offset
            break
        at = start + size
        at += 2 if body.startswith(b"\r\n", at) else body.startswith(b"\n", at)
    return b"".join(chunks) if chunks else body


def decode(response: Response, limit: int) -> bytes:
    """Return the body with every coding removed, at most `limit` bytes.

    It handles gzip, deflate (with and without the zlib wrapper), br and zstd, up to five in a stack. A body that is not coded as
    the head says is returned unchanged; of a truncated stream, the part that decodes. A page that is still gzip or zstd afterwards was
    compressed once more than the head says, and is decoded again.

    Raises:
        TooLarge: more than `limit` bytes.
        BadCoding: nothing can be decoded, or too many codings on top of each other.
    """
    codings = response.words("Content-Encoding") + response.words("Transfer-Encoding")
    named = [coding for coding in codings if coding != "chunked"]
    if len(named) > MAX_CODINGS:
        raise BadCoding(", ".join(named[: MAX_CODINGS + 1]), "too many codings on top of each other")
    data = payload(response)
    for coding in reversed(named):
        data = inflate(data, coding, limit)
    is_packed = data.startswith((GZIP_MAGIC, ZSTD_MAGIC)) and "html" in response.get("Content-Type").lower()
    return inflate(data, "gzip" if is_packed else "identity", limit)


def is_cut_off(response: Response, decoded: bytes, limit: int) -> bool:
    """Return whether the coding of a page breaks off within a message that is framed as complete: a server or cache has lost the rest.

    `decoded` is what `decode` made of it. A page that ends with a tag is not cut off, because some servers never end their coding.
    """
    codings, data = response.words("Content-Encoding"), payload(response)
    if len(codings) != 1 or decoded.rstrip().endswith(b">") or decoded == data:
        return False
    is_framed = (
        LAST_CHUNK.search(response.body) if response.is_chunked else response.content_length == len(response.body)
    )
    return bool(is_framed) and not is_whole(data, codings[0], limit)
