"""The state of the sites in a folder: a row for each, whatever is wrong with another."""

from datetime import date

from archive.index import Candidate, frontier, open_store, runs
from warraq.overview import overview

TODAY = date(2026, 11, 24)


def crawled(folder, site, **summary):
    """An archive whose last crawl of the site ended so."""
    folder.mkdir(parents=True)
    with open_store(folder / "warraq.db") as store, store.atomic():
        seed = Candidate(url=f"https://{site}/", site=site, host=site, kind="seed", by="seed")
        frontier.schedule(store.db, [seed], now="2026-11-24T12:00:00Z")
        run = runs.begin(store.db, kind="crawl", site=site, at="2026-11-24T08:00:00Z")
        runs.end(store.db, run, at="2026-11-24T09:00:00Z", result="finished", summary=summary)


def test_a_site_without_an_archive_was_never_crawled(tmp_path):
    (row,) = overview(["new"], tmp_path, today=TODAY)
    assert (row.site, row.last_run, row.has_entry, row.alarms) == ("new", "", True, ())


def test_the_last_run_its_problem_and_its_alarms_are_told(tmp_path):
    crawled(tmp_path / "a", "a", outcomes={"quarantine": 3}, no_article="consent", warnings=["no article was found"])
    (row,) = overview(["a"], tmp_path, today=TODAY)
    assert (row.last_run, row.result, row.next_due) == ("2026-11-24T08:00:00Z", "finished", "2026-11-24T12:00:00Z")
    assert row.problem == "no article was found"
    assert row.alarms[0].startswith("barren: ")


def test_a_site_that_was_crawled_without_an_entry_is_shown_after_those_that_have_one(tmp_path):
    crawled(tmp_path / "a", "a")
    crawled(tmp_path / "b", "b", problem="disk full")
    rows = overview(["b"], tmp_path, today=TODAY)
    assert [(row.site, row.has_entry, row.problem) for row in rows] == [("b", True, "disk full"), ("a", False, "")]


def test_an_archive_that_cannot_be_read_hides_none_of_the_others(tmp_path):
    crawled(tmp_path / "good", "good")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "warraq.db").write_bytes(b"this is no database " * 50)
    bad, good = overview(["bad", "good"], tmp_path, today=TODAY)
    assert (bad.site, bool(bad.problem), good.last_run) == ("bad", True, "2026-11-24T08:00:00Z")
