"""Check whether a site's days are normal, and raise named alarms. Pure, so that it can be simulated.

The number of new articles of a day is compared with that of the same weekday before, by the square-root transform of counts (Bartlett
1936: 2·√n of a Poisson count has variance 1, times the site's own overdispersion). Shares are compared by a two-proportion z test. The
limits are set so that a healthy site raises about one alarm in several years; `python bench/health.py` measures it on simulated histories.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import fmean, median, pvariance
from typing import TYPE_CHECKING, Literal

from archive.locale import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

Kind = Literal[
    "not-crawled", "silent", "shrinking", "failing", "disallowed", "extraction-changed", "incomplete", "session-expired", "barren"
]  # fmt: skip

BASELINE_DAYS = 56
"""Eight weeks: eight of each weekday, and a site that has grown or shrunk for good stops alarming after a month or two."""

LEAST_DAYS = 7
"""The fewest crawled days before a day that allow it to be checked: one of each weekday."""

COUNT_LIMIT = 4.5
SHARE_LIMIT = 4.5
"""Standard deviations beyond which a count or share is not due to chance; the limit is high because the tails are heavy."""

WINDOWS = (1, 3, 7)
"""Days that are checked together: only a week without articles is unusual for a site with one article a day."""

SHARE_STEP = 0.3
"""The smallest change of a share that raises an alarm: with many pages, a small drift is significant but harmless."""

HISTORY = timedelta(days=BASELINE_DAYS + max(WINDOWS))
"""How far back the history goes with which a day is compared."""

LEAST_PAGES = 5
"""The fewest pages from which a share or a median is computed."""

LENGTH_FACTOR = 2.0
"""The median text counts as a new layout when it is this many times longer or shorter, and outside the range seen before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Figures of one site on one day (UTC).

    `announced` counts the article URLs that became known that day, `captured` those of them that are held by now, `missed` the others by
    reason. `new` counts the articles first read that day. Counts of visits: `visits`, `failed`, `disallowed` (robots.txt), `read` (pages
    read as a new or changed article) and `quarantined`; `session_expired` counts pages that a subscriber's session no longer opens.
    `barren` is the reason for which the crawls of the day found no article of the site, '' when they found one. Of the pages read:
    `without_author`, `without_date`, and `length`, the median number of characters (0 for none).
    """

    site: str
    day: date
    runs: int = 0
    announced: int = 0
    captured: int = 0
    missed: Mapping[str, int] = field(default_factory=dict)
    new: int = 0
    visits: int = 0
    failed: int = 0
    disallowed: int = 0
    read: int = 0
    quarantined: int = 0
    session_expired: int = 0
    barren: str = ""
    without_author: int = 0
    without_date: int = 0
    length: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm for a person to look into: `value` was observed; `expected` is what earlier days of this kind had."""

    site: str
    day: date
    kind: Kind
    detail: str
    value: float
    expected: float


def alarms_of(history: Sequence[Day], day: date, *, complete: bool = True) -> list[Alarm]:
    """Return the alarms of `day`, compared with the days before it in `history` (in any order; days without a row were not crawled).

    The number of articles of a day that is not `complete` is not checked. An expired session, and a site that never
    gave an article, raise alarms without any earlier day.
    """
    by_day = {entry.day: entry for entry in history}
    at_once = [*_session(by_day[day]), *_no_articles(by_day, by_day[day])] if day in by_day else []
    baseline = [
        by_day[moment]
        for back in range(1, BASELINE_DAYS + 1)
        if (moment := day - timedelta(days=back)) in by_day and by_day[moment].runs
    ]
    if len(baseline) < LEAST_DAYS:
        return at_once
    today = by_day.get(day) or Day(site=baseline[0].site, day=day)
    if not today.runs:
        return _not_crawled(today, baseline) if complete else []
    found = [
        _visits(today, baseline, "failing", lambda entry: entry.failed, N_("of the visits failed")),
        _visits(today, baseline, "disallowed", lambda entry: entry.disallowed, N_("of the visits were disallowed by robots.txt")),
        _extraction(today, baseline),
    ]  # fmt: skip
    if complete:
        found += [_count(by_day, today), _coverage(today, baseline)]
    return [*at_once, *(alarm for alarm in found if alarm)]


def alarms_of_all(days: Iterable[Day], day: date, *, today: date | None = None) -> list[Alarm]:
    """Return the alarms of all sites on this day and, if given, on `today`, which is not over yet."""
    of_site: dict[str, list[Day]] = {}
    for entry in days:
        of_site.setdefault(entry.site, []).append(entry)
    alarms: list[Alarm] = []
    for _, history in sorted(of_site.items()):
        alarms += alarms_of(history, day)
        alarms += alarms_of(history, today, complete=False) if today else []
    return alarms


