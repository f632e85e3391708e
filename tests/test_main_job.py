"""The main job, end to end: the demo site over real HTTP into WARC and SQLite, twice, compared with the site's contents."""

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from archive import Archive
from demo.server import DemoServer
from tests.support.program import scrapy

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
EXPECTED = json.loads((ROOT / "demo" / "expected.json").read_text("utf-8"))


def crawl(url, folder, *more, code=0):
    settings = (
        f"ARCHIVE_DIR={folder}",
        "WARRAQ_OPEN_NETWORKS=127.0.0.0/8",
        "DOWNLOAD_DELAY=0",
        "WARRAQ_SUMMARY_JSON=1",
    )
    done = scrapy("crawl", "news", "-a", f"url={url}", *(word for one in settings for word in ("-s", one)), *more)
    assert done.returncode == code, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1]) if code in {0, 9} else done.stderr


@pytest.fixture(scope="module")
def two_days(tmp_path_factory):
    folder = tmp_path_factory.mktemp("collections") / "demo"
    with DemoServer(edition=1) as site:
        first = crawl(site.url, folder)
        with Archive(folder) as archive:
            day_one = {path_of(row): row for row in archive.newest(limit=100)}
        site.requests.clear()
        site.edition = 2
        second = crawl(site.url, folder, "-a", "recheck=all")
        yield folder, first, day_one, second, list(site.requests)


def path_of(row):
    return unquote(urlsplit(row["url"]).path)


def test_the_archive_holds_the_articles_of_the_site_and_nothing_else(two_days):
    _, _, day_one, _, _ = two_days
    assert sorted(day_one) == sorted(EXPECTED["edition1"]["articles"])


@pytest.mark.parametrize("path", sorted(EXPECTED["edition1"]["articles"]))
def test_each_article_says_what_the_site_says(two_days, path):
    _, _, day_one, _, _ = two_days
    wanted, row = EXPECTED["edition1"]["articles"][path], day_one[path]
    assert row["title"] == wanted["title"]
    assert row["text"].split("\n") == wanted["paragraphs"]
    assert row["section"] == wanted["section"]
    assert row["language"] == wanted["language"]
    assert row["date_published"] == wanted["date_published"]
    assert row["author"].split("; ") == (wanted["authors"] or [""])


def test_pages_that_are_no_articles_are_kept_and_named(two_days):
    folder, _, _, _, _ = two_days
    said = {}
    with Archive(folder) as archive:
        for row in archive.db.query("SELECT * FROM captures WHERE captured_at <= (SELECT min(ended_at) FROM runs)"):
            said.setdefault(path_of(row), set()).update({row["reason"], row["outcome"]})
    reached = {path: reason for path, reason in EXPECTED["edition1"]["not_articles"].items() if path in said}
    wrong = {
        path: said[path] for path, reason in reached.items() if reason not in said[path] or "article" in said[path]
    }
    assert not wrong
    assert len(reached) > 20


def test_the_day_after_only_what_changed_is_fetched_in_full(two_days):
    _, first, _, second, requests = two_days
    full = {unquote(request.path) for request in requests if request.status == 200}
    later = EXPECTED["edition2"]
    unchanged = set(EXPECTED["edition1"]["articles"]) - set(later["changed"]) - set(later["new_bytes_same_article"])
    assert not full & unchanged
    assert second["articles_new"] == len(later["new"])
    assert second["articles_changed"] == len(later["changed"])
    assert first["articles_new"] == len(EXPECTED["edition1"]["articles"])


def test_every_row_points_at_the_record_that_proves_it(two_days):
    folder, _, _, _, _ = two_days
    with Archive(folder) as archive:
        for row in archive.newest(limit=100):
            record = archive.record(row)
            assert record.type == "response"
            assert record.url == row["url"] or archive.db["captures"].get(row["capture_id"])["url"] == record.url
            assert record.block.startswith(b"HTTP/1.1 200")


def test_a_search_finds_the_seed_and_plain_sqlite_opens_the_file(two_days):
    folder, _, _, _, _ = two_days
    with Archive(folder) as archive:
        hits = archive.search("الذكاء الاصطناعي").hits
        assert "الذكاء الاصطناعي" in hits[0].title
    sql = "SELECT count(*) FROM newsarticle WHERE articleBody LIKE '%الذكاء%'"
    shown = subprocess.run(
        [sys.executable, "-c", f"import sqlite3; print(sqlite3.connect({str(folder / 'warraq.db')!r}).execute({sql!r}).fetchone()[0])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(shown.stdout) >= 1


def test_a_host_that_cannot_be_reached_is_one_clear_line_and_its_own_exit_code(tmp_path):
    summary = crawl("http://127.0.0.1:9/", tmp_path / "x", code=9)
    assert "connection-refused" in summary["problem"]


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    error = crawl("http://127.0.0.1:9/", tmp_path / "file" / "x", code=6)
    assert re.fullmatch(r"scrapy crawl: cannot write to .*: free space.*", error.splitlines()[-1])
