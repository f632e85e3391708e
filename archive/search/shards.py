"""Asks several databases as one: connections and a question in, each one's answer out, in their order.

SQLite lets go of Python's lock while it works, so the databases are read side by side. The connections must be open to
other threads (`check_same_thread=False`) when there are several of them.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from archive.search.index import languages_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

_Answer = TypeVar("_Answer")
_THREADS: Final = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Shards:
    """One database or several. Their order is that of the numbers by which hits name them."""

    databases: tuple[sqlite3.Connection, ...]

    def __len__(self) -> int:
        return len(self.databases)

    def each(self, ask: Callable[[sqlite3.Connection], _Answer]) -> list[_Answer]:
        """What each database answers."""
        if len(self.databases) == 1:
            return [ask(self.databases[0])]
        with ThreadPoolExecutor(min(len(self.databases), _THREADS)) as pool:
            return list(pool.map(ask, self.databases))

    def languages(self) -> tuple[str, ...]:
        """The stemming languages of the documents of all."""
        return tuple(sorted({language for known in self.each(languages_of) for language in known}))
