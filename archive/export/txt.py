"""Exports articles as plain text to read: title, byline, paragraphs, source, a rule between two articles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archive.files.atomic import replace_file
from archive.urls import display

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from archive.export.source import Source

RULE = "\n* * *\n\n"


def write_txt(source: Source, target: Path) -> int:
    """Writes `target` in UTF-8; gives the number of articles."""
    count = 0

    def pieces() -> Iterator[bytes]:
        nonlocal count
        for row in source.articles:
            yield ((RULE if count else "") + _article(row)).encode()
            count += 1

    replace_file(target, pieces())
    return count


def _article(row: Mapping[str, Any]) -> str:
    byline = " · ".join(
        filter(None, (row.get("author"), row.get("date_published") or row.get("date"), row.get("sitename")))
    )
    head = "\n".join(filter(None, (row["title"], byline, display(row["url"]))))
    paragraphs = row["text"].replace("\n", "\n\n")
    return f"{head}\n\n{paragraphs}\n"
