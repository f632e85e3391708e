"""Select what to export by sites, days, URLs and ids: a stream of articles, or of captures with the articles read from them."""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archive.index.articles import key_of
from archive.index.rows import of_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlite_utils import Database

BATCH = 500
"""Rows read at once."""

DAY = "coalesce(nullif(articles.date, ''), substr(articles.fetched_at, 1, 10))"
"""The day of an article as SQL: the day of publication, or of the first fetch when the page does not give one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFilter:
    """What to select; '' and None select everything. Days are `YYYY-MM-DD`, both included.

    For articles they are days of publication (of the first fetch, when the page does not give one); for captures, days of capture.
    """

    site: str = ""
    first_day: str = ""
    last_day: str = ""
    urls: tuple[str, ...] = ()
    article_ids: tuple[int, ...] | None = None
    all_versions: bool = False


def selected_articles(db: Database, choice: ArticleFilter) -> Iterator[Any]:
    """Yield the rows of the selected articles, ordered by id."""
    where, values = _of_articles(db, choice)
    yield from _paged(db, "SELECT * FROM articles", "articles", where, values)


def periods(db: Database, choice: ArticleFilter, letters: int) -> list[str]:
    """Return the years (`letters` 4) or months (`letters` 7) of the selected articles, in order."""
    where, values = _of_articles(db, choice)
    clause = f"WHERE {' AND '.join(where)}" if where else ""
    rows = db.conn.execute(f"SELECT DISTINCT substr({DAY}, 1, {letters}) FROM articles {clause} ORDER BY 1", values)  # noqa: S608 - our own words
    return [row[0] for row in rows]


def selected_captures(db: Database, choice: ArticleFilter) -> Iterator[dict[str, Any]]:
    """Yield the selected captures: location, MIME type, status, and title and text of the article that was read from each."""
    day = "substr(captures.captured_at, 1, 10)"
    where, values = _where(db, choice, day=day, article_id="captures.article_id", table="captures")
    sql = """
        SELECT captures.id, captures.record_id, captures.url, captures.record_type, captures.status, captures.mime,
               captures.warc_filename, captures.warc_record_offset, captures.warc_record_length,
               coalesce(articles.title, '') AS title, coalesce(articles.text, '') AS text
        FROM captures LEFT JOIN articles ON articles.id = captures.article_id
    """
    yield from _paged(db, sql, "captures", where, values)


def _of_articles(db: Database, choice: ArticleFilter) -> tuple[list[str], dict[str, Any]]:
    where, values = _where(db, choice, day=DAY)
    return (where if choice.all_versions else [*where, "articles.is_latest = 1"]), values


def _where(
    db: Database, choice: ArticleFilter, *, day: str, article_id: str = "articles.id", table: str = "articles"
) -> tuple[list[str], dict[str, Any]]:
    where, values = [], dict[str, Any]()
    if choice.site:
        where.append(of_site(choice.site, table))
        values["site"] = choice.site
    if choice.first_day:
        where.append(f"{day} >= :first")
        values["first"] = choice.first_day
    if choice.last_day:
        where.append(f"{day} <= :last")
        values["last"] = choice.last_day
    if choice.urls:
        marks = ", ".join(f":url{number}" for number in range(len(choice.urls)))
        keys = ", ".join(f":key{number}" for number in range(len(choice.urls)))
        of_articles = f"{article_id} IN (SELECT id FROM articles WHERE article_key IN ({keys}))"  # noqa: S608 - only our own words
        where.append(f"({table}.url IN ({marks}) OR {of_articles})")
        values |= {f"url{number}": url for number, url in enumerate(choice.urls)}
        values |= {f"key{number}": key_of(db, url) for number, url in enumerate(choice.urls)}
    if choice.article_ids is not None:
        where.append(f"{article_id} IN (SELECT value FROM json_each(:article_ids))")  # noqa: S608 - our own column name
        values["article_ids"] = json.dumps(choice.article_ids)
    return where, values


def _paged(db: Database, sql: str, table: str, where: list[str], values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the selected rows in pages, so that no read transaction is held while a large export is written.

    The ids are selected first, so that a row that changes during the export is in it once.
    """
    clause = f"WHERE {' AND '.join(where)}" if where else ""
    chosen = db.conn.execute(f"SELECT id FROM {table} {clause} ORDER BY id", values)  # noqa: S608 - our own words
    ids = array("q", (row[0] for row in chosen))
    for start in range(0, len(ids), BATCH):
        page = json.dumps(ids[start : start + BATCH].tolist())
        statement = f"{sql} WHERE {table}.id IN (SELECT value FROM json_each(?)) ORDER BY {table}.id"  # noqa: S608 - our own words
        yield from list(db.query(statement, [page]))


def known_sites(db: Database) -> set[str]:
    """Return the sites with articles, captures or scheduled URLs in the archive."""
    tables = ("articles", "urls", "captures")
    return {row[0] for table in tables for row in db.conn.execute(f"SELECT DISTINCT site FROM {table}")}  # noqa: S608 - our own names
