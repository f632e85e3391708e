"""Pages that are empty without scripts, in a real Chromium: `make browser-test` runs it; skipped if there is none."""

import contextlib
import json
import os
import signal
import sqlite3
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from archive import Archive
from archive.warc import is_tombstone, read_records
from archive.web import create_app
from crawler.rendering.browser import missing_browser
from tests.support.cli import warraq
from tests.support.pictures import GIF
from tests.support.site import SENTENCES, Site, crawl, list_page

pytestmark = pytest.mark.slow
if problem := missing_browser():
    pytest.skip(f"needs a browser ({problem}): make browser-test installs it", allow_module_level=True)

STORY = "/2024/05/01/story-of-the-harbour"
OTHER = "/2024/05/02/story-of-the-islands"
JSON = {"Content-Type": "application/json"}
SCRIPT = {"Content-Type": "text/javascript"}


def shell(script, *, head=""):
    """A page that has nothing to read before its script has run."""
    return f'<html lang=en><head>{head}</head><body><div id="app"></div><script>{script}</script></body></html>'


def story(title, text=SENTENCES):
    paragraphs = [f"{title}: {sentence} {sentence[::-1].title()}" for sentence in text]
    return (200, JSON, json.dumps({"title": title, "paragraphs": paragraphs}).encode())


FILL = """
async function fill(address) {
  const story = await (await fetch(address)).json()
  document.title = story.title
  document.head.insertAdjacentHTML('beforeend', '<meta property="og:type" content="article">')
  const body = story.paragraphs.map(one => `<p>${one}</p>`).join('')
  document.querySelector('#app').innerHTML = `<article><h1>${story.title}</h1>${body}</article>`
}
"""
APP = FILL + "fill('/api/harbour.json')"


def site_of(script=APP, **pages):
    api = {"/api/harbour.json": story("Story of the harbour")}
    return Site({"/": list_page(STORY), STORY: shell(script), **api, **pages})


def settings(**more):
    return [word for name, value in more.items() for word in ("-s", f"{name}={value}")]


def rows(folder, sql):
    with contextlib.closing(sqlite3.connect(folder / "warraq.db")) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(sql)]


def titles(folder):
    with Archive(folder) as archive:
        return [row["title"] for row in archive.articles()]


ROWS = "SELECT record_id, url, outcome, reason, detail FROM captures ORDER BY record_id"
ARTICLES = "SELECT url, title, text, version, is_latest, author, date_published, conversion_id FROM articles ORDER BY url, version"
MADE = "SELECT * FROM renderings ORDER BY record_id"


def versions(folder):
    return {row["url"].partition("://")[2].partition("/")[2]: row["text"] for row in rows(folder, ARTICLES)}


def exact(folder):
    return [rows(folder, sql) for sql in (ROWS, ARTICLES, MADE)]


def test_a_shell_is_rendered_its_dom_is_kept_and_read_and_a_reindex_gives_the_same(tmp_path):
    with site_of() as site:
        summary = crawl(f"{site.url}/", tmp_path)
        asked = [path for path in site.asked if path != "/robots.txt"]
    assert titles(tmp_path) == ["Story of the harbour"]
    assert summary["rendered"] == {"pages": 1, "unrendered": 0, "met": {}, "failed": {}}
    assert asked.count(STORY) == 1, "the browser is given the page that was captured"
    made = {row["kind"]: row for row in rows(tmp_path, MADE)}
    assert made.keys() == {"dom", "pageinfo"}
    capture = rows(tmp_path, f"SELECT * FROM captures WHERE url LIKE '%{STORY}'")[0]
    assert capture["outcome"] == "article"
    assert {row["response_id"] for row in made.values()} == {capture["record_id"]}
    with Archive(tmp_path) as archive:
        record = archive.rendering(made["dom"])
        info = json.loads(archive.rendering(made["pageinfo"]).block)
    assert (record.type, record.url) == ("resource", f"urn:dom:{site.url}{STORY}")
    assert record.get("WARC-Concurrent-To") == capture["record_id"]
    assert record.get("Content-Type") == "text/html; charset=utf-8"
    assert b"<h1>Story of the harbour</h1>" in record.block
    assert info["urls"][f"{site.url}/api/harbour.json"]["status"] == 200
    data = rows(tmp_path, "SELECT outcome, reason FROM captures WHERE url LIKE '%harbour.json'")
    assert data == [{"outcome": "requisite", "reason": "data"}], "what the browser saw is in the archive"
    before = exact(tmp_path)
    warraq("--archive", tmp_path, "reindex")
    assert exact(tmp_path) == before
    (tmp_path / "warraq.db").unlink()
    warraq("--archive", tmp_path, "reindex")
    assert exact(tmp_path) == before
    assert "everything is as it was written" in warraq("--archive", tmp_path, "verify").stdout
    _exported_and_imported(tmp_path, site)


