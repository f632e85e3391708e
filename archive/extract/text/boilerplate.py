"""Decides which lines of a text are not the article's: lines and what is known of the page in, a rule for each out.

The phrases are data (`phrases.tsv`, each with the theme, plugin or page it was seen in). A phrase's `scope` says how
much proof a drop needs: `line` anywhere as a whole line; `edge` only in an unbroken run of dropped lines from the first
or the last line; `top` only among the first two lines; `link` only when most of the line is a link; `context` only with
the metadata value that it labels.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from archive.arabic import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

_WORDS = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")


_LONG_LINE = 200
"""Characters beyond which hardly a phrase fits: running text is not searched for labels."""


def line_key(line: str) -> str:
    """Return what makes two lines the same line: letters folded, each number a 0, punctuation and spacing off."""
    return _short_key(line) if len(line) <= _LONG_LINE else _key(line)


def _key(line: str) -> str:
    return " ".join(_WORDS.findall(_DIGITS.sub("0", fold(line))))


_short_key = lru_cache(maxsize=8192)(_key)
"""Several readers ask for the same lines, and the pages of a site share those of their frame (some 3 MB at most)."""


Scope = Literal["line", "edge", "top", "link", "context"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """One row of the table: the folded phrase, how it matches, where it counts, how long the line may be (0: any)."""

    key: str
    kind: str
    match: str
    scope: Scope
    max_length: int
    pattern: re.Pattern[str] | None

    def fits(self, line: str, key: str) -> bool:
        """Tell whether the line, in small letters (its `line_key` is `key`), is what the phrase says."""
        if self.max_length and len(line) > self.max_length:
            return False
        if self.pattern is not None:
            return self.pattern.search(line) is not None
        if self.match == "prefix":
            return key == self.key or key.startswith(self.key + " ")
        if self.match == "contains":
            return self.key in key
        if self.match == "number":
            return key in {self.key, f"0 {self.key}", f"{self.key} 0"} or key.replace(" 0 ", " ") == self.key
        return key == self.key


class PhraseTable:
    """The rows, found by the first word of a line (most lines start with a word that no row has)."""

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        self._by_word: dict[str, list[Phrase]] = {}
        self._within = [phrase for phrase in phrases if phrase.match == "contains"]
        self._patterns = [phrase for phrase in phrases if phrase.match == "regex"]
        self._in_long_lines = [
            phrase
            for phrase in (*self._within, *self._patterns)
            if not phrase.max_length or phrase.max_length > _LONG_LINE
        ]
        for phrase in phrases:
            if phrase.match in {"contains", "regex"}:
                continue
            self._by_word.setdefault(phrase.key.split(" ", 1)[0], []).append(phrase)
            if phrase.match == "number":
                self._by_word.setdefault("0", []).append(phrase)

    def find(self, line: str, key: str) -> list[Phrase]:
        """Return the rows that the line fits."""
        rows = self._by_word.get(key.split(" ", 1)[0], ())
        is_short = len(line) <= _LONG_LINE
        held = [phrase for phrase in self._within if phrase.key in key] if is_short else ()
        patterns = self._patterns if is_short else self._in_long_lines
        low = line.lower()
        return [phrase for phrase in (*rows, *held, *patterns) if phrase.fits(low, key)]


def _load() -> PhraseTable:
    phrases = []
    with resources.files("archive.extract.text").joinpath("phrases.tsv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            is_pattern = row["match"] == "regex"
            phrases.append(
                Phrase(
                    key="" if is_pattern else line_key(row["phrase"]),
                    kind=row["kind"],
                    match=row["match"],
                    scope=row["scope"],  # type: ignore[arg-type]
                    max_length=int(row["max_length"] or 0),
                    # no IGNORECASE: such a pattern looks at each letter, one that begins with a word skips to it
                    pattern=re.compile(row["phrase"]) if is_pattern else None,
                )
            )
    return PhraseTable(phrases)


PHRASES = _load()

_TITLE_LINES = 4
"""How far down the page's own title may repeat before the text begins (section, title, date, title again)."""
_STOPS = (".", "؟", "!", "。", "۔")
_TOP_LINES = 2
_MOSTLY_LINK = 0.6
_HALF_LINK = 0.5
_SHORT_LINE = 80
_DATE_LABEL = 60
_SOURCE_LABEL = 40
_FURNITURE_WORDS = 20
_MOST_LEARNED = 0.3
"""Share of the text that what the site has taught may take: more is an article written to a pattern, not furniture."""
_BYLINE_WORDS = 3
"""Words that stand around the author's name in a byline («كتبت», "By", "Par … le"); a sentence about him has more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a page when its lines are judged. Keys are `line_key`s."""

    is_title: Callable[[str], bool]
    labels: Collection[str] = frozenset()  # section and tag names
    authors: Collection[str] = frozenset()
    learned: Collection[str] = frozenset()  # lines seen on many pages of the site


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the extracted text, the share of it that is link text on the page, and whether it is a heading there."""

    text: str
    linked: float = 0.0
    heading: bool = False


def judge_lines(lines: Sequence[Line], places: Sequence[str], known: Known) -> list[str]:
    """Return for each line the rule that drops it, '' for the lines that stay; `places` has those dropped already."""
    keys = [line_key(line.text) for line in lines]
    rows = [PHRASES.find(line.text, key) for line, key in zip(lines, keys, strict=True)]
    rules = [
        place or _anywhere(line, key, found, known)
        for place, line, key, found in zip(places, lines, keys, rows, strict=True)
    ]
    _drop_titles(lines, keys, rules, known)
    forward = range(len(lines))
    for order, top in ((forward, True), (reversed(forward), False)):
        _drop_edge(order, top=top, lines=lines, keys=keys, rows=rows, rules=rules, known=known)
    _spare_patterns(lines, rules)
    return rules


def _spare_patterns(lines: Sequence[Line], rules: list[str]) -> None:
    """Take back what the site has taught where it would take much of the text."""
    left = sum(len(line.text) for line, rule in zip(lines, rules, strict=True) if not rule or rule == "site")
    taken = [index for index, rule in enumerate(rules) if rule == "site"]
    if sum(len(lines[index].text) for index in taken) > _MOST_LEARNED * left:
        for index in taken:
            rules[index] = ""


def _anywhere(line: Line, key: str, rows: Sequence[Phrase], known: Known) -> str:
    if not key:
        return "no-words"
    for phrase in rows:
        if phrase.scope == "line" or (phrase.scope == "link" and line.linked >= _MOSTLY_LINK):
            return f"phrase:{phrase.kind}"
        if (
            phrase.scope == "context"
            and phrase.kind == "byline"
            and key.removeprefix(phrase.key).strip() in known.authors
        ):
            return "phrase:byline"
    return ""


def _drop_titles(lines: Sequence[Line], keys: Sequence[str], rules: list[str], known: Known) -> None:
    """Drop the page's own title among the first lines; a paragraph that is the title with a full stop is a sentence."""
    kept = 0
    for index, key in enumerate(keys):
        if rules[index]:
            continue
        if known.is_title(key) and (lines[index].heading or not lines[index].text.endswith(_STOPS)):
            rules[index] = "title"
            continue
        kept += 1
        if kept >= _TITLE_LINES:
            return


