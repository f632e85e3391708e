"""Tell what the elements around a block are: its holder, a list, a widget, a note, the one that holds most of a text."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from archive.extract.model import is_long
from archive.extract.page import HEADINGS, ancestors, closest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import TextBlock

_MAIN_SHARE = 0.8
"""Share of the text that the main element must hold; the rest is lead, captions and what follows the article."""
_NOT_MAIN = frozenset(
    {"a", "blockquote", "center", "dd", "dl", "dt", "h1", "h2", "h3", "h4", "li", "ol", "p", "pre", "span"}
    | {"table", "tbody", "td", "tr", "ul", "em", "strong", "b", "i", "font"}
)
"""Elements that hold a part of an article, never all of it (a long list would pass for the article otherwise)."""
_PARTS = frozenset(
    {"li", "ul", "ol", "dl", "dt", "dd", "table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption"}
)
"""Elements of lists and tables, which stand where a paragraph may stand."""
GROUPS = frozenset({"table", "ul", "ol"})
SECTIONS = frozenset({"article", "main", "body", "section"})
"""Elements that hold an article or a part of the page, and are no box within it."""
_WRAPPERS = frozenset({"div", "figure"})
_UNREAD = frozenset({"style", "script"})
_LONG_BOX = 1_200
_SHORT_BOX = 400
"""Characters of a box up to which it may be a widget, a teaser or a caption."""
_MEDIA = ("img", "picture", "video", "amp-img", "iframe")
_ORDINAL = re.compile(r"(?:first|last|odd|even|next|prev|one|two|three|[\w-]*\d+)", re.IGNORECASE)
_SEVERAL = 2
"""Paragraphs beside a picture that are more than its caption."""
_NOTE_LINKS = 0.25
"""Share of link text up to which a footer is a note to the article, and no list of links."""


def owner(element: HtmlElement) -> HtmlElement | None:
    """Return what holds a block as a paragraph is held: the parent of a paragraph, of a list, of a table."""
    place = element
    while (parent := place.getparent()) is not None:
        if parent.tag not in _PARTS and (place is element or not _is_wrapper(parent, place)):
            return parent
        place = parent
    return None


def _is_wrapper(box: HtmlElement, group: HtmlElement) -> bool:
    """Tell whether a box holds nothing but a list or a table, so that it can be scrolled or set wide."""
    is_group = group.tag in GROUPS or group.tag in _WRAPPERS
    if not is_group or box.tag not in _WRAPPERS or (group.tail or "").strip() or (box.text or "").strip():
        return False
    return all(other is group or other.tag in _UNREAD for other in box)


def classes(element: HtmlElement) -> set[str]:
    """Return the classes of an element but for those that say which of a row it is."""
    return {name for name in (element.get("class") or "").split() if not _ORDINAL.fullmatch(name)}


def stands_in_title(element: HtmlElement, main: HtmlElement | None) -> bool:
    """Tell whether an element is or stands in a heading of the first rank within the main element."""
    heading = closest(element, "h1")
    return heading is not None and heading in ancestors(element, main)


def is_note(element: HtmlElement) -> bool:
    """Tell whether a block stands in a footer that is a note, as a correction is: hardly any of it links."""
    footer = closest(element, "footer")
    if footer is None:
        return False
    linked = sum(len("".join(link.itertext())) for link in footer.iter("a"))
    return linked <= _NOTE_LINKS * len(" ".join("".join(footer.itertext()).split()))


def is_widget(box: HtmlElement) -> bool:
    """Tell whether a box asks for something, leads elsewhere by its heading, or captions a picture; a long one does not."""
    size = len(" ".join("".join(box.itertext()).split()))
    if size > _LONG_BOX:
        return False
    if any(map(_is_control, box.iter("form", "input", "button"))):
        return True
    if size > _SHORT_BOX:
        return False
    headings = list(box.iter(*HEADINGS))
    if any(is_linked(heading) for heading in headings):
        return True
    return not headings and next(box.iter(*_MEDIA), None) is not None and _paragraphs(box) < _SEVERAL


def _paragraphs(box: HtmlElement) -> int:
    """Return the paragraphs of running text in a box."""
    return sum(is_long(" ".join("".join(node.itertext()).split())) for node in box.iter("p"))


def _is_control(element: HtmlElement) -> bool:
    """Tell whether an element asks for something: it does not open a panel, and is no box to tick in a list."""
    if element.get("aria-expanded") is not None or element.get("aria-controls") is not None:
        return False
    return element.get("type") != "checkbox" or next(element.iterancestors("li"), None) is None


def is_linked(heading: HtmlElement) -> bool:
    """Tell whether a heading holds a link or stands in one."""
    return heading.find(".//a") is not None or next(heading.iterancestors("a"), None) is not None


def main_element(found: Sequence[int], blocks: Sequence[TextBlock]) -> HtmlElement | None:
    """Return the deepest element that holds most of the text."""
    held: Counter[HtmlElement | None] = Counter()
    parents: Counter[HtmlElement | None] = Counter()
    total = 0
    for index in found:
        size = len(blocks[index].text)
        total += size
        held[blocks[index].element] += size
        parents[blocks[index].element.getparent()] += size
    if not total:
        return None
    known = held.get
    for parent, size in parents.items():
        for holder in ancestors(parent) if parent is not None else ():
            held[holder] = known(holder, 0) + size
    holders = [element for element, size in held.items() if element is not None and size >= _MAIN_SHARE * total]
    main = max(holders, key=lambda element: sum(1 for _ in element.iterancestors()), default=None)
    while main is not None and main.tag in _NOT_MAIN:
        main = main.getparent()
    return main


def boxes_around(element: HtmlElement) -> Iterator[HtmlElement]:
    """Yield an element and the few around it that may be its box, innermost first."""
    for step, node in enumerate(ancestors(element)):
        if step > 4 or node.tag in {"body", "main"}:
            return
        yield node
