"""A loopback web server that sends exact bytes, valid or not, and records the requests.

    with Server({"/a": answer(b"HTTP/1.1 200 OK\\r\\n\\r\\n", close=True)}) as server:
        ...requests to server.url("/a")...
        server.received[0].head

It runs in a thread. A route is an async function of an Exchange; it returns True to keep the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl

Route = Callable[["Exchange"], Awaitable[bool]]

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nnot here\n"


@dataclass(kw_only=True)
class Received:
    """One request: its bytes, path and query, time of arrival (monotonic), and number on its connection from 1."""

    head: bytes
    body: bytes
    target: str
    at: float
    number: int

    @property
    def path(self) -> str:
        return urlsplit(self.target).path


@dataclass(kw_only=True)
class Exchange:
    """One request as given to a route, which can send bytes (recorded in `sent`) or break the connection."""

    request: Received
    writer: asyncio.StreamWriter
    sent: bytearray = field(default_factory=bytearray)

    async def send(self, data: bytes) -> None:
        if self.writer.transport.is_closing():  # asyncio itself would only log, for ever
            raise ConnectionError("the client has closed the connection")
        self.sent += data
        self.writer.write(data)
        await self.writer.drain()
        await asyncio.sleep(0)  # drain alone need not let others run, the loss of this connection among them

    def reset(self) -> None:
        """Send a TCP RST instead of a FIN."""
        connection: socket.socket = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def answer(data: bytes, *, close: bool = False) -> Route:
    """Return a route that always sends the same bytes."""

    async def route(exchange: Exchange) -> bool:
        await exchange.send(data)
        return not close

    return route


def page(body: bytes, *, status: str = "200 OK", headers: str = "Content-Type: text/html; charset=utf-8") -> bytes:
    """Return a well-formed response with the correct Content-Length; `headers` are lines without the last line end."""
    return f"HTTP/1.1 {status}\r\n{headers}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Server:
    """Serves `routes` by path on 127.0.0.1 (or `host`), over TLS if given a context."""

    def __init__(
        self, routes: Mapping[str, Route], *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", name: str = ""
    ) -> None:
        self.routes = dict(routes)
        self.received: list[Received] = []
        self.sent: dict[str, bytearray] = {}
        self.connections = 0
        self.port = 0
        self._tls, self._host, self._name = tls, host, name or host
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def url(self, path: str) -> str:
        return f"{'https' if self._tls else 'http'}://{self._name}:{self.port}{path}"

    def paths(self) -> list[str]:
        """Return the requested paths, in order."""
        return [each.path for each in self.received]

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, self._host, 0, ssl=self._tls, limit=1 << 20)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0.01))  # transports that are closing get to their end
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = 0
        with contextlib.suppress(
            asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError, OSError
        ):
            keep = True
            while keep:
                number += 1
                request = await read_request(reader, number)
                self.received.append(request)
                keep = await self._answer(request, reader, writer)
        await _close(writer)

    async def _answer(self, request: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        exchange = Exchange(request=request, writer=writer)
        route = self.routes.get(request.path, answer(NOT_FOUND))
        self.sent[request.path] = exchange.sent
        return await route(exchange)


async def read_request(reader: asyncio.StreamReader, number: int) -> Received:
    """Read one request, with its body if it has a Content-Length."""
    first = await reader.readexactly(1)
    if first == b"\x16":
        raise ConnectionError("a TLS handshake is not an HTTP request")
    head = first + await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    body = await reader.readexactly(length) if length else b""
    target = head.split(b" ", 2)[1].decode("latin-1")
    return Received(head=head, body=body, target=target, at=time.monotonic(), number=number)


class Proxy(Server):
    """An HTTP proxy for requests and CONNECT tunnels; with `credentials`, only for clients that send that value."""

    def __init__(self, *, credentials: bytes = b"") -> None:
        super().__init__({})
        self._credentials = credentials

    async def _answer(self, request: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if self._credentials and b"Proxy-Authorization: " + self._credentials not in request.head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return False
        if request.head.startswith(b"CONNECT "):
            host, _, port = request.target.rpartition(":")
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
            return False
        await self._forward(request, reader, writer)
        return False

    async def _forward(self, request: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward the requests of a connection, all to one origin, in origin form."""
        parts = urlsplit(request.target)
        far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
        back = asyncio.ensure_future(_pump(far_reader, writer))
        try:
            while True:
                parts = urlsplit(request.target)
                origin_form = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                head = request.head.replace(request.target.encode(), origin_form.encode(), 1)
                far_writer.write(head + request.body)
                request = await read_request(reader, request.number + 1)
                self.received.append(request)
        finally:
            await _close(far_writer)
            await back


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        await _close(writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(Exception):
        writer.close()
        async with asyncio.timeout(0.5):
            await writer.wait_closed()
