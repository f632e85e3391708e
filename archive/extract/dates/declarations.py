"""Read the dates that the head and the URL of a page declare."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from archive.extract.dates.moment import Moment, make, plausible
from archive.extract.dates.words import MONTHS
from archive.extract.metadata.head import as_list, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from archive.extract.metadata.head import Head

PUBLISHED = (
    "article:published_time", "og:article:published_time", "datepublished", "article.published", "article:published",
    "og:published_time", "parsely-pub-date", "cxenseparse:recs:publishtime", "sailthru.date", "publish-date",
    "publish_date", "publishdate", "publication_date", "pubdate", "pub_date", "dcterms.issued", "dc.date.issued",
    "dc.issued", "rnews:datepublished", "citation_publication_date", "citation_online_date", "originalpublicationdate",
    "bt:pubdate", "article_date_original", "article:create_at",
    "article:created_time", "news_date", "date_published", "published", "displaydate", "ptime",
)  # fmt: skip
_MODIFIED = (
    "article:modified_time", "og:article:modified_time", "og:updated_time", "datemodified", "article:modified",
    "dcterms.modified", "dc.date.modified", "dc.modified", "last-modified", "lastmod", "modified", "revised",
    "date_modified", "updated_time", "article.updated", "bt:moddate",
)  # fmt: skip
VAGUE = (
    "dc.date.created", "dcterms.created", "datecreated", "dc.date", "dcterms.date", "citation_date", "dc.created",
    "created", "date", "timestamp",
)  # fmt: skip
"""Fields that are as often dates of the page or a picture as of the article."""
PUBLISHED_NAME = re.compile(
    r"(?:^|(?<!video)[._:-])(?:(?:first[_-]?)?(?:publish(?:ed|ing)?|publication|pub|release|issued?|created?|creation)"
    r"[_-]?(?:at|on|date|time|datetime|timestamp)|date[_-]?(?:published|posted|issued|created))$"
)
_MODIFIED_NAME = re.compile(
    r"(?:^|[._:-])(?:last[_-]?)?(?:updated?|modified|modification|edited)[_-]?(?:at|on|date|time)$"
)

_URL_DATES = (
    re.compile(
        r"(?<=[/_-])(?P<y>19\d\d|20\d\d)([/_-]?)(?P<m>0[1-9]|1[0-2]|[1-9](?=[/_-]))\2(?P<d>0[1-9]|[12]\d|3[01]"
        r"|[1-9](?=[/_.-]))"
        r"(?=[/_.-]|$)"
    ),
    re.compile(r"(?<=[/_-])(?P<d>0?[1-9]|[12]\d|3[01])([_.-])(?P<m>0?[1-9]|1[0-2])\2(?P<y>20\d\d)(?=\D|$)"),
    re.compile(r"/(?P<y>20\d\d)/(?P<m>[a-zA-Z]{3,9})/(?P<d>0?[1-9]|[12]\d|3[01])(?=/|$)"),
)


def declared(head: Head) -> Iterator[tuple[str, str]]:
    """Yield the times of publication in JSON-LD and metas, each with its source."""
    for key in ("datePublished", "dateCreated", "uploadDate", "coverageStartTime"):
        for value in as_list(head.article.get(key)):
            yield plain(value, 80), "json-ld"
    yield from in_metas(head, PUBLISHED)
    for node in head.own:
        for value in (*as_list(node.get("datePublished")), *as_list(node.get("uploadDate"))):
            yield plain(value, 80), "json-ld"


def declared_changes(head: Head) -> Iterator[tuple[str, str]]:
    """Yield the times of the last change in JSON-LD and metas, each with its source."""
    for value in as_list(head.article.get("dateModified")):
        yield plain(value, 80), "json-ld"
    yield from in_metas(head, _MODIFIED, _MODIFIED_NAME)


def in_metas(head: Head, names: Sequence[str], pattern: re.Pattern[str] | None = None) -> Iterator[tuple[str, str]]:
    """Yield the values of metas with these names, then of others with similar names."""
    more = [name for name in head.metas if name not in names and pattern.search(name)] if pattern else []
    for name in (*names, *sorted(more, key=lambda name: "date" not in name)):
        for value in head.metas.get(name, ()):
            yield plain(value, 80), f"meta:{name}"


def date_in_url(url: str, now: datetime) -> Moment | None:
    """Return the day in a URL (`/2024/05/12/`, `-20240512`, `/12-05-2024`), None if it is missing or impossible."""
    try:
        path = urlsplit(url).path[:500]
    except ValueError:
        return None
    for pattern in _URL_DATES:
        for match in pattern.finditer(path):
            month, calendar = (int(match["m"]), "") if match["m"].isdigit() else MONTHS.get(match["m"].lower(), (0, ""))
            moment = make(int(match["y"]), month, int(match["d"])) if calendar in {"", "gregorian"} else None
            if moment and plausible(moment.day, now):
                return moment
    return None


def days_of_others(head: Head) -> set[str]:
    """Return the days that JSON-LD gives for other pages and things."""
    keys = ("datePublished", "dateCreated", "uploadDate", "dateModified")
    days: set[str] = set()
    stack: list[Any] = list(head.nodes)
    for _ in range(_MAX_VALUES):
        if not stack:
            break
        value = stack.pop()
        if isinstance(value, dict):
            if not any(value is own for own in head.own):
                days.update(plain(said, 80)[:10] for key in keys for said in as_list(value.get(key)))
            stack.extend(inner for inner in value.values() if isinstance(inner, (dict, list)))
        elif isinstance(value, list):
            stack.extend(value[:200])
    return days


_MAX_VALUES = 5_000
