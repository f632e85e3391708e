"""Interpret the response to a visit, for the archive and for the frontier, and schedule the next visit."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from archive import SiteProfile, urls
from archive.files.clock import iso
from archive.index import (
    ANNOUNCERS,
    Candidate,
    FetchStatus,
    articles,
    availability,
    captures,
    frontier,
    noise,
    site_lines,
)
from archive.index.columns import text_digest
from archive.ingest.commit import Disposition, disposition_of
from archive.locale import N_
from archive.outcome import Outcome, OutcomeKind
from archive.parse import Parsed, ParseLimits, ParseTask
from crawler.frontier.revisit import (
    DISBELIEVED,
    are_plausible,
    ascii_header,
    retry_after_of,
    status_of,
    validators_of,
    validators_to_keep,
)
from crawler.frontier.substitutes import SubstitutePages
from crawler.sites import own_hosts

if TYPE_CHECKING:
    from scrapy.http import Response

    from archive.index import CaptureRow, ScheduledUrl
    from crawler.extensions import ArchiveExtension
    from crawler.frontier import Frontier
    from crawler.frontier.scope import CrawlLimits
    from crawler.sites import Site

REFUSED = {"robots-disallowed": OutcomeKind.DISALLOWED, "budget-exceeded": OutcomeKind.BUDGET}
"""The outcomes of requests that were deliberately not made; they are not failures."""

AT_ONCE = 1000
"""URLs that are announced at once, in 10 ms; a sitemap may have 50,000, and the crawl must not stall."""


GAP = 5
"""Entries of a feed from which nothing known among them shows a gap: a small paper may write all of a short feed in a day."""


MOST_PLACES = 6
"""Hosts at which the entries of such a feed are looked up: its own and theirs, with and without `www.`."""


class ResponseHandler:
    """Turns the responses of one site's URLs into dispositions."""

    def __init__(
        self, archive: ArchiveExtension, site: Site, queue: Frontier, *, limits: CrawlLimits, page: ParseLimits
    ) -> None:
        """`queue` is the site's frontier, whose scope and quota it shares."""
        self._archive = archive
        self._db = archive.ingest.store.db
        self._site = site
        self._limits = limits
        self._page = page
        self._obeyed = limits.obeyed
        self._scope, self._quota, self._foreign = queue.scope, queue.quota, queue.foreign
        self._must_reparse = queue.must_reparse
        self._requisites = queue.requisites
        self._guessed = False
        self._profiles: dict[str, SiteProfile] = {}
        self._substitutes = SubstitutePages(archive, site)

    def task(self, url: str, data: bytes, row: CaptureRow | None, *, kind: str = "") -> ParseTask:
        """Return a parse task; `kind` is the expected kind, since a sitemap may be longer than a page."""
        decoded = self._page.decoded_bytes
        if kind == "sitemap":
            decoded = max(decoded, self._page.sitemap_bytes)
        return ParseTask(
            url=url, response=data, fetched_at=self._moment(row), site=self._profile(urls.host_of(url)),
            limits=replace(self._page, decoded_bytes=decoded),
            articles=self._site.articles,
        )  # fmt: skip

    def _moment(self, row: CaptureRow | None) -> datetime:
        return datetime.fromisoformat(row.captured_at) if row else self._archive.clock()

    def _profile(self, host: str) -> SiteProfile:
        """Return the profile of the host; learned lines are looked up again until learning is complete."""
        profile = self._profiles.get(host)
        if profile is None:
            site = self._site
            profile = SiteProfile(
                language=site.language,
                locale=site.locale,
                timezone=site.timezone,
                boilerplate=site_lines.boilerplate_of(self._db, host),
            )
            if site_lines.pages_seen(self._db, host) >= site_lines.LEARNING_PAGES:
                self._profiles[host] = profile
        return profile

    def unchanged(self, due: ScheduledUrl, row: CaptureRow | None, status: int) -> Disposition | None:
        """Return the disposition of an unchanged URL (304 or the same payload); None if the response must be parsed."""
        if self._must_reparse(due):
            return None
        asked = bool(validators_of(due))  # otherwise a 304 answers no conditional request
        same = (status == 304 and asked) or (
            row is not None and status == 200 and row.payload_digest == due.payload_digest != ""
        )
        if not same or row is None or not due.visits:
            return None
        last = OutcomeKind(due.outcome)
        article = last.has_row or last.is_failure
        article_id = captures.latest_article(self._db, row.url) if article else None
        held = last if last.has_row else OutcomeKind.ARTICLE
        outcome = held if article_id is not None else _same(last, due)
        self._quota.record_yield(due.url, outcome)
        visit = self._visit(due, outcome=outcome, reason="unchanged", changed=False, status=status)
        return Disposition(row=row, outcome=Outcome(kind=OutcomeKind.UNCHANGED), same_as=article_id, visit=visit)

    def follows(self, due: ScheduledUrl, answer: Parsed) -> bool:
        """Return whether a redirect is followed in the same visit.

        True for redirects of start pages, feeds and sitemaps, to another spelling of the same URL, and back to the redirecting page
        (a cookie gate).
        """
        back = {due.url, due.via if due.announced_by == "redirect" else due.url}
        return answer.outcome.kind is OutcomeKind.REDIRECT and (
            due.kind in ANNOUNCERS or any(entry.url in back for entry in answer.found)
        )

    def alternative_spelling(self, due: ScheduledUrl, answer: Parsed, asked: str) -> str:
        """Return the site's own spelling of a URL if its canonical one fails, and the canonical one if a session id in the own one expired.

        '' if the URL works, or there is no other spelling.
        """
        outcome = answer.outcome
        if not (outcome.kind is OutcomeKind.GONE or outcome.reason in {"http-400", "http-403"}):
            return ""
        if due.spelling != asked:
            return due.spelling
        return due.url if len(unquote(due.spelling)) > len(unquote(due.url)) else ""

    def after_redirect(self, due: ScheduledUrl, answer: Parsed, url: str, *, temporary: bool) -> Parsed:
        """Return the result of `due` from the response of its redirect target `url`.

        A feed that redirects to a page is temporarily not a feed, and a maintenance page in place of a front page is not an article.
        """
        kind = answer.outcome.kind
        if self.follows(due, answer):
            again = any(entry.url in {due.url, url} for entry in answer.found)
            return Parsed.of(
                OutcomeKind.FAILED, "redirect-loop" if again else "too-many-redirects", answer.outcome.detail
            )
        if kind.is_failure or due.kind not in ANNOUNCERS:
            return answer
        if due.kind in {"feed", "sitemap"} and kind not in {OutcomeKind.FEED, OutcomeKind.SITEMAP}:
            return Parsed.of(OutcomeKind.FAILED, f"no-{due.kind}", f"redirects to {url}")
        if due.kind == "seed":
            self._move_to(url)
        if temporary and kind.has_row:
            outcome = Outcome(kind=OutcomeKind.LISTING, reason="redirected", detail=url)
            return replace(answer, outcome=outcome, article=None, lines=())
        return answer

    def _move_to(self, url: str) -> None:
        """Widen the scope by where the start page redirects; visit what was left out there, because its feed told of the move first."""
        self._scope.add_redirect_target(url)
        hosts = own_hosts(url)
        if not self._scope.site.in_scope(url) or {*hosts} <= {*self._site.own_hosts}:
            return
        self._archive.commit()
        with self._archive.writing(), self._archive.ingest.store.atomic():
            for host in hosts:
                self._foreign.discard(host)
                frontier.take_in_host(self._db, site=self._site.name, host=host, now=iso(self._archive.clock()))

    async def finished(
        self,
        due: ScheduledUrl,
        row: CaptureRow | None,
        answer: Parsed,
        response: Response,
        *,
        read: Outcome,
        url: str = "",
    ) -> Disposition:
        """Return the disposition of a response; of a long list, most entries are announced here already.

        `read` is the outcome of parsing the response; `url` is where it came from, if that differs from `due`.
        """
        answer = self._permitted(self._followable(due, self._within(due, _listed(due, answer))))
        answer, read = self._substitutes.check(due, answer, read, row)
        outcome = answer.outcome
        if "truncated" in response.flags:
            outcome = replace(
                outcome, detail="; ".join(filter(None, (outcome.detail, f"read in spite of {response.flags[-1]}")))
            )
        if not self._substitutes.is_repeated(answer.article):
            self._quota.record_yield(due.url, outcome.kind)
        believed = due.false_hints < DISBELIEVED and are_plausible(answer.found, self._moment(row))
        announced, left_out = await self._announce(due, answer, believed=believed)
        if due.kind == "seed" and not outcome.kind.is_failure:
            announced += self._guesses(url or due.url)
        self._archive.report.left_out.update(left_out)
        missed = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()) if count)
        missing = availability.gone_reason(
            self._db, {"outcome": outcome.kind, "reason": outcome.reason, "detail": outcome.detail}
        )
        if missed and outcome.kind is not OutcomeKind.REDIRECT:
            outcome = replace(outcome, detail="; ".join(filter(None, (outcome.detail, missed))))
        is_partial = bool(answer.article and answer.next_page) or "cut-off" in dict(
            answer.left_out
        )  # fetch it again, whole
        links = _digest_of(answer)
        same = links == due.links_digest if links and not answer.article else self._has_same_text(answer, due.url)
        visit = self._visit(
            due,
            # gone, with whatever status: revisited like a 404
            outcome=OutcomeKind.GONE if due.article_url and missing else outcome.kind,
            reason=outcome.reason,
            changed=not (due.visits and same),
            status=response.status,
            published=answer.article.date_published if answer.article else "",
            article_url=answer.article.url if answer.article else "",
            links_digest=links,
            spelling=url if url and urls.canonicalise(url) == due.url else "",
            retry_after=retry_after_of(response, self._archive.clock()),
            **({} if url or is_partial else _validators(due, response, row, changed=not same)),
        )
        answer = replace(answer, outcome=outcome)
        disposition = disposition_of(row, answer, visit=visit, announced=announced, note=outcome.note(read))
        if disposition.article is None:
            return disposition
        return replace(disposition, requisites=self._requisites.announced(answer.requisites, via=due.url))

    def _guesses(self, start: str) -> tuple[Candidate, ...]:
        """Return the usual URLs of feed and sitemap, once the start page has answered."""
        if self._guessed:
            return ()
        self._guessed = True
        return tuple(self._scope.guesses(start))

    def _within(self, due: ScheduledUrl, answer: Parsed) -> Parsed:
        """Return the answer; a page of a redirect service itself is not a page of the site."""
        if (
            due.announced_by != "redirector"
            or answer.outcome.kind is OutcomeKind.REDIRECT
            or answer.outcome.kind.is_failure
            or self._scope.site.in_scope(due.url)  # found since
            or (answer.article and self._scope.site.in_scope(answer.article.url))  # a copy of the site's own page
        ):
            return answer
        self._foreign.add(due.host)
        return Parsed.of(OutcomeKind.OTHER, "out-of-scope")

    def _has_same_text(self, answer: Parsed, page: str) -> bool:
        """Return whether an article has the same text as before: a changed counter or date must not shorten the interval."""
        if answer.article is None:
            return False
        title, text = answer.article.title, answer.article.text
        addresses = {answer.article.url, page}  # its canonical URL may not have been believed
        if any(articles.find_version(self._db, url, text_digest(title, text)) is not None for url in addresses):
            return True
        held = filter(None, (articles.latest_text(self._db, url) for url in addresses))
        return any(noise.is_same_but_for_numbers("\n".join(one), f"{title}\n{text}") for one in held)

    def failed(self, due: ScheduledUrl, row: CaptureRow | None, reason: str, detail: str) -> Disposition:
        """Return the disposition of a URL that gave no usable response."""
        outcome = Outcome(kind=REFUSED.get(reason, OutcomeKind.FAILED), reason=reason, detail=detail)
        if due.kind == "seed":
            self._archive.report.seed_problem = detail if due.url in detail else f"{due.url}: {detail}"
        visit = self._visit(due, outcome=outcome.kind, reason=reason)
        note = () if reason == "error" else outcome.note()  # a bug in warraq: a later version may parse it
        return Disposition(row=row, outcome=outcome, visit=visit, note=note)

    def failure(self, reason: str, detail: str) -> Parsed:
        """Return the answer of a redirect's target that gave no usable response."""
        return Parsed.of(REFUSED.get(reason, OutcomeKind.FAILED), reason, detail)

    def part(self, url: str, row: CaptureRow | None, answer: Parsed) -> Disposition:
        """Return the disposition of a further page of an article, which is not an article itself."""
        now = iso(self._archive.clock())
        announced = self._scope.announced(url, "page", "part")
        with self._archive.ingest.store.atomic():
            frontier.schedule(self._db, [announced], now=now)
            url_id = frontier.known(self._db, announced.url)
        assert url_id is not None  # noqa: S101 - announced the line before
        visit = FetchStatus(
            url_id=url_id, at=now, outcome=OutcomeKind.PART, due_at="", payload_digest=row.payload_digest if row else ""
        )
        outcome = Outcome(kind=OutcomeKind.PART, reason=answer.outcome.reason)
        return Disposition(row=row, outcome=outcome, visit=visit, note=outcome.note())

    def _permitted(self, answer: Parsed) -> Parsed:
        """Return the answer, without its article if the page has a directive that the crawl obeys."""
        word = next((word for word in answer.directives if word in self._obeyed), "")
        withheld = Outcome(kind=OutcomeKind.WITHHELD, reason=word)
        return replace(answer, outcome=withheld, article=None) if answer.article and word else answer

    def _followable(self, due: ScheduledUrl, answer: Parsed) -> Parsed:
        """Return the answer; a redirect loop or an endless chain is a failure."""
        if answer.outcome.kind is not OutcomeKind.REDIRECT:
            return answer
        if any(entry.url == due.url for entry in answer.found):
            reason = "redirect-loop"
        elif 0 < self._limits.redirects <= due.redirects:
            reason = "too-many-redirects"
        else:
            return answer
        return Parsed.of(OutcomeKind.FAILED, reason, answer.outcome.detail)

    def _visit(
        self, due: ScheduledUrl, *, outcome: OutcomeKind, reason: str, status: int | None = None, **more: Any
    ) -> FetchStatus:
        if outcome.is_failure and due.kind == "seed" and status:
            self._archive.report.seed_problem = N_(f"{due.url} answered with {reason}")
        return status_of(due, now=self._archive.clock(), outcome=outcome, reason=reason, status=status, **more)

    def _has_gap(self, due: ScheduledUrl, entries: tuple[Candidate, ...]) -> bool:
        """Return whether a feed that was read before lists nothing that is known, so that news may have passed through it unseen.

        What is known under another scheme or at another host has moved with the site.
        """
        if not (due.visits and due.links_digest) or len(entries) < GAP:
            return False
        found = [entry.url for entry in entries]
        hosts = dict.fromkeys(host for url in (due.url, *found) for host in own_hosts(url))
        places = [f"{scheme}://{host}" for scheme in ("https", "http") for host in islice(hosts, MOST_PLACES)]
        paths = [url.partition("//")[2].partition("/")[2] for url in found]
        return not frontier.rows_of(self._db, [*found, *(f"{place}/{path}" for place in places for path in paths)])

    async def _announce(
        self, due: ScheduledUrl, answer: Parsed, *, believed: bool
    ) -> tuple[tuple[Candidate, ...], Counter[str]]:
        """Return the discovered URLs that are in scope and within the limits, and the number left out by each limit.

        Of a long list, all parts but the last are announced at once, each in its own transaction; the last is returned.
        """
        left_out = Counter(dict(answer.left_out))
        entries = answer.found
        self._scope.follow_services(due, entries)
        missed = self._scope.out_of_scope.counts.total()
        inside = 0
        for start in range(0, len(entries) - AT_ONCE, AT_ONCE):
            part = list(
                self._scope.in_scope(due, answer, entries[start : start + AT_ONCE], left_out, believed=believed)
            )
            inside += len(part)
            with self._archive.ingest.store.atomic():
                self._archive.report.announced += frontier.schedule(self._db, part, now=iso(self._archive.clock()))
            await asyncio.sleep(0)
        last = (len(entries) - 1) // AT_ONCE * AT_ONCE if entries else 0
        rest = tuple(self._scope.in_scope(due, answer, entries[last:], left_out, believed=believed))
        missed = self._scope.out_of_scope.counts.total() - missed
        if due.kind == "feed" and self._has_gap(due, rest):
            left_out["feed-gap"] += 1
            self._archive.report.warnings.append(
                N_(
                    f"the feed {due.url} lists only articles that are new since its last visit: others may have "
                    f"passed in between; crawl more often"
                )
            )
        if due.kind in ANNOUNCERS and missed and not inside + len(rest):
            self._archive.report.leads_elsewhere(due.kind, due.url, entries)
        elif due.kind == "seed" and answer.outcome.kind is OutcomeKind.LISTING and not entries and not left_out.total():
            self._archive.report.warnings.append(N_(f"the start page {due.url} has no links"))
        return rest, left_out


