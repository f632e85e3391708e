"""Decide which URLs go into the frontier: those in scope, within limits, and within what a run may spend on their pattern.

A link is first looked up among those that this run has seen, because most links of a page are on every other page too.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from archive import urls
from archive.article import RequisiteLimits
from archive.discovery import pattern_of
from archive.index import Candidate
from archive.outcome import OutcomeKind
from archive.parse import ParseLimits
from crawler.report import OutOfScope
from crawler.sites import edition_of, own_hosts
from crawler.sites.keys import level_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Self

    from scrapy.settings import BaseSettings

    from archive.index import ScheduledUrl
    from archive.parse import Outlink, Parsed
    from crawler.sites import Site

# A calendar, a session id or a generated list produces endless new URLs, which share a pattern (`archive.pattern_of`): a pattern
# with many visits and hardly an article has used up its quota of this run.

MIN_YIELD = 10
"""A pattern is visited as long as one in this many of its visits is an article; even archives of old news do better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlLimits:
    """What one run may spend; 0 means no limit. Each is a setting of crawler/settings.py, where its reason is."""

    depth: int
    redirects: int = 10
    index_depth: int = 3
    sitemaps: int = 2000
    pattern: int = 200
    obeyed: frozenset[str] = frozenset()

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Return the limits that the settings give."""
        return cls(
            depth=settings.getint("WARRAQ_MAX_DEPTH"),
            redirects=settings.getint("WARRAQ_MAX_REDIRECTS"),
            index_depth=settings.getint("WARRAQ_MAX_INDEX_DEPTH"),
            sitemaps=settings.getint("WARRAQ_MAX_SITEMAPS"),
            pattern=settings.getint("WARRAQ_PATTERN_BUDGET"),
            obeyed=frozenset(word.lower() for word in settings.getlist("WARRAQ_OBEY_DIRECTIVES")),
        )


def parse_limits(settings: BaseSettings) -> ParseLimits:
    """Return the limits for parsing one response, from the settings."""
    return ParseLimits(
        decoded_bytes=settings.getint("WARRAQ_MAX_DECODED_BYTES"),
        links=settings.getint("WARRAQ_MAX_LINKS"),
        entries=settings.getint("WARRAQ_MAX_SITEMAP_URLS"),
        sitemap_bytes=settings.getint("WARRAQ_MAX_SITEMAP_BYTES"),
        feed_entries=settings.getint("WARRAQ_MAX_FEED_ENTRIES"),
        feed_bytes=settings.getint("WARRAQ_MAX_FEED_BYTES"),
        requisites=RequisiteLimits(
            level=level_of(settings["WARRAQ_REQUISITES"]),
            scripts=settings.getbool("WARRAQ_SCRIPTS"),
            side=settings.getint("WARRAQ_MAX_PICTURE_SIDE"),
            most=settings.getint("WARRAQ_MAX_PAGE_REQUISITES"),
        ),
    )


class Quota:
    """Counts the visits of one run by the pattern of their URL."""

    def __init__(self, limits: CrawlLimits) -> None:
        self._limits = limits
        self._visits: Counter[str] = Counter()
        self._articles: Counter[str] = Counter()
        self._sitemaps = 0

    def refusal(self, url: str, kind: str) -> str:
        """Return why the URL must not be visited in this run, or '' and count the visit."""
        if kind == "sitemap":
            self._sitemaps += 1
            return "too-many-sitemaps" if 0 < self._limits.sitemaps < self._sitemaps else ""
        shape = pattern_of(url)
        spent = self._visits[shape]
        if 0 < self._limits.pattern <= spent and self._articles[shape] * MIN_YIELD < spent:
            return "fruitless-pattern"
        self._visits[shape] += 1
        return ""

    def record_yield(self, url: str, outcome: OutcomeKind) -> None:
        """Record the outcome of a visit."""
        if outcome.yields_article:
            self._articles[pattern_of(url)] += 1


GUESSES: tuple[tuple[str, str], ...] = (("sitemap", "/sitemap.xml"), ("feed", "/feed/"))
"""The usual paths, tried for a site given only by its URL (WordPress and most others use them)."""

MAX_REMEMBERED = 100_000
"""Links that are remembered, some 20 MB; then the set is emptied, and a link costs a database lookup again."""

LISTING = frozenset({"seed", "feed", "section"})
"""The kinds of URLs that list current news."""

MOST_HOSTS = 50
"""The most subdomains and other hosts that the scope of a site may grow by."""


class Scope:
    """The scope and the limits of one site, applied to discovered URLs; a link that two pages had already is not returned again.

    If the site's entry has no `hosts`, the scope grows by the hosts that start pages redirect to, and the subdomains of the articles
    and sections that they link to.
    """

    def __init__(self, site: Site, limits: CrawlLimits) -> None:
        self.site = site
        self.out_of_scope = OutOfScope()
        self._limits = limits
        self._seen: dict[str, tuple[str, int]] = {}
        self._services: set[str] = set()

    def seeds(self) -> Iterator[Candidate]:
        """Yield the seeds of the site."""
        site = self.site
        for kind, found in (
            ("seed", site.seeds),
            ("feed", site.feeds),
            ("sitemap", site.sitemaps),
            ("section", site.sections),
        ):
            for url in found:
                yield self.announced(url, kind, "seed")

    def guesses(self, start: str) -> list[Candidate]:
        """Return the likely feed and sitemap of a site whose entry names none; `start` is the URL of its start page."""
        if self.site.feeds or self.site.sitemaps:
            return []
        return [self.announced(urls.join(start, path), kind, "guess") for kind, path in GUESSES]

    def announced(self, url: str, kind: str, by: str, **more: object) -> Candidate:
        """Return a URL as a candidate; `more` are further fields of Candidate."""
        url = urls.canonicalise(url)
        return Candidate(url=url, site=self.site.name, host=urls.host_of(url), kind=kind, by=by, **more)  # type: ignore[arg-type]

    def sitemaps(self, origin: str, found: Iterable[str]) -> list[Candidate]:
        """Return the sitemaps in a robots.txt, which may be on another host; none if the site's entry names sitemaps."""
        if self.site.sitemaps or not self.site.in_scope(f"{origin}/", index=True):
            return []
        via = f"{origin}/robots.txt"
        return [self.announced(url, "sitemap", "robots", via=via) for url in found if urls.canonicalise(url)]

    def add_redirect_target(self, url: str) -> None:
        """Widen the scope by the host and edition that a start page redirects to."""
        if self.site.is_closed or self.site.in_scope(url) or self.site.is_denied(url):
            return
        if not self.site.in_scope(url, index=True):
            self.add_hosts(own_hosts(url))
        if not self.site.in_scope(url) and self.site.is_guessed:
            edition = edition_of(url)
            self.site = replace(self.site, paths=(*self.site.paths, edition) if edition else ())

    def add_hosts(self, hosts: Iterable[str]) -> None:
        """Add hosts to the scope, up to a limit."""
        known = dict.fromkeys((*self.site.hosts, *hosts))
        if len(known) <= len(self.site.own_hosts) + MOST_HOSTS:
            self.site = replace(self.site, hosts=tuple(known))
            self._seen.clear()  # URLs that were out of scope may be in scope now

    def in_scope(
        self,
        due: ScheduledUrl,
        answer: Parsed,
        entries: Iterable[Outlink],
        left_out: Counter[str],
        *,
        believed: bool = True,
    ) -> Iterator[Candidate]:
        """Return the entries of a response to `due` to schedule; `left_out` counts in-scope ones that a limit excludes."""
        redirect = answer.outcome.kind is OutcomeKind.REDIRECT
        for entry in entries:
            if entry.by == "page" and self._seen.get(entry.url) == (entry.kind, 2):
                continue
            deep = due.depth + (0 if redirect else 1)
            kind = (
                "article"
                if entry.kind not in {"feed", "sitemap"} and self.site.is_article(entry.url, entry.spelling)
                else entry.kind
            )
            if entry.url and due.kind == "seed" and entry.by == "refresh":
                self.add_redirect_target(entry.url)
            if entry.url and (due.kind == "seed" or (redirect and self.site.in_scope(due.url))):
                self._widen(entry.url, "article" if redirect else kind)
            if not entry.url or not self._belongs(entry, kind, due):
                self._count_announced(entry)
                if entry.url:
                    self.out_of_scope.add(entry.url)
                continue
            if deep > (self._limits.index_depth if kind == "sitemap" else self._limits.depth) and kind != "article":
                left_out["index-too-deep" if kind == "sitemap" else "too-deep"] += 1
                continue
            self._count_announced(entry)
            yield Candidate(
                url=entry.url,
                site=self.site.name,
                host=urls.host_of(entry.url),
                kind=due.kind if redirect else kind,
                by="redirector" if self._is_service(entry) else entry.by,
                via=due.url,
                depth=deep,
                redirects=due.redirects + 1 if redirect else 0,
                published_hint=entry.published_hint,
                spelling=entry.spelling,
                listed=due.kind in LISTING,
                believed=believed,
            )

    def follow_services(self, due: ScheduledUrl, entries: Sequence[Outlink]) -> None:
        """Record the host of a feed's entries if none is on the site: a redirect service, such as FeedBurner.

        If the feed is a seed, its entries' host is added to the scope instead.
        """
        listed = [entry.url for entry in entries if entry.by == "feed" and entry.url]
        if not listed or any(self.site.in_scope(url) for url in listed):
            return
        host, number = Counter(map(urls.host_of, listed)).most_common(1)[0]
        if 2 * number <= len(listed):
            return
        if due.kind == "seed":
            self.add_redirect_target(next(url for url in listed if urls.host_of(url) == host))
        elif due.kind == "feed":
            self._services.add(host)

    def _belongs(self, entry: Outlink, kind: str, due: ScheduledUrl) -> bool:
        """Return whether a URL is in scope. Feeds that a start page names, and the parts of a sitemap index, may be on any host."""
        elsewhere = (kind == "sitemap" and due.kind == "sitemap") or (
            kind == "feed" and due.kind in {"seed", "section"}
        )
        if (elsewhere or self._is_service(entry)) and not self.site.is_denied(entry.url):
            return True
        return self.site.in_scope(entry.url, index=kind in {"feed", "sitemap"})

    def _is_service(self, entry: Outlink) -> bool:
        return entry.by == "feed" and urls.host_of(entry.url) in self._services

    def _widen(self, url: str, kind: str) -> None:
        """Add the subdomain of a start page's link to an article or a section, or of a page that has moved."""
        if kind in {"article", "section"} and not self.site.is_closed and (host := self.site.section_host(url)):
            self.add_hosts((host,))

    def _count_announced(self, entry: Outlink) -> None:
        """Count a link as announced, at most twice, because the first page's disposition may still be dropped."""
        if entry.by != "page" or entry.published_hint:
            return
        if len(self._seen) >= MAX_REMEMBERED:
            self._seen.clear()
        kind, times = self._seen.get(entry.url, (entry.kind, 0))
        self._seen[entry.url] = (entry.kind, min(times + 1, 2) if kind == entry.kind else 1)
