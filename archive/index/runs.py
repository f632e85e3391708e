"""Query and write `runs`, the log of crawls, imports, verifications and redactions, and `backfills`, the progress of backfills.

Never begins or ends a transaction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlite_utils import Database


def begin(db: Database, *, kind: str, site: str, at: str) -> int:
    """Insert a row for a run; return its id."""
    return int(
        db.conn.execute(
            "INSERT INTO runs (kind, site, started_at) VALUES (?, ?, ?) RETURNING id", (kind, site, at)
        ).fetchone()[0]
    )


def end(db: Database, run_id: int, *, at: str, result: str, summary: Mapping[str, Any]) -> None:
    """Complete the row of a run: `result` is one word for how it ended, `summary` its figures."""
    db.conn.execute(
        "UPDATE runs SET ended_at = ?, result = ?, summary = ? WHERE id = ?",
        (at, result, json.dumps(summary, ensure_ascii=False), run_id),
    )


def last_begun(db: Database) -> str:
    """Return the time at which the latest crawl began, '' when there was none."""
    row = db.conn.execute("SELECT max(started_at) FROM runs WHERE kind = 'crawl'").fetchone()
    return str(row[0] or "")


def latest_moment(db: Database) -> str:
    """Return the latest time at which a crawl began or ended, '' when there was none."""
    sql = "SELECT max(max(started_at, coalesce(ended_at, ''))) FROM runs WHERE kind = 'crawl'"
    return str(db.conn.execute(sql).fetchone()[0] or "")


def last_entry(db: Database, *, site: str) -> str:
    """Return the digest of the site's entry in its last completed crawl, '' when no crawl recorded one."""
    sql = """
        SELECT json_extract(summary, '$.entry') FROM runs
        WHERE kind = 'crawl' AND site = ? AND ended_at IS NOT NULL ORDER BY id DESC LIMIT 1
        """
    row = db.conn.execute(sql, (site,)).fetchone()
    return str(row[0] or "") if row else ""


def begun_at(db: Database, moments: Iterable[str]) -> list[dict[str, Any]]:
    """Return the rows of runs that began at one of these times."""
    return list(
        db.query("SELECT * FROM runs WHERE started_at IN (SELECT value FROM json_each(?))", [json.dumps(list(moments))])
    )


def put(db: Database, row: Mapping[str, Any], run_id: int | None = None) -> None:
    """Insert the row of a run of another archive, or replace the row `run_id` with it."""
    values = {name: row[name] for name in ("kind", "site", "started_at", "ended_at", "result", "summary")}
    if run_id is None:
        sql = f"INSERT INTO runs ({', '.join(values)}) VALUES ({', '.join(f':{name}' for name in values)})"  # noqa: S608 - our own names
        db.conn.execute(sql, values)
    else:
        changes = ", ".join(f"{name} = :{name}" for name in values)
        db.conn.execute(f"UPDATE runs SET {changes} WHERE id = :id", {**values, "id": run_id})  # noqa: S608 - our own names


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPosition:
    """How far a backfill has read a file, and the size of the file, in bytes; both are 0 for an unknown file."""

    offset: int = 0
    size: int = 0

    @property
    def is_done(self) -> bool:
        """Return whether the file was read to its end."""
        return 0 < self.size <= self.offset


def backfilled(db: Database, file: str, wanted: str) -> ReadPosition:
    """Return how far the file was read for the selection `wanted`."""
    sql = "SELECT offset, size FROM backfills WHERE file = ? AND wanted = ?"
    row = db.conn.execute(sql, (file, wanted)).fetchone()
    return ReadPosition(offset=row[0], size=row[1]) if row else ReadPosition()


def note_backfilled(db: Database, file: str, wanted: str, *, offset: int, size: int) -> None:
    """Record how far the file was read for the selection `wanted`."""
    db.conn.execute(
        "INSERT OR REPLACE INTO backfills (file, wanted, offset, size) VALUES (?, ?, ?, ?)",
        (file, wanted, offset, size),
    )
