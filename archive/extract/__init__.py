"""Extract the article of a page: turn a Page into an Extraction, which holds an Article or the reason why there is none.

Pure: no clock, no I/O, no state between calls. One parse serves the links, the metadata and the text.
"""

from __future__ import annotations

import gc
import re
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from archive.article import Explanation, Extraction, Link, RequisiteLimits
from archive.body import figures_of, plain_text
from archive.extract.document import Unreadable, read_document
from archive.extract.metadata.head import read_directives
from archive.extract.metadata.images import with_figures
from archive.extract.metadata.reading import read_metadata, with_text
from archive.extract.pdf import explained, is_pdf, read_pdf
from archive.extract.quarantine import quarantine_reason
from archive.extract.requisites import page_requisites
from archive.extract.text import find_text
from archive.http import link_fields
from archive.urls import MAX_LENGTH, join, resolve, spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

    from archive.article import Article, Page
    from archive.extract.metadata.reading import Metadata
    from archive.extract.page import Anchor, PageModel
    from archive.extract.text import Text

__all__ = ["explain", "explanation", "extract"]

# The links and feeds of a page, as canonical URLs.

MAX_LINKS: Final = 2_000
"""Maximum links of a page. The longest index pages of newspapers have some hundreds; a link farm can have any number."""

_MAX_TEXT = 300  # maximum characters of an anchor's text; the longest headlines have fewer than 200
_MAX_FEEDS = 50
_MAX_REPEATS = 5  # anchors examined per link of the limit
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
# Types of `<link rel=alternate>` that are not feeds: oEmbed and WordPress's REST API.
_VAGUE_TYPES = frozenset({"application/json", "application/xml", "text/xml"})
_FEED_WORDS = ("feed", "rss", "atom")
_FEED_SCHEME = re.compile(r"feed:(?=//|https?:)", re.IGNORECASE)
"""Before the address of a feed, for feed readers: `feed://…`, `feed:https://…`."""


def find_links(
    model: PageModel,
    base_url: str,
    limit: int = MAX_LINKS,
    encoding: str = "utf-8",
) -> tuple[Link, ...]:
    """Return the anchors of a page in page order, each canonical URL once, at most `limit`.

    If several anchors have the same URL, the longest text is kept (one may be a picture, another its headline), and
    `nofollow` only if all have it. `encoding` is that of the page, which browsers use for query strings.
    """
    base = document_base(model, base_url)
    found: dict[str, Link] = {}
    resolved: dict[str, str] = {}
    for anchor in islice(model.anchors, _MAX_REPEATS * limit):
        href = anchor.href
        if not href or href[0] == "#":
            continue
        if (url := resolved.get(href)) is None:
            url = resolved[href] = resolve(base, href, encoding)
        known = found.get(url)
        if known:
            found[url] = _merge(known, anchor)
        elif url and len(found) < limit:
            spelling = spelled(base, href, url, encoding)
            found[url] = Link(url=url, text=_text(anchor), rel=_rel(anchor), spelling=spelling)
    return tuple(found.values())


def count_too_long(model: PageModel) -> int:
    """Return the number of anchors whose URL is too long for `find_links`."""
    return sum(len(anchor.href) > MAX_LENGTH for anchor in model.anchors)


def find_feeds(
    model: PageModel, base_url: str, encoding: str = "utf-8", *, headers: Iterable[tuple[str, str]] = ()
) -> tuple[Link, ...]:
    """Return the feeds that a page announces by `<link rel=alternate type=…>`, `<link rel=feed>` or a `Link` field.

    `text` is their title, `rel` their MIME type.
    """
    base = ""
    found: dict[str, Link] = {}
    elements: Iterator[HtmlElement | dict[str, str]] = chain(model.by_tag["link"], link_fields(headers))
    for element in elements:
        kind = (element.get("type") or "").partition(";")[0].strip().lower()
        href = _FEED_SCHEME.sub("", (element.get("href") or "").strip())
        if not href or not _is_feed(href, kind, (element.get("rel") or "").lower().split()):
            continue
        title = " ".join((element.get("title") or "").split())[:_MAX_TEXT]
        base = base or document_base(model, base_url)
        url = resolve(base, href, encoding)
        if url and len(found) < _MAX_FEEDS:
            found.setdefault(url, Link(url=url, text=title, rel=kind))
    return tuple(found.values())


