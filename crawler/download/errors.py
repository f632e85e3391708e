"""Define an error, with an outcome for the frontier, for every way in which a request can fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)

from archive.locale import N_

if TYPE_CHECKING:
    from archive.capture import Truncated


class ExchangeError(Exception):
    """A failed exchange: `outcome` goes to the frontier row, `truncated` to the WARC record.

    Each subclass also derives from the corresponding Scrapy exception, so that Scrapy's retry settings apply.
    """

    outcome = "failed"
    truncated: Truncated = "unspecified"


class TooLargeError(ExchangeError, DownloadCancelledError):
    """The body, or its declared length, is larger than WARRAQ_MAX_BODY_BYTES."""

    outcome = "too-large"
    truncated = "length"

    def __init__(self, limit: int) -> None:
        super().__init__(N_(f"the body is larger than {limit} bytes (WARRAQ_MAX_BODY_BYTES)"))
        self.limit = limit


class HeadersTooLargeError(ExchangeError, DownloadCancelledError):
    """The header blocks are larger than WARRAQ_MAX_HEADER_BYTES, or a line than WARRAQ_MAX_HEADER_LINE_BYTES."""

    outcome = "headers-too-large"
    truncated = "length"

    def __init__(self, limit: int) -> None:
        super().__init__(
            N_(
                f"the headers, or one line of them, are larger than {limit} bytes "
                "(WARRAQ_MAX_HEADER_BYTES, WARRAQ_MAX_HEADER_LINE_BYTES)"
            )
        )
        self.limit = limit


class TotalTimeoutError(ExchangeError, DownloadTimeoutError):
    """Connecting, waiting and reading together took longer than DOWNLOAD_TIMEOUT."""

    outcome = "timeout"
    truncated = "time"

    def __init__(self, seconds: float) -> None:
        super().__init__(N_(f"not complete after {seconds:g} s (DOWNLOAD_TIMEOUT)"))
        self.seconds = seconds


class FirstByteTimeoutError(ExchangeError, DownloadTimeoutError):
    """No byte of a response arrived within WARRAQ_FIRST_BYTE_TIMEOUT after the request."""

    outcome = "first-byte-timeout"
    truncated = "time"

    def __init__(self, seconds: float) -> None:
        super().__init__(N_(f"no byte of a response after {seconds:g} s (WARRAQ_FIRST_BYTE_TIMEOUT)"))
        self.seconds = seconds


class ResetError(ExchangeError, DownloadFailedError):
    """The connection was reset or lost before the message was complete."""

    outcome = "reset"
    truncated = "disconnect"


class ClosedError(ExchangeError, DownloadFailedError):
    """The server closed the connection before its header block was complete."""

    outcome = "closed"
    truncated = "disconnect"


class ShortBodyError(ExchangeError, ResponseDataLossError):
    """The server closed the connection in the middle of the body."""

    outcome = "short-body"
    truncated = "disconnect"

    def __init__(self, received: int) -> None:
        super().__init__(N_(f"the connection was closed after {received} B of the body, fewer than declared"))
        self.received = received


class NotHttpError(ExchangeError, DownloadFailedError):
    """The response does not begin with an HTTP status line."""

    outcome = "not-http"
    truncated = "unspecified"

    def __init__(self, start: bytes) -> None:
        super().__init__(N_(f"not an HTTP response: {start!r}"))
        self.start = start


class Http2OnlyError(ExchangeError, DownloadCancelledError):
    """The server answers in HTTP/2 even to HTTP/1.1."""

    outcome = "http2-only"

    def __init__(self) -> None:
        super().__init__(N_("the server answers in HTTP/2 frames; warraq speaks HTTP/1.1"))


def is_http2(start: bytes) -> bool:
    """Return whether these are the first bytes of an HTTP/2 server: a SETTINGS or GOAWAY frame on stream 0 (RFC 9113, section 4.1)."""
    return len(start) >= 9 and start[0] == 0 and start[3] in {4, 7} and start[5:9] == bytes(4)


class BadFramingError(ExchangeError, DownloadFailedError):
    """The end of the body cannot be determined (broken chunked coding)."""

    outcome = "bad-framing"
    truncated = "unspecified"


class StoppedError(ExchangeError, DownloadCancelledError):
    """The crawl cancelled the download: it is stopping, or a signal handler asked for it."""

    outcome = "cancelled"
    truncated = "unspecified"


class RefusedAddressError(ExchangeError, DownloadCancelledError):
    """The host's address is not on the public internet and no WARRAQ_OPEN_NETWORKS entry opens it."""

    outcome = "refused-address"

    def __init__(self, host: str, address: str) -> None:
        super().__init__(
            N_(
                f"{host} resolves to {address}, which is not a public address; to allow it, add its network to "
                f"WARRAQ_OPEN_NETWORKS"
            )
        )
        self.host = host
        self.address = address


