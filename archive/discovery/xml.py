"""Parse the XML of feeds and sitemaps, including malformed XML, and define an announced page.

Templates produce a bare `&` in a URL, `&nbsp;`, a PHP warning before the first tag, or Arabic in windows-1256 declared as
UTF-8. A recovering parser alone loses the text around them.
"""

from __future__ import annotations

import contextlib
import html
import io
import re
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES: Final = 50 * 1024 * 1024
"""Largest file read, uncompressed: the sitemap protocol's own limit (sitemaps.org, "Sitemap file limits")."""

_MOST_MEMBERS = 1000  # of a gzip file: zlib copies the rest after each, so the time is quadratic in their number

_DECLARATION = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']", re.IGNORECASE)
_PROLOGUE = re.compile(r"<\?xml[^>]{0,200}\?>")
_ROOT = re.compile(
    r"<(?:\?xml|!DOCTYPE|!--|rss\b|feed\b|[a-zA-Z]+:RDF\b|RDF\b|urlset\b|sitemapindex\b|channel\b|[a-z]+:feed\b)"
)
_BAD_REFERENCE = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?!(?:amp|lt|gt|quot|apos);)(#?[A-Za-z0-9]{1,31};)?", re.DOTALL
)
_REFERENCE_TO_MEND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)")
_XML_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


_SAFELY: Final[dict[str, Any]] = {
    "recover": True,
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
"""Parser options for untrusted XML: recover, expand no entity, open no file or URL."""


def parse_xml(data: bytes) -> etree._Element | None:
    """Return the root element of the output of `mend`, recovered as far as possible."""
    parser = etree.XMLParser(**_SAFELY)
    try:
        root: etree._Element | None = etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        return None
    return root


def stream(data: bytes) -> Iterator[tuple[str, etree._Element]]:
    """Yield the `start` and `end` events of the output of `mend`, with the same options."""
    events = etree.iterparse(io.BytesIO(data), events=("start", "end"), **_SAFELY)
    with contextlib.suppress(etree.XMLSyntaxError):  # no element, or nothing more to recover
        yield from events


def local_name(element: etree._Element) -> str:
    """Return the name without its namespace or an undeclared prefix, in lower case; '' for other nodes."""
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""


def gunzip(body: bytes, limit: int = MAX_BYTES) -> bytes:
    """Return `body` unzipped if it is gzip, at most `limit` bytes; of a truncated one, the readable part."""
    chunks: list[bytes] = []
    room = limit
    for _ in range(_MOST_MEMBERS):
        if body[:2] != b"\x1f\x8b" or room <= 0:
            break
        inflater = zlib.decompressobj(wbits=31)
        try:
            chunk = inflater.decompress(body, room)
        except zlib.error:
            break
        chunks.append(chunk)
        room -= len(chunk)
        body = inflater.unused_data
    return b"".join(chunks) if chunks else body[:limit]


def mend(body: bytes, content_type: str = "") -> bytes:
    """Return `body` as UTF-8 XML without an encoding declaration, with stray ampersands and unknown entities escaped."""
    text = _decode(body, content_type)
    start = _ROOT.search(text[:20_000])
    text = _PROLOGUE.sub("", text[start.start() :] if start else text, count=1)
    if _REFERENCE_TO_MEND.search(text):
        text = _BAD_REFERENCE.sub(_mended, text)
    return text.encode("utf-8", "ignore")


def _decode(body: bytes, content_type: str) -> str:
    """Return the text, decoded like a page; an XML declaration is further evidence of the encoding."""
    declared = _DECLARATION.match(body.replace(b"\0", b"") if body[:4].count(0) else body[:400])
    from archive.extract.decode import decode_page  # in the workers alone: what reads pages takes half a second to load

    found = decode_page(body, content_type=content_type, label=declared[1].decode("ascii") if declared else "")
    # A list of URLs has too few words for detection: assume the encoding of Arabic sites.
    return body.decode("cp1256", "replace") if found.why == "default" else found.text


_ROOT_END = re.compile(rb"</(?:[\w-]+:)?(?:urlset|sitemapindex|rss|feed|rdf)\s*>", re.IGNORECASE)
_ENTRY_END = re.compile(rb"</(?:[\w-]+:)?(?:url|sitemap|item|entry)\s*>", re.IGNORECASE)
_ENTRY_START = re.compile(rb"<(?:[\w-]+:)?(?:url|sitemap|item|entry)[\s>]", re.IGNORECASE)


def whole_entries(data: bytes) -> tuple[bytes, bool]:
    """Return the output of `mend` up to its last complete entry, and whether that is all of it (its root is closed)."""
    if _ROOT_END.search(data):
        return data, True
    end = max((match.end() for match in _ENTRY_END.finditer(data)), default=0)
    if not end:
        start = _ENTRY_START.search(data)
        return (data[: start.start()] if start else data), False
    return data[:end], False


def _mended(match: re.Match[str]) -> str:
    whole, name = match.group(), match.group(1)
    if whole[0] == "<":
        return whole
    if name:
        text = html.unescape(whole)
        if text != whole:
            return text.translate(_XML_TEXT)
    return "&amp;" + (name or "")


# An entry of a feed or sitemap, and the formats of its times.

MAX_TITLE: Final = 500
"""Characters kept of a title."""

_TAG = re.compile(r"<(script|style)\b[^<>]*>.*?</\1\s*>|<[a-zA-Z/!][^<>]*>", re.IGNORECASE | re.DOTALL)
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_YEARS = range(1990, 2101)  # no feed is older than the web; other years are zeros and typos


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A page that a feed or sitemap announces.

    `url` is canonical; `spelling` is as in the source, '' if that is the same. Times are aware, in UTC, None if missing or
    unreadable; `updated` is a sitemap's `lastmod`. `title`, `language` (BCP 47), `publication` and `keywords` are '' or () if
    missing.
    """

    url: str
    spelling: str = ""
    title: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    language: str = ""
    publication: str = ""
    keywords: tuple[str, ...] = ()


def parse_time(text: str, zone: tzinfo = UTC) -> datetime | None:
    """Return the time of `text` in UTC, None if unreadable: RFC 822 as in RSS, ISO 8601 as in Atom and sitemaps, free text.

    `zone` applies to a time without a zone; a date without a time is its midnight. An unknown zone counts as UTC (RFC 2822,
    section 4.3), never as `zone`.
    """
    text = " ".join(text[:100].translate(_DIGITS).split())
    from archive.extract.dates import parse_moment  # as above

    moment = parse_moment(text)
    if moment is None or moment.day.year not in _YEARS:
        return None
    clock = f"T{moment.clock}{moment.zone}" if moment.clock else "T00:00"
    try:
        time = datetime.fromisoformat(f"{moment.day.isoformat()}{clock}")
        return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def plain_title(text: str | None) -> str:
    """Return `text` without tags and character references, white space folded, at most `MAX_TITLE` characters."""
    text = (text or "")[: 4 * MAX_TITLE]
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    return " ".join(text.split())[:MAX_TITLE]
