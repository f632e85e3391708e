"""Hostile responses by path: bombs, floods, crawler traps, pages that are expensive to parse, and good articles beside them."""
# ruff: noqa: E501 -- a table of data reads best a row a line

from __future__ import annotations

import asyncio
import gzip
import os
import random
import zlib
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import brotli

from tests.support.oddities import BROKEN, RUNAWAYS
from tests.support.oddities import routes as oddities
from tests.support.server import NOT_FOUND, Exchange, Route, Server, answer, page

try:
    from compression import zstd  # type: ignore[import-not-found]
except ImportError:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable

MEGABYTE = 1 << 20
BOMB_MEGABYTES = 200
WORDS = [
    "harbour",
    "council",
    "library",
    "engineers",
    "evening",
    "river",
    "market",
    "teachers",
    "bridge",
    "winter",
    "proposal",
    "budget",
    "visitors",
    "railway",
    "the",
    "of",
    "and",
    "to",
    "in",
    "a",
    "that",
    "for",
    "with",
    "on",
    "was",
    "as",
    "by",
    "from",
    "at",
    "has",
    "been",
    "which",
    "their",
    "after",
    "before",
    "during",
    "between",
]
KALIMAT = [
    "المدينة",
    "المكتبة",
    "النهر",
    "المجلس",
    "السوق",
    "الجسر",
    "المعلمون",
    "الميزانية",
    "الشتاء",
    "الزوار",
    "في",
    "على",
    "من",
    "إلى",
    "عن",
    "بعد",
    "قبل",
    "خلال",
    "بين",
    "التي",
]


def http(body: bytes, content_type: str = "text/html; charset=utf-8", *more: str) -> bytes:
    return page(body, headers="\r\n".join([f"Content-Type: {content_type}", *more]))


def article_path(number: int) -> str:
    return f"/2026/11/{number % 28 + 1:02d}/good-article-number-{number}-of-the-paper"


@cache
def article(number: int) -> bytes:
    """Return an article in English or Arabic, which depends only on its number."""
    chance = random.Random(number)
    words = KALIMAT if number % 2 else WORDS
    text = "".join(f"<p>{' '.join(chance.choices(words, k=45))}.</p>" for _ in range(8))
    title = f"{' '.join(chance.sample(words, 6))} {number}"
    day = f"2026-11-{number % 28 + 1:02d}T08:00:00Z"
    return (
        f'<!DOCTYPE html><html lang="{"ar" if number % 2 else "en"}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta property="og:type" content="article"><meta property="article:published_time" content="{day}"></head>'
        f"<body><header><a href='/'>Paper</a></header><article><h1>{title}</h1>{text}</article></body></html>"
    ).encode()


