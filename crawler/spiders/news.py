"""Crawl one site: draw due URLs from the frontier, have the responses parsed in a worker, and record the results.

The spider never follows a link itself. Links, feed entries, sitemap entries and redirect targets become rows of the frontier, rows become
requests when they are due, and a crash at any point loses none of them.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from scrapy import Request, Spider, signals
from scrapy.exceptions import DownloadFailedError

from archive import NotWritableError, Page
from archive.outcome import OutcomeKind
from archive.parse import Parsed, ParseTask
from archive.parse.workers import NoWorkerError, WorkerKilledError
from crawler.download.errors import HostPaused, StoppedError, outcome_of
from crawler.extensions import ArchiveExtension
from crawler.frontier import Frontier
from crawler.frontier.requisites import RequisiteFrontier, RequisiteQuota
from crawler.frontier.responses import ResponseHandler, dropped
from crawler.frontier.revisit import validators_of
from crawler.frontier.scope import CrawlLimits, parse_limits
from crawler.items import ArticleItem
from crawler.politeness.robots import robots_read
from crawler.rendering import Renderer
from crawler.sites import Site, chosen_site, site_of_page
from crawler.spiders.visits import Visits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from archive.index import CaptureRow, ScheduledUrl
    from archive.ingest.commit import Disposition
    from archive.parse import ParseLimits
    from archive.parse.workers import WorkerPool


STOPPING_SECONDS = 0.1


def parameters(url: str) -> int:
    """Return the number of parameters of a URL: the spelling with more of them has tracking parameters, and is tried later."""
    return url.count("?") + url.count("&")


def _pairs(response: Response) -> tuple[tuple[str, str], ...]:
    """Return the header fields of a response, as a page has them."""
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in response.headers.items()
        for value in values
    )


class NewsSpider(Spider):
    """Crawls one site: `-a site=NAME` of sites.toml, or `-a url=URL`.

    `-a recheck=all` revisits every known page; `-a max_pages=N` limits this run. `-a page=URL` fetches only one page.
    """

    name = "news"

    def prepare(
        self,
        *,
        site: Site,
        window: int,
        limits: CrawlLimits,
        page: ParseLimits,
        requisites: RequisiteQuota,
        largest_requisite: int,
        max_pages: int,
        recheck: bool,
        page_wanted: str = "",
        pool: WorkerPool[ParseTask, Parsed] | None = None,
    ) -> None:
        """Set up a crawl of a site, which `scrapy parse` does not have."""
        self.site = site
        self.pool = pool
        self._window = window
        self._limits = limits
        self._page_limits = page
        self._requisite_quota = requisites
        self._largest_requisite = largest_requisite
        self._max_pages = max_pages
        self._recheck = recheck
        self._page_wanted = page_wanted
        self._busy: dict[int, str] = {}
        self._drawn = 0
        self._freed = asyncio.Event()

    @classmethod
    def from_crawler(
        cls,
        crawler: Crawler,
        *_: Any,
        url: str = "",
        site: str = "",
        page: str = "",
        recheck: str = "",
        max_pages: str = "",
        pool: WorkerPool[ParseTask, Parsed] | None = None,
    ) -> Self:
        """Read the arguments of the command line; raise SiteError for an invalid site or URL.

        `pool` is for crawls that share one; its creator closes it.
        """
        settings = crawler.settings
        spider = super().from_crawler(crawler)
        if not (url or site or page):  # `scrapy parse --spider news URL`; `scrapy crawl` has refused this already
            return spider
        chosen = site_of_page(settings, page) if page else Site.from_url(url) if url else chosen_site(settings, site)
        for name, value in chosen.settings().items():
            settings.set(name, value, priority="spider")
        spider.prepare(
            site=chosen,
            window=2 * settings.getint("CONCURRENT_REQUESTS"),
            limits=CrawlLimits.from_settings(settings),
            page=parse_limits(settings),
            requisites=RequisiteQuota.from_settings(settings),
            largest_requisite=settings.getint("WARRAQ_MAX_REQUISITE_BYTES"),
            max_pages=int(max_pages or chosen.max_pages or settings.getint("WARRAQ_MAX_PAGES")),
            recheck=recheck == "all",
            page_wanted=Site.from_url(page).seeds[0] if page else "",
            pool=pool,
        )
        return spider

    def parse(self, response: Response) -> Iterator[dict[str, Any]]:
        """Parse one page for `scrapy parse --spider news URL`: its article, or why it is not one."""
        page = Page(
            body=response.body, url=response.url, fetched_at=datetime.now(UTC), headers=_pairs(response), status=response.status
        )  # fmt: skip
        from archive.extract import extract  # only for `scrapy parse`: workers parse the pages of a crawl

        extraction = extract(page)
        if extraction.article is None:
            yield {"url": response.url, "reason": extraction.reason, "detail": extraction.detail}
        else:
            yield asdict(extraction.article)

    async def start(self) -> AsyncIterator[Request]:
        """Yield the due URLs in small batches until none is due and none is in flight."""
        archive = self.crawler.get_extension(ArchiveExtension)
        assert archive is not None  # noqa: S101 - settings.py wires it
        self._archive = archive
        self._frontier = Frontier(
            archive, self.site, limits=self._limits, page=self._page_limits, requisites=self._requisite_quota
        )
        self._responses = ResponseHandler(
            archive, self.site, self._frontier, limits=self._limits, page=self._page_limits
        )
        self._renderer = Renderer(self.crawler, archive, self._frontier.requisites, self._read)
        self._visits = Visits(
            crawler=self.crawler, archive=archive, frontier=self._frontier, responses=self._responses, renderer=self._renderer,
            read=self._read, limits=self._limits, page=self._page_limits,
        )  # fmt: skip
        self.crawler.signals.connect(self._renderer.close, signal=signals.spider_closed)
        self.crawler.signals.connect(self._frontier.robots_read, signal=robots_read)
        self.crawler.signals.connect(self.item_stored, signal=signals.item_scraped)
        self.crawler.signals.connect(self.item_lost, signal=signals.item_dropped)
        self.crawler.signals.connect(self.item_lost, signal=signals.item_error)
        if self._page_wanted:
            self._frontier.begin_save(self._page_wanted)
        else:
            self._frontier.begin(recheck=self._recheck)
        pages, loaded = self._frontier, self._frontier.requisites
        async for request in self._drawn_of(pages, lambda: self._max_pages - self._drawn, self._request):
            self._drawn += 1
            archive.report.room = self._max_pages - self._drawn
            yield request
        archive.report.met_max_pages = self._drawn >= self._max_pages
        async for request in self._drawn_of(loaded, lambda: loaded.room, self._requisite_request):
            yield request

    async def _drawn_of(
        self, source: Frontier | RequisiteFrontier, room: Callable[[], int], request: Callable[[ScheduledUrl], Request]
    ) -> AsyncIterator[Request]:
        """Request the due URLs of `source`, until none is due or in flight, or its quota (`room`) is used up."""
        archive = self._archive
        while room() > 0 and not archive.report.problem:
            if archive.stopping:  # the crawl is stopping and would refuse each URL drawn now
                await asyncio.sleep(STOPPING_SECONDS)
                continue
            self._freed.clear()
            under_way = len(self._busy)  # at the time of the draw: URLs that finish later may make others due
            free = self._window - under_way
            batch = source.next_urls(min(free, room()), busy=self._busy) if free > self._window // 4 else []
            for due in batch:
                refused = source.refused(due)
                if refused is not None:
                    archive.finish(refused)
                    continue
                self._busy[due.id] = due.kind
                yield request(due)
            await asyncio.sleep(0)  # let others run even if the whole batch was refused
            if not batch:
                if not under_way:
                    return
                await self._freed.wait()

    def _request(self, due: ScheduledUrl) -> Request:
        return Request(
            due.spelling if parameters(due.spelling) == parameters(due.url) and due.spelling else due.url,
            headers={}
            if self._frontier.must_reparse(due) or self._renderer.was_rendered(due.url)
            else validators_of(due),
            callback=self.answered,
            errback=self.failed,
            dont_filter=True,
            meta={
                "frontier": due,
                "via": due.via,
                "verbatim_url": True,
                "read_damaged": "whole",
                **self._visits.size(due),
            },
        )

    def _requisite_request(self, due: ScheduledUrl) -> Request:
        loaded = self._frontier.requisites
        meta = {"frontier": due, "via": due.via, "verbatim_url": True, "download_maxsize": self._largest_requisite}
        return Request(
            due.url, headers=loaded.headers(due) | validators_of(due), callback=self.requisite_answered,
            errback=self.requisite_failed, dont_filter=True, meta=meta,
        )  # fmt: skip

    async def requisite_answered(self, response: Response) -> None:
        """Parse and finish a requisite; its errors do not affect the page."""
        request = response.request
        assert request is not None  # noqa: S101 - the engine sets it
        due: ScheduledUrl = request.meta["frontier"]
        row, data = self._archive.take_capture(request)
        loaded = self._frontier.requisites
        try:
            known = loaded.unchanged(due, row, response)
            answer = Parsed.of(OutcomeKind.OTHER) if known else await self._read(loaded.task(due, data))
            self._archive.finish(known or loaded.finished(due, row, answer, response))
        except NoWorkerError as error:
            self._archive.give_up(error)
        except Exception as error:  # without a visit the URL would stay due, and be fetched again and again
            self.logger.exception("reading %s", due.url)
            self._archive.finish(loaded.failed(due, row, "error", f"{type(error).__name__}: {error}"))
        finally:
            self._free(due.id)

    def requisite_failed(self, failure: Failure) -> None:
        """Finish a requisite that gave no usable response."""
        self._finish_failure(failure, self._frontier.requisites.failed)

    async def answered(self, response: Response) -> AsyncIterator[ArticleItem]:
        """Parse the response of a URL."""
        request = response.request
        assert request is not None  # noqa: S101 - the engine sets it
        due: ScheduledUrl = request.meta["frontier"]
        row, data = self._archive.take_capture(request)
        disposition = None
        try:
            disposition = await self._visits.finish(due, row, data, response)
        except HostPaused as error:
            self._frontier.pause_host(due, error.seconds)
            return
        except StoppedError:
            return
        except (NoWorkerError, NotWritableError) as error:
            self._archive.give_up(error)
            return
        except Exception as error:  # without a visit the URL would stay due, and be fetched again and again
            self.logger.exception("reading %s", due.url)
            disposition = self._responses.failed(due, row, "error", f"{type(error).__name__}: {error}")
        finally:
            if disposition is None:  # cancelled: the crawl is stopping, and the URL stays due
                self._free(due.id)
        if disposition.article is not None:
            yield ArticleItem(disposition.article, disposition)  # finished, and its URL released, after the pipelines
        else:
            self._archive.finish(disposition)
            self._free(due.id)

    def item_stored(self, item: object) -> None:
        """Count an article that passed the pipelines and is in the archive."""
        if isinstance(item, ArticleItem) and item.disposition.visit:
            self._free(item.disposition.visit.url_id)

    def item_lost(self, item: object) -> None:
        """Count the visit of an article that a pipeline dropped or failed on."""
        if isinstance(item, ArticleItem) and item.disposition.visit:
            self._archive.finish(dropped(item.disposition))
            self._free(item.disposition.visit.url_id)

    def failed(self, failure: Failure) -> None:
        """Finish a URL that gave no usable response."""
        self._finish_failure(failure, self._responses.failed)

    def _finish_failure(
        self, failure: Failure, finish: Callable[[ScheduledUrl, CaptureRow | None, str, str], Disposition]
    ) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]
        due: ScheduledUrl = request.meta["frontier"]
        row, _ = self._archive.take_capture(request)
        error = failure.value or DownloadFailedError()
        if isinstance(error, HostPaused):
            self._frontier.pause_host(due, error.seconds)
        elif not self._archive.stopping:  # a request that the crawl cancelled: the URL stays due
            self._archive.finish(finish(due, row, outcome_of(error), str(error)))
        self._free(due.id)

    def _free(self, url_id: int) -> None:
        self._busy.pop(url_id, None)
        self._freed.set()

    async def _read(self, task: ParseTask) -> Parsed:
        try:
            return await asyncio.wrap_future(self._archive.pool.submit(task))
        except WorkerKilledError as error:
            return Parsed.of(OutcomeKind.QUARANTINE, error.reason, error.detail)
