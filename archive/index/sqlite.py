"""Configure SQLite for warraq: which library, which database files to trust, and the size of the write-ahead log."""

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

# sqlite-utils imports these if they are installed, for column types that are never used here: 1.5 s of CPU at each start.
_HIDDEN = [name for name in ("pandas", "numpy") if name not in sys.modules]
for _name in _HIDDEN:
    sys.modules[_name] = None  # type: ignore[assignment] # importing it fails as if it were not installed
try:
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations
    from sqlite_utils.utils import dedupe_keys, sqlite3  # type: ignore[attr-defined]
finally:
    for _name in _HIDDEN:
        del sys.modules[_name]


class IndexDatabase(Database):
    """A sqlite-utils database whose queries set no savepoint, which would cost two more statements for each."""

    def query(
        self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> Generator[dict[str, Any], None, None]:
        """Return the rows of a SELECT as dicts; it is executed at once, and the rows are fetched as they are consumed.

        The body of an article is unpacked if its text is selected with it; otherwise it is returned as stored.
        """
        cursor = self.conn.execute(sql, () if params is None else params)
        names = tuple(dedupe_keys(column[0] for column in cursor.description))
        rows = (dict(zip(names, row, strict=True)) for row in cursor)
        return (with_body(row) for row in rows) if "body" in names else rows


def with_body(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of an article with its body unpacked to JSON, if the row has both a packed body and the text."""
    body = row["body"]
    return {**row, "body": unpack(body, row["text"])} if isinstance(body, bytes) and "text" in row else row


# Check a database before it is trusted: whoever made the folder may have replaced tables with views, or added
# triggers.

TABLES = frozenset(
    {
        "urls", "captures", "articles", "site_lines", "site_pages", "runs", "similar", "families", "files", "digest_notes", "changes",
        "identities", "joins", "images", "media", "pictures", "backfills", "renderings", "former_ids", "vectors",
        "search_state", "_sqlite_migrations",
    }
)  # fmt: skip
"""Names that must be ordinary tables if they exist."""
_INDEX = re.compile(
    r"""CREATE VIRTUAL TABLE articles_(?:search|fts) USING fts5\([\w, ]+, content="(?:articles)?"(?:, \w+=(?:\w+|"[^"]*"))*\)""",
    re.ASCII,
)
_TRIGGER = re.compile(
    r"CREATE TRIGGER articles_fts_(insert|delete|update) AFTER (INSERT|DELETE|UPDATE OF title, text) ON articles "
    r"BEGIN( INSERT INTO articles_fts \([\w, ]+\) VALUES \([\w., ']+\);)+ END",
    re.ASCII,
)
MOMENT = "CASE WHEN date_published GLOB '[0-9]*' THEN strftime('%Y-%m-%dT%H:%M:%SZ', date_published) END"
"""The expression of `articles.published_at`, the only generated column."""
_COMPUTING = re.compile(r"--|/\*|\|\||\b(?:AS|CHECK|GLOB|LIKE|MATCH|REGEXP)\b|\bDEFAULT\s*\(", re.ASCII | re.IGNORECASE)
"""What computes values in the definition of a table or index, or could hide that: a column that is generated as `hex(zeroblob(450000000))`
takes a gigabyte for each row."""
_CALLED = re.compile(r"""(\w+)["'`\]]?\s*\(""", re.ASCII)
_CHEAP = frozenset(
    {"and", "coalesce", "date", "ifnull", "in", "length", "lower", "not", "nullif", "or", "substr", "upper", "where"}
)
"""Functions, and words before a parenthesis, that an index may use."""
DAMAGED = (sqlite3.Error, UnicodeDecodeError)
"""What a damaged database raises: Python cannot decode the message of an error that quotes damaged text."""
MAX_TEXT_BYTES = 64 << 20
"""The largest text value: a hundred times the longest article that is kept (`archive.parse.parse.MAX_TEXT`)."""
_SUPER_JOURNAL = bytes.fromhex("d9d505f920a163d7")
"""The end of a rollback journal that names another file (https://www.sqlite.org/fileformat2.html#the_rollback_journal)."""


def require_plain_files(path: Path) -> None:
    """Raise unless database, -wal and -shm are regular files or missing, and no journal beside them names another file.

    Some versions of SQLite delete the file that such a journal names.

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
                journal, 0, "a journal that names another file", kept="remove it: warraq never writes one"
            )


def decode_text(value: bytes) -> str:
    """Decode a text value of a foreign database: invalid UTF-8 becomes �, and terminal control characters are removed.

    Raises OverflowError for a value of more than MAX_TEXT_BYTES.
    """
    if len(value) > MAX_TEXT_BYTES:
        raise OverflowError(f"a text of {len(value) >> 20} MB in the database")
    return printable(value.decode("utf-8", "replace"))


def database_problem(db: sqlite3.Connection, schema: str = "main") -> str:
    """Return why this database must not be read, '' if it may. Views with other names, which are never queried, are allowed.

    Raises sqlite3.DatabaseError when the file is not a database.
    """
    rows = db.execute(f"SELECT type, name, tbl_name, sql FROM {schema}.sqlite_master")  # noqa: S608 - our own word
    for kind, name, table, sql in rows:
        if kind == "trigger" and not _TRIGGER.fullmatch(sql or ""):
            return f"it has the trigger {name!r}, which warraq does not create"
        if name in TABLES and (kind != "table" or not str(sql).startswith("CREATE TABLE")):
            return f"its {name!r} is not an ordinary table"
        if name in {"articles_search", "articles_fts"} and not _INDEX.fullmatch(sql or ""):
            return f"its {name!r} is not an index that warraq creates"
        if table in TABLES and is_computing(kind, sql or ""):
            return f"its {name!r} computes values, which warraq's tables do not"
    return ""


def is_computing(kind: str, sql: str) -> bool:
    """Return whether the definition of a table or index has an expression that may be expensive, unlike warraq's own."""
    sql = sql.replace(f"GENERATED ALWAYS AS ({MOMENT})", "")
    called = {name.lower() for name in _CALLED.findall(sql.partition("(")[2])} if kind == "index" else set[str]()
    return kind in {"table", "index"} and (_COMPUTING.search(sql) is not None or not called <= _CHEAP)


_STORED = {"TEXT": ("text",), "INTEGER": ("integer",), "REAL": ("real", "integer"), "BLOB": ("blob",)}
"""The storage types that are valid for each declared type; NULL too, where the column allows it."""
MAX_INTEGER: Final = 1 << 53
"""The largest valid integer: no number in the database needs more, and other programs read no more exactly."""
_COUNTED = frozenset({"bytes", "height", "pages", "size", "warc_record_length", "warc_record_offset", "width"})
_HASHES = frozenset({("similar", "key")})
"""Columns in which every integer is valid: hashes of 63 bits."""
_PACKED = """typeof("body") = 'blob' AND substr("body", 1, 1) = x'78'"""
"""The condition for a body that `archive.body.pack` may have made: it has the first byte of the zlib format."""
_LISTS = {"tags": "text", "images": "object", "dropped": "array"}
"""JSON columns of `articles` that hold a list, and the JSON type of its items."""


def value_problem(db: sqlite3.Connection) -> str:
    """Return what is wrong with the first value that warraq cannot have written, '' if there is none.

    SQLite does not enforce column types: a value may have another type, be out of range, or be JSON other than a list. Reads all rows once.
    """
    here = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in sorted(TABLES & here):
        for name, wrong in wrong_values(db, table).items():
            found = db.execute(f'SELECT typeof("{name}") FROM {table} WHERE {wrong} LIMIT 1').fetchone()  # noqa: S608 - our own words
            if found:
                return f"its {table}.{name} holds a value ({found[0]}) that warraq cannot have written"
    return ""


def wrong_values(db: sqlite3.Connection, table: str) -> dict[str, str]:
    """Return, for each column of a table, the SQL condition for a value that warraq cannot have written there."""
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
    if (table, name) == ("articles", "provenance"):
        wrong.append(f"""NOT iif(json_valid("{name}"), json_type("{name}") = 'object', "{name}" = '')""")
    return " OR ".join(wrong)


# Keep the write-ahead log short: check it after each commit, and report a reader that prevents its truncation.
#
# SQLite copies the log into the database when it has grown by `AUTOCHECKPOINT_PAGES` and then restarts it, unless
# a reader still uses an older state; the log then grows until that reader ends
# (https://www.sqlite.org/wal.html#avoiding_excessively_large_wal_files). Overlapping short readers have the same
# effect. For those, a TRUNCATE checkpoint helps, which waits for a moment; a reader that stays can only be reported.

logger = logging.getLogger(__name__)

AUTOCHECKPOINT_PAGES: Final = 4000
"""16 MB of 4 kB pages: fewer checkpoints than with SQLite's default of 4 MB, and the -wal file stays small."""

KEPT_BYTES: Final = 64 << 20
"""The size to which the file is truncated when the log restarts."""

LARGE_BYTES: Final = 128 << 20
"""The size from which the guard acts, and acts again each time that the log has grown by half of it."""

PATIENCE_MS: Final = 500
"""Milliseconds that the guard waits for readers to end; all writes wait meanwhile."""


class WalGuard:
    """Watches the write-ahead log of one database that is open for writing."""

    def __init__(self, connection: Any, database: Path) -> None:
        self.held_bytes = 0
        """The size in bytes that the log reached because others kept reading; 0 if none did."""
        self._connection = connection
        self._log = database.with_name(f"{database.name}-wal")
        self._next = LARGE_BYTES
        for pragma in (f"wal_autocheckpoint = {AUTOCHECKPOINT_PAGES}", f"journal_size_limit = {KEPT_BYTES}"):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    def look(self) -> None:
        """Check the log. Call it outside a transaction; it costs one `stat` while the log is short."""
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
