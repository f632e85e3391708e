"""When to visit a URL again: from what it is and what the visits so far said, to a time or never. Pure.

The intervals follow what news does: front pages and feeds change by the hour, an article is corrected in its first hours and days and
hardly ever after a month. Unchanged visits stretch an interval, a change resets it; failures back off. What a feed says of itself (`ttl`,
`sy:updatePeriod`) is not asked: WordPress writes "hourly" into every feed, whoever publishes it and however often.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from archive import OutcomeKind

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

BASE: dict[str, tuple[timedelta, timedelta]] = {
    "seed": (10 * MINUTE, 6 * HOUR),
    "feed": (10 * MINUTE, 12 * HOUR),
    "sitemap": (20 * MINUTE, DAY),
    "section": (30 * MINUTE, 2 * DAY),
    "page": (DAY, 30 * DAY),
}
"""Shortest and longest interval between visits of what is not an article."""

ARTICLE: tuple[tuple[timedelta, timedelta], ...] = (
    (6 * HOUR, HOUR),
    (2 * DAY, 6 * HOUR),
    (7 * DAY, DAY),
    (30 * DAY, 7 * DAY),
    (365 * DAY, 60 * DAY),
)
"""(age up to, interval) of an article, by its age since it was published or last changed; older ones are visited once a year."""

GONE: tuple[timedelta, ...] = (DAY, 2 * DAY, 4 * DAY)
"""Visits after a 404 or 410: an outage is not a deletion, so it takes days and several answers before we stop asking."""

RETRY_FIRST, RETRY_LONGEST = 10 * MINUTE, 7 * DAY
GIVE_UP_AFTER = 12
"""Failures in a row after which a URL is left alone: the last of them are a week apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the frontier knows of a URL at the end of a visit. `born` is when it was published, or first seen, or last changed."""

    kind: str
    outcome: OutcomeKind
    born: datetime
    unchanged: int = 0
    failures: int = 0


def next_visit(history: History, *, now: datetime, retry_after: timedelta | None = None) -> datetime | None:
    """The time of the next visit, None for never; `retry_after` is what the server asked for."""
    interval = _interval(history, now)
    if interval is None:
        return None
    return now + max(interval, min(retry_after or timedelta(0), RETRY_LONGEST))


def _interval(history: History, now: datetime) -> timedelta | None:  # noqa: PLR0911 - a table of cases
    kind = OutcomeKind
    match history.outcome:
        case kind.GONE:
            return GONE[history.failures - 1] if 0 < history.failures <= len(GONE) else None
        case kind.FAILED | kind.QUARANTINE | kind.REFUSED:
            if history.failures > GIVE_UP_AFTER:
                return None
            return min(RETRY_FIRST * (1 << max(0, history.failures - 1)), RETRY_LONGEST)
        case kind.DISALLOWED:
            return 7 * DAY if history.kind in {"article", "page"} else DAY  # what announces news tells when a ban ends
        case kind.BUDGET:
            return DAY
        case kind.REDIRECT:
            return 30 * DAY
        case kind.OTHER | kind.PART | kind.ROBOTS | kind.RETRIED | kind.REDACTED:
            return None
        case kind.ARTICLE | kind.WITHHELD | kind.UNCHANGED:
            return _article_interval(now - history.born)
        case kind.LISTING | kind.FEED | kind.SITEMAP:
            shortest, longest = BASE.get(history.kind, BASE["page"])
            return min(shortest * (1 << min(history.unchanged, 16)), longest)
        case _:
            assert_never(history.outcome)


def _article_interval(age: timedelta) -> timedelta:
    return next((interval for limit, interval in ARTICLE if age <= limit), 365 * DAY)
