"""Choose the articles worth ranking: at most some thousands of ids with their bm25.

bm25 must score every article that has the words, and the commonest words are in nearly all of them. Where more than
`BUDGET` articles match, the rarest words choose: an article that has none of them could hardly come first. Their
articles are scored by all words, whatever their dates. Words too common for that choose in pairs. Where nothing is
rare (one common word, or several that all match together), the articles with the words in their titles come first, scored
by these where they are many; else those of the newest days follow.

A word that only narrows stands in the expression a second time, so FTS5 counts it twice; `ranking` takes that off again.
Several databases are counted and cut as one.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from archive.search.index import languages_of
from archive.search.query import Clause, Query, match_expression

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

    from archive.search.query import Phrase

Order = Literal["relevance", "newest", "oldest"]

BUDGET: Final = 4500
"""Articles that are scored for one answer; twice as many change the first hundred hits of no kind of question (bench/search.py news)."""
STRETCH: Final = 1000
"""Articles that are enough to choose from: of the newest days when nothing else can choose, of rare words to do without pairs."""
_PAIRED: Final = 4
"""Words too common to choose alone that choose in pairs: six pairs at most."""
_LONGEST: Final = 1 << 16  # days; 180 years
_THREADS: Final = os.cpu_count() or 1
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Shards:
    """One database or several, asked as one. Their order is that of the numbers by which hits name them.

    SQLite lets go of Python's lock while it works, so several are read side by side; their connections must then be
    open to other threads (`check_same_thread=False`). `days` remembers the dates of articles that were scored, by
    database and id, for their rows are read then anyway.
    """

    databases: tuple[sqlite3.Connection, ...]
    days: dict[tuple[int, int], str] = field(default_factory=dict, compare=False)

    def __len__(self) -> int:
        return len(self.databases)

    def each(self, ask: Callable[[sqlite3.Connection], _Answer]) -> list[_Answer]:
        """Return what each database answers, in their order."""
        if len(self.databases) == 1:
            return [ask(self.databases[0])]
        with ThreadPoolExecutor(min(len(self.databases), _THREADS)) as pool:
            return list(pool.map(ask, self.databases))

    def languages(self) -> tuple[str, ...]:
        """Return the stemming languages of the documents of all."""
        return tuple(sorted({language for known in self.each(languages_of) for language in known}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Articles to score: those that match `query`, and of these (when given) only those that match `gate` too.

    `is_first`: they come before all others without being scored, for scoring by the commonest words takes the longest.
    """

    query: Query
    gate: Query | None = None
    is_first: bool = False

    def expression(self, languages: Sequence[str]) -> str:
        """Return the FTS5 expression; the words of the gate stand in it twice."""
        wanted = match_expression(self.query, languages)
        return f"({match_expression(self.gate, languages)}) AND ({wanted})" if self.gate else wanted


def selections(shards: Shards, query: Query, languages: Sequence[str]) -> tuple[list[Selection], int]:
    """Return what to score for a query that asks for words, and how many articles match it (of all versions).

    One selection without a gate is all that match.
    """
    matching = count_matches(shards, query, languages)
    if matching <= BUDGET:
        return [Selection(query=query)], matching
    choice = next((clause for clause in query.wanted if len(clause.phrases) > 1), None)
    found = list(_rarest_first(shards, query, choice, languages)) if choice else []
    return found or list(_titled_and_newest(shards, query, query, languages)), matching


def count_matches(shards: Shards, query: Query, languages: Sequence[str], limit: int = -1) -> int:
    """Return how many articles match, all versions, counted up to `limit` in each database: 40 ns each."""
    rows = f" AND rowid IN (SELECT a.id FROM articles AS a WHERE 1{query.conditions})" if query.conditions else ""  # noqa: S608 -- constants of `states`
    sql = f"SELECT count(*) FROM (SELECT 1 FROM articles_search WHERE articles_search MATCH ?{rows} LIMIT ?)"  # noqa: S608 -- the same
    asked = (match_expression(query, languages), limit)
    return sum(shards.each(lambda db: int(db.execute(sql, asked).fetchone()[0]))) if asked[0] else 0


