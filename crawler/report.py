"""Count what a crawl did, for the progress line and the summary."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from gettext import gettext as _
from math import inf
from typing import TYPE_CHECKING, Any

from archive import urls
from archive.errors import WORST_FIRST, ExitCode
from archive.index import frontier
from archive.outcome import OutcomeKind
from archive.terminal import duration
from archive.translation import N_, translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archive.capture import Capture
    from archive.index import CaptureRow
    from archive.ingest.commit import Committed
    from archive.outcome import Outcome
    from archive.parse import Outlink

COUNTED_APART = frozenset({OutcomeKind.GONE, OutcomeKind.DISALLOWED})
"""Failures with a line of their own in the summary."""


@dataclass(slots=True)
class OutOfScope:
    """The URLs out of scope that a crawl came across: how many on each host, and the first of each."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, url: str) -> None:
        """Count one."""
        host = urls.host_of(url)
        if host in self.counts or len(self.counts) < 1000:
            self.counts[host] += 1
            self.examples.setdefault(host, url)

    def as_dict(self, most: int = 20) -> dict[str, dict[str, object]]:
        """Return the hosts with the most URLs, as JSON takes them."""
        return {host: {"urls": n, "example": self.examples[host]} for host, n in self.counts.most_common(most)}


@dataclass(slots=True)
class RequisiteReport:
    """Figures of what pages load, which count nowhere else: `missing` by reason."""

    exchanges: int = 0
    bytes: int = 0
    announced: int = 0
    still_due: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        """Count what became of one."""
        if outcome.kind is OutcomeKind.MISSING:
            self.missing[outcome.reason] += 1
        elif outcome.reason == "unchanged":
            self.kept["unchanged"] += 1
        else:
            self.kept["redirect" if outcome.reason.startswith("http-3") else "new"] += 1

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON takes them."""
        return {
            "fetched": self.exchanges,
            "bytes_received": self.bytes,
            "announced": self.announced,
            "still_due": self.still_due,
            "kept": dict(self.kept),
            "missing": dict(self.missing),
        }


@dataclass(slots=True)
class RenderReport:
    """Figures of pages that a browser rendered: `met` are limits and rules by their word, `failed` pages by why they could not be.

    `unrendered` counts the pages that needed a browser which is not there, `problem` says what is missing.
    """

    pages: int = 0
    unrendered: int = 0
    problem: str = ""
    met: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    def missing(self, problem: str) -> None:
        """Count a page that needs a browser, where there is none."""
        self.unrendered += 1
        self.problem = problem

    def __str__(self) -> str:
        """One line for the warnings; '' when nothing was missing."""
        if not self.problem:
            return ""
        if self.unrendered == 1:
            return N_(f"no-browser: 1 page is empty without scripts and could not be rendered, for {self.problem}")
        return N_(
            f"no-browser: {self.unrendered} pages are empty without scripts and could not be rendered, for {self.problem}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON takes them."""
        return {
            "pages": self.pages,
            "unrendered": self.unrendered,
            "met": dict(self.met),
            "failed": dict(self.failed),
        }


@dataclass(slots=True)
class SessionWatch:
    """Whether a subscriber's session still opens what it opened.

    `walled` counts the pages held whole that are a teaser, a login or a refusal now, `example` is one of them; `whole` counts the pages
    that are not free and were served whole again. A start page that asks for a login counts as walled, too.
    """

    walled: int = 0
    whole: int = 0
    example: str = ""

    def saw(self, url: str, *, is_wall: bool, is_free: bool | None) -> None:
        """Count a visit to a page that was held whole before, or to a start page."""
        self.walled += is_wall
        self.whole += not is_wall and is_free is False
        if is_wall and not self.example:
            self.example = url

    @property
    def has_expired(self) -> bool:
        """Whether more pages that were whole are behind a wall than pages that are not free came whole."""
        return self.walled > self.whole

    def __str__(self) -> str:
        """Return one line for a summary; '' for a session that holds."""
        if not self.has_expired:
            return ""
        found = (
            N_(f"session-expired: 1 page that was whole is a teaser or a login now, such as {self.example}")
            if self.walled == 1
            else N_(
                f"session-expired: {self.walled} pages that were whole are a teaser or a login now, such as {self.example}"
            )
        )
        advice = N_(
            "log in with a browser and export its cookies into cookies_file again, or renew headers_file of the entry"
        )
        return f"{found}; {advice}"


