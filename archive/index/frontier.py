"""The frontier as SQL: announce URLs, draw the due ones, write down what a visit said. Never begins or ends a transaction."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from archive.index.rows import PRIORITY, Candidate, FetchStatus, ScheduledUrl

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from sqlite_utils import Database

_DUE_COLUMNS = ", ".join(
    "coalesce(changed_at, '') AS changed_at" if f.name == "changed_at" else f.name for f in fields(ScheduledUrl)
)

DUE_COUNTED = 10_000
"""URLs that `count_due` counts to: a millisecond; more is an answer of the same kind."""


def schedule(db: Database, urls: Iterable[Candidate], *, now: str) -> int:
    """Adds the URLs that are not known yet, due at once; returns how many were new.

    A known URL that is announced as something better (an article rather than an unknown page) before its first visit is promoted;
    one whose announcement carries a later time than the one we know becomes due again.
    """
    before = db.conn.total_changes
    db.conn.executemany(
        """
        INSERT INTO urls (url, site, host, kind, priority, depth, redirects, via, announced_by, announced_at, published_hint, due_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (url) DO UPDATE SET
            kind = CASE WHEN visits = 0 THEN excluded.kind ELSE kind END,
            priority = CASE WHEN visits = 0 THEN excluded.priority ELSE priority END,
            published_hint = max(published_hint, excluded.published_hint),
            due_at = CASE WHEN visits > 0 AND published_hint <> '' THEN excluded.due_at ELSE due_at END
        WHERE (visits = 0 AND excluded.priority < priority) OR excluded.published_hint > published_hint
        """,
        [
            (
                u.url,
                u.site,
                u.host,
                u.kind,
                PRIORITY[u.kind],
                u.depth,
                u.redirects,
                u.via,
                u.by,
                now,
                u.published_hint,
                now,
            )
            for u in urls
        ],
    )
    return int(db.conn.total_changes - before)


def next_urls(
    db: Database, *, site: str, now: str, limit: int, busy: Container[int] = (), spare: int = 0
) -> list[ScheduledUrl]:
    """The next due URLs of a site, most urgent first; rows whose id is in `busy` (`spare` of them at most) are passed over.

    Each priority is one range of the partial index, so the cost does not grow with the frontier.
    """
    found: list[ScheduledUrl] = []
    for priority in sorted(set(PRIORITY.values())):
        rows = db.conn.execute(
            f"SELECT {_DUE_COLUMNS} FROM urls WHERE site = ? AND priority = ? AND due_at <= ? ORDER BY due_at LIMIT ?",  # noqa: S608
            (site, priority, now, limit - len(found) + spare),
        )
        found.extend(
            due
            for due in (
                ScheduledUrl(**dict(zip((f.name for f in fields(ScheduledUrl)), row, strict=True))) for row in rows
            )
            if due.id not in busy
        )
        if len(found) >= limit:
            return found[:limit]
    return found


def finished(db: Database, visit: FetchStatus) -> None:
    """Writes down what a visit said, and when the next one is due."""
    db.conn.execute(
        """
        UPDATE urls SET
            visited_at = :at, outcome = :outcome, reason = :reason, due_at = nullif(:due_at, ''), visits = visits + 1,
            status = coalesce(:status, status),
            changed_at = CASE WHEN :changed THEN :at ELSE changed_at END,
            unchanged = CASE WHEN :failed THEN unchanged WHEN :changed THEN 0 ELSE unchanged + 1 END,
            failures = CASE WHEN :failed THEN failures + 1 ELSE 0 END,
            etag = CASE WHEN :failed THEN etag ELSE coalesce(nullif(:etag, ''), CASE WHEN :changed THEN '' ELSE etag END) END,
            last_modified = CASE WHEN :failed THEN last_modified
                            ELSE coalesce(nullif(:last_modified, ''), CASE WHEN :changed THEN '' ELSE last_modified END) END,
            payload_digest = CASE WHEN :failed THEN payload_digest ELSE coalesce(nullif(:payload_digest, ''), payload_digest) END,
            kind = coalesce(nullif(:kind, ''), kind),
            article_url = coalesce(nullif(:article_url, ''), article_url)
        WHERE id = :url_id
        """,
        {f.name: getattr(visit, f.name) for f in fields(FetchStatus)},
    )


def make_due(db: Database, *, site: str, now: str) -> int:
    """Makes every URL of the site that was fetched with success due now (a full recheck); returns how many."""
    return int(
        db.conn.execute(
            """
            UPDATE urls SET due_at = :now
            WHERE site = :site AND visits > 0 AND coalesce(due_at, '9') > :now
              AND (due_at IS NOT NULL OR outcome IN ('article', 'listing', 'feed', 'sitemap'))
            """,
            {"site": site, "now": now},
        ).rowcount
    )


def count_due(db: Database, *, site: str, now: str) -> int:
    """How many URLs of the site are due; `DUE_COUNTED` when there are more than that.

    Each priority is one range of the partial index, so what is not due costs nothing.
    """
    sql = "SELECT count(*) FROM (SELECT 1 FROM urls WHERE site = ? AND priority = ? AND due_at <= ? LIMIT ?)"
    found = 0
    for priority in sorted(set(PRIORITY.values())):
        found += db.conn.execute(sql, (site, priority, now, DUE_COUNTED - found)).fetchone()[0]
    return found


def known(db: Database, url: str) -> int | None:
    """The id of the URL's row, None when it was never announced."""
    row = db.conn.execute("SELECT id FROM urls WHERE url = ?", (url,)).fetchone()
    return int(row[0]) if row else None


def rows_of(db: Database, urls: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The rows of those of the URLs that are known, by URL."""
    sql = "SELECT * FROM urls WHERE url IN (SELECT value FROM json_each(?))"
    return {row["url"]: row for row in db.query(sql, [json.dumps(list(urls))])}


def put(db: Database, rows: list[dict[str, Any]]) -> None:
    """Writes whole rows, all of the same columns, each in the place of the one of its URL, whose id stays."""
    names = [name for name in rows[0] if name != "id"] if rows else []
    if names:
        changes = ", ".join(f"{name} = excluded.{name}" for name in names if name != "url")
        sql = f"INSERT INTO urls ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - our own names
        values = [[row[name] for name in names] for row in rows]
        db.conn.executemany(f"{sql} ON CONFLICT (url) DO UPDATE SET {changes}", values)
