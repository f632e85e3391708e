"""Answer a query over one database or several, as a page of ranked hits.

Articles that have all the words come first. Where they are fewer than `FEW`, those with the most telling of the words
follow, and are marked as such (`Hit.is_partial`, `Results.complete`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from archive.arabic import fold
from archive.search.candidates import Order, Shards
from archive.search.index import is_current
from archive.search.query import Problem, Query, any_word, parse, problem
from archive.search.ranking import (
    by_date,
    by_relevance,
    columns_of,
    in_order_of_date,
    matches,
    rank,
    total_of,
)
from archive.search.snippets import Snippet, Span, highlight, snippet
from archive.search.spelling import Correction, alternatives, correct, surface, transliterated

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from archive.search.ranking import ArticlePlace, Ranked

FEW: Final = 100
"""Articles with all the words below which those with some of them follow: as many as the largest page holds."""
MOST_PARTIAL: Final = 400
SURE: Final = 3
"""Articles with both of two words below which one of the words may well be mistyped."""
_LOOKED_INTO: Final = 100
"""Articles in whose texts the spelling of a corrected word is looked for: some 8 ms."""
_READ: Final = 3
"""Hits in whose texts a corrected word is looked up."""
_WORD: Final = re.compile(r"[^\W_]+")
_HIT_COLUMNS: Final = (
    "id", "url", "site", "hostname", "version", "is_latest", "title", "author", "date", "date_published", "section",
    "language", "description", "sitename", "fetched_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One article of the answer: columns of its row, where its title answers, and the best extract of its text.

    `score` is higher for better, comparable within one result only, 0.0 when the order is not by relevance.
    `is_partial`: the article has some of the words, not all.
    """

    id: int
    url: str
    site: str
    hostname: str
    version: int
    is_latest: bool
    title: str
    author: str
    date: str
    date_published: str
    section: str
    language: str
    description: str
    sitename: str
    fetched_at: str
    score: float
    is_partial: bool
    title_marks: tuple[Span, ...]
    snippet: Snippet


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A page of hits. `total` counts all that pages run through, of which `complete` have all the words and come first.

    Very many matches are counted with their older versions: then `total_is_exact` is false. `problems`: what of the
    query was left out. `corrections`: words that no article has, each with what it was taken for.
    """

    hits: tuple[Hit, ...]
    total: int
    total_is_exact: bool
    complete: int
    query: Query
    shards: tuple[int, ...] = ()
    corrections: tuple[tuple[str, str], ...] = ()

    def suggestion(self, text: str) -> str:
        """Return the text of the query as it should have been typed ("Did you mean"); '' when nothing was corrected."""
        suggested = text
        for typed, meant in self.corrections:
            suggested = suggested.replace(typed, meant)
        return suggested if suggested != text else ""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What of the query was left out."""
        return self.query.problems

    @property
    def relaxed(self) -> bool:
        """Whether no article has all the words, so that all hits have some of them."""
        return self.total > 0 and self.complete == 0


def search(
    db: sqlite3.Connection,
    query: Query | str,
    *,
    limit: int = 20,
    offset: int = 0,
    order: Order = "relevance",
    all_versions: bool = False,
    relax: bool = True,
) -> Results:
    """Return the articles that answer the query, from `offset` on; text is parsed first. Never raises for what a person typed.

    A query of filters alone, or an empty one, lists articles, newest first. `relax` lets articles that have some of the
    words follow the few that have them all.
    """
    return search_shards((db,), query, limit=limit, offset=offset, order=order, all_versions=all_versions, relax=relax)


def search_shards(
    databases: Sequence[sqlite3.Connection],
    query: Query | str,
    *,
    limit: int = 20,
    offset: int = 0,
    order: Order = "relevance",
    all_versions: bool = False,
    relax: bool = True,
) -> Results:
    """Return the same of several databases: the hits, their order and their scores are those of one database that held all.

    `Results.shards` says in which database each hit lies; its id is good there only. An article that several hold is
    shown once, as it was fetched last. The connections must be open to other threads.
    """
    shards = Shards(tuple(databases))
    query = parse(query) if isinstance(query, str) else query
    if not all(shards.each(is_current)):
        query = replace(query, problems=(*query.problems, problem("stale_index")))
    limit, offset = max(0, limit), max(0, offset)
    complete = _complete(shards, query, order=order, all_versions=all_versions)
    correction = correct(shards, query, shards.languages()) if relax and not complete.total else None
    if correction:
        corrected = _complete(shards, correction.query, order=order, all_versions=all_versions)
        correction = correction if corrected.total else None
        if correction:
            query, complete = correction.query, corrected.spelled_first(correction.spellings)
    near = _near_misses(shards, query, complete) if relax and not correction else []
    partial = _partial(shards, query, complete, near) if relax else {}
    page = [(ranked, False) for ranked in complete.ordered(offset + limit)[offset:]]
    if partial and len(page) < limit:
        start = max(0, offset - complete.total)
        rest = _partial_in_order(shards, partial, order, start + limit - len(page))[start:]
        page += [(ranked, True) for ranked in rest]
    of_partial = min(len(partial), MOST_PARTIAL)
    if not complete.total and page:
        correction = next((one for one, scores in near if page[0][0].place in scores), correction)
        query = correction.query if correction else query
    shown = any_word(query) if partial and not complete.total else query
    hits = _hits(shards, page, shown)
    return Results(
        hits=tuple(hit for _, hit in hits),
        total=complete.total + of_partial,
        total_is_exact=complete.is_exact,
        complete=complete.total,
        query=shown,
        shards=tuple(shard for shard, _ in hits),
        corrections=_corrections(shards, correction, page) if correction else (),
    )


