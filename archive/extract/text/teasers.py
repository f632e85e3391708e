"""Find the lines that lead to other articles: a label before a link, boxes of teasers, an excerpt under a linked title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.extract.page import HEADINGS, ancestors, is_in
from archive.extract.text.boxes import SECTIONS, boxes_around
from archive.extract.text.names import count_words, ends_sentence
from archive.extract.text.phrases import PHRASES, line_key
from archive.extract.text.place import same_site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import TextBlock

_ALL_LINK = 0.9
_LABEL_LINE = 200
_LABEL_WORDS = 5
_SHORT_LABEL = 3
_LABEL_ENDS = (":", "：", "|", "»", "›", "→")
_HEADLINE_WORDS = 5
_TITLE_WORDS = 3
_SMALL = 0.3
_ROWS = 0.4
"""Share of the text up to which the text under one linked title, and under several, is an excerpt."""
_NEAR = 12
"""Blocks around one among which others of its box stand."""
_TEASER = 350


def find_labels(found: Sequence[int], blocks: Sequence[TextBlock], host: str) -> Iterator[tuple[int, str]]:
    """Find a label that stands before a link in two lines, or a label and a link in brackets."""
    labels: dict[str, list[int]] = {}
    for index in found:
        block = blocks[index]
        if len(block.text) > _LABEL_LINE or block.element.tag == "li" or not same_site(block.href, host):
            continue
        label = _label(block)
        if label and _is_reference(block, label):
            yield index, "label-link"
        if label and not label[-1].isalnum():
            labels.setdefault(label, []).append(index)
            if _is_in_brackets(block) or _is_headline(block, label):
                yield index, "label-link"
    for indices in labels.values():
        if len(indices) > 1:
            yield from ((index, "label-link") for index in indices)


def _is_in_brackets(block: TextBlock) -> bool:
    return block.text[0] in "[(（【" and block.text[-1] in "])）】" and block.linked >= 0.5


def _is_headline(block: TextBlock, label: str) -> bool:
    """Tell whether a block is a short label and then one link whose words are a headline: several, and no sentence's end."""
    if not label.endswith(_LABEL_ENDS) or count_words(label) > _SHORT_LABEL:
        return False
    title = block.text[len(label) :].strip()
    hrefs = {href for text, (href, _) in block.parts if href and not text.isspace()}
    return len(hrefs) == 1 and count_words(title) >= _HEADLINE_WORDS and not ends_sentence(title, asking=False)


def _label(block: TextBlock) -> str:
    """Return the text before the first link of a line that ends with this link, '' for other lines."""
    label: list[str] = []
    is_linked = False
    for text, (href, _) in block.parts:
        if href:
            is_linked = True
        elif not is_linked:
            label.append(text)
        elif any(map(str.isalnum, text)):
            return ""
    text = " ".join("".join(label).split())
    is_label = is_linked and 0 < count_words(text) <= _LABEL_WORDS and any(map(str.isalnum, text))
    return text if is_label else ""


def _is_reference(block: TextBlock, label: str) -> bool:
    """Tell whether a label, emphasised or of the table, stands before a link whose words are a headline."""
    title = block.text[len(label) :].strip()
    if count_words(title) < _TITLE_WORDS or ends_sentence(title, asking=False):
        return False
    marks = [marks for text, (href, marks) in block.parts if not href and any(map(str.isalnum, text))]
    if all(marks) and count_words(label) <= _SHORT_LABEL and count_words(title) >= _HEADLINE_WORDS:
        return True
    return any(row.kind in {"read-also", "related"} for row in PHRASES.find(label, line_key(label)))


def find_teasers(found: Sequence[int], blocks: Sequence[TextBlock], host: str) -> Iterator[tuple[int, str]]:
    """Find boxes of one shape that each begin with a linked title, under a heading of theirs."""
    groups: dict[tuple[HtmlElement, str, str], dict[HtmlElement, list[int]]] = {}
    for index in found:
        block = blocks[index]
        if block.linked >= _ALL_LINK and count_words(block.text) >= _TITLE_WORDS and same_site(block.href, host):
            for node in boxes_around(block.element):
                parent = node.getparent()
                if parent is not None:
                    key = (parent, str(node.tag), node.get("class") or "")
                    groups.setdefault(key, {}).setdefault(node, []).append(index)
    for (parent, tag, names), boxes in groups.items():
        if len(boxes) < 2 or tag in {"p", "td", "tr"}:
            yield from _lone_teasers(parent, boxes, found, blocks) if tag not in {"p", "td", "tr", "li"} else ()
            continue
        members = {node for node in parent.iterchildren(tag) if (node.get("class") or "") == names}
        inside = [index for index in found if any(node in members for node in ancestors(blocks[index].element))]
        if len(boxes) < 0.6 * len({next(n for n in ancestors(blocks[i].element) if n in members) for i in inside}):
            continue
        size = sum(len(blocks[index].text) for index in inside)
        if size > _TEASER * len(boxes) or any(index > inside[-1] and blocks[index].is_running for index in found):
            continue
        yield from ((index, "teaser") for index in inside)
        before = max((index for index in found if index < inside[0]), default=-1)
        if before >= 0 and blocks[before].element.tag in HEADINGS:
            yield before, "teaser"


def _lone_teasers(
    parent: HtmlElement, boxes: Mapping[HtmlElement, Sequence[int]], found: Sequence[int], blocks: Sequence[TextBlock]
) -> Iterator[tuple[int, str]]:
    """Find the lines of a short box among the article's paragraphs that begins with a heading which is a link."""
    beside = sum(blocks[index].is_running and blocks[index].element.getparent() is parent for index in found)
    for box in boxes if beside > 1 else ():
        inside = [index for index in found if is_in(blocks[index].element, box)]
        is_title = blocks[inside[0]].element.tag in HEADINGS and blocks[inside[0]].linked >= _ALL_LINK
        if box.tag not in HEADINGS and is_title and sum(len(blocks[index].text) for index in inside) <= _TEASER:
            yield from ((index, "teaser") for index in inside)


def find_excerpts(found: Sequence[int], blocks: Sequence[TextBlock], host: str) -> Iterator[tuple[int, str]]:
    """Find the only line of a small box that a linked title begins, which no reader took for the article's."""
    have = set(found)
    size = sum(len(blocks[index].text) for index in found)
    taken: list[int] = []
    for index in found:
        title = blocks[index - 1] if index else None
        if title is None or index - 1 in have or title.linked < _ALL_LINK or not same_site(title.href, host):
            continue
        if count_words(title.text) > _TITLE_WORDS and _is_boxed_with(index, found, blocks):
            taken.append(index)
    if sum(len(blocks[index].text) for index in taken) <= (_ROWS if len(taken) > 1 else _SMALL) * size:
        yield from ((index, "teaser") for index in taken)


def _is_boxed_with(index: int, found: Sequence[int], blocks: Sequence[TextBlock]) -> bool:
    """Tell whether a box holds a block and the one before it, and no other of those found."""
    title = blocks[index - 1].element
    near = [other for other in found if other != index and abs(other - index) < _NEAR]
    for box in boxes_around(blocks[index].element):
        if box.tag in SECTIONS or any(is_in(blocks[other].element, box) for other in near):
            return False
        if is_in(title, box):
            return (
                box is not blocks[index].element
                and box.tag not in HEADINGS
                and len("".join(box.itertext())) <= 2 * _TEASER
            )
    return False
