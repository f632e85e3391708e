"""Makes an article of a page: a Page in, an Extraction (an Article, or the named reason why not) out.

Pure: no clock, no I/O, no state between calls. One parse serves the links, the metadata and the text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archive.article import Extraction, RequisiteLimits
from archive.body import figures_of, plain_text
from archive.extract.document import Unreadable, read
from archive.extract.links import count_too_long, find_feeds, find_links
from archive.extract.metadata.directives import read_directives
from archive.extract.metadata.reading import read_metadata, with_text
from archive.extract.pdf import explained, is_pdf, read_pdf
from archive.extract.quarantine import judge
from archive.extract.requisites import page_requisites
from archive.extract.text import find_text

if TYPE_CHECKING:
    from archive.article import Article, Page
    from archive.extract.metadata.reading import Metadata
    from archive.extract.text import Text

__all__ = ["explain", "extract"]


PAGE_ALONE = RequisiteLimits()


def extract(page: Page, *, requisites: RequisiteLimits = PAGE_ALONE) -> Extraction:
    """Read a page. Exactly one of the answer's `article` and `reason` is set; nothing that a page holds raises.

    What the page loads is looked for on articles only, and within `requisites`.
    """
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
        feeds=find_feeds(document.tree, page.url, encoding=codec),
        lines=text.line_keys(),
        directives=read_directives(document),
        too_long=count_too_long(document.model),
        requisites=page_requisites(
            document.tree, page.url, requisites if article else PAGE_ALONE, encoding=codec, more=pictures
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
