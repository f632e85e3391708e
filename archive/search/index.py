"""Maintain the full-text indexes of an archive's database, searchable with sqlite3 alone.

Two FTS5 tables, both with the tokenizers that every SQLite has, and nothing in them newer than SQLite 3.34:

`articles_search` has the keys (see `archive.search.analysis`) of title, text, author and section, one token for each
filter, and one for each word of the title. It is contentless: the text is in `articles`, and because keys are a pure
function of the row, the values needed to remove a row are recomputed instead of being stored twice. Rows must therefore
be removed BEFORE they change (`unindex_articles`), and the index records the version of the keys that it was made with
(`is_current`).
`articles_fts` has the words of title and text as printed, updated by triggers, for other tools: `sqlite-utils search`,
Datasette's search box, `MATCH` in the sqlite3 shell with snippet() and highlight(). It is only an index (external
content) and can be dropped and recreated at any time.
Connections are those of sqlite3 or pysqlite3; the caller begins and commits the transaction.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import Stemmer

from archive.search.analysis import (
    KEY_VERSION,
    Keys,
    digest_of,
    make_keys,
    row_facets,
    stemming_language,
    title_tokens,
)
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
"""The columns of `articles` from which the index is computed; `is_latest` is not one of them, so it may change freely."""

NOTHING_MADE: Final[Mapping[int, Keys]] = MappingProxyType({})
_BATCH: Final = 500
# Combining marks are part of words (the default tokenizer splits an Arabic word at each vowel sign), and so are the
# punctuation marks in filter tokens. Keys are folded already, so the tokenizer has no accents to remove.
_TOKENIZER: Final = "unicode61 remove_diacritics 0 categories 'L* N* Co M*' tokenchars '/:._-'"
_PLAIN_TOKENIZER: Final = "unicode61 remove_diacritics 2 categories 'L* N* Co M*'"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """The index entry of one article row: strings of tokens separated by spaces, and the stemming language of the row."""

    id: int
    title: str
    text: str
    author: str
    section: str
    facets: str
    language: str


def make_entry(row: Mapping[str, str | int], keys: Keys | None = None) -> IndexEntry:
    """Return the entry of a row with the `ROW_COLUMNS`; `keys` are used if they were computed from the same words."""
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
        facets=f"{row_facets(values)} {title_tokens(keys.title)}",
        language=stemming_language(values["language"]),
    )


def _fingerprint() -> str:
    """Return the versions on which the keys depend: of the analysis, of Unicode (NFKC), and of Snowball."""
    return f"{KEY_VERSION}/{unicodedata.unidata_version}/{Stemmer.version()}"


def create_index(db: sqlite3.Connection) -> None:
    """Create the empty tables of the key index; `index_articles` or `rebuild` fills them."""
    db.execute(
        "CREATE VIRTUAL TABLE articles_search USING fts5("
        f'title, text, author, section, facets, content="", tokenize="{_TOKENIZER}")'
    )
    db.execute("CREATE TABLE search_state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
    db.executemany("INSERT INTO search_state VALUES (?, ?)", [("keys", _fingerprint()), ("languages", "")])


def create_plain_index(db: sqlite3.Connection) -> None:
    """Create `articles_fts` over the words as printed and its triggers, and fill it from `articles`."""
    db.execute(
        "CREATE VIRTUAL TABLE articles_fts USING fts5("
        f'title, text, content="articles", content_rowid="id", tokenize="{_PLAIN_TOKENIZER}")'
    )
    put = "INSERT INTO articles_fts (rowid, title, text) VALUES (new.id, new.title, new.text);"
    take = "INSERT INTO articles_fts (articles_fts, rowid, title, text) VALUES ('delete', old.id, old.title, old.text);"
    db.execute(f"CREATE TRIGGER articles_fts_insert AFTER INSERT ON articles BEGIN {put} END")
    db.execute(f"CREATE TRIGGER articles_fts_delete AFTER DELETE ON articles BEGIN {take} END")
    # Only these two columns: a visit that only updates last_seen_at must not cost two passes over the text.
    db.execute(f"CREATE TRIGGER articles_fts_update AFTER UPDATE OF title, text ON articles BEGIN {take} {put} END")
    db.execute("INSERT INTO articles_fts (articles_fts) VALUES ('rebuild')")


def drop_plain_index(db: sqlite3.Connection) -> None:
    """Drop `articles_fts` and its triggers, a quarter of the database's size; warraq's own search does not use it."""
    for name in ("insert", "delete", "update"):
        db.execute(f"DROP TRIGGER IF EXISTS articles_fts_{name}")
    db.execute("DROP TABLE IF EXISTS articles_fts")


def add_entries(db: sqlite3.Connection, entries: Iterable[IndexEntry]) -> int:
    """Insert entries and return their number. An id that is in the index already must be removed first."""
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
    """Remove entries; they must be equal to the inserted ones, or tokens of them would remain in the index."""
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
    """Index the rows with these ids from `articles`; return their number.

    `made` has keys that a worker has computed already, by id.
    """
    return add_entries(db, _entries(db, ids, made))


def unindex_articles(db: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Remove the rows with these ids from the index. Call it BEFORE they are changed or deleted (see the module's docstring)."""
    ids = tuple(ids)
    remove_entries(db, _entries(db, ids, NOTHING_MADE))
    remove_vectors(db, ids)


def rebuild(db: sqlite3.Connection, progress: Callable[[int], None] | None = None) -> int:
    """Rebuild the key index from the whole `articles` table; return the number of rows."""
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
    """Merge the segments of the index into one. It takes minutes, and makes searches faster after a large import."""
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
    """Return whether the index was made with this version of the keys; if not, `rebuild` it before rows are removed from it."""
    return _state(db, "keys") == _fingerprint()
