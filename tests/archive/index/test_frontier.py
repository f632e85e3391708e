"""The order of due URLs, the effect of new announcements, and pauses of a host."""

from dataclasses import replace

import pytest

from archive.index import frontier, open_store
from archive.index.rows import Candidate, FetchStatus, Precedence, precedence
from archive.outcome import OutcomeKind

NOON, LATER, NEXT_DAY = "2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z", "2026-11-25T12:30:00Z"
FEED = "https://a.example/feed"


@pytest.fixture
def db(tmp_path):
    with open_store(tmp_path / "warraq.db") as store, store.atomic():
        yield store.db


def candidate(path, kind="article", **more):
    fields = {"by": "sitemap", "host": "a.example", **more}
    return Candidate(url=f"https://a.example{path}", site="a", kind=kind, **fields)


def due(db, now=NOON, limit=10):
    return [row.url.removeprefix("https://a.example") for row in frontier.next_urls(db, site="a", now=now, limit=limit)]


def visit(db, path, outcome=OutcomeKind.ARTICLE, *, at=NOON, due_at="", **more):
    failed = outcome.is_failure
    url_id = frontier.known(db, f"https://a.example{path}")
    status = FetchStatus(
        url_id=url_id, at=at, outcome=outcome, due_at=due_at, failed=failed, changed=not failed, **more
    )
    frontier.finished(db, status)


def test_what_a_feed_lists_comes_before_a_backlog_however_old_and_large(db):
    frontier.schedule(db, [candidate(f"/old/{n}", published_hint="2009-01-01T00:00:00Z") for n in range(300)], now=NOON)
    frontier.schedule(db, [candidate(f"/new/{n}", by="feed", listed=True) for n in range(9)], now=LATER)
    assert sorted(due(db, now=LATER, limit=12))[:9] == [f"/new/{n}" for n in range(9)]


def test_news_of_a_sitemap_comes_before_its_backlog_unless_its_times_are_not_believed(db):
    frontier.schedule(db, [candidate("/old")], now=NOON)
    frontier.schedule(db, [candidate("/today", published_hint="2026-11-24T09:00:00Z")], now=NOON)
    frontier.schedule(db, [candidate("/doubtful", published_hint="2026-11-24T09:00:00Z", believed=False)], now=NOON)
    assert due(db) == ["/today", "/old", "/doubtful"]


def test_first_visits_come_before_revisits_and_neither_starves(db):
    frontier.schedule(db, [candidate(f"/seen/{n}") for n in range(50)], now=NOON)
    for n in range(50):
        visit(db, f"/seen/{n}", due_at=NOON)
    frontier.schedule(db, [candidate(f"/old/{n}") for n in range(50)], now=LATER)
    drawn = due(db, now=LATER, limit=20)
    assert sum(path.startswith("/old") for path in drawn) == 16
    assert sum(path.startswith("/seen") for path in drawn) == 4


def test_parts_of_an_index_wait_for_news_unless_they_changed_lately():
    assert precedence("sitemap", by="sitemap", listed=False, fresh=False) > Precedence.LISTED
    assert precedence("sitemap", by="sitemap", listed=False, fresh=True) == Precedence.ANNOUNCER
    assert precedence("sitemap", by="robots", listed=False, fresh=False) > Precedence.LISTED
    assert precedence("sitemap", by="seed", listed=False, fresh=False) == Precedence.ANNOUNCER


def test_a_backlog_is_left_out_while_news_may_come(db):
    frontier.schedule(db, [candidate("/old"), candidate("/new", by="feed", listed=True)], now=NOON)
    drawn = frontier.next_urls(db, site="a", now=NOON, limit=10, news_only=True)
    assert [row.url for row in drawn] == ["https://a.example/new"]


def test_a_page_that_is_gone_and_listed_again_is_looked_at_a_day_later(db):
    frontier.schedule(db, [candidate("/a")], now=NOON)
    visit(db, "/a", OutcomeKind.GONE)
    assert due(db, now="2027-11-24T12:00:00Z") == []
    frontier.schedule(db, [candidate("/a", by="feed", listed=True)], now=LATER)
    assert due(db, now=LATER) == []
    assert due(db, now=NEXT_DAY) == ["/a"]


def test_a_link_somewhere_does_not_revive_a_page_that_is_gone(db):
    frontier.schedule(db, [candidate("/a")], now=NOON)
    visit(db, "/a", OutcomeKind.GONE)
    frontier.schedule(db, [candidate("/a", by="page")], now=NEXT_DAY)
    assert due(db, now="2027-11-24T12:00:00Z") == []


def test_a_recheck_revives_all_but_what_was_taken_out(db):
    frontier.schedule(db, [candidate("/gone"), candidate("/failed"), candidate("/part")], now=NOON)
    visit(db, "/gone", OutcomeKind.GONE)
    visit(db, "/failed", OutcomeKind.FAILED)
    visit(db, "/part", OutcomeKind.PART)
    assert frontier.make_due(db, site="a", now=LATER) == 2
    assert sorted(due(db, now=LATER)) == ["/failed", "/gone"]


