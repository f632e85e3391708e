"""Find sidebars, footers and lists of other articles by their links, whatever their names.

A box of such a kind is beside the article's own element, or beside one around it, and much of its text leads elsewhere.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from archive.extract.model import ALL_LINK
from archive.extract.page import ancestors, closest

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from lxml.html import HtmlElement

    from archive.extract.page import TextBlock

_FAR = 40
"""Maximum blocks between the title's heading and the start of its article."""
_LINKED = 0.3
_MOSTLY_LINKED = 0.5
_ALL_LINKED = 0.8
"""Minimum share of link text in a box whose elements have fewer paragraphs than the article's own, as many, and none."""
_ALIKE = 2
"""Minimum number of boxes of one class side by side that may be the article's parts."""


def in_sidebars(heading: int, found: Set[int], blocks: Sequence[TextBlock]) -> set[int]:
    """Return the blocks found in boxes beside the article; `heading` is the index of its title, -1 if there is none."""
    groups = _groups(blocks)
    sizes = {
        place: sum(len(blocks[index].text) for index in group)
        for place, group in groups.items()
        if heading < 0 or heading < group[0] <= heading + _FAR
    }
    article = max(sizes, key=lambda place: sizes[place], default=None)
    if article is None or (heading < 0 and len(groups[article]) == 1):
        return set()
    boxes = _Boxes(article, None if heading < 0 else blocks[heading].element)
    paragraphs = {box: 0 for index in found if (box := boxes.around(blocks[index].element)) is not None}
    for group in groups.values():
        box = boxes.around(blocks[group[0]].element)
        if box is not None and box in paragraphs:
            paragraphs[box] = max(paragraphs[box], sum(blocks[index].is_running for index in group))
    size: dict[HtmlElement, float] = dict.fromkeys(paragraphs, 0.0)
    linked = dict(size)
    for block in blocks if paragraphs else ():
        box = boxes.around(block.element)
        if box is not None and box in size:
            size[box] += len(block.text)
            linked[box] += len(block.text) * block.linked
    own = sum(blocks[index].is_running for index in groups[article]) or len(groups[article])
    sidebars = {
        box for box, count in paragraphs.items() if count <= own and linked[box] >= _least(count, own) * size[box]
    }
    alike = Counter(map(_place, sidebars))
    sidebars = {box for box in sidebars if alike[_place(box)] < _ALIKE}
    return {
        index
        for index in found
        if (box := boxes.around(blocks[index].element)) in sidebars
        and (paragraphs[box] or blocks[index].linked >= ALL_LINK)
    }


def _groups(blocks: Sequence[TextBlock]) -> dict[HtmlElement | None, list[int]]:
    """Return the blocks that are not links, by the element that contains their paragraphs, or their lines without paragraphs.

    A box around a single paragraph is not counted.
    """
    lines = Counter(block.element for block in blocks)
    boxed = Counter(block.element.getparent() for block in blocks)
    groups: dict[HtmlElement | None, list[int]] = {}
    for index, block in enumerate(blocks):
        if not (block.is_linked or block.hook or block.hidden):
            place: HtmlElement | None = block.element
            if block.element.tag == "p" or lines[block.element] == 1:
                place = block.element.getparent()
                place = place.getparent() if place is not None and boxed[place] == 1 else place
            groups.setdefault(place, []).append(index)
    return groups


def _least(count: int, own: int) -> float:
    """Return the minimum share of link text in a box with so many paragraphs, where the article's own element has `own`."""
    if not count:
        return _ALL_LINKED
    return _LINKED if count < own else _MOSTLY_LINKED


def _place(box: HtmlElement) -> tuple[object, ...]:
    """Return what the boxes of an article's parts, such as the entries of a list, have in common."""
    return box.getparent(), box.tag, box.get("class")


class _Boxes:
    """The elements beside the article's own, or beside one around it, without the one that contains the title.

    An `article` element around the article's own takes its place.
    """

    def __init__(self, article: HtmlElement, title: HtmlElement | None) -> None:
        whole = closest(article, "article")
        article = article if whole is None else whole
        self._around = set(ancestors(article)) - {article}
        self._boxes: dict[HtmlElement, HtmlElement | None] = {article: None}
        if title is not None:
            self._boxes.update(dict.fromkeys(ancestors(title)))

    def around(self, element: HtmlElement) -> HtmlElement | None:
        """Return the box that contains an element, None if there is none."""
        path = []
        node: HtmlElement | None = element
        while node is not None and node not in self._boxes and node not in self._around:
            path.append(node)
            node = node.getparent()
        box = path[-1] if path and node in self._around else self._boxes.get(node) if node is not None else None
        self._boxes.update(dict.fromkeys(path, box))
        return box
