"""Serve the same data to programs as JSON. Read-only; the status reports the result, `error` explains it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse

from archive import search
from archive.diff import compare
from archive.errors import UsageError
from archive.index import columns
from archive.urls.permalink import permalink
from archive.web import frequency, front, ledger, memento
from archive.web.openapi import VERSION_COLUMNS, document_of
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


class Json(JSONResponse):
    """JSON with unescaped non-ASCII letters, so that people can read it."""

    def render(self, content: object) -> bytes:
        """Return the bytes."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(
            "utf-8", "surrogatepass"
        )


def search_(request: Request) -> Json:
    """GET /api/search?q=&site=&section=&author=&language=&tag=&source=&is=&from=&to=&order=&semantic=&limit=&offset=: hits and facets.

    Parts of the query that are not valid are ignored and listed in `problems`; they are never an error.
    """
    asked = SearchParameters.of(request.query_params, limit=PAGE)
    with open_archives(request) as archives:
        found = found_by(request, archives, asked)
        facets = archives.facets(found.query)
        rooms = rooms_of(request, archives, found)
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
            "next_offset": found.next_offset(asked.offset, asked.limit),
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
    """Return the problem of a query by meaning in a room that does not offer it."""
    return (search.problem("not_semantic"),) if asked.semantic and not request.app.state.semantic else ()


def _hit(hit: Hit, room: str) -> dict[str, Any]:
    """Return a hit as JSON; texts are lists of pieces, so that clients need not trust any markup."""
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
    """GET /api/articles/ID: redirect to its permanent address, /api/a/TIME/URL. 404: unknown id; 410: the article is no longer held."""
    with open_archive(request) as archive:
        row = archive.article(request.path_params["id"])
        if memento.is_permanent(archive, row):
            return memento.moved(permalink(row, f"{room_here(request)}/api"))
        return _article(request, archive, row)


def article_at(request: Request) -> Response:
    """GET /api/a/TIME/URL: all columns of the version of URL that was online at TIME, and its robots directives. 404 if there is none."""
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
    """GET /api/articles/ID/versions: all versions of the article, oldest first, without their texts."""
    with open_archive(request) as archive:
        rows = archive.versions(archive.article(request.path_params["id"])["url"])
    return Json([columns.as_json_row({name: row[name] for name in VERSION_COLUMNS}) for row in rows])


def articles(request: Request) -> Json:
    """GET /api/articles?cursor=&limit=: the latest version of every article, in the order of their ids, without their texts.

    Pass `next_cursor` as `cursor` to get the next ones; it is null at the end.
    """
    asked = SearchParameters.of({"limit": request.query_params.get("limit", "")}, limit=MOST)
    after = request.query_params.get("cursor", "")
    problems = [str(one) for one in asked.problems]
    start = int(after) if after.isdecimal() and len(after) < _LONGEST_ID else None
    if after and start is None:
        problems.append(str(search.problem("bounds", field="cursor", least=0, most=10 ** (_LONGEST_ID - 1) - 1)))
    with open_archive(request) as archive:
        rows = archive.listed(after=start or 0, limit=asked.limit + 1)
    page = [columns.as_json_row({name: row[name] for name in VERSION_COLUMNS}) for row in rows[: asked.limit]]
    following = str(page[-1]["id"]) if len(rows) > asked.limit else None
    return Json({"articles": page, "next_cursor": following, "problems": problems})


def captures(request: Request) -> Json:
    """GET /api/articles/ID/captures: all captures of the article's pages, oldest first."""
    with open_archive(request) as archive:
        return Json(archive.captures_of(archive.article(request.path_params["id"])))


def related(request: Request) -> Json:
    """GET /api/articles/ID/related?limit=: the articles nearest in meaning, with their `similarity`, without near duplicates.

    `problems` names the cause if the article has no vector or the reading room has no model.
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
    rows = [columns.as_json_row({name: one[name] for name in VERSION_COLUMNS}) for one, _ in found]
    shown = [{**one, "similarity": round(cosine, 3)} for one, (_, cosine) in zip(rows, found, strict=True)]
    return Json({"related": shown, "problems": problems})


def diff(request: Request) -> Json:
    """GET /api/diff?old=ID&new=ID: the changes between two versions of one article; null if they are too long to be compared.

    404 if they are versions of different articles.
    """
    old_id, new_id = (request.query_params.get(name, "") for name in ("old", "new"))
    with open_archive(request) as archive:
        old, new = versions_to_compare(archive, old_id, new_id)
    too_long = len(old["text"]) + len(new["text"]) > LONGEST_COMPARED
    difference = None if too_long else asdict(compare(old["title"], old["text"], new["title"], new["text"]))
    return Json({"old": old["id"], "new": new["id"], "difference": difference})


def health(request: Request) -> Json:
    """GET /api/health: the ledger of the last week, and the alarms of yesterday and today, as in `warraq health --json`."""
    with open_archive(request) as archive:
        recent, alarms = ledger.recent(archive)
    return Json({"days": [_plain(entry) for entry in recent], "alarms": [_plain(alarm) for alarm in alarms]})


def _plain(entry: Day | Alarm) -> dict[str, Any]:
    return {**asdict(entry), "day": entry.day.isoformat()}


def front_pages(request: Request) -> Json:
    """GET /api/front?site=: the front pages whose headlines are archived, at most 100, each with its first and last time."""
    with open_archive(request) as archive:
        found = archive.front_pages(site=SearchParameters.of(request.query_params).value("site"))
    return Json({"front_pages": [asdict(one) for one in found]})


def front_timeline(request: Request) -> Json:
    """GET /api/front/timeline?url=&from=&to=&places=&limit=&offset=: the leading headlines of a front page with their times, newest first.

    Without `from`, they are of the last 30 archived days, or of the 30 days before `to`. 404 if nothing of the page is archived.
    """
    with open_archive(request) as archive:
        found = front.of_page(archive, request.query_params)
    return Json(front.timeline_data(found, request.scope.get("root_path", "")))


def word_usage(request: Request) -> Json:
    """GET /api/words?q=&site=&from=&to=: the number of articles with each of the comma-separated words, by day and by site."""
    asked = SearchParameters.of(request.query_params)
    return Json(frequency.series_data(*frequency.measure(request, asked)))


def stats(request: Request) -> Json:
    """GET /api/stats: the figures of `warraq stats --json`, and the coverage by site, outcome and day."""
    with open_archive(request) as archive:
        return Json({**archive.stats(), "coverage": archive.coverage()})


def openapi(request: Request) -> Json:
    """GET /api/openapi.json: this description of the API (OpenAPI 3.1)."""
    state = request.app.state
    paths = SPANNING if len(state.folders) > 1 else tuple(OPERATIONS)
    operations = {path: (OPERATIONS[path][0].__doc__ or "", OPERATIONS[path][1]) for path in paths}
    return Json(document_of(operations, room=request.scope.get("root_path", ""), saves=state.saving is not None))


_LONGEST_ID: Final = 19
"""The most digits of an id: those of the largest integer of SQLite."""
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
"""Handlers and query parameters by path; the routes and the OpenAPI document are made from it."""

SPANNING: Final = ("/api/search", "/api/words", "/api/openapi.json")
"""Paths that are served over several archives as one."""
