"""Count the lines that a host repeats over its pages. Never begins or ends a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlite_utils import Database

LEARNING_PAGES = 60
"""Pages of a host whose lines are counted: what repeats is known after ten, and later pages only cost writes."""

SHARE = 0.3
"""A line on at least this share of the host's pages is boilerplate (.993 to .995 of such lines were, when this was chosen)."""

LEAST_PAGES = 10
"""Fewer pages than this teach nothing yet."""


def pages_seen(db: Database, host: str) -> int:
    """Return how many pages of the host have taught us."""
    row = db.conn.execute("SELECT pages FROM site_pages WHERE host = ?", (host,)).fetchone()
    return int(row[0]) if row else 0


def count_lines(db: Database, host: str, lines: Iterable[str]) -> None:
    """Count the distinct lines of one more page of the host; after the last that is counted, keep those that repeat."""
    sql = "INSERT INTO site_pages (host, pages) VALUES (?, 1) ON CONFLICT (host) DO UPDATE SET pages = pages + 1 RETURNING pages"
    (pages,) = db.conn.execute(sql, (host,)).fetchone()
    db.conn.executemany(
        "INSERT INTO site_lines (host, line, pages) VALUES (?, ?, 1) ON CONFLICT (host, line) DO UPDATE SET pages = pages + 1",
        [(host, line) for line in dict.fromkeys(lines)],
    )
    if pages >= LEARNING_PAGES:
        db.conn.execute("DELETE FROM site_lines WHERE host = ? AND pages < ?", (host, SHARE * pages))


def boilerplate_of(db: Database, host: str) -> frozenset[str]:
    """Return the lines that the host repeats, empty until enough of its pages were seen."""
    pages = pages_seen(db, host)
    if pages < LEAST_PAGES:
        return frozenset()
    rows = db.conn.execute("SELECT line FROM site_lines WHERE host = ? AND pages >= ?", (host, max(3, SHARE * pages)))
    return frozenset(row[0] for row in rows)


def pages_by_host(db: Database) -> dict[str, int]:
    """Return how many pages of each host have taught us."""
    return dict(db.conn.execute("SELECT host, pages FROM site_pages").fetchall())


def hosts_learned(db: Database, *, most: int) -> list[str]:
    """Return the hosts of which most pages have taught us."""
    sql = "SELECT host FROM site_pages ORDER BY pages DESC, host LIMIT ?"
    return [row[0] for row in db.conn.execute(sql, (most,))]


def counts_of(db: Database, host: str) -> list[tuple[str, int]]:
    """Return all lines of the host with how many of its pages hold each, in order."""
    rows = db.conn.execute("SELECT line, pages FROM site_lines WHERE host = ? ORDER BY line", (host,))
    return [(row[0], row[1]) for row in rows]


def put(db: Database, host: str, pages: int, lines: Iterable[tuple[str, int]]) -> None:
    """Put what was learned elsewhere of the host in the place of what was learned here."""
    db.conn.execute("DELETE FROM site_lines WHERE host = ?", (host,))
    db.conn.execute("INSERT OR REPLACE INTO site_pages (host, pages) VALUES (?, ?)", (host, pages))
    db.conn.executemany(
        "INSERT INTO site_lines (host, line, pages) VALUES (?, ?, ?)", [(host, line, count) for line, count in lines]
    )
