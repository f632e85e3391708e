"""Visits to URLs of a site: which are due, what a visit said, and when the next one is. Turns answers into what the archive stores."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from archive import (
    Announced,
    Answer,
    Reading,
    Settled,
    SiteProfile,
    Task,
    Visit,
    articles,
    captures,
    fates,
    frontier,
    iso,
    learned,
    urls,
)
from crawler.budget import Budget, Limits
from crawler.politeness import read_retry_after
from crawler.schedule import History, next_visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scrapy.http import Response

    from archive import CaptureRow, Due, Found
    from crawler.extensions import ArchiveExtension
    from crawler.sites import Site

GUESSES: tuple[tuple[str, str], ...] = (("sitemap", "/sitemap.xml"), ("feed", "/feed/"))
"""Asked for when a site is given by its URL alone: where most sites keep theirs (WordPress among them)."""

FAILED = frozenset({"failed", "refused", "gone", "quarantine", "disallowed", "budget"})
"""Outcomes after which what we knew of the URL (ETag, digest) stays as it was."""


REFUSED = {"robots-disallowed": "disallowed", "budget-exceeded": "budget"}
"""What a request that was not made, on purpose, counts as: nothing failed."""

LONGEST_REST = 365 * 24 * 3600.0
"""Seconds of a Retry-After that are believed; the schedule has a bound of its own."""

AT_ONCE = 1000
"""URLs that are announced in one go: 10 ms; a sitemap may have 50,000, and the crawl goes on meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLimits:
    """What a worker takes from one response: bytes after decoding, links of a page, entries and bytes of a sitemap or feed."""

    decoded_bytes: int
    links: int
    entries: int
    sitemap_bytes: int
    feed_entries: int
    feed_bytes: int


