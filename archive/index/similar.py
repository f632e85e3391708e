"""Group near-duplicates into families, ordered by who published the story first. Never begins or ends a transaction."""

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
# MinHash with rotation (Li, Owen, Zhang 2012; Shrivastava and Li 2014), which hashes a text once instead of once for
# each row of its signature.

WORDS = 4
"""Words in a shingle: three still match stock phrases of agencies, five miss texts in which every fifth word was edited."""

BANDS, ROWS = 21, 3
"""Two texts that share half of their shingles share a band with probability 1 - (1 - 0.5³)²¹ = .94; those that share a tenth, with .02."""

MOST_WORDS = 3000
"""The first words of a text that are compared: it bounds the time, and they suffice to show what two texts share."""

LEAST_SHINGLES = 20
"""The fewest shingles of a text that is compared: shorter texts cannot be told apart."""

SAME = 0.5
"""The resemblance from which two texts are one story: wire copy has far more, two reports of one event far less."""


def shingles(text: str) -> frozenset[int]:
    """Return the hashes (64 bits) of the shingles of a text; empty for a text that is too short."""
    found = [fold(match.group()) for match in islice(words(text), MOST_WORDS)]
    runs = {" ".join(found[n : n + WORDS]) for n in range(len(found) - WORDS + 1)}
    if len(runs) < LEAST_SHINGLES:
        return frozenset()
    return frozenset(int.from_bytes(blake2b(run.encode(), digest_size=8).digest()) for run in runs)


def bands(hashes: Collection[int]) -> tuple[int, ...]:
    """Return the BANDS keys (63 bits) of a text, of which similar texts share at least one; () for no hashes."""
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
    """Return the value at a place, or at the next place that has one, with the distance to it."""
    for distance in range(len(least)):
        value = least[(place + distance) % len(least)]
        if value is not None:
            return value, distance
    raise ValueError("no place has a value")


def resemblance(one: frozenset[int], other: frozenset[int]) -> float:
    """Return the share of shingles that two texts have in common (Jaccard), 0 to 1."""
    return len(one & other) / len(one | other) if one and other else 0.0


MOST_CANDIDATES = 20
"""The most articles that one is compared with: those that share most bands with it."""

_FIRST = "coalesce(published_at, fetched_at)"


def waiting(db: Database, limit: int) -> list[dict[str, Any]]:
    """Return up to `limit` latest versions that are not compared yet, oldest first."""
    sql = """
        SELECT a.id, a.url, a.title, a.text FROM articles AS a
        WHERE a.is_latest = 1 AND NOT EXISTS (SELECT 1 FROM families WHERE article_id = a.id) ORDER BY a.id LIMIT ?
        """
    return list(db.query(sql, [limit]))


def place(db: Database, row: dict[str, Any]) -> int:
    """Add an article to the family of the most similar one, or to a new family; return the number of the family."""
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
    """Return the members of families of two or more articles, newest families first, each ordered by who had the story first."""
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
    """Return the other members of an article's family, beginning with the one that had the story first."""
    sql = f"""
        SELECT a.id, a.url, a.site, a.sitename, a.title, {_FIRST} AS first
        FROM families AS mine JOIN families AS f ON f.family = mine.family JOIN articles AS a ON a.id = f.article_id AND a.is_latest = 1
        WHERE mine.article_id = ? AND a.id <> mine.article_id ORDER BY first, a.id
        """  # noqa: S608 - our own words
    return cast("list[FamilyMember]", list(db.query(sql, [article_id])))
