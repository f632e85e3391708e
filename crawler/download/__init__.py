"""Scrapy's download handler: one HTTP exchange, captured byte for byte as it crossed the wire.

One private name of Scrapy is used, and only here: `scrapy.core.downloader._idna_patch._install_twisted_idna_fallbacks`,
without which Twisted refuses host names with an underscore or an emoji (a test notices if it goes).
"""

from __future__ import annotations

import base64
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote_to_bytes, urlsplit

from scrapy import Request
from scrapy.core.downloader._idna_patch import _install_twisted_idna_fallbacks
from scrapy.exceptions import NotConfigured
from scrapy.http import Headers
from scrapy.responsetypes import responsetypes
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.misc import load_object
from twisted.internet import ssl

from archive.locale import N_
from crawler.download.connection import ConnectionPool, Proxy, Route, TlsContexts, open_connection
from crawler.download.errors import (
    BadFramingError,
    BadRequestError,
    ClosedError,
    ExchangeError,
    ProxyError,
    ResetError,
    ShortBodyError,
    StoppedError,
    TlsError,
    TooLargeError,
    TotalTimeoutError,
)
from crawler.download.exchange import exchange_captured, make_capture, request_target, serialize_request
from crawler.download.framing import Limits, ResponseFraming
from crawler.download.guard import AddressGuard
from crawler.download.intermediates import MAX_BYTES, MOST_INTERMEDIATES, SECONDS, intermediates_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.signalmanager import SignalManager

    from archive.http import ResponseHead
    from crawler.download.protocol import WireProtocol

logger = logging.getLogger(__name__)

