"""Carry one exchange at a time over a connected transport: fill a ResponseFraming or raise an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from OpenSSL import SSL, crypto
from service_identity import CertificateError, VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from twisted.internet import error as network
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHandshakeListener, IOpenSSLClientConnectionCreator
from twisted.internet.protocol import Protocol, connectionDone
from zope.interface import implementer

from crawler.download.errors import (
    ClosedError,
    ExchangeError,
    FirstByteTimeoutError,
    Http2OnlyError,
    NotHttpError,
    ResetError,
    StoppedError,
    TlsError,
    TotalTimeoutError,
    is_http2,
)
from crawler.download.intermediates import issuer_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

    from crawler.download.framing import ResponseFraming


ISSUER_MISSING = 20  # X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY


MOST_CERTIFICATES: Final = 10
MOST_CERTIFICATE_BYTES: Final = 1 << 15
"""Limits of a chain that is kept; usual chains have two to four certificates and 3 to 6 kB."""


def is_address(host: str) -> bool:
    """Return True for an IPv4 or IPv6 address in its usual spelling."""
    return ":" in host or host.replace(".", "").isdigit()


@implementer(IOpenSSLClientConnectionCreator)
class _ClientTls:
    def __init__(self, context: SSL.Context, host: str) -> None:
        self.unissued: Any = None
        """The certificate whose issuer was neither sent nor is trusted here, None where none was missed."""
        self._context = context
        self._host = host

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:  # noqa: N802, N803, ARG002 -- Twisted's interface
        connection = SSL.Connection(self._context, None)
        connection.set_verify(self._context.get_verify_mode(), self._note_unissued)
        if not is_address(self._host):  # RFC 6066, section 3: the server name is never an address
            connection.set_tlsext_host_name(self._host.encode("ascii"))
        return connection

    def _note_unissued(self, _: SSL.Connection, certificate: Any, error: int, _depth: int, preverified: int) -> bool:
        """Return OpenSSL's verdict, and keep the certificate whose issuer is missing."""
        if error == ISSUER_MISSING:
            self.unissued = certificate
        return bool(preverified)


