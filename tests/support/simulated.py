"""Crawl in the test's process and in simulated time, with the real spider, frontier, robots.txt, pace, sessions and archive.

The network, the worker processes and the clock are simulated. A site is a function or a mapping from URLs to responses.

    world = {"https://paper.test/": list_page("/a/story"), "https://paper.test/a/story": article_page("A story")}
    report = crawl("https://paper.test/", folder, world, at=datetime(2026, 11, 1, tzinfo=UTC))
"""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy.http import HtmlResponse, Response
from scrapy.settings import Settings
from scrapy.signalmanager import SignalManager
from twisted.python.failure import Failure

from archive.http import parse_response
from archive.parse.parse import parse_task
from crawler import settings as shipped
from crawler.download import _headers
from crawler.download.errors import DnsError, ExchangeError
from crawler.download.exchange import make_capture, request_target, serialize_request
from crawler.extensions import ArchiveExtension
from crawler.politeness import PolitenessMiddleware
from crawler.politeness.robots import RobotsMiddleware, robots_read
from crawler.sites.session import SessionMiddleware
from crawler.spiders.news import NewsSpider
from crawler.summary import exit_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from scrapy import Request

    from archive.capture import Capture
    from archive.parse import Parsed, ParseTask
    from crawler.report import Report

Answer = str | tuple[int, dict[str, str], bytes | str] | ExchangeError | None
"""A page; or status, headers and body; or the error of the exchange. None is a 404."""


@dataclass(kw_only=True)
class Crawled:
    """The result of a crawl: its report, exit code, the requests in order, and the captures."""

    report: Report
    code: int
    summary: dict[str, Any]
    requests: list[Request] = field(default_factory=list)
    captures: list[Capture] = field(default_factory=list)

    @property
    def asked(self) -> list[str]:
        """Return the requested URLs except robots.txt."""
        return [request.url for request in self.requests if not request.url.endswith("/robots.txt")]


def crawl(
    url: str = "",
    folder: Path | None = None,
    world: Any = None,
    *,
    at: datetime,
    entry: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    recheck: bool = False,
    max_pages: int = 0,
) -> Crawled:
    """Crawl the site of `url`, or of an entry of sites.toml, at a given time."""
    given = {name: value for name, value in vars(shipped).items() if name.isupper()}
    given |= {
        "DOWNLOAD_DELAY": 0, "ARCHIVE_DIR": str(folder), "WARRAQ_CLOCK": lambda: at, "WARRAQ_SUMMARY": "", "WARRAQ_REQUISITES": "none",
        "WARRAQ_SITE_ENTRY": json.dumps(dict(entry)) if entry else "", **(settings or {}),
    }  # fmt: skip
    arguments = {"site": "paper"} if entry else {"url": url}
    arguments |= {"recheck": "all"} if recheck else {}
    arguments |= {"max_pages": str(max_pages)} if max_pages else {}
    simulation = _Simulation(Settings(given), world or {}, at)
    return asyncio.run(simulation.run(arguments))


class _InlinePool:
    """Parse in this process."""

    def submit(self, task: ParseTask) -> Future[Parsed]:
        done: Future[Parsed] = Future()
        done.set_result(parse_task(task))
        return done

    def close(self, *, at_once: bool = False) -> None:
        """Do nothing; there is nothing to close."""


class _Archive(ArchiveExtension):
    def _repeat(self, function: Callable[[], object], seconds: float) -> None:
        """Start no timers; the frontier commits before each draw."""


class _Robots(RobotsMiddleware):
    async def _decide(self, origin: str) -> Any:
        if origin not in self._decisions:
            self._waiting[origin] = []
            await self._resolve(origin)
        return self._decisions[origin]


class _Pace(PolitenessMiddleware):
    """Wait in simulated seconds, counted in `waited`."""

    waited = 0.0

    async def _turn(self, name: str, host: Any) -> None:
        rest = host.resting_until - self._clock()
        if 0 < rest <= self._pace.patience:
            self.waited += rest
            return
        await super()._turn(name, host)


