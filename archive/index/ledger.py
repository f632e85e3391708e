"""The coverage ledger as SQL: what each site announced on each day, what became of it, and the figures of its days. Never writes."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import date, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from archive.monitor import Day
from archive.outcome import OutcomeKind, sql_list

if TYPE_CHECKING:
    from sqlite_utils import Database

_CAPTURED = sql_list(kind for kind in OutcomeKind if kind.is_page and not kind.is_failure)


def days(db: Database, *, first: date, last: date) -> list[Day]:
    """The figures of every site on each day from `first` to `last`, both included, on which it was crawled or announced something."""
    span = {"first": first.isoformat(), "after": (last + timedelta(days=1)).isoformat()}
    figures: defaultdict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    for part in (_announcements, _runs, _readings):
        for key, values in part(db, span).items():
            figures[key] |= values
    return [Day(site=site, day=date.fromisoformat(day), **values) for (site, day), values in sorted(figures.items())]


def _announcements(db: Database, span: dict[str, str]) -> dict[tuple[str, str], dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in misses(db, **span):
        entry = found.setdefault((row["site"], row["day"]), {"announced": 0, "captured": 0, "missed": {}})
        entry["announced"] += row["urls"]
        if row["reason"]:
            entry["missed"][row["reason"]] = entry["missed"].get(row["reason"], 0) + row["urls"]
        else:
            entry["captured"] += row["urls"]
    return found


def misses(db: Database, *, first: str, after: str) -> list[dict[str, Any]]:
    """Article URLs announced from `first` until before `after`, counted by site, day, announcer and reason ('' for captured).

    A URL that leads elsewhere (a redirect) is not counted: where it leads to is announced in its own right.
    """
    return list(
        db.query(
            f"""
            WITH RECURSIVE sites (site) AS (  -- one look-up a site: SQLite does not skip through an index by itself
                SELECT min(site) FROM urls
                UNION ALL SELECT (SELECT min(site) FROM urls WHERE site > sites.site) FROM sites WHERE site IS NOT NULL
            )
            SELECT urls.site, substr(announced_at, 1, 10) AS day, announced_by, count(*) AS urls,
                   CASE WHEN article_url <> '' OR outcome IN ({_CAPTURED}) THEN ''
                        WHEN visits = 0 THEN 'not-asked-yet'
                        WHEN reason <> '' THEN outcome || ':' || reason ELSE outcome END AS reason
            FROM sites CROSS JOIN urls ON urls.site = sites.site
            WHERE announced_at >= :first AND announced_at < :after AND kind = 'article' AND outcome NOT IN ('redirect', 'part')
            GROUP BY 1, 2, 3, 5 ORDER BY 1, 2, 3, 5
            """,  # noqa: S608 - our own words
            {"first": first, "after": after},
        )
    )


def _runs(db: Database, span: dict[str, str]) -> dict[tuple[str, str], dict[str, Any]]:
    sql = """
        SELECT site, substr(started_at, 1, 10) AS day, summary FROM runs
        WHERE kind = 'crawl' AND started_at >= :first AND started_at < :after
        """
    found: dict[tuple[str, str], Counter[str]] = {}
    for row in db.query(sql, span):
        count = found.setdefault((row["site"], row["day"]), Counter())
        summary = json.loads(row["summary"])
        outcomes = {name: n for name, n in summary.get("outcomes", {}).items() if OutcomeKind(name).is_page}
        count["runs"] += 1
        count["visits"] += sum(outcomes.values())
        count["failed"] += sum(summary.get("failed", {}).values())
        count["disallowed"] += outcomes.get("disallowed", 0)
        count["quarantined"] += outcomes.get("quarantine", 0)
    return {key: dict(count) for key, count in found.items()}


def _readings(db: Database, span: dict[str, str]) -> dict[tuple[str, str], dict[str, Any]]:
    sql = """
        SELECT site, substr(fetched_at, 1, 10) AS day, version, author = '' AS no_author, date = '' AS no_date, length(text) AS length
        FROM articles WHERE fetched_at >= :first AND fetched_at < :after
        """
    rows: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in db.query(sql, span):
        rows[row["site"], row["day"]].append(row)
    return {
        key: {
            "new": sum(row["version"] == 1 for row in read),
            "read": len(read),
            "without_author": sum(row["no_author"] for row in read),
            "without_date": sum(row["no_date"] for row in read),
            "length": float(median(row["length"] for row in read)),
        }
        for key, read in rows.items()
    }
