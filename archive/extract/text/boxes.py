"""Classify the elements around a block: its container, lists, widgets, notes, and the main element of a text."""

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
"""Minimum share of the text in the main element; the rest is the lead, captions and lines after the article."""
_NOT_MAIN = frozenset(
    {"a", "blockquote", "center", "dd", "dl", "dt", "h1", "h2", "h3", "h4", "li", "ol", "p", "pre", "span"}
    | {"table", "tbody", "td", "tr", "ul", "em", "strong", "b", "i", "font"}
)
"""Elements that contain part of an article, never all of it; otherwise a long list could count as the article."""
_PARTS = frozenset(
    {"li", "ul", "ol", "dl", "dt", "dd", "table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption"}
)
"""Lists and tables, which can take the place of a paragraph."""
GROUPS = frozenset({"table", "ul", "ol"})
SECTIONS = frozenset({"article", "main", "body", "section"})
"""Elements that contain an article or a part of the page, as opposed to boxes within an article."""
_WRAPPERS = frozenset({"div", "figure"})
_UNREAD = frozenset({"style", "script"})
_SCRIPTS = frozenset({"script", "style", "noscript", "template"})
_LONG_BOX = 1_200
_SHORT_BOX = 400
"""Maximum characters of a widget, teaser or caption."""
_MEDIA = ("img", "picture", "video", "amp-img", "iframe")
_ORDINAL = re.compile(r"(?:first|last|odd|even|next|prev|one|two|three|[\w-]*\d+)", re.IGNORECASE)
_BUTTON_SIGNS = 2
_SEVERAL = 2
"""Minimum number of paragraphs or table rows next to a picture that are more than its caption."""
_NOTE_LINKS = 0.25
"""Maximum share of link text in a footer that is a note to the article, not a list of links."""


def owner(element: HtmlElement) -> HtmlElement | None:
    """Return the parent of the paragraph, list or table that contains an element."""
    place = element
    while (parent := place.getparent()) is not None:
        if parent.tag not in _PARTS and (place is element or not _is_wrapper(parent, place)):
            return parent
        place = parent
    return None


def _is_wrapper(box: HtmlElement, group: HtmlElement) -> bool:
    """Return whether a box only wraps a list or table, to make it scrollable or wide."""
    is_group = group.tag in GROUPS or group.tag in _WRAPPERS
    if not is_group or box.tag not in _WRAPPERS or (group.tail or "").strip() or (box.text or "").strip():
        return False
    return all(other is group or other.tag in _UNREAD for other in box)


def classes(element: HtmlElement) -> set[str]:
    """Return the classes of an element, without those that give its position among siblings."""
    return {name for name in (element.get("class") or "").split() if not _ORDINAL.fullmatch(name)}


def stands_in_title(element: HtmlElement, main: HtmlElement | None) -> bool:
    """Return whether an element is an h1 within the main element, or inside one."""
    heading = closest(element, "h1")
    return heading is not None and heading in ancestors(element, main)


def is_note(element: HtmlElement) -> bool:
    """Return whether an element is in a footer that is a note, such as a correction: it has hardly any links."""
    footer = closest(element, "footer")
    if footer is None:
        return False
    linked = sum(len("".join(link.itertext())) for link in footer.iter("a"))
    return linked <= _NOTE_LINKS * len(" ".join("".join(footer.itertext()).split()))


def is_widget(box: HtmlElement) -> bool:
    """Return whether a short box contains a form, has a linked heading, or captions a picture."""
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
    is_caption = not headings and next(box.iter(*_MEDIA), None) is not None and _paragraphs(box) < _SEVERAL
    return is_caption and _rows(box) < _SEVERAL


def _rows(box: HtmlElement) -> int:
    """Return the number of table rows in a box that have text in several cells."""
    said = ([bool("".join(cell.itertext()).strip()) for cell in row.iterchildren("td", "th")] for row in box.iter("tr"))
    return sum(sum(cells) > 1 for cells in said)


def _paragraphs(box: HtmlElement) -> int:
    """Return the number of paragraphs of running text in a box."""
    return sum(is_long(" ".join("".join(node.itertext()).split())) for node in box.iter("p"))


def _is_control(element: HtmlElement) -> bool:
    """Return whether a form control asks for input: it does not open a panel, set a number of servings, or tick a list item."""
    if element.get("aria-expanded") is not None or element.get("aria-controls") is not None or _counts(element):
        return False
    return element.get("type") != "checkbox" or next(element.iterancestors("li"), None) is None


def _counts(element: HtmlElement) -> bool:
    """Return whether an element is a number field, or a button with an icon, a number (`2x`) or a sign (`+`)."""
    if element.tag == "button":
        return len("".join(element.itertext()).strip()) <= _BUTTON_SIGNS
    return element.tag == "input" and (element.get("type") == "number" or is_number(element.get("value")))


def is_number(value: str | None) -> bool:
    """Return whether a field's value is a number, such as a number of servings."""
    return (value or "").strip().isdecimal()


def is_linked(heading: HtmlElement) -> bool:
    """Return whether a heading contains a link or is inside one."""
    return heading.find(".//a") is not None or next(heading.iterancestors("a"), None) is not None


def main_element(found: Sequence[int], blocks: Sequence[TextBlock]) -> HtmlElement | None:
    """Return the deepest element that contains most of the text, None if there is none."""
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
    main = max(holders, key=lambda element: len(list(element.iterancestors())), default=None)
    while main is not None and main.tag in _NOT_MAIN:
        main = main.getparent()
    return main


def boxes_around(element: HtmlElement) -> Iterator[HtmlElement]:
    """Yield an element and its nearest ancestors that may be its box, innermost first."""
    for step, node in enumerate(ancestors(element)):
        if step > 4 or node.tag in {"body", "main"}:
            return
        yield node


def text_within(box: HtmlElement, limit: int) -> str:
    """Return the text of a box, '' if it has more than `limit` characters, not counting blanks."""
    pieces: list[str] = []
    for node in box.iter():
        # scripts and style sheets are not part of the text
        said = None if node.tag in _SCRIPTS else node.text
        for piece in (said, None if node is box else node.tail):
            if piece:
                pieces.append(piece)
                limit -= len(" ".join(piece.split()))
        if limit < 0:
            return ""
    return " ".join("".join(pieces).split())
