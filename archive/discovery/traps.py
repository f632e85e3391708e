"""Recognise endless generated URLs, group URLs for quotas, and find redirects inside a page."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from itertools import chain
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote, urljoin

if TYPE_CHECKING:
    from collections.abc import Iterator

Trap = Literal[
    "",
    "repeating-path",
    "deep-path",
    "embedded-url",
    "calendar",
    "pagination",
    "facets",
    "session-id",
    "long-query",
    "action",
]
"""Why a URL counts as a trap ('' if it does not)."""

MAX_SEGMENTS: Final = 14
"""Path segments of a URL worth following; articles have up to ten (`/section/sub/year/month/day/slug/amp`: seven)."""

MAX_PAGE: Final = 200
"""Last page of a list worth following; deeper ones are reached by sitemaps or a backfill."""

MAX_QUERY: Final = 400
"""Characters of a query worth following."""

_PARTS = re.compile(r"https?://([^/?#]*)([^?#]*)(?:\?([^#]*))?")
_EMBEDDED = re.compile(
    r"/(?:https?:|www\.[^/]+\.[a-z]{2,}(?:/|$))|/%22|/\\?\"|/(?:undefined|null|nan|\[object)(?:/|$)|\{\{|\$\{"
)
_SESSION = re.compile(r"/\([0-9a-z]{24}\)/|;[a-z_]*(?:session|sid)[a-z_]*=", re.IGNORECASE)
_CALENDAR_PATH = re.compile(
    r"/(?:calendar|events?|agenda|schedule|tv-guide|epg|prayer-?times|التقويم|تقويم|فعاليات|مواقيت)(?:/.*)?/"
    r"(?:month/|day/|week/|today/|list/)?\d{4}(?:[-/]\d{1,2}){1,2}/?$"
)
_CALENDAR_QUERY = re.compile(
    r"(?:^|&)(?:cal|calendar|tribe-bar-date|eventdisplay|ical|mini_?cal|cmonth|cyear|cdate|month|year|day|date|from|to)="
    r"(?=[^&]*\d)",
)
_CALENDAR_YEAR = re.compile(r"/((?:19|20|21)\d\d)/(?:0?[1-9]|1[0-2])(?:/(?:[0-2]?\d|3[01]))?/?$")
_PAGE = re.compile(r"(?:/(?:page|p|seite|pagina|صفحة)[/-]?(\d+)/?$)|(?:(?:^|&)(?:page|paged|pg|p|seite|pagina)=(\d+))")
_OFFSET = re.compile(r"(?:^|&)(?:offset|start|from|skip|limitstart)=(\d+)")
_FACET = re.compile(
    r"(?:^|&)(?:sort|sortby|sort_by|order|orderby|order_by|dir|direction|filter\w*|facet\w*|view|layout|display|perpage"
    r"|per_page|limit|pagesize|size|color|colour|price\w*|min\w*|max\w*|brand|rating|f(?:\[|%5b)[^=]*)=",
)
_ACTION = re.compile(
    r"(?:^|&)(?:add-to-cart|add_to_wishlist|action|do|task|replytocom|share|vote|like|reply|report|logout|redirect|redirect_to"
    r"|return|return_to|returnurl|next|goto|destination|lang_switch|nb|_wpnonce|token|rand|random|timestamp|nocache|_)=",
)
_STORY_NUMBER = re.compile(
    r"(?:^|&)(?:id|nid|aid|sid|(?:article|news|story|item|post|art)_?id)=\d{4,}"
)  # of articles: the ids of calendars and categories are short
_READING = re.compile(
    r"(?:^|&)(?:(?:action|do|task)=(?:view|show|read|display|details?|article|news|story|item)|(?:view|layout|display)=[a-z]+)"
    r"(?=&|$)"
)  # parameters of publishing systems of the 2000s that show the article of that number
_OPAQUE = re.compile(r"(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{8,}|[0-9a-f]{8}-[0-9a-f-]{27}")
_DIGITS = re.compile(r"\d+")


def trap_reason(url: str, *, this_year: int | None = None) -> Trap:
    """Return why the canonical `url` looks like one of an endless set; '' if it does not.

    `this_year` detects calendars: a month beyond the next year belongs to a calendar, whatever the path.
    """
    match = _PARTS.match(url)
    if not match:
        return ""
    path, query = unquote(match.group(2)).lower(), (match.group(3) or "").lower()
    segments = [segment for segment in path.split("/") if segment]
    if ("(" in path or ";" in path) and _SESSION.search(path):
        return "session-id"
    if _EMBEDDED.search(path):
        return "embedded-url"
    if _repeats(segments):
        return "repeating-path"
    if len(segments) > MAX_SEGMENTS:
        return "deep-path"
    return _list_trap(path, query, this_year) or _query_trap(query)


def pattern_of(url: str) -> str:
    """Return the pattern of a URL, by which visits are counted: host and path with numbers as 0, ids as `#`, slugs as `*`.

    Of the query only the names of the parameters count, sorted.
    """
    match = _PARTS.match(url)
    if not match:
        return ""
    host, path, query = match.groups(default="")
    key = host + "/".join(_kind(segment) for segment in path.split("/"))
    names = sorted({_DIGITS.sub("0", part.partition("=")[0]) for part in query.split("&") if part})
    return f"{key}?{'&'.join(names)}"[:300] if names else key[:300]


def _kind(segment: str) -> str:
    stem, dot, ending = segment.rpartition(".")
    if not dot or len(ending) > 5:
        stem, dot, ending = segment, "", ""
    if "%" in stem or stem.count("-") + stem.count("_") >= 3:
        return "*" + dot + ending
    if _OPAQUE.fullmatch(stem.lower()):
        return "#" + dot + ending
    return _DIGITS.sub("0", stem) + dot + ending


def _repeats(segments: list[str]) -> bool:
    """Return whether a path repeats itself through relative links: one segment three times (except dates), or two twice in a row."""
    words = [segment for segment in segments if not segment.isdigit()]
    if len(set(words)) == len(words):
        return False
    if any(count >= 3 for count in Counter(words).values()):
        return True
    return any(
        words[place : place + size] == words[place + size : place + 2 * size]
        for size in (2, 3)
        for place in range(len(words) - 2 * size + 1)
    )


def _list_trap(path: str, query: str, this_year: int | None) -> Trap:
    if not _DIGITS.search(path) and not query:
        return ""
    if _CALENDAR_PATH.search(path) or (len(_CALENDAR_QUERY.findall(query)) >= 2 and not _STORY_NUMBER.search(query)):
        return "calendar"
    year = _CALENDAR_YEAR.search(path)
    if this_year and year and int(year.group(1)) > this_year + 1:
        return "calendar"
    page = _PAGE.search(path) or _PAGE.search(query)
    if page and int((page.group(1) or page.group(2))[:9]) > MAX_PAGE and not _is_story(page.group(), query):
        return "pagination"
    offset = _OFFSET.search(query)
    return "pagination" if offset and int(offset.group(1)[:9]) > MAX_PAGE * 50 else ""


def _is_story(page: str, query: str) -> bool:
    return "p=" in page and "page=" not in page and query.startswith("p=")  # the id of a WordPress article: `?p=12345`


def _query_trap(query: str) -> Trap:
    if not query:
        return ""
    if len(query) > MAX_QUERY:
        return "long-query"
    if _STORY_NUMBER.search(query):
        query = _READING.sub("", query)
    if _ACTION.search(query):
        return "action"
    if len(_FACET.findall(query)) >= 2 or query.count("&") >= 8:
        return "facets"
    return ""


# Redirects without a link: meta refresh, the Refresh field, a script that sets the location, frames. Pure.

LONGEST_DELAY = 15
"""Longest delay in seconds of a refresh that is a redirect; pages that reload or return to the front page wait for minutes."""

MAX_LEADS = 8
_LOOKED_AT = 200_000  # bytes of the page
_LONGEST = 2000  # characters of a tag or an address

_ABSOLUTE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
_TAG = re.compile(rb"<(base|meta|i?frame)\b([^>]{0,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"""([a-z-]{1,20})\s*=\s*(?:"([^"]{0,2000})"|'([^']{0,2000})'|([^\s"'>]{1,2000}))""", re.IGNORECASE
)
_MAY_REFRESH = re.compile(rb"http-equiv\s*=\s*[\"']?\s*refresh")
_NOSCRIPT = re.compile(rb"<noscript\b[^>]{0,2000}>.*?(?:</noscript\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_REFRESH = re.compile(r"\s*(\d{1,9})(?:\.\d*)?\s*(?:\Z|[;,]\s*(?:url\s*=\s*)?[\"']?([^\"']{0,2000}))", re.IGNORECASE)
_SCRIPT = re.compile(
    rb"""(?:\blocation(?:\.href)?\s*=|\b(?:location\.(?:replace|assign)|navigate)\()\s*["'`]((?:[^"'`\\$]|\\/){1,2000})["'`]"""
    rb"""|\bopen\(\s*["'`]((?:[^"'`\\$]|\\/){1,2000})["'`]\s*,\s*["']_(?:self|top|parent)["']"""
)


def find_leads(body: bytes, refresh: str = "", *, scripts: bool = True) -> tuple[str, ...]:
    """Return the URL references as written; `refresh` is the Refresh field. `scripts` includes those of scripts and frames."""
    found = dict.fromkeys([*_of_refresh(refresh), *_of_page(body[:_LOOKED_AT], scripts=scripts)])
    return tuple(reference for reference in found if reference)[:MAX_LEADS]


def find_refresh(body: bytes, refresh: str = "") -> str | None:
    """Return the URL reference to which a page refreshes in every browser, '' for itself; None if it does not refresh."""
    page = _NOSCRIPT.sub(b"", body[:_LOOKED_AT])
    return next(chain(_of_refresh(refresh), _of_page(page, scripts=False)), None)


def _of_page(head: bytes, *, scripts: bool) -> Iterator[str]:
    if not scripts and not _MAY_REFRESH.search(head.lower()):
        return
    base = ""
    for tag in _TAG.finditer(_without_comments(head)):
        values = {
            match[1].lower(): _text(match[2] or match[3] or match[4] or b"") for match in _ATTRIBUTE.finditer(tag[2])
        }
        if tag[1].lower() == b"base":
            base = base or values.get(b"href", "")
        elif tag[1].lower() == b"meta" and values.get(b"http-equiv", "").strip().lower() == "refresh":
            yield from (_join(base, one) for one in _of_refresh(values.get(b"content", "")))
        elif (tag[1].lower() == b"frame" and scripts) or (
            tag[1].lower() == b"iframe" and scripts and _fills_the_page(values)
        ):
            yield _join(base, values.get(b"src", ""))
    for match in _SCRIPT.finditer(head) if scripts else ():
        yield _join(base, _text((match[1] or match[2] or b"").replace(b"\\/", b"/")))


def _without_comments(head: bytes) -> bytes:
    """Return the page without comments; scripts are searched in the original, because old ones are inside comments."""
    first, *others = head.split(b"<!--")
    return first + b"".join(part.partition(b"-->")[2] for part in others)


def _join(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference) if base and reference else reference
    except ValueError:
        return reference


def _fills_the_page(iframe: dict[bytes, str]) -> bool:
    """Return whether a frame fills the page; frames of other hosts are players, counters and advertisements."""
    size = iframe.get(b"width", "") + iframe.get(b"style", "")
    return "100%" in size and not _ABSOLUTE.match(iframe.get(b"src", ""))


def _of_refresh(value: str) -> Iterator[str]:
    match = _REFRESH.match(value[: 2 * _LONGEST])
    if match and int(match[1]) <= LONGEST_DELAY:
        yield (match[2] or "").strip()


def _text(value: bytes) -> str:
    return unescape(value.decode("utf-8", "replace")).strip()
