"""Parse RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, and JSON Feed into the pages that they announce.

It uses lxml: feedparser takes seven times the CPU (bench/discovery.py) and does not read JSON Feed.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from archive.discovery.xml import Announced, gunzip, local_name, mend, parse_time, parse_xml, plain_title, whole_entries
from archive.urls import canonicalise, host_of, join, resolve, spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_FEED_BYTES: Final = 10 * 1024 * 1024
"""Largest feed read. Feeds with full texts of a hundred articles have 2 MB."""

MAX_ENTRIES: Final = 2_000
"""Entries kept of one feed, from the top, where the new ones are."""

NOT_XML: Final = "not XML"
NOT_JSON: Final = "not JSON"

_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ENTRY_TAGS = frozenset({"item", "entry"})
_PUBLISHED = ("pubdate", "published", "issued", "created", "date")
_UPDATED = ("updated", "modified", "lastmodified")
_PERIODS = {"hourly": 1, "daily": 24, "weekly": 168, "monthly": 720, "yearly": 8760}
_MAX_EVERY = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A parsed feed.

    `entries` are in feed order, each URL once. `hub` and `self_url` are its WebSub URLs ('' if it has none). `every` is its
    declared interval of changes (`ttl`, `sy:updatePeriod`), None without one. `complete` is False if something is missing: because
    of the limit of bytes (`too_large`), because the file breaks off (`cut_off`), or because of the limit of entries. `without_url`
    counts the entries without a URL. `problem` says why nothing could be read (NOT_XML, NOT_JSON: it is damaged), '' otherwise.
    """

    entries: tuple[Announced, ...] = ()
    title: str = ""
    language: str = ""
    hub: str = ""
    self_url: str = ""
    every: timedelta | None = None
    complete: bool = True
    too_large: bool = False
    cut_off: bool = False
    without_url: int = 0
    problem: str = ""


def read_feed(
    body: bytes,
    url: str,
    content_type: str = "",
    *,
    zone: tzinfo = UTC,
    limit: int = MAX_ENTRIES,
    max_bytes: int = MAX_FEED_BYTES,
) -> Feed:
    """Read the feed that `url` served; `zone` is the site's, for times without one. Never raises on bad input.

    At most `limit` entries of its first `max_bytes` bytes without gzip.
    """
    data = gunzip(body, max_bytes)
    complete = len(data) < max_bytes
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return replace(_read_json(data, url, zone=zone, limit=limit), too_large=not complete)
    data, whole = whole_entries(mend(data, content_type))
    root = parse_xml(data)
    if root is None:
        return Feed(problem=NOT_XML, too_large=not complete)
    items = list(
        islice((element for element in root.iter(etree.Element) if local_name(element) in _ENTRY_TAGS), limit + 1)
    )
    if not items and local_name(root) not in {"rss", "feed", "rdf", "channel"}:
        return Feed(problem=f"root element is {local_name(root)[:40]!r}, not a feed's")
    head = _head(root)
    home = resolve(url, head.get("link") or _link(root, url, "alternate")) or url
    base = _base_of(root, _atom_base(root, url, home) if local_name(root) == "feed" else home)
    entries = list(_xml_entries(items, base, home, zone))
    return Feed(
        entries=tuple(_unique(entries, limit)),
        title=plain_title(head.get("title")),
        language=(root.get(_XML_LANG) or head.get("language", "")).strip()[:35],
        hub=_link(root, base, "hub"),
        self_url=_link(root, base, "self"),
        every=_every(head),
        complete=complete and whole and len(items) <= limit,
        too_large=not complete,
        cut_off=complete and not whole,
        without_url=entries.count(None),
    )


def _unique(entries: Iterable[Announced | None], limit: int) -> Iterator[Announced]:
    seen: set[str] = set()
    for entry in entries:
        if entry and entry.url not in seen:
            seen.add(entry.url)
            yield entry
            if len(seen) >= limit:
                return


def _base_of(element: etree._Element, base: str) -> str:
    own = element.get(_XML_BASE)
    return (join(base, own) or base) if own else base


