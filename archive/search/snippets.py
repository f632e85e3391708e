"""Mark the matches of a query in the original text, and choose a short extract.

Marks are spans of characters, which a terminal, a web page and a JSON response each render in their own way. Words are
compared by their keys and marked in the text as printed, with vowel signs, elongation and accents.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from archive.search.analysis import phrase_readings, prefix_variants, stemming_language, tokens, word_key, word_readings

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Sequence

    from archive.search.query import Phrase, Query

Span = tuple[int, int]
"""The offset of the first character, and one past the last."""

SNIPPET_WORDS: Final = 30
_BEFORE: Final = 6
_FIRST_READ: Final = 100
_ENOUGH: Final = 4  # different words in an extract, after which reading stops
# A longer text is not a news article; its extract comes from this part.
_MAX_CHARACTERS: Final = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """An extract of a text, the matching spans in it, and whether text was left out before and after it."""

    text: str
    marks: tuple[Span, ...] = ()
    cut_before: bool = False
    cut_after: bool = False

    def pieces(self) -> list[tuple[str, bool]]:
        """Return the text as pieces (text, whether it is marked) in order, including ellipses."""
        return [
            *([("…", False)] if self.cut_before else []),
            *pieces(self.text, self.marks),
            *([("…", False)] if self.cut_after else []),
        ]


def pieces(text: str, marks: Iterable[Span]) -> list[tuple[str, bool]]:
    """Return the text split at its marks: pieces (text, whether it is marked) in order, without empty ones."""
    found: list[tuple[str, bool]] = []
    position = 0
    for start, end in marks:
        found += [(text[position:start], False), (text[start:end], True)]
        position = end
    found.append((text[position:], False))
    return [piece for piece in found if piece[0]]


class _Pattern:
    """The words of a query as keys in the language of one document."""

    def __init__(self, query: Query, language: str) -> None:
        self.language = stemming_language(language)
        self.single: set[str] = set()
        self.beginnings: tuple[str, ...] = ()
        self.phrases: list[tuple[str, ...]] = []
        self.open_phrases: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        phrases = [phrase for clause in query.wanted for phrase in clause.phrases if phrase.column in {"", "title"}]
        for phrase in phrases:
            self._add(phrase)
        self.different = min(
            len({word_key(word, self.language) for phrase in phrases for word in phrase.words}), _ENOUGH
        )

    def _add(self, phrase: Phrase) -> None:
        *before, last = phrase.words
        beginnings = prefix_variants(last) if phrase.prefix else ()
        if not before:
            self.single.update(phrase.keys or word_readings(last, self.language))
            self.beginnings += beginnings
            return
        self.phrases += filter(None, phrase_readings(phrase.words, self.language))
        if phrase.prefix:
            starts = filter(None, phrase_readings(before, self.language))
            self.open_phrases += ((start, beginnings) for start in starts)

    def hits(self, keys: Sequence[str]) -> list[int]:
        """Return the positions of matching keys in a text, ascending."""
        found = {
            position
            for position, key in enumerate(keys)
            if key in self.single or (self.beginnings and key.startswith(self.beginnings))
        }
        for wanted in self.phrases:
            found |= _runs(keys, wanted, ())
        for before, beginnings in self.open_phrases:
            found |= _runs(keys, before, beginnings)
        return sorted(found)


def _runs(keys: Sequence[str], wanted: tuple[str, ...], beginnings: tuple[str, ...]) -> set[int]:
    """Return the positions of each run of keys equal to `wanted`, followed, if `beginnings` are given, by a key with such a prefix."""
    found: set[int] = set()
    length = len(wanted) + bool(beginnings)
    for start in range(len(keys) - length + 1):
        if keys[start] != wanted[0] or tuple(keys[start : start + len(wanted)]) != wanted:
            continue
        if not beginnings or keys[start + length - 1].startswith(beginnings):
            found.update(range(start, start + length))
    return found


def highlight(text: str, query: Query, language: str = "") -> tuple[Span, ...]:
    """Return the spans of the words of a text that match the query, in order; `language` is that of the text (BCP 47)."""
    pattern = _Pattern(query, language)
    spans, keys = _words(text, pattern.language)
    return tuple(spans[position] for position in pattern.hits(keys))


def _words(text: str, language: str) -> tuple[list[Span], list[str]]:
    spans: list[Span] = []
    keys: list[str] = []
    _read_more(tokens(text), language, spans, keys, count=len(text))
    return spans, keys


def _read_more(
    matches: Iterator[re.Match[str]], language: str, spans: list[Span], keys: list[str], *, count: int
) -> bool:
    """Read `count` more words; return False at the end of the text."""
    before = len(keys)
    for match in islice(matches, count):
        spans.append(match.span())
        keys.append(word_key(match.group(), language))
    return len(keys) == before + count


def snippet(text: str, query: Query, language: str = "", length: int = SNIPPET_WORDS) -> Snippet:
    """Return the extract of `length` words that has the most different words of the query; the beginning when none match.

    The text is read only until an extract has all of them.
    """
    text = text[:_MAX_CHARACTERS]
    pattern = _Pattern(query, language)
    matches, spans, keys = tokens(text), list[Span](), list[str]()
    more = _read_more(matches, pattern.language, spans, keys, count=_FIRST_READ)
    hits = pattern.hits(keys)
    while more and not _has_all(hits, keys, length, pattern.different):
        more = _read_more(matches, pattern.language, spans, keys, count=len(keys))
        hits = pattern.hits(keys)
    if not spans:
        return Snippet(text=text[: length * 8].strip(), cut_after=len(text) > length * 8)
    first = _window(hits, keys, length)[0] if hits else 0
    last = min(first + length, len(spans))
    start = spans[first][0] if first else 0
    end = spans[last - 1][1] if last < len(spans) or more else len(text)
    shown = hits[bisect_left(hits, first) : bisect_left(hits, last)]
    return Snippet(
        text=text[start:end],
        marks=tuple((spans[position][0] - start, spans[position][1] - start) for position in shown),
        cut_before=first > 0,
        cut_after=last < len(spans) or more,
    )


def _has_all(hits: Sequence[int], keys: Sequence[str], length: int, wanted: int) -> bool:
    """Return whether a complete extract of the words read so far has `wanted` different words of the query."""
    if not hits:
        return False
    first, different = _window(hits, keys, length)
    return different >= wanted and first + length <= len(keys)


def _window(hits: Sequence[int], keys: Sequence[str], length: int) -> tuple[int, int]:
    """Return the first word of the best extract (most different keys, then most hits, then earliest), and its number of different keys."""
    best, best_value = hits[0], (0, 0)
    for index, start in enumerate(hits):
        inside = hits[index : bisect_left(hits, start + length - _BEFORE)]
        value = (len({keys[position] for position in inside}), len(inside))
        if value > best_value:
            best, best_value = start, value
    return max(0, min(best - _BEFORE, len(keys) - length)), best_value[0]
