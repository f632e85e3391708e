"""Take an HTTP/1 response apart from its exact bytes: head, payload as WARC digests it, body as its author wrote it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from archive.http.coding import BadCoding, inflate
from archive.http.head import NO_BODY, Head, head_end, parse_head

CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]+)[^\n]*\n")
SIZE_DIGITS = 16  # a chunk size past 64 bits cannot be meant
MAX_CODINGS = 5  # curl's MAX_ENCODE_STACK: nobody stacks more in earnest


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(Head):
    """One response, taken apart; `head + body` are the bytes that were given.

    `head` includes the empty line. `body` is as framed on the wire: chunked, encoded, with whatever came after it.
    """

    head: bytes
    body: bytes


def split_head(data: bytes) -> tuple[bytes, bytes]:
    """Split a message after the empty line of its head; a message whose head never ends is all head."""
    end = head_end(data)
    return (data, b"") if end is None else (data[:end], data[end:])


def split_interim(data: bytes) -> tuple[bytes, bytes]:
    """Split the 1xx responses (not 101, which is final) off the front of what a connection sent for one request."""
    at = 0
    while interim := INTERIM.match(data, at):
        end = head_end(data, interim.start())
        if end is None:
            break
        at = end
    return data[:at], data[at:]


INTERIM = re.compile(rb"HTTP/1\.[01] 1(?!01)[0-9][0-9](?![0-9])")


def parse_response(data: bytes, *, head: Head | None = None) -> Response:
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
    """What was served, transfer coding off and content coding kept: the bytes that WARC-Payload-Digest covers.

    A body that is not framed as its head says (chunked that is not, a length that is none) is taken as it is.
    """
    if response.status in NO_BODY:
        return b""
    if response.transfer_codings:
        return dechunk(response.body) if response.is_chunked else response.body
    length = response.content_length
    return response.body[:length] if length is not None and _is_measured(response) else response.body


def _is_measured(response: Response) -> bool:
    """Whether Content-Length can count this body: some tools store it decoded, its compressed length in the head."""
    return "gzip" not in response.get("Content-Encoding").lower() or response.body[:2] == b"\x1f\x8b"


def dechunk(body: bytes) -> bytes:
    """Take chunk framing off; stops at the last chunk, at the cut, or where it is no longer chunks."""
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
    codings = response.words("Content-Encoding") + response.words("Transfer-Encoding")
    named = [coding for coding in codings if coding != "chunked"]
    if len(named) > MAX_CODINGS:
        raise BadCoding(", ".join(named[: MAX_CODINGS + 1]), "too many codings on top of each other")
    data = payload(response)
    for coding in reversed(named):
        data = inflate(data, coding, limit)
    return inflate(data, "identity", limit)
