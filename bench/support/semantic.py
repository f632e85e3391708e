"""Compare search by meaning, by words and by both fused: quality, and cost of an article and a query.

`search.py semantic` prints the results for a sample, because a vector takes a tenth of a second. Questions and texts are those of `news.py`
(headlines, and the same stories in other newspapers) and `retrieval.py` (ARCD: human questions, and the paragraphs that answer them).
Needs warraq[semantic].
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archive.errors import UsageError
from archive.search import load_encoder, nearest_vectors, put_vectors, search
from archive.search.candidates import Shards
from archive.search.fusion import nearest_in_meaning
from archive.search.query import parse
from archive.search.vectors import passage
from bench.support.news import DEPTH, Question, gain, our_index, read_set
from bench.support.press import new_database
from bench.support.retrieval import corpora, question_sets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archive.search import Encoder

QUESTIONS: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A sample of questions, with all articles that answer them and others drawn at random."""

    name: str
    articles: Sequence[Mapping[str, Any]]
    questions: Sequence[Question]


def stories(news: Mapping[str, Any], count: int) -> Sample:
    pick = random.Random(7)
    drawn = pick.sample(news["story_q"], QUESTIONS)
    wanted = {own for _, _, own in drawn} | {identity for _, ids, _ in drawn for identity in ids}
    others = [one for one in news["docs"] if one["id"] not in wanted]
    chosen = wanted | {one["id"] for one in pick.sample(others, max(0, count - len(wanted)))}
    return Sample(
        name="story in other papers",
        articles=[one for one in news["docs"] if one["id"] in chosen],
        questions=[Question(text=text, relevant=frozenset(ids), left_out=own) for text, ids, own in drawn],
    )


def paragraphs(texts: Sequence[str], asked: Sequence[tuple[str, int]], count: int) -> Sample:
    pick = random.Random(7)
    drawn = pick.sample(asked, QUESTIONS)
    wanted = {number for _, number in drawn}
    others = [number for number in range(1, len(texts) + 1) if number not in wanted]
    chosen = sorted(wanted | set(pick.sample(others, min(len(others), max(0, count - len(wanted))))))
    articles = [
        {"id": number, "title": "", "text": texts[number - 1], "date": "", "source": "wikipedia"} for number in chosen
    ]
    questions = [Question(text=text, relevant=frozenset({number})) for text, number in drawn]
    return Sample(name="question of a person (ARCD)", articles=articles, questions=questions)


def report(count: int) -> None:
    folder = corpora()
    if folder is None or not (folder / "arabic-search" / "news.json.xz").is_file():
        print("semantic: skipped, no arabic-search/news.json.xz under $WARRAQ_CORPORA or ../shared/corpora")
        return
    try:
        encoder = load_encoder()
    except UsageError as error:
        print(f"semantic: skipped: {error}")
        return
    texts, questions = question_sets(folder)
    print(f"{'':34}{'words':>14}{'meaning':>14}{'fused':>14}     CPU ms: article, question")
    for sample in (stories(read_set(folder), count), paragraphs(texts, questions["ARCD"], count)):
        print(measured(sample, encoder), flush=True)
    print(f"nearest of 100,000 vectors: {nearest_cost():.0f} ms CPU")


def measured(sample: Sample, encoder: Encoder) -> str:
    """Return one line with nDCG@10 / recall@100 of each method, and the cost."""
    db = our_index(sample.articles, titles=True)
    db.execute("CREATE TABLE vectors (article_id INTEGER PRIMARY KEY, model TEXT, vector BLOB)")
    started = time.process_time()
    for one in sample.articles:
        (vector,) = encoder.passages([passage(one["title"], one["text"])])
        put_vectors(db, encoder.model, [(one["id"] + 1, vector)])
    article = 1000 * (time.process_time() - started) / len(sample.articles)
    started = time.process_time()
    for question in sample.questions:
        encoder.query(question.text)
    asked = 1000 * (time.process_time() - started) / len(sample.questions)
    ways = ([], [], [])
    for question in sample.questions:
        ways[1].append([place.id for place in nearest_in_meaning(Shards((db,)), parse(question.text), encoder)])
    for question in sample.questions:
        ways[0].append([hit.id for hit in search(db, question.text, limit=DEPTH + 1).hits])
        ways[2].append([hit.id for hit in search(db, question.text, limit=DEPTH + 1, encoder=encoder).hits])
    figures = "".join(f"{_figure(sample.questions, answers):>14}" for answers in ways)
    size = len(sample.articles)
    return f"{sample.name + f' ({size})':34}{figures}{article:16.0f}{asked:8.1f}"


def nearest_cost(count: int = 100_000, size: int = 384) -> float:
    """Return the CPU milliseconds for finding the nearest of `count` random vectors, the best of three runs."""
    db = new_database(":memory:")
    db.execute("CREATE TABLE vectors (article_id INTEGER PRIMARY KEY, model TEXT, vector BLOB)")
    db.executemany("INSERT INTO articles (id, is_latest) VALUES (?, 1)", ((number,) for number in range(count)))
    pick = random.Random(3)
    put_vectors(db, "random", ((number, pick.randbytes(size)) for number in range(count)))
    spent = []
    for _ in range(3):
        started = time.process_time()
        nearest_vectors(db, "random", pick.randbytes(size), limit=DEPTH)
        spent.append(1000 * (time.process_time() - started))
    return min(spent)


def _figure(questions: Sequence[Question], answers: Sequence[Sequence[int]]) -> str:
    first = deep = 0.0
    for question, ids in zip(questions, answers, strict=True):
        kept = [number - 1 for number in ids if number - 1 != question.left_out][:DEPTH]
        first += gain(question, kept)
        deep += len(question.relevant.intersection(kept)) / len(question.relevant)
    return f"{first / len(questions):.3f} / {deep / len(questions):.3f}"