class Visits:
    """The frontier of one site as the spider sees it."""

    def __init__(self, archive: ArchiveExtension, site: Site, *, limits: Limits, page: PageLimits) -> None:
        self._archive = archive
        self._db = archive.ingest.store.db
        self._site = site
        self._limits = limits
        self._page = page
        self._budget = Budget(limits)
        self._obeyed = limits.obeyed
        self._profiles: dict[str, SiteProfile] = {}

    def begin(self, *, recheck: bool) -> None:
        """Announces what the site starts from; with `recheck`, makes all that is known due."""
        now = iso(self._archive.clock())
        with self._archive.writing(), self._archive.ingest.store.atomic():
            frontier.announce(self._db, self._seeds(), now=now)
            if recheck:
                frontier.make_due(self._db, site=self._site.name, now=now)

    def _seeds(self) -> Iterable[Announced]:
        site = self._site
        for url in site.seeds:
            yield self._announced(url, "seed", "seed")
        for url in site.feeds:
            yield self._announced(url, "feed", "seed")
        for url in site.sitemaps:
            yield self._announced(url, "sitemap", "seed")
        for url in site.sections:
            yield self._announced(url, "section", "seed")
        if not site.feeds and not site.sitemaps:
            for kind, path in GUESSES:
                yield self._announced(urls.join(site.seeds[0], path), kind, "guess")

    def _announced(self, url: str, kind: str, by: str, **more: object) -> Announced:
        url = urls.canonicalise(url)
        return Announced(url=url, site=self._site.name, host=urls.host_of(url), kind=kind, by=by, **more)  # type: ignore[arg-type]

    def robots_read(self, origin: str, sitemaps: Iterable[str]) -> None:
        """Announces the sitemaps that a robots.txt names."""
        found = [
            self._announced(url, "sitemap", "robots", via=f"{origin}/robots.txt")
            for url in sitemaps
            if urls.canonicalise(url)  # may lie on another host: the robots.txt of the site vouches for it
        ]
        if found and not self._site.sitemaps and self._site.in_scope(f"{origin}/", index=True):
            with self._archive.writing(), self._archive.ingest.store.atomic():
                frontier.announce(self._db, found, now=iso(self._archive.clock()))

    def draw(self, limit: int, *, busy: set[int]) -> list[Due]:
        """The next due URLs; what is waiting to be committed is committed first, so that nothing is drawn twice."""
        self._archive.commit()
        return frontier.draw(
            self._db, site=self._site.name, now=iso(self._archive.clock()), limit=limit, busy=busy, spare=len(busy)
        )

    def refused(self, due: Due) -> Settled | None:
        """The visit that is not made, because what it is like has had its share of this run; None when it may be made."""
        reason = "" if due.kind == "seed" else self._budget.refusal(due.url, due.kind)
        if not reason:
            return None
        return Settled(
            row=None,
            reading=Reading(outcome="budget", reason=reason),
            visit=self._visit(due, outcome="budget", reason=reason),
        )

    def task(self, url: str, data: bytes, row: CaptureRow | None) -> Task:
        """A response for a worker to read."""
        return Task(
            url=url, response=data, fetched_at=self._moment(row), site=self._profile(urls.host_of(url)),
            decoded_limit=self._page.decoded_bytes, links_limit=self._page.links, entries_limit=self._page.entries,
            sitemap_bytes=self._page.sitemap_bytes, feed_entries=self._page.feed_entries, feed_bytes=self._page.feed_bytes,
        )  # fmt: skip

    def _moment(self, row: CaptureRow | None) -> datetime:
        return datetime.fromisoformat(row.captured_at) if row else self._archive.clock()

    def _profile(self, host: str) -> SiteProfile:
        """What is known of the host; learned lines are looked up again until the host has taught all it will."""
        profile = self._profiles.get(host)
        if profile is None:
            site = self._site
            profile = SiteProfile(
                language=site.language,
                locale=site.locale,
                timezone=site.timezone,
                boilerplate=learned.repeated(self._db, host),
            )
            if learned.pages_seen(self._db, host) >= learned.LEARNING_PAGES:
                self._profiles[host] = profile
        return profile

    def unchanged(self, due: Due, row: CaptureRow | None, status: int) -> Settled | None:
        """The visit of a URL that says what it said before, by 304 or by the same payload; None when it must be read."""
        asked = bool(due.etag or due.last_modified)  # else its 304 answers a question that nobody asked
        same = (status == 304 and asked) or (
            row is not None and status == 200 and row.payload_digest == due.payload_digest != ""
        )
        if not same or row is None or not due.visits:
            return None
        last = due.outcome if due.outcome not in FAILED else ""
        article_id = captures.latest_article(self._db, due.url) if last in {"article", ""} else None
        outcome = "article" if article_id is not None else last or due.kind
        self._budget.bore(due.url, outcome)
        visit = self._visit(due, outcome=outcome, reason="unchanged", changed=False, status=status)
        return Settled(row=row, reading=Reading(outcome="unchanged"), same_as=article_id, visit=visit)

    async def settled(self, due: Due, row: CaptureRow | None, answer: Answer, response: Response) -> Settled:
        """What an answer means for the archive and for the frontier; most of what a long list announces is put down here already."""
        answer = self._permitted(self._followable(due, answer))
        self._budget.bore(due.url, answer.outcome)
        announced, left_out = await self._announce(due, answer)
        self._archive.report.left_out.update(left_out)
        missed = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()) if count)
        detail = answer.detail if answer.outcome == "redirect" else "; ".join(filter(None, (answer.detail, missed)))
        reading = Reading(
            outcome=answer.outcome, reason=answer.reason, detail=detail, directives=" ".join(answer.directives)
        )
        published = answer.article.date_published if answer.article else ""
        outcome = answer.outcome
        if due.article_url and fates.missing({"outcome": outcome, "reason": answer.reason, "detail": answer.detail}):
            outcome = "gone"  # by whatever words: it is asked for again as a page is that answers 404
        visit = self._visit(
            due,
            outcome=outcome,
            reason=answer.reason,
            changed=not self._says_the_same(due, answer),
            status=response.status,
            published=published,
            article_url=answer.article.url if answer.article else "",
            etag=_header(response, "ETag"),
            last_modified=_header(response, "Last-Modified"),
            payload_digest=row.payload_digest if row else "",
            retry_after=_retry_after(response, self._archive.clock()),
        )
        return Settled(
            row=row,
            reading=reading,
            article=answer.article if answer.outcome == "article" else None,
            visit=visit,
            announced=announced,
            host=due.host,
            lines=answer.lines if answer.outcome == "article" else (),
        )

    def _says_the_same(self, due: Due, answer: Answer) -> bool:
        """Whether an article says what it said, in other bytes: a counter or today's date is no news and must not call us back."""
        if answer.article is None or not due.visits:
            return False
        digest = articles.text_digest(answer.article.title, answer.article.text)
        return articles.find_version(self._db, answer.article.url, digest) is not None

    def failed(self, due: Due, row: CaptureRow | None, reason: str, detail: str) -> Settled:
        """The visit of a URL that gave no usable response."""
        outcome = REFUSED.get(reason, "failed")
        if due.kind == "seed":
            self._archive.report.seed_problem = f"{due.url}: {detail}"
        visit = self._visit(due, outcome=outcome, reason=reason)
        return Settled(row=row, reading=Reading(outcome=outcome, reason=reason, detail=detail), visit=visit)

    def part(self, url: str, row: CaptureRow | None, answer: Answer) -> Settled:
        """A further page of an article: kept, and not an article of its own."""
        now = iso(self._archive.clock())
        announced = self._announced(url, "page", "part")
        with self._archive.ingest.store.atomic():
            frontier.announce(self._db, [announced], now=now)
            url_id = frontier.known(self._db, announced.url)
        assert url_id is not None  # noqa: S101 - announced the line before
        visit = Visit(
            url_id=url_id, at=now, outcome="part", due_at="", payload_digest=row.payload_digest if row else ""
        )
        return Settled(row=row, reading=Reading(outcome="part", reason=answer.reason), visit=visit)

    def _permitted(self, answer: Answer) -> Answer:
        """The answer; without its article when the page bears a word that we have chosen to obey."""
        word = next((word for word in answer.directives if word in self._obeyed), "")
        return replace(answer, outcome="withheld", reason=word, article=None) if answer.article and word else answer

    def _followable(self, due: Due, answer: Answer) -> Answer:
        """The answer; a redirect that leads back, or on and on, is a failure."""
        if answer.outcome != "redirect":
            return answer
        if any(entry.url == due.url for entry in answer.found):
            return replace(answer, outcome="failed", reason="redirect-loop", found=())
        if 0 < self._limits.redirects <= due.redirects:
            return replace(answer, outcome="failed", reason="too-many-redirects", found=())
        return answer

    async def _announce(self, due: Due, answer: Answer) -> tuple[tuple[Announced, ...], Counter[str]]:
        """The URLs found that belong to the site and are within the limits, and what was left out, by limit.

        Of a long list the first parts are announced at once, each in a transaction of its own; the last is given back.
        """
        left_out = Counter(dict(answer.left_out))
        entries = answer.found
        for start in range(0, len(entries) - AT_ONCE, AT_ONCE):
            part = self._in_scope(due, answer, entries[start : start + AT_ONCE], left_out)
            with self._archive.ingest.store.atomic():
                self._archive.report.announced += frontier.announce(self._db, part, now=iso(self._archive.clock()))
            await asyncio.sleep(0)
        last = (len(entries) - 1) // AT_ONCE * AT_ONCE if entries else 0
        return tuple(self._in_scope(due, answer, entries[last:], left_out)), left_out

    def _in_scope(
        self, due: Due, answer: Answer, entries: Iterable[Found], left_out: Counter[str]
    ) -> Iterator[Announced]:
        redirect = answer.outcome == "redirect"
        for entry in entries:
            deep = due.depth + (0 if redirect else 1)
            kind = "article" if self._site.is_article(entry.url) else entry.kind
            if not entry.url or not self._belongs(entry.url, kind, due):
                continue
            if deep > (self._limits.index_depth if kind == "sitemap" else self._limits.depth) and kind != "article":
                left_out["index-too-deep" if kind == "sitemap" else "too-deep"] += 1
                continue
            yield Announced(
                url=entry.url,
                site=self._site.name,
                host=urls.host_of(entry.url),
                kind=due.kind if redirect else kind,
                by=entry.by,
                via=due.url,
                depth=deep,
                redirects=due.redirects + 1 if redirect else 0,
                published_hint=entry.published_hint,
            )

    def _belongs(self, url: str, kind: str, due: Due) -> bool:
        """Whether a URL is the site's; a part of a sitemap index may lie where the index does."""
        if kind == "sitemap" and due.kind == "sitemap" and urls.host_of(url) == due.host:
            return True
        return self._site.in_scope(url, index=kind in {"feed", "sitemap"})

    def _visit(
        self,
        due: Due,
        *,
        outcome: str,
        reason: str,
        changed: bool = True,
        status: int | None = None,
        published: str = "",
        retry_after: timedelta | None = None,
        **more: str,
    ) -> Visit:
        now = self._archive.clock()
        failed = outcome in FAILED
        if failed and due.kind == "seed" and status:
            self._archive.report.seed_problem = f"{due.url} answered with {reason}"
        history = History(
            kind=due.kind,
            outcome=outcome,
            born=_born(due, published, changed=changed, now=now),
            unchanged=0 if changed else due.unchanged + 1,
            failures=due.failures + 1 if failed else 0,
        )
        due_at = next_visit(history, now=now, retry_after=retry_after)
        return Visit(
            url_id=due.id, at=iso(now), outcome=outcome, due_at=iso(due_at) if due_at else "", reason=reason, status=status,
            changed=changed and not failed, failed=failed, **more,
        )  # fmt: skip


def dropped(settled: Settled) -> Settled:
    """The visit of an article that a pipeline did not let through: fetched and kept in the WARC, and no article."""
    return replace(settled, article=None, reading=replace(settled.reading, outcome="other", reason="dropped"))


def _born(due: Due, published: str, *, changed: bool, now: datetime) -> datetime:
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


def _header(response: Response, name: str) -> str:
    value = (response.headers.get(name) or b"").decode("latin-1")[:500]
    return value if value.isascii() and value.isprintable() else ""


def _retry_after(response: Response, now: datetime) -> timedelta | None:
    """How long a response asks us to stay away, by seconds or by a date (RFC 9110, section 10.2.3)."""
    seconds = read_retry_after(response.headers.get("Retry-After"), now)
    return None if seconds is None else timedelta(seconds=min(seconds, LONGEST_REST))
