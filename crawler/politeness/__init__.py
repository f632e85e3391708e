"""Pace requests per host; the module `robots` obeys robots.txt.

The delay is the site's Crawl-delay (from robots.txt) or our own, whichever is longer. After 429 or 503 the delay doubles and the host is
paused for its Retry-After; each good response shortens the delay again. All waiting happens here and none in Scrapy's download slots,
because a request in a slot cannot be held back when the host asks for a pause.
"""

from __future__ import annotations

import random
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.utils.defer import maybe_deferred_to_future
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.defer import Deferred

from crawler.download.errors import BudgetExceeded, HostPaused, StoppedError
from crawler.politeness.robots import robots_read
from crawler.shutdown import stopping

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_BUSY = (429, 503)  # RFC 6585, section 4; RFC 9110, section 15.6.4
_RECOVERY = 0.8  # factor by which each good response shortens a lengthened delay
_SLOWEST_START = 1.0  # seconds: where doubling starts for a host without a delay
_MOST_HOSTS = 20_000  # hosts whose pace is remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Pacing parameters. Times in seconds; `budget` is requests per host and crawl, 0 for no limit."""

    delay: float
    jitter: float
    concurrency: int
    longest_delay: float
    longest_crawl_delay: float
    longest_rest: float
    patience: float
    budget: int


@dataclass(slots=True, kw_only=True)
class _Host:
    """State of one host, times by the clock: `floor` is its minimum delay, `delay` the current one."""

    floor: float
    delay: float
    resting_until: float = 0.0
    next_start: float = 0.0
    wake_at: float = 0.0
    inside: int = 0
    requests: int = 0
    waiting: deque[Deferred[None]] = field(default_factory=deque)


