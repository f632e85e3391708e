"""Which links become rows: the site's own, within the limits, and each looked up before anything is made of it."""

from collections import Counter
from dataclasses import fields

import pytest

from archive.index import ScheduledUrl
from archive.outcome import Outcome, OutcomeKind
from archive.parse.result import Outlink, Parsed
from crawler.frontier.quota import CrawlLimits
from crawler.frontier.scope import Scope
from crawler.sites.site import Site

LIMITS = CrawlLimits(depth=2, redirects=10, index_depth=3, sitemaps=0, pattern=0, obeyed=frozenset())


@pytest.fixture
def announcing():
    return Scope(Site.from_url("https://news.example/"), LIMITS)


def due(number, depth=0):
    known = {
        "id": number,
        "url": f"https://news.example/{number}",
        "host": "news.example",
        "kind": "page",
        "depth": depth,
    }
    return ScheduledUrl(
        **{each.name: known.get(each.name, 0 if "int" in str(each.type) else "") for each in fields(ScheduledUrl)}
    )


def links(*paths, kind="page", by="page"):
    return tuple(Outlink(url=f"https://news.example{path}", kind=kind, by=by) for path in paths)


def told(announcing, visited, entries):
    left_out = Counter()
    found = announcing.in_scope(
        visited, Parsed(outcome=Outcome(kind=OutcomeKind.LISTING), found=entries), entries, left_out
    )
    return [each.url for each in found], left_out


def test_a_link_that_two_pages_had_is_not_made_a_row_again(announcing):
    entries = links("/a", "/b")
    assert [len(told(announcing, due(n), entries)[0]) for n in range(4)] == [2, 2, 0, 0]


def test_a_link_that_another_page_takes_for_an_article_is_told_again(announcing):
    for number in range(3):
        told(announcing, due(number), links("/a"))
    assert told(announcing, due(9), links("/a", kind="article"))[0] == ["https://news.example/a"]


def test_what_a_feed_says_is_told_each_time_for_its_time_may_be_new(announcing):
    entries = links("/a", by="feed")
    assert [len(told(announcing, due(n), entries)[0]) for n in range(4)] == [1, 1, 1, 1]


def test_a_link_that_was_too_deep_is_told_by_a_page_that_is_not(announcing):
    for number in range(3):
        assert told(announcing, due(number, depth=2), links("/a")) == ([], Counter({"too-deep": 1}))
    assert told(announcing, due(9, depth=1), links("/a"))[0] == ["https://news.example/a"]


def test_links_to_other_sites_are_no_rows(announcing):
    entries = (Outlink(url="https://other.example/a", kind="page", by="page"),)
    assert [told(announcing, due(n), entries)[0] for n in range(3)] == [[], [], []]
