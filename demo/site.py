"""Make the resources of one edition of the demo site, by path."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from demo import feeds
from demo.content import load
from demo.render import Renderer, author_path, href, tag_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.content import Article, Section, Site

STATIC = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".js": "text/javascript; charset=utf-8",
}
_HTML = "text/html; charset=UTF-8"
PER_PAGE = 3
MOVED = {"/2025/port-news.html": 1002, "/old/festival.php": 1006}
"""Addresses of an older content management system, each with the article to which it redirects."""
CHALLENGES = {"/2026/11/تحقيق-خلف-جدار/": 403, "/2026/11/ملف-خلف-جدار/": 200, "/health/behind-a-wall/": 503}
NOT_ARTICLES = {"/live-weather/": "soft-404", "/login/": "login", "/premium/الملف-الخاص/": "login"}

_PLAIN = (
    ("/about/", "about", "من نحن"),
    ("/login/", "login", "تسجيل الدخول"),
    ("/premium/الملف-الخاص/", "login", "تسجيل الدخول"),
    ("/live-weather/", "soft404", "الصفحة غير موجودة"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """The response for a path.

    `coding` is its preferred content-coding ('' for none), `modified` its Last-Modified.
    """

    body: bytes
    content_type: str = _HTML
    status: int = 200
    modified: datetime | None = None
    coding: str = "gzip"
    headers: tuple[tuple[str, str], ...] = ()
    chunked: bool = False


@lru_cache(maxsize=16)
def build(edition: int, base: str) -> dict[str, Resource]:
    """Return every resource of the edition, served at `base`, by its unquoted path (with `?p=ID` where the query matters)."""
    site = load(edition)
    renderer = Renderer(site, base)
    resources: dict[str, Resource] = {}
    for part in (_articles, _lists, _feeds, _sitemaps, _others):
        resources |= dict(part(site, renderer))
    return resources


def _articles(site: Site, renderer: Renderer) -> Iterator[tuple[str, Resource]]:
    for article in site.articles:
        yield article.path, _article(site, article, renderer.article(article))
        for number in range(2, len(article.pages()) + 1):
            yield f"{article.path}{number}/", _article(site, article, renderer.article(article, number))
        for twin in article.twins:
            yield f"{article.path}{twin}/", _article(site, article, renderer.twin(article, twin))
        yield f"/?p={article.id}", _moved(renderer.url(article.path))
    for article in site.gone:
        page = renderer.other("missing", title="حُذف هذا الخبر")
        yield article.path, Resource(body=page.encode(), status=410)
    for path, number in MOVED.items():
        yield path, _moved(renderer.url(site.by_id(number).path))


def _article(site: Site, article: Article, page: str) -> Resource:
    # the tagDiv theme displays the day and a counter, so its pages change every day without any news
    changes_daily = article.section.theme == "tagdiv"
    return Resource(
        body=page.encode(article.charset, "xmlcharrefreplace"),
        content_type=_HTML if article.charset == "utf-8" else "text/html",
        modified=_midnight(site) if changes_daily else article.modified,
        coding=article.coding,
        chunked=changes_daily,
    )


def _moved(url: str) -> Resource:
    return Resource(body=b"", status=301, headers=(("Location", url),))


def _midnight(site: Site) -> datetime:
    return datetime.combine(site.day, time(4), UTC)


def _lists(site: Site, renderer: Renderer) -> Iterator[tuple[str, Resource]]:
    yield "/", _list(site.in_language("ar"), renderer.home())
    for section in site.sections:
        yield from _pages(section, section.name, section.path, site.of(section), renderer)
    for tag in dict.fromkeys(tag for article in site.articles if article.linked for tag in article.tags):
        articles = [article for article in site.articles if tag in article.tags and article.linked]
        yield from _pages(articles[0].section, tag, tag_path(tag), articles, renderer)
    for name in dict.fromkeys(name for article in site.articles for name in article.authors):
        articles = [article for article in site.articles if name in article.authors and article.linked]
        yield from _pages(articles[0].section, name, author_path(name), articles, renderer)


def _pages(
    section: Section, title: str, path: str, articles: list[Article], renderer: Renderer
) -> Iterator[tuple[str, Resource]]:
    pages = [articles[start : start + PER_PAGE] for start in range(0, len(articles), PER_PAGE)]
    for number, page in enumerate(pages, 1):
        here = path if number == 1 else f"{path}page/{number}/"
        links = [
            f'<a class="page-numbers" href="{renderer.url(path if other == 1 else f"{path}page/{other}/")}">{other}</a>'
            for other in range(1, len(pages) + 1)
            if other != number
        ]
        html = renderer.list_page(section.theme, title, page, path=here, pager=" ".join(links))
        charset = "windows-1256" if section.theme == "table" else "utf-8"
        yield here, _list(page, html, charset)


def _list(articles: list[Article], page: str, charset: str = "utf-8") -> Resource:
    body = page.encode(charset, "xmlcharrefreplace")
    content_type = _HTML if charset == "utf-8" else "text/html"
    return Resource(body=body, content_type=content_type, modified=max(article.modified for article in articles))


def _feeds(site: Site, renderer: Renderer) -> Iterator[tuple[str, Resource]]:
    arabic, sections = site.in_language("ar"), {section.key: section for section in site.sections}
    yield "/feed/", _feed(feeds.rss(renderer, site.raw["name"], "/feed/", arabic[:10]), "application/rss+xml")
    for section in site.sections:
        path = f"{section.path}feed/"
        if section.theme == "jannah" and section.key != "culture":
            yield path, _feed(feeds.rss(renderer, section.name, path, site.of(section)), "application/rss+xml")
    culture = sections["culture"]
    path = f"{culture.path}feed/"
    yield path, _feed(feeds.atom(renderer, culture.name, path, site.of(culture)), "application/atom+xml")
    french = feeds.rss(renderer, site.raw["name_fr"], "/fr/feed/", site.in_language("fr"))
    yield "/fr/feed/", _feed(french, "application/rss+xml")
    english = feeds.json_feed(renderer, site.raw["name_en"], "/en/feed.json", site.in_language("en"))
    yield "/en/feed.json", Resource(body=english.encode(), content_type="application/feed+json")


def _feed(text: str, content_type: str) -> Resource:
    return Resource(body=text.encode(), content_type=f"{content_type}; charset=UTF-8")


def _sitemaps(site: Site, renderer: Renderer) -> Iterator[tuple[str, Resource]]:
    recent = [article for article in site.articles if article.published.year >= 2026]
    older = [article for article in site.articles if article.published.year < 2026]
    names = ["/post-sitemap.xml", "/post-sitemap2.xml.gz", "/category-sitemap.xml", "/news-sitemap.xml"]
    yield "/robots.txt", Resource(body=feeds.robots(renderer.base).encode(), content_type="text/plain; charset=utf-8")
    yield "/sitemap_index.xml", _xml(feeds.sitemap_index(renderer.base + name for name in names))
    yield names[0], _xml(feeds.sitemap(renderer, recent, CHALLENGES))
    packed = gzip.compress(feeds.sitemap(renderer, older).encode(), mtime=0)
    yield names[1], Resource(body=packed, content_type="application/x-gzip", coding="")
    yield names[2], _xml(feeds.sitemap(renderer, (), [section.path for section in site.sections]))
    yield names[3], _xml(feeds.news_sitemap(renderer, site.articles, site.day))


def _xml(text: str) -> Resource:
    return Resource(body=text.encode(), content_type="text/xml; charset=UTF-8")


def _others(site: Site, renderer: Renderer) -> Iterator[tuple[str, Resource]]:
    for path, template, title in _PLAIN:
        page = renderer.frame("jannah", f"{title} - {site.raw['name']}", renderer.other(template), path=path)
        yield path, Resource(body=page.encode())
    for path, status in CHALLENGES.items():
        page = renderer.other("challenge_ar" if status == 200 else "challenge")
        headers = (("Server", "cloudflare"), ("Cf-Mitigated", "challenge"), ("Cache-Control", "private, no-store"))
        yield path, Resource(body=page.encode(), status=status, headers=headers)
    yield "/private/newsroom/", Resource(body=renderer.other("missing", title="غرفة التحرير: للعاملين وحدهم").encode())
    modified = datetime(2026, 1, 15, 9, tzinfo=UTC)
    for file in sorted(STATIC.iterdir()):
        yield (
            f"/static/{file.name}",
            Resource(
                body=file.read_bytes(),
                content_type=_TYPES[file.suffix],
                modified=modified,
                coding="" if file.suffix == ".png" else "gzip",
            ),
        )


def missing(base: str) -> Resource:
    """Return the response for an unknown path."""
    page = Renderer(load(1), base).other("missing", title="الصفحة غير موجودة")
    return Resource(body=page.encode(), status=404)


__all__ = ["CHALLENGES", "MOVED", "NOT_ARTICLES", "Resource", "build", "href", "missing"]
