"""Fuzz targets, one for each parser of bytes that strangers write: bytes in; nothing may be raised, and nothing may take long.

    python fuzz/drive.py NAME [libFuzzer arguments]     with atheris installed (make fuzz does that)

A finding is fixed and kept as a case in tests/test_fuzz_targets.py, which also feeds each target a fixed number of made-up inputs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from archive import Page, Task, http, read_response, urls
from archive.arabic import fold, words
from archive.discovery import pattern_of, read_feed, read_sitemap, sniff, trap_reason
from archive.extract import document
from archive.extract.dates import parse_machine
from archive.search.query import parse as parse_query
from crawler.framing import Limits, ResponseFraming
from crawler.outcomes import ExchangeError
from crawler.robotstxt import parse as parse_robots

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 24, tzinfo=UTC)
URL = "https://paper.example/2026/11/24/a-story"
HTML_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"


def fuzz_response(data: bytes) -> None:
    try:
        response = http.parse_response(data)
    except http.NotHttp:
        return
    http.payload(response)
    try:
        body = http.decode(response, 1 << 16)
    except (http.TooLarge, http.BadCoding):
        return
    assert len(body) <= 1 << 16


def fuzz_coding(data: bytes) -> None:
    coding = (b"gzip", b"deflate", b"br", b"zstd", b"gzip, br")[data[0] % 5] if data else b"gzip"
    fuzz_response(b"HTTP/1.1 200 OK\r\nContent-Encoding: " + coding + b"\r\n\r\n" + data[1:])


def fuzz_framing(data: bytes) -> None:
    framing = ResponseFraming(method=b"GET", limits=Limits(header_bytes=4096, line_bytes=1024, body_bytes=4096))
    try:
        framing.feed(data)
    except ExchangeError:
        return
    framing.close()
    assert 0 <= framing.start <= framing.end <= len(framing.received)


def fuzz_document(data: bytes) -> None:
    try:
        document.read(Page(body=data, url=URL, fetched_at=NOW, headers=(), status=200))
    except document.Unreadable:
        return


def fuzz_page(data: bytes) -> None:
    read_response(Task(url=URL, response=HTML_HEAD + data, fetched_at=NOW))


def fuzz_answer(data: bytes) -> None:
    read_response(Task(url=URL, response=data, fetched_at=NOW, decoded_limit=1 << 16))


def fuzz_feed(data: bytes) -> None:
    sniff(data)
    read_feed(data, URL)


def fuzz_sitemap(data: bytes) -> None:
    read_sitemap(data, URL)


def fuzz_robots(data: bytes) -> None:
    parse_robots(data)


def fuzz_url(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape" if data[:1] > b"\x80" else "replace")
    for clean in (urls.canonicalise(text), urls.join(URL, text), urls.resolve(URL, text)):
        if clean:
            assert len(clean) <= urls.MAX_LENGTH
            trap_reason(clean, this_year=2026)
            pattern_of(clean)
            urls.surt(clean)
            urls.display(clean)
            urls.twin_of(clean)
    once = urls.canonicalise(text)
    assert urls.canonicalise(once) == once


def fuzz_query(data: bytes) -> None:
    parse_query(data.decode("utf-8", "surrogateescape" if data[:1] > b"\x80" else "replace"))


def fuzz_arabic(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    once = fold(text)
    assert fold(once) == once
    for match in words(text):
        match.group()


def fuzz_dates(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    parse_machine(text)
    page = f"<html><body><h1>A story</h1><time datetime='{text}'>{text}</time><p>{text}</p></body></html>"
    read_response(Task(url=URL, response=HTML_HEAD + page.encode(), fetched_at=NOW))


TARGETS: dict[str, Callable[[bytes], None]] = {
    name.removeprefix("fuzz_"): function for name, function in list(globals().items()) if name.startswith("fuzz_")
}