def _is_feed(href: str, kind: str, rel: list[str]) -> bool:
    if kind in _VAGUE_TYPES and not any(word in href.lower() for word in _FEED_WORDS):
        return False
    return ("alternate" in rel and kind in _FEED_TYPES) or ("feed" in rel and not kind)


def document_base(model: PageModel, page_url: str) -> str:
    """Return the base of relative URLs: the first `<base href>` (HTML Standard, 4.2.3) or the page's URL."""
    for element in model.by_tag["base"]:
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


PAGE_ALONE = RequisiteLimits()


def extract(page: Page, *, requisites: RequisiteLimits = PAGE_ALONE) -> Extraction:
    """Extract a page. Exactly one of the result's `article` and `reason` is set; no content of a page raises.

    Requisites are collected only for articles, within the limits `requisites`.
    """
    with _uncollected():
        return _extract(page, requisites)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the garbage collector during extraction: hardly any object of a page is in a reference cycle."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _extract(page: Page, requisites: RequisiteLimits) -> Extraction:
    if is_pdf(page.body):
        return read_pdf(page)
    try:
        document = read_document(page)
    except Unreadable as refusal:
        return Extraction(reason=refusal.reason, detail=refusal.detail)
    metadata = read_metadata(document)
    text = find_text(document, metadata)
    metadata = with_text(metadata, document, text.found())
    verdict = quarantine_reason(document, text.article(), metadata)
    codec = document.encoding.split(" ", 1)[0]
    article = None if verdict else _article(document_base(document.model, page.url), text, metadata)
    pictures = [image.url for image in article.images] + figures_of(article.body) if article else []
    return Extraction(
        article=article,
        reason=verdict[0] if verdict else None,
        detail=verdict[1] if verdict else "",
        canonical_url=metadata.canonical_url,
        next_page=metadata.next_page,
        previous_page=metadata.previous_page,
        links=find_links(document.model, page.url, encoding=codec),
        feeds=find_feeds(document.model, page.url, encoding=codec, headers=page.headers),
        lines=text.line_keys(),
        directives=read_directives(document),
        too_long=count_too_long(document.model),
        requisites=page_requisites(
            document.tree,
            document_base(document.model, page.url),
            requisites if article else PAGE_ALONE,
            encoding=codec,
            more=pictures,
        ),
    )


def explain(page: Page) -> list[tuple[str, str, str]]:
    """Return every text block of the page in order as (line, `kept` or `dropped`, rule), as `explanation` finds them."""
    return [(one.line, "kept" if one.is_kept else "dropped", one.rule) for one in explanation(page).lines]


def explanation(page: Page) -> Explanation:
    """Return every text block of the page in order, with its place and what decided about it.

    For a kept line, the rule is the route that found it; for a dropped line, the rule that dropped it, or
    `not-article` if no source included it in the article.

    Raises:
        Unreadable: the page has no text (`reason` says why).
    """
    if is_pdf(page.body):
        return Explanation(lines=explained(page))
    document = read_document(page)
    text = find_text(document, read_metadata(document))
    return Explanation(lines=text.explained(document.tree), doubt=text.doubt)


def _article(base: str, text: Text, metadata: Metadata) -> Article:
    body = text.body(base)
    images = with_figures(metadata.article.images, body)
    origins = {"images": "dom:figure"} if images else {}
    return replace(
        metadata.article,
        body=body,
        text=plain_text(body),
        images=images,
        provenance={**origins, **metadata.article.provenance, "text": text.origin},
        dropped=text.dropped(),
        route=text.route,
    )
