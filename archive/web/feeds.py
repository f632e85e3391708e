"""Serve feeds: any search as Atom or JSON Feed, and those of the archive's watches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from archive.files import open_read
from archive.watch.syndication import FeedDocument, atom, entry_of, json_feed
from archive.web.parameters import SearchParameters
from archive.web.views import open_archives

if TYPE_CHECKING:
    from starlette.requests import Request

_WRITERS: Final = {"atom": atom, "json": json_feed}
_TYPES: Final = {"atom": "application/atom+xml", "json": "application/feed+json"}
_NAME: Final = re.compile(r"[^\W_][\w.-]{0,63}")


def search(request: Request) -> Response:
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
    title = " ".join(filter(None, (asked.words, asked.only))) or "warraq"
    path = f"{request.scope.get('root_path', '')}/search"
    page = request.url.replace(path=path, query=asked.query_string())
    feed = FeedDocument(title=title, entries=entries, address=str(request.url), page=str(page))
    return Response(_WRITERS[kind](feed), media_type=_TYPES[kind])


def watch(request: Request) -> Response:
    """GET /watches/NAME.atom and .json: what a watch has found, as its last run wrote it."""
    name, kind = request.path_params["name"], request.url.path.rpartition(".")[2]
    if not _NAME.fullmatch(name):
        raise HTTPException(404)
    try:
        with open_read(request.app.state.folders[0] / "feeds" / f"{name}.{kind}") as file:
            return Response(file.read(), media_type=_TYPES[kind])
    except FileNotFoundError:
        raise HTTPException(404) from None
