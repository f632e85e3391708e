"""Scrapy's download handler for http and https: a Request in, a Response out, and the exact exchange sent as a signal in between.

One private name of Scrapy is used, and only here: `scrapy.core.downloader._idna_patch._install_twisted_idna_fallbacks`, without
which Twisted refuses host names that have an underscore or an emoji (tests/crawler/test_handlers.py notices if it goes).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote_to_bytes, urlsplit

from scrapy.core.downloader._idna_patch import _install_twisted_idna_fallbacks
from scrapy.exceptions import NotConfigured
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.ssl import Certificate

from crawler.connection import ConnectionPool, Proxy, Route, TlsContexts, WireProtocol, open_connection
from crawler.framing import Head, Limits, ResponseFraming
from crawler.guard import AddressGuard
from crawler.outcomes import BadRequestError, ClosedError, ExchangeError, ResetError, StoppedError, TlsError, TotalTimeoutError
from crawler.wire import exchange_captured, make_capture, serialize_request

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.signalmanager import SignalManager

_REPEATABLE = ("GET", "HEAD", "OPTIONS", "TRACE")  # safe methods: RFC 9110, section 9.2.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the handler may do. Bytes and seconds; `tls_fallback` is 'never' or 'record'."""

    limits: Limits
    total_seconds: float
    first_byte_seconds: float
    connections_per_host: int
    tls_fallback: str
    keep_credentials: bool
    bind: tuple[str, int] | None


