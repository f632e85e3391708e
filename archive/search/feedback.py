"""Expand a query of many words with words of its first hit: pseudo-relevance feedback.

Two papers with the same story share names and figures, but often hardly a word of their headlines. So the most distinctive words of
the first hit's title and lead are searched for as well, with a small weight. An article found only by these words never
comes before one that has all the words of the query.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from heapq import nlargest
from math import inf, log
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from archive.search.analysis import make_keys
from archive.search.candidates import BUDGET, STRETCH
from archive.search.matching import columns_of, each_once, indexed, rows_asked_for
from archive.search.partial import MOST_PARTIAL
from archive.search.query import Clause, Phrase
from archive.search.ranking import RECENCY, by_relevance
from archive.search.scoring import count_documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archive.search.candidates import Shards
    from archive.search.matching import ArticlePlace
    from archive.search.partial import Complete

_WEIGHT: Final = 0.16
"""The weight of a word of the first hit. It is multiplied by the rarity of the word alone, not by its frequency or the article's length."""
_TELLING: Final = 20
"""The most words of the first hit that are searched for; more of them find no more (bench/search.py news)."""
_RARE: Final = 0.05
"""The largest share of articles that have a distinctive word."""
_LEAD: Final = 1500
"""Characters that are read of the first hit's title, and of its text."""


def with_feedback(
    complete: Complete, partial: Mapping[ArticlePlace, float]
) -> tuple[Complete, Mapping[ArticlePlace, float]]:
    """Return the articles that have all the words and those that have some, with scores that include the first hit's words."""
    shards = complete.shards
    told = _scores_by_first_hit(complete, {**partial, **complete.scores})
    whole = {place: score + told.pop(place, 0.0) for place, score in complete.scores.items()}
    some = {place: score + told.pop(place, 0.0) for place, score in partial.items()}
    ceiling = min(whole.values(), default=inf) / (1 + RECENCY)  # below all of them, whatever the dates
    some |= _within_reach(complete, {place: min(score, ceiling) for place, score in told.items()}, some)
    best = dict(nlargest(MOST_PARTIAL, some.items(), key=itemgetter(1)))
    if len(shards) > 1 and not complete.all_versions:
        once = each_once(shards, {**whole, **best})
        best = {place: score for place, score in best.items() if place in once}
    return replace(complete, scores=whole), best


def _scores_by_first_hit(complete: Complete, scores: Mapping[ArticlePlace, float]) -> dict[ArticlePlace, float]:
    """Return the scores of articles within the query's filters by the distinctive words of the best of these articles.

    Their rows are not read, so older versions and articles in other states are among them.
    """
    shards, query = complete.shards, complete.query
    best = [ranked.place for ranked in by_relevance(shards, scores, 1)]
    told: dict[ArticlePlace, float] = {}
    for _, title, text, language in columns_of(shards, best, "title", "text", "language"):
        telling = _distinctive_keys(shards, (title or "")[:_LEAD], (text or "")[:_LEAD], language or "")
        for key, rarity in telling.items():
            word = Clause(phrases=(Phrase(words=(key,), keys=(key,)),))
            for place in indexed(shards, replace(query, clauses=(word, *query.bound))):
                told[place] = told.get(place, 0.0) + _WEIGHT * rarity
    return told


def _within_reach(
    complete: Complete, told: Mapping[ArticlePlace, float], some: Mapping[ArticlePlace, float]
) -> dict[ArticlePlace, float]:
    """Return those of the articles found only by these words that may be among the best and meet the query's conditions on rows."""
    best = nlargest(MOST_PARTIAL, (*some.values(), *told.values()))
    least = best[-1] / (1 + RECENCY) if len(best) == MOST_PARTIAL else 0.0
    near = [place for place, score in told.items() if score >= least]
    kept = rows_asked_for(complete.shards, complete.query, near, all_versions=complete.all_versions)
    return {place: told[place] for place in kept}


def _distinctive_keys(shards: Shards, title: str, text: str, language: str) -> dict[str, float]:
    """Return the keys that are rarest in the archive and most frequent in this article, each with its rarity."""
    made = make_keys(title=title, text=text, author="", section="", language=language)
    often = Counter(f"{made.title} {made.text}".split())
    documents = sum(shards.each(count_documents))
    most = min(STRETCH, int(documents * _RARE))
    having = {key: number for key, number in _having(shards, often, most).items() if 2 <= number <= most}
    rarity = {key: log(documents / number) for key, number in having.items()}
    room = BUDGET
    chosen: dict[str, float] = {}
    for key in sorted(rarity, key=lambda key: -often[key] * rarity[key]):
        if having[key] <= room and len(chosen) < _TELLING:
            chosen[key] = rarity[key]
            room -= having[key]
    return chosen


def _having(shards: Shards, keys: Iterable[str], most: int) -> dict[str, int]:
    """Return the number of articles that have each key, counted up to `most` + 1 in each database."""
    sql = """
        SELECT key.value, (SELECT count(*) FROM (SELECT 1 FROM articles_search WHERE articles_search MATCH '"' || key.value || '"' LIMIT ?))
        FROM json_each(?) AS key
        """
    asked = (most + 1, json.dumps([key for key in keys if '"' not in key]))
    counted = Counter[str]()
    for counts in shards.each(lambda db: db.execute(sql, asked).fetchall()):
        counted.update(dict(counts))
    return counted
