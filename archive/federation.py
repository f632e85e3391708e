"""Asks several archives as one: their folders in, one answer out. For shards by year, by machine, by collection. Never writes."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from archive.archive import Archive, find
from archive.errors import UsageError
from archive.index import BUSY_TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from archive.search import Order, Results


class Federation:
    """Archives opened for reading together, in the order of their folders.

    Raises ArchiveNotFoundError when there is none in one of the folders, SchemaTooNewError when a later version of warraq made it,
    UsageError when no folder is given. A folder that is given twice counts once.
    """

    def __init__(self, folders: Iterable[str | Path], *, patience: float = BUSY_TIMEOUT_S) -> None:
        self.folders = tuple({folder.resolve(): folder for folder in map(Path, folders)}.values())
        if not self.folders:
            raise UsageError("name at least one archive")
        with ExitStack() as stack:
            self.archives = tuple(stack.enter_context(Archive(folder, patience=patience)) for folder in self.folders)
            self._opened = stack.pop_all()

    def limit_time(self, seconds: float) -> None:
        """Interrupts whatever question is still running that many seconds from now: it raises `archive.index.DatabaseError`."""
        for archive in self.archives:
            archive.limit_time(seconds)

    def search(
        self, words: str, *, only: str = "", limit: int = 20, offset: int = 0, order: Order = "relevance"
    ) -> Results:
        """What `Archive.search` would find, in the order it would have, if one archive held the articles of all.

        Counts are of all archives, pages run through all. `archive_of` and `folder_of` say where a hit lies: its id is good there only.
        """
        databases = [archive.db.conn for archive in self.archives]
        return find(databases, words, only=only, limit=limit, offset=offset, order=order)

    def archive_of(self, found: Results, number: int) -> Archive:
        """The archive that holds the hit of that number (from 0) of an answer."""
        return self.archives[found.shards[number]]

    def folder_of(self, found: Results, number: int) -> Path:
        """Its folder, as it was given."""
        return self.folders[found.shards[number]]

    def close(self) -> None:
        """Closes the databases."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