def matching(
    databases: Sequence[sqlite3.Connection], query: Query | str, *, all_versions: bool = False
) -> list[tuple[int, int]]:
    """Yield (number of the database, id) of every article that has all the words: no page, no order, nothing is cut."""
    query = parse(query) if isinstance(query, str) else query
    return [(place.shard, place.id) for place in matches(Shards(tuple(databases)), query, all_versions=all_versions)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Complete:
    """The articles that have all the words: `scores` of those that were scored, none where the order asks for no score."""

    shards: Shards
    query: Query
    order: Order
    all_versions: bool
    scores: Mapping[ArticlePlace, float]
    total: int
    is_exact: bool

    def spelled_first(self, spellings: frozenset[str]) -> _Complete:
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


def _complete(shards: Shards, query: Query, *, order: Order, all_versions: bool) -> _Complete:
    scores: Mapping[ArticlePlace, float] = {}
    if order == "relevance" and query.wanted:
        ranking = rank(shards, query, all_versions=all_versions)
        scores, total, is_exact = ranking.scores, ranking.total, ranking.is_all
    else:
        total, is_exact = total_of(shards, query, all_versions=all_versions)
    return _Complete(
        shards=shards,
        query=query,
        order=order,
        all_versions=all_versions,
        scores=scores,
        total=total,
        is_exact=is_exact,
    )


def _near_misses(
    shards: Shards, query: Query, complete: _Complete
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


def _partial(
    shards: Shards,
    query: Query,
    complete: _Complete,
    near: Sequence[tuple[Correction, Mapping[ArticlePlace, float]]],
) -> Mapping[ArticlePlace, float]:
    """Return the articles that have some of the words, scored; none where enough have them all."""
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
    return {place: score for place, score in scores.items() if place not in whole}


def _all_but_one(query: Query) -> list[Query]:
    """For three or four words: the queries without one of them. For more, bm25 already favours the articles that have most."""
    free = [clause for clause in query.wanted if not clause.phrases[0].column]
    if not 3 <= len(free) <= 4:
        return []
    return [replace(query, clauses=tuple(one for one in query.clauses if one is not left)) for left in free]


def _partial_in_order(shards: Shards, partial: Mapping[ArticlePlace, float], order: Order, end: int) -> list[Ranked]:
    """Return the first `end` of the best `MOST_PARTIAL`, in the order asked for."""
    if order == "relevance":
        return by_relevance(shards, partial, min(end, MOST_PARTIAL))
    best = by_relevance(shards, partial, MOST_PARTIAL)
    return in_order_of_date(shards, best, oldest=order == "oldest")[:end]


def _corrections(
    shards: Shards, correction: Correction, page: Sequence[tuple[Ranked, bool]]
) -> tuple[tuple[str, str], ...]:
    """Return what each mistyped word was taken for, as the first hits write it."""
    places = [ranked.place for ranked, _ in page[:_READ]]
    texts = [
        (f"{title}\n{text}", str(language or ""))
        for _, title, text, language in columns_of(shards, places, "title", "text", "language")
    ]
    keys = {
        phrase.words[0]: phrase.keys for clause in correction.query.wanted for phrase in clause.phrases if phrase.keys
    }
    found = ((typed, surface(typed, keys[typed], texts)) for typed in correction.typed)
    return tuple((typed, meant) for typed, meant in found if meant)


def _hits(shards: Shards, page: Sequence[tuple[Ranked, bool]], query: Query) -> list[tuple[int, Hit]]:
    """Return (database, hit) in the page's order; without those that were deleted between two statements."""
    rows = {
        place: values
        for place, *values in columns_of(shards, [ranked.place for ranked, _ in page], *_HIT_COLUMNS, "text")
    }
    return [
        (ranked.place.shard, _hit(rows[ranked.place], ranked.score, query, is_partial=is_partial))
        for ranked, is_partial in page
        if ranked.place in rows
    ]


def _hit(row: Sequence[Any], score: float, query: Query, *, is_partial: bool) -> Hit:
    values = dict(zip((*_HIT_COLUMNS, "text"), row, strict=True))
    identity, version, is_latest = values.pop("id"), int(values.pop("version") or 1), bool(values.pop("is_latest"))
    strings = {name: str(value or "") for name, value in values.items()}
    text = strings.pop("text")
    return Hit(
        id=identity,
        version=version,
        is_latest=is_latest,
        score=score,
        is_partial=is_partial,
        title_marks=highlight(strings["title"], query, strings["language"]),
        snippet=snippet(text, query, strings["language"]),
        **strings,
    )