def _listed(due: ScheduledUrl, answer: Parsed) -> Parsed:
    """Return the answer; an article in place of a feed or sitemap is a substitute page, for maintenance or a 404."""
    if due.kind in {"feed", "sitemap"} and answer.outcome.kind.has_row:
        return Parsed.of(OutcomeKind.FAILED, f"no-{due.kind}", "a page stands there")
    return answer


def _digest_of(answer: Parsed) -> str:
    """Return a digest of the URLs that a response announces, ignoring their times; '' for none."""
    if not answer.found:
        return ""
    return hashlib.sha256("\n".join(sorted(entry.url for entry in answer.found)).encode()).hexdigest()[:32]


def _validators(due: ScheduledUrl, response: Response, row: CaptureRow | None, *, changed: bool) -> dict[str, str]:
    """Return the validators for a conditional request at the next visit."""
    etag, modified = ascii_header(response, "ETag"), ascii_header(response, "Last-Modified")
    digest = row.payload_digest if row else ""
    changed = changed and digest != due.payload_digest
    kept = validators_to_keep(due, etag=etag, last_modified=modified, changed=changed)
    return {**kept, "payload_digest": digest}


def dropped(disposition: Disposition) -> Disposition:
    """Return the disposition of an article that a pipeline dropped: it stays in the WARC but is not an article."""
    outcome = Outcome(kind=OutcomeKind.OTHER, reason="dropped")
    return replace(disposition, article=None, outcome=outcome, note=outcome.note())


def _same(last: OutcomeKind, due: ScheduledUrl) -> OutcomeKind:
    """Return the outcome kind of an unchanged URL whose last successful visit is unknown."""
    if not last.is_failure and due.outcome:
        return last
    match due.kind:
        case "feed":
            return OutcomeKind.FEED
        case "sitemap":
            return OutcomeKind.SITEMAP
        case _:
            return OutcomeKind.LISTING
