"""Answers a query: one database or several and a Query go in, a page of hits in order goes out.

The score is bm25 with the title counting more, raised by up to `RECENCY` for the newest candidate, less for older ones.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from archive.search.candidates import CANDIDATES, Candidate, Order, candidates, rarer
from archive.search.marks import Snippet, Span, highlight, snippet
from archive.search.query import Clause, Query, parse
from archive.search.scoring import score_as_one
from archive.search.shards import Shards

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

RECENCY: Final = 0.15
"""What the newest candidate gains over an old one: enough to part equals, not enough to beat a better answer."""
_HALF_LIFE: Final = 365.0  # days in which that gain halves
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
    """A page of hits. `total` counts all matches, or those that were looked at when `total_is_exact` is false.

    `relaxed`: no article has all the words, so these have some. `problems`: what of the query was left out, in English.
    """

    hits: tuple[Hit, ...]
    total: int
    total_is_exact: bool
    query: Query
    relaxed: bool = False
    shards: tuple[int, ...] = ()

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
    return search_shards((db,), query, limit=limit, offset=offset, order=order, all_versions=all_versions, relax=relax)


def search_shards(
    databases: Sequence[sqlite3.Connection],
    query: Query | str,
    *,
    limit: int = 20,
    offset: int = 0,
    order: Order = "relevance",
    all_versions: bool = False,
    relax: bool = True,
) -> Results:
    """The same of several databases: the hits, their order and their scores are those of one database that held all.

    `Results.shards` says in which database each hit lies; its id is good there only. An article that several hold is
    shown once, as it was fetched last. The connections must be open to other threads.
    """
    shards = Shards(tuple(databases))
    if isinstance(query, str):
        query = parse(query)
    limit, offset = max(0, min(limit, 3 * CANDIDATES)), max(0, offset)
    relaxed = False
    chosen = candidates(shards, query, order=order, all_versions=all_versions)
    if not chosen.found and relax and len(query.wanted) > 1:
        query, relaxed = any_word(query), True
        chosen = candidates(shards, rarer(shards, query), order=order, all_versions=all_versions)
    found = score_as_one(shards, chosen.query, chosen.found) if chosen.scored and len(shards) > 1 else chosen.found
    shown: Order = order if query.wanted or order == "oldest" else "newest"
    page = _ordered(found, order=shown, end=offset + limit)[offset : offset + limit]
    hits = _hits(shards, page, query)
    return Results(
        hits=tuple(hit for _, hit in hits),
        total=len(found),
        total_is_exact=chosen.are_all,
        query=query,
        relaxed=relaxed,
        shards=tuple(shard for shard, _ in hits),
    )


def any_word(query: Query) -> Query:
    """The query that is content with any one of the words; filters and exclusions stay."""
    phrases = tuple(phrase for clause in query.wanted for phrase in clause.phrases)
    negated = tuple(clause for clause in query.clauses if clause.negated)
    return replace(query, clauses=(Clause(phrases=phrases), *negated) if phrases else negated)


def _ordered(found: Sequence[Candidate], *, order: Order, end: int) -> list[tuple[int, int, float]]:
    """The first `end` candidates of that order as (shard, id, score: higher is better)."""
    if order == "relevance":
        fresh = _freshness({one.day for one in found})
        best = heapq.nlargest(end, ((-one.bm25 * (1.0 + fresh[one.day]), one.day, one.id, one.shard) for one in found))
        return [(shard, identity, score) for score, _, identity, shard in best]
    if order == "newest":
        last = heapq.nlargest(end, ((one.day, one.id, one.shard) for one in found))
        return [(shard, identity, 0.0) for _, identity, shard in last]
    undated = "9999"
    first = heapq.nsmallest(end, ((one.day or undated, one.id, one.shard) for one in found))
    return [(shard, identity, 0.0) for _, identity, shard in first]


def _freshness(days: set[str]) -> dict[str, float]:
    """For each date (YYYY-MM-DD…) what it adds to a score, against the newest of them."""
    numbers = {text: _number(text) for text in days}
    newest = max(numbers.values(), default=0)
    return {
        text: RECENCY * 0.5 ** ((newest - number) / _HALF_LIFE) if number else 0.0 for text, number in numbers.items()
    }


def _number(text: str) -> int:
    """Days since year 1 of a date that begins with YYYY-MM-DD, 0 when it does not."""
    try:
        return date.fromisoformat(text[:10]).toordinal()
    except ValueError:
        return 0


def _rows(db: sqlite3.Connection, columns: Sequence[str], ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(ids), 500):
        chunk = ids[start : start + 500]
        marks = ",".join("?" * len(chunk))
        yield from db.execute(f"SELECT {', '.join(columns)} FROM articles WHERE id IN ({marks})", chunk)  # noqa: S608 -- constant column names and question marks


def _hits(shards: Shards, page: Sequence[tuple[int, int, float]], query: Query) -> list[tuple[int, Hit]]:
    """(shard, hit) in the page's order; without those that were deleted between two statements."""
    columns = (*_HIT_COLUMNS, "text")
    wanted: dict[int, list[int]] = {}
    for shard, identity, _ in page:
        wanted.setdefault(shard, []).append(identity)
    rows = {
        (shard, row[0]): row for shard, ids in wanted.items() for row in _rows(shards.databases[shard], columns, ids)
    }
    return [
        (shard, _hit(dict(zip(columns, rows[shard, identity], strict=True)), score, query))
        for shard, identity, score in page
        if (shard, identity) in rows
    ]


def _hit(values: dict[str, Any], score: float, query: Query) -> Hit:
    identity, version, is_latest = values.pop("id"), int(values.pop("version") or 1), bool(values.pop("is_latest"))
    strings = {name: str(value or "") for name, value in values.items()}
    text = strings.pop("text")
    return Hit(
        id=identity,
        version=version,
        is_latest=is_latest,
        score=score,
        title_marks=highlight(strings["title"], query, strings["language"]),
        snippet=snippet(text, query, strings["language"]),
        **strings,
    )
