"""Exports articles as JSON Lines: one object an article, its columns by name, Arabic as Arabic."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from archive.files.atomic import replace_file
from archive.index.columns import opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.export.source import Source


def write_jsonl(source: Source, target: Path) -> int:
    """Writes `target`; gives the number of articles."""
    count = 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        for row in source.articles:
            count += 1
            yield json.dumps(opened(row), ensure_ascii=False).encode() + b"\n"

    replace_file(target, lines())
    return count