def _exported_and_imported(folder, site):
    """What goes out as WARC or WACZ comes in again as the same article, and the data that its page loads with it."""
    for name in ("warc", "wacz"):
        target = folder / f"page.{'warc.gz' if name == 'warc' else 'wacz'}"
        warraq("--archive", folder, "export", "--format", name, "--url", f"{site.url}{STORY}", "--out", target)
        other = folder / f"from-{name}"
        warraq("--archive", other, "import", target)
        assert titles(other) == ["Story of the harbour"]
        assert rows(other, "SELECT 1 FROM captures WHERE url LIKE '%harbour.json'")
        assert {row["kind"] for row in rows(other, MADE)} == {"dom", "pageinfo"}


def test_auto_renders_shells_alone_never_none_and_always_all(tmp_path):
    data = {"@type": "NewsArticle", "headline": "Told as data", "articleBody": " ".join(SENTENCES * 3)}
    told = f'<script type="application/ld+json">{json.dumps(data)}</script>'
    whole = "".join(f"<p>{one}</p>" for one in SENTENCES)
    pages = {
        "/": list_page(STORY, OTHER, "/2024/05/03/told-as-data", "/2024/05/04/nothing-at-all"),
        OTHER: f"<html><head><script src=/a.js defer></script></head><body><article><h1>Served whole</h1>{whole}</article></body></html>",
        "/2024/05/03/told-as-data": shell("1", head=told),
        "/2024/05/04/nothing-at-all": "<html><body><p>No</p></body></html>",
        "/a.js": (200, SCRIPT, b"document.querySelector('h1').textContent = 'Changed by a script'"),
    }
    with site_of(**pages) as site:
        figures = {
            mode: crawl(f"{site.url}/", tmp_path / mode, *settings(WARRAQ_RENDER=mode))["rendered"]["pages"]
            for mode in ("auto", "never", "always")
        }
    assert figures == {"auto": 1, "never": 0, "always": 5}
    assert set(titles(tmp_path / "never")) == {"Served whole", "Told as data"}
    assert set(titles(tmp_path / "auto")) == {"Served whole", "Told as data", "Story of the harbour"}
    assert "Changed by a script" in titles(tmp_path / "always")
    assert "Served whole" not in titles(tmp_path / "always")


DOORS = """
const seen = []
const knock = async (name, f) => { try { await f(); seen.push(name) } catch {} }
const within = f => new Promise((yes, no) => { f(yes, no); setTimeout(no, 500) })
const added = (tag, src, f) => within((yes, no) => {
  const one = document.createElement(tag)
  one.onload = () => f(one) ? yes() : no(); one.onerror = no; one.src = src
  document.body.append(one)
});
(async () => {
  await fill('/moved.json')
  await knock('network', () => fetch('http://127.9.9.9:1/secret'))
  await knock('metadata', () => fetch('http://169.254.169.254/latest/'))
  await knock('post', async () => { if (!(await fetch('/beacon', {method: 'POST', body: 'x'})).ok) throw 1 })
  await knock('file', () => added('img', 'file:///usr/share/pixmaps/debian-logo.png', one => one.naturalWidth))
  await knock('frame', () => added('iframe', '/frame', one => one.contentDocument && one.contentDocument.title == 'Frame'))
  await knock('socket', () => within((yes, no) => {
    const s = new WebSocket(location.href.replace('http', 'ws')); s.onmessage = yes; s.onerror = s.onclose = no
  }))
  await knock('rtc', () => new RTCPeerConnection())
  await knock('worker', async () => { if (!await navigator.serviceWorker.register('/sw.js')) throw 1 })
  await knock('disallowed', () => fetch('/private/data.json'))
  await knock('remembered', () => { if (!localStorage.been && !document.cookie.includes('been')) throw 1 })
  localStorage.been = 1; document.cookie = 'been=1'
  const found = `<p>Open doors of this page: [${seen.join(' ')}]</p>`
  document.querySelector('article').insertAdjacentHTML('beforeend', found)
  location = '/elsewhere'
})()
"""
IDLE = "fill('/api/harbour.json'); setInterval(() => fetch('/tick'), 100)"
THOUSAND = """
(async () => { await fill('/api/harbour.json'); for (let i = 0; i < 1000; i++) fetch('/many/' + i).catch(() => 0) })()
"""
ENDLESS = """
const line = '<p style="margin:50px">Loaded while scrolling, paragraph of the list</p>'
const more = () => document.querySelector('article').insertAdjacentHTML('beforeend', line.repeat(30))
fill('/api/harbour.json').then(() => { more(); addEventListener('scroll', () => fetch('/more?' + scrollY).then(more)) })
"""


