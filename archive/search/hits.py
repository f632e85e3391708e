"""Build the hits: the row of each article, the matches in its title, the best extract of its text, and corrected words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archive.search.matching import columns_of
from archive.search.snippets import Snippet, Span, highlight, snippet
from archive.search.spelling import Correction, surface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archive.search.candidates import Shards
    from archive.search.fusion import Placed
    from archive.search.query import Query

_READ: Final = 3
"""Hits whose texts are searched for the spelling of a corrected word."""
_HIT_COLUMNS: Final = (
    "id", "url", "site", "hostname", "version", "is_latest", "title", "author", "date", "date_published", "section",
    "language", "description", "sitename", "fetched_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One article of a result: columns of its row, the matches in its title, and the best extract of its text.

    `score` is higher for better hits, comparable within one result only, and 0.0 when the order is not by relevance.
    `is_partial`: the article has only some of the words. `is_by_meaning`: it was found only by meaning.
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
    is_by_meaning: bool
    title_marks: tuple[Span, ...]
    snippet: Snippet


def hits_of(shards: Shards, page: Sequence[Placed], query: Query) -> list[tuple[int, Hit]]:
    """Return (database, hit) in the order of the page, without articles that were deleted meanwhile."""
    rows = {
        place: values
        for place, *values in columns_of(shards, [one.ranked.place for one in page], *_HIT_COLUMNS, "text")
    }
    return [
        (one.ranked.place.shard, _hit(rows[one.ranked.place], one, query)) for one in page if one.ranked.place in rows
    ]


def _hit(row: Sequence[Any], placed: Placed, query: Query) -> Hit:
    values = dict(zip((*_HIT_COLUMNS, "text"), row, strict=True))
    identity, version, is_latest = values.pop("id"), int(values.pop("version") or 1), bool(values.pop("is_latest"))
    strings = {name: str(value or "") for name, value in values.items()}
    text = strings.pop("text")
    return Hit(
        id=identity,
        version=version,
        is_latest=is_latest,
        score=placed.ranked.score,
        is_partial=placed.is_partial,
        is_by_meaning=placed.is_by_meaning,
        title_marks=highlight(strings["title"], query, strings["language"]),
        snippet=snippet(text, query, strings["language"]),
        **strings,
    )


def corrections(shards: Shards, correction: Correction, page: Sequence[Placed]) -> tuple[tuple[str, str], ...]:
    """Return (mistyped word, correction) pairs, with corrections spelled as in the first hits."""
    places = [one.ranked.place for one in page[:_READ]]
    texts = [
        (f"{title}\n{text}", str(language or ""))
        for _, title, text, language in columns_of(shards, places, "title", "text", "language")
    ]
    keys = {
        phrase.words[0]: phrase.keys for clause in correction.query.wanted for phrase in clause.phrases if phrase.keys
    }
    found = ((typed, surface(typed, keys[typed], texts)) for typed in correction.typed)
    return tuple((typed, meant) for typed, meant in found if meant)
