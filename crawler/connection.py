"""Opens connections and carries one exchange at a time over each: a route and bytes in, a filled ResponseFraming out.

Everything here uses Twisted's public interfaces only. A connection is first plain TCP, so that the peer's address can be
judged before anything is written; then a CONNECT through the proxy if there is one; then TLS on the same transport.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from OpenSSL import SSL
from scrapy.utils.defer import maybe_deferred_to_future
from service_identity import CertificateError, VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectError, ConnectionDone, ConnectionRefusedError, DNSLookupError, TimeoutError
from twisted.internet.interfaces import IHandshakeListener, IOpenSSLClientConnectionCreator
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import CertificateOptions, platformTrust
from zope.interface import implementer

from crawler.framing import Limits, ResponseFraming
from crawler.outcomes import (
    ClosedError,
    DnsError,
    ExchangeError,
    FirstByteTimeoutError,
    NotConnectedError,
    ResetError,
    StoppedError,
    TlsError,
    TotalTimeoutError,
    UnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

    from crawler.guard import AddressGuard

_TUNNEL_LIMITS = Limits(header_bytes=64 * 1024, line_bytes=16 * 1024, body_bytes=64 * 1024)

_IDLE_SECONDS = 30.0  # shorter than most servers' keep-alive, so that few connections are found stale

@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """Where the proxy is, whether it is spoken to over TLS, and the value of Proxy-Authorization (b'' for none)."""

    host: str
    port: int
    tls: bool
    authorization: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What two requests must have in common to share a connection."""

    host: str
    port: int
    tls: bool
    verify: bool = True
    proxy: Proxy | None = None
    bind: tuple[str, int] | None = None

    @property
    def first_hop(self) -> tuple[str, int, bool]:
        """Host, port and TLS of the machine that we connect to."""
        if self.proxy is None:
            return self.host, self.port, self.tls
        return self.proxy.host, self.proxy.port, self.proxy.tls

    @property
    def tunnelled(self) -> bool:
        """True if the proxy only passes bytes on (CONNECT)."""
        return self.proxy is not None and self.tls


class TlsContexts:
    """The two OpenSSL contexts of a crawl, made once because reading the trusted roots takes longer than a handshake."""

    def __init__(self) -> None:
        self._made: dict[bool, SSL.Context] = {}

    def context(self, *, verify: bool) -> SSL.Context:
        """The context that verifies certificates against the platform's roots, or the one that takes any."""
        if verify not in self._made:
            options = CertificateOptions(trustRoot=platformTrust()) if verify else CertificateOptions(verify=False)
            self._made[verify] = options.getContext()
        return self._made[verify]


@implementer(IOpenSSLClientConnectionCreator)
class _ClientTls:
    def __init__(self, context: SSL.Context, host: str) -> None:
        self._context = context
        self._host = host

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:  # noqa: N802, N803, ARG002 -- Twisted's interface
        connection = SSL.Connection(self._context, None)
        if not is_address(self._host):  # RFC 6066, section 3: the server name is never an address
            connection.set_tlsext_host_name(self._host.encode("ascii"))
        return connection


def is_address(host: str) -> bool:
    """True for an IPv4 or IPv6 address in its usual spelling."""
    return ":" in host or host.replace(".", "").isdigit()