class PolitenessMiddleware:
    """Holds each request until its host's turn; raises BudgetExceeded or HostPaused for requests that must not wait."""

    def __init__(
        self,
        *,
        pace: Pace,
        slots: Callable[[], dict[str, Any]],
        call_later: Callable[..., Any],
        stats: Any,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pace = pace
        self._slots = slots
        self._call_later = call_later
        self._stats = stats
        self._clock = clock
        self._now = now
        self._hosts: dict[str, _Host] = {}
        self._inside: set[Request] = set()
        self._stopping = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the settings (described in crawler/settings.py) and connect the signals."""
        from twisted.internet import reactor

        settings = crawler.settings
        pace = Pace(
            delay=settings.getfloat("DOWNLOAD_DELAY"),
            jitter=settings.getfloat("DOWNLOAD_DELAY_JITTER"),
            concurrency=max(1, settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN")),
            longest_delay=settings.getfloat("WARRAQ_MAX_DELAY", 300.0),
            longest_crawl_delay=settings.getfloat("WARRAQ_MAX_CRAWL_DELAY", 60.0),
            longest_rest=settings.getfloat("WARRAQ_MAX_RETRY_AFTER", 24 * 3600.0),
            patience=settings.getfloat("WARRAQ_PATIENCE", 60.0),
            budget=settings.getint("WARRAQ_HOST_BUDGET", 0),
        )

        def slots() -> dict[str, Any]:
            return {} if crawler.engine is None else crawler.engine.downloader.slots

        call_later: Callable[..., Any] = getattr(reactor, "callLater")  # noqa: B009 -- the module's type has no methods
        middleware = cls(pace=pace, slots=slots, call_later=call_later, stats=crawler.stats)
        crawler.signals.connect(middleware.robots_read, robots_read)
        crawler.signals.connect(middleware.stop, stopping)
        crawler.signals.connect(middleware.reached_downloader, signals.request_reached_downloader)
        return middleware

    def stop(self) -> None:
        """Refuse all waiting requests: the crawl is stopping."""
        self._stopping = True
        for host in self._hosts.values():
            self._wake(host)
        for slot in self._slots().values():
            while slot.queue:
                _, turn = slot.queue.popleft()
                turn.errback(StoppedError("the crawl is stopping"))

    async def process_request(self, request: Request) -> None:
        """Wait for the host's turn. Raises BudgetExceeded, or HostPaused for a pause longer than WARRAQ_PATIENCE."""
        name = _host_of(request)
        host = self._host(name)
        if request.meta.get("purpose") != "robots":
            if self._pace.budget and host.requests >= self._pace.budget:
                self._stats.inc_value("politeness/budget_exceeded")
                raise BudgetExceeded(name, self._pace.budget)
            host.requests += 1
        await self._turn(name, host)
        self._inside.add(request)
        host.inside += 1
        host.next_start = self._clock() + self._interval(host)

    def process_response(self, request: Request, response: Response) -> Response:
        """Adapt to the response: slow down for a busy host, speed up again after a good response."""
        host = self._host(_host_of(request))
        if response.status in _BUSY:
            self._slow_down(host, response.headers.get("Retry-After"))
        elif host.delay > host.floor:
            host.delay = max(host.floor, host.delay * _RECOVERY - 0.01)
        self._leave(request, host)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:  # noqa: ARG002 -- Scrapy's interface
        """Let the host's next request in."""
        self._leave(request, self._host(_host_of(request)))

    def robots_read(self, origin: str, crawl_delay: float | None) -> None:
        """Apply the Crawl-delay, up to a maximum: an hour between two requests is a mistake in the site's robots.txt."""
        host = self._host(origin.partition("://")[2].rpartition("@")[2].rsplit(":", 1)[0].strip("[]"))
        if crawl_delay:
            host.floor = max(host.floor, min(crawl_delay, self._pace.longest_crawl_delay))
            host.delay = max(host.delay, host.floor)

    def reached_downloader(self, request: Request) -> None:
        """Keep the download slot from adding its own delay."""
        slot = self._slots().get(request.meta.get("download_slot", ""))
        if slot is not None:
            slot.delay = 0.0

    def _host(self, name: str) -> _Host:
        host = self._hosts.get(name)
        if host is None:
            if len(self._hosts) >= _MOST_HOSTS:
                self._forget()
            host = _Host(floor=self._pace.delay, delay=self._pace.delay)
            self._hosts[name] = host
        return host

    def _forget(self) -> None:
        """Drop the older half of the hosts, but none that has requests in flight or rests."""
        now = self._clock()
        idle = (
            name for name, host in self._hosts.items() if not (host.inside or host.waiting or host.resting_until > now)
        )
        for name in list(islice(idle, _MOST_HOSTS // 2)):
            del self._hosts[name]

    async def _turn(self, name: str, host: _Host) -> None:
        """Wait until the next request to the host may go out; first come, first served."""
        while True:
            rest = host.resting_until - self._clock()
            if rest > self._pace.patience or self._stopping:
                self._stats.inc_value("politeness/refused_while_resting")
                raise HostPaused(name, max(rest, 0.0))
            wait = max(rest, host.next_start - self._clock())
            if wait <= 0 and host.inside < (1 if host.delay > self._pace.delay else self._pace.concurrency):
                return
            turn: Deferred[None] = Deferred()
            host.waiting.append(turn)
            self._wake_in(host, wait)
            await maybe_deferred_to_future(turn)

    def _interval(self, host: _Host) -> float:
        """Return the seconds until the next start: our own delay is randomized, the site's is a minimum."""
        if host.delay > self._pace.delay:
            return host.delay
        spread = min(self._pace.jitter, 1.0)
        return host.delay * random.uniform(1 - spread, 1 + spread)  # noqa: S311 -- not a secret

    def _wake_in(self, host: _Host, seconds: float) -> None:
        at = self._clock() + seconds
        if seconds > 0 and not self._clock() < host.wake_at <= at:
            host.wake_at = at
            self._call_later(seconds, self._wake, host)

    def _wake(self, host: _Host) -> None:
        waiting, host.waiting = host.waiting, deque()
        for turn in waiting:
            turn.callback(None)

    def _leave(self, request: Request, host: _Host) -> None:
        if request in self._inside:  # otherwise another middleware refused it first
            self._inside.discard(request)
            host.inside -= 1
            self._wake(host)

    def _slow_down(self, host: _Host, retry_after: bytes | None) -> None:
        pace = self._pace
        host.delay = min(pace.longest_delay, max(2 * host.delay, _SLOWEST_START))
        asked = read_retry_after(retry_after, self._now())
        rest = host.delay if asked is None else min(max(asked, host.delay), pace.longest_rest)
        host.resting_until = max(host.resting_until, self._clock() + rest)
        self._stats.inc_value("politeness/slowed_down")


def read_retry_after(value: bytes | None, now: datetime) -> float | None:
    """Return a Retry-After in seconds (RFC 9110, section 10.2.3: seconds or a date), None if it is invalid."""
    text = (value or b"").decode("latin-1").strip()
    if text.isdecimal():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _host_of(request: Request) -> str:
    return urlparse_cached(request).hostname or ""
