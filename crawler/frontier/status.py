"""What a visit said of a URL, for the frontier: how it ended in, the row of the visit with the time of the next one out."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from archive import FetchStatus, iso
from crawler.frontier.revisit import History, next_visit
from crawler.politeness.throttle import read_retry_after

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.http import Response

    from archive import OutcomeKind, Outlink, ScheduledUrl

LONGEST_REST = 365 * 24 * 3600.0
"""Seconds of a Retry-After that are believed; the schedule has a bound of its own."""


EARLY = timedelta(days=1)
"""The time after its announcement in which an article that is not there yet is asked for again soon."""


def status_of(
    due: ScheduledUrl,
    *,
    now: datetime,
    outcome: OutcomeKind,
    reason: str,
    changed: bool = True,
    published: str = "",
    retry_after: timedelta | None = None,
    **more: Any,
) -> FetchStatus:
    """The visit of `due` that ended so, with the time of the next; `more` are further fields of Visit."""
    failed = outcome.is_failure
    refused = reason == "http-429"  # how fast we ask says nothing of the URL
    history = History(
        kind=due.kind,
        outcome=outcome,
        reason=reason,
        born=born_of(due, published, changed=changed, now=now),
        unchanged=0 if changed else due.unchanged + 1,
        failures=due.failures + (not refused) if failed else 0,
        named=due.announced_by == "seed",
        early=not due.article_url and due.kind == "article" and iso(now - EARLY) <= due.announced_at,
    )
    due_at = next_visit(history, now=now, retry_after=retry_after)
    asked_for = bool(due.visits) and due.published_hint > due.visited_at and not failed
    return FetchStatus(
        url_id=due.id, at=iso(now), outcome=outcome, due_at=iso(due_at) if due_at else "", reason=reason, changed=changed and not failed,
        failed=failed, refused=refused, hint_held=changed if asked_for else None, **more,
    )  # fmt: skip


DISBELIEVED = 5
"""Times of a feed or sitemap that proved wrong, each by a visit that found nothing new, until the others are not believed either."""

JUST_NOW = timedelta(minutes=15)
NEWS_SITEMAP = 1000
"""Entries of the longest news sitemap (Google's limit): a longer list of one and the same time was not written on one day."""


def are_believable(found: Sequence[Outlink], now: datetime) -> bool:
    """Whether the times of a list say when its entries changed, rather than when the list was made."""
    hints = [entry.published_hint for entry in found if entry.published_hint]
    if len(hints) < DISBELIEVED:
        return True
    just_now = sum(iso(now - JUST_NOW) <= hint <= iso(now + JUST_NOW) for hint in hints)
    same = Counter(hints).most_common(1)[0][1]
    return just_now * 5 < len(hints) * 4 and (len(hints) <= NEWS_SITEMAP or same * 5 < len(hints) * 4)


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
