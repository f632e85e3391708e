"""Finds the text of an article on its page: a parsed tree in, the lines of the text and the route that found them out.

trafilatura reads the part of the page that the page itself declares as the article's body (`itemprop=articleBody`), or
the whole page. It is asked in its fast mode first; a cheap check (how much running text the page has) decides when its
slower comparison is worth the time.
"""

from __future__ import annotations

import copy
import logging
import re
from collections import Counter
from configparser import ConfigParser
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree
from trafilatura import bare_extraction
from trafilatura.settings import DEFAULT_CONFIG, Extractor
from trafilatura.settings import Document as TrafilaturaDocument

from archive.extract.blocks import HEADINGS, Block, read_blocks
from archive.extract.container import alone, article_element, bare_copy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.html import HtmlElement

# trafilatura logs each page without text as a warning; our own reasons say it, once
logging.getLogger("trafilatura").addHandler(logging.NullHandler())

_JOINERS = "\u200c\u200d"
_STAND_INS = ("\U00010600", "\U00010601", "\U00010602", "\U00010603", "\U00010604", "\U00010605")
"""Letters of Linear A: trafilatura deletes format characters, so the joiners go through it as letters no page uses."""

_CONFIG = ConfigParser()
_CONFIG.read_dict(DEFAULT_CONFIG)
_CONFIG["DEFAULT"]["MIN_EXTRACTED_SIZE"] = "150"
"""A short news item has 150 characters; below its 250 trafilatura would search the whole page for more."""
_QUICK = Extractor(config=_CONFIG, output_format="python", fast=True, comments=False)
_SLOW = Extractor(config=_CONFIG, output_format="python", fast=False, comments=False)

_NOISE = ("script", "style", "noscript", "template", "svg", "iframe", "head")
_NEVER_TEXT = ("nav", "footer", "aside", "button", "select", "textarea", "menu", "dialog", "video", "audio", "canvas")
"""What trafilatura deletes later, after it has tested each element of the tree against its expressions."""
_DECLARED = etree.XPath('//*[@itemprop="articleBody" or contains(@property, "articleBody")]')
_MIN_CONTAINER = 300
_MIN_WORDS = 60
_RUNNING_TEXT = 80
_LINKED = 0.3
"""Share of link text from which a line is no running text."""
_ENOUGH = 0.5
"""Share of the page's running text below which the quick answer is doubted."""
_SOME = 0.2
"""Share of it that an element with an article's name must hold to be read alone: enough that it is no teaser."""
_SCRAP = 0.1
_TORN = 2
"""Headings between the lines of a text that may be those of boxes and teasers."""
_MUCH = 0.75
_WHOLE = 1000
"""Characters from which a quick answer may be a whole article, however much other text the page has."""
_NOT_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A line of the text, and the index of the block of the page that it is (-1 when no block is exactly it)."""

    text: str
    block: int


class PageText:
    """A copy of a page made ready for reading: noise and hooked elements off, joiners hidden, its blocks listed.

    `html` is the page's source.
    """

    def __init__(self, tree: HtmlElement, html: str) -> None:
        self.declares = "articleBody" in html
        self.tree: HtmlElement = copy.deepcopy(tree)
        etree.strip_elements(self.tree, etree.Comment, *_NOISE, with_tail=False)
        _undo_layout_tables(self.tree)
        self.blocks, excluded = read_blocks(self.tree)
        for element in excluded:
            element.drop_tree()
        self.length = _lighten(self.tree)
        has_joiners = any(joiner in block.text for block in self.blocks for joiner in _JOINERS)
        self.joiners = _hide_joiners(self.tree) if has_joiners else {}


def _undo_layout_tables(tree: HtmlElement) -> None:
    """Make plain boxes of tables that lay the page out: those that hold other tables, or a cell of several paragraphs."""
    for table in list(tree.iter("table")):
        if table.find(".//table") is not None or any(map(_is_page_part, table.iter("td"))):
            for element in (table, *table.iter("tbody", "thead", "tr", "td", "th")):
                element.tag = "div"


def _is_page_part(cell: HtmlElement) -> bool:
    """Tell whether a cell holds running text of its own: two paragraphs or breaks, and more than a figure's note."""
    breaks = sum(1 for _ in zip(cell.iter("p", "br", "h1", "h2", "ul"), range(2), strict=False))
    return breaks == 2 and len(cell.text_content()) > _MIN_CONTAINER


