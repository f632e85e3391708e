"""Guard every request: limits on time and number, allowed headers, and security headers of the response."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections import Counter, deque
from ipaddress import IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from uvicorn import Server
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import FrameType

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD_SECONDS: Final = 10.0
"""The time limit for a client to send a complete request head; a browser sends it at once."""
MOST_CONNECTIONS: Final = 600
"""The most open connections; a process has 1,024 file descriptors by default."""
MOST_REQUESTS: Final = 8
"""The most requests processed at a time; others wait. Each further one slows all of them, because they share the processors."""
KEPT_REQUESTS: Final = 4
"""Of these, the number reserved for client addresses without a request in progress, which need not wait for slow requests of others."""
TURN_SECONDS: Final = 20.0
"""How long a request waits for its turn before it is answered with 503."""
ANSWER_SECONDS: Final = 120.0
"""The time limit to produce and send a response."""


class QuietServer(Server):
    """A server that a second Ctrl-C ends at once without a traceback of each task that this cancels."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End the server; on the second Ctrl-C, stop its log as well."""
        super().handle_exit(sig, frame)
        logging.getLogger("uvicorn.error").disabled = self.force_exit


class BoundedProtocol(H11Protocol):
    """A connection that is closed when no complete request head arrives in time, or when there are too many connections."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time limit for a request head."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Start the time limit for the next request head as well."""
        self._wait_for_head()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the time limit."""
        if self._timer:
            self._timer.cancel()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        if self._timer is None and self._is_idle():
            self._timer = self.loop.call_later(HEAD_SECONDS, self._drop)

    def _drop(self) -> None:
        self._timer = None
        if self._is_idle():
            self.transport.abort()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete


class Slots:
    """Limits the number of concurrent requests, and reserves some for client addresses without a request in progress.

    The next waiting request is that of the address with the fewest in progress, so that no client blocks the others.
    """

    def __init__(self, most: int, *, kept: int) -> None:
        self._free, self._kept = most, kept
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    async def take(self, address: str, seconds: float) -> None:
        """Wait for a turn; raises TimeoutError after this many seconds."""
        if self._may_run(address):
            self._start(address)
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(address, deque()).append(turn)
        try:
            await asyncio.wait_for(turn, seconds)
        except (TimeoutError, asyncio.CancelledError):
            if turn.done() and not turn.cancelled():  # it came at the moment at which the wait ended
                self.give(address)
            raise

    def give(self, address: str) -> None:
        """Return the turn, and give it to a waiting request that may run, if any."""
        self._running -= Counter({address: 1})
        self._free += 1
        while self._waiting:
            chosen = min(self._waiting, key=lambda one: self._running[one])
            if not self._may_run(chosen):
                return
            queue = self._waiting.pop(chosen)
            turn = queue.popleft()
            if queue:
                self._waiting[chosen] = queue  # to the end, so that equals take turns
            if not turn.done():
                self._start(chosen)
                turn.set_result(None)

    def _may_run(self, address: str) -> bool:
        return self._free > (self._kept if self._running[address] else 0)

    def _start(self, address: str) -> None:
        self._free -= 1
        self._running[address] += 1


class Admission:
    """Limits the number of concurrent requests, and the time of each from its turn to the last byte of its response.

    A turn ends when the response begins, so that a client that reads slowly holds a connection but no turn.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._slots = Slots(MOST_REQUESTS, kept=KEPT_REQUESTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one exchange."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        address = _client((scope.get("client") or ("",))[0])
        try:
            await self._slots.take(address, TURN_SECONDS)
        except TimeoutError:
            busy = PlainTextResponse("Too many requests at this moment.\n", 503, headers={"Retry-After": "10"})
            await busy(scope, receive, send)
            return
        with contextlib.ExitStack() as turn:
            turn.callback(self._slots.give, address)

            async def begin(message: Message) -> None:
                turn.close()
                await send(message)

            with contextlib.suppress(TimeoutError):  # the server closes the connection of an incomplete response
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._app(scope, receive, begin)


def _client(address: str) -> str:
    """Return the address by which a client is counted: of IPv6 the network of 64 bits, since a client has all of its addresses."""
    with contextlib.suppress(ValueError):
        parsed = IPv6Address(address)
        return str(parsed.ipv4_mapped or IPv6Network((parsed, 64), strict=False))
    return address


# Refuse requests that are too long or for another host, and add security headers to every response.

LONGEST_TARGET: Final = 12_000
"""The most bytes of path and query: a search of 1,000 Arabic letters has 6,000, percent-encoded."""

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
ARCHIVED_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""The policy of archived HTML: an opaque origin without scripts, forms, popups and top navigation, which loads nothing."""

REPLAY_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""The policy of an archived page as displayed: the same, but it loads its requisites from the archive."""

_HOST: Final = re.compile(r"(?:[\w.-]*|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.ASCII | re.IGNORECASE)
_HEADERS: Final = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-cache",
}


class SecurityHeaders:
    """The outermost layer of the application.

    `hosts` are the accepted host names, without port; empty for any. On loopback the list matters: without it, a foreign page could
    point its own name at 127.0.0.1 and read the archive (DNS rebinding).
    `origins` may read responses of the API and feeds from a browser (CORS); `*` allows all.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], origins: Collection[str] = ()) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one exchange."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if "/api/" in scope["path"] or "/feed." in scope["path"]:
                    self._share(Headers(scope=scope).get("origin", ""), headers)
            await send(message)

        await (self._refusal(scope) or self._app)(scope, receive, guarded)

    def _share(self, origin: str, headers: MutableHeaders) -> None:
        """Allow a page of this origin to read the response, if the origin is permitted."""
        if self._origins:
            headers.add_vary_header("Origin")
        if origin and (origin in self._origins or "*" in self._origins):
            headers["Access-Control-Allow-Origin"] = "*" if "*" in self._origins else origin
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_TARGET:
            return PlainTextResponse("The address is too long.\n", 414)
        headers = Headers(scope=scope)
        if (
            "transfer-encoding" in headers
        ):  # with a Content-Length beside it, this allows request smuggling (RFC 9112, section 11.2)
            return PlainTextResponse("No request here has a body in chunks.\n", 400, headers={"Connection": "close"})
        if not _HOST.fullmatch(headers.get("host", "")):
            return PlainTextResponse("That is not a host name.\n", 400, headers={"Connection": "close"})
        host = _host(headers.get("host", ""))
        if self._hosts and host not in self._hosts:
            return PlainTextResponse("This server does not answer to that name; see warraq serve --name.\n", 421)
        return None


class Below:
    """Serves an application below a path, whether the proxy in front removes the path from requests or not."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self.app = app
        self.prefix = f"/{prefix.strip('/')}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its whole path, and the path of the application as `root_path`."""
        if scope["type"] == "http":
            is_whole = f"{scope['path']}/".startswith(f"{self.prefix}/")
            above = "" if is_whole else self.prefix
            raw = above.encode() + bytes(scope.get("raw_path") or quote(scope["path"]).encode())
            scope = {**scope, "root_path": self.prefix, "path": above + scope["path"], "raw_path": raw}
        await self.app(scope, receive, send)


def _host(value: str) -> str:
    """Return the host of a Host header in lower case, without port and without the brackets of an IPv6 address."""
    value = value.strip().lower()
    if value.startswith("["):
        return value[1:].split("]", maxsplit=1)[0]
    return value.split(":", maxsplit=1)[0].removesuffix(".")
