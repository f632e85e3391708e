"""Define the tasks of the workers and their results: a response to parse, and a body to prepare for replay in a browser."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from archive.article import RequisiteLimits, Requisites, SiteProfile
from archive.body.pickling import quick_to_pickle
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
"""The most pages that are joined into one article."""
MAX_REPLAYED = 12_000_000
"""Bytes of a page that are prepared for replay; extraction reads no more either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseLimits:
    """The limits for one response: decoded bytes, links and requisites of a page, entries and bytes of a sitemap or feed."""

    decoded_bytes: int = 20 << 20
    links: int = 2000
    entries: int = MAX_URLS
    sitemap_bytes: int = MAX_BYTES
    feed_entries: int = MAX_ENTRIES
    feed_bytes: int = MAX_FEED_BYTES
    requisites: RequisiteLimits = field(default_factory=RequisiteLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseTask:
    """A response to parse: its exact bytes, what is known of its site, and the limits."""

    url: str
    response: bytes
    fetched_at: datetime
    site: SiteProfile = field(default_factory=SiteProfile)
    limits: ParseLimits = field(default_factory=ParseLimits)
    articles: tuple[re.Pattern[str], ...] = ()
    """Patterns of article URLs from the site's entry: such links are followed whatever their form."""
    dom: bytes = b""
    """The DOM of the page after rendering, as HTML in UTF-8, which is parsed instead of the served body; b'' if it was not rendered."""
    requisite: RequisiteKind | None = None
    """The kind of resource as which a page loads the URL; None for a URL that is visited itself."""


@quick_to_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class Outlink:
    """A canonical URL that the response announces; `by` is how (`feed`, `sitemap`, `page`, `redirect`, `refresh`).

    `spelling` is the URL as the site writes it, '' if that is the canonical form.
    """

    url: str
    kind: Kind
    by: str
    published_hint: str = ""
    spelling: str = ""


@quick_to_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The result of parsing a response.

    Its outcome is of a kind that follows from the response alone.
    """

    outcome: Outcome
    article: Article | None = None
    found: tuple[Outlink, ...] = ()
    lines: tuple[str, ...] = ()
    directives: tuple[str, ...] = ()
    next_page: str = ""
    keys: Keys | None = None
    """The search keys of the article's words, computed in the worker to relieve the process that stores them."""
    headlines: tuple[tuple[str, str], ...] = ()
    """URL and title of the articles that a listing links to, in page order."""
    left_out: tuple[tuple[str, int], ...] = ()
    """Numbers of skipped URLs, by the limit or trap that excluded them."""
    requisites: Requisites = field(default_factory=Requisites)
    picture: Picture | None = None
    """The facts of a response that is a picture."""
    is_shell: bool = False
    """Whether a page without an article appears to be filled by scripts."""
    is_page: bool = False
    """Whether the response is an HTML page with a success status, whatever its content."""

    @classmethod
    def of(cls, kind: OutcomeKind, reason: str = "", detail: str = "") -> Parsed:
        """Return a result with only an outcome."""
        return cls(outcome=Outcome(kind=kind, reason=reason, detail=detail))


def join_part(answer: Parsed, part: Parsed) -> Parsed:
    """Return `answer` with the text of its next page appended to the article; its next page is then the one after that."""
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
    """A body to prepare for replay. With `addresses`, its URLs are replaced by these, or by `missing`; without, its requisites are listed.

    With `thumbnail`, a picture is scaled so that neither side has more pixels than this.
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
    """The URLs that a body loads, in order, and the body in UTF-8 with its URLs replaced."""

    urls: tuple[str, ...] = ()
    body: bytes = b""
