"""Shows the page as it was served: in a frame that can do nothing, as bare HTML in a sandbox of its own, or as a WACZ to download."""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import HTMLResponse, Response

from archive.capture import Location
from archive.errors import ArchiveError, DamagedFileError, NotFoundError, StorageError, UsageError
from archive.export import FORMATS, Chosen, Source
from archive.http import BadCoding, NotHttp, TooLarge, decode, parse_response
from archive.web.admission import ARCHIVED_POLICY
from archive.web.views import open_archive, page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from archive.archive import Archive

LARGEST: Final = 20_000_000
"""Bytes of HTML after decoding; a crawl keeps no more of a page."""
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE | re.ASCII)

_PICTURES: Final = (
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"....ftypavi[fs]", re.DOTALL), "image/avif"),
)
"""How the pictures begin that are shown. SVG is not among them: it may hold scripts."""


def original(request: Request) -> HTMLResponse:
    """The frame around the archived page."""
    with open_archive(request) as archive:
        row = archive.article(request.path_params["id"])
        capture = archive.capture(row["capture_id"])
        problem = ""
        try:
            _html(archive, row)
        except _UNREADABLE as error:
            problem = str(error)
    return page(request, "original.html", row=row, capture=capture, problem=problem)


def raw(request: Request) -> Response:
    """The archived HTML, byte for byte as its author wrote it, in a sandbox (see ARCHIVED_POLICY)."""
    with open_archive(request) as archive:
        row = archive.article(request.path_params["id"])
        try:
            body, charset = _html(archive, row)
        except _UNREADABLE as error:
            raise NotFoundError(f"the record of article {row['id']} ({error})") from error
    # The header's charset outranks the page's own <meta>, as it did when the page was served; without one the browser looks there.
    kind = f"text/html; charset={charset}" if charset else "text/html"
    headers = {"Content-Type": kind, "Content-Security-Policy": ARCHIVED_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return Response(body, headers=headers)


def picture(request: Request) -> Response:
    """A picture from the archive, known by its first bytes. Raises NotFoundError for what is none, or none that a page may show."""
    with open_archive(request) as archive:
        row = archive.capture(request.path_params["id"])
        try:
            body = decode(parse_response(archive.record(row).block), LARGEST)
        except _UNREADABLE as error:
            raise NotFoundError(f"the record of capture {row['id']} ({error})") from error
    kind = next((kind for start, kind in _PICTURES if start.match(body)), "")
    if not kind:
        raise NotFoundError(f"capture {row['id']} as a picture")
    headers = {"Content-Security-Policy": ARCHIVED_POLICY, "Cache-Control": "private, max-age=31536000, immutable"}
    return Response(body, media_type=kind, headers=headers)


_UNREADABLE: Final = (DamagedFileError, StorageError, UsageError, NotHttp, TooLarge, BadCoding, OSError)


def _html(archive: Archive, row: Mapping[str, Any]) -> tuple[bytes, str]:
    """The decoded body and the charset of its Content-Type ('' when it names none)."""
    response = parse_response(archive.record(row).block)
    charset = _CHARSET.search(response.get("Content-Type"))
    return decode(response, LARGEST), charset[1] if charset else ""


def wacz(request: Request) -> Response:
    """The article's exchange as a WACZ file. Raises NotFoundError when its record cannot be read."""
    with open_archive(request) as archive:
        row = archive.article(request.path_params["id"])
        chosen = Chosen(
            location=Location(
                filename=row["warc_filename"], offset=row["warc_record_offset"], length=row["warc_record_length"]
            ),
            title=row["title"],
            text=row["text"],
        )
        source = Source(
            collection=archive.collection.folder,
            files=archive.files,
            created=datetime.now(UTC),
            title=row["title"],
            captures=[chosen],
        )
        with tempfile.TemporaryDirectory(prefix="warraq-") as folder:
            target = Path(folder, "article.wacz")
            try:
                FORMATS["wacz"].write(source, target)
            except (ArchiveError, OSError) as error:
                raise NotFoundError(f"the record of article {row['id']} ({error})") from error
            content = target.read_bytes()
    name = f"article-{row['id']}.wacz"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/wacz+zip", headers=headers)