def patho(body: str, head: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head><title>T</title>{head}</head><body><article><h1>T</h1>{body}</article></body></html>".encode()


def ld(body: str) -> str:
    return f'<script type="application/ld+json">{body}</script>'


PAGES: dict[str, Callable[[], bytes]] = {
    "/patho/json-unclosed-string": lambda: patho("<p>x</p>", ld('{"@type":"NewsArticle","headline":"' + '\\"a' * 20_000)),
    "/patho/json-deep": lambda: patho("<p>x</p>", ld('{"@type":"Article","a":' * 50_000 + "1" + "}" * 50_000)),
    "/patho/json-many-authors": lambda: patho(
        "<p>x</p>", ld('{"@type":"NewsArticle","author":[' + ",".join(f'{{"name":"A B{n}"}}' for n in range(20_000)) + "]}")
    ),
    "/patho/links-in-one-paragraph": lambda: patho(
        "<p>" + "".join(f'words <a href="/x{n}">link {n}</a> ' for n in range(20_000)) + "</p>"
    ),
    "/patho/attributes": lambda: patho("<p " + " ".join(f'a{n}="x"' for n in range(40_000)) + ">t</p>"),
    "/patho/nested-div": lambda: patho("<div>" * 100_000 + "<p>deep text</p>" + "</div>" * 100_000),
    "/patho/nested-inline": lambda: patho("<p>" + "<b><i>x" * 10_000 + "</i></b>" * 10_000 + "</p>"),
    "/patho/nested-list": lambda: patho("<ul><li>item " * 5_000 + "</li></ul>" * 5_000),
    "/patho/nested-table": lambda: patho("<table><tr><td>c " * 2_000 + "</td></tr></table>" * 2_000),
    "/patho/wide-table": lambda: patho("<table>" + ("<tr>" + "<td>cell value</td>" * 50 + "</tr>") * 2_000 + "</table>"),
    "/patho/long-word": lambda: patho("<p>" + "a" * 4_000_000 + "</p>"),
    "/patho/digits": lambda: patho("<p>" + "2024" * 400_000 + "</p>"),
    "/patho/dates": lambda: patho("<p>" + "published 2024-01-02 or 3.4.2023, " * 20_000 + "</p>"),
    "/patho/date-like": lambda: patho("<p>" + "20/20/20/20-20.20." * 50_000 + "</p>"),
    "/patho/white-space": lambda: patho("<p>a" + " " * 2_000_000 + "b" + "\n" * 2_000_000 + "c</p>"),
    "/patho/time-elements": lambda: patho('<time datetime="2024-01-02">x</time>' * 30_000),
    "/patho/meta-elements": lambda: patho("<p>x</p>", "".join(f'<meta name="a{n}" content="2024-01-02">' for n in range(30_000))),
    "/patho/open-comments": lambda: patho("<p>text</p>" + "<!--" * 100_000),
    "/patho/open-tags": lambda: patho("<a " * 100_000),
    "/patho/entities": lambda: patho("<p>" + "&amp;&#x41;" * 200_000 + "</p>"),
    "/patho/byline": lambda: patho('<div class="author">By ' + "John Smith and " * 20_000 + "</div>"),
    "/patho/marks": lambda: patho("<p>" + "\u202e\u0627\u0644\u200f " * 200_000 + "</p>"),
    "/patho/same-paragraph": lambda: patho("<p>the very same long paragraph text again and again</p>" * 30_000),
    "/patho/options": lambda: patho("<select>" + "<option>o</option>" * 100_000 + "</select>"),
    "/patho/links": lambda: patho("".join(f'<a href="/section/{n}/some-long-slug-of-a-story-{n}">l</a>\n' for n in range(120_000))),
    "/patho/link-farm": lambda: patho("".join(f'<a href="/news/{n}/another-story-of-the-day-{n}">a headline of some length {n}</a>\n' for n in range(1_900))),
    "/patho/long-links": lambda: patho("".join(f'<a href="/{"%D8%A7" * 320}/{n}">a headline of some length {n}</a>\n' for n in range(3_000))),
    "/patho/feed-links": lambda: patho("<p>x</p>", "".join(f'<link rel="alternate" type="application/rss+xml" href="/feed/{n}">' for n in range(30_000))),
    "/patho/long-title": f"<title>{'word ' * 400_000}</title><h1>x</h1><p>y</p>".encode,
    "/patho/big-page": lambda: patho("".join(f"<p>{n} {' '.join(WORDS)}</p>" for n in range(60_000))),
    "/patho/nothing-but-zeros": lambda: bytes(15 * MEGABYTE),
    "/patho/small-paragraphs": lambda: patho("".join(f"<p>w{n}</p>" for n in range(100_000))),
    "/patho/breaks": lambda: patho("<p>" + "line of text<br>" * 100_000 + "</p>"),
    "/patho/words": lambda: patho("<p>" + "word " * 800_000 + "</p>"),
    "/patho/nested-span": lambda: patho("<p>" + "<span>" * 50_000 + "text" + "</span>" * 50_000 + "</p>"),
    "/patho/nested-quote": lambda: patho("<blockquote>q " * 5_000 + "</blockquote>" * 5_000),
    "/patho/nested-million": lambda: patho("<b>" * 1_000_000),
    "/patho/comments": lambda: patho("<!-- x -->" * 200_000 + "<p>text</p>"),
    "/patho/at-signs": lambda: patho("<p>" + "a@" * 500_000 + "</p>"),
    "/patho/addresses": lambda: patho("<p>" + "http://a.b/" * 200_000 + "</p>"),
    "/patho/giant-attribute": lambda: patho(f'<p title="{"x" * 8_000_000}">t</p>'),
    "/patho/giant-tag-name": lambda: patho(f"<{'x' * 4_000_000}>t"),
    "/patho/json-numbers": lambda: patho("<p>x</p>", ld('{"@type":"NewsArticle","headline":' + "9" * 100_000 + ',"wordCount":1e999999}')),
    "/patho/json-many": lambda: patho("<p>x</p>", ld('{"@type":"NewsArticle","headline":"h"}') * 50_000),
    "/patho/json-graph": lambda: patho("<p>x</p>", ld('{"@graph":[' + '{"@graph":[' * 500 + "{}" + "]}" * 500 + "]}")),
    "/patho/json-wide": lambda: patho("<p>x</p>", ld('{"@graph":[' + ",".join(['{"@type":"NewsArticle","headline":"h","author":{"name":"n"}}'] * 60_000) + "]}")),
    "/patho/language-codes": f'<html lang="{"ar-" * 500_000}"><title>t</title><p>text</p>'.encode,
    "/patho/bases": lambda: patho('<a href="x">l</a>' * 1000, '<base href="http://a/">' * 50_000),
    "/patho/xss": lambda: (
        b"<html><head><title><img src=x onerror=document.title='PWNED'></title><meta property='og:title' content='\"><script>1</script>'></head>"
        b"<body><script>document.title='PWNED'</script><article><h1><svg onload=1>=HYPERLINK(1)</h1>" + b"<p>hello <b>xss</b> of the day, a paragraph of words</p>" * 12 + b"</article>"
    ),
}  # fmt: skip


@cache
def gzip_bomb() -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return b"".join([*(packer.compress(bytes(MEGABYTE)) for _ in range(BOMB_MEGABYTES)), packer.flush()])


@cache
def brotli_bomb() -> bytes:
    packer = brotli.Compressor(quality=4)
    return b"".join([*(packer.process(bytes(MEGABYTE)) for _ in range(BOMB_MEGABYTES)), packer.finish()])


@cache
def zstd_bomb() -> bytes:
    packer = zstd.ZstdCompressor()
    return b"".join([*(packer.compress(bytes(MEGABYTE)) for _ in range(BOMB_MEGABYTES)), packer.flush()])


@cache
def sitemap_bomb() -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    many = b"<url><loc>http://127.0.0.1/a</loc></url>" * 26_000
    return b"".join(
        [packer.compress(b"<urlset>"), *(packer.compress(many) for _ in range(BOMB_MEGABYTES)), packer.flush()]
    )


_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "lol">'
    + b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]>"
)
_OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
XML: dict[str, bytes] = {
    "/xml/laughs-sitemap.xml": _LAUGHS + b"<urlset><url><loc>http://127.0.0.1/&l9;</loc></url></urlset>",
    "/xml/laughs-feed.xml": _LAUGHS + b'<rss version="2.0"><channel><title>&l9;</title></channel></rss>',
    "/xml/outside-entity.xml": _OUTSIDE
    + b'<rss version="2.0"><channel><item><title>&x;</title><link>/&x;</link></item></channel></rss>',
    "/xml/quadratic.xml": b'<?xml version="1.0"?><!DOCTYPE q [<!ENTITY a "' + b"A" * 100_000 + b'">]><urlset><url><loc>'
    + b"&a;" * 20_000
    + b"</loc></url></urlset>",
    "/xml/deep.xml": b"<urlset>" + b"<url>" * 100_000,
}  # fmt: skip


