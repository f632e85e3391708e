"""The pace of requests, measured by the servers."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from scrapy import Request
from scrapy.http import Response

import crawler.politeness as politeness
from crawler.download.errors import HostPaused
from crawler.politeness import Pace, PolitenessMiddleware, read_retry_after
from tests.support.fetch import Crawled, fetch
from tests.support.server import Exchange, Route, Server, answer, page

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

POLITE = {
    "ROBOTSTXT_OBEY": True,
    "DOWNLOADER_MIDDLEWARES": {
        "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
        "crawler.politeness.robots.RobotsMiddleware": 100,
        "crawler.politeness.PolitenessMiddleware": 950,
    },
    "CONCURRENT_REQUESTS_PER_DOMAIN": 2,
    "DOWNLOAD_DELAY": 0,
}
NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


class Site(Server):
    """A host of its own (127.0.0.x), which counts how many requests are under way at once."""

    def __init__(self, number: int, route: Route, robots: str | None = None) -> None:
        self.under_way = self.most_under_way = 0

        async def counted(exchange: Exchange) -> bool:
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            try:
                return await route(exchange)
            finally:
                self.under_way -= 1

        routes = {"/": counted}
        if robots is not None:
            routes["/robots.txt"] = answer(page(robots.encode(), headers="Content-Type: text/plain"))
        super().__init__(routes, host=f"127.0.0.{number}")

    @property
    def times(self) -> list[float]:
        """When each page was asked for, from the first one on."""
        times = [each.at for each in self.received if each.path == "/"]
        return [at - times[0] for at in times]

    @property
    def intervals(self) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self.times)]


def busy_first(status: str, headers: str = "X: y") -> Route:
    """Answers `status` to the first request, and 200 after that."""
    asked = 0

    async def route(exchange: Exchange) -> bool:
        nonlocal asked
        asked += 1
        await exchange.send(page(b"busy", status=status, headers=headers) if asked == 1 else page(b"ok"))
        return True

    return route


async def slow(exchange: Exchange) -> bool:
    await asyncio.sleep(0.1)
    return await OK(exchange)


OK = answer(page(b"ok"))
TOO_MANY, UNAVAILABLE = "429 Too Many Requests", "503 Service Unavailable"


@pytest.fixture(scope="module")
def paced() -> Iterator[tuple[dict[str, Site], Crawled]]:
    sites = {
        "crawl-delay": Site(10, OK, "User-agent: *\nCrawl-delay: 0.5"),
        "long crawl-delay": Site(11, OK, "User-agent: *\nCrawl-delay: 3600"),
        "429 with retry-after": Site(12, busy_first(TOO_MANY, "Retry-After: 2")),
        "503 with retry-after": Site(13, busy_first(UNAVAILABLE, "Retry-After: 2")),
        "503": Site(14, busy_first(UNAVAILABLE)),
        "slow": Site(15, slow),
        "broken": Site(16, answer(b"", close=True), ""),
    }
    with contextlib.ExitStack() as stack:
        for site in sites.values():
            stack.enter_context(site)
        requests = [{"url": site.url("/")} for _ in range(6) for site in sites.values()]
        yield sites, fetch(requests, settings={**POLITE, "WARRAQ_MAX_CRAWL_DELAY": 0.6, "CONCURRENT_REQUESTS": 64})


def ends(crawled: Crawled, site: Site) -> list[str]:
    return [each.outcome or str(each.status) for each in crawled.visits if each.url == site.url("/")]


@pytest.mark.timing
def test_crawl_delay_is_kept_from_the_first_request_on(paced: tuple[dict[str, Site], Crawled]) -> None:
    site = paced[0]["crawl-delay"]
    assert ends(paced[1], site) == ["200"] * 6
    assert min(site.intervals) > 0.45
    assert site.times[-1] < 5


@pytest.mark.timing
def test_crawl_delay_has_a_cap(paced: tuple[dict[str, Site], Crawled]) -> None:
    site = paced[0]["long crawl-delay"]
    assert min(site.intervals) > 0.55
    assert site.times[-1] < 6


@pytest.mark.timing
@pytest.mark.parametrize("kind", ["429 with retry-after", "503 with retry-after"])
def test_host_rests_for_its_retry_after(kind: str, paced: tuple[dict[str, Site], Crawled]) -> None:
    site = paced[0][kind]
    assert ends(paced[1], site)[1:] == ["200"] * 5
    assert sum(at < 1.95 for at in site.times) <= 2  # the second was under way already
    assert site.times[2] < 4


@pytest.mark.timing
def test_busy_host_is_slowed_down_and_recovers_by_degrees(paced: tuple[dict[str, Site], Crawled]) -> None:
    site = paced[0]["503"]
    assert site.times[2] > 0.95
    assert site.intervals[2] > site.intervals[-1]
    assert site.intervals[2] > 0.4


def test_no_more_than_the_allowed_requests_are_under_way_at_a_host(paced: tuple[dict[str, Site], Crawled]) -> None:
    assert paced[0]["slow"].most_under_way == 2
    assert ends(paced[1], paced[0]["slow"]) == ["200"] * 6


@pytest.mark.timing
def test_hosts_do_not_wait_for_each_other(paced: tuple[dict[str, Site], Crawled]) -> None:
    assert paced[0]["slow"].times[-1] < 2.5


def test_failed_requests_make_room_for_the_next(paced: tuple[dict[str, Site], Crawled]) -> None:
    assert ends(paced[1], paced[0]["broken"]) == ["closed"] * 6


def test_rest_beyond_our_patience_and_spent_budget_are_named_outcomes() -> None:
    resting, well = Site(17, busy_first(TOO_MANY, "Retry-After: 3600")), Site(18, OK)
    with resting, well:
        requests = [{"url": resting.url("/")}] * 4 + [{"url": well.url("/")}] * 6
        settings = {**POLITE, "CONCURRENT_REQUESTS_PER_DOMAIN": 1, "WARRAQ_HOST_BUDGET": 4}
        crawled = fetch(requests, settings=settings)
        assert ends(crawled, resting) == ["429", "host-paused", "host-paused", "host-paused"]
        assert len(resting.times) == 1
        assert sorted(ends(crawled, well)) == ["200"] * 4 + ["budget-exceeded"] * 2
        assert len(well.times) == 4


@pytest.mark.timing
def test_own_delay_is_kept_and_varies() -> None:
    site = Site(19, OK)
    with site:
        fetch([{"url": site.url("/")}] * 6, settings={**POLITE, "DOWNLOAD_DELAY": 0.3, "DOWNLOAD_DELAY_JITTER": 0.5})
        assert min(site.intervals) > 0.13
        assert 0.7 < site.times[-1] < 3.5


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"120", 120.0),
        (b" 0 ", 0.0),
        (b"Tue, 24 Nov 2026 12:01:00 GMT", 60.0),
        (b"Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        (b"Tue, 24 Nov 2026 12:00:30", 30.0),
        (b"-5", None),
        (b"soon", None),
        (b"", None),
        (b"\xb9", None),
        (None, None),
        (b"9" * 5000, 999999999.0),
        (b"\xd9\xa1\xd9\xa2", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value: bytes | None, seconds: float | None) -> None:
    assert read_retry_after(value, NOW) == seconds


class Paced:
    """The middleware with a clock of its own, which stands still."""

    def __init__(self, **pace: float) -> None:
        usual = {
            "delay": 0, "jitter": 0, "concurrency": 2, "longest_delay": 300, "longest_crawl_delay": 60, "longest_rest": 1000,
            "patience": 0, "budget": 3,
        }  # fmt: skip
        self.at = 0.0
        stats = type("Stats", (), {"inc_value": lambda *_: None})()
        self.middleware = PolitenessMiddleware(
            pace=Pace(**{**usual, **pace}),
            slots=dict,
            call_later=lambda *_: None,
            stats=stats,
            clock=lambda: self.at,
            now=lambda: NOW,
        )

    def answer(self, url: str, status: int, **headers: str) -> None:
        """Let a request pass, and give it this answer."""
        request = Request(url)
        asyncio.run(self.middleware.process_request(request))
        self.middleware.process_response(request, Response(url, status=status, headers=headers))

    def pause_of(self, url: str) -> float:
        """Return for how long a request to the host must wait."""
        with pytest.raises(HostPaused) as paused:
            asyncio.run(self.middleware.process_request(Request(url)))
        return paused.value.seconds


def test_no_server_can_ask_for_a_pause_longer_than_the_limit() -> None:
    for asked in ("999999999", "Tue, 24 Nov 2099 12:00:00 GMT"):
        paced = Paced(longest_rest=1000)
        paced.answer("http://a.example/", 503, **{"Retry-After": asked})
        assert paced.pause_of("http://a.example/") == 1000


def test_of_many_hosts_those_that_rest_or_answer_just_now_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(politeness, "_MOST_HOSTS", 4)
    paced = Paced(budget=2)
    paced.answer("http://rests.example/", 503, **{"Retry-After": "500"})
    asyncio.run(paced.middleware.process_request(Request("http://busy.example/")))
    for number in range(10):
        paced.answer(f"http://{number}.example/", 200)
    assert paced.pause_of("http://rests.example/") == 500
    hosts = paced.middleware._hosts
    assert "busy.example" in hosts
    assert len(hosts) <= 4 + 2
