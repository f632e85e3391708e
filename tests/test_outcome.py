"""Each kind of outcome has its places: both languages of the reading room, the schedule, the docs."""

import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.ingest.commit import Committed
from archive.outcome import Outcome, OutcomeKind
from crawler.frontier.revisit import History, next_visit
from crawler.report import Report

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 28, tzinfo=UTC)
FINAL = {
    OutcomeKind.REQUISITE,
    OutcomeKind.OTHER,
    OutcomeKind.PART,
    OutcomeKind.ROBOTS,
    OutcomeKind.RETRIED,
    OutcomeKind.REDACTED,
}


@pytest.mark.parametrize("kind", OutcomeKind)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_kind_has_a_name_in_the_reading_room(kind, language):
    messages = tomllib.loads((ROOT / f"archive/web/messages/{language}.toml").read_text("utf-8"))
    assert messages["outcomes"].get(kind), f"archive/web/messages/{language}.toml, [outcomes]: no name for {kind}"


@pytest.mark.parametrize("kind", OutcomeKind)
def test_every_kind_has_a_row_in_the_docs(kind):
    documented = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/crawling.md").read_text("utf-8"), re.MULTILINE)
    assert kind in documented, f"docs/crawling.md: no row for the outcome {kind}"


@pytest.mark.parametrize("kind", OutcomeKind)
def test_every_kind_has_a_branch_in_the_schedule(kind):
    due = next_visit(History(kind="article", outcome=kind, last_news=NOW, failures=int(kind.is_failure)), now=NOW)
    assert (due is None) == (kind in FINAL)
    assert due is None or NOW < due <= NOW + timedelta(days=365)


@pytest.mark.parametrize("kind", [kind for kind in OutcomeKind if kind.is_requisite])
def test_a_summary_counts_what_pages_load_apart(kind):
    report = Report(site="a", folder="a")
    report.add(Committed(outcomes=[Outcome(kind=kind, reason="why")]))
    assert not report.outcomes
    assert not report.failures
    assert bool(report.requisites.missing) == (kind is OutcomeKind.MISSING)


@pytest.mark.parametrize("kind", [kind for kind in OutcomeKind if not kind.is_requisite])
def test_a_summary_counts_failures_and_nothing_else_as_failed(kind):
    report = Report(site="a", folder="a")
    report.add(Committed(outcomes=[Outcome(kind=kind, reason="why")]))
    apart = {OutcomeKind.QUARANTINE, OutcomeKind.GONE, OutcomeKind.DISALLOWED}
    assert bool(report.failures) == (kind.is_failure and kind not in apart)
    assert report.outcomes == {kind: 1}


def test_what_tells_nothing_is_a_failure_or_was_tried_again():
    assert {kind for kind in OutcomeKind if kind.tells_nothing and not kind.is_failure} == {OutcomeKind.RETRIED}
    assert not {kind for kind in OutcomeKind if kind.yields_article and kind.is_failure}


def test_a_note_has_what_reading_does_not_give():
    read = Outcome(kind=OutcomeKind.LISTING, reason="home")
    crawled = Outcome(kind=OutcomeKind.LISTING, reason="home", detail="3 too-deep")
    assert crawled.note(read) == (("detail", "3 too-deep"),)
    assert read.noted(dict(crawled.note(read))) == crawled
    broken = Outcome(kind=OutcomeKind.FAILED, reason="short-body")
    assert read.noted(dict(broken.note(read))) == broken
    assert read.note(read) == ()


def test_a_word_of_another_version_is_other():
    assert OutcomeKind("opml") is OutcomeKind.OTHER
