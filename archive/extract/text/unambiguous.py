"""Extract the article of a page with unambiguous markup; return nothing for any other page.

Paragraphs of an article are siblings; boilerplate is recognizable by tag, name or links. If nearly all text of an element
is clearly one or the other, no other extractor is needed.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

from archive.extract.page import HEADINGS, ancestors, is_in
from archive.extract.text.boxes import main_element, owner
from archive.extract.text.layout import Layout
from archive.extract.text.names import boilerplate_evidence, ends_sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import PageModel, TextBlock

_DOUBT = 0.15
"""Maximum uncertain text in the element, relative to the article's text."""
_LEAST = 1_000
_PARAGRAPHS = 4
"""Minimum characters and paragraphs of running text in an article's element that has no article's name."""
_MOST = 0.6
"""Minimum share of the page's unlinked text in such an element."""
_ENOUGH = 0.35
"""Minimum share of the page's running text in an article's element."""
_LINKED = 0.5
_CAPTION = 300
_MOST_LINES = 1_000
"""Maximum lines: a longer text is a law or a table, which costs much time and ends in doubt."""
_HEADING_REACH = 6
"""Maximum blocks between a heading and its section, such as a picture's caption."""
_ALL = 0.8
"""Minimum share of link text in a box of links."""
_CELLS = frozenset({"td", "th"})
_LINES = frozenset({"p", "li", "td"})


def unambiguous_article(model: PageModel, element: HtmlElement, *, is_named: bool) -> tuple[int, ...]:
    """Return the article's blocks in the element, () if they are uncertain.

    `is_named` says whether the element has a name used for articles.
    """
    reader = _Reader(model, element)
    if len(reader.inside) > _MOST_LINES:
        return ()
    if reader.size(reader.running) < _ENOUGH * model.mass or not (is_named or reader.has_most_text()):
        return ()
    found = reader.read()
    if not found or _is_named_boilerplate(main_element(found, model.blocks), element):
        return ()
    return found if reader.doubt(found) <= _DOUBT * reader.size(found) else ()


def _is_named_boilerplate(holder: HtmlElement | None, element: HtmlElement) -> bool:
    """Return whether the element that holds most of the text within `element` is named as comments or other boilerplate."""
    return holder is not None and any(boilerplate_evidence(node) == "strong" for node in ancestors(holder, element))


