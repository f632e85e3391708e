"""Finds the element that holds a page's article: its blocks of running text in, the element by mass and name out.

trafilatura looks through the whole page for the first element with an article's name, and tests every element on its
way. Only elements that hold running text can be right; among them it would choose the same, and then read no other.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from lxml import etree
from trafilatura.xpaths import BODY_XPATH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.html import HtmlElement

    from archive.extract.blocks import Block

_KINDS = frozenset({"article", "div", "main", "section"})
"""Elements that trafilatura takes for an article's."""
_TELLING = ("class", "id", "itemprop", "role")
"""Attributes by which it knows them."""
_BOXES = ("div", "li", "p", "table")
"""Elements within which trafilatura counts links; what stands in none of them is no part of a list of links."""
_BEFORE = 0.15
"""Share of the running text that may stand before the article; more, and the element may be the page's next article."""


def article_element(running: Sequence[Block], least: float) -> HtmlElement | None:
    """Return the element that trafilatura would choose by its name among those that hold running text.

    `running` are the page's blocks that read as running text, in page order; None when the element holds less than
    `least` characters of them, or none has an article's name.
    """
    root = etree.Element("body")
    shadows: dict[HtmlElement, etree._Element] = {}
    for element in dict.fromkeys(block.element for block in running):
        _shadow(element, root, shadows)
    found = next((matches[0] for expression in BODY_XPATH if (matches := expression(root))), None)
    chosen = next((element for element, shadow in shadows.items() if shadow is found), None)
    return chosen if chosen is not None and _is_article(chosen, running, least) else None


def _is_article(element: HtmlElement, running: Sequence[Block], least: float) -> bool:
    before = inside = 0
    for block in running:
        if element is block.element or any(holder is element for holder in block.element.iterancestors()):
            inside += len(block.text)
        elif not inside:
            before += len(block.text)
    return inside >= least and before <= _BEFORE * sum(len(block.text) for block in running)


def _shadow(element: HtmlElement, root: etree._Element, shadows: dict[HtmlElement, etree._Element]) -> etree._Element:
    """Return what stands for the element in a tree of nothing but the elements that hold running text."""
    path = []
    place = root
    node: HtmlElement | None = element
    while node is not None:
        if (known := shadows.get(node)) is not None:
            place = known
            break
        if node.tag in _KINDS:
            path.append(node)
        node = node.getparent()
    for node in reversed(path):
        place = etree.SubElement(place, node.tag, {name: value for name in _TELLING if (value := node.get(name))})
        shadows[node] = place
    return place


def alone(element: HtmlElement, most: int) -> HtmlElement:
    """Return a page that holds nothing but a copy of the element, standing as it stands in its own.

    A form of up to `most` characters is left out: whether it is a widget or lays the page out can be told from the whole
    page only.
    """
    root = element.makeelement("html")
    holder = etree.SubElement(root, "body")
    if next(element.iterancestors(*_BOXES), None) is not None:
        holder = etree.SubElement(holder, "div")
    holder.append(bare_copy(element))
    for form in list(root.iter("form")):
        if len(form.text_content()) <= most:
            form.drop_tree()
    return root


def bare_copy(element: HtmlElement) -> HtmlElement:
    """Return a copy of the element without the text after it."""
    copied = copy.copy(element)
    copied.tail = None
    return copied
