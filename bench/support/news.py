"""Measure search on three weeks of dated news from thirteen newspapers, by kind of question.

`search.py news` prints the results. The set is `arabic-search/news.json.xz` under $WARRAQ_CORPORA (or ../shared/corpora): 27,537 articles
with their dates, headlines to find their own articles, and headlines with the articles on the same story in OTHER newspapers.

warraq is compared with plain FTS5 (unicode61, any word, bm25) and, if `java` is installed and $WARRAQ_LUCENE names a folder with the
jars lucene-core, lucene-analysis-common and lucene-queryparser (9.x), with Lucene's Arabic analyzer.
"""

from __future__ import annotations

import json
import lzma
import math
import os
import random
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlite_utils.utils import sqlite3

from archive.arabic import fold, words
from archive.search import rebuild, search
from bench.support.press import new_database
from bench.support.retrieval import corpora

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]

DEPTH: Final = 100
TOP: Final = 10
PAGE: Final = 20
"""Hits, with snippets, of the timed answers."""
DRAWS: Final = 150
TYPING_ERRORS: Final = 400
WRONG_WORD: Final = "زرافة"
"""A real word ("giraffe") that is in no headline of the set."""
_LETTERS: Final = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"


class System(Protocol):
    """A search engine with the articles; returns the first `depth` ids of each answer, best first."""

    def __call__(self, questions: Sequence[str], depth: int) -> list[list[int]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A query, its relevant articles, and the article that is excluded from the answer (-1 for none)."""

    text: str
    relevant: frozenset[int]
    left_out: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A table row: its questions, their index (`titles`: title and text), and the figure that is measured."""

    name: str
    questions: tuple[Question, ...]
    titles: bool = True
    any_word: bool = False
    graded: bool = True


@dataclass(slots=True)
class Warraq:
    """warraq's search over an index in memory; records the CPU time of each question."""

    articles: Sequence[Mapping[str, Any]]
    titles: bool
    spent: list[float] = field(default_factory=list)
    db: Any = None

    def __call__(self, questions: Sequence[str], depth: int) -> list[list[int]]:
        if self.db is None:
            self.db = our_index(self.articles, titles=self.titles)
        self.spent = []
        return [self._ask(text, depth) for text in questions]

    def _ask(self, text: str, depth: int) -> list[int]:
        started = time.process_time()
        found = [hit.id for hit in search(self.db, text, limit=PAGE).hits]
        self.spent.append(1000 * (time.process_time() - started))
        if depth > PAGE:
            found += [hit.id for hit in search(self.db, text, limit=depth - PAGE, offset=PAGE).hits]
        return [number - 1 for number in found]


def our_index(articles: Sequence[Mapping[str, Any]], *, titles: bool) -> Any:
    """Return a database with the dated articles; the id of an article is its position, from 1."""
    db = new_database(os.environ.get("WARRAQ_NEWS_DB", ":memory:") if titles else ":memory:")
    sql = "INSERT INTO articles (id, url, title, text, date, site, language, is_latest) VALUES (?, ?, ?, ?, ?, ?, 'ar', 1)"
    rows = (
        (
            one["id"] + 1,
            f"https://{one['source']}.example/{one['id']}",
            one["title"] if titles else "",
            one["text"],
            one["date"],
            one["source"],
        )
        for one in articles
    )
    db.executemany(sql, rows)
    rebuild(db)
    db.commit()  # only then does FTS5 write the number of documents, without which the first hit's words are not searched for
    return db


@dataclass(slots=True)
class Plain:
    """Plain FTS5: unicode61, any of the words, bm25 with double weight for the title."""

    articles: Sequence[Mapping[str, Any]]
    titles: bool
    db: Any = None

    def __call__(self, questions: Sequence[str], depth: int) -> list[list[int]]:
        if self.db is None:
            self.db = sqlite3.connect(":memory:")
            self.db.execute("CREATE VIRTUAL TABLE f USING fts5(title, text, tokenize='unicode61')")
            rows = ((one["id"], one["title"] if self.titles else "", one["text"]) for one in self.articles)
            self.db.executemany("INSERT INTO f (rowid, title, text) VALUES (?, ?, ?)", rows)
        return [self._ask(text, depth) for text in questions]

    def _ask(self, text: str, depth: int) -> list[int]:
        expression = " OR ".join(f'"{word}"' for word in re.findall(r"[^\W_]+", text))
        sql = "SELECT rowid FROM f WHERE f MATCH ? ORDER BY bm25(f, 2.0, 1.0) LIMIT ?"
        return [row[0] for row in self.db.execute(sql, (expression, depth))]


@dataclass(slots=True)
class Lucene:
    """Lucene's ArabicAnalyzer, any of the words, BM25 with double weight for the title, through `LucenePeer.java`."""

    articles: Sequence[Mapping[str, Any]]
    titles: bool
    jars: Path

    def __call__(self, questions: Sequence[str], depth: int) -> list[list[int]]:
        with tempfile.TemporaryDirectory() as folder:
            texts, asked = Path(folder) / "articles.tsv", Path(folder) / "questions.txt"
            rows = ((str(one["id"]), one["title"] if self.titles else "", one["text"]) for one in self.articles)
            texts.write_text("\n".join("\t".join(map(_one_line, row)) for row in rows), encoding="utf-8")
            asked.write_text("\n".join(map(_one_line, questions)), encoding="utf-8")
            source = ROOT / "bench" / "peers" / "LucenePeer.java"
            command = ["java", "-cp", f"{self.jars}/*", source, texts, asked, str(depth)]
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
        return [[int(number) for number in line.split()] for line in answer.stdout.split("\n")[: len(questions)]]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def joined(text: str) -> str:
    """Return the words of a text joined by OR, as a user would type them."""
    return " OR ".join(match.group() for match in words(text))


def read_set(folder: Path) -> dict[str, Any]:
    """Return the whole set as stored."""
    with lzma.open(folder / "arabic-search" / "news.json.xz") as file:
        loaded: dict[str, Any] = json.load(file)
    return loaded


def kinds_of(news: Mapping[str, Any]) -> Iterable[Kind]:
    """Yield the kinds of question, in the order of the table."""
    articles = news["docs"]
    headlines = tuple(Question(text=text, relevant=frozenset(ids)) for text, ids in news["title_q"])
    stories = tuple(Question(text=text, relevant=frozenset(ids), left_out=own) for text, ids, own in news["story_q"])
    yield Kind(name="headline → body, as typed", questions=headlines, titles=False)
    yield Kind(name="headline → body, OR", questions=headlines, titles=False, any_word=True)
    yield Kind(name="story in other papers, as typed", questions=stories)
    yield Kind(name="story in other papers, OR", questions=stories, any_word=True)
    for count in (2, 3, 4, 6):
        drawn = tuple(_runs(articles, count, seed=count))
        yield Kind(name=f"{count} words of a headline", questions=drawn, graded=False)
        yield Kind(name=f"{count} words, one wrong", questions=tuple(_one_wrong(drawn, count)), graded=False)
        yield Kind(name=f"{count} words, OR", questions=drawn, any_word=True, graded=False)
    clean = tuple(_pairs(articles))
    yield Kind(name="2 words, clean", questions=clean, graded=False)
    yield Kind(name="2 words, a typing error", questions=tuple(_mistyped(clean)), graded=False)


def _runs(articles: Sequence[Mapping[str, Any]], count: int, *, seed: int) -> Iterable[Question]:
    """Yield consecutive words of a headline; the article itself is the answer."""
    pick = random.Random(seed)
    for article in pick.sample(articles, DRAWS * 3):
        found = [match.group() for match in words(article["title"])]
        if len(found) >= count:
            start = pick.randrange(len(found) - count + 1)
            yield Question(text=" ".join(found[start : start + count]), relevant=frozenset({article["id"]}))


def _one_wrong(questions: Sequence[Question], count: int) -> Iterable[Question]:
    pick = random.Random(count)
    for question in questions:
        typed = question.text.split()
        typed[pick.randrange(len(typed))] = WRONG_WORD
        yield Question(text=" ".join(typed), relevant=question.relevant)


def _pairs(articles: Sequence[Mapping[str, Any]]) -> Iterable[Question]:
    """Yield two rather long and rare words of one text; the article itself is the answer."""
    holding: dict[str, set[int]] = {}
    for article in articles:
        for word in {match.group() for match in words(f"{article['title']} {article['text']}")}:
            holding.setdefault(fold(word), set()).add(article["id"])
    pick = random.Random(7)
    for article in pick.sample(articles, TYPING_ERRORS):
        telling = sorted({w for w in (fold(m.group()) for m in words(article["text"])) if _telling(w, holding)})
        if len(telling) >= 2:
            one, other = pick.sample(telling, 2)
            yield Question(text=f"{one} {other}", relevant=frozenset({article["id"]}))


def _telling(word: str, holding: Mapping[str, set[int]]) -> bool:
    return len(word) >= 5 and 3 <= len(holding[word]) <= 60 and word.isalpha()


def _mistyped(questions: Sequence[Question]) -> Iterable[Question]:
    """Yield questions with one letter of one word dropped, added, swapped with its neighbour or replaced."""
    pick = random.Random(11)
    for question in questions:
        typed = question.text.split()
        which = pick.randrange(len(typed))
        typed[which] = _misspelt(typed[which], pick)
        yield Question(text=" ".join(typed), relevant=question.relevant)


def _misspelt(word: str, pick: random.Random) -> str:
    at = pick.randrange(1, len(word) - 1)
    other = pick.choice(_LETTERS.replace(word[at], ""))
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return pick.choice(
        (word[:at] + word[at + 1 :], word[:at] + other + word[at:], word[:at] + other + word[at + 1 :], swapped)
    )


def gain(question: Question, answer: Sequence[int]) -> float:
    """Return the nDCG@10 of one answer, with the same weight for every relevant article."""
    found = sum(1 / math.log2(place + 2) for place, number in enumerate(answer[:TOP]) if number in question.relevant)
    best = sum(1 / math.log2(place + 2) for place in range(min(TOP, len(question.relevant))))
    return found / best


def measure(kind: Kind, system: System) -> tuple[float, float]:
    """Return (nDCG@10, recall@100) for a graded kind, (share with an answer in the top ten, 0) for others."""
    is_ours = isinstance(system, Warraq)  # the other systems always match any of the words
    depth = 1 + (DEPTH if kind.graded else TOP)
    answers = system([joined(one.text) if kind.any_word and is_ours else one.text for one in kind.questions], depth)
    first = deep = 0.0
    for question, answer in zip(kind.questions, answers, strict=True):
        kept = [number for number in answer if number != question.left_out][:DEPTH]
        first += gain(question, kept) if kind.graded else not question.relevant.isdisjoint(kept[:TOP])
        deep += len(question.relevant.intersection(kept)) / len(question.relevant) if kind.graded else 0
    return first / len(kind.questions), deep / len(kind.questions)


def systems(articles: Sequence[Mapping[str, Any]]) -> dict[str, dict[bool, Any]]:
    """Return the compared systems by name, then by whether titles are in the index."""
    found: dict[str, dict[bool, Any]] = {
        "warraq": {titles: Warraq(articles=articles, titles=titles) for titles in (True, False)},
        "FTS5": {titles: Plain(articles=articles, titles=titles) for titles in (True, False)},
    }
    jars = os.environ.get("WARRAQ_LUCENE", "")
    if jars and shutil.which("java"):
        found["Lucene"] = {
            titles: Lucene(articles=articles, titles=titles, jars=Path(jars)) for titles in (True, False)
        }
    return found


def report(only: Sequence[str] = (), every: int = 1) -> None:
    """Print the table; `only` names the systems (all by default); only one in `every` questions is asked."""
    folder = corpora()
    if folder is None or not (folder / "arabic-search" / "news.json.xz").is_file():
        print("news: skipped, no arabic-search/news.json.xz under $WARRAQ_CORPORA or ../shared/corpora")
        return
    news = read_set(folder)
    compared = {name: peers for name, peers in systems(news["docs"]).items() if not only or name in only}
    if "Lucene" not in compared:
        print("Lucene: skipped, it needs java and its jars in $WARRAQ_LUCENE")
    print(f"{len(news['docs'])} dated articles; nDCG@10 (words in a row: share in the top ten) / recall@100")
    print(f"{'':34}{'asked':>6}" + "".join(f"{name:>15}" for name in compared) + "     CPU ms p50, p95")
    for whole in kinds_of(news):
        kind = replace(whole, questions=whole.questions[::every])
        figures = [measure(kind, peers[kind.titles]) for peers in compared.values()]
        spent = sorted(compared["warraq"][kind.titles].spent)
        times = f"{spent[len(spent) // 2]:12.1f}{spent[int(0.95 * len(spent))]:8.1f}"
        print(
            f"{kind.name:34}{len(kind.questions):6}" + "".join(f"{_figure(*one):>15}" for one in figures) + times,
            flush=True,
        )


def _figure(first: float, deep: float) -> str:
    return f"{first:.3f} / {deep:.3f}" if deep else f"{first:.3f}        "


if __name__ == "__main__":
    report()
