"""Serve the reading room: a read-only web application that searches an archive and shows its articles.

It is an application on Starlette and Jinja instead of a Datasette plugin. The archive is an ordinary SQLite file that plain
Datasette opens (see docs/queries.md and deploy/datasette.yml), but for readers, much of Datasette would have to be replaced: its
search does not match the prefixes and spellings of Arabic words, since it has only FTS5's tokenizers; it offers anonymous SQL, with
which `zeroblob(1000000000)` blocks it for all users in spite of its time limit; it serves the whole file at /db.db; it sends neither
a Content-Security-Policy nor X-Frame-Options, and its templates need inline scripts; and its pages are left-to-right tables.

Tests in tests/archive/web check for every page: no cookies, no inline script or style, nothing loaded from other origins, all text
escaped, archived HTML only in a sandbox without scripts and without the origin of the room, no SQL from requests, every list
bounded, every database query bounded in time.
"""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from archive.collection import Collection as Archived
from archive.errors import ArchiveError, ArticleGoneError, NotFoundError
from archive.index import DatabaseError
from archive.web import api, download, frequency, front, ledger, memento, pages, replay, saving, subjects
from archive.web.admission import Admission, Below, SecurityHeaders
from archive.web.views import ROOMS, page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence
    from pathlib import Path

    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

__all__ = ["create_app"]

THREADS: Final = 8
"""Requests that are processed at a time; others wait. Each holds one connection to the database."""
RETRY_S: Final = 5

_log = logging.getLogger(__name__)


