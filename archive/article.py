"""Define the input and output of extraction: Page, Article, and Extraction (an article, or the reason for its absence)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from archive.body.pickling import quick_to_pickle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from archive.body import Body

RequisiteLevel = Literal[
    "none",  # only the page
    "pictures",  # the page and its pictures
    "page",  # the page with its style sheets, pictures, fonts and icons
]
"""Which requisites of a page are kept."""
RequisiteKind = Literal["stylesheet", "image", "font", "script"]

Wall = Literal[
    "challenge",  # a bot check in front of the page
    "consent",  # a cookie or consent wall instead of the article
    "login",  # a registration or login form instead of the article
    "region",  # a notice that the page is not shown in this country or region
]
"""Pages that block an article; a refusal (401, 403, 429 …) with such a page is counted under its name."""

Reason = Literal[
    Wall,
    "soft-404",  # says "not found" with status 200
    "soft-503",  # an error or maintenance page with status 200
    "empty",  # no text worth keeping
    "home",  # the front page of a site
    "section",  # a list of articles
    "tag",  # a list of articles under a tag, an author or a search
    "not-html",  # no HTML to read
    "too-complex",  # rejected before parsing: a page built to stall a parser
    "timeout",  # extraction took longer than its limit and was killed
    "memory",  # extraction took more memory than its limit and was killed
    "encrypted",  # a file with a password
    "damaged",  # an unreadable file
    "error",  # extraction failed; the detail says how
]
"""Why a page is kept in the WARC but not shown as an article."""

AGENCIES = frozenset({
    "AAP", "ABC", "AFP", "ANI", "ANSA", "AP", "APA", "ARD", "BBC", "CBC", "CBS", "CNN", "DPA", "EFE", "EPD", "KNA", "MDR",
    "NBC", "PTI", "SID", "TASS", "UPI", "ZDF",
})  # fmt: skip
"""Acronyms of news agencies and broadcasters that stand in bylines."""


@quick_to_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture of the article: absolute URL, and the caption as the page prints it ('' when there is none)."""

    url: str
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The properties of a picture: media type, size in pixels (0 if unknown), and a perceptual hash.

    `phash` is a perceptual hash of 64 bits as 16 hexadecimal digits: similar pictures differ in few bits. It is '' if the picture
    could not be decoded; `problem` is then the reason.
    """

    type: str
    bytes: int
    sha256: str
    width: int = 0
    height: int = 0
    phash: str = ""
    problem: str = ""


@quick_to_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A line of the page's main part that is not in the article, and the rule that dropped it (`phrase:back-to-top`, `title`…)."""

    line: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedLine:
    """A line of a page: whether it is in the article, the route that found it or the rule that dropped it, and the XPath of its element.

    The path is '' for a line that no element of the page shows, such as one of a PDF file or of the page's script data.
    """

    line: str
    is_kept: bool
    rule: str
    xpath: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All lines of a page in order, and why its text may be another article's ('' if the sources agree)."""

    lines: tuple[ExplainedLine, ...]
    doubt: str = ""


@quick_to_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """The article of a page, cleaned.

    Times are ISO 8601 strings as precise as on the page: `2024-12-20`, `2024-12-20T14:05`, `2024-12-20T14:05:00+01:00`.
    `body` holds its blocks in order (no title); `text` is the plain text of these, a line for each paragraph, heading, list item and
    table row, joined by a single newline. `body` is () where only the lines are known.
    `kind` is `document` for a PDF file.
    `provenance` has the source of each filled field (`json-ld`, `meta:og:title`, `dom:time`, `text`, `url`, …); for `text`, the
    source that located it, and `doubtful` with the reason if sources disagree; for a time that the page counts back from the present,
    the source ends in `:relative`.
    """

    url: str
    title: str
    text: str
    body: Body = ()
    authors: tuple[str, ...] = ()
    date_published: str = ""
    date_modified: str = ""
    section: str = ""
    tags: tuple[str, ...] = ()
    language: str = ""
    description: str = ""
    sitename: str = ""
    source: str = ""
    images: tuple[Image, ...] = ()
    is_accessible_for_free: bool | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[Dropped, ...] = ()
    route: str = ""
    kind: Literal["article", "document"] = "article"

    @property
    def author(self) -> str:
        """The authors in one string, as trafilatura joins them: `A; B`."""
        return "; ".join(self.authors)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteProfile:
    """What is known about a site before a page is parsed: from `sites.toml`, or learned from its other pages.

    `boilerplate` holds the keys (see `archive.extract.text.phrases.line_key`) of lines seen on many pages of the host; they are only
    ever applied to an unbroken run at the edges of the text. `locale` is a BCP 47 tag for dates (`ar-SY`), `timezone` an IANA name.
    """

    language: str = ""
    locale: str = ""
    timezone: str = ""
    boilerplate: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page to extract: its body bytes without content coding, and the data of its fetch.

    `headers` are the HTTP response headers in order, names as served. `fetched_at` is aware, in UTC.
    """

    body: bytes
    url: str
    fetched_at: datetime
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200
    site: SiteProfile = field(default_factory=SiteProfile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link on a page: absolute URL without fragment, its visible text ('' when none), and its `rel` words.

    `spelling` is the URL as written on the page, '' if that is the canonical form.
    """

    url: str
    text: str = ""
    rel: str = ""
    spelling: str = ""


@quick_to_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class Requisite:
    """A resource that a page or a style sheet loads: absolute URL without fragment, spelled as a browser requests it."""

    url: str
    kind: RequisiteKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RequisiteLimits:
    """Which requisites are collected: those of `level`, optionally scripts, `most` of one page or style sheet.

    `side` is the largest width of a candidate in a `srcset`. `pictures` takes the widest candidate up to it, `page` all up to it, because
    a browser chooses by its window. If all are wider, the narrowest is taken.
    """

    level: RequisiteLevel = "none"
    scripts: bool = False
    side: int = 2048
    most: int = 300

    @property
    def kinds(self) -> frozenset[RequisiteKind]:
        """The kinds that are collected."""
        of_level: dict[RequisiteLevel, frozenset[RequisiteKind]] = {
            "none": frozenset(),
            "pictures": frozenset({"image"}),
            "page": frozenset({"stylesheet", "image", "font"}),
        }
        wants_scripts = self.scripts and self.level != "none"
        return of_level[self.level] | (frozenset({"script"}) if wants_scripts else frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Requisites:
    """The requisites of a page or style sheet, each URL once, in order; `left_out` counts those beyond the limit."""

    found: tuple[Requisite, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """The result of extraction: exactly one of `article` and `reason` is set.

    `links` are the page's anchors in page order, each URL once; `feeds` those in `<link rel=alternate>` of a feed type;
    `lines` the line keys of all text blocks of the page (for site learning); `directives` the robots words that apply to the page
    (`noarchive`, `nofollow`, `noindex`, `noai`, `tdm-reservation` …), from meta tags and X-Robots-Tag / tdm headers.
    `too_long` counts the anchors whose URL exceeds the limit. `requisites` are those that the caller of `extract` asked for.
    """

    article: Article | None = None
    reason: Reason | None = None
    detail: str = ""
    canonical_url: str = ""
    next_page: str = ""
    previous_page: str = ""
    links: tuple[Link, ...] = ()
    feeds: tuple[Link, ...] = ()
    lines: tuple[str, ...] = ()
    directives: frozenset[str] = frozenset()
    too_long: int = 0
    requisites: Requisites = field(default_factory=Requisites)