def _atom_base(root: etree._Element, url: str, home: str) -> str:
    """Return the base URL of an Atom document without `xml:base`: its own URL (RFC 4287, section 2).

    If a feed proxy serves it for a site on another host, the base is the site's own URL of the feed (`self`), or else the site,
    because the proxy has no articles.
    """
    if _host(home) == _host(url):
        return url
    own = _link(root, url, "self")
    return own if _host(own) == _host(home) else home


def _host(url: str) -> str:
    return host_of(url).removeprefix("www.")


def _text(element: etree._Element) -> str:
    return "".join(element.itertext()).strip() if len(element) else (element.text or "").strip()


def _fields(element: etree._Element) -> dict[str, str]:
    """Return the first text of each child by its local name in lower case; namespaces are too often wrong to be used."""
    fields: dict[str, str] = {}
    for child in element.iterchildren(etree.Element):
        name = local_name(child)
        if name in {"encoded", "content", "description", "summary"} or _MEDIA in str(child.tag).lower():
            continue
        if text := _text(child):
            fields.setdefault(name, text)
    return fields


_MEDIA = "search.yahoo.com/mrss"
"""Media RSS has separate titles for pictures."""


def _head(root: etree._Element) -> dict[str, str]:
    channel = next((child for child in root.iterchildren(etree.Element) if local_name(child) == "channel"), root)
    return {name: text for name, text in _fields(channel).items() if name not in _ENTRY_TAGS}


def _link(root: etree._Element, base: str, rel: str) -> str:
    for element in root.iter("{*}link", "atom:link"):
        parent = element.getparent()
        if parent is not None and local_name(parent) in _ENTRY_TAGS:
            continue
        if rel in (element.get("rel") or "alternate").lower().split() and element.get("href"):
            return resolve(base, element.get("href", "").strip())
    return ""


def _every(head: dict[str, str]) -> timedelta | None:
    hours = _PERIODS.get(head.get("updateperiod", "").lower())
    try:
        if hours:
            return timedelta(hours=hours) / max(1, int(head.get("updatefrequency") or 1))
        minutes = int(head.get("ttl") or 0)
        return min(timedelta(minutes=minutes), _MAX_EVERY) if minutes > 0 else None
    except (ValueError, OverflowError):
        return None


def _xml_entries(items: Sequence[etree._Element], base: str, home: str, zone: tzinfo) -> Iterator[Announced | None]:
    """Yield the entries; a URL shared by several entries, or the site's own, does not identify an entry."""
    addresses = [_addresses(item, _base_of(item, base)) for item in items]
    times = Counter(found[0] for found, _ in addresses if found)
    common = {url for url, number in times.items() if number > 1} | {home}
    for item, (found, named) in zip(items, addresses, strict=True):
        fresh = [one for one in found if one not in common]
        url = _best(fresh, _host(home)) or named or _best(found, _host(home))
        yield _xml_entry(item, url, base, zone) if url else None


def _best(addresses: Sequence[str], host: str) -> str:
    """Return the first address on the feed's own host or below it, rather than on that of a redirect service; else the first."""
    own = (url for url in addresses if f".{host_of(url)}".endswith(f".{host}"))
    return next(own, addresses[0] if addresses else "")


def _xml_entry(item: etree._Element, url: str, base: str, zone: tzinfo) -> Announced:
    fields = _fields(item)
    base = _base_of(item, base)
    return Announced(
        url=url,
        spelling=next(
            (one for one in (spelled(base, link, url) for link in _links_by_rank(item)) if canonicalise(one) == url), ""
        ),
        title=plain_title(fields.get("title")),
        published=_first_time(fields, _PUBLISHED, zone),
        updated=_first_time(fields, _UPDATED, zone),
        language=(item.get(_XML_LANG) or fields.get("language", ""))[:35],
        publication=plain_title(fields.get("source")),
        keywords=tuple(_categories(item)),
    )


def _first_time(fields: dict[str, str], names: Iterable[str], zone: tzinfo) -> datetime | None:
    return next((time for name in names if name in fields and (time := parse_time(fields[name], zone))), None)


