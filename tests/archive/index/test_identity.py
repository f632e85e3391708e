"""Identity: one article has one history under all its URLs, two articles never share one, and a join can be undone."""

import pytest
from sqlite_utils.utils import sqlite3

from archive import search
from archive.article import Article
from archive.files.clock import warc_timestamp
from archive.index import articles, captures, identity, joins, open_store, places
from archive.index.columns import text_digest
from archive.index.rows import CaptureRow
from archive.outcome import Outcome, OutcomeKind
from archive.urls import identity as identity_of
from archive.urls import surt

TEXT = " ".join(f"word{n} of the story about the bridge" for n in range(30))
OTHER = " ".join(f"term{n} in another report on football" for n in range(30))
AT = "2026-11-24T12:00:00Z"

SAME = (
    "http://a.example/news/1", "https://a.example/news/1", "https://www.a.example/news/1/", "http://a.example:80/news/1#top",
    "https://a.example/news/1?utm_source=rss&fbclid=x", "HTTPS://A.example/news/1",
)  # fmt: skip
ARABIC = (
    "https://a.example/خبر/1",
    "https://a.example/%D8%AE%D8%A8%D8%B1/1",
    "https://a.example/%d8%ae%d8%a8%d8%b1/1/",
)
APART = (
    "https://a.example/news/1", "https://a.example/news/2", "https://a.example/News/1", "https://b.example/news/1",
    "https://a.example/news/1?id=1", "https://a.example/news/1?id=2", "https://a.example:8080/news/1", "https://live.a.example/news/1",
    "https://a.example/news/1.html", "https://a.example/",
)  # fmt: skip


@pytest.mark.parametrize("urls", [SAME, ARABIC, ("https://a.example/?b=2&a=1", "http://a.example/?a=1&b=2")])
def test_spellings_of_one_address_are_one(urls):
    assert len({identity_of(url) for url in urls}) == 1


def test_different_addresses_are_not():
    assert len({identity_of(url) for url in APART}) == len(APART)


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "warraq.db") as store, store.atomic():
        yield store


number = 0


def serve(store, url, text=TEXT, *, page="", at=AT, title="T"):
    """What a commit does with an article that was read: gives the row id of its version."""
    global number  # noqa: PLW0603 - ids of records
    number += 1
    page = page or url
    record_id = f"<urn:uuid:{number}>"
    row = CaptureRow(
        record_id=record_id, record_type="response", url=page, urlkey=surt(page), site="a", timestamp=warc_timestamp(at), captured_at=at,
        status=200, mime="text/html", payload_digest=f"sha1:{number}", warc_filename="a.warc.gz", warc_record_offset=number,
        warc_record_length=9,
    )  # fmt: skip
    captures.insert(store.db, row)
    held = articles.find_version(store.db, url, text_digest(title, text))
    if held is None:
        capture = captures.of_record(store.db, record_id)
        stored = articles.insert_version(
            store.db, Article(url=url, title=title, text=text), capture=capture, conversion_id=""
        )
    else:
        stored = articles.mark_seen(store.db, held, at=at)
    captures.record_outcome(store.db, record_id, Outcome(kind=OutcomeKind.ARTICLE), stored.id)
    return identity.join_page(store.db, page, stored.id, at=at, unindex=lambda _: None)


def redirect(store, source, target, at=AT):
    global number  # noqa: PLW0603 - ids of records
    number += 1
    row = CaptureRow(
        record_id=f"<urn:uuid:{number}>", record_type="response", url=source, urlkey=surt(source), site="a", timestamp="20261124120000",
        captured_at=at, status=301, mime="", payload_digest="", warc_filename="a.warc.gz", warc_record_offset=number, warc_record_length=9,
    )  # fmt: skip
    captures.insert(store.db, row)
    captures.record_outcome(
        store.db, row.record_id, Outcome(kind=OutcomeKind.REDIRECT, reason="http-301", detail=target), None
    )
    identity.join_redirect(store.db, source, target, at=at, unindex=lambda _: None)


def history(store, url):
    return [(row["version"], row["text"][:4]) for row in articles.versions(store.db, url)]