class DnsError(ExchangeError, CannotResolveHostError):
    """The host name does not resolve."""

    outcome = "dns"


class NotConnectedError(ExchangeError, DownloadConnectionRefusedError):
    """No TCP connection: refused."""

    outcome = "connection-refused"


class UnreachableError(ExchangeError, DownloadFailedError):
    """No TCP connection: no route, or the network is down."""

    outcome = "unreachable"


class ProxyError(ExchangeError, DownloadFailedError):
    """The proxy cannot be reached, or refuses to pass the request on: this says nothing about the site."""

    outcome = "proxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """The issuer of a certificate, and the URL of the issuer's certificate if the certificate names one ('' if not)."""

    name: str
    url: str


class TlsError(ExchangeError, DownloadFailedError):
    """The TLS handshake failed; `certificate` is True if the certificate is the only cause.

    `issuer` is the issuer of a certificate if the issuer's own was neither sent nor is trusted. If the certificate gives the URL of that,
    the server has omitted an intermediate certificate, which browsers fetch or know: `incomplete-chain`.
    """

    outcome = "tls"

    def __init__(self, host: str, reason: str, *, certificate: bool, issuer: Issuer | None = None) -> None:
        hint = N_(
            f" (expired, of another host, or of an authority that is not trusted here: `openssl s_client -connect {host}:443`)"
        )
        super().__init__(N_(f"TLS with {host} failed: {reason}{hint if certificate else ''}"))
        self.host = host
        self.certificate = certificate
        self.issuer = issuer
        if issuer and issuer.url:
            self.outcome = "incomplete-chain"
            self.args = (
                (
                    N_(
                        f"{host} does not send the intermediate certificate {issuer.name!r}, without which its own cannot be verified; "
                        f"WARRAQ_FETCH_INTERMEDIATES fetches it from {issuer.url}"
                    )
                ),
            )


class BadRequestError(ExchangeError, UnsupportedURLSchemeError):
    """The request itself cannot be sent as HTTP (a line break in a header, an invalid URL)."""

    outcome = "bad-request"


class RefusedRequestError(ExchangeError, IgnoreRequest):
    """The request was deliberately not made, because of robots.txt or a budget."""

    outcome = "refused"


class RobotsDisallowed(RefusedRequestError):  # noqa: N818 -- the term of RFC 9309
    """robots.txt disallows the URL."""

    outcome = "robots-disallowed"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(N_(f"{url} is disallowed: {reason}"))
        self.url = url
        self.reason = reason


OF_THE_HOST = frozenset({"dns", "proxy", "refused-address", "tls", "incomplete-chain", "http2-only"})
"""Outcomes of a request for robots.txt that apply to the whole host."""


class RobotsUnreachable(RobotsDisallowed):
    """robots.txt could not be fetched, which forbids everything for the time being (RFC 9309, section 2.3.1.4)."""

    outcome = "robots-unreachable"

    def __init__(self, url: str, reason: str, *, cause: str = "") -> None:
        """`cause` is the outcome of the request for robots.txt; one that applies to the whole host becomes the outcome."""
        super().__init__(url, reason)
        if cause in OF_THE_HOST:
            self.outcome = cause
            self.args = (N_("no such host") if cause == DnsError.outcome else reason,)


class BudgetExceeded(RefusedRequestError):  # noqa: N818 -- the outcome's own name
    """The host's budget of this crawl is spent."""

    outcome = "budget-exceeded"

    def __init__(self, host: str, budget: int) -> None:
        super().__init__(N_(f"this crawl may make no more requests to {host} (WARRAQ_HOST_BUDGET, {budget})"))
        self.host = host
        self.budget = budget


class HostPaused(RefusedRequestError):  # noqa: N818 -- the outcome's own name
    """The host asked for a pause (Retry-After) longer than WARRAQ_PATIENCE; `seconds` of it are left."""

    outcome = "host-paused"

    def __init__(self, host: str, seconds: float) -> None:
        super().__init__(N_(f"{host} asked for a pause of another {seconds:.0f} s (WARRAQ_PATIENCE)"))
        self.host = host
        self.seconds = seconds


_OTHERS: tuple[tuple[type[Exception], str], ...] = (
    (DownloadTimeoutError, "timeout"),
    (CannotResolveHostError, "dns"),
    (DownloadConnectionRefusedError, "connection-refused"),
    (ResponseDataLossError, "short-body"),
    (UnsupportedURLSchemeError, "unsupported-scheme"),
    (DownloadCancelledError, "cancelled"),
    (IgnoreRequest, "ignored"),
)


def outcome_of(exception: BaseException) -> str:
    """Return one word for how a request ended: the exception's own `outcome`, that of its Scrapy class, else 'failed'."""
    if isinstance(exception, ExchangeError):
        return exception.outcome
    return next((word for kind, word in _OTHERS if isinstance(exception, kind)), "failed")