def _drop_edge(
    order: Iterable[int],
    *,
    top: bool,
    lines: Sequence[Line],
    keys: Sequence[str],
    rows: Sequence[Sequence[Phrase]],
    rules: list[str],
    known: Known,
) -> None:
    for distance, index in enumerate(order):
        if rules[index]:
            continue
        rule = _edge_rule(lines[index], keys[index], rows[index], known, top=top, distance=distance)
        if not rule:
            return
        rules[index] = rule


def _edge_rule(line: Line, key: str, rows: Sequence[Phrase], known: Known, *, top: bool, distance: int) -> str:
    for phrase in rows:
        if _is_proof(phrase, line, key, top=top and distance < _TOP_LINES):
            return f"phrase:{phrase.kind}"
    if key in known.learned and not known.is_title(key) and _is_furniture(key):
        return "site"
    if any(author in key and len(key.replace(author, " ").split()) <= _BYLINE_WORDS for author in known.authors):
        return "author"
    if line.linked >= _HALF_LINK and len(line.text) <= _SHORT_LINE and not line.text.endswith(_STOPS):
        return "links"
    return "section" if top and key in known.labels else ""


def _is_furniture(key: str) -> bool:
    """Tell whether a line that many pages of a site have can be furniture.

    News of prices, weather and results is written to a pattern: the same sentences each day, with other numbers.
    """
    words = key.split()
    return len(words) <= _FURNITURE_WORDS and "0" not in words


def _is_proof(phrase: Phrase, line: Line, key: str, *, top: bool) -> bool:
    """Tell whether a phrase that the line fits is reason enough to drop it at an edge of the text."""
    match phrase.scope, phrase.kind:
        case (("edge" | "link"), _):
            return True
        case "top", _:
            return top
        case "context", "date-label":
            return len(line.text) <= _DATE_LABEL and "0" in key
        case "context", "source-label":
            return len(line.text) <= _SOURCE_LABEL
        case _:
            return False
