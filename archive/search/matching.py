"""Find the articles that match a query: all of them, how many, and of which days and sites. Nothing is ranked or cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from archive.search.candidates import BUDGET, count_matches
from archive.search.index import languages_of
from archive.search.query import match_expression, unwanted_expression

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archive.search.candidates import Shards
    from archive.search.query import Query

_CHUNK: Final = 500
_Value = TypeVar("_Value")


class ArticlePlace(NamedTuple):
    """Where an article lies: which database, and its id there."""

    shard: int
    id: int


# CROSS JOIN fixes the order of the loops, postings first.
FROM_INDEX: Final = "FROM articles_search AS s CROSS JOIN articles AS a ON a.id = s.rowid WHERE articles_search MATCH ?"


def matches(shards: Shards, query: Query, *, all_versions: bool = False) -> list[ArticlePlace]:
    """Return every article that matches, in the order of the databases and ids: nothing is cut."""
    languages = shards.languages()
    if expression := match_expression(query, languages):
        sql = f"SELECT a.id {FROM_INDEX} {of_rows(query, all_versions=all_versions)} ORDER BY s.rowid"
        asked: Sequence[str] = (expression,)
    elif query.wanted:  # its words left no key
        return []
    else:
        condition, asked = unasked(query, languages, all_versions=all_versions)
        sql = f"SELECT a.id FROM articles AS a WHERE {condition} ORDER BY a.id"  # noqa: S608 -- every part is a constant of this module
    rows = shards.each(lambda db: db.execute(sql, asked).fetchall())
    found = dict.fromkeys((ArticlePlace(shard, row[0]) for shard, answer in enumerate(rows) for row in answer), 0.0)
    return list(each_once(shards, found) if len(shards) > 1 and not all_versions else found)


def total_of(shards: Shards, query: Query, *, all_versions: bool) -> tuple[int, bool]:
    """Return how many articles match, and whether that is exact: many matches are counted with their older versions."""
    languages = shards.languages()
    if not match_expression(query, languages):
        if query.wanted:
            return 0, True
        condition, asked = unasked(query, languages, all_versions=all_versions)
        sql = f"SELECT count(*) FROM articles AS a WHERE {condition}"  # noqa: S608 -- every part is a constant of this module
        matching = sum(shards.each(lambda db: int(db.execute(sql, asked).fetchone()[0])))
        if len(shards) == 1:
            return matching, True
    else:
        matching = count_matches(shards, query, languages)
    return (matching, False) if matching > BUDGET else (len(matches(shards, query, all_versions=all_versions)), True)


def usage(db: sqlite3.Connection, query: Query) -> Mapping[tuple[str, str], int]:
    """Return how many latest versions match, by (day, site); the day is '' for those without a date. All for an empty query."""
    languages = languages_of(db)
    asked: Sequence[str]
    if expression := match_expression(query, languages):
        source, asked = f"{FROM_INDEX} {of_rows(query, all_versions=False)}", (expression,)
    elif query.wanted:  # its words left no key
        return {}
    else:
        condition, asked = unasked(query, languages, all_versions=False)
        source = f"FROM articles AS a WHERE {condition}"
    rows = db.execute(f"SELECT coalesce(a.date, ''), a.site, count(*) {source} GROUP BY 1, 2", asked)
    return {(str(day), str(site)): int(count) for day, site, count in rows}


def of_rows(query: Query, *, all_versions: bool) -> str:
    """Return the conditions on a row `a` of `articles` that the index knows nothing of."""
    return f"{'' if all_versions else 'AND a.is_latest = 1'}{query.conditions}"


def unasked(query: Query, languages: Sequence[str], *, all_versions: bool) -> tuple[str, Sequence[str]]:
    """Return the condition of a query that asks for no word and no filter: all articles, but those that it excludes."""
    unwanted = unwanted_expression(query, languages)
    without = "AND a.id NOT IN (SELECT rowid FROM articles_search WHERE articles_search MATCH ?)" if unwanted else ""
    return f"1 {of_rows(query, all_versions=all_versions)} {without}", (unwanted,) if unwanted else ()


def each_once(shards: Shards, found: Mapping[ArticlePlace, _Value]) -> dict[ArticlePlace, _Value]:
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
