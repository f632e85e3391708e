"""Schedule what pages load: which requisites a run fetches, what an answer means, and when each is fetched again.

Requisites are rows of the frontier of their own kinds, drawn after the pages. They may lie on any host, and widen no scope.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from archive import urls
from archive.article import Requisites
from archive.files.clock import iso
from archive.index import REQUISITES, Candidate, frontier
from archive.ingest.commit import Disposition
from archive.outcome import Outcome, OutcomeKind
from archive.parse import Parsed, ParseTask
from crawler.frontier.revisit import PAGE_BYTES, ascii_header, retry_after_of, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from scrapy.http import Response
    from scrapy.settings import BaseSettings

    from archive.article import Requisite, RequisiteKind
    from archive.index import CaptureRow, ScheduledUrl
    from archive.parse import ParseLimits
    from crawler.extensions import ArchiveExtension
    from crawler.sites import Site

ACCEPT = {
    "image": "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
    "stylesheet": "text/css,*/*;q=0.1",
}
"""What browsers send; some servers choose the format of a picture by it."""
MOST_REDIRECTS = 20
"""Followed in one visit, where the setting knows no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequisiteQuota:
    """What one run may spend on requisites; 0 means no limit. Each is a setting of crawler/settings.py, where its reason is."""

    number: int
    bytes: int
    page_bytes: int
    depth: int
    redirects: int

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Return the quota that the settings give."""
        return cls(
            number=settings.getint("WARRAQ_MAX_REQUISITES"),
            bytes=settings.getint("WARRAQ_MAX_REQUISITES_BYTES"),
            page_bytes=settings.getint("WARRAQ_MAX_PAGE_REQUISITES_BYTES"),
            depth=settings.getint("WARRAQ_MAX_STYLE_DEPTH"),
            redirects=settings.getint("WARRAQ_MAX_REDIRECTS") or MOST_REDIRECTS,
        )


class RequisiteFrontier:
    """The requisites of one site's pages as the spider sees them."""

    def __init__(self, archive: ArchiveExtension, site: Site, *, quota: RequisiteQuota, page: ParseLimits) -> None:
        self._archive = archive
        self._db = archive.ingest.store.db
        self._site = site
        self._quota = quota
        self._limits = page
        self._drawn = 0
        self._bytes = 0
        self._bytes_of: Counter[str] = Counter()

    @property
    def room(self) -> int:
        """How many this run may still ask for; the rest stays due for the next."""
        quota = self._quota
        if self._limits.requisites.level == "none" or 0 < quota.bytes <= self._bytes:
            return 0
        return max(0, quota.number - self._drawn) if quota.number else 1 << 30

    def announced(
        self, found: Requisites, *, via: str, by: str = "page", depth: int = 0, redirects: int = 0
    ) -> tuple[Candidate, ...]:
        """Return what a page, a style sheet or a redirect at `via` loads, as it goes into the frontier."""
        left_out = self._archive.report.left_out
        if found.left_out:
            left_out["too-many-requisites"] += found.left_out
        if depth > self._quota.depth:
            left_out["too-deep-requisites"] += len(found.found)
            return ()
        return tuple(
            Candidate(
                url=one.url, site=self._site.name, host=urls.host_of(one.url), kind=one.kind, by=by, via=via, depth=depth,
                redirects=redirects,
            )
            for one in found.found
            if not self._site.is_denied(one.url)
        )  # fmt: skip

    def next_urls(self, limit: int, *, busy: Mapping[int, str]) -> list[ScheduledUrl]:
        """Return the next due requisites; what is waiting to be committed is committed first, so that nothing is drawn twice."""
        self._archive.commit()
        now = iso(self._archive.clock())
        return frontier.next_requisites(
            self._db, site=self._site.name, now=now, limit=limit, busy=busy, spare=len(busy)
        )

    def drawn_early(self, one: Requisite, *, via: str) -> ScheduledUrl | None:
        """Return the row of what a browser loads for a page before its turn; None for what is no requisite of this crawl."""
        if self._limits.requisites.level == "none" or self.room <= 0:
            return None
        found = self.announced(Requisites(found=(one,)), via=via, by="browser")
        with self._archive.writing(), self._archive.ingest.store.atomic():
            frontier.announce_requisites(self._db, found, now=iso(self._archive.clock()))
        due = frontier.scheduled(self._db, one.url)
        if due is None or due.kind not in REQUISITES:
            return None
        self._drawn += 1
        return due

    def refused(self, due: ScheduledUrl) -> Disposition | None:
        """Return the visit that is not made, because what loads it has had its share of bytes in this run; None when it may be made."""
        if not 0 < self._quota.page_bytes <= self._bytes_of[due.via]:
            self._drawn += 1
            return None
        return self._disposition(due, None, Outcome(kind=OutcomeKind.MISSING, reason=PAGE_BYTES))

    def headers(self, due: ScheduledUrl) -> dict[str, str]:
        """Return the header fields that a browser's request for it would have."""
        return {"Accept": ACCEPT.get(due.kind, "*/*")}

    def task(self, due: ScheduledUrl, data: bytes) -> ParseTask:
        """Return the response for a worker to read."""
        self._bytes += len(data)
        self._bytes_of[due.via] += len(data)
        at = self._archive.clock()
        kind = cast("RequisiteKind", due.kind)
        return ParseTask(url=due.url, response=data, fetched_at=at, limits=self._limits, requisite=kind)

    def unchanged(self, due: ScheduledUrl, row: CaptureRow | None, response: Response) -> Disposition | None:
        """Return the visit of a requisite that is what it was, by 304 or by the same payload; None when it must be read."""
        asked = bool(due.etag or due.last_modified)
        repeated = row is not None and response.status == 200 and row.payload_digest == due.payload_digest != ""
        if not due.visits or not (repeated or (response.status == 304 and asked)):
            return None
        outcome = Outcome(kind=OutcomeKind.REQUISITE, reason="unchanged")
        return self._disposition(due, row, outcome, changed=False, status=response.status)

    def settled(self, due: ScheduledUrl, row: CaptureRow | None, answer: Parsed, response: Response) -> Disposition:
        """Return what an answer means for the archive and for the frontier."""
        outcome = _outcome_of(answer)
        loaded: tuple[Candidate, ...] = ()
        if answer.outcome.kind is OutcomeKind.REDIRECT:
            if answer.found[0].url == due.url:
                outcome = Outcome(kind=OutcomeKind.MISSING, reason="redirect-loop", detail=outcome.detail)
            elif due.redirects >= self._quota.redirects:
                outcome = Outcome(kind=OutcomeKind.MISSING, reason="too-many-redirects", detail=outcome.detail)
            else:
                loaded = self._target(due, answer)
        else:
            loaded = self.announced(answer.requisites, via=due.url, by="stylesheet", depth=due.depth + 1)
        validators = {
            "etag": ascii_header(response, "ETag"),
            "last_modified": ascii_header(response, "Last-Modified"),
            "payload_digest": row.payload_digest if row else "",
        }
        settled = self._disposition(
            due,
            row,
            outcome,
            status=response.status,
            retry_after=retry_after_of(response, self._archive.clock()),
            **validators,
        )
        return replace(settled, requisites=loaded, picture=answer.picture)

    def failed(self, due: ScheduledUrl, row: CaptureRow | None, reason: str, detail: str) -> Disposition:
        """Return the visit of a requisite that gave no usable response: it costs its row, and nothing else."""
        return self._disposition(due, row, Outcome(kind=OutcomeKind.MISSING, reason=reason, detail=detail))

    def _target(self, due: ScheduledUrl, answer: Parsed) -> tuple[Candidate, ...]:
        """Return where a redirect leads, to be asked for as what `due` is."""
        found = answer.found[0]
        url = found.spelling or found.url
        return (
            Candidate(
                url=url, site=self._site.name, host=urls.host_of(url), kind=due.kind, by="redirect", via=due.url, depth=due.depth,
                redirects=due.redirects + 1,
            ),
        )  # fmt: skip

    def _disposition(self, due: ScheduledUrl, row: CaptureRow | None, outcome: Outcome, **more: Any) -> Disposition:
        visit = status_of(due, now=self._archive.clock(), outcome=outcome.kind, reason=outcome.reason, **more)
        return Disposition(row=row, outcome=outcome, visit=visit, note=outcome.note())


def _outcome_of(answer: Parsed) -> Outcome:
    """Return the outcome of a requisite: what came, or that it is missing and why, in the words that pages have."""
    read = answer.outcome
    if read.kind.is_requisite:
        return read
    kind = OutcomeKind.REQUISITE if read.kind is OutcomeKind.REDIRECT else OutcomeKind.MISSING
    return replace(read, kind=kind)
