"""Render pages that are empty without scripts: choose them, answer the browser's requests, and keep the result.

The crawl fetches for the browser: each request goes through the crawl's downloader, so robots.txt, pace, guard and WARC apply as to any
other.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final, cast, get_args

from scrapy import Request

from archive import http
from archive.article import Requisite, RequisiteKind, Wall
from archive.index import renderings
from archive.ingest.commit import Disposition
from archive.outcome import Outcome, OutcomeKind
from archive.parse.shells import DOM_TYPE
from crawler.download.errors import RefusedRequestError, StoppedError, outcome_of
from crawler.rendering.browser import Browser, missing_browser
from crawler.rendering.visit import BrowserRequest, BrowserResponse, NoBrowserError, RenderError, RenderLimits
from crawler.sites.keys import mode_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy.crawler import Crawler

    from archive.index import CaptureRow, ScheduledUrl
    from archive.parse import Parsed, ParseTask
    from crawler.extensions import ArchiveExtension
    from crawler.frontier.requisites import RequisiteFrontier
    from crawler.rendering.visit import Rendered

FRUITLESS: Final = 10
"""Consecutive rendered pages without an article or a list after which `auto` tries only one page of the site per run."""
FRUITLESS_REASON: Final = "fruitless-rendering"
CACHED_BYTES: Final = 32 << 20
"""Cache for scripts and style sheets that the pages of a site share: each is fetched once in a run."""
CACHED: Final = frozenset({"script", "stylesheet"})
REQUISITES: Final[dict[str, RequisiteKind]] = {name: cast("RequisiteKind", name) for name in get_args(RequisiteKind)}
REDIRECTS: Final = 10
KEPT_HEADERS: Final = frozenset({"accept", "origin", "referer", "authorization", "content-language", "accept-language"})
"""Header fields of a browser's request that are sent, besides custom ones (`x-…`); the crawl sets the others."""
UNFIT: Final = frozenset(
    {"content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive", "alt-svc"}
)
"""Header fields of a response that describe its framing, which the browser never sees."""
PAGES: Final = frozenset({"seed", "section", "article", "page"})

logger = logging.getLogger(__name__)


