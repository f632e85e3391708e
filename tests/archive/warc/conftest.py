"""Captures to write, and a folder to write them to."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from archive.capture import Capture
from archive.warc import WarcWriter

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "<html dir=rtl><body><h1>عنوان</h1><p>نص الخبر كما جاء</p></body></html>".encode()
REQUEST = b"GET /khabar/1?x=%D8%A3 HTTP/1.1\r\nHost: news.example\r\nX-odd:  1\r\n\r\n"
MOMENT = datetime(2026, 11, 24, 5, 30, 0, 123456, tzinfo=UTC)


def chunked(body: bytes, *fields: str, size: int = 100) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    framed = b"".join(b"%x;n=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nX-Sum: 1\r\n\r\n"
    head = ["HTTP/1.1 200 OK", "Content-TYPE: text/html; charset=utf-8", "Transfer-Encoding: chunked", *fields, "", ""]
    return "\r\n".join(head).encode("latin-1") + framed


def capture(response: bytes = b"", **changed: Any) -> Capture:
    given = response or chunked(
        gzip.compress(PAGE * 90, mtime=0), "Content-Encoding: gzip", "sEt-CoOkie: a=1", "Set-Cookie: b=2"
    )
    fields = {"url": "http://news.example/khabar/1?x=%D8%A3", "started": MOMENT, "request": REQUEST, "ip": "192.0.2.7"}
    return Capture(**{**fields, "response": given, **changed})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def writer(folder: Path) -> WarcWriter:
    return WarcWriter(
        folder, info={"software": "warraq test", "robots": "obey"}, host="box.example", clock=lambda: MOMENT
    )
