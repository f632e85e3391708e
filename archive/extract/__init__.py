"""Makes an article of a page: a Page in, an Extraction (an Article, or the named reason why not) out.

Pure: no clock, no I/O, no state between calls. One parse serves the links, the metadata and the text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archive.article import Extraction
from archive.body import plain_text
from archive.extract.document import Unreadable, read
from archive.extract.links import count_too_long, find_feeds, find_links
from archive.extract.metadata.directives import read_directives
from archive.extract.metadata.reading import read_metadata, with_text
from archive.extract.pdf import explained, is_pdf, read_pdf
from archive.extract.quarantine import judge
from archive.extract.text import find_text

if TYPE_CHECKING:
    from archive.article import Article, Page
    from archive.extract.metadata.reading import Metadata
    from archive.extract.text import Text

__all__ = ["explain", "extract"]


def extract(page: Page) -> Extraction:
    """Read a page. Exactly one of the answer's `article` and `reason` is set; nothing that a page holds raises."""
    if is_pdf(page.body):
        return read_pdf(page)
    try:
        document = read(page)
    except Unreadable as refusal:
        return Extraction(reason=refusal.reason, detail=refusal.detail)
    metadata = read_metadata(document)
    text = find_text(document, metadata)
    metadata = with_text(metadata, document, text.found())
    verdict = judge(document, text.article(), metadata)
    codec = document.encoding.split(" ", 1)[0]
    return Extraction(
        article=None if verdict else _article(page, text, metadata),
        reason=verdict[0] if verdict else None,
        detail=verdict[1] if verdict else "",
        canonical_url=metadata.canonical_url,
        next_page=metadata.next_page,
        previous_page=metadata.previous_page,
        links=find_links(document.model, page.url, encoding=codec),
        feeds=find_feeds(document.tree, page.url, encoding=codec),
        lines=text.line_keys(),
        directives=read_directives(document),
        too_long=count_too_long(document.model),
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
    document = read(page)
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
