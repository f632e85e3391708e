"""Find further articles when few have all the words: those with most of them, and those with a word one letter away."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from archive.arabic import fold
from archive.search.matching import columns_of, total_of
from archive.search.query import Query, any_word
from archive.search.ranking import by_date, by_relevance, highest, in_order_of_date, rank
from archive.search.spelling import Correction, alternatives, transliterated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archive.search.candidates import Order, Shards
    from archive.search.matching import ArticlePlace
    from archive.search.ranking import Ranked

FEW: Final = 100
"""With fewer articles that have all the words, those with some of them follow: the size of the largest page."""
MOST_PARTIAL: Final = 400
MANY_WORDS: Final = 5
"""The number of words from which one score ranks all articles: reports on the same event have most words of a typed headline, not all."""
SURE: Final = 3
"""With fewer articles that have both of two words, one of the words may be mistyped."""
_LOOKED_INTO: Final = 100
"""Articles whose texts are searched for the spelling of a corrected word: about 8 ms."""
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """The articles that have all the words; `scores` has those that were scored, and is empty when the order is not by relevance."""

    shards: Shards
    query: Query
    order: Order
    all_versions: bool
    scores: Mapping[ArticlePlace, float]
    total: int
    is_exact: bool

    def spelled_first(self, spellings: frozenset[str]) -> Complete:
        """Return the same with articles first that have one of these words in this spelling."""
        first = _spelled(self.shards, self.scores, spellings)
        return replace(self, scores=_raised(self.scores, first))

    def ordered(self, end: int) -> list[Ranked]:
        """Return the first `end` articles: the scored ones, then those that were too many to score, newest first."""
        if not self.scores:
            oldest = self.order == "oldest"
            return by_date(self.shards, self.query, end, oldest=oldest, all_versions=self.all_versions)
        found = by_relevance(self.shards, self.scores, end, self.query)
        if len(found) < end and not self.is_exact:
            reach = end + len(self.scores)
            rest = by_date(self.shards, self.query, reach, oldest=False, all_versions=self.all_versions)
            found += [ranked for ranked in rest if ranked.place not in self.scores]
        return found[:end]


def complete_matches(shards: Shards, query: Query, *, order: Order, all_versions: bool) -> Complete:
    """Return the articles that have all the words, scored if the order is by relevance."""
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
    """Return, if few articles have both of two words, corrections of one of them by a letter, each with its scored articles.

    These have the other word as typed: other forms of it are beside words one letter from the first in articles about anything.
    """
    if complete.total >= SURE:
        return []
    found: list[tuple[Correction, Mapping[ArticlePlace, float]]] = []
    for one in alternatives(shards, query, shards.languages()):
        scores = rank(shards, one.query, all_versions=complete.all_versions).scores
        (typed,) = (clause.phrases[0].words[0] for clause in one.query.wanted if not clause.phrases[0].keys)
        spelled = _spelled(shards, scores, one.spellings, frozenset({fold(typed, carriers=True)}))
        if spelled:
            found.append((one, {place: scores[place] for place in spelled}))
    return found


def _spelled(shards: Shards, scores: Mapping[ArticlePlace, float], *spellings: frozenset[str]) -> list[ArticlePlace]:
    """Return those of the best of these articles that have a word in one of the spellings, for each set of them."""
    best = [ranked.place for ranked in by_relevance(shards, scores, _LOOKED_INTO)]
    printed = {
        place: set(_WORD.findall(fold(f"{title}\n{text}", carriers=True)))
        for place, title, text in columns_of(shards, best, "title", "text")
    }
    return [place for place, words in printed.items() if not any(words.isdisjoint(one) for one in spellings)]


def _raised(scores: Mapping[ArticlePlace, float], first: Iterable[ArticlePlace]) -> dict[ArticlePlace, float]:
    """Return the scores with those of some articles raised above all others by thrice the best, which no date or title makes up for."""
    best = 3 * max(scores.values(), default=0.0)
    return {**scores, **{place: best + scores[place] for place in first}}


def partial_matches(
    shards: Shards,
    query: Query,
    complete: Complete,
    near: Sequence[tuple[Correction, Mapping[ArticlePlace, float]]],
) -> Mapping[ArticlePlace, float]:
    """Return the best `MOST_PARTIAL` articles that have some of the words, with scores; {} when enough have all of them."""
    if complete.total >= FEW:
        return {}
    # A headline finds the article by its other words.
    some = any_word(transliterated(shards, query, shards.languages(), join=not has_many_words(query)))
    if some == query:
        return {}
    whole = {ranked.place for ranked in complete.ordered(FEW)}
    scores = dict(rank(shards, some, all_versions=complete.all_versions).scores)
    fewer = [one for one in _all_but_one(query) if complete.total or not _is_corrected(one)]
    better = [rank(shards, one, all_versions=complete.all_versions).scores for one in fewer]
    for groups in (better, [found for _, found in near]):
        raised = {place: score for group in groups for place, score in group.items()}
        scores = _raised({**scores, **raised}, raised)
    rest = {place: score for place, score in scores.items() if place not in whole}
    return highest(shards, rest, MOST_PARTIAL)


def _all_but_one(query: Query) -> list[Query]:
    """Return, for three or four words, the queries without one of them. For more, bm25 already favours articles with most words."""
    if not 3 <= len(query.free) < MANY_WORDS:
        return []
    return [replace(query, clauses=tuple(one for one in query.clauses if one is not left)) for left in query.free]


def _is_corrected(query: Query) -> bool:
    """Return whether one of the words replaces a mistyped one: without an article that has all, it may be the wrong one."""
    return any(phrase.keys for clause in query.free for phrase in clause.phrases)


def has_many_words(query: Query) -> bool:
    """Return whether the query has so many words that an article with most of them may be a better hit than one with all."""
    return len(query.free) >= MANY_WORDS


def partial_in_order(
    shards: Shards, query: Query, partial: Mapping[ArticlePlace, float], order: Order, end: int
) -> list[Ranked]:
    """Return the first `end` articles in this order."""
    best = by_relevance(shards, partial, end if order == "relevance" else len(partial), query)
    return best if order == "relevance" else in_order_of_date(shards, best, oldest=order == "oldest")[:end]
