"""Ids of articles are kept by reindex and never reused; former ids lead to their article or report that it is gone."""

import json
import os
from datetime import UTC, datetime

import pytest
from sqlite_utils.utils import sqlite3

from archive import Archive
from archive.collection import Collection
from archive.errors import ArticleGoneError, NotFoundError
from archive.ingest import open_writer
from archive.ingest.commit import disposition_of
from archive.parse.parse import ParseTask, parse_task
from tests.support.cli import warraq
from tests.support.pages import capture, page
from tests.support.shelf import Client

pytestmark = pytest.mark.slow

NOON = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
TITLES = tuple(f"عنوان الخبر {word} في هذا الاختبار الطويل" for word in ("الأول", "الثاني", "الثالث"))
URLS = tuple(f"https://news.example/2026/11/{number}" for number in (1, 2, 3))


def crawl(folder, *paths, minute=0):
    """Put the pages of these paths into the archive, in a file of their own."""
    ingest = open_writer(Collection(folder), info={"software": "warraq test"}, clock=lambda: NOON)
    for number, path in enumerate(paths):
        one = capture(path, page(TITLES[int(path[-1]) - 1]) if path != "/" else b"<p>Nothing.</p>", minute + number)
        row = ingest.record(one, site="paper")
        ingest.finish(
            disposition_of(row, parse_task(ParseTask(url=one.url, response=one.response, fetched_at=one.started)))
        )
        ingest.commit()
    ingest.close()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "news"
    crawl(folder, "/2026/11/1", "/2026/11/2", "/2026/11/3")
    return folder


def ids(folder):
    with Archive(folder) as archive:
        return {row["url"]: row["id"] for row in archive.articles()}


def change(folder, sql, *values):
    db = sqlite3.connect(folder / "warraq.db")
    with db:
        db.execute("PRAGMA defer_foreign_keys = ON")
        db.execute(sql, values)
    db.close()


def room_of(folder):
    pytest.importorskip("starlette", reason="needs starlette, of the web extra")
    from archive.web import create_app

    return Client(create_app(folder, hosts=("localhost",)))


def test_a_reindex_keeps_each_id_whatever_the_order(folder):
    for old, new in ((1, 71), (2, 5), (3, 40)):
        for table, column in (("captures", "article_id"), ("articles", "id")):
            change(folder, f"UPDATE {table} SET {column} = ? WHERE {column} = ?", new, old)
    before = ids(folder)
    assert sorted(before.values()) == [5, 40, 71]
    warraq("--archive", folder, "reindex")
    assert ids(folder) == before
    crawl(folder, "/2026/12/1", minute=9)
    assert max(ids(folder).values()) == 72


def put_article(folder, article_id, *, read_from):
    """Put in an article as an earlier version may have read it from the capture of that URL."""
    db = sqlite3.connect(folder / "warraq.db")
    names = ", ".join(
        row[1] for row in db.execute("PRAGMA table_info(articles)") if row[1] not in {"id", "capture_id", "text_digest"}
    )
    with db:
        db.execute(
            f"INSERT INTO articles (id, capture_id, text_digest, {names}) "
            f"SELECT ?, (SELECT id FROM captures WHERE url = ?), 'other', {names} FROM articles LIMIT 1",
            (article_id, read_from),
        )
    db.close()


def test_an_id_whose_page_gives_no_article_any_more_says_so_and_is_not_given_again(folder):
    crawl(folder, "/", minute=8)
    put_article(folder, 12, read_from="https://news.example/")
    warraq("--archive", folder, "reindex")
    with (
        Archive(folder) as archive,
        pytest.raises(ArticleGoneError, match=r"article 12, which was at https://news.example/"),
    ):
        archive.article(12)
    assert "no longer holds article 12" in warraq("--archive", folder, "show", "12", code=8).stderr
    answer = room_of(folder).get("/articles/12?lang=en")
    assert answer.status_code == 410
    assert 'href="/search?q=https%3A%2F%2Fnews.example%2F&amp;lang=en"' in answer.text
    assert room_of(folder).get("/api/articles/12").json()["error"]["status"] == 410
    crawl(folder, "/2026/12/1", minute=9)
    assert max(ids(folder).values()) == 13


def test_an_id_of_a_version_that_is_read_as_another_leads_to_that_one(folder):
    put_article(folder, 12, read_from=URLS[1])
    warraq("--archive", folder, "reindex")
    with Archive(folder) as archive:
        assert archive.article(12)["url"] == URLS[1]
    answer = room_of(folder).get("/articles/12", follow=False)
    assert answer.headers["location"].endswith(f"/a/20261124120100/{URLS[1]}")
    answer = room_of(folder).get("/articles/12?q=x", follow=False)
    assert answer.headers["location"].endswith(f"/articles/{ids(folder)[URLS[1]]}?q=x")


