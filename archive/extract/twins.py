"""Joins the parts of a text that a page keeps in several elements alike: the lines of one part in, those of all out.

Some layouts cut an article where an advertisement stands, into elements of one tag and class; a reader that looks for
one element finds the first. Parts are twins when they are of one article: under one `<article>` (or under none), with no
heading of another article between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.extract.body import Piece
from archive.extract.place import main_element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.html import HtmlElement

    from archive.extract.blocks import Block

_RUNNING_TEXT = 80
_MOSTLY_PROSE = 0.3
_REACH = 3
"""Steps from the main element up to the element that holds its twins too."""


def join_twins(pieces: Sequence[Piece], blocks: Sequence[Block]) -> list[Piece]:
    """Add the running text of the main element's twins, in page order; the lines themselves when there is none."""
    main = main_element(pieces, blocks)
    if main is None or not (name := main.get("class")):
        return list(pieces)
    twins = {other for other in _near(main) if other.tag == main.tag and other.get("class") == name} - {main}
    if not twins:
        return list(pieces)
    taken = {piece.block for piece in pieces}
    texts = {piece.text for piece in pieces}
    added = [
        Piece(block.text, index)
        for index, block in enumerate(blocks)
        if index not in taken
        and not block.hook
        and len(block.text) >= _RUNNING_TEXT
        and block.linked < _MOSTLY_PROSE
        and block.text not in texts
        and any(holder in twins for holder in block.element.iterancestors())
    ]
    if any(piece.block < 0 for piece in pieces) or not added:
        return list(pieces)
    return sorted((*pieces, *added), key=lambda piece: piece.block)


def _near(main: HtmlElement) -> list[HtmlElement]:
    """Return the elements near the main one, none of another article's."""
    holder = main
    for _ in range(_REACH):
        above = holder.getparent()
        if (
            above is None
            or holder.tag in {"article", "main", "body"}
            or sum(1 for _ in above.iter("h1", "article")) > 1
        ):
            break
        holder = above
    return [other for other in holder.iter() if other.tag == main.tag] if holder is not main else []
