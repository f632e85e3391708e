"""Rewrites a WARC that cannot be read a record at a time (not compressed, or as a whole), its records untouched."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

from archive.errors import DamagedFileError
from archive.files.atomic import replace_file
from archive.warc.framing import MAX_HEAD
from archive.warc.record import GZIP_HEADER, LEVEL, RECORD_END

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedIOBase
    from pathlib import Path

SLICE = 1 << 16


def recompress(path: Path, target: Path) -> Path:
    """Writes the records of `path` to `target`, each as its own gzip member, header and block bytes as they are.

    `path` may be a plain WARC, a WARC gzipped as a whole, or one that is a member a record already.

    Raises:
        DamagedFileError: it is not a whole WARC; no target is made.
    """
    with path.open("rb") as start:
        gzipped = start.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rb") if gzipped else path.open("rb") as records:
        replace_file(target, _members(path, records))
    return target


def _members(path: Path, records: BufferedIOBase) -> Iterator[bytes]:
    at = 0
    try:
        while head := _read_head(path, records, at):
            size = len(head[0]) + head[1] + len(RECORD_END)
            yield from _member(path, records, *head, at)
            at += size
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DamagedFileError(path, at, f"broken gzip data ({error})") from error


def _read_head(path: Path, records: BufferedIOBase, at: int) -> tuple[bytes, int] | None:
    """The header bytes of the next record and the length of its block."""
    lines: list[bytes] = []
    size, length = 0, -1
    while line := records.readline(MAX_HEAD):
        size += len(line)
        if not lines and not line.startswith(b"WARC/"):
            if not line.strip():
                continue
            break
        lines.append(line)
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            length = int(value)
        if not line.strip() and length >= 0:
            return b"".join(lines), length
        if size > MAX_HEAD or not line.strip():
            break
    if not lines and not line:
        return None
    raise DamagedFileError(path, at, "no WARC record (counted in uncompressed bytes)")


def _member(path: Path, records: BufferedIOBase, head: bytes, length: int, at: int) -> Iterator[bytes]:
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    crc, size, left = zlib.crc32(head), len(head), length
    yield GZIP_HEADER + packer.compress(head)
    while left:
        piece = records.read(min(left, SLICE))
        if not piece:
            raise DamagedFileError(
                path, at, f"torn record, {left} bytes of its block are missing (counted uncompressed)"
            )
        left -= len(piece)
        size += len(piece)
        crc = zlib.crc32(piece, crc)
        yield packer.compress(piece)
    crc, size = zlib.crc32(RECORD_END, crc), size + len(RECORD_END)
    yield (
        packer.compress(RECORD_END)
        + packer.flush()
        + crc.to_bytes(4, "little")
        + (size & 0xFFFFFFFF).to_bytes(4, "little")
    )
