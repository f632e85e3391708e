"""Decides by the shape in which lines stand which are not the article's: blocks found and their order in, rules out.

Furniture is printed by templates: teasers and comments stand in boxes of one class under a heading, a label of the house
stands before a link again and again, a pull quote says what a paragraph says. No word of any language is needed for it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from archive.extract.page import HEADINGS, ancestors
from archive.extract.text.place import same_site
from archive.extract.text.wording import grams, share, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import TextBlock

_ALL_LINK = 0.9
_LABEL_LINE = 200
_TITLE_WORDS = 3
_QUOTE_WORDS = 5
_SAID = 0.9
_TWICE = 6
"""Words of a line that is printed twice in a row by mistake, and not for its sound."""
_TOP = 6
_REACH = 12
_CAPTION = 300
_COMMENTS = re.compile(
    r"\b(?:comments?|kommentare?|commentaires?|comentarios?|comentários?|commenti|reacties|yorumlar|комментари\w*|komentarz\w*)\b"
    r"|تعليق|التعليقات|ردود القراء|نظرات|دیدگاه|تبصر|תגובות|评论|評論|コメント|댓글",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"image|img|photo|picture|figure|caption|thumb|foto|bild|media", re.IGNORECASE)
_QUOTE = re.compile(r"quote|zitat|citation|blockquote", re.IGNORECASE)
_NUMBER = re.compile(r"\bpost-(\d+)\b")
_POST = re.compile(r"\bpostid-(\d+)\b")


def judge_shapes(found: Sequence[int], blocks: Sequence[TextBlock], host: str) -> dict[int, str]:
    """Return the lines to drop, each with its rule."""
    rules: dict[int, str] = {}
    for judge in (_labels, _teasers, _comments, _quotes, _doubles, _captions, _nested):
        for index, rule in judge(found, blocks, host):
            rules.setdefault(index, rule)
    kept = sum(len(blocks[index].text) for index in found if index not in rules)
    return rules if kept >= sum(len(blocks[index].text) for index in rules) else {}


def _labels(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find a label that stands before a link in two lines, or a label and a link in brackets."""
    labels: dict[str, list[int]] = {}
    for index in found:
        block = blocks[index]
        if not block.href or len(block.text) > _LABEL_LINE or block.element.tag == "li":
            continue
        label = _label(block)
        if label:
            labels.setdefault(label, []).append(index)
            if block.text[0] in "[(（【" and block.text[-1] in "])）】" and block.linked >= 0.5:
                yield index, "label-link"
    for indices in labels.values():
        if len(indices) > 1:
            yield from ((index, "label-link") for index in indices)


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
    return text if is_linked and 0 < len(text.split()) <= 5 and any(map(str.isalnum, text)) else ""


def _teasers(found: Sequence[int], blocks: Sequence[TextBlock], host: str) -> Iterator[tuple[int, str]]:
    """Find boxes of one shape that each begin with a linked title, under a heading of theirs."""
    groups: dict[tuple[HtmlElement, str, str], dict[HtmlElement, list[int]]] = {}
    for index in found:
        block = blocks[index]
        if block.linked >= _ALL_LINK and len(block.text.split()) >= _TITLE_WORDS and same_site(block.href, host):
            for node in _boxes(block.element):
                parent = node.getparent()
                if parent is not None:
                    key = (parent, str(node.tag), node.get("class") or "")
                    groups.setdefault(key, {}).setdefault(node, []).append(index)
    for (parent, tag, names), boxes in groups.items():
        if len(boxes) < 2 or tag in {"p", "li", "td", "tr"}:
            continue
        members = {node for node in parent.iterchildren(tag) if (node.get("class") or "") == names}
        inside = [index for index in found if any(node in members for node in ancestors(blocks[index].element))]
        if len(boxes) < 0.6 * len({next(n for n in ancestors(blocks[i].element) if n in members) for i in inside}):
            continue
        yield from ((index, "teaser") for index in inside)
        before = max((index for index in found if index < inside[0]), default=-1)
        if before >= 0 and blocks[before].element.tag in HEADINGS:
            yield before, "teaser"


def _boxes(element: HtmlElement) -> Iterator[HtmlElement]:
    for step, node in enumerate(ancestors(element)):
        if step > 4 or node.tag in {"body", "main"}:
            return
        yield node


def _comments(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find what readers wrote: boxes of one class, each under a short name, below a heading that says so."""
    for at, index in enumerate(found):
        block = blocks[index]
        if block.element.tag not in HEADINGS or len(block.text) > 60 or not _COMMENTS.search(block.text):
            continue
        place = block.element.getparent()
        after = [other for other in found[at + 1 :] if place is not None and _is_in(blocks[other].element, place)]
        shapes = Counter(
            (node.tag, node.get("class"))
            for other in after
            for node in _boxes(blocks[other].element)
            if node.get("class") and node is not place
        )
        if after and (max(shapes.values(), default=0) > 1 or len(after) <= _REACH):
            yield index, "comments"
            yield from ((other, "comments") for other in after)
            return


def _is_in(element: HtmlElement, box: HtmlElement) -> bool:
    return any(node is box for node in ancestors(element))


def _quotes(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find quotations, set off from the text, that a paragraph of it has word for word."""
    quotes = [index for index in found if _is_quote(blocks[index].element)]
    if not quotes:
        return
    said = grams([word for index in found if index not in quotes for word in words(blocks[index].text)])
    for index in quotes:
        own = words(blocks[index].text)
        if len(own) >= _QUOTE_WORDS and share(own, said) >= _SAID:
            yield index, "pull-quote"


def _is_quote(element: HtmlElement) -> bool:
    for step, node in enumerate(ancestors(element)):
        if node.tag in {"blockquote", "aside"} or (step < 3 and _QUOTE.search(node.get("class") or "")):
            return True
        if step > 3:
            return False
    return False


def _doubles(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find a line that stands twice among the first: the lead, in the head and again in the text."""
    seen: set[str] = set()
    for index in found[:_TOP]:
        text = blocks[index].text
        if text in seen and len(words(text)) >= _TWICE:
            yield index, "repeated"
        seen.add(text)


def _captions(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find the only line of a box that is named as a picture's and holds one."""
    for index in found:
        block = blocks[index]
        if len(block.text) > _CAPTION or block.element.tag in HEADINGS:
            continue
        for step, node in enumerate(ancestors(block.element)):
            if step > 3 or node.tag in {"article", "main", "body", "section", "li", "td"}:
                break
            if not _PICTURE.search(node.get("class") or "") or next(node.iter("img", "picture", "amp-img"), None) is None:
                continue
            if sum(_is_in(blocks[other].element, node) for other in found if abs(other - index) < _REACH) <= 2:
                yield index, "caption"
            break


def _nested(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find posts whose number is not the page's."""
    if not found:
        return
    body = next((node for node in ancestors(blocks[found[0]].element) if node.tag == "body"), None)
    own = _POST.search(body.get("class") or "") if body is not None else None
    if own is None:
        return
    for index in found:
        for node in ancestors(blocks[index].element):
            number = _NUMBER.search(f"{node.get('id', '')} {node.get('class', '')}") if node.tag in {"article", "div"} else None
            if number is not None:
                if number[1] != own[1]:
                    yield index, "other-article"
                break
