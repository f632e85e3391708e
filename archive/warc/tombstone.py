"""Build the record that replaces a redacted one. It has the same length, so that no later record moves."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from warcio.statusandheaders import StatusAndHeaders

from archive.errors import UsageError
from archive.warc.record import (
    GZIP_HEADER,
    RECORD_END,
    VERSION,
    WARC_FIELDS,
    new_record_id,
    sha1_digest,
    warc_date,
    warc_fields,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from archive.warc.framing import Record

MARK = b"redacted: "
EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"
"""An empty stored deflate block (RFC 1951, section 3.2.4): five bytes that decompress to nothing."""
FIXED = len(GZIP_HEADER) + 5 + len(RECORD_END) + 8
TRIES = 64


def is_tombstone(record: Record) -> bool:
    """Return whether the record replaces a redacted one."""
    return record.type == "metadata" and record.block.startswith(MARK)


def tombstone(record: Record, *, moment: datetime, reason: str, who: str, seal: int = 0) -> bytes:
    """Return a `metadata` record with exactly the length of `record` that says when, why and by whom that record was redacted.

    `seal` is the number of the seal that covers the record, 0 for none. If the record is too small for all of this (a request), the
    result has only the time and the seal.

    Raises:
        UsageError: the record is smaller than the smallest tombstone.
    """
    date = warc_date(moment)
    sealed = [("seal", str(seal))] if seal else []
    notes = [("redacted", date), *sealed, ("reason", reason), ("by", who), ("was", record.type)]
    about = [("WARC-Target-URI", record.url)] if record.url else []
    refers = [("WARC-Refers-To", record.id)] if record.id else []
    least = notes[: 1 + len(sealed)]
    for more, block in ((about + refers, notes), (refers, least), ([], least), ([], notes[:1])):
        if member := _exactly(record.location.length, date, more, warc_fields(block)):
            return member
    where = f"{record.location.filename} at byte {record.location.offset}"
    raise UsageError(f"the record in {where} is too small to be replaced by a tombstone of the same length")


def _exactly(length: int, date: str, more: Iterable[tuple[str, str]], block: bytes) -> bytes | None:
    """Return the gzip member, padded to `length` with empty blocks and a few spaces at the end of the block; None if it is larger."""
    for spaces in range(TRIES):
        filled = block + b" " * spaces
        headers = [("WARC-Type", "metadata"), ("WARC-Record-ID", new_record_id()), ("WARC-Date", date), *more]
        headers += [("Content-Type", WARC_FIELDS)]
        headers += [("WARC-Block-Digest", sha1_digest(filled))] if len(block) > len(MARK) * 4 else []
        headers += [("Content-Length", str(len(filled)))]
        head = StatusAndHeaders("", headers, protocol=VERSION).to_bytes()
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = packer.compress(head + block) + packer.flush(zlib.Z_FULL_FLUSH)
        room = length - FIXED - len(packed) - spaces
        if room >= 0 and room % len(EMPTY_BLOCK) == 0:
            end = b" " * spaces + RECORD_END
            last = b"\x01" + struct.pack("<HH", len(end), len(end) ^ 0xFFFF) + end
            record = head + filled + RECORD_END
            check = struct.pack("<LL", zlib.crc32(record), len(record))
            return GZIP_HEADER + packed + EMPTY_BLOCK * (room // len(EMPTY_BLOCK)) + last + check
    return None
