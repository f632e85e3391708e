"""Exports the CDXJ index lines of chosen captures, sorted, pointing into the archive's own WARC files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.export.sorting import Sorted
from archive.files.atomic import replace_file
from archive.warc import read_at
from archive.warc.cdxj import entry_of_record

if TYPE_CHECKING:
    from pathlib import Path

    from archive.export.source import Source


def write_cdxj(source: Source, target: Path) -> int:
    """Writes `target`; gives the number of lines."""
    with Sorted() as lines:
        for part in source.parts:
            for chosen in part.captures:
                if entry := entry_of_record(read_at(part.where, chosen.location)):
                    lines.add(entry.line())
        replace_file(target, (f"{line}\n".encode() for line in lines))
        return len(lines)