def test_what_a_page_may_not_do_is_refused_by_name_and_what_it_says_is_read(tmp_path):
    """Other networks, files, sockets, other pages, endless lists, a thousand requests, no rest: refused or bounded."""
    scripts = {"doors": DOORS, "doors-again": DOORS, "never-idle": IDLE, "thousand": THOUSAND, "endless": ENDLESS}
    paths = {name: f"/2024/05/0{number}/the-{name}-of-the-harbour" for number, name in enumerate(scripts, 1)}
    pages = {
        "/": list_page(*paths.values()),
        "/robots.txt": (200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /private/\n"),
        "/moved.json": (302, {"Location": "/api/harbour.json"}, b""),
        "/frame": "<title>Frame</title>",
        "/sw.js": (200, SCRIPT, b"1"),
        **{paths[name]: shell(FILL + script) for name, script in scripts.items()},
    }
    limits = settings(WARRAQ_RENDER_SECONDS=12, WARRAQ_RENDER_REQUESTS=60, WARRAQ_OPEN_NETWORKS="127.0.0.1/32")
    with site_of(**pages) as site:
        summary = crawl(f"{site.url}/", tmp_path, *limits)
        asked = list(site.asked)
    texts = versions(tmp_path)
    for name in ("doors", "doors-again"):
        assert "Open doors of this page: []" in texts[paths[name][1:]]
    met = summary["rendered"]["met"]
    assert summary["rendered"]["pages"] == 5
    assert met["refused-address"] >= 2
    assert {"refused-method", "left-page", "robots-disallowed", "too-many-requests", "not-idle"} <= met.keys()
    assert not {"/private/data.json", "/beacon", "/frame", "/sw.js", "/elsewhere"} & set(asked)
    assert sum(path.startswith("/many/") for path in asked) < 60
    assert 1 <= sum(path.startswith("/more") for path in asked) <= 10
    assert "Loaded while scrolling" in texts[paths["endless"][1:]]
    held = {row["url"].removeprefix(site.url) for row in rows(tmp_path, ROWS)}
    assert set(asked) <= held, "the site was asked for nothing that is not in the archive"


def test_a_page_that_loads_too_much_is_cut_off(tmp_path):
    more = "(async () => { await fill('/api/harbour.json'); for (let i = 0; i < 9; i++) await fetch('/large/' + i) })()"
    large = {f"/large/{number}": (200, JSON, b"1" * 100_000) for number in range(9)}
    with site_of(FILL + more, **large) as site:
        summary = crawl(f"{site.url}/", tmp_path, *settings(WARRAQ_RENDER_BYTES=300_000))
        assert sum(path.startswith("/large/") for path in site.asked) == 3
    assert summary["rendered"]["met"]["too-many-bytes"] == 1
    assert titles(tmp_path) == ["Story of the harbour"]


def _kill_browser(_):
    """Ends the browser of this test's crawl while it waits for an answer."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if b"--warraq-crawl=" in stat.with_name("cmdline").read_bytes() and _is_below(int(stat.parent.name)):
                os.kill(int(stat.parent.name), signal.SIGKILL)
    return story("Never read")


def _is_below(pid):
    while pid not in {0, 1, os.getpid()}:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return pid == os.getpid()


HOG = """
const all = []
fill('/api/harbour.json').then(() => setInterval(() => { all.push(new Uint8Array(3e7).fill(1)); fetch('/tick') }, 20))
"""
LOOP = "fill('/api/harbour.json').then(() => { for (;;); })"


def test_a_browser_that_dies_or_takes_too_much_costs_its_page_and_no_other(tmp_path):
    scripts = {
        "killed": "fill('/kill.json')",
        "hog": HOG,
        "loop": LOOP,
        "huge": "document.querySelector('#app').textContent = 'x'.repeat(3e6)",
        "last": "fill('/api/harbour.json')",
    }
    paths = {name: f"/2024/05/0{number}/the-{name}-of-the-harbour" for number, name in enumerate(scripts, 1)}
    shells = {paths[name]: shell(FILL + script) for name, script in scripts.items()}
    limits = settings(WARRAQ_RENDER_SECONDS=8, WARRAQ_RENDER_MEGABYTES=700, WARRAQ_MAX_DOM_BYTES=2_000_000)
    with site_of(**{"/": list_page(*paths.values()), "/kill.json": _kill_browser, **shells}) as site:
        summary = crawl(f"{site.url}/", tmp_path, *limits)
    failed = summary["rendered"]["failed"]
    assert failed == {"browser-crashed": 1, "browser-memory": 1, "browser-timeout": 1, "dom-too-large": 1}
    assert summary["rendered"]["pages"] == 1
    assert titles(tmp_path) == ["Story of the harbour"]
    details = {row["url"].removeprefix(site.url): row["detail"] for row in rows(tmp_path, ROWS)}
    assert details[paths["loop"]].endswith("not rendered: browser-timeout")
    before = exact(tmp_path)
    warraq("--archive", tmp_path, "reindex")
    assert exact(tmp_path) == before


def test_a_site_on_which_rendering_gives_nothing_is_left_alone_but_for_one_page_in_each_run(tmp_path):
    paths = [f"/2024/05/01/nothing-number-{number}-of-the-harbour" for number in range(13)]
    with site_of(**{"/": list_page(*paths)}, **dict.fromkeys(paths, shell("1"))) as site:
        first = crawl(f"{site.url}/", tmp_path, code=15)
        again = crawl(f"{site.url}/", tmp_path, "-a", "recheck=all", code=15)
    assert 10 <= first["rendered"]["pages"] <= 11, "the next may begin while the tenth is being read"
    assert first["rendered"]["pages"] + first["left_out"]["fruitless-rendering"] == 13
    assert (again["rendered"]["pages"], again["left_out"]["fruitless-rendering"]) == (1, 12)


def test_a_rendered_page_is_rendered_again_and_its_new_text_is_a_version_though_its_bytes_are_the_same(tmp_path):
    with site_of() as site:
        crawl(f"{site.url}/", tmp_path)
        again = crawl(f"{site.url}/", tmp_path, "-a", "recheck=all")
        site.pages["/api/harbour.json"] = story("Story of the harbour", (*SENTENCES, "The ferry was cancelled."))
        changed = crawl(f"{site.url}/", tmp_path, "-a", "recheck=all")
    assert (again["articles_unchanged"], again["articles_new"], again["articles_changed"]) == (1, 0, 0)
    assert changed["articles_changed"] == 1
    assert "cancelled" in rows(tmp_path, ARTICLES)[-1]["text"]
    before = exact(tmp_path)
    (tmp_path / "warraq.db").unlink()
    warraq("--archive", tmp_path, "reindex")
    assert exact(tmp_path) == before


def test_screenshots_are_kept_as_records_and_pictures_are_not_asked_for_twice(tmp_path):
    added = "'<img src=/a.gif>'"
    page = f"{APP}.then(() => document.querySelector('h1').insertAdjacentHTML('afterend', {added}))"
    with site_of(page, **{"/a.gif": (200, {"Content-Type": "image/gif"}, GIF)}) as site:
        crawl(f"{site.url}/", tmp_path, *settings(WARRAQ_SCREENSHOTS=1))
        assert site.asked.count("/a.gif") == 1
    with Archive(tmp_path) as archive:
        made = {row["kind"]: archive.rendering(row) for row in rows(tmp_path, MADE)}
    assert made["view"].block.startswith(b"\x89PNG")
    assert made["thumbnail"].block.startswith(b"\xff\xd8")
    assert made["view"].url == f"urn:view:{site.url}{STORY}"
    room = TestClient(create_app(tmp_path), base_url="http://127.0.0.1")
    assert room.get("/screenshots/1/view").content == made["view"].block
    assert room.get("/screenshots/1/thumbnail").headers["content-type"] == "image/jpeg"
    assert room.get("/screenshots/1/dom").status_code == 404
    assert "/screenshots/1/thumbnail" in room.get("/articles/1/original").text
    shown = room.get("/shown/1").text
    assert "Story of the harbour" in shown
    assert "<script" not in shown.lower().replace("<script></script>", "")


def test_without_a_browser_the_crawl_says_so_and_asks_for_nothing_more(tmp_path):
    nowhere = settings(WARRAQ_BROWSER="/nowhere/chromium")
    with site_of() as site:
        summary = crawl(f"{site.url}/", tmp_path / "auto", *nowhere, code=15)
        told = crawl(f"{site.url}/", tmp_path / "always", *nowhere, *settings(WARRAQ_RENDER="always"), code=2)
        assert "/api/harbour.json" not in site.asked
    assert summary["rendered"]["unrendered"] == 1
    assert summary["no_article"] == "no-browser"
    assert any("WARRAQ_BROWSER names /nowhere/chromium" in one for one in summary["warnings"])
    assert "/nowhere/chromium" in told
    assert not (tmp_path / "always").exists()


def test_a_redacted_page_leaves_nothing_that_a_browser_made_of_it(tmp_path):
    with site_of() as site:
        crawl(f"{site.url}/", tmp_path)
    warraq("--archive", tmp_path, "redact", f"{site.url}{STORY}", "--reason", "court order", "--yes")
    assert not rows(tmp_path, MADE)
    for file in (tmp_path / "archive").glob("*.warc.gz"):
        assert not [one for one in read_records(file) if one.url.startswith("urn:") and not is_tombstone(one)]
    assert warraq("--archive", tmp_path, "verify").exit_code == 0
