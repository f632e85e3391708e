"""Rank the articles that match a query, over one or more databases.

The score of relevance is bm25 (see `scoring`), raised by up to `RECENCY` for the newest day of the archive and less for older ones. For two
to four words, it is also raised for a title that has them as typed, and more if it has them in a row: bm25 knows only what all forms of a
word have in common. If not all matches were scored, the others follow, newest first, so that paging reaches all of them.
"""

from __future__ import annotations

import heapq
import re
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from archive.arabic import fold
from archive.search.candidates import STRETCH, selections, stretch
from archive.search.expression import match_expression
from archive.search.matching import FROM_INDEX, ArticlePlace, columns_of, each_once, of_rows, unfiltered
from archive.search.scoring import scores_of, title_gains

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from archive.search.candidates import Shards
    from archive.search.query import Query

RECENCY: Final = 0.15
"""The gain of the newest article over an old one: enough to order equal hits, too little to outrank a better one."""
_HALF_LIFE: Final = 365.0  # days in which that gain halves
_MOMENT: Final = "coalesce(CASE WHEN a.date_published GLOB '[0-9]*' THEN strftime('%Y-%m-%dT%H:%M:%SZ', a.date_published) END, a.date, '')"
"""The time of publication in UTC, the day if no time is known, or '': papers print times in their own time zones."""
_READ: Final = 100
"""The fewest dates that are read at once."""
_TYPED: Final = 0.5
"""The gain of an article whose title has all the words as typed; as large again if they are in a row (bench/search.py news)."""
_MOST_TYPED: Final = 4
"""The most words for which titles are read: a title with more of them is first already."""
_TITLES: Final = 300
"""The most titles that are read, in about 3 ms."""


