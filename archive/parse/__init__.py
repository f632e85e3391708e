"""Define the tasks of the workers and their results: a response to parse and what it says, a body to prepare for a browser."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from archive.article import RequisiteLimits, Requisites, SiteProfile
from archive.discovery.feeds import MAX_ENTRIES, MAX_FEED_BYTES
from archive.discovery.sitemaps import MAX_URLS
from archive.discovery.xml import MAX_BYTES
from archive.outcome import Outcome, OutcomeKind

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping
    from datetime import datetime

    from archive.article import Article, Picture, RequisiteKind
    from archive.index.rows import Kind
    from archive.search import Keys

MAX_PARTS = 20
"""Pages that are joined into one article at most."""
MAX_REPLAYED = 12_000_000
"""Bytes of a page that are prepared for a browser; extraction reads no more either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseLimits:
    """What a worker takes from one response: decoded bytes, links and requisites of a page, entries and bytes of a sitemap or feed."""

    decoded_bytes: int = 20 << 20
    links: int = 2000
    entries: int = MAX_URLS
    sitemap_bytes: int = MAX_BYTES
    feed_entries: int = MAX_ENTRIES
    feed_bytes: int = MAX_FEED_BYTES
    requisites: RequisiteLimits = field(default_factory=RequisiteLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseTask:
    """A response to parse: its exact bytes, what is known of its site, and the limits that hold."""

    url: str
    response: bytes
    fetched_at: datetime
    site: SiteProfile = field(default_factory=SiteProfile)
    limits: ParseLimits = field(default_factory=ParseLimits)
    articles: tuple[re.Pattern[str], ...] = ()
    """What the site's entry calls articles: such links are followed whatever their shape."""
    dom: bytes = b""
    """What a browser made of the page, as HTML in UTF-8: it is read in the place of the served body; b'' where none did."""
    requisite: RequisiteKind | None = None
    """What the URL was loaded as by a page; None for a URL that is read for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlink:
    """A URL that the response announces, canonical; `by` is what announces it (`feed`, `sitemap`, `page`, `redirect`, `refresh`).

    `spelling` is the URL as the site writes it, '' where that is the canonical form.
    """

    url: str
    kind: Kind
    by: str
    published_hint: str = ""
    spelling: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a response says.

    Of the kinds of outcome it has those that a response alone can give.
    """

    outcome: Outcome
    article: Article | None = None
    found: tuple[Outlink, ...] = ()
    lines: tuple[str, ...] = ()
    directives: tuple[str, ...] = ()
    next_page: str = ""
    keys: Keys | None = None
    """What the search index will hold of the article's words, made here because the process that stores them has no time."""
    headlines: tuple[tuple[str, str], ...] = ()
    """URL and title of the articles that a listing links to, in page order."""
    left_out: tuple[tuple[str, int], ...] = ()
    """URLs skipped, by the limit or trap that excluded them."""
    requisites: Requisites = field(default_factory=Requisites)
    picture: Picture | None = None
    """What a response that is a picture says."""
    is_shell: bool = False
    """Whether a page that gives no article looks as if scripts would fill it."""
    is_page: bool = False
    """Whether it is an HTML page that was served, whatever it says."""

    @classmethod
    def of(cls, kind: OutcomeKind, reason: str = "", detail: str = "") -> Parsed:
        """Return an answer that is an outcome and nothing else."""
        return cls(outcome=Outcome(kind=kind, reason=reason, detail=detail))


def join_part(answer: Parsed, part: Parsed) -> Parsed:
    """Return the article of `answer` with what its next page says after its own; what comes after that page is next."""
    assert answer.article  # noqa: S101 - only articles have parts
    assert part.article  # noqa: S101
    one, other = answer.article, part.article
    body = (*one.body, *other.body) if one.body and other.body else ()
    joined = replace(one, text=f"{one.text}\n{other.text}", body=body)
    loaded = {one.url: one for one in (*answer.requisites.found, *part.requisites.found)}
    requisites = Requisites(
        found=tuple(loaded.values()), left_out=answer.requisites.left_out + part.requisites.left_out
    )
    return replace(answer, article=joined, next_page=part.next_page, keys=None, requisites=requisites)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayTask:
    """A body to prepare. With `addresses` these take the place of its URLs, `missing` of the others; without, it is asked what it loads.

    Of a picture a smaller one is made, with no side longer than `thumbnail`.
    """

    url: str
    body: bytes
    content_type: str = ""
    is_style: bool = False
    addresses: Mapping[str, str] | None = None
    missing: str = ""
    thumbnail: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The URLs that are loaded, in order, and the body, in UTF-8, with the addresses that were given."""

    urls: tuple[str, ...] = ()
    body: bytes = b""
