"""Answer programs with the same data as JSON. Read-only; statuses report the result, `error` explains it."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse

from archive import search
from archive.diff import compare
from archive.errors import UsageError
from archive.index import columns
from archive.urls.permalink import permalink
from archive.web import frequency, front, ledger, memento
from archive.web.parameters import MOST, PAGE, SearchParameters
from archive.web.views import (
    LONGEST_COMPARED,
    found_by,
    open_archive,
    open_archives,
    room_here,
    rooms_of,
    versions_to_compare,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from archive.archive import Archive
    from archive.index.columns import ArticleRow
    from archive.index.monitor import Alarm, Day
    from archive.search import Hit

_VERSION_COLUMNS: Final = (
    "id", "url", "version", "is_latest", "title", "author", "date_published", "date_modified", "text_digest", "fetched_at", "last_seen_at",
    "warc_filename", "warc_record_offset", "warc_record_length", "payload_digest",
)  # fmt: skip


class Json(JSONResponse):
    """JSON in the letters it is about, so that a person can read it too."""

    def render(self, content: object) -> bytes:
        """Return the bytes."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(
            "utf-8", "surrogatepass"
        )


def search_(request: Request) -> Json:
    """GET /api/search?q=&site=&section=&author=&language=&tag=&source=&is=&from=&to=&order=&semantic=&limit=&offset=: hits and facets.

    What makes no sense in the question is left out and named in `problems`; it is never an error.
    """
    asked = SearchParameters.of(request.query_params, limit=PAGE)
    with open_archives(request) as archives:
        found = found_by(request, archives, asked)
        facets = archives.facets(found.query)
        rooms = rooms_of(request, archives, found)
    following = asked.offset + asked.limit
    return Json(
        {
            "query": asked.words,
            "filters": dict(asked.filters),
            "order": asked.fitting_order,
            "offset": asked.offset,
            "limit": asked.limit,
            "total": found.total,
            "total_is_exact": found.total_is_exact,
            "complete": found.complete,
            "relaxed": found.relaxed,
            "did_you_mean": found.suggestion(asked.words) or None,
            "problems": [str(one) for one in (*asked.problems, *found.problems, *_not_semantic(request, asked))],
            "next_offset": following if following < found.total else None,
            "hits": [_hit(hit, room) for hit, room in zip(found.hits, rooms, strict=True)],
            "facets": {
                "counted": facets.counted,
                "site": dict(facets.sites),
                "section": dict(facets.sections),
                "language": dict(facets.languages),
                "author": dict(facets.authors),
                "tag": dict(facets.tags),
                "day": dict(facets.days),
                "undated": facets.undated,
            },
        }
    )


def _not_semantic(request: Request, asked: SearchParameters) -> tuple[search.Problem, ...]:
    """Return the problem of a question by meaning to a room that does not search by it."""
    return (search.problem("not_semantic"),) if asked.semantic and not request.app.state.semantic else ()


def _hit(hit: Hit, room: str) -> dict[str, Any]:
    """Return a hit; texts are given as pieces, so that clients need not trust any markup."""
    plain = {name: value for name, value in asdict(hit).items() if name not in {"title_marks", "snippet"}}
    title, snippet = search.pieces(hit.title, hit.title_marks), hit.snippet.pieces()
    return plain | {
        "title_pieces": _pieces(title),
        "snippet": "".join(text for text, _ in snippet),
        "snippet_pieces": _pieces(snippet),
        "article": f"{room}/api/articles/{hit.id}",
    }


def _pieces(pieces: Sequence[tuple[str, bool]]) -> list[dict[str, object]]:
    return [{"text": text, "marked": marked} for text, marked in pieces]


def article(request: Request) -> Response:
    """GET /api/articles/ID: redirect to the permanent address, /api/a/TIME/URL. 404 for an unknown id, 410 for one of a former article."""
    with open_archive(request) as archive:
        row = archive.article(request.path_params["id"])
        if memento.is_permanent(archive, row):
            return memento.moved(permalink(row, f"{room_here(request)}/api"))
        return _article(request, archive, row)


def article_at(request: Request) -> Response:
    """GET /api/a/TIME/URL: every column of the version at URL that stood at TIME, and the directives of its capture. 404 for none."""
    with open_archive(request) as archive:
        return _article(request, archive, archive.article(memento.permalink_of(request, segments=4)))


def _article(request: Request, archive: Archive, row: ArticleRow) -> Json:
    directives = archive.capture(row["capture_id"])["directives"]
    room = request.scope.get("root_path", "")
    links = {
        "versions": f"{room}/api/articles/{row['id']}/versions",
        "original": f"{room}/raw/{row['id']}",
        "permalink": permalink(row, room),
    }
    return Json({**columns.as_json_row(row), "directives": directives.split(), "links": links})