class Ranked(NamedTuple):
    """An article of a result; `score` is higher for better ones, 0.0 when the order is not by relevance."""

    place: ArticlePlace
    score: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The scored articles that match a query, unordered, and the number of matches: exact, or counted with older versions."""

    scores: Mapping[ArticlePlace, float]
    total: int
    is_all: bool


def rank(shards: Shards, query: Query, *, all_versions: bool) -> Ranking:
    """Score the matching articles, or those that `candidates` selects when there are too many.

    The latter may include older versions: `by_relevance` reads the rows, of the best only.
    """
    languages = shards.languages()
    if not match_expression(query, languages):
        return Ranking(scores={}, total=0, is_all=True)
    chosen, total = selections(shards, query, languages)
    is_all = chosen[0].gate is None and chosen[0].query == query
    by_index = not (is_all or query.conditions or len(shards) > 1)
    rows = "" if by_index else of_rows(query, all_versions=all_versions)
    scores: dict[ArticlePlace, float] = {}
    for selection in chosen:
        if selection.first:
            best = (1.0 + RECENCY) * max(scores.values(), default=1.0)
            places = [ArticlePlace(*place) for place in selection.first]
            asked = (place for (place,) in columns_of(shards, places, rows=rows)) if rows else places
            scores |= {place: best * (1.0 + gain) for place, gain in title_gains(shards, list(asked)).items()}
        else:
            scores |= scores_of(shards, selection, languages, rows=rows)
    kept = each_once(shards, scores) if len(shards) > 1 and not all_versions else scores
    return Ranking(scores=kept, total=len(kept) if is_all else total, is_all=is_all)


def by_relevance(
    shards: Shards, scores: Mapping[ArticlePlace, float], end: int, query: Query | None = None
) -> list[Ranked]:
    """Return the best `end` of the scored articles, best first; with `query`, its words are looked for in titles as typed."""
    if not scores or end <= 0:
        return []
    typed = _typed(query) if query else ()
    scores = _raised_by_title(shards, scores, typed) if typed else scores
    newest = _newest_day(shards)
    ordered = sorted(scores, key=lambda place: -scores[place])
    best: list[tuple[float, str, int, int]] = []
    step = max(end, _READ)
    for start in range(0, len(ordered), step):
        if len(best) == end and scores[ordered[start]] * (1.0 + RECENCY) < best[-1][0]:
            break
        dated = _dated_scores(shards, scores, ordered[start : start + step], newest)
        best = heapq.nlargest(end, (*best, *dated))
    return [Ranked(ArticlePlace(shard, identity), score) for score, _, identity, shard in best]


def _typed(query: Query) -> tuple[str, ...]:
    """Return the two to `_MOST_TYPED` words of a query that are required as they were typed, () for fewer or more."""
    phrases = [clause.phrases[0] for clause in query.free if len(clause.phrases) == 1]
    words = tuple(fold(word) for phrase in phrases if not (phrase.prefix or phrase.keys) for word in phrase.words)
    return words if 2 <= len(words) <= _MOST_TYPED else ()


def _raised_by_title(
    shards: Shards, scores: Mapping[ArticlePlace, float], typed: Sequence[str]
) -> dict[ArticlePlace, float]:
    """Return the scores, with those of the best `_TITLES` articles raised by the words in their titles."""
    words = [re.compile(rf"\b{re.escape(word)}\b") for word in typed]
    in_a_row = re.compile(r"\b" + r"\W+".join(map(re.escape, typed)) + r"\b")

    def gain(title: str) -> float:
        title = fold(title)
        return _TYPED * (sum(1 for word in words if word.search(title)) / len(words) + bool(in_a_row.search(title)))

    best = heapq.nlargest(_TITLES, scores, key=scores.__getitem__)
    titles = columns_of(shards, best, "title")
    return {**scores, **{place: scores[place] * (1.0 + gain(title or "")) for place, title in titles}}


def highest(shards: Shards, scores: Mapping[ArticlePlace, float], end: int) -> dict[ArticlePlace, float]:
    """Return the `end` articles with the highest scores, whatever their dates, without those whose rows are gone or not asked for."""
    kept: dict[ArticlePlace, float] = {}
    ordered = sorted(scores, key=lambda place: -scores[place])
    for start in range(0, len(ordered), end):
        if len(kept) >= end:
            break
        asked = {place for (place,) in columns_of(shards, ordered[start : start + end], rows=shards.rows)}
        kept |= {place: scores[place] for place in ordered[start : start + end] if place in asked}
    return dict(islice(kept.items(), end))


def _dated_scores(
    shards: Shards, scores: Mapping[ArticlePlace, float], places: Sequence[ArticlePlace], newest: int
) -> Iterator[tuple[float, str, int, int]]:
    """Yield (score with recency, day, id, database) of these articles, without those whose rows are gone or not asked for."""
    unread = [place for place in places if place not in shards.days]
    shards.days.update((place, day or "") for place, day in columns_of(shards, unread, "date", rows=shards.rows))
    for place in places:
        if place in shards.days:
            day = shards.days[place]
            yield scores[place] * (1.0 + _freshness(day, newest)), day, place.id, place.shard


def by_date(shards: Shards, query: Query, end: int, *, oldest: bool, all_versions: bool) -> list[Ranked]:
    """Return the first `end` of the matching articles by date; undated ones come last. An empty query matches all."""
    languages = shards.languages()
    if not match_expression(query, languages):  # an empty query, or one whose words have no keys
        return [] if query.wanted else _dated(shards, query, end, oldest=oldest, all_versions=all_versions)
    few = stretch(shards, query, languages, enough=max(end, STRETCH), oldest=oldest)
    few = few if few == query else _a_day_wider(few, query, oldest=oldest)
    found = _dated(shards, few, end, oldest=oldest, all_versions=all_versions)
    if len(found) < end and few != query:  # older versions were counted in these days
        return _dated(shards, query, end, oldest=oldest, all_versions=all_versions)
    return found


def _a_day_wider(few: Query, query: Query, *, oldest: bool) -> Query:
    """Return the query for one more day: days are those of the article's time zone, and articles are ordered by the moment in UTC."""
    if oldest:
        later = _moved(few.date_to, 1)
        return replace(few, date_to=min(query.date_to or later, later))
    return replace(few, date_from=max(query.date_from, _moved(few.date_from, -1)))


