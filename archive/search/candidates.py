"""Select the articles worth ranking: at most a few thousand ids.

bm25 must score every article that has the words, and the commonest words are in nearly all articles. If more than
`BUDGET` articles match, those with the rarest words are selected: an article with none of them could hardly come first.
They are scored by all words, whatever their dates. Words too common for that select in pairs. If no word is rare (one
common word, or several that occur together), the articles with the words in their titles come first, the shortest titles
before others; if they are few, those of the newest days follow.
A word that only narrows the selection is in the expression a second time, so FTS5 counts it twice; `scoring` subtracts
this again. Several databases are counted and limited as one.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from archive.search.analysis import title_tokens, word_variants
from archive.search.expression import match_expression
from archive.search.index import languages_of
from archive.search.query import Clause, Query

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

    from archive.search.query import Phrase

Order = Literal["relevance", "newest", "oldest"]

BUDGET: Final = 4500
"""The most articles scored for one query; twice as many change the first hundred hits of no kind of query (bench/search.py news)."""
STRETCH: Final = 1000
"""Articles that suffice for ranking: those of the newest days if no words can select, and those of rare words without adding pairs."""
_PAIRED: Final = 4
"""The most words, each too common to select alone, that select in pairs: at most six pairs."""
COUNTED: Final = 10_000
"""Matches that are counted in each database, in 1 to 7 ms; if there are more, their number is estimated."""
_SAMPLES: Final = 64
_SAMPLE: Final = 256
"""Consecutive ids of one sample; matches in 16,384 of a million ids give their number within some per cent, in about 2 ms."""
_LONGEST: Final = 1 << 16  # days; 180 years
_THREADS: Final = os.cpu_count() or 1
_MATCHING: Final = "FROM articles_search WHERE articles_search MATCH ?"
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Shards:
    """One or more databases, queried as one. Hits refer to them by their position.

    Several are queried in parallel threads, because SQLite releases the GIL; their connections must therefore be usable
    from other threads (`check_same_thread=False`). `rows` is the SQL condition on the rows of all hits (`matching.of_rows`);
    `days` caches the dates of the rows that were read and meet it, by database and id.
    """

    databases: tuple[sqlite3.Connection, ...]
    rows: str = ""
    days: dict[tuple[int, int], str] = field(default_factory=dict, compare=False)

    def __len__(self) -> int:
        return len(self.databases)

    def each(self, ask: Callable[[sqlite3.Connection], _Answer]) -> list[_Answer]:
        """Return the result of `ask` for each database, in order."""
        if len(self.databases) == 1:
            return [ask(self.databases[0])]
        with ThreadPoolExecutor(min(len(self.databases), _THREADS)) as pool:
            return list(pool.map(ask, self.databases))

    def languages(self) -> tuple[str, ...]:
        """Return the stemming languages of the documents of all databases."""
        return tuple(sorted({language for known in self.each(languages_of) for language in known}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Articles to score: those that match `query` and, if given, `gate`.

    `first`: these instead, by database and id in the index, with the words in their titles; they come before all others, those with
    short titles first. Scoring them by the commonest words would take longest.
    """

    query: Query
    gate: Query | None = None
    first: Sequence[tuple[int, int]] = ()

    def expression(self, languages: Sequence[str]) -> str:
        """Return the FTS5 expression; the words of the gate are in it twice."""
        wanted = match_expression(self.query, languages)
        return f"({match_expression(self.gate, languages)}) AND ({wanted})" if self.gate else wanted


def selections(shards: Shards, query: Query, languages: Sequence[str]) -> tuple[list[Selection], int]:
    """Return the articles to score for a query with words, and about how many articles match (see `estimate_matches`).

    A single selection without a gate has all matches.
    """
    matching = estimate_matches(shards, query, languages)
    if matching <= BUDGET:
        return [Selection(query=query)], matching
    choice = next((clause for clause in query.wanted if len(clause.phrases) > 1), None)
    found = list(_rarest_first(shards, query, choice, languages)) if choice else []
    return found or list(_titled_and_newest(shards, query, query, languages)), matching


