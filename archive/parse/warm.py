"""Parse a sample page when imported, so that workers start with everything that a first page loads.

The fork server imports this once. It loads the language model, tables of trafilatura and compiled regular expressions: half a second of
CPU for each worker.
"""

from __future__ import annotations

from datetime import UTC, datetime

from archive.parse import ParseTask
from archive.parse.parse import parse_task

_SENTENCE = (
    "The council has met on Tuesday evening to talk about the old bridge over the river, which nobody uses any more. "
)
_PAGE = (
    "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<!DOCTYPE html><html><head><title>The old bridge</title></head>"
    f"<body><div><h1>The old bridge</h1><p>By Jane Doe, 3 March 2024</p>{f'<p>{_SENTENCE * 3}</p>' * 4}</div></body></html>"
)

parse_task(
    ParseTask(
        url="https://news.example/2024/bridge", response=_PAGE.encode(), fetched_at=datetime(2024, 3, 4, tzinfo=UTC)
    )
)
