"""Two years of three unreliable papers, crawled once a day; ledger, versions, marks and alarms are compared with the papers' history.

Pages are parsed and archived as in any crawl; the network and the clock are simulated.
"""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from archive import Archive
from archive.index import reports
from archive.index.monitor import alarms_of
from tests.simulation.papers import DAYS, FIRST, PAPERS
from tests.support.simulated import crawl

pytestmark = [
    pytest.mark.slow,
    pytest.mark.simulation,
    pytest.mark.timeout(3600),
]  # some 2,200 crawls, three minutes of CPU
SETTLED = 8
"""Days after an outage within which every listed story is archived: a sitemap that failed for long is visited weekly at least."""


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers")
    logging.disable(logging.WARNING)
    for day in range(DAYS):
        for paper in PAPERS:
            paper.day = day
            crawl(
                paper.home,
                folder / paper.name,
                paper.answer,
                at=FIRST + timedelta(days=day),
                settings={"WARRAQ_PATIENCE": 0},
            )
    logging.disable(logging.NOTSET)
    opened = {paper.name: Archive(folder / paper.name) for paper in PAPERS}
    yield opened
    for archive in opened.values():
        archive.close()


@pytest.fixture(scope="module")
def days(archives):
    """Return the ledger of each paper, by the number of the day."""
    last = FIRST.date() + timedelta(days=DAYS)
    return {
        name: {
            (entry.day - FIRST.date()).days: entry for entry in reports.days(archive.db, first=FIRST.date(), last=last)
        }
        for name, archive in archives.items()
    }


def away(paper):
    return {*paper.outage, *paper.no_host, *paper.maintenance}


def first_seen(paper, day):
    """Return the first day on which a story could be read."""
    return next(n for n in range(day, DAYS) if n not in away(paper))


def stories(paper):
    return [paper.story(day) for day in range(0, DAYS, paper.every)]


def versions(archive, story):
    return list(archive.db.query("SELECT * FROM articles WHERE title = ? ORDER BY version", [story.title]))


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_each_story_has_one_history_of_as_many_versions_as_could_be_seen(archives, paper):
    wrong = {}
    for story in stories(paper):
        rows = versions(archives[paper.name], story)
        corrected = story.is_corrected and story.day + 2 < DAYS
        seen_before = first_seen(paper, story.day) < story.day + 2
        expected = 2 if corrected and seen_before else 1
        if len(rows) != expected or len({row["article_key"] for row in rows}) != 1:
            wrong[story.day] = (len(rows), expected)
        elif rows[-1]["text"].split("\n") != story.text(DAYS):
            wrong[story.day] = "text"
    assert not wrong
    (count,) = archives[paper.name].db.execute("SELECT count(DISTINCT article_key) FROM articles").fetchone()
    assert count == len(stories(paper))


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_the_ledger_has_each_story_on_the_day_on_which_it_could_be_read(days, paper):
    ledger = days[paper.name]
    assert sum(entry.new for entry in ledger.values()) == len(stories(paper))
    ends = [outage.stop for outage in (paper.outage, paper.no_host, paper.maintenance) if outage]
    late = {n for end in ends for n in range(end, end + SETTLED)}
    for n in range(DAYS):
        if n in away(paper):
            assert ledger[n].new == 0, n
        elif n not in late:
            assert ledger[n].new == (n % paper.every == 0), n
        assert ledger[n].captured == ledger[n].announced - sum(ledger[n].missed.values()), n


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_what_was_taken_down_is_marked_and_what_was_restored_is_not(archives, paper):
    rows = archives[paper.name].db.query("SELECT title FROM articles WHERE gone_at IS NOT NULL")
    gone = {paper.story(day).title for day in paper.deleted if day not in paper.restored}
    assert {row["title"] for row in rows} == gone


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_the_paywall_is_marked_and_takes_no_text(archives, paper):
    rows = archives[paper.name].db.query("SELECT title FROM articles WHERE paywalled_at IS NOT NULL AND is_latest")
    walled = {row["title"] for row in rows}
    if paper.paywall == DAYS:
        assert not walled
    else:  # whatever was asked for again since; the text of all is whole, as the test of the versions says
        asked_again = [
            story
            for story in stories(paper)
            if paper.paywall < story.day + 40 < DAYS - 20 and story.day not in paper.deleted
        ]
        assert {story.title for story in asked_again} <= walled


EXPECTED = {
    "harbour": {"extraction-changed": range(320, 340), "failing": range(400, 403), "silent": range(402, 420)},
    "valley": {},
    "summit": {"failing": range(250, 253), "extraction-changed": range(450, 465)},
}
"""Return the alarms of each paper, and the days on which they may be raised."""


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_alarms_are_raised_when_something_happened_and_at_no_other_time(days, paper):
    ledger = list(days[paper.name].values())
    raised: dict[str, set[int]] = {}
    for n in range(DAYS):
        for alarm in alarms_of(ledger, FIRST.date() + timedelta(days=n)):
            raised.setdefault(alarm.kind, set()).add(n)
    assert raised.keys() == EXPECTED[paper.name].keys(), raised
    for kind, found in raised.items():
        assert found <= set(EXPECTED[paper.name][kind]), (kind, found)
