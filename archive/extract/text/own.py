"""Distinguish the page's own article from another that the page holds, and find its standfirst.

Endless pages print the next article under the first, and a box «About us» may be longer than a short item. The title
binds: what follows its heading is the page's article; what stands elsewhere under a heading of its own is another's.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from archive.extract.page import HEADINGS, ancestors, is_in
from archive.extract.text.names import count_words, ends_sentence, folded_words, grams, quads, share, speaks_against

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import TextBlock
    from archive.extract.text.names import Gram

_HEADS = frozenset({"header", "hgroup"})
_ARTICLES = frozenset({"article", "main"})
_NEXT = re.compile(r"\b(?:next|continue|infinite|another|following|more-?stor|otherstor)", re.IGNORECASE)
_HEADING_REACH = 8
_LINKED = 0.5
_ALL_LINK = 0.9
_MOSTLY = 0.6
_PARAGRAPHS = 2
_LEAST = 200
"""Characters of an article that the title's place alone can prove; a line under the title may be a slogan."""
_FAR = 40
"""Blocks behind the title's heading among which its article begins."""


def own_article(
    found: Collection[int], quick: Collection[int], blocks: Sequence[TextBlock], is_title: Callable[[str], bool]
) -> tuple[set[int], bool]:
    """Return the blocks found that are the page's own article's, and whether others had been found in their stead."""
    heading = title_heading(blocks, is_title)
    box = _box(heading, blocks) if heading >= 0 else None
    if box is None:
        return set(found), False
    inside = {index for index in found if is_in(blocks[index].element, box)}
    if any(blocks[index].is_running for index in inside):
        if _is_whole(quick, found, box, blocks):
            return set(quick), True
        end = _next_article(heading, box, blocks, is_title)
        others = sorted(
            index for index in found if index not in inside and index > heading and blocks[index].is_running
        )
        if others and (_is_another(others[0], box, blocks) or _are_teasers(others, blocks)):
            end = min(end, others[0])
        return {index for index in found if index < end}, False
    others = sorted(index for index in found if index not in inside and blocks[index].is_running)
    if not others or not _is_another(others[0], box, blocks):
        return set(found), False
    own = [
        index
        for index in range(heading + 1, len(blocks))
        if blocks[index].is_running and blocks[index].element.tag != "li" and is_in(blocks[index].element, box)
    ]
    if len(own) < _PARAGRAPHS or sum(len(blocks[index].text) for index in own) < _LEAST:
        return set(found), False
    return {
        index
        for index in own
        if all(speaks_against(node) != "strong" for node in ancestors(blocks[index].element, box))
    }, True


def title_heading(blocks: Sequence[TextBlock], is_title: Callable[[str], bool]) -> int:
    """Return the block that is the article's heading, -1 when no h1 or h2 says the title."""
    for index, block in enumerate(blocks):
        if block.hook or block.hidden or len(block.text) > 400:
            continue
        if any(node.tag in {"h1", "h2"} for node in islice(ancestors(block.element), 3)) and is_title(block.text):
            return index
    return -1


def _box(heading: int, blocks: Sequence[TextBlock]) -> HtmlElement | None:
    """Return the deepest element that holds the heading and running text under it, which no name speaks against."""
    holders = {id(node): node for node in ancestors(blocks[heading].element)}
    for index in range(heading + 1, min(len(blocks), heading + _FAR)):
        if not blocks[index].is_running:
            continue
        path: list[HtmlElement] = []
        for node in ancestors(blocks[index].element):
            if id(node) in holders:
                is_foreign = any(speaks_against(step) == "strong" for step in path) or node.tag in _HEADS
                if not is_foreign:
                    return None if node.tag in {"body", "html"} else node
                break
            path.append(node)
    return None


