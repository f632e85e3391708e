"""Brings back the lead between a title and its text: the lines found and the page's blocks in, missing leads out."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from archive.extract.page import ancestors
from archive.extract.text.names import speaks_against
from archive.extract.text.wording import grams, share, words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import TextBlock

_LEAD_CLASS = re.compile(
    r"(?:^|[\s_-])(?:lead|lede|preamble|teaser-text|lead-text|leadtext|standfirst|dek|deck|summary|intro|introduction|chapo|chapeau|sapo|vorspann|subtitle|sub-title|subheadline|"
    r"subhead|abstract|ingress|entradilla|bajada|sommario|occhiello|catenaccio|description|excerpt|perex|anons|manchette|teaser)(?:$|[\s_-])",
    re.IGNORECASE,
)
_MIN_WORDS = 6
_MAX_WORDS = 120
_STOPS = (".", "!", "?", "؟", "۔", "。")
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
            if len(words(blocks[index].text)) >= _MIN_WORDS and not is_title(blocks[index].text)
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
    described = [tokens for tokens in map(words, descriptions) if len(tokens) >= _DESCRIPTION_WORDS]
    between = [
        index
        for index in range(start + 1, first)
        if index not in pieces and _may_be_lead(blocks[index]) and not is_title(blocks[index].text)
    ]
    if not between:
        return []
    have = grams([word for known in pieces for word in words(blocks[known].text)])
    run = _only_run(between, blocks)
    found: list[int] = []
    for index in between:
        tokens = words(blocks[index].text)
        if index not in run:
            if not _MIN_WORDS <= len(tokens) <= _MAX_WORDS:
                continue
            if not any(_alike(tokens, other) for other in described) and not _classed(blocks[index].element):
                continue
        if share(tokens, have) < 0.5:
            found.append(index)
    return found


def _may_be_lead(block: TextBlock) -> bool:
    return not block.hook and not block.hidden and block.linked <= 0.5


def _only_run(between: Sequence[int], blocks: Sequence[TextBlock]) -> set[int]:
    """Return the sentences between the title and the text when they all stand in one place and nothing speaks against it."""
    sentences = [index for index in between if blocks[index].text.endswith(_STOPS)]
    if any(blocks[index].element.tag == "li" for index in sentences):
        return set()
    places = {blocks[index].element.getparent() for index in sentences}
    size = sum(len(words(blocks[index].text)) for index in sentences)
    if len(places) != 1 or not _MIN_WORDS <= size <= _MAX_WORDS:
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


def _classed(element: HtmlElement) -> bool:
    for step, node in enumerate((element, *element.iterancestors())):
        if step > 2 or node.tag in {"body", "html", "article", "main"}:
            return False
        if _LEAD_CLASS.search(node.get("class") or "") or node.get("itemprop") in {
            "description",
            "alternativeHeadline",
        }:
            return True
    return False
