"""Serve permanent URLs of articles, redirects of ids to them, and Memento (RFC 7089): a TimeGate and TimeMaps.

A memento is a version over an unbroken span: a text that is changed and changed back has two. Its URL has the time of the first capture
of that span: `/a/TIME/URL`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from starlette.responses import PlainTextResponse, RedirectResponse, Response

from archive.errors import NotFoundError
from archive.files.clock import timestamp14
from archive.urls.permalink import permalink, timestamp
from archive.web.pages import article_page
from archive.web.parameters import SearchParameters
from archive.web.views import open_archive, open_archives, room_here, room_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from archive.archive import Archive
    from archive.index.columns import ArticleRow

_LINK_FORMAT: Final = "application/link-format"
_VARY: Final = {"Vary": "accept-datetime"}
_SHOWN_BAD: Final = 80
_SLASHES: Final = re.compile(r"^([a-z][a-z0-9+.-]*):/+", re.IGNORECASE)
"""A scheme and its slashes, which proxies may collapse to one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memento:
    """A version over one unbroken span: its start (ISO 8601), and the row of the version."""

    since: str
    row: ArticleRow

    def address(self, room: str) -> str:
        """Return the URL of the memento."""
        return permalink({"url": self.row["url"], "fetched_at": self.since}, room)


def by_id(request: Request) -> Response:
    """GET /articles/ID: redirect to the permanent URL; with `?q=` or `?lang=`, show the article with the words of this search marked.

    A former id leads to the article that it stood for. An article whose URL has no permanent URL (`javascript:`) is shown here.
    """
    wanted = request.path_params["id"]
    with open_archive(request) as archive:
        row = archive.article(wanted)
        leads_on = not request.url.query and is_permanent(archive, row)
    if leads_on:
        return moved(permalink(row, room_here(request)))
    if row["id"] != wanted:
        return moved(f"{room_here(request)}/articles/{row['id']}{_query(request)}")
    return article_page(request, row["id"], SearchParameters.of(request.query_params))


def merged(request: Request) -> Response:
    """GET /archives/NAME/articles/ID: redirect from an article of an archive that was merged into this one."""
    with open_archive(request) as archive:
        row = archive.formerly(request.path_params["id"], archive=request.path_params["name"])
    return moved(f"{room_here(request)}/articles/{row['id']}")


def moved(address: str) -> Response:
    """Return a permanent redirect: an id never refers to another article."""
    return RedirectResponse(address, status_code=301)


def is_permanent(archive: Archive, row: ArticleRow) -> bool:
    """Return whether the permanent URL of a version leads to it, which needs an http(s) URL of the article."""
    try:
        return archive.article(permalink(row))["id"] == row["id"]
    except NotFoundError:
        return False


def permalink_of(request: Request, *, segments: int) -> str:
    """Return the permanent URL for a request whose path has the article's URL after the first `segments` segments."""
    return f"/a/{request.path_params['moment']}/{_url(request, segments)}"


def version(request: Request) -> Response:
    """GET /a/TIME/URL: the version of URL that was online at TIME (14 digits, UTC), under the URL of its memento."""
    moment, room = request.path_params["moment"], room_here(request)
    with open_archive(request) as archive:
        row = archive.article(permalink_of(request, segments=3))
        mementos = mementos_of(archive, row)
    shown = standing_at(mementos, moment)
    links = {"Link": _links(mementos, shown, room)}
    if timestamp(mementos[shown].since) != moment:
        return RedirectResponse(mementos[shown].address(room), status_code=302, headers=links)
    answer = article_page(request, mementos[shown].row["id"], SearchParameters())
    answer.headers.update(links | {"Memento-Datetime": _http_date(mementos[shown].since)})
    return answer


def of_several(request: Request) -> Response:
    """GET /a/TIME/URL, /timegate/URL or /timemap/URL over several archives: redirect to the room of the archive that fetched it last."""
    with open_archives(request) as archives:
        archive, _ = archives.holder(
            permalink_of(request, segments=3) if "moment" in request.path_params else _url(request, 2)
        )
        room = room_of(request, archives, archive)
    return RedirectResponse(f"{room}{_raw_path(request)}{_query(request)}", status_code=302, headers=_VARY)