def _alarm(today: Day, kind: Kind, detail: str, value: float, expected: float) -> Alarm:
    return Alarm(
        site=today.site, day=today.day, kind=kind, detail=detail, value=round(value, 3), expected=round(expected, 3)
    )


def _no_articles(by_day: Mapping[date, Day], today: Day) -> list[Alarm]:
    """Return an alarm when, by the reports of the crawls, no article was ever found."""
    until = [entry for moment, entry in sorted(by_day.items()) if moment <= today.day]
    reasons = [entry.barren for entry in until if entry.barren]
    if not today.runs or not reasons or any(entry.read for entry in until):
        return []
    return [
        _alarm(
            today,
            "barren",
            N_(f"no article was ever found ({reasons[-1]}); the summary of a crawl says what to try"),
            0,
            1,
        )
    ]


def _session(today: Day) -> list[Alarm]:
    """Return an alarm for pages that were complete and are now teasers or logins, although a subscriber's session was sent."""
    pages = today.session_expired
    words = (
        N_("1 page that was complete is now a teaser or a login: renew cookies_file or headers_file of the entry")
        if pages == 1
        else N_(
            f"{pages} pages that were complete are now teasers or logins: renew cookies_file or headers_file of "
            f"the entry"
        )
    )
    return [_alarm(today, "session-expired", words, pages, 0)] if pages else []


def _not_crawled(today: Day, baseline: Sequence[Day]) -> list[Alarm]:
    """Return an alarm for a site that is crawled on most days and was not: check the timer, the lock or the machine."""
    share = sum(entry.day >= today.day - timedelta(days=14) for entry in baseline) / 14
    if share < 0.7:
        return []
    return [_alarm(today, "not-crawled", N_("no crawl ran"), 0, 1)]


def _count(by_day: Mapping[date, Day], today: Day) -> Alarm | None:
    """Return an alarm for too few new articles in the last day, three days or week."""
    for span in WINDOWS:
        window = [today.day - timedelta(days=back) for back in range(span)]
        crawled = [by_day[moment] for moment in window if moment in by_day and by_day[moment].runs]
        before = [
            by_day[moment]
            for back in range(span, BASELINE_DAYS + span)
            if (moment := today.day - timedelta(days=back)) in by_day and by_day[moment].runs
        ]
        if len(crawled) < span or len(before) < max(LEAST_DAYS, 2 * span):
            continue
        rates = _weekday_rates(before)
        expected = sum(rates[moment.weekday()] for moment in window)
        seen = sum(entry.new for entry in crawled)
        score = 2 * (math.sqrt(seen) - math.sqrt(expected)) / math.sqrt(_dispersion(before, rates))
        limit = COUNT_LIMIT * (1 + 4 / len(before))  # a short baseline is itself uncertain
        if score < -limit and seen < 0.6 * expected:
            days = N_("1 day") if span == 1 else N_(f"{span} days")
            kind: Kind = "silent" if seen == 0 else "shrinking"
            words = (
                N_(f"1 new article in {days}, expected about {expected:.0f}")
                if seen == 1
                else N_(f"{seen} new articles in {days}, expected about {expected:.0f}")
            )
            return _alarm(today, kind, words, seen, expected)
    return None


def _weekday_rates(before: Sequence[Day]) -> list[float]:
    """Return the expected articles of each weekday: its mean, shrunk towards the mean of all days, which counts as two more such days."""
    overall = fmean(_without_backlog(before))
    rates = []
    for weekday in range(7):
        own = [entry.new for entry in before if entry.day.weekday() == weekday]
        rates.append((sum(own) + 2 * overall) / (len(own) + 2))
    return rates


def _without_backlog(before: Sequence[Day]) -> list[float]:
    """Return the counts with the backlog of the first day cut: the first crawl of a site finds its whole front page at once."""
    counts = [entry.new for entry in before]
    most = 3 * median(counts) + 10
    return [min(count, most) for count in counts]


def _dispersion(before: Sequence[Day], rates: Sequence[float]) -> float:
    """Return the ratio of the variance of the counts about their expectation to that of a Poisson process; at least 1."""
    rests = [
        (count - rates[entry.day.weekday()]) / math.sqrt(max(rates[entry.day.weekday()], 0.25))
        for entry, count in zip(before, _without_backlog(before), strict=True)
    ]
    return max(1.0, pvariance(rests) * len(rests) / max(1, len(rests) - 2))


def _visits(today: Day, baseline: Sequence[Day], kind: Kind, part: Callable[[Day], int], words: str) -> Alarm | None:
    return _share(today, kind, words, [today], baseline, part, lambda entry: entry.visits, least=0.5)


