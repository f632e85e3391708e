"""Reads WARC files of any make to their end, whatever is wrong with them: a file in; records fit for an archive, and damages, out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive import warc
from archive.errors import DamagedFileError
from archive.ingest.rejected import RejectedRecord, reject_reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.warc import Record

MAX_DAMAGES = 100
"""Damages of a file after which it is left: whoever writes a file of them could make each cost a reading of the rest."""


def read_file(path: Path, *, max_block: int = warc.PAGE_BLOCK) -> Iterator[Record | RejectedRecord]:
    """All records of the file, from its first byte to its last; what is damaged in between is named and stepped over."""
    start, damages = 0, 0
    while True:
        try:
            for record in warc.read_records(path, start=start, max_block=max_block):
                yield reject_reason(record) or record
        except DamagedFileError as error:
            damages += 1
            following = warc.next_member(path, error.offset) if damages < MAX_DAMAGES else None
            end = following if following is not None else path.stat().st_size
            reason = "too-damaged" if damages == MAX_DAMAGES else "damaged"
            yield RejectedRecord(
                filename=path.name, offset=error.offset, length=end - error.offset, reason=reason, detail=error.problem
            )
            if following is None:
                return
            start = following
        else:
            return
