"""Split a WARC file that arrives in pieces into gzip members, and keep only the wanted ones. warcio does not give the bytes of a member."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD = 8 << 10
"""Decompressed bytes of a record that are searched for its URL and date; a WARC header has some hundreds."""
AT_ONCE = 1 << 20
"""Bytes decompressed at once."""
SLICE = 64 << 10
"""Bytes of a piece that are processed together, because the bytes after the end of a member are copied."""
_MAGIC = b"\x1f\x8b\x08"
_END = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A wanted gzip member: its offset in the file, and its bytes as received, or None for a member that is too large."""

    offset: int
    data: bytes | None


class MemberSplitter:
    """Receives the pieces of a file in order through `feed`; memory is bounded by `most`, the largest member that is kept, in bytes.

    `is_wanted` is called with the header fields of each record. `boundary` is the offset of the current member, from which the file can be
    resumed. Data that cannot be decompressed is skipped up to the next member, and counted in `damaged`.
    """

    def __init__(self, is_wanted: Callable[[dict[str, str]], bool], *, start: int = 0, most: int) -> None:
        self.boundary = start
        self.damaged = 0
        self._is_wanted = is_wanted
        self._most = most
        self._at = start
        self._carried = b""
        self._doubtful = False
        self._begin()

    def _begin(self) -> None:
        self._packed: bytearray | None = bytearray()
        self._size = 0
        self._head: bytearray | None = bytearray()
        self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._lost = False
        self.boundary = self._at

    def feed(self, piece: bytes) -> Iterator[Member]:
        """Yield the wanted members that end within the piece."""
        for start in range(0, len(piece), SLICE):
            yield from self._feed(self._carried + piece[start : start + SLICE])

    def _feed(self, piece: bytes) -> Iterator[Member]:
        self._carried = b""
        while piece:
            piece = self._recovered(piece) if self._lost else piece
            try:
                rest = self._unpacked(piece)
            except zlib.error:
                self.damaged += not self._doubtful
                self._lost = self._doubtful = True
                self._at += 1  # no member begins at its first byte
                piece = piece[1:]
                continue
            self._keep(piece[: len(piece) - len(rest)])
            self._at += len(piece) - len(rest)
            piece = rest
            if self._inflater.eof:
                self._doubtful = False
                if (member := self._member()) is not None:
                    yield member
                self._begin()

    def finish(self) -> bool:
        """Return whether the file ends at the end of a member."""
        return self.boundary == self._at

    def _unpacked(self, piece: bytes) -> bytes:
        """Decompress the member's part of the piece, and return the rest."""
        data = piece
        while data and not self._inflater.eof:
            self._look(self._inflater.decompress(data, AT_ONCE))
            data = self._inflater.unconsumed_tail
        return self._inflater.unused_data

    def _look(self, unpacked: bytes) -> None:
        """Decide by the header of the record whether the member is kept."""
        if self._head is None:
            return
        self._head += unpacked
        end = _END.search(self._head[:HEAD])
        if end is None and len(self._head) < HEAD:
            return
        if not self._is_wanted(_fields(bytes(self._head[: end.start() if end else HEAD]))):
            self._packed = None
        self._head = None

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._packed is not None and self._size <= self._most:
            self._packed += data

    def _member(self) -> Member | None:
        if self._packed is None or self._head is not None:
            return None
        return Member(offset=self.boundary, data=bytes(self._packed) if self._size <= self._most else None)

    def _recovered(self, piece: bytes) -> bytes:
        """Return the piece from the next start of a member on, which may be cut off by the end of the piece."""
        place = piece.find(_MAGIC)
        if place < 0:
            place = max(0, len(piece) - len(_MAGIC) + 1)
            self._carried = piece[place:]
            self._at += place
            return b""
        self._at += place
        self._begin()
        return piece[place:]


def _fields(head: bytes) -> dict[str, str]:
    """Return the header fields of a record, names in lower case; {} for what is not a record."""
    first, *lines = head.decode("utf-8", "replace").splitlines() or [""]
    if not first.startswith("WARC/"):
        return {}
    fields = (line.partition(":") for line in lines if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in fields}
