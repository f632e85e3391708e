"""Load one page in a browser: answer or refuse its requests, wait until it is idle, take its DOM and screenshots."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urldefrag

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from playwright.async_api import BrowserContext, Page, Route

VIEWPORT: Final = {"width": 1280, "height": 900}
TALLEST: Final = 10_000
"""Maximum height of a screenshot in pixels; a long article has as many, an endless list more."""
THUMBNAIL: Final = 0.25
QUIET: Final = 0.5
"""Seconds without a request after which a page has settled; Playwright's `networkidle` waits as long."""
SCROLLS: Final = 8
"""Screens that are scrolled for content that loads late; an endless list needs a limit."""
LAST_WORDS: Final = 5.0
"""Seconds in which a page must give its DOM after its time is over."""
STUBBORN: Final = 10
"""A page is stopped after this multiple of its allowed requests, because each refusal costs a millisecond."""
PIXEL: Final = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
"""A transparent GIF in place of pictures, which the crawl fetches later: pages remove pictures that fail to load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderLimits:
    """Limits of one page; each is a setting, with its reason in crawler/settings.py. `screenshots`: also take screenshots."""

    seconds: float
    requests: int
    bytes: int
    dom_bytes: int
    megabytes: int
    screenshots: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserRequest:
    """A request of a page: its URL, Playwright's resource type (`script`, `fetch`, …) and its header fields."""

    url: str
    type: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserResponse:
    """The answer to a page's request: status, header fields, and the body without its codings. `size`: bytes as sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    size: int = 0


@dataclass(slots=True, kw_only=True)
class Rendered:
    """A rendered page: its DOM, screenshots, loaded resources (status, media type, resource type by URL), and the limits it hit."""

    dom: bytes = b""
    view: bytes = b""
    thumbnail: bytes = b""
    loaded: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: int = 0
    met: dict[str, int] = field(default_factory=dict)


class RenderError(Exception):
    """A page could not be rendered; it is counted under `reason`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class NoBrowserError(RenderError):
    """Playwright is missing, or Chromium does not start."""

    def __init__(self, detail: str) -> None:
        super().__init__("no-browser", detail)


