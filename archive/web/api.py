"""The same answers for programs: requests in, JSON out. Read-only; statuses say how it went, `error` says it in words."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse

from archive import search
from archive.index import columns
from archive.web.parameters import PAGE, SearchParameters
from archive.web.views import open_archive, open_archives, room_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from archive.search import Hit

_VERSION_COLUMNS: Final = (
    "id", "url", "version", "is_latest", "title", "author", "date_published", "date_modified", "text_digest", "fetched_at", "last_seen_at",
    "warc_filename", "warc_record_offset", "warc_record_length", "payload_digest",
)  # fmt: skip


class Json(JSONResponse):
    """JSON in the letters it is about, so that a person can read it too."""

    def render(self, content: object) -> bytes:
        """The bytes."""
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(
            "utf-8", "surrogatepass"
        )


def search_(request: Request) -> Json:
    """GET /api/search?q=&site=&section=&author=&language=&from=&to=&order=&limit=&offset=: hits and facets.

    What makes no sense in the question is left out and named in `problems`; it is never an error.
    """
    asked = SearchParameters.of(request.query_params, limit=PAGE)
    with open_archives(request) as archives:
        found = archives.search(
            asked.words, only=asked.only, order=asked.fitting_order, limit=asked.limit, offset=asked.offset
        )
        facets = archives.facets(found.query)
        rooms = [room_of(request, archives, archives.archive_of(found, number)) for number in range(len(found.hits))]
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
            "problems": [str(one) for one in (*asked.problems, *found.problems)],
            "next_offset": following if following < found.total else None,
            "hits": [_hit(hit, room) for hit, room in zip(found.hits, rooms, strict=True)],
            "facets": {
                "counted": facets.counted,
                "site": dict(facets.sites),
                "section": dict(facets.sections),
                "language": dict(facets.languages),
                "day": dict(facets.days),
                "undated": facets.undated,
            },
        }
    )


def _hit(hit: Hit, room: str) -> dict[str, Any]:
    """A hit; texts are given as pieces, so that nobody needs to trust markup in them."""
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


def article(request: Request) -> Json:
    """GET /api/articles/ID: every column, and the directives of its capture. 404 when there is none."""
    with open_archive(request) as archive:
        row = archive.article(request.path_params["id"])
        directives = archive.capture(row["capture_id"])["directives"]
    room = request.scope.get("root_path", "")
    links = {"versions": f"{room}/api/articles/{row['id']}/versions", "original": f"{room}/raw/{row['id']}"}
    return Json({**columns.opened(row), "directives": directives.split(), "links": links})


def versions(request: Request) -> Json:
    """GET /api/articles/ID/versions: all versions of that article, oldest first, without their texts."""
    with open_archive(request) as archive:
        rows = archive.versions(archive.article(request.path_params["id"])["url"])
    return Json([columns.opened({name: row[name] for name in _VERSION_COLUMNS}) for row in rows])


def stats(request: Request) -> Json:
    """GET /api/stats: the figures of `warraq stats --json`, and the coverage by site, outcome and day."""
    with open_archive(request) as archive:
        return Json({**archive.stats(), "coverage": archive.coverage()})
