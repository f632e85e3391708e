"""Write feeds: Atom (RFC 4287) and JSON Feed (version 1.1)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from archive.arabic import is_unspaced
from archive.body import valid_xml
from archive.files.clock import iso

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST_EXTRACT: Final = 500
"""Characters of an article that an entry quotes: a feed lists articles and does not replace them."""
_EPOCH: Final = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """One article in a feed: the event (`new`, `changed`, `gone`), its time, and the record that proves it."""

    id: str
    event: str
    url: str
    title: str
    summary: str
    author: str
    language: str
    published: str
    updated: str
    article: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedDocument:
    """A feed: its title, its URL (`address`), and the URL of the same list as a page (`page`); '' if unknown.

    `address` may be relative to the place from which the feed is read. `since` is the time of a feed without entries.
    """

    title: str
    entries: Sequence[FeedItem]
    address: str = ""
    page: str = ""
    since: str = ""

    @property
    def updated(self) -> str:
        """Return the time of the latest entry."""
        return max((entry.updated for entry in self.entries), default=_moment(self.since))


def entry_of(row: Mapping[str, Any], *, event: str = "new", at: str = "", after: str = "") -> FeedItem:
    """Return the entry of a row of `articles`; `at` is the time of the event, by default that of the version's first fetch.

    `after`, the time at which another text was last served, distinguishes several returns of one text.
    """
    name = f"{row['url']} {row['text_digest']} {event} {row['gone_at'] if event == 'gone' else after}"
    return FeedItem(
        id=f"urn:uuid:{uuid5(NAMESPACE_URL, name)}",
        event=event,
        url=row["url"] if str(row["url"]).startswith(("http://", "https://")) else "",
        title=row["title"],
        summary=_extract(row["description"] or row["text"]),
        author=row["author"] or "",
        language=row["language"] or "",
        published=row["published_at"] or "",
        updated=_moment(at or row["fetched_at"]),
        article=cited(row),
    )


def _extract(text: str) -> str:
    """Return the beginning of a text, cut between words, or letters in a script without spaces."""
    if len(text) <= LONGEST_EXTRACT:
        return text
    beginning = text[:LONGEST_EXTRACT]
    *before, last = beginning.rsplit(None, 1)
    return f"{beginning if any(map(is_unspaced, last)) or not before else before[0]} …"


def cited(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the evidence for a version of an article: ids, capture time, and WARC record."""
    names = (
        "id", "version", "site", "fetched_at", "last_seen_at", "gone_at", "text_digest", "payload_digest", "warc_filename",
        "warc_record_offset", "warc_record_length",
    )  # fmt: skip
    return {name: row[name] for name in names}


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _EPOCH
    return iso(moment) if moment.tzinfo else _EPOCH


def atom(feed: FeedDocument) -> bytes:
    """Return the feed as Atom."""
    links = [("self", feed.address), ("alternate", feed.page)]
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<id>urn:uuid:{uuid5(NAMESPACE_URL, f'warraq feed {feed.title} {feed.page}')}</id>",
        f"<title>{_text(feed.title)}</title>",
        f"<updated>{feed.updated}</updated>",
        "<author><name>warraq</name></author>",
        *(f'<link rel="{rel}" href={_attribute(url)}/>' for rel, url in links if url),
        *(_atom_entry(entry) for entry in feed.entries),
        "</feed>\n",
    ]
    return "\n".join(lines).encode("utf-8", "replace")


def _atom_entry(entry: FeedItem) -> str:
    language = f" xml:lang={_attribute(entry.language)}" if entry.language else ""
    parts = [
        f"<entry{language}>",
        f"<id>{entry.id}</id>",
        f"<title>{_text(_title(entry))}</title>",
        f"<updated>{entry.updated}</updated>",
        f"<published>{entry.published}</published>" if entry.published else "",
        f"<author><name>{_text(entry.author)}</name></author>" if entry.author else "",
        f'<link rel="alternate" href={_attribute(entry.url)}/>' if entry.url else "",
        f'<category term="{entry.event}"/>',
        f"<summary>{_text(entry.summary)}</summary>",
        "</entry>",
    ]
    return "".join(parts)


def json_feed(feed: FeedDocument) -> bytes:
    """Return the feed as JSON Feed; the evidence for each article is in the extension `_warraq`."""
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        **({"feed_url": feed.address} if urlsplit(feed.address).scheme else {}),
        **({"home_page_url": feed.page} if feed.page else {}),
        "items": [_json_item(entry) for entry in feed.entries],
    }
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def _json_item(entry: FeedItem) -> dict[str, Any]:
    optional = {
        "url": entry.url,
        "language": entry.language,
        "date_published": entry.published,
        "authors": [{"name": entry.author}] if entry.author else [],
    }
    return {
        "id": entry.id,
        "title": _title(entry),
        "content_text": entry.summary,
        "date_modified": entry.updated,
        "tags": [entry.event],
        **{name: value for name, value in optional.items() if value},
        "_warraq": dict(entry.article),
    }


def _title(entry: FeedItem) -> str:
    return entry.title if entry.event == "new" else f"[{entry.event}] {entry.title}"


def _text(text: str) -> str:
    return escape(valid_xml(text))


def _attribute(text: str) -> str:
    return f'"{_text(text)}"'