def versions(request: Request) -> Json:
    """GET /api/articles/ID/versions: all versions of that article, oldest first, without their texts."""
    with open_archive(request) as archive:
        rows = archive.versions(archive.article(request.path_params["id"])["url"])
    return Json([columns.as_json_row({name: row[name] for name in _VERSION_COLUMNS}) for row in rows])


def articles(request: Request) -> Json:
    """GET /api/articles?cursor=&limit=: the latest version of every article, in the order in which they came in, without their texts.

    `next_cursor` leads on, however many there are; null at the end.
    """
    asked = SearchParameters.of({"limit": request.query_params.get("limit", "")}, limit=MOST)
    after = request.query_params.get("cursor", "")
    start = int(after) if after.isdecimal() and len(after) < _LONGEST_ID else 0
    with open_archive(request) as archive:
        rows = archive.listed(after=start, limit=asked.limit + 1)
    page = [columns.as_json_row({name: row[name] for name in _VERSION_COLUMNS}) for row in rows[: asked.limit]]
    following = str(page[-1]["id"]) if len(rows) > asked.limit else None
    return Json({"articles": page, "next_cursor": following, "problems": [str(one) for one in asked.problems]})


def captures(request: Request) -> Json:
    """GET /api/articles/ID/captures: every capture of that article's pages, oldest first."""
    with open_archive(request) as archive:
        return Json(archive.captures_of(archive.article(request.path_params["id"])))


def related(request: Request) -> Json:
    """GET /api/articles/ID/related?limit=: the articles nearest in meaning, with their `similarity`, without near copies.

    `problems` says so when the article has no vector, or the room no model.
    """
    asked = SearchParameters.of({"limit": request.query_params.get("limit", "")})
    problems = [str(one) for one in asked.problems]
    found: list[tuple[ArticleRow, float]] = []
    with open_archive(request) as archive:
        row = archive.article(request.path_params["id"])
        try:
            found = archive.related(row, limit=asked.limit)
        except UsageError as error:
            problems.append(str(error))
    rows = [columns.as_json_row({name: one[name] for name in _VERSION_COLUMNS}) for one, _ in found]
    shown = [{**one, "similarity": round(cosine, 3)} for one, (_, cosine) in zip(rows, found, strict=True)]
    return Json({"related": shown, "problems": problems})


def diff(request: Request) -> Json:
    """GET /api/diff?old=ID&new=ID: what changed between two versions of one article, null where they are too long to be compared.

    404 when they are not of one article.
    """
    old_id, new_id = (request.query_params.get(name, "") for name in ("old", "new"))
    with open_archive(request) as archive:
        old, new = versions_to_compare(archive, old_id, new_id)
    too_long = len(old["text"]) + len(new["text"]) > LONGEST_COMPARED
    difference = None if too_long else asdict(compare(old["title"], old["text"], new["title"], new["text"]))
    return Json({"old": old["id"], "new": new["id"], "difference": difference})


def health(request: Request) -> Json:
    """GET /api/health: the ledger of the last week, and the alarms of yesterday and today, as `warraq health --json` has them."""
    with open_archive(request) as archive:
        recent, alarms = ledger.recent(archive)
    return Json({"days": [_plain(entry) for entry in recent], "alarms": [_plain(alarm) for alarm in alarms]})


def _plain(entry: Day | Alarm) -> dict[str, Any]:
    return {**asdict(entry), "day": entry.day.isoformat()}


def front_pages(request: Request) -> Json:
    """GET /api/front?site=: the front pages whose headlines were kept, at most 100, and since when and until when."""
    with open_archive(request) as archive:
        found = archive.front_pages(site=SearchParameters.of(request.query_params).value("site"))
    return Json({"front_pages": [asdict(one) for one in found]})


def front_timeline(request: Request) -> Json:
    """GET /api/front/timeline?url=&from=&to=&places=&limit=&offset=: what led a front page and when, newest first.

    Without `from` of the last 30 days that were kept, or before `to`. 404 when nothing of that page was kept.
    """
    with open_archive(request) as archive:
        found = front.of_page(archive, request.query_params)
    return Json(front.timeline_data(found, request.scope.get("root_path", "")))


def word_usage(request: Request) -> Json:
    """GET /api/words?q=&site=&from=&to=: how many articles have each of the words that commas part, by day and by site."""
    asked = SearchParameters.of(request.query_params)
    return Json(frequency.series_data(*frequency.measure(request, asked)))


def stats(request: Request) -> Json:
    """GET /api/stats: the figures of `warraq stats --json`, and the coverage by site, outcome and day."""
    with open_archive(request) as archive:
        return Json({**archive.stats(), "coverage": archive.coverage()})