@implementer(IHandshakeListener)
class WireProtocol(Protocol):
    """One connection. At most one thing is awaited at a time: a TLS handshake, or the end of a response.

    `tls` is (protocol, cipher suite) and `certificate` the peer's X509, None before a handshake; `certificates` are those
    that it sent, in DER, its own first. `first_byte_after` is the time in seconds to the first byte of the last response.
    """

    transport: Any  # Twisted's ITransport leaves out the TCP and TLS methods that are used here

    def __init__(self, reactor: Any) -> None:
        self.lost = False
        self.on_lost: Callable[[], None] = lambda: None
        self.first_byte_after: float | None = None
        self.tls: tuple[str, str] | None = None
        self.certificate: Any = None
        self.certificates: tuple[bytes, ...] = ()
        self._reactor = reactor
        self._framing: ResponseFraming | None = None
        self._waiting: Deferred[None] | None = None
        self._timers: list[Any] = []
        self._sent_at = 0.0
        self._shaking = ""  # the host of the handshake in progress
        self._client: _ClientTls | None = None
        self._verify = False
        self._unasked = b""  # bytes that the server sent before a request

    @property
    def peer(self) -> str:
        """The address of the machine at the other end."""
        return str(self.transport.getPeer().host)

    def start_tls(self, context: SSL.Context, host: str, *, verify: bool) -> Deferred[None]:
        """Shake hands; fails with TlsError. With `verify` the certificate must be trusted and name `host`."""
        waiting = self._waiting = Deferred(self._cancel)
        self._shaking, self._verify = host, verify
        self._client = _ClientTls(context, host)
        self.transport.startTLS(self._client)
        return waiting

    def handshakeCompleted(self) -> None:  # noqa: N802 -- Twisted's interface
        """Check the certificate: the handshake is done and nothing has been written yet."""
        host = self._shaking
        if not host:
            return  # a TLS 1.3 message after the handshake
        connection = self.transport.getHandle()
        self.certificate = connection.get_peer_certificate()
        self.certificates = _shown_by(connection)
        self.tls = (connection.get_protocol_version_name(), connection.get_cipher_name())
        problem: ExchangeError | None = None
        if self._verify:
            try:
                (verify_ip_address if is_address(host) else verify_hostname)(connection, host)
            except VerificationError:
                problem = TlsError(host, "the certificate is of another host", certificate=True)
            except (CertificateError, ValueError) as error:
                problem = TlsError(host, str(error), certificate=True)
        self._end(problem)

    def send(
        self, message: bytes, framing: ResponseFraming, *, first_byte_seconds: float, seconds: float, allowed: float
    ) -> Deferred[None]:
        """Write a request and collect its response in `framing`; fires when it is complete, fails with an ExchangeError.

        `seconds` are left of the time `allowed` for the whole download.
        """
        self._framing = framing
        waiting = self._waiting = Deferred(self._cancel)
        self.first_byte_after = None
        self._sent_at = self._reactor.seconds()
        later = self._reactor.callLater
        if self._unasked:
            said = Http2OnlyError() if is_http2(self._unasked) else NotHttpError(self._unasked)
            self._timers = [later(0, self._end, said)]
            return waiting
        self._timers = [later(max(seconds, 0), self._end, TotalTimeoutError(allowed))]
        if first_byte_seconds < seconds:
            self._timers.append(later(first_byte_seconds, self._end, FirstByteTimeoutError(first_byte_seconds)))
        self.transport.write(message)
        return waiting

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 -- Twisted's interface
        """Pass the bytes to the awaited response; disconnect a server that sends without a request."""
        framing = self._framing
        if framing is None:
            self._unasked = data[:16]
            self.hang_up()
            return
        if self.first_byte_after is None:
            self.first_byte_after = self._reactor.seconds() - self._sent_at
            if len(self._timers) > 1:
                self._timers.pop().cancel()
        try:
            done = framing.feed(data)
        except NotHttpError as error:
            self._end(Http2OnlyError() if is_http2(error.start) else error)
        except ExchangeError as error:
            self._end(error)
        else:
            if done:
                self._end(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 -- Twisted's interface
        """Finish or fail what is awaited, depending on how the connection ended."""
        self.lost = True
        if self._shaking:
            text = _reason_of(reason.value)
            untrusted = isinstance(reason.value, SSL.Error) and "certificate verify failed" in text
            unissued = self._client.unissued if self._client and untrusted else None
            self._end(
                TlsError(self._shaking, text, certificate=untrusted, issuer=issuer_of(unissued) if unissued else None)
            )
        elif self._framing is not None:
            self._end(_how_it_ended(reason, self._framing))
        self.on_lost()

    def hang_up(self) -> None:
        """Close at once, even during an exchange."""
        if self.transport is not None and not self.lost:
            self.transport.abortConnection()

    def _cancel(self, _: Deferred[None]) -> None:
        self._end(StoppedError("cancelled"))

    def _end(self, error: ExchangeError | None) -> None:
        for timer in self._timers:
            if timer.active():
                timer.cancel()
        waiting, self._waiting, self._framing, self._shaking, self._timers = self._waiting, None, None, "", []
        if error is not None:
            self.hang_up()
        if waiting is None:
            return
        if error is None:
            waiting.callback(None)
        else:
            waiting.errback(error)


def _reason_of(error: BaseException | None) -> str:
    """Return the text of an error; of OpenSSL's queue of errors, only the reasons."""
    args = error.args if error else ()
    queue = args[0] if args and isinstance(args[0], list) else []
    return ", ".join(str(entry[-1]) for entry in queue) or " ".join(map(str, args)) or str(error)


def _shown_by(connection: SSL.Connection) -> tuple[bytes, ...]:
    """Return the certificates that the server sent; of a chain that is too large to keep, only its own, or none."""
    own, chain = connection.get_peer_certificate(), connection.get_peer_cert_chain()
    for shown in (chain, [own]):
        found = tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, one) for one in shown or () if one is not None)
        if found and len(found) <= MOST_CERTIFICATES and sum(map(len, found)) <= MOST_CERTIFICATE_BYTES:
            return found
    return ()


def _how_it_ended(reason: Failure, framing: ResponseFraming) -> ExchangeError | None:
    if not isinstance(reason.value, network.ConnectionDone):
        return ResetError(f"the connection broke: {reason.getErrorMessage()}")
    if framing.head is None:
        return ClosedError("the server closed the connection before its answer was there")
    return framing.close()