class _Reader:
    """Classifies the blocks of one element."""

    def __init__(self, model: PageModel, element: HtmlElement) -> None:
        self.model = model
        self.element = element
        self.blocks = model.blocks
        self.inside = [
            index
            for index in blocks_in(model.blocks, element)
            if not model.blocks[index].hook and not model.blocks[index].hidden
        ]
        self.running = [index for index in self.inside if self.blocks[index].is_running]
        self.layout = Layout(model, self.running, element)

    def size(self, found: Iterable[int]) -> int:
        """Return the number of characters in blocks."""
        return sum(len(self.blocks[index].text) for index in found)

    def has_most_text(self) -> bool:
        """Return whether the element contains a long text, most of the page's text, and the text after its first heading."""
        size = self.size(self.running)
        if size < _LEAST or len(self.running) < _PARAGRAPHS:
            return False
        heading = next(
            (index for index, block in enumerate(self.blocks) if block.element.tag == "h1"), len(self.blocks)
        )
        following = (index for index in range(heading + 1, len(self.blocks)) if self.blocks[index].is_running)
        if next(following, -1) not in self.running:
            return False
        return size >= _MOST * sum(
            len(block.text) for block in self.blocks if not block.hook and not block.hidden and not block.is_linked
        )

    def read(self) -> tuple[int, ...]:
        """Return the running text without signs of boilerplate, and short lines in the same positions."""
        prose = [index for index in self.running if self._is_prose(index)]
        if not prose:
            return ()
        prose = self._without_lone(prose)
        if prose != self.running:
            self.layout = Layout(self.model, prose, self.element)
        found = set(prose)
        for index in reversed(self.inside):
            block = self.blocks[index]
            if (
                not block.is_running
                and self._stands_with(index, found)
                and self.layout.is_new(block, self.layout.texts)
            ):
                found.add(index)
        last = max((index for index in found if self.blocks[index].element.tag not in HEADINGS), default=-1)
        return tuple(sorted(index for index in found if index <= last))

    def _is_prose(self, index: int) -> bool:
        element = self.blocks[index].element
        return self.layout.verdict(element) != "strong" and not self.layout.is_boilerplate(element)

    def _without_lone(self, prose: Sequence[int]) -> list[int]:
        """Return the blocks without single short ones in unusual places, such as captions and leads of other articles."""
        owners = {index: owner(self.blocks[index].element) for index in prose}
        usual = self._usual(prose, self.layout)
        held = Counter(owners.values())
        kept = [
            index
            for index, place in owners.items()
            if held[place] > 1
            or len(self.blocks[index].text) > _CAPTION
            or self.layout.path(place) == usual
            or (place is not None and place.tag == "blockquote")
        ]
        # otherwise each paragraph has a box of its own
        return kept if 2 * self.size(kept) >= self.size(prose) else list(prose)

    def _usual(self, found: Iterable[int], layout: Layout) -> object:
        """Return the path of tags and classes under which most of the text is."""
        places: Counter[object] = Counter()
        for index in found:
            places[layout.path(owner(self.blocks[index].element))] += len(self.blocks[index].text)
        return max(places, key=lambda place: places[place])

    def _stands_with(self, index: int, found: set[int]) -> bool:
        """Return whether a short line is in the article's structure: a paragraph next to others, a heading above one, a link."""
        if self.layout.is_among_paragraphs(index, self.layout.holders, found):
            return True
        block = self.blocks[index]
        tag = block.element.tag
        is_heading = tag in HEADINGS and not found.isdisjoint(range(index + 1, index + 1 + _HEADING_REACH))
        if is_heading and self._titles_links(block.element):
            return False
        if block.linked < _LINKED and (is_heading or tag in _CELLS):
            return self._is_prose(index)
        is_sentence = tag in _LINES and block.linked < _LINKED and ends_sentence(block.text)
        place = owner(block.element)
        is_beside = (is_heading or tag in _LINES) and place in self.layout.holders
        # paragraphs from templates have a class, those from an editor have none
        is_around = tag == "p" and not block.element.get("class") and block.linked < _LINKED and place in self._around
        if not (is_sentence or is_beside or is_around):
            return False
        return not self.layout.verdict(block.element) and not self.layout.is_boilerplate(block.element)

    def _titles_links(self, heading: HtmlElement) -> bool:
        """Return whether a heading is in a box of its own in which all other text is links."""
        box = heading.getparent()
        if box is None or box in self.layout.holders or box is self.element:
            return False
        rest = sum(len("".join(other.itertext()).strip()) for other in box if other is not heading)
        links = sum(len("".join(link.itertext()).strip()) for link in box.iter("a") if not is_in(link, heading))
        return 0 < rest <= links / _ALL

    @cached_property
    def _around(self) -> set[HtmlElement]:
        """The ancestors, within the article's element, of the boxes that contain its paragraphs."""
        holders = [holder for holder in self.layout.holders if holder is not None and is_in(holder, self.element)]
        return {node for holder in holders for node in ancestors(holder, self.element)} | {self.element}

    def doubt(self, found: Sequence[int]) -> int:
        """Return the characters of uncertain text: blocks that may belong to the article but were not found, or are in unusual places."""
        layout = self.layout
        taken = set(found)
        usual = self._usual(found, layout)
        return sum(
            len(self.blocks[index].text)
            for index in self.inside
            if (self._is_odd(index, layout, usual) if index in taken else self._is_open(index, layout))
        )

    def _is_odd(self, index: int, layout: Layout, usual: object) -> bool:
        element = self.blocks[index].element
        is_usual = not layout.verdict(element) and layout.path(owner(element)) == usual
        return element.tag not in HEADINGS and not is_usual

    def _is_open(self, index: int, layout: Layout) -> bool:
        block = self.blocks[index]
        is_told = block.linked >= _LINKED or layout.verdict(block.element) == "strong"
        return not is_told and not layout.is_boilerplate(block.element)


def blocks_in(blocks: Sequence[TextBlock], element: HtmlElement) -> list[int]:
    """Return the indices of the blocks inside an element."""
    known: dict[HtmlElement, bool] = {element: True}
    found = []
    for index, block in enumerate(blocks):
        path = []
        node: HtmlElement | None = block.element
        while node is not None and node not in known:
            path.append(node)
            node = node.getparent()
        is_held = node is not None and known[node]
        known.update(dict.fromkeys(path, is_held))
        if is_held:
            found.append(index)
    return found
