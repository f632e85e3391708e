"""Tell whether two addresses are those of one picture in different sizes."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_SIZE = re.compile(
    r"(?:w|h|width|height|imwidth|imheight|max-?width|max-?height)=\d{1,5}(?:px)?|ops=[\w,]{1,60}|(?:dpr|q|quality|compress)=\d{1,3}(?:\.\d+)?"
    r"|(?:resize|fit|crop|size|rect|ratio|ar|aspect_?ratio|aspect|shape)=\S{1,60}|\w{1,12}=(?:original|\d{1,2}[x:]\d{1,2})"
    r"|q=[a-z]{1,3}_[\w,.:]{1,60}|(?:format|fm|auto|strip|impolicy|ssl|usm|fp-[xy])=\S{0,40}"
    r"|name=(?:thumb|small|medium|large|orig|\d+x\d+)",
    re.IGNORECASE,
)
"""Query parameters with the size, section or quality in which a server sends a picture."""
_SIGNATURE = re.compile(r"(?:s|sig|sign|signature|hash|itok|h|ve|tl)=[\w%.-]{1,200}", re.IGNORECASE)
"""Query parameters that sign a size; alone they may identify the picture."""
_PART = re.compile(
    r"(?:(?:w|h|c|q|f|g|ar|dpr|fl)_[\w.:-]{1,20}+,?)+|(?:(?:w|h|width|height|quality|q|format|f|fit|dpr)=[\w.]{1,12}+,?)+"
    r"|\d{1,5}x\d{1,5}[!^]?|\d{1,5}x\d{1,5}:\d{1,5}x\d{1,5}|fit(?:-in)?|fill|smart|tr:[\w,.-]{1,80}|filters:.{1,200}|[\w-]{20,60}="
    r"|\d{1,2}[x:]\d{1,2}(?:_\d{2,4})?|w\d{2,4}(?:h\d{2,4})?|\d{3,4}w|original|facebook|twitter|opengraph|(?:[a-z]{1,12}_)?(?:square|landscape|portrait|wide)(?:_\w{1,20})?"
    r"|(?:wide|square|landscape|portrait|original|cinemascope|imagegroup)__\d{2,4}x\d{2,4}\w{0,20}",
    re.IGNORECASE,
)
"""Segments of a path with the size of a picture, as image servers write them: `w_800,c_fill`, `width=800`, `800x450`."""
_BOX = re.compile(r"/([1-9]\d{2,3})/([1-9]\d{2,3})(?=/[^/]+$)")
"""Width and height as two segments before a file's name."""
_STYLE = re.compile(r"/styles/[\w-]{1,60}/public(?=/)")
"""The image style in the path of a file served by Drupal."""
_SUFFIX = re.compile(
    r"(?:[-_](?:\d{1,4}x\d{1,4}|\d{3,4}w|[wh]\d{2,4}|r\d(?:\.\d{1,3})?|fp[xy]\d{1,3}|q\d{1,3}|[1-9]\d{1,2}[05]_[1-9]\d{1,2}[05]"
    r"|square|wide|landscape|portrait|original|large|medium|small|thumb(?:nail)?|social|teaser|facebook|twitter|og|scaled)|@[23]x){1,6}(?=\.\w{3,4}$)"
    r"|(?<=\.jpg|\.png|\.gif)\.(?:webp|avif)$|(?<=\.jpeg)\.(?:webp|avif)$|^\d{1,2}x\d{1,2}[-_](?=.)",
    re.IGNORECASE,
)
"""The size or shape in a file's name (`bridge-800x450.jpg`, `bridge-square.jpg`, `16x9_bridge.jpg`), or a second extension."""
_CAMEL = re.compile(
    r"-[a-z]+(?:[A-Z][a-z]+|\d)*(?:Jumbo|Large|Medium|Small|Square|Standard|Thumb)[\dA-Za-z]{0,8}(?=\.\w{3,4}$)"
)
"""The name of a size after a file's name: `bridge-articleLarge.jpg`, `bridge-mediumSquareAt3X.jpg`."""
_INNER = re.compile(r"https?(?::|%3a)(?:/|%2f){1,2}(?=[\w-]+\.)", re.IGNORECASE)
_INNER_PATH = re.compile(r"(?:^|&)(?:url|src|image)=((?:/|%2f)[^&]+)", re.IGNORECASE)
_INNER_HOST = re.compile(
    r"/(?=(?:[\w-]{1,63}\.){1,4}(?:com|net|org|info|[a-z]{2})/[^?]*\.\w{3,4}(?:$|\?))", re.IGNORECASE
)
"""A host's name in the path of an image server, before the picture's own path."""


def picture_key(url: str) -> str:
    """Return a key for a picture that is equal for all its sizes: its address without scheme, image server, size and signature."""
    url = _original(url)
    file, _, query = url.partition("?")
    parts = [part for part in query.split("&") if part]
    kept = [part for part in parts if not _SIZE.fullmatch(part)]
    if len(kept) < len(parts) or "itok=" in query:
        kept = [part for part in kept if not _SIGNATURE.fullmatch(part)]
    host, *path = _BOX.sub(_without_box, _STYLE.sub("", file)).split("/")
    last = [
        _SUFFIX.sub("", _CAMEL.sub("", part)) for part in path[-1:] if "." in part or not _PART.fullmatch(unquote(part))
    ]
    path = [part for part in path[:-1] if not _PART.fullmatch(unquote(part))] + last
    return "?".join(("/".join((host, *path)), *kept))


def _original(url: str) -> str:
    """Return a picture's address, without scheme, from the address of an image server that contains it."""
    if found := list(_INNER.finditer(url, 8)):
        inner = found[-1]
        rest = url[inner.end() :].removeprefix("www.")
        rest = rest.partition("&")[0] if "?" in url[: inner.start()] else rest
        return unquote(rest) if "%" in inner[0] else rest
    url = _PORT.sub("", url)
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    if path := _INNER_PATH.search(parts.query):
        return host + unquote(path[1])
    whole = url.partition("://")[2]
    *_, last = [match.end() for match in _INNER_HOST.finditer(whole)] or [0]
    return whole[last:].removeprefix("www.")


_PORT = re.compile(r"(?<=\w):(?:80|443)(?=/)")


def _without_box(box: re.Match[str]) -> str:
    """Return '' for two numbers that can be a picture's width and height, else the numbers, which can be parts of an ID."""
    return "" if 0.4 <= int(box[1]) / int(box[2]) <= 4 else box[0]
