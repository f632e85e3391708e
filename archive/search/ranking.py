"""Rank the articles that a query matches, over one database or several.

By relevance the score is bm25, the title counting double, raised by up to `RECENCY` for the newest day of the archive
and less for older ones. Where not all that match were scored, the others follow, newest first, so that pages run through
everything.

bm25 weighs a word by how rare it is, and a text by how long it is, among the documents of its own table, so scores of
two tables cannot be compared. FTS5 gives only the sum over the words. But a word that is asked for twice counts twice:
asking for the query, and for the query and one of its words once more, gives that word's part as the difference. From
its part follows how often the article has the word (a multiple of a half, because the weights of the columns are), and
with that the score is recomputed from the counts of all tables.

The formula is that of `fts5Bm25Function` in SQLite's ext/fts5/fts5_aux.c; sizes are read from the tables that
https://www.sqlite.org/fts5.html#fts5_data_structures describes.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from datetime import date
from math import log
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from archive.search.candidates import BUDGET, STRETCH, Selection, count_matches, selections, stretch
from archive.search.index import languages_of
from archive.search.query import match_expression, term_expressions, unwanted_expression

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archive.search.candidates import Shards
    from archive.search.query import Query

WEIGHTS: Final = (2.0, 1.0, 1.0, 0.5, 0.0)
"""What a word counts in title, text, author, section and facets: multiples of a half, which `_often` relies on."""
BM25: Final = f"bm25(articles_search, {', '.join(map(str, WEIGHTS))})"
RECENCY: Final = 0.15
"""What the newest article gains over an old one: enough to part equals, not enough to beat a better answer."""
_HALF_LIFE: Final = 365.0  # days in which that gain halves
K1: Final = 1.2
B: Final = 0.75
_COMMONEST: Final = 1e-6  # FTS5's weight of a word that more than half of the documents have
_CHUNK: Final = 500
_Value = TypeVar("_Value")


class ArticlePlace(NamedTuple):
    """Where an article lies: which database, and its id there."""

    shard: int
    id: int


class Ranked(NamedTuple):
    """An article of an answer; `score` is higher for better, 0.0 when the order does not ask for it."""

    place: ArticlePlace
    score: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The scored articles that match a query, in no order, and of how many: exactly, or of all versions together."""

    scores: Mapping[ArticlePlace, float]
    total: int
    is_all: bool


def rank(shards: Shards, query: Query, *, all_versions: bool) -> Ranking:
    """Score the articles that match, or those that `candidates` selects when they are too many."""
    languages = shards.languages()
    if not match_expression(query, languages):
        return Ranking(scores={}, total=0, is_all=True)
    chosen, total = selections(shards, query, languages)
    scores: dict[ArticlePlace, float] = {}
    for selection in chosen:
        if selection.is_first:
            best = (1.0 + RECENCY) * max(scores.values(), default=1.0)
            scores |= dict.fromkeys(matches(shards, selection.query, all_versions=all_versions), best)
        else:
            scores |= _scores(shards, selection, languages, all_versions=all_versions)
    kept = _each_once(shards, scores) if len(shards) > 1 and not all_versions else scores
    is_all = chosen[0].gate is None and chosen[0].query == query
    return Ranking(scores=kept, total=len(kept) if is_all else total, is_all=is_all)


def by_relevance(shards: Shards, scores: Mapping[ArticlePlace, float], end: int) -> list[Ranked]:
    """Return the first `end` of the scored articles, best first."""
    if not scores or end <= 0:
        return []
    least = heapq.nlargest(end, scores.values())[-1] / (1.0 + RECENCY)
    near = {place: score for place, score in scores.items() if score >= least}
    newest = _newest_day(shards)
    unread = [place for place in near if place not in shards.days]
    shards.days.update((place, day or "") for place, day in columns_of(shards, unread, "date"))
    dated = (
        (score * (1.0 + _freshness(shards.days[place], newest)), shards.days[place], place.id, place.shard)
        for place, score in near.items()
        if place in shards.days
    )
    best = heapq.nlargest(end, dated)
    return [Ranked(ArticlePlace(shard, identity), score) for score, _, identity, shard in best]


def by_date(shards: Shards, query: Query, end: int, *, oldest: bool, all_versions: bool) -> list[Ranked]:
    """Return the first `end` of the articles that match, by their dates; the undated come last. A query for nothing matches all."""
    languages = shards.languages()
    if not match_expression(query, languages):  # nothing is asked for, or nothing of the words was left
        return [] if query.wanted else _dated(shards, query, end, oldest=oldest, all_versions=all_versions)
    few = stretch(shards, query, languages, enough=max(end, STRETCH), oldest=oldest)
    found = _dated(shards, few, end, oldest=oldest, all_versions=all_versions)
    if len(found) < end and few != query:  # older versions made the days look full
        return _dated(shards, query, end, oldest=oldest, all_versions=all_versions)
    return found