@implementer(IHandshakeListener)
class WireProtocol(Protocol):
    """One connection. At most one thing is awaited at a time: a TLS handshake, or the end of a response."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._framing: ResponseFraming | None = None
        self._waiting: Deferred[None] | None = None
        self._timers: list[Any] = []
        self._shaking = ""
        self._verify = False
        self.lost = False
        self.on_lost: Callable[[], None] = lambda: None
        self.first_byte_after: float | None = None
        self._sent_at = 0.0
        self.tls: tuple[str, str] | None = None
        self.certificate: Any = None

    @property
    def peer(self) -> str:
        """The address of the machine at the other end."""
        assert self.transport is not None  # noqa: S101
        return str(self.transport.getPeer().host)

    def start_tls(self, context: SSL.Context, host: str, *, verify: bool) -> Deferred[None]:
        """Shake hands; fails with TlsError. With `verify` the certificate must be trusted and name `host`."""
        self._waiting = Deferred(self._cancel)
        waiting = self._waiting
        self._shaking, self._verify = host, verify
        assert self.transport is not None  # noqa: S101
        self.transport.startTLS(_ClientTls(context, host))
        return waiting

    def handshakeCompleted(self) -> None:  # noqa: N802 -- Twisted's interface
        """Called by Twisted when the handshake is done and nothing has been written yet."""
        if not self._shaking:
            return  # TLS 1.3 messages after the handshake
        host, self._shaking = self._shaking, ""
        assert self.transport is not None  # noqa: S101
        connection = self.transport.getHandle()
        self.certificate = connection.get_peer_certificate()
        self.tls = (connection.get_protocol_version_name(), connection.get_cipher_name())
        if self._verify:
            try:
                (verify_ip_address if is_address(host) else verify_hostname)(connection, host)
            except (CertificateError, VerificationError, ValueError) as error:
                self._end(TlsError(host, f"{type(error).__name__}: {error}", certificate=True))
                return
        self._end(None)

    def send(
        self, message: bytes, framing: ResponseFraming, *, first_byte_seconds: float, seconds: float, allowed: float
    ) -> Deferred[None]:
        """Write a request and collect its response in `framing`; fires when it is whole, fails with an ExchangeError.

        `seconds` are left of the `allowed` ones that the whole download may take.
        """
        self._framing = framing
        self._waiting = Deferred(self._cancel)
        waiting = self._waiting
        self.first_byte_after = None
        self._sent_at = self._reactor.seconds()
        later = self._reactor.callLater
        self._timers = [later(max(seconds, 0), self._end, TotalTimeoutError(allowed))]
        if first_byte_seconds < seconds:
            self._timers.append(later(first_byte_seconds, self._end, FirstByteTimeoutError(first_byte_seconds)))
        assert self.transport is not None  # noqa: S101
        self.transport.write(message)
        return waiting

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 -- Twisted's interface
        """Hand the bytes to the response that is awaited; whoever speaks unasked is out of step and is hung up on."""
        framing = self._framing
        if framing is None:
            self.hang_up()
            return
        if self.first_byte_after is None:
            self.first_byte_after = self._reactor.seconds() - self._sent_at
            if len(self._timers) > 1:
                self._timers.pop().cancel()
        try:
            done = framing.feed(data)
        except ExchangeError as error:
            self._end(error)
            return
        if done:
            self._end(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 -- Twisted's interface
        """End what is awaited in the way in which the connection ended."""
        self.lost = True
        if self._shaking:
            texts = [str(part) for part in getattr(reason.value, "args", ())] or [str(reason.value)]
            refused = isinstance(reason.value, SSL.Error) and "certificate verify failed" in " ".join(texts)
            self._end(TlsError(self._shaking, " ".join(texts), certificate=refused))
        elif self._framing is not None:
            self._end(self._how_it_ended(reason, self._framing))
        self.on_lost()

    @staticmethod
    def _how_it_ended(reason: Failure, framing: ResponseFraming) -> ExchangeError | None:
        if not reason.check(ConnectionDone):
            return ResetError(f"the connection broke: {reason.getErrorMessage()}")
        if framing.head is None:
            return ClosedError("the server closed the connection before its answer was there")
        return framing.close()

    def _cancel(self, _: Deferred[None]) -> None:
        self._end(StoppedError("cancelled"))

    def _end(self, error: ExchangeError | None) -> None:
        for timer in self._timers:
            if timer.active():
                timer.cancel()
        self._timers = []
        waiting, self._waiting, self._framing, self._shaking = self._waiting, None, None, ""
        if error is not None:
            self.hang_up()
        if waiting is not None:
            if error is None:
                waiting.callback(None)
            else:
                waiting.errback(error)

    def hang_up(self) -> None:
        """Close at once, whatever is still under way."""
        if self.transport is not None and not self.lost:
            self.transport.abortConnection()


class ConnectionPool:
    """Keeps idle connections by route, at most `per_route` of each, for a while."""

    def __init__(self, reactor: Any, per_route: int) -> None:
        self._reactor = reactor
        self._per_route = per_route
        self._idle: dict[Route, list[tuple[WireProtocol, Any]]] = {}

    def take(self, route: Route) -> WireProtocol | None:
        """The connection that was used last, or None."""
        waiting = self._idle.get(route)
        if not waiting:
            return None
        protocol, timer = waiting.pop()
        timer.cancel()
        protocol.on_lost = lambda: None
        if not waiting:
            del self._idle[route]
        return protocol

    def give(self, route: Route, protocol: WireProtocol) -> None:
        """Keep `protocol` for the next request, or close it if there are enough."""
        waiting = self._idle.setdefault(route, [])
        if len(waiting) >= self._per_route or protocol.lost:
            protocol.hang_up()
            return
        entry = (protocol, self._reactor.callLater(_IDLE_SECONDS, protocol.hang_up))
        waiting.append(entry)
        protocol.on_lost = lambda: self._forget(route, entry)

    def _forget(self, route: Route, entry: tuple[WireProtocol, Any]) -> None:
        if entry[1].active():
            entry[1].cancel()
        waiting = self._idle.get(route, [])
        if entry in waiting:
            waiting.remove(entry)
        if not waiting:
            self._idle.pop(route, None)

    def close(self) -> None:
        """Close every idle connection."""
        for protocol, _ in [entry for waiting in self._idle.values() for entry in waiting]:
            protocol.hang_up()


async def open_connection(
    route: Route, *, reactor: Any, guard: AddressGuard, contexts: TlsContexts, allowed: float
) -> WireProtocol:
    """A connection ready for requests, within `allowed` seconds.

    Raises DnsError, NotConnectedError, UnreachableError, TotalTimeoutError, RefusedAddressError, TlsError.
    """
    deadline = reactor.seconds() + allowed
    host, port, tls = route.first_hop
    guard.check_literal(route.host)
    endpoint = HostnameEndpoint(reactor, host, port, timeout=allowed, bindAddress=route.bind)
    factory = Factory.forProtocol(lambda: WireProtocol(reactor))
    factory.noisy = False
    protocol = await _connected(endpoint.connect(factory), host, reactor, allowed)
    try:
        if route.proxy is None:
            guard.check(route.host, protocol.peer)
        if tls and not route.tunnelled:
            context = contexts.context(verify=route.verify)
            await _within(deadline, reactor, protocol.start_tls(context, host, verify=route.verify), allowed)
        if route.proxy is not None and route.tunnelled:
            await _open_tunnel(protocol, route, route.proxy, deadline - reactor.seconds(), allowed)
            context = contexts.context(verify=route.verify)
            await _within(deadline, reactor, protocol.start_tls(context, route.host, verify=route.verify), allowed)
    except BaseException:
        protocol.hang_up()
        raise
    return protocol


async def _connected(connecting: Deferred[Any], host: str, reactor: Any, allowed: float) -> WireProtocol:
    try:
        protocol: WireProtocol = await maybe_deferred_to_future(connecting.addTimeout(allowed, reactor))
    except (DNSLookupError, ValueError) as error:
        raise DnsError(f"{host} does not resolve: {error}") from error
    except ConnectionRefusedError as error:
        raise NotConnectedError(f"{host} refuses connections") from error
    except (TimeoutError, CancelledError) as error:
        raise TotalTimeoutError(allowed) from error
    except (ConnectError, OSError) as error:
        raise UnreachableError(f"{host} cannot be reached: {error}") from error
    return protocol


async def _within(deadline: float, reactor: Any, waiting: Deferred[None], allowed: float) -> None:
    try:
        await maybe_deferred_to_future(waiting.addTimeout(max(deadline - reactor.seconds(), 0.001), reactor))
    except (TimeoutError, StoppedError) as error:
        if reactor.seconds() >= deadline:
            raise TotalTimeoutError(allowed) from error
        raise


async def _open_tunnel(protocol: WireProtocol, route: Route, proxy: Proxy, seconds: float, allowed: float) -> None:
    """Ask the proxy for a tunnel to the route's host (RFC 9110, section 9.3.6)."""
    authority = f"[{route.host}]:{route.port}" if ":" in route.host else f"{route.host}:{route.port}"
    message = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n".encode("ascii")
    if proxy.authorization:
        message += b"Proxy-Authorization: " + proxy.authorization + b"\r\n"
    framing = ResponseFraming(method=b"CONNECT", limits=_TUNNEL_LIMITS)
    waiting = protocol.send(message + b"\r\n", framing, first_byte_seconds=seconds, seconds=seconds, allowed=allowed)
    await maybe_deferred_to_future(waiting)
    if framing.head is None or not 200 <= framing.head.status < 300:
        status = framing.head.status if framing.head else "nothing"
        raise UnreachableError(f"the proxy {proxy.host}:{proxy.port} answered CONNECT {authority} with {status}")