def _moved(day: str, days: int) -> str:
    number = date.fromisoformat(day).toordinal() + days
    return date.fromordinal(min(max(number, 1), date.max.toordinal())).isoformat()


def _dated(shards: Shards, query: Query, end: int, *, oldest: bool, all_versions: bool) -> list[Ranked]:
    languages = shards.languages()
    asked: Sequence[str]
    if expression := match_expression(query, languages):
        source, asked = f"{FROM_INDEX} {of_rows(query, all_versions=all_versions)}", (expression,)
    else:
        condition, asked = unfiltered(query, languages, all_versions=all_versions)
        source = f"FROM articles AS a WHERE {condition}"
    order = "(moment = ''), moment, a.id" if oldest else "moment DESC, a.id DESC"

    def read(db: sqlite3.Connection) -> list[tuple[int, str]]:
        edge = "" if expression else _days_of_first(db, source, asked, end, oldest=oldest)
        sql = f"SELECT a.id, {_MOMENT} AS moment {source} {edge} ORDER BY {order} LIMIT ?"
        return db.execute(sql, (*asked, end)).fetchall()

    moments = {ArticlePlace(shard, row[0]): row[1] for shard, rows in enumerate(shards.each(read)) for row in rows}
    kept = each_once(shards, moments) if len(shards) > 1 and not all_versions else moments
    return [Ranked(place) for place in _sorted(kept, oldest=oldest)[:end]]


def _days_of_first(db: sqlite3.Connection, source: str, asked: Sequence[str], end: int, *, oldest: bool) -> str:
    """Return a condition that only the days of the first `end` articles meet, which an index of days finds; '' if there are fewer."""
    dated, order = ("AND a.date <> ''", "a.date") if oldest else ("", "a.date DESC")
    sql = f"SELECT a.date {source} {dated} ORDER BY {order} LIMIT 1 OFFSET ?"
    row = db.execute(sql, (*asked, max(end - 1, 0))).fetchone()
    try:
        day = _moved(row[0], 1 if oldest else -1) if row else ""
    except ValueError:  # undated, or a date that is not one
        return ""
    return day and (f"AND a.date BETWEEN '0' AND '{day}'" if oldest else f"AND a.date >= '{day}'")


def in_order_of_date(shards: Shards, found: Sequence[Ranked], *, oldest: bool) -> list[Ranked]:
    """Return the same articles ordered by date."""
    moments = dict(columns_of(shards, [ranked.place for ranked in found], _MOMENT))
    return [Ranked(place) for place in _sorted(moments, oldest=oldest)]


def _sorted(moments: Mapping[ArticlePlace, str], *, oldest: bool) -> list[ArticlePlace]:
    """Return the places ordered by moment (ISO 8601 in UTC, or only a day; '' for undated ones, which come last)."""

    def key(place: ArticlePlace) -> tuple[str, int, int]:
        return moments[place] or ("9999" if oldest else ""), place.id, place.shard

    return sorted(moments, key=key, reverse=not oldest)


def _newest_day(shards: Shards) -> int:
    sql = "SELECT max(date) FROM articles WHERE is_latest = 1"
    return max((_number(row[0] or "") for row in shards.each(lambda db: db.execute(sql).fetchone())), default=0)


def _freshness(day: str, newest: int) -> float:
    """Return the gain in score for a date (YYYY-MM-DD…), relative to the newest day of the archive."""
    number = _number(day or "")
    return RECENCY * 0.5 ** (max(newest - number, 0) / _HALF_LIFE) if number else 0.0


def _number(text: str) -> int:
    """Return the days since year 1 of a date that begins with YYYY-MM-DD, 0 for any other text."""
    try:
        return date.fromisoformat(text[:10]).toordinal()
    except ValueError:
        return 0
