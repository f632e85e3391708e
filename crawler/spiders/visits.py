"""Finish one visit: follow redirects, render a page that is empty without scripts, join the further pages of an article."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy import Request

from archive import urls
from archive.ingest.commit import Disposition
from archive.outcome import TEMPORARY_REDIRECTS, OutcomeKind
from archive.parse import MAX_PARTS, Parsed, ParseTask, join_part
from crawler.download.errors import HostPaused, StoppedError, outcome_of
from crawler.frontier.requisites import MOST_REDIRECTS
from crawler.rendering.visit import RenderError
from crawler.sites.session import SessionMiddleware, cookies_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from archive.index import CaptureRow, ScheduledUrl
    from archive.parse import ParseLimits
    from crawler.extensions import ArchiveExtension
    from crawler.frontier import Frontier
    from crawler.frontier.responses import ResponseHandler
    from crawler.frontier.scope import CrawlLimits
    from crawler.rendering import Renderer

logger = logging.getLogger(__name__)


class Visits:
    """Finishes the visits of a crawl. `read` parses a response in a worker."""

    def __init__(
        self,
        *,
        crawler: Crawler,
        archive: ArchiveExtension,
        frontier: Frontier,
        responses: ResponseHandler,
        renderer: Renderer,
        read: Callable[[ParseTask], Awaitable[Parsed]],
        limits: CrawlLimits,
        page: ParseLimits,
    ) -> None:
        self._crawler, self._archive = crawler, archive
        self._frontier, self._responses, self._renderer, self._read = frontier, responses, renderer, read
        self._most_redirects = limits.redirects or MOST_REDIRECTS
        self._largest_sitemap = max(page.sitemap_bytes, crawler.settings.getint("WARRAQ_MAX_BODY_BYTES"))
        self._unrendered: dict[int, str] = {}

    async def finish(self, due: ScheduledUrl, row: CaptureRow | None, data: bytes, response: Response) -> Disposition:
        """Return the disposition of the visit; raise HostPaused or StoppedError if the URL stays due."""
        known = None if self._renderer.was_rendered(due.url) else self._responses.unchanged(due, row, response.status)
        if known is not None:
            return known
        answer = await self._read_page(due, row, data, due.url)
        read, url = answer.outcome, ""
        if self._next_hop(due, answer, response.url):
            temporary = read.reason in TEMPORARY_REDIRECTS
            row, last, response, url = await self._follow(due, row, answer, response)
            read = last.outcome
            answer = self._responses.after_redirect(due, last, url, temporary=temporary)
        if answer.article is not None and answer.next_page:
            answer = await self._with_parts(due, answer)
        if problem := self._unrendered.pop(due.id, ""):
            detail = "; ".join(filter(None, (answer.outcome.detail, f"not rendered: {problem}")))
            answer = replace(answer, outcome=replace(answer.outcome, detail=detail))
        return await self._responses.finished(due, row, answer, response, read=read, url=url)

    async def _read_page(self, due: ScheduledUrl, row: CaptureRow | None, data: bytes, url: str) -> Parsed:
        """Parse a response as served and, if it is empty without scripts, as rendered by a browser."""
        task = self._responses.task(url, data, row, kind=due.kind)
        answer = await self._read(task)
        if row is None or not self._renderer.wants(due, answer):
            return answer
        try:
            dom = await self._renderer.render(row, data, row.url)
        except RenderError as error:
            self._unrendered[due.id] = error.reason
            return answer
        answer = await self._read(replace(task, dom=dom))
        self._renderer.learn(answer)
        return answer

    def size(self, due: ScheduledUrl) -> dict[str, int]:
        """Return the size limit for a sitemap, which is larger than that of a page."""
        return {"download_maxsize": self._largest_sitemap} if due.kind == "sitemap" else {}

    def _next_hop(self, due: ScheduledUrl, answer: Parsed, asked: str) -> str:
        """Return the next URL to request in the same visit: the target of a redirect, or the site's own spelling of the URL.

        '' if there is none.
        """
        if self._responses.follows(due, answer):
            return answer.found[0].spelling or answer.found[0].url
        return self._responses.alternative_spelling(due, answer, asked)

    def _cookies_wanted(self, ring: dict[str, Request]) -> bool:
        """Return whether the cookies set meanwhile may end a redirect loop; `ring` has the last request for each of its URLs."""
        middleware = self._crawler.get_downloader_middleware(SessionMiddleware)
        return middleware is not None and bool(
            [url for url, request in ring.items() if middleware.switch_on(url, cookies_of(request))]
        )

    async def _follow(
        self, due: ScheduledUrl, row: CaptureRow | None, answer: Parsed, response: Response
    ) -> tuple[CaptureRow | None, Parsed, Response, str]:
        """Follow the redirects of a URL within its visit; return the answer of the last one, and its URL.

        A redirect that loops or exceeds the limit stays a redirect.
        """
        first = response.request
        assert first is not None  # noqa: S101 - Scrapy sets it
        ring, seen = {response.url: first}, {response.url}
        url = ""
        while target := self._next_hop(due, answer, url or response.url):
            if target in seen and self._cookies_wanted(ring):
                seen.clear()
            if target in seen or len(seen) > self._most_redirects:
                break
            seen.add(target)
            url = target
            self._archive.finish(Disposition(row=row, outcome=answer.outcome))
            request = Request(
                url,
                dont_filter=True,
                meta={
                    "frontier": None,
                    "via": due.url,
                    "verbatim_url": True,
                    "read_damaged": "whole",
                    **self.size(due),
                },
            )
            ring[url] = request
            try:
                response = await self._crawler.engine.download_async(request)
            except (HostPaused, StoppedError):
                raise
            except Exception as error:  # noqa: BLE001 - every error has a name
                row, _ = self._archive.take_capture(request)
                return row, self._responses.failure(outcome_of(error), str(error)), response, url
            row, data = self._archive.take_capture(request)
            answer = await self._read_page(due, row, data, urls.canonicalise(url) or url)
        return row, answer, response, url

    async def _with_parts(self, due: ScheduledUrl, first: Parsed) -> Parsed:
        """Fetch the further pages of an article one by one, and return the article with their text joined.

        If one of them fails, it is `next_page` of the answer: the next visit fetches the article again.
        """
        answer, seen = first, {due.url}
        while (
            answer.next_page
            and answer.next_page not in seen
            and len(seen) < MAX_PARTS
            and self._frontier.site.in_scope(answer.next_page)
        ):
            seen.add(answer.next_page)
            request = Request(
                answer.next_page, dont_filter=True, meta={"frontier": None, "via": due.url, "verbatim_url": True}
            )
            try:
                response = await self._crawler.engine.download_async(request)
            except (HostPaused, StoppedError):
                raise
            except Exception as error:  # noqa: BLE001 - the article stands without the part that failed; the frontier says so
                logger.warning("part %s of %s: %s", request.url, due.url, error)
                row, _ = self._archive.take_capture(request)
                self._archive.finish(
                    self._responses.part(request.url, row, Parsed.of(OutcomeKind.FAILED, outcome_of(error), str(error)))
                )
                return answer
            row, data = self._archive.take_capture(request)
            part = await self._read(self._responses.task(response.url, data, row))
            with self._archive.writing():
                self._archive.finish(self._responses.part(request.url, row, part))
            if part.outcome.kind is OutcomeKind.FAILED:
                return answer
            if part.article is None:
                break
            answer = join_part(answer, part)
        return replace(answer, next_page="")
