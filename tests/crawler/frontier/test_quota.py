"""The limits of a run: each has a name, and spares URLs that yield articles (test_limits.py reaches them)."""

from archive.outcome import OutcomeKind
from crawler.frontier.scope import CrawlLimits, Quota


def test_a_shape_of_url_that_bears_nothing_is_given_up() -> None:
    budget = Quota(CrawlLimits(depth=4, pattern=5))
    said = [budget.refusal(f"https://a.example/calendar/{n}/{n}", "page") for n in range(7)]
    assert said == ["", "", "", "", "", "fruitless-pattern", "fruitless-pattern"]
    assert budget.refusal("https://a.example/news/1", "article") == ""


def test_a_shape_of_url_that_bears_articles_goes_on() -> None:
    budget = Quota(CrawlLimits(depth=4, pattern=5))
    for n in range(50):
        assert budget.refusal(f"https://a.example/news/{n}", "article") == ""
        outcome = OutcomeKind.ARTICLE if n % 5 == 0 else OutcomeKind.GONE
        budget.record_yield(f"https://a.example/news/{n}", outcome)


def test_the_number_of_sitemaps_is_bounded() -> None:
    budget = Quota(CrawlLimits(depth=4, sitemaps=2))
    assert [budget.refusal(f"https://a.example/{n}.xml", "sitemap") for n in range(3)] == ["", "", "too-many-sitemaps"]


def test_zero_is_no_limit() -> None:
    budget = Quota(CrawlLimits(depth=4, sitemaps=0, pattern=0))
    assert {budget.refusal(f"https://a.example/{n}", kind) for n in range(500) for kind in ("sitemap", "page")} == {""}


def test_articles_that_a_directive_withholds_do_not_end_a_site() -> None:
    budget = Quota(CrawlLimits(depth=4, pattern=200))
    for n in range(260):
        assert budget.refusal(f"https://a.example/news/{n}", "article") == ""
        budget.record_yield(f"https://a.example/news/{n}", OutcomeKind.WITHHELD)


def test_one_article_in_ten_visits_is_enough_and_one_in_more_is_not() -> None:
    budget = Quota(CrawlLimits(depth=4, pattern=5))
    budget.record_yield("https://a.example/news/0", OutcomeKind.ARTICLE)
    said = [budget.refusal(f"https://a.example/news/{n}", "article") for n in range(12)]
    assert said == [""] * 11 + ["fruitless-pattern"]
