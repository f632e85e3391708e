"""Parses an HTTP/1 response as leniently as browsers do: exact bytes in; status, fields, payload, body out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from archive.errors import ArchiveError
from archive.http.coding import BadCoding, inflate

STATUS_LINE = re.compile(r"(HTTP/?[0-9.]*|ICY)[ \t]+([0-9]{1,3})(?![0-9])[ \t]*(.*)", re.IGNORECASE | re.DOTALL)
HEAD_END = re.compile(rb"\r?\n\r?\n")
CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]+)[^\n]*\n")
SIZE_DIGITS = 16  # a chunk size past 64 bits cannot be meant
MAX_CODINGS = 5  # curl's MAX_ENCODE_STACK: nobody stacks more in earnest
NO_BODY = frozenset({204, 304})  # RFC 9112, section 6.3, rule 1


class NotHttp(ArchiveError):  # noqa: N818 - the word that callers read: "except NotHttp"
    """The bytes do not start with an HTTP status line; `start` holds the first of them."""

    def __init__(self, data: bytes) -> None:
        self.start = bytes(data[:80])
        super().__init__(f"no HTTP status line at the start of the response: {self.start!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One response, taken apart; `head + body` are the bytes that were given.

    `headers` are latin-1 strings in order, names as served, values without the white space around them, folded lines
    joined by one space. `head` includes the empty line. `body` is as framed on the wire: chunked, encoded, with whatever
    came after it.
    """

    status: int
    reason: str
    version: str
    headers: tuple[tuple[str, str], ...]
    head: bytes
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every value of the field `name` (any case), in order."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def get(self, name: str, default: str = "") -> str:
        """The first value of the field `name` (any case), or `default`."""
        return next(iter(self.all(name)), default)


def split_head(data: bytes) -> tuple[bytes, bytes]:
    """The header block with its empty line, and what follows it; a message whose head never ends is all head."""
    end = HEAD_END.search(data)
    return (data, b"") if end is None else (data[: end.end()], data[end.end() :])


def split_interim(data: bytes) -> tuple[bytes, bytes]:
    """Splits the 1xx responses (not 101, which is final) off the front of what a connection sent for one request."""
    at = 0
    while interim := INTERIM.match(data, at):
        end = HEAD_END.search(data, interim.start())
        if end is None:
            break
        at = end.end()
    return data[:at], data[at:]


INTERIM = re.compile(rb"HTTP/1\.[01] 1(?!01)[0-9][0-9](?![0-9])")


def parse_response(data: bytes) -> Response:
    """Parses a final response from its exact bytes.

    Takes what browsers take: bare line feeds, no reason phrase, lines without a colon (dropped), a head cut short.

    Raises:
        NotHttp: the bytes do not start with a status line.
    """
    head, body = split_head(data)
    lines = _unfold(head.decode("latin-1").lstrip("\r\n").split("\n"))
    first = STATUS_LINE.match(lines[0]) if lines else None
    if first is None:
        raise NotHttp(data)
    fields = (line.partition(":") for line in lines[1:])
    headers = tuple((name.strip(), value.strip(" \t")) for name, colon, value in fields if colon and name.strip())
    return Response(
        status=int(first[2]), reason=first[3].rstrip(), version=first[1], headers=headers, head=head, body=body
    )


def _unfold(lines: list[str]) -> list[str]:
    """Drops line ends and empty lines, and joins obsolete line folding (RFC 9112, section 5.2)."""
    parts: list[list[str]] = []
    for raw in lines:
        line = raw.rstrip("\r")
        if not line:
            continue
        if line[0] in " \t" and len(parts) > 1:
            parts[-1].append(line.strip(" \t"))
        else:
            parts.append([line])
    return [" ".join(part) for part in parts]


def payload(response: Response) -> bytes:
    """What was served, transfer coding off and content coding kept: the bytes that WARC-Payload-Digest covers.

    A body that is not framed as its head says (chunked that is not, a length that is none) is taken as it is.
    """
    if response.status in NO_BODY:
        return b""
    codings = _words(response, "Transfer-Encoding")
    if codings:
        return _dechunk(response.body) if "chunked" in codings else response.body
    lengths = {value.strip() for field in response.all("Content-Length") for value in field.split(",")}
    if len(lengths) != 1 or not (length := lengths.pop()).isdecimal() or len(length) > SIZE_DIGITS:
        return response.body
    return response.body[: int(length)] if _is_measured(response) else response.body


def _is_measured(response: Response) -> bool:
    """Whether Content-Length can count this body: some tools store it decoded, its compressed length in the head."""
    return "gzip" not in response.get("Content-Encoding").lower() or response.body[:2] == b"\x1f\x8b"


def _words(response: Response, name: str) -> list[str]:
    """The comma-separated words of a field, over all its lines, in lower case."""
    return [word for field in response.all(name) for part in field.split(",") if (word := part.strip().lower())]


def _dechunk(body: bytes) -> bytes:
    """Takes chunk framing off; stops at the last chunk, at the cut, or where it is no longer chunks."""
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
        if start + size > len(body):  # cut; a size may also be more than a place can be
            break
        at = start + size
        at += 2 if body.startswith(b"\r\n", at) else body.startswith(b"\n", at)
    return b"".join(chunks) if chunks else body


def decode(response: Response, limit: int) -> bytes:
    """The body as its author wrote it, every coding off, at most `limit` bytes.

    gzip, deflate (with and without the zlib wrapper), br and zstd, in any stack up to five. A body that is not coded as
    the head says is given as it is; a stream that is cut or breaks off gives what decodes before that.

    Raises:
        TooLarge: more than `limit` bytes.
        BadCoding: nothing can be decoded, or too many codings on top of each other.
    """
    codings = _words(response, "Content-Encoding") + _words(response, "Transfer-Encoding")
    named = [coding for coding in codings if coding != "chunked"]
    if len(named) > MAX_CODINGS:
        raise BadCoding(", ".join(named[: MAX_CODINGS + 1]), "too many codings on top of each other")
    data = payload(response)
    for coding in reversed(named):
        data = inflate(data, coding, limit)
    return inflate(data, "identity", limit)
