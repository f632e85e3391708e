"""Configure SQLite for warraq: which library, which database files to trust, and the size of the write-ahead log.

sqlite-utils imports both wherever they are installed, to know types that we never store: 1.5 s of CPU at each start.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
from typing import TYPE_CHECKING, Any, Final

from archive.body import unpack
from archive.errors import DamagedFileError
from archive.files import open_read, require_regular
from archive.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

__all__ = ["Database", "IndexDatabase", "Migrations", "sqlite3"]

_HIDDEN = [name for name in ("pandas", "numpy") if name not in sys.modules]
for _name in _HIDDEN:
    sys.modules[_name] = None  # type: ignore[assignment] # an import of it fails, as where it is not installed
try:
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations
    from sqlite_utils.utils import dedupe_keys, sqlite3  # type: ignore[attr-defined]
finally:
    for _name in _HIDDEN:
        del sys.modules[_name]


class IndexDatabase(Database):
    """The database of sqlite-utils whose queries set no savepoint: two statements more for each, to undo one that is no query."""

    def query(
        self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> Generator[dict[str, Any], None, None]:
        """Return the rows of a SELECT as dicts; it runs at once, and the rows are fetched as they are asked for.

        The body of an article is unpacked where its text is selected with it; without, it stays as the table has it.
        """
        cursor = self.conn.execute(sql, () if params is None else params)
        names = tuple(dedupe_keys(column[0] for column in cursor.description))
        rows = (dict(zip(names, row, strict=True)) for row in cursor)
        return (with_body(row) for row in rows) if "body" in names else rows


def with_body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of an article with its body as JSON, where the table has it packed against the text that the row has, too."""
    body = row["body"]
    return {**row, "body": unpack(body, row["text"])} if isinstance(body, bytes) and "text" in row else row


# Check a database before it is trusted: the maker of the folder may have put views and triggers in
# place of our tables.

TABLES = frozenset(
    {
        "urls", "captures", "articles", "site_lines", "site_pages", "runs", "similar", "families", "files", "digest_notes", "changes",
        "identities", "joins", "images", "media", "pictures", "backfills", "renderings", "former_ids", "vectors",
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


def decode_text(value: bytes) -> str:
    """Decode a text of a foreign database: invalid UTF-8 shows as �, and terminal control characters are removed.

    Raises OverflowError for one that is larger than any that is kept.
    """
    if len(value) > MAX_TEXT_BYTES:
        raise OverflowError(f"a text of {len(value) >> 20} MB in the database")
    return printable(value.decode("utf-8", "replace"))


def database_problem(db: sqlite3.Connection, schema: str = "main") -> str:
    """Return what speaks against reading this database, '' for nothing. Views of other names, which nothing here asks, may be there.

    Raises sqlite3.DatabaseError when it is none.
    """
    for kind, name, sql in db.execute(f"SELECT type, name, sql FROM {schema}.sqlite_master"):  # noqa: S608 - our own word
        if kind == "trigger" and not _TRIGGER.fullmatch(sql or ""):
            return f"it has the trigger {name!r}, which warraq does not create"
        if name in TABLES and (kind != "table" or not str(sql).startswith("CREATE TABLE")):
            return f"its {name!r} is not an ordinary table"
        if name in {"articles_search", "articles_fts"} and not _INDEX.fullmatch(sql or ""):
            return f"its {name!r} is not an index that warraq creates"
    return ""


_STORED = {"TEXT": ("text",), "INTEGER": ("integer",), "REAL": ("real", "integer"), "BLOB": ("blob",)}
"""What SQLite may hold under a declared type; NULL besides, where the column takes it."""
MAX_INTEGER: Final = 1 << 53
"""Beyond it no number here means anything, and other programs' numbers end."""
_COUNTED = frozenset({"bytes", "height", "pages", "size", "warc_record_length", "warc_record_offset", "width"})
_HASHES = frozenset({("similar", "key")})
"""Columns of which every integer is a value: hashes of 63 bits."""
_PACKED = """typeof("body") = 'blob' AND substr("body", 1, 1) = x'78'"""
"""A body that `archive.body.pack` may have made: it begins as zlib's format does."""
_LISTS = {"tags": "text", "images": "object", "dropped": "array"}
"""JSON columns of `articles` that hold a list, and what its items are."""


def value_problem(db: sqlite3.Connection) -> str:
    """Return what is wrong with the first value that warraq cannot have written, '' for nothing.

    SQLite lets any column hold anything: another type, a number out of range, JSON that is no list. Reads every row once.
    """
    here = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in sorted(TABLES & here):
        for name, wrong in wrong_values(db, table).items():
            found = db.execute(f'SELECT typeof("{name}") FROM {table} WHERE {wrong} LIMIT 1').fetchone()  # noqa: S608 - our own words
            if found:
                return f"its {table}.{name} holds a value ({found[0]}) that warraq cannot have written"
    return ""


def wrong_values(db: sqlite3.Connection, table: str) -> dict[str, str]:
    """Return, for each column of a table, the SQL condition of a value that warraq cannot have written there."""
    columns = db.execute(f"PRAGMA main.table_info({table})").fetchall()
    return {name: _wrong(table, name, declared) for _, name, declared, *_ in columns}


def _wrong(table: str, name: str, declared: str) -> str:
    kinds = ", ".join(f"'{kind}'" for kind in ("null", *_STORED.get(declared, ("text", "integer", "real"))))
    wrong = [f'typeof("{name}") NOT IN ({kinds})']
    if (table, name) == ("articles", "body"):
        wrong = [f"{wrong[0]} AND NOT ({_PACKED})"]
    if declared == "INTEGER" and (table, name) not in _HASHES:
        wrong.append(f'"{name}" NOT BETWEEN {0 if name in _COUNTED else -MAX_INTEGER} AND {MAX_INTEGER}')
    if table == "articles" and name in _LISTS:
        items = f"SELECT 1 FROM json_each(\"{name}\") AS item WHERE item.type != '{_LISTS[name]}'"  # noqa: S608 - our own words
        list_of_them = f"json_type(\"{name}\") = 'array' AND NOT EXISTS ({items})"
        wrong.append(f"""NOT iif(json_valid("{name}"), {list_of_them}, "{name}" = '')""")
    return " OR ".join(wrong)


# The write-ahead log is kept short: it is checked after each commit, and a reader that prevents it is reported.
#
# SQLite copies the log into the database when it has grown by `AUTOCHECKPOINT_PAGES` and then restarts it, unless
# a reader still holds an older state: the log grows as long as it does
# (https://www.sqlite.org/wal.html#avoiding_excessively_large_wal_files). Readers that come and go without a pause
# between them have the same effect. Against these it helps to wait for a moment, which is what a TRUNCATE checkpoint
# does; against the one that stays nothing helps but saying so.

logger = logging.getLogger(__name__)

AUTOCHECKPOINT_PAGES: Final = 4000
"""16 MB of 4 kB pages: checkpoints are rarer than SQLite's default of 4 MB, the -wal file stays small beside any database."""

KEPT_BYTES: Final = 64 << 20
"""The size to which the file is truncated when the log restarts."""

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