def total_of(shards: Shards, query: Query, *, all_versions: bool) -> tuple[int, bool]:
    """Return how many articles match, and whether that is exact: many matches are counted with their older versions."""
    languages = shards.languages()
    if not match_expression(query, languages):
        if query.wanted:
            return 0, True
        condition, asked = _unasked(query, languages, all_versions=all_versions)
        sql = f"SELECT count(*) FROM articles AS a WHERE {condition}"  # noqa: S608 -- every part is a constant of this module
        matching = sum(shards.each(lambda db: int(db.execute(sql, asked).fetchone()[0])))
        if len(shards) == 1:
            return matching, True
    else:
        matching = count_matches(shards, query, languages)
    return (matching, False) if matching > BUDGET else (len(matches(shards, query, all_versions=all_versions)), True)


def matches(shards: Shards, query: Query, *, all_versions: bool = False) -> list[ArticlePlace]:
    """Return every article that matches, in the order of the databases and ids: nothing is cut."""
    languages = shards.languages()
    if expression := match_expression(query, languages):
        sql = f"SELECT a.id {_FROM_INDEX} {_of_rows(query, all_versions=all_versions)} ORDER BY s.rowid"
        asked: Sequence[str] = (expression,)
    elif query.wanted:  # its words left no key
        return []
    else:
        condition, asked = _unasked(query, languages, all_versions=all_versions)
        sql = f"SELECT a.id FROM articles AS a WHERE {condition} ORDER BY a.id"  # noqa: S608 -- every part is a constant of this module
    rows = shards.each(lambda db: db.execute(sql, asked).fetchall())
    found = dict.fromkeys((ArticlePlace(shard, row[0]) for shard, answer in enumerate(rows) for row in answer), 0.0)
    return list(_each_once(shards, found) if len(shards) > 1 and not all_versions else found)


def usage(db: sqlite3.Connection, query: Query) -> Mapping[tuple[str, str], int]:
    """Return how many latest versions match, by (day, site); the day is '' for those without a date. All for an empty query."""
    languages = languages_of(db)
    asked: Sequence[str]
    if expression := match_expression(query, languages):
        source, asked = f"{_FROM_INDEX} {_of_rows(query, all_versions=False)}", (expression,)
    elif query.wanted:  # its words left no key
        return {}
    else:
        condition, asked = _unasked(query, languages, all_versions=False)
        source = f"FROM articles AS a WHERE {condition}"
    rows = db.execute(f"SELECT coalesce(a.date, ''), a.site, count(*) {source} GROUP BY 1, 2", asked)
    return {(str(day), str(site)): int(count) for day, site, count in rows}


# CROSS JOIN fixes the order of the loops, postings first.
_FROM_INDEX: Final = (
    "FROM articles_search AS s CROSS JOIN articles AS a ON a.id = s.rowid WHERE articles_search MATCH ?"
)


def _of_rows(query: Query, *, all_versions: bool) -> str:
    """Return the conditions on a row `a` of `articles` that the index knows nothing of."""
    return f"{'' if all_versions else 'AND a.is_latest = 1'}{query.conditions}"


def _unasked(query: Query, languages: Sequence[str], *, all_versions: bool) -> tuple[str, Sequence[str]]:
    """Return the condition of a query that asks for no word and no filter: all articles, but those that it excludes."""
    unwanted = unwanted_expression(query, languages)
    without = "AND a.id NOT IN (SELECT rowid FROM articles_search WHERE articles_search MATCH ?)" if unwanted else ""
    return f"1 {_of_rows(query, all_versions=all_versions)} {without}", (unwanted,) if unwanted else ()


def _dated(shards: Shards, query: Query, end: int, *, oldest: bool, all_versions: bool) -> list[Ranked]:
    languages = shards.languages()
    asked: Sequence[str]
    if expression := match_expression(query, languages):
        source, asked = f"{_FROM_INDEX} {_of_rows(query, all_versions=all_versions)}", (expression,)
    else:
        condition, asked = _unasked(query, languages, all_versions=all_versions)
        source = f"FROM articles AS a WHERE {condition}"
    order = "(a.date = ''), a.date, a.id" if oldest else "a.date DESC, a.id DESC"
    sql = f"SELECT a.id, coalesce(a.date, '') {source} ORDER BY {order} LIMIT ?"
    rows = shards.each(lambda db: db.execute(sql, (*asked, end)).fetchall())
    days = {ArticlePlace(shard, row[0]): row[1] for shard, answer in enumerate(rows) for row in answer}
    kept = _each_once(shards, days) if len(shards) > 1 and not all_versions else days
    return [Ranked(place) for place in _sorted(kept, oldest=oldest)[:end]]