_REPEATABLE = ("GET", "HEAD", "OPTIONS", "TRACE")  # safe methods: RFC 9110, section 9.2.1
_PROXY_AUTHENTICATION = 407  # only a proxy sends it: RFC 9110, section 15.5.8
_certificate: Any = ssl.Certificate  # Twisted leaves it without types


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The limits and policies of the handler, in bytes and seconds; `tls_fallback` is 'never' or 'record'."""

    limits: Limits
    total_seconds: float
    first_byte_seconds: float
    connections_per_host: int
    tls_fallback: str
    fetch_intermediates: bool
    keep_credentials: bool
    bind: tuple[str, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """A request in progress: the bytes to send, the route, and the deadline (reactor time)."""

    request: Request
    route: Route
    message: bytes
    deadline: float
    allowed: float


class _StaleError(Exception):
    """A reused connection was closed already; no response bytes arrived on it."""


class WireHandler:
    """Downloads over HTTP/1.1 and keeps the exact bytes; sends `exchange_captured` for each exchange."""

    lazy = False

    def __init__(
        self,
        policy: Policy,
        guard: AddressGuard,
        signal_manager: SignalManager,
        stats: Any,
    ) -> None:
        from twisted.internet import reactor

        _install_twisted_idna_fallbacks()
        self._reactor: Any = reactor
        self._policy = policy
        self._guard = guard
        self._signals = signal_manager
        self._stats = stats
        self._clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._contexts = TlsContexts()
        self._pool = ConnectionPool(reactor, policy.connections_per_host)
        self._unverified: set[tuple[str, int]] = set()
        self._issuers: set[str] = set()

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
            fetch_intermediates=settings.getbool("WARRAQ_FETCH_INTERMEDIATES"),
            keep_credentials=settings.getbool("WARRAQ_KEEP_CREDENTIALS"),
            bind=(bind, 0) if isinstance(bind, str) else bind,
        )
        guard = AddressGuard(settings.getlist("WARRAQ_OPEN_NETWORKS"))
        handler = cls(policy, guard, crawler.signals, crawler.stats)
        if settings.get("WARRAQ_CLOCK"):
            handler._clock = load_object(settings["WARRAQ_CLOCK"])
        return handler

    async def download_request(self, request: Request) -> Response:
        """Fetch `request`; raises a subclass of ExchangeError unless the response is complete."""
        allowed = float(request.meta.get("download_timeout") or self._policy.total_seconds)
        route, message = self._prepare(request)
        attempt = _Attempt(
            request=request,
            route=route,
            message=message,
            deadline=self._reactor.seconds() + allowed,
            allowed=allowed,
        )
        try:
            return await self._fetch_verified(attempt)
        except TlsError as error:
            if not (error.certificate and route.verify and self._policy.tls_fallback == "record"):
                raise
        self._unverified.add((route.host, route.port))
        self._stats.inc_value("wire/tls_unverified_hosts")
        return await self._fetch(replace(attempt, route=replace(route, verify=False)))

    async def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    def _prepare(self, request: Request) -> tuple[Route, bytes]:
        """Return the route of the request and the bytes to send."""
        parts = urlparse_cached(request)
        host, tls = parts.hostname or "", parts.scheme == "https"
        standard = 443 if tls else 80
        try:
            port = parts.port or standard
        except ValueError as error:
            raise BadRequestError(f"{request.url}: {error}") from error
        headers = [(name, value) for name, values in request.headers.items() for value in values]
        proxy, headers = _read_proxy(request.meta.get("proxy"), headers, tls=tls)
        name = f"[{host}]" if ":" in host else host
        authority = name if port == standard else f"{name}:{port}"
        target = request_target(request.url)
        if proxy is not None and not tls:
            target = f"http://{authority}{target}"
        message = serialize_request(
            method=request.method, target=target, host=authority, headers=headers, body=request.body
        )
        verify = (host, port) not in self._unverified
        return Route(host=host, port=port, tls=tls, verify=verify, proxy=proxy, bind=self._policy.bind), message

    async def _fetch_verified(self, attempt: _Attempt) -> Response:
        """Fetch; if the server omits intermediate certificates and the setting allows it, fetch those too."""
        for _ in range(MOST_INTERMEDIATES):
            try:
                return await self._fetch(attempt)
            except TlsError as error:
                url = error.issuer.url if error.issuer else ""
                wanted = url and url not in self._issuers and self._policy.fetch_intermediates
                if not wanted or not await self._add_intermediates(url, attempt):
                    raise
        return await self._fetch(attempt)

    async def _add_intermediates(self, url: str, attempt: _Attempt) -> bool:
        """Fetch an issuer's certificate and accept it in chains; return whether there was one. It is not captured."""
        self._issuers.add(url)
        try:
            route, message = self._prepare(Request(url, headers={"Connection": "close"}))
            left = min(attempt.deadline - self._reactor.seconds(), SECONDS)
            protocol = await open_connection(
                route, reactor=self._reactor, guard=self._guard, contexts=self._contexts, allowed=left
            )
            framing = ResponseFraming(method=b"GET", limits=replace(self._policy.limits, body_bytes=MAX_BYTES))
            sending = protocol.send(message, framing, first_byte_seconds=left, seconds=left, allowed=left)
            await maybe_deferred_to_future(sending)
            protocol.hang_up()
        except (ExchangeError, ValueError) as error:
            logger.warning(
                "%s: the intermediate certificate at %s cannot be fetched: %s", attempt.route.host, url, error
            )
            return False
        found = intermediates_in(framing.body) if framing.head and framing.head.status == 200 else []
        for certificate in found:
            self._contexts.add_intermediate(certificate)
        self._stats.inc_value("wire/intermediates", len(found))
        logger.info("%s: %d intermediate certificates from %s", attempt.route.host, len(found), url)
        return bool(found)

    async def _fetch(self, attempt: _Attempt) -> Response:
        kept = self._pool.take(attempt.route)
        if kept is not None:
            try:
                return await self._exchange(attempt, kept, reused=True)
            except _StaleError:
                pass
        left = attempt.deadline - self._reactor.seconds()
        if left <= 0:
            raise TotalTimeoutError(attempt.allowed)
        protocol = await open_connection(
            attempt.route, reactor=self._reactor, guard=self._guard, contexts=self._contexts, allowed=left
        )
        return await self._exchange(attempt, protocol, reused=False)

    async def _exchange(self, attempt: _Attempt, protocol: WireProtocol, *, reused: bool) -> Response:
        request = attempt.request
        partial = bool(request.meta.get("keep_partial"))
        framing = ResponseFraming(
            method=request.method.encode("ascii"),
            limits=self._limits(request),
            read_partial=partial,
            tolerant=bool(request.meta.get("read_damaged")),
        )
        started = self._clock()
        error: ExchangeError | None = StoppedError("cancelled")
        try:
            sending = protocol.send(
                attempt.message,
                framing,
                first_byte_seconds=self._policy.first_byte_seconds,
                seconds=attempt.deadline - self._reactor.seconds(),
                allowed=attempt.allowed,
            )
            await maybe_deferred_to_future(sending)
            error = framing.damage
        except ExchangeError as raised:
            error = raised
            broken = isinstance(raised, (ClosedError, ResetError)) and not framing.received
            if reused and broken and request.method in _REPEATABLE:
                error = None
                raise _StaleError from raised
            if not (partial and isinstance(raised, TooLargeError)) and not _is_readable(request, framing, raised):
                raise
        finally:
            if framing.received or framing.complete or error is not None:
                self._emit(attempt, protocol, framing, started, error)
        request.meta["download_latency"] = protocol.first_byte_after
        response = _response(request, protocol, framing, flags=["truncated", error.outcome] if error else [])
        if response.status == _PROXY_AUTHENTICATION and attempt.route.proxy is not None:
            protocol.hang_up()
            raise ProxyError(N_("the proxy asks for credentials, or refuses those that it was given (407)"))
        if framing.persistent:
            self._pool.give(attempt.route, protocol)
        else:
            protocol.hang_up()
        return response

    def _limits(self, request: Request) -> Limits:
        largest = request.meta.get("download_maxsize")
        return replace(self._policy.limits, body_bytes=int(largest)) if largest else self._policy.limits

    def _emit(
        self,
        attempt: _Attempt,
        protocol: WireProtocol,
        framing: ResponseFraming,
        started: datetime,
        error: ExchangeError | None,
    ) -> None:
        request, route = attempt.request, attempt.route
        surplus = len(framing.received) - framing.end
        if surplus:
            self._stats.inc_value("wire/surplus_bytes", surplus)
        capture = make_capture(
            url=request.url,
            started=started,
            request=attempt.message,
            received=framing.received,
            head=framing.head,
            start=framing.start,
            end=framing.end,
            ip=protocol.peer if route.proxy is None else "",
            tls=protocol.tls if route.tls else None,
            tls_verified=route.verify,
            certificates=protocol.certificates if route.tls else (),
            truncated=error.truncated if error else "",
            via=request.meta.get("via", ""),
            keep_credentials=self._policy.keep_credentials,
            credentials=request.meta.get("credentials", ()),
        )
        self._signals.send_catch_log(exchange_captured, capture=capture, request=request)


