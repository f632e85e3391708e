"""Score articles by bm25 with double weight for titles, over several databases as over one.

bm25 weighs a word by its rarity, and a text by its length, relative to the documents of its own table, so scores of two
tables cannot be compared. FTS5 returns only the sum over the words. But a repeated word counts twice: the difference
between the scores of the query with and without a repetition of one word is that word's part. The part gives the
frequency of the word in the article (a multiple of a half, because the weights of the columns are), from which the
score is recomputed with the counts of all tables.

The formula is that of `fts5Bm25Function` in SQLite's ext/fts5/fts5_aux.c; sizes are read from the tables that
https://www.sqlite.org/fts5.html#fts5_data_structures describes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Final

from archive.search.expression import match_expression, term_expressions
from archive.search.matching import FROM_INDEX, ArticlePlace

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from archive.search.candidates import Selection, Shards

WEIGHTS: Final = (2.0, 1.0, 1.0, 0.5, 0.0)
"""The weights of title, text, author, section and facets: multiples of a half, on which `_often` relies."""
BM25: Final = f"bm25(articles_search, {', '.join(map(str, WEIGHTS))})"
K1: Final = 1.2
B: Final = 0.75
_COMMONEST: Final = 1e-6  # FTS5's weight of a word that more than half of the documents have
_CHUNK: Final = 500
_TITLE_BYTES: Final = 2  # of a varint: a title has fewer than 16,384 tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """The numbers of documents and tokens of one index (or of all), and of documents that have each term."""

    documents: int
    tokens: int
    having: Mapping[str, int]

    def rarity(self, term: str) -> float:
        """Return the inverse document frequency, as FTS5 computes it."""
        weight = log((max(self.documents - self.having[term], 0) + 0.5) / (self.having[term] + 0.5))
        return weight if weight > 0 else _COMMONEST

    def damping(self, length: int) -> float:
        """Return the length normalisation of a document with this number of tokens, a term of the formula's denominator."""
        return K1 * (1 - B + B * length * self.documents / max(self.tokens, 1))


def scores_of(
    shards: Shards, selection: Selection, languages: Sequence[str], *, rows: str
) -> dict[ArticlePlace, float]:
    """Return the score of each article of a selection for the words of its query; no row is read if there is no condition `rows`."""
    expression = selection.expression(languages)
    joined = f"{FROM_INDEX} {rows}" if rows else "FROM articles_search AS s WHERE articles_search MATCH ?"
    sql = f"SELECT s.rowid, -{BM25} {joined}"
    read = shards.each(lambda db: db.execute(sql, (expression,)).fetchall())
    scores: list[dict[int, float]] = [dict(answer) for answer in read]
    if len(shards) > 1:
        scores = _as_one(shards, selection, scores, languages)
    elif selection.gate:
        scores = [_without(shards, scores[0], match_expression(selection.gate, languages))]
    return {
        ArticlePlace(shard, identity): score for shard, found in enumerate(scores) for identity, score in found.items()
    }


def title_gains(shards: Shards, places: Sequence[ArticlePlace]) -> dict[ArticlePlace, float]:
    """Return the score that bm25 gives a word that each of these titles has once: 1 for a title of average length, at most 1.7.

    Counting the documents that have a common word, as FTS5 does before it scores, takes longer than reading these lengths. A title whose
    length a damaged index lacks counts as average.
    """
    averages = [one for one in shards.each(_averages) if len(one) > 1]
    average = max(sum(tokens for _, tokens, *_ in averages) / max(sum(documents for documents, *_ in averages), 1), 1.0)
    gains = dict.fromkeys(places, 1.0)
    for shard, db in enumerate(shards.databases):
        for identity, sizes in _sizes(db, [place.id for place in places if place.shard == shard]):
            if length := _varints(sizes[:_TITLE_BYTES]):
                gains[ArticlePlace(shard, identity)] = (K1 + 1) / (1 + K1 * (1 - B + B * length[0] / average))
    return gains


def _without(shards: Shards, scores: Mapping[int, float], gate: str) -> dict[int, float]:
    """Return the scores of one database's articles, less the parts of the gate's words."""
    sql = f"SELECT rowid, -{BM25} FROM articles_search WHERE articles_search MATCH ?"  # noqa: S608 -- a constant
    twice = dict(shards.databases[0].execute(sql, (gate,)).fetchall())
    return {identity: score - twice.get(identity, 0.0) for identity, score in scores.items()}


