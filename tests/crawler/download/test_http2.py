"""Servers that speak only HTTP/2 have one outcome, however they show it."""

from __future__ import annotations

import contextlib
import socket
import threading
from datetime import UTC, datetime

import pytest

from archive.parse import ParseTask
from archive.parse.parse import parse_task
from crawler.diagnosis import Visited, why_no_article
from tests.support.fetch import fetch
from tests.support.server import Server, answer

SETTINGS = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"
GOAWAY = b"\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"


@pytest.mark.slow
def test_frames_in_answer_to_a_request_or_before_it_are_named() -> None:
    eager = socket.create_server(("127.0.0.1", 0))

    def greet() -> None:
        connection, _ = eager.accept()
        with connection, contextlib.suppress(OSError):  # it is hung up on
            connection.sendall(SETTINGS)
            connection.recv(1000)

    threading.Thread(target=greet, daemon=True).start()
    routes = {"/settings": answer(SETTINGS + GOAWAY, close=True), "/goaway": answer(GOAWAY, close=True)}
    with eager, Server(routes) as server:
        urls = [server.url("/settings"), server.url("/goaway"), f"http://127.0.0.1:{eager.getsockname()[1]}/"]
        crawled = fetch([{"url": url} for url in urls], settings={"CONCURRENT_REQUESTS": 1})
    assert [visit.outcome for visit in crawled.visits] == ["http2-only"] * 3
    assert "HTTP/2" in crawled.visits[0].error


@pytest.mark.parametrize(
    ("upgrade", "reason"), [("h2c", "http2-only"), ("HTTP/2.0", "http2-only"), ("TLS/1.3", "http-426")]
)
def test_an_answer_that_asks_for_http2_is_named(upgrade: str, reason: str) -> None:
    response = f"HTTP/1.1 426 Upgrade Required\r\nUpgrade: {upgrade}\r\nContent-Length: 0\r\n\r\n".encode()
    read = parse_task(
        ParseTask(url="https://a.example/", response=response, fetched_at=datetime(2026, 11, 1, tzinfo=UTC))
    )
    assert read.outcome.reason == reason


def test_the_summary_says_what_to_try() -> None:
    rows = [Visited(kind="seed", outcome="failed", reason="http2-only", urls=1)]
    assert "only HTTP/2" in str(why_no_article(rows, out_of_scope=0, left_out={}))