def estimate_matches(shards: Shards, query: Query, languages: Sequence[str]) -> int:
    """Return the number of matching articles of all versions; to two digits if a database has more than `COUNTED`.

    Queries with beginnings of words or with states are counted exactly: each sample would read all words, or all articles, again.
    """
    expression, condition = match_expression(query, languages), _in_state(query)
    if not expression:
        return 0
    if condition or "*" in expression:
        return sum(shards.each(lambda db: _count(db, expression, condition, -1)))
    numbers = shards.each(lambda db: _estimate(db, expression))
    number = sum(numbers)
    return number if max(numbers) <= COUNTED else max(round(number, 2 - len(str(number))), COUNTED)


def count_matches(shards: Shards, query: Query, languages: Sequence[str], limit: int) -> int:
    """Return the number of matching articles of all versions, counted up to `limit` in each database (40 ns for each article)."""
    expression, condition = match_expression(query, languages), _in_state(query)
    return sum(shards.each(lambda db: _count(db, expression, condition, limit))) if expression else 0


def _count(db: sqlite3.Connection, expression: str, condition: str, limit: int) -> int:
    sql = f"SELECT count(*) FROM (SELECT 1 {_MATCHING}{condition} LIMIT ?)"  # noqa: S608 -- constants
    return int(db.execute(sql, (expression, limit)).fetchone()[0])


def _estimate(db: sqlite3.Connection, expression: str) -> int:
    """Return how many articles match; beyond `COUNTED`, from the matches among evenly spaced ids, because words come and go over time."""
    counted = _count(db, expression, "", COUNTED + 1)
    if counted <= COUNTED:
        return counted
    edges = "SELECT (SELECT min(id) FROM articles_search_docsize), (SELECT max(id) FROM articles_search_docsize)"
    first, last = (edge or 0 for edge in db.execute(edges).fetchone())  # a damaged index may have none
    step = (last - first + 1) / _SAMPLES
    sql = f"SELECT count(*) {_MATCHING} AND rowid BETWEEN ? AND ?"
    starts = (first + int(number * step) for number in range(_SAMPLES))
    found = sum(int(db.execute(sql, (expression, start, start + _SAMPLE - 1)).fetchone()[0]) for start in starts)
    return max(counted, int(found * step / _SAMPLE))


def _find_matches(shards: Shards, query: Query, languages: Sequence[str], limit: int) -> list[tuple[int, int]]:
    """Return (database, id) of matching articles of all versions, up to `limit` in each database."""
    sql = f"SELECT rowid {_MATCHING}{_in_state(query)} LIMIT ?"
    asked = (match_expression(query, languages), limit)
    read = shards.each(lambda db: db.execute(sql, asked).fetchall())
    return [(shard, identity) for shard, rows in enumerate(read) for (identity,) in rows]


def _in_state(query: Query) -> str:
    """Return the SQL condition on the rows of articles whose state is not in the index."""
    return f" AND rowid IN (SELECT a.id FROM articles AS a WHERE 1{query.conditions})" if query.conditions else ""  # noqa: S608 -- constants of `states`


def _rarest_first(shards: Shards, query: Query, choice: Clause, languages: Sequence[str]) -> Iterator[Selection]:
    """Yield, for a clause of alternatives, the articles of its rarest words, then of pairs of commoner ones, within the budget."""
    alone = {
        phrase: count_matches(shards, _gate(query, [phrase]), languages, limit=BUDGET + 1)
        for phrase in dict.fromkeys(choice.phrases)
    }
    room = BUDGET
    rare: list[Phrase] = []
    common: list[Phrase] = []
    for phrase in sorted((phrase for phrase in alone if alone[phrase]), key=alone.__getitem__):
        (rare if not common and alone[phrase] <= room else common).append(phrase)
        room -= alone[phrase] if not common else 0
    if rare:
        yield Selection(query=query, gate=_gate(query, rare))
    if room < BUDGET - STRETCH:
        return
    crowded: Query | None = None
    for one, other in combinations(common[:_PAIRED], 2):
        pair = _gate(query, [one], [other])
        having = count_matches(shards, pair, languages, limit=room + 1)
        if 0 < having <= room:
            room -= having
            yield Selection(query=query, gate=pair)
        elif having and crowded is None:
            crowded = pair
    if crowded is not None:  # too many articles have both of two common words
        yield from _titled_and_newest(shards, query, crowded, languages)


