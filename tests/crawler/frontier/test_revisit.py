"""How long a URL rests."""

from datetime import UTC, datetime, timedelta

import pytest

from archive import OutcomeKind
from crawler.frontier.revisit import History, next_visit

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def rest(failures, *, reason="timeout", kind="article"):
    history = History(kind=kind, outcome=OutcomeKind.FAILED, born=NOW, reason=reason, failures=failures)
    return next_visit(history, now=NOW) - NOW


@pytest.mark.parametrize(
    ("failures", "longest"), [(1, timedelta(minutes=10)), (2, timedelta(minutes=20)), (12, timedelta(days=7))]
)
def test_a_page_that_fails_rests_longer_each_time_up_to_a_week(failures, longest):
    assert rest(failures) == longest


def test_a_page_that_failed_more_than_twelve_times_rests_for_weeks_unless_its_host_is_to_blame():
    assert rest(13) > timedelta(days=20)
    assert rest(13, reason="dns") == timedelta(days=7)
    assert rest(13, kind="feed") == timedelta(days=7)