def in_order_of_date(shards: Shards, found: Sequence[Ranked], *, oldest: bool) -> list[Ranked]:
    """Return the same articles by their dates."""
    days = {place: day or "" for place, day in columns_of(shards, [ranked.place for ranked in found], "date")}
    return [Ranked(place) for place in _sorted(days, oldest=oldest)]


def _sorted(days: Mapping[ArticlePlace, str], *, oldest: bool) -> list[ArticlePlace]:
    """Return places by their days (YYYY-MM-DD, '' for undated, which come last)."""

    def key(place: ArticlePlace) -> tuple[str, int, int]:
        return days[place] or ("9999" if oldest else ""), place.id, place.shard

    return sorted(days, key=key, reverse=not oldest)


def _each_once(shards: Shards, found: Mapping[ArticlePlace, _Value]) -> dict[ArticlePlace, _Value]:
    """Of an article that several databases hold as its latest version, only the one fetched last."""
    newest: dict[str, tuple[str, ArticlePlace]] = {}
    for place, url, fetched_at in columns_of(shards, found, "url", "fetched_at"):
        if url not in newest or newest[url][0] < fetched_at:
            newest[url] = (fetched_at, place)
    kept = {place for _, place in newest.values()}
    return {place: value for place, value in found.items() if place in kept}


def columns_of(shards: Shards, places: Iterable[ArticlePlace], *columns: str) -> Iterator[tuple[Any, ...]]:
    """Yield (place, value of each column) of these articles; nothing of those that were deleted meanwhile."""
    of_shard: dict[int, list[int]] = {}
    for place in places:
        of_shard.setdefault(place.shard, []).append(place.id)
    for shard, ids in of_shard.items():
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            sql = f"SELECT id, {', '.join(columns)} FROM articles WHERE id IN ({','.join('?' * len(chunk))})"  # noqa: S608 -- constant column names and question marks
            for identity, *values in shards.databases[shard].execute(sql, chunk):
                yield (ArticlePlace(shard, identity), *values)


def _newest_day(shards: Shards) -> int:
    sql = "SELECT max(date) FROM articles WHERE is_latest = 1"
    return max((_number(row[0] or "") for row in shards.each(lambda db: db.execute(sql).fetchone())), default=0)


def _freshness(day: str, newest: int) -> float:
    """Return what a date (YYYY-MM-DD…) adds to a score, against the newest of the archive."""
    number = _number(day or "")
    return RECENCY * 0.5 ** (max(newest - number, 0) / _HALF_LIFE) if number else 0.0


def _number(text: str) -> int:
    """Return days since year 1 of a date that begins with YYYY-MM-DD, 0 when it does not."""
    try:
        return date.fromisoformat(text[:10]).toordinal()
    except ValueError:
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """How many documents and tokens one index (or all of them) holds, and how many documents have each term."""

    documents: int
    tokens: int
    having: Mapping[str, int]

    def rarity(self, term: str) -> float:
        """Return the inverse document frequency, as FTS5 computes it."""
        weight = log((max(self.documents - self.having[term], 0) + 0.5) / (self.having[term] + 0.5))
        return weight if weight > 0 else _COMMONEST

    def damping(self, length: int) -> float:
        """Return what a document of that many tokens puts below the fraction of the formula."""
        return K1 * (1 - B + B * length * self.documents / max(self.tokens, 1))


def _scores(
    shards: Shards, selection: Selection, languages: Sequence[str], *, all_versions: bool
) -> dict[ArticlePlace, float]:
    """Return what each article of a selection scores by the words of its query."""
    expression = selection.expression(languages)
    sql = f"SELECT a.id, -{BM25}, a.date {_FROM_INDEX} {_of_rows(selection.query, all_versions=all_versions)}"
    read = shards.each(lambda db: db.execute(sql, (expression,)).fetchall())
    shards.days.update(((shard, row[0]), row[2] or "") for shard, answer in enumerate(read) for row in answer)
    rows: list[dict[int, float]] = [{row[0]: row[1] for row in answer} for answer in read]
    if len(shards) > 1:
        rows = _as_one(shards, selection, rows, languages)
    elif selection.gate:
        rows = [_without(shards, rows[0], match_expression(selection.gate, languages))]
    return {ArticlePlace(shard, identity): score for shard, row in enumerate(rows) for identity, score in row.items()}


