"""Near-duplicates as SQL: articles go in; families come out, each led by who had the story first. Never begins or ends a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archive.index import shingles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlite_utils import Database

MOST_CANDIDATES = 20
"""Articles that one is compared with: those it shares most bands with."""

_FIRST = "coalesce(published_at, fetched_at)"


def waiting(db: Database, limit: int) -> list[dict[str, Any]]:
    """Latest versions that nobody has compared yet, oldest first."""
    sql = """
        SELECT a.id, a.url, a.title, a.text FROM articles AS a
        WHERE a.is_latest = 1 AND NOT EXISTS (SELECT 1 FROM families WHERE article_id = a.id) ORDER BY a.id LIMIT ?
        """
    return list(db.query(sql, [limit]))


def place(db: Database, row: dict[str, Any]) -> int:
    """Puts an article into the family of its nearest like, or into one of its own; returns the family's number."""
    hashes = shingles.shingles(row["text"])
    keys = shingles.bands(hashes)
    family, nearest = row["id"], 0.0
    for candidate in _candidates(db, keys, row["url"]):
        likeness = shingles.resemblance(hashes, shingles.shingles(candidate["text"]))
        if likeness >= shingles.SAME and likeness > nearest:
            family, nearest = candidate["family"], likeness
    db.conn.execute(
        "INSERT INTO families (article_id, family, resemblance) VALUES (?, ?, ?)",
        (row["id"], family, round(nearest, 3)),
    )
    db.conn.executemany("INSERT INTO similar (key, article_id) VALUES (?, ?)", [(key, row["id"]) for key in set(keys)])
    return int(family)


def _candidates(db: Database, keys: tuple[int, ...], url: str) -> Iterator[dict[str, Any]]:
    marks = ", ".join("?" * len(keys))
    sql = f"""
        SELECT a.text, f.family FROM (
            SELECT article_id, count(*) AS shared FROM similar WHERE key IN ({marks}) GROUP BY 1 ORDER BY 2 DESC LIMIT ?
        ) AS met JOIN articles AS a ON a.id = met.article_id JOIN families AS f ON f.article_id = a.id WHERE a.url <> ?
        """  # noqa: S608 - only question marks
    return iter(list(db.query(sql, [*keys, MOST_CANDIDATES, url]))) if keys else iter(())


def grouped(db: Database, *, limit: int = 1000) -> list[dict[str, Any]]:
    """The members of families of two or more articles, the newest families first, within one by who had the story first."""
    sql = f"""
        SELECT f.family, f.resemblance, a.id, a.url, a.site, a.title, a.source, {_FIRST} AS first,
               row_number() OVER (PARTITION BY f.family ORDER BY {_FIRST}, a.id) AS place
        FROM families AS f JOIN articles AS a ON a.id = f.article_id AND a.is_latest = 1
        WHERE f.family IN (
            SELECT family FROM families JOIN articles ON articles.id = article_id AND is_latest = 1 GROUP BY 1 HAVING count(*) > 1
            ORDER BY 1 DESC LIMIT ?
        ) ORDER BY f.family DESC, place
        """  # noqa: S608 - our own words
    return list(db.query(sql, [limit]))


def others(db: Database, article_id: int) -> list[dict[str, Any]]:
    """The other members of an article's family, the one that had the story first at the top."""
    sql = f"""
        SELECT a.id, a.url, a.site, a.sitename, a.title, {_FIRST} AS first
        FROM families AS mine JOIN families AS f ON f.family = mine.family JOIN articles AS a ON a.id = f.article_id AND a.is_latest = 1
        WHERE mine.article_id = ? AND a.id <> mine.article_id ORDER BY first, a.id
        """  # noqa: S608 - our own words
    return list(db.query(sql, [article_id]))