def openapi(request: Request) -> Json:
    """GET /api/openapi.json: this description of the API (OpenAPI 3.1)."""
    return Json(_document(request.scope.get("root_path", ""), saves=request.app.state.saving is not None))


def _document(room: str, *, saves: bool) -> dict[str, Any]:
    """Return the OpenAPI document; what an operation does is the docstring of what answers it."""
    paths: dict[str, Any] = {}
    for path, (answers, parameters) in OPERATIONS.items():
        said = " ".join((answers.__doc__ or "").partition(": ")[2].split())
        given: list[dict[str, Any]] = [
            {"name": name, "in": "query", "schema": _SCHEMAS.get(name, _TEXT)} for name in parameters
        ]
        if "{id}" in path:
            given.append({"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}})
        given += [
            {"name": name, "in": "path", "required": True, "schema": _TEXT}
            for name in ("moment", "url")
            if f"{{{name}}}" in path
        ]
        responses = {
            "200": {"description": "the answer", "content": {"application/json": {"schema": {"type": _kind_of(path)}}}},
            **{status: {"description": words, "content": _ERROR} for status, words in _STATUSES.items()},
        }
        paths[path] = {"get": {"summary": said, "parameters": given, "responses": responses}}
    if saves:
        paths["/api/save"] = {"post": _SAVE}
    info = {"title": "warraq", "version": metadata.version("warraq"), "description": "A news archive, read-only."}
    document = {"openapi": "3.1.0", "info": info, "servers": [{"url": room or "/"}], "paths": paths}
    if saves:
        document["components"] = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
    return document


def _kind_of(path: str) -> str:
    return "array" if path.endswith(("/versions", "/captures")) else "object"


_LONGEST_ID: Final = 19
"""Digits of an id that a database can hold, and one more."""
_TEXT: Final = {"type": "string"}
_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST},
    "offset": {"type": "integer", "minimum": 0},
    "order": {"type": "string", "enum": ["relevance", "newest", "oldest"]},
    "places": {"type": "integer", "minimum": 1, "maximum": front.MOST_PLACES},
    "old": {"type": "integer"},
    "new": {"type": "integer"},
}
_STATUSES: Final = {
    "404": "nothing of that id or address",
    "410": "of an article that is no longer held",
    "503": "the archive cannot be read just now; see Retry-After",
}
_ERROR: Final = {
    "application/json": {
        "schema": {
            "type": "object",
            "properties": {
                "error": {
                    "type": "object",
                    "properties": {"status": {"type": "integer"}, "message": {"type": "string"}},
                }
            },
        }
    }
}
_SAVE: Final[dict[str, Any]] = {
    "summary": "save the page `url` now, as `warraq save` does; answer when it is done.",
    "security": [{"token": []}],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["url"], "properties": {"url": {"type": "string"}}}
            }
        },
    },
    "responses": {
        "200": {"description": "saved", "content": {"application/json": {"schema": {"type": "object"}}}},
        **{
            str(status): {"description": words, "content": _ERROR}
            for status, words in {
                400: "no address of the web",
                403: "no token, a wrong one, or a page of another origin",
                409: "a crawl writes to that archive",
                422: "no article was found there, or robots.txt forbids it",
                429: "other pages are being saved",
                502: "the site does not answer",
                504: "not done in time",
            }.items()
        },
    },
}
_SEARCH: Final = (
    "q",
    "site",
    "section",
    "author",
    "language",
    "tag",
    "source",
    "is",
    "from",
    "to",
    "order",
    "semantic",
    "limit",
    "offset",
)
OPERATIONS: Final[Mapping[str, tuple[Callable[[Request], Response], tuple[str, ...]]]] = {
    "/api/search": (search_, _SEARCH),
    "/api/articles": (articles, ("cursor", "limit")),
    "/api/articles/{id}": (article, ()),
    "/api/a/{moment}/{url}": (article_at, ()),
    "/api/articles/{id}/versions": (versions, ()),
    "/api/articles/{id}/captures": (captures, ()),
    "/api/articles/{id}/related": (related, ("limit",)),
    "/api/diff": (diff, ("old", "new")),
    "/api/words": (word_usage, _SEARCH[:-4]),
    "/api/front": (front_pages, ("site",)),
    "/api/front/timeline": (front_timeline, ("url", "from", "to", "places", "limit", "offset")),
    "/api/stats": (stats, ()),
    "/api/health": (health, ()),
    "/api/openapi.json": (openapi, ()),
}
"""What is answered, by path, and with which parameters of the query: routes and OpenAPI document are made of it."""
