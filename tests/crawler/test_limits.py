"""Every limit in SECURITY.md's table is reached in a small crawl, and named in its row and in the summary."""

import asyncio
import gzip
import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archive.urls import MAX_LENGTH
from crawler import settings as shipped
from tests.hostile.routes import article, http
from tests.hostile.run import spider_crawl
from tests.support.cli import warraq
from tests.support.server import Server, answer, page

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LOW = {
    "WARRAQ_MAX_BODY_BYTES": 60_000,
    "WARRAQ_MAX_HEADER_BYTES": 20_000,
    "WARRAQ_MAX_HEADER_LINE_BYTES": 4_000,
    "WARRAQ_MAX_DECODED_BYTES": 200_000,
    "WARRAQ_FIRST_BYTE_TIMEOUT": 2,
    "DOWNLOAD_TIMEOUT": 4,
    "RETRY_ENABLED": False,
    "WARRAQ_MAX_REDIRECTS": 2,
    "WARRAQ_MAX_DEPTH": 1,
    "WARRAQ_MAX_INDEX_DEPTH": 1,
    "WARRAQ_MAX_SITEMAP_URLS": 20,
    "WARRAQ_MAX_SITEMAP_BYTES": 30_000,
    "WARRAQ_MAX_FEED_ENTRIES": 5,
    "WARRAQ_MAX_FEED_BYTES": 20_000,
    "WARRAQ_MAX_LINKS": 30,
    "WARRAQ_PATTERN_BUDGET": 4,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
}


def html(body: str) -> bytes:
    return http(f"<html><head><title>A list</title></head><body><h1>A list</h1>{body}</body></html>".encode())


def links(*paths: str) -> str:
    return "".join(f'<li><a href="{path}">A headline of several words for {path[:40]}</a></li>' for path in paths)


def xml(body: str) -> bytes:
    return http(body.encode(), "application/xml")


async def hang(exchange) -> bool:
    await asyncio.sleep(6)
    return False


async def trickle(exchange) -> bool:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 900\r\n\r\n")
    for _ in range(60):
        await exchange.send(b"x")
        await asyncio.sleep(0.1)
    return False


async def hop(exchange) -> bool:
    number = int(exchange.request.path.rpartition("/")[2]) + 1
    await exchange.send(page(b"", status="302 Found", headers=f"Location: /hop/{number}"))
    return True


def feed(entries: int, padding: int = 0) -> bytes:
    items = "".join(f"<item><title>t{n}</title><link>/fed/{n}{'/x' * padding}</link></item>" for n in range(entries))
    return http(f'<rss version="2.0"><channel><title>f</title>{items}</channel></rss>'.encode(), "application/rss+xml")


def sitemap(entries: int, padding: int = 0) -> bytes:
    return xml(
        "<urlset>" + "".join(f"<url><loc>/mapped/{n}{'x' * padding}</loc></url>" for n in range(entries)) + "</urlset>"
    )


