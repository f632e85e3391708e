"""Decide when to visit a URL again, from its kind and its visits so far: a time, or never. Pure.

The intervals reflect how news changes: front pages and feeds change by the hour; an article is corrected in its first hours and days and
hardly ever after a month. Unchanged visits lengthen an interval, a change resets it; failures back off. The interval that a feed declares
(`ttl`, `sy:updatePeriod`) is ignored: WordPress writes "hourly" into every feed, however often it changes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, assert_never

from archive.files.clock import iso
from archive.index import ANNOUNCERS, FetchStatus
from archive.outcome import TEMPORARY_REDIRECTS, OutcomeKind
from crawler.politeness import read_retry_after

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.http import Response

    from archive.index import ScheduledUrl
    from archive.parse import Outlink

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

BASE: dict[str, tuple[timedelta, timedelta]] = {
    "seed": (10 * MINUTE, 6 * HOUR),
    "feed": (10 * MINUTE, 12 * HOUR),
    "sitemap": (20 * MINUTE, DAY),
    "section": (30 * MINUTE, 2 * DAY),
    "page": (DAY, 30 * DAY),
}
"""Shortest and longest interval between visits of a URL that is not an article."""

ARTICLE: tuple[tuple[timedelta, timedelta], ...] = (
    (6 * HOUR, HOUR),
    (2 * DAY, 6 * HOUR),
    (7 * DAY, DAY),
    (30 * DAY, 7 * DAY),
    (365 * DAY, 60 * DAY),
)
"""(maximum age, interval) of an article, by its age since publication or the last change; older ones are visited once a year."""

GONE: tuple[timedelta, ...] = (DAY, 2 * DAY, 4 * DAY)
"""Revisits after a 404 or 410: an outage is not a deletion, so it takes days and several responses before visits stop."""

GONE_EARLY: tuple[timedelta, ...] = (10 * MINUTE, HOUR, 6 * HOUR, *GONE)
"""The same for an article announced within the last day and never seen: it was announced before its publication."""

PAGE_BYTES = "too-many-page-bytes"
"""The reason of a requisite that was not requested because its page had used up its quota."""

MISSING: tuple[timedelta, ...] = (DAY, 7 * DAY)
"""Revisits of an unavailable requisite."""

RETRY_FIRST = 10 * MINUTE
LONGEST_RETRY: dict[str, timedelta] = {"named": 20 * HOUR, "announcer": 7 * DAY, "first": 7 * DAY, "page": 90 * DAY}
"""The longest interval after consecutive failures: of a start page, feed or sitemap that the site's entry names (so that a daily run
finds it due), of any other, of a page in its first RETRIES failures, of a page after them. Visits never stop: a site may return
after a year."""

RETRIES = 12

HOST_REASONS = frozenset(
    {
        "dns",
        "proxy",
        "refused-address",
        "connection-refused",
        "unreachable",
        "tls",
        "incomplete-chain",
        "http2-only",
        "robots-unreachable",
        "http-503",
        "http-429",
    }
)
"""Failures of the host rather than the URL: they never lead to the interval of a page that is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The frontier's data on a URL at the end of a visit. `last_news` is when it was published, first seen, or last changed.

    `named`: the site's entry, or the crawl's URL, names it. `early`: an article that was announced within the last day and never seen.
    """

    kind: str
    outcome: OutcomeKind
    last_news: datetime
    reason: str = ""
    unchanged: int = 0
    failures: int = 0
    named: bool = False
    early: bool = False

    @property
    def announces(self) -> bool:
        """Whether the URL is a start page, feed or sitemap, fetched as long as the site is crawled."""
        return self.kind in ANNOUNCERS


def next_visit(history: History, *, now: datetime, retry_after: timedelta | None = None) -> datetime | None:
    """Return the time of the next visit, None for never; `retry_after` is what the server asked for."""
    interval = _interval(history, now)
    if interval is None:
        return None
    return now + max(interval, min(retry_after or timedelta(0), LONGEST_RETRY["announcer"]))


def _interval(history: History, now: datetime) -> timedelta | None:  # noqa: C901, PLR0911 - a table of cases
    kind = OutcomeKind
    match history.outcome:
        case kind.GONE:
            return _gone(history)
        case kind.FAILED | kind.QUARANTINE | kind.REFUSED:
            return _retry(history)
        case kind.DISALLOWED:
            return 20 * HOUR if history.announces else 7 * DAY  # a start page or feed shows when a ban ends
        case kind.BUDGET:
            return DAY
        case kind.REDIRECT:
            return _redirected(history, now)
        case kind.ROBOTS | kind.RETRIED | kind.REDACTED:
            return None
        case kind.REQUISITE:
            return None  # a page that loads it makes it due again: `archive.index.frontier.CONFIRMED_AFTER`
        case kind.MISSING:
            return _missing(history)
        case kind.OTHER | kind.PART:
            return _list_interval(history) if history.announces else None
        case kind.ARTICLE | kind.DOCUMENT | kind.WITHHELD | kind.UNCHANGED:
            return _list_interval(history) if history.announces else _article_interval(now - history.last_news)
        case kind.LISTING | kind.FEED | kind.SITEMAP:
            return _list_interval(history)
        case _:
            assert_never(history.outcome)


def _list_interval(history: History) -> timedelta:
    """Return the interval of a URL that is not an article: longer with every visit that found nothing new."""
    shortest, longest = BASE.get(history.kind, BASE["page"])
    return min(shortest * (1 << min(history.unchanged, 16)), longest)


def _redirected(history: History, now: datetime) -> timedelta:
    """Return the interval after a redirect: unchanged for start pages and feeds, whose redirects are followed; long for a moved article."""
    if history.announces:
        return _list_interval(history)
    temporary = history.reason in TEMPORARY_REDIRECTS
    return max(DAY, min(_article_interval(now - history.last_news), 30 * DAY)) if temporary else 30 * DAY


def _gone(history: History) -> timedelta | None:
    if history.announces:
        return _retry(history)
    steps = GONE_EARLY if history.early else GONE
    return steps[history.failures - 1] if 0 < history.failures <= len(steps) else None


def _missing(history: History) -> timedelta | None:
    """Return the interval of a missing requisite: None after the third response without it, unless a limit prevented the request."""
    return (
        MISSING[history.failures - 1] if 0 < history.failures <= len(MISSING) else DAY if not history.failures else None
    )


def _retry(history: History) -> timedelta:
    """Return the interval after that many consecutive failures."""
    if history.announces:
        longest = LONGEST_RETRY["named" if history.named else "announcer"]
    elif history.failures <= RETRIES or history.reason in HOST_REASONS:
        longest = LONGEST_RETRY["first"]
    else:
        longest = LONGEST_RETRY["page"]
    return min(RETRY_FIRST * (1 << min(max(0, history.failures - 1), 20)), longest)


def _article_interval(age: timedelta) -> timedelta:
    return next((interval for limit, interval in ARTICLE if age <= limit), 365 * DAY)


LONGEST_REST = 365 * 24 * 3600.0
"""The longest Retry-After that is obeyed, in seconds; the schedule has its own limit."""


EARLY = timedelta(days=1)
"""The time after its announcement in which a missing article is retried soon."""


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
    """Return the status of `due` after a visit, with the time of the next; `more` are further fields of FetchStatus."""
    failed = outcome.is_failure
    refused = reason in {"http-429", PAGE_BYTES}  # our rate and volume say nothing about the URL
    history = History(
        kind=due.kind,
        outcome=outcome,
        reason=reason,
        last_news=last_news_at(due, published, changed=changed, now=now),
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
"""Wrong times of a feed or sitemap (visits that found nothing new) after which its other times are ignored too."""

JUST_NOW = timedelta(minutes=15)
NEWS_SITEMAP = 1000
"""Entries of the longest news sitemap (Google's limit): a longer list with a single time was not written on one day."""


def are_plausible(found: Sequence[Outlink], now: datetime) -> bool:
    """Return whether the times of a list are those of its entries, rather than of its generation."""
    hints = [entry.published_hint for entry in found if entry.published_hint]
    if len(hints) < DISBELIEVED:
        return True
    just_now = sum(iso(now - JUST_NOW) <= hint <= iso(now + JUST_NOW) for hint in hints)
    same = Counter(hints).most_common(1)[0][1]
    return just_now * 5 < len(hints) * 4 and (len(hints) <= NEWS_SITEMAP or same * 5 < len(hints) * 4)


def last_news_at(due: ScheduledUrl, published: str, *, changed: bool, now: datetime) -> datetime:
    """Return when an article was last news: its date or last change; without a date, the announcement counts at the first visit."""
    if due.visits and changed:
        return now
    for text in (published, due.changed_at, due.published_hint):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            continue
        return min(now, moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo))
    return now