def _is_another(first: int, box: HtmlElement, blocks: Sequence[TextBlock]) -> bool:
    """Tell whether text that begins outside a box is another's: under a heading of its own, and in a place of its own.

    Its place is its own when it stands outside the `article` or `main` that the title stands in, or in a box whose name
    says that it comes next. An introduction in a box of its own is followed by sections of the same article.
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


def _are_teasers(others: Sequence[int], blocks: Sequence[TextBlock]) -> bool:
    """Tell whether lines outside the box of the title stand, one by one, under links to what they are about."""
    titled = sum(blocks[index - 1].linked >= _ALL_LINK for index in others)
    return titled > 1 and titled >= _MOSTLY * len(others)


def _is_whole(quick: Collection[int], found: Collection[int], box: HtmlElement, blocks: Sequence[TextBlock]) -> bool:
    """Tell whether a quick answer is a short article, and what a full one adds is one box under a heading of its own."""
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


def _next_article(heading: int, box: HtmlElement, blocks: Sequence[TextBlock], is_title: Callable[[str], bool]) -> int:
    """Return where the next article of the page begins: under an h1 of its own, in a box like that of the first."""
    for index in range(heading + 1, len(blocks)):
        block = blocks[index]
        if block.element.tag != "h1" or block.hidden or is_title(block.text) or is_in(block.element, box):
            continue
        other = next((node for node in ancestors(block.element) if node.tag == box.tag), None)
        if other is not None and _is_like(other, box) and not is_in(box, other):
            return index
    return len(blocks)


def _is_like(one: HtmlElement, other: HtmlElement) -> bool:
    """Tell whether two elements have a class in common, or both none."""
    own, others = ((element.get("class") or "").split() for element in (one, other))
    return own == others or not set(own).isdisjoint(others)


# The lead that stands between the title and the text, where the text found lacks it.

_LEAD_CLASS = re.compile(
    r"(?:^|[\s_-])(?:lead|lede|preamble|teaser-text|lead-text|leadtext|standfirst|dek|deck|summary|intro|introduction|chapo|chapeau|sapo|vorspann|subtitle|sub-title|subheadline|"
    r"subhead|abstract|ingress|entradilla|bajada|sommario|occhiello|catenaccio|description|excerpt|perex|anons|manchette|teaser)(?:$|[\s_-])",
    re.IGNORECASE,
)
_MIN_WORDS = 6
_MAX_WORDS = 120
_REACH = 30
"""Blocks between the title and the text among which the lead is looked for."""
_DESCRIPTION_WORDS = 8
_ALIKE = 0.85


def find_lead(
    pieces: Sequence[int], blocks: Sequence[TextBlock], descriptions: Sequence[str], is_title: Callable[[str], bool]
) -> list[int]:
    """Return the blocks that are the lead and missing from the lines, in page order."""
    first = next(
        (
            index
            for index in pieces
            if len(folded_words(blocks[index].text)) >= _MIN_WORDS and not is_title(blocks[index].text)
        ),
        -1,
    )
    if first < 0:
        return []
    start = next(
        (
            i
            for i in range(first - 1, max(-1, first - _REACH), -1)
            if is_title(blocks[i].text) or any(node.tag == "h1" for node in islice(ancestors(blocks[i].element), 3))
        ),
        -1,
    )
    if start < 0:
        return []
    described = [tokens for tokens in map(folded_words, descriptions) if len(tokens) >= _DESCRIPTION_WORDS]
    between = [
        index
        for index in range(start + 1, first)
        if index not in pieces and _may_be_lead(blocks[index]) and not is_title(blocks[index].text)
    ]
    if not between:
        return []
    have: set[Gram] | None = None
    run = _only_run(between, blocks)
    found: list[int] = []
    for index in between:
        tokens = folded_words(blocks[index].text)
        if index not in run:
            if not _has_size_of_lead([blocks[index].text]):
                continue
            if not any(_alike(tokens, other) for other in described) and not is_lead_class(blocks[index].element):
                continue
        if have is None:
            said = [word for known in pieces for word in folded_words(blocks[known].text)]
            is_long = all(len(folded_words(blocks[other].text)) >= _MIN_WORDS for other in between)
            have = quads(said) if is_long else grams(said)
        if share(tokens, have) < 0.5:
            found.append(index)
    return found


def _may_be_lead(block: TextBlock) -> bool:
    return not block.hook and not block.hidden and block.linked <= 0.5


def _has_size_of_lead(texts: Sequence[str]) -> bool:
    least = sum(len(folded_words(text)) for text in texts)
    return least >= _MIN_WORDS and sum(map(count_words, texts)) <= _MAX_WORDS


def _only_run(between: Sequence[int], blocks: Sequence[TextBlock]) -> set[int]:
    """Return the sentences between the title and the text when they all stand in one place and nothing speaks against it."""
    sentences = [index for index in between if ends_sentence(blocks[index].text)]
    if any(blocks[index].element.tag == "li" for index in sentences):
        return set()
    places = {blocks[index].element.getparent() for index in sentences}
    if len(places) != 1 or not _has_size_of_lead([blocks[index].text for index in sentences]):
        return set()
    element = blocks[sentences[0]].element
    holders = list(ancestors(element))[:4]
    if any(speaks_against(node) for node in holders if node.tag not in {"header", "article", "main", "body"}):
        return set()
    return set(sentences)


def _alike(tokens: Sequence[str], other: Sequence[str]) -> bool:
    bag, known = Counter(tokens), Counter(other)
    common = (bag & known).total()
    return (
        2 * common >= _ALIKE * (len(tokens) + len(other))
        or common >= 0.9 * min(len(tokens), len(other)) >= _DESCRIPTION_WORDS * 0.9
    )


def is_lead_class(element: HtmlElement) -> bool:
    """Tell whether an element, or one of the two around it, is named the lead."""
    for step, node in enumerate((element, *element.iterancestors())):
        if step > 2 or node.tag in {"body", "html", "article", "main"}:
            return False
        if _LEAD_CLASS.search(node.get("class") or "") or node.get("itemprop") in {
            "description",
            "alternativeHeadline",
        }:
            return True
    return False
