"""The crawl's CDXJ index equals that of other tools, and finds every capture."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.capture import Capture, Location
from archive.urls.surt import surt
from archive.warc import Original, WarcWriter, payload_digest, read_at, read_records
from archive.warc.cdxj import Entry, Index, entry_of_record, lines_of, parse_line

if TYPE_CHECKING:
    from pathlib import Path

    from archive.warc import Written

MOMENT = datetime(2026, 11, 24, 5, 30, 0, 123456, tzinfo=UTC)
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/HTML; charset=utf-8\r\nContent-Length: 4\r\n\r\npage"


class Crawl:
    """A collection that is written to as a crawl does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index = Index(folder)
        self.writer = WarcWriter(
            folder / "archive", info={}, host="box", clock=lambda: MOMENT, on_close=self.index.closed
        )

    def keep(self, url: str, response: bytes = PAGE, *, of: Written | None = None, **more: object) -> Written:
        capture = Capture(
            **{"url": url, "started": MOMENT, "request": b"GET / HTTP/1.1\r\n\r\n", "response": response, **more}
        )
        original = of and Original(record_id=of.record_id, url=of.url, date=of.date, payload_digest=of.payload_digest)
        written = self.writer.write_capture(capture, payload_digest=payload_digest(capture), revisit_of=original)
        self.index.add(surt(url), written)
        return written

    def lines(self) -> list[str]:
        return list(self.index.lines())


@pytest.fixture
def crawl(tmp_path: Path) -> Crawl:
    return Crawl(tmp_path)


def test_a_line_is_what_cdxj_indexer_writes(crawl: Crawl) -> None:
    place = crawl.keep("https://WWW.News.example/Khabar?b=2&a=1").location
    crawl.writer.close()
    (line,) = crawl.lines()
    assert line == (
        'example,news)/khabar?a=1&b=2 20261124053000 {"url": "https://WWW.News.example/Khabar?b=2&a=1", '
        '"mime": "text/HTML", "status": "200", "digest": "sha1:OZYBHTQO4D3NPIDVQ6IS5ORRATH2VPAV", '
        f'"length": "{place.length}", "offset": "{place.offset}", "filename": "{place.filename}"}}'
    )


def test_lines_kept_while_crawling_equal_those_read_from_the_files(crawl: Crawl) -> None:
    first = crawl.keep("http://news.example/1")
    crawl.keep("http://news.example/1", of=first, started=MOMENT + timedelta(hours=1), via="http://news.example/feed")
    crawl.keep("http://news.example/cut", PAGE[:-2], truncated="disconnect")
    crawl.keep(
        "http://news.example/chunked", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
    )
    crawl.keep("http://news.example/خبر عاجل", b"HTTP/1.1 301 Moved\r\nLocation: /1\r\n\r\n")
    crawl.keep("http://news.example/none", b"", truncated="time")
    crawl.keep("http://news.example/odd", b"<html>no status line</html>")
    crawl.writer.close()
    (warc,) = (crawl.folder / "archive").glob("*.warc.gz")
    assert crawl.lines() == lines_of(warc)
    assert len(crawl.lines()) == 5
    assert [parse_line(line).mime for line in crawl.lines() if "revisit" in line] == ["warc/revisit"]


def test_a_file_closed_after_a_crash_is_indexed_from_what_it_holds(crawl: Crawl) -> None:
    crawl.keep("http://news.example/1")
    crawl.writer.close()
    before = crawl.lines()
    (warc,) = (crawl.folder / "archive").glob("*.warc.gz")
    later = Index(crawl.folder)
    later.path.unlink()
    later.closed(warc)
    later.closed(warc)
    assert list(later.lines()) == before


def test_every_file_is_merged_in_order_and_can_be_taken_out(crawl: Crawl) -> None:
    for name in "bca":
        crawl.keep(f"http://{name}.example/")
        crawl.writer.close()
    files = [parse_line(line).location.filename for line in crawl.lines()]
    assert crawl.lines() == sorted(crawl.lines())
    assert len(set(files)) == 3
    crawl.index.replace({files[1]: []})
    assert [parse_line(line).location.filename for line in crawl.lines()] == [files[0], files[2]]


