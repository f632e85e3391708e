"""Exports articles as JSON Lines: one object an article, its columns by name, Arabic as Arabic."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from archive.files.atomic import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from archive.export.source import Source

JSON_COLUMNS = ("tags", "images", "provenance", "dropped")
"""Columns that hold JSON; they are given as what they hold."""


def opened(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its JSON columns opened, and `is_accessible_for_free` as true, false or null."""
    values = {
        name: json.loads(value) if name in JSON_COLUMNS and isinstance(value, str) else value
        for name, value in row.items()
    }
    for name in ("is_accessible_for_free", "is_latest"):
        if isinstance(values.get(name), int):
            values[name] = bool(values[name])
    return values


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
