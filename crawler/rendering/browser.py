"""One headless Chromium that renders pages without a network: whatever a page asks for, `load` answers or refuses.

Playwright's async API runs on the reactor's own asyncio loop. Each page has a context of its own, so cookies and storage end with it.
Chromium itself has no way out: its proxy is a closed port, and no host name resolves in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urldefrag

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from playwright.async_api import BrowserContext, Page, Playwright, Route

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
"""Where WARRAQ_BROWSER names none, the first of these is taken, else the one that Playwright has installed."""
ARGUMENTS: Final = (
    "--proxy-server=http://127.0.0.1:9",  # the discard port, where nothing listens: what is not intercepted goes nowhere
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--mute-audio",
    "--no-first-run",
    "--no-pings",
    "--js-flags=--max-old-space-size=512",
)
VIEWPORT: Final = {"width": 1280, "height": 900}
TALLEST: Final = 10_000
"""Pixels of a page that a view shows; a long reportage has as many, an endless list no end."""
THUMBNAIL: Final = 0.25
QUIET: Final = 0.5
"""Seconds without a request after which a page has settled; Playwright's `networkidle` waits as long."""
SCROLLS: Final = 8
"""Screens that are scrolled through for what is loaded late; endless lists go on for ever."""
LAST_WORDS: Final = 5.0
"""Seconds in which a page must give its DOM when its time is over."""
PAGES_OF_ONE: Final = 200
"""Pages after which the browser is started anew, so that what it leaks stays bounded."""
WATCH_SECONDS: Final = 0.5
STUBBORN: Final = 10
"""Times the requests it may make that a page asks for before it is ended: each refusal costs a millisecond."""

UNAVAILABLE_APIS: Final = """
for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "WebTransport", "EventSource", "SharedWorker"]) {
  try { delete window[name]; } catch {}
}
"""
"""What would open connections that cannot be intercepted, or that never end."""
PIXEL: Final = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
"""A transparent GIF that stands in for pictures, which the crawl fetches later by itself: a page whose pictures fail takes them out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderLimits:
    """Bounds of one page; each is a setting of crawler/settings.py, where its reason is. `screenshots`: also what it looks like."""

    seconds: float
    requests: int
    bytes: int
    dom_bytes: int
    megabytes: int
    screenshots: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request of a page: its URL, what it is for (Playwright's resource type: `script`, `fetch`, …) and its header fields."""

    url: str
    type: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a page is given: status, header fields, and the body without its codings. `size` counts the bytes as they were sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    size: int = 0


@dataclass(slots=True, kw_only=True)
class Rendered:
    """What came of a page: its DOM, pictures of it, what it loaded (status, media type, resource type by URL), and which limits it met."""

    dom: bytes = b""
    view: bytes = b""
    thumbnail: bytes = b""
    loaded: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: int = 0
    met: dict[str, int] = field(default_factory=dict)


