"""Pages that need a browser: tell a shell, which its scripts would fill, and read the DOM that a browser made of a page in its place.

A shell has been read as any page before: what a script element holds as data (JSON-LD, the state of an application) gives an article
without a browser.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, get_args

from archive.article import Wall

if TYPE_CHECKING:
    from archive.article import Extraction
    from archive.http import Response

MAX_SHELL: Final = 500_000
"""Bytes of a page that are looked at; shells have some kB, those with an application's state in them some hundred."""
FEW_LETTERS: Final = 400
"""Letters of visible text up to which a page with scripts may be a shell: a header and a footer have as many, an article has more."""
SHORT: Final = 2_000
"""Bytes of a page whose only script leads elsewhere: an application has some such line among many."""
FEW_LINKS: Final = 5
"""Links up to which a front page or list may be a shell: one that leads to its articles does what it is for without scripts."""
DOM_TYPE: Final = "text/html; charset=utf-8"
"""The media type of a DOM record."""

_UNSEEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|noscript|template|svg|head)\b[^>]*>.*?(?:</\1\s*>|\Z)|<[^>]*>",
    re.IGNORECASE | re.DOTALL,
)
_SCRIPT = re.compile(r"<script\b(?![^>]*\btype\s*=\s*[\"']?(?:application/(?:ld\+)?json|text/template))", re.IGNORECASE)
_LOADED = re.compile(r"<script\b[^>]*\bsrc\s*=", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")


def is_shell(extraction: Extraction, body: bytes, content_type: str, *, leads: bool = False) -> bool:
    """Whether a page that gave no article looks as if its scripts would fill it: it has scripts, and hardly any text of its own.

    `leads` says that a script of it sends its reader on, which may be all that it is for.
    """
    if extraction.article is not None or extraction.reason in get_args(Wall):
        return False
    if extraction.reason != "empty" and len(extraction.links) >= FEW_LINKS:
        return False
    from archive.extract.decode import decode_page  # in the workers alone: what reads pages takes half a second to load

    text = decode_page(body[:MAX_SHELL], content_type=content_type).text
    if leads and len(body) < SHORT and not _LOADED.search(text):
        return False
    return bool(_SCRIPT.search(text)) and len(_LETTER.findall(_UNSEEN.sub(" ", text))) < FEW_LETTERS


def rendered_response(response: Response) -> Response:
    """Return the response with the media type of the DOM that is read in its place."""
    kept = tuple(pair for pair in response.headers if pair[0].lower() not in {"content-type", "content-encoding"})
    return replace(response, headers=(*kept, ("Content-Type", DOM_TYPE)))
