"""Obey robots.txt from the first request on: a downloader middleware that passes a request on or raises RobotsDisallowed.

RFC 9309, section 2.3: 2xx is parsed (its first 500 KiB), up to five redirects are followed, 4xx allows everything, and 5xx, no
response, or too many redirects disallow everything until a later attempt.
Scrapy 2.19's own middleware gives one Deferred to all waiting requests, and the second of them already reads `None`, "allowed".
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, Self
from urllib.parse import urljoin

from scrapy import Request
from scrapy.exceptions import NotConfigured
from scrapy.http.request import NO_CALLBACK
from scrapy.utils.defer import deferred_from_coro, maybe_deferred_to_future
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.defer import Deferred

from archive import urls
from archive.http import BadCoding, TooLarge, decode, parse_response
from archive.http.coding import GZIP_MAGIC
from crawler.download.errors import OF_THE_HOST, RobotsDisallowed, RobotsUnreachable, outcome_of
from crawler.politeness.robotstxt import RobotsTxt, parse_robots, product_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.signalmanager import SignalManager

    Fetch = Callable[[Request], Awaitable[Response]]

logger = logging.getLogger(__name__)

robots_read = object()
"""Scrapy signal, sent each time that a site's robots.txt has been evaluated.

Arguments: `origin` ('https://host:port'), `sitemaps` (tuple of absolute URLs), `crawl_delay` (seconds or None).
"""

MOST_BYTES = 500 * 1024  # RFC 9309, section 2.5: at least 500 kibibytes must be read
MOST_REDIRECTS = 5  # RFC 9309, section 2.3.1.2: at least five must be followed
FRESH_SECONDS = 24 * 3600.0  # RFC 9309, section 2.4: not to be used for longer
_MOST_ORIGINS = 5000  # kept at once; a dropped one is fetched again
_ALL_ALLOWED = RobotsTxt(groups={}, sitemaps=())


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginRules:
    """The rules of one origin until `expires`; `refused` is the reason if nothing may be fetched."""

    rules: RobotsTxt
    refused: str
    expires: float
    cause: str = ""


class RobotsMiddleware:
    """Checks robots.txt before each request; simultaneous first requests to a site share one fetch."""

    def __init__(
        self,
        *,
        fetch: Fetch,
        product: str,
        retry_seconds: float,
        signal_manager: SignalManager,
        stats: Any,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._product = product
        self._retry_seconds = retry_seconds
        self._signals = signal_manager
        self._stats = stats
        self._clock = clock
        self._decisions: dict[str, OriginRules] = {}
        self._waiting: dict[str, list[Deferred[OriginRules]]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the settings ROBOTSTXT_OBEY, ROBOTSTXT_USER_AGENT or USER_AGENT, and WARRAQ_ROBOTS_RETRY_SECONDS."""
        settings = crawler.settings
        if not settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured("ROBOTSTXT_OBEY is off")

        async def fetch(request: Request) -> Response:
            if crawler.engine is None:
                raise RuntimeError("no engine to fetch robots.txt with")
            return await crawler.engine.download_async(request)

        return cls(
            fetch=fetch,
            product=product_of(settings.get("ROBOTSTXT_USER_AGENT") or settings.get("USER_AGENT") or ""),
            retry_seconds=settings.getfloat("WARRAQ_ROBOTS_RETRY_SECONDS", 600.0),
            signal_manager=crawler.signals,
            stats=crawler.stats,
        )

    async def process_request(self, request: Request) -> None:
        """Let the request pass, or raise RobotsDisallowed. `dont_obey_robotstxt` in its meta skips the check."""
        if request.meta.get("dont_obey_robotstxt"):
            return
        parts = urlparse_cached(request)
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
        decision = await self._decide(origin)
        if decision.refused:
            self._refuse(RobotsUnreachable(request.url, decision.refused, cause=decision.cause))
        if not decision.rules.allows(self._product, request.url):
            self._refuse(RobotsDisallowed(request.url, "a rule of robots.txt"))

    def _refuse(self, refusal: RobotsDisallowed) -> NoReturn:
        self._stats.inc_value("robotstxt/forbidden")
        raise refusal

    async def _decide(self, origin: str) -> OriginRules:
        known = self._decisions.get(origin)
        if known is not None and known.expires > self._clock():
            return known
        mine: Deferred[OriginRules] = Deferred()
        if origin in self._waiting:
            self._waiting[origin].append(mine)
        else:
            self._waiting[origin] = [mine]
            deferred_from_coro(self._resolve(origin))
        return await maybe_deferred_to_future(mine)

    async def _resolve(self, origin: str) -> None:
        """Read one robots.txt and notify all requests that wait for it, each by its own Deferred."""
        cause = ""
        try:
            rules, refused = await self._read(origin)
        except Exception as error:  # noqa: BLE001 -- after any error the file is unreachable and the crawl continues
            cause = outcome_of(error)
            refused = str(error) if cause in OF_THE_HOST else f"robots.txt is unreachable ({cause})"
            rules = _ALL_ALLOWED
            logger.info("%s/robots.txt is unreachable: %s", origin, error)
        seconds = self._retry_seconds if refused else FRESH_SECONDS
        decision = OriginRules(rules=rules, refused=refused, cause=cause, expires=self._clock() + seconds)
        self._decisions.pop(origin, None)
        self._decisions[origin] = decision
        if len(self._decisions) > _MOST_ORIGINS:
            del self._decisions[next(iter(self._decisions))]
        self._stats.inc_value("robotstxt/refused_origins" if refused else "robotstxt/read_origins")
        self._signals.send_catch_log(
            robots_read,
            origin=origin,
            sitemaps=tuple(urljoin(origin + "/", each) for each in rules.sitemaps),
            crawl_delay=rules.crawl_delay(self._product),
        )
        for each in self._waiting.pop(origin):
            each.callback(decision)

    async def _read(self, origin: str) -> tuple[RobotsTxt, str]:
        """Return the rules of `origin`, and why nothing may be fetched ('' if something may)."""
        url = f"{origin}/robots.txt"
        seen = {url}
        for _ in range(MOST_REDIRECTS + 1):
            response = await self._fetch(_request_for(url))
            status = response.status
            location = response.headers.get("Location")
            if 300 <= status < 400 and location:
                url = urljoin(url, urls.escape_bytes(location.decode("latin-1").strip()))
                if not url.startswith(("http://", "https://")):
                    return _ALL_ALLOWED, f"robots.txt redirects to {url[:80]}"
                if url in seen:  # unavailable (RFC 9309, section 2.3.1.2): a redirect loop for clients without cookies
                    return _ALL_ALLOWED, ""
                seen.add(url)
                continue
            if 200 <= status < 300:
                return parse_robots(_text_of(response)), ""
            if 400 <= status < 500 and status != 429:  # 429 is a temporary failure, like 5xx
                return _ALL_ALLOWED, ""
            return _ALL_ALLOWED, f"robots.txt answers {status}"
        return _ALL_ALLOWED, f"robots.txt redirects more than {MOST_REDIRECTS} times"


def _request_for(url: str) -> Request:
    meta = {
        "dont_obey_robotstxt": True,
        "purpose": "robots",
        "download_maxsize": MOST_BYTES,
        "keep_partial": True,  # the first 500 KiB of a longer file count
        "read_damaged": "any",  # also of a truncated one: each line is valid by itself
        "handle_httpstatus_all": True,
    }
    headers = {"Accept": "text/plain,*/*;q=0.5", "Accept-Encoding": "identity"}
    return Request(url, priority=1000, meta=meta, headers=headers, callback=NO_CALLBACK, dont_filter=True)


def _text_of(response: Response) -> bytes:
    """Return the body, at most MOST_BYTES of it, decoded if the server used a coding unasked, even an undeclared one."""
    coding = response.headers.get("Content-Encoding") or (b"gzip" if response.body.startswith(GZIP_MAGIC) else None)
    if coding is None:
        return response.body[:MOST_BYTES]
    coded = parse_response(b"HTTP/1.1 200 OK\r\nContent-Encoding: " + coding + b"\r\n\r\n" + response.body)
    try:
        return decode(coded, 16 * MOST_BYTES)[:MOST_BYTES]
    except (BadCoding, TooLarge):
        return response.body[:MOST_BYTES]
