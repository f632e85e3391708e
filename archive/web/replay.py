"""Replay the archived page: in a sandboxed frame, as plain HTML in a sandbox, or as a WACZ to download."""

from __future__ import annotations

import re
import secrets
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import HTMLResponse, Response

from archive.capture import Location
from archive.errors import ArchiveError, DamagedFileError, NotFoundError, StorageError, UsageError
from archive.export import FORMATS, Chosen, Source, original_place, place_of, rendered_places
from archive.export.loaded import MOST, STYLE, decoded_body, loaded_by, replay_pool
from archive.http import BadCoding, NotHttp, TooLarge, decode, parse_response
from archive.index import captures, images
from archive.parse import ReplayTask
from archive.parse.workers import NoWorkerError, WorkerKilledError
from archive.web.admission import ARCHIVED_POLICY, REPLAY_POLICY
from archive.web.views import View, missing_originals, open_archive, page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from archive.archive import Archive
    from archive.index.rows import StoredCapture
    from archive.parse import Prepared
    from archive.parse.workers import WorkerPool

LARGEST: Final = 20_000_000
"""The most bytes of HTML after decoding; a crawl keeps no more of a page."""
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE | re.ASCII)

KEY: Final = secrets.token_urlsafe(12)
"""A part of the URLs of requisites of archived pages. A page in a sandbox has no origin, so requisites are served to any page; the key
prevents other pages from requesting them. It is valid until the server ends."""
_TYPES: Final = (
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"....ftypavi[fs]", re.DOTALL), "image/avif"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml|<!--|<!DOCTYPE svg|<svg)", re.IGNORECASE), "image/svg+xml"),
    (re.compile(rb"\x00\x00\x01\x00"), "image/x-icon"),
    (re.compile(rb"wOF2"), "font/woff2"),
    (re.compile(rb"wOFF"), "font/woff"),
    (re.compile(rb"OTTO|\x00\x01\x00\x00|true"), "font/ttf"),
)
"""Signatures of the pictures and fonts that are served. An SVG runs no scripts as a picture in a page, nor by itself, because it is sent
with its own policy."""
_SVG: Final = re.compile(rb"<svg[\s>]", re.IGNORECASE)
_MISSING: Final = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="96" height="64"><path d="M1 1h94v62H1zl94 62M1 63 95 1" fill="#8881" '
    b'stroke="#888" stroke-dasharray="4 3"/></svg>'
)
THUMBNAIL_SIDE: Final = 320
"""The longer side of a thumbnail in pixels: twice the width at which pages show it."""
_FOR_GOOD: Final = {"Cache-Control": "private, max-age=31536000, immutable"}


@cache
def _pool() -> WorkerPool[ReplayTask, Prepared]:
    return replay_pool()


def original(request: Request) -> HTMLResponse:
    """Return the frame around the archived page."""
    with open_archive(request) as archive:
        row = archive.article(request.path_params["id"])
        capture = archive.capture(row["capture_id"])
        problem, made = "", archive.renderings(row)
        try:
            _html(archive, row)
        except _UNREADABLE as error:
            problem = str(error)
    return page(request, "original.html", row=row, capture=capture, problem=problem, made=made)


