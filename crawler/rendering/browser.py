"""One headless Chromium that renders pages without a network: `load` answers or refuses each request.

Playwright's async API runs on the reactor's asyncio loop. Each page has its own context, so cookies and storage end with it.
Chromium itself has no network access: its proxy is a closed port, and no host name resolves in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crawler.rendering.visit import LAST_WORDS, VIEWPORT, NoBrowserError, RenderError, Visit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import BrowserContext, Playwright

    from crawler.rendering.visit import BrowserRequest, BrowserResponse, Rendered, RenderLimits

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
"""Programs to look for if WARRAQ_BROWSER names none, before the one that Playwright has installed."""
ARGUMENTS: Final = (
    "--proxy-server=http://127.0.0.1:9",  # the discard port, where nothing listens: requests that are not intercepted fail
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
PAGES_OF_ONE: Final = 200
"""Pages after which the browser is restarted, so that its leaks stay bounded."""
WATCH_SECONDS: Final = 0.5

UNAVAILABLE_APIS: Final = """
for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "WebTransport", "EventSource", "SharedWorker"]) {
  try { delete window[name]; } catch {}
}
"""
"""Removes APIs that open connections which cannot be intercepted or never end."""


def missing_browser(program: str = "") -> str:
    """Return why pages cannot be rendered on this machine, '' if they can; starts no browser."""
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

    async def render(self, url: str, load: Callable[[BrowserRequest], Awaitable[BrowserResponse | None]]) -> Rendered:
        """Open `url`, let its scripts run until there are no more requests, and return the result.

        `load` answers every request, including that for the page; None refuses it. Raises RenderError.
        """
        await self._start()
        self._pages += 1
        context = await self._context()
        watch = asyncio.ensure_future(self._watch_memory())
        visit = Visit(url, load, self._limits)
        try:
            await visit.open(context)
            return await visit.render()
        except Exception as error:  # Playwright has one class for all errors, which is not imported here
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
                chromium_sandbox=os.geteuid() != 0,  # unavailable to root
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
        """Kill the browser if it exceeds its memory limit (Linux only). Returns whether it did."""
        while self._pid:
            await asyncio.sleep(WATCH_SECONDS)
            if _memory_of(self._pid) > self._limits.megabytes << 20:
                self.kill()
                return True
        return False

    def kill(self) -> None:
        """Kill the browser; the next page starts another."""
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        self._pid = 0
        self._pages = PAGES_OF_ONE

    async def close(self) -> None:
        """Stop browser and driver."""
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


def _process_of(mark: str) -> int:
    """Return the id of the process that has `mark` among its arguments: the browser's own; 0 where that is unknown."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if mark.encode() in words and not any(word.startswith(b"--type=") for word in words):
                return int(path.parent.name)
    return 0


def _memory_of(pid: int) -> int:
    """Return the private memory in bytes of a process and its descendants; 0 if it is gone."""
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
