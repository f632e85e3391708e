"""Whether what a page serves now is a teaser: the beginning of a text that is held whole, cut off where a paywall stands."""

from __future__ import annotations

import re
from typing import Final

LARGEST_SHARE: Final = 0.6
"""Share of the words of the whole text that a teaser has at most: an edited article keeps more."""
MOST_WORDS: Final = 1000
"""Words of a teaser at most; a longer text is an article, whatever is missing of it."""
LOOKED_AT: Final = 100_000
"""Characters of the whole text in which the lines of a teaser are looked for: with MOST_WORDS, a bound on the time."""
LARGEST_OFFER: Final = 40
"""Words of the offer that stands below a teaser."""
LEAST_KEPT: Final = 8
"""Words that a teaser has of the whole text at least: a short line may stand in any text."""
BEGINNING: Final = 0.25
"""Share of the whole text within which its teaser begins: an introduction may have been left out."""
_CUT_OFF: Final = re.compile(r" ?(?:\.\.\.|…)$")


def is_teaser(text: str, whole: str, *, is_free: bool | None) -> bool:
    """Whether `text` is a teaser of the text `whole`; `is_free` is what its page says of access.

    It begins as the whole does and has much less of it, and then either the page says that it is not free, or its last line breaks
    off inside a line of the whole. Without such a sign it is an article that was made shorter.
    """
    words, all_words = len(text.split()), len(whole.split())
    if not 0 < words <= min(MOST_WORDS, LARGEST_SHARE * all_words):
        return False
    flat = " ".join(whole[:LOOKED_AT].split())
    kept = [line for line in map(_whole_line, text.split("\n")) if line in flat]
    kept_words = sum(len(line.split()) for line in kept)
    if kept_words < LEAST_KEPT or words - kept_words > LARGEST_OFFER or flat.find(kept[0]) > BEGINNING * len(flat):
        return False
    return is_free is False or any(_breaks_off(line, flat) for line in text.split("\n"))


def _whole_line(line: str) -> str:
    return _CUT_OFF.sub("", " ".join(line.split()))


def _breaks_off(line: str, flat: str) -> bool:
    """Whether a line ends in dots where the whole text goes on."""
    line = " ".join(line.split())
    kept = _CUT_OFF.sub("", line)
    return kept not in {"", line} and kept in flat and line not in flat
