"""Group near-duplicates into families, each led by whoever had the story first. Never begins or ends a transaction."""

from __future__ import annotations

from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from archive.arabic import fold, words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlite_utils import Database

    from archive.index.rows import FamilyMember

# Near-duplicates: the shingles of a text, their MinHash bands, and the resemblance of two texts.
#
# Shingles of four folded words (Broder 1997, "On the resemblance and containment of documents"); one-permutation
# MinHash with rotation (Li, Owen, Zhang 2012; Shrivastava and Li 2014), so that a text is hashed once and not once
# for each row of its signature.

WORDS = 4
"""Words in a shingle: three still find stock phrases of agencies, five lose texts in which every fifth word was edited."""

BANDS, ROWS = 21, 3
"""Two texts that share half of their shingles meet in a band with probability 1 - (1 - 0.5³)²¹ = .94, of a tenth with .02."""

MOST_WORDS = 3000
"""Words of a text that are looked at: bounds the time, and what two texts share shows long before."""

LEAST_SHINGLES = 20
"""Shorter texts cannot be distinguished."""

SAME = 0.5
"""The resemblance from which on two texts are one story: wire copy keeps far more, two reports of one event far less."""


def shingles(text: str) -> frozenset[int]:
    """Return hashes (64 bits) of the shingles of a text; empty for one that says too little."""
    found = [fold(match.group()) for match in islice(words(text), MOST_WORDS)]
    runs = {" ".join(found[n : n + WORDS]) for n in range(len(found) - WORDS + 1)}
    if len(runs) < LEAST_SHINGLES:
        return frozenset()
    return frozenset(int.from_bytes(blake2b(run.encode(), digest_size=8).digest()) for run in runs)


def bands(hashes: Collection[int]) -> tuple[int, ...]:
    """Return keys (63 bits, BANDS of them) of which similar texts share at least one; none for no hashes."""
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
    """Return the value of a place, or of the next one that has one, with the distance to it."""
    for distance in range(len(least)):
        value = least[(place + distance) % len(least)]
        if value is not None:
            return value, distance
    raise ValueError("no place has a value")


def resemblance(one: frozenset[int], other: frozenset[int]) -> float:
    """Return the share of shingles that two texts have in common (Jaccard), 0 to 1."""
    return len(one & other) / len(one | other) if one and other else 0.0


MOST_CANDIDATES = 20
"""Articles that one is compared with: those it shares most bands with."""

_FIRST = "coalesce(published_at, fetched_at)"


def waiting(db: Database, limit: int) -> list[dict[str, Any]]:
    """Return the latest versions that are not compared yet, oldest first."""
    sql = """
        SELECT a.id, a.url, a.title, a.text FROM articles AS a
        WHERE a.is_latest = 1 AND NOT EXISTS (SELECT 1 FROM families WHERE article_id = a.id) ORDER BY a.id LIMIT ?
        """
    return list(db.query(sql, [limit]))


def place(db: Database, row: dict[str, Any]) -> int:
    """Put an article into the family of its nearest like, or into one of its own; return the family's number."""
    hashes = shingles(row["text"])
    keys = bands(hashes)
    family, nearest = row["id"], 0.0
    for candidate in _candidates(db, keys, row["url"]):
        likeness = resemblance(hashes, shingles(candidate["text"]))
        if likeness >= SAME and likeness > nearest:
            family, nearest = candidate["family"], likeness
    db.conn.execute(
        "INSERT INTO families (article_id, family, resemblance) VALUES (?, ?, ?)",
        (row["id"], family, round(nearest, 3)),
    )
    db.conn.executemany("INSERT INTO similar (key, article_id) VALUES (?, ?)", [(key, row["id"]) for key in set(keys)])
    return int(family)


def _candidates(db: Database, keys: tuple[int, ...], url: str) -> Iterator[dict[str, Any]]:
    marks = ", ".join("?" * len(keys))
    sql = f"""
        SELECT a.text, f.family FROM (
            SELECT article_id, count(*) AS shared FROM similar WHERE key IN ({marks}) GROUP BY 1 ORDER BY 2 DESC LIMIT ?
        ) AS met JOIN articles AS a ON a.id = met.article_id JOIN families AS f ON f.article_id = a.id WHERE a.url <> ?
        """  # noqa: S608 - only question marks
    return iter(list(db.query(sql, [*keys, MOST_CANDIDATES, url]))) if keys else iter(())


def grouped(db: Database, *, limit: int = 1000) -> list[dict[str, Any]]:
    """Return the members of families of two or more articles, the newest families first, within one by who had the story first."""
    sql = f"""
        SELECT f.family, f.resemblance, a.id, a.url, a.site, a.title, a.source, {_FIRST} AS first,
               row_number() OVER (PARTITION BY f.family ORDER BY {_FIRST}, a.id) AS place
        FROM families AS f JOIN articles AS a ON a.id = f.article_id AND a.is_latest = 1
        WHERE f.family IN (
            SELECT family FROM families JOIN articles ON articles.id = article_id AND is_latest = 1 GROUP BY 1 HAVING count(*) > 1
            ORDER BY 1 DESC LIMIT ?
        ) ORDER BY f.family DESC, place
        """  # noqa: S608 - our own words
    return list(db.query(sql, [limit]))


def others(db: Database, article_id: int) -> list[FamilyMember]:
    """Return the other members of an article's family, the one that had the story first at the top."""
    sql = f"""
        SELECT a.id, a.url, a.site, a.sitename, a.title, {_FIRST} AS first
        FROM families AS mine JOIN families AS f ON f.family = mine.family JOIN articles AS a ON a.id = f.article_id AND a.is_latest = 1
        WHERE mine.article_id = ? AND a.id <> mine.article_id ORDER BY first, a.id
        """  # noqa: S608 - our own words
    return cast("list[FamilyMember]", list(db.query(sql, [article_id])))
