"""Prepare what trafilatura is to read: the element that holds a page's article, or the whole page, as a tree of its own.

trafilatura looks through the whole page for the first element with an article's name, and tests every element on its
way. Only elements that hold running text can be right; among them it would choose the same, and then read no other.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from lxml import etree
from trafilatura.xpaths import BODY_XPATH

from archive.extract.hooks import hook_of
from archive.extract.page import is_in
from archive.extract.text.expressions import quicken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import PageModel, TextBlock

quicken()

_KINDS = frozenset({"article", "div", "main", "section"})
"""Elements that trafilatura takes for an article's."""
_TELLING = ("class", "id", "itemprop", "role")
"""Attributes by which it knows them."""
_BOXES = ("div", "li", "p", "table")
"""Elements within which trafilatura counts links; what stands in none of them is no part of a list of links."""
_BEFORE = 0.15
"""Share of the running text that may stand before the article; more, and the element may be the page's next article."""
_NAMED = etree.XPath(".//*[@class or @id]")
_NOISE = ("script", "style", "noscript", "svg", "iframe", "head")
_NEVER_TEXT = ("nav", "footer", "aside", "button", "select", "textarea", "menu", "dialog", "video", "audio", "canvas")
"""What trafilatura deletes later, after it has tested each element of the tree against its expressions."""
_MUCH = 5
"""Part of the page's text (one in so many) that an element holds which swallowed the rest for want of an end tag."""
_JOINERS = {0x200C: "\U00010600", 0x200D: "\U00010601"}
"""Letters of Linear A: trafilatura deletes format characters, so the joiners go through it as letters no page uses."""


def article_element(running: Sequence[TextBlock], least: float) -> HtmlElement | None:
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


def _is_article(element: HtmlElement, running: Sequence[TextBlock], least: float) -> bool:
    before = inside = 0
    for block in running:
        if is_in(block.element, element):
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


def alone(parts: Sequence[HtmlElement], most: int) -> HtmlElement:
    """Return a page that holds nothing but copies of the parts.

    One part stands as it stands in its own page; of several, one article is made. A form of up to `most` characters is
    left out: whether it is a widget or lays the page out shows only on the whole page.
    """
    root = parts[0].makeelement("html")
    holder = etree.SubElement(root, "body")
    if not most:
        holder = etree.SubElement(holder, "article", itemprop="articleBody")
    elif next(parts[0].iterancestors(*_BOXES), None) is not None:
        holder = etree.SubElement(holder, "div")
    for part in parts:
        holder.append(_bare_copy(part))
    _prepare(root)
    for form in list(root.iter("form")) if most else ():
        if len(form.text_content()) <= most:
            form.drop_tree()
    return root


def whole(model: PageModel) -> HtmlElement:
    """Return a copy of the page."""
    tree: HtmlElement = copy.deepcopy(model.tree)
    _prepare(tree)
    return tree


def _bare_copy(element: HtmlElement) -> HtmlElement:
    """Return a copy of the element without the text after it."""
    copied = copy.copy(element)
    copied.tail = None
    return copied


def _prepare(tree: HtmlElement) -> None:
    """Take off noise and what themes and plugins print around an article."""
    etree.strip_elements(tree, etree.Comment, *_NOISE, with_tail=False)
    for template in list(tree.iter("template")):
        if template.get("shadowrootmode"):
            template.tag = "div"
        else:
            template.drop_tree()
    for element in _NAMED(tree):
        if hook_of(element) and element.getparent() is not None:
            element.drop_tree()
    _lighten(tree)
    _hide_joiners(tree)


def _lighten(tree: HtmlElement) -> None:
    """Take off what trafilatura deletes later, unless it holds much of the page (an unclosed tag swallows the rest)."""
    length = len(tree.text_content())
    for element in list(tree.iter(*_NEVER_TEXT)):
        if len(element.text_content()) <= length // _MUCH:
            element.drop_tree()


_NOT_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF), " ")
"""Characters that the HTML parser lets into a tree and the tree's own setters refuse."""


def _hide_joiners(tree: HtmlElement) -> None:
    text = "".join(tree.itertext())
    if not any(chr(joiner) in text for joiner in _JOINERS):
        return
    table = {**_NOT_XML, **_JOINERS}
    for element in tree.iter():
        if element.text:
            element.text = element.text.translate(table)
        if element.tail:
            element.tail = element.tail.translate(table)