@dataclass(slots=True, kw_only=True)
class Report:
    """Figures of one crawl.

    `outcomes` counts visits and captures by what they said, `failures` the failed ones by reason. `room` is how many visits its limit
    still lets it make.
    """

    site: str
    folder: str
    """Where the archive is; '' when none was made, since nothing was recorded."""
    exchanges: int = 0
    bytes: int = 0
    bytes_saved: int = 0
    announced: int = 0
    still_due: int = 0
    requisites: RequisiteReport = field(default_factory=RequisiteReport)
    rendering: RenderReport = field(default_factory=RenderReport)
    log_held_bytes: int = 0
    met_max_pages: bool = False
    reason: str = ""
    problem: str = ""
    seed_problem: str = ""
    last_title: str = ""
    room: float = inf
    no_article: str = ""
    no_article_reason: str = ""
    entry: str = ""
    session: SessionWatch = field(default_factory=SessionWatch)
    out_of_scope: OutOfScope = field(default_factory=OutOfScope)
    warnings: list[str] = field(default_factory=list)
    articles: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    warcs: list[str] = field(default_factory=list)

    def fetched(self, capture: Capture, row: CaptureRow | None, *, is_requisite: bool = False) -> None:
        """Count an exchange as it ends."""
        counted = self.requisites if is_requisite else self
        counted.exchanges += 1
        counted.bytes += len(capture.response)
        if row is None:
            return
        if row.record_type == "revisit" and row.status != 304:
            self.bytes_saved += len(capture.response)
        if row.warc_filename not in self.warcs:
            self.warcs.append(row.warc_filename)

    def add(self, done: Committed) -> None:
        """Count what a commit made durable."""
        self.announced += done.announced
        self.requisites.announced += done.requisites
        self.articles.update(change for _, change in done.articles)
        for outcome in done.outcomes:
            if outcome.kind.is_requisite:
                self.requisites.add(outcome)
                continue
            self.outcomes[outcome.kind] += 1
            if outcome.kind is OutcomeKind.QUARANTINE:
                self.quarantined[outcome.reason] += 1
            elif outcome.kind.is_failure and outcome.kind not in COUNTED_APART:
                self.failures[outcome.reason or outcome.kind] += 1

    def leads_elsewhere(self, kind: str, url: str, found: Sequence[Outlink]) -> None:
        """Warn of a start page, feed or sitemap of which nothing is in scope."""
        hosts = Counter(urls.host_of(entry.url) for entry in found if entry.url).most_common(3)
        named = ", ".join(f"{host} ({number})" for host, number in hosts)
        hint = json.dumps([host for host, _ in hosts])
        self.warnings.append(
            N_(f"the {kind} {url} leads only to URLs out of scope: {named}; hosts = {hint} in its entry includes them")
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON takes them."""
        return {
            "site": self.site,
            "reason": self.reason,
            "problem": self.problem or str(self.session) or self.seed_problem,
            "pages_fetched": self.exchanges,
            "articles_new": self.articles["new"],
            "articles_changed": self.articles["changed"],
            "articles_updated": self.articles["updated"],
            "articles_unchanged": self.articles["unchanged"],
            "quarantined": dict(self.quarantined),
            "failed": dict(self.failures),
            "gone": self.outcomes["gone"],
            "disallowed": self.outcomes["disallowed"],
            "outcomes": dict(self.outcomes),
            "urls_announced": self.announced,
            "left_out": dict(self.left_out),
            "out_of_scope": self.out_of_scope.as_dict(),
            "warnings": [*filter(None, (str(self.session), str(self.rendering), self.no_article)), *self.warnings],
            "session_expired": self.session.walled if self.session.has_expired else 0,
            "no_article": self.no_article_reason,
            "entry": self.entry,
            "urls_still_due": self.still_due,
            "database_log_held_bytes": self.log_held_bytes,
            "bytes_received": self.bytes,
            "bytes_saved_by_revisits": self.bytes_saved,
            "requisites": self.requisites.as_dict(),
            "rendered": self.rendering.as_dict(),
            "folder": self.folder,
            "warcs": self.warcs,
        }


def changes_text(figures: Mapping[str, Any]) -> str:
    """Return what became of articles, of the figures of a summary: `2 new, 1 changed, 0 updated, 5 unchanged`."""
    return ", ".join(
        f"{figures[f'articles_{change}']} {_(change)}" for change in ("new", "changed", "updated", "unchanged")
    )


def progress_line(report: Report) -> str:
    """Return one line on where the crawl stands."""
    return _(
        "{site}: {exchanges} fetched ({bytes}), articles {as_dict}; {quarantined} quarantined, {failures} failed"
    ).format(
        site=report.site,
        exchanges=report.exchanges,
        bytes=_size(report.bytes),
        as_dict=changes_text(report.as_dict()),
        quarantined=sum(report.quarantined.values()),
        failures=sum(report.failures.values()),
    )


def live_text(report: Report, *, seconds: float, queue: int) -> str:
    """Return the progress line: pages, articles, rate, queue, time left, and the last title."""
    rate = report.exchanges / seconds if seconds else 0.0
    parts = [
        _("{exchanges} pages").format(exchanges=report.exchanges),
        _("{articles} articles").format(articles=report.articles.total()),
        _("{rate:.1f} a second").format(rate=rate) if rate else "",
        _("{queue} in the queue").format(queue=_still_due(queue)),
        _("{rate} left").format(rate=duration(min(queue, report.room) / rate)) if rate and queue else "",
        report.last_title,
    ]
    return f"{report.site}: {', '.join(filter(None, parts))}"


def summary_text(report: Report) -> str:
    """Return what was done, for a person to read."""
    rows = [
        (
            _("pages fetched"),
            _("{exchanges} ({bytes}; {bytes_saved} more saved by revisits)").format(
                exchanges=report.exchanges, bytes=_size(report.bytes), bytes_saved=_size(report.bytes_saved)
            ),
        ),
        (_("articles"), changes_text(report.as_dict())),
        (_("quarantined"), _counts(report.quarantined)),
        (_("gone"), str(report.outcomes["gone"])),
        (_("disallowed by robots.txt"), str(report.outcomes["disallowed"])),
        (_("failed"), _counts(report.failures)),
        (_("left out by a limit"), _counts(report.left_out)),
        (_("out of scope"), _hosts(report.out_of_scope)),
        *_loaded(report.requisites),
        *_rendered(report.rendering),
        (
            _("URLs"),
            _("{announced} announced, {still_due} still due").format(
                announced=report.announced, still_due=_still_due(report.still_due)
            ),
        ),
        (_("ended"), "; ".join(translated(one) for one in (report.reason, report.seed_problem, report.problem) if one)),
        (_("files"), _files(report)),
    ]
    if report.log_held_bytes:
        grown = _(
            "warraq.db-wal grew to {log_held_bytes}: another process kept reading an old state (wal-held)"
        ).format(log_held_bytes=_size(report.log_held_bytes))
        rows.insert(-1, (_("warning"), grown))
    rows[-1:-1] = [
        (_("warning"), translated(warning))
        for warning in (str(report.session), str(report.rendering), report.no_article, *report.warnings)
        if warning
    ]
    rows = [(name, value) for name, value in rows if value != "0"]
    width = max(len(name) for name, value in rows)
    return "\n".join(
        [
            "",
            _("Crawl of {site}").format(site=report.site),
            *(f"  {name:<{width}}  {value}" for name, value in rows),
            "",
        ]
    )


def _loaded(figures: RequisiteReport) -> list[tuple[str, str]]:
    """Return what pages load, where anything was fetched, is missing or waits."""
    if not (figures.exchanges or figures.missing or figures.still_due):
        return []
    kept = ", ".join(f"{figures.kept[word]} {_(word)}" for word in ("new", "unchanged"))
    rows = [
        (
            _("requisites"),
            _("{exchanges} fetched ({bytes}): {kept}").format(
                exchanges=figures.exchanges, bytes=_size(figures.bytes), kept=kept
            ),
        )
    ]
    rows += [(_("requisites missing"), _counts(figures.missing))] if figures.missing else []
    rows += [(_("requisites still due"), _still_due(figures.still_due))] if figures.still_due else []
    return rows


def _rendered(figures: RenderReport) -> list[tuple[str, str]]:
    """Return what a browser rendered, where it did or could not."""
    rows = []
    if figures.pages:
        met = f" ({', '.join(f'{word} {n}' for word, n in figures.met.most_common())})" if figures.met else ""
        rows.append((_("rendered"), _("{pages} pages{met}").format(pages=figures.pages, met=met)))
    return [*rows, (_("not rendered"), _counts(figures.failed))] if figures.failed else rows


def _files(report: Report) -> str:
    if not report.folder:
        return _("none: nothing came, and no archive was made")
    return f"{report.folder}  ({', '.join(report.warcs) or _('no new WARC')})"


def _hosts(found: OutOfScope) -> str:
    """Return how many URLs, and the hosts of most of them, each with an example of the most frequent."""
    most = found.as_dict(5)
    named = ", ".join(f"{host} {each['urls']}" for host, each in most.items())
    example = next((_("; such as {example}").format(example=each["example"]) for each in most.values()), "")
    return f"{found.counts.total()} ({named}{example})" if most else "0"


def _still_due(count: int) -> str:
    return _("{count:,} or more").format(count=count) if count >= frontier.DUE_COUNTED else str(count)


def _counts(counter: Counter[str]) -> str:
    total = sum(counter.values())
    return f"{total} ({', '.join(f'{reason} {n}' for reason, n in counter.most_common())})" if total else "0"


def _size(n: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if n < 1000:
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1000
    return f"{n:.1f} TB"


# How crawls ended, as an exit code of archive.errors.

ENDED_WELL = frozenset({"finished", "closespider_timeout", "closespider_pagecount", "cancelled"})


CUT_OFF = {"shutdown": ExitCode.STOPPED, "locked": ExitCode.LOCKED, "not-writable": ExitCode.NOT_WRITABLE}


def exit_code(report: Report | None) -> ExitCode:
    """Return the code of one crawl; None is one that never began."""
    if report is None:
        return ExitCode.BROKEN
    if report.reason in CUT_OFF:
        return CUT_OFF[report.reason]
    if report.reason not in ENDED_WELL:
        return ExitCode.BROKEN
    if report.session.has_expired:
        return ExitCode.SESSION_EXPIRED
    fruitless = not report.articles and not report.outcomes["listing"]
    if report.seed_problem and fruitless:
        return ExitCode.UNREACHABLE
    return ExitCode.NO_ARTICLES if report.no_article else ExitCode.DONE


def worst(codes: Iterable[int]) -> ExitCode:
    """Return the code that stands for several crawls."""
    found = set(codes) or {ExitCode.DONE}
    return next((code for code in WORST_FIRST if code in found), ExitCode.BROKEN)
