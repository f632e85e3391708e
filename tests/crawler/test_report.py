"""The summary of a crawl: bounded counts are marked, and effects of other processes on the database are reported."""

import pytest

from archive.index import frontier
from crawler.report import Report
from crawler.summary import exit_code, live_text, summary_text


def test_what_is_due_is_told_as_at_least_when_it_was_counted_to_its_bound():
    assert "12 still due" in summary_text(Report(site="a", folder="f", still_due=12))
    assert "10,000 or more still due" in summary_text(Report(site="a", folder="f", still_due=frontier.DUE_COUNTED))


def test_a_reader_that_held_the_database_is_named_and_otherwise_nothing_is():
    quiet, held = Report(site="a", folder="f"), Report(site="a", folder="f", log_held_bytes=300_000_000)
    assert "wal-held" not in summary_text(quiet)
    assert "300.0 MB" in summary_text(held)
    assert "wal-held" in summary_text(held)
    assert held.as_dict()["database_log_held_bytes"] == 300_000_000


def test_the_live_line_has_pages_articles_rate_queue_and_the_last_title():
    report = Report(site="a", folder="f", exchanges=12, last_title="افتتاح المكتبة")
    report.articles.update(["new", "new", "unchanged"])
    said = live_text(report, seconds=6.0, queue=40)
    assert said == "12 pages, 3 articles, 2.0/s, 40 queued, 0:20 left, افتتاح المكتبة"
    report.room = 10
    assert "0:05 left" in live_text(report, seconds=6.0, queue=40)
    assert live_text(Report(site="a", folder="f"), seconds=0.0, queue=0) == "0 pages, 0 articles, 0 queued"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        *((reason, 15) for reason in ("consent", "login", "challenge", "robots-disallowed", "http-403", "http-404")),
        *((reason, 9) for reason in ("dns", "timeout", "http-500", "http-429", "robots-unreachable")),
    ],
)
def test_a_site_that_keeps_the_crawl_out_is_not_one_that_is_unreachable(reason, code):
    report = Report(site="a", folder="f", reason="finished", seed_problem="x", no_article="y", no_article_reason=reason)
    assert exit_code(report) == code
    report.articles["new"] = 1
    report.no_article = ""
    assert exit_code(report) == 0


def test_the_summary_leaves_out_what_did_not_happen():
    quiet = Report(site="a", folder="f")
    assert not [word for word in ("quarantined", "gone", "disallowed", "failed") if word in summary_text(quiet)]
    quiet.failures["dns"] = 1
    assert "failed         1 (dns 1)" in summary_text(quiet)
