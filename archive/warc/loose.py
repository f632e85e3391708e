"""Read the heads and blocks of WARC and ARC records leniently. warcio stops at the first wrong line end, length or compression.

`archive.warc.framing` reads the files of an archive strictly; this module reads foreign files for `archive.warc.rewrite`.
"""

from __future__ import annotations

import codecs
import re
import tempfile
from dataclasses import dataclass
from typing import IO

from archive.warc.framing import MAX_HEAD, VERSIONS, BrokenError, block_length
from archive.warc.record import RECORD_END
from archive.warc.streams import IN_MEMORY, SLICE, Reader

WARC_LINE = re.compile(rb"WARC/\d{1,2}\.\d{1,2}\s*")
ARC_LINE = re.compile(
    rb"(?P<url>(?:https?|filedesc|dns):\S*(?: \S+)*?) (?P<ip>[\d.a-fA-F:]{1,45}) (?P<date>\d{8,17}) (?P<mime>.*?)"
    rb"(?: \S+ \S+ \S+ \d+ \S+)? (?P<length>\d{1,18})\s*"
)
"""The first line of a record of an ARC file, version 1 or 2."""
_NEXT_WARC = re.compile(rb"(?:\r?\n){1,2}\0*(?=WARC/\d{1,2}\.\d{1,2}\r*\n[A-Za-z-]+:)")
_NEXT_ARC = re.compile(rb"\r?\n(?=(?:https?|dns):[!-~]+ [\d.a-fA-F:]{1,45} \d{8,17} [^\r\n]{1,200} \d{1,18}\r?\n)")
_LOOK_BACK = 4096
"""Bytes searched again with the next slice, to find a record that starts across two slices."""
_BLANK_LIMIT = 1 << 16
_PADDING = b"\0\r\n \t"
"""Bytes allowed between records: line ends, and the zeros of a file system that lost its last writes."""
_LINE_ENDS = re.compile(rb"[\r\n]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHead:
    """The head of a record: its lines without line ends, and the parsed fields."""

    lines: tuple[bytes, ...]
    raw: bytes = b""
    length: int | None = None
    is_arc: bool = False

    def get(self, name: str) -> str:
        """Return the first value of a field, '' when there is none."""
        start = name.lower().encode() + b":"
        found = next((line for line in self.lines[1:] if line.lower().startswith(start)), b"")
        return found.partition(b":")[2].strip().decode("utf-8", "replace")

    def with_field(self, name: str, value: str) -> RecordHead:
        """Return a copy in which this field replaces those with its name."""
        start = name.lower().encode() + b":"
        kept = tuple(line for line in self.lines if not line.lower().startswith(start))
        return RecordHead(lines=(*kept, f"{name}: {value}".encode()), length=self.length, is_arc=self.is_arc)

    def as_bytes(self) -> bytes:
        """Return the head as bytes."""
        return self.raw or b"\r\n".join(self.lines) + RECORD_END


def read_record_head(reader: Reader) -> RecordHead | None:
    """Return the next head; one without lines if no record starts here, None at the end of the stream. Raises BrokenError."""
    while (first := reader.line()) and not first.strip(_PADDING):
        pass
    first = first.lstrip(b"\0").removeprefix(codecs.BOM_UTF8)
    if not first:
        return None
    if arc := ARC_LINE.fullmatch(first):
        return RecordHead(lines=(first.strip(),), length=int(arc["length"]), is_arc=True)
    if not WARC_LINE.fullmatch(first):
        return RecordHead(lines=())
    raw, lines = [first], [first.strip() if first.strip().decode() in VERSIONS else b"WARC/1.0"]
    while (line := reader.line()).strip(b"\r\n"):
        raw.append(line)
        if line[:1] in b" \t" and len(lines) > 1:
            lines[-1] += b" " + line.strip()
        else:
            lines.append(line.strip())
        if sum(map(len, raw)) > MAX_HEAD:
            return RecordHead(lines=())
    if not line:
        raise BrokenError("WARC header without an end")
    written = b"".join([*raw, line])
    return RecordHead(
        lines=tuple(lines), raw=written if written == b"\r\n".join(lines) + RECORD_END else b"", length=_length(lines)
    )


def _length(lines: list[bytes]) -> int | None:
    fields = (line.partition(b":") for line in lines[1:])
    try:
        return block_length(
            tuple((name.strip().decode("latin-1"), value.strip().decode("latin-1")) for name, _, value in fields)
        )
    except BrokenError:
        return None


def skip_to_start(reader: Reader) -> None:
    """Skip to the next line that starts a record."""
    while line := reader.line():
        if WARC_LINE.fullmatch(line) or ARC_LINE.fullmatch(line):
            reader.put_back(line)
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordBlock:
    """The block of a record as a file at position 0, with the number of its `missing` bytes if truncated, and of `stray` bytes after it."""

    file: IO[bytes]
    size: int
    missing: int = 0
    stray: int = 0
    reread: int = 0


def read_block(reader: Reader, head: RecordHead, *, is_frame: bool) -> RecordBlock:
    """Return the block of a record. Raises BrokenError.

    If no record starts after the length that the head gives, the block ends where the next record starts, or with its gzip member.
    """
    spool = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by who writes it
    try:
        left = wanted = head.length or 0
        while left and (piece := reader.read(min(left, SLICE))):
            spool.write(piece)
            left -= len(piece)
        if head.length is not None and not left and _at_boundary(reader, is_arc=head.is_arc):
            block = RecordBlock(file=spool, size=wanted)
        else:
            block = _search(reader, spool, head, left=left, is_frame=is_frame)
        spool.seek(0)
    except BaseException:
        spool.close()
        raise
    return block


def _search(reader: Reader, spool: IO[bytes], head: RecordHead, *, left: int, is_frame: bool) -> RecordBlock:
    """Find the next start of a record in the bytes read so far and beyond."""
    start = _NEXT_ARC if head.is_arc else _NEXT_WARC
    spool.seek(0)
    base, window = 0, b""
    while piece := spool.read(SLICE) or _read_on(reader, spool):
        window += piece
        if found := start.search(window):
            rest = _put_back(reader, spool, base + found.end())
            return RecordBlock(file=spool, size=base + found.start(), reread=rest)
        cut = max(0, len(window) - _LOOK_BACK)
        base, window = base + cut, window[cut:]
    size, wanted = base + len(window), head.length
    if is_frame or wanted is None:
        end = _LINE_ENDS.search(window[-4:])
        return RecordBlock(file=spool, size=size - (len(end[0]) if end else 0))
    return RecordBlock(file=spool, size=wanted, missing=left, stray=max(0, size - wanted))


def _read_on(reader: Reader, spool: IO[bytes]) -> bytes:
    piece = reader.read(SLICE)
    spool.write(piece)
    return piece


def _put_back(reader: Reader, spool: IO[bytes], start: int) -> int:
    """Put back the bytes read from `start` on; return their number."""
    copy = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by the reader
    spool.seek(start)
    while piece := spool.read(SLICE):
        copy.write(piece)
    size = copy.tell()
    copy.seek(0)
    reader.put_back_file(copy, size)
    return size


def _at_boundary(reader: Reader, *, is_arc: bool) -> bool:
    """Return whether only line ends and zeros precede the next record or the end; other bytes are put back."""
    blank = b""
    while (line := reader.line()) and not line.strip(_PADDING) and len(blank) < _BLANK_LIMIT:
        blank += line
    if not line or (ARC_LINE if is_arc else WARC_LINE).fullmatch(line.lstrip(b"\0")):
        reader.put_back(line)
        return True
    reader.put_back(blank + line)
    return False
