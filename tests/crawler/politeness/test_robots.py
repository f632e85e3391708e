"""robots.txt obeyed by RFC 9309, errors included, in real crawls of real servers."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from typing import TYPE_CHECKING

import pytest
from scrapy import Request
from scrapy.http import Response

from crawler.politeness import robots
from tests.support.fetch import Crawled, fetch
from tests.support.server import Exchange, Route, Server, answer, page

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

OBEY = {
    "ROBOTSTXT_OBEY": True,
    "DOWNLOADER_MIDDLEWARES": {
        "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
        "crawler.politeness.robots.RobotsMiddleware": 100,
    },
    "DOWNLOAD_TIMEOUT": 2,
}
RULES = b"User-agent: *\nDisallow: /private\n"
FOR_US = b"User-agent: *\nDisallow: /\n\nUser-agent: warraq\nDisallow: /private\n"
FILLER = b"# nothing to see in this line, it only takes up room\n" * 12_000


def text(body: bytes, status: str = "200 OK", headers: str = "Content-Type: text/plain") -> Route:
    return answer(page(body, status=status, headers=headers))


async def hang(exchange: Exchange) -> bool:
    await asyncio.sleep(30)
    return False


async def reset(exchange: Exchange) -> bool:
    exchange.reset()
    return False


def hops(last: int) -> Route:
    """Redirects /robots.txt, ?1, ?2 ... up to hop `last`, which gives the rules."""

    async def route(exchange: Exchange) -> bool:
        at = int(exchange.request.target.partition("?")[2] or 0)
        if at == last:
            await exchange.send(page(RULES, headers="Content-Type: text/plain"))
        else:
            await exchange.send(page(b"", status="301 Moved", headers=f"Location: /robots.txt?{at + 1}"))
        return True

    return route


KINDS: dict[str, tuple[Route, str]] = {  # what /robots.txt does; which of /page and /private may be fetched
    "rules": (text(RULES), "page"),
    "rules for us by name": (text(FOR_US), "page"),
    "byte order mark": (text(b"\xef\xbb\xbf" + RULES), "page"),
    "html instead": (text(b"<html><p>Disallow: nothing</p></html>", headers="Content-Type: text/html"), "both"),
    "empty": (text(b""), "both"),
    "404": (text(RULES, "404 Not Found"), "both"),
    "403": (text(RULES, "403 Forbidden"), "both"),
    "429": (text(b"", "429 Too Many Requests"), "none"),
    "500": (text(b"", "500 Internal Server Error"), "none"),
    "503": (text(b"", "503 Service Unavailable"), "none"),
    "status 42": (text(RULES, "42 Hm"), "none"),
    "no answer": (hang, "none"),
    "reset": (reset, "none"),
    "not http": (answer(b"hello", close=True), "none"),
    "five redirects": (hops(5), "page"),
    "six redirects": (hops(6), "none"),
    "endless redirects": (hops(10**9), "none"),
    "redirect to itself": (text(b"", "302 Found", "Location: /robots.txt"), "both"),
    "redirect to ftp": (text(b"", "302 Found", "Location: ftp://127.0.0.1/robots.txt"), "none"),
    "redirect nowhere": (text(b"", "302 Found", "X: y"), "none"),
    "gzipped although not asked": (text(gzip.compress(RULES), headers="Content-Encoding: gzip"), "page"),
    "gzipped without a word": (text(gzip.compress(RULES)), "page"),
    "UTF-16": (text(RULES.decode().encode("utf-16")), "page"),
    "wrong length": (answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + RULES, close=True), "page"),
    "long, rule within 500 KiB": (text(RULES + FILLER), "page"),
    "long, rule beyond 500 KiB": (text(FILLER + RULES), "both"),
    "long and gzipped, rule beyond 500 KiB": (text(gzip.compress(FILLER + RULES)), "both"),
}


@pytest.fixture(scope="module")
def sites() -> Iterator[tuple[dict[str, Server], Crawled]]:
    assert len(FILLER) > 512_000
    leaf = answer(page(b"<p>ok</p>"))
    with contextlib.ExitStack() as stack:
        servers = {
            kind: stack.enter_context(Server({"/robots.txt": route, "/page": leaf, "/private": leaf}))
            for kind, (route, _) in KINDS.items()
        }
        requests = [{"url": server.url(path)} for server in servers.values() for path in ("/page", "/private")]
        settings = {**OBEY, "CONCURRENT_REQUESTS": 64, "CONCURRENT_REQUESTS_PER_DOMAIN": 64}
        yield servers, fetch(requests, settings=settings)


@pytest.mark.parametrize("kind", KINDS)
def test_each_answer_to_robots_txt_means_what_the_rfc_says(kind: str, sites: tuple[dict[str, Server], Crawled]) -> None:
    server, crawled = sites[0][kind], sites[1]
    expected = {"page": {"/page"}, "both": {"/page", "/private"}, "none": set()}[KINDS[kind][1]]
    assert {path for path in server.paths() if path != "/robots.txt"} == expected
    for visit in crawled.visits:
        if visit.url.startswith(server.url("/")):
            allowed = visit.url.removeprefix(server.url("")) in expected
            refusal = "robots-unreachable" if KINDS[kind][1] == "none" else "robots-disallowed"
            assert visit.outcome == ("" if allowed else refusal)


def test_robots_txt_is_read_once_and_captured_with_every_hop(sites: tuple[dict[str, Server], Crawled]) -> None:
    servers, crawled = sites
    assert servers["rules"].paths().count("/robots.txt") == 1
    hops_of_five = [each for each in crawled.captures if each.url.startswith(servers["five redirects"].url("/robots"))]
    assert len(hops_of_five) == 6
    assert crawled.capture(servers["long, rule within 500 KiB"].url("/robots.txt")).truncated == "length"


def test_nothing_disallowed_is_fetched_when_twelve_requests_come_first_at_once() -> None:
    async def slow(exchange: Exchange) -> bool:
        await asyncio.sleep(0.3)
        return await text(RULES)(exchange)

    leaf = answer(page(b"ok"))
    routes = {f"/private/{n}": leaf for n in range(12)} | {"/robots.txt": slow, "/open": leaf}
    with Server(routes) as server:
        urls = [server.url(f"/private/{n}") for n in range(12)] + [server.url("/open")]
        crawled = fetch([{"url": url} for url in urls], settings=OBEY)
        assert server.paths() == ["/robots.txt", "/open"]
        assert [each.outcome for each in crawled.visits] == ["robots-disallowed"] * 12 + [""]
        assert crawled.stats["robotstxt/forbidden"] == 12


def test_an_address_that_may_not_be_asked_is_named_as_such() -> None:
    with Server({"/robots.txt": text(RULES), "/page": text(b"ok")}) as server:
        crawled = fetch([{"url": server.url("/page")}], settings={**OBEY, "WARRAQ_OPEN_NETWORKS": []})
        assert [each.outcome for each in crawled.visits] == ["refused-address"]
        assert server.received == []


@pytest.mark.timing
def test_unreachable_robots_txt_is_tried_again_after_a_while() -> None:
    replies = iter([text(b"", "503 Service Unavailable"), text(RULES)])

    async def better_later(exchange: Exchange) -> bool:
        return await next(replies)(exchange)

    async def slow(exchange: Exchange) -> bool:
        await asyncio.sleep(3.5)
        return await text(b"ok")(exchange)

    with Server({"/robots.txt": better_later, "/page": text(b"ok")}) as site, Server({"/slow": slow}) as other:
        urls = [site.url("/page"), site.url("/page"), other.url("/slow"), site.url("/page")]
        settings = {**OBEY, "CONCURRENT_REQUESTS": 1, "WARRAQ_ROBOTS_RETRY_SECONDS": 3.0, "DOWNLOAD_TIMEOUT": 30}
        crawled = fetch([{"url": url} for url in urls], settings=settings)
        # which request is sent, and which visit is told of, first is the downloader's affair
        assert sorted(each.outcome for each in crawled.visits) == ["", "", "robots-unreachable", "robots-unreachable"]
        assert site.paths() == ["/robots.txt", "/robots.txt", "/page"]


def test_sitemaps_and_crawl_delay_are_announced() -> None:
    robots = b"Sitemap: /news.xml\nUser-agent: *\nCrawl-delay: 0.2\nSitemap: https://cdn.example/s.xml.gz\n"
    with Server({"/robots.txt": text(robots), "/": text(b"ok")}) as server:
        crawled = fetch([{"url": server.url("/")}], settings=OBEY)
        (said,) = [arguments for name, arguments in crawled.signals if name == "robots_read"]
        assert said["origin"] == server.url("")
        assert said["sitemaps"] == (server.url("/news.xml"), "https://cdn.example/s.xml.gz")
        assert said["crawl_delay"] == 0.2


def test_the_rules_of_many_origins_are_not_all_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robots, "_MOST_ORIGINS", 3)
    asked: list[str] = []

    async def fetch(request: Request) -> Response:
        asked.append(request.url)
        return Response(request.url, body=RULES)

    signals = type("Signals", (), {"send_catch_log": lambda *_, **__: None})()
    stats = type("Stats", (), {"inc_value": lambda *_: None})()
    middleware = robots.RobotsMiddleware(
        fetch=fetch, product="warraq", retry_seconds=60, signal_manager=signals, stats=stats
    )

    async def ask() -> None:
        for number in (1, 2, 3, 3, 4, 1):
            await middleware.process_request(Request(f"http://{number}.example/page"))

    asyncio.run(ask())
    assert [url.partition("//")[2][0] for url in asked] == ["1", "2", "3", "4", "1"]
    assert len(middleware._decisions) == 3