class Visit:
    """One page in its context, from its first request to its DOM."""

    def __init__(
        self, url: str, load: Callable[[BrowserRequest], Awaitable[BrowserResponse | None]], limits: RenderLimits
    ) -> None:
        self._url, self._load, self._limits = url, load, limits
        self._done = Rendered()
        self._page: Page | None = None
        self._under_way = 0
        self._asked = 0
        self._bytes = 0
        self._last = 0.0
        self._is_over = False
        self._crashed = asyncio.Event()

    async def open(self, context: BrowserContext) -> None:
        """Install the handlers for the page's requests."""
        await context.route("**/*", self._route)
        self._page = await context.new_page()
        self._page.on("crash", lambda _: self._crashed.set())
        self._page.on("pageerror", lambda _: self._count_error())
        context.on("page", _close)
        self._last = asyncio.get_running_loop().time()

    async def render(self) -> Rendered:
        """Load the page, wait until it is idle or hits a limit, and take its DOM. Raises RenderError."""
        assert self._page  # noqa: S101 - open was called
        try:
            async with asyncio.timeout(self._limits.seconds):
                await self._page.goto(self._url, wait_until="commit", timeout=0)
                await self._until_quiet()
                await self._scroll()
        except TimeoutError:
            self._met("not-idle")
        self._is_over = True
        try:
            async with asyncio.timeout(LAST_WORDS):
                await self._take()
        except TimeoutError:
            raise RenderError("browser-timeout", f"the page did not answer within {self._limits.seconds:g} s") from None
        return self._done

    async def _until_quiet(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if self._crashed.is_set():
                raise RenderError("browser-crashed", "the page has crashed")
            if self._is_over or (not self._under_way and loop.time() - self._last >= QUIET):
                return
            await asyncio.sleep(QUIET / 5)

    async def _scroll(self) -> None:
        """Scroll down screen by screen while the page has more and loads something for it."""
        assert self._page  # noqa: S101 - open was called
        for _ in range(SCROLLS):
            if self._is_over or not await self._page.evaluate(
                "() => { const at = scrollY; scrollBy(0, innerHeight); return scrollY > at }"
            ):
                return
            await asyncio.sleep(QUIET / 5)
            await self._until_quiet()

    async def _take(self) -> None:
        assert self._page  # noqa: S101 - open was called
        size = await self._page.evaluate(
            "() => document.documentElement ? document.documentElement.outerHTML.length : 0"
        )
        if size > self._limits.dom_bytes:
            raise RenderError("dom-too-large", f"{size} characters (WARRAQ_MAX_DOM_BYTES)")
        dom = (await self._page.content()).encode("utf-8", "replace")
        if len(dom) > self._limits.dom_bytes:
            raise RenderError("dom-too-large", f"{len(dom)} bytes (WARRAQ_MAX_DOM_BYTES)")
        if self._limits.screenshots:
            await self._photograph()
        self._done.dom = dom

    async def _photograph(self) -> None:
        """Take a screenshot of the page, up to a maximum height, and a thumbnail of its top."""
        import base64

        assert self._page  # noqa: S101 - open was called
        await self._page.evaluate("() => scrollTo(0, 0)")
        height = await self._page.evaluate("() => document.documentElement.scrollHeight")
        session = await self._page.context.new_cdp_session(self._page)
        area = {"x": 0, "y": 0, **VIEWPORT, "scale": 1}
        view = {"format": "png", "captureBeyondViewport": True, "clip": area | {"height": min(max(height, 1), TALLEST)}}
        small = {"format": "jpeg", "quality": 80, "clip": area | {"scale": THUMBNAIL}}
        for name, wanted in (("view", view), ("thumbnail", small)):
            answer = await session.send("Page.captureScreenshot", wanted)
            setattr(self._done, name, base64.b64decode(answer["data"]))

    async def _route(self, route: Route) -> None:
        """Answer or refuse one request of the page; errors here never leave it without an answer."""
        answered = None
        self._under_way += 1
        try:
            answered = await self._answer(route)
        finally:
            self._under_way -= 1
            self._last = asyncio.get_running_loop().time()
            with contextlib.suppress(Exception):  # the page may be gone by now
                if answered is None:
                    await route.abort("aborted")
                else:
                    await route.fulfill(status=answered.status, headers=dict(answered.headers), body=answered.body)

    async def _answer(self, route: Route) -> BrowserResponse | None:
        request = route.request
        kind, url = request.resource_type, urldefrag(request.url)[0]
        if not self._asked and request.is_navigation_request():
            self._asked = 1
            return await self._load(BrowserRequest(url=self._url, type=kind, headers=request.headers))
        if refusal := self.refusal(request.method, kind, url, is_page=request.is_navigation_request()):
            self._met(refusal)
            return None
        if kind == "image" and not self._limits.screenshots:
            return BrowserResponse(status=200, headers={"Content-Type": "image/gif"}, body=PIXEL)
        answered = await self._load(BrowserRequest(url=url, type=kind, headers=request.headers))
        if answered is not None:
            self._bytes += answered.size
            mime = answered.headers.get("content-type", "").partition(";")[0]
            self._done.loaded[url] = {"status": answered.status, "mime": mime, "type": kind}
        return answered

    def refusal(self, method: str, kind: str, url: str, *, is_page: bool) -> str:
        """Return the limit or rule that refuses a request, '' if it is answered."""
        self._asked += 1
        limits = self._limits
        if self._asked > STUBBORN * limits.requests:
            self._is_over = True
        rules = {
            "not-idle": self._is_over,
            "refused-scheme": not url.startswith(("http://", "https://")),
            "refused-method": method != "GET",
            "left-page": is_page,
            "not-loaded": kind == "media" or (kind == "font" and not limits.screenshots),
            "too-many-requests": self._asked > limits.requests,
            "too-many-bytes": self._bytes > limits.bytes,
        }
        return next((word for word, is_broken in rules.items() if is_broken), "")

    def _met(self, word: str) -> None:
        self._done.met[word] = self._done.met.get(word, 0) + 1

    def _count_error(self) -> None:
        self._done.errors += 1


async def _close(popup: Page) -> None:
    with contextlib.suppress(Exception):
        await popup.close()