class RenderError(Exception):
    """A page could not be rendered; `reason` is the word that it is counted under."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class NoBrowserError(RenderError):
    """There is no Playwright, or no Chromium that starts."""

    def __init__(self, detail: str) -> None:
        super().__init__("no-browser", detail)


def missing_browser(program: str = "") -> str:
    """Return what keeps pages from being rendered here, in words, '' for nothing; starts no browser."""
    try:
        import playwright.async_api  # noqa: F401 - only whether it is there
    except ImportError:
        return "playwright is not installed: pip install 'warraq[browser]'"
    if program and not shutil.which(program):
        return f"WARRAQ_BROWSER names {program}, which is no program here"
    own = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache/ms-playwright")
    if not program and not any(map(shutil.which, PROGRAMS)) and not (own.is_dir() and any(own.glob("chromium*"))):
        return "no Chromium is installed: apt-get install chromium, or playwright install chromium"
    return ""


class Browser:
    """Renders one page at a time; starts Chromium for the first one, and again whenever it is gone."""

    def __init__(self, limits: RenderLimits, *, program: str = "", user_agent: str = "") -> None:
        self._limits = limits
        self._program = program or next(filter(None, map(shutil.which, PROGRAMS)), "")
        self._user_agent = user_agent
        self._playwright: Playwright | None = None
        self._browser: Any = None
        self._pid = 0
        self._pages = 0

    async def render(self, url: str, load: Callable[[Asked], Awaitable[Answered | None]]) -> Rendered:
        """Open `url`, let its scripts run until it asks for nothing more, and return what it has become.

        `load` is asked for everything, the page itself too; None refuses. Raises RenderError.
        """
        await self._start()
        self._pages += 1
        context = await self._context()
        watch = asyncio.ensure_future(self._watch_memory())
        visit = Visit(url, load, self._limits)
        try:
            await visit.open(context)
            return await visit.settle()
        except Exception as error:  # Playwright has one class for all that goes wrong, and it is not imported here
            self.kill()
            if watch.done() and not watch.cancelled() and watch.result():
                raise RenderError("browser-memory", f"more than {self._limits.megabytes} MB") from error
            if isinstance(error, RenderError):
                raise
            raise RenderError("browser-crashed", str(error).partition("\n")[0][:200]) from error
        finally:
            watch.cancel()
            await self._leave(context)

    async def _leave(self, context: BrowserContext) -> None:
        try:
            async with asyncio.timeout(LAST_WORDS):
                await context.close()
        except Exception:  # noqa: BLE001 - it is gone, or hangs: either way it goes
            self.kill()

    async def _context(self) -> BrowserContext:
        try:
            context: BrowserContext = await self._browser.new_context(
                viewport=VIEWPORT, service_workers="block", accept_downloads=False, user_agent=self._user_agent or None,
                ignore_https_errors=True, reduced_motion="reduce",
            )  # fmt: skip
            await context.add_init_script(UNAVAILABLE_APIS)
            await context.route_web_socket("**/*", lambda socket: socket.close())
        except Exception as error:
            self.kill()
            raise RenderError("browser-crashed", str(error).partition("\n")[0][:200]) from error
        return context

    async def _start(self) -> None:
        if self._pages >= PAGES_OF_ONE:
            await self.close()
        if self._browser is not None and self._browser.is_connected():
            return
        if problem := missing_browser(self._program):
            raise NoBrowserError(problem)
        from playwright.async_api import async_playwright

        mark = f"--warraq-crawl={secrets.token_hex(8)}"
        try:
            self._playwright = self._playwright or await async_playwright().start()
            self._browser = await self._playwright.chromium.launch(
                executable_path=self._program or None,
                chromium_sandbox=os.geteuid() != 0,  # which root cannot have
                args=[*ARGUMENTS, mark],
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
            )
        except Exception as error:
            await self.close()
            raise NoBrowserError(f"Chromium does not start: {str(error).partition(chr(10))[0][:200]}") from error
        self._pid, self._pages = _process_of(mark), 0

    async def _watch_memory(self) -> bool:
        """Kill the browser when it takes more memory than it may; only Linux tells how much that is. Returns whether it did."""
        while self._pid:
            await asyncio.sleep(WATCH_SECONDS)
            if _memory_of(self._pid) > self._limits.megabytes << 20:
                self.kill()
                return True
        return False

    def kill(self) -> None:
        """End the browser at once; the next page starts another."""
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        self._pid = 0
        self._pages = PAGES_OF_ONE

    async def close(self) -> None:
        """End browser and driver."""
        browser, playwright = self._browser, self._playwright
        self._browser = self._playwright = None
        self._pages = 0
        with contextlib.suppress(Exception):
            async with asyncio.timeout(LAST_WORDS):
                if browser is not None:
                    await browser.close()
        self.kill()
        self._pages = 0
        with contextlib.suppress(Exception):
            async with asyncio.timeout(LAST_WORDS):
                if playwright is not None:
                    await playwright.stop()


class Visit:
    """One page in its context, from its first request to its DOM."""

    def __init__(self, url: str, load: Callable[[Asked], Awaitable[Answered | None]], limits: RenderLimits) -> None:
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
        """Set up what answers the page."""
        await context.route("**/*", self._route)
        self._page = await context.new_page()
        self._page.on("crash", lambda _: self._crashed.set())
        self._page.on("pageerror", lambda _: self._count_error())
        context.on("page", _close)
        self._last = asyncio.get_running_loop().time()

    async def settle(self) -> Rendered:
        """Load the page, wait until it is quiet or a limit is met, and take its DOM. Raises RenderError."""
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
            raise RenderError("browser-timeout", f"the page does not answer after {self._limits.seconds:g} s") from None
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
        """Scroll down screen by screen, as long as the page has more and loads something for it."""
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
        """Take the whole page, up to a height, and a small picture of its top."""
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
        """Answer one request of the page, or refuse it; whatever goes wrong here, the page is answered."""
        answered = None
        self._under_way += 1
        try:
            answered = await self._answer(route)
        finally:
            self._under_way -= 1
            self._last = asyncio.get_running_loop().time()
            with contextlib.suppress(Exception):  # the page may be gone meanwhile
                if answered is None:
                    await route.abort("aborted")
                else:
                    await route.fulfill(status=answered.status, headers=dict(answered.headers), body=answered.body)

    async def _answer(self, route: Route) -> Answered | None:
        request = route.request
        kind, url = request.resource_type, urldefrag(request.url)[0]
        if not self._asked and request.is_navigation_request():
            self._asked = 1
            return await self._load(Asked(url=self._url, type=kind, headers=request.headers))
        if refusal := self._refusal(request.method, kind, url, is_page=request.is_navigation_request()):
            self._met(refusal)
            return None
        if kind == "image" and not self._limits.screenshots:
            return Answered(status=200, headers={"Content-Type": "image/gif"}, body=PIXEL)
        answered = await self._load(Asked(url=url, type=kind, headers=request.headers))
        if answered is not None:
            self._bytes += answered.size
            mime = answered.headers.get("content-type", "").partition(";")[0]
            self._done.loaded[url] = {"status": answered.status, "mime": mime, "type": kind}
        return answered

    def _refusal(self, method: str, kind: str, url: str, *, is_page: bool) -> str:
        """Return the limit or rule by which a request is refused, '' for one that is answered."""
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


def _process_of(mark: str) -> int:
    """Return the id of the process that has `mark` among its arguments: the browser's own; 0 where nobody can tell."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if mark.encode() in words and not any(word.startswith(b"--type=") for word in words):
                return int(path.parent.name)
    return 0


def _memory_of(pid: int) -> int:
    """Return the bytes that a process and all that it has started hold for themselves alone; 0 when it is gone."""
    parents: dict[int, int] = {}
    held: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            one = int(path.parent.name)
            parents[one] = int(path.read_text().rpartition(")")[2].split()[1])
            pages = path.with_name("statm").read_text().split()
            held[one] = (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")

    def is_below(one: int) -> bool:
        seen = 0
        while one not in {pid, 0} and seen < len(parents):
            one, seen = parents.get(one, 0), seen + 1
        return one == pid

    return sum(size for one, size in held.items() if is_below(one))