def _rarest_first(shards: Shards, query: Query, choice: Clause, languages: Sequence[str]) -> Iterator[Selection]:
    """For a clause of alternatives: the articles of its rarest words, then of pairs of the commoner ones, within the budget."""
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
    """Return a query for one phrase of each group, within the filters and dates of the query."""
    return replace(query, clauses=tuple(Clause(phrases=tuple(group)) for group in groups), excluded=())


def _titled_and_newest(shards: Shards, query: Query, words: Query, languages: Sequence[str]) -> Iterator[Selection]:
    """Of the articles with these words: those with them in their titles (of too many, the newest), and those of the newest days.

    The latter only where the titles give few to choose from.
    """
    in_title = [
        [replace(phrase, column="title") for phrase in clause.phrases]
        for clause in words.wanted
        if not any(phrase.column for phrase in clause.phrases)
    ]
    rest = tuple(one for one in query.clauses if one.negated or any(phrase.column for phrase in one.phrases))
    titled = _gate(query, *in_title)
    titled = replace(titled, clauses=(*titled.clauses, *rest), excluded=query.excluded)
    having = count_matches(shards, titled, languages, limit=BUDGET + 1) if in_title else 0
    if having > STRETCH:
        yield Selection(query=titled if having <= BUDGET else stretch(shards, titled, languages, enough=STRETCH))
        return
    newest = stretch(shards, words, languages, enough=STRETCH)
    asked = {phrase for clause in query.wanted for phrase in clause.phrases}
    has_all = asked == {phrase for clause in words.wanted for phrase in clause.phrases}
    yield Selection(query=newest) if has_all else Selection(query=query, gate=newest)
    if having:
        yield Selection(query=titled, is_first=True)


def stretch(shards: Shards, query: Query, languages: Sequence[str], *, enough: int, oldest: bool = False) -> Query:
    """Return the query narrowed to the newest (or oldest) days that have so many matches; unchanged when the dates are too few.

    Days are tokens of the index, so each try is one short walk. (Rows will not do for time: a site's sitemap is read
    from the newest article to the oldest, an imported archive in any order.)
    """
    end = _edge(shards, query, oldest=oldest)

    def narrowed(days: int) -> Query | None:
        one = _narrowed(query, end, days, oldest=oldest) if end else None
        return one if one and count_matches(shards, one, languages, limit=enough) >= enough else None

    days = 1
    while days <= _LONGEST:
        if found := narrowed(days):
            # One step back keeps what is scored under some twice as many.
            return (narrowed(days // 2) if days > 1 else None) or found
        days *= 4
    return query


def _narrowed(query: Query, end: date, days: int, *, oldest: bool) -> Query | None:
    """Return the query for so many days only, of which `end` is the last (or, oldest first, the first)."""
    reach = timedelta(days=days - 1)
    try:
        low, high = (end, end + reach) if oldest else (end - reach, end)
    except OverflowError:
        return None
    date_from = max(query.date_from, low.isoformat())
    return replace(query, date_from=date_from, date_to=min(query.date_to or "9999", high.isoformat()))


def _edge(shards: Shards, query: Query, *, oldest: bool) -> date | None:
    """Return the newest (or oldest) day that the archive has within the query's dates."""
    edge = "min" if oldest else "max"
    sql = f"SELECT {edge}(date) FROM articles WHERE is_latest = 1 AND date BETWEEN ? AND ?"  # noqa: S608 -- min or max
    asked = (query.date_from or "0001", query.date_to or "9999-12-31")
    days = [day for day in shards.each(lambda db: db.execute(sql, asked).fetchone()[0]) if day]
    try:
        return date.fromisoformat(str((min if oldest else max)(days))[:10])
    except ValueError:
        return None
