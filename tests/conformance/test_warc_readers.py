"""Other WARC readers accept a collection's files; the larger ones are in `make conformance`."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from archive.capture import Capture
from archive.warc import Original, WarcWriter, is_tombstone, payload_digest, read_at, read_records, tombstone

if TYPE_CHECKING:
    from archive.warc import Written

MOMENT = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
PAGE = gzip.compress(b"<p>page</p>" * 400)
RESPONSES = {
    "gzip": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n" + PAGE,
    "large": b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n" + os.urandom(300_000),
    "empty": b"HTTP/1.1 204 No Content\r\n\r\n",
    "gone": b"HTTP/1.0 410 Gone\nContent-Type: text/plain\n\nbare line feeds",
    "odd": b"HTTP/1.1 200\r\nX-Fold: a\r\n b\r\nno colon\r\nX-8: caf\xe9\r\n\r\nbody",
}


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    """Write a file with every kind of record that a crawl writes, and a tombstone."""
    with WarcWriter(tmp_path, info={"software": "test"}, clock=lambda: MOMENT) as writer:
        kept = [keep(writer, f"http://news.example/{name}", data) for name, data in RESPONSES.items()]
        first = Original(
            record_id=kept[0].record_id, url=kept[0].url, date=kept[0].date, payload_digest=kept[0].payload_digest
        )
        keep(writer, kept[0].url, RESPONSES["gzip"], revisit_of=first)
        keep(writer, kept[0].url, b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", revisit_of=first)
        writer.write_conversion(
            url=kept[0].url, refers_to=kept[0].record_id, date=MOMENT, content="text/plain", block="نص الخبر"
        )
    (path,) = tmp_path.glob("*.warc.gz")
    gone = read_at(tmp_path, kept[1].location)
    data = bytearray(path.read_bytes())
    stone = tombstone(gone, moment=MOMENT, reason="court order", who="editor")
    data[gone.location.offset : gone.location.offset + gone.location.length] = stone
    path.chmod(0o644)
    path.write_bytes(data)
    assert sum(is_tombstone(record) for record in read_records(path)) == 1
    return path


def keep(writer: WarcWriter, url: str, response: bytes, *, revisit_of: Original | None = None) -> Written:
    capture = Capture(
        url=url,
        started=MOMENT + timedelta(seconds=1),
        request=b"GET / HTTP/1.1\r\nHost: news.example\r\n\r\n",
        response=response,
        via="http://news.example/feed",
        ip="192.0.2.1",
        tls=("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
        interim=b"HTTP/1.1 103 Early Hints\r\n\r\n",
    )
    return writer.write_capture(capture, payload_digest=payload_digest(capture), revisit_of=revisit_of)


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["warcio", "fastwarc"])
def test_a_reader_that_we_did_not_write_finds_nothing_wrong(warc: Path, tool: str) -> None:
    done = subprocess.run([Path(sys.executable).with_name(tool), "check", warc], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_fastwarc_reads_the_same_records(warc: Path) -> None:
    from fastwarc.warc import ArchiveIterator

    with warc.open("rb") as stream:
        theirs = [(record.record_id, record.reader.read()) for record in ArchiveIterator(stream, parse_http=False)]
    assert theirs == [(record.id, record.block) for record in read_records(warc)]
    assert len(theirs) == 1 + 3 * 7 + 1
