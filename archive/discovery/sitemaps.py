"""Parse sitemaps, sitemap indexes, news sitemaps and text sitemaps into the URLs that they announce.

The protocol is https://www.sitemaps.org/protocol.html; the `news:` fields are Google's
(https://www.google.com/schemas/sitemap-news/0.9). Local names are compared: the namespace is often misspelt.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote

from archive.discovery.xml import (
    MAX_BYTES,
    Announced,
    gunzip,
    local_name,
    mend,
    parse_time,
    plain_title,
    stream,
    whole_entries,
)
from archive.urls import MAX_LENGTH, resolve, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

MAX_URLS: Final = 50_000
"""URLs read of one sitemap: the protocol's own limit."""

# The parent element of each field: images and videos have a `loc` and a `title` too.
_BLOCKS = frozenset({"url", "sitemap"})
_FIELDS = {
    "loc": ("url", "sitemap"),
    "lastmod": ("url", "sitemap"),
    "publication_date": ("news",),
    "title": ("news",),
    "keywords": ("news",),
    "name": ("publication",),
    "language": ("publication",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitemap:
    """A parsed sitemap.

    `entries` are pages, `children` the sitemaps of an index; `lastmod` is their `updated`. `complete` is False if something is
    missing: because of the limit of bytes (`too_large`), because the file breaks off (`cut_off`), or because of the limit of entries.
    `too_long` counts entries whose URL exceeds the limit, `without_url` those that have none. `problem` says why nothing could be read.
    """

    kind: Literal["urlset", "index", "text", ""] = ""
    entries: tuple[Announced, ...] = ()
    children: tuple[Announced, ...] = ()
    complete: bool = True
    too_large: bool = False
    cut_off: bool = False
    too_long: int = 0
    without_url: int = 0
    problem: str = ""


def read_sitemap(
    body: bytes,
    url: str,
    content_type: str = "",
    *,
    zone: tzinfo = UTC,
    limit: int = MAX_URLS,
    max_bytes: int = MAX_BYTES,
) -> Sitemap:
    """Read the sitemap that `url` served, gzip or not; `zone` is the site's, for times without one. Never raises.

    At most `limit` URLs of its first `max_bytes` bytes without gzip.
    """
    data = gunzip(body, max_bytes)
    complete = len(data) < max_bytes
    if ADDRESSES.match(_text_of(data[:_LOOK])):
        return _read_text(_text_of(data), url, limit=limit, complete=complete)
    found: dict[str, Announced] = {}
    children: dict[str, Announced] = {}
    root, count, too_long, without_url = "", 0, 0, 0
    data, whole = whole_entries(mend(data, content_type))
    for name, kind, fields in _blocks(data):
        root = root or name
        count += 1
        if count > limit:
            break
        entry = _entry(fields, url, zone)
        if entry:
            (children if kind == "sitemap" else found).setdefault(entry.url, entry)
        elif len(fields.get("loc", "")) > MAX_LENGTH:
            too_long += 1
        else:
            without_url += 1
    if not root:
        return Sitemap(problem="no <url> and no <sitemap> in it", too_large=not complete)
    return Sitemap(
        kind="index" if children and not found else "urlset",
        entries=tuple(found.values()),
        children=tuple(children.values()),
        complete=complete and whole and count <= limit,
        too_large=not complete,
        cut_off=complete and not whole,
        too_long=too_long,
        without_url=without_url,
    )


def _blocks(data: bytes) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield each `<url>` or `<sitemap>`: name of the root element, own name, first text of each field in it."""
    root = ""
    fields: dict[str, str] = {}
    for event, element in stream(data):
        name = local_name(element)
        if event == "start":
            root = root or name
            if name in _BLOCKS:
                fields = {}
        elif name in _BLOCKS:
            yield root, name, fields
            parent = element.getparent()
            if parent is not None:
                parent.clear()  # otherwise finished elements stay in memory
        elif name in _FIELDS and _parent_name(element) in _FIELDS[name]:
            fields.setdefault(name, (element.text or "").strip())


def _parent_name(element: etree._Element) -> str:
    parent = element.getparent()
    return "" if parent is None else local_name(parent)


def _entry(fields: dict[str, str], base: str, zone: tzinfo) -> Announced | None:
    url = resolve(base, fields.get("loc", ""))
    if not url or not fields.get("loc"):
        return None
    return Announced(
        url=url,
        spelling=spelled(base, fields["loc"], url),
        title=plain_title(fields.get("title")),
        published=parse_time(fields.get("publication_date", ""), zone),
        updated=parse_time(fields.get("lastmod", ""), zone),
        language=fields.get("language", "")[:35],
        publication=plain_title(fields.get("name")),
        keywords=tuple(
            word for part in fields.get("keywords", "")[:2000].split(",") if (word := plain_title(part)[:100])
        ),
    )


ADDRESSES: Final = re.compile(
    r"\s*(?:(?=[^\s<>./]*[./])[^\s<>]+[ \t]*\r?\n\s*){0,20}https?://\S+\s*(?:[\r\n]|$)", re.IGNORECASE
)
"""The start of a text sitemap: a URL, perhaps after some without a scheme."""
_LOOK = 4096

_ADDRESS = re.compile(r"(?:https?:)?//\S+$|/\S+$", re.IGNORECASE)
"""A line of a text sitemap that is a URL; a single word is not."""


def _text_of(data: bytes) -> str:
    """Return a text sitemap with one kind of line end; bytes that are not UTF-8 are percent-encoded as they are."""
    is_utf16 = data[:2] in {b"\xff\xfe", b"\xfe\xff"}
    text = data.decode("utf-16", "replace") if is_utf16 else data.decode("utf-8-sig", "percent")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _percent(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - it is registered for decoding only
    return quote(error.object[error.start : error.end]), error.end


codecs.register_error("percent", _percent)


def _read_text(text: str, url: str, *, limit: int, complete: bool) -> Sitemap:
    found: dict[str, Announced] = {}
    lines = text.split("\n", limit + 1)
    for line in lines[:limit]:
        address = line.strip()
        target = resolve(url, address) if _ADDRESS.match(address) else ""
        if target:
            found.setdefault(target, Announced(url=target))
    whole = complete and len(lines) <= limit
    return Sitemap(kind="text", entries=tuple(found.values()), complete=whole, too_large=not complete)
