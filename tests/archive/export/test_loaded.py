"""A page is exported with all its requisites, and with nothing else."""

import gzip
import zipfile
from datetime import UTC, datetime

from archive.capture import Capture
from tests.support.cli import warraq
from tests.support.pages import BODY, write_warc
from tests.support.pictures import GIF

HEAD = '<link rel=stylesheet href="https://cdn.example/a.css">'


def answer(url, body, kind, minute, status="200 OK", more=""):
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode()
    return Capture(
        url=url,
        started=datetime(2026, 11, 24, 12, minute, tzinfo=UTC),
        request=b"GET / HTTP/1.1\r\n\r\n",
        response=head + body,
    )


def story(title, pictures):
    shown = "".join(f'<img src="{one}">' for one in pictures)
    return f"<!DOCTYPE html><html lang=ar><title>{title}</title>{HEAD}<article><h1>{title}</h1>{BODY}{shown}</article></html>".encode()


CAPTURES = [
    answer(
        "https://news.example/one",
        story("عنوان الخبر الأول للاختبار", ("/a.gif", "/moved.gif", "/lost.gif")),
        "text/html",
        0,
    ),
    answer("https://news.example/two", story("عنوان الخبر الثاني للاختبار", ("/other.gif",)), "text/html", 1),
    answer("https://cdn.example/a.css", b"@import 'b.css'; p{background:url(bg.gif)}", "text/css", 2),
    answer("https://cdn.example/b.css", b"@import 'a.css';", "text/css", 3),
    answer("https://cdn.example/bg.gif", GIF, "image/gif", 4),
    answer("https://news.example/a.gif", GIF, "image/gif", 5),  # becomes a revisit of bg.gif
    answer("https://news.example/moved.gif", b"", "text/plain", 6, "302 Found", "Location: /c.gif\r\n"),
    answer("https://news.example/c.gif", GIF + b"c", "image/gif", 7),
    answer("https://news.example/other.gif", GIF + b"o", "image/gif", 8),
    answer("https://news.example/lost.gif", b"lost", "text/plain", 9, "404 Not Found"),
]


def exported(folder, target, url):
    warraq("--archive", folder, "export", "-o", target, "--url", url)
    with zipfile.ZipFile(target) as package:
        index = gzip.decompress(package.read("indexes/index.cdx.gz")).decode()
        pages = package.read("pages/pages.jsonl").decode()
    return sorted(line.split('"url": "')[1].split('"')[0] for line in index.splitlines()), pages.count('"url"')


def test_a_page_comes_with_what_it_loads_redirects_and_originals_of_revisits_and_nothing_else(tmp_path):
    warraq("--archive", tmp_path / "a", "import", write_warc(tmp_path / "source", CAPTURES))
    urls, pages = exported(tmp_path / "a", tmp_path / "one.wacz", "https://news.example/one")
    assert urls == [
        "https://cdn.example/a.css", "https://cdn.example/b.css", "https://cdn.example/bg.gif", "https://news.example/a.gif",
        "https://news.example/c.gif", "https://news.example/moved.gif", "https://news.example/one",
    ]  # fmt: skip
    assert pages == 1
    urls, _ = exported(tmp_path / "a", tmp_path / "two.wacz", "https://news.example/two")
    assert "https://news.example/other.gif" in urls
    assert "https://news.example/c.gif" not in urls
