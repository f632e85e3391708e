"""How well the sites are covered, as SQL: outcomes of visits, captures by day, quarantine, the log of runs. Never writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from archive.outcome import OutcomeKind, sql_list

if TYPE_CHECKING:
    from sqlite_utils import Database

_FAILURES = sql_list(kind for kind in OutcomeKind if kind.is_failure)

RECENT_CAPTURES = 200_000
"""Captures that the count by day looks at, the newest first: a second's work at most, some weeks of a busy crawl."""


def outcomes(db: Database) -> list[dict[str, Any]]:
    """How the last visits of all known URLs ended: outcome ('' for never visited), reason, urls, last_visit; most frequent first."""
    return list(
        db.query(
            """
            SELECT outcome, reason, count(*) AS urls, coalesce(max(visited_at), '') AS last_visit
            FROM urls GROUP BY outcome, reason ORDER BY urls DESC, outcome, reason
            """
        )
    )


def sites(db: Database, *, limit: int = 500) -> list[dict[str, Any]]:
    """Each site's known URLs, those visited, due some day and failing now, its last visit, and its articles."""
    return list(
        db.query(
            """
            SELECT u.*, coalesce(a.articles, 0) AS articles, coalesce(a.newest, '') AS newest
            FROM (
                SELECT site, count(*) AS urls, sum(visits > 0) AS visited, sum(due_at IS NOT NULL) AS due, sum(failures > 0) AS failing,
                       coalesce(max(visited_at), '') AS last_visit
                FROM urls GROUP BY site
                UNION ALL
                SELECT DISTINCT site, 0, 0, 0, 0, '' FROM articles WHERE is_latest = 1 AND site NOT IN (SELECT site FROM urls)
            ) AS u
            LEFT JOIN (
                SELECT site, count(*) AS articles, max(date) AS newest FROM articles WHERE is_latest = 1 GROUP BY site
            ) AS a ON a.site = u.site
            ORDER BY articles DESC, u.site LIMIT ?
            """,
            [limit],
        )
    )


def captures_by_day(db: Database, *, days: int = 60) -> list[dict[str, Any]]:
    """The last days with captures, oldest first: day (YYYY-MM-DD), captures, articles, troubles (quarantined, failed, gone)."""
    rows = db.query(
        f"""
        SELECT substr(captured_at, 1, 10) AS day, count(*) AS captures, sum(outcome = 'article') AS articles,
               sum(outcome IN ({_FAILURES})) AS troubles
        FROM (SELECT captured_at, outcome FROM captures ORDER BY id DESC LIMIT ?)
        GROUP BY day ORDER BY day DESC LIMIT ?
        """,  # noqa: S608 - our own words
        [RECENT_CAPTURES, days],
    )
    return list(rows)[::-1]


def quarantined(db: Database, *, reason: str = "", limit: int = 50, offset: int = 0) -> list[dict[str, Any]]:
    """Captures that are kept and not shown as articles, newest first: columns of `captures`."""
    where, args = ("AND reason = ?", [reason]) if reason else ("", [])
    sql = f"SELECT * FROM captures WHERE outcome = 'quarantine' {where} ORDER BY id DESC LIMIT ? OFFSET ?"  # noqa: S608 - our own words
    return list(db.query(sql, [*args, limit, offset]))


def quarantine_reasons(db: Database) -> list[tuple[str, int]]:
    """(reason, captures in quarantine for it), most frequent first."""
    sql = "SELECT reason, count(*) FROM captures WHERE outcome = 'quarantine' GROUP BY reason ORDER BY 2 DESC, 1"
    return [(str(reason), int(count)) for reason, count in db.conn.execute(sql)]


def runs(db: Database, *, limit: int = 20, offset: int = 0) -> list[dict[str, Any]]:
    """The log of runs, newest first: columns of `runs`, `summary` as a dict."""
    rows = db.query("SELECT * FROM runs ORDER BY id DESC LIMIT ? OFFSET ?", [limit, offset])
    return [{**row, "ended_at": row["ended_at"] or "", "summary": json.loads(row["summary"])} for row in rows]