class WireHandler:
    """Downloads over HTTP/1.1 and keeps what crossed the wire; sends `crawler.wire.exchange_captured` for every exchange."""

    lazy = False

    def __init__(self, policy: Policy, guard: AddressGuard, signal_manager: SignalManager, stats: Any) -> None:
        from twisted.internet import reactor

        _install_twisted_idna_fallbacks()
        self._reactor: Any = reactor
        self._policy = policy
        self._guard = guard
        self._signals = signal_manager
        self._stats = stats
        self._contexts = TlsContexts()
        self._pool = ConnectionPool(reactor, policy.connections_per_host)
        self._unverified: set[tuple[str, int]] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the settings (all of them described in crawler/settings.py)."""
        settings = crawler.settings
        if not settings.getbool("TWISTED_REACTOR_ENABLED"):
            raise NotConfigured("the handler needs Twisted's reactor: set TWISTED_REACTOR_ENABLED = True")
        bind = settings.get("DOWNLOAD_BIND_ADDRESS")
        total = settings.getfloat("DOWNLOAD_TIMEOUT")
        policy = Policy(
            limits=Limits(
                header_bytes=settings.getint("WARRAQ_MAX_HEADER_BYTES", 256 * 1024),
                line_bytes=settings.getint("WARRAQ_MAX_HEADER_LINE_BYTES", 64 * 1024),
                body_bytes=settings.getint("WARRAQ_MAX_BODY_BYTES", 20 * 1024 * 1024),
            ),
            total_seconds=total,
            first_byte_seconds=settings.getfloat("WARRAQ_FIRST_BYTE_TIMEOUT", total),
            connections_per_host=settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"),
            tls_fallback=settings.get("WARRAQ_TLS_FALLBACK", "never"),
            keep_credentials=settings.getbool("WARRAQ_KEEP_CREDENTIALS"),
            bind=(bind, 0) if isinstance(bind, str) else bind,
        )
        guard = AddressGuard(settings.getlist("WARRAQ_OPEN_NETWORKS"))
        return cls(policy, guard, crawler.signals, crawler.stats)

    async def download_request(self, request: Request) -> Response:
        """Fetch `request`; raises a subclass of crawler.outcomes.ExchangeError for everything that is not a whole response."""
        route, message = self._prepare(request)
        deadline = self._reactor.seconds() + self._seconds(request)
        try:
            return await self._fetch(request, route, message, deadline)
        except TlsError as error:
            if not (error.certificate and route.verify and self._policy.tls_fallback == "record"):
                raise
            self._unverified.add((route.host, route.port))
            self._stats.inc_value("wire/tls_unverified_hosts")
            route, message = self._prepare(request)
            return await self._fetch(request, route, message, deadline)

    async def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    def _seconds(self, request: Request) -> float:
        return float(request.meta.get("download_timeout") or self._policy.total_seconds)

    def _prepare(self, request: Request) -> tuple[Route, bytes]:
        """The connection that the request needs and the bytes that go over it."""
        parts = urlparse_cached(request)
        host, tls = parts.hostname or "", parts.scheme == "https"
        try:
            port = parts.port or (443 if tls else 80)
        except ValueError as error:
            raise BadRequestError(f"{request.url}: {error}") from error
        headers = [(name, value) for name, values in request.headers.items() for value in values]
        proxy = self._proxy(request, headers)
        route = Route(
            host=host,
            port=port,
            tls=tls,
            verify=(host, port) not in self._unverified,
            proxy=proxy,
            bind=self._policy.bind,
        )
        name = f"[{host}]" if ":" in host else host
        authority = name if port == (443 if tls else 80) else f"{name}:{port}"
        target = (parts.path or "/") + (f";{parts.params}" if parts.params else "") + (f"?{parts.query}" if parts.query else "")
        if proxy is not None and not tls:
            target = f"http://{authority}{target}"
        if proxy is not None and tls:
            headers = [(key, value) for key, value in headers if key.lower() != b"proxy-authorization"]
        try:
            encoded = target.encode("ascii"), authority.encode("ascii")
        except UnicodeEncodeError as error:
            raise BadRequestError(f"{request.url} is not ASCII") from error
        message = serialize_request(
            method=request.method.encode("ascii", "replace"), target=encoded[0], host=encoded[1], headers=headers, body=request.body
        )
        return route, message

    @staticmethod
    def _proxy(request: Request, headers: list[tuple[bytes, bytes]]) -> Proxy | None:
        given = request.meta.get("proxy")
        if not given:
            return None
        parts = urlsplit(given if "://" in given else f"http://{given}")
        secure = parts.scheme == "https"
        if secure and urlparse_cached(request).scheme == "https":
            raise BadRequestError("a proxy spoken to over TLS cannot be used for https URLs: give its http address")
        authorization = next((value for name, value in headers if name.lower() == b"proxy-authorization"), b"")
        if parts.username and not authorization:
            pair = unquote_to_bytes(parts.username) + b":" + unquote_to_bytes(parts.password or "")
            authorization = b"Basic " + base64.b64encode(pair)
            if urlparse_cached(request).scheme == "http":
                headers.append((b"Proxy-Authorization", authorization))
        return Proxy(host=parts.hostname or "", port=parts.port or (443 if secure else 80), tls=secure, authorization=authorization)

    async def _fetch(self, request: Request, route: Route, message: bytes, deadline: float) -> Response:
        protocol = self._pool.take(route)
        if protocol is not None:
            try:
                return await self._exchange(request, route, protocol, message, deadline, reused=True)
            except _StaleError:
                protocol = None
        allowed = deadline - self._reactor.seconds()
        if allowed <= 0:
            raise TotalTimeoutError(self._seconds(request))
        protocol = await open_connection(
            route, reactor=self._reactor, guard=self._guard, contexts=self._contexts, allowed=allowed
        )
        return await self._exchange(request, route, protocol, message, deadline, reused=False)

    async def _exchange(
        self, request: Request, route: Route, protocol: WireProtocol, message: bytes, deadline: float, *, reused: bool
    ) -> Response:
        limits = self._policy.limits
        largest = request.meta.get("download_maxsize")
        if largest:
            limits = Limits(header_bytes=limits.header_bytes, line_bytes=limits.line_bytes, body_bytes=int(largest))
        framing = ResponseFraming(method=request.method.encode("ascii"), limits=limits)
        started = datetime.now(UTC)
        error: ExchangeError | None = StoppedError("cancelled")
        try:
            await maybe_deferred_to_future(
                protocol.send(
                    message,
                    framing,
                    first_byte_seconds=self._policy.first_byte_seconds,
                    seconds=deadline - self._reactor.seconds(),
                    allowed=self._seconds(request),
                )
            )
            error = None
        except ExchangeError as raised:
            error = raised
            if reused and not framing.received and request.method in _REPEATABLE and isinstance(raised, (ClosedError, ResetError)):
                raise _StaleError from raised
            raise
        finally:
            if not (reused and isinstance(error, (ClosedError, ResetError)) and not framing.received):
                self._emit(request, route, protocol, message, framing, started, error)
        request.meta["download_latency"] = protocol.first_byte_after
        if framing.persistent:
            self._pool.give(route, protocol)
        else:
            protocol.hang_up()
        return self._response(request, route, protocol, framing)

    def _emit(self, request: Request, route: Route, protocol: WireProtocol, message: bytes, framing: ResponseFraming, started: datetime, error: ExchangeError | None) -> None:
        capture = make_capture(
            url=request.url,
            started=started,
            request=message,
            received=framing.received,
            start=framing.start,
            end=framing.end,
            ip=protocol.peer if route.proxy is None else "",
            tls=protocol.tls if route.tls else None,
            tls_verified=route.verify,
            truncated=error.truncated if error else "",
            via=request.meta.get("via", ""),
            keep_credentials=self._policy.keep_credentials,
        )
        self._signals.send_catch_log(exchange_captured, capture=capture, request=request)

    def _response(self, request: Request, route: Route, protocol: WireProtocol, framing: ResponseFraming) -> Response:
        head, body = framing.head, framing.body
        assert head is not None  # noqa: S101
        headers = _headers(head)
        kind = responsetypes.from_args(headers=headers, url=request.url, body=body)
        return kind(
            url=request.url,
            status=head.status,
            headers=headers,
            body=body,
            certificate=Certificate(protocol.certificate) if protocol.certificate is not None else None,
            ip_address=ip_address(protocol.peer.partition("%")[0]),
            protocol=head.version,
        )


class _StaleError(Exception):
    """A kept connection turned out to be closed; nothing was answered on it."""


def _headers(head: Head) -> Headers:
    merged: dict[bytes, list[bytes]] = {}
    for name, value in head.headers:
        merged.setdefault(name.lower(), []).append(value)
    return Headers(merged)
