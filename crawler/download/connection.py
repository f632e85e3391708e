"""Open connections and keep idle ones; uses Twisted's public API only.

A connection starts as plain TCP, so that the peer's address can be checked before anything is written. A CONNECT through the proxy,
if there is one, and TLS follow on the same transport.
"""

from __future__ import annotations

from dataclasses import dataclass
from socket import AF_INET6, SOCK_STREAM, getaddrinfo
from typing import TYPE_CHECKING, Any

from OpenSSL.crypto import X509
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet import error as network
from twisted.internet.abstract import isIPv6Address
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, TCP6ClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.ssl import CertificateOptions, platformTrust
from twisted.internet.threads import deferToThread

from archive.locale import N_
from crawler.download.errors import (
    DnsError,
    NotConnectedError,
    ProxyError,
    StoppedError,
    TotalTimeoutError,
    UnreachableError,
)
from crawler.download.framing import Limits, ResponseFraming
from crawler.download.protocol import WireProtocol

if TYPE_CHECKING:
    from cryptography import x509
    from OpenSSL import SSL

    from crawler.download.guard import AddressGuard

_IDLE_SECONDS = 30.0  # shorter than most servers' keep-alive, so that few connections are found stale
_TUNNEL_LIMITS = Limits(header_bytes=64 * 1024, line_bytes=16 * 1024, body_bytes=64 * 1024)
_platform_trust: Any = platformTrust  # Twisted leaves it without types


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """The address of the proxy, whether it uses TLS, and the value of Proxy-Authorization (b'' for none)."""

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
    def first_hop(self) -> tuple[str, int]:
        """Host and port of the machine that we connect to."""
        return (self.host, self.port) if self.proxy is None else (self.proxy.host, self.proxy.port)

    @property
    def authority(self) -> str:
        """Host and port as CONNECT names them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class TlsContexts:
    """The two OpenSSL contexts of a crawl, made once: reading the trusted roots takes longer than a handshake."""

    def __init__(self) -> None:
        self._made: dict[bool, SSL.Context] = {}

    def context(self, *, verify: bool) -> SSL.Context:
        """Return the context that verifies certificates against the platform's roots, or the one that accepts any."""
        if verify not in self._made:
            options = CertificateOptions(trustRoot=_platform_trust()) if verify else CertificateOptions(verify=False)
            self._made[verify] = options.getContext()
        return self._made[verify]

    def add_intermediate(self, certificate: x509.Certificate) -> None:
        """Accept the certificate in chains that lead to a trusted root; OpenSSL does not treat it as a root unless it is self-signed."""
        store = self.context(verify=True).get_cert_store()
        if store is not None:
            store.add_cert(X509.from_cryptography(certificate))


class ConnectionPool:
    """Keeps idle connections by route, at most `per_route` of each, for a while."""

    def __init__(self, reactor: Any, per_route: int) -> None:
        self._reactor = reactor
        self._per_route = per_route
        self._idle: dict[Route, list[tuple[WireProtocol, Any]]] = {}

    def take(self, route: Route) -> WireProtocol | None:
        """Return the connection that was used last, or None."""
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
        if protocol.lost or len(self._idle.get(route, ())) >= self._per_route:
            protocol.hang_up()
            return
        entry = (protocol, self._reactor.callLater(_IDLE_SECONDS, protocol.hang_up))
        self._idle.setdefault(route, []).append(entry)
        protocol.on_lost = lambda: self._forget(route, entry)

    def close(self) -> None:
        """Close every idle connection."""
        for protocol, _ in [entry for waiting in self._idle.values() for entry in waiting]:
            protocol.hang_up()

    def _forget(self, route: Route, entry: tuple[WireProtocol, Any]) -> None:
        if entry[1].active():
            entry[1].cancel()
        waiting = self._idle.get(route, [])
        if entry in waiting:
            waiting.remove(entry)
        if not waiting:
            self._idle.pop(route, None)


