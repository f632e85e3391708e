"""`warraq save`: one page with the same visit as in a crawl, and nothing else of its site."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.program import scrapy
from tests.support.site import Site, article_page, list_page

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

STORY, OTHER = "/2026/11/28/story-of-the-harbour-ferry", "/2026/11/28/another-story-of-the-town"


def save(url: str, folder: Path, *, code: int = 0) -> dict[str, object]:
    given = (
        "ARCHIVE_DIR=" + str(folder),
        "WARRAQ_OPEN_NETWORKS=127.0.0.0/8",
        "DOWNLOAD_DELAY=0",
        "WARRAQ_SUMMARY_JSON=1",
    )
    settings = [word for one in given for word in ("-s", one)]
    done = scrapy("crawl", "news", "-a", f"page={url}", *settings)
    assert done.returncode == code, (done.returncode, done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}


def titles(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "warraq.db")) as db:
        return [row[0] for row in db.execute("SELECT title FROM articles ORDER BY id")]


def test_a_page_is_saved_alone_and_again_when_it_changed(tmp_path):
    pages = {
        "/": list_page(STORY, OTHER),
        STORY: article_page(
            "Story of the harbour ferry", foot=f'<a href="{OTHER}">Another story of the town tonight</a>'
        ),
        OTHER: article_page("Another story of the town"),
        "/short": (302, {"Location": STORY}, b""),
    }
    folder = tmp_path / "saved"
    with Site(pages) as site:
        save(f"{site.url}{STORY}", folder)
        assert titles(folder) == ["Story of the harbour ferry"]
        assert {path for path in site.asked if "story" in path or path == "/"} == {STORY}
        site.pages[STORY] = article_page("Story of the harbour ferry, corrected")
        save(f"{site.url}/short", folder)
        assert titles(folder) == ["Story of the harbour ferry", "Story of the harbour ferry, corrected"]
        assert OTHER not in site.asked


def test_robots_txt_holds_for_a_saved_page(tmp_path):
    pages = {
        "/robots.txt": (200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /2026/\n"),
        STORY: article_page("Story"),
    }
    with Site(pages) as site:
        save(f"{site.url}{STORY}", tmp_path / "saved", code=15)
        assert STORY not in site.asked


def test_a_page_that_gave_nothing_is_told_in_an_archive_of_other_articles_too(tmp_path):
    pages = {"/": list_page(STORY), STORY: article_page("Story of the harbour ferry")}
    moved = "/2026/11/28/story-that-was-moved"
    folder = tmp_path / "saved"
    with Site(pages | {moved: (302, {"Location": OTHER}, b"")}) as site:
        save(f"{site.url}{STORY}", folder)
        assert "http-404" in save(f"{site.url}{OTHER}", folder, code=15)["warnings"][0]
        save(f"{site.url}{moved}", folder, code=15)
        save(f"{site.url}/", folder)
        save(f"{site.url}{STORY}", folder)
    assert "failed" in save(f"{site.url}/2026/11/28/after-the-server-went", folder, code=15)


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "file:///etc/passwd", "http://"])
def test_what_is_no_web_address_is_refused_in_one_line(tmp_path, url):
    done = scrapy("crawl", "news", "-a", f"page={url}", "-s", f"ARCHIVE_DIR={tmp_path / 'saved'}")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "saved" / "warraq.db").exists()
