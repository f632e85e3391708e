"""Compares texts by their words: strings in, folded words and shares of common word sequences out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archive.arabic import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNSPACED = "぀-ヿ㐀-鿿가-힯฀-๿က-႟"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
"""A word, or one character of a script written without spaces (kana, han, hangul, Thai, Burmese)."""

_ORDER = 4
"""Words in a row that two texts must share to say the same (the shingles of the scrapinghub benchmark)."""

Gram = tuple[str, ...]


def words(text: str) -> list[str]:
    """Return the folded words of a text."""
    return _WORD.findall(fold(text))


def grams(text_words: Sequence[str]) -> set[Gram]:
    """Return the sequences of one to four words that a text has (short lines are compared by their whole length)."""
    found: set[Gram] = set()
    for size in range(1, _ORDER + 1):
        found.update(zip(*(text_words[start:] for start in range(size)), strict=False))
    return found


def quads(text_words: Sequence[str]) -> set[Gram]:
    """Return the sequences of four words that a text has: enough for the `share` of lines of four words and more."""
    return set(zip(*(text_words[start:] for start in range(_ORDER)), strict=False))


def share(line_words: Sequence[str], of: set[Gram]) -> float:
    """Return how much of a line (0 to 1) is in a text whose `grams` are given."""
    size = min(_ORDER, len(line_words))
    if not size:
        return 0.0
    sequences = list(zip(*(line_words[start:] for start in range(size)), strict=False))
    return sum(sequence in of for sequence in sequences) / len(sequences)