def _is_readable(request: Request, framing: ResponseFraming, error: ExchangeError) -> bool:
    """Return whether a body with a wrong end is used nevertheless: `read_damaged` is 'any', or 'whole' for a complete one.

    A body that ends at the same tag in two attempts counts as complete.
    """
    wanted = request.meta.get("read_damaged")
    if (
        not wanted
        or framing.head is None
        or not isinstance(error, (ShortBodyError, BadFramingError, TotalTimeoutError))
    ):
        return False
    size = len(framing.body)
    is_as_before = request.meta.get("came_before") == size and framing.ends_with_tag
    request.meta["came_before"] = size
    return wanted == "any" or framing.is_all_there or is_as_before


def _read_proxy(
    given: str | None, headers: list[tuple[bytes, bytes]], *, tls: bool
) -> tuple[Proxy | None, list[tuple[bytes, bytes]]]:
    """Return the proxy of `request.meta` and the headers for the origin; a tunnelled origin must not see its password."""
    if not given:
        return None, headers
    parts = urlsplit(given if "://" in given else f"http://{given}")
    secure = parts.scheme == "https"
    if secure and tls:
        raise BadRequestError("a proxy with an https address cannot be used for https URLs: give its http address")
    authorization = next((value for name, value in headers if name.lower() == b"proxy-authorization"), b"")
    if parts.username and not authorization:
        pair = unquote_to_bytes(parts.username) + b":" + unquote_to_bytes(parts.password or "")
        authorization = b"Basic " + base64.b64encode(pair)
        headers = [*headers, (b"Proxy-Authorization", authorization)]
    if tls:
        headers = [(name, value) for name, value in headers if name.lower() != b"proxy-authorization"]
    port = parts.port or (443 if secure else 80)
    return Proxy(host=parts.hostname or "", port=port, tls=secure, authorization=authorization), headers


def _response(request: Request, protocol: WireProtocol, framing: ResponseFraming, *, flags: list[str]) -> Response:
    """Return the Scrapy response without transfer coding but with its content coding, which a worker decodes later."""
    head, body = framing.head, framing.body
    if head is None:
        raise ClosedError("an exchange without a head cannot be a response")
    headers = _headers(head)
    kind: Any = responsetypes.from_args(headers=headers, url=request.url, body=body)
    response: Response = kind(
        url=request.url,
        status=head.status,
        headers=headers,
        body=body,
        flags=flags,
        certificate=_certificate(protocol.certificate) if protocol.certificate is not None else None,
        ip_address=ip_address(protocol.peer.partition("%")[0]),
        protocol=head.version.upper(),
    )
    return response


def _headers(head: ResponseHead) -> Headers:
    merged: dict[bytes, list[bytes]] = {}
    for name, value in head.headers:
        merged.setdefault(name.lower().encode("latin-1"), []).append(value.encode("latin-1"))
    return Headers(merged)