class _Simulation:
    """The part of Scrapy's Crawler that spider, extension and middlewares use; it is its own engine."""

    def __init__(self, settings: Settings, world: Any, at: datetime) -> None:
        self.settings = settings
        self.signals = SignalManager(self)
        self.spider: Any = None
        self.engine = SimpleNamespace(running=True, download_async=self.download, close_spider_async=self._close)
        self.stats = SimpleNamespace(inc_value=lambda *_, **__: None)
        self.requests: list[Request] = []
        self.captures: list[Capture] = []
        self._world = world
        self._at = at
        self._reason = "finished"

    def get_extension(self, _: type) -> Any:
        return self._archive

    def get_downloader_middleware(self, kind: type) -> Any:
        return self._session if kind is SessionMiddleware else None

    async def run(self, arguments: Mapping[str, str]) -> Crawled:
        self.spider = NewsSpider.from_crawler(self, pool=_InlinePool(), **arguments)
        self._archive = _Archive.from_crawler(self)
        self._session = SessionMiddleware.from_crawler(self)
        self._robots = _Robots.from_crawler(self)
        self._pace = _pace_of(self)
        self.signals.connect(self._pace.robots_read, robots_read)
        self._archive.spider_opened()
        try:
            async for request in self.spider.start():
                await self._handle(request)
        finally:
            self._archive.spider_closed(self._reason)
        report = self._archive.report
        return Crawled(
            report=report,
            code=exit_code(report),
            summary=report.as_dict(),
            requests=self.requests,
            captures=self.captures,
        )

    async def _close(self, *, reason: str) -> None:
        self._reason = reason

    async def _handle(self, request: Request) -> None:
        try:
            response = await self.download(request)
        except Exception as error:  # noqa: BLE001 - as the engine does: whatever it is goes to the errback
            failure = Failure(error)
            failure.request = request
            request.errback(failure)
            return
        response.request = request
        answered = request.callback(response)
        if not hasattr(answered, "__aiter__"):
            await answered
            return
        async for item in answered:
            self._archive.finish(item.disposition)
            self.spider.item_stored(item)

    async def download(self, request: Request) -> Response:
        """The middlewares and the simulated network."""
        for name, value in self.settings["DEFAULT_REQUEST_HEADERS"].items():
            request.headers.setdefault(name, value)
        request.headers.setdefault("User-Agent", self.settings["USER_AGENT"])
        await self._robots.process_request(request)
        self._session.process_request(request)
        await self._pace.process_request(request)
        try:
            response = self._exchange(request)
        except Exception as error:
            self._pace.process_exception(request, error)
            raise
        self._pace.process_response(request, response)
        self._session.process_response(request, response)
        return response

    def _exchange(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self._world(request) if callable(self._world) else self._world.get(request.url)
        answer = answer(request) if callable(answer) else answer
        if isinstance(answer, ExchangeError):
            raise answer
        data = _message(answer if answer is not None else (404, {}, b"nothing here"))
        parts = urlsplit(request.url)
        headers = [(name, value) for name, values in request.headers.items() for value in values]
        sent = serialize_request(
            method="GET", target=request_target(request.url), host=parts.netloc, headers=headers, body=b""
        )
        capture = make_capture(
            url=request.url, started=self._at, request=sent, received=bytearray(data), start=0, end=len(data), ip="192.0.2.1",
            tls=None, tls_verified=True, truncated="", via=request.meta.get("via", ""),
            keep_credentials=self.settings.getbool("WARRAQ_KEEP_CREDENTIALS"), credentials=request.meta.get("credentials", ()),
        )  # fmt: skip
        self.captures.append(capture)
        self._archive.exchange_captured(capture, request)
        head = parse_response(data)
        return HtmlResponse(
            url=request.url, status=head.status, headers=_headers(head), body=data.partition(b"\r\n\r\n")[2]
        )


def _pace_of(simulation: _Simulation) -> _Pace:
    pace = PolitenessMiddleware.from_crawler(simulation)._pace
    made = _Pace(pace=pace, slots=dict, call_later=lambda *_: None, stats=simulation.stats)
    made._clock = lambda: made.waited
    made._now = lambda: simulation._at
    return made


def _message(answer: Any) -> bytes:
    status, headers, body = answer if isinstance(answer, tuple) else (200, {}, answer)
    body = body.encode() if isinstance(body, str) else body
    fields = {"Content-Type": "text/html; charset=utf-8", **headers}
    if status != 304:
        fields["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Reason\r\n{head}\r\n".encode("latin-1") + body


def no_such_host(request: Request) -> ExchangeError:
    """Return the error for a host name that does not resolve."""
    return DnsError(f"{urlsplit(request.url).hostname} does not resolve")
