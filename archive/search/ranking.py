"""Rank the articles that a query matches, over one database or several.

By relevance the score is bm25 (see `scoring`), raised by up to `RECENCY` for the newest day of the archive and less for older ones. Where
not all that match were scored, the others follow, newest first, so that pages run through everything.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from archive.search.candidates import STRETCH, selections, stretch
from archive.search.matching import FROM_INDEX, ArticlePlace, columns_of, each_once, matches, of_rows, unasked
from archive.search.query import match_expression
from archive.search.scoring import scores_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archive.search.candidates import Shards
    from archive.search.query import Query

RECENCY: Final = 0.15
"""What the newest article gains over an old one: enough to part equals, not enough to beat a better answer."""
_HALF_LIFE: Final = 365.0  # days in which that gain halves


class Ranked(NamedTuple):
    """An article of an answer; `score` is higher for better, 0.0 when the order does not ask for it."""

    place: ArticlePlace
    score: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The scored articles that match a query, in no order, and of how many: exactly, or of all versions together."""

    scores: Mapping[ArticlePlace, float]
    total: int
    is_all: bool


def rank(shards: Shards, query: Query, *, all_versions: bool) -> Ranking:
    """Score the articles that match, or those that `candidates` selects when they are too many."""
    languages = shards.languages()
    if not match_expression(query, languages):
        return Ranking(scores={}, total=0, is_all=True)
    chosen, total = selections(shards, query, languages)
    scores: dict[ArticlePlace, float] = {}
    for selection in chosen:
        if selection.is_first:
            best = (1.0 + RECENCY) * max(scores.values(), default=1.0)
            scores |= dict.fromkeys(matches(shards, selection.query, all_versions=all_versions), best)
        else:
            scores |= scores_of(shards, selection, languages, all_versions=all_versions)
    kept = each_once(shards, scores) if len(shards) > 1 and not all_versions else scores
    is_all = chosen[0].gate is None and chosen[0].query == query
    return Ranking(scores=kept, total=len(kept) if is_all else total, is_all=is_all)


def by_relevance(shards: Shards, scores: Mapping[ArticlePlace, float], end: int) -> list[Ranked]:
    """Return the first `end` of the scored articles, best first."""
    if not scores or end <= 0:
        return []
    least = heapq.nlargest(end, scores.values())[-1] / (1.0 + RECENCY)
    near = {place: score for place, score in scores.items() if score >= least}
    newest = _newest_day(shards)
    unread = [place for place in near if place not in shards.days]
    shards.days.update((place, day or "") for place, day in columns_of(shards, unread, "date"))
    dated = (
        (score * (1.0 + _freshness(shards.days[place], newest)), shards.days[place], place.id, place.shard)
        for place, score in near.items()
        if place in shards.days
    )
    best = heapq.nlargest(end, dated)
    return [Ranked(ArticlePlace(shard, identity), score) for score, _, identity, shard in best]


def by_date(shards: Shards, query: Query, end: int, *, oldest: bool, all_versions: bool) -> list[Ranked]:
    """Return the first `end` of the articles that match, by their dates; the undated come last. A query for nothing matches all."""
    languages = shards.languages()
    if not match_expression(query, languages):  # nothing is asked for, or nothing of the words was left
        return [] if query.wanted else _dated(shards, query, end, oldest=oldest, all_versions=all_versions)
    few = stretch(shards, query, languages, enough=max(end, STRETCH), oldest=oldest)
    found = _dated(shards, few, end, oldest=oldest, all_versions=all_versions)
    if len(found) < end and few != query:  # older versions made the days look full
        return _dated(shards, query, end, oldest=oldest, all_versions=all_versions)
    return found


def _dated(shards: Shards, query: Query, end: int, *, oldest: bool, all_versions: bool) -> list[Ranked]:
    languages = shards.languages()
    asked: Sequence[str]
    if expression := match_expression(query, languages):
        source, asked = f"{FROM_INDEX} {of_rows(query, all_versions=all_versions)}", (expression,)
    else:
        condition, asked = unasked(query, languages, all_versions=all_versions)
        source = f"FROM articles AS a WHERE {condition}"
    order = "(a.date = ''), a.date, a.id" if oldest else "a.date DESC, a.id DESC"
    sql = f"SELECT a.id, coalesce(a.date, '') {source} ORDER BY {order} LIMIT ?"
    rows = shards.each(lambda db: db.execute(sql, (*asked, end)).fetchall())
    days = {ArticlePlace(shard, row[0]): row[1] for shard, answer in enumerate(rows) for row in answer}
    kept = each_once(shards, days) if len(shards) > 1 and not all_versions else days
    return [Ranked(place) for place in _sorted(kept, oldest=oldest)[:end]]


def in_order_of_date(shards: Shards, found: Sequence[Ranked], *, oldest: bool) -> list[Ranked]:
    """Return the same articles by their dates."""
    days = {place: day or "" for place, day in columns_of(shards, [ranked.place for ranked in found], "date")}
    return [Ranked(place) for place in _sorted(days, oldest=oldest)]


def _sorted(days: Mapping[ArticlePlace, str], *, oldest: bool) -> list[ArticlePlace]:
    """Return places by their days (YYYY-MM-DD, '' for undated, which come last)."""

    def key(place: ArticlePlace) -> tuple[str, int, int]:
        return days[place] or ("9999" if oldest else ""), place.id, place.shard

    return sorted(days, key=key, reverse=not oldest)


def _newest_day(shards: Shards) -> int:
    sql = "SELECT max(date) FROM articles WHERE is_latest = 1"
    return max((_number(row[0] or "") for row in shards.each(lambda db: db.execute(sql).fetchone())), default=0)


def _freshness(day: str, newest: int) -> float:
    """Return what a date (YYYY-MM-DD…) adds to a score, against the newest of the archive."""
    number = _number(day or "")
    return RECENCY * 0.5 ** (max(newest - number, 0) / _HALF_LIFE) if number else 0.0


def _number(text: str) -> int:
    """Return days since year 1 of a date that begins with YYYY-MM-DD, 0 when it does not."""
    try:
        return date.fromisoformat(text[:10]).toordinal()
    except ValueError:
        return 0