def query(exchange: Exchange) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(exchange.request.target).query).items()}


async def small(exchange: Exchange, body: str, content_type: str = "text/html; charset=utf-8") -> bool:
    await exchange.send(http(body.encode(), content_type))
    return True


async def redirect_on(exchange: Exchange) -> bool:
    """Redirect to a new address each time."""
    hop = int(query(exchange).get("hop", 0)) + 1
    await exchange.send(page(b"", status="302 Found", headers=f"Location: /trap/redirects?hop={hop}"))
    return True


async def calendar(exchange: Exchange) -> bool:
    asked = query(exchange)
    month = int(asked.get("y", 2026)) * 12 + int(asked.get("m", 11)) - 1
    links = (f'<a href="/trap/calendar?y={n // 12}&m={n % 12 + 1}">month</a>' for n in (month - 1, month + 1))
    return await small(exchange, "".join(links))


async def session(exchange: Exchange) -> bool:
    links = (f'<a href="/trap/session?sid={os.urandom(12).hex()}&story={n}">a story of the day</a>' for n in range(10))
    return await small(exchange, "".join(links))


async def next_page(exchange: Exchange) -> bool:
    number = int(query(exchange).get("page", 1)) + 1
    return await small(exchange, f'<p>the same</p><a href="/trap/next?page={number}">next</a>')


