"""Parse a requisite of a page: describe a picture, list the URLs in a style sheet, or report that it is something else."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PIL import Image

from archive.article import Picture
from archive.discovery import sniff
from archive.extract.requisites import style_requisites
from archive.outcome import OutcomeKind
from archive.parse import Parsed

if TYPE_CHECKING:
    from archive import http
    from archive.article import RequisiteKind
    from archive.parse import ParseTask

_XML = rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml|<!--|<!DOCTYPE svg|<svg)"
_BITMAP = rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF....WEBP|....ftyp(?:avi[fs]|mif1)"
BINARY: Final = re.compile(_BITMAP, re.DOTALL)
"""Signatures of binary picture formats, in which tags may appear by chance."""
SIGNS: Final[dict[RequisiteKind, re.Pattern[bytes]]] = {
    "image": re.compile(_BITMAP + rb"|BM|\x00\x00[\x01\x02]\x00|" + _XML, re.DOTALL | re.IGNORECASE),
    "font": re.compile(rb"wOF[F2]|OTTO|true|ttcf|\x00\x01\x00\x00|.{34}LP|" + _XML, re.DOTALL | re.IGNORECASE),
}
"""Signatures of pictures and fonts (WHATWG MIME Sniffing, sections 6.1 and 6.3; EOT by its magic number; SVG)."""
MISTAKEN: Final[dict[RequisiteKind, str]] = {
    "image": "not-a-picture",
    "font": "not-a-font",
    "stylesheet": "not-a-style-sheet",
    "script": "not-a-script",
}


def read_requisite(task: ParseTask, response: http.Response, body: bytes) -> Parsed:
    """Return the parsed requisite; `missing` when it is of another kind, such as the page that some servers send for a lost picture."""
    assert task.requisite  # noqa: S101 - the caller has looked
    sign = SIGNS.get(task.requisite)
    content_type = response.get("Content-Type")[:100]
    if not (sign.match(body) if sign else sniff(body, content_type) != "html"):
        return Parsed.of(OutcomeKind.MISSING, MISTAKEN[task.requisite], content_type)
    answer = Parsed.of(OutcomeKind.REQUISITE, detail=content_type)
    if task.requisite == "image" and (picture := read_picture(body)):
        return replace(answer, outcome=replace(answer.outcome, reason=picture.problem), picture=picture)
    if task.requisite == "stylesheet":
        found = style_requisites(body.decode("utf-8", "replace"), task.url, task.limits.requisites)
        answer = replace(answer, requisites=found)
    return answer


MAX_PIXELS: Final = 50_000_000
"""The most pixels of a decoded picture, 200 MB in memory; news photographs have at most 25 million. More is `too-many-pixels`."""
_SVG: Final = re.compile(_XML, re.IGNORECASE)
_SVG_ROOT: Final = re.compile(rb"<svg[\s>]", re.IGNORECASE)
_TYPES: Final = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
}
"""The formats that are opened, by Pillow's names; each further decoder would be exposed to hostile bytes."""


def read_picture(body: bytes) -> Picture | None:
    """Return the facts of a picture; None for bytes that browsers would not show as a picture in an article."""
    sha256 = hashlib.sha256(body).hexdigest()
    if _SVG.match(body) and _SVG_ROOT.search(body[:4096]):
        return Picture(type="image/svg+xml", bytes=len(body), sha256=sha256)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of bombs; their size is looked at before anything is decoded
        try:
            image = Image.open(io.BytesIO(body), formats=tuple(_TYPES))
        except Image.DecompressionBombError:
            return Picture(type=_magic(body), bytes=len(body), sha256=sha256, problem="too-many-pixels")
        except Exception:  # noqa: BLE001 - a decoder may raise anything on hostile bytes
            return None
        width, height = image.size
        known = Picture(type=_TYPES[str(image.format)], bytes=len(body), sha256=sha256, width=width, height=height)
        if width * height > MAX_PIXELS:
            return replace(known, problem="too-many-pixels")
        try:
            return replace(known, phash=_difference_hash(image))
        except Exception:  # noqa: BLE001 - as above
            return replace(known, problem="broken-picture")


def make_thumbnail(body: bytes, side: int) -> bytes:
    """Return the picture as a JPEG with neither side longer than `side` pixels; b'' if it cannot be decoded within limits or is an SVG."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of bombs; their size is looked at before anything is decoded
        try:
            image = Image.open(io.BytesIO(body), formats=tuple(_TYPES))
            if image.width * image.height > MAX_PIXELS:
                return b""
            image.draft("RGB", (side, side))
            image.thumbnail((side, side))
            out = io.BytesIO()
            _on_white(image).save(out, "JPEG", quality=80)
        except Exception:  # noqa: BLE001 - a decoder may raise anything on hostile bytes
            return b""
    return out.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    """Return the picture on a white background: JPEG has no transparency."""
    whole = image.convert("RGBA")
    white = Image.new("RGBA", whole.size, "white")
    return Image.alpha_composite(white, whole).convert("RGB")


def _magic(body: bytes) -> str:
    signs = {b"\x89PNG": "image/png", b"GIF8": "image/gif", b"RIFF": "image/webp", b"\xff\xd8": "image/jpeg"}
    return next((kind for sign, kind in signs.items() if body.startswith(sign)), "image/avif")


def _difference_hash(image: Image.Image) -> str:
    """Return the dHash: one bit for each of 8 x 8 cells, whether it is brighter than the one to its right. Scaling hardly changes it."""
    image.draft("L", (64, 64))  # JPEG is decoded at an eighth of its size
    pixels = image.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    bits = 0
    for at in (9 * row + column for row in range(8) for column in range(8)):
        bits = bits << 1 | (pixels[at] > pixels[at + 1])
    return f"{bits:016x}"
