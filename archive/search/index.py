"""Maintain the full-text indexes of an archive's database, searchable with sqlite3 alone.

Two FTS5 tables, both with the tokenizers that every SQLite has, and nothing in them newer than SQLite 3.34:

`articles_search` holds the keys (see `archive.search.analysis`) of title, text, author and section, and one token for each
filter. It is contentless: the text lies in `articles`, and because a key is a pure function of the row, what must be
known to remove a row again is recomputed instead of being stored twice. That is why rows are taken out BEFORE
they change (`unindex_articles`), and why the index remembers which version of the keys made it (`is_current`).

`articles_fts` holds the words of title and text as printed, kept by triggers, for those who search without us:
`sqlite-utils search`, Datasette's search box, `MATCH` in the sqlite3 shell with snippet() and highlight(). It is an
index only (external content) and can be dropped and made again at any time.

Connections are those of sqlite3 or pysqlite3; the caller opens the transaction and commits it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import Stemmer

from archive.search.analysis import KEY_VERSION, Keys, digest_of, make_keys, row_facets, stemming_language
from archive.search.vectors import remove_vectors

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping


ROW_COLUMNS: Final = (
    "id",
    "title",
    "text",
    "author",
    "section",
    "site",
    "hostname",
    "language",
    "date",
    "tags",
    "source",
)
"""The columns of `articles` that the index is a function of; `is_latest` is not among them, so it may change freely."""

NOTHING_MADE: Final[Mapping[int, Keys]] = MappingProxyType({})
_BATCH: Final = 500
# Marks stay inside words (the default tokenizer parts an Arabic word at each vowel sign), and the signs inside filter
# tokens stay inside them. Keys come folded already, so the tokenizer has no accents to take off.
_TOKENIZER: Final = "unicode61 remove_diacritics 0 categories 'L* N* Co M*' tokenchars '/:._-'"
_PLAIN_TOKENIZER: Final = "unicode61 remove_diacritics 2 categories 'L* N* Co M*'"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """What the index holds of one article row: strings of tokens parted by spaces, and the row's stemming language."""

    id: int
    title: str
    text: str
    author: str
    section: str
    facets: str
    language: str


def make_entry(row: Mapping[str, str | int], keys: Keys | None = None) -> IndexEntry:
    """Return the entry of a row that has the `ROW_COLUMNS`; `keys` spare the making of them when they are of these very words."""
    values = {name: str(row.get(name) or "") for name in ROW_COLUMNS}
    words = {name: values[name] for name in ("title", "text", "author", "section", "language")}
    if keys is None or keys.made_of != digest_of(**words):
        keys = make_keys(**words)
    return IndexEntry(
        id=int(row["id"]),
        title=keys.title,
        text=keys.text,
        author=keys.author,
        section=keys.section,
        facets=row_facets(values),
        language=stemming_language(values["language"]),
    )


def _fingerprint() -> str:
    """Return what the keys depend on: our own version, Unicode's tables (NFKC), Snowball's algorithms."""
    return f"{KEY_VERSION}/{unicodedata.unidata_version}/{Stemmer.version()}"


