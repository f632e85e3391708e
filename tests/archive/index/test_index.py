"""The store: the guarantees of frontier, captures and versions."""

import itertools
import os
import signal
from dataclasses import replace
from unittest.mock import patch

import pytest
from sqlite_utils.utils import sqlite3

from archive.article import Article
from archive.errors import DatabaseLockedError, ExitCode, NotWritableError, SchemaTooNewError
from archive.index import Store, articles, captures, frontier, open_store, site_lines
from archive.index.columns import text_digest
from archive.index.rows import Candidate, CaptureRow, FetchStatus
from archive.outcome import Outcome, OutcomeKind
from tests.support import connections

NOON, LATER = "2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z"


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "warraq.db") as store:
        yield store


def announced(path, kind="page", **more):
    return Candidate(url=f"https://a.example{path}", site="a", host="a.example", kind=kind, by="page", **more)


def due(store, now=NOON, **more):
    return [
        row.url.removeprefix("https://a.example")
        for row in frontier.next_urls(store.db, site="a", now=now, limit=10, **more)
    ]


def test_what_announces_news_is_drawn_first_and_what_is_unknown_last(store):
    with store.atomic():
        frontier.schedule(
            store.db,
            [announced("/x"), announced("/a", "article"), announced("/", "seed"), announced("/f", "feed")],
            now=NOON,
        )
    assert due(store) == ["/", "/f", "/a", "/x"]


def test_an_announcement_that_says_more_promotes_an_unvisited_url_and_never_demotes_it(store):
    with store.atomic():
        frontier.schedule(store.db, [announced("/a"), announced("/b")], now=NOON)
        frontier.schedule(store.db, [announced("/b", "article")], now=NOON)
        frontier.schedule(store.db, [announced("/b", "page")], now=NOON)
    assert due(store) == ["/b", "/a"]


def test_a_visited_url_is_due_again_at_its_time_and_not_before(store):
    with store.atomic():
        frontier.schedule(store.db, [announced("/a")], now=NOON)
        url_id = frontier.known(store.db, "https://a.example/a")
        frontier.finished(
            store.db, FetchStatus(url_id=url_id, at=NOON, outcome=OutcomeKind.ARTICLE, due_at=LATER, etag='"1"')
        )
    assert due(store) == []
    assert due(store, now=LATER) == ["/a"]


def test_a_newer_date_in_a_feed_makes_a_visited_article_due_at_once(store):
    first = announced("/a", "article", published_hint="2026-11-24T08:00:00Z")
    with store.atomic():
        frontier.schedule(store.db, [first], now=NOON)
        url_id = frontier.known(store.db, first.url)
        frontier.finished(
            store.db, FetchStatus(url_id=url_id, at=NOON, outcome=OutcomeKind.ARTICLE, due_at="2027-01-01T00:00:00Z")
        )
        frontier.schedule(store.db, [first], now=LATER)
    assert due(store, now=LATER) == []
    with store.atomic():
        frontier.schedule(store.db, [replace(first, published_hint="2026-11-24T12:30:00Z")], now=LATER)
    assert due(store, now=LATER) == ["/a"]


def test_rows_under_way_are_passed_over_and_the_batch_is_still_full(store):
    with store.atomic():
        frontier.schedule(store.db, [announced(f"/{n}") for n in range(20)], now=NOON)
    first = frontier.next_urls(store.db, site="a", now=NOON, limit=10)
    busy = {row.id for row in first}
    second = frontier.next_urls(store.db, site="a", now=NOON, limit=10, busy=busy, spare=len(busy))
    assert len(second) == 10
    assert not busy & {row.id for row in second}


def test_a_failed_visit_keeps_what_was_known_of_the_page(store):
    with store.atomic():
        frontier.schedule(store.db, [announced("/a")], now=NOON)
        url_id = frontier.known(store.db, "https://a.example/a")
        frontier.finished(
            store.db,
            FetchStatus(
                url_id=url_id, at=NOON, outcome=OutcomeKind.ARTICLE, due_at=NOON, etag='"1"', payload_digest="sha1:A"
            ),
        )
        frontier.finished(
            store.db,
            FetchStatus(url_id=url_id, at=LATER, outcome=OutcomeKind.FAILED, due_at=LATER, changed=False, failed=True),
        )
    (row,) = frontier.next_urls(store.db, site="a", now=LATER, limit=1)
    assert (row.etag, row.payload_digest, row.failures) == ('"1"', "sha1:A", 1)


def capture(number, at):
    return CaptureRow(
        record_id=f"<urn:uuid:{number}>", record_type="response", url="https://a.example/a", urlkey="example,a)/a", site="a",
        timestamp="".join(filter(str.isdigit, at)), captured_at=at, status=200, mime="text/html", payload_digest=f"sha1:{number}",
        warc_filename="x.warc.gz", warc_record_offset=number, warc_record_length=10,
    )  # fmt: skip


def put(store, number, at, text):
    article = Article(url="https://a.example/a", title="عنوان", text=text)
    with store.atomic():
        captures.insert(store.db, capture(number, at))
        held = articles.find_version(store.db, article.url, text_digest(article.title, article.text))
        if held is not None:
            stored = articles.mark_seen(store.db, held, at=at)
        else:
            row = captures.of_record(store.db, f"<urn:uuid:{number}>")
            stored = articles.insert_version(store.db, article, capture=row, conversion_id="")
        captures.record_outcome(store.db, f"<urn:uuid:{number}>", Outcome(kind=OutcomeKind.ARTICLE), stored.id)
    return stored.change


