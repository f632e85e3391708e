"""Scores what several databases found as one database that held it all would: candidates in, the same with other bm25 out.

bm25 weighs a word by how rare it is, and a text by how long it is, among the documents of its own table, so scores of
two tables cannot be compared. FTS5 tells only the sum over the words. But a word that is asked for twice counts twice:
asking for the query, and for the query and one of its words once more, gives that word's part as the difference. From
its part follows how often the article has the word (a multiple of a half, because the weights of the columns are), and
with that the score is computed anew from the counts of all tables.

The formula is that of `fts5Bm25Function` in SQLite's ext/fts5/fts5_aux.c; sizes are read from the tables that
https://www.sqlite.org/fts5.html#fts5_data_structures describes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Final

from archive.search.candidates import BM25, Candidate
from archive.search.query import match_expression, term_expressions

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from archive.search.query import Query
    from archive.search.shards import Shards

K1: Final = 1.2
B: Final = 0.75
_COMMONEST: Final = 1e-6  # FTS5's weight of a word that more than half of the documents have
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """How many documents and tokens one index (or all of them) holds, and how many documents have each term."""

    documents: int
    tokens: int
    having: Mapping[str, int]

    def rarity(self, term: str) -> float:
        """The inverse document frequency, as FTS5 computes it."""
        weight = log((max(self.documents - self.having[term], 0) + 0.5) / (self.having[term] + 0.5))
        return weight if weight > 0 else _COMMONEST

    def damping(self, length: int) -> float:
        """What a document of that many tokens puts below the fraction of the formula."""
        return K1 * (1 - B + B * length * self.documents / max(self.tokens, 1))


def score_as_one(shards: Shards, query: Query, found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The candidates, in their order, with the bm25 that they would have in one index of all the databases' articles."""
    languages = shards.languages()
    terms = Counter(term_expressions(query, languages))
    tables = shards.each(lambda db: _table(db, terms))
    whole = _Table(
        documents=sum(table.documents for table in tables),
        tokens=sum(table.tokens for table in tables),
        having={term: sum(table.having[term] for table in tables) for term in terms},
    )
    expression = match_expression(query, languages)
    of_shard: list[list[Candidate]] = [[] for _ in tables]
    for one in found:
        of_shard[one.shard].append(one)
    numbers = {id(db): number for number, db in enumerate(shards.databases)}

    def scores(db: sqlite3.Connection) -> dict[int, float]:
        number = numbers[id(db)]
        return _scores(db, expression, terms, of_shard[number], table=tables[number], whole=whole)

    scored = shards.each(scores)
    return tuple(one._replace(bm25=scored[one.shard][one.id]) for one in found)


def _table(db: sqlite3.Connection, terms: Mapping[str, int]) -> _Table:
    averages = db.execute("SELECT block FROM articles_search_data WHERE id = 1").fetchone()
    documents, *tokens = _varints(averages[0]) if averages and averages[0] else [0]
    sql = "SELECT count(*) FROM articles_search WHERE articles_search MATCH ?"
    having = {term: int(db.execute(sql, (term,)).fetchone()[0]) for term in terms}
    return _Table(documents=documents, tokens=sum(tokens), having=having)


def _scores(
    db: sqlite3.Connection,
    expression: str,
    terms: Mapping[str, int],
    found: Sequence[Candidate],
    *,
    table: _Table,
    whole: _Table,
) -> dict[int, float]:
    """The new bm25 of one database's candidates, by id."""
    if not found:
        return {}
    lengths = _lengths(db, [one.id for one in found])
    new = {one.id: 0.0 for one in found}
    for term, part in _parts(db, expression, terms, found):
        for identity, share in part.items():
            length = lengths.get(identity, 0)
            often = _often(share / table.rarity(term), table.damping(length))
            damped = often * (K1 + 1) / (often + whole.damping(length)) if often else 0.0
            new[identity] -= terms[term] * whole.rarity(term) * damped
    return new


def _parts(
    db: sqlite3.Connection, expression: str, terms: Mapping[str, int], found: Sequence[Candidate]
) -> list[tuple[str, dict[int, float]]]:
    """For each term, what it adds to the score of each candidate when it is asked for once; the last is what is left."""
    rest = {one.id: -one.bm25 for one in found}
    totals = dict(rest)
    *others, last = terms
    sql = f"SELECT rowid, {BM25} FROM articles_search WHERE articles_search MATCH ? AND rowid BETWEEN ? AND ?"  # noqa: S608 -- a constant
    parts = []
    for term in others:
        asked = (f"({expression}) AND ({term})", min(rest), max(rest))
        part = {row[0]: -row[1] - totals[row[0]] for row in db.execute(sql, asked) if row[0] in totals}
        parts.append((term, part))
        for identity, share in part.items():
            rest[identity] -= terms[term] * share
    parts.append((last, {identity: left / terms[last] for identity, left in rest.items()}))
    return parts


def _often(part: float, damping: float) -> float:
    """How often a document has a term, weighted by column, from what bm25 makes of it: the formula turned round."""
    exact = part * damping / (K1 + 1 - part) if part < K1 + 1 else 0.0
    return max(0.0, round(2 * exact) / 2)


def _lengths(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, int]:
    """Tokens of each document."""
    lengths: dict[int, int] = {}
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        marks = ",".join("?" * len(chunk))
        rows = db.execute(f"SELECT id, sz FROM articles_search_docsize WHERE id IN ({marks})", chunk)  # noqa: S608 -- question marks
        lengths.update((identity, sum(_varints(sizes))) for identity, sizes in rows)
    return lengths


def _varints(block: bytes) -> list[int]:
    """SQLite's integers of variable length, all of a block; those of nine bytes do not occur in counts."""
    numbers, value = [], 0
    for byte in block:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(value)
            value = 0
    return numbers