def _lighten(tree: HtmlElement) -> int:
    """Take off what trafilatura deletes later, unless it holds much of the page (an unclosed tag swallows the rest).

    Returns the characters of text that the page had before.
    """
    length = len(tree.text_content())
    for element in list(tree.iter(*_NEVER_TEXT)):
        if len(element.text_content()) <= length // 5:
            element.drop_tree()
    return length


_NOT_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF), " ")
"""Characters that the HTML parser lets into a tree and the tree's own setters refuse."""


def _hide_joiners(tree: HtmlElement) -> dict[int, str]:
    """Replace the joiners in the text by letters that it does not use; return the table that brings them back."""
    text = "".join(tree.itertext())
    free = [letter for letter in _STAND_INS if letter not in text]
    hide = {ord(joiner): letter for joiner, letter in zip(_JOINERS, free, strict=False)}
    table = {**_NOT_XML, **hide}
    for element in tree.iter():
        if element.text:
            element.text = element.text.translate(table)
        if element.tail:
            element.tail = element.tail.translate(table)
    return {ord(letter): chr(joiner) for joiner, letter in hide.items()}


def read_body(page: PageText) -> tuple[list[Piece], str]:
    """Return the lines that are the article's by trafilatura, and the route: `itemprop`, `fast`, `full` or `densest`."""
    running = [block for block in page.blocks if _is_running(block)]
    mass = sum(len(block.text) for block in running)
    parts = _declared_parts(page.tree) if page.declares else []
    if parts:
        lines = _ask(page, _alone(parts), _QUICK)
        if _length(lines) >= _ENOUGH * mass and sum(len(line.split()) for line in lines) >= _MIN_WORDS:
            return _place(lines, page.blocks), "itemprop"
    element = article_element(running, _SOME * mass)
    quick = _place(
        _ask(page, alone(element, page.length // 2) if element is not None else page.tree, _QUICK), page.blocks
    )
    if element is not None and (_is_scrap(quick, page.blocks) or _is_torn(quick, page.blocks)):
        quick = _place(_ask(page, page.tree, _QUICK), page.blocks)
    size = _size(quick)
    if size >= _ENOUGH * mass and not _is_teasers(quick, page.blocks):
        return quick, "fast"
    slow = _place(_ask(page, page.tree, _SLOW), page.blocks)
    if size >= _WHOLE and _together(quick, page.blocks) >= max(0.5, _together(slow, page.blocks) + 0.1):
        return quick, "fast"
    if _is_teasers(slow, page.blocks) and (prose := _densest(page.blocks)) and _size(prose) > 0.5 * _size(slow):
        return prose, "densest"
    return slow, "full"


def _is_teasers(pieces: Sequence[Piece], blocks: Sequence[Block]) -> bool:
    """Tell whether the lines, none of them running text, are for a good part links, or put together of several blocks.

    No lines at all are as bad.
    """
    if any(len(piece.text) >= _RUNNING_TEXT for piece in pieces):
        return False
    foreign = sum(len(piece.text) * (blocks[piece.block].linked if piece.block >= 0 else 1) for piece in pieces)
    return foreign >= _LINKED * _size(pieces)


def _is_scrap(pieces: Sequence[Piece], blocks: Sequence[Block]) -> bool:
    """Tell whether the lines are little of what the page says: a recipe is in its table, not in the words below it."""
    return _size(pieces) < _SCRAP * sum(len(block.text) for block in blocks)


def _is_torn(pieces: Sequence[Piece], blocks: Sequence[Block]) -> bool:
    """Tell whether lines have been run together, and the headings between the others lost."""
    found = [piece.block for piece in pieces if piece.block >= 0]
    if not found or len(found) == len(pieces):
        return not found
    between = {index for index in range(min(found), max(found)) if blocks[index].element.tag in HEADINGS}
    return len(between) > _TORN and between.isdisjoint(found)


def _size(pieces: Sequence[Piece]) -> int:
    return sum(len(piece.text) for piece in pieces)


def _densest(blocks: Sequence[Block]) -> list[Piece]:
    """Return the lines of the element that holds most running text: for pages where trafilatura finds none of it."""
    held: Counter[HtmlElement | None] = Counter()
    for block in blocks:
        if _is_running(block):
            held[block.element.getparent()] += len(block.text)
    if not held:
        return []
    most = max(held, key=lambda holder: held[holder])
    return [
        Piece(block.text, index)
        for index, block in enumerate(blocks)
        if not block.hook and block.element.getparent() is most and block.linked < _LINKED
    ]


def covers_little(pieces: Sequence[Piece], page: PageText) -> bool:
    """Tell whether the page has much running text besides these lines."""
    return _size(pieces) < _MUCH * _running_text(page.blocks)


def _together(pieces: Sequence[Piece], blocks: Sequence[Block]) -> float:
    """Return the share of the text whose blocks are siblings: the paragraphs of an article are, teasers are not."""
    held: Counter[HtmlElement | None] = Counter()
    for piece in pieces:
        if piece.block >= 0:
            held[blocks[piece.block].element.getparent()] += len(piece.text)
    total = sum(len(piece.text) for piece in pieces)
    return max(held.values()) / total if held else 0.0


def _ask(page: PageText, tree: HtmlElement, options: Extractor) -> list[str]:
    found = bare_extraction(tree, options=options)
    text = found.text if isinstance(found, TrafilaturaDocument) and found.text else ""
    if page.joiners:
        text = text.translate(page.joiners)
    return [line.strip() for line in text.split("\n") if line.strip()]


def _length(lines: Sequence[str]) -> int:
    return sum(map(len, lines))


def _running_text(blocks: Sequence[Block]) -> int:
    """Return the characters of the page's blocks that read as running text: long, and few links."""
    return sum(len(block.text) for block in blocks if _is_running(block))


def _is_running(block: Block) -> bool:
    return not block.hook and len(block.text) >= _RUNNING_TEXT and block.linked < _LINKED


def _declared_parts(tree: HtmlElement) -> list[HtmlElement]:
    """Return the elements that the page declares as the article's body, all of one item: of the item with most text."""
    found = _DECLARED(tree)
    items: dict[HtmlElement | None, list[HtmlElement]] = {}
    sizes: Counter[HtmlElement | None] = Counter()
    outer = set(found)
    for element in found:
        ancestors = list(element.iterancestors())
        size = len(element.text_content())
        if size > _MIN_CONTAINER and outer.isdisjoint(ancestors):
            item = next((holder for holder in ancestors if "itemscope" in holder.attrib), None)
            items.setdefault(item, []).append(element)
            sizes[item] += size
    return items[max(sizes, key=lambda item: sizes[item])] if sizes else []


def _alone(parts: Sequence[HtmlElement]) -> HtmlElement:
    """Return a page that holds nothing but the parts, in one article (declared, or trafilatura reads the first part)."""
    root = parts[0].makeelement("html")
    article = etree.SubElement(etree.SubElement(root, "body"), "article", itemprop="articleBody")
    for part in parts:
        article.append(bare_copy(part))
    return root


def _place(lines: Sequence[str], blocks: Sequence[Block]) -> list[Piece]:
    """Find each line among the page's blocks; of a text that stands there twice, the one nearest before the next line.

    (A title stands in the heading, and again where the text begins: the line of the text is the second.)
    """
    # to take the marks off every block would cost more than all the rest here
    ends = {_ends(line) for line in lines}
    places: dict[str, list[int]] = {}
    for index, block in enumerate(blocks):
        if not block.hook and _ends(block.text) in ends:
            places.setdefault(_NOT_WORD.sub("", block.text), []).append(index)
    found = [places.get(_NOT_WORD.sub("", line), ()) for line in lines]
    pieces: list[Piece] = []
    last = -1
    for number, (line, candidates) in enumerate(zip(lines, found, strict=True)):
        place = candidates[0] if len(candidates) == 1 else -1
        if len(candidates) > 1:
            following = next((others[0] for others in found[number + 1 : number + 6] if len(others) == 1), len(blocks))
            within = [index for index in candidates if last < index < following]
            place = within[-1] if within and last < 0 else (within or candidates)[0]
        if place >= 0:
            last = place
        pieces.append(Piece(_unmarked(line, blocks[place].text if place >= 0 else line), place))
    return pieces


def _ends(text: str) -> str:
    """Return the first and the last letter or digit of a text."""
    first = next(filter(str.isalnum, text), "")
    return first + next(filter(str.isalnum, reversed(text)), "")


def _unmarked(line: str, block: str) -> str:
    """Take off the dash that trafilatura puts before an item of a list, where the page has none."""
    return line.removeprefix("- ") if not block.startswith("-") else line
