"""When a URL is visited again: announcers for ever, articles by their age, failures at growing intervals."""

from datetime import UTC, datetime, timedelta

import pytest

from archive.index import ANNOUNCERS
from archive.outcome import OutcomeKind
from crawler.frontier.revisit import DAY, HOUR, MINUTE, RETRIES, History, next_visit

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def rest(kind, outcome, **more):
    due = next_visit(History(kind=kind, outcome=outcome, born=more.pop("born", NOW), **more), now=NOW)
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
    history = History(kind="feed", outcome=OutcomeKind.REFUSED, born=NOW, failures=1)
    assert next_visit(history, now=NOW, retry_after=timedelta(hours=5)) == NOW + 5 * HOUR
    assert next_visit(history, now=NOW, retry_after=timedelta(seconds=1)) == NOW + 10 * MINUTE


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
    history = History(kind=kind, outcome=OutcomeKind.FAILED, born=now, reason=reason, failures=failures)
    assert shortest <= (next_visit(history, now=now) - now).days <= longest
