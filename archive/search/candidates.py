"""Chooses which articles are worth ordering: databases and a Query go in, at most some thousands of ids with bm25 come out.

Ordering by bm25 must score every article that has the words, and the commonest words are in nearly all of them. Where
more than `CANDIDATES` match, only those of the newest days are scored: the stretch of days that ends at the newest
article is lengthened until enough articles of it match. Days are tokens of the index, so each try is one short walk
through the postings of those days. (Rows will not do for time: a site's sitemap is
read from the newest article to the oldest, an imported archive in any order.) What remains of the whole is one quick
walk through the postings of each word, by which bm25 learns how rare it is: 40 ns a posting.

Queries with fewer matches, nearly all of them, are scored in full. Several databases are counted and cut as one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from archive.search.query import Clause, Query, match_expression, unwanted_expression

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archive.search.shards import Shards

Order = Literal["relevance", "newest", "oldest"]

CANDIDATES: Final = 1500
WEIGHTS: Final = (2.0, 1.0, 1.0, 0.5, 0.0)
"""What a word counts in title, text, author, section and facets: multiples of a half, which `archive.search.scoring` relies on."""
BM25: Final = f"bm25(articles_search, {', '.join(map(str, WEIGHTS))})"
_LONGEST: Final = 1 << 16  # days; 180 years


class Candidate(NamedTuple):
    """An article that matches: in which database, its id, and what it is ordered by.

    `bm25` is as FTS5 gives it: lower is better, 0.0 when the order does not ask for it.
    """

    shard: int
    id: int
    bm25: float
    day: str
    url: str
    fetched_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The articles to order; `are_all` says whether they are all that match, `query` which query they match."""

    found: tuple[Candidate, ...]
    are_all: bool
    query: Query
    scored: bool = False


def candidates(shards: Shards, query: Query, *, order: Order, all_versions: bool) -> Candidates:
    """The matching articles, or those of the newest days (for that order: the oldest days) when there are too many."""
    languages = shards.languages()
    if not match_expression(query, languages):
        return _listed(shards, query, languages, order=order, all_versions=all_versions)
    scored = order == "relevance" and bool(query.wanted)
    if _has_phrase(query) or count(shards, query, languages) < CANDIDATES:
        # The words of a phrase may be common and the phrase rare: finding that out costs more than scoring some in vain.
        found = _matching(shards, query, languages, scored=scored, all_versions=all_versions, limit=CANDIDATES)
        if len(found) < CANDIDATES:
            return Candidates(found=found, are_all=True, query=query, scored=scored)
    stretch = _stretch(shards, query, languages, oldest=order == "oldest")
    found = _matching(shards, stretch, languages, scored=scored, all_versions=all_versions)
    return Candidates(found=found, are_all=False, query=stretch, scored=scored)


def _has_phrase(query: Query) -> bool:
    return any(len(phrase.words) > 1 for clause in query.wanted for phrase in clause.phrases)