def _as_one(
    shards: Shards, selection: Selection, rows: Sequence[Mapping[int, float]], languages: Sequence[str]
) -> list[dict[int, float]]:
    """Return the scores that the articles would have in a single index of all databases."""
    asked = Counter(term_expressions(selection.query, languages))
    standing = asked + Counter(term_expressions(selection.gate, languages) if selection.gate else ())
    tables = shards.each(lambda db: _table(db, standing))
    whole = _Table(
        documents=sum(table.documents for table in tables),
        tokens=sum(table.tokens for table in tables),
        having={term: sum(table.having[term] for table in tables) for term in standing},
    )
    expression = selection.expression(languages)
    numbers = {id(db): number for number, db in enumerate(shards.databases)}

    def rescored(db: sqlite3.Connection) -> dict[int, float]:
        number = numbers[id(db)]
        parts = _parts(db, expression, standing, rows[number])
        return _rescored(db, parts, asked, rows[number], table=tables[number], whole=whole)

    return shards.each(rescored)


def _table(db: sqlite3.Connection, terms: Mapping[str, int]) -> _Table:
    documents, *tokens = _averages(db)
    sql = "SELECT count(*) FROM articles_search WHERE articles_search MATCH ?"
    having = {term: int(db.execute(sql, (term,)).fetchone()[0]) for term in terms}
    return _Table(documents=documents, tokens=sum(tokens), having=having)


def count_documents(db: sqlite3.Connection) -> int:
    """Return the number of documents that the index records."""
    return _averages(db)[0]


def _averages(db: sqlite3.Connection) -> list[int]:
    """Return the number of documents of the index, and the number of tokens in each column."""
    row = db.execute("SELECT block FROM articles_search_data WHERE id = 1").fetchone()
    return _varints(row[0]) if row and row[0] else [0]


def _rescored(
    db: sqlite3.Connection,
    parts: Mapping[str, Mapping[int, float]],
    asked: Mapping[str, int],
    found: Mapping[int, float],
    *,
    table: _Table,
    whole: _Table,
) -> dict[int, float]:
    """Return the new scores of one database's articles, by id."""
    lengths = {identity: sum(_varints(sizes)) for identity, sizes in _sizes(db, list(found))}
    new = dict.fromkeys(found, 0.0)
    for term, part in parts.items():
        for identity, share in part.items():
            length = lengths.get(identity, 0)
            often = _often(share / table.rarity(term), table.damping(length))
            damped = often * (K1 + 1) / (often + whole.damping(length)) if often else 0.0
            new[identity] += asked[term] * whole.rarity(term) * damped
    return new


def _parts(
    db: sqlite3.Connection, expression: str, standing: Mapping[str, int], found: Mapping[int, float]
) -> dict[str, dict[int, float]]:
    """Return, for each term, its part of the score of each article; that of the last term is the remainder."""
    if not found:
        return {}
    rest = dict(found)
    *others, last = standing
    sql = f"SELECT rowid, -{BM25} FROM articles_search WHERE articles_search MATCH ? AND rowid BETWEEN ? AND ?"  # noqa: S608 -- a constant
    parts: dict[str, dict[int, float]] = {}
    for term in others:
        asked = (f"({expression}) AND ({term})", min(rest), max(rest))
        parts[term] = {row[0]: row[1] - found[row[0]] for row in db.execute(sql, asked) if row[0] in found}
        for identity, share in parts[term].items():
            rest[identity] -= standing[term] * share
    parts[last] = {identity: left / standing[last] for identity, left in rest.items()}
    return parts


def _often(part: float, damping: float) -> float:
    """Return the frequency of a term in a document, weighted by column, by inverting the bm25 formula."""
    exact = part * damping / (K1 + 1 - part) if part < K1 + 1 else 0.0
    return max(0.0, round(2 * exact) / 2)


def _sizes(db: sqlite3.Connection, ids: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Yield the id of each document and, as varints, the number of tokens in each of its columns."""
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        marks = ",".join("?" * len(chunk))
        sql = f"SELECT id, CAST(coalesce(sz, '') AS BLOB) FROM articles_search_docsize WHERE id IN ({marks})"  # noqa: S608 -- question marks
        yield from db.execute(sql, chunk)


def _varints(block: bytes) -> list[int]:
    """Decode a block of SQLite varints; nine-byte ones do not occur in counts."""
    numbers, value = [], 0
    for byte in block:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(value)
            value = 0
    return numbers
