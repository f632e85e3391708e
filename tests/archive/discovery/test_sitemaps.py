from __future__ import annotations

import gzip
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.discovery import sniff
from archive.discovery.sitemaps import Sitemap, read_sitemap
from tests.support import effort

URL = "https://news.example.com/sitemap.xml"
NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'


def sitemap(text: str, **options: object) -> Sitemap:
    return read_sitemap(text.encode(), URL, **options)  # type: ignore[arg-type]


def urlset(urls: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset {NS} xmlns:image="http://i/">{urls}</urlset>'


def test_news_sitemap_keeps_its_news_fields() -> None:
    read = sitemap(
        urlset(
            """<url><image:image><image:loc>https://img.example/1.jpg</image:loc><image:title>صورة</image:title></image:image>
            <loc>https://news.example.com/a/1</loc><lastmod>2026-11-24T10:00:00+03:00</lastmod>
            <news:news><news:publication><news:name>المثال</news:name><news:language>ar</news:language>
            </news:publication>
            <news:publication_date>2026-11-24T05:00Z</news:publication_date>
            <news:title><![CDATA[قمة & خبر]]></news:title>
            <news:keywords>مصر, سياسة,</news:keywords></news:news></url>""",
        ),
    )
    (entry,) = read.entries
    assert entry.url == "https://news.example.com/a/1"
    assert entry.title == "قمة & خبر"
    assert entry.published == datetime(2026, 11, 24, 5, tzinfo=UTC)
    assert entry.updated == datetime(2026, 11, 24, 7, tzinfo=UTC)
    assert (entry.publication, entry.language, entry.keywords) == ("المثال", "ar", ("مصر", "سياسة"))
    assert (read.kind, read.complete, read.problem) == ("urlset", True, "")


def test_index_names_its_children_with_their_lastmod() -> None:
    read = sitemap(
        f"""<sitemapindex {NS}><sitemap><loc>/s1.xml.gz</loc><lastmod>2026-11-24</lastmod></sitemap>
        <sitemap><loc>https://news.example.com/s.php?y=2026&m=11</loc></sitemap></sitemapindex>""",
    )
    assert read.kind == "index"
    assert [child.url for child in read.children] == [
        "https://news.example.com/s1.xml.gz",
        "https://news.example.com/s.php?m=11&y=2026",
    ]
    assert read.children[0].updated == datetime(2026, 11, 24, tzinfo=UTC)
    assert read.entries == ()


def test_text_sitemap_is_a_url_a_line() -> None:
    read = sitemap(
        "\ufeffhttps://news.example.com/a\r\n\r\nhttps://news.example.com/أ\r\nnot a url but relative\r\nmailto:x\r\n"
    )
    assert read.kind == "text"
    assert [entry.url for entry in read.entries][:2] == [
        "https://news.example.com/a",
        "https://news.example.com/%D8%A3",
    ]


def test_addresses_without_a_scheme_cost_only_themselves() -> None:
    text = "news.example.com/lost\nwww.news.example.com/too\nhttps://news.example.com/a\n"
    assert sniff(text.encode()) == "sitemap"
    assert [entry.url for entry in sitemap(text).entries] == ["https://news.example.com/a"]


@pytest.mark.parametrize(
    "text", ["Hello\nhttps://news.example.com/a\n", "Read on at news.example.com/a\nhttps://x.example/\n"]
)
def test_a_text_that_names_an_address_is_no_sitemap(text: str) -> None:
    assert sniff(text.encode(), "text/plain") != "sitemap"


@pytest.mark.parametrize(
    "days", ["2026-11-24", "2026-11-24T00:00Z", "2026-11-24T00:00:00.000+00:00", "2026-11-24 00:00:00 +0000"]
)
def test_lastmod_in_the_ways_it_is_written(days: str) -> None:
    read = sitemap(urlset(f"<url><loc>/1</loc><lastmod>{days}</lastmod></url>"))
    assert read.entries[0].updated == datetime(2026, 11, 24, tzinfo=UTC)


def test_month_and_arabic_digits_are_dates_too() -> None:
    read = sitemap(urlset("<url><loc>/1</loc><lastmod>٢٠٢٦-١١</lastmod></url>"))
    assert read.entries[0].updated == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "broken",
    [
        urlset("<url><loc>https://news.example.com/1</loc></url><url><loc>https://news.example.com/2</loc><last"),
        urlset(
            "<url><loc>https://news.example.com/1?x=1&y=2</loc></url><url><loc>https://news.example.com/2</loc></url>"
        ),
        urlset("<url><loc>https://news.example.com/2</loc><news:title>AT&T &nbsp; x</news:title></url>").replace(
            NS, ""
        ),
        urlset("<url><loc>\n  https://news.example.com/2 \n</loc></url>").replace(
            "<urlset", "\n<!-- made by x --><urlset"
        ),
        urlset("<url><loc>https://news.example.com/2</loc></url>").replace("sitemaps.org", "google.com"),
        urlset("<url><lastmod></loc><loc>https://news.example.com/2</loc></url>"),
    ],
)
def test_broken_sitemap_still_yields_its_urls(broken: str) -> None:
    assert "https://news.example.com/2" in [entry.url for entry in sitemap(broken).entries]


