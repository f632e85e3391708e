"""Compares bytes with the labelled digests of WARC files of any make: `sha1:BASE32`, `sha256:hex` and the like."""

from __future__ import annotations

import base64
import binascii
import hashlib

ALGORITHMS = {
    "sha1": "sha1",
    "sha-1": "sha1",
    "sha256": "sha256",
    "sha-256": "sha256",
    "sha512": "sha512",
    "md5": "md5",
}


def matches(label: str, data: bytes) -> bool:
    """Whether `label` is a digest of `data`; one of an algorithm that is not known proves nothing against it."""
    algorithm, _, value = label.partition(":")
    name = ALGORITHMS.get(algorithm.strip().lower())
    if name is None:
        return True
    digest = hashlib.new(name, data, usedforsecurity=False).digest()
    return _bytes(value.strip(), len(digest)) == digest


def _bytes(value: str, size: int) -> bytes:
    try:
        if len(value) == size * 2:
            return bytes.fromhex(value)
        return base64.b32decode(value.upper() + "=" * (-len(value) % 8))
    except (ValueError, binascii.Error):
        return b""