def create_index(db: sqlite3.Connection) -> None:
    """Make the empty tables of the key index; `index_articles` or `rebuild` fills them."""
    db.execute(
        "CREATE VIRTUAL TABLE articles_search USING fts5("
        f'title, text, author, section, facets, content="", tokenize="{_TOKENIZER}")'
    )
    db.execute("CREATE TABLE search_state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
    db.executemany("INSERT INTO search_state VALUES (?, ?)", [("keys", _fingerprint()), ("languages", "")])


def create_plain_index(db: sqlite3.Connection) -> None:
    """Make `articles_fts` over the words as printed, the triggers that keep it, and fill it from `articles`."""
    db.execute(
        "CREATE VIRTUAL TABLE articles_fts USING fts5("
        f'title, text, content="articles", content_rowid="id", tokenize="{_PLAIN_TOKENIZER}")'
    )
    put = "INSERT INTO articles_fts (rowid, title, text) VALUES (new.id, new.title, new.text);"
    take = "INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);"
    db.execute(f"CREATE TRIGGER articles_fts_insert AFTER INSERT ON articles BEGIN {put} END")
    db.execute(f"CREATE TRIGGER articles_fts_delete AFTER DELETE ON articles BEGIN {take} END")
    # Only these two columns: a visit that merely moves last_seen_at must not cost two passes over the text.
    db.execute(f"CREATE TRIGGER articles_fts_update AFTER UPDATE OF title, text ON articles BEGIN {take} {put} END")
    db.execute("INSERT INTO articles_fts (articles_fts) VALUES ('rebuild')")


def drop_plain_index(db: sqlite3.Connection) -> None:
    """Take `articles_fts` and its triggers away, a quarter of the database's size; our own search does not use it."""
    for name in ("insert", "delete", "update"):
        db.execute(f"DROP TRIGGER IF EXISTS articles_fts_{name}")
    db.execute("DROP TABLE IF EXISTS articles_fts")


def add_entries(db: sqlite3.Connection, entries: Iterable[IndexEntry]) -> int:
    """Put entries in and say how many. An id that is in already must be taken out first."""
    languages: set[str] = set()

    def values() -> Iterator[tuple[int | str, ...]]:
        for entry in entries:
            languages.add(entry.language)
            yield (entry.id, entry.title, entry.text, entry.author, entry.section, entry.facets)

    statement = "INSERT INTO articles_search (rowid, title, text, author, section, facets) VALUES (?, ?, ?, ?, ?, ?)"
    added = db.executemany(statement, values()).rowcount
    known = set(languages_of(db))
    if not languages - {""} <= known:
        merged = " ".join(sorted((languages | known) - {""}))
        db.execute("UPDATE search_state SET value = ? WHERE name = 'languages'", (merged,))
    return max(added, 0)


def remove_entries(db: sqlite3.Connection, entries: Iterable[IndexEntry]) -> None:
    """Take entries out; they must be equal to those put in, or the index would keep crumbs of them."""
    statement = (
        "INSERT INTO articles_search (articles_search, rowid, title, text, author, section, facets)"
        " VALUES ('delete', ?, ?, ?, ?, ?, ?)"
    )
    db.executemany(statement, ((e.id, e.title, e.text, e.author, e.section, e.facets) for e in entries))


def _entries(db: sqlite3.Connection, ids: Iterable[int], made: Mapping[int, Keys]) -> Iterator[IndexEntry]:
    remaining = iter(ids)
    while chunk := list(islice(remaining, _BATCH)):
        marks = ",".join("?" * len(chunk))
        rows = db.execute(f"SELECT {', '.join(ROW_COLUMNS)} FROM articles WHERE id IN ({marks})", chunk).fetchall()  # noqa: S608 -- our own column names and question marks
        for row in rows:
            yield make_entry(dict(zip(ROW_COLUMNS, row, strict=True)), made.get(row[0]))


def index_articles(db: sqlite3.Connection, ids: Iterable[int], made: Mapping[int, Keys] = NOTHING_MADE) -> int:
    """Put the rows of these ids in, as they stand in `articles`; say how many there were.

    `made` holds, by id, keys that a worker has made already.
    """
    return add_entries(db, _entries(db, ids, made))


def unindex_articles(db: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Take the rows of these ids out; to be called BEFORE they are changed or deleted (see the module's docstring)."""
    ids = tuple(ids)
    remove_entries(db, _entries(db, ids, NOTHING_MADE))
    remove_vectors(db, ids)


def rebuild(db: sqlite3.Connection, progress: Callable[[int], None] | None = None) -> int:
    """Rebuild the key index from the whole `articles` table; return how many rows it holds."""
    for table in ("articles_search", "search_state"):
        db.execute(f"DROP TABLE IF EXISTS {table}")
    create_index(db)
    done, last = 0, -1
    while ids := [
        row[0] for row in db.execute("SELECT id FROM articles WHERE id > ? ORDER BY id LIMIT ?", (last, _BATCH))
    ]:
        done += index_articles(db, ids)
        last = ids[-1]
        if progress:
            progress(done)
    return done


def optimize(db: sqlite3.Connection) -> None:
    """Merge the index into one piece: worth its minutes after a large import, for searching then gets faster."""
    db.execute("INSERT INTO articles_search (articles_search) VALUES ('optimize')")
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'articles_fts'").fetchone():
        db.execute("INSERT INTO articles_fts (articles_fts) VALUES ('optimize')")


def _state(db: sqlite3.Connection, name: str) -> str:
    row = db.execute("SELECT value FROM search_state WHERE name = ?", (name,)).fetchone()
    return str(row[0]) if row else ""


def languages_of(db: sqlite3.Connection) -> tuple[str, ...]:
    """Return the stemming languages of the documents in the index."""
    return tuple(_state(db, "languages").split())


def is_current(db: sqlite3.Connection) -> bool:
    """Return whether this version of the keys made the index; when not, `rebuild` it before rows are taken out of it."""
    return _state(db, "keys") == _fingerprint()