def _share(  # noqa: PLR0917 - called in rows of a table
    today: Day, kind: Kind, words: str, window: Sequence[Day], baseline: Sequence[Day],
    part: Callable[[Day], int], whole: Callable[[Day], int], *, least: float = 0.0,
) -> Alarm | None:  # fmt: skip
    """Return an alarm for a share of the window's pages that is far above the baseline's."""
    total, before = sum(map(whole, window)), sum(map(whole, baseline))
    if total < LEAST_PAGES or before < LEAST_PAGES:
        return None
    seen, expected = sum(map(part, window)) / total, sum(map(part, baseline)) / before
    pooled = (seen * total + expected * before) / (total + before)
    spread = math.sqrt(max(pooled * (1 - pooled), 1e-9) * (1 / total + 1 / before))
    worst = max((part(entry) / whole(entry) for entry in baseline if whole(entry) >= LEAST_PAGES), default=0.0)
    if seen < least or seen - expected < SHARE_STEP or (seen - expected) / spread < SHARE_LIMIT or seen <= worst:
        return None
    return _alarm(today, kind, N_(f"{seen:.0%} {words}, {expected:.0%} before"), seen, expected)


def _extraction(today: Day, baseline: Sequence[Day]) -> Alarm | None:
    """Return an alarm for a new layout: more pages in quarantine, more without author or date, or texts of another length."""
    pages: Callable[[Day], int] = lambda entry: entry.read + entry.quarantined  # noqa: E731
    read: Callable[[Day], int] = lambda entry: entry.read  # noqa: E731
    kind: Kind = "extraction-changed"
    for span in WINDOWS:  # a site of one article a day shows its new layout within a week
        first = today.day - timedelta(days=span - 1)
        window = [entry for entry in baseline if entry.day >= first] + [today]
        before = [entry for entry in baseline if entry.day < first]
        found = (
            _share(today, kind, N_("of the pages in quarantine"), window, before, lambda entry: entry.quarantined, pages)
            or _share(today, kind, N_("of the articles without author"), window, before, lambda entry: entry.without_author, read)
            or _share(today, kind, N_("of the articles without date"), window, before, lambda entry: entry.without_date, read)
        )  # fmt: skip
        if found:
            return found
    return _lengths(today, baseline)


def _lengths(today: Day, baseline: Sequence[Day]) -> Alarm | None:
    before = [entry.length for entry in baseline if entry.read >= LEAST_PAGES and entry.length > 0]
    if today.read < LEAST_PAGES or today.length <= 0 or len(before) < LEAST_DAYS:
        return None
    usual = median(before)
    factor = max(today.length / usual, usual / today.length)
    if factor < LENGTH_FACTOR or min(before) / 1.25 <= today.length <= max(before) * 1.25:
        return None
    words = N_(f"a median of {today.length:.0f} characters, {usual:.0f} before")
    return _alarm(today, "extraction-changed", words, today.length, usual)


def _coverage(today: Day, baseline: Sequence[Day]) -> Alarm | None:
    """Return an alarm for too many announced articles that were not captured."""
    missed: Callable[[Day], int] = lambda entry: entry.announced - entry.captured  # noqa: E731
    alarm = _share(
        today,
        "incomplete",
        N_("of what was announced is missing"),
        [today],
        baseline,
        missed,
        lambda entry: entry.announced,
    )
    if alarm is None:
        return None
    reasons = ", ".join(f"{reason} {n}" for reason, n in sorted(today.missed.items(), key=lambda item: -item[1])[:3])
    return _alarm(today, alarm.kind, f"{alarm.detail}: {reasons}", alarm.value, alarm.expected)


def prometheus(days: Iterable[Day], alarms: Iterable[Alarm]) -> str:
    """Return the figures in Prometheus text format (for node_exporter's textfile collector); `days` has one day of each site."""
    lines: list[str] = []
    rows = list(days)
    raised = {(alarm.site, alarm.kind) for alarm in alarms}
    for name, words in (
        ("announced", "Article URLs that became known that day"), ("captured", "Of the announced, those held"),
        ("new", "Articles first read that day"), ("visits", "Visits"), ("failed", "Visits that failed"),
        ("disallowed", "Visits disallowed by robots.txt"), ("quarantined", "Pages put in quarantine"),
    ):  # fmt: skip
        lines += [f"# HELP warraq_day_{name} {words}.", f"# TYPE warraq_day_{name} gauge"]
        lines += [f'warraq_day_{name}{{site="{_label(row.site)}"}} {getattr(row, name)}' for row in rows]
    lines += ["# HELP warraq_alarm Whether the alarm is raised.", "# TYPE warraq_alarm gauge"]
    for row in rows:
        for kind in Kind.__args__:  # type: ignore[attr-defined]
            lines.append(f'warraq_alarm{{site="{_label(row.site)}",kind="{kind}"}} {int((row.site, kind) in raised)}')
    return "\n".join(lines) + "\n"


def _label(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
