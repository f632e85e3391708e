"""Find lines that lead to other articles: labels before links, boxes of teasers, excerpts under linked titles."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

from archive.extract.model import ALL_LINK
from archive.extract.page import HEADINGS, ancestors, closest, is_in
from archive.extract.text.boxes import SECTIONS, boxes_around
from archive.extract.text.names import count_words, ends_sentence
from archive.extract.text.phrases import PHRASES, line_key
from archive.extract.text.place import is_linked_line, same_site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import TextBlock

_LABEL_LINE = 200
_LABEL_WORDS = 5
_SHORT_LABEL = 3
_LABEL_ENDS = (":", "：", "|", "»", "›", "→")
_HEADLINE_WORDS = 5
_TITLE_WORDS = 3
_SMALL = 0.3
_ROWS = 0.4
_LAST = 0.6
"""Maximum share of the text that is an excerpt under one linked title, under several, and under several at its end."""
_NEAR = 12
"""Maximum distance, in blocks, to other blocks of the same box."""
_TEASER = 350
_POST = re.compile(r"(?:^|\s)(?:type-post|wp-block-post|hentry|post-\d+)(?:\s|$)")
"""Classes of a post's element in WordPress."""
_CELLS = frozenset({"td", "tr"})
_LINES = frozenset({"p", "td", "tr", "li"})
_APPEALS = frozenset({"follow-us", "newsletter"})
_OFFERS = _APPEALS | {"ad"}
_BOXES = frozenset({"aside", "div", "section"})
_OFFER_TITLE = 80
"""Maximum characters of the title of an offer."""
_SHARING = frozenset({"follow-us", "share"})


def find_labels(found: Sequence[int], blocks: Sequence[TextBlock], host: str) -> Iterator[tuple[int, str]]:
    """Find labels before a link: emphasized or known ones, those in brackets, and those on several lines."""
    labels: dict[str, list[int]] = {}
    for index in found:
        block = blocks[index]
        if len(block.text) > _LABEL_LINE or block.element.tag == "li":
            continue
        if _is_share_row(block):
            yield index, "label-link"
        label = _label(block)
        if not same_site(block.href, host):
            continue
        if (label and _is_reference(block, label)) or _is_set_in_brackets(block):
            yield index, "label-link"
        if label and not label[-1].isalnum():
            labels.setdefault(label, []).append(index)
            if _is_in_brackets(block) or _is_headline(block, label):
                yield index, "label-link"
    for indices in labels.values():
        if len(indices) > 1:
            yield from ((index, "label-link") for index in indices)


def _is_share_row(block: TextBlock) -> bool:
    """Return whether a line consists of a known label such as `Share` and links of a few words to other sites or this page."""
    links = [text for text, (href, _) in block.parts if href and not text.isspace()]
    if len(links) < 2 or any(count_words(text) > _SHORT_LABEL for text in links):
        return False
    label = _before_link(block)
    return any(row.kind in _SHARING and row.is_whole for row in PHRASES.find(label, line_key(label)))


def _is_in_brackets(block: TextBlock) -> bool:
    return block.text[0] in "[(（【" and block.text[-1] in "])）】" and block.linked >= 0.5


def _is_set_in_brackets(block: TextBlock) -> bool:
    """Return whether a line is emphasized and in square brackets; in parentheses it is the author's remark."""
    is_within = block.text[0] in "[【" and block.text[-1] in "]】"
    return is_within and all(marks for text, (_, marks) in block.parts if any(map(str.isalnum, text)))


def find_appeals(found: Sequence[int], blocks: Sequence[TextBlock], host: str) -> Iterator[tuple[int, str]]:
    """Find lists whose items all contain links, at least one to a newsletter or account of the site, and half of them to the site."""
    lists: dict[HtmlElement, list[int]] = {}
    for index in found:
        item = closest(blocks[index].element, "li")
        if item is not None and (group := item.getparent()) is not None:
            lists.setdefault(group, []).append(index)
    for indices in lists.values():
        items = [blocks[index] for index in indices]
        appeals = list(map(_appeals, items))
        if len(items) < 2 or not any(appeals) or not all(item.href for item in items):
            continue
        own = sum(asks or same_site(item.href, host) for item, asks in zip(items, appeals, strict=True))
        if 2 * own >= len(items):
            yield from ((index, "widget") for index in indices)


