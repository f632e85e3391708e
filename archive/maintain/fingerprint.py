"""Tells whether two sets of index lines are the same without holding either: lines in any order in, two numbers out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.warc import cdxj

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Fingerprint = tuple[int, int]
"""How many lines, and the sum of their hashes; good within one process."""

NOTHING: Fingerprint = (0, 0)


def plus(fingerprint: Fingerprint, line: str) -> Fingerprint:
    """The fingerprint with one more line."""
    return fingerprint[0] + 1, (fingerprint[1] + hash(line)) & 0xFFFFFFFFFFFFFFFF


def of_lines(lines: Iterable[str]) -> Fingerprint:
    """The fingerprint of these lines."""
    total = NOTHING
    for line in lines:
        total = plus(total, line)
    return total


def of_index(folder: Path) -> dict[str, Fingerprint]:
    """What the index of the collection in `folder` has of each WARC file."""
    found: dict[str, Fingerprint] = {}
    for line in cdxj.Index(folder).lines():
        name = cdxj.parse_line(line).location.filename
        found[name] = plus(found.get(name, NOTHING), line)
    return found
