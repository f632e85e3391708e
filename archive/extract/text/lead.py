"""Find the lead between an article's title and its text, if it is missing from the text found."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from archive.extract.page import ancestors
from archive.extract.text.names import (
    boilerplate_evidence,
    count_words,
    ends_sentence,
    folded_words,
    grams,
    quads,
    share,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import TextBlock
    from archive.extract.text.names import Gram

_LEAD_CLASS = re.compile(
    r"(?:^|[\s_-])(?:lead|lede|preamble|teaser-text|lead-text|leadtext|standfirst|dek|deck|summary|intro|introduction|chapo|chapeau|sapo|vorspann|subtitle|sub-title|subheadline|sub-headline|sub-head|"
    r"subhead|abstract|ingress|entradilla|bajada|sommario|occhiello|catenaccio|description|excerpt|perex|anons|manchette|teaser|epigraph|epigrafe|copete|sumario|subtitulo|linha-fina)"
    r"(?:$|[\s_-])",
    re.IGNORECASE,
)
_HUMP = re.compile("(?<=[a-z])(?=[A-Z])")
"""The boundary between words in camel case (`articleLead`)."""
_MIN_WORDS = 6
_MAX_WORDS = 120
_SUBTITLES = frozenset({"h2", "h3", "h4"})
_REACH = 30
"""Maximum blocks between title and text in which the lead is searched for."""
_DESCRIPTION_WORDS = 8
_ALIKE = 0.85
_SAID, _SUBTITLE_SAID = 0.5, 0.9
"""Share of a lead's word sequences in the text from which it repeats a paragraph."""


def find_lead(
    pieces: Sequence[int], blocks: Sequence[TextBlock], descriptions: Sequence[str], is_title: Callable[[str], bool]
) -> list[int]:
    """Return the blocks of the lead that are missing from those found, in page order."""
    first = next(
        (
            index
            for index in pieces
            if len(folded_words(blocks[index].text)) >= _MIN_WORDS and not _is_heading(blocks[index], is_title)
        ),
        -1,
    )
    if first < 0:
        return []
    start = next((i for i in range(first - 1, max(-1, first - _REACH), -1) if _is_heading(blocks[i], is_title)), -1)
    if start < 0:
        return []
    described = [tokens for tokens in map(folded_words, descriptions) if len(tokens) >= _MIN_WORDS]
    between = [
        index
        for index in range(start + 1, first)
        if index not in pieces and _may_be_lead(blocks[index]) and not is_title(blocks[index].text)
    ]
    if not between:
        return []
    have: set[Gram] | None = None
    run = _only_run(between, blocks)
    held = _texts_by_element(between, blocks)
    found: list[int] = []
    for index in between:
        tokens = folded_words(blocks[index].text)
        is_subtitle = index == start + 1 and blocks[index].element.tag in _SUBTITLES
        if index not in run:
            if not _has_size_of_lead(held[blocks[index].element]):
                continue
            if not (
                is_subtitle or is_lead_class(blocks[index].element) or any(_alike(tokens, one) for one in described)
            ):
                continue
        if have is None:
            said = [word for known in pieces for word in folded_words(blocks[known].text)]
            is_long = all(len(folded_words(blocks[other].text)) >= _MIN_WORDS for other in between)
            have = quads(said) if is_long else grams(said)
        if share(tokens, have) < (_SUBTITLE_SAID if is_subtitle else _SAID):
            found.append(index)
    return found


def _texts_by_element(indices: Sequence[int], blocks: Sequence[TextBlock]) -> dict[HtmlElement, list[str]]:
    """Return the lines of each element, several if it has line breaks."""
    held: dict[HtmlElement, list[str]] = {}
    for index in indices:
        held.setdefault(blocks[index].element, []).append(blocks[index].text)
    return held


def _is_heading(block: TextBlock, is_title: Callable[[str], bool]) -> bool:
    """Return whether a block is the title, or is in an h1."""
    return is_title(block.text) or any(node.tag == "h1" for node in islice(ancestors(block.element), 3))


def _may_be_lead(block: TextBlock) -> bool:
    return not block.hook and not block.hidden and block.linked <= 0.5


def _has_size_of_lead(texts: Sequence[str]) -> bool:
    least = sum(len(folded_words(text)) for text in texts)
    return least >= _MIN_WORDS and sum(map(count_words, texts)) <= _MAX_WORDS


def _only_run(between: Sequence[int], blocks: Sequence[TextBlock]) -> set[int]:
    """Return the sentences between title and text if they are all in one place, without evidence against it."""
    sentences = [index for index in between if ends_sentence(text := blocks[index].text) and not _is_count(text)]
    if any(blocks[index].element.tag == "li" for index in sentences):
        return set()
    places = {blocks[index].element.getparent() for index in sentences}
    if len(places) != 1 or not _has_size_of_lead([blocks[index].text for index in sentences]):
        return set()
    element = blocks[sentences[0]].element
    holders = list(ancestors(element))[:4]
    if any(boilerplate_evidence(node) for node in holders if node.tag not in {"header", "article", "main", "body"}):
        return set()
    return set(sentences)


def _is_count(text: str) -> bool:
    """Return whether a text is a few words with a number: `2 min.`."""
    return any(map(str.isdecimal, text)) and count_words(text) < _MIN_WORDS


def _alike(tokens: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether a text is a description, or has mostly the same words as a longer one."""
    if len(other) < _DESCRIPTION_WORDS:
        return tokens == other
    bag, known = Counter(tokens), Counter(other)
    common = (bag & known).total()
    return (
        2 * common >= _ALIKE * (len(tokens) + len(other))
        or common >= 0.9 * min(len(tokens), len(other)) >= _DESCRIPTION_WORDS * 0.9
    )


def is_lead_class(element: HtmlElement) -> bool:
    """Return whether an element, or one of its two nearest ancestors, is named as the lead."""
    for step, node in enumerate((element, *element.iterancestors())):
        if step > 2 or node.tag in {"body", "html", "article", "main"}:
            return False
        if names_lead(node.get("class") or "") or node.get("itemprop") in {"description", "alternativeHeadline"}:
            return True
    return False


@lru_cache(maxsize=4096)
def names_lead(names: str) -> bool:
    """Return whether class names are those of a lead."""
    return _LEAD_CLASS.search(_HUMP.sub("-", names)) is not None
