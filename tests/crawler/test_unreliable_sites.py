"""Sites that disappear, redirect, need cookies or send odd responses, crawled by a clock that the test sets."""

import gzip
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.site import Site, article_page, crawl, list_page

pytestmark = pytest.mark.slow

FIRST = datetime(2026, 11, 1, 6, tzinfo=UTC)


@pytest.fixture
def on(monkeypatch):
    """Crawls at a day of the simulation."""

    def at(day, site, folder, **more):
        monkeypatch.setenv("SIMULATED_NOW", (FIRST + timedelta(days=day)).isoformat())
        first = len(site.asked)
        clock = ("-s", "WARRAQ_CLOCK=tests.simulation.clock.now", "-s", "WARRAQ_EXTRACTION_WORKERS=1")
        summary = crawl(f"{site.url}/", folder, *clock, **more)
        return summary, site.asked[first:]

    return at


def rows(folder, sql):
    with closing(sqlite3.connect(folder / "warraq.db")) as db:
        return db.execute(sql).fetchall()


def story(n):
    return f"/2026/11/0{n}/story-number-{n}-of-the-harbour"


def newsroom(*numbers):
    pages = {story(n): article_page(f"Story number {n} of the harbour") for n in numbers}
    return {"/": list_page(*pages), **pages}


@pytest.mark.simulation
def test_a_site_that_was_away_for_months_is_crawled_again_and_its_articles_are_back(tmp_path, on):
    with Site(newsroom(1)) as site:
        on(0, site, tmp_path / "a")
        site.pages = dict.fromkeys(site.pages, (404, {}, b"away"))
        for day in (1, 2, 4, 9, 20, 60):
            _, asked = on(day, site, tmp_path / "a", code=9)
            assert "/" in asked, day
        assert rows(tmp_path / "a", "SELECT count(gone_at) FROM articles") == [(1,)]
        site.pages = newsroom(1, 2)
        summary, asked = on(120, site, tmp_path / "a")
        assert {"/", story(1), story(2)} <= set(asked)
        assert summary["articles_new"] == 1
    assert rows(tmp_path / "a", "SELECT count(gone_at) FROM articles") == [(0,)]


def test_a_maintenance_page_stands_in_for_a_day_and_is_no_article(tmp_path, on):
    away = (302, {"Location": "/maintenance.html"}, b"")
    with Site(newsroom(1)) as site:
        on(0, site, tmp_path / "a")
        home, site.pages["/"] = site.pages["/"], away
        site.pages["/maintenance.html"] = article_page("We are working on our site and shall be back soon")
        on(1, site, tmp_path / "a")
        site.pages = newsroom(1, 2) | {"/maintenance.html": home}
        _, asked = on(1.2, site, tmp_path / "a")
        assert {"/", story(2)} <= set(asked)
        assert "/maintenance.html" not in asked
    titles = {title for (title,) in rows(tmp_path / "a", "SELECT title FROM articles")}
    assert titles == {"Story number 1 of the harbour", "Story number 2 of the harbour"}


def test_a_ring_of_redirects_is_passed_with_the_cookie_that_it_sets(tmp_path, on):
    def gate(page):
        ring = (302, {"Location": "/", "Set-Cookie": "seen=1; path=/"}, b"")
        return lambda headers: page if "seen=1" in headers.get("Cookie", "") else ring

    pages = newsroom(1)
    with Site({path: gate(page) for path, page in pages.items()}) as site:
        summary, _ = on(0, site, tmp_path / "a")
    assert summary["articles_new"] == 1
    warc = next((tmp_path / "a" / "archive").glob("*.warc.gz"))
    assert b"Cookie: seen=1\r\n" not in gzip.decompress(warc.read_bytes()).replace(b"Set-Cookie: seen=1; path=/", b"")


def test_a_site_without_articles_says_why(tmp_path, on, monkeypatch):
    monkeypatch.setenv("WARRAQ_RENDER", "never")
    with Site({"/": '<html><body><div id="root"></div><script src="/app.js"></script></body></html>'}) as site:
        summary, _ = on(0, site, tmp_path / "a", code=15)
    assert summary["no_article"] == "no-links"
    assert "no article was found" in summary["warnings"][0]


@pytest.mark.parametrize(("refused", "code"), [(range(2, 8), 15), (range(2, 5), 0)])
def test_a_site_that_refuses_all_its_articles_says_so(tmp_path, on, refused, code):
    with Site(newsroom(1)) as site:
        on(0, site, tmp_path / "a")
        site.pages = newsroom(*refused) | {story(n): (403, {}, b"no") for n in refused}
        summary, asked = on(30, site, tmp_path / "a", code=code)
    assert {story(n) for n in refused} <= set(asked)
    assert summary["no_article"] == ("http-403" if code else "")


@pytest.mark.parametrize("address", ["http://no-such-host.invalid/", "http://127.0.0.1:1/"])
def test_a_site_that_gives_nothing_leaves_no_folder(tmp_path, address):
    said = crawl(address, tmp_path / "collections" / "new", code=9)
    assert not list(tmp_path.iterdir())
    assert said["folder"] == ""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "notes.txt").write_text("mine")
    crawl(address, tmp_path / "own", code=9)
    assert [path.name for path in (tmp_path / "own").iterdir()] == ["notes.txt"]


def test_an_archive_stays_when_its_site_gives_nothing_any_more(tmp_path, on):
    with Site(newsroom(1)) as site:
        on(0, site, tmp_path / "a")
    crawl(f"{site.url}/", tmp_path / "a", code=9)
    assert rows(tmp_path / "a", "SELECT count(*) FROM articles") == [(1,)]
