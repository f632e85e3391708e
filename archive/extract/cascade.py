"""The cascade that makes an article's text: a Document and its Metadata in, the text with the fate of each line out.

trafilatura's lines (`body`), corrected by what the page declares (`witness`, `lead`), less what its place (`place`) or
its words (`boilerplate`, `title`) show to be furniture. Nothing is thrown away unseen: a dropped line keeps its rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.article import Dropped
from archive.extract.blocks import HEADINGS
from archive.extract.body import PageText, covers_little, read_body
from archive.extract.boilerplate import Known, Line, judge_lines, line_key
from archive.extract.lead import find_lead
from archive.extract.place import judge_places
from archive.extract.title import Titles, title_candidates
from archive.extract.twins import join_twins
from archive.extract.witness import hear, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archive.extract.blocks import Block
    from archive.extract.body import Piece
    from archive.extract.document import Document
    from archive.extract.metadata.reading import Metadata

_MAX_LINES = 400
"""Blocks whose keys are given for site learning; boilerplate stands at the ends of a page of thousands."""
_DESCRIPTIONS = frozenset({"og:description", "description", "twitter:description"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The text of a page: the page's blocks, the pieces found, the rule that drops each ('' if it stays), the route."""

    page: PageText
    pieces: tuple[Piece, ...]
    rules: tuple[str, ...]
    route: str

    def article(self) -> str:
        """Return the lines that stay, joined by newlines."""
        return "\n".join(piece.text for piece, rule in zip(self.pieces, self.rules, strict=True) if not rule)

    def found(self) -> str:
        """Return every line found, dropped ones too."""
        return "\n".join(piece.text for piece in self.pieces)

    def dropped(self) -> tuple[Dropped, ...]:
        """Return the lines that were found and dropped."""
        return tuple(
            Dropped(line=piece.text, rule=rule) for piece, rule in zip(self.pieces, self.rules, strict=True) if rule
        )

    def fates(self) -> list[tuple[str, str, str]]:
        """Return each block of the page in order as (line, `kept` or `dropped`, rule)."""
        fate = {piece.block: rule for piece, rule in zip(self.pieces, self.rules, strict=True) if piece.block >= 0}
        rows = []
        for index, block in enumerate(self.page.blocks):
            rule = fate.get(index, block.hook or "not-article")
            rows.append((block.text, "dropped" if rule else "kept", rule or self.route))
        return rows

    def line_keys(self) -> tuple[str, ...]:
        """Return the keys of the page's blocks, each once, at most 400: the first and the last of a longer page."""
        half = _MAX_LINES // 2
        blocks = self.page.blocks
        ends = blocks if len(blocks) <= _MAX_LINES else blocks[:half] + blocks[-half:]
        return tuple(dict.fromkeys(key for key in (line_key(block.text) for block in ends) if key))


def find_text(document: Document, metadata: Metadata) -> Text:
    """Run the cascade over a page."""
    titles = Titles(title_candidates(document.tree, (metadata.article.title, *metadata.title_candidates)))

    def is_title(line: str) -> bool:
        return line_key(line) in titles

    page = PageText(document.tree, document.html)
    pieces, route = read_body(page)
    if covers_little(pieces, page):
        pieces = join_twins(pieces, page.blocks)
    testimony = hear(pieces, page.blocks, plain(_declared(document)))
    leads = find_lead(testimony.pieces, page.blocks, _descriptions(document), is_title)
    pieces = leads + testimony.pieces
    places = judge_places(pieces, page.blocks, document.page.url)
    heard = [""] * len(leads) + testimony.rules
    known = Known(
        is_title=titles.__contains__,
        labels=frozenset(line_key(label) for label in (metadata.article.section, *metadata.article.tags)) - {""},
        authors=frozenset(line_key(author) for author in metadata.article.authors) - {""},
        learned=document.page.site.boilerplate,
    )
    lines = [_line(piece, page.blocks) for piece in pieces]
    rules = judge_lines(lines, [place or rule for place, rule in zip(places, heard, strict=True)], known)
    if testimony.deed:
        route = f"{route}+{testimony.deed}"
    return Text(page=page, pieces=tuple(pieces), rules=tuple(rules), route=route)


def _line(piece: Piece, blocks: Sequence[Block]) -> Line:
    if piece.block < 0:
        return Line(piece.text)
    block = blocks[piece.block]
    return Line(piece.text, block.linked, block.element.tag in HEADINGS)


def _declared(document: Document) -> str:
    bodies = (node.get("articleBody") for node in document.jsonld)
    return max((body for body in bodies if isinstance(body, str)), key=len, default="")


def _descriptions(document: Document) -> list[str]:
    return [
        meta.get("content") or ""
        for meta in document.tree.iter("meta")
        if (meta.get("property") or meta.get("name") or "").lower() in _DESCRIPTIONS
    ]
