"""Serve the result of a search as a file: CSV, JSON Lines, WACZ, or as a feed; and the feeds of the archive's watches.

An export is limited in articles and time, and so is the number of concurrent exports.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, PlainTextResponse, Response

from archive.export import FORMATS, ExportOptions, export
from archive.federation import Federation
from archive.files import open_read
from archive.watch.syndication import FeedDocument, atom, entry_of, json_feed
from archive.web.parameters import SearchParameters
from archive.web.views import PATIENCE_S, missing_originals, open_archives

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

MOST: Final[Mapping[str, int]] = {"csv": 20_000, "jsonl": 20_000, "wacz": 1_000}
"""The most articles of a download; `warraq export` on the server has no limit."""
_TYPES: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl", "wacz": "application/wacz"}
_FEEDS: Final = {"atom": (atom, "application/atom+xml"), "json": (json_feed, "application/feed+json")}
"""The writer and media type of each kind of feed."""
_WATCH: Final = re.compile(r"[^\W_][\w.-]{0,63}")
"""The name of a watch."""
_SECONDS: Final = 60.0
_AT_ONCE: Final = BoundedSemaphore(2)
"""Concurrent exports; the other threads are left for readers."""


def result(request: Request) -> Response:
    """GET /export.csv, .jsonl and .wacz, with the parameters of a search: all articles that contain all its words, on all result pages."""
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


def feed(request: Request) -> Response:
    """GET /feed.atom and /feed.json, with the parameters of a search: its newest articles."""
    kind = request.url.path.rpartition(".")[2]
    asked = SearchParameters.of(request.query_params)
    with open_archives(request) as archives:
        found = archives.search(asked.words, only=asked.only, order="newest", limit=asked.limit)
        entries = [
            entry_of(archives.archive_of(found, number).article(hit.id))
            for number, hit in enumerate(found.hits)
            if not hit.is_partial
        ]
        since = next((row["fetched_at"] for _, row in archives.newest(limit=1)), "")
    title = " ".join(filter(None, (asked.words, asked.only))) or "warraq"
    path = f"{request.scope.get('root_path', '')}/search"
    page = request.url.replace(path=path, query=asked.query_string())
    document = FeedDocument(title=title, entries=entries, address=str(request.url), page=str(page), since=since)
    write, media_type = _FEEDS[kind]
    return Response(write(document), media_type=media_type)


def watch_feed(request: Request) -> Response:
    """GET /watches/NAME.atom and .json: the feed of a watch, as its last run wrote it."""
    name, kind = request.path_params["name"], request.url.path.rpartition(".")[2]
    if not _WATCH.fullmatch(name):
        raise HTTPException(404)
    try:
        with open_read(request.app.state.folders[0] / "feeds" / f"{name}.{kind}") as file:
            return Response(file.read(), media_type=_FEEDS[kind][1])
    except FileNotFoundError:
        raise HTTPException(404) from None
