"""Weighs the witnesses of an article's dates: what the page declares, marks up and prints comes in, Dates go out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.extract.dates.moment import Moment, parse_machine, plausible
from archive.extract.head import as_list, plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from archive.extract.document import Document
    from archive.extract.head import Head

_PUBLISHED = (
    "article:published_time", "og:article:published_time", "datepublished", "article.published", "article:published",
    "og:published_time",
    "parsely-pub-date", "cxenseparse:recs:publishtime", "sailthru.date", "publish-date", "publish_date",
    "publishdate", "publication_date",
    "pubdate", "pub_date", "dcterms.issued", "dc.date.issued", "dc.date", "dcterms.date", "dcterms.created",
    "dc.date.created", "rnews:datepublished",
    "citation_publication_date", "citation_date", "originalpublicationdate", "bt:pubdate", "datecreated",
    "article:create_at", "article_date_original",
    "news_date", "date_published", "displaydate", "created", "date", "dc.created", "timestamp", "video:release_date",
    "ptime",
)  # fmt: skip
_MODIFIED = (
    "article:modified_time", "og:article:modified_time", "og:updated_time", "datemodified", "article:modified",
    "dcterms.modified", "dc.date.modified",
    "last-modified", "lastmod", "modified", "revised", "date_modified", "updated_time", "article.updated", "bt:moddate",
)  # fmt: skip
_MAX_TIMES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """ISO 8601 times as exact as the page gives them, '' where it gives none, and where each was read."""

    published: str = ""
    published_from: str = ""
    modified: str = ""
    modified_from: str = ""


def read_dates(document: Document, head: Head) -> Dates:
    """The best witness of each date, in order of trust: JSON-LD, meta tags, marked-up elements."""
    fetched = document.page.fetched_at
    published = _first(_published(document, head), fetched)
    modified = _first(_modified(head), fetched)
    return Dates(
        published=published[0].iso() if published else "",
        published_from=published[1] if published else "",
        modified=modified[0].iso() if modified else "",
        modified_from=modified[1] if modified else "",
    )


def _first(witnesses: Iterator[tuple[str, str]], fetched: datetime) -> tuple[Moment, str] | None:
    for text, source in witnesses:
        moment = parse_machine(text)
        if moment and plausible(moment.day, fetched):
            return moment, source
    return None


def _published(document: Document, head: Head) -> Iterator[tuple[str, str]]:
    for key in ("datePublished", "dateCreated", "uploadDate"):
        for value in as_list(head.article.get(key)):
            yield plain(value), "json-ld"
    for name in _PUBLISHED:
        for value in head.metas.get(name, ()):
            yield plain(value), f"meta:{name}"
    for count, element in enumerate(document.tree.iter("time")):
        if count < _MAX_TIMES and element.get("datetime"):
            yield element.get("datetime", ""), "dom:time"


def _modified(head: Head) -> Iterator[tuple[str, str]]:
    for value in as_list(head.article.get("dateModified")):
        yield plain(value), "json-ld"
    for name in _MODIFIED:
        for value in head.metas.get(name, ()):
            yield plain(value), f"meta:{name}"
