"""Makes an article of a page: a Page in, an Extraction (an Article, or the named reason why not) out.

Pure: no clock, no I/O, no state between calls. One parse serves the links, the metadata and the text.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archive.article import Article, Dropped, Extraction
from archive.extract.body import PageText, Piece, find_text
from archive.extract.boilerplate import Known, Line, judge_lines, line_key
from archive.extract.directives import read_directives
from archive.extract.document import Document, Unreadable, read
from archive.extract.lead import find_lead
from archive.extract.links import find_feeds, find_links
from archive.extract.metadata import Metadata, read_metadata, with_text
from archive.extract.quarantine import judge
from archive.extract.title import Titles, title_candidates
from archive.extract.witness import hear, plain

if TYPE_CHECKING:
    from archive.article import Page

__all__ = ["explain", "extract"]

_MAX_LINES = 400
"""Blocks whose keys are given for site learning; boilerplate stands at the ends of a page of thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """The text of a page: the page's blocks, the pieces, the rule that drops each piece, and the route."""

    page: PageText
    pieces: tuple[Piece, ...]
    rules: tuple[str, ...]
    route: str

    def article(self) -> str:
        return "\n".join(piece.text for piece, rule in zip(self.pieces, self.rules, strict=True) if not rule)

    def dropped(self) -> tuple[Dropped, ...]:
        return tuple(
            Dropped(line=piece.text, rule=rule) for piece, rule in zip(self.pieces, self.rules, strict=True) if rule
        )


def extract(page: Page) -> Extraction:
    """Read a page. Exactly one of the answer's `article` and `reason` is set; nothing that a page holds raises."""
    try:
        document = read(page)
    except Unreadable as refusal:
        return Extraction(reason=refusal.reason, detail=refusal.detail)
    text = _find_text(document)
    body = text.article()
    metadata = with_text(read_metadata(document), document, body)
    verdict = judge(document, body, metadata)
    reason, detail = verdict or (None, "")
    return Extraction(
        article=None if verdict else _article(page, metadata, text, body),
        reason=reason,
        detail=detail,
        canonical_url=metadata.canonical_url,
        next_page=metadata.next_page,
        links=find_links(document.tree, page.url, encoding=document.encoding.partition(" ")[0]),
        feeds=find_feeds(document.tree, page.url, encoding=document.encoding.partition(" ")[0]),
        lines=_line_keys(text.page),
        directives=read_directives(document),
    )


def _article(page: Page, metadata: Metadata, text: _Text, body: str) -> Article:
    return Article(
        url=metadata.canonical_url or page.url,
        title=metadata.title,
        text=body,
        authors=metadata.authors,
        date_published=metadata.date_published,
        date_modified=metadata.date_modified,
        section=metadata.section,
        tags=metadata.tags,
        language=metadata.language,
        description=metadata.description,
        sitename=metadata.sitename,
        source=metadata.source,
        images=metadata.images,
        is_accessible_for_free=metadata.is_accessible_for_free,
        provenance=metadata.provenance,
        dropped=text.dropped(),
        route=text.route,
    )


def explain(page: Page) -> list[tuple[str, str, str]]:
    """Return every text block of the page in order as (line, `kept` or `dropped`, rule).

    The rule of a kept line is the route that found it; of a dropped one the rule that dropped it, or `not-article`
    when no reader of the text took it for the article's.

    Raises:
        Unreadable: the page has no text to explain (its reason says why).
    """
    text = _find_text(read(page))
    fate = {piece.block: rule for piece, rule in zip(text.pieces, text.rules, strict=True) if piece.block >= 0}
    rows = []
    for index, block in enumerate(text.page.blocks):
        rule = fate.get(index, block.hook or "not-article")
        rows.append((block.text, "dropped" if rule else "kept", rule or text.route))
    return rows


def _find_text(document: Document) -> _Text:
    """Run the cascade: trafilatura, the witness, the lead, then the rules that drop lines."""
    titles = Titles(title_candidates(document.tree, _strings(document, "headline")))

    def is_title(line: str) -> bool:
        return line_key(line) in titles

    page = PageText(document.tree)
    pieces, route = find_text(page, document.page.url)
    declared = plain(max(_strings(document, "articleBody"), key=len, default=""))
    testimony = hear(pieces, page.blocks, declared)
    pieces = find_lead(testimony.pieces, page.blocks, _descriptions(document), is_title) + testimony.pieces
    lines = [Line(piece.text, page.blocks[piece.block].linked if piece.block >= 0 else 0.0) for piece in pieces]
    rules = judge_lines(lines, Known(is_title=titles.__contains__, learned=document.page.site.boilerplate))
    if testimony.deed:
        route = f"{route}+{testimony.deed}"
    return _Text(page=page, pieces=tuple(pieces), rules=tuple(rules), route=route)


def _line_keys(page: PageText) -> tuple[str, ...]:
    half = _MAX_LINES // 2
    blocks = page.blocks if len(page.blocks) <= _MAX_LINES else page.blocks[:half] + page.blocks[-half:]
    return tuple(dict.fromkeys(key for key in (line_key(block.text) for block in blocks) if key))


def _strings(document: Document, name: str) -> list[str]:
    values: list[Any] = [node.get(name) for node in document.jsonld]
    return [html.unescape(value) for value in values if isinstance(value, str)]


def _descriptions(document: Document) -> list[str]:
    names = {"og:description", "description", "twitter:description"}
    return [
        meta.get("content") or ""
        for meta in document.tree.iter("meta")
        if (meta.get("property") or meta.get("name") or "").lower() in names
    ]

