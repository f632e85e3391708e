"""When to visit a URL again: from what it is and what the visits so far said, to a time or never. Pure.

The intervals follow what news does: front pages and feeds change by the hour, an article is corrected in its first hours and days and
hardly ever after a month. Unchanged visits stretch an interval, a change resets it; failures back off. What a feed says of itself (`ttl`,
`sy:updatePeriod`) is not asked: WordPress writes "hourly" into every feed, whoever publishes it and however often.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from archive import ANNOUNCERS, OutcomeKind

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

GONE_EARLY: tuple[timedelta, ...] = (10 * MINUTE, HOUR, 6 * HOUR, *GONE)
"""The same of an article that was announced within the last day and never seen: its announcement was ahead of the page."""

RETRY_FIRST = 10 * MINUTE
LONGEST_RETRY: dict[str, timedelta] = {"named": 20 * HOUR, "announcer": 7 * DAY, "first": 7 * DAY, "page": 90 * DAY}
"""The longest rest after failures in a row: of an announcer that the site's entry names (a daily run finds it due each day), of any
other, of a page in its first RETRIES failures, of a page after them. No rest is without end: what was away for a year may be back."""

RETRIES = 12

HOST_REASONS = frozenset(
    {"dns", "connection-refused", "unreachable", "tls", "robots-unreachable", "http-503", "http-429"}
)
"""Failures that are the host's rather than the URL's: they do not end in the rest of a page that is given up."""

TEMPORARY = frozenset({"http-302", "http-303", "http-307"})
"""Redirects whose original address stays the one to ask (RFC 9110, section 15.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the frontier knows of a URL at the end of a visit. `born` is when it was published, or first seen, or last changed.

    `named`: the site's entry, or the crawl's URL, names it. `early`: an article that was announced within the last day and never seen.
    """

    kind: str
    outcome: OutcomeKind
    born: datetime
    reason: str = ""
    unchanged: int = 0
    failures: int = 0
    named: bool = False
    early: bool = False

    @property
    def announces(self) -> bool:
        """Whether it tells of news, and is asked for as long as the site is crawled."""
        return self.kind in ANNOUNCERS


def next_visit(history: History, *, now: datetime, retry_after: timedelta | None = None) -> datetime | None:
    """The time of the next visit, None for never; `retry_after` is what the server asked for."""
    interval = _interval(history, now)
    if interval is None:
        return None
    return now + max(interval, min(retry_after or timedelta(0), LONGEST_RETRY["announcer"]))


def _interval(history: History, now: datetime) -> timedelta | None:  # noqa: PLR0911 - a table of cases
    kind = OutcomeKind
    match history.outcome:
        case kind.GONE:
            return _gone(history)
        case kind.FAILED | kind.QUARANTINE | kind.REFUSED:
            return _retry(history)
        case kind.DISALLOWED:
            return 20 * HOUR if history.announces else 7 * DAY  # what announces news tells when a ban ends
        case kind.BUDGET:
            return DAY
        case kind.REDIRECT:
            return _redirected(history, now)
        case kind.ROBOTS | kind.RETRIED | kind.REDACTED:
            return None
        case kind.OTHER | kind.PART:
            return _rhythm(history) if history.announces else None
        case kind.ARTICLE | kind.WITHHELD | kind.UNCHANGED:
            return _rhythm(history) if history.announces else _article_interval(now - history.born)
        case kind.LISTING | kind.FEED | kind.SITEMAP:
            return _rhythm(history)
        case _:
            assert_never(history.outcome)


def _rhythm(history: History) -> timedelta:
    """The interval of what is no article: longer with every visit that found nothing new."""
    shortest, longest = BASE.get(history.kind, BASE["page"])
    return min(shortest * (1 << min(history.unchanged, 16)), longest)


def _redirected(history: History, now: datetime) -> timedelta:
    """An announcer keeps its rhythm, since its redirects are followed in the same visit; a moved article is hardly asked again."""
    if history.announces:
        return _rhythm(history)
    return max(DAY, min(_article_interval(now - history.born), 30 * DAY)) if history.reason in TEMPORARY else 30 * DAY


def _gone(history: History) -> timedelta | None:
    if history.announces:
        return _retry(history)
    steps = GONE_EARLY if history.early else GONE
    return steps[history.failures - 1] if 0 < history.failures <= len(steps) else None


def _retry(history: History) -> timedelta:
    """The rest after so many failures in a row."""
    if history.announces:
        longest = LONGEST_RETRY["named" if history.named else "announcer"]
    elif history.failures <= RETRIES or history.reason in HOST_REASONS:
        longest = LONGEST_RETRY["first"]
    else:
        longest = LONGEST_RETRY["page"]
    return min(RETRY_FIRST * (1 << min(max(0, history.failures - 1), 20)), longest)


def _article_interval(age: timedelta) -> timedelta:
    return next((interval for limit, interval in ARTICLE if age <= limit), 365 * DAY)
