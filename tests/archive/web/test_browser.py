"""The reading room in a real Chromium: `make browser-test` runs it; skipped if there is none."""

from __future__ import annotations

import shutil
import threading
import time
from contextlib import contextmanager
from importlib import resources
from urllib.parse import quote

import pytest

from archive.article import Image, Picture
from archive.index import captures, images
from archive.web import create_app
from tests.support.pictures import GIF
from tests.support.shelf import LIBRARY

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: make browser-test installs it")
CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    pytest.skip("needs Debian's chromium: apt-get install chromium", allow_module_level=True)

pytestmark = pytest.mark.slow  # a browser is a process
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def served(app):
    import uvicorn

    config = uvicorn.Config(app, port=0, log_level="error", ws="none", http="h11")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not server.started and time.monotonic() < end:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def address(shelf):
    with served(create_app(shelf.collection.folder)) as address:
        yield address


class Tab:
    """A tab, and what went wrong in it: requests to elsewhere, dialogs, script errors."""

    def __init__(self, browser, address, **options):
        self.context = browser.new_context(base_url=address, **{"locale": "ar", **options})
        self.page = self.context.new_page()
        self.foreign: list[str] = []
        self.dialogs: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda r: r.url.startswith(address) or self.foreign.append(r.url))
        self.page.on("dialog", lambda d: (self.dialogs.append(d.message), d.dismiss()))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))


@pytest.fixture
def tab(browser, address):
    tab = Tab(browser, address)
    yield tab
    tab.context.close()
    assert not tab.dialogs
    assert not tab.errors


def test_results_appear_while_typing_arabic_and_the_address_follows(tab):
    tab.page.goto("/")
    tab.page.locator("#q").press_sequentially("المكتبه", delay=20)
    tab.page.wait_for_selector(".hit mark")
    assert tab.page.locator(".hit").count() == 1
    assert tab.page.locator(".hit mark").first.inner_text() == "مكتبة"
    assert "q=" in tab.page.url
    assert not tab.foreign


def test_a_result_opens_and_its_versions_are_compared_side_by_side(tab):
    tab.page.goto("/search?q=مكتبة")
    tab.page.locator(".hit h2 a").click()
    assert tab.page.locator("h1").inner_text() == "مكتبة متنقلة تجوب القرى"
    tab.page.locator(".timeline a.small").click()
    older, newer = tab.page.locator("tr.changed td").all()[:2]
    assert "ألف" in older.locator("del").inner_text()
    assert "ألفي" in newer.locator("ins").inner_text()
    # Read from the right: the older version stands at the right of the newer one.
    assert older.bounding_box()["x"] > newer.bounding_box()["x"]


def test_an_arabic_article_reads_from_the_right_and_an_english_one_from_the_left(tab):
    for identity, direction in ((2, "rtl"), (3, "ltr")):
        tab.page.goto(f"/articles/{identity}")
        text = tab.page.locator(".text p").first
        assert text.evaluate("e => getComputedStyle(e).direction") == direction
        width = text.evaluate("e => e.getBoundingClientRect().width / parseFloat(getComputedStyle(e).fontSize)")
        assert width < 38  # ems: a line that the eye finds the next one from


