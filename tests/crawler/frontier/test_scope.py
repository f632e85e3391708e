"""Links that become rows: those of the site, within the limits, each looked up first."""

import re
from collections import Counter
from dataclasses import fields, replace

import pytest

from archive.index import ScheduledUrl
from archive.outcome import Outcome, OutcomeKind
from archive.parse import Outlink, Parsed
from crawler.frontier.scope import MOST_HOSTS, CrawlLimits, Scope
from crawler.sites import Site

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


def visited(kind, url="https://news.example/"):
    return replace(due(1), kind=kind, url=url)


def outlinks(*urls_, kind="article", by="page"):
    return tuple(Outlink(url=url, kind=kind, by=by) for url in urls_)


def test_subdomains_whose_articles_the_start_page_links_to_are_the_sites(announcing):
    entries = outlinks("https://sport.news.example/a-match-of-the-day")
    assert told(announcing, visited("page"), entries)[0] == []
    assert told(announcing, visited("seed"), entries)[0] == ["https://sport.news.example/a-match-of-the-day"]
    assert told(announcing, visited("page"), outlinks("https://sport.news.example/another"))[0]


@pytest.mark.parametrize("host", ["shop.news.example", "en.news.example", "news.example.evil.example", "other.example"])
def test_services_other_languages_and_strangers_are_not(announcing, host):
    assert told(announcing, visited("seed"), outlinks(f"https://{host}/a-thing-to-buy"))[0] == []
    assert announcing.out_of_scope.counts[host] == 1
    assert announcing.out_of_scope.as_dict()[host]["example"] == f"https://{host}/a-thing-to-buy"


def test_an_entry_that_names_its_hosts_has_no_others():
    site = replace(Site.from_url("https://news.example/"), is_closed=True, is_guessed=False)
    scope = Scope(site, LIMITS)
    scope.add_redirect_target("https://www.new-name.example/")
    assert told(scope, visited("seed"), outlinks("https://sport.news.example/a-match-of-the-day"))[0] == []
    assert scope.site.hosts == site.hosts


def test_a_start_page_cannot_add_hosts_without_end(announcing):
    for number in range(3 * MOST_HOSTS):
        told(announcing, visited("seed"), outlinks(f"https://a{number}.news.example/a-match-of-the-day"))
    assert len(announcing.site.hosts) <= len(announcing.site.own_hosts) + MOST_HOSTS


@pytest.mark.parametrize(("named", "guessed"), [({}, 2), ({"feeds": ("https://news.example/rss",)}, 0)])
def test_feed_and_sitemap_are_guessed_only_for_an_entry_that_names_none(named, guessed):
    scope = Scope(replace(Site.from_url("https://news.example/"), **named), LIMITS)
    assert len(scope.guesses("https://news.example/")) == guessed


def test_where_the_start_page_redirects_is_the_site_too(announcing):
    announcing.add_redirect_target("https://www.new-name.example/")
    assert told(announcing, visited("seed"), outlinks("https://new-name.example/story-one"))[0]


def test_an_edition_that_moves_is_followed():
    scope = Scope(Site.from_url("https://news.example/ar/"), LIMITS)
    assert not scope.site.in_scope("https://news.example/arabic/story")
    scope.add_redirect_target("https://news.example/arabic/")
    assert scope.site.in_scope("https://news.example/arabic/story")
    assert not scope.site.in_scope("https://news.example/en/story")


def test_feeds_and_parts_of_an_index_may_lie_elsewhere_and_pages_may_not(announcing):
    part = outlinks("https://cdn.other.example/part.xml", kind="sitemap", by="sitemap")
    assert told(announcing, visited("sitemap"), part)[0]
    assert not told(announcing, visited("page"), part)[0]
    feed = outlinks("https://feeds.other.example/news", kind="feed")
    assert told(announcing, visited("seed"), feed)[0]
    assert not told(announcing, visited("article"), feed)[0]


def test_entries_through_a_redirect_service_are_followed_and_marked(announcing):
    entries = outlinks(*(f"https://proxy.example/r/{n}" for n in range(5)), by="feed")
    announcing.follow_services(visited("feed"), entries)
    left_out = Counter()
    parsed = Parsed(outcome=Outcome(kind=OutcomeKind.FEED), found=entries)
    assert {each.by for each in announcing.in_scope(visited("feed"), parsed, entries, left_out)} == {"redirector"}


def test_a_feed_of_the_sites_own_pages_makes_no_service_of_the_hosts_it_cites(announcing):
    entries = outlinks("https://news.example/a", *(f"https://proxy.example/r/{n}" for n in range(5)), by="feed")
    announcing.follow_services(visited("feed"), entries)
    assert told(announcing, visited("feed"), entries)[0] == ["https://news.example/a"]


def test_what_the_entry_calls_an_article_is_one_and_a_sitemap_stays_a_sitemap():
    site = replace(Site.from_url("https://news.example/"), articles=(re.compile("-"),))
    scope = Scope(site, LIMITS)
    page = outlinks("https://news.example/a-b", kind="page")
    part = outlinks("https://news.example/sitemap-news.xml", kind="sitemap", by="sitemap")
    entries = page + part
    parsed = Parsed(outcome=Outcome(kind=OutcomeKind.SITEMAP), found=entries)
    kinds = [each.kind for each in scope.in_scope(visited("sitemap"), parsed, entries, Counter())]
    assert kinds == ["article", "sitemap"]
