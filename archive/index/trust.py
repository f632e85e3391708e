"""Judges a database before anything of it is believed: whoever made the folder may have put views and triggers in place of our tables."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

from archive.errors import DamagedFileError
from archive.files.opening import open_read, require_regular
from archive.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

    from archive.index.sqlite import sqlite3

TABLES = frozenset(
    {
        "urls", "captures", "articles", "site_lines", "site_pages", "runs", "similar", "families", "files", "digest_notes", "changes",
        "identities", "joins", "images", "media", "pictures",
        "search_state", "_sqlite_migrations",
    }
)  # fmt: skip
"""What must be an ordinary table where it is there at all."""
_INDEX = re.compile(
    r"""CREATE VIRTUAL TABLE articles_(?:search|fts) USING fts5\([\w, ]+, content="(?:articles)?"(?:, \w+=(?:\w+|"[^"]*"))*\)""",
    re.ASCII,
)
_TRIGGER = re.compile(
    r"CREATE TRIGGER articles_fts_(insert|delete|update) AFTER (INSERT|DELETE|UPDATE OF title, text) ON articles "
    r"BEGIN( INSERT INTO articles_fts \([\w, ]+\) VALUES \([\w., ']+\);)+ END",
    re.ASCII,
)
MAX_TEXT_BYTES = 64 << 20
"""Of one value: a hundred times the longest article that is kept (`archive.parse.parse.MAX_TEXT`)."""
_SUPER_JOURNAL = bytes.fromhex("d9d505f920a163d7")
"""The end of a rollback journal that names another file (https://www.sqlite.org/fileformat2.html#the_rollback_journal)."""


def require_plain_files(path: Path) -> None:
    """Raise unless database, log and its index are regular files or missing, and no journal beside them names another file.

    Some SQLite deletes the file that such a journal names.

    Raises:
        LinkedFileError, IrregularFileError, DamagedFileError
    """
    for suffix in ("", "-wal", "-shm", "-journal"):
        require_regular(path.with_name(path.name + suffix))
    journal = path.with_name(f"{path.name}-journal")
    with contextlib.suppress(FileNotFoundError), open_read(journal) as file:
        file.seek(max(file.seek(0, os.SEEK_END) - len(_SUPER_JOURNAL), 0))
        if file.read() == _SUPER_JOURNAL:
            raise DamagedFileError(
                journal, 0, "a journal that names a file of its own choice", kept="remove it: warraq never writes one"
            )


def plain_text(value: bytes) -> str:
    """Decode a text of a database that anyone may have made: what is no UTF-8 shows as �, and nothing in it steers a terminal.

    Raises OverflowError for one that is larger than any that is kept.
    """
    if len(value) > MAX_TEXT_BYTES:
        raise OverflowError(f"a text of {len(value) >> 20} MB in the database")
    return printable(value.decode("utf-8", "replace"))


def problem_of(db: sqlite3.Connection, schema: str = "main") -> str:
    """Return what speaks against reading this database, '' for nothing. Views of other names, which nothing here asks, may be there.

    Raises sqlite3.DatabaseError when it is none.
    """
    for kind, name, sql in db.execute(f"SELECT type, name, sql FROM {schema}.sqlite_master"):  # noqa: S608 - our own word
        if kind == "trigger" and not _TRIGGER.fullmatch(sql or ""):
            return f"it has the trigger {name!r}, which is none of warraq's"
        if name in TABLES and (kind != "table" or not str(sql).startswith("CREATE TABLE")):
            return f"its {name!r} is no ordinary table"
        if name in {"articles_search", "articles_fts"} and not _INDEX.fullmatch(sql or ""):
            return f"its {name!r} is no index of warraq's"
    return ""