SECTIONS = {
    "/body": answer(http(b"<p>" + b"x" * 70_000)),
    "/headers": answer(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 600 + b"Content-Length: 2\r\n\r\nok"),
    "/header-line": answer(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 5_000 + b"\r\nContent-Length: 2\r\n\r\nok"),
    "/interims": answer(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" * 600 + page(b"ok")),
    "/decoded": answer(http(gzip.compress(b"<p>" + bytes(300_000)), "text/html", "Content-Encoding: gzip")),
    "/first-byte": hang,
    "/total": trickle,
    "/hop/0": hop,
    "/long-redirect": answer(page(b"", status="302 Found", headers="Location: /" + "a" * 2_500)),
    "/links": answer(html(links(*(f"/linked-{n}/" for n in range(40))))),
    "/long-links": answer(html(links("/" + "a" * 2_100, "/" + "b" * 2_100, "/short/"))),
    "/deep/": answer(html(links("/deep/1/"))),
    "/deep/1/": answer(html(links("/deep/1/2/"))),
    "/pattern": answer(html(links(*(f"/day/{n}/" for n in range(9))))),
}  # fmt: skip
SITEMAPS = {
    "/index.xml": answer(xml("<sitemapindex><sitemap><loc>/index/1.xml</loc></sitemap></sitemapindex>")),
    "/index/1.xml": answer(xml("<sitemapindex><sitemap><loc>/index/1/2.xml</loc></sitemap></sitemapindex>")),
    "/many-urls.xml": answer(sitemap(30)),
    "/many-bytes.xml": answer(http(gzip.compress(sitemap(15, 5_000).partition(b"\r\n\r\n")[2]), "application/gzip")),
    "/long-urls.xml": answer(sitemap(2, 2_100)),
}
FEEDS = {"/many-entries.xml": answer(feed(9)), "/feed-bytes.xml": answer(feed(4, 4_000))}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("limits")
    routes = {"/": answer(html(links("/good/a-story"))), "/good/a-story": answer(http(article(1)))}
    routes |= {f"/hop/{n}": hop for n in range(1, 5)}
    with Server({**routes, **SECTIONS, **SITEMAPS, **FEEDS}) as server:
        wanted = {
            "seeds": ["/"],
            "sections": [path for path in SECTIONS if path != "/deep/1/"],
            "sitemaps": [path for path in SITEMAPS if "/index/" not in path],
            "feeds": list(FEEDS),
        }
        spider_crawl(
            folder, settings=LOW, **{key: [server.url(path) for path in paths] for key, paths in wanted.items()}
        )
        with closing(sqlite3.connect(folder / "archive" / "warraq.db")) as db:
            rows = db.execute("SELECT url, outcome, reason FROM urls WHERE visits > 0").fetchall()
            details = db.execute("SELECT url, detail FROM captures").fetchall()
            (summary,) = db.execute("SELECT summary FROM runs").fetchone()
        start = len(server.url(""))
        return (
            {url[start:]: f"{outcome} {reason}".strip() for url, outcome, reason in rows},
            {url[start:]: detail for url, detail in details},
            json.loads(summary),
            folder / "archive",
        )


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/body", "failed too-large"),
        ("/headers", "failed headers-too-large"),
        ("/header-line", "failed headers-too-large"),
        ("/interims", "failed headers-too-large"),
        ("/decoded", "quarantine too-large"),
        ("/first-byte", "failed first-byte-timeout"),
        ("/total", "failed timeout"),
        ("/hop/0", "failed too-many-redirects"),
        ("/long-redirect", "failed url-too-long"),
    ],
)
def test_a_limit_is_named_in_the_row_of_the_url_that_met_it(run, path, outcome):
    rows, _, summary, _ = run
    assert rows[path] == outcome
    kind, _, reason = outcome.partition(" ")
    if kind != "redirect":
        assert summary["quarantined" if kind == "quarantine" else "failed"][reason] >= 1


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/links", "too-many-links"),
        ("/long-links", "url-too-long"),
        ("/deep/1/", "too-deep"),
        ("/index/1.xml", "index-too-deep"),
        ("/many-urls.xml", "too-many-entries"),
        ("/many-bytes.xml", "too-many-bytes"),
        ("/long-urls.xml", "url-too-long"),
        ("/many-entries.xml", "too-many-entries"),
        ("/feed-bytes.xml", "too-many-bytes"),
    ],
)
def test_what_a_limit_left_out_of_a_page_is_counted_with_its_capture_and_in_the_run(run, path, limit):
    _, details, summary, _ = run
    assert re.search(rf"\b\d+ {limit}\b", details[path])
    assert summary["left_out"][limit] >= 1


def test_what_is_over_a_budget_of_the_run_waits_a_day_by_name(run):
    rows, _, summary, _ = run
    assert [outcome for path, outcome in rows.items() if path.startswith("/day/")].count(
        "budget fruitless-pattern"
    ) == 5
    assert summary["failed"]["fruitless-pattern"] >= 5


def test_what_a_limit_left_out_is_not_in_the_frontier(run):
    rows, _, _, _ = run
    assert sum(path.startswith("/linked-") for path in rows) == 30
    assert sum(path.startswith("/fed/") for path in rows) <= 5 + 4
    assert "/deep/1/2/" not in rows
    assert "/index/1/2.xml" not in rows
    assert "/hop/3" not in rows
    assert max(map(len, rows)) < MAX_LENGTH


CAPTURES = (
    "SELECT record_id, url, status, truncated, outcome, reason, detail, directives FROM captures ORDER BY record_id"
)


