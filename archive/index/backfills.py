"""Up to where the files of a backfill were read, as SQL; with it a run goes on where an earlier one was ended. Never ends a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The place in a file up to which it was read, and the size of the file; 0 of 0 for one that is not known."""

    offset: int = 0
    size: int = 0

    @property
    def is_done(self) -> bool:
        """Whether it was read to its end."""
        return 0 < self.size <= self.offset


def place_of(db: Database, file: str, wanted: str) -> Reached:
    """How far the file was read for what is wanted."""
    sql = "SELECT offset, size FROM backfills WHERE file = ? AND wanted = ?"
    row = db.conn.execute(sql, (file, wanted)).fetchone()
    return Reached(offset=row[0], size=row[1]) if row else Reached()


def note(db: Database, file: str, wanted: str, *, offset: int, size: int) -> None:
    """Note how far the file was read."""
    db.conn.execute(
        "INSERT OR REPLACE INTO backfills (file, wanted, offset, size) VALUES (?, ?, ?, ?)",
        (file, wanted, offset, size),
    )
