"""Plausible times of feeds and sitemaps."""

from datetime import UTC, datetime, timedelta

from archive.files.clock import iso
from archive.parse import Outlink
from crawler.frontier.revisit import are_plausible

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def entries(*moments):
    return [
        Outlink(url=f"https://a.example/{n}", kind="article", by="feed", published_hint=iso(moment))
        for n, moment in enumerate(moments)
    ]


def test_times_that_are_all_the_moment_of_the_request_are_not_believed():
    assert not are_plausible(entries(*[NOW - timedelta(seconds=n) for n in range(20)]), NOW)


def test_times_of_a_day_of_news_are_believed():
    assert are_plausible(entries(*[NOW - timedelta(hours=n) for n in range(20)]), NOW)
    assert are_plausible(entries(NOW, NOW), NOW)  # two articles may well be new


def test_a_news_sitemap_may_give_one_date_to_all_and_a_list_of_years_may_not():
    midnight = NOW.replace(hour=0)
    assert are_plausible(entries(*[midnight] * 300), NOW)
    assert not are_plausible(entries(*[midnight] * 1500), NOW)
