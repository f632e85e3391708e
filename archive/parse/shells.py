"""Recognise pages that need a browser (shells, which scripts fill), and parse the DOM of a rendered page in place of the response.

A page is first parsed without a browser: data in a script element (JSON-LD, the state of an application) may give an article.
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
"""The largest page that may be a shell, in bytes: shells have some kB, or some hundred kB with the state of an application."""
FEW_LETTERS: Final = 400
"""The most letters of visible text of a shell: a header and a footer may have as many, an article has more."""
SHORT: Final = 2_000
"""The largest page, in bytes, that only redirects by script; an application may have such a line among many."""
FEW_LINKS: Final = 5
"""The most links of a front page or list that may be a shell: one that links to its articles works without scripts."""
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
    """Return whether a page without an article appears to be filled by its scripts: it has scripts and hardly any text.

    `leads` tells that a script redirects the reader, which may be its only purpose.
    """
    if extraction.article is not None or extraction.reason in get_args(Wall):
        return False
    if extraction.reason != "empty" and len(extraction.links) >= FEW_LINKS:
        return False
    from archive.extract.decode import decode_page  # only needed in workers: it takes half a second to import

    text = decode_page(body[:MAX_SHELL], content_type=content_type).text
    if leads and len(body) < SHORT and not _LOADED.search(text):
        return False
    return bool(_SCRIPT.search(text)) and len(_LETTER.findall(_UNSEEN.sub(" ", text))) < FEW_LETTERS


def rendered_response(response: Response) -> Response:
    """Return the response with the media type of its DOM, which is parsed instead of the body."""
    kept = tuple(pair for pair in response.headers if pair[0].lower() not in {"content-type", "content-encoding"})
    return replace(response, headers=(*kept, ("Content-Type", DOM_TYPE)))
