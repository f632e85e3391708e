"""Fuse two result lists of one query by rank: articles found by its words, and articles nearest to its meaning."""

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
"""Ranks of each list that are fused; the rest of the articles found by words follows in its own order."""
_K: Final = 10
"""The constant added to each rank (k of Cormack, Clarke and Büttcher): small, so that the first of either list stay near the top."""


class Placed(NamedTuple):
    """An article in a result list. `is_partial`: it has only some of the words; `is_by_meaning`: it was found only by meaning."""

    ranked: Ranked
    is_partial: bool = False
    is_by_meaning: bool = False


def nearest_in_meaning(shards: Shards, query: Query, encoder: Encoder) -> list[ArticlePlace]:
    """Return the articles nearest in meaning to the words of the query, within its filters, nearest first; [] when it has no words."""
    text = " ".join(word for clause in query.free for phrase in clause.phrases for word in phrase.words)
    if not text:
        return []
    vector = encoder.query(text)
    filters = replace(query, clauses=query.bound)
    within = _within(shards, filters)
    found: dict[ArticlePlace, float] = {}
    for shard, db in enumerate(shards.databases):
        ids = within[shard] if within is not None else None
        for identity, cosine in nearest_vectors(db, encoder.model, vector, limit=DEPTH, within=ids):
            found[ArticlePlace(shard, identity)] = cosine
    kept = each_once(shards, found) if len(shards) > 1 else found
    return sorted(kept, key=lambda place: -kept[place])[:DEPTH]


def _within(shards: Shards, filters: Query) -> list[frozenset[int]] | None:
    """Return the ids that the filters allow, for each database; None when there are no filters."""
    if filters == replace(
        filters, clauses=(), facets=(), excluded=(), states=(), not_states=(), date_from="", date_to=""
    ):
        return None
    places = matches(shards, filters)
    return [frozenset(place.id for place in places if place.shard == shard) for shard in range(len(shards))]


def fused(by_words: Sequence[Placed], by_meaning: Sequence[ArticlePlace]) -> list[Placed]:
    """Return both lists as one: by the sum of 1/(k + rank) over the first `DEPTH` of each, then the rest of `by_words`."""
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
