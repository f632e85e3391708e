"""What a set of articles is made of: a full-text expression in; counts by site, section, language and day out. Never writes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

COUNTED = 5000
"""Articles looked at, the last added first: some 50 ms of work; more would not change what a reader sees."""

Counts = tuple[tuple[str, int], ...]
"""(value, how many articles), the most frequent first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """Counts over `counted` articles (all of them when fewer than `COUNTED`); `days` ascend, 'YYYY-MM-DD', without the undated."""

    counted: int
    sites: Counts = ()
    sections: Counts = ()
    languages: Counts = ()
    days: Counts = ()
    undated: int = 0


def facets(db: Database, match: str = "", without: str = "") -> Facets:
    """Counts the latest versions that match the FTS5 expression ('' for all) and not `without`, an expression too."""
    if match:
        sql = (
            "SELECT a.site, a.section, a.language, a.date FROM articles_search AS s CROSS JOIN articles AS a ON a.id = s.rowid"
            " WHERE articles_search MATCH ? AND a.is_latest ORDER BY s.rowid DESC LIMIT ?"
        )
        rows = db.conn.execute(sql, (match, COUNTED)).fetchall()
    else:
        hidden = "AND id NOT IN (SELECT rowid FROM articles_search WHERE articles_search MATCH ?)" if without else ""
        sql = f"SELECT site, section, language, date FROM articles WHERE is_latest {hidden} ORDER BY id DESC LIMIT ?"  # noqa: S608 - our own words
        rows = db.conn.execute(sql, (*([without] if without else []), COUNTED)).fetchall()
    days = Counter(row[3] for row in rows if row[3])
    return Facets(
        counted=len(rows),
        sites=_counts(rows, 0),
        sections=_counts(rows, 1),
        languages=_counts(rows, 2),
        days=tuple(sorted(days.items())),
        undated=len(rows) - days.total(),
    )


def _counts(rows: list[tuple[str, str, str, str]], column: int) -> Counts:
    counts = Counter(row[column] for row in rows if row[column])
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
