"""Drop lines by the shape in which they stand: boxes of teasers, comments, labels, pull quotes.

Furniture is printed by templates: teasers (`teasers`) and comments stand in boxes of one class under a heading, a label of
the house stands before a link again and again, a pull quote says what a paragraph says. Hardly a word of any language is
needed for it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from archive.extract.page import HEADINGS, ancestors, closest, is_in
from archive.extract.quarantine.walls import CLAIMS
from archive.extract.text.boxes import SECTIONS, boxes_around
from archive.extract.text.names import WIDGET, folded_words, quads, share
from archive.extract.text.place import same_site
from archive.extract.text.teasers import find_excerpts, find_labels, find_teasers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import PageModel, TextBlock

_QUOTE_WORDS = 5
_SAID = 0.9
_TWICE = 6
"""Words of a line that is printed twice in a row by mistake, and not for its sound."""
_TOP = 6
_NEAR = 12
"""Blocks around one among which others of its box stand."""
_SMALL = 0.3
"""Share of the text up to which a box may be a widget."""
_RUNNING_OFFER = 2
_NOTICE = 1_500
_CLAIMED = 2
"""Claims of a notice of consent, of seven, that a small box with a button makes when it asks for consent."""
_CAPTION = 300
_COMMENTS = re.compile(
    r"\b(?:comments?|kommentare?|commentaires?|comentarios?|comentários?|commenti|reacties|yorumlar|комментари\w*|komentarz\w*)\b"
    r"|تعليق|التعليقات|ردود القراء|نظرات|دیدگاه|تبصر|תגובות|评论|評論|コメント|댓글",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"image|img|photo|picture|figure|caption|thumb|foto|bild|media", re.IGNORECASE)
_CREDIT = re.compile(
    r"(?:\b(?:photos?|fotos?|image|bild|picture|imagen|immagine|crédits?|credits?)|صورة|صور|تصوير|عکس|写真|摄|图)\s*(?:[:/(©|]|by\b)|©|\(c\)"
    r"|\((?:ap|afp|reuters|getty|dpa|epa)\b",
    re.IGNORECASE,
)
_QUOTE = re.compile(r"quote|zitat|citation|blockquote", re.IGNORECASE)
_NUMBER = re.compile(r"\bpost-(\d+)\b")
_POST = re.compile(r"\bpostid-(\d+)\b")


def judge_shapes(found: Sequence[int], model: PageModel, host: str) -> dict[int, str]:
    """Return the lines to drop, each with its rule."""
    blocks = model.blocks
    rules: dict[int, str] = {}
    for judge in (
        _headings,
        find_labels,
        find_teasers,
        find_excerpts,
        _quotes,
        _doubles,
        _captions,
        _nested,
        partial(_widgets, _holders_of_fields(model)),
        partial(_consents, _holders_of_controls(model)),
        _offers,
    ):
        for index, rule in judge(found, blocks, host):
            rules.setdefault(index, rule)
    kept = sum(len(blocks[index].text) for index in found if index not in rules)
    if kept < sum(len(blocks[index].text) for index in rules):  # what is most of the text is the article
        rules = {}
    return rules | {index: rule for index, rule in _comments(found, blocks) if index not in rules}


def _headings(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find the lines of a heading of the page that has several: a kicker and the title."""
    lines: dict[HtmlElement, list[int]] = {}
    for index in found[:_TOP]:
        heading = next(
            (node for _, node in zip(range(3), ancestors(blocks[index].element), strict=False) if node.tag == "h1"),
            None,
        )
        if heading is not None:
            lines.setdefault(heading, []).append(index)
    for indices in lines.values():
        if len(indices) > 1:
            yield from ((index, "title") for index in indices)


def _comments(found: Sequence[int], blocks: Sequence[TextBlock]) -> Iterator[tuple[int, str]]:
    """Find what readers wrote: boxes of one class, each under a short name, below a heading that says so."""
    for at, index in enumerate(found):
        block = blocks[index]
        if block.element.tag not in HEADINGS or len(block.text) > 60 or not _COMMENTS.search(block.text):
            continue
        place = block.element.getparent()
        after = [other for other in found[at + 1 :] if place is not None and is_in(blocks[other].element, place)]
        shapes = Counter(
            (node.tag, node.get("class"))
            for other in after
            for node in boxes_around(blocks[other].element)
            if node.get("class") and node is not place
        )
        if after and (max(shapes.values(), default=0) > 1 or len(after) <= _NEAR):
            yield index, "comments"
            yield from ((other, "comments") for other in after)
            return


