"""Prepare the input of trafilatura: the element that contains a page's article, or the whole page, as a separate tree.

trafilatura searches the whole page for the first element with an article's name, and tests every element on the way.
Only elements with running text can be right; choosing among these gives the same element in less time.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from lxml import etree
from trafilatura.xpaths import BODY_XPATH

from archive.extract.hooks import hook_of
from archive.extract.page import HEADINGS, is_in
from archive.extract.text.boxes import is_linked
from archive.extract.text.expressions import speed_up_trafilatura

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import PageModel, TextBlock

speed_up_trafilatura()

_KINDS = frozenset({"article", "div", "main", "section"})
"""Elements that trafilatura considers as an article's container."""
_TELLING = ("class", "id", "itemprop", "role")
"""Attributes by which trafilatura recognizes them."""
_BOXES = ("div", "li", "p", "table")
"""Elements within which trafilatura counts links; text outside of them is not part of a list of links."""
_BEFORE = 0.15
"""Maximum share of running text before the article; with more, the element may be the page's next article."""
_ENTRIES = 3
_NAMED = etree.XPath(".//*[@class or @id]")
_CUSTOM = etree.XPath('.//*[contains(local-name(), "-")]')
_BLOCKS = ("div", "p", "ul", "ol", "table", "section", "article", "main", "h1", "h2", "h3", "blockquote", "figure")
_NOISE = ("script", "style", "noscript", "svg", "iframe", "head")
_NEVER_TEXT = ("nav", "footer", "aside", "button", "select", "textarea", "menu", "dialog", "video", "audio", "canvas")
"""Elements that trafilatura deletes anyway, but only after testing every element against its expressions."""
_MUCH = 5
"""An element with more than one part in this many of the page's text has swallowed it, because its end tag is missing."""
_JOINERS = {0x200C: "\U00010600", 0x200D: "\U00010601"}
"""Placeholders for joiners, from Linear A, which no page uses: trafilatura deletes format characters."""


def article_element(running: Sequence[TextBlock], least: float) -> HtmlElement | None:
    """Return the element that trafilatura would choose by its name among those with running text.

    `running` are the page's blocks of running text, in page order. Return None if no element has an article's name, or
    if it contains less than `least` characters of them.
    """
    root = etree.Element("body")
    counterparts: dict[HtmlElement, etree._Element] = {}
    for element in dict.fromkeys(block.element for block in running):
        _counterpart(element, root, counterparts)
    found = next((matches[0] for expression in BODY_XPATH if (matches := expression(root))), None)
    chosen = next((element for element, counterpart in counterparts.items() if counterpart is found), None)
    return _story(chosen) if chosen is not None and _is_article(chosen, running, least) else None


def _story(element: HtmlElement) -> HtmlElement:
    """Return the element, or its parent if it is one of several entries under one title, as in a live blog."""
    parent = element.getparent()
    if element.tag != "article" or parent is None:
        return element
    entries = [entry for entry in parent.iterchildren("article") if entry.get("class") == element.get("class")]
    has_title = next(element.getroottree().iter("h1"), None) is not None
    if len(entries) < _ENTRIES or not has_title or any(next(entry.iter("h1"), None) is not None for entry in entries):
        return element
    is_list = any(is_linked(heading) for entry in entries for heading in entry.iter(*HEADINGS))
    return element if is_list else parent


def _is_article(element: HtmlElement, running: Sequence[TextBlock], least: float) -> bool:
    before = inside = 0
    for block in running:
        if is_in(block.element, element):
            inside += len(block.text)
        elif not inside:
            before += len(block.text)
    return inside >= least and before <= _BEFORE * sum(len(block.text) for block in running)


def _counterpart(
    element: HtmlElement, root: etree._Element, counterparts: dict[HtmlElement, etree._Element]
) -> etree._Element:
    """Return the element's counterpart in a tree that has only the elements with running text."""
    path = []
    place = root
    node: HtmlElement | None = element
    while node is not None:
        if (known := counterparts.get(node)) is not None:
            place = known
            break
        if node.tag in _KINDS:
            path.append(node)
        node = node.getparent()
    for node in reversed(path):
        place = etree.SubElement(place, node.tag, {name: value for name in _TELLING if (value := node.get(name))})
        counterparts[node] = place
    return place


def alone(parts: Sequence[HtmlElement], most: int) -> HtmlElement:
    """Return a page that contains only copies of the parts.

    A single part keeps its ancestors; several are joined into one article. Forms of up to `most` characters are omitted,
    because only the whole page shows whether they are widgets or part of the layout.
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
    """Return a copy of the whole page."""
    tree: HtmlElement = copy.deepcopy(model.tree)
    _prepare(tree)
    return tree


def _bare_copy(element: HtmlElement) -> HtmlElement:
    """Return a copy of the element without its tail text."""
    copied = copy.copy(element)
    copied.tail = None
    return copied


def _prepare(tree: HtmlElement) -> None:
    """Remove noise and the elements that themes and plugins print around an article."""
    etree.strip_elements(tree, etree.Comment, *_NOISE, with_tail=False)
    for template in list(tree.iter("template")):
        if template.get("shadowrootmode"):
            template.tag = "div"
        else:
            template.drop_tree()
    for element in _CUSTOM(tree):
        _rename(element)
    for element in _NAMED(tree):
        if hook_of(element) and element.getparent() is not None:
            element.drop_tree()
    _remove_discarded(tree)
    _hide_joiners(tree)


def _remove_discarded(tree: HtmlElement) -> None:
    """Remove elements that trafilatura would delete, unless one contains much of the page because its tag is unclosed."""
    length = len(tree.text_content())
    for element in list(tree.iter(*_NEVER_TEXT)):
        if len(element.text_content()) <= length // _MUCH:
            element.drop_tree()


def _rename(element: HtmlElement) -> None:
    """Give an element whose name HTML does not have, which trafilatura does not read, the name of a paragraph or box."""
    parent = element.getparent()
    if str(element.tag).startswith("amp-") or parent is None or parent.tag == "p" or (element.tail or "").strip():
        return
    element.tag = "p" if next(element.iter(*_BLOCKS), None) is None else "div"


_NOT_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF), " ")
"""Characters that the HTML parser accepts in a tree, but lxml's setters refuse."""


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
