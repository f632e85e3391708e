"""Lets in what the room can serve: heads that dawdle are dropped, requests wait their turn, answers that nobody takes are broken off."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from starlette.responses import PlainTextResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

HEAD_SECONDS: Final = 10.0
"""For a client to send a whole head; a browser sends it at once."""
MOST_CONNECTIONS: Final = 600
"""Open at a time; of file descriptors a process has 1,024 by default."""
MOST_REQUESTS: Final = 64
"""Under way at a time; more wait their turn."""
TURN_SECONDS: Final = 20.0
"""That a request waits for its turn before it is told to come again."""
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


class Admission:
    """Runs so many requests at a time; each has so long from its turn to the last byte of its answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._turns = asyncio.Semaphore(MOST_REQUESTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One exchange."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await asyncio.wait_for(self._turns.acquire(), TURN_SECONDS)
        except TimeoutError:
            busy = PlainTextResponse("Too many requests at this moment.\n", 503, headers={"Retry-After": "10"})
            await busy(scope, receive, send)
            return
        try:
            with contextlib.suppress(TimeoutError):  # the server closes the connection of an answer that has no end
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._app(scope, receive, send)
        finally:
            self._turns.release()