def _quotes(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find quotations, set off from the text, that a paragraph of it has word for word."""
    quotes = [index for index in found if _is_quote(blocks[index].element)]
    if not quotes:
        return
    said = quads([word for index in found if index not in quotes for word in folded_words(blocks[index].text)])
    for index in quotes:
        own = folded_words(blocks[index].text)
        if len(own) >= _QUOTE_WORDS and share(own, said) >= _SAID:
            yield index, "pull-quote"


def _is_quote(element: HtmlElement) -> bool:
    for step, node in enumerate(ancestors(element)):
        if node.tag in {"blockquote", "aside"} or (step < 3 and (names := node.get("class")) and _names_quote(names)):
            return True
        if step > 3:
            return False
    return False


@lru_cache(maxsize=4096)
def _names_quote(names: str) -> bool:
    return _QUOTE.search(names) is not None


def _doubles(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find a line that stands twice among the first: the lead, in the head and again in the text."""
    seen: set[str] = set()
    for index in found[:_TOP]:
        text = blocks[index].text
        if text in seen and len(folded_words(text)) >= _TWICE:
            yield index, "repeated"
        if blocks[index].element.tag not in HEADINGS:
            seen.add(text)


def _captions(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find the only line of a box that is named as a picture's and holds one, when it names who took it."""
    for index in found:
        block = blocks[index]
        if len(block.text) > _CAPTION or block.element.tag in HEADINGS:
            continue
        for step, node in enumerate(ancestors(block.element)):
            if step > 3 or node.tag in {"article", "main", "body", "section", "li", "td"}:
                break
            names = node.get("class")
            if not names or not _names_picture(names) or next(node.iter("img", "picture", "amp-img"), None) is None:
                continue
            beside = sum(is_in(blocks[other].element, node) for other in found if abs(other - index) < _NEAR)
            if beside <= 2 and _CREDIT.search(block.text):
                yield index, "caption"
            break


@lru_cache(maxsize=4096)
def _names_picture(names: str) -> bool:
    return _PICTURE.search(names) is not None


def _nested(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find posts whose number is not the page's."""
    if not found:
        return
    body = closest(blocks[found[0]].element, "body")
    own = _POST.search(body.get("class") or "") if body is not None else None
    if own is None:
        return
    for index in found:
        for node in ancestors(blocks[index].element):
            number = (
                _NUMBER.search(f"{node.get('id', '')} {node.get('class', '')}")
                if node.tag in {"article", "div"}
                else None
            )
            if number is not None:
                if number[1] != own[1]:
                    yield index, "other-article"
                break


def _widgets(
    entered: Collection[HtmlElement], found: Sequence[int], blocks: Sequence[TextBlock], _host: str
) -> Iterator[tuple[int, str]]:
    """Find boxes that ask for something: short ones with a field for an address (`entered`), and those named so.

    What is only named so has a control in it, or stands before the first paragraph.
    """
    total = sum(len(blocks[index].text) for index in found)
    first = next((index for index in found if blocks[index].is_running), -1)
    judged: dict[HtmlElement, bool] = {}
    for index in found:
        for node in boxes_around(blocks[index].element):
            if node.tag in {"article", "main", "body"}:
                break
            if not _asks(f"{node.get('class', '')} {node.get('id', '')}") and not (node in entered and _is_short(node)):
                continue
            if node not in judged:
                inside = [other for other in found if is_in(blocks[other].element, node)]
                size = sum(len(blocks[other].text) for other in inside)
                is_before = inside[0] <= first
                has_control = next(node.iter("button", "input", "form"), None) is not None
                judged[node] = size < _SMALL * total and (has_control or (is_before and not _holds_title(node)))
            if judged[node]:
                yield index, "widget"
                break


@lru_cache(maxsize=4096)
def _asks(names: str) -> bool:
    return WIDGET.search(names) is not None


_FIELDS = frozenset({"email", "text", "tel"})
_ASKING = 400
"""Characters of a box with a field up to which it does nothing but ask for what is to be entered."""
_CONTROLS = ("button", "input", "label")


def _holders_of_fields(model: PageModel) -> set[HtmlElement]:
    """Return the elements, deeper than the page's own, that hold a field for a mail address or a name."""
    fields = [field for field in model.by_tag["input"] if (field.get("type") or "text").lower() in _FIELDS]
    return {node for field in fields for node in ancestors(field)}


def _is_short(box: HtmlElement) -> bool:
    return _text_within(box, _ASKING) != ""


def _holders_of_controls(model: PageModel) -> set[HtmlElement]:
    """Return the elements that are or hold what a reader answers with."""
    return {node for tag in _CONTROLS for control in model.by_tag[tag] for node in ancestors(control)}


def _consents(
    answered: Collection[HtmlElement], found: Sequence[int], blocks: Sequence[TextBlock], _host: str
) -> Iterator[tuple[int, str]]:
    """Find boxes that ask to load what another house holds, and say what becomes of the reader's data."""
    judged: dict[HtmlElement, bool] = {}
    for index in found:
        for node in boxes_around(blocks[index].element):
            if node.tag in SECTIONS:
                break
            if node not in judged:
                judged[node] = node in answered and _asks_consent(node, found, blocks)
            if judged[node]:
                yield index, "widget"
                break


def _asks_consent(box: HtmlElement, found: Sequence[int], blocks: Sequence[TextBlock]) -> bool:
    text = _text_within(box, _NOTICE)
    if not text:
        return False
    inside = sum(len(blocks[index].text) for index in found if is_in(blocks[index].element, box))
    is_small = inside < _SMALL * sum(len(blocks[index].text) for index in found)
    return is_small and sum(claim.search(text) is not None for claim in CLAIMS) >= _CLAIMED


def _text_within(box: HtmlElement, limit: int) -> str:
    """Return the text of a box, '' when it is longer than `limit`."""
    pieces: list[str] = []
    for piece in box.itertext():
        pieces.append(piece)
        limit -= len(piece)
        if limit < 0:
            return ""
    return "".join(pieces)


def _offers(found: Sequence[int], blocks: Sequence[TextBlock], host: str) -> Iterator[tuple[int, str]]:
    """Find the last box when it leads to where one subscribes or signs in, and none of the article's paragraphs follows."""
    held = _held(found, blocks)
    judged: dict[HtmlElement, bool] = {}
    for index in reversed(found[len(found) // 2 :]):
        for node in boxes_around(blocks[index].element):
            if node.tag in SECTIONS:
                break
            if node.tag == "div" and node not in judged:
                judged[node] = _is_last_box(held[node], found, blocks) and _leads_to_offer(node, host)
            if judged.get(node):
                yield index, "widget"
                break


def _held(found: Sequence[int], blocks: Sequence[TextBlock]) -> dict[HtmlElement, list[int]]:
    """Return the lines that each element holds."""
    held: dict[HtmlElement, list[int]] = {}
    for index in found:
        for node in ancestors(blocks[index].element):
            held.setdefault(node, []).append(index)
    return held


def _is_last_box(inside: Sequence[int], found: Sequence[int], blocks: Sequence[TextBlock]) -> bool:
    """Tell whether lines of a box are the last, several and little of the text, and hardly run."""
    # what an element holds stands together, so nothing else follows its first line when that many are left
    if len(inside) < 2 or len(found) - bisect_left(found, inside[0]) != len(inside):
        return False
    if sum(blocks[index].is_running for index in inside) > _RUNNING_OFFER:
        return False
    size = sum(len(blocks[index].text) for index in inside)
    return size < _SMALL * sum(len(blocks[index].text) for index in found)


def _leads_to_offer(node: HtmlElement, host: str) -> bool:
    return any(_OFFER.search(href) and same_site(href, host) for link in node.iter("a") if (href := link.get("href")))


_OFFER = re.compile(
    r"[/.=?_-](?:abos?|abonn\w*|subscri\w*|suscri\w*|assin\w*|abbonament\w*|checkout|sign-?(?:in|up)|log-?in|registr?\w*|membership)"
    r"(?:[/.=?_-]|$)",
    re.IGNORECASE,
)
"""Addresses at which one subscribes or signs in."""


def _holds_title(node: HtmlElement) -> bool:
    return next(node.iter("h1"), None) is not None