@pytest.mark.parametrize("damaged", [False, True])
def test_after_the_loss_of_a_database_no_id_is_given_that_an_earlier_one_may_have_been(folder, damaged):
    before = ids(folder)
    for path in folder.glob("warraq.db*"):
        path.unlink()
    if damaged:
        (folder / "warraq.db").write_bytes(os.urandom(9000))
    else:
        (folder / "warraq.db").touch()
    warraq("--archive", folder, "reindex")
    assert not set(ids(folder).values()) & set(before.values())
    assert min(ids(folder).values()) > NOON.timestamp() - 1e9
    with Archive(folder) as archive:
        for number in before.values():
            with pytest.raises(NotFoundError):
                archive.article(number)
    after = ids(folder)
    warraq("--archive", folder, "reindex")
    assert ids(folder) == after


def test_ids_of_a_foreign_database_that_leave_no_room_are_not_kept(folder):
    change(folder, "UPDATE captures SET article_id = ? WHERE article_id = 3", 1 << 62)
    change(folder, "UPDATE articles SET id = ? WHERE id = 3", 1 << 62)
    warraq("--archive", folder, "reindex")
    assert max(ids(folder).values()) < 10


def test_the_id_of_a_redacted_article_is_not_given_again_and_does_not_tell_its_url(folder):
    warraq("--archive", folder, "redact", URLS[2], "--reason", "asked", "--yes")
    for _ in range(2):
        answer = room_of(folder).get("/articles/3")
        assert answer.status_code == 410
        assert URLS[2] not in answer.text
        warraq("--archive", folder, "reindex")
    crawl(folder, "/2026/12/1", minute=9)
    assert max(ids(folder).values()) == 4


def test_the_id_of_a_version_that_a_join_removed_leads_to_the_one_that_stays(folder):
    from archive import search
    from archive.index import joins, open_store

    with open_store(Collection(folder).database) as store, store.atomic():
        store.db.conn.execute("UPDATE articles SET text_digest = 'same' WHERE id IN (1, 2)")
        keys = [row[0] for row in store.db.conn.execute("SELECT article_key FROM articles WHERE id IN (1, 2)")]
        gone = joins.join_keys(
            store.db, *keys, reason="canonical", at="2026-11-24T13:00:00Z",
            unindex=lambda rows: search.unindex_articles(store.db.conn, rows),
        )  # fmt: skip
    ((dropped, kept),) = gone.items()
    with Archive(folder) as archive:
        assert archive.article(dropped)["id"] == kept
    with open_store(Collection(folder).database) as store:
        with store.atomic():
            assert joins.part(store.db, 1) == [dropped]
        assert store.db.conn.execute("SELECT count(*) FROM former_ids").fetchone()[0] == 0


def test_a_merge_keeps_what_ids_stood_for_in_the_archives_that_it_took_in(folder, tmp_path):
    other = tmp_path / "other"
    crawl(other, "/2026/11/3", "/2026/11/2", minute=20)
    warraq("merge", folder, other, tmp_path / "all")
    held = ids(tmp_path / "all")
    room = room_of(tmp_path / "all")
    for name, source in (("news", folder), ("other", other)):
        for url, number in ids(source).items():
            shown = json.loads(warraq("--archive", tmp_path / "all", "show", f"{name}/{number}", "--json").stdout)
            assert shown["url"] == url
            answer = room.get(f"/archives/{name}/articles/{number}", follow=False)
            assert answer.headers["location"] == f"http://localhost/articles/{held[url]}"
    assert room.get("/archives/nobody/articles/1").status_code == 404
    warraq("merge", tmp_path / "all", tmp_path / "more")
    assert room_of(tmp_path / "more").get("/archives/other/articles/1").text.count(TITLES[2])
    assert room_of(tmp_path / "more").get("/archives/all/articles/1").status_code == 200


def test_an_id_that_two_archives_of_one_name_gave_to_two_articles_leads_to_neither(folder, tmp_path):
    other = tmp_path / "elsewhere" / "news"
    crawl(other, "/2026/11/3", minute=20)
    warraq("merge", folder, other, tmp_path / "all")
    assert room_of(tmp_path / "all").get("/archives/news/articles/1").status_code == 410
    assert room_of(tmp_path / "all").get("/archives/news/articles/2", follow=False).status_code == 301