async def open_connection(
    route: Route, *, reactor: Any, guard: AddressGuard, contexts: TlsContexts, allowed: float
) -> WireProtocol:
    """Return a connection ready for requests, within `allowed` seconds.

    Raises DnsError, NotConnectedError, UnreachableError, ProxyError, TotalTimeoutError, RefusedAddressError, TlsError.
    """
    deadline = reactor.seconds() + allowed
    host, port = route.first_hop
    guard.check_literal(route.host)
    try:
        protocol = await _connect(route, reactor, deadline - reactor.seconds(), allowed)
    except (DnsError, NotConnectedError, UnreachableError) as error:
        if route.proxy is None:
            raise
        raise ProxyError(N_(f"the proxy {host}:{port} cannot be used: {error}")) from error
    try:
        if route.proxy is None:
            guard.check(route.host, protocol.peer)
        elif route.tls:
            await _open_tunnel(protocol, route, deadline - reactor.seconds(), allowed)
        if route.tls or (route.proxy is not None and route.proxy.tls):
            name = route.host if route.tls else host
            shaking = protocol.start_tls(contexts.context(verify=route.verify), name, verify=route.verify)
            await _within(deadline, reactor, shaking, allowed)
    except BaseException:
        protocol.hang_up()
        raise
    return protocol


async def _connect(route: Route, reactor: Any, seconds: float, allowed: float) -> WireProtocol:
    """Return a TCP connection to the first hop, by IPv6 if its name has no IPv4 address."""
    host, port = route.first_hop
    deadline = reactor.seconds() + seconds
    factory: Any = Factory.forProtocol(lambda: WireProtocol(reactor))
    factory.noisy = False
    try:
        endpoint = _endpoint(reactor, host, port, timeout=allowed, bindAddress=route.bind)
        return await _connected(endpoint.connect(factory), host, reactor, allowed)
    except DnsError:
        address = await _ipv6_address(host, port, reactor, deadline - reactor.seconds())
        if not address:
            raise
    endpoint = _endpoint(reactor, address, port, timeout=allowed, bindAddress=route.bind)
    return await _connected(endpoint.connect(factory), host, reactor, allowed)


def _endpoint(reactor: Any, host: str, port: int, **more: Any) -> Any:
    return (TCP6ClientEndpoint if isIPv6Address(host) else HostnameEndpoint)(reactor, host, port, **more)


async def _ipv6_address(host: str, port: int, reactor: Any, seconds: float) -> str:
    """Return an IPv6 address of a host without IPv4, since Scrapy's resolver looks up IPv4 only; '' for none."""
    looking = deferToThread(getaddrinfo, host, port, family=AF_INET6, type=SOCK_STREAM)
    try:
        found = await maybe_deferred_to_future(looking.addTimeout(max(seconds, 0), reactor))
    except (OSError, ValueError, CancelledError, TimeoutError, network.TimeoutError):
        return ""
    return str(found[0][4][0]) if found else ""


async def _connected(connecting: Deferred[Any], host: str, reactor: Any, allowed: float) -> WireProtocol:
    try:
        protocol: WireProtocol = await maybe_deferred_to_future(connecting.addTimeout(allowed, reactor))
    except (network.DNSLookupError, ValueError) as error:
        raise DnsError(f"{host} does not resolve: {error}") from error
    except network.ConnectionRefusedError as error:
        raise NotConnectedError(f"{host} refuses connections") from error
    except (network.TimeoutError, CancelledError, TimeoutError) as error:
        raise TotalTimeoutError(allowed) from error
    except (network.ConnectError, OSError) as error:
        raise UnreachableError(f"{host} cannot be reached: {error}") from error
    return protocol


async def _within(deadline: float, reactor: Any, waiting: Deferred[None], allowed: float) -> None:
    late = reactor.callLater(max(deadline - reactor.seconds(), 0), waiting.cancel)
    try:
        await maybe_deferred_to_future(waiting)
    except StoppedError as error:
        raise (error if late.active() else TotalTimeoutError(allowed)) from error
    finally:
        if late.active():
            late.cancel()


async def _open_tunnel(protocol: WireProtocol, route: Route, seconds: float, allowed: float) -> None:
    """Ask the proxy for a tunnel to the route's host (RFC 9110, section 9.3.6)."""
    authorization = route.proxy.authorization if route.proxy is not None else b""
    message = f"CONNECT {route.authority} HTTP/1.1\r\nHost: {route.authority}\r\n".encode("ascii")
    if authorization:
        message += b"Proxy-Authorization: " + authorization + b"\r\n"
    framing = ResponseFraming(method=b"CONNECT", limits=_TUNNEL_LIMITS)
    waiting = protocol.send(message + b"\r\n", framing, first_byte_seconds=seconds, seconds=seconds, allowed=allowed)
    await maybe_deferred_to_future(waiting)
    if framing.head is None or not 200 <= framing.head.status < 300:
        status = framing.head.status if framing.head else "nothing"
        raise ProxyError(N_(f"the proxy answered CONNECT {route.authority} with {status}"))
