"""What the archive holds, counted. Never writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlite_utils import Database


def count(db: Database) -> dict[str, Any]:
    """Totals, and counts by site, language, day of publication, capture outcome and quarantine reason."""
    return {
        "articles": _one(db, "SELECT count(*) FROM articles WHERE is_latest = 1"),
        "versions": _one(db, "SELECT count(*) FROM articles"),
        "captures": _one(db, "SELECT count(*) FROM captures"),
        "urls": _one(db, "SELECT count(*) FROM urls"),
        "urls_due_some_day": _one(db, "SELECT count(*) FROM urls WHERE due_at IS NOT NULL"),
        "warc_files": _one(db, "SELECT count(DISTINCT warc_filename) FROM captures"),
        "by_site": _by(db, "SELECT site, count(*) FROM articles WHERE is_latest = 1 GROUP BY 1 ORDER BY 2 DESC"),
        "by_language": _by(
            db, "SELECT language, count(*) FROM articles WHERE is_latest = 1 GROUP BY 1 ORDER BY 2 DESC"
        ),
        "by_day": _by(
            db,
            "SELECT date, count(*) FROM articles WHERE is_latest = 1 AND date LIKE '____-__-__' GROUP BY 1 ORDER BY 1",
        ),
        "captures_by_outcome": _by(db, "SELECT outcome, count(*) FROM captures GROUP BY 1 ORDER BY 2 DESC"),
        "quarantined_by_reason": _by(
            db, "SELECT reason, count(*) FROM captures WHERE outcome = 'quarantine' GROUP BY 1 ORDER BY 2 DESC"
        ),
    }


def _one(db: Database, sql: str) -> int:
    return int(db.conn.execute(sql).fetchone()[0])


def _by(db: Database, sql: str) -> dict[str, int]:
    return {str(key): int(n) for key, n in db.conn.execute(sql)}