def test_an_article_under_many_spellings_has_one_history_found_under_each(store):
    for hour, url in enumerate(SAME):
        serve(store, url, at=f"2026-11-24T{hour:02d}:00:00Z")
    serve(store, SAME[1], OTHER, at="2026-11-25T00:00:00Z")
    for url in SAME:
        assert history(store, url) == [(1, "word"), (2, "term")]
    assert sum(row["is_latest"] for row in store.db.query("SELECT is_latest FROM articles")) == 1


@pytest.mark.parametrize("redirect_first", [True, False])
def test_a_corrected_slug_or_a_moved_site_goes_on_with_its_history(store, redirect_first):
    old, new = "http://old.example/a/brigde", "https://new.example/a/bridge"
    serve(store, old)
    if redirect_first:
        redirect(store, old, new)
    serve(store, new, TEXT + " and more", at="2026-11-25T00:00:00Z")
    if not redirect_first:
        redirect(store, old, new)
    assert history(store, old) == history(store, new) == [(1, "word"), (2, "word")]
    assert history(store, "https://www.new.example/a/bridge/") == history(store, old)


def test_a_redirect_to_another_article_joins_nothing(store):
    serve(store, "https://a.example/1")
    redirect(store, "https://a.example/1", "https://a.example/2")
    serve(store, "https://a.example/2", OTHER)
    assert len(history(store, "https://a.example/1")) == len(history(store, "https://a.example/2")) == 1


def test_a_page_that_names_a_new_canonical_url_goes_on_with_its_history(store):
    serve(store, "https://a.example/old-slug")
    serve(
        store,
        "https://a.example/new-slug",
        TEXT + " more",
        page="https://a.example/old-slug",
        at="2026-11-25T00:00:00Z",
    )
    assert len(history(store, "https://a.example/old-slug")) == len(history(store, "https://a.example/new-slug")) == 2


@pytest.mark.parametrize(("text", "histories"), [(TEXT, 1), (OTHER, 2)])
def test_a_canonical_url_that_names_another_one_itself_is_followed_to_the_same_text(store, text, histories):
    serve(store, "https://a.example/three")
    serve(store, "https://a.example/three", page="https://a.example/two")
    serve(store, "https://a.example/two", text, page="https://a.example/one")
    keys = store.db.execute("SELECT count(DISTINCT article_key) FROM articles").fetchone()
    assert keys == (histories,)


@pytest.mark.parametrize(
    ("one", "other", "text", "histories"),
    [
        ("/2026/11/story-of-the-town?zz=1", "/2026/11/story-of-the-town?zz=2", TEXT, 1),
        ("/2026/11/story-of-the-town", "/2026/11/story-of-the-town/?m=1", TEXT, 1),
        ("/2026/11/story-of-the-town?zz=1", "/2026/11/story-of-the-town?zz=2", TEXT + " more", 2),
        ("/2026/11/story-of-the-town?zz=1", "/2026/11/story-of-the-towns?zz=1", TEXT, 2),
        ("/story.php?id=1001", "/story.php?id=1002", TEXT, 2),
    ],
)
def test_the_same_text_under_a_path_that_identifies_an_article_is_one_whatever_the_query(
    store, one, other, text, histories
):
    serve(store, f"https://a.example{one}")
    serve(store, f"https://a.example{other}", text)
    keys = store.db.execute("SELECT count(DISTINCT article_key) FROM articles").fetchone()
    assert keys == (histories,)


@pytest.mark.parametrize(
    ("one", "other", "text", "histories"),
    [
        ("/news/12345-bridge-closes", "/news/12345-bridge-opens-again", TEXT, 1),
        ("/news/12345/bridge-closes", "/news/12345/الجسر/", TEXT, 1),
        ("/news/12345-bridge-closes", "/news/12345-bridge-opens", TEXT + " more", 2),
        ("/news/12345-bridge-closes", "/news/12346-bridge-closes", TEXT, 2),
        ("/news/12345-bridge-closes", "/news/123456-bridge-closes", TEXT, 2),
        ("/news/12345-bridge-closes", "/sport/12345-bridge-closes", TEXT, 2),
        ("/2026/prayer-times-of-monday", "/2026/prayer-times-of-tuesday", TEXT, 2),
        ("/20261129-prayer-times", "/20261129-prayer-times-again", TEXT, 2),
        ("/news/123-bridge-closes", "/news/123-bridge-opens", TEXT, 2),
        ("/news/12345-6", "/news/12345-7", TEXT, 2),
    ],
)
def test_the_same_text_under_one_number_is_one_article_whatever_the_slug(store, one, other, text, histories):
    serve(store, f"https://a.example{one}")
    serve(store, f"https://a.example{other}", text)
    keys = store.db.execute("SELECT count(DISTINCT article_key) FROM articles").fetchone()
    assert keys == (histories,)


