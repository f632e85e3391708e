"""Manage the frontier of one site: which of its URLs are due, in what order, and which must wait or have used up their quota."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from archive.files.clock import iso
from archive.index import ANNOUNCERS, Candidate, captures, frontier, runs
from archive.ingest.commit import Disposition
from archive.outcome import Outcome, OutcomeKind
from crawler.frontier.requisites import RequisiteFrontier, RequisiteQuota
from crawler.frontier.revisit import status_of
from crawler.frontier.scope import CrawlLimits, Quota, Scope
from crawler.sites.keys import origin_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archive.index import ScheduledUrl
    from archive.parse import ParseLimits
    from crawler.extensions import ArchiveExtension
    from crawler.sites import Site

logger = logging.getLogger(__name__)


class Frontier:
    """The frontier of one site as the spider sees it."""

    def __init__(
        self,
        archive: ArchiveExtension,
        site: Site,
        *,
        limits: CrawlLimits,
        page: ParseLimits,
        requisites: RequisiteQuota,
    ) -> None:
        self.scope = Scope(site, limits)
        self.requisites = RequisiteFrontier(archive, site, quota=requisites, page=page)
        self.quota = Quota(limits)
        self.foreign: set[str] = set()
        """Hosts of redirect services that serve pages of their own."""
        self._archive = archive
        self._db = archive.ingest.store.db
        self._site = site
        self._resting: dict[str, str] = {}
        self._saved: list[str] | None = None
        self._page = ""
        self._latest = runs.latest_moment(self._db)
        self._has_new_entry = runs.last_entry(self._db, site=site.name) not in {"", site.digest}

    def begin(self, *, recheck: bool) -> None:
        """Announce the seeds; with `recheck`, make all known URLs due; after a change of the site's entry, the failed ones."""
        now = iso(self._archive.clock())
        name = self._site.name
        if not self._site.is_closed:
            known = frontier.hosts(self._db, site=name)
            self.scope.add_hosts(origin_of(url).partition("://")[2] for url in known)
        with self._archive.writing(), self._archive.ingest.store.atomic():
            frontier.schedule(self._db, self.scope.seeds(), now=now)
            if recheck:
                frontier.make_due(self._db, site=name, now=now)
            elif self._has_new_entry:
                frontier.reschedule(self._db, site=name, now=now)
        self._archive.report.entry = self._site.digest
        self._archive.report.out_of_scope = self.scope.out_of_scope

    def begin_save(self, page: str) -> None:
        """Limit this run to one page and its redirect targets."""
        self._saved = self._archive.report.saved
        self._page = page

    def _next_saved(self) -> list[ScheduledUrl]:
        """Return the page to save; after a redirect, its target within the site."""
        assert self._saved is not None  # noqa: S101 - asked only of a run that saves
        page = self._page
        if self._saved:
            last = captures.of_url(self._db, self._saved[-1])[-1:]
            page = last[0]["detail"] if last and last[0]["outcome"] == "redirect" else ""
        if not page or page in self._saved or (self._saved and not self._site.in_scope(page)):
            return []
        self._saved.append(page)
        wanted = Candidate(
            url=page, site=self._site.name, host=origin_of(page).partition("://")[2], kind="page", by="link"
        )
        with self._archive.writing(), self._archive.ingest.store.atomic():
            return frontier.due_now(self._db, wanted, now=iso(self._archive.clock()))

    @property
    def site(self) -> Site:
        """The site, with the scope found in this run."""
        return self.scope.site

    def robots_read(self, origin: str, sitemaps: Iterable[str]) -> None:
        """Announce the sitemaps that a robots.txt names."""
        found = self.scope.sitemaps(origin, sitemaps)
        if found:
            with self._archive.writing(), self._archive.ingest.store.atomic():
                frontier.schedule(self._db, found, now=iso(self._archive.clock()))

    def next_urls(self, limit: int, *, busy: Mapping[int, str]) -> list[ScheduledUrl]:
        """Return the next due URLs. Pending changes are committed first, so that no URL is drawn twice.

        While start pages, feeds or sitemaps are in flight (`busy` has the kinds of requests in flight), no backlog is drawn: they may
        announce news, which comes first in the run's quota.
        """
        self._archive.commit()
        if self._saved is not None:
            return [] if busy else self._next_saved()
        now, site = self._now(), self._site.name
        news = frontier.next_urls(self._db, site=site, now=now, limit=limit, busy=busy, spare=len(busy), news_only=True)
        if any(kind in ANNOUNCERS for kind in (*busy.values(), *(due.kind for due in news))):
            return news
        return frontier.next_urls(self._db, site=site, now=now, limit=limit, busy=busy, spare=len(busy))

    def _now(self) -> str:
        """Return the time. If the clock was set back since the last call, URLs scheduled by the wrong clock become due."""
        now = iso(self._archive.clock())
        if now < self._latest:
            with self._archive.writing(), self._archive.ingest.store.atomic():
                count = frontier.correct_future_times(self._db, site=self._site.name, now=now)
            logger.warning(
                "The clock was set back from %s to %s: %d URLs are due that were not yet", self._latest, now, count
            )
        self._latest = now
        return now

    def refused(self, due: ScheduledUrl) -> Disposition | None:
        """Return the disposition of a visit that is skipped because its pattern has used up its quota; None if the visit is allowed."""
        named = due.kind in {"seed", "feed"} or due.announced_by == "seed" or self._site.is_article(due.url)
        reason = "" if named and due.kind != "sitemap" else self.quota.refusal(due.url, due.kind)
        if due.announced_by == "redirector" and due.host in self.foreign:
            reason = "out-of-scope"
        if not reason:
            return None
        outcome = Outcome(kind=OutcomeKind.BUDGET, reason=reason)
        return Disposition(
            row=None,
            outcome=outcome,
            visit=status_of(due, now=self._archive.clock(), outcome=outcome.kind, reason=reason),
        )

    def must_reparse(self, due: ScheduledUrl) -> bool:
        """Return whether a start page, feed or sitemap is parsed even if unchanged, because the site's entry has changed."""
        return self._has_new_entry and due.kind in ANNOUNCERS

    def pause_host(self, due: ScheduledUrl, seconds: float) -> None:
        """Pause all URLs of a host that asked for a pause, without counting a failure."""
        until = iso(self._archive.clock() + timedelta(seconds=seconds))
        if self._resting.get(due.host, "") >= until:
            return
        self._resting[due.host] = until
        self._archive.commit()
        with self._archive.writing(), self._archive.ingest.store.atomic():
            waiting = frontier.pause_host(self._db, site=self._site.name, host=due.host, until=until)
        self._archive.report.left_out["host-paused"] += waiting
