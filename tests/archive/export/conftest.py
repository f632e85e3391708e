"""A small collection to export from: two captures of a page, the second a revisit, and pictures."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from archive.capture import Capture
from archive.export import Chosen, Source
from archive.warc import Original, WarcWriter, payload_digest
from archive.warc.cdxj import Index

if TYPE_CHECKING:
    from pathlib import Path

    from archive.capture import Location
    from archive.warc import Record, Written

MOMENT = datetime(2026, 11, 24, 5, 30, 0, 123456, tzinfo=UTC)
HTML = gzip.compress("<html dir=rtl><link rel=stylesheet href=/s.css><p>نص الخبر</p><img src=/p.png></html>".encode())
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n" + HTML
STYLE = b"HTTP/1.1 200 OK\r\nContent-Type: text/css\r\nContent-Length: 13\r\n\r\np{color:green}"


@dataclass
class Collection:
    folder: Path
    first: Written
    again: Written
    style: Written

    def original(self, record: Record) -> Location | None:
        for entry in Index(self.folder).find(record.get("WARC-Refers-To-Target-URI")):
            if entry.mime != "warc/revisit":
                return entry.location
        return None

    def source(self, *chosen: Chosen, **more: object) -> Source:
        made = {"collection": self.folder, "created": MOMENT, "captures": chosen, "original": self.original}
        return Source(**{**made, **more})


def keep(writer: WarcWriter, url: str, response: bytes, *, hours: int = 0, of: Written | None = None) -> Written:
    capture = Capture(
        url=url,
        started=MOMENT + timedelta(hours=hours),
        request=b"GET / HTTP/1.1\r\nHost: news.example\r\n\r\n",
        response=response,
        via="http://news.example/feed",
    )
    original = of and Original(record_id=of.record_id, url=of.url, date=of.date, payload_digest=of.payload_digest)
    return writer.write_capture(capture, payload_digest=payload_digest(capture), revisit_of=original)


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    folder = tmp_path / "collections" / "news"
    index = Index(folder)
    writer = WarcWriter(folder / "archive", info={"software": "test"}, host="box", on_close=index.closed)
    first = keep(writer, "http://news.example/1", PAGE)
    writer.close()
    keep(writer, "http://news.example/other", PAGE)
    again = keep(writer, "http://news.example/1", PAGE, hours=24, of=first)
    style = keep(writer, "http://news.example/s.css", STYLE)
    writer.close()
    return Collection(folder=folder, first=first, again=again, style=style)
