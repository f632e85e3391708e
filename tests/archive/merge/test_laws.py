"""Shards merge in any order, repeatedly and through each other, to the archive of a single machine."""

from __future__ import annotations

import os
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.collection import Collection
from archive.index import open_store
from archive.merge.database import join_rows
from tests.archive.merge.machines import BEGIN, Machine, Served, contents
from tests.archive.merge.test_merge import run

pytestmark = pytest.mark.slow

MOMENTS = st.sampled_from(["2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z"])
OFTEN = st.integers(0, 3)


@st.composite
def frontier_rows(draw):
    """A row of `urls` for one and the same URL, as some archive may have it."""
    visits = draw(OFTEN)
    priority, kind = draw(st.sampled_from([(2, "article"), (3, "section"), (4, "page"), (1, "feed"), (1, "sitemap")]))
    visit = {
        "visited_at": draw(MOMENTS), "changed_at": draw(st.none() | MOMENTS), "status": draw(st.sampled_from([None, 200, 404])),
        "outcome": draw(st.sampled_from(["article", "gone", "redacted"])), "etag": draw(st.sampled_from(["", '"1"'])),
        "payload_digest": draw(st.sampled_from(["", "sha1:A"])), "article_url": draw(st.sampled_from(["", "https://a.example/1"])),
        "due_at": draw(st.none() | MOMENTS), "failures": draw(OFTEN), "unchanged": draw(OFTEN),
    }  # fmt: skip
    never = {
        **dict.fromkeys(visit, ""),
        "visited_at": None,
        "changed_at": None,
        "status": None,
        "due_at": draw(MOMENTS),
    }
    return {
        "id": draw(OFTEN), "url": "https://a.example/1", "site": draw(st.sampled_from("ab")), "host": "a.example", "kind": kind,
        "priority": priority, "depth": draw(OFTEN), "redirects": 0, "via": draw(st.sampled_from("xy")), "announced_by": "feed",
        "announced_at": draw(MOMENTS), "published_hint": draw(st.just("") | MOMENTS), "visits": visits, "reason": "",
        "last_modified": "", "spelling": "", "links_digest": "", "false_hints": 0, "hint_via": "", **(visit if visits else never),
    }  # fmt: skip


def without_id(row):
    return {name: value for name, value in row.items() if name != "id"}


@given(frontier_rows(), frontier_rows(), frontier_rows())
@settings(deadline=None, max_examples=80)
def test_rows_of_the_frontier_join_in_any_order_and_again(one, two, three):
    assert join_rows(one, one) == without_id(one)
    assert join_rows(one, two) == join_rows(two, one)
    assert join_rows(join_rows(one, two), three) == join_rows(one, join_rows(two, three))
    assert join_rows(join_rows(one, two), two) == join_rows(one, two)


@given(frontier_rows(), frontier_rows())
@settings(deadline=None, max_examples=40)
def test_a_joined_row_has_the_earliest_discovery_and_the_newest_visit(one, two):
    both = join_rows(one, two)
    assert both["announced_at"] == min(one["announced_at"], two["announced_at"])
    assert both["published_hint"] == max(one["published_hint"], two["published_hint"])
    if "redacted" in {one["outcome"], two["outcome"]}:
        assert both["outcome"] == "redacted"
    else:
        assert (both["visited_at"] or "") == max(one["visited_at"] or "", two["visited_at"] or "")
    if not (one["visits"] or two["visits"]):
        assert both["priority"] == min(one["priority"], two["priority"])


EVENTS = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.integers(1, 2), st.integers(0, 9), st.sampled_from(["", "ش", "ص", "ض"]), st.sampled_from(["", "ليلى"]),
        st.integers(0, 2),
    ),
    min_size=1, max_size=12, unique_by=lambda event: event[:3],
)  # fmt: skip


def served(site, page, hours, text, author):
    words = f"نص الخبر {text} كما نشر في {site}" if text else ""
    return Served(
        url=f"https://{site}.example/{page}", hours=hours * 13, text=words, author=author, status=200 if text else 404
    )


@given(events=EVENTS)
@settings(max_examples=int(os.environ.get("WARRAQ_MERGE_HISTORIES", "6")), deadline=None)
def test_random_histories_split_over_shards_merge_in_any_order_to_what_one_machine_holds(events):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Machine(folder / "one").crawl(served(*event[:5]) for event in events)
        shards = []
        for number in {event[5] for event in events}:
            machine = Machine(folder / f"shard{number}")
            machine.log("a.example", BEGIN, BEGIN + timedelta(hours=number))
            machine.crawl(served(*event[:5]) for event in events if event[5] == number)
            shards.append(machine.collection.folder)
        run(shards, folder / "m")
        run(shards[::-1], folder / "n")
        run([*shards[1:], folder / "m", *shards[:1]], folder / "p")
        expected = contents(Collection(folder / "m"), own_ids=True)
        assert contents(Collection(folder / "n"), own_ids=True) == expected
        assert contents(Collection(folder / "p"), own_ids=True) == expected
        assert what_it_says(folder / "m") == what_it_says(folder / "one")


def what_it_says(folder):
    """What does not depend on who held which payload: versions, when each was served, what became of them; what each capture showed."""
    with open_store(folder / "warraq.db", read_only=True) as store:
        articles = store.db.query(
            "SELECT a.url, text, author, version, is_latest, fetched_at, last_seen_at, gone_at, gone_reason, paywalled_at, c.captured_at"
            " FROM articles AS a JOIN captures AS c ON c.id = a.capture_id"
        )
        captures = store.db.query(
            "SELECT c.url, c.captured_at, status, via, a.text FROM captures AS c LEFT JOIN articles AS a ON a.id = c.article_id"
        )
        urls = store.db.query("SELECT url, announced_at, visited_at, outcome, status FROM urls")
        return [sorted(map(str, rows)) for rows in (articles, captures, urls)]