def test_captures_are_found_by_url_and_nearest_time(crawl: Crawl) -> None:
    for hour in (3, 1, 2):
        crawl.keep("http://news.example/1", started=MOMENT + timedelta(hours=hour))
    crawl.keep("http://news.example/12")
    crawl.writer.close()
    found = crawl.index.find("HTTPS://www.news.example/1")
    assert [entry.timestamp for entry in found] == ["20261124063000", "20261124073000", "20261124083000"]
    assert crawl.index.closest("http://news.example/1", "20261124071000") == found[1]
    assert crawl.index.closest("http://news.example/1", "20200101000000") == found[0]
    assert crawl.index.closest("http://news.example/never", "20200101000000") is None
    assert len(list(crawl.index.starting("example,news)/"))) == 4
    record = read_at(crawl.folder / "archive", found[0].location)
    assert entry_of_record(record) == found[0]


def test_an_empty_or_missing_index_finds_nothing(tmp_path: Path) -> None:
    index = Index(tmp_path)
    assert index.find("http://news.example/") == []
    index.replace({})
    assert index.find("http://news.example/") == []


def test_binary_search_finds_exactly_what_a_scan_finds(tmp_path: Path) -> None:
    chance = random.Random(7)
    entries = [
        Entry(
            urlkey=f"example,n{chance.randrange(30)})/" + "x" * chance.randrange(40),
            timestamp=f"2026112405{n:04d}",
            url="http://n.example/",
            mime="",
            status="",
            digest="",
            location=Location(filename="a", offset=n, length=1),
        )
        for n in range(500)
    ]
    index = Index(tmp_path)
    index.replace({"a": sorted(entry.line() for entry in entries)})
    lines = list(index.lines())
    for prefix in [line[: chance.randrange(1, 30)] for line in lines] + ["a", "z", "example,n15)/\x7f"]:
        assert [entry.line() for entry in index.starting(prefix)] == [line for line in lines if line.startswith(prefix)]


text = st.text(min_size=0, max_size=30)


@given(url=text, mime=text, status=st.sampled_from(["", "200"]), digest=text, offset=st.integers(0))
def test_any_entry_survives_its_line(url: str, mime: str, status: str, digest: str, offset: int) -> None:
    entry = Entry(
        urlkey="example,news)/",
        timestamp="20261124053000",
        url=url,
        mime=mime,
        status=status,
        digest=digest,
        location=Location(filename="f", offset=offset, length=1),
    )
    assert "\n" not in entry.line()
    assert parse_line(entry.line()) == entry


def test_a_304_leaves_the_page_that_it_vouches_for_as_the_nearest(crawl: Crawl) -> None:
    first = crawl.keep("http://news.example/1")
    not_modified = b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"
    crawl.keep("http://news.example/1", not_modified, of=first, started=MOMENT + timedelta(days=1))
    crawl.writer.close()
    (warc,) = (crawl.folder / "archive").glob("*.warc.gz")
    assert crawl.lines() == lines_of(warc)
    nearest = crawl.index.closest("http://news.example/1", "20261125053000")
    assert nearest == parse_line(crawl.lines()[0])
    assert (nearest.status, nearest.timestamp) == ("200", "20261124053000")


def test_requests_and_metadata_are_not_indexed(crawl: Crawl) -> None:
    crawl.keep("http://news.example/1", via="http://news.example/feed")
    crawl.writer.close()
    (warc,) = (crawl.folder / "archive").glob("*.warc.gz")
    kinds = {record.type: entry_of_record(record) for record in read_records(warc)}
    assert {kind for kind, entry in kinds.items() if entry} == {"response"}
    assert set(kinds) == {"warcinfo", "response", "request", "metadata"}


def test_a_line_that_comes_twice_is_kept_once(tmp_path: Path) -> None:
    line = (
        'example,news)/ 20261124053000 {"url": "https://news.example/", "length": "1", "offset": "0", "filename": "a"}'
    )
    index = Index(tmp_path)
    index.replace({"a": [line, line]}, more=[line])
    assert list(index.lines()) == [line]
