"""Make article pages, captures of them, and WARC files of the captures."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from archive.capture import Capture
from archive.warc import Original, WarcWriter, payload_digest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

BODY = "".join(
    f"<p>هذه الفقرة رقم {n} من خبر طويل كتب للاختبار وفيه ما يكفي من الكلمات ليكون نصاً صحيحاً يقرأه القارئ كاملاً.</p>"
    for n in range(6)
)


def page(title: str) -> bytes:
    """Return an article of six paragraphs."""
    return (
        f"<!DOCTYPE html><html lang=ar><title>{title}</title><article><h1>{title}</h1>{BODY}</article></html>".encode()
    )


def response(body: bytes) -> bytes:
    """Return a well-formed response with this page."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def capture(path: str, body: bytes, minute: int = 0) -> Capture:
    """Return a capture of news.example, some minutes after noon of a day."""
    return Capture(
        url=f"https://news.example{path}",
        started=datetime(2026, 11, 24, 12, minute, tzinfo=UTC),
        request=f"GET {path} HTTP/1.1\r\nHost: news.example\r\n\r\n".encode(),
        response=response(body),
    )


def capture_of(url: str, month: int, body: bytes) -> Capture:
    """Return a capture of any URL in the middle of a month of 2026."""
    return Capture(
        url=url,
        started=datetime(2026, month, 15, 12, tzinfo=UTC),
        request=f"GET /{url.split('/', 3)[3]} HTTP/1.1\r\n\r\n".encode(),
        response=response(body),
        via="https://feeds.example/",
    )


def write_warc(folder: Path, captures: Iterable[Capture]) -> Path:
    """Write a WARC of these captures; as in a crawl, a repeated payload becomes a revisit."""
    folder.mkdir()
    held: dict[str, Original] = {}
    with WarcWriter(folder, info={"software": "test"}, host="h") as writer:
        for one in captures:
            digest = payload_digest(one)
            written = writer.write_capture(one, payload_digest=digest, revisit_of=held.get(digest))
            held.setdefault(
                digest, Original(record_id=written.record_id, url=one.url, date=written.date, payload_digest=digest)
            )
    (path,) = folder.glob("*.warc.gz")
    return path
