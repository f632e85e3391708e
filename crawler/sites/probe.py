"""Probe a site with a few polite requests: return its Findings and one page with its article.

It requests the start page, at most six feeds, eight sitemaps and three articles, one by one, with the same robots.txt,
guard and pace as a crawl.
"""

from __future__ import annotations

import asyncio
import re
import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from scrapy import Spider

from archive import ArchiveError, Article, discovery, urls
from archive.locale import N_
from archive.outcome import OutcomeKind
from archive.parse import Parsed, ParseTask
from archive.parse.workers import WorkerKilledError, parse_pool
from crawler.sites import Site, own_hosts
from crawler.sites.entry import Findings, FoundSource
from crawler.sites.probe_client import NothingThereError, ProbeClient, ProbedPage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from scrapy import Request
    from scrapy.crawler import Crawler

MAX_FEEDS, MAX_SITEMAPS, MAX_ARTICLES, MAX_SECTIONS = 6, 8, 3, 25

USUAL_FEEDS = ("/feed/", "/rss.xml", "/rss")
USUAL_SITEMAPS = ("/sitemap.xml", "/sitemap_index.xml", "/sitemap-news.xml")
WALLS = frozenset({"consent", "challenge", "login"})
NO_ARTICLE = N_("no article could be extracted: a crawl may find none (pages built by scripts, a wall, other hosts)")
_WALL = re.compile(
    r"consent|gdpr|cookie-?(?:wall|policy)|waiting-?room|queue-it|captcha|log-?in|sign-?in", re.IGNORECASE
)
_COMMENTS = re.compile(r"comment|تعليق", re.IGNORECASE)
_DECLARED = re.compile(rb"<html\b[^>]{0,300}?\blang\s*=\s*[\"']?([A-Za-z]{2,3}(?:[-_][A-Za-z]{2,4})?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A page with its extracted article, to be kept as a test case."""

    page: ProbedPage
    article: Article


class ProbeSpider(Spider):
    """Fills `findings` and `case`, or `problem`."""

    name = "scout"

    def __init__(self, *, url: str, asker: ProbeClient) -> None:
        super().__init__()
        self.site = Site.from_url(url)
        self.findings: Findings | None = None
        self.case: Case | None = None
        self.problem: ArchiveError | None = None
        self._asker = asker

    @classmethod
    def from_crawler(cls, crawler: Crawler, *_: Any, url: str = "") -> Self:
        """Take the URL to probe."""
        return super().from_crawler(crawler, url=url, asker=ProbeClient(crawler))

    async def start(self) -> AsyncIterator[Request]:
        """Run the probe; yield nothing to be scheduled."""
        settings = self.crawler.settings
        try:
            with parse_pool(
                workers=1,
                seconds=settings.getfloat("WARRAQ_EXTRACTION_SECONDS"),
                megabytes=settings.getint("WARRAQ_EXTRACTION_MEGABYTES"),
            ) as self._pool:
                self.findings = await self._look()
        except ArchiveError as error:
            self.problem = error
        none: tuple[Request, ...] = ()
        for request in none:
            yield request

    async def _look(self) -> Findings:
        self._asked = self.site.seeds[0]
        self._children: list[str] = []
        home = await self._asker.get(self._asked)
        self.site = Site.from_url(home.url)  # the redirect target is the site
        if discovery.sniff(home.body, home.head.get("Content-Type")) != "html":
            raise NothingThereError(N_(f"{home.url} is not an HTML page; give the address of the site's start page"))
        answer = await self._read(home)
        self._refuse_wall(home, answer)
        feeds, feed_urls, declared = await self._look_at_feeds(home, answer)
        sitemaps, news_urls = await self._look_at_sitemaps(home)
        self._add_subdomains(found.url for found in answer.found if found.kind in {"article", "section"})
        links = [found for found in answer.found if self.site.in_scope(found.url)]
        known = _unique([*feed_urls, *news_urls], self.site)
        candidates = known or [found.url for found in links if found.kind == "article"] or feed_urls
        read = await self._look_at_articles(candidates)
        if candidates is feed_urls:  # the host of a redirect service or of the articles
            candidates = [page.url for page, _ in read]
            found = dict.fromkeys(host for page, _ in read for host in own_hosts(page.url))
            self.site = replace(self.site, hosts=tuple(dict.fromkeys((*self.site.hosts, *found))))
        sections = self._sections(links, [answer for _, answer in read])
        known = known or candidates
        against = [*sections, *(source.url for source in (*feeds, *sitemaps)), *self._children]
        pattern = discovery.ArticlePattern.learn(known, against)
        html_language = _DECLARED.search(home.body[:4000])
        return Findings(
            seed=home.url,
            day=home.fetched_at.date().isoformat(),
            feeds=feeds,
            sitemaps=sitemaps,
            sections=sections,
            articles=tuple(known),
            expressions=pattern.expressions(known, against),
            hosts=self.site.hosts if set(self.site.hosts) != set(own_hosts(home.url)) else (),
            notes=() if any(answer.article for _, answer in read) else (NO_ARTICLE,),
            samples=tuple(answer.article for _, answer in read if answer.article),
            language=html_language.group(1).decode() if html_language else declared,
            text=" ".join(page.body.decode("utf-8", "ignore") for page in [home, *(page for page, _ in read)]),
            seconds=statistics.median(self._asker.seconds) if self._asker.seconds else 0.0,
            crawl_delay=self._asker.crawl_delay,
        )

    def _refuse_wall(self, home: ProbedPage, answer: Parsed) -> None:
        """Raise NothingThereError if the start page is a wall, which must not become the seed."""
        reason = answer.outcome.reason if answer.outcome.kind is OutcomeKind.QUARANTINE else ""
        led_away = home.url != self._asked and _WALL.search(home.url)
        if reason in WALLS or led_away:
            wall = f"a {reason} page" if reason in WALLS else home.url
            raise NothingThereError(
                N_(
                    f"{self._asked} shows {wall} instead of its start page; write the entry by hand, with the cookies "
                    f"of a browser that has passed it (cookies, cookies_file: see sites.toml)"
                )
            )

    def _add_subdomains(self, found: Iterable[str]) -> None:
        """Add the subdomains of sections to the scope, as a crawl does."""
        for url in found:
            if host := self.site.section_host(url):
                self.site = replace(self.site, hosts=(*self.site.hosts, host))

    async def _look_at_feeds(self, home: ProbedPage, answer: Parsed) -> tuple[tuple[FoundSource, ...], list[str], str]:
        announced = [found.url for found in answer.found if found.kind == "feed"]
        where = "announced by the start page" if announced else "found where sites usually keep it"
        wanted = announced[:MAX_FEEDS] or [urls.join(home.url, path) for path in USUAL_FEEDS]
        sources, entries, language = [], [], ""
        for url in wanted:
            page = await self._asker.attempt(url)
            feed = discovery.read_feed(page.body, page.url, page.head.get("Content-Type")) if page else None
            if feed is None or feed.problem or page is None:
                if announced:
                    sources.append(FoundSource(url=url, found=where, holds="is not a feed", use=False))
                continue
            use = not _COMMENTS.search(f"{feed.title} {url}") and bool(feed.entries)
            newest = max((entry.published for entry in feed.entries if entry.published), default=None)
            holds = f"{feed.title or 'no title'}: {len(feed.entries)} entries{f', newest {newest:%Y-%m-%d}' if newest else ''}"
            sources.append(FoundSource(url=page.url, found=where, holds=holds, use=use))
            if use:
                entries += [entry.url for entry in feed.entries]
                language = language or feed.language
            if use and not announced:
                break
        return _once(sources), entries, language

    async def _look_at_sitemaps(self, home: ProbedPage) -> tuple[tuple[FoundSource, ...], list[str]]:
        named = [url for origin, sitemaps in self._asker.sitemaps.items() if self._own(origin) for url in sitemaps]
        where = "named by robots.txt" if named else "found where sites usually keep it"
        wanted = named[: MAX_SITEMAPS // 2] or [urls.join(home.url, path) for path in USUAL_SITEMAPS]
        sources, news, asked = [], [], 0
        for url in wanted:
            page = await self._asker.attempt(url)
            sitemap = discovery.read_sitemap(page.body, page.url, page.head.get("Content-Type")) if page else None
            if sitemap is None or sitemap.problem or page is None:
                if named:
                    sources.append(
                        FoundSource(url=url, found=where, holds="is not a sitemap, or is unavailable", use=False)
                    )
                continue
            self._children += [child.url for child in sitemap.children[:100]]
            news += [entry.url for entry in sitemap.entries if entry.title or entry.publication]
            holds = f"{len(sitemap.entries)} pages" if sitemap.entries else f"index of {len(sitemap.children)} sitemaps"
            for child in sorted(sitemap.children, key=lambda child: "news" not in child.url)[:2]:
                inner = await self._asker.attempt(child.url) if asked < MAX_SITEMAPS // 2 else None
                asked += 1
                entries = discovery.read_sitemap(inner.body, inner.url).entries if inner else ()
                news += [entry.url for entry in entries if entry.title or entry.publication]
                holds += f"; {urls.display(child.url).rpartition('/')[2]} has {len(entries)} pages" if inner else ""
            sources.append(FoundSource(url=page.url, found=where, holds=holds + ("; with news fields" if news else "")))
            if not named:
                break
        return _once(sources), news

    async def _look_at_articles(self, candidates: list[str]) -> list[tuple[ProbedPage, Parsed]]:
        read: list[tuple[ProbedPage, Parsed]] = []
        for url in candidates[: 2 * MAX_ARTICLES]:
            page = await self._asker.attempt(url)
            answer = await self._read(page) if page else None
            if page and answer and answer.article:
                read.append((page, answer))
            if len(read) == MAX_ARTICLES:
                break
        best = max(read, key=lambda pair: len(pair[1].article.text) if pair[1].article else 0, default=None)
        if best and best[1].article:
            self.case = Case(page=best[0], article=best[1].article)
        return read

    def _own(self, origin: str) -> bool:
        return self.site.in_scope(f"{origin}/", index=True)

    def _sections(self, links: Iterable[Any], answers: list[Parsed]) -> tuple[str, ...]:
        """Return section links on the start page and most articles, since the navigation is on every page."""
        on_articles = [{found.url for found in answer.found} for answer in answers]
        sections = [
            link.url
            for link in links
            if link.kind == "section"
            and link.url != self.site.seeds[0]
            and self._asker.allowed(link.url)
            and 2 * sum(link.url in found for found in on_articles) >= max(1, len(on_articles))
            and not discovery.classify_link(link.url).reason.startswith(("tag", "author", "search", "page", "list"))
        ]
        return tuple(dict.fromkeys(sections))[:MAX_SECTIONS]

    async def _read(self, page: ProbedPage) -> Parsed:
        task = ParseTask(url=page.url, response=page.raw, fetched_at=page.fetched_at)
        try:
            return await asyncio.wrap_future(self._pool.submit(task))
        except WorkerKilledError as error:
            return Parsed.of(OutcomeKind.QUARANTINE, error.reason, error.detail)


def _unique(found: Iterable[str], site: Site) -> list[str]:
    return [url for url in dict.fromkeys(found) if site.in_scope(url)]


def _once(sources: list[FoundSource]) -> tuple[FoundSource, ...]:
    return tuple({source.url: replace(source) for source in reversed(sources)}.values())[::-1]