class Renderer:
    """Renders the pages of one site, one after the other, during a crawl."""

    def __init__(
        self,
        crawler: Crawler,
        archive: ArchiveExtension,
        requisites: RequisiteFrontier,
        read: Callable[[ParseTask], Awaitable[Parsed]],
    ) -> None:
        settings = crawler.settings
        self.mode = mode_of(settings["WARRAQ_RENDER"])
        self._crawler, self._archive, self._requisites, self._read = crawler, archive, requisites, read
        self._largest = settings.getint("WARRAQ_MAX_REQUISITE_BYTES")
        self._decoded = settings.getint("WARRAQ_MAX_DECODED_BYTES")
        self._browser = Browser(
            RenderLimits(
                seconds=settings.getfloat("WARRAQ_RENDER_SECONDS"),
                requests=settings.getint("WARRAQ_RENDER_REQUESTS"),
                bytes=settings.getint("WARRAQ_RENDER_BYTES"),
                dom_bytes=settings.getint("WARRAQ_MAX_DOM_BYTES"),
                megabytes=settings.getint("WARRAQ_RENDER_MEGABYTES"),
                screenshots=settings.getbool("WARRAQ_SCREENSHOTS"),
            ),
            program=settings["WARRAQ_BROWSER"],
            user_agent=settings["USER_AGENT"],
        )
        self._missing = missing_browser(settings["WARRAQ_BROWSER"]) if self.mode != "never" else ""
        self._turn = asyncio.Lock()
        self._cache: OrderedDict[str, BrowserResponse] = OrderedDict()
        self._cached = 0
        yields = renderings.yields(archive.ingest.store.db, site=archive.report.site, most=FRUITLESS)
        self._yields = deque(reversed(yields), maxlen=FRUITLESS)
        self._tried = 0

    async def close(self) -> None:
        """End the browser, if one was started."""
        await self._browser.close()

    def was_rendered(self, url: str) -> bool:
        """Whether the page was rendered before, so that its served bytes alone do not show whether it has changed."""
        return self.mode != "never" and not self._missing and renderings.is_rendered(self._archive.ingest.store.db, url)

    def wants(self, due: ScheduledUrl, answer: Parsed) -> bool:
        """Whether a browser is to render a page that was parsed as served."""
        if (
            self.mode == "never"
            or due.kind not in PAGES
            or not answer.is_page
            or answer.outcome.reason in get_args(Wall)
        ):
            return False
        if self.mode == "auto" and (answer.article is not None or not answer.is_shell):
            return False
        if self._missing:
            self._archive.report.rendering.missing(self._missing)
            return False
        return True

    def _is_fruitless(self) -> bool:
        """Whether rendering has given nothing on this site for long; one page per run is still tried."""
        return len(self._yields) == FRUITLESS and not any(self._yields) and self._tried > 0

    async def render(self, row: CaptureRow, data: bytes, url: str) -> bytes:
        """Return the DOM of a page that was captured, once it is in the WARC. Raises RenderError, StoppedError."""
        if self._missing:
            raise NoBrowserError(self._missing)
        async with self._turn:
            if self._archive.stopping:
                raise StoppedError("the crawl is stopping")
            if self.mode == "auto" and self._is_fruitless():
                self._archive.report.left_out[FRUITLESS_REASON] += 1
                raise RenderError(FRUITLESS_REASON)
            self._tried += 1
            try:
                done = await self._browser.render(url, lambda asked: self._answer(asked, url, data))
            except NoBrowserError as error:
                self._missing = str(error)
                self._archive.report.rendering.missing(self._missing)
                raise
            except RenderError as error:
                self._archive.report.rendering.failed[error.reason] += 1
                self._yields.append(False)
                logger.warning("rendering %s: %s", url, error)
                raise
        if self._archive.stopping:  # the page lacks what the stopping crawl refused, so its DOM is not valid
            raise StoppedError("the crawl is stopping")
        self._keep(row, url, done)
        return done.dom

    def learn(self, answer: Parsed) -> None:
        """Learn from the outcome of a rendered page."""
        self._yields.append(answer.article is not None or answer.outcome.kind is OutcomeKind.LISTING)

    def _keep(self, row: CaptureRow, url: str, done: Rendered) -> None:
        report = self._archive.report.rendering
        report.pages += 1
        report.met.update(done.met)
        info = {"url": url, "urls": done.loaded, "counts": {"jsErrors": done.errors}, "met": done.met}
        with self._archive.writing():
            ingest = self._archive.ingest
            ingest.record_rendering(row, "dom", done.dom, DOM_TYPE)
            ingest.record_rendering(row, "pageinfo", json.dumps(info).encode(), "application/json")
            if done.view:
                ingest.record_rendering(row, "view", done.view, "image/png")
                ingest.record_rendering(row, "thumbnail", done.thumbnail, "image/jpeg")

    async def _answer(self, asked: BrowserRequest, page: str, data: bytes) -> BrowserResponse | None:
        """Answer a request of a page: the page itself from its capture, cached resources from memory, the rest from the web."""
        if asked.url == page:
            return browser_response(data, self._decoded)
        if asked.url in self._cache:
            self._cache.move_to_end(asked.url)
            return self._cache[asked.url]
        answered = await self._fetched(asked, page)
        if answered is not None and asked.type in CACHED and answered.status == 200:
            self._cache[asked.url] = answered
            self._cached += len(answered.body)
            while self._cached > CACHED_BYTES:
                self._cached -= len(self._cache.popitem(last=False)[1].body)
        return answered

    async def _fetched(self, asked: BrowserRequest, page: str) -> BrowserResponse | None:
        """Fetch a resource and follow its redirects, because a browser that gets a redirect would not ask the crawl again."""
        url = asked.url
        for _ in range(REDIRECTS):
            data = await self._capture(url, asked, page)
            answered = browser_response(data, self._decoded) if data else None
            target = _redirect_of(answered, url) if answered else ""
            if not target:
                return answered
            url = target
        return None

    async def _capture(self, url: str, asked: BrowserRequest, page: str) -> bytes:
        """Return the exact bytes of a response, once they are in the WARC and their outcome is stored; b'' for none."""
        kind = REQUISITES.get(asked.type)
        due = self._requisites.drawn_early(Requisite(url=url, kind=kind), via=page) if kind else None
        request = Request(
            url,
            headers={name: value for name, value in asked.headers.items() if _is_sent(name)},
            dont_filter=True,
            meta={
                "frontier": due,
                "via": page,
                "verbatim_url": True,
                "download_maxsize": self._largest,
                "is_requisite": True,
            },
        )
        problem: tuple[str, str] | None = None
        response = None
        try:
            response = await self._crawler.engine.download_async(request)
        except Exception as error:  # noqa: BLE001 - whatever it is has a name, and the page goes without
            problem = (outcome_of(error), str(error))
            if isinstance(error, RefusedRequestError | StoppedError):
                self._archive.report.rendering.met[problem[0]] += 1
        row, data = self._archive.take_capture(request)
        if due is not None and not self._archive.stopping:
            await self._finish(due, row, data, response, problem)
        elif row is not None:
            is_held = problem is None and row.status == 200
            kind_of = OutcomeKind.REQUISITE if is_held else OutcomeKind.MISSING
            reason = problem[0] if problem else "data" if is_held else f"http-{row.status}"
            outcome = Outcome(kind=kind_of, reason=reason)
            self._archive.finish(Disposition(row=row, outcome=outcome, note=outcome.note()))
        return data if problem is None else b""

    async def _finish(
        self, due: ScheduledUrl, row: CaptureRow | None, data: bytes, response: object, problem: tuple[str, str] | None
    ) -> None:
        """Store the outcome of a requisite that the crawl would have fetched itself, so that it does not fetch it again."""
        loaded = self._requisites
        if problem or response is None:
            self._archive.finish(loaded.failed(due, row, *(problem or ("failed", ""))))
            return
        known = loaded.unchanged(due, row, response)  # type: ignore[arg-type]
        if known is None:
            answer = await self._read(loaded.task(due, data))
            known = loaded.finished(due, row, answer, response)  # type: ignore[arg-type]
        self._archive.finish(known)


def _is_sent(name: str) -> bool:
    return name.lower() in KEPT_HEADERS or name.lower().startswith("x-")


def browser_response(data: bytes, limit: int) -> BrowserResponse | None:
    """Return the response for the browser, its body decoded; None if it cannot be decoded."""
    try:
        response = http.parse_response(data)
        body = http.decode(response, limit)
    except (http.NotHttp, http.TooLarge, http.BadCoding):
        return None
    headers: dict[str, str] = {}
    for name, value in response.headers:
        key = name.lower()
        if key not in UNFIT and key != "set-cookie" and value.isprintable():
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return BrowserResponse(status=response.status, headers=headers, body=body, size=len(data))


def _redirect_of(answered: BrowserResponse, url: str) -> str:
    from archive.urls import join

    location = answered.headers.get("location", "") if answered.status in {301, 302, 303, 307, 308} else ""
    return join(url, location) if location else ""