async def deeper(exchange: Exchange) -> bool:
    return await small(exchange, '<a href="x/">deeper</a><a href="./y/">deeper</a>')


async def tree(exchange: Exchange) -> bool:
    """Link to ten new pages below this one, endlessly."""
    base = exchange.request.path.rstrip("/")
    links = (f'<a href="{base}/branch-{random.randrange(10**6)}">another section</a>' for _ in range(10))
    return await small(exchange, "".join(links))


async def stories(exchange: Exchange) -> bool:
    """List new story addresses on each visit, none of which has a new article: the case for quotas by URL pattern."""
    links = (
        f'<a href="/story/{random.randrange(10**9)}.html">A headline that is long enough {n}</a>' for n in range(60)
    )
    return await small(exchange, "".join(links))


async def sitemap_index(exchange: Exchange) -> bool:
    """Send a sitemap index that names two more, endlessly."""
    number = int(query(exchange).get("n", 0)) * 2
    host = exchange.request.head.partition(b"Host: ")[2].partition(b"\r\n")[0].decode()
    locs = (f"<sitemap><loc>http://{host}/trap/index.xml?n={number + n}</loc></sitemap>" for n in (1, 2))
    return await small(exchange, f"<sitemapindex>{''.join(locs)}</sitemapindex>", "application/xml")


async def big_sitemap(exchange: Exchange) -> bool:
    """Send fifty thousand new addresses of the site in a file of 5 MB."""
    host = exchange.request.head.partition(b"Host: ")[2].partition(b"\r\n")[0].decode()
    rows = (f"<url><loc>http://{host}/mapped/{n}/a-story-from-the-map-{n}</loc></url>" for n in range(50_000))
    return await small(exchange, f"<urlset>{''.join(rows)}</urlset>", "application/xml")


async def big_feed(exchange: Exchange) -> bool:
    items = (f"<item><title>t{n}</title><link>/fed/{n}/a-story-from-the-feed-{n}</link></item>" for n in range(50_000))
    return await small(exchange, f'<rss version="2.0"><channel>{"".join(items)}</channel></rss>', "application/rss+xml")


def refresh(target: str) -> Route:
    return answer(http(f'<html><head><meta http-equiv="refresh" content="0;url={target}"></head></html>'.encode()))


def redirect(target: str) -> Route:
    return answer(page(b"", status="302 Found", headers=f"Location: {target}"))


def headers(line: str, times: int) -> Route:
    """Return an article with many repeated header lines."""
    return answer(
        page(article(2), headers="Content-Type: text/html\r\n" + "\r\n".join(line.format(n=n) for n in range(times)))
    )


def index_loop(other: str) -> Route:
    """Send a sitemap index whose only sitemap names this one."""

    async def route(exchange: Exchange) -> bool:
        host = exchange.request.head.partition(b"Host: ")[2].partition(b"\r\n")[0].decode()
        body = f"<sitemapindex><sitemap><loc>http://{host}{other}</loc></sitemap></sitemapindex>"
        return await small(exchange, body, "application/xml")

    return route


