"""Joins the parts of a text that a page keeps in several elements alike: the blocks of one part in, those of all out.

Some layouts cut an article where an advertisement stands, into elements of one tag and class; a reader that looks for
one element finds the first. Parts are twins when they are of one article: under one `<article>` (or under none), with no
heading of another article between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.extract.text.layout import main_element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import TextBlock

_RUNNING_TEXT = 80
_MOSTLY_PROSE = 0.3
_REACH = 8
"""Steps from the main element up to the element that holds its twins too."""


def join_twins(found: Sequence[int], blocks: Sequence[TextBlock]) -> set[int]:
    """Return the running text of the main element's twins."""
    main = main_element(found, blocks)
    if main is None or not (names := _names(main)):
        return set()
    twins = {other for other in _near(main) if (own := _names(other)) and (own <= names or names <= own)} - {main}
    if not twins:
        return set()
    texts = {blocks[index].text for index in found}
    return {
        index
        for index, block in enumerate(blocks)
        if block.is_running
        and block.text not in texts
        and any(holder in twins for holder in block.element.iterancestors())
    }


def _names(element: HtmlElement) -> set[str]:
    return set((element.get("class") or "").split())


def _near(main: HtmlElement) -> list[HtmlElement]:
    """Return the elements near the main one, none of another article's."""
    holder = main
    for _ in range(_REACH):
        above = holder.getparent()
        if (
            above is None
            or holder.tag in {"article", "main", "body"}
            or sum(1 for other in above.iter("h1", "article") if other is not above) > 1
        ):
            break
        holder = above
    return [other for other in holder.iter() if other.tag == main.tag] if holder is not main else []
