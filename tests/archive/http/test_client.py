"""Requests have one deadline for the whole response, and are not redirected elsewhere."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from archive.http.client import NoResponseError, exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def serving(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server of one connection that says what `talk` says."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    talk(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/hook"


def trickle(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(600):
        connection.sendall(b"x")
        time.sleep(0.05)


def interim(connection: socket.socket) -> None:
    for _ in range(600):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.05)


ANSWERS: dict[str, Callable[[socket.socket], None]] = {
    "trickle": trickle,
    "interim": interim,
    "silence": lambda _: time.sleep(30),
    "garbage": lambda connection: connection.sendall(b"\x00\x01 nothing like HTTP \r\n\r\n"),
    "long header line": lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n"),
    "closed": lambda connection: connection.close(),
    "too much": lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(5000)),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_what_is_no_whole_answer_in_time_is_one_error(kind: str) -> None:
    with serving(ANSWERS[kind]) as url, pytest.raises(NoResponseError):
        exchange(urllib.request.Request(url, b"{}"), seconds=1, max_bytes=1000, direct=True)


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    head = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nno"
    with serving(lambda connection: connection.sendall(head)) as url:
        answer = exchange(urllib.request.Request(url, b"{}"), seconds=30, direct=True)
    assert (answer.status, answer.body) == (307, b"no")


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(NoResponseError, match="refused"):
        exchange(urllib.request.Request("http://127.0.0.1:9/"), seconds=30, direct=True)