async def huge_sitemap(exchange: Exchange) -> bool:
    """Send sixty megabytes, more than the sitemap protocol allows."""
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n\r\n<urlset>")
    for _ in range(600):
        await exchange.send(b"<url><loc>http://127.0.0.1/articles/of/some/length</loc></url>\n" * 1600)
    return False


async def hosts(exchange: Exchange) -> bool:
    """Redirect to another host name of the same server, and back."""
    host, _, port = exchange.request.head.partition(b"Host: ")[2].partition(b"\r\n")[0].decode().rpartition(":")
    other = {"127.0.0.1": "localhost", "localhost": "127.0.0.2"}.get(host, "127.0.0.1")
    await exchange.send(
        page(b"", status="302 Found", headers=f"Location: http://{other}:{port}/trap/hosts?{os.urandom(4).hex()}")
    )
    return True


async def slow_head(exchange: Exchange) -> bool:
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 600:
        await exchange.send(bytes([byte]))
        await asyncio.sleep(0.5)
    return False


async def slow_body(exchange: Exchange) -> bool:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 600\r\n\r\n")
    for _ in range(600):
        await exchange.send(b"x")
        await asyncio.sleep(0.5)
    return False


async def tiny_chunks(exchange: Exchange) -> bool:
    """Send a megabyte in chunks of one byte."""
    await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(100):
        await exchange.send(b"1\r\nx\r\n" * 10_000)
    await exchange.send(b"0\r\n\r\n")
    return True


async def interim_flood(exchange: Exchange) -> bool:
    await exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 4_000)
    await exchange.send(http(b"<p>at last</p>"))
    return True


def coded(make: Callable[[], bytes], coding: str) -> Route:
    async def route(exchange: Exchange) -> bool:
        await exchange.send(http(make(), "text/html", f"Content-Encoding: {coding}"))
        return True

    return route


def made(make: Callable[[], bytes], content_type: str = "text/html; charset=utf-8") -> Route:
    async def route(exchange: Exchange) -> bool:
        await exchange.send(http(make(), content_type))
        return True

    return route


@cache
def noise() -> bytes:
    return random.Random(7).randbytes(19 * MEGABYTE)


