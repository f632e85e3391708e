"""Find the dates that a page prints or marks up, as Sightings, best first."""

from __future__ import annotations

import re
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from archive.extract.dates.moment import Moment, parse_machine, plausible
from archive.extract.dates.visible import parse_all, parse_written
from archive.extract.metadata.head import element_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from archive.extract.dates.moment import DateContext
    from archive.extract.metadata.markup import Mark, Marks

_MAX_LINE = 200
_MAX_MARKS = 500
_SHORT = 90
# A paragraph may open with its date («27.1.2022 - Bei der …»); a date further on belongs to the story.
_DATELINE = 24

_DATED = re.compile(
    r"date|time|publish|posted|meta|byline|datum|fecha|tarih|info|stamp|submitted|heure|(?:^|\s)ago(?:\s|$)|\bdc:(?:created|date)\b"
)
_DATED_TAGS = frozenset({"time", "abbr"})
_PUBLISHED = re.compile(
    r"(?:^|[\s_-])(?:published|entry-date|post-date|publish|pubdate|publishdate|article-date|created|posted)",
    re.IGNORECASE,
)
_MODIFIED = re.compile(r"(?:^|[\s_-])(?:updated|update|modified|datemodified|lastmod)", re.IGNORECASE)
_EXACT = re.compile(
    r"(?:^|\s)(?:date|time|post-date|post_date|published|pubdate|datetime|date-time|timestamp)(?:\s|$)", re.IGNORECASE
)
_PRECISE = re.compile(r"date|time|publish|posted|datum|fecha|tarih|stamp|heure|submitted")
_LABEL = re.compile(
    r"publi(?:shed|é|cado|cato|kace)|posted|veröffentlicht|erstellt am|erschienen|eingestellt|geschrieben am|yayın"
    r"|تاريخ النشر|نشر (?:في|بتاريخ|يوم)|تم النشر|نُشر|تاریخ انتشار|تاریخ اشاعت|опубликовано|gepubliceerd",
    re.IGNORECASE,
)


class DateCandidate(NamedTuple):
    """A date seen on the page, whether it is that of a change, where (`dom:time`, `text` …), and the doubt about it.

    `doubt` is 0 for an element marked `datePublished` under the heading; above `DOUBTFUL` other evidence is better.
    """

    moment: Moment
    modified: bool
    source: str
    doubt: float


DOUBTFUL = 3.0
SURE = 1.5
"""Up to here a date is the article's, whatever is declared of the page."""


def candidates(marks: Marks, context: DateContext, title: str) -> list[DateCandidate]:
    """Return dates in elements made for dates, the article's likeliest first: by kind of markup and nearness to the title."""
    found = [
        candidate._replace(doubt=candidate.doubt + marks.distance(mark, title))
        for mark in islice(marks.find(_DATED, _DATED_TAGS), _MAX_MARKS)
        for candidate in _of_element(mark, context)
    ]
    return sorted(found, key=lambda candidate: candidate.doubt)


def _of_element(mark: Mark, context: DateContext) -> Iterator[DateCandidate]:
    element, names = mark.element, mark.names
    itemprop = element.get("itemprop") or element.get("property") or ""
    if _is_quoted(element):
        return
    modified = itemprop == "dateModified" or bool(_MODIFIED.search(names) and not _PUBLISHED.search(names))
    marked = itemprop.startswith(("date", "dc:")) or element.get("pubdate") is not None
    source = "dom:itemprop" if marked else "dom:time" if element.tag == "time" else "dom:class"
    doubt = 0.0 if marked else _doubt(element, names)
    for name in _MACHINE:
        if moment := _declared(element.get(name) or "", context):
            yield DateCandidate(moment, modified, source, doubt)
            return
    if element.tag in {"article", "main", "form", "img", "input", "h1", "h2", "h3"} and not _PRECISE.search(names):
        return
    text = element_text(element, _MAX_LINE + 1)
    if text and len(text) <= _MAX_LINE:
        for written in parse_all(text, context):
            uncertain = doubt if written.has_year else doubt + 1.0
            yield DateCandidate(written.moment, modified or written.modified, source, uncertain)


_MACHINE = (
    "datetime", "content", "title", "data-datetime", "data-date", "data-time", "data-timestamp", "data-utime", "data-livestamp",
    "data-published", "data-publish-date", "data-epoch")  # fmt: skip


def _declared(value: str, context: DateContext) -> Moment | None:
    """Return the date of an attribute: as programs write it, or as people do."""
    if not any(character.isdigit() for character in value):
        return None
    moment = parse_machine(value) or (parse_written(value, context) if len(value) <= _SHORT else None)
    return moment if moment and plausible(moment.day, context.now) else None


def _is_quoted(element: HtmlElement) -> bool:
    """Return whether the element stands in a quotation: an embedded post has a date of its own."""
    return any(node.tag == "blockquote" for node in element.iterancestors())


def _doubt(element: HtmlElement, names: str) -> float:
    if element.tag in {"time", "abbr"}:
        return 0.5 if _PUBLISHED.search(names) else 1.0
    if _EXACT.search(names):
        return 1.0
    return 2.0 if _PRECISE.search(names) else 2.4


def timed(marks: Marks, context: DateContext) -> Iterator[Moment]:
    """Yield the times with a zone of their own that `time` elements and `abbr` give for machines; at most 50."""
    for mark in islice(marks.find(None, _DATED_TAGS), 50):
        moment = _declared(mark.element.get("datetime") or mark.element.get("title") or "", context)
        if moment and moment.zone:
            yield moment


def near_title(marks: Marks, context: DateContext, title: str, *, modified: bool = False) -> DateCandidate | None:
    """Return the first date of publication, or of a change, in a short piece of text after the title, else before it."""
    lines = (text if len(text) <= _SHORT else text[:_DATELINE] for text in marks.near(title, mixed=True))
    found = (candidate for line in lines if (candidate := _of_text(line, context)))
    return next((candidate for candidate in found if candidate.modified == modified), None)


def labelled(marks: Marks, context: DateContext, title: str) -> DateCandidate | None:
    """Return the first date after the title in or behind a short label of publication (`Published on:` and `24.11.2026`)."""
    for before, text in pairwise(("", *marks.near(title, before=0))):
        is_labelled = _LABEL.search(text) or (len(before) <= _MAX_LABEL and _LABEL.search(before))
        candidate = _of_text(text, context, with_year=True) if is_labelled else None
        if candidate and not candidate.modified:
            return candidate
    return None


_MAX_LABEL = 25


def anywhere(marks: Marks, context: DateContext) -> DateCandidate | None:
    """Return the first date that is labelled as that of publication, else the only one of the page."""
    days = {}
    for text in marks.texts():
        if (candidate := _of_text(text, context, with_year=True)) and not candidate.modified:
            if _LABEL.search(text):
                return candidate
            days[candidate.moment.day] = candidate
    return next(iter(days.values())) if len(days) == 1 else None


def _of_text(text: str, context: DateContext, *, with_year: bool = False) -> DateCandidate | None:
    if not 6 <= len(text) <= _SHORT:
        return None
    found = (written for written in parse_all(text, context) if written.has_year or not with_year)
    return next((DateCandidate(written.moment, written.modified, "text", DOUBTFUL) for written in found), None)