def _gate(query: Query, *groups: Sequence[Phrase]) -> Query:
    """Return a query for one phrase of each group, with the filters and dates of `query`."""
    return replace(query, clauses=tuple(Clause(phrases=tuple(group)) for group in groups), excluded=())


def _titled_and_newest(shards: Shards, query: Query, words: Query, languages: Sequence[str]) -> Iterator[Selection]:
    """Yield the articles with these words in their titles (the newest, if too many), and those of the newest days.

    The latter only if few titles have the words.
    """
    in_title = [[_in_title(phrase, languages) for phrase in clause.phrases] for clause in words.free]
    titled = _gate(query, *in_title)
    titled = replace(titled, clauses=(*titled.clauses, *query.bound), excluded=query.excluded)
    first = _find_matches(shards, titled, languages, limit=BUDGET + 1) if in_title else []
    if len(first) > BUDGET:
        narrowed = stretch(shards, titled, languages, enough=STRETCH)
        first = _find_matches(shards, narrowed, languages, limit=BUDGET)
    if len(first) > STRETCH:
        yield Selection(query=titled, first=first)
        return
    newest = stretch(shards, words, languages, enough=STRETCH)
    asked = {phrase for clause in query.wanted for phrase in clause.phrases}
    has_all = asked == {phrase for clause in words.wanted for phrase in clause.phrases}
    yield Selection(query=newest) if has_all else Selection(query=query, gate=newest)
    if first:
        yield Selection(query=titled, first=first)


def _in_title(phrase: Phrase, languages: Sequence[str]) -> Phrase:
    """Return the phrase restricted to titles: a single word by its token for titles, which has the fewest postings."""
    if phrase.prefix or len(phrase.words) > 1:
        return replace(phrase, column="title")
    keys = phrase.keys or word_variants(phrase.words[0], languages)
    return replace(phrase, keys=tuple(map(title_tokens, keys)), column="facets")


def stretch(shards: Shards, query: Query, languages: Sequence[str], *, enough: int, oldest: bool = False) -> Query:
    """Return the query narrowed to the newest (or oldest) days with `enough` matches; unchanged when too few articles have dates.

    Days are tokens of the index, so each attempt is one short query. (Row ids do not follow time: a site's sitemap is read
    from the newest article to the oldest, an imported archive in any order.)
    """
    end = _edge(shards, query, oldest=oldest)

    def narrowed(days: int) -> Query | None:
        one = _narrowed(query, end, days, oldest=oldest) if end else None
        return one if one and count_matches(shards, one, languages, limit=enough) >= enough else None

    days = 1
    while days <= _LONGEST:
        if found := narrowed(days):
            # One step back keeps the number of scored articles below about twice as many.
            return (narrowed(days // 2) if days > 1 else None) or found
        days *= 4
    return query


def _narrowed(query: Query, end: date, days: int, *, oldest: bool) -> Query | None:
    """Return the query for a number of days that ends with `end` (or begins with it, oldest first)."""
    reach = timedelta(days=days - 1)
    try:
        low, high = (end, end + reach) if oldest else (end - reach, end)
    except OverflowError:
        return None
    date_from = max(query.date_from, low.isoformat())
    return replace(query, date_from=date_from, date_to=min(query.date_to or "9999", high.isoformat()))


def _edge(shards: Shards, query: Query, *, oldest: bool) -> date | None:
    """Return the newest (or oldest) day of an article within the query's dates, None when there is none."""
    edge = "min" if oldest else "max"
    sql = f"SELECT {edge}(date) FROM articles WHERE is_latest = 1 AND date BETWEEN ? AND ?"  # noqa: S608 -- min or max
    asked = (query.date_from or "0001", query.date_to or "9999-12-31")
    days = [day for day in shards.each(lambda db: db.execute(sql, asked).fetchone()[0]) if day]
    try:
        return date.fromisoformat(str((min if oldest else max)(days))[:10])
    except ValueError:
        return None
