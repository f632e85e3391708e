"""Revisits: announcers for ever, articles by their age, failures at growing intervals."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from archive.files.clock import iso
from archive.index import ANNOUNCERS, ScheduledUrl
from archive.outcome import OutcomeKind
from crawler.frontier.revisit import (
    DAY,
    HOUR,
    MINUTE,
    PAGE_BYTES,
    RETRIES,
    UNRELIABLE,
    History,
    next_visit,
    status_of,
    validators_to_keep,
)

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def scheduled(**known):
    return ScheduledUrl(
        **{each.name: known.get(each.name, 0 if each.type == "int" else "") for each in fields(ScheduledUrl)}
    )


def rest(kind, outcome, **more):
    due = next_visit(History(kind=kind, outcome=outcome, last_news=more.pop("last_news", NOW), **more), now=NOW)
    return None if due is None else due - NOW


@pytest.mark.parametrize("kind", ANNOUNCERS)
@pytest.mark.parametrize("outcome", [kind for kind in OutcomeKind if kind.is_failure and not kind.is_requisite])
def test_an_announcer_is_asked_for_ever_whatever_it_answers(kind, outcome):
    for failures in (1, 5, 13, 500):
        assert rest(kind, outcome, failures=failures, named=True) <= DAY
        assert rest(kind, outcome, failures=failures) <= 7 * DAY


def test_an_article_that_was_deleted_is_not_asked_for_ever():
    assert [rest("article", OutcomeKind.GONE, failures=n) for n in (1, 2, 3, 4)] == [DAY, 2 * DAY, 4 * DAY, None]


def test_an_article_that_was_just_announced_and_is_not_there_yet_is_asked_again_soon():
    early = [rest("article", OutcomeKind.GONE, failures=n, early=True) for n in (1, 2, 3, 4)]
    assert early == [10 * MINUTE, HOUR, 6 * HOUR, DAY]


@pytest.mark.parametrize(("read_as", "soon"), [("", 10 * MINUTE), ("https://a.example/1", DAY)])
def test_an_article_that_was_read_and_is_gone_within_a_day_was_not_announced_too_early(read_as, soon):
    due = scheduled(kind="article", announced_at=iso(NOW - HOUR), article_url=read_as)
    assert status_of(due, now=NOW, outcome=OutcomeKind.GONE, reason="http-404").due_at == iso(NOW + soon)


def test_failures_back_off_and_end_in_a_rest_of_months_not_in_silence():
    rests = [rest("article", OutcomeKind.FAILED, reason="http-500", failures=n) for n in range(1, 40)]
    assert rests[0] == 10 * MINUTE
    assert rests == sorted(rests)
    assert rests[-1] == 90 * DAY


@pytest.mark.parametrize("reason", ["dns", "http-503", "http-429", "connection-refused", "refused-address"])
def test_what_is_the_hosts_failure_keeps_its_articles_at_a_week(reason):
    assert rest("article", OutcomeKind.FAILED, reason=reason, failures=RETRIES + 20) == 7 * DAY


def test_a_temporary_redirect_rests_nothing_for_a_month():
    assert rest("seed", OutcomeKind.REDIRECT, reason="http-302") == 10 * MINUTE
    assert rest("article", OutcomeKind.REDIRECT, reason="http-307") == DAY
    assert rest("article", OutcomeKind.REDIRECT, reason="http-301") == 30 * DAY


def test_a_server_may_ask_for_a_longer_rest_and_not_for_a_shorter_one():
    history = History(kind="feed", outcome=OutcomeKind.REFUSED, last_news=NOW, failures=1)
    assert next_visit(history, now=NOW, retry_after=timedelta(hours=5)) == NOW + 5 * HOUR
    assert next_visit(history, now=NOW, retry_after=timedelta(seconds=1)) == NOW + 10 * MINUTE
    assert next_visit(history, now=NOW, retry_after=timedelta(days=300)) == NOW + 7 * DAY


@pytest.mark.parametrize(
    ("reason", "counts", "rest"), [(PAGE_BYTES, False, DAY), ("http-429", False, DAY), ("http-404", True, DAY)]
)
def test_a_request_that_a_limit_prevented_says_nothing_about_its_url(reason, counts, rest):
    visit = status_of(scheduled(kind="image"), now=NOW, outcome=OutcomeKind.MISSING, reason=reason)
    assert visit.refused is not counts
    assert visit.due_at == iso(NOW + rest)


@pytest.mark.parametrize(
    ("failures", "reason", "kind", "shortest", "longest"),
    [
        (12, "timeout", "article", 7, 7),
        (13, "timeout", "article", 20, 90),
        (13, "dns", "article", 7, 7),
        (13, "timeout", "feed", 7, 7),
    ],
)
def test_a_page_that_failed_more_than_twelve_times_rests_for_weeks_unless_its_host_is_to_blame(
    failures, reason, kind, shortest, longest
):
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    history = History(kind=kind, outcome=OutcomeKind.FAILED, last_news=now, reason=reason, failures=failures)
    assert shortest <= (next_visit(history, now=now) - now).days <= longest


@pytest.mark.parametrize(
    ("known", "given", "changed", "kept"),
    [
        ({"etag": '"1"'}, {"etag": '"1"'}, True, UNRELIABLE),
        ({"etag": '"1"'}, {"etag": '"1"'}, False, '"1"'),
        ({"etag": '"1"'}, {"etag": '"2"'}, True, '"2"'),
        ({"etag": '"1"', "visits": 0}, {"etag": '"1"'}, True, '"1"'),
        ({"last_modified": "Sun"}, {"last_modified": "Sun"}, True, UNRELIABLE),
        ({"last_modified": "Sun"}, {"last_modified": "Sun", "etag": '"2"'}, True, '"2"'),
        ({}, {}, True, ""),
        ({"etag": UNRELIABLE}, {"etag": '"2"'}, True, UNRELIABLE),
    ],
)
def test_validators_are_given_up_once_they_stay_while_the_page_changes(known, given, changed, kept):
    due = scheduled(**{"visits": 3, **known})
    given = {"etag": "", "last_modified": "", **given}
    assert validators_to_keep(due, **given, changed=changed)["etag"] == kept
