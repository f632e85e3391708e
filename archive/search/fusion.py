"""Fuse two answers to one query by rank: what its words find, and what is nearest to its meaning."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from archive.search.matching import ArticlePlace, each_once, matches
from archive.search.ranking import Ranked
from archive.search.vectors import nearest_vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archive.search.candidates import Shards
    from archive.search.query import Query
    from archive.search.vectors import Encoder

DEPTH: Final = 100
"""Ranks of each answer that are fused; what words find further down follows in its own order."""
_K: Final = 10
"""What is added to each rank (Cormack, Clarke and Büttcher's k): small, so that the first of either answer stay near the top."""


class Placed(NamedTuple):
    """An article in its place of an answer. `is_partial`: it has some of the words; `is_by_meaning`: no word led to it."""

    ranked: Ranked
    is_partial: bool = False
    is_by_meaning: bool = False


def nearest_in_meaning(shards: Shards, query: Query, encoder: Encoder) -> list[ArticlePlace]:
    """Return the articles nearest to the words of the query, within its filters, the nearest first; none when it has no words."""
    free = [clause for clause in query.wanted if not any(phrase.column for phrase in clause.phrases)]
    text = " ".join(word for clause in free for phrase in clause.phrases for word in phrase.words)
    if not text:
        return []
    vector = encoder.query(text)
    filters = replace(query, clauses=tuple(clause for clause in query.clauses if clause not in free))
    within = _within(shards, filters)
    found: dict[ArticlePlace, float] = {}
    for shard, db in enumerate(shards.databases):
        ids = within[shard] if within is not None else None
        for identity, cosine in nearest_vectors(db, encoder.model, vector, limit=DEPTH, within=ids):
            found[ArticlePlace(shard, identity)] = cosine
    kept = each_once(shards, found) if len(shards) > 1 else found
    return sorted(kept, key=lambda place: -kept[place])[:DEPTH]


def _within(shards: Shards, filters: Query) -> list[frozenset[int]] | None:
    """Return the ids that the filters allow, by database; None when there are no filters."""
    if filters == replace(
        filters, clauses=(), facets=(), excluded=(), states=(), not_states=(), date_from="", date_to=""
    ):
        return None
    places = matches(shards, filters)
    return [frozenset(place.id for place in places if place.shard == shard) for shard in range(len(shards))]


def fused(by_words: Sequence[Placed], by_meaning: Sequence[ArticlePlace]) -> list[Placed]:
    """Return both answers as one: by the sum of 1/(k + rank) over the first `DEPTH` of each, then the rest of `by_words`."""
    placed = {one.ranked.place: one for one in by_words}
    scores: dict[ArticlePlace, float] = {}
    for answer in ([one.ranked.place for one in by_words[:DEPTH]], by_meaning):
        for rank, place in enumerate(answer, 1):
            scores[place] = scores.get(place, 0.0) + 1 / (_K + rank)
    first = [
        placed.get(place, Placed(Ranked(place), is_by_meaning=True))._replace(ranked=Ranked(place, scores[place]))
        for place in sorted(scores, key=lambda place: -scores[place])
    ]
    return first + [one._replace(ranked=Ranked(one.ranked.place)) for one in by_words if one.ranked.place not in scores]