class _Static(StaticFiles):
    """Static files under URLs that contain the hash of their content."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


FEEDS: Final = tuple(Route(f"/feed.{kind}", download.feed, name=f"feed.{kind}") for kind in ("atom", "json"))
SUBJECTS: Final = (
    Route("/authors/{name:path}", subjects.author),
    Route("/tags/{name:path}", subjects.tag),
    Route("/sites/{name:path}", subjects.site),
    Route("/words", frequency.words_over_time),
    *(Route(f"/export.{kind}", download.result, name=f"export.{kind}") for kind in download.MOST),
)
"""The routes over search results, of one archive or of several as one."""
SAVING: Final = (
    Route("/save", saving.save_page, methods=["GET", "POST"]),
    Route("/api/save", saving.save, methods=["POST"]),
)
ROUTES: Final = (
    Route("/", pages.results),
    Route("/search", pages.results),
    Route("/articles/{id:int}", memento.by_id),
    Route(f"{ROOMS}/{{name}}/articles/{{id:int}}", memento.merged),
    Route("/a/{moment}/{url:path}", memento.version),
    Route("/timegate/{url:path}", memento.timegate),
    Route("/timemap/{url:path}", memento.timemap),
    Route("/articles/{id:int}/related", subjects.related),
    Route("/articles/{id:int}/original", replay.original),
    Route("/articles/{id:int}.wacz", replay.wacz),
    Route("/raw/{id:int}", replay.raw),
    Route("/shown/{id:int}", replay.shown),
    Route("/replay/{key}/missing", replay.missing),
    Route("/replay/{key}/{id:int}", replay.resource),
    Route("/pictures", pages.pictures),
    Route("/pictures/{id:int}", replay.picture),
    Route("/pictures/{id:int}/small", replay.thumbnail),
    Route("/screenshots/{id:int}/{kind}", replay.screenshot),
    Route("/compare", pages.compare),
    Route("/coverage", pages.coverage),
    Route("/calendar", ledger.calendar),
    Route("/front", front.what_led),
    Route("/health", ledger.health),
    Route("/help", pages.help_),
    *FEEDS,
    *SUBJECTS,
    *(Route(f"/watches/{{name}}.{kind}", download.watch_feed, name=f"watch.{kind}") for kind in ("atom", "json")),
    *(
        Route(path.replace("{id}", "{id:int}").replace("{url}", "{url:path}"), answers)
        for path, (answers, _) in api.OPERATIONS.items()
    ),
)


SPANNING: Final = (
    *FEEDS,
    *SUBJECTS,
    Route("/", pages.results),
    Route("/search", pages.results),
    Route("/a/{moment}/{url:path}", memento.of_several),
    Route("/timegate/{url:path}", memento.of_several),
    Route("/timemap/{url:path}", memento.of_several),
    Route("/help", pages.help_),
    *(Route(path, api.OPERATIONS[path][0]) for path in api.SPANNING),
)
"""The routes over several archives as one; all other routes are below /archives/NAME, for each archive."""


def create_app(
    *folders: Path,
    hosts: Collection[str] = (),
    origins: Collection[str] = (),
    semantic: bool = False,
    token: str = "",
    prefix: str = "",
) -> ASGIApp:
    """Return the application over the archives in these folders. They need not exist yet: every page then says so with status 503.

    With several, each has a room below /archives/NAME, and the pages above search all of them. `hosts` are the accepted host names
    (see `SecurityHeaders`), empty for any. Pages of `origins` may read the API from a browser (`*` for all). `semantic` offers search by
    meaning. Clients with the `token` may save pages, with several archives into that of the page's site.
    `prefix` is the path below which a proxy serves the application (`/news`).
    """
    is_one = len(folders) == 1
    saves = saving.Saving(token=token, into=folders[0] if is_one else None) if token else None
    rooms = {} if is_one else {Archived(folder).name: _room((folder,), ROUTES, semantic=semantic) for folder in folders}
    mounted = [Mount(f"{ROOMS}/{name}", room) for name, room in rooms.items()]
    app = _room(
        folders,
        (*SAVING, *((*SPANNING, *mounted) if mounted else ROUTES)),
        semantic=semantic,
        saves=saves,
        middleware=[Middleware(GZipMiddleware, minimum_size=1000)],
    )
    # Outermost, around Starlette's own error handling.
    guarded = SecurityHeaders(Admission(app), hosts=hosts, origins=origins)
    return Below(guarded, prefix) if prefix.strip("/") else guarded


def _room(
    folders: tuple[Path, ...],
    routes: Sequence[BaseRoute],
    *,
    semantic: bool,
    saves: saving.Saving | None = None,
    middleware: Sequence[Middleware] = (),
) -> Starlette:
    app = Starlette(
        routes=[
            *routes,
            Route("/robots.txt", lambda _: PlainTextResponse("User-agent: *\nDisallow: /\n")),
            Mount("/static", _Static(packages=[("archive.web", "static")])),
        ],
        middleware=list(middleware),
        exception_handlers={
            HTTPException: _refused,
            NotFoundError: _not_found,
            OverflowError: _not_found,  # an id beyond the integers of SQLite
            ArchiveError: _unavailable,
            DatabaseError: _unavailable,
            Exception: _failed,
        },
        lifespan=_lifespan,
    )
    app.state.folders, app.state.semantic, app.state.saving = folders, semantic, saves
    return app


@asynccontextmanager
async def _lifespan(_: Starlette) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette calls it for no other
    return _error(request, error.status_code, error.headers)


def _not_found(request: Request, error: Exception) -> Response:
    """Return 404, or 410 for a former article; the page links to a search for the URL."""
    if isinstance(error, ArticleGoneError):
        return _error(request, 410, sought=error.url)
    sought = error.wanted if isinstance(error, NotFoundError) else ""
    return _error(request, 404, sought=sought if sought.startswith(("http://", "https://")) else "")


def _unavailable(request: Request, error: Exception) -> Response:
    _log.warning("%s: %s", request.url.path, error)
    return _error(request, 503, {"Retry-After": str(RETRY_S)})


def _failed(request: Request, _: Exception) -> Response:
    return _error(request, 500)  # Starlette raises it again, and the server logs the traceback


_EXPLAINED: Final = (404, 405, 410, 503, 500)


def _error(request: Request, status: int, headers: Any = None, *, sought: str = "") -> Response:
    """Return the error as a page, or as JSON for requests to the API."""
    explained = status if status in _EXPLAINED else 404
    if "/api/" in request.url.path:
        words = {
            404: "not found",
            405: "only GET and HEAD",
            410: "no longer held",
            503: "the archive cannot be read just now",
            500: "failed",
        }
        response: Response = api.Json({"error": {"status": status, "message": words[explained]}}, status)
    else:
        response = page(request, "error.html", status=status, code=explained, sought=sought)
    for name, value in dict(headers or {}).items():
        response.headers[name] = value
    return response