def test_a_recheck_looks_at_what_failed_last(db):
    frontier.schedule(db, [candidate("/gone"), candidate("/fine")], now=NOON)
    visit(db, "/gone", OutcomeKind.GONE)
    visit(db, "/fine", due_at="2027-01-01T00:00:00Z")
    frontier.make_due(db, site="a", now=LATER)
    assert due(db, now=LATER) == ["/fine", "/gone"]


def test_a_recheck_looks_at_a_feed_that_is_gone_last_and_at_one_that_is_there_first(db):
    frontier.schedule(
        db, [candidate("/fine"), candidate("/no", kind="feed"), candidate("/feed", kind="feed")], now=NOON
    )
    visit(db, "/no", OutcomeKind.GONE)
    for path in ("/feed", "/fine"):
        visit(db, path, due_at="2027-01-01T00:00:00Z")
    frontier.make_due(db, site="a", now=LATER)
    assert due(db, now=LATER) == ["/feed", "/fine", "/no"]


def test_a_changed_entry_revives_what_failed_and_leaves_the_rest(db):
    frontier.schedule(db, [candidate("/gone"), candidate("/fine")], now=NOON)
    visit(db, "/gone", OutcomeKind.GONE)
    visit(db, "/fine", due_at="2027-01-01T00:00:00Z")
    frontier.reschedule(db, site="a", now=LATER)
    assert due(db, now=LATER) == ["/gone"]


def test_a_redacted_url_is_never_due_again(db):
    frontier.schedule(db, [candidate("/a", by="feed", listed=True)], now=NOON)
    frontier.announce_requisites(db, [candidate("/a.jpg", kind="image")], now=NOON)
    for path in ("/a", "/a.jpg"):
        visit(db, path, OutcomeKind.REDACTED)
    later = "2027-11-24T13:00:00Z"
    frontier.make_due(db, site="a", now=later)
    frontier.reschedule(db, site="a", now=later)
    hinted = candidate("/a", by="feed", listed=True, published_hint="2027-11-24T12:40:00Z")
    for announced in (hinted, replace(hinted, by="seed", kind="seed")):
        frontier.schedule(db, [announced], now=later)
    frontier.announce_requisites(db, [candidate("/a.jpg", kind="image")], now=later)
    assert due(db, now="2028-01-01T00:00:00Z") == []
    assert frontier.count_requisites_due(db, site="a", now="2028-01-01T00:00:00Z") == 0


def test_a_host_that_rests_makes_nothing_due_earlier(db):
    frontier.schedule(db, [candidate("/a")], now=NOON)
    visit(db, "/a", due_at=NEXT_DAY)
    assert frontier.pause_host(db, site="a", host="a.example", until=LATER) == 0
    assert due(db, now=LATER) == []
    assert due(db, now=NEXT_DAY) == ["/a"]


def test_the_rest_of_a_host_moves_its_urls_and_counts_for_none_of_them(db):
    frontier.schedule(db, [candidate("/a"), candidate("/b", host="b.example")], now=NOON)
    assert frontier.pause_host(db, site="a", host="a.example", until=LATER) == 1
    assert due(db) == ["/b"]
    (row, _) = frontier.next_urls(db, site="a", now=LATER, limit=5)
    assert (row.failures, row.visits) == (0, 0)


def test_a_rate_limit_is_no_failure_of_the_url(db):
    frontier.schedule(db, [candidate("/a")], now=NOON)
    visit(db, "/a", OutcomeKind.REFUSED, due_at=LATER, refused=True)
    (row,) = frontier.next_urls(db, site="a", now=LATER, limit=1)
    assert row.failures == 0


def test_times_that_proved_wrong_are_counted_with_what_gave_them(db):
    frontier.schedule(db, [replace(candidate("/feed", "feed"), url=FEED)], now=NOON)
    hinted = candidate("/a", by="feed", via=FEED, published_hint="2026-11-24T10:00:00Z")
    frontier.schedule(db, [hinted], now=NOON)
    for _ in range(3):
        visit(db, "/a", hint_held=False, due_at=LATER)
    (feed,) = [row for row in frontier.next_urls(db, site="a", now=LATER, limit=5) if row.url == FEED]
    assert feed.false_hints == 3
    visit(db, "/a", hint_held=True, due_at=LATER)
    (feed,) = [row for row in frontier.next_urls(db, site="a", now=LATER, limit=5) if row.url == FEED]
    assert feed.false_hints == 1


def test_a_later_time_makes_due_only_when_it_is_after_the_last_visit_and_believed(db):
    frontier.schedule(db, [candidate("/a", published_hint="2026-11-24T08:00:00Z")], now=NOON)
    visit(db, "/a", due_at="2027-01-01T00:00:00Z")
    frontier.schedule(db, [candidate("/a", published_hint="2026-11-24T11:00:00Z")], now=LATER)
    frontier.schedule(db, [candidate("/a", published_hint="2026-11-24T12:30:00Z", believed=False)], now=LATER)
    assert due(db, now=LATER) == []
    frontier.schedule(db, [candidate("/a", published_hint="2026-11-24T12:40:00Z")], now=LATER)
    assert due(db, now=LATER) == ["/a"]
