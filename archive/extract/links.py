"""Where a page leads: its model and its URL in; its anchors and the feeds it announces out, canonical."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from archive.article import Link
from archive.urls import MAX_LENGTH, join, resolve, spelled

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from archive.extract.page import Anchor, PageModel

MAX_LINKS: Final = 2_000
"""Links kept of one page. The longest index pages of newspapers have some hundreds; a link farm has no end."""

_MAX_TEXT = 300  # characters of an anchor's text; the longest headlines stay under 200
_MAX_FEEDS = 50
_MAX_REPEATS = 5  # anchors looked at for each link that may be kept
_FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "application/feed+json",
        "application/json",
        "application/xml",
        "text/xml",
    }
)
# Types that other things than feeds have: oEmbed and WordPress's REST address are announced by the same element.
_VAGUE_TYPES = frozenset({"application/json", "application/xml", "text/xml"})
_FEED_WORDS = ("feed", "rss", "atom")


def find_links(
    model: PageModel,
    base_url: str,
    limit: int = MAX_LINKS,
    encoding: str = "utf-8",
) -> tuple[Link, ...]:
    """Anchors of a page in page order, each canonical URL once, at most `limit`.

    Of several anchors to one URL the longest text counts (a picture and its headline), and `nofollow` only if all have
    it. `encoding` is the page's, for the queries of its links.
    """
    base = document_base(model.tree, base_url)
    found: dict[str, Link] = {}
    for anchor in islice(model.anchors, _MAX_REPEATS * limit):
        href = anchor.href
        if not href or href[0] == "#":
            continue
        url = resolve(base, href, encoding)
        known = found.get(url)
        if known:
            found[url] = _merge(known, anchor)
        elif url and len(found) < limit:
            spelling = spelled(base, href, url, encoding)
            found[url] = Link(url=url, text=_text(anchor), rel=_rel(anchor), spelling=spelling)
    return tuple(found.values())


def count_too_long(model: PageModel) -> int:
    """Anchors whose URL is longer than any that `find_links` takes."""
    return sum(len(anchor.href) > MAX_LENGTH for anchor in model.anchors)


def find_feeds(tree: HtmlElement, base_url: str, encoding: str = "utf-8") -> tuple[Link, ...]:
    """Feeds that a page announces by `<link rel=alternate type=…>`; `text` is their title, `rel` their MIME type."""
    base = ""
    found: dict[str, Link] = {}
    for element in tree.iter("link"):
        kind = (element.get("type") or "").partition(";")[0].strip().lower()
        href = (element.get("href") or "").strip()
        if kind not in _FEED_TYPES or not href or "alternate" not in (element.get("rel") or "").lower().split():
            continue
        title = " ".join((element.get("title") or "").split())[:_MAX_TEXT]
        if kind in _VAGUE_TYPES and not any(word in href.lower() for word in _FEED_WORDS):
            continue
        base = base or document_base(tree, base_url)
        url = resolve(base, href, encoding)
        if url and len(found) < _MAX_FEEDS:
            found.setdefault(url, Link(url=url, text=title, rel=kind))
    return tuple(found.values())


def document_base(tree: HtmlElement, page_url: str) -> str:
    """URL that relative references are relative to: the first `<base href>` (HTML Standard, 4.2.3) or the page's."""
    for element in tree.iter("base"):
        href = element.get("href")
        if href:
            return join(page_url, href) or page_url
    return page_url


def _text(anchor: Anchor) -> str:
    return anchor.text[:_MAX_TEXT].rstrip()


def _rel(anchor: Anchor) -> str:
    return " ".join(anchor.rel.lower().split()) if anchor.rel else ""


def _merge(known: Link, anchor: Anchor) -> Link:
    text, rel = _text(anchor), _rel(anchor)
    text = text if len(text) > len(known.text) else known.text
    rel = rel if "nofollow" in known.rel and "nofollow" not in rel else known.rel
    return Link(url=known.url, text=text, rel=rel, spelling=known.spelling)
