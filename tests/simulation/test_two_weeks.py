"""Two simulated weeks of a newsroom, crawled once a day; the archive must agree with the newsroom's history."""

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from archive import Archive
from archive.index import reports
from archive.index.monitor import alarms_of
from tests.simulation.newsroom import (
    A_DAY,
    BAN,
    BLIP,
    DAYS,
    DELETED,
    DELETED_ON,
    FIRST,
    MOVED_HOME,
    MOVED_ON,
    OUTAGE,
    REDESIGN,
    STORIES,
    Newsroom,
    Story,
)  # fmt: skip
from tests.support.program import scrapy

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.simulation,
    pytest.mark.timeout(3600),
]  # fourteen crawls, 50 s on a quiet machine


def crawl(room, folder, day):
    room.day = day
    now = FIRST + timedelta(days=day, hours=4, minutes=5 * day)
    command = [
        *("crawl", "news", "-a", f"url={room.url}", "-s", f"ARCHIVE_DIR={folder}"),
        *("-s", "WARRAQ_OPEN_NETWORKS=127.0.0.0/8", "-s", "DOWNLOAD_DELAY=0"),
        *("-s", "LOG_LEVEL=WARNING", "-s", "WARRAQ_EXTRACTION_WORKERS=1"),
        *("-s", "WARRAQ_CLOCK=tests.simulation.clock.now", "-s", "WARRAQ_MAX_DELAY=0.01", "-s", "WARRAQ_MAX_RETRY_AFTER=0.01"),
    ]  # fmt: skip
    done = scrapy(*command, env={**os.environ, "SIMULATED_NOW": now.isoformat()})
    assert done.returncode in ({9} if day in {OUTAGE, BAN} else {0}), (day, done.stderr[-3000:])


@pytest.fixture(scope="module")
def two_weeks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("collections") / "times"
    with Newsroom() as room:
        for day in range(DAYS):
            crawl(room, folder, day)
        with Archive(folder) as archive:
            yield room, archive


@pytest.fixture(scope="module")
def days(two_weeks):
    _, archive = two_weeks
    return reports.days(archive.db, first=FIRST.date(), last=FIRST.date() + timedelta(days=DAYS))


def versions(archive, key):
    story = Story(*key) if isinstance(key, tuple) else key
    return list(archive.db.query("SELECT * FROM articles WHERE url LIKE ? ORDER BY version", [f"%{story.path}"]))


def test_every_story_is_in_the_archive_and_nothing_else(two_weeks):
    _, archive = two_weeks
    held = {urlsplit(row["url"]).path for row in archive.newest(limit=1000)}
    assert held == {story.path for story in STORIES}


def test_an_edit_makes_a_version_and_noise_and_a_redesign_make_none(two_weeks):
    _, archive = two_weeks
    wrong = {
        story.path: len(rows)
        for story in STORIES
        if len(rows := versions(archive, story)) != (2 if story.is_edited else 1)
    }
    assert not wrong
    for story in STORIES:
        newest = versions(archive, story)[-1]
        assert newest["title"] == story.title
        assert newest["text"].split("\n") == story.paragraphs(DAYS)


def test_a_page_that_was_deleted_is_gone_since_the_day_it_was_and_a_blip_is_not(two_weeks):
    _, archive = two_weeks
    gone = {
        urlsplit(row["url"]).path: row for row in archive.db.query("SELECT * FROM articles WHERE gone_at IS NOT NULL")
    }
    assert {path: row["gone_reason"] for path, row in gone.items()} == {
        Story(*DELETED).path: "http-410",
        Story(*MOVED_HOME).path: "redirect-home",
    }
    assert gone[Story(*DELETED).path]["gone_at"][:10] == str((FIRST + timedelta(days=DELETED_ON)).date())
    assert gone[Story(*MOVED_HOME).path]["gone_at"][:10] == str((FIRST + timedelta(days=MOVED_ON)).date())
    assert len(versions(archive, BLIP)) == 1


def test_the_ledger_knows_each_day(days):
    assert [entry.day for entry in days if entry.runs] == [FIRST.date() + timedelta(days=n) for n in range(DAYS)]
    told = {(entry.day - FIRST.date()).days: entry for entry in days}
    for n, entry in told.items():
        late = {OUTAGE: 0, OUTAGE + 1: 2 * A_DAY, BAN: 0, BAN + 1: 2 * A_DAY}
        assert entry.announced == late.get(n, A_DAY), n
        assert entry.captured == entry.announced - entry.missed.get("gone:http-410", 0) - entry.missed.get(
            "gone:redirect-home", 0
        )
        assert entry.new == late.get(n, A_DAY)


def test_alarms_are_raised_on_the_days_on_which_something_happened_and_on_no_other(days):
    raised = {}
    for n in range(DAYS):
        day = FIRST.date() + timedelta(days=n)
        history = [entry for entry in days if entry.day <= day]
        if found := {alarm.kind for alarm in alarms_of(history, day)}:
            raised[n] = found
    assert raised[OUTAGE] == {"failing"}
    assert raised[REDESIGN] == {"extraction-changed"}
    assert raised[BAN] - {"extraction-changed"} == {
        "disallowed"
    }  # a new layout is told for as long as its days are compared
    assert set(raised) <= {OUTAGE, *range(REDESIGN, DAYS)}
    assert all(raised[n] == {"extraction-changed"} for n in raised if n not in {OUTAGE, BAN})


def test_the_crawl_asks_for_no_more_than_the_age_of_the_news_is_worth(two_weeks):
    room, _ = two_weeks
    for day in set(range(DAYS)) - {OUTAGE + 1}:  # then all that could not be had is asked for again
        asked = [path for when, path, _ in room.requests if when == day]
        assert len(asked) < 15 + 9 * A_DAY, day
