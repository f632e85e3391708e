"""Distinguish the page's own article from others on the page.

Pages with infinite scroll print the next article under the first, and an "About us" box may be longer than a short news
item. The title decides: the text after its heading is the page's article; text elsewhere under its own heading is not.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from archive.extract.model import ALL_LINK
from archive.extract.page import HEADINGS, ancestors, closest, is_in
from archive.extract.text.boxes import is_linked
from archive.extract.text.labels import names_comments, names_publisher
from archive.extract.text.names import (
    boilerplate_evidence,
    count_words,
    ends_sentence,
)
from archive.extract.text.sidebars import in_sidebars

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import TextBlock

_HEADS = frozenset({"header", "hgroup"})
_ARTICLES = frozenset({"article", "main"})
_NEXT = re.compile(r"\b(?:next|continue|infinite|another|following|more-?stor|otherstor)", re.IGNORECASE)
_POST = re.compile(
    r"\b(?:next|more|other|another|following)[-_]?(?:article|story|post|news)\b|\binfinite", re.IGNORECASE
)
_ITEM = re.compile(
    r"(?:^|[\s_-])(?:post|article|story|entry|hentry|news)(?:[-_]?(?:item|wrap|wrapper|container))?(?:\s|$)",
    re.IGNORECASE,
)
_CHAPTERS = 3
_SIBLINGS = 50
"""Boxes of the same class before a box, and boxes of any class, in which to look for the chapters of an article."""
_HEADING_REACH = 8
_LINKED = 0.5
_PARAGRAPHS = 2
_MIN_WORDS = 6
"""Minimum words of a sentence that is no paragraph of running text."""
_LEAST = 200
"""Minimum characters of an article identified only by its position under the title, where a short line may be a slogan."""
_FAR = 40
"""Maximum blocks between the title's heading and the start of its article."""


def own_article(
    found: Collection[int],
    quick: Collection[int],
    blocks: Sequence[TextBlock],
    is_title: Callable[[str], bool],
    *,
    is_marked: bool,
) -> tuple[set[int], bool]:
    """Return the blocks of the page's own article, and whether those found belonged to another.

    `is_marked` says whether the page's markup delimits the text that was found.
    """
    heading = title_heading(blocks, is_title)
    rest = _without_others(heading, found, blocks, is_title) if heading >= 0 else set(found)
    if not any(blocks[index].is_running for index in rest) and len(rest) < len(found):
        first = min(set(found) - rest)
        if own := {index for index in range(heading + 1, first) if blocks[index].is_running}:
            return own, True
    found = rest if is_marked else _without_sidebars(heading, rest, blocks, is_title)
    box = _box(heading, blocks) if heading >= 0 else None
    if box is None:
        return set(found), False
    inside = {index for index in found if is_in(blocks[index].element, box)}
    if any(blocks[index].is_running for index in inside):
        if _is_whole(quick, found, box, blocks):
            return set(quick), True
        end = _next_article(heading, box, blocks, is_title)
        outside = sorted(
            index for index in found if index not in inside and index > heading and blocks[index].is_running
        )
        if outside and _is_another(outside[0], box, blocks):
            end = min(end, outside[0])
        return {index for index in found if index < end} - _menu(heading, found, blocks), False
    outside = sorted(index for index in found if index not in inside and blocks[index].is_running)
    own = _text_in(box, heading, blocks) if outside and _is_another(outside[0], box, blocks) else set()
    return (own, True) if own else (set(found), False)


def _menu(heading: int, found: Collection[int], blocks: Sequence[TextBlock]) -> set[int]:
    """Return the links above the title if they are most of the text."""
    links = {index for index in found if index < heading and blocks[index].is_linked}
    size = sum(len(blocks[index].text) for index in links)
    return links if 2 * size > sum(len(blocks[index].text) for index in found) else set()


def _without_sidebars(
    heading: int, found: Collection[int], blocks: Sequence[TextBlock], is_title: Callable[[str], bool]
) -> set[int]:
    """Return the blocks found without those of sidebars, unless these are all of them."""
    title = heading if heading >= 0 else title_heading(blocks, is_title, hidden=True)
    rest = set(found) - in_sidebars(title, set(found), blocks)
    return rest if rest - {title} else set(found)


def _text_in(box: HtmlElement, heading: int, blocks: Sequence[TextBlock]) -> set[int]:
    """Return the running text in the title's box, without boilerplate; none if it is too little for an article."""
    own = [
        index
        for index in range(heading + 1, len(blocks))
        if blocks[index].is_running
        and closest(blocks[index].element, "li") is None
        and is_in(blocks[index].element, box)
    ]
    if len(own) < _PARAGRAPHS or sum(len(blocks[index].text) for index in own) < _LEAST:
        return set()
    return {
        index
        for index in own
        if all(boilerplate_evidence(node) != "strong" for node in ancestors(blocks[index].element, box))
    }


