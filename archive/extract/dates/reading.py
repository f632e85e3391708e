"""Weighs the witnesses of an article's dates: what the page declares, marks up and prints comes in, Dates go out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from htmldate import find_date

from archive.extract.dates.context import DateContext, Order
from archive.extract.dates.html import DOUBTFUL, DateCandidate, anywhere, candidates, near_title
from archive.extract.dates.moment import EARLIEST, Moment, make, parse_machine, plausible
from archive.extract.dates.visible import parse_all
from archive.extract.metadata.head import as_list, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from archive.extract.document import Document
    from archive.extract.metadata.head import Head
    from archive.extract.metadata.markup import Marks

_PUBLISHED = (
    "article:published_time", "og:article:published_time", "datepublished", "article.published", "article:published",
    "og:published_time", "parsely-pub-date", "cxenseparse:recs:publishtime", "sailthru.date", "publish-date",
    "publish_date", "publishdate", "publication_date", "pubdate", "pub_date", "dcterms.issued", "dc.date.issued",
    "rnews:datepublished", "citation_publication_date", "citation_online_date", "originalpublicationdate", "bt:pubdate",
    "article_date_original", "article:create_at", "news_date", "date_published", "displaydate", "video:release_date",
    "ptime", "dc.date.created", "dcterms.created", "datecreated", "dc.date", "dcterms.date", "citation_date",
    "dc.created",
    "created", "date", "timestamp",
)  # fmt: skip
_MODIFIED = (
    "article:modified_time", "og:article:modified_time", "og:updated_time", "datemodified", "article:modified",
    "dcterms.modified", "dc.date.modified", "last-modified", "lastmod", "modified", "revised", "date_modified",
    "updated_time", "article.updated", "bt:moddate",
)  # fmt: skip

_URL_DATES = (
    re.compile(
        r"(?<=[/_-])(?P<y>19\d\d|20\d\d)([/_-]?)(?P<m>0[1-9]|1[0-2]|[1-9](?=[/_-]))\2(?P<d>0[1-9]|[12]\d|3[01]"
        r"|[1-9](?=[/_.-]))"
        r"(?=[/_.-]|$)"
    ),
    re.compile(r"(?<=[/_-])(?P<d>0?[1-9]|[12]\d|3[01])([_.-])(?P<m>0?[1-9]|1[0-2])\2(?P<y>20\d\d)(?=\D|$)"),
)

_DMY_SUFFIXES = frozenset(
    ["uk", "ie", "au", "nz", "in", "za", "pk", "ng", "ke", "gh", "sg", "my", "hk", "eu", "lk", "bd", "jm", "mt"]
)
_MDY_SUFFIXES = frozenset(["us", "gov", "edu", "mil", "ph"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """ISO 8601 times as exact as the page gives them, '' where it gives none, and where each was read.

    `day` is the day of publication on the site's own clock (of the last change when only that is known): an instant in
    UTC falls on the day before or after for half the world; the address or the site's known time zone tell which.
    """

    published: str = ""
    published_from: str = ""
    modified: str = ""
    modified_from: str = ""
    day: str = ""


class _Witness(NamedTuple):
    moment: Moment
    source: str


def read_dates(document: Document, head: Head, marks: Marks, *, title: str = "", language: str = "") -> Dates:
    """The best witness of each date: JSON-LD, meta tags, marked-up elements, the address, the text near the title.

    A later witness is heard only when the ones before it say nothing. `title` is the article's, to know where it is
    printed; `language` a tag.
    """
    context = context_of(document, language)
    modified = _first(_declared_changes(head), context)
    published = _first(_declared(head), context)
    if not (published and modified):
        seen = candidates(marks, context, title)
        modified = modified or next((_Witness(one.moment, one.source) for one in seen if one.modified), None)
        published = published or _weighed(document, marks, context, title, [one for one in seen if not one.modified])
        published = published or _by_htmldate(document, marks, context, modified)
    return Dates(
        published=_iso(published, context),
        published_from=published.source if published else "",
        modified=_iso(modified, context),
        modified_from=modified.source if modified else "",
        day=_day(published or modified, document, context),
    )


def _day(witness: _Witness | None, document: Document, context: DateContext) -> str:
    if witness is None:
        return ""
    moment = witness.moment
    if moment.zone == "+00:00":
        address = of_url(document.page.url, context.now)
        if address and abs((address.day - moment.day).days) == 1:
            return address.day.isoformat()
        if context.timezone:
            return context.local_day(moment).isoformat()
    return moment.day.isoformat()


def context_of(document: Document, language: str) -> DateContext:
    """How dates are written on this page: what is known of the site, else its language tag, else its country suffix."""
    page = document.page
    tag = page.site.locale or language
    code, _, region = tag.replace("_", "-").partition("-")
    code, region = code.lower(), region.upper()
    suffix = (urlsplit(page.url).hostname or "").rsplit(".", 1)[-1].lower()
    order: Order = "dmy"
    if code in {"en", ""}:
        order = (
            "mdy"
            if region in {"US", "PH"} or (not region and suffix in _MDY_SUFFIXES)
            else "dmy"
            if region or suffix in _DMY_SUFFIXES
            else ""
        )
    return DateContext(now=page.fetched_at, order=order, language=code, timezone=page.site.timezone)


def _iso(witness: _Witness | None, context: DateContext) -> str:
    """The time as the page gives it; the site's own zone, when it is known, is added to a time without one."""
    if witness is None:
        return ""
    moment = witness.moment
    if moment.clock and not moment.zone and context.timezone:
        return context.placed(moment).iso()
    return moment.iso()