def timegate(request: Request) -> Response:
    """GET /timegate/URL: redirect to the memento at `Accept-Datetime`, by default the latest; 400 if it is not an HTTP date."""
    asked = request.headers.get("accept-datetime", "").strip()
    try:
        moment = timestamp14(parsedate_to_datetime(asked)) if asked else ""
    except (ValueError, OverflowError):
        words = f"Accept-Datetime is not a date as in `Thu, 31 May 2007 20:35:00 GMT`: {asked[:_SHOWN_BAD]!r}\n"
        return PlainTextResponse(words, status_code=400, headers=_VARY)
    room = room_here(request)
    with open_archive(request) as archive:
        mementos = mementos_of(archive, archive.article(_url(request, 2)))
    found = standing_at(mementos, moment) if moment else len(mementos) - 1
    headers = _VARY | {"Link": _links(mementos, found, room)}
    return RedirectResponse(mementos[found].address(room), status_code=302, headers=headers)


def timemap(request: Request) -> Response:
    """GET /timemap/URL: all mementos of the article as `application/link-format` (RFC 6690)."""
    room = room_here(request)
    with open_archive(request) as archive:
        mementos = mementos_of(archive, archive.article(_url(request, 2)))
    first, last = mementos[0], mementos[-1]
    url = _quoted(last.row["url"])
    span = f'from="{_http_date(first.since)}"; until="{_http_date(last.since)}"'
    entries = [
        f'<{url}>; rel="original"',
        f'<{room}/timemap/{url}>; rel="self"; type="{_LINK_FORMAT}"; {span}',
        f'<{room}/timegate/{url}>; rel="timegate"',
        *(_entry(mementos, number, room) for number in range(len(mementos))),
    ]
    return Response(",\n".join(entries) + "\n", media_type=_LINK_FORMAT)


def mementos_of(archive: Archive, row: ArticleRow) -> list[Memento]:
    """Return the mementos of an article, oldest first; of two that began in the same second, and so have the same URL, the later."""
    versions = {one["id"]: one for one in archive.versions(row["url"])}
    stood = [(one["first_at"], one["article_id"]) for one in archive.version_spans(row)]
    stood = stood or [(one["fetched_at"], number) for number, one in versions.items()]
    begun = {timestamp(since): Memento(since=since, row=versions[number]) for since, number in stood}
    return [begun[moment] for moment in sorted(begun)]


def standing_at(mementos: Sequence[Memento], moment: str) -> int:
    """Return the index of the memento that was served at a time (14 digits); 0 for a time before the first."""
    return max(0, sum(timestamp(one.since) <= moment for one in mementos) - 1)


def _links(mementos: Sequence[Memento], shown: int, room: str) -> str:
    """Return the Link header of a memento or its TimeGate: original, TimeGate, TimeMap, and the neighbouring mementos."""
    url = _quoted(mementos[shown].row["url"])
    numbers = sorted({0, max(0, shown - 1), shown, min(shown + 1, len(mementos) - 1), len(mementos) - 1})
    links = [
        f'<{url}>; rel="original"',
        f'<{room}/timegate/{url}>; rel="timegate"',
        f'<{room}/timemap/{url}>; rel="timemap"; type="{_LINK_FORMAT}"',
        *(_entry(mementos, number, room, shown) for number in numbers),
    ]
    return ", ".join(links)


def _entry(mementos: Sequence[Memento], number: int, room: str, shown: int | None = None) -> str:
    """Return the link to one memento, with its relation to the memento `shown`, if any."""
    one, last = mementos[number], len(mementos) - 1
    relations = {"first": number == 0, "last": number == last}
    if shown is not None:
        relations |= {"prev": number == shown - 1, "next": number == shown + 1}
    words = " ".join([name for name, holds in relations.items() if holds] + ["memento"])
    return f'<{one.address(room)}>; rel="{words}"; datetime="{_http_date(one.since)}"'


def _url(request: Request, depth: int) -> str:
    """Return the URL after the first segments of the path, undecoded: decoding would turn `%2F` into `/`."""
    root = str(request.scope.get("root_path", ""))
    written = _raw_path(request, full=True).split("/", root.count("/") + depth)[-1]
    return _SLASHES.sub(r"\1://", written) + _query(request)


def _raw_path(request: Request, *, full: bool = False) -> str:
    """Return the percent-encoded path of the request, without the path of the room unless `full`."""
    raw = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    path = str(bytes(raw).partition(b"?")[0].decode("ascii", "replace"))
    root = str(request.scope.get("root_path", ""))
    return path if full or not root else "/" + path.split("/", root.count("/") + 1)[-1]


def _query(request: Request) -> str:
    return f"?{request.url.query}" if request.url.query else ""


def _quoted(url: str) -> str:
    return permalink({"url": url, "fetched_at": "0" * 14}).removeprefix(f"/a/{'0' * 14}/")


def _http_date(moment: str) -> str:
    return format_datetime(datetime.fromisoformat(moment).astimezone(UTC), usegmt=True)
