"""Count what a crawl did."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from archive.ingest.commit import change_figures
from archive.locale import N_
from archive.outcome import OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archive.capture import Capture
    from archive.index import CaptureRow
    from archive.ingest.commit import Committed
    from archive.outcome import Outcome
    from archive.parse import Outlink

COUNTED_APART = frozenset({OutcomeKind.GONE, OutcomeKind.DISALLOWED})
"""Failures with a line of their own in the summary."""


@dataclass(slots=True)
class OutOfScope:
    """The out-of-scope URLs of a crawl: their number by host, and the first of each host."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, url: str) -> None:
        """Count one."""
        host = urlsplit(url).netloc
        if host in self.counts or len(self.counts) < 1000:
            self.counts[host] += 1
            self.examples.setdefault(host, url)

    def as_dict(self, most: int = 20) -> dict[str, dict[str, object]]:
        """Return the hosts with the most URLs, as JSON values."""
        return {host: {"urls": n, "example": self.examples[host]} for host, n in self.counts.most_common(most)}


@dataclass(slots=True)
class RequisiteReport:
    """Counts of requisites, which are in no other count: `missing` by reason."""

    exchanges: int = 0
    bytes: int = 0
    announced: int = 0
    still_due: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        """Count the outcome of one requisite."""
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
    """Counts of rendered pages: `met` by the limit or rule that they hit, `failed` by reason.

    `unrendered` counts the pages that needed a missing browser; `problem` says what is missing.
    """

    pages: int = 0
    unrendered: int = 0
    problem: str = ""
    met: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    def missing(self, problem: str) -> None:
        """Count a page that needs a browser if there is none."""
        self.unrendered += 1
        self.problem = problem

    def __str__(self) -> str:
        """Return one line for the warnings; '' if nothing was missing."""
        if not self.problem:
            return ""
        if self.unrendered == 1:
            return N_(f"no-browser: 1 page is empty without scripts and could not be rendered: {self.problem}")
        return N_(
            f"no-browser: {self.unrendered} pages are empty without scripts and could not be rendered: {self.problem}"
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
    """Detects an expired subscriber's session.

    `walled` counts the formerly complete pages that are a teaser, a login or a refusal now, `example` is one of them; `whole` counts the
    paid pages that were complete again. A start page that asks for a login counts as walled, too.
    """

    walled: int = 0
    whole: int = 0
    example: str = ""

    def saw(self, url: str, *, is_wall: bool, is_free: bool | None) -> None:
        """Count a visit to a start page, or to a page that was complete before."""
        self.walled += is_wall
        self.whole += not is_wall and is_free is False
        if is_wall and not self.example:
            self.example = url

    @property
    def has_expired(self) -> bool:
        """Whether more formerly complete pages are walled than paid pages were complete."""
        return self.walled > self.whole

    def __str__(self) -> str:
        """Return one line for a summary; '' for a valid session."""
        if not self.has_expired:
            return ""
        found = (
            N_(f"session-expired: 1 page that was complete is now a teaser or a login: {self.example}")
            if self.walled == 1
            else N_(
                f"session-expired: {self.walled} pages that were complete are now teasers or logins, such as "
                f"{self.example}"
            )
        )
        advice = N_(
            "log in with a browser and export its cookies into cookies_file again, or renew headers_file of the entry"
        )
        return f"{found}; {advice}"


@dataclass(slots=True, kw_only=True)
class Report:
    """Figures of one crawl.

    `outcomes` counts visits and captures by outcome, `failures` the failed ones by reason. `room` is the number of visits left
    within the limit.
    """

    site: str
    folder: str
    """The folder of the archive; '' if none was created because nothing was recorded."""
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
    saved: list[str] = field(default_factory=list)
    """The page to save and its redirect targets; empty for a crawl."""
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
        """Warn of a start page, feed or sitemap without an entry in scope."""
        hosts = Counter(urlsplit(entry.url).netloc for entry in found if entry.url).most_common(3)
        named = ", ".join(f"{host} ({number})" for host, number in hosts)
        hint = json.dumps([host for host, _ in hosts])
        self.warnings.append(
            N_(f"the {kind} {url} has only URLs out of scope: {named}; hosts = {hint} in its entry includes them")
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON takes them."""
        return {
            "site": self.site,
            "reason": self.reason,
            "problem": self.problem or str(self.session) or self.seed_problem,
            "pages_fetched": self.exchanges,
            **change_figures(self.articles),
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
