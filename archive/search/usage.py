"""Count the articles that a query finds by day and site: how words are used over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.search.index import languages_of
from archive.search.query import match_expression, unwanted_expression
from archive.search.ranking import FROM_INDEX, of_rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from archive.search.query import Query


def usage(db: sqlite3.Connection, query: Query) -> Mapping[tuple[str, str], int]:
    """Return how many latest versions match, by (day, site); the day is '' for those without a date. All for an empty query."""
    languages = languages_of(db)
    asked: Sequence[str]
    if expression := match_expression(query, languages):
        source, asked = f"{FROM_INDEX} {of_rows(query, all_versions=False)}", (expression,)
    elif query.wanted:  # its words left no key
        return {}
    else:
        unwanted = unwanted_expression(query, languages)
        without = "a.id NOT IN (SELECT rowid FROM articles_search WHERE articles_search MATCH ?)" if unwanted else "1"
        source = f"FROM articles AS a WHERE {without} {of_rows(query, all_versions=False)}"
        asked = (unwanted,) if unwanted else ()
    rows = db.execute(f"SELECT coalesce(a.date, ''), a.site, count(*) {source} GROUP BY 1, 2", asked)
    return {(str(day), str(site)): int(count) for day, site, count in rows}
