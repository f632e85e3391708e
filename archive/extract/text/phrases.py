"""The phrases that sites print around their articles, and the key by which lines are compared.

They are data (`phrases.tsv`, each with the theme, plugin or page it was seen in). A phrase's `scope` says how much proof
a drop needs: `line` anywhere as a whole line; `edge` only in an unbroken run of dropped lines from the first or the last
line; `top` only among the first two lines; `link` only when most of the line is a link; `context` only with the metadata
value that it labels.
"""

from __future__ import annotations

import csv
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from archive.arabic import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WORDS = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_ASCII = "".join(chr(code).lower() if chr(code).isalnum() else " " for code in range(128))
"""What each ASCII character is in a key: a small letter, a digit or a blank."""


_LONG_LINE = 200
"""Characters beyond which hardly a phrase fits: running text is not searched for labels."""


def line_key(line: str) -> str:
    """Return what makes two lines the same line: letters folded, each number a 0, punctuation and spacing off."""
    size = len(line)
    return _short_key(line) if size <= _LONG_LINE else _long_key(line) if size <= _LONGEST_LINE else _key(line)


def _key(line: str) -> str:
    if line.isascii():  # in half the time
        return " ".join(_DIGITS.sub("0", line.translate(_ASCII)).split())
    return " ".join(_WORDS.findall(_DIGITS.sub("0", fold(line))))


_short_key = lru_cache(maxsize=8192)(_key)
"""Several readers ask for the same lines, and the pages of a site share those of their frame (some 3 MB at most)."""
_LONGEST_LINE = 2_000
_long_key = lru_cache(maxsize=512)(_key)
"""The same for the paragraphs of one page (some 4 MB at most)."""


Scope = Literal["line", "edge", "top", "link", "context"]


@dataclass(frozen=True, slots=True)
class BoilerplatePhrase:
    """One row of the table: the folded phrase, how it matches, where it counts, how long the line may be (0: any)."""

    key: str
    language: str
    kind: str
    match: str
    scope: Scope
    max_length: int
    test: Callable[[str], object] | None

    @property
    def is_whole(self) -> bool:
        """Whether the phrase is all that a line says, but for a number."""
        return self.match in {"exact", "number"}

    def fits(self, line: str, key: str) -> bool:
        """Tell whether the line, in small letters (its `line_key` is `key`), begins with the phrase, or is it."""
        if self.max_length and len(line) > self.max_length:
            return False
        if self.match == "prefix":
            return key == self.key or key.startswith(self.key + " ")
        if self.match == "number":
            return key in {self.key, f"0 {self.key}", f"{self.key} 0"} or key.replace(" 0 ", " ") == self.key
        return key == self.key


class PhraseTable:
    """The rows, found by the first word of a line (most lines start with a word that no row has)."""

    def __init__(self, phrases: Sequence[BoilerplatePhrase]) -> None:
        self._by_word: dict[str, list[BoilerplatePhrase]] = {}
        self._within = [
            (phrase.key, phrase.max_length or sys.maxsize, phrase) for phrase in phrases if phrase.match == "contains"
        ]
        self._patterns = [(phrase.test, phrase.max_length or sys.maxsize, phrase) for phrase in phrases if phrase.test]
        self._within_long = [row for row in self._within if row[1] > _LONG_LINE]
        self._patterns_long = [row for row in self._patterns if row[1] > _LONG_LINE]
        for phrase in phrases:
            if phrase.match in {"contains", "regex"}:
                continue
            self._by_word.setdefault(phrase.key.split(" ", 1)[0], []).append(phrase)
            if phrase.match == "number":
                self._by_word.setdefault("0", []).append(phrase)

    def find(self, line: str, key: str) -> list[BoilerplatePhrase]:
        """Return the rows that the line fits."""
        low = line.lower()
        size = len(low)
        is_short = len(line) <= _LONG_LINE
        found = [phrase for phrase in self._by_word.get(key.split(" ", 1)[0], ()) if phrase.fits(low, key)]
        within = self._within if is_short else self._within_long
        found += [phrase for words, limit, phrase in within if words in key and size <= limit]
        patterns = self._patterns if is_short else self._patterns_long
        found += [phrase for search, limit, phrase in patterns if size <= limit and search(low)]
        return found


def _load() -> PhraseTable:
    phrases = []
    with resources.files("archive.extract.text").joinpath("phrases.tsv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            is_pattern = row["match"] == "regex"
            phrases.append(
                BoilerplatePhrase(
                    key="" if is_pattern else line_key(row["phrase"]),
                    language=row["language"],
                    kind=row["kind"],
                    match=row["match"],
                    scope=row["scope"],  # type: ignore[arg-type]
                    max_length=int(row["max_length"] or 0),
                    test=_test(row["phrase"]) if is_pattern else None,
                )
            )
    return PhraseTable(phrases)


def _test(pattern: str) -> Callable[[str], object]:
    """Return what finds a pattern in a line of small letters: a search looks at each letter, even for the line's beginning."""
    compiled = re.compile(pattern)
    return compiled.match if pattern.startswith("^") and "|^" not in pattern else compiled.search


PHRASES = _load()
