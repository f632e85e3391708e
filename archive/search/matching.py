"""Find all articles that match a query, and count them by day and site. Nothing is ranked or cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from archive.search.candidates import BUDGET, estimate_matches
from archive.search.expression import match_expression, unwanted_expression
from archive.search.index import languages_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archive.search.candidates import Shards
    from archive.search.query import Query

_CHUNK: Final = 500
_Value = TypeVar("_Value")


class ArticlePlace(NamedTuple):
    """The location of an article: the number of its database, and its id there."""

    shard: int
    id: int


# CROSS JOIN fixes the order of the join: the index first.
FROM_INDEX: Final = "FROM articles_search AS s CROSS JOIN articles AS a ON a.id = s.rowid WHERE articles_search MATCH ?"


def matches(shards: Shards, query: Query, *, all_versions: bool = False) -> list[ArticlePlace]:
    """Return all matching articles, ordered by database and id."""
    languages = shards.languages()
    if expression := match_expression(query, languages):
        sql = f"SELECT a.id {FROM_INDEX} {of_rows(query, all_versions=all_versions)} ORDER BY s.rowid"
        asked: Sequence[str] = (expression,)
    elif query.wanted:  # its words left no key
        return []
    else:
        condition, asked = unfiltered(query, languages, all_versions=all_versions)
        sql = f"SELECT a.id FROM articles AS a WHERE {condition} ORDER BY a.id"  # noqa: S608 -- every part is a constant of this module
    rows = shards.each(lambda db: db.execute(sql, asked).fetchall())
    found = dict.fromkeys((ArticlePlace(shard, row[0]) for shard, answer in enumerate(rows) for row in answer), 0.0)
    return list(each_once(shards, found) if len(shards) > 1 and not all_versions else found)


def indexed(shards: Shards, query: Query) -> list[ArticlePlace]:
    """Return what the index alone says that matches, without reading a row: with older versions and articles in any state."""
    asked = (match_expression(query, shards.languages()),)
    sql = "SELECT rowid FROM articles_search WHERE articles_search MATCH ?"
    rows = shards.each(lambda db: db.execute(sql, asked).fetchall())
    return [ArticlePlace(shard, row[0]) for shard, answer in enumerate(rows) for row in answer]


def rows_asked_for(
    shards: Shards, query: Query, places: Sequence[ArticlePlace], *, all_versions: bool
) -> Iterator[ArticlePlace]:
    """Yield those of the articles whose rows are of the version and in the states that the query asks for."""
    condition = of_rows(query, all_versions=all_versions)
    for shard, db in enumerate(shards.databases):
        ids = [place.id for place in places if place.shard == shard]
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            sql = f"SELECT a.id FROM articles AS a WHERE a.id IN ({','.join('?' * len(chunk))}) {condition}"  # noqa: S608 -- question marks and constants
            yield from (ArticlePlace(shard, row[0]) for row in db.execute(sql, chunk))


def total_of(shards: Shards, query: Query, *, all_versions: bool) -> tuple[int, bool]:
    """Return the number of matching articles, and whether it is exact: many are counted with their older versions, very many estimated."""
    languages = shards.languages()
    if not match_expression(query, languages):
        if query.wanted:
            return 0, True
        condition, asked = unfiltered(query, languages, all_versions=all_versions)
        sql = f"SELECT count(*) FROM articles AS a WHERE {condition}"  # noqa: S608 -- every part is a constant of this module
        matching = sum(shards.each(lambda db: int(db.execute(sql, asked).fetchone()[0])))
        if len(shards) == 1:
            return matching, True
    else:
        matching = estimate_matches(shards, query, languages)
    return (matching, False) if matching > BUDGET else (len(matches(shards, query, all_versions=all_versions)), True)


def usage(db: sqlite3.Connection, query: Query) -> Mapping[tuple[str, str], int]:
    """Return the number of matching latest versions by (day, site); the day is '' for undated ones. An empty query matches all."""
    languages = languages_of(db)
    asked: Sequence[str]
    if expression := match_expression(query, languages):
        source, asked = f"{FROM_INDEX} {of_rows(query, all_versions=False)}", (expression,)
    elif query.wanted:  # its words left no key
        return {}
    else:
        condition, asked = unfiltered(query, languages, all_versions=False)
        source = f"FROM articles AS a WHERE {condition}"
    rows = db.execute(f"SELECT coalesce(a.date, ''), a.site, count(*) {source} GROUP BY 1, 2", asked)
    return {(str(day), str(site)): int(count) for day, site, count in rows}


def of_rows(query: Query, *, all_versions: bool) -> str:
    """Return the SQL conditions on a row `a` of `articles` that are not in the index."""
    return f"{'' if all_versions else 'AND a.is_latest = 1'}{query.conditions}"


def unfiltered(query: Query, languages: Sequence[str], *, all_versions: bool) -> tuple[str, Sequence[str]]:
    """Return condition and parameters of a query without words and filters: all articles except those that it excludes."""
    unwanted = unwanted_expression(query, languages)
    without = "AND a.id NOT IN (SELECT rowid FROM articles_search WHERE articles_search MATCH ?)" if unwanted else ""
    return f"1 {of_rows(query, all_versions=all_versions)} {without}", (unwanted,) if unwanted else ()


def each_once(shards: Shards, found: Mapping[ArticlePlace, _Value]) -> dict[ArticlePlace, _Value]:
    """Return the articles without duplicates: of one that several databases have as latest version, only the one fetched last."""
    newest: dict[str, tuple[str, ArticlePlace]] = {}
    for place, url, fetched_at in columns_of(shards, found, "url", "fetched_at"):
        if url not in newest or newest[url][0] < fetched_at:
            newest[url] = (fetched_at, place)
    kept = {place for _, place in newest.values()}
    return {place: value for place, value in found.items() if place in kept}


def columns_of(
    shards: Shards, places: Iterable[ArticlePlace], *columns: str, rows: str = ""
) -> Iterator[tuple[Any, ...]]:
    """Yield (place, value of each column) of these articles, without those that were deleted meanwhile or fail the condition `rows`."""
    of_shard: dict[int, list[int]] = {}
    for place in places:
        of_shard.setdefault(place.shard, []).append(place.id)
    for shard, ids in of_shard.items():
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            sql = f"SELECT {', '.join(('a.id', *columns))} FROM articles AS a WHERE a.id IN ({','.join('?' * len(chunk))}) {rows}"  # noqa: S608 -- constant names and conditions, and question marks
            for identity, *values in shards.databases[shard].execute(sql, chunk):
                yield (ArticlePlace(shard, identity), *values)
