"""Keeps the write-ahead log short: looked at after each commit; says when another process's reading keeps it from that.

SQLite copies the log into the database when it has grown by `AUTOCHECKPOINT_PAGES` and then begins it anew, unless somebody still
reads an older state: then it grows, for as long as that reading lasts (https://www.sqlite.org/wal.html#avoiding_excessively_large_wal_files).
Readers that come and go without a pause between them have the same effect. Against these it helps to wait for a moment, which is
what a TRUNCATE checkpoint does; against the one that stays nothing helps but saying so.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

AUTOCHECKPOINT_PAGES: Final = 4000
"""16 MB of 4 kB pages: checkpoints are rarer than SQLite's default of 4 MB, the -wal file stays small beside any database."""

KEPT_BYTES: Final = 64 << 20
"""What the file is cut to when the log begins anew."""

LARGE_BYTES: Final = 128 << 20
"""From here on the guard steps in, and again each time that the log has grown by half of it."""

PATIENCE_MS: Final = 500
"""How long it then waits for readers to end, all writing waiting with it."""


class WalGuard:
    """Watches the log of one database that is open for writing."""

    def __init__(self, connection: Any, database: Path) -> None:
        self.held_bytes = 0
        """How large the log became because others kept reading; 0 when it never was."""
        self._connection = connection
        self._log = database.with_name(f"{database.name}-wal")
        self._next = LARGE_BYTES
        for pragma in (f"wal_autocheckpoint = {AUTOCHECKPOINT_PAGES}", f"journal_size_limit = {KEPT_BYTES}"):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    def look(self) -> None:
        """To be called outside of a transaction; costs a `stat` as long as the log is short."""
        size = self._size()
        if size < LARGE_BYTES:
            self._next = LARGE_BYTES
        elif size >= self._next:
            self._cut(size)

    def _size(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:
            return 0

    def _cut(self, size: int) -> None:
        timeout = self._connection.execute("PRAGMA busy_timeout").fetchone()[0]
        self._connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}").fetchall()
        try:
            is_held = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            self._connection.execute(f"PRAGMA busy_timeout = {timeout}").fetchall()
        if not is_held:
            return
        self._next = size + LARGE_BYTES // 2
        self.held_bytes = max(self.held_bytes, size)
        logger.warning(
            "wal-held: %s has grown to %d MB because another process keeps reading an old state of the database;"
            " `fuser -v %s` names the processes that have it open",
            self._log, size >> 20, self._log.with_name(self._log.name.removesuffix("-wal")),
        )  # fmt: skip