BOMBS: dict[str, Route] = {
    "/bomb/gzip": coded(gzip_bomb, "gzip"),
    "/bomb/brotli": coded(brotli_bomb, "br"),
    "/bomb/zstd": coded(zstd_bomb, "zstd"),
    "/bomb/deflate-stored": coded(lambda: zlib.compress(noise()[: 15 * MEGABYTE], 0), "deflate"),
    "/bomb/gzip-in-gzip": coded(lambda: gzip.compress(gzip_bomb()), "gzip, gzip"),
    "/bomb/codings": coded(lambda: gzip.compress(b"x"), ", ".join(["gzip"] * 2000)),
    "/bomb/noise": made(noise, "text/html"),
    "/bomb/noise-as-text": made(lambda: b"<html><p>" + noise()[: 10 * MEGABYTE].hex().encode()[: 19 * MEGABYTE - 9], "text/html"),
}  # fmt: skip
TRAPS: dict[str, Route] = {
    "/trap/redirects": redirect_on,
    "/trap/redirect-to-itself": answer(page(b"", status="301 Moved", headers="Location: /trap/redirect-to-itself")),
    "/trap/redirect-to-file": redirect("file:///etc/passwd"),
    "/trap/redirect-to-metadata": redirect("http://169.254.169.254/latest/meta-data/"),
    "/trap/redirect-long": redirect("/" + "a" * 50_000),
    "/trap/hosts": hosts,
    "/trap/redirect-to-ftp": redirect("ftp://127.0.0.1/x"),
    "/trap/redirect-to-script": redirect("javascript:alert(1)"),
    "/trap/redirect-to-data": redirect("data:text/html,<h1>x</h1>"),
    "/trap/redirect-to-many-slashes": redirect("http:////169.254.169.254/"),
    "/trap/redirect-in-hex": redirect("http://0xa9fea9fe/latest/"),
    "/trap/redirect-nat64": redirect("http://[64:ff9b::7f00:1]/"),
    "/trap/redirect-6to4": redirect("http://[2002:7f00:1::]/"),
    "/trap/redirect-zone": redirect("http://[fe80::1%25eth0]/"),
    "/trap/redirect-with-password": redirect("http://user:secret@127.0.0.1:1/"),
    "/trap/redirect-with-line": redirect("/x%0d%0aInjected:%20yes"),
    "/trap/refresh": refresh("/trap/refresh"),
    "/trap/refresh-to-file": refresh("file:///etc/passwd"),
    "/trap/refresh-to-script": refresh("javascript:alert(1)"),
    "/trap/calendar": calendar,
    "/trap/session": session,
    "/trap/next": next_page,
    "/trap/stories": stories,
}
TREES: dict[str, Route] = {"/trap/deeper/": deeper, "/trap/tree/": tree}
FLOODS: dict[str, Route] = {
    "/flood/slow-head": slow_head,
    "/flood/slow-body": slow_body,
    "/flood/tiny-chunks": tiny_chunks,
    "/flood/interims": interim_flood,
    "/flood/links": headers("Link: </{n}.css>; rel=preload", 6_000),
    "/flood/many-links": headers("Link: </{n}.css>; rel=preload", 10_000),
    "/flood/cookies": headers("Set-Cookie: c{n}=" + "x" * 80, 2_000),
    "/flood/directives": headers("X-Robots-Tag: noindex{n}", 4_000),
}
SITEMAPS: dict[str, Route] = {
    "/trap/index.xml": sitemap_index,
    "/trap/loop-a.xml": index_loop("/trap/loop-b.xml"),
    "/trap/loop-b.xml": index_loop("/trap/loop-a.xml"),
    "/flood/sitemap.xml": big_sitemap,
    "/flood/huge-sitemap.xml": huge_sitemap,
    "/bomb/sitemap.xml.gz": made(sitemap_bomb, "application/gzip"),
    **{path: answer(http(body, "application/xml")) for path, body in XML.items() if "feed" not in path},
}
FEEDS: dict[str, Route] = {
    "/flood/feed.xml": big_feed,
    "/flood/million.xml": made(
        lambda: b"<rss><channel>" + b"<item/>" * 1_000_000 + b"</channel></rss>", "application/rss+xml"
    ),
    "/xml/outside-entity-feed.xml": answer(http(XML["/xml/outside-entity.xml"], "application/rss+xml")),
    "/xml/laughs-feed.xml": answer(http(XML["/xml/laughs-feed.xml"], "application/rss+xml")),
}


def hostile_pages() -> dict[str, Route]:
    """Return every route that the crawl starts from, except feeds and sitemaps."""
    return {
        **oddities(),
        **{path: answer(data, close=True) for path, (data, _, _) in BROKEN.items()},
        **{path: route for path, (route, _, _) in RUNAWAYS.items()},
        **BOMBS,
        **TRAPS,
        **TREES,
        **FLOODS,
        **{path: made(cache(make)) for path, make in PAGES.items()},
    }


class HostileSite(Server):
    """Serve all routes, with a front page that links to `articles` good articles; bombs are made before the start."""

    def __init__(self, articles: int = 20) -> None:
        good = {article_path(number): answer(http(article(number))) for number in range(articles)}
        links = "".join(f'<li><a href="{path}">A headline of a good article, {path[-12:]}</a></li>' for path in good)
        front = f"<html><head><title>The paper</title></head><body><h1>The paper</h1><ul>{links}</ul></body></html>"
        super().__init__(
            {"/": answer(http(front.encode())), **hostile_pages(), **SITEMAPS, **FEEDS, **good}, host="127.0.0.1"
        )
        self.good = tuple(good)
        for make in (gzip_bomb, brotli_bomb, zstd_bomb, sitemap_bomb, noise):
            make()

    async def _answer(self, request: object, reader: object, writer: object) -> bool:  # type: ignore[override]
        exchange = Exchange(request=request, writer=writer)  # type: ignore[arg-type]
        path = request.path  # type: ignore[attr-defined]
        found = self.routes.get(path) or next((route for top, route in TREES.items() if path.startswith(top)), None)
        return await (found or answer(NOT_FOUND))(exchange)