def _without(shards: Shards, scores: Mapping[int, float], gate: str) -> dict[int, float]:
    """Return the scores of one database's articles, less what the words of a gate add."""
    sql = f"SELECT rowid, -{BM25} FROM articles_search WHERE articles_search MATCH ?"  # noqa: S608 -- a constant
    twice = dict(shards.databases[0].execute(sql, (gate,)).fetchall())
    return {identity: score - twice.get(identity, 0.0) for identity, score in scores.items()}


def _as_one(
    shards: Shards, selection: Selection, rows: Sequence[Mapping[int, float]], languages: Sequence[str]
) -> list[dict[int, float]]:
    """Return the articles' scores as they would be in one index of all the databases' articles."""
    asked = Counter(term_expressions(selection.query, languages))
    standing = asked + Counter(term_expressions(selection.gate, languages) if selection.gate else ())
    tables = shards.each(lambda db: _table(db, standing))
    whole = _Table(
        documents=sum(table.documents for table in tables),
        tokens=sum(table.tokens for table in tables),
        having={term: sum(table.having[term] for table in tables) for term in standing},
    )
    expression = selection.expression(languages)
    numbers = {id(db): number for number, db in enumerate(shards.databases)}

    def rescored(db: sqlite3.Connection) -> dict[int, float]:
        number = numbers[id(db)]
        parts = _parts(db, expression, standing, rows[number])
        return _rescored(db, parts, asked, rows[number], table=tables[number], whole=whole)

    return shards.each(rescored)


def _table(db: sqlite3.Connection, terms: Mapping[str, int]) -> _Table:
    averages = db.execute("SELECT block FROM articles_search_data WHERE id = 1").fetchone()
    documents, *tokens = _varints(averages[0]) if averages and averages[0] else [0]
    sql = "SELECT count(*) FROM articles_search WHERE articles_search MATCH ?"
    having = {term: int(db.execute(sql, (term,)).fetchone()[0]) for term in terms}
    return _Table(documents=documents, tokens=sum(tokens), having=having)


def _rescored(
    db: sqlite3.Connection,
    parts: Mapping[str, Mapping[int, float]],
    asked: Mapping[str, int],
    found: Mapping[int, float],
    *,
    table: _Table,
    whole: _Table,
) -> dict[int, float]:
    """Return the new scores of one database's articles, by id."""
    lengths = _lengths(db, list(found))
    new = dict.fromkeys(found, 0.0)
    for term, part in parts.items():
        for identity, share in part.items():
            length = lengths.get(identity, 0)
            often = _often(share / table.rarity(term), table.damping(length))
            damped = often * (K1 + 1) / (often + whole.damping(length)) if often else 0.0
            new[identity] += asked[term] * whole.rarity(term) * damped
    return new


def _parts(
    db: sqlite3.Connection, expression: str, standing: Mapping[str, int], found: Mapping[int, float]
) -> dict[str, dict[int, float]]:
    """For each term, what it adds to the score of each article when it is asked for once; the last is what is left."""
    if not found:
        return {}
    rest = dict(found)
    *others, last = standing
    sql = f"SELECT rowid, -{BM25} FROM articles_search WHERE articles_search MATCH ? AND rowid BETWEEN ? AND ?"  # noqa: S608 -- a constant
    parts: dict[str, dict[int, float]] = {}
    for term in others:
        asked = (f"({expression}) AND ({term})", min(rest), max(rest))
        parts[term] = {row[0]: row[1] - found[row[0]] for row in db.execute(sql, asked) if row[0] in found}
        for identity, share in parts[term].items():
            rest[identity] -= standing[term] * share
    parts[last] = {identity: left / standing[last] for identity, left in rest.items()}
    return parts


def _often(part: float, damping: float) -> float:
    """Return how often a document has a term, weighted by column, from what bm25 makes of it: the formula turned round."""
    exact = part * damping / (K1 + 1 - part) if part < K1 + 1 else 0.0
    return max(0.0, round(2 * exact) / 2)


def _lengths(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, int]:
    """Return tokens of each document."""
    lengths: dict[int, int] = {}
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        marks = ",".join("?" * len(chunk))
        rows = db.execute(f"SELECT id, sz FROM articles_search_docsize WHERE id IN ({marks})", chunk)  # noqa: S608 -- question marks
        lengths.update((identity, sum(_varints(sizes))) for identity, sizes in rows)
    return lengths


def _varints(block: bytes) -> list[int]:
    """Return SQLite's integers of variable length, all of a block; those of nine bytes do not occur in counts."""
    numbers, value = [], 0
    for byte in block:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(value)
            value = 0
    return numbers
