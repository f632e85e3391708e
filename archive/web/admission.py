"""Guard every request: limits on time and number, allowed headers, and security headers of the response."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter, deque
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD_SECONDS: Final = 10.0
"""For a client to send a whole head; a browser sends it at once."""
MOST_CONNECTIONS: Final = 600
"""Open at a time; of file descriptors a process has 1,024 by default."""
MOST_REQUESTS: Final = 8
"""Made at a time; more wait their turn. Each further one makes all of them slower, for they share the processors."""
KEPT_REQUESTS: Final = 4
"""Of these, kept for addresses that have none under way: who asks one thing need not wait for the end of a dear question of others."""
TURN_SECONDS: Final = 20.0
"""That a request waits for its turn before it is answered 503."""
ANSWER_SECONDS: Final = 120.0
"""For an answer to be made and taken."""


class BoundedProtocol(H11Protocol):
    """A connection that is closed when no whole head comes in time, or when there are too many."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Wait for the next head, too."""
        self._wait_for_head()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
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


class Turns:
    """Lets so many run at a time, and keeps some of them for addresses that have none under way.

    The next of those who wait is of the address that has the fewest under way, so that no one crowds the others out.
    """

    def __init__(self, most: int, *, kept: int) -> None:
        self._free, self._kept = most, kept
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    async def take(self, address: str, seconds: float) -> None:
        """Wait for a turn; raise TimeoutError when none comes in so many seconds."""
        if self._may_run(address):
            self._start(address)
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(address, deque()).append(turn)
        try:
            await asyncio.wait_for(turn, seconds)
        except (TimeoutError, asyncio.CancelledError):
            if turn.done() and not turn.cancelled():  # it came in the moment in which the wait ended
                self.give(address)
            raise

    def give(self, address: str) -> None:
        """Give the turn back: to who waits, if anybody does and may."""
        self._running -= Counter({address: 1})
        self._free += 1
        while self._waiting:
            chosen = min(self._waiting, key=lambda one: self._running[one])
            if not self._may_run(chosen):
                return
            queue = self._waiting.pop(chosen)
            turn = queue.popleft()
            if queue:
                self._waiting[chosen] = queue  # at the end: of equals, the next is another
            if not turn.done():
                self._start(chosen)
                turn.set_result(None)

    def _may_run(self, address: str) -> bool:
        return self._free > (self._kept if self._running[address] else 0)

    def _start(self, address: str) -> None:
        self._free -= 1
        self._running[address] += 1


class Admission:
    """Makes so many answers at a time; each request has so long from its turn to the last byte of its answer.

    A turn ends when the answer begins: a client that reads slowly holds a connection, not a turn.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._turns = Turns(MOST_REQUESTS, kept=KEPT_REQUESTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one exchange."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        address = (scope.get("client") or ("",))[0]
        try:
            await self._turns.take(address, TURN_SECONDS)
        except TimeoutError:
            busy = PlainTextResponse("Too many requests at this moment.\n", 503, headers={"Retry-After": "10"})
            await busy(scope, receive, send)
            return
        with contextlib.ExitStack() as turn:
            turn.callback(self._turns.give, address)

            async def begin(message: Message) -> None:
                turn.close()
                await send(message)

            with contextlib.suppress(TimeoutError):  # the server closes the connection of an answer that has no end
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._app(scope, receive, begin)


# The guard of every exchange: it refuses requests that are too long or for another host, and adds security headers to
# every response.

LONGEST_TARGET: Final = 12_000
"""Bytes of path and query: a search of 1,000 Arabic letters is 6,000 of them, percent-encoded."""

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
ARCHIVED_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""For archived HTML: an origin of its own without scripts, forms, popups and top navigation; it loads nothing."""

REPLAY_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""For an archived page as it looked: the same, but it loads what the archive holds of it."""

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

    `hosts` are the names that the server answers to, without port; empty: to any. On loopback the list matters: without it a page from
    elsewhere could point its own name at 127.0.0.1 and read the archive (DNS rebinding).

    `origins` may read answers of the API and feeds from a browser (CORS); `*` stands for all.
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
        """Let a page of that origin read the answer, if it may."""
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
        ):  # with a Content-Length beside it, how requests are smuggled (RFC 9112, section 11.2)
            return PlainTextResponse("No request here has a body in chunks.\n", 400, headers={"Connection": "close"})
        if not _HOST.fullmatch(headers.get("host", "")):
            return PlainTextResponse("That is not a host name.\n", 400, headers={"Connection": "close"})
        host = _host(headers.get("host", ""))
        if self._hosts and host not in self._hosts:
            return PlainTextResponse("This server does not answer to that name; see warraq serve --name.\n", 421)
        return None


def _host(value: str) -> str:
    """Return the host of a Host header, in lower case, without its port and the brackets of an IPv6 address."""
    value = value.strip().lower()
    if value.startswith("["):
        return value[1:].split("]", maxsplit=1)[0]
    return value.split(":", maxsplit=1)[0].removesuffix(".")
