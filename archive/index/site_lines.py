"""Count the lines that a host repeats on its pages. Never begins or ends a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlite_utils import Database

LEARNING_PAGES = 60
"""Pages of a host whose lines are counted: ten show what repeats, and more than this only cost writes."""

SHARE = 0.3
"""A line on at least this share of the host's pages is boilerplate (true for .993 to .995 of such lines when this was chosen)."""

LEAST_REPEATS = 3
"""The fewest pages that must have a line, however few are counted."""

LEAST_PAGES = 10
"""The fewest counted pages from which boilerplate is derived."""


def least_repeats(pages: int) -> float:
    """Return on how many of a host's counted pages a line repeats that is boilerplate."""
    return max(LEAST_REPEATS, SHARE * pages)


def pages_seen(db: Database, host: str) -> int:
    """Return the number of counted pages of the host."""
    row = db.conn.execute("SELECT pages FROM site_pages WHERE host = ?", (host,)).fetchone()
    return int(row[0]) if row else 0


def count_lines(db: Database, host: str, lines: Iterable[str]) -> None:
    """Count the distinct lines of one more page of the host; after the last counted page, keep only lines that repeat."""
    sql = "INSERT INTO site_pages (host, pages) VALUES (?, 1) ON CONFLICT (host) DO UPDATE SET pages = pages + 1 RETURNING pages"
    (pages,) = db.conn.execute(sql, (host,)).fetchone()
    db.conn.executemany(
        "INSERT INTO site_lines (host, line, pages) VALUES (?, ?, 1) ON CONFLICT (host, line) DO UPDATE SET pages = pages + 1",
        [(host, line) for line in dict.fromkeys(lines)],
    )
    if pages >= LEARNING_PAGES:
        _forget_rare(db, host, SHARE * pages)


def forget_page(db: Database, host: str, lines: Iterable[str], *, visits: int) -> None:
    """Remove what may be of one page only: the lines that too few pages have, and of these lines those that no more than its visits had."""
    _forget_rare(db, host, least_repeats(pages_seen(db, host)))
    rows = [(host, line, visits) for line in lines]
    db.conn.executemany("DELETE FROM site_lines WHERE host = ? AND line = ? AND pages <= ?", rows)


def _forget_rare(db: Database, host: str, least: float) -> None:
    db.conn.execute("DELETE FROM site_lines WHERE host = ? AND pages < ?", (host, least))


def boilerplate_of(db: Database, host: str) -> frozenset[str]:
    """Return the lines that the host repeats; empty until enough of its pages are counted."""
    pages = pages_seen(db, host)
    if pages < LEAST_PAGES:
        return frozenset()
    rows = db.conn.execute("SELECT line FROM site_lines WHERE host = ? AND pages >= ?", (host, least_repeats(pages)))
    return frozenset(row[0] for row in rows)


def pages_by_host(db: Database) -> dict[str, int]:
    """Return the number of counted pages of each host."""
    return dict(db.conn.execute("SELECT host, pages FROM site_pages").fetchall())


def hosts_learned(db: Database, *, most: int) -> list[str]:
    """Return the hosts with the most counted pages, at most `most`."""
    sql = "SELECT host FROM site_pages ORDER BY pages DESC, host LIMIT ?"
    return [row[0] for row in db.conn.execute(sql, (most,))]


def counts_of(db: Database, host: str) -> list[tuple[str, int]]:
    """Return all lines of the host, sorted, with the number of its pages that have each."""
    rows = db.conn.execute("SELECT line, pages FROM site_lines WHERE host = ? ORDER BY line", (host,))
    return [(row[0], row[1]) for row in rows]


def put(db: Database, host: str, pages: int, lines: Iterable[tuple[str, int]]) -> None:
    """Replace the counts of the host with those of another archive."""
    db.conn.execute("DELETE FROM site_lines WHERE host = ?", (host,))
    db.conn.execute("INSERT OR REPLACE INTO site_pages (host, pages) VALUES (?, ?)", (host, pages))
    db.conn.executemany(
        "INSERT INTO site_lines (host, line, pages) VALUES (?, ?, ?)", [(host, line, count) for line, count in lines]
    )
