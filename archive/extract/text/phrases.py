"""The phrases that sites print around their articles, and the key by which lines are compared.

The phrases are data (`phrases.tsv`, each with the theme, plugin or page in which it was seen). A phrase's `scope` says
where it drops a line: `line` anywhere as a whole line; `edge` only in an unbroken run of dropped lines from the first or
last line; `top` only in the first two lines; `link` only if most of the line is a link; `context` only with the metadata
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
    from collections.abc import Callable, Iterator, Sequence

_WORDS = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_ZEROS = re.compile("0+")
_ASCII = "".join("0" if sign.isdigit() else sign.lower() if sign.isalnum() else " " for sign in map(chr, range(128)))
"""Maps each ASCII character to its form in a key: a lower-case letter, 0 or a blank."""


_LONG_LINE = 200
"""Maximum characters of a line that is searched for all phrases; running text contains no labels."""


def line_key(line: str) -> str:
    """Return the key by which lines are compared: letters folded, each number as 0, without punctuation and extra spaces."""
    size = len(line)
    return _short_key(line) if size <= _LONG_LINE else _long_key(line) if size <= _LONGEST_LINE else _key(line)


def _key(line: str) -> str:
    if line.isascii():  # takes half the time
        key = line.translate(_ASCII)
        return " ".join((_ZEROS.sub("0", key) if "00" in key else key).split())
    return " ".join(_WORDS.findall(_DIGITS.sub("0", fold(line))))


_short_key = lru_cache(maxsize=8192)(_key)
"""Cached because several readers need the same lines, and the pages of a site share those of their frame (at most some 3 MB)."""
_LONGEST_LINE = 2_000
_long_key = lru_cache(maxsize=512)(_key)
"""The same for the paragraphs of one page (at most some 4 MB)."""


Scope = Literal["line", "edge", "top", "link", "context"]


@dataclass(frozen=True, slots=True)
class BoilerplatePhrase:
    """A row of the table: the folded phrase, how it matches, its scope, and the maximum length of the line (0 for any).

    A `request` is a pattern that needs no second sign: the line asks to subscribe to something of the site's own.
    """

    key: str
    language: str
    kind: str
    match: str
    scope: Scope
    max_length: int
    pattern: str

    @property
    def is_whole(self) -> bool:
        """Whether the phrase must be the whole line, except for a number."""
        return self.match in {"exact", "number"}


class PhraseTable:
    """The rows, indexed by whole phrase, and those that may begin a line by first word: most lines begin with a word that no row has."""

    def __init__(self, phrases: Sequence[BoilerplatePhrase]) -> None:
        self._whole: dict[str, list[BoilerplatePhrase]] = {}
        self._numbered: dict[str, list[BoilerplatePhrase]] = {}
        self._begins: dict[str, list[BoilerplatePhrase]] = {}
        self._within = [
            (phrase.key, phrase.max_length or sys.maxsize, phrase) for phrase in phrases if phrase.match == "contains"
        ]
        patterns = [phrase for phrase in phrases if phrase.pattern]
        self._within_long = [row for row in self._within if row[1] > _LONG_LINE]
        self._patterns = _Patterns(patterns)
        self._patterns_long = _Patterns([phrase for phrase in patterns if not 0 < phrase.max_length <= _LONG_LINE])
        self._find_short = lru_cache(maxsize=4096)(self._find)  # several readers ask for the same labels
        for phrase in phrases:
            if phrase.match == "prefix":
                self._begins.setdefault(phrase.key.split(" ", 1)[0], []).append(phrase)
            elif phrase.match in {"exact", "number"}:
                self._whole.setdefault(phrase.key, []).append(phrase)
            if phrase.match == "number":
                self._numbered.setdefault(phrase.key, []).append(phrase)

    def find(self, line: str, key: str) -> Sequence[BoilerplatePhrase]:
        """Return the rows that match the line."""
        return (self._find_short if len(line) <= _LONG_LINE else self._find)(line, key)

    def _find(self, line: str, key: str) -> Sequence[BoilerplatePhrase]:
        low = line.lower()
        size = len(low)
        is_short = len(line) <= _LONG_LINE
        found = [*self._whole.get(key, ()), *(self._without_number(key) if "0" in key else ())]
        found += [
            phrase
            for phrase in self._begins.get(key.split(" ", 1)[0], ())
            if key.startswith(phrase.key) and key[len(phrase.key) : len(phrase.key) + 1] in {"", " "}
        ]
        found = [phrase for phrase in found if not 0 < phrase.max_length < size]
        within = self._within if is_short else self._within_long
        found += [phrase for words, limit, phrase in within if words in key and size <= limit]
        return (*found, *(self._patterns if is_short else self._patterns_long).find(low))

    def _without_number(self, key: str) -> Iterator[BoilerplatePhrase]:
        """Yield the rows that match a line with a number before, after or within the phrase."""
        for rest in {key.removeprefix("0 "), key.removesuffix(" 0"), key.replace(" 0 ", " ")} - {key}:
            yield from self._numbered.get(rest, ())


class _Patterns:
    """Rows with a regular expression.

    Those for the beginning of a line are tested as one expression first, which takes a sixth of the time and hardly ever matches.
    """

    def __init__(self, phrases: Sequence[BoilerplatePhrase]) -> None:
        begin = {phrase.pattern for phrase in phrases if _is_beginning(phrase.pattern)}
        self._rows = [(_test(phrase.pattern), phrase.max_length or sys.maxsize, phrase) for phrase in phrases]
        self._others = [row for row in self._rows if row[2].pattern not in begin]
        self._begins = re.compile("|".join(f"(?:{pattern})" for pattern in begin) or "(?!)").match

    def find(self, line: str) -> list[BoilerplatePhrase]:
        """Return the rows that match a line in lower case, in the order of the table."""
        size = len(line)
        rows = self._rows if self._begins(line) else self._others
        return [phrase for test, limit, phrase in rows if size <= limit and test(line)]


def _test(pattern: str) -> Callable[[str], object]:
    compiled = re.compile(pattern)
    return compiled.match if _is_beginning(pattern) else compiled.search


def _is_beginning(pattern: str) -> bool:
    """Return whether a pattern can match only at the beginning of a line, so that `search` would try every position in vain."""
    return pattern.startswith("^") and "|^" not in pattern


_UNACCENTED = str.maketrans("άέήίόύώϊϋΐΰ", "αεηιουωιυιυ")
"""Greek labels in capitals have no accents."""


def _load() -> PhraseTable:
    phrases: list[BoilerplatePhrase] = []
    with resources.files("archive.extract.text").joinpath("phrases.tsv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            is_pattern = row["match"] in {"regex", "request"}
            own = "" if is_pattern else line_key(row["phrase"])
            phrases.extend(
                BoilerplatePhrase(
                    key=key,
                    language=row["language"],
                    kind=row["kind"],
                    match=row["match"],
                    scope=row["scope"],  # type: ignore[arg-type]
                    max_length=int(row["max_length"] or 0),
                    pattern=row["phrase"] if is_pattern else "",
                )
                for key in dict.fromkeys((own, own.translate(_UNACCENTED)))
            )
    return PhraseTable(phrases)


PHRASES = _load()
