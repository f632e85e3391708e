"""Measure the quality of search: nDCG@10 and recall by question set and system.

`search.py quality` prints the results. The question sets are ARCD and XQuAD-ar, `arabic-search/arcd.json` and `xquad.ar.json` under
$WARRAQ_CORPORA (or ../shared/corpora); texts of saved Arabic pages are added to the index as distractors. A question's relevant
document is its own paragraph. The reference of the inflection tests is in `inflections.py` and `fresh_lemmas.py`.
"""

from __future__ import annotations

import json
import math
import os
import re
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlite_utils.utils import sqlite3

from archive.arabic import fold, words
from archive.search import any_word, parse, rebuild, search
from bench.support.fresh_lemmas import DRAWN, FRESH
from bench.support.inflections import LEMMAS, pattern
from bench.support.press import new_database

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parents[2]
LISTS = {"known": LEMMAS, "fresh": FRESH, "drawn": DRAWN}


def corpora() -> Path | None:
    folder = Path(os.environ.get("WARRAQ_CORPORA") or ROOT.parent / "shared" / "corpora")
    for candidate in (folder, ROOT.parent.parent / "shared" / "corpora"):
        if (candidate / "arabic-search" / "arcd.json").is_file():
            return candidate
    return None


def question_sets(folder: Path) -> tuple[list[str], dict[str, list[tuple[str, int]]]]:
    """Return the texts (the id of a text is its position, from 1), and for each set its questions with the id of the paragraph."""
    texts: list[str] = []
    questions: dict[str, list[tuple[str, int]]] = {}
    for name, file in (("ARCD", "arcd.json"), ("XQuAD-ar", "xquad.ar.json")):
        asked = questions.setdefault(name, [])
        for article in json.loads((folder / "arabic-search" / file).read_text(encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                texts.append(paragraph["context"])
                asked += [(question["question"], len(texts)) for question in paragraph["qas"]]
    for pages in sorted(folder.glob("ar-*/pages.jsonl")):
        texts += [json.loads(line).get("gold") or "" for line in pages.read_text(encoding="utf-8").splitlines()]
    return texts, questions


def plain_search(db: sqlite3.Connection, texts: list[str], tokenizer: str) -> Callable[[str, int], list[int]]:
    """Index the texts in an empty database, and return plain FTS5 search in it: any of the question's words, bm25."""
    db.execute(f"CREATE VIRTUAL TABLE f USING fts5(text, tokenize='{tokenizer}')")
    db.executemany("INSERT INTO f (rowid, text) VALUES (?, ?)", enumerate(texts, 1))

    def run(question: str, limit: int = 10) -> list[int]:
        expression = " OR ".join(f'"{word}"' for word in re.findall(r"[^\W_]+", question))
        sql = "SELECT rowid FROM f WHERE f MATCH ? ORDER BY bm25(f) LIMIT ?"
        return [row[0] for row in db.execute(sql, (expression, limit))]

    return run


def our_search(texts: list[str]) -> Any:
    """Return a new database in memory with the texts as articles."""
    db = new_database(":memory:")
    rows = ((number, text, "ar", 1) for number, text in enumerate(texts, 1))
    db.executemany("INSERT INTO articles (id, text, language, is_latest) VALUES (?, ?, ?, ?)", rows)
    rebuild(db)
    return db


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """By system, then by question set: (nDCG@10, recall@10); by list of lemmas, then by system: (recall, precision)."""

    texts: int
    questions: dict[str, int]
    ranking: dict[str, dict[str, tuple[float, float]]]
    inflection: dict[str, dict[str, tuple[float, float]]]


def measure_quality(folder: Path) -> Quality:
    texts, questions = question_sets(folder)
    with ExitStack() as stack:
        ours, *plain = (
            stack.enter_context(closing(db))
            for db in (our_search(texts), sqlite3.connect(":memory:"), sqlite3.connect(":memory:"))
        )

        def any_of(question: str, limit: int = 10) -> list[int]:
            return [hit.id for hit in search(ours, any_word(parse(question)), limit=limit).hits]

        def whole(word: str, limit: int) -> list[int]:
            """Return the hits except near ones: other spellings of a name, and corrections of a word without hits."""
            found = search(ours, any_word(parse(word)), limit=limit)
            return [] if found.corrections else [hit.id for hit in found.hits if not hit.is_partial]

        systems = {
            "FTS5 unicode61": plain_search(plain[0], texts, "unicode61"),
            "FTS5 trigram": plain_search(plain[1], texts, "trigram"),
            "warraq": any_of,
        }
        return Quality(
            texts=len(texts),
            questions={name: len(asked) for name, asked in questions.items()},
            ranking={
                name: {which: _gain(system, asked) for which, asked in questions.items()}
                for name, system in systems.items()
            },
            inflection={
                name: inflection(texts, systems | {"warraq": whole, "warraq, near too": any_of}, lemmas)
                for name, lemmas in LISTS.items()
            },
        )


def _gain(system: Callable[[str], list[int]], asked: list[tuple[str, int]]) -> tuple[float, float]:
    gain = found = 0.0
    for question, relevant in asked:
        answer = system(question)
        if relevant in answer:
            gain += 1 / math.log2(answer.index(relevant) + 2)
            found += 1
    return gain / len(asked), found / len(asked)


def inflection(
    texts: list[str],
    systems: dict[str, Callable[[str, int], list[int]]],
    lemmas: Mapping[str, tuple[str, tuple[str, ...]]],
) -> dict[str, tuple[float, float]]:
    vocabularies = [{fold(match.group()) for match in words(text)} for text in texts]
    asked: list[tuple[str, set[int]]] = []
    for forms, queries in lemmas.values():
        form = pattern(forms)
        relevant = {number for number, known in enumerate(vocabularies, 1) if any(map(form.fullmatch, known))}
        asked += [(query, relevant) for query in queries if relevant]
    figures = {}
    for name, system in systems.items():
        recall = precision = 0.0
        for query, relevant in asked:
            found = set(system(query, len(texts)))
            recall += len(found & relevant) / len(relevant)
            precision += len(found & relevant) / len(found) if found else 1
        figures[name] = (recall / len(asked), precision / len(asked))
    return figures
