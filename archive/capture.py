"""Define Capture, one HTTP exchange exactly as it crossed the wire, and the Location of a record."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from archive.http import NotHttp, Response, parse_response

if TYPE_CHECKING:
    from datetime import datetime

    from archive.http import ResponseHead

Truncated = Literal["", "length", "time", "disconnect", "unspecified"]
"""The reasons of the WARC-Truncated field (WARC 1.1, section 5.13), '' for a complete response."""


@dataclass(frozen=True, kw_only=True)  # without slots: `http` is kept
class Capture:
    """One HTTP exchange.

    `request` and `response` are the exact bytes after TLS: start line, header block, body as framed on the wire (chunked, encoded).
    `interim` holds the bytes before it: 1xx responses, empty lines. `response` is empty if no byte of a final response arrived.
    `started` is the time of the request, aware, in UTC. `ip` is the peer's address ('' behind a proxy).
    `tls` is (protocol, cipher suite) as OpenSSL names them, or None for plain HTTP; `certificates` are those that the server sent, in
    DER, its own first.
    `redacted` names the request headers whose values were redacted as credentials, `credentials` those that were kept because a setting
    asks for it (`url` for a user name or password in it).
    `via` is the URL of the page, feed or sitemap that announced this one ('' for a seed).
    """

    url: str
    started: datetime
    request: bytes
    response: bytes
    interim: bytes = b""
    ip: str = ""
    tls: tuple[str, str] | None = None
    tls_verified: bool = True
    certificates: tuple[bytes, ...] = field(default=(), repr=False)
    truncated: Truncated = ""
    via: str = ""
    redacted: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    head: ResponseHead | None = field(default=None, compare=False, repr=False)
    """The head of `response` if it was parsed while it arrived."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the server's own certificate in hexadecimal, as `openssl x509 -fingerprint -sha256` prints it; '' without one."""
        return hashlib.sha256(self.certificates[0]).hexdigest() if self.certificates else ""

    @cached_property
    def http(self) -> Response | None:
        """The response, parsed once; None if it is empty or not HTTP."""
        try:
            return parse_response(self.response, head=self.head) if self.response else None
        except NotHttp:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The response record that a revisit refers to: its WARC-Record-ID, target URI, WARC-Date as written, and payload digest."""

    record_id: str
    url: str
    date: str
    payload_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """The location of a record: file name in the collection's `archive/` folder, byte offset, byte length (compressed)."""

    filename: str
    offset: int
    length: int