def test_a_page_that_shows_another_article_each_day_joins_nothing(store):
    serve(store, "https://a.example/1", page="https://a.example/today")
    serve(store, "https://a.example/2", OTHER, page="https://a.example/today", at="2026-11-25T00:00:00Z")
    assert len(history(store, "https://a.example/1")) == len(history(store, "https://a.example/2")) == 1


def test_a_join_is_undone_and_stays_so(store):
    old, new = "https://a.example/old", "https://a.example/new"
    serve(store, old)
    redirect(store, old, new)
    serve(store, new)
    (join,) = joins.all_joins(store.db)
    assert (join.reason, join.versions) == ("redirect", 1)
    assert len(history(store, old)) == 1
    assert len(joins.part(store.db, join.id)) == 1
    assert store.db.conn.execute("SELECT DISTINCT typeof(body) FROM articles").fetchall() == [("blob",)]
    assert [row["url"] for row in articles.versions(store.db, old)] == [old]
    assert [row["url"] for row in articles.versions(store.db, new)] == [new]
    redirect(store, old, new)
    assert [row["url"] for row in articles.versions(store.db, new)] == [new]


def test_what_is_redacted_is_all_spellings_and_leaves_nothing_in_the_joins(store):
    old, new = "https://a.example/old", "https://a.example/new"
    serve(store, old)
    redirect(store, old, new)
    serve(store, new)
    urls = places.urls_of_article(store.db, {"http://www.a.example/new/"})
    assert {old, new} <= urls
    places.forget(store.db, urls, at=AT, reason="asked")
    assert list(store.db.query("SELECT * FROM joins")) == []
    assert list(store.db.query("SELECT * FROM articles")) == []


def as_before(path):
    """The database as version 0.1.0 left it: without keys, one article at three addresses."""
    with open_store(path) as store, store.atomic():
        for hour, url in enumerate(("http://a.example/1", "https://a.example/1", "https://www.a.example/1/")):
            serve(store, f"https://x{hour}.example/", at=f"2026-11-24T{hour:02d}:00:00Z")
            store.db.conn.execute("UPDATE articles SET url = ? WHERE url = ?", (url, f"https://x{hour}.example/"))
            store.db.conn.execute(
                "UPDATE captures SET url = ?, urlkey = ? WHERE url = ?", (url, surt(url), f"https://x{hour}.example/")
            )
        search.rebuild(store.db.conn)
    with sqlite3.connect(path) as db:
        for index in ("articles_key", "captures_redirects", "identities_key"):
            db.execute(f"DROP INDEX {index}")
        db.execute("ALTER TABLE articles DROP COLUMN article_key")
        db.execute("DROP TABLE identities")
        db.execute("DROP TABLE joins")
        db.execute("DELETE FROM _sqlite_migrations WHERE name IN ('0022_identity', '0003_identity')")
    db.close()


def test_an_old_archive_is_read_as_it_is_and_joined_when_it_is_written_to(tmp_path):
    as_before(tmp_path / "warraq.db")
    with open_store(tmp_path / "warraq.db", read_only=True) as store:
        assert len(articles.versions(store.db, "https://a.example/1")) == 3
    with open_store(tmp_path / "warraq.db") as store:
        (row,) = articles.versions(store.db, "https://a.example/1")
        assert (row["fetched_at"], row["last_seen_at"]) == ("2026-11-24T00:00:00Z", "2026-11-24T02:00:00Z")
        (join,) = joins.all_joins(store.db)
        assert (join.reason, join.versions) == ("spelling", 2)
        assert len(list(store.db.query("SELECT * FROM runs WHERE kind = 'join'"))) == 1
        with store.atomic():
            assert len(joins.part(store.db, join.id)) == 2
        for url in ("http://a.example/1", "https://a.example/1", "https://www.a.example/1/"):
            assert [one["url"] for one in articles.versions(store.db, url)] == [url]
