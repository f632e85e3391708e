"""Generate synthetic Arabic articles as rows of `articles` with their search index entries.

Words follow Zipf's law, in sentences from a pool whose keys are made once, so that a million articles take minutes.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from sqlite_utils.utils import sqlite3

from archive.search import make_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COLUMNS = (
    "url", "urlkey", "site", "hostname", "version", "is_latest", "title", "text", "author", "date", "date_published",
    "date_modified", "section", "tags", "language", "description", "sitename", "source", "fetched_at",
)  # fmt: skip

LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
VOCABULARY = 200_000
SENTENCES = 100_000
SENTENCE_WORDS = 20
ARTICLE_SENTENCES = 15


def new_database(path: str) -> Any:
    """Return an empty database with the columns of `articles` that search needs; fast, but not crash-safe."""
    db = sqlite3.connect(path, check_same_thread=False)
    db.execute("PRAGMA journal_mode = OFF")
    db.execute("PRAGMA synchronous = OFF")
    columns = ", ".join(f"{name} NOT NULL DEFAULT ''" for name in COLUMNS)
    db.execute(f"CREATE TABLE articles (id INTEGER PRIMARY KEY, {columns})")
    db.execute("CREATE INDEX articles_date ON articles (date, id) WHERE is_latest = 1")
    return db


class Press:
    """Generates articles of `sentences` sentences from forty sites, over ten years."""

    def __init__(self, seed: int = 1, *, sentences: int = ARTICLE_SENTENCES) -> None:
        self.length = sentences
        self.random = random.Random(seed)
        lengths = (2, 3, 3, 4, 4, 4, 5, 5, 6)
        spelled: dict[str, None] = {}
        while len(spelled) < VOCABULARY:
            spelled["".join(self.random.choices(LETTERS, k=self.random.choice(lengths)))] = None
        self.words = [("ال" if self.random.random() < 0.3 and len(word) > 2 else "") + word for word in spelled]
        weights = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
        drawn = self.random.choices(self.words, cum_weights=weights, k=SENTENCES * SENTENCE_WORDS)
        self.sentences = [
            " ".join(drawn[at : at + SENTENCE_WORDS]) + "." for at in range(0, len(drawn), SENTENCE_WORDS)
        ]
        blank = dict.fromkeys(COLUMNS, "") | {"id": 0}
        self.keys = [make_entry(blank | {"text": sentence, "language": "ar"}).text for sentence in self.sentences]

    def articles(self, count: int, *, of: int = 0) -> Iterator[tuple[dict[str, Any], Any]]:
        """Yield the first `count` of `of` rows of `articles` with their index entries, oldest first."""
        day = date(2016, 1, 1)
        for number in range(1, count + 1):
            chosen = self.random.choices(range(SENTENCES), k=self.length)
            title = self.random.choice(self.sentences)[:60].rsplit(" ", 1)[0]
            row = dict.fromkeys(COLUMNS, "") | {
                "id": number,
                "url": f"https://www.site{number % 40}.example/{number}",
                "site": f"site{number % 40}",
                "hostname": f"www.site{number % 40}.example",
                "version": 1,
                "is_latest": 1,
                "title": title,
                "text": "\n".join(self.sentences[which] for which in chosen),
                "date": str(day + timedelta(days=number * 3650 // (of or count))),
                "language": "ar",
                "fetched_at": "2026-01-01T00:00:00Z",
            }
            entry = replace(make_entry(row | {"text": ""}), text=" ".join(self.keys[which] for which in chosen))
            if number <= 20 and entry != make_entry(row):
                raise AssertionError("the press does not print what the index would make")
            yield row, entry


def kinds(press: Press) -> dict[str, Callable[[], tuple[str, dict[str, Any]]]]:
    """Return, by name, functions that draw a query and the options of its search.

    The kinds with `relax` are what people type: if few articles have all the words, corrections and partial matches follow.
    """
    relaxed: dict[str, Any] = {"relax": True}
    pick = press.random

    def common(low: int = 0, high: int = 100) -> str:
        return press.words[pick.randrange(low, high)]

    def phrase() -> str:
        start = pick.randrange(SENTENCE_WORDS - 1)
        return " ".join(pick.choice(press.sentences).rstrip(".").split()[start : start + 2])

    def headline() -> list[str]:
        return pick.choice(press.sentences)[:60].split()[:-1]

    def one_replaced(words: list[str]) -> str:
        words[pick.randrange(len(words))] = common(20_000, 100_000)
        return " ".join(words)

    def misspelt(word: str) -> str:
        at = pick.randrange(1, len(word))
        return f"{word[:at]}{pick.choice(LETTERS)}{word[at + 1 :]}"

    return {
        "the 10 commonest words": lambda: (common(0, 10), {}),
        "one common word": lambda: (common(), {}),
        "two common words": lambda: (f"{common()} {common()}", {}),
        "three common words": lambda: (f"{common()} {common()} {common()}", {}),
        "common OR common": lambda: (f"{common()} OR {common()}", {}),
        "common + middling": lambda: (f"{common()} {common(500, 5000)}", {}),
        "one rare word": lambda: (common(20_000, 100_000), {}),
        "phrase of two words": lambda: (f'"{phrase()}"', {}),
        "beginning of a word": lambda: (f"{common(0, 2000)[:5]}*", {}),
        "common, one site": lambda: (f"{common()} site:site{pick.randrange(40)}", {}),
        "common, one old month": lambda: (f"{common()} on:2017-0{pick.randrange(1, 9)}", {}),
        "common, newest first": lambda: (common(), {"order": "newest"}),
        "a headline": lambda: (" ".join(headline()), relaxed),
        "a headline, one word wrong": lambda: (one_replaced(headline()), relaxed),
        "three words, one rare": lambda: (one_replaced([common(100, 5000) for _ in range(3)]), relaxed),
        "a misspelt word": lambda: (misspelt(common(5000, 50_000)), relaxed),
        "two words, one misspelt": lambda: (f"{common(100, 5000)} {misspelt(common(5000, 50_000))}", relaxed),
        "eight words joined by OR": lambda: (" OR ".join(common(0, 5000) for _ in range(8)), relaxed),
        "four of the ten most frequent": lambda: (" ".join(common(0, 10) for _ in range(4)), relaxed),
    }
