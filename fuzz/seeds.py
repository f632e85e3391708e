"""Write the seed corpus: a folder for each fuzz target, with files of valid and odd input.

python fuzz/seeds.py FOLDER
"""
# ruff: noqa: E501 -- a table of data

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

from archive.warc.record import compress
from tests.support.oddities import BROKEN, CLOSED, KEPT, SURPLUS

ROOT = Path(__file__).resolve().parents[1]
RSS = (
    b'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>t</title><link>https://paper.example/</link><ttl>5</ttl>'
    b"<item><title>a</title><link>/a</link><guid isPermaLink='false'>1</guid><pubDate>Tue, 24 Nov 2026 10:00:00 GMT</pubDate></item></channel></rss>"
)
ATOM = (
    b'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://paper.example/"><entry><link href="a" rel="alternate"/><id>tag:1</id>'
    b"<updated>2026-11-24T10:00:00Z</updated></entry></feed>"
)
JSON = b'{"version":"https://jsonfeed.org/version/1.1","items":[{"url":"/a","title":"t","date_published":"2026-11-24T10:00:00Z"}]}'
MAP = (
    b'<urlset xmlns:news="n"><url><loc>https://paper.example/a</loc><lastmod>2026-11-24</lastmod><news:news><news:publication>'
    b"<news:name>p</news:name></news:publication><news:title>t</news:title></news:news></url></urlset>"
)
LD = b'{"@context":"https://schema.org","@graph":[{"@type":"NewsArticle","headline":"h","author":{"name":"A B"},"datePublished":"2026-11-24"}]}'
WARC = (
    b"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Date: 2026-11-24T00:00:00Z\r\n"
    b"WARC-Target-URI: https://paper.example/2026/11/24/a-story\r\nContent-Type: application/http;msgtype=response\r\nContent-Length: 44\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!!!\r\n\r\n"
)
CDXJ = b'example,paper)/a 20261124000000 {"url": "https://paper.example/a", "mime": "text/html", "status": "200", "length": "5", "offset": "0", "filename": "a.warc.gz"}'
TABLE = (
    b'[["urlkey","timestamp","original"],["example,paper)/a","20261124000000","https://paper.example/a"],[],["key"]]'
)
CDX = b"example,paper)/a 20261124000000 https://paper.example/a text/html 200 AAAA - - 5 0 a.warc.gz\n"


def package() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("datapackage.json", '{"resources": [{"path": "archive/a.warc.gz", "hash": "sha256:00"}]}')
        made.writestr("archive/b.warc", WARC)
    return buffer.getvalue()


def seeds() -> dict[str, list[bytes]]:
    answers = [
        *KEPT.values(),
        *CLOSED.values(),
        *(head + rest for head, rest in SURPLUS.values()),
        *(each[0] for each in BROKEN.values()),
    ]
    pages = [path.read_bytes()[:8000] for path in sorted(ROOT.glob("tests/sites/*/*/page.html"))[:30]]
    texts = [
        line.encode()
        for line in (
            'site:a.b "x y" -z from:2026-01-01',
            "24 نوفمبر 2026",
            "٢٤/١١/٢٠٢٦ 10:00",
            "١٤٤٨ جمادى",
            "2026-11-24T10:00:00+03:00",
        )
    ]
    links = [
        b"//host/p?q#f",
        b"http://[::1]:80/",
        b"http://0x7f.1/",
        b"../a/./b",
        b"http://\xd9\x85.example/",
        b"javascript:1",
        b"::ffff:127.0.0.1",
        b"64:ff9b::7f00:1",
    ]
    return {
        **dict.fromkeys(("response", "framing", "answer", "coding"), answers),
        **dict.fromkeys(("document", "page"), pages),
        "jsonld": [LD, b"[" + LD + b"," + LD + b"]"],
        "feed": [RSS, ATOM, JSON],
        "sitemap": [MAP, b"https://paper.example/a\nhttps://paper.example/b\n"],
        "robots": [b"User-agent: *\nDisallow: /a*b$\nAllow: /\nCrawl-delay: 1\nSitemap: https://paper.example/s.xml\n"],
        **dict.fromkeys(("query", "search", "arabic", "dates", "metadata", "diff", "csv", "header"), texts),
        **dict.fromkeys(("url", "address", "request"), links),
        "warc": [WARC, compress(WARC[:-4], b"")],
        "record": [WARC, compress(WARC[:-4], b"")],
        "cdxj": [CDXJ],
        "listing": [CDXJ, TABLE, CDX],
        "wacz": [package(), b"!archive/a.warc\n!../b.warc\n\xffarchive/c.warc"],
        "sites": [(ROOT / "sites.toml").read_bytes()[:8000], b"hosts = ['*.paper.example']\narticles = ['/\\d+']\ndelay = 1.5\ntimezone = 'Asia/Amman'\n"],
    }  # fmt: skip


if __name__ == "__main__":
    for target, cases in seeds().items():
        folder = Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(cases):
            (folder / f"seed-{number}").write_bytes(data)
