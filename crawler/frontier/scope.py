"""Which URLs go down in the frontier: what a site starts from and what its pages announce in, rows to announce out.

A link of a page is looked up in what this run was told before anything is made of it: most links of a page are those of every other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive import Candidate, OutcomeKind, urls

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator

    from archive import Outlink, Parsed, ScheduledUrl
    from crawler.frontier.quota import CrawlLimits
    from crawler.sites.site import Site

GUESSES: tuple[tuple[str, str], ...] = (("sitemap", "/sitemap.xml"), ("feed", "/feed/"))
"""Asked for when a site is given by its URL alone: where most sites keep theirs (WordPress among them)."""

MAX_REMEMBERED = 100_000
"""Links of pages that are remembered, some 20 MB; then the memory begins anew, and costs a look-up in the database again."""


class Scope:
    """The scope and the limits of one site, applied to what is announced; links of pages that two pages have had are not given again."""

    def __init__(self, site: Site, limits: CrawlLimits) -> None:
        self._site = site
        self._limits = limits
        self._seen: dict[str, tuple[str, int]] = {}

    def seeds(self) -> Iterator[Candidate]:
        """What the site starts from."""
        site = self._site
        for url in site.seeds:
            yield self.announced(url, "seed", "seed")
        for url in site.feeds:
            yield self.announced(url, "feed", "seed")
        for url in site.sitemaps:
            yield self.announced(url, "sitemap", "seed")
        for url in site.sections:
            yield self.announced(url, "section", "seed")
        if not site.feeds and not site.sitemaps:
            for kind, path in GUESSES:
                yield self.announced(urls.join(site.seeds[0], path), kind, "guess")

    def announced(self, url: str, kind: str, by: str, **more: object) -> Candidate:
        """A URL as it goes into the frontier; `more` are further fields of Announced."""
        url = urls.canonicalise(url)
        return Candidate(url=url, site=self._site.name, host=urls.host_of(url), kind=kind, by=by, **more)  # type: ignore[arg-type]

    def sitemaps(self, origin: str, found: Iterable[str]) -> list[Candidate]:
        """The sitemaps that a robots.txt names, which may lie on another host; none when the site's entry has its own."""
        if self._site.sitemaps or not self._site.in_scope(f"{origin}/", index=True):
            return []
        via = f"{origin}/robots.txt"
        return [self.announced(url, "sitemap", "robots", via=via) for url in found if urls.canonicalise(url)]

    def in_scope(
        self, due: ScheduledUrl, answer: Parsed, entries: Iterable[Outlink], left_out: Counter[str]
    ) -> Iterator[Candidate]:
        """Of the entries of an answer at `due` those to put down; `left_out` counts the site's own that a limit leaves out."""
        redirect = answer.outcome.kind is OutcomeKind.REDIRECT
        for entry in entries:
            if entry.by == "page" and self._seen.get(entry.url) == (entry.kind, 2):
                continue
            deep = due.depth + (0 if redirect else 1)
            kind = "article" if self._site.is_article(entry.url) else entry.kind
            if not entry.url or not self._belongs(entry.url, kind, due):
                self._tell(entry)
                continue
            if deep > (self._limits.index_depth if kind == "sitemap" else self._limits.depth) and kind != "article":
                left_out["index-too-deep" if kind == "sitemap" else "too-deep"] += 1
                continue
            self._tell(entry)
            yield Candidate(
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

    def _belongs(self, url: str, kind: str, due: ScheduledUrl) -> bool:
        """Whether a URL is the site's; a part of a sitemap index may lie where the index does."""
        if kind == "sitemap" and due.kind == "sitemap" and urls.host_of(url) == due.host:
            return True
        return self._site.in_scope(url, index=kind in {"feed", "sitemap"})

    def _tell(self, entry: Outlink) -> None:
        """Counts a link as told, twice at most: the first time may yet be undone with the page that had it."""
        if entry.by != "page" or entry.published_hint:
            return
        if len(self._seen) >= MAX_REMEMBERED:
            self._seen.clear()
        kind, times = self._seen.get(entry.url, (entry.kind, 0))
        self._seen[entry.url] = (entry.kind, min(times + 1, 2) if kind == entry.kind else 1)
