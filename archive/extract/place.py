"""Decides by their place on the page which lines are not the article's: lines and blocks in, a rule for each out.

The paragraphs of an article stand together in one element. What follows that element, what captions a picture and what
is nothing but a link to another page of the site is furniture, whatever its words are.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lxml.html import HtmlElement

    from archive.extract.blocks import Block
    from archive.extract.body import Piece

_MAIN_SHARE = 0.8
"""Share of the text that the main element must hold; the rest is lead, captions and what follows the article."""
_NOT_MAIN = frozenset(
    [
        "a",
        "blockquote",
        "center",
        "dd",
        "dl",
        "dt",
        "h1",
        "h2",
        "h3",
        "h4",
        "li",
        "ol",
        "p",
        "pre",
        "span",
        "table",
        "tbody",
        "td",
        "tr",
        "ul",
    ]
)
"""Elements that hold a part of an article, never all of it (a long list would pass for the article otherwise)."""
_LEAD_WORDS = 8
_LEAD_LENGTH = 60
_SENTENCE_WORDS = 5
_FULL_STOPS = (".", "!", "?", "؟", "۔", "。")
_ALL_LINK = 0.9
_ITEM_LINK = 0.5
_LINK_WORDS = 4
_MAX_LOSS = 0.5
"""An article that is a list of links keeps them: the link rules act only while most of the text stays."""


def judge_places(pieces: Sequence[Piece], blocks: Sequence[Block], url: str) -> list[str]:
    """Return for each line the rule that drops it: `caption`, `outside`, `linked-line`, `linked-list`, or ''."""
    rules = [""] * len(pieces)
    main = main_element(pieces, blocks)
    inside = [piece.block < 0 or main is None or _holds(main, blocks[piece.block].element) for piece in pieces]
    first = next((index for index, piece in enumerate(pieces) if inside[index] and piece.block >= 0), 0)
    last = max((index for index, piece in enumerate(pieces) if inside[index] and piece.block >= 0), default=len(pieces))
    links = _links(pieces, blocks, url)
    captions = {i for i, piece in enumerate(pieces) if piece.block >= 0 and _captions(blocks[piece.block].element)}
    if _outweigh(captions, pieces):  # a story told in pictures is its captions
        captions = set()
    for index, piece in enumerate(pieces):
        if piece.block < 0:
            continue
        if index in captions:
            rules[index] = "caption"
        elif not inside[index] and (index > last or (index < first and _is_label(piece.text))):
            rules[index] = "" if _beside(blocks[piece.block].element, main) else "outside"
        else:
            rules[index] = links.get(index, "")
    return rules


def _beside(element: HtmlElement, main: HtmlElement | None) -> bool:
    """Tell whether a line stands next to the main element, or in an element next to it that is no header."""
    place = main.getparent() if main is not None else None
    holder = element.getparent()
    if place is None or holder is None:
        return False
    return holder is place or (holder.getparent() is place and holder.tag == "div" and not holder.get("class"))


def _is_label(text: str) -> bool:
    """Tell whether a line before the text is a label (date, byline, section): a lead has more words."""
    words = len(text.split())
    is_sentence = words >= _SENTENCE_WORDS and text.endswith(_FULL_STOPS)
    return words < _LEAD_WORDS and len(text) < _LEAD_LENGTH and not is_sentence


def main_element(pieces: Sequence[Piece], blocks: Sequence[Block]) -> HtmlElement | None:
    """Return the deepest element that holds most of the text."""
    held: Counter[HtmlElement] = Counter()
    total = 0
    for piece in pieces:
        if piece.block >= 0:
            element = blocks[piece.block].element
            total += len(piece.text)
            for holder in (element, *element.iterancestors()):
                held[holder] += len(piece.text)
    if not total:
        return None
    holders = [element for element, size in held.items() if size >= _MAIN_SHARE * total]
    main = max(holders, key=lambda element: sum(1 for _ in element.iterancestors()), default=None)
    while main is not None and main.tag in _NOT_MAIN:
        main = main.getparent()
    return main


def _holds(main: HtmlElement, element: HtmlElement) -> bool:
    return element is main or any(holder is main for holder in element.iterancestors())


def _captions(element: HtmlElement) -> bool:
    return element.tag == "figcaption" or any(step.tag == "figcaption" for step in list(element.iterancestors())[:3])


def _links(pieces: Sequence[Piece], blocks: Sequence[Block], url: str) -> dict[int, str]:
    """Return the lines that only lead to other pages of the site, with their rule, unless they are most of the text."""
    host = urlsplit(url).hostname or ""
    found: dict[int, str] = {}
    items: dict[HtmlElement, list[int]] = {}
    for index, piece in enumerate(pieces):
        if piece.block < 0:
            continue
        block = blocks[piece.block]
        item = _list_item(block.element)
        if item is not None and (group := item.getparent()) is not None:
            items.setdefault(group, []).append(index)
        if block.linked >= _ALL_LINK and len(piece.text.split()) >= _LINK_WORDS and _same_site(block.href, host):
            found[index] = "linked-line"
    for indices in items.values():
        linked = [index for index in indices if _leads_away(blocks[pieces[index].block], host)]
        if len(linked) == len(indices):
            found.update(dict.fromkeys(linked, "linked-list"))
    return {} if _outweigh(found, pieces) else found


def _outweigh(indices: Iterable[int], pieces: Sequence[Piece]) -> bool:
    """Tell whether these lines are most of the text: then they are the article, whatever rule they break."""
    return sum(len(pieces[index].text) for index in indices) >= _MAX_LOSS * sum(len(piece.text) for piece in pieces)


def _list_item(element: HtmlElement) -> HtmlElement | None:
    for step, holder in enumerate((element, *element.iterancestors())):
        if holder.tag == "li":
            return holder
        if step == 2:
            break
    return None


def _leads_away(block: Block, host: str) -> bool:
    return block.linked >= _ITEM_LINK and _same_site(block.href, host)


def _same_site(href: str, host: str) -> bool:
    """Tell whether a link leads to another page of the site (a fragment stays on the page)."""
    if not href or href.startswith(("#", "mailto:", "tel:", "javascript:")):
        return False
    try:
        target = urlsplit(href)
    except ValueError:
        return False
    if not target.netloc:
        return True
    return _site(target.hostname or "") == _site(host)


def _site(host: str) -> str:
    """Return the last two labels of a host: enough to tell `www.` and `m.` of a site from others."""
    return ".".join(host.split(".")[-2:])