def title_heading(blocks: Sequence[TextBlock], is_title: Callable[[str], bool], *, hidden: bool = False) -> int:
    """Return the index of the block that is the article's heading, shown or `hidden`, -1 if no h1 or h2 has the title."""
    for index, block in enumerate(blocks):
        if block.hook or block.hidden is not hidden or len(block.text) > 400:
            continue
        heading = closest(block.element, "h1", "h2")
        if heading is not None and heading in islice(ancestors(block.element), 3) and is_title(block.text):
            return index
    return -1


def _box(heading: int, blocks: Sequence[TextBlock]) -> HtmlElement | None:
    """Return the deepest element with the heading and running text under it, or the only `article` below that heading.

    None if there is none without evidence against it in its name.
    """
    holders = {id(node): node for node in ancestors(blocks[heading].element)}
    for index in range(heading + 1, min(len(blocks), heading + _FAR)):
        if not blocks[index].is_running:
            continue
        path: list[HtmlElement] = []
        for node in ancestors(blocks[index].element):
            if id(node) in holders:
                is_foreign = any(boilerplate_evidence(step) == "strong" for step in path) or node.tag in _HEADS
                if not is_foreign:
                    own = next((step for step in path if step.tag == "article"), None)
                    if own is not None and len(list(islice(node.iter("article"), 2))) == 1:
                        return own
                    return None if node.tag in {"body", "html"} else node
                break
            path.append(node)
    return None


def _is_another(first: int, box: HtmlElement, blocks: Sequence[TextBlock]) -> bool:
    """Return whether text that begins outside a box belongs to another article: it has its own heading and its own place.

    The place must be outside the `article` or `main` of the title, or in a box named as that of the next article;
    otherwise the box may be an introduction, followed by sections of the same article.
    """
    element = blocks[first].element
    holder = next(
        (node for node in ancestors(box) if node.tag in _ARTICLES or node.get("itemprop") == "articleBody"), None
    )
    holder = (
        holder
        if holder is not None
        else next((node for node in box.iter() if node.get("itemprop") == "articleBody"), None)
    )
    is_outside = holder is not None and not is_in(element, holder)
    if not is_outside and not any(
        _NEXT.search(f"{n.get('class', '')} {n.get('id', '')}") for n in list(ancestors(element))[:3]
    ):
        return False
    for index in range(first - 1, max(-1, first - _HEADING_REACH), -1):
        other = blocks[index]
        if other.element.tag in HEADINGS:
            return not is_in(other.element, box) and other.linked < _LINKED
        if other.is_running:
            return False
    return False


def _is_whole(quick: Collection[int], found: Collection[int], box: HtmlElement, blocks: Sequence[TextBlock]) -> bool:
    """Return whether the fast result is a short article, and the full result only adds a box under a heading of its own."""
    if not any(blocks[index].is_running for index in quick):
        return False
    if not all(is_in(blocks[index].element, box) for index in quick):
        return False
    others = sorted(index for index in found if not is_in(blocks[index].element, box))
    running = [index for index in others if blocks[index].is_running]
    headings = (
        sum(blocks[index].element.tag in HEADINGS for index in range(others[0] - 1, others[-1] + 1)) if others else 0
    )
    return bool(running) and headings == 1 and _is_another(running[0], box, blocks)


def _without_others(
    heading: int, found: Collection[int], blocks: Sequence[TextBlock], is_title: Callable[[str], bool]
) -> set[int]:
    """Return the blocks found without those of other posts, of a text on the publisher and, if they are all there is, of comments."""
    others = _other_posts(heading, blocks, is_title) or _only_comments(heading, found, blocks)
    end = _text_on_publisher(heading, blocks)
    return {index for index in found if index < end and index not in others}


def _text_on_publisher(heading: int, blocks: Sequence[TextBlock]) -> int:
    """Return the block of a heading such as "About us" in a box of its own after the text; if there is none, the number of blocks."""
    last = None
    for index in range(heading + 1, len(blocks)):
        block = blocks[index]
        if block.is_running or (count_words(block.text) >= _MIN_WORDS and ends_sentence(block.text)):
            last = block.element
        elif last is not None and block.element.tag in HEADINGS and names_publisher(block.text):
            box = block.element.getparent()
            if box is not None and not is_in(last, box):
                return index if _is_last_part(index, blocks) else len(blocks)
    return len(blocks)


def _is_last_part(heading: int, blocks: Sequence[TextBlock]) -> bool:
    """Return whether no other heading with running text under it follows a heading."""
    following = (index for index in range(heading + 1, len(blocks)) if blocks[index].element.tag in HEADINGS)
    first = next(following, len(blocks))
    return not any(block.is_running for block in blocks[first:])


