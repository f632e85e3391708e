"""Finds near-duplicates: a text in, its shingles, their MinHash bands and the resemblance of two texts out. Pure.

Shingles of four folded words (Broder 1997, "On the resemblance and containment of documents"); one-permutation MinHash with rotation
(Li, Owen, Zhang 2012; Shrivastava and Li 2014), so that a text is hashed once and not once for each row of its signature.
"""

from __future__ import annotations

from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING

from archive.arabic import fold, words

if TYPE_CHECKING:
    from collections.abc import Collection

WORDS = 4
"""Words in a shingle: three still find stock phrases of agencies, five lose texts in which every fifth word was edited."""

BANDS, ROWS = 21, 3
"""Two texts that share half of their shingles meet in a band with probability 1 - (1 - 0.5³)²¹ = .94, of a tenth with .02."""

MOST_WORDS = 3000
"""Words of a text that are looked at: bounds the time, and what two texts share shows long before."""

LEAST_SHINGLES = 20
"""Texts with fewer say too little to be told apart."""

SAME = 0.5
"""The resemblance from which on two texts are one story: wire copy keeps far more, two reports of one event far less."""


def shingles(text: str) -> frozenset[int]:
    """Hashes (64 bits) of the shingles of a text; empty for one that says too little."""
    found = [fold(match.group()) for match in islice(words(text), MOST_WORDS)]
    runs = {" ".join(found[n : n + WORDS]) for n in range(len(found) - WORDS + 1)}
    if len(runs) < LEAST_SHINGLES:
        return frozenset()
    return frozenset(int.from_bytes(blake2b(run.encode(), digest_size=8).digest()) for run in runs)


def bands(hashes: Collection[int]) -> tuple[int, ...]:
    """Keys (63 bits, BANDS of them) of which similar texts share at least one; none for no hashes."""
    if not hashes:
        return ()
    size = BANDS * ROWS
    least: list[int | None] = [None] * size
    for value in hashes:
        place, rest = value % size, value // size
        held = least[place]
        if held is None or rest < held:
            least[place] = rest
    full = [_borrowed(least, n) for n in range(size)]
    return tuple(
        int.from_bytes(blake2b(repr((band, full[band * ROWS : band * ROWS + ROWS])).encode(), digest_size=8).digest()) >> 1
        for band in range(BANDS)
    )  # fmt: skip


def _borrowed(least: list[int | None], place: int) -> tuple[int, int]:
    """The value of a place, or of the next one that has one, with the distance to it."""
    for distance in range(len(least)):
        value = least[(place + distance) % len(least)]
        if value is not None:
            return value, distance
    raise ValueError("no place has a value")


def resemblance(one: frozenset[int], other: frozenset[int]) -> float:
    """The share of shingles that two texts have in common (Jaccard), 0 to 1."""
    return len(one & other) / len(one | other) if one and other else 0.0
