"""Costs that must not grow with the archive: the write-ahead log, the count of due URLs, the rows that a list reads."""

import logging
import threading

import pytest
from sqlite_utils.utils import sqlite3

from archive.index import frontier, identity, open_store, reports, sqlite
from archive.index.rows import Candidate

NOON, LATER = "2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z"
MEGABYTE = 1 << 20


def announced(number, kind="page", site="a"):
    url = f"https://{site}.example/{'long-' * 30}{number}"
    return Candidate(url=url, site=site, host=f"{site}.example", kind=kind, by="page")


def write(store, megabytes, start=0):
    """Commits until so much has gone through the log."""
    for group in range(megabytes * 8):
        with store.atomic():
            frontier.schedule(store.db, (announced(start + group * 200 + n) for n in range(200)), now=NOON)


@pytest.fixture
def store(tmp_path, monkeypatch):
    for name, value in (
        ("AUTOCHECKPOINT_PAGES", 100),
        ("KEPT_BYTES", MEGABYTE),
        ("LARGE_BYTES", 2 * MEGABYTE),
        ("PATIENCE_MS", 10),
    ):
        monkeypatch.setattr(sqlite, name, value)
    with open_store(tmp_path / "warraq.db") as store:
        yield store


def log_bytes(store):
    return store.path.with_name("warraq.db-wal").stat().st_size


def test_the_log_stays_short_while_nobody_reads(store, caplog):
    write(store, 4)
    assert log_bytes(store) < 2 * MEGABYTE
    assert store.log_held_bytes == 0
    assert not caplog.records


def test_a_reader_that_stays_is_named_and_stops_nothing(store, caplog):
    reader = sqlite3.connect(store.path)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM urls").fetchone() == (0,)
    with caplog.at_level(logging.WARNING):
        write(store, 4)
    assert log_bytes(store) > 2 * MEGABYTE
    assert store.log_held_bytes >= 2 * MEGABYTE
    assert 1 <= sum("wal-held" in record.message for record in caplog.records) <= 5
    assert reader.execute("SELECT count(*) FROM urls").fetchone() == (0,)
    reader.close()
    write(store, 1, start=1_000_000)
    assert log_bytes(store) <= MEGABYTE
    assert store.db["urls"].count == 200 * 8 * 5


def read_on_and_on(path, stop, seconds=0.03):
    """Reads an old state for a moment, again and again."""
    reader = sqlite3.connect(path, timeout=5)
    while not stop.is_set():
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM site_pages").fetchone()
        stop.wait(seconds)
        reader.rollback()
    reader.close()


@pytest.mark.slow
def test_readers_that_come_and_go_without_a_pause_do_not_let_the_log_grow(store, monkeypatch):
    monkeypatch.setattr(sqlite, "PATIENCE_MS", 20_000)  # as long as a busy machine may let a reader of 30 ms wait
    stop = threading.Event()
    readers = [threading.Thread(target=read_on_and_on, args=(store.path, stop)) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        write(store, 6)
        assert log_bytes(store) < 4 * MEGABYTE  # some 40 without the guard
    finally:
        stop.set()
        for reader in readers:
            reader.join()


def test_what_is_due_is_counted_over_all_kinds_and_to_a_bound(store, monkeypatch):
    with store.atomic():
        frontier.schedule(store.db, [announced(1, "seed"), announced(2, "article"), announced(3)], now=NOON)
        frontier.schedule(store.db, [announced(4)], now=LATER)
        frontier.schedule(store.db, [announced(5, site="b")], now=NOON)
    assert frontier.count_due(store.db, site="a", now=NOON) == 3
    assert frontier.count_due(store.db, site="a", now=LATER) == 4
    monkeypatch.setattr(frontier, "DUE_COUNTED", 2)
    assert frontier.count_due(store.db, site="a", now=LATER) == 2


def test_the_ledger_has_the_announcements_of_every_site(store):
    with store.atomic():
        frontier.schedule(store.db, [announced(n, "article", site) for site in "cab" for n in range(2)], now=NOON)
    rows = reports.misses(store.db, first="2026-11-24", after="2026-11-25")
    assert [(row["site"], row["urls"]) for row in rows] == [("a", 2), ("b", 2), ("c", 2)]


@pytest.mark.parametrize(
    "question",
    [
        "SELECT * FROM articles WHERE is_latest = 1 ORDER BY coalesce(published_at, fetched_at) DESC, id DESC LIMIT 20",
        "SELECT length(text) FROM articles WHERE fetched_at >= '2026-11-01' AND fetched_at < '2026-11-02'",
    ],
)
def test_lists_by_time_are_read_from_an_index_and_not_sorted(store, question):
    plan = " ".join(row[3] for row in store.db.conn.execute(f"EXPLAIN QUERY PLAN {question}"))
    assert "INDEX articles_" in plan
    assert "TEMP B-TREE" not in plan


def test_what_is_asked_of_each_article_with_another_canonical_url_is_searched_in_an_index(store):
    asked = []
    store.db.conn.set_trace_callback(asked.append)
    identity.is_disbelieved(store.db, "https://a.example/1")
    identity.withdraw_claims(store.db, "https://a.example/1", "title", "text", unindex=list)
    store.db.conn.set_trace_callback(None)
    plans = [row[3] for one in asked for row in store.db.conn.execute(f"EXPLAIN QUERY PLAN {one}")]
    assert len([step for step in plans if step.startswith("SEARCH")]) > len(asked)
    assert not [step for step in plans if step.startswith("SCAN") and step != "SCAN CONSTANT ROW"]
