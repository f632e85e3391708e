"""Discover URLs: read feeds and sitemaps, and classify URLs by their patterns."""

from __future__ import annotations

import re
from typing import Literal

from archive.discovery.feeds import Feed, read_feed
from archive.discovery.likeness import ArticlePattern, Likeness, classify_link
from archive.discovery.sitemaps import ADDRESSES, Sitemap, read_sitemap
from archive.discovery.traps import Trap, pattern_of, trap_reason
from archive.discovery.xml import Announced, gunzip

__all__ = [
    "Announced",
    "ArticlePattern",
    "Feed",
    "Likeness",
    "Sitemap",
    "Trap",
    "classify_link",
    "pattern_of",
    "read_feed",
    "read_sitemap",
    "sniff",
    "trap_reason",
]

Kind = Literal["feed", "sitemap", "html", "document", "other"]

_LOOK = 16_384  # bytes; a root element comes earlier, even after comments and a style sheet's URL
_SKIP = re.compile(
    r"(?:\s++|\ufeff|<\?.*?\?>|<!--.*?-->|<!DOCTYPE\s(?!\s*html)[^\[>]*(?:\[.*?\]\s*)?>)", re.DOTALL | re.IGNORECASE
)
_ROOT = re.compile(r"<(?:[A-Za-z][\w.-]*:)?(?P<name>[A-Za-z][\w.-]*)")
_KINDS: dict[str, Kind] = {
    "rss": "feed",
    "feed": "feed",
    "rdf": "feed",
    "channel": "feed",
    "urlset": "sitemap",
    "sitemapindex": "sitemap",
    "html": "html",
}
_HTML_START = re.compile(r"<(?:!doctype\s+)?(?P<name>html)\b", re.IGNORECASE)
_HTML_TAG = re.compile(r"<(?:head|body|title|meta|div|p|a|h1|table)\b", re.IGNORECASE)
# A root element after stray text, such as a PHP warning.
_LATE_ROOT = re.compile(r"<(?:rdf:)?(?P<name>rss|feed|rdf|urlset|sitemapindex)\s[^>]*(?:version|xmlns)", re.IGNORECASE)
_JSON_FEED = re.compile(r"\{.{0,4000}?(?:jsonfeed\.org\\?/version|\"items\"\s*:\s*\[)", re.DOTALL)


def sniff(body: bytes, content_type: str = "") -> Kind:
    """Return the kind of `body`, gzip or not; a PDF file is a `document`. The label decides only between `html` and `other`."""
    from archive.extract.pdf import is_pdf  # only in workers: importing the extractors takes half a second

    if is_pdf(body):
        return "document"
    head = gunzip(body[:_LOOK], _LOOK)[:_LOOK]
    text = head.decode("utf-16" if head[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8", "ignore")
    position = 0
    while skipped := _SKIP.match(text, position):
        position = skipped.end()
    rest = text[position:]
    if rest.startswith("{"):
        return "feed" if _JSON_FEED.match(rest) else "other"
    if ADDRESSES.match(rest):
        return "sitemap"
    root = _HTML_START.match(rest) or _ROOT.match(rest)
    if root and root.group("name").lower() in _KINDS:
        return _KINDS[root.group("name").lower()]
    late = _LATE_ROOT.search(rest[:4000])
    if late:
        return _KINDS[late.group("name").lower()]
    return "html" if _HTML_TAG.search(rest) or "html" in content_type.lower() else "other"
