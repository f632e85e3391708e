"""Where a page sends its reader without a link: meta refresh, the Refresh field, a script that sets the location, frames. Pure."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_DELAY = 15
"""Seconds of a refresh that leads on; pages that reload themselves, or go back to the front page, do so after minutes."""

MAX_LEADS = 8
_LOOKED_AT = 200_000  # bytes of the page
_LONGEST = 2000  # characters of a tag or an address

_TAG = re.compile(rb"<(meta|frame)\b([^>]{0,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"""([a-z-]{1,20})\s*=\s*(?:"([^"]{0,2000})"|'([^']{0,2000})'|([^\s"'>]{1,2000}))""", re.IGNORECASE
)
_REFRESH = re.compile(r"\s*(\d{1,9})(?:\.\d*)?\s*[;,]\s*(?:url\s*=\s*)?[\"']?([^\"']{1,2000})", re.IGNORECASE)
_SCRIPT = re.compile(
    rb"""\blocation(?:\.href)?\s*=\s*["']([^"'\\]{1,2000})["']|\blocation\.(?:replace|assign)\(\s*["']([^"'\\]{1,2000})["']"""
)


def find_leads(body: bytes, refresh: str = "", *, scripts: bool = True) -> tuple[str, ...]:
    """URL references, as written; `refresh` is the value of the Refresh field. `scripts`: of scripts and frames, too."""
    found = dict.fromkeys([*_of_refresh(refresh), *_of_page(body[:_LOOKED_AT], scripts=scripts)])
    return tuple(reference for reference in found if reference)[:MAX_LEADS]


def _of_page(head: bytes, *, scripts: bool) -> Iterator[str]:
    for tag in _TAG.finditer(head):
        values = {
            match[1].lower(): _text(match[2] or match[3] or match[4] or b"") for match in _ATTRIBUTE.finditer(tag[2])
        }
        if tag[1].lower() == b"meta" and values.get(b"http-equiv", "").strip().lower() == "refresh":
            yield from _of_refresh(values.get(b"content", ""))
        elif tag[1].lower() == b"frame" and scripts:
            yield values.get(b"src", "")
    for match in _SCRIPT.finditer(head) if scripts else ():
        yield _text(match[1] or match[2] or b"")


def _of_refresh(value: str) -> Iterator[str]:
    match = _REFRESH.match(value[: 2 * _LONGEST])
    if match and int(match[1]) <= LONGEST_DELAY:
        yield match[2].strip()


def _text(value: bytes) -> str:
    return unescape(value.decode("utf-8", "replace")).strip()
