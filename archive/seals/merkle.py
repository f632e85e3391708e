"""Compute Merkle trees by RFC 6962 (section 2.1): the root over any number of lines, and the proof that a line is under it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LEAF, _NODE = b"\x00", b"\x01"
"""The prefixes that are hashed before a leaf and before two nodes, so that no node can be mistaken for a leaf."""
LEFT, RIGHT = "left", "right"


def leaf_hash(line: bytes) -> bytes:
    """Return the hash of one line."""
    return hashlib.sha256(_LEAF + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return hashlib.sha256(_NODE + left + right).digest()


def root_of(hashes: Iterable[bytes]) -> bytes:
    """Return the root over these leaf hashes; memory holds one hash for each level of the tree."""
    subtrees: list[tuple[int, bytes]] = []
    for one in hashes:
        size, top = 1, one
        while subtrees and subtrees[-1][0] == size:
            size, top = size * 2, node_hash(subtrees.pop()[1], top)
        subtrees.append((size, top))
    if not subtrees:
        return hashlib.sha256().digest()
    top = subtrees.pop()[1]
    while subtrees:
        top = node_hash(subtrees.pop()[1], top)
    return top


def levels_of(hashes: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Return the hashes of the tree by level, from the leaves to the root."""
    levels = [hashes]
    while len(levels[-1]) > 1:
        below = levels[-1]
        paired = [node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
        levels.append([*paired, *below[len(paired) * 2 :]])
    return levels


def proof_of(levels: Sequence[Sequence[bytes]], index: int) -> list[tuple[str, bytes]]:
    """Return the audit path of a leaf, from the leaf up: the side and hash of each sibling."""
    path: list[tuple[str, bytes]] = []
    for level in levels[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            path.append((LEFT if sibling < index else RIGHT, level[sibling]))
        index //= 2
    return path


def root_by(line: bytes, path: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the root that follows from a line and its audit path."""
    top = leaf_hash(line)
    for side, sibling in path:
        top = node_hash(sibling, top) if side == LEFT else node_hash(top, sibling)
    return top
