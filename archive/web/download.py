"""Export the result of a search as a file: CSV, JSON Lines, WACZ. Bounded in articles, time and number at once."""

from __future__ import annotations

import tempfile
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, PlainTextResponse

from archive.export import FORMATS, ExportOptions, export
from archive.federation import Federation
from archive.web.parameters import SearchParameters
from archive.web.views import PATIENCE_S, missing_originals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

MOST: Final[Mapping[str, int]] = {"csv": 20_000, "jsonl": 20_000, "wacz": 1_000}
"""Articles that a browser is given at once; of more, `warraq export` on the machine itself takes any number."""
_TYPES: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl", "wacz": "application/wacz"}
_SECONDS: Final = 60.0
_AT_ONCE: Final = BoundedSemaphore(2)
"""Exports that are written at a time: the other threads go on answering readers."""


def result(request: Request) -> Response:
    """GET /export.csv, .jsonl and .wacz, with the parameters of a search: all articles that have all the words, not one page of them."""
    kind = request.url.path.rpartition(".")[2]
    asked = SearchParameters.of(request.query_params)
    if not _AT_ONCE.acquire(timeout=PATIENCE_S):
        raise HTTPException(503, headers={"Retry-After": "10"})
    try:
        return _written(request, asked, kind)
    finally:
        _AT_ONCE.release()


def _written(request: Request, asked: SearchParameters, kind: str) -> Response:
    with Federation(request.app.state.folders, patience=PATIENCE_S) as opened:
        opened.limit_time(_SECONDS)
        count = sum(len(one.matching(asked.words, only=asked.only)) for one in opened.archives)
        if count > MOST[kind]:
            return _too_many(count, kind)
        first, *others = opened.archives
        folder = tempfile.TemporaryDirectory(prefix="warraq-export-")
        target = Path(folder.name) / f"warraq.{kind}"
        try:
            done = export(
                first, FORMATS[kind], target, ExportOptions(query=asked.words, only=asked.only), others=others
            )
        except BaseException:
            folder.cleanup()
            raise
    return FileResponse(
        target,
        media_type=_TYPES[kind],
        filename=target.name,
        headers=missing_originals(done.missing),
        background=BackgroundTask(folder.cleanup),
    )


def _too_many(count: int, kind: str) -> Response:
    text = (
        f"The result has {count:,} articles, and {MOST[kind]:,} is the most that is written as {kind} here.\n"
        f"Narrow the search, or run `warraq export --query …` where the archive lies.\n"
    )
    return PlainTextResponse(text, 413)
