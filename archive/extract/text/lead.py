"""Brings back the lead between a title and its text: the lines found and the page's blocks in, missing leads out."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from archive.extract.text.wording import grams, share, words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import TextBlock
    from archive.extract.text.wording import Gram

_LEAD_CLASS = re.compile(
    r"(?:^|[\s_-])(?:lead|lede|leadtext|standfirst|dek|deck|summary|intro|introduction|chapo|chapeau|sapo|vorspann|subtitle|sub-title|subheadline|"
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
            if blocks[i].element.tag == "h1" or is_title(blocks[i].text)
        ),
        -1,
    )
    if start < 0:
        return []
    described = [tokens for tokens in map(words, descriptions) if len(tokens) >= _DESCRIPTION_WORDS]
    have: set[Gram] = set()
    found: list[int] = []
    for index in range(start + 1, first):
        block = blocks[index]
        if index in pieces or block.hook or block.hidden or block.linked > 0.5:
            continue
        tokens = words(block.text)
        if not _MIN_WORDS <= len(tokens) <= _MAX_WORDS or is_title(block.text):
            continue
        if any(_alike(tokens, other) for other in described) or _classed(block.element):
            have = have or grams([word for known in pieces for word in words(blocks[known].text)])
            if share(tokens, have) < 0.5:
                found.append(index)
    return found


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
