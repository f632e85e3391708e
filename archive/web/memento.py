"""Serve permanent URLs of versions, and Memento (RFC 7089): a TimeGate that finds a version by time, a TimeMap that lists all."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, RedirectResponse, Response

from archive.files.clock import timestamp14
from archive.urls.permalink import permalink
from archive.web.pages import article_page
from archive.web.parameters import SearchParameters
from archive.web.views import open_archive, open_archives, room_of, room_root

if TYPE_CHECKING:
    from starlette.requests import Request

    from archive.index.columns import ArticleRow


def version(request: Request) -> Response:
    """GET /a/TIME/URL: the version of the article at URL that stood at TIME (14 digits, UTC)."""
    wanted = f"/a/{request.path_params['moment']}/{_url(request)}"
    with open_archive(request) as archive:
        row = archive.article(wanted)
    shown = article_page(request, row["id"], SearchParameters())
    shown.headers["Memento-Datetime"] = _http_date(row["fetched_at"])
    shown.headers["Link"] = _links(request, row)
    return shown


def of_several(request: Request) -> Response:
    """GET /a/TIME/URL of several archives: leads to the room of the one that was served the article last."""
    wanted = f"/a/{request.path_params['moment']}/{_url(request)}"
    with open_archives(request) as archives:
        archive, _ = archives.holder(wanted)
        row, room = archive.article(wanted), room_of(request, archives, archive)
    return RedirectResponse(permalink(row, room), status_code=302)


def timegate(request: Request) -> Response:
    """GET /timegate/URL: redirect to the version at `Accept-Datetime`, or to the latest; 400 for what is not a date."""
    url = _url(request)
    asked = request.headers.get("accept-datetime", "")
    try:
        moment = timestamp14(parsedate_to_datetime(asked)) if asked else ""
    except ValueError:
        return PlainTextResponse(f"Accept-Datetime is not a date of RFC 7231: {asked[:80]!r}\n", status_code=400)
    with open_archive(request) as archive:
        row = archive.version_at(url, moment) if moment else archive.article(url)
    headers = {"Vary": "accept-datetime", "Link": _links(request, row)}
    return RedirectResponse(permalink(row, room_root(request)), status_code=302, headers=headers)


def timemap(request: Request) -> Response:
    """GET /timemap/URL: every version of the article with the time of its first capture, as `application/link-format` (RFC 6690)."""
    with open_archive(request) as archive:
        rows = archive.versions(_url(request))
    first = rows[0]
    room = room_root(request)
    entries = [
        f'<{_quoted(first["url"])}>; rel="original"',
        f'<{room}/timemap/{_quoted(first["url"])}>; rel="self"; type="application/link-format"',
        f'<{room}/timegate/{_quoted(first["url"])}>; rel="timegate"',
    ]
    entries += [
        f'<{permalink(row, room)}>; rel="memento"; datetime="{_http_date(row["fetched_at"])}"'
        for row in sorted(rows, key=lambda one: one["fetched_at"])
    ]
    return Response(",\n".join(entries) + "\n", media_type="application/link-format")


def _url(request: Request) -> str:
    """Return the URL at the end of the path; its query is the request's own."""
    query = request.url.query
    return str(request.path_params["url"]) + (f"?{query}" if query else "")


def _links(request: Request, row: ArticleRow) -> str:
    room, url = room_root(request), _quoted(row["url"])
    return (
        f'<{url}>; rel="original", <{room}/timegate/{url}>; rel="timegate", '
        f'<{room}/timemap/{url}>; rel="timemap"; type="application/link-format"'
    )


def _quoted(url: str) -> str:
    return permalink({"url": url, "fetched_at": "0" * 14}).removeprefix(f"/a/{'0' * 14}/")


def _http_date(moment: str) -> str:
    return format_datetime(datetime.fromisoformat(moment).astimezone(UTC), usegmt=True)