def test_each_distinct_text_is_one_version_and_the_one_served_last_is_the_latest(store):
    changes = [put(store, 1, "2026-01-01T00:00:00Z", "أ"), put(store, 2, "2026-01-02T00:00:00Z", "ب")]
    changes += [put(store, 3, "2026-01-03T00:00:00Z", "ب"), put(store, 4, "2026-01-04T00:00:00Z", "أ")]
    assert changes == ["new", "changed", "unchanged", "unchanged"]
    rows = articles.versions(store.db, "https://a.example/a")
    assert [(row["text"], row["version"], row["is_latest"]) for row in rows] == [("أ", 1, 1), ("ب", 2, 0)]


def test_an_older_version_that_arrives_later_takes_its_place_in_time(store):
    put(store, 1, "2026-02-01T00:00:00Z", "الثانية")
    put(store, 2, "2026-01-01T00:00:00Z", "الأولى")
    rows = articles.versions(store.db, "https://a.example/a")
    assert [(row["text"], row["version"], row["is_latest"]) for row in rows] == [("الأولى", 1, 0), ("الثانية", 2, 1)]


def test_white_space_and_normal_form_make_no_version(store):
    assert text_digest("e\u0301", "a  b\nc") == text_digest("\u00e9", "a b c")
    assert text_digest("x", "كِتاب") != text_digest("x", "كتاب")


def test_a_host_teaches_only_what_it_repeats(store):
    with store.atomic():
        for page in range(12):
            site_lines.count_lines(
                store.db, "a.example", ["share", "share", f"only {page}", *(["rare"] if page == 1 else [])]
            )
    assert site_lines.boilerplate_of(store.db, "a.example") == {"share"}
    assert site_lines.boilerplate_of(store.db, "b.example") == frozenset()


def test_a_database_of_a_later_version_is_refused_by_name(tmp_path):
    open_store(tmp_path / "warraq.db").close()
    with sqlite3.connect(tmp_path / "warraq.db") as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('warraq', '0099_future', '')"
        )
    db.close()
    with pytest.raises(SchemaTooNewError, match="0099_future"):
        open_store(tmp_path / "warraq.db")


def test_a_file_that_cannot_be_made_is_named(tmp_path):
    with pytest.raises(NotWritableError, match="nowhere"):
        open_store(tmp_path / "nowhere" / "warraq.db")


def test_schema_holds_nothing_that_the_sqlite3_of_debian_12_cannot_read(store):
    statements = " ".join(
        row[0] for row in store.db.conn.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
    )
    assert "contentless_delete" not in statements
    assert "jsonb" not in statements.lower()


def write(store):
    with store.atomic():
        frontier.schedule(store.db, [announced("/a")], now=NOON)


def test_a_lock_that_another_program_holds_is_named_as_one(tmp_path):
    path = tmp_path / "warraq.db"
    with open_store(path, patience=0.01) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseLockedError, match="locked by another program") as raised:
            write(store)
        assert raised.value.exit_code == ExitCode.LOCKED
        assert "free space" not in str(raised.value)
        assert "repeat the command" in str(raised.value)  # true of a crawl, an import, a redaction
        other.close()
        write(store)
        assert due(store) == ["/a"]


def schema(path):
    """What is in the database before anything was written to it, row times apart."""
    with open_store(path) as store:
        made = sorted(str(row) for row in store.db.conn.execute("SELECT type, name, sql FROM sqlite_master"))
        return made, [row["name"] for row in store.db.query("SELECT name FROM _sqlite_migrations ORDER BY 1")]


def make_and_die(path, at):
    """Makes a database in a process that is killed before that statement; whether it lived to the end."""
    child = os.fork()
    if not child:
        steps = itertools.count()

        def die(_statement):
            if next(steps) == at:
                os.kill(os.getpid(), signal.SIGKILL)

        def traced(*args, **more):
            connection = sqlite3.connect(*args, **more)
            connection.set_trace_callback(die)
            return connection

        try:
            with patch.object(Store, "_connect", lambda self: traced(self.path, check_same_thread=False)):
                open_store(path)
            os._exit(0)
        finally:
            os._exit(1)
    ended = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(ended) or os.WEXITSTATUS(ended) == 0
    return not os.WIFSIGNALED(ended)


@pytest.mark.slow
def test_a_database_whose_making_was_killed_at_any_statement_ends_like_one_made_at_once(tmp_path):
    expected = schema(tmp_path / "whole.db")
    at, lived = 0, False
    while not lived:
        path = tmp_path / f"{at}.db"
        lived = make_and_die(path, at)
        assert schema(path) == expected, at
        at += 1 if at < 40 else 7
    assert at > 100


def test_a_database_that_a_test_leaves_open_is_found(tmp_path):
    before = connections.count()
    sqlite3.connect(tmp_path / "dropped.db")
    in_cycle: list[object] = [sqlite3.connect(tmp_path / "cycle.db")]
    in_cycle.append(in_cycle)
    del in_cycle
    sqlite3.connect(tmp_path / "closed.db").close()
    assert [place.partition(":")[0] for place in connections.unclosed(before)] == [__file__, __file__]
