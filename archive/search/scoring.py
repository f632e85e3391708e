"""Score articles by bm25, the title counting double, over one database or over several as over one.

bm25 weighs a word by how rare it is, and a text by how long it is, among the documents of its own table, so scores of
two tables cannot be compared. FTS5 gives only the sum over the words. But a word that is asked for twice counts twice:
asking for the query, and for the query and one of its words once more, gives that word's part as the difference. From
its part follows how often the article has the word (a multiple of a half, because the weights of the columns are), and
with that the score is recomputed from the counts of all tables.

The formula is that of `fts5Bm25Function` in SQLite's ext/fts5/fts5_aux.c; sizes are read from the tables that
https://www.sqlite.org/fts5.html#fts5_data_structures describes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Final

from archive.search.matching import FROM_INDEX, ArticlePlace, of_rows
from archive.search.query import match_expression, term_expressions

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from archive.search.candidates import Selection, Shards

WEIGHTS: Final = (2.0, 1.0, 1.0, 0.5, 0.0)
"""What a word counts in title, text, author, section and facets: multiples of a half, which `_often` relies on."""
BM25: Final = f"bm25(articles_search, {', '.join(map(str, WEIGHTS))})"
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
        """Return the inverse document frequency, as FTS5 computes it."""
        weight = log((max(self.documents - self.having[term], 0) + 0.5) / (self.having[term] + 0.5))
        return weight if weight > 0 else _COMMONEST

    def damping(self, length: int) -> float:
        """Return what a document of that many tokens puts below the fraction of the formula."""
        return K1 * (1 - B + B * length * self.documents / max(self.tokens, 1))


def scores_of(
    shards: Shards, selection: Selection, languages: Sequence[str], *, all_versions: bool
) -> dict[ArticlePlace, float]:
    """Return what each article of a selection scores by the words of its query."""
    expression = selection.expression(languages)
    sql = f"SELECT a.id, -{BM25}, a.date {FROM_INDEX} {of_rows(selection.query, all_versions=all_versions)}"
    read = shards.each(lambda db: db.execute(sql, (expression,)).fetchall())
    shards.days.update(((shard, row[0]), row[2] or "") for shard, answer in enumerate(read) for row in answer)
    rows: list[dict[int, float]] = [{row[0]: row[1] for row in answer} for answer in read]
    if len(shards) > 1:
        rows = _as_one(shards, selection, rows, languages)
    elif selection.gate:
        rows = [_without(shards, rows[0], match_expression(selection.gate, languages))]
    return {ArticlePlace(shard, identity): score for shard, row in enumerate(rows) for identity, score in row.items()}


def _without(shards: Shards, scores: Mapping[int, float], gate: str) -> dict[int, float]:
    """Return the scores of one database's articles, less what the words of a gate add."""
    sql = f"SELECT rowid, -{BM25} FROM articles_search WHERE articles_search MATCH ?"  # noqa: S608 -- a constant
    twice = dict(shards.databases[0].execute(sql, (gate,)).fetchall())
    return {identity: score - twice.get(identity, 0.0) for identity, score in scores.items()}


def _as_one(
    shards: Shards, selection: Selection, rows: Sequence[Mapping[int, float]], languages: Sequence[str]
) -> list[dict[int, float]]:
    """Return the articles' scores as they would be in one index of all the databases' articles."""
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
    averages = db.execute("SELECT block FROM articles_search_data WHERE id = 1").fetchone()
    documents, *tokens = _varints(averages[0]) if averages and averages[0] else [0]
    sql = "SELECT count(*) FROM articles_search WHERE articles_search MATCH ?"
    having = {term: int(db.execute(sql, (term,)).fetchone()[0]) for term in terms}
    return _Table(documents=documents, tokens=sum(tokens), having=having)


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
    lengths = _lengths(db, list(found))
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
    """For each term, what it adds to the score of each article when it is asked for once; the last is what is left."""
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
    """Return how often a document has a term, weighted by column, from what bm25 makes of it: the formula turned round."""
    exact = part * damping / (K1 + 1 - part) if part < K1 + 1 else 0.0
    return max(0.0, round(2 * exact) / 2)


def _lengths(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, int]:
    """Return tokens of each document."""
    lengths: dict[int, int] = {}
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        marks = ",".join("?" * len(chunk))
        rows = db.execute(f"SELECT id, sz FROM articles_search_docsize WHERE id IN ({marks})", chunk)  # noqa: S608 -- question marks
        lengths.update((identity, sum(_varints(sizes))) for identity, sizes in rows)
    return lengths


def _varints(block: bytes) -> list[int]:
    """Return SQLite's integers of variable length, all of a block; those of nine bytes do not occur in counts."""
    numbers, value = [], 0
    for byte in block:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(value)
            value = 0
    return numbers
