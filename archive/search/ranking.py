"""Answers a query: a database connection and a Query go in, a page of hits in order goes out.

Ordering by bm25 must score every article that has the words, and the commonest words are in nearly all of them. So the
newest `CANDIDATES` matching articles alone are scored: FTS5 walks postings from the newest row down and stops there.
What remains of the whole is one quick walk through the postings of each word, by which bm25 counts it (40 ns each).
Queries with fewer matches than that, nearly all, are scored in full; a result says when it was not (`total_is_exact`).

The score is bm25 with the title counting more, raised by up to `RECENCY` for the newest candidate, less for older ones.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Literal

from archive.search.index import languages_of
from archive.search.marks import Snippet, Span, highlight, snippet
from archive.search.query import Clause, Query, match_expression, parse, unwanted_expression

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

Order = Literal["relevance", "newest", "oldest"]

CANDIDATES: Final = 5000
TITLE_WEIGHT: Final = 2.0
# Weights of title, text, author, section, facets.
_BM25: Final = f"bm25(articles_search, {TITLE_WEIGHT}, 1.0, 1.0, 0.5, 0.0)"
RECENCY: Final = 0.15
"""What the newest candidate gains over an old one: enough to part equals, not enough to beat a better answer."""
_HALF_LIFE: Final = 365.0  # days in which that gain halves
# So many of the best by bm25 are looked at for recency; further down it could not lift anything onto the first pages.
_RERANKED: Final = 200

_HIT_COLUMNS: Final = (
    "id", "url", "site", "hostname", "version", "is_latest", "title", "author", "date", "date_published", "section",
    "language", "description", "sitename", "fetched_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One article of the answer: columns of its row, where its title answers, and the best extract of its text.

    `score` is higher for better, comparable within one result only, 0.0 when the order is not by relevance.
    """

    id: int
    url: str
    site: str
    hostname: str
    version: int
    is_latest: bool
    title: str
    author: str
    date: str
    date_published: str
    section: str
    language: str
    description: str
    sitename: str
    fetched_at: str
    score: float
    title_marks: tuple[Span, ...]
    snippet: Snippet


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A page of hits. `total` counts all matches, or as many as were looked at when `total_is_exact` is false.

    `relaxed`: no article has all the words, so these have some. `problems`: what of the query was left out, in English.
    """

    hits: tuple[Hit, ...]
    total: int
    total_is_exact: bool
    query: Query
    relaxed: bool = False

    @property
    def problems(self) -> tuple[str, ...]:
        """What of the query was left out."""
        return self.query.problems


def search(
    db: sqlite3.Connection,
    query: Query | str,
    *,
    limit: int = 20,
    offset: int = 0,
    order: Order = "relevance",
    all_versions: bool = False,
    relax: bool = True,
) -> Results:
    """The articles that answer the query, from `offset` on; text is parsed first. Never raises for what a person typed.

    A query of filters alone, or an empty one, lists articles, newest first. `relax` lets a query of several words that
    finds nothing be answered by articles that have some of them.
    """
    if isinstance(query, str):
        query = parse(query)
    limit, offset = max(0, min(limit, CANDIDATES)), max(0, offset)
    found = _candidates(db, query, all_versions=all_versions, order=order)
    relaxed = False
    if not found and relax and len(query.wanted) > 1:
        query, relaxed = any_word(query), True
        found = _candidates(db, _rarer(db, query), all_versions=all_versions, order=order)
    page = _ordered(db, found, order=order if query.wanted or order == "oldest" else "newest", end=offset + limit)
    return Results(
        hits=tuple(_hits(db, page[offset : offset + limit], query)),
        total=len(found),
        total_is_exact=len(found) < CANDIDATES,
        query=query,
        relaxed=relaxed,
    )


def any_word(query: Query) -> Query:
    """The query that is content with any one of the words; filters and exclusions stay."""
    phrases = tuple(phrase for clause in query.wanted for phrase in clause.phrases)
    negated = tuple(clause for clause in query.clauses if clause.negated)
    return replace(query, clauses=(Clause(phrases=phrases), *negated) if phrases else negated)


def _rarer(db: sqlite3.Connection, query: Query) -> Query:
    """The query without its commonest words, whose articles would crowd out those that have the telling ones."""
    languages = languages_of(db)
    kept = [
        phrase
        for phrase in query.wanted[0].phrases
        if _matches(db, Query(clauses=(Clause(phrases=(phrase,)),)), languages) < CANDIDATES
    ]
    return replace(query, clauses=(Clause(phrases=tuple(kept)), *query.clauses[1:])) if kept else query


def _matches(db: sqlite3.Connection, query: Query, languages: Sequence[str]) -> int:
    sql = "SELECT count(*) FROM (SELECT 1 FROM articles_search WHERE articles_search MATCH ? LIMIT ?)"
    count: int = db.execute(sql, (match_expression(query, languages), CANDIDATES)).fetchone()[0]
    return count


def _candidates(db: sqlite3.Connection, query: Query, *, all_versions: bool, order: Order) -> list[tuple[int, float]]:
    """Up to CANDIDATES matching articles as (id, bm25: lower is better), newest row first, or oldest for that order."""
    languages = languages_of(db)
    expression = match_expression(query, languages)
    latest = "" if all_versions else "AND a.is_latest"
    direction = "ASC" if order == "oldest" else "DESC"
    if expression:
        score = _BM25 if order == "relevance" and query.wanted else "0.0"
        # CROSS JOIN fixes the order of the loops: postings first, so that the walk can stop.
        sql = (
            f"SELECT s.rowid, {score} FROM articles_search AS s CROSS JOIN articles AS a ON a.id = s.rowid"  # noqa: S608 -- every part is a constant of this module
            f" WHERE articles_search MATCH ? {latest} ORDER BY s.rowid {direction} LIMIT ?"
        )
        return [(row[0], row[1]) for row in db.execute(sql, (expression, CANDIDATES))]
    if query.wanted:
        return []
    unwanted = unwanted_expression(query, languages)
    without = "AND a.id NOT IN (SELECT rowid FROM articles_search WHERE articles_search MATCH ?)" if unwanted else ""
    sql = f"SELECT a.id, 0.0 FROM articles AS a WHERE 1 {latest} {without} ORDER BY a.id {direction} LIMIT ?"  # noqa: S608 -- every part is a constant of this module
    return [(row[0], row[1]) for row in db.execute(sql, (*([unwanted] if unwanted else []), CANDIDATES))]


def _ordered(
    db: sqlite3.Connection, found: Sequence[tuple[int, float]], *, order: Order, end: int
) -> list[tuple[int, float]]:
    """The candidates as (id, score: higher is better) in their order, at least the first `end` of them."""
    if order != "relevance":
        dates = _dates(db, [identity for identity, _ in found])
        undated = "" if order == "newest" else "9999"
        ids = sorted(dates, key=lambda identity: (dates[identity] or undated, identity), reverse=order == "newest")
        return [(identity, 0.0) for identity in ids]
    best = heapq.nsmallest(max(_RERANKED, end), found, key=lambda candidate: (candidate[1], -candidate[0]))
    dates = _dates(db, [identity for identity, _ in best[:_RERANKED]])
    newest = max((days for text in dates.values() if (days := _days(text))), default=0)
    scored = [
        (identity, -value * (1.0 + _freshness(dates.get(identity, ""), newest))) for identity, value in best[:_RERANKED]
    ]
    scored.sort(key=lambda candidate: (-candidate[1], -candidate[0]))
    return scored + [(identity, -value) for identity, value in best[_RERANKED:]]


def _freshness(text: str, newest: int) -> float:
    days = _days(text)
    return RECENCY * 0.5 ** (max(0, newest - days) / _HALF_LIFE) if days else 0.0


def _days(text: str) -> int:
    """Days since year 1 of a date that begins with YYYY-MM-DD, 0 when it does not."""
    try:
        return date.fromisoformat(text[:10]).toordinal()
    except ValueError:
        return 0


def _dates(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, str]:
    return {identity: date or "" for identity, date in _rows(db, ("id", "date"), ids)}


def _rows(db: sqlite3.Connection, columns: Sequence[str], ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(ids), 500):
        chunk = ids[start : start + 500]
        marks = ",".join("?" * len(chunk))
        yield from db.execute(f"SELECT {', '.join(columns)} FROM articles WHERE id IN ({marks})", chunk)  # noqa: S608 -- constant column names and question marks


def _hits(db: sqlite3.Connection, page: Sequence[tuple[int, float]], query: Query) -> Iterator[Hit]:
    columns = (*_HIT_COLUMNS, "text")
    rows = {row[0]: row for row in _rows(db, columns, [identity for identity, _ in page])}
    for identity, score in page:
        if identity not in rows:
            continue  # deleted between the two statements
        values = dict(zip(columns, rows[identity], strict=True))
        version, is_latest = int(values.pop("version") or 1), bool(values.pop("is_latest"))
        del values["id"]
        strings = {name: str(value or "") for name, value in values.items()}
        text = strings.pop("text")
        yield Hit(
            id=identity,
            version=version,
            is_latest=is_latest,
            score=score,
            title_marks=highlight(strings["title"], query, strings["language"]),
            snippet=snippet(text, query, strings["language"]),
            **strings,
        )
