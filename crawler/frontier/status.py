"""What a visit said of a URL, for the frontier: how it ended in, the row of the visit with the time of the next one out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from archive import FetchStatus, iso
from crawler.frontier.revisit import History, next_visit
from crawler.politeness.throttle import read_retry_after

if TYPE_CHECKING:
    from scrapy.http import Response

    from archive import OutcomeKind, ScheduledUrl

LONGEST_REST = 365 * 24 * 3600.0
"""Seconds of a Retry-After that are believed; the schedule has a bound of its own."""


def status_of(
    due: ScheduledUrl,
    *,
    now: datetime,
    outcome: OutcomeKind,
    reason: str,
    changed: bool = True,
    status: int | None = None,
    published: str = "",
    retry_after: timedelta | None = None,
    **more: str,
) -> FetchStatus:
    """The visit of `due` that ended so, with the time of the next; `more` are further fields of Visit."""
    failed = outcome.is_failure
    history = History(
        kind=due.kind,
        outcome=outcome,
        born=born_of(due, published, changed=changed, now=now),
        unchanged=0 if changed else due.unchanged + 1,
        failures=due.failures + 1 if failed else 0,
    )
    due_at = next_visit(history, now=now, retry_after=retry_after)
    return FetchStatus(
        url_id=due.id, at=iso(now), outcome=outcome, due_at=iso(due_at) if due_at else "", reason=reason, status=status,
        changed=changed and not failed, failed=failed, **more,
    )  # fmt: skip


def born_of(due: ScheduledUrl, published: str, *, changed: bool, now: datetime) -> datetime:
    """When an article last was news: its date, or its last change; a first visit without a date counts from the announcement or today."""
    if due.visits and changed:
        return now
    for text in (published, due.changed_at, due.published_hint):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            continue
        return min(now, moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo))
    return now


def header(response: Response, name: str) -> str:
    """A header of the response as ASCII, at most 500 characters; '' when it has none, or what no request could carry."""
    value = (response.headers.get(name) or b"").decode("latin-1")[:500]
    return value if value.isascii() and value.isprintable() else ""


def retry_after_of(response: Response, now: datetime) -> timedelta | None:
    """How long a response asks us to stay away, by seconds or by a date (RFC 9110, section 10.2.3)."""
    seconds = read_retry_after(response.headers.get("Retry-After"), now)
    return None if seconds is None else timedelta(seconds=min(seconds, LONGEST_REST))
