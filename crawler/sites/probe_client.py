"""Fetch single URLs for the probe: a decoded answer after redirects, or a named error.

It uses the same handler, robots.txt, guard and pace as a crawl, and requests no URL twice.
"""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy import Request

from archive import UsageError, urls
from archive.errors import ExitCode
from archive.http import BadCoding, NotHttp, Response, TooLarge, decode, parse_response
from crawler.download.errors import outcome_of
from crawler.download.exchange import exchange_captured
from crawler.politeness.robots import robots_read
from crawler.politeness.robotstxt import RobotsTxt, parse_robots, product_of
from crawler.sites.keys import origin_of

if TYPE_CHECKING:
    from datetime import datetime

    from scrapy.crawler import Crawler

    from archive.capture import Capture

MAX_REDIRECTS = 5
MAX_BODY = 20 << 20  # bytes of one response after decoding

logger = logging.getLogger(__name__)


class NothingThereError(UsageError):
    """The start page of a site is unavailable, or is not a page."""

    exit_code = ExitCode.UNREACHABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedPage:
    """A response: its URL after redirects, its parsed head, its decoded body."""

    url: str
    head: Response
    body: bytes
    raw: bytes
    fetched_at: datetime


class ProbeClient:
    """Makes the requests of one probe. `seconds` are the response times, `sitemaps` the sitemaps in each robots.txt."""

    def __init__(self, crawler: Crawler) -> None:
        self.seconds: list[float] = []
        self.sitemaps: dict[str, tuple[str, ...]] = {}
        self.crawl_delay: float | None = None
        self._crawler = crawler
        self._captures: dict[str, Capture] = {}
        self._pages: dict[str, ProbedPage] = {}
        self._robots: dict[str, RobotsTxt] = {}
        crawler.signals.connect(self._captured, signal=exchange_captured)
        crawler.signals.connect(self._robots_read, signal=robots_read)

    async def attempt(self, url: str) -> ProbedPage | None:
        """Return the response of a URL, None if it is unavailable."""
        try:
            page = await self.get(url)
        except UsageError as error:
            logger.info("%s", error)
            return None
        return page if page.body else None

    async def get(self, url: str) -> ProbedPage:
        """Return the response of a URL after redirects; raises NothingThereError unless its status is 200."""
        start = url
        if start in self._pages:
            return self._pages[start]
        for _ in range(MAX_REDIRECTS + 1):
            head, raw, at = await self._exchange(url)
            if head.status in {301, 302, 303, 307, 308}:
                url = urls.canonicalise(urls.join(url, head.get("Location")))
                if not url:
                    raise NothingThereError(f"{start} does not redirect to a web address")
                continue
            if head.status != 200:
                raise NothingThereError(f"{url} answered {head.status} {head.reason}")
            try:
                page = ProbedPage(url=url, head=head, body=decode(head, MAX_BODY), raw=raw, fetched_at=at)
            except (TooLarge, BadCoding) as error:
                raise NothingThereError(f"{url} cannot be decoded: {error}") from None
            self._pages[start] = self._pages[url] = page
            return page
        raise NothingThereError(f"{start} redirects endlessly")

    async def _exchange(self, url: str) -> tuple[Response, bytes, datetime]:
        request = Request(url, dont_filter=True, meta={"verbatim_url": True})
        begun = time.monotonic()
        try:
            await self._crawler.engine.download_async(request)
        except Exception as error:  # noqa: BLE001 - every error has a name
            raise NothingThereError(f"{url} cannot be fetched: {outcome_of(error)} ({error})") from None
        self.seconds.append(time.monotonic() - begun)
        capture = self._captures.pop(request.url)
        try:
            return parse_response(capture.response), capture.response, capture.started
        except NotHttp as error:
            raise NothingThereError(f"{url} gives no HTTP response: {error}") from None

    def allowed(self, url: str) -> bool:
        """Return whether the robots.txt of `url`'s host, if it has been read, allows the URL."""
        settings = self._crawler.settings
        product = product_of(settings.get("ROBOTSTXT_USER_AGENT") or settings["USER_AGENT"])
        rules = self._robots.get(origin_of(url))
        return rules is None or not settings.getbool("ROBOTSTXT_OBEY") or rules.allows(product, url)

    def _captured(self, capture: Capture, request: Request) -> None:
        if not request.url.endswith("/robots.txt"):
            self._captures[request.url] = capture
            return
        with contextlib.suppress(NotHttp, TooLarge, BadCoding):
            head = parse_response(capture.response)
            if head.status == 200:
                self._robots[origin_of(request.url)] = parse_robots(decode(head, MAX_BODY))

    def _robots_read(self, origin: str, sitemaps: tuple[str, ...], crawl_delay: float | None) -> None:
        self.sitemaps[origin] = tuple(dict.fromkeys(filter(None, map(urls.canonicalise, sitemaps))))
        self.crawl_delay = crawl_delay or self.crawl_delay
