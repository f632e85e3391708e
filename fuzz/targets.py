"""Fuzz targets, one for each parser of untrusted bytes. None may raise an exception or take long.

    python fuzz/drive.py NAME [libFuzzer arguments]     with atheris installed (make fuzz does that)

Findings are fixed and become cases in tests/test_fuzz_targets.py, which also runs each target on a fixed number of generated inputs.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sqlite3
import stat
import tempfile
import zipfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive import Page, http, search, urls
from archive.arabic import fold, words
from archive.diff import compare
from archive.discovery import pattern_of, read_feed, read_sitemap, sniff, trap_reason
from archive.errors import DamagedFileError
from archive.export import FORMATS, Source
from archive.extract import document
from archive.extract.dates import parse_machine
from archive.parse import ParseLimits, ParseTask
from archive.parse.workers import read_response
from archive.search.query import parse as parse_query
from archive.warc import payload_digest, read_records
from archive.warc.cdxj import entry_of_record, parse_line
from archive.warc.cdxserver import Listed, NotThatRecordError, check_record, pages_of, read_listing
from archive.warc.record import compress, target_uri, warc_fields
from archive.warc.wacz import unpack_warcs
from archive.web.parameters import SearchParameters
from crawler.download.errors import BadRequestError, ExchangeError, RefusedAddressError
from crawler.download.exchange import redact_credentials, request_target, serialize_request, without_credentials
from crawler.download.framing import Limits, ResponseFraming
from crawler.download.guard import AddressGuard, is_public
from crawler.politeness import read_retry_after
from crawler.politeness.robotstxt import parse_robots
from crawler.sites import SiteError, load_sites

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
        document.read_document(Page(body=data, url=URL, fetched_at=NOW, headers=(), status=200))
    except document.Unreadable:
        return


def fuzz_page(data: bytes) -> None:
    read_response(ParseTask(url=URL, response=HTML_HEAD + data, fetched_at=NOW))


def fuzz_pdf(data: bytes) -> None:
    read_response(ParseTask(url=URL, response=HTML_HEAD + b"%PDF-1.7\n" + data, fetched_at=NOW))


def fuzz_answer(data: bytes) -> None:
    read_response(ParseTask(url=URL, response=data, fetched_at=NOW, limits=ParseLimits(decoded_bytes=1 << 16)))


def fuzz_feed(data: bytes) -> None:
    sniff(data)
    read_feed(data, URL)


def fuzz_sitemap(data: bytes) -> None:
    read_sitemap(data, URL)


def fuzz_robots(data: bytes) -> None:
    rules = parse_robots(data)
    rules.allows("warraq", URL)
    rules.allows("warraq", "https://paper.example/" + data[-200:].decode("latin-1"))
    rules.crawl_delay("warraq")


def fuzz_url(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape" if data[:1] > b"\x80" else "replace")
    assert len(urls.canonicalise(text)) <= urls.MAX_LENGTH
    assert len(urls.resolve(URL, text)) <= urls.MAX_LENGTH
    for clean in (urls.canonicalise(text), urls.join(URL, text), urls.resolve(URL, text)):
        if clean:
            trap_reason(clean, this_year=2026)
            pattern_of(clean)
            urls.surt(clean)
            urls.display(clean)
            urls.main_url_of(clean)
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
    read_response(ParseTask(url=URL, response=HTML_HEAD + page.encode(), fetched_at=NOW))


def fuzz_jsonld(data: bytes) -> None:
    page = (
        b'<html><head><title>A story</title><script type="application/ld+json">' + data + b"</script></head><body><p>"
    )
    read_response(ParseTask(url=URL, response=HTML_HEAD + page + b"words " * 100, fetched_at=NOW))


def fuzz_metadata(data: bytes) -> None:
    """One value in every place of a page from which a value is parsed."""
    value = data.decode("utf-8", "replace")
    quoted = value.replace("&", "&amp;").replace('"', "&quot;")
    names = (
        "author",
        "og:title",
        "og:image",
        "og:url",
        "article:published_time",
        "article:section",
        "keywords",
        "robots",
        "og:locale",
    )
    metas = "".join(f'<meta name="{name}" property="{name}" content="{quoted}">' for name in names)
    ld = json.dumps(
        {"@type": "NewsArticle", **dict.fromkeys(("headline", "author", "datePublished", "image", "url"), value)}
    )
    page = (
        f'<html lang="{quoted}"><head>{metas}<base href="{quoted}"><link rel="canonical" href="{quoted}"><link rel="next" href="{quoted}">'
        f'<script type="application/ld+json">{ld.replace("</", "<")}</script></head><body><a href="{quoted}">{quoted}</a>'
        f'<time datetime="{quoted}">{quoted}</time><div class="author">{quoted}</div><p>{"words " * 60}</p></body></html>'
    )
    header = "".join(letter for letter in value if letter.isprintable() and letter < "\u0100")
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset={header}\r\nX-Robots-Tag: {header}\r\nLink: {header}\r\n\r\n"
    read_response(
        ParseTask(url=URL, response=head.encode("latin-1", "replace") + page.encode("utf-8", "replace"), fetched_at=NOW)
    )


def _records(data: bytes) -> None:
    path = _folder() / "fuzzed.warc.gz"
    path.write_bytes(data)
    with contextlib.suppress(DamagedFileError):
        for record in read_records(path, max_block=1 << 16):
            assert len(record.block) <= 1 << 16
            assert payload_digest(record.block) is not None
            entry = entry_of_record(record)
            if entry is not None:
                assert parse_line(entry.line()) == entry


def fuzz_warc(data: bytes) -> None:
    _records(data)
    _records(compress(data, b""))


def fuzz_record(data: bytes) -> None:
    listed = Listed(url=URL, timestamp="20261124000000")
    for member in (data, compress(data, b"")):
        with contextlib.suppress(NotThatRecordError):
            check_record(member, listed)


def fuzz_cdxj(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        parse_line(data.decode("utf-8", "replace"))


def fuzz_listing(data: bytes) -> None:
    read_listing(data)
    pages_of(data)


def fuzz_wacz(data: bytes) -> None:
    """Any bytes, and a package whose members have names, kinds and sizes from the bytes: nothing is written outside the folder."""
    folder = _folder()
    for number, package in enumerate((data, _package(data))):
        path = folder / f"{number}.wacz"
        path.write_bytes(package)
        with tempfile.TemporaryDirectory(dir=folder) as inside:
            before = sorted(folder.iterdir())
            try:
                made = unpack_warcs(path, Path(inside), max_bytes=1 << 20)
            except DamagedFileError:
                made = []
            assert all(each.parent == Path(inside) and each.is_file() and not each.is_symlink() for each in made)
            assert sorted(folder.iterdir()) == before
            assert sorted(Path(inside).iterdir()) == sorted(made)


def _package(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("datapackage.json", b'{"resources": [' + data[:20] + b"]}" if data[:1] < b"\x40" else b"{}")
        for line in data.split(b"\n")[:8]:
            member = zipfile.ZipInfo(line[1:].decode("utf-8", "replace") or "x")
            member.external_attr = (stat.S_IFLNK if line[:1] > b"\xf0" else stat.S_IFREG) << 16
            member.compress_type = zipfile.ZIP_DEFLATED if line[:1] < b"\x60" else zipfile.ZIP_STORED
            with contextlib.suppress(ValueError, UserWarning):
                package.writestr(member, line)
    return buffer.getvalue()


def fuzz_sites(data: bytes) -> None:
    path = _folder() / "sites.toml"
    for text in (data, b"[site.paper]\nseeds = ['https://paper.example/']\n" + data):
        path.write_bytes(text)
        with contextlib.suppress(SiteError):
            for name, site in load_sites(path).items():
                assert "/" not in name
                site.in_scope(URL)
                site.is_article(URL)


def fuzz_search(data: bytes) -> None:
    """Every query of a user gets a result."""
    text = data.decode("utf-8", "surrogateescape" if data[:1] > b"\x80" else "replace")
    asked = SearchParameters.of({"q": text, "site": text[:50], "from": text[:20], "page": text[:9], "order": text[:9]})
    for typed in (text, asked.words):
        for order in ("relevance", "newest"):
            search.search(_shelf(), typed, limit=3, order=order)
    query = parse_query(text)
    search.snippet("A story of the harbour. المدينة والميناء", query)


def fuzz_diff(data: bytes) -> None:
    old, _, new = data.decode("utf-8", "replace").partition("\0")
    compare(old[:50], old, new[:50], new)


def fuzz_address(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with contextlib.suppress(RefusedAddressError):
        AddressGuard().check_literal(text)
        with contextlib.suppress(ValueError):
            assert is_public(text)  # what the guard lets through as an address is public


def fuzz_request(data: bytes) -> None:
    """Nothing in an address or a header adds a line to a request, and no credential is archived."""
    text = data.decode("utf-8", "replace")
    url = urls.canonicalise("http://user:secret@paper.example/" + text) or URL
    without_credentials(url)
    try:
        message = serialize_request(
            method="GET",
            target=request_target(url),
            host="paper.example",
            headers=[(b"Cookie", data), (b"X", data)],
            body=b"",
        )
    except BadRequestError:
        return
    assert message.count(b"\n") == 5
    assert (
        data[:40] not in redact_credentials(message)[0].partition(b"X: ")[0].partition(b"Cookie")[2]
        or len(data.strip()) < 20
    )


def fuzz_header(data: bytes) -> None:
    read_retry_after(data, NOW)
    text = data.decode("latin-1")
    assert warc_fields([("via", text)]).count(b"\n") == 1
    assert not set(target_uri(text)) & set("\r\n\0 \t")


def fuzz_csv(data: bytes) -> None:
    """No cell is a formula, and every cell is read back unchanged."""
    text = data.decode("utf-8", "replace")
    target = _folder() / "articles.csv"
    source = Source(collection=_folder(), created=NOW, title="", articles=[{"title": text, "text": text[::-1]}])
    FORMATS["csv"].write(source, target)
    with target.open(encoding="utf-8-sig", newline="") as file:
        _, row = list(csv.reader(file))
    for cell, value in zip(row, (text, text[::-1]), strict=True):
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))
        assert cell in {value, f"'{value}"}


@cache
def _folder() -> Path:
    """A folder of this process, for parsers that read files; in /dev/shm if that exists, for speed."""
    memory = Path("/dev/shm")
    holder = tempfile.TemporaryDirectory(prefix="warraq-fuzz-", dir=memory if memory.is_dir() else None)
    _KEPT.append(holder)
    return Path(holder.name)


@cache
def _shelf() -> Any:
    """A database with two articles and the columns that search relies on."""
    db = sqlite3.connect(":memory:")
    _KEPT.append(db)
    rows = [
        dict.fromkeys(_COLUMNS, "") | {"title": title, "text": title * 20, "version": 1, "is_latest": 1}
        for title in _TITLES
    ]
    db.execute(f"CREATE TABLE articles (id INTEGER PRIMARY KEY, {', '.join(_COLUMNS)})")
    search.create_index(db)
    search.create_plain_index(db)
    marks = ", ".join(f":{name}" for name in _COLUMNS)
    db.executemany(f"INSERT INTO articles ({', '.join(_COLUMNS)}) VALUES ({marks})", rows)
    search.index_articles(db, [1, 2])
    return db


_KEPT: list[object] = []
_TITLES = ("A story of the harbour town, 2026. ", "قصة من مدينة الميناء والمكتبة. ")
_COLUMNS = (
    "url", "urlkey", "site", "hostname", "version", "is_latest", "title", "text", "author", "date", "date_published",
    "section", "tags", "source", "language", "description", "sitename", "fetched_at",
)  # fmt: skip

TARGETS: dict[str, Callable[[bytes], None]] = {
    name.removeprefix("fuzz_"): function for name, function in list(globals().items()) if name.startswith("fuzz_")
}