READ_LESS = ("/decoded", "/links", "/many-urls.xml", "/many-bytes.xml", "/many-entries.xml", "/feed-bytes.xml")
"""Paths that the crawl reads with lower limits than `reindex` has."""


def captures_of(folder):
    with closing(sqlite3.connect(folder / "warraq.db")) as db:
        return [row for row in db.execute(CAPTURES) if not row[1].endswith(READ_LESS)]


def test_a_reindex_gives_the_same_outcomes(run, tmp_path):
    folder = tmp_path / "archive"
    shutil.copytree(run[3], folder)
    before = captures_of(folder)
    warraq("--archive", folder, "reindex")
    assert captures_of(folder) == before
    assert {"too-large", "timeout", "too-many-redirects"} <= {row[5] for row in before}


def test_the_good_page_beside_them_is_archived(run):
    rows, _, summary, _ = run
    assert rows["/good/a-story"] == "article"
    assert summary["reason"] == "finished"


def small_crawl(folder, settings, pages=12):
    """The rows and the summary of a crawl of a front page with so many stories, how many URLs are still due, and the exit code."""
    stories = [f"/good/a-story-of-the-day-number-{n}" for n in range(pages)]
    routes = {"/": answer(html(links(*stories)))} | {path: answer(http(article(n))) for n, path in enumerate(stories)}
    with Server(routes) as server:
        maps = [server.url(f"/{n}.xml") for n in range(3)]
        done = spider_crawl(folder, seeds=[server.url("/")], sitemaps=maps, settings=settings, check=False)
    with closing(sqlite3.connect(folder / "archive" / "warraq.db")) as db:
        rows = db.execute("SELECT outcome, reason FROM urls WHERE visits > 0").fetchall()
        due = db.execute("SELECT count(*) FROM urls WHERE visits = 0").fetchone()[0]
        (summary,) = db.execute("SELECT summary FROM runs").fetchone()
    return [f"{outcome} {reason}".strip() for outcome, reason in rows], due, json.loads(summary), done.returncode


def test_a_run_and_a_host_get_no_more_than_their_budgets(tmp_path):
    budgets = {"WARRAQ_HOST_BUDGET": 5, "WARRAQ_MAX_PAGES": 10, "WARRAQ_MAX_SITEMAPS": 1}
    rows, due, summary, code = small_crawl(tmp_path, budgets)
    assert code == 0
    assert rows.count("budget too-many-sitemaps") == summary["failed"]["too-many-sitemaps"] == 2
    assert rows.count("budget budget-exceeded") == summary["failed"]["budget-exceeded"] == 10 - 5
    assert len(rows) == 10 + 2
    assert summary["left_out"] == {"max-pages": due}
    assert due == 1 + 12 + 3 - len(rows)


def test_a_process_over_its_memory_ends_the_run_by_name(tmp_path):
    """It ends before or after the first capture: it is over the limit from the start."""
    with Server({"/": answer(html(links("/good/a-story")))}) as server:
        limits = {"MEMUSAGE_LIMIT_MB": 40, "MEMUSAGE_CHECK_INTERVAL_SECONDS": 1, "WARRAQ_SUMMARY_JSON": 1}
        done = spider_crawl(tmp_path, seeds=[server.url("/")], settings=limits, check=False)
    assert json.loads(done.stdout.splitlines()[-1])["reason"] == "memusage_exceeded"
    assert done.returncode == 10


TABLE = re.findall(
    r"^\| ([^|]+) \| `([A-Z_a-z.]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| (.+) \|$",
    (ROOT / "SECURITY.md").read_text("utf-8"),
    re.MULTILINE,
)


def test_every_limit_of_the_settings_is_in_the_table_with_its_default():
    named = {setting: default for _, setting, default, *_ in TABLE}
    wanted = [
        name
        for name in vars(shipped)
        if re.match(r"WARRAQ_(MAX_(?!DELAY|CRAWL|RETRY)|.*(BUDGET|TIMEOUT)|EXTRACTION_(SECONDS|MEGA))", name)
    ]
    assert len(wanted) > 15
    for name in [*wanted, "DOWNLOAD_TIMEOUT", "MEMUSAGE_LIMIT_MB"]:
        assert f"{getattr(shipped, name):,}".removesuffix(".0") in named[name], name
