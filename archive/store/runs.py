"""The log of what was done to the archive: crawls, imports, verifications, redactions. Never begins or ends a transaction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlite_utils import Database


def begin(db: Database, *, kind: str, site: str, at: str) -> int:
    """Opens a row for a run; returns its id."""
    return int(
        db.conn.execute(
            "INSERT INTO runs (kind, site, started_at) VALUES (?, ?, ?) RETURNING id", (kind, site, at)
        ).fetchone()[0]
    )


def end(db: Database, run_id: int, *, at: str, result: str, summary: Mapping[str, Any]) -> None:
    """Closes the row: `result` is how it ended in a word, `summary` its figures."""
    db.conn.execute(
        "UPDATE runs SET ended_at = ?, result = ?, summary = ? WHERE id = ?",
        (at, result, json.dumps(summary, ensure_ascii=False), run_id),
    )
