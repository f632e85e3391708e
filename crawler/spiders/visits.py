"""Settle what one URL answers within its visit: redirects followed, the page rendered where it is empty, further parts joined."""

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
from crawler.sites.session import SessionMiddleware

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from archive.index import CaptureRow, ScheduledUrl
    from archive.parse import ParseLimits
    from crawler.extensions import ArchiveExtension
    from crawler.frontier import Frontier
    from crawler.frontier.answers import Answers
    from crawler.frontier.scope import CrawlLimits
    from crawler.rendering import Renderer

logger = logging.getLogger(__name__)


class Visits:
    """Settles the visits of a crawl. `read` has a response read in a worker."""

    def __init__(
        self,
        *,
        crawler: Crawler,
        archive: ArchiveExtension,
        frontier: Frontier,
        answers: Answers,
        renderer: Renderer,
        read: Callable[[ParseTask], Awaitable[Parsed]],
        limits: CrawlLimits,
        page: ParseLimits,
    ) -> None:
        self._crawler, self._archive = crawler, archive
        self._frontier, self._answers, self._renderer, self._read = frontier, answers, renderer, read
        self._most_redirects = limits.redirects or MOST_REDIRECTS
        self._largest_sitemap = max(page.sitemap_bytes, crawler.settings.getint("WARRAQ_MAX_BODY_BYTES"))
        self._unrendered: dict[int, str] = {}

    async def settle(self, due: ScheduledUrl, row: CaptureRow | None, data: bytes, response: Response) -> Disposition:
        """Return what is committed of the visit; raise HostPaused or StoppedError when the URL stays due."""
        known = None if self._renderer.was_rendered(due.url) else self._answers.unchanged(due, row, response.status)
        if known is not None:
            return known
        answer = await self._read_page(due, row, data, due.url)
        read, url = answer.outcome, ""
        if self._next_hop(due, answer, response.url):
            temporary = read.reason in TEMPORARY_REDIRECTS
            row, last, response, url = await self._follow(due, row, answer, response)
            read = last.outcome
            answer = self._answers.landed(due, last, url, temporary=temporary)
        if answer.article is not None and answer.next_page:
            answer = await self._with_parts(due, answer)
        if problem := self._unrendered.pop(due.id, ""):
            detail = "; ".join(filter(None, (answer.outcome.detail, f"not rendered: {problem}")))
            answer = replace(answer, outcome=replace(answer.outcome, detail=detail))
        return await self._answers.settled(due, row, answer, response, read=read, url=url)

    async def _read_page(self, due: ScheduledUrl, row: CaptureRow | None, data: bytes, url: str) -> Parsed:
        """Have a response read as it was served and, where it is empty without scripts, as a browser renders it."""
        task = self._answers.task(url, data, row, kind=due.kind)
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
        """Return the bytes that a sitemap may have, which are more than those of a page."""
        return {"download_maxsize": self._largest_sitemap} if due.kind == "sitemap" else {}

    def _next_hop(self, due: ScheduledUrl, answer: Parsed, asked: str) -> str:
        """Return what is to be asked next in the same visit: where a redirect leads, or the site's own spelling of the URL.

        '' for nothing.
        """
        if self._answers.follows(due, answer):
            return answer.found[0].spelling or answer.found[0].url
        return self._answers.respelled(due, answer, asked)

    def _cookies_wanted(self, ring: set[str]) -> bool:
        """Return whether a ring of redirects may lead on with the cookies that its hosts have set meanwhile."""
        middleware = self._crawler.get_downloader_middleware(SessionMiddleware)
        return middleware is not None and bool([url for url in ring if middleware.switch_on(url)])

    async def _follow(
        self, due: ScheduledUrl, row: CaptureRow | None, answer: Parsed, response: Response
    ) -> tuple[CaptureRow | None, Parsed, Response, str]:
        """Follow the redirects of a URL within its visit; return what the last one answered, and its URL.

        One that comes back to what was asked before, or goes on and on, stays a redirect.
        """
        seen = {response.url}
        url = ""
        while target := self._next_hop(due, answer, url or response.url):
            if target in seen and self._cookies_wanted(seen):
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
            try:
                response = await self._crawler.engine.download_async(request)
            except (HostPaused, StoppedError):
                raise
            except Exception as error:  # noqa: BLE001 - every error has a name
                row, _ = self._archive.take_capture(request)
                return row, self._answers.failure(outcome_of(error), str(error)), response, url
            row, data = self._archive.take_capture(request)
            answer = await self._read_page(due, row, data, urls.canonicalise(url) or url)
        return row, answer, response, url

    async def _with_parts(self, due: ScheduledUrl, first: Parsed) -> Parsed:
        """Return an article that goes on over further pages, fetched here one after the other, with their text joined."""
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
            except Exception as error:  # noqa: BLE001 - the article stands without the part that failed; the frontier says so
                logger.warning("part %s of %s: %s", request.url, due.url, error)
                row, _ = self._archive.take_capture(request)
                self._archive.finish(
                    self._answers.part(request.url, row, Parsed.of(OutcomeKind.FAILED, outcome_of(error), str(error)))
                )
                break
            row, data = self._archive.take_capture(request)
            part = await self._read(self._answers.task(response.url, data, row))
            with self._archive.writing():
                self._archive.finish(self._answers.part(request.url, row, part))
            if part.article is None:
                break
            answer = join_part(answer, part)
        return answer