UNRELIABLE = "unreliable"
"""Stored in place of an ETag when a page changed and kept its validators: a server that calls such a page unchanged must not be asked."""

WHOLE_EVERY = {"list": 4, "page": 8}
"""Of so many visits in a row that find a URL unchanged, the last asks for it whole: some servers call everything unchanged."""


def validators_of(due: ScheduledUrl) -> dict[str, str]:
    """Return the header fields that ask for a URL only if it has changed.

    None after a failure, which they may have caused, where they proved wrong, and now and then to see whether they are.
    """
    often = WHOLE_EVERY["list" if due.kind in {*ANNOUNCERS, "section"} else "page"]
    if due.failures or due.etag == UNRELIABLE or due.unchanged % often == often - 1:
        return {}
    fields = {"If-None-Match": due.etag, "If-Modified-Since": due.last_modified}
    return {name: value for name, value in fields.items() if value}


def validators_to_keep(due: ScheduledUrl, *, etag: str, last_modified: str, changed: bool) -> dict[str, str]:
    """Return the validators of a response as the frontier stores them; UNRELIABLE once a changed page has come with the same ones."""
    same = etag == due.etag if etag else last_modified == due.last_modified != ""
    if due.etag == UNRELIABLE or (due.visits and changed and same):
        return {"etag": UNRELIABLE, "last_modified": ""}
    return {"etag": etag, "last_modified": last_modified}


def ascii_header(response: Response, name: str) -> str:
    """Return a header of the response as ASCII, at most 500 characters; '' if it is missing or cannot be sent in a request."""
    value = (response.headers.get(name) or b"").decode("latin-1")[:500]
    return value if value.isascii() and value.isprintable() else ""


def retry_after_of(response: Response, now: datetime) -> timedelta | None:
    """Return the Retry-After of a response, given in seconds or as a date (RFC 9110, section 10.2.3)."""
    seconds = read_retry_after(response.headers.get("Retry-After"), now)
    return None if seconds is None else timedelta(seconds=min(seconds, LONGEST_REST))
