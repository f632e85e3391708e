"""Build a Capture from a finished exchange: the bytes of the request and of the response."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archive.capture import Capture, Truncated
from crawler.download.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from archive.http import ResponseHead

exchange_captured = object()
"""Scrapy signal, sent once for every exchange however it ended, before the response or exception reaches the engine.

Arguments: `capture` (archive.capture.Capture), `request` (scrapy.Request). Receivers run synchronously.
"""

_CREDENTIALS = ("authorization", "proxy-authorization", "cookie")
_REDACTED = b"[redacted]"
_TARGET = re.compile(rb"[\x21-\x7e]+")  # RFC 9112, section 3.2: no blank, no control character
_FIELD_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # token, RFC 9110, section 5.6.2
_OURS = {b"host", b"content-length", b"transfer-encoding", b"connection"}
_FIELD_VALUE = re.compile(rb"[^\r\n\x00]*")


def without_credentials(url: str) -> str:
    """Return `url` without user name and password and without fragment: neither is part of what is fetched."""
    scheme, authority, tail = _parts(url)
    return f"{scheme}://{authority.rpartition('@')[2]}{tail}"


def request_target(url: str) -> str:
    """Return the origin-form of `url` as it is written (RFC 9112, section 3.2.1): path and query, an empty query's `?` too."""
    tail = _parts(url)[2]
    return tail if tail.startswith("/") else f"/{tail}"


def _parts(url: str) -> tuple[str, str, str]:
    """Return the scheme, the authority, and the rest up to the fragment; unlike urllib's parts, they keep every character."""
    scheme, _, rest = url.partition("#")[0].partition("://")
    end = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    return scheme, rest[:end], rest[end:]


def serialize_request(
    *, method: str, target: str, host: str, headers: Iterable[tuple[bytes, bytes]], body: bytes
) -> bytes:
    """Return the bytes of a request (RFC 9112, section 3): Host first, the given headers in order, Content-Length for a body.

    Raises BadRequestError for anything that would change the message's structure: a blank in the target, a line break in a value.
    """
    try:
        verb, place, authority = method.encode("ascii"), target.encode("ascii"), host.encode("ascii")
    except UnicodeEncodeError as error:
        raise BadRequestError(f"{method} {target} at {host} is not ASCII") from error
    if not _FIELD_NAME.fullmatch(verb) or not _TARGET.fullmatch(place) or not _TARGET.fullmatch(authority):
        raise BadRequestError(f"{method} {target} at {host} is not an HTTP request")
    lines = [verb + b" " + place + b" HTTP/1.1", b"Host: " + authority]
    for name, value in headers:
        if not _FIELD_NAME.fullmatch(name) or not _FIELD_VALUE.fullmatch(value):
            raise BadRequestError(f"the header {name!r}: {value!r} cannot be sent")
        if name.lower() not in _OURS:
            lines.append(name + b": " + value)
    if body or verb in {b"POST", b"PUT", b"PATCH"}:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body])


def redact_credentials(request: bytes, also: Iterable[str] = ()) -> tuple[bytes, tuple[str, ...]]:
    """Return `request` with the values of its credential headers redacted, and the names of those headers in lower case."""
    end = request.find(b"\r\n\r\n")
    head, rest = (request[:end], request[end:]) if end >= 0 else (request, b"")
    words = b"|".join(re.escape(name.encode("ascii")) for name in (*_CREDENTIALS, *also))
    pattern = re.compile(rb"(?im)^((?:" + words + rb")[ \t]*:[ \t]*)([^\r\n]*)")
    names = tuple(match[1].split(b":")[0].strip().decode("ascii").lower() for match in pattern.finditer(head))
    return (pattern.sub(rb"\1" + _REDACTED, head) + rest, names) if names else (request, ())


def make_capture(
    *,
    url: str,
    started: datetime,
    request: bytes,
    received: bytearray,
    start: int,
    end: int,
    ip: str,
    tls: tuple[str, str] | None,
    tls_verified: bool,
    certificates: tuple[bytes, ...] = (),
    truncated: Truncated,
    via: str,
    keep_credentials: bool,
    credentials: Iterable[str] = (),
    head: ResponseHead | None = None,
) -> Capture:
    """Return the capture of one exchange: `received[:start]` are interim responses and empty lines, `received[start:end]` is the final one.

    `credentials` names further headers with credentials, besides the usual ones.
    """
    blotted, kept = redact_credentials(request, credentials)
    redacted: tuple[str, ...] = ()
    if keep_credentials:
        kept += ("url",) if without_credentials(url) != url.partition("#")[0] else ()
    else:
        request, redacted, kept = blotted, kept, ()
        url = without_credentials(url)
    view = memoryview(received)
    return Capture(
        url=url,
        started=started,
        request=request,
        response=bytes(view[start:end]),
        interim=bytes(view[:start]),
        head=head,
        ip=ip,
        tls=tls,
        tls_verified=tls_verified,
        certificates=certificates,
        truncated=truncated,
        via=via,
        redacted=redacted,
        credentials=kept,
    )
