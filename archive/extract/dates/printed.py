"""Finds dates a page prints or marks up: its tree, title and habits come in; Sightings, best first, go out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree

from archive.extract.dates.moment import Moment, parse_machine, plausible
from archive.extract.dates.visible import Habits, parse_all
from archive.extract.head import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

_MAX_ELEMENTS = 600
_MAX_LINE = 200
_MAX_TEXTS = 3_000
_NEAR = 12
_SHORT = 90
# A paragraph may open with its date («27.1.2022 - Bei der …»); a date further in is what it tells of.
_DATELINE = 24

# Comments, other articles and the frame of the page have dates of their own. A class is matched from its beginning,
# since
# `has-sidebar`, `elementor-widget` and the like stand on what holds the article; the body's classes tell of the whole
# page.
_ELSEWHERE = (
    "[not(ancestor-or-self::*[not(self::body or self::html)]["
    + " or ".join(
        f"contains(concat(' ', @class), ' {word}') or starts-with(@id, '{word}')"
        for word in ("comment", "related", "sidebar", "recent", "teaser")
    )
    + " or contains(concat(' ', @class), ' widget') and not(contains(@class, ' Blog'))"  # Blogger's posts are a widget
    + " or self::aside[not(contains(@class, 'meta') or contains(@class, 'info'))] or self::nav"
    " or self::footer[not(ancestor::article)]])]"
)
_CLASSES = (
    "date", "Date", "time", "Time", "publish", "Publish", "posted", "meta", "byline", "datum", "fecha", "tarih", "info",
    "stamp", "submitted", "Meta", "Byline", "heure",
)  # fmt: skip
_IDS = ("date", "Date", "time", "publish", "fecha", "byline", "meta")
_DATED = etree.XPath(
    "//h1 | //h2 | //h3 | //*[self::time or self::abbr[@title] or @itemprop='datePublished' or @itemprop='dateModified'"
    " or @itemprop='dateCreated' or @property='datePublished' or @property='dc:date' or @property='dc:created'"
    " or @pubdate"
    + "".join(f" or contains(@class, '{word}')" for word in _CLASSES)
    + "".join(f" or contains(@id, '{word}')" for word in _IDS)
    + "][not(self::html or self::body or self::article or self::main or self::script or self::style or self::meta"
    " or self::input or self::form or self::link or self::img)]" + _ELSEWHERE
)
_TEXTS = etree.XPath(
    "//body//text()[normalize-space()][not(ancestor::script or ancestor::style or ancestor::noscript)]"
)
_PUBLISHED = re.compile(
    r"(?:^|[\s_-])(?:published|entry-date|post-date|publish|pubdate|publishdate|article-date|created|posted)",
    re.IGNORECASE,
)
_MODIFIED = re.compile(r"(?:^|[\s_-])(?:updated|update|modified|datemodified|lastmod)", re.IGNORECASE)
_EXACT = re.compile(
    r"(?:^|\s)(?:date|time|post-date|post_date|published|pubdate|datetime|date-time|timestamp)(?:\s|$)", re.IGNORECASE
)
_PRECISE = re.compile(r"date|time|publish|posted|datum|fecha|tarih|stamp|heure|submitted", re.IGNORECASE)


_LABEL = re.compile(
    r"publi(?:shed|é|cado|cato|kace)|posted|veröffentlicht|erstellt am|erschienen|eingestellt|geschrieben am|yayın"
    r"|تاريخ النشر|نشر (?:في|بتاريخ|يوم)|تم النشر|نُشر|تاریخ انتشار|تاریخ اشاعت|опубликовано|gepubliceerd",
    re.IGNORECASE,
)


class Sighting(NamedTuple):
    """A date seen on the page, whether it is that of a change, where (`dom:time`, `text` …), and the doubt about it.

    `doubt` is 0 for an element marked `datePublished` under the heading; above `DOUBTFUL` other evidence is better.
    """

    moment: Moment
    modified: bool
    source: str
    doubt: float


DOUBTFUL = 3.0


def sightings(document_tree: HtmlElement, habits: Habits, title: str) -> list[Sighting]:
    """Dates in elements made for dates, the article's likeliest first: by kind of markup and nearness to the title."""
    elements: list[HtmlElement] = _DATED(document_tree)[:_MAX_ELEMENTS]
    heading = _heading(elements, title)
    found = [
        sighting._replace(doubt=sighting.doubt + _distance(index, heading))
        for index, element in enumerate(elements)
        for sighting in _of_element(element, habits)
    ]
    return sorted(found, key=lambda sighting: sighting.doubt)