def test_gzip_is_told_by_content_and_torn_gzip_gives_its_beginning() -> None:
    body = gzip.compress(urlset("".join(f"<url><loc>/{n}</loc></url>" for n in range(5000))).encode())
    assert len(read_sitemap(body, URL).entries) == 5000
    assert len(read_sitemap(body[: len(body) // 2], URL).entries) > 1000


def test_sitemap_over_the_limit_is_cut_and_says_so() -> None:
    read = sitemap(urlset("".join(f"<url><loc>/{n}</loc></url>" for n in range(30))), limit=10)
    assert len(read.entries) == 10
    assert not read.complete


def test_entities_are_never_expanded() -> None:
    levels = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    urls = "<url><loc>/1</loc><news><title>x&l9;</title></news></url>"
    text = f'<!DOCTYPE urlset [<!ENTITY l0 "ha">{levels}]><urlset>{urls}</urlset>'
    with effort.at_most(1):
        assert "haha" not in sitemap(text).entries[0].title


@pytest.mark.parametrize("body", [b"", b"<html><p>x</p></html>", b"\x1f\x8b\x08", b"<urlset/>"])
def test_what_has_no_urls_says_so(body: bytes) -> None:
    read = read_sitemap(body, URL)
    assert read.entries == ()
    assert read.problem


@given(st.binary(max_size=300), st.integers(0, 250), st.integers(0, 50))
def test_no_bytes_make_the_reader_fail(noise: bytes, at: int, gone: int) -> None:
    body = urlset("<url><loc>/1</loc></url>").encode()
    read_sitemap(body[:at] + noise + body[at + gone :], URL)
    read_sitemap(noise, URL)


def test_a_gzip_file_of_nothing_but_members_costs_little() -> None:
    body = gzip.compress(b"", mtime=0) * 300_000 + gzip.compress(b"<urlset/>")
    begun = time.thread_time()
    read_sitemap(body, URL)
    assert time.thread_time() - begun < 5


def test_of_a_torn_sitemap_only_whole_entries_are_taken():
    whole = "<url><loc>https://news.example.com/a/1</loc></url>"
    read = sitemap(
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{whole}<url><loc>https://news.example.com/a/2'
    )
    assert [entry.url for entry in read.entries] == ["https://news.example.com/a/1"]
    assert (read.complete, read.cut_off) == (False, True)
    read = sitemap(urlset(whole))
    assert (read.complete, read.cut_off) == (True, False)


def test_a_word_on_a_line_is_no_address():
    read = sitemap("https://news.example.com/a/1\nSitemap\n/a/2\nnews.example.com/a/3\n")
    assert [entry.url for entry in read.entries] == ["https://news.example.com/a/1", "https://news.example.com/a/2"]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_text_sitemap_is_read_in_the_encodings_and_with_the_line_ends_that_editors_write(codec, end):
    lines = [f"https://news.example.com/{name}" for name in ("a/1", "خبر/2", "a/3")]
    read = read_sitemap(end.join(lines).encode(codec), URL)
    assert [entry.url.rsplit("/", 1)[1] for entry in read.entries] == ["1", "2", "3"]


def test_bytes_of_a_text_sitemap_that_are_not_utf_8_are_those_of_the_url():
    read = read_sitemap("https://news.example.com/a/1\nhttps://news.example.com/خبر/2\n".encode("cp1256"), URL)
    assert read.entries[1].url == "https://news.example.com/%CE%C8%D1/2"


def test_entries_that_name_no_page_are_counted():
    read = sitemap(urlset("<url><loc/></url><url><loc>/a/1</loc></url><url><loc>javascript:void(0)</loc></url>"))
    assert (len(read.entries), read.without_url) == (1, 2)
