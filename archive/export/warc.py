"""Exports chosen captures as one WARC file: every record as the same bytes that the archive holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.export.source import Source, records
from archive.files.atomic import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def write_warc(source: Source, target: Path) -> int:
    """Writes `target` (a `.warc.gz`); gives the number of captures."""
    count = 0

    def members() -> Iterator[bytes]:
        nonlocal count
        for found in records(source):
            count += found.chosen is not None
            yield found.raw

    replace_file(target, members())
    return count