def count(shards: Shards, query: Query, languages: Sequence[str]) -> int:
    """How many articles match, all versions, counted up to CANDIDATES in each database."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM articles_search WHERE articles_search MATCH ? LIMIT ?)"
    asked = (match_expression(query, languages), CANDIDATES)
    return sum(shards.each(lambda db: int(db.execute(sql, asked).fetchone()[0])))


def _matching(
    shards: Shards,
    query: Query,
    languages: Sequence[str],
    *,
    scored: bool,
    all_versions: bool,
    limit: int = 3 * CANDIDATES,
) -> tuple[Candidate, ...]:
    latest = "" if all_versions else "AND a.is_latest = 1"
    # CROSS JOIN fixes the order of the loops, postings first, so that LIMIT ends the walk.
    sql = (
        f"SELECT s.rowid, {BM25 if scored else '0.0'}, coalesce(a.date, ''), a.url, a.fetched_at FROM articles_search AS s"  # noqa: S608 -- every part is a constant of this module
        f" CROSS JOIN articles AS a ON a.id = s.rowid WHERE articles_search MATCH ? {latest}"
        " ORDER BY s.rowid DESC LIMIT ?"
    )
    asked = (match_expression(query, languages), limit)
    rows = shards.each(lambda db: db.execute(sql, asked).fetchall())
    return _each_once(rows, all_versions=all_versions)


def _each_once(
    rows: Sequence[Iterable[tuple[int, float, str, str, str]]], *, all_versions: bool
) -> tuple[Candidate, ...]:
    """The rows of all databases; of an article that several of them hold as its latest version, the one fetched last."""
    found = [Candidate(shard, *row) for shard, answer in enumerate(rows) for row in answer]
    if len(rows) == 1 or all_versions:
        return tuple(found)
    newest: dict[str, Candidate] = {}
    for one in found:
        if one.url not in newest or newest[one.url].fetched_at < one.fetched_at:
            newest[one.url] = one
    return tuple(newest.values())


def _stretch(shards: Shards, query: Query, languages: Sequence[str], *, oldest: bool) -> Query:
    """The query narrowed to the newest (or oldest) days that have CANDIDATES matches; unchanged when dates are too few."""
    end = _edge(shards, query, oldest=oldest)

    def enough(days: int) -> Query | None:
        narrowed = _narrowed(query, end, days, oldest=oldest) if end else None
        return narrowed if narrowed and count(shards, narrowed, languages) >= CANDIDATES else None

    days = 1
    while days <= _LONGEST:
        if narrowed := enough(days):
            # One step back keeps what is scored under some twice CANDIDATES.
            return (enough(days // 2) if days > 1 else None) or narrowed
        days *= 4
    return query


def _narrowed(query: Query, end: date, days: int, *, oldest: bool) -> Query | None:
    """The query for so many days only, of which `end` is the last (or, oldest first, the first)."""
    reach = timedelta(days=days - 1)
    try:
        low, high = (end, end + reach) if oldest else (end - reach, end)
    except OverflowError:
        return None
    date_from = max(query.date_from, low.isoformat())
    return replace(query, date_from=date_from, date_to=min(query.date_to or "9999", high.isoformat()))


def _edge(shards: Shards, query: Query, *, oldest: bool) -> date | None:
    """The newest (or oldest) day that the archive has within the query's dates."""
    edge = "min" if oldest else "max"
    sql = f"SELECT {edge}(date) FROM articles WHERE is_latest = 1 AND date BETWEEN ? AND ?"  # noqa: S608 -- min or max
    asked = (query.date_from or "0001", query.date_to or "9999-12-31")
    days = [day for day in shards.each(lambda db: db.execute(sql, asked).fetchone()[0]) if day]
    try:
        return date.fromisoformat(str((min if oldest else max)(days))[:10])
    except ValueError:
        return None


def _listed(shards: Shards, query: Query, languages: Sequence[str], *, order: Order, all_versions: bool) -> Candidates:
    """The articles of a query that asks for no word and no filter: all of them, but those that it excludes."""
    if query.wanted:  # its words left no key
        return Candidates(found=(), are_all=True, query=query)
    unwanted = unwanted_expression(query, languages)
    without = "AND id NOT IN (SELECT rowid FROM articles_search WHERE articles_search MATCH ?)" if unwanted else ""
    latest = "" if all_versions else "AND is_latest = 1"
    direction = "ASC" if order == "oldest" else "DESC"
    sql = (
        f"SELECT id, 0.0, coalesce(date, ''), url, fetched_at FROM articles WHERE 1 {latest} {without}"  # noqa: S608 -- every part is a constant of this module
        f" ORDER BY date {direction}, id {direction} LIMIT ?"
    )
    asked = (*([unwanted] if unwanted else []), CANDIDATES)
    rows = shards.each(lambda db: db.execute(sql, asked).fetchall())
    found = sorted(
        _each_once(rows, all_versions=all_versions), key=lambda one: (one.day, one.id), reverse=order != "oldest"
    )
    return Candidates(found=tuple(found[:CANDIDATES]), are_all=sum(map(len, rows)) < CANDIDATES, query=query)


def rarer(shards: Shards, query: Query) -> Query:
    """A query for any of its words without its commonest words, whose articles would crowd out the telling ones."""
    languages = shards.languages()
    wanted = query.wanted[0]
    kept = [
        phrase
        for phrase in wanted.phrases
        if count(shards, Query(clauses=(Clause(phrases=(phrase,)),)), languages) < CANDIDATES
    ]
    rest = tuple(clause for clause in query.clauses if clause is not wanted)
    return replace(query, clauses=(Clause(phrases=tuple(kept)), *rest)) if kept else query
