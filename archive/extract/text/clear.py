"""Extract the article of a page whose markup leaves no doubt; of any other page, return nothing.

Paragraphs of an article stand side by side; boxes say by tag, name or links that they are furniture. Where nearly all
text of the element is clearly one or the other, no other extractor is needed. Otherwise the answer is nothing.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

from archive.extract.page import HEADINGS, ancestors, is_in
from archive.extract.text.boxes import main_element, owner
from archive.extract.text.layout import Layout
from archive.extract.text.names import ends_sentence, speaks_against

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import PageModel, TextBlock

_DOUBT = 0.15
"""Share of the article's text up to which other text in the element leaves no doubt."""
_LEAST = 1_000
_PARAGRAPHS = 4
"""Characters and paragraphs of running text from which an element without a name may be an article's."""
_MOST = 0.6
"""Share of the page's text without links that such an element holds."""
_ENOUGH = 0.35
"""Share of the page's running text that an article's element holds."""
_LINKED = 0.5
_CAPTION = 300
_MOST_LINES = 1_000
"""A longer text is a law or a table, whose lines are read one by one at length and then left in doubt."""
_HEADING_REACH = 6
"""Blocks behind a heading among which its section begins: a picture may stand between."""
_CELLS = frozenset({"td", "th"})
_LINES = frozenset({"p", "li", "td"})


def clear_article(model: PageModel, element: HtmlElement, *, is_named: bool) -> tuple[int, ...]:
    """Return the blocks of the article that the element holds, () where they are in doubt.

    `is_named` says whether the element has an article's name.
    """
    reader = _Reader(model, element)
    if len(reader.inside) > _MOST_LINES:
        return ()
    if reader.size(reader.running) < _ENOUGH * model.mass or not (is_named or reader.is_weighty()):
        return ()
    found = reader.read()
    if not found or _is_denied(main_element(found, model.blocks), element):
        return ()
    return found if reader.doubt(found) <= _DOUBT * reader.size(found) else ()


def _is_denied(holder: HtmlElement | None, element: HtmlElement) -> bool:
    """Tell whether what holds most of the text within an element is named as comments are, or other furniture."""
    return holder is not None and any(speaks_against(node) == "strong" for node in ancestors(holder, element))


class _Reader:
    """Reads one element."""

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
        """Return the characters of blocks."""
        return sum(len(self.blocks[index].text) for index in found)

    def is_weighty(self) -> bool:
        """Tell whether the element holds a long text, most of what the page says, and what follows its first heading."""
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
        """Return the running text that nothing speaks against, and the short lines that stand as it does."""
        prose = [index for index in self.running if self._is_prose(index)]
        if not prose:
            return ()
        prose = self._without_lone(prose)
        if prose != self.running:
            self.layout = Layout(self.model, prose, self.element)
        texts = Counter(block.text for block in self.blocks)
        found = set(prose)
        for index in reversed(self.inside):
            block = self.blocks[index]
            if not block.is_running and self._stands_with(index, found) and self.layout.is_new(block, texts):
                found.add(index)
        last = max((index for index in found if self.blocks[index].element.tag not in HEADINGS), default=-1)
        return tuple(sorted(index for index in found if index <= last))

    def _is_prose(self, index: int) -> bool:
        element = self.blocks[index].element
        return self.layout.verdict(element) != "strong" and not self.layout.is_furniture(element)

    def _without_lone(self, prose: Sequence[int]) -> list[int]:
        """Return the blocks but for short ones alone in places that are not the usual one: captions, and leads of other articles."""
        owners = {index: owner(self.blocks[index].element) for index in prose}
        usual = self._usual(prose, self.layout)
        held = Counter(owners.values())
        return [
            index
            for index, place in owners.items()
            if held[place] > 1
            or len(self.blocks[index].text) > _CAPTION
            or self.layout.path(place) == usual
            or (place is not None and place.tag == "blockquote")
        ]

    def _usual(self, found: Iterable[int], layout: Layout) -> object:
        """Return the place in which most of the text stands, as a path of tags and classes."""
        places: Counter[object] = Counter()
        for index in found:
            places[layout.path(owner(self.blocks[index].element))] += len(self.blocks[index].text)
        return max(places, key=lambda place: places[place])

    def _stands_with(self, index: int, found: set[int]) -> bool:
        """Tell whether a short line stands as the article's do: a paragraph beside them, a heading over one, a link."""
        if self.layout.is_kin(index, self.layout.holders, found):
            return True
        block = self.blocks[index]
        tag = block.element.tag
        is_heading = tag in HEADINGS and not found.isdisjoint(range(index + 1, index + 1 + _HEADING_REACH))
        if block.linked < _LINKED and (is_heading or tag in _CELLS):
            return self._is_prose(index)
        is_sentence = tag in _LINES and block.linked < _LINKED and ends_sentence(block.text)
        place = owner(block.element)
        is_beside = (is_heading or tag in _LINES) and place in self.layout.holders
        # a paragraph that a template prints has a class, one that an editor writes has none
        is_around = tag == "p" and not block.element.get("class") and block.linked < _LINKED and place in self._around
        if not (is_sentence or is_beside or is_around):
            return False
        return not self.layout.verdict(block.element) and not self.layout.is_furniture(block.element)

    @cached_property
    def _around(self) -> set[HtmlElement]:
        """The boxes within the article's element that hold those in which its paragraphs stand."""
        holders = [holder for holder in self.layout.holders if holder is not None and is_in(holder, self.element)]
        return {node for holder in holders for node in ancestors(holder, self.element)} | {self.element}

    def doubt(self, found: Sequence[int]) -> int:
        """Return the characters of the element that may be the article's and were not found, or were found in odd places."""
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
        return not is_told and not layout.is_furniture(block.element)


def blocks_in(blocks: Sequence[TextBlock], element: HtmlElement) -> list[int]:
    """Return the blocks that stand in an element."""
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