def _categories(item: etree._Element) -> Iterator[str]:
    for child in list(item.iterchildren(etree.Element))[:100]:
        if local_name(child) in {"category", "subject"}:
            word = plain_title(child.get("term") or _text(child))
            if word:
                yield word[:100]


def _addresses(item: etree._Element, base: str) -> tuple[list[str], str]:
    """Return the possible URLs of an entry, the most likely first, and, as a last resort, a guid that is a URL despite `isPermaLink=false`.

    In this order: the original URL behind a redirecting feed service (`origLink`), the alternate links, an Atom id or RSS guid that is
    a URL, `rdf:about`, the page that is the content of an Atom entry (`content src`).
    """
    children = list(item.iterchildren(etree.Element))
    original = next((_text(child) for child in children if local_name(child) == "origlink"), "")
    found = [resolve(base, text) for text in (original, *_links_by_rank(item)) if text]
    guid = next((child for child in children if local_name(child) in {"guid", "id"}), None)
    named = canonicalise(_text(guid)) if guid is not None else ""
    is_permalink = guid is not None and (guid.get("isPermaLink") or "").lower() != "false"
    about = next((value for name, value in item.attrib.items() if str(name).endswith("about")), "")
    found += [named, canonicalise(str(about))] if is_permalink else [canonicalise(str(about))]
    found += [resolve(base, one.get("src", "")) for one in children if local_name(one) == "content" and one.get("src")]
    return list(dict.fromkeys(filter(None, found))), "" if is_permalink else named


def _links_by_rank(item: etree._Element) -> list[str]:
    ranked: list[tuple[int, str]] = []
    for child in list(item.iterchildren(etree.Element))[:200]:
        if local_name(child) != "link":
            continue
        href = (child.get("href") or _text(child) or (child.tail or "")).strip()
        rel = (child.get("rel") or "alternate").lower()
        if href and rel == "alternate":
            kind = child.get("type") or "text/html"
            ranked.append((0 if "html" in kind else 1, href))
    return [href for _, href in sorted(ranked, key=lambda pair: pair[0])]


def _read_json(data: bytes, url: str, *, zone: tzinfo, limit: int) -> Feed:
    try:
        feed = json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return Feed(problem=NOT_JSON)
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        return Feed(problem="JSON without items, not a JSON Feed")
    hubs = feed.get("hubs") if isinstance(feed.get("hubs"), list) else []
    hub = next((_string(hub, "url") for hub in hubs if isinstance(hub, dict)), "")
    home = resolve(url, _string(feed, "home_page_url")) or url
    entries = [_json_entry(item, home, zone) for item in items[:limit] if isinstance(item, dict)]
    return Feed(
        entries=tuple(_unique(entries, limit)),
        title=plain_title(_string(feed, "title")),
        language=_string(feed, "language")[:35],
        hub=resolve(url, hub) if hub else "",
        self_url=resolve(url, _string(feed, "feed_url")) if _string(feed, "feed_url") else "",
        complete=len(items) <= limit,
        without_url=entries.count(None),
    )


def _json_entry(item: dict[str, Any], base: str, zone: tzinfo) -> Announced | None:
    candidates = (
        resolve(base, _string(item, "url")) if _string(item, "url") else "",
        canonicalise(_string(item, "id")),  # before the page elsewhere that a post is about
        resolve(base, _string(item, "external_url")) if _string(item, "external_url") else "",
    )
    url = next(filter(None, candidates), "")
    if not url:
        return None
    tags = item.get("tags")
    return Announced(
        url=url,
        title=plain_title(_string(item, "title")),
        published=parse_time(_string(item, "date_published"), zone),
        updated=parse_time(_string(item, "date_modified"), zone),
        language=_string(item, "language")[:35],
        keywords=tuple(plain_title(tag)[:100] for tag in tags[:100] if isinstance(tag, str))
        if isinstance(tags, list)
        else (),
    )


def _string(mapping: dict[str, Any], name: str) -> str:
    value = mapping.get(name)
    return value.strip() if isinstance(value, str) else ""
