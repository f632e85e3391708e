"""Run a query over one or more databases, and return a page of ranked hits.

Articles that have all the words come first. If there are fewer than `partial.FEW`, those with the most distinctive words follow, and
are marked as partial (`Hit.is_partial`, `Results.complete`). For a query of at least `partial.MANY_WORDS` words, both are ranked by
one score, which includes words of the first hit with a small weight (`feedback`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from archive.search.candidates import Order, Shards
from archive.search.feedback import with_feedback
from archive.search.fusion import DEPTH, Placed, fused, nearest_in_meaning
from archive.search.hits import Hit, corrections, hits_of
from archive.search.index import is_current
from archive.search.matching import matches, of_rows
from archive.search.partial import (
    FEW,
    Complete,
    complete_matches,
    has_many_words,
    near_misses,
    partial_in_order,
    partial_matches,
)
from archive.search.query import Code, Problem, Query, any_word, parse, problem
from archive.search.ranking import by_relevance
from archive.search.spelling import Correction, correct
from archive.search.vectors import has_vectors

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from archive.search.matching import ArticlePlace
    from archive.search.vectors import Encoder


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A page of hits. `total` counts the hits on all pages, of which `complete` have all the words.

    Many matches are counted with their older versions, and more than `COUNTED` are estimated; `total_is_exact` is then
    false. `problems`: ignored parts of the query. `corrections`: words that no article has, each with its correction.
    """

    hits: tuple[Hit, ...]
    total: int
    total_is_exact: bool
    complete: int
    query: Query
    shards: tuple[int, ...] = ()
    corrections: tuple[tuple[str, str], ...] = ()

    def suggestion(self, text: str) -> str:
        """Return the corrected text of the query ("Did you mean"); '' when nothing was corrected."""
        suggested = text
        for typed, meant in self.corrections:
            suggested = suggested.replace(typed, meant)
        return suggested if suggested != text else ""

    def next_offset(self, offset: int, limit: int) -> int | None:
        """Return where the page after this one begins, None if this is the last; only an exact total tells which is."""
        following = offset + limit
        more = following < self.total if self.total_is_exact else bool(self.hits)
        return following if more else None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return the ignored parts of the query."""
        return self.query.problems

    @property
    def relaxed(self) -> bool:
        """Return whether no article has all the words, so that all hits are partial."""
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
    encoder: Encoder | None = None,
) -> Results:
    """Return `limit` hits for the query from `offset` on; text is parsed first. Never raises for invalid text.

    A query of only filters, or an empty one, lists articles, newest first. With `relax`, articles that have some of the
    words follow if few have all. With `encoder`, the articles nearest in meaning are fused with the result.
    """
    return search_shards(
        (db,), query, limit=limit, offset=offset, order=order, all_versions=all_versions, relax=relax, encoder=encoder
    )


def search_shards(
    databases: Sequence[sqlite3.Connection],
    query: Query | str,
    *,
    limit: int = 20,
    offset: int = 0,
    order: Order = "relevance",
    all_versions: bool = False,
    relax: bool = True,
    encoder: Encoder | None = None,
) -> Results:
    """Do the same over several databases; hits, order and scores are those of one database with all articles.

    `Results.shards` has the number of the database of each hit; its id is valid only there. An article that several
    databases have is returned once, as fetched last. The connections must be usable from other threads.
    """
    query = parse(query) if isinstance(query, str) else query
    shards = Shards(tuple(databases), of_rows(query, all_versions=all_versions))
    if not all(shards.each(is_current)):
        query = replace(query, problems=(*query.problems, problem("stale_index")))
    limit, offset = max(0, limit), max(0, offset)
    found = _found_by_words(shards, query, order=order, all_versions=all_versions, relax=relax)
    total = found.total
    if encoder and order == "relevance" and query.wanted:
        near = nearest_in_meaning(shards, query, encoder)
        if not near and not any(shards.each(lambda db: has_vectors(db, encoder.model))):
            found = found.with_problem("no_vectors")
        total += len(set(near) - found.known)
        page = fused(found.page(0, max(offset + limit, DEPTH)), near)[offset : offset + limit]
    else:
        page = found.page(offset, limit)
    hits = hits_of(shards, page, found.shown)
    return Results(
        hits=tuple(hit for _, hit in hits),
        total=total,
        total_is_exact=found.complete.is_exact,
        complete=found.complete.total,
        query=found.shown,
        shards=tuple(shard for shard, _ in hits),
        corrections=corrections(shards, found.correction, page) if found.correction else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _ByWords:
    """The articles found by the words of a query, in which words that no article has are corrected.

    `correction` is also that of a word which the first article has in another spelling.
    """

    query: Query
    order: Order
    complete: Complete
    partial: Mapping[ArticlePlace, float]
    correction: Correction | None

    @property
    def shown(self) -> Query:
        """Return the query whose words are marked in the hits."""
        query = self.correction.query if self.correction else self.query
        query = replace(query, problems=self.query.problems)
        return any_word(query) if self.partial and not self.complete.total else query

    @property
    def total(self) -> int:
        return self.complete.total + len(self.partial)

    @property
    def known(self) -> set[ArticlePlace]:
        """Return the scored articles."""
        return {*self.complete.scores, *self.partial}

    def with_problem(self, code: Code) -> _ByWords:
        return replace(self, query=replace(self.query, problems=(*self.query.problems, problem(code))))

    def page(self, offset: int, limit: int) -> list[Placed]:
        """Return a page of articles: those with all the words, then those with some, or both ranked by one score."""
        if self.partial and self.order == "relevance" and has_many_words(self.query):
            return self._by_one_score(offset + limit)[offset:]
        page = [Placed(ranked) for ranked in self.complete.ordered(offset + limit)[offset:]]
        if self.partial and len(page) < limit:
            start = max(0, offset - self.complete.total)
            end = start + limit - len(page)
            rest = partial_in_order(self.complete.shards, self.query, self.partial, self.order, end)[start:]
            page += [Placed(ranked, is_partial=True) for ranked in rest]
        return page

    def _by_one_score(self, end: int) -> list[Placed]:
        best = by_relevance(self.complete.shards, {**self.partial, **self.complete.scores}, end)
        return [Placed(ranked, is_partial=ranked.place in self.partial) for ranked in best]


def _found_by_words(shards: Shards, query: Query, *, order: Order, all_versions: bool, relax: bool) -> _ByWords:
    complete = complete_matches(shards, query, order=order, all_versions=all_versions)
    correction = correct(shards, query, shards.languages()) if relax and not complete.total else None
    if correction:
        corrected = complete_matches(shards, correction.query, order=order, all_versions=all_versions)
        # Of two words, the other alone is better than what a correction brings together with it.
        correction = correction if corrected.total or len(query.free) > 2 else None
        if correction:
            query, complete = correction.query, corrected.spelled_first(correction.spellings)
    near = near_misses(shards, query, complete) if relax and not correction else []
    partial = partial_matches(shards, query, complete, near) if relax else {}
    if relax and order == "relevance" and complete.total < FEW and has_many_words(query):
        complete, partial = with_feedback(complete, partial)
    found = _ByWords(query=query, order=order, complete=complete, partial=partial, correction=correction)
    if near and not complete.total and (first := found.page(0, 1)):  # the first article shows which word was meant
        correction = next((one for one, scores in near if first[0].ranked.place in scores), None)
        return replace(found, correction=correction)
    return found


def matching(
    databases: Sequence[sqlite3.Connection], query: Query | str, *, all_versions: bool = False
) -> list[tuple[int, int]]:
    """Return (number of the database, id) of all articles that have all the words, unranked."""
    query = parse(query) if isinstance(query, str) else query
    return [(place.shard, place.id) for place in matches(Shards(tuple(databases)), query, all_versions=all_versions)]
