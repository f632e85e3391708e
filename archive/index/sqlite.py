"""Imports sqlite-utils, and through it the SQLite that we use, without pandas and numpy: nothing in, the names that the store needs out.

sqlite-utils imports both wherever they are installed, to know types that we never store: 1.5 s of CPU at each start.
"""

from __future__ import annotations

import sys

_HIDDEN = [name for name in ("pandas", "numpy") if name not in sys.modules]
for _name in _HIDDEN:
    sys.modules[_name] = None  # type: ignore[assignment] # an import of it fails, as where it is not installed
try:
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations
    from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]
finally:
    for _name in _HIDDEN:
        del sys.modules[_name]

__all__ = ["Database", "Migrations", "sqlite3"]