def _first(witnesses: Iterator[tuple[str, str]], context: DateContext) -> _Witness | None:
    for text, source in witnesses:
        moment = parse_machine(text) or next((written.moment for written in parse_all(text, context)), None)
        if moment and plausible(moment.day, context.now):
            return _Witness(moment, source)
    return None


def _declared(head: Head) -> Iterator[tuple[str, str]]:
    for key in ("datePublished", "dateCreated", "uploadDate"):
        for value in as_list(head.article.get(key)):
            yield plain(value, 80), "json-ld"
    for name in _PUBLISHED:
        for value in head.metas.get(name, ()):
            yield plain(value, 80), f"meta:{name}"
    for node in head.own:
        for value in as_list(node.get("datePublished")):
            yield plain(value, 80), "json-ld"


def _declared_changes(head: Head) -> Iterator[tuple[str, str]]:
    for value in as_list(head.article.get("dateModified")):
        yield plain(value, 80), "json-ld"
    for name in _MODIFIED:
        for value in head.metas.get(name, ()):
            yield plain(value, 80), f"meta:{name}"


def _weighed(
    document: Document, marks: Marks, context: DateContext, title: str, seen: Sequence[DateCandidate]
) -> _Witness | None:
    """The date of publication from what is marked up, addressed or printed."""
    if address := of_url(document.page.url, context.now):
        # The address is seldom wrong but has no time of day; an element that agrees with it has.
        agreeing = (one for one in seen if abs((one.moment.day - address.day).days) <= 1)
        return next((_Witness(one.moment, one.source) for one in agreeing), _Witness(address, "url"))
    best = seen[0] if seen else None
    if best is None or best.doubt > DOUBTFUL:
        best = near_title(marks, context, title) or best or anywhere(marks, context)
    return _Witness(best.moment, best.source) if best else None


def of_url(url: str, now: datetime) -> Moment | None:
    """The day in an address (`/2024/05/12/`, `-20240512`, `/12-05-2024`), None for none or an impossible one."""
    path = urlsplit(url).path[:500]
    for pattern in _URL_DATES:
        for match in pattern.finditer(path):
            moment = make(int(match["y"]), int(match["m"]), int(match["d"]))
            if moment and plausible(moment.day, now):
                return moment
    return None


def _by_htmldate(document: Document, marks: Marks, context: DateContext, modified: _Witness | None) -> _Witness | None:
    """The answer of htmldate's careful mode, where it cannot be a guess or another text's date.

    1 January is what it says when it knows only the year; figures of unknown order it reads day first; and when the page
    marks dates up, those that are the article's have been heard already.
    """
    if any(mark.element.tag == "time" for mark in marks.all()):
        return None
    text = find_date(
        document.html,
        extensive_search=False,
        original_date=True,
        url=document.page.url,
        min_date=EARLIEST.isoformat(),
        max_date=context.now.date().isoformat(),
    )
    moment = parse_machine(text or "")
    if (
        not text
        or moment is None
        or (moment.day.month, moment.day.day) == (1, 1)
        or (modified and moment.day == modified.moment.day)
    ):
        return None
    if not context.order and moment.day.day <= 12 and text not in document.html:
        return None
    return _Witness(moment, "htmldate")
