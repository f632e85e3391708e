"""Schedule requisites: which ones a run fetches, what a response means, and when each is fetched again.

Requisites are rows of the frontier with their own kinds, drawn after the pages. They may be on any host, without widening the scope.
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
from crawler.frontier.revisit import PAGE_BYTES, ascii_header, retry_after_of, status_of, validators_of

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
"""The Accept header of browsers; some servers choose the format of a picture by it."""
MOST_REDIRECTS = 20
"""Redirects followed in one visit if the setting has no limit."""


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
    """The frontier of one site's requisites."""

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
        """The number of requisites that this run may still request; the rest stays due."""
        quota = self._quota
        if self._limits.requisites.level == "none" or 0 < quota.bytes <= self._bytes:
            return 0
        return max(0, quota.number - self._drawn) if quota.number else 1 << 30

    def announced(
        self, found: Requisites, *, via: str, by: str = "page", depth: int = 0, redirects: int = 0
    ) -> tuple[Candidate, ...]:
        """Return the requisites of a page, style sheet or redirect at `via` as candidates."""
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
        """Return the next due requisites. Pending changes are committed first, so that none is drawn twice."""
        self._archive.commit()
        now = iso(self._archive.clock())
        return frontier.next_requisites(
            self._db, site=self._site.name, now=now, limit=limit, busy=busy, spare=len(busy)
        )

    def drawn_early(self, one: Requisite, *, via: str) -> ScheduledUrl | None:
        """Return the row of a requisite that a browser requests early; None if it is not a requisite of this crawl."""
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
        """Return the disposition of a visit that is skipped because its page has used up its bytes; None if the visit is allowed."""
        if not 0 < self._quota.page_bytes <= self._bytes_of[due.via]:
            self._drawn += 1
            return None
        return self._disposition(due, None, Outcome(kind=OutcomeKind.MISSING, reason=PAGE_BYTES))

    def headers(self, due: ScheduledUrl) -> dict[str, str]:
        """Return the header fields of a browser's request for the requisite."""
        return {"Accept": ACCEPT.get(due.kind, "*/*")}

    def task(self, due: ScheduledUrl, data: bytes) -> ParseTask:
        """Return the parse task for a response."""
        self._bytes += len(data)
        self._bytes_of[due.via] += len(data)
        at = self._archive.clock()
        kind = cast("RequisiteKind", due.kind)
        return ParseTask(url=due.url, response=data, fetched_at=at, limits=self._limits, requisite=kind)

    def unchanged(self, due: ScheduledUrl, row: CaptureRow | None, response: Response) -> Disposition | None:
        """Return the disposition of an unchanged requisite (304 or the same payload); None if the response must be parsed."""
        asked = bool(validators_of(due))
        repeated = row is not None and response.status == 200 and row.payload_digest == due.payload_digest != ""
        if not due.visits or not (repeated or (response.status == 304 and asked)):
            return None
        outcome = Outcome(kind=OutcomeKind.REQUISITE, reason="unchanged")
        return self._disposition(due, row, outcome, changed=False, status=response.status)

    def finished(self, due: ScheduledUrl, row: CaptureRow | None, answer: Parsed, response: Response) -> Disposition:
        """Return the disposition of a response."""
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
        disposition = self._disposition(
            due,
            row,
            outcome,
            status=response.status,
            retry_after=retry_after_of(response, self._archive.clock()),
            **validators,
        )
        return replace(disposition, requisites=loaded, picture=answer.picture)

    def failed(self, due: ScheduledUrl, row: CaptureRow | None, reason: str, detail: str) -> Disposition:
        """Return the disposition of a requisite that gave no usable response; nothing else is affected."""
        return self._disposition(due, row, Outcome(kind=OutcomeKind.MISSING, reason=reason, detail=detail))

    def _target(self, due: ScheduledUrl, answer: Parsed) -> tuple[Candidate, ...]:
        """Return the target of a redirect, as a candidate of the same kind as `due`."""
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
    """Return the outcome of a requisite: present, or missing with the same reasons as for pages."""
    read = answer.outcome
    if read.kind.is_requisite:
        return read
    kind = OutcomeKind.REQUISITE if read.kind is OutcomeKind.REDIRECT else OutcomeKind.MISSING
    return replace(read, kind=kind)