def _only_comments(heading: int, found: Collection[int], blocks: Sequence[TextBlock]) -> set[int]:
    """Return the blocks found if all of them are readers' comments, and the article's text is between the title and them."""
    first = min((index for index in found if blocks[index].is_running), default=-1)
    for index in range(first - 1, max(heading, first - _HEADING_REACH), -1):
        block = blocks[index]
        if block.element.tag in HEADINGS and names_comments(block.text):
            told = sum(blocks[at].is_running for at in range(heading + 1, index))
            return {at for at in found if at > index} if told >= _PARAGRAPHS else set()
    return set()


def _other_posts(heading: int, blocks: Sequence[TextBlock], is_title: Callable[[str], bool]) -> set[int]:
    """Return the blocks of posts after the article, each in an `article` with its own h1, or in a last box.

    The box is named so, or under a linked title. There are none if no text is between the page's title and them.
    """
    posts: dict[HtmlElement, int] = {}
    title = said = blocks[heading].element
    for index in range(heading + 1, len(blocks)):
        block = blocks[index]
        if block.is_running:
            said = block.element
        if block.element.tag not in HEADINGS or block.hidden or block.hook or is_title(block.text):
            continue
        if block.element.tag == "h1":
            box = closest(block.element, "article")
        elif block.linked >= ALL_LINK and block.href[:1] != "#":
            box = block.element.getparent()
        else:
            box = next((node for node in islice(ancestors(block.element), 1, 4) if _names_post(node)), None)
        if box is not None and not (box in posts or is_in(title, box) or is_in(said, box) or _is_chapter(box)):
            posts[box] = index
    inside = {
        index: box
        for index in range(min(posts.values(), default=len(blocks)), len(blocks))
        if (box := next((node for node in ancestors(blocks[index].element) if node in posts), None)) is not None
    }
    told = Counter(box for index, box in inside.items() if blocks[index].is_running)
    titled = [box for box in posts if told[box] >= _PARAGRAPHS and (len(told) == 1 or box.tag == "article")]
    if not titled:
        return set()
    first = min(posts[box] for box in titled)
    before = sum(blocks[index].is_running for index in range(heading + 1, first))
    after = (index for index in range(max(inside), len(blocks)) if index not in inside and blocks[index].is_running)
    if before < _PARAGRAPHS or (titled[0].tag != "article" and next(after, None) is not None):
        return set()
    return {index for index, box in inside.items() if box in titled}


def _is_chapter(box: HtmlElement) -> bool:
    """Return whether a box has a sibling of the same tag and class before it whose heading is not linked."""
    before = islice(box.itersiblings(str(box.tag), preceding=True), _SIBLINGS)
    alike = (other for other in before if other.get("class") == box.get("class"))
    titles = (next(other.iter("h2", "h3", "h4"), None) for other in islice(alike, _CHAPTERS))
    return box.tag != "article" and any(title is not None and not is_linked(title) for title in titles)


def _names_post(element: HtmlElement) -> bool:
    """Return whether an element is named as the page's next article."""
    return _POST.search(f"{element.get('class', '')} {element.get('id', '')}") is not None


def next_article(heading: int, blocks: Sequence[TextBlock], is_title: Callable[[str], bool]) -> int:
    """Return the block at which the page's next article begins, the number of blocks if there is none."""
    box = _box(heading, blocks) if heading >= 0 else None
    return len(blocks) if box is None else _next_article(heading, box, blocks, is_title)


def _next_article(heading: int, box: HtmlElement, blocks: Sequence[TextBlock], is_title: Callable[[str], bool]) -> int:
    """Return the block at which the page's next article begins, under its own h1 in a box similar to the first.

    If the title is an h2, so is that of the next article, in a box of the same class, which names an article.
    """
    names = box.get("class") or ""
    may_be_h2 = blocks[heading].element.tag == "h2" and _ITEM.search(names) is not None
    for index in range(heading + 1, len(blocks)):
        block = blocks[index]
        is_h2 = may_be_h2 and block.element.tag == "h2"
        if (
            not (is_h2 or block.element.tag == "h1")
            or block.hidden
            or is_title(block.text)
            or is_in(block.element, box)
        ):
            continue
        other = next((node for node in ancestors(block.element) if node.tag == box.tag), None)
        is_like = other is not None and (other.get("class") == names if is_h2 else _is_like(other, box))
        if other is not None and is_like and not is_in(box, other):
            return index
    return len(blocks)


def _is_like(one: HtmlElement, other: HtmlElement) -> bool:
    """Return whether two elements have a class in common, or both have none."""
    own, others = ((element.get("class") or "").split() for element in (one, other))
    return own == others or not set(own).isdisjoint(others)
