"""Reads what a site asks of robots for one page: response headers and meta tags come in, lower-case words go out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archive.extract.document import Document

_NAMES = frozenset({"robots", "googlebot", "googlebot-news", "bingbot", "ccbot", "warraq", "gptbot", "google-extended"})
"""User agents whose words are heeded: everybody's, ours, and those that stand for archives and model makers."""
_WORDS = frozenset(
    [
        "all",
        "none",
        "noindex",
        "nofollow",
        "noarchive",
        "nosnippet",
        "noimageindex",
        "notranslate",
        "nocache",
        "indexifembedded",
        "index",
        "follow",
        "noai",
        "noimageai",
        "noml",
        "unavailable_after",
        "max-snippet",
        "max-image-preview",
        "max-video-preview",
        "noodp",
        "noydir",
        "archive",
    ]
)
_WORD = re.compile(r"[a-z_-]{2,40}")
_MAX_VALUE = 2_000


def read_directives(document: Document) -> frozenset[str]:
    """The robots words for the page: meta robots and its namesakes, `X-Robots-Tag`, `tdm-reservation` header or meta.

    `none` also gives `noindex` and `nofollow`, which it stands for; a reservation of rights for text and data mining
    (TDM Reservation Protocol, W3C community report of 2024) gives `tdm-reservation`. Other words are left out.
    """
    found: set[str] = set()
    for count, meta in enumerate(document.tree.iter("meta")):
        if count > 600:
            break
        name = (meta.get("name") or meta.get("http-equiv") or "").strip().lower()
        content = (meta.get("content") or "")[:_MAX_VALUE].lower()
        if name in _NAMES or name == "x-robots-tag":
            found |= _words(content)
        elif name == "tdm-reservation" and content.strip() == "1":
            found.add("tdm-reservation")
    for name, value in document.page.headers:
        low = name.lower()
        if low == "x-robots-tag":
            found |= _header_words(value[:_MAX_VALUE].lower())
        elif low == "tdm-reservation" and value.strip() == "1":
            found.add("tdm-reservation")
    if "none" in found:
        found |= {"noindex", "nofollow"}
    return frozenset(found)


def _header_words(value: str) -> set[str]:
    """`noindex, nofollow` or `otherbot: noindex, unavailable_after: 25 Jun 2030 15:00:00 PST`."""
    agent, colon, rest = value.partition(":")
    agent = agent.strip()
    if colon and agent not in _WORDS:
        return _words(rest) if agent in _NAMES else set()
    return _words(value)


def _words(value: str) -> set[str]:
    return {word for word in _WORD.findall(value) if word in _WORDS}
