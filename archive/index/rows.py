"""The rows of the database as values: what goes in and what comes out of the store's functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from archive.outcome import OutcomeKind

Kind = Literal["seed", "feed", "sitemap", "section", "article", "page"]
"""What a URL is believed to be before it is fetched; `page` when nothing is known."""

PRIORITY: dict[str, int] = {"seed": 0, "sitemap": 1, "feed": 1, "article": 2, "section": 3, "page": 4}
"""The order of the draw: what announces news first, then articles, then what might announce more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A URL that something announced, in canonical form; `published_hint` is the time that the announcement gives it, ISO 8601 or ''."""

    url: str
    site: str
    host: str
    kind: Kind
    by: str
    via: str = ""
    depth: int = 0
    redirects: int = 0
    published_hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledUrl:
    """A URL that is due, with what a polite visitor needs to ask for it again only if it has changed."""

    id: int
    url: str
    site: str
    host: str
    kind: Kind
    depth: int
    redirects: int
    via: str
    visits: int
    failures: int
    unchanged: int
    etag: str
    last_modified: str
    payload_digest: str
    published_hint: str
    changed_at: str
    article_url: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchStatus:
    """What a visit to a URL said: goes into its frontier row. `due_at` is the next visit, '' for none."""

    url_id: int
    at: str
    outcome: OutcomeKind
    due_at: str
    reason: str = ""
    status: int | None = None
    etag: str = ""
    last_modified: str = ""
    payload_digest: str = ""
    kind: str = ""
    article_url: str = ""
    changed: bool = True
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRow:
    """A row of `captures` as it is first written: the record is in the WARC, nobody has read it yet."""

    record_id: str
    record_type: str
    url: str
    urlkey: str
    site: str
    timestamp: str
    captured_at: str
    status: int | None
    mime: str
    payload_digest: str
    warc_filename: str
    warc_record_offset: int
    warc_record_length: int
    ip: str = ""
    truncated: str = ""
    via: str = ""
    refers_to: str = ""
    refers_to_url: str = ""
    refers_to_date: str = ""
