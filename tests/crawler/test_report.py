"""The summary of a crawl: what is only counted to a bound says so, and what another process did to the database is told."""

from archive.index import frontier
from crawler.report import Report, summary_text


def test_what_is_due_is_told_as_at_least_when_it_was_counted_to_its_bound():
    assert "12 still due" in summary_text(Report(site="a", folder="f", still_due=12))
    assert "10,000 or more still due" in summary_text(Report(site="a", folder="f", still_due=frontier.DUE_COUNTED))


def test_a_reader_that_held_the_database_is_named_and_otherwise_nothing_is():
    quiet, held = Report(site="a", folder="f"), Report(site="a", folder="f", log_held_bytes=300_000_000)
    assert "wal-held" not in summary_text(quiet)
    assert "300.0 MB" in summary_text(held)
    assert "wal-held" in summary_text(held)
    assert held.as_dict()["database_log_held_bytes"] == 300_000_000