def _heading(elements: list[HtmlElement], title: str) -> int:
    """The place of the article's heading among `elements`: that with the title's words, else the first h1, else -1."""
    first = -1
    key = _key(title)
    for index, element in enumerate(elements):
        if element.tag in {"h1", "h2", "h3"}:
            if _same(_key(words_of(element, 400)), key):
                return index
            if element.tag == "h1" and first < 0:
                first = index
    return first


def _key(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _same(key: str, title: str) -> bool:
    """Whether two keys are forms of one title: equal, or alike for 20 letters (a suffix or a badge differs)."""
    return bool(key) and (key == title or (len(key) > 20 and key[:20] == title[:20]))


def _distance(index: int, heading: int) -> float:
    if heading < 0:
        return min(index / 100, 2.0)
    steps = index - heading
    if 0 <= steps <= _NEAR:
        return steps * 0.4
    # Some themes print the date above the heading; further up is the page's own clock («Sunday, 24 November»).
    return 1.0 if -4 <= steps < 0 else 5.0


def _of_element(element: HtmlElement, habits: Habits) -> Iterator[Sighting]:
    names = f"{element.get('class') or ''} {element.get('id') or ''} {element.get('itemprop') or ''}"
    itemprop = element.get("itemprop") or element.get("property") or ""
    machine = (
        element.get("datetime")
        or element.get("content")
        or (element.get("title") if element.tag == "abbr" else "")
        or ""
    )
    modified = itemprop == "dateModified" or bool(_MODIFIED.search(names) and not _PUBLISHED.search(names))
    marked = itemprop.startswith(("date", "dc:")) or element.get("pubdate") is not None
    source = "dom:itemprop" if marked else "dom:time" if element.tag == "time" else "dom:class"
    doubt = 0.0 if marked else _doubt(element, names)
    moment = parse_machine(machine) if machine else None
    if moment and plausible(moment.day, habits.now):
        yield Sighting(moment, modified, source, doubt)
        return
    if element.tag in {"h1", "h2", "h3"} and not _PRECISE.search(names):
        return
    text = words_of(element, _MAX_LINE + 1)
    if text and len(text) <= _MAX_LINE:
        for written in parse_all(text, habits):
            yield Sighting(written.moment, modified or written.modified, source, doubt)


def _doubt(element: HtmlElement, names: str) -> float:
    if element.tag in {"time", "abbr"}:
        return 0.5 if _PUBLISHED.search(names) else 1.0
    if _EXACT.search(names):
        return 1.0
    return 2.0 if _PRECISE.search(names) else 2.4


def near_title(document_tree: HtmlElement, habits: Habits, title: str) -> Sighting | None:
    """The first date in a short piece of text after the title, else before it."""
    texts = _texts(document_tree)
    key = _key(title)
    at = next((index for index, text in enumerate(texts) if _same(_key(text[:400]), key)), -1)
    near = (*texts[at + 1 : at + 40], *texts[max(at - 15, 0) : at][::-1]) if at >= 0 else ()
    lines = (text if len(text) <= _SHORT else text[:_DATELINE] for text in near)
    return next((sighting for line in lines if (sighting := _of_text(line, habits))), None)


def anywhere(document_tree: HtmlElement, habits: Habits) -> Sighting | None:
    """The first date that is labelled as that of publication, else the only one of the page."""
    days = {}
    for text in _texts(document_tree):
        if sighting := _of_text(text, habits):
            if _LABEL.search(text):
                return sighting
            days[sighting.moment.day] = sighting
    return next(iter(days.values())) if len(days) == 1 else None


def _texts(document_tree: HtmlElement) -> list[str]:
    return [" ".join(str(text).split()) for text in _TEXTS(document_tree)[:_MAX_TEXTS]]


def _of_text(text: str, habits: Habits) -> Sighting | None:
    if not 6 <= len(text) <= _SHORT:
        return None
    return next(
        (Sighting(written.moment, written.modified, "text", DOUBTFUL) for written in parse_all(text, habits)), None
    )
