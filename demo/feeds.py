"""Render the demo site's feeds, sitemaps and robots.txt."""

from __future__ import annotations

import json
from email.utils import format_datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from demo.content import paragraphs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from demo.content import Article
    from demo.render import Renderer

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


def robots(base: str) -> str:
    """Return robots.txt: a disallowed folder, a short delay, two sitemaps."""
    return (
        "# The Daftar\nUser-agent: *\nDisallow: /private/\nDisallow: /wp-admin/\nCrawl-delay: 0.05\n\n"
        f"User-agent: GreedyBot\nDisallow: /\n\nSitemap: {base}/sitemap_index.xml\nSitemap: {base}/news-sitemap.xml\n"
    )


def rss(renderer: Renderer, title: str, path: str, articles: Iterable[Article]) -> str:
    """Return RSS 2.0 with Dublin Core creators, as WordPress writes it."""
    items = []
    for article in articles:
        url = escape(renderer.url(article.path))
        creators = "".join(f"<dc:creator>{escape(name)}</dc:creator>" for name in article.authors)
        items.append(
            f"<item><title>{escape(article.title)}</title><link>{url}?utm_source=rss&amp;utm_medium=rss</link>{creators}"
            f"<pubDate>{format_datetime(article.published)}</pubDate><category>{escape(article.section.name)}</category>"
            f'<guid isPermaLink="false">{renderer.base}/?p={article.id}</guid>'
            f"<description>{escape(article.summary)}</description></item>"
        )
    spaces = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"'
    return (
        f'{_XML}<rss version="2.0" {spaces}><channel>'
        f'<title>{escape(title)}</title><atom:link href="{renderer.url(path)}" rel="self" type="application/rss+xml"/>'
        f"<link>{renderer.base}/</link><description>{escape(title)}</description>{''.join(items)}</channel></rss>\n"
    )


def atom(renderer: Renderer, title: str, path: str, articles: list[Article]) -> str:
    """Return Atom (RFC 4287)."""
    entries = []
    for article in articles:
        authors = "".join(f"<author><name>{escape(name)}</name></author>" for name in article.authors)
        entries.append(
            f'<entry><title>{escape(article.title)}</title><link rel="alternate" href="{renderer.url(article.path)}"/>'
            f"<id>tag:daftar.example,2026:{article.id}</id>{authors}<published>{article.published.isoformat()}</published>"
            f"<updated>{article.modified.isoformat()}</updated><summary>{escape(article.summary)}</summary></entry>"
        )
    updated = max(article.modified for article in articles).isoformat()
    return (
        f'{_XML}<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ar"><title>{escape(title)}</title>'
        f'<id>tag:daftar.example,2026:{escape(path)}</id><link rel="self" href="{renderer.url(path)}"/>'
        f"<updated>{updated}</updated>{''.join(entries)}</feed>\n"
    )


def json_feed(renderer: Renderer, title: str, path: str, articles: Iterable[Article]) -> str:
    """Return JSON Feed 1.1."""
    items = [
        {
            "id": str(article.id),
            "url": renderer.url(article.path),
            "title": article.title,
            "content_text": "\n\n".join(paragraphs(article.blocks)[:1]),
            "date_published": article.published.isoformat(),
            "date_modified": article.modified.isoformat(),
            "authors": [{"name": name} for name in article.authors],
            "tags": list(article.tags),
            "language": article.language,
        }
        for article in articles
    ]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": f"{renderer.base}/en/",
        "feed_url": renderer.url(path),
        "items": items,
    }
    return json.dumps(feed, ensure_ascii=False, indent=1)


def sitemap_index(urls: Iterable[str]) -> str:
    """Return a sitemap index."""
    entries = "".join(f"<sitemap><loc>{escape(url)}</loc></sitemap>" for url in urls)
    return f'{_XML}<sitemapindex xmlns="{_SITEMAP}">{entries}</sitemapindex>\n'


def sitemap(renderer: Renderer, articles: Iterable[Article], paths: Iterable[str] = ()) -> str:
    """Return a sitemap of articles, with their pictures, and of other paths."""
    entries = [
        f"<url><loc>{renderer.url(article.path)}</loc><lastmod>{article.modified.isoformat()}</lastmod>"
        f"<image:image><image:loc>{renderer.base}/static/{article.image or 'paper.svg'}</image:loc></image:image></url>"
        for article in articles
    ]
    entries += [f"<url><loc>{renderer.url(path)}</loc></url>" for path in paths]
    return (
        f'{_XML}<urlset xmlns="{_SITEMAP}" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">'
        f"{''.join(entries)}</urlset>\n"
    )


def news_sitemap(renderer: Renderer, articles: Iterable[Article], day: date) -> str:
    """Return a Google News sitemap: the articles of the edition's day and of the two days before."""
    entries = [
        f"<url><loc>{renderer.url(article.path)}</loc><news:news><news:publication><news:name>{renderer.site.raw['name']}</news:name>"
        f"<news:language>{article.language}</news:language></news:publication>"
        f"<news:publication_date>{article.published.isoformat()}</news:publication_date><news:title>{escape(article.title)}</news:title>"
        f"<news:keywords>{escape(', '.join(article.tags))}</news:keywords></news:news></url>"
        for article in articles
        if (day - article.published.date()).days <= 2
    ]
    return f'{_XML}<urlset xmlns="{_SITEMAP}" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{"".join(entries)}</urlset>\n'
