"""Define the rows of the database as typed values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal, TypedDict, get_args

from archive.article import RequisiteKind

if TYPE_CHECKING:
    from archive.outcome import OutcomeKind

Kind = Literal["seed", "feed", "sitemap", "section", "article", "page", "stylesheet", "image", "font", "script"]
"""What a URL is believed to be before it is fetched; `page` when nothing is known."""

REQUISITES: tuple[Kind, ...] = get_args(RequisiteKind)
"""Resources that pages load: on any host, drawn after the site's pages, and never news."""

ANNOUNCERS: tuple[Kind, ...] = ("seed", "feed", "sitemap", "section")
"""Kinds that announce news; they are fetched again as long as the site is crawled."""


def of_site(site: str, table: str = "") -> str:
    """Return the SQL condition for rows of the site `:site` and its subdomains; for '' it selects all rows."""
    if not site:
        return "1"
    column = f"{table}.site" if table else "site"
    return f"({column} = :site OR substr({column}, -length(:site) - 1) = '.' || :site)"


class Precedence(IntEnum):
    """The order in which due URLs are drawn, like Heritrix's precedence: the smallest number first.

    BACKLOG, PAGE and REVISIT share what the others leave of a draw, so that none of them starves; see `frontier.SHARES`.
    """

    SEED = 0
    ANNOUNCER = 1
    """Feeds, sitemaps that the site's entry names, parts of a sitemap index that changed lately."""
    LISTED = 2
    """Unvisited articles that a feed, a front page or a section page lists."""
    FRESH = 3
    """Other unvisited articles that are dated within the last days."""
    SECTION = 4
    """Sections, the sitemaps of robots.txt, of which there may be hundreds, and the other parts of an index."""
    BACKLOG = 5
    """Other unvisited articles."""
    PAGE = 6
    """Unvisited pages of unknown kind."""
    REVISIT = 7
    """Visited URLs that do not announce news."""
    REQUISITE = 8
    """Resources that pages load; they have a draw of their own (`frontier.next_requisites`)."""


def precedence(kind: Kind, *, by: str, listed: bool, fresh: bool) -> Precedence:
    """Return the precedence of a URL before its first visit; `listed` and `fresh` as in `Precedence`."""
    match kind:
        case "seed":
            return Precedence.SEED
        case "feed" | "sitemap":
            is_named = kind == "feed" or by in {"seed", "page"}
            return Precedence.ANNOUNCER if is_named or fresh else Precedence.SECTION
        case "section":
            return Precedence.SECTION
        case "article":
            return Precedence.LISTED if listed else Precedence.FRESH if fresh else Precedence.BACKLOG
        case "page":
            return Precedence.PAGE
        case "stylesheet" | "image" | "font" | "script":
            return Precedence.REQUISITE


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An announced URL in canonical form; `published_hint` is the time that the announcement gives, ISO 8601 or ''.

    `spelling` is how the site writes the URL, '' for the canonical form. `listed`: a feed, front page or section page
    lists it. `believed`: the times that its announcer gives have not proved wrong.
    """

    url: str
    site: str
    host: str
    kind: Kind
    by: str
    via: str = ""
    depth: int = 0
    redirects: int = 0
    published_hint: str = ""
    spelling: str = ""
    listed: bool = False
    believed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledUrl:
    """A URL that is due, with the validators for a conditional request."""

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
    announced_by: str
    announced_at: str
    visited_at: str
    false_hints: int
    links_digest: str
    spelling: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchStatus:
    """The result of a visit, for the frontier row of its URL. `due_at` is the time of the next visit, '' for none.

    `hint_held` tells whether the page had changed when an announcement caused the visit; None for every other visit.
    `refused` is a rate limit: it concerns the host and counts neither as a failure nor as an answer.
    """

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
    links_digest: str = ""
    hint_held: bool | None = None
    spelling: str = ""
    changed: bool = True
    failed: bool = False
    refused: bool = False


class StoredCapture(TypedDict):
    """A row of `captures` as read from the database, by column name (docs/schema.md)."""

    id: int
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
    ip: str
    truncated: str
    via: str
    directives: str
    outcome: str
    reason: str
    detail: str
    article_id: int | None
    refers_to: str
    refers_to_url: str
    refers_to_date: str
    headlines: str


class VersionSpan(TypedDict):
    """An unbroken span in which one version of an article was served, and the number of captures that show it."""

    article_id: int
    version: int
    first_at: str
    last_at: str
    captures: int


class ChangeRow(TypedDict):
    """A row of `changes`, and the number of the version whose metadata changed."""

    article_id: int
    version: int
    seen_at: str
    field: str
    before: str
    after: str
    record_id: str


class FamilyMember(TypedDict):
    """Another article of a family of near-duplicates; `first` is the time at which it was first seen."""

    id: int
    url: str
    site: str
    sitename: str
    title: str
    first: str


class RunRow(TypedDict):
    """A row of `runs`, the log of crawls, imports and checks; `ended_at` is '' while it runs, `summary` its figures."""

    id: int
    kind: str
    site: str
    started_at: str
    ended_at: str
    result: str
    summary: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRow:
    """A row of `captures` as first written: its record is in the WARC and not parsed yet."""

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