def test_keys_move_through_results_also_on_an_arabic_keyboard(tab):
    tab.page.goto("/")
    focused = "() => document.activeElement.closest('.hit')?.querySelector('h2').innerText ?? document.activeElement.id"
    titles = tab.page.locator(".hit h2").all_inner_texts()
    tab.page.keyboard.press("KeyJ")
    assert tab.page.evaluate(focused) == titles[0]
    tab.page.evaluate(
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {code: 'KeyJ', key: 'ت', bubbles: true}))"
    )
    assert tab.page.evaluate(focused) == titles[1]
    tab.page.keyboard.press("KeyK")
    assert tab.page.evaluate(focused) == titles[0]
    tab.page.keyboard.press("/")
    assert tab.page.evaluate(focused) == "q"
    tab.page.keyboard.press("Escape")
    tab.page.keyboard.press("KeyJ")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/a/*/**")


@pytest.mark.parametrize(
    "path",
    ["/search?q=خطر", "/articles/4", "/articles/4?q=خطر", "/articles/5", "/coverage", "/articles/4/original", "/raw/4"],
)
def test_hostile_pages_run_nothing_load_nothing_and_lead_nowhere(tab, path):
    tab.page.goto(path)
    tab.page.wait_for_timeout(300)
    assert tab.page.title() != "pwned"
    assert not tab.foreign
    shown = "/a/20261124160000/" if path == "/articles/4" else path.split("?")[0]
    assert shown in tab.page.url  # its permanent address, if it is an article: no refresh led away
    for frame in tab.page.frames:
        assert "/coverage" not in frame.url or path == "/coverage"
    assert tab.page.locator("a[href^='javascript']").count() == 0


def test_the_original_is_shown_in_a_frame_without_our_origin(tab):
    tab.page.goto("/articles/4/original")
    frame = tab.page.frames[1]
    frame.wait_for_load_state()
    assert "نص الصفحة" in frame.locator("body").inner_text()
    assert (
        tab.page.evaluate(
            "() => { try { return document.querySelector('iframe').contentDocument } catch { return null } }"
        )
        is None
    )


def test_everything_works_without_scripts(browser, address):
    tab = Tab(browser, address, java_script_enabled=False)
    tab.page.goto("/")
    tab.page.locator("#q").fill("مكتبة")
    tab.page.locator("form[role=search] button").click()
    assert tab.page.locator(".hit").count() == 1
    tab.context.close()


def test_the_dark_theme_follows_the_system_and_the_switch_is_remembered(browser, address):
    tab = Tab(browser, address, color_scheme="dark")
    background = "() => getComputedStyle(document.body).backgroundColor"
    tab.page.goto("/")
    dark = tab.page.evaluate(background)
    tab.page.locator("button.theme").click()
    light = tab.page.evaluate(background)
    assert dark != light
    tab.page.goto("/coverage")
    assert tab.page.evaluate(background) == light
    assert tab.context.cookies() == []
    tab.context.close()


@pytest.mark.parametrize(
    "path", ["/", "/articles/2", "/articles/4", "/compare?old=1&new=2", "/coverage", "/help", "/articles/2/original"]
)
def test_a_phone_never_scrolls_sideways(browser, address, path):
    tab = Tab(browser, address, viewport={"width": 360, "height": 740})
    tab.page.goto(path)
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 360
    tab.context.close()


def test_the_first_tab_stop_skips_to_the_content(tab):
    tab.page.goto("/articles/2")
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.className") == "skip"
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate("document.activeElement.id") == "content"


MEMENTO = f"/a/20261124130000/{LIBRARY}"
PAGES = (
    "/", "/search?q=مكتبة", "/search?q=مكتبات عربية في القرى", "/search?q=zzzz", "/search?is=gone&order=oldest", "/search?q=site:",
    MEMENTO, "/articles/2?q=مكتبة", "/articles/3", "/articles/4", "/articles/2/related", "/articles/2/original",
    "/compare?old=1&new=2", "/coverage", f"/calendar?url={LIBRARY}", "/front", "/health", "/help", "/pictures", "/words?q=مكتبة",
    "/authors/هالة البيطار", "/tags/كتب", "/sites/daftar.example", "/nothing", "/articles/999",
)  # fmt: skip
"""A page of each kind."""
ACROSS = (
    "/",
    "/search?q=مكتبة",
    "/sites/daftar.example",
    "/words?q=مكتبة",
    "/help",
    "/save",
    "/archives/news/",
    "/archives/news/articles/2",
)
"""Pages of a room of two archives in which pages may be saved."""
READERS = (("ar", 360, "light"), ("ar", 1280, "dark"), ("en", 360, "dark"), ("en", 1280, "light"))


def violations(browser, address, paths):
    """Return what axe-core finds on these pages, in both languages and themes, on a phone and on a desk."""
    axe = pytest.importorskip("axe_playwright_python", reason="make browser-test installs it")
    script = (resources.files(axe) / "axe.min.js").read_text(encoding="utf-8")
    for language, width, theme in READERS:
        tab = Tab(browser, address, locale=language, viewport={"width": width, "height": 800}, color_scheme=theme)
        for path in paths:
            tab.page.goto(quote(path, safe="/?&=:"))
            tab.page.evaluate(script)
            found = tab.page.evaluate("axe.run({iframes: false})")  # a frame has the page of a newspaper
            for rule in found["violations"]:
                yield from (f"{path} {language} {width} {theme}: {rule['id']} {one['html']}" for one in rule["nodes"])
        tab.context.close()


def keep_picture(shelf):
    """Keep a picture without an alternative text, and put an article that shows it."""
    url = "https://daftar.example/bus.jpg"
    shown = shelf.put("https://daftar.example/bus", "الحافلة", "وصلت.", images=(Image(url=url, caption="الحافلة"),))
    shelf.capture(url, GIF.decode("latin-1"), head="Content-Type: image/gif", mime="image/gif")
    row = next(shelf.store.db.query("SELECT * FROM captures WHERE url = ?", [url]))
    kept = captures.CaptureRow(**{name: row[name] for name in captures.CaptureRow.__dataclass_fields__})
    with shelf.store.atomic():
        images.describe(shelf.store.db, [shown])
        images.hold(shelf.store.db, kept, Picture(type="image/gif", bytes=len(GIF), sha256="0", width=1, height=1))


def test_axe_finds_nothing_on_any_kind_of_page(browser, shelf, address):
    keep_picture(shelf)
    assert list(violations(browser, address, PAGES)) == []


def test_axe_finds_nothing_in_a_room_of_several_archives(browser, shelf, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(shelf.collection.folder, other)
    with served(create_app(shelf.collection.folder, other, token="t" * 20)) as address:
        assert list(violations(browser, address, ACROSS)) == []
