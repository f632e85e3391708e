"""Find what to show where few articles have all the words: those with most of them, and those with a word one letter away."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from archive.arabic import fold
from archive.search.matching import columns_of, total_of
from archive.search.query import Query, any_word
from archive.search.ranking import by_date, by_relevance, in_order_of_date, rank
from archive.search.spelling import Correction, alternatives, transliterated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archive.search.candidates import Order, Shards
    from archive.search.matching import ArticlePlace
    from archive.search.query import Clause
    from archive.search.ranking import Ranked

FEW: Final = 100
"""Articles with all the words below which those with some of them follow: as many as the largest page holds."""
MOST_PARTIAL: Final = 400
MANY_WORDS: Final = 5
"""Words of a query from which on one score ranks all articles: of a typed headline, what others wrote of it has most words, not all."""
SURE: Final = 3
"""Articles with both of two words below which one of the words may well be mistyped."""
_LOOKED_INTO: Final = 100
"""Articles in whose texts the spelling of a corrected word is looked for: some 8 ms."""
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """The articles that have all the words: `scores` of those that were scored, none where the order asks for no score."""

    shards: Shards
    query: Query
    order: Order
    all_versions: bool
    scores: Mapping[ArticlePlace, float]
    total: int
    is_exact: bool

    def spelled_first(self, spellings: frozenset[str]) -> Complete:
        """Return the same with those articles first that have one of these words as it is spelled."""
        first = _spelled(self.shards, self.scores, spellings)
        return replace(self, scores=_raised(self.scores, first))

    def ordered(self, end: int) -> list[Ranked]:
        """Return the first `end`; behind the scored ones those that were too many to score, newest first."""
        if not self.scores:
            oldest = self.order == "oldest"
            return by_date(self.shards, self.query, end, oldest=oldest, all_versions=self.all_versions)
        found = by_relevance(self.shards, self.scores, end)
        if len(found) < end and not self.is_exact:
            reach = end + len(self.scores)
            rest = by_date(self.shards, self.query, reach, oldest=False, all_versions=self.all_versions)
            found += [ranked for ranked in rest if ranked.place not in self.scores]
        return found[:end]


def complete_matches(shards: Shards, query: Query, *, order: Order, all_versions: bool) -> Complete:
    """Return the articles that have all the words, scored where the order asks for it."""
    scores: Mapping[ArticlePlace, float] = {}
    if order == "relevance" and query.wanted:
        ranking = rank(shards, query, all_versions=all_versions)
        scores, total, is_exact = ranking.scores, ranking.total, ranking.is_all
    else:
        total, is_exact = total_of(shards, query, all_versions=all_versions)
    return Complete(
        shards=shards,
        query=query,
        order=order,
        all_versions=all_versions,
        scores=scores,
        total=total,
        is_exact=is_exact,
    )


def near_misses(
    shards: Shards, query: Query, complete: Complete
) -> list[tuple[Correction, Mapping[ArticlePlace, float]]]:
    """Return where few articles have both of two words: those that have a word spelled one letter away from one of them, scored."""
    if complete.total >= SURE:
        return []
    found: list[tuple[Correction, Mapping[ArticlePlace, float]]] = []
    for one in alternatives(shards, query, shards.languages()):
        scores = rank(shards, one.query, all_versions=complete.all_versions).scores
        spelled = _spelled(shards, scores, one.spellings)
        if spelled:
            found.append((one, {place: scores[place] for place in spelled}))
    return found


def _spelled(shards: Shards, scores: Mapping[ArticlePlace, float], spellings: frozenset[str]) -> list[ArticlePlace]:
    """Of the best of these articles, those whose words have one of the spellings."""
    best = [ranked.place for ranked in by_relevance(shards, scores, _LOOKED_INTO)]
    return [
        place
        for place, title, text in columns_of(shards, best, "title", "text")
        if not spellings.isdisjoint(_WORD.findall(fold(f"{title}\n{text}", carriers=True)))
    ]


def _raised(scores: Mapping[ArticlePlace, float], first: Iterable[ArticlePlace]) -> dict[ArticlePlace, float]:
    """Return the scores with those of some articles above all others: twice the best, so that no freshness of the others reaches it."""
    best = 2 * max(scores.values(), default=0.0)
    return {**scores, **{place: best + scores[place] for place in first}}


def partial_matches(
    shards: Shards,
    query: Query,
    complete: Complete,
    near: Sequence[tuple[Correction, Mapping[ArticlePlace, float]]],
) -> Mapping[ArticlePlace, float]:
    """Return the best `MOST_PARTIAL` articles that have some of the words, scored; none where enough have them all."""
    if complete.total >= FEW:
        return {}
    some = any_word(transliterated(shards, query, shards.languages()))
    if some == query:
        return {}
    whole = {ranked.place for ranked in complete.ordered(FEW)}
    scores = dict(rank(shards, some, all_versions=complete.all_versions).scores)
    better = [rank(shards, fewer, all_versions=complete.all_versions).scores for fewer in _all_but_one(query)]
    for groups in (better, [found for _, found in near]):
        raised = {place: score for group in groups for place, score in group.items()}
        scores = _raised({**scores, **raised}, raised)
    rest = {place: score for place, score in scores.items() if place not in whole}
    return {place: rest[place] for place, _ in by_relevance(shards, rest, MOST_PARTIAL)}


def _all_but_one(query: Query) -> list[Query]:
    """For three or four words: the queries without one of them. For more, bm25 already favours the articles that have most."""
    free = _free(query)
    if not 3 <= len(free) < MANY_WORDS:
        return []
    return [replace(query, clauses=tuple(one for one in query.clauses if one is not left)) for left in free]


def _free(query: Query) -> list[Clause]:
    return [clause for clause in query.wanted if not clause.phrases[0].column]


def has_many_words(query: Query) -> bool:
    """Whether the query has so many words that an article with most of them may answer it better than one with all."""
    return len(_free(query)) >= MANY_WORDS


def partial_in_order(shards: Shards, partial: Mapping[ArticlePlace, float], order: Order, end: int) -> list[Ranked]:
    """Return the first `end` in the order asked for."""
    best = by_relevance(shards, partial, end if order == "relevance" else len(partial))
    return best if order == "relevance" else in_order_of_date(shards, best, oldest=order == "oldest")[:end]