def find_offers(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find small boxes with a link or button under a request to subscribe or the word Advertisement: `Our newsletter`, `Sign up`."""
    for at, index in enumerate(found):
        block = blocks[index]
        if len(block.text) > _OFFER_TITLE or ends_sentence(block.text, asking=False) or not _appeals(block, _OFFERS):
            continue
        box = block.element if block.element.tag in _BOXES else block.element.getparent()
        is_first = not at or not is_in(blocks[found[at - 1]].element, box)
        if box is None or box.tag not in _BOXES or not is_first or next(box.iter("a", "button"), None) is None:
            continue
        if len("".join(box.itertext())) <= _TEASER:
            inside = [other for other in found[at : at + _NEAR] if is_in(blocks[other].element, box)]
            yield from ((other, "widget") for other in inside)


def _appeals(block: TextBlock, kinds: frozenset[str] = _APPEALS) -> bool:
    return any(row.kind in kinds for row in PHRASES.find(block.text, line_key(block.text)))


def _is_headline(block: TextBlock, label: str) -> bool:
    """Return whether a block is a short label and a link with a headline: several words without the end of a sentence."""
    if not label.endswith(_LABEL_ENDS) or count_words(label) > _SHORT_LABEL:
        return False
    title = block.text[len(label) :].strip()
    hrefs = {href for text, (href, _) in block.parts if href and not text.isspace()}
    return len(hrefs) == 1 and count_words(title) >= _HEADLINE_WORDS and not ends_sentence(title, asking=False)


def _label(block: TextBlock) -> str:
    """Return the text before the first link if it is a few words, else ''."""
    text = _before_link(block)
    return text if 0 < count_words(text) <= _LABEL_WORDS and any(map(str.isalnum, text)) else ""


def _before_link(block: TextBlock) -> str:
    """Return the text before the first link if the line ends with links, else ''."""
    label: list[str] = []
    is_linked = False
    for text, (href, _) in block.parts:
        if href:
            is_linked = True
        elif not is_linked:
            label.append(text)
        elif any(map(str.isalnum, text)):
            return ""
    return " ".join("".join(label).split()) if is_linked else ""


def _is_reference(block: TextBlock, label: str) -> bool:
    """Return whether a label, emphasized or from the table, precedes a link with a headline."""
    title = block.text[len(label) :].strip()
    if count_words(title) < _TITLE_WORDS or ends_sentence(title, asking=False):
        return False
    marks = [marks for text, (href, marks) in block.parts if not href and any(map(str.isalnum, text))]
    if all(marks) and count_words(label) <= _SHORT_LABEL and count_words(title) >= _HEADLINE_WORDS:
        return True
    return any(row.kind in {"read-also", "related"} for row in PHRASES.find(label, line_key(label)))


def find_teasers(found: Sequence[int], blocks: Sequence[TextBlock], host: str) -> Iterator[tuple[int, str]]:
    """Find boxes of the same structure under a heading, and single posts, each beginning with a linked title."""
    running = _count_running(found, blocks)
    for (parent, tag, names), boxes in _boxes_of_titles(found, blocks, host).items():
        if tag == "article" or _POST.search(names):
            yield from _lone_teasers(boxes, found, blocks)
        if len(boxes) < 2 or tag in _CELLS or (tag == "p" and not _hold_excerpts(boxes, found, blocks)):
            lone = running[parent] > 1 and tag not in _LINES
            yield from _lone_teasers(boxes, found, blocks) if lone else ()
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


def _hold_excerpts(
    boxes: Mapping[HtmlElement, Sequence[int]], found: Sequence[int], blocks: Sequence[TextBlock]
) -> bool:
    """Return whether each box begins with its title and has another line."""
    for box, titles in boxes.items():
        inside = lines_in(box, bisect_left(found, titles[0]), found, blocks)
        if len(inside) < 2 or inside[0] != titles[0]:
            return False
    return True


def _boxes_of_titles(
    found: Sequence[int], blocks: Sequence[TextBlock], host: str
) -> dict[tuple[HtmlElement, str, str], dict[HtmlElement, list[int]]]:
    """Return the boxes around linked titles with these titles, by their parent, tag and class."""
    groups: dict[tuple[HtmlElement, str, str], dict[HtmlElement, list[int]]] = {}
    for index in found:
        block = blocks[index]
        if is_linked_line(block) and count_words(block.text) >= _TITLE_WORDS and same_site(block.href, host):
            for node in boxes_around(block.element):
                parent = node.getparent()
                if parent is not None:
                    key = (parent, str(node.tag), node.get("class") or "")
                    groups.setdefault(key, {}).setdefault(node, []).append(index)
    return groups


def _count_running(found: Sequence[int], blocks: Sequence[TextBlock]) -> Counter[HtmlElement | None]:
    """Count the paragraphs of running text directly in each element."""
    return Counter(blocks[index].element.getparent() for index in found if blocks[index].is_running)


def _lone_teasers(
    boxes: Mapping[HtmlElement, Sequence[int]], found: Sequence[int], blocks: Sequence[TextBlock]
) -> Iterator[tuple[int, str]]:
    """Find the lines of a short box among the article's paragraphs that begins with a linked heading."""
    for box, titles in boxes.items():
        inside = lines_in(box, bisect_left(found, titles[0]), found, blocks)
        is_title = blocks[inside[0]].element.tag in HEADINGS and blocks[inside[0]].linked >= ALL_LINK
        if box.tag not in HEADINGS and is_title and sum(len(blocks[index].text) for index in inside) <= _TEASER:
            yield from ((index, "teaser") for index in inside)


def lines_in(box: HtmlElement, at: int, found: Sequence[int], blocks: Sequence[TextBlock]) -> Sequence[int]:
    """Return the lines of a box, which are consecutive; `at` is the position of one of them."""
    start = end = at
    while start and is_in(blocks[found[start - 1]].element, box):
        start -= 1
    while end < len(found) and is_in(blocks[found[end]].element, box):
        end += 1
    return found[start:end]


def find_excerpts(found: Sequence[int], blocks: Sequence[TextBlock], host: str) -> Iterator[tuple[int, str]]:
    """Find the only line under a linked title in a small box, if no source found the title as part of the article."""
    have = set(found)
    size = sum(len(blocks[index].text) for index in found)
    taken: list[int] = []
    for index in found:
        title = blocks[index - 1] if index else None
        if title is None or index - 1 in have or title.linked < ALL_LINK or not same_site(title.href, host):
            continue
        if count_words(title.text) > _TITLE_WORDS and _is_boxed_with(index, found, blocks):
            taken.append(index)
    most = (_LAST if taken == list(found[-len(taken) :]) else _ROWS) if len(taken) > 1 else _SMALL
    if sum(len(blocks[index].text) for index in taken) <= most * size:
        yield from ((index, "teaser") for index in taken)


def _is_boxed_with(index: int, found: Sequence[int], blocks: Sequence[TextBlock]) -> bool:
    """Return whether a box contains a block and the one before it, but no other block found."""
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
