"""Joins the parts of a text that a page keeps in several elements alike: the blocks of one part in, those of all out.

Some layouts cut an article where an advertisement stands, into elements of one tag and class; a reader that looks for
one element finds the first. Parts are twins when they are of one article: under one `<article>` (or under none), with no
heading of another article between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.extract.page import HEADINGS, ancestors
from archive.extract.text.layout import is_linked, main_element
from archive.extract.text.names import speaks_against

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import TextBlock

_RUNNING_TEXT = 80
_MOSTLY_PROSE = 0.3
_REACH = 8
"""Steps from the main element up to the element that holds its twins too."""


def join_twins(found: Sequence[int], blocks: Sequence[TextBlock], heading: int) -> set[int]:
    """Return the running text of the main element's twins; `heading` is the block of the page's title, -1 when it has none."""
    main = main_element(found, blocks)
    if main is None or not (names := _names(main)):
        return set()
    twins = {other for other in _near(main) if _are_alike(names, _names(other))} - {main}
    if heading >= 0:
        twins |= _parts(main, blocks[heading].element)
    if not twins:
        return set()
    texts = {blocks[index].text for index in found}
    return {
        index
        for index, block in enumerate(blocks)
        if block.is_running and block.text not in texts and _stands_in(block.element, twins)
    }


def _stands_in(element: HtmlElement, twins: set[HtmlElement]) -> bool:
    """Tell whether a block stands in one of the twins, and in nothing there that is named as furniture."""
    for node in ancestors(element):
        if node in twins:
            return True
        if speaks_against(node) == "strong":
            return False
    return False


def _are_alike(one: set[str], other: set[str]) -> bool:
    """Tell whether two sets of classes are the same, or one is the other but for names that say where a part stands."""
    return one == other or (len(one & other) > 1 and (one <= other or other <= one))


def _names(element: HtmlElement) -> set[str]:
    return set((element.get("class") or "").split())


def _parts(main: HtmlElement, heading: HtmlElement) -> set[HtmlElement]:
    """Return the articles beside the main one that are parts of one story: its title stands above them all, and they have none."""
    own = next((node for node in ancestors(main) if node.tag == "article"), None)
    parent = own.getparent() if own is not None else None
    if own is None or parent is None or any(node is own for node in ancestors(heading)):
        return set()
    return {
        other
        for other in parent.iterchildren("article")
        if other is not own
        and other.get("class") == own.get("class")
        and other.find(".//h1") is None
        and not any(is_linked(title) for title in other.iter(*HEADINGS))
    }


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
