"""Roots are those of RFC 6962, and proofs lead only from their own line to the root."""

from __future__ import annotations

import hashlib

import pytest

from archive.seals.merkle import leaf_hash, levels_of, proof_of, root_by, root_of

LEAVES = [
    bytes.fromhex(one)
    for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]


def plain_root(leaves):
    """The definition, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + plain_root(leaves[:split]) + plain_root(leaves[split:])).digest()


def test_the_root_of_the_test_vectors_of_certificate_transparency():
    assert root_of(map(leaf_hash, LEAVES)).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert (
        root_of(map(leaf_hash, LEAVES[:3])).hex() == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
    )


@pytest.mark.parametrize("count", [*range(20), 64, 65, 100])
def test_each_leaf_is_proved_and_no_other(count):
    leaves = [f"line {number}".encode() for number in range(count)]
    root = root_of(map(leaf_hash, leaves))
    assert root == plain_root(leaves)
    levels = levels_of([leaf_hash(one) for one in leaves])
    for index, line in enumerate(leaves):
        path = proof_of(levels, index)
        assert root_by(line, path) == root
        assert root_by(line + b"!", path) != root


def test_two_nodes_do_not_pass_for_a_leaf():
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != root_of([left, right])
