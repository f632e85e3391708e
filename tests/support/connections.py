"""Find databases that a test leaves open: sqlite3 warns of them since Python 3.13 only, and pysqlite3 never."""

from __future__ import annotations

import gc
import sqlite3
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from archive.index import sqlite

if TYPE_CHECKING:
    from types import ModuleType

FRAMES = 6
_open: dict[int, str] = {}
"""The connections that exist and are open, and where they were opened."""
_dropped: list[str] = []
"""Where those were opened that were dropped without having been closed."""


def watch() -> None:
    """Follow each connection that either library opens from now on."""
    for library in {sqlite3, sqlite.sqlite3}:
        _watch(library)


def unclosed(before: int = 0) -> list[str]:
    """Return where the connections were opened that have been dropped unclosed since the last call.

    Some are in a reference cycle with their statements: if more are open than `before`, the garbage is collected first.
    """
    if len(_open) > before:
        gc.collect()
    found = list(_dropped)
    _dropped.clear()
    return found


def count() -> int:
    """Return how many connections are open."""
    return len(_open)


def _watch(library: ModuleType) -> None:
    connect = library.connect

    class Watched(library.Connection):
        def close(self) -> None:
            _open.pop(id(self), None)
            super().close()

        def __del__(self) -> None:
            if place := _open.pop(id(self), None):
                _dropped.append(place)
                with suppress(
                    library.ProgrammingError
                ):  # the garbage collector runs in another thread than the connection
                    super().close()

    def watched(*arguments: Any, **options: Any) -> Any:
        connection = connect(*arguments, **{"factory": Watched, **options})
        _open[id(connection)] = _callers()
        return connection

    library.connect = watched


def _callers() -> str:
    """Return file and line of the frames that called `connect`, the nearest first."""
    frame, places = sys._getframe(2), []
    while frame is not None and len(places) < FRAMES:
        places.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
        frame = frame.f_back
    return " < ".join(places)