def raw(request: Request) -> Response:
    """Return the archived HTML, byte for byte, in a sandbox (see ARCHIVED_POLICY)."""
    with open_archive(request) as archive:
        row = archive.article(request.path_params["id"])
        try:
            body, charset = _html(archive, row)
        except _UNREADABLE as error:
            raise NotFoundError(f"the record of article {row['id']} ({error})") from error
    # The charset of the header takes precedence over the page's <meta>, as when the page was served; without one the browser uses that.
    kind = f"text/html; charset={charset}" if charset else "text/html"
    headers = {"Content-Type": kind, "Content-Security-Policy": ARCHIVED_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return Response(body, headers=headers)


def shown(request: Request) -> Response:
    """Return the archived page for display, with the URLs of its requisites replaced by those of the archive's copies."""
    with open_archive(request) as archive:
        row = archive.article(request.path_params["id"])
        body = _with_addresses(request, archive, archive.capture(row["capture_id"]), is_style=False)
    headers = {"Content-Security-Policy": REPLAY_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return Response(body, media_type="text/html; charset=utf-8", headers=headers)


def resource(request: Request) -> Response:
    """Return a style sheet, picture or font of an archived page. Raises NotFoundError for anything else."""
    if not secrets.compare_digest(request.path_params["key"].encode(), KEY.encode()):
        raise NotFoundError("that address")
    with open_archive(request) as archive:
        row = archive.capture(request.path_params["id"])
        if row["mime"] == STYLE:
            body, kind = _with_addresses(request, archive, row, is_style=True), "text/css; charset=utf-8"
        else:
            body, kind = _file(archive, row)
    allowed = {"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"}
    headers = {"Content-Security-Policy": ARCHIVED_POLICY, **_FOR_GOOD, **allowed}
    return Response(body, media_type=kind, headers=headers)


def missing(_: Request) -> Response:
    """Return the placeholder for a picture that the archive does not hold."""
    headers = {"Content-Security-Policy": ARCHIVED_POLICY, "Cross-Origin-Resource-Policy": "cross-origin"}
    return Response(_MISSING, 404, media_type="image/svg+xml", headers=headers)


def picture(request: Request) -> Response:
    """Return a picture from the archive. Raises NotFoundError for anything that by its first bytes is not a picture to be shown."""
    with open_archive(request) as archive:
        row = archive.capture(request.path_params["id"])
        body, kind = _file(archive, row)
    if not kind.startswith("image/"):
        raise NotFoundError(f"capture {row['id']} as a picture")
    return Response(body, media_type=kind, headers={"Content-Security-Policy": ARCHIVED_POLICY, **_FOR_GOOD})


def thumbnail(request: Request) -> Response:
    """Return a thumbnail of a picture, made in a worker; for an SVG, or a picture that cannot be decoded, the picture itself."""
    with open_archive(request) as archive:
        body, _ = _file(archive, archive.capture(request.path_params["id"]))
    try:
        small = _pool().submit(ReplayTask(url="", body=body, thumbnail=THUMBNAIL_SIDE)).result().body
    except (WorkerKilledError, NoWorkerError):
        small = b""
    if not small:
        return picture(request)
    return Response(small, media_type="image/jpeg", headers={"Content-Security-Policy": ARCHIVED_POLICY, **_FOR_GOOD})


def screenshot(request: Request) -> Response:
    """Return the screenshot of an article's page from its rendering. Raises NotFoundError when there is none."""
    with open_archive(request) as archive:
        row = archive.article(request.path_params["id"])
        made = archive.renderings(row).get(request.path_params["kind"])
        if made is None or made["mime"] not in {"image/png", "image/jpeg"}:
            raise NotFoundError(f"a screenshot of article {row['id']}")
        try:
            body = archive.rendering(made).block
        except _UNREADABLE as error:
            raise NotFoundError(f"the record of the screenshot ({error})") from error
    return Response(body, media_type=made["mime"], headers={"Content-Security-Policy": ARCHIVED_POLICY, **_FOR_GOOD})


def _with_addresses(request: Request, archive: Archive, capture: StoredCapture, *, is_style: bool) -> bytes:
    """Return the body of a page or style sheet with URLs of this room; raises NotFoundError when it cannot be read or prepared."""
    try:
        body, content_type = decoded_body(archive, capture)
        task = ReplayTask(url=capture["url"], body=body, content_type=content_type, is_style=is_style)
        named = _pool().submit(task).result().urls[:MOST]
        held = captures.nearest(archive.db, named, capture["captured_at"])
        root = f"{View(request).root}/replay/{KEY}"
        addresses = {url: f"{root}/{chain[-1]['id']}" for url, chain in held.items()}
        return _pool().submit(replace(task, addresses=addresses, missing=f"{root}/missing")).result().body
    except (*_UNREADABLE, WorkerKilledError) as error:
        raise NotFoundError(f"the record of capture {capture['id']} ({error})") from error


def _file(archive: Archive, row: StoredCapture) -> tuple[bytes, str]:
    """Return the bytes of a picture or font from the WARC, and its media type; raises NotFoundError for anything else."""
    try:
        if images.problem_of(archive.db, row["record_id"]) == "too-many-pixels":
            raise NotFoundError(f"capture {row['id']}: it would take too much memory to show")
        body, _ = decoded_body(archive, row)
    except _UNREADABLE as error:
        raise NotFoundError(f"the record of capture {row['id']} ({error})") from error
    kind = next((kind for start, kind in _TYPES if start.match(body)), "")
    if not kind or (kind == "image/svg+xml" and not _SVG.search(body[:4096])):
        raise NotFoundError(f"capture {row['id']} as a picture")
    return body, kind


_UNREADABLE: Final = (DamagedFileError, StorageError, UsageError, NotHttp, TooLarge, BadCoding, OSError)


def _html(archive: Archive, row: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return the decoded body, and the charset of its Content-Type ('' when there is none)."""
    if dom := archive.dom_of(row["id"]):
        return archive.rendering(dom).block, "utf-8"
    response = parse_response(archive.record(row).block)
    charset = _CHARSET.search(response.get("Content-Type"))
    return decode(response, LARGEST), charset[1] if charset else ""


def _loaded(archive: Archive, capture: StoredCapture) -> list[Chosen]:
    return [Chosen(location=place_of(row), is_page=False) for row in loaded_by(archive, capture, _pool())]


def wacz(request: Request) -> Response:
    """Return the article's page with its requisites as a WACZ file. Raises NotFoundError when its record cannot be read."""
    with open_archive(request) as archive:
        row = archive.article(request.path_params["id"])
        chosen = Chosen(
            location=Location(
                filename=row["warc_filename"], offset=row["warc_record_offset"], length=row["warc_record_length"]
            ),
            title=row["title"],
            text=row["text"],
            renderings=rendered_places(archive, archive.capture(row["capture_id"])),
        )
        source = Source(
            collection=archive.collection.folder,
            files=archive.files,
            created=datetime.now(UTC),
            title=row["title"],
            captures=[chosen, *_loaded(archive, archive.capture(row["capture_id"]))],
            original=lambda record: original_place(archive, record),
        )
        with tempfile.TemporaryDirectory(prefix="warraq-") as folder:
            target = Path(folder, "article.wacz")
            try:
                FORMATS["wacz"].write(source, target)
            except (ArchiveError, OSError) as error:
                raise NotFoundError(f"the record of article {row['id']} ({error})") from error
            content = target.read_bytes()
    name = f"article-{row['id']}.wacz"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        **missing_originals(source.without_originals),
    }
    return Response(content, media_type="application/wacz+zip", headers=headers)
