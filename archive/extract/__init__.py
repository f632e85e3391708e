"""Extract the article of a page: a Page becomes an Extraction (an Article, or the named reason why there is none).

Pure: no clock, no I/O, no state between calls. One parse serves the links, the metadata and the text.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from archive.article import Extraction, Link, RequisiteLimits
from archive.body import figures_of, plain_text
from archive.extract.document import Unreadable, read_document
from archive.extract.metadata.head import read_directives
from archive.extract.metadata.reading import read_metadata, with_text
from archive.extract.pdf import explained, is_pdf, read_pdf
from archive.extract.quarantine import judge
from archive.extract.requisites import page_requisites
from archive.extract.text import find_text
from archive.urls import MAX_LENGTH, join, resolve, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.article import Article, Page
    from archive.extract.metadata.reading import Metadata
    from archive.extract.page import Anchor, PageModel
    from archive.extract.text import Text

__all__ = ["explain", "extract"]

# The links of a page, and the feeds that it announces, as canonical URLs.

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
    """Return anchors of a page in page order, each canonical URL once, at most `limit`.

    Of several anchors to one URL the longest text counts (a picture and its headline), and `nofollow` only if all have
    it. `encoding` is the page's, for the queries of its links.
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
    """Return anchors whose URL is longer than any that `find_links` takes."""
    return sum(len(anchor.href) > MAX_LENGTH for anchor in model.anchors)


def find_feeds(model: PageModel, base_url: str, encoding: str = "utf-8") -> tuple[Link, ...]:
    """Return the feeds that a page announces by `<link rel=alternate type=…>`; `text` is their title, `rel` their MIME type."""
    base = ""
    found: dict[str, Link] = {}
    for element in model.by_tag["link"]:
        kind = (element.get("type") or "").partition(";")[0].strip().lower()
        href = (element.get("href") or "").strip()
        if kind not in _FEED_TYPES or not href or "alternate" not in (element.get("rel") or "").lower().split():
            continue
        title = " ".join((element.get("title") or "").split())[:_MAX_TEXT]
        if kind in _VAGUE_TYPES and not any(word in href.lower() for word in _FEED_WORDS):
            continue
        base = base or document_base(model, base_url)
        url = resolve(base, href, encoding)
        if url and len(found) < _MAX_FEEDS:
            found.setdefault(url, Link(url=url, text=title, rel=kind))
    return tuple(found.values())


def document_base(model: PageModel, page_url: str) -> str:
    """Return the URL that relative references are relative to: the first `<base href>` (HTML Standard, 4.2.3) or the page's."""
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
    """Read a page. Exactly one of the answer's `article` and `reason` is set; nothing that a page holds raises.

    What the page loads is looked for on articles only, and within `requisites`.
    """
    with _uncollected():
        return _extract(page, requisites)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from walking over a page's objects: hardly any refer to each other in a circle."""
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
    verdict = judge(document, text.article(), metadata)
    codec = document.encoding.split(" ", 1)[0]
    article = None if verdict else _article(page, text, metadata)
    pictures = [image.url for image in article.images] + figures_of(article.body) if article else []
    return Extraction(
        article=article,
        reason=verdict[0] if verdict else None,
        detail=verdict[1] if verdict else "",
        canonical_url=metadata.canonical_url,
        next_page=metadata.next_page,
        previous_page=metadata.previous_page,
        links=find_links(document.model, page.url, encoding=codec),
        feeds=find_feeds(document.model, page.url, encoding=codec),
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
    """Return every text block of the page in order as (line, `kept` or `dropped`, rule).

    The rule of a kept line is the route that found it; of a dropped one the rule that dropped it, or `not-article`
    when no reader of the text took it for the article's.

    Raises:
        Unreadable: the page has no text to explain (its `reason` says why).
    """
    if is_pdf(page.body):
        return explained(page)
    document = read_document(page)
    return find_text(document, read_metadata(document)).fates()


def _article(page: Page, text: Text, metadata: Metadata) -> Article:
    body = text.body(page.url)
    return replace(
        metadata.article,
        body=body,
        text=plain_text(body),
        provenance={**metadata.article.provenance, "text": text.origin},
        dropped=text.dropped(),
        route=text.route,
    )
