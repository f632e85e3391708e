"""Find the dates that a page prints or marks up, best first."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from archive.extract.dates.moment import Moment, parse_machine, plausible
from archive.extract.dates.visible import parse_all, parse_written
from archive.extract.dates.words import MODIFIED, STAND, TODAY, YESTERDAY, fold_date
from archive.extract.metadata.head import element_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from archive.extract.dates.moment import DateContext
    from archive.extract.metadata.markup import Mark, Marks

_MAX_LINE = 200
_MAX_MARKS = 500
_MAX_LIKELY = 20
"""Likeliest dates of a page that are searched for those of teasers."""
_SHORT = 90
_BARE_DAYS = TODAY | YESTERDAY | {"aujourd'hui", "aujourd’hui"}
"""Words for days that, alone in running text or a menu, are no date of the article."""
_LEAST, _LEAST_SIGNS = 6, 3
"""Minimum characters of a date in ASCII and in other scripts: `3 May`, `3天前`."""
# A paragraph may open with its date («27.1.2022 - Bei der …»); a date further on belongs to the story.
_DATELINE = 24

_DATED = re.compile(
    r"date|time|publish|posted|meta|byline|datum|fecha|tarih|info|stamp|submitted|heure|(?:^|\s)ago(?:\s|$)|\bdc:(?:created|date)\b"
)
_DATED_WORDS = (
    "date", "time", "publish", "posted", "meta", "byline", "datum", "fecha", "tarih", "info", "stamp", "submitted",
    "heure", "ago", "dc:",
)  # fmt: skip
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
    """A date found on the page, whether it is that of a change, its source (`dom:time`, `text` …), its doubt, and whether it is relative.

    `doubt` is 0 for an element marked `datePublished` under the heading; above `DOUBTFUL` other evidence is better.
    """

    moment: Moment
    modified: bool
    source: str
    doubt: float
    relative: bool = False


DOUBTFUL = 3.0
SURE = 1.5
"""Maximum doubt with which a date overrides those declared of the page."""


def candidates(marks: Marks, context: DateContext, title: str) -> list[DateCandidate]:
    """Return dates in elements made for dates, the most likely first: by kind of markup and distance to the title."""
    found = [
        (candidate._replace(doubt=candidate.doubt + marks.distance(mark, title)), mark.element)
        for mark in islice(marks.find(_DATED, _DATED_TAGS, words=_DATED_WORDS), _MAX_MARKS)
        for candidate in _of_element(mark, context)
    ]
    found.sort(key=lambda pair: pair[0].doubt)
    likely, others = found[:_MAX_LIKELY], found[_MAX_LIKELY:]
    own = [candidate for candidate, element in likely if not marks.is_in_teaser(element, title)]
    return own + [candidate for candidate, _ in others]


def _of_element(mark: Mark, context: DateContext) -> Iterator[DateCandidate]:
    element, names = mark.element, mark.names
    itemprop = element.get("itemprop") or element.get("property") or ""
    if _is_quoted(element) or _is_told(element):
        return
    is_change = itemprop == "dateModified" or bool(_MODIFIED.search(names) and not _PUBLISHED.search(names))
    modified = is_change or (element.tag == "time" and not itemprop and _is_after_label(element))
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
            yield DateCandidate(written.moment, modified or written.modified, source, uncertain, written.relative)


def _is_after_label(element: HtmlElement) -> bool:
    """Return whether the text before an element labels it as the time of a change (`Updated <time>…</time>`)."""
    before, parent = element.getprevious(), element.getparent()
    if before is None:
        text = (parent.text if parent is not None else "") or ""
    else:
        text = (before.tail or "").strip() or (
            element_text(before, _MAX_LABEL) if before.tag in {"span", "b", "strong"} else ""
        )
    label = fold_date(text[-_MAX_LABEL:])
    return not any(map(str.isdigit, label)) and (
        any(word in label for word in MODIFIED) or STAND.search(label) is not None
    )


_MACHINE = (
    "datetime", "content", "title", "data-datetime", "data-date", "data-time", "data-timestamp", "data-utime", "data-livestamp",
    "data-published", "data-publish-date", "data-publish-time", "data-published-at", "data-published-time", "data-epoch",
    "data-unix", "data-unixtime", "data-ts", "data-iso")  # fmt: skip


def _declared(value: str, context: DateContext) -> Moment | None:
    """Return the date of an attribute, machine-readable or written."""
    if not any(character.isdigit() for character in value):
        return None
    moment = parse_machine(value) or (parse_written(value, context) if len(value) <= _SHORT else None)
    return moment if moment and plausible(moment.day, context.now) else None


def _is_quoted(element: HtmlElement) -> bool:
    """Return whether the element is in a quotation, because an embedded post has its own date."""
    return any(node.tag == "blockquote" for node in element.iterancestors())


def _is_told(element: HtmlElement) -> bool:
    """Return whether the element is a `time` within a sentence of a paragraph, which tells when something happens."""
    parent = element.getparent()
    if element.tag != "time" or element.get("itemprop") or parent is None or parent.tag not in {"p", "li"}:
        return False
    text = element_text(parent, 2 * _MAX_LINE)
    is_within = (
        len(text) >= _SENTENCE and _STOP.search(text) is not None and not text.startswith(element_text(element, _SHORT))
    )
    return is_within and not _LABEL.search(text) and not _is_after_label(element)


_SENTENCE = 80
"""Minimum characters of a paragraph with a time within a sentence."""
_STOP = re.compile("[.。۔।][\"'»”’)]?$")


def _doubt(element: HtmlElement, names: str) -> float:
    if element.tag in {"time", "abbr"}:
        return 0.5 if _PUBLISHED.search(names) else 1.0
    if _EXACT.search(names):
        return 1.0
    return 2.0 if _PRECISE.search(names) else 2.4


def timed(marks: Marks, context: DateContext) -> Iterator[Moment]:
    """Yield the machine-readable times with a zone of `time` and `abbr` elements; at most 50."""
    for mark in islice(marks.find(None, _DATED_TAGS), 50):
        moment = _declared(mark.element.get("datetime") or mark.element.get("title") or "", context)
        if moment and moment.zone:
            yield moment


def near_title(marks: Marks, context: DateContext, title: str, *, modified: bool = False) -> DateCandidate | None:
    """Return the first date of publication (or change) in a short text after the title, or else before it."""
    texts = marks.near(title, mixed=True)
    lines = (text if len(text) <= _SHORT else text[:_DATELINE] for text in texts)
    dated = ((line, candidate) for line in lines for candidate in _all_of_text(line, context))
    found = [(line, candidate) for line, candidate in dated if candidate.modified == modified]
    others = _of_others(marks) if found else frozenset()
    own = [candidate for line, candidate in found if line not in others]
    if sum(candidate.relative for candidate in own) >= _LIST:
        own.sort(key=attrgetter("relative"))
    return next(iter(own), None)


_LIST = 3
"""Relative times that make a list of the latest news, where a page also prints a date."""


def _of_others(marks: Marks) -> frozenset[str]:
    """Return the dates that the page prints only in comments and in teasers of related articles."""
    elements = (
        mark.element for mark in islice(marks.find(_DATED, _DATED_TAGS, words=_DATED_WORDS, elsewhere=True), _MAX_MARKS)
    )
    framed = Counter(" ".join(element.text.split()) for element in elements if element.text and _is_of_other(element))
    texts = Counter(marks.texts()) if framed else framed
    return frozenset(text for text, count in framed.items() if texts[text] <= count)


def _is_of_other(element: HtmlElement) -> bool:
    return any(_OTHERS.search(f"{node.get('class')} {node.get('id')}".lower()) for node in element.iterancestors())


_OTHERS = re.compile(r"(?:^|\s)(?:comment|related|recent|popular|latest|trending|weather|prayer|ticker)")


def labelled(marks: Marks, context: DateContext, title: str) -> DateCandidate | None:
    """Return the first date after the title in or after a short label of publication (`Published on:` and `24.11.2026`)."""
    for before, text in pairwise(("", *marks.near(title, before=0))):
        is_labelled = _LABEL.search(text) or (len(before) <= _MAX_LABEL and _LABEL.search(before))
        candidate = _of_text(text, context, with_year=True) if is_labelled else None
        if candidate and not candidate.modified:
            return candidate
    return None


_MAX_LABEL = 25


def anywhere(
    marks: Marks, context: DateContext, *, labelled_only: bool = False, modified: bool = False
) -> DateCandidate | None:
    """Return the first date labelled as that of publication, or else (without `labelled_only`) the only one on the page.

    With `modified`, return the only date labelled as that of a change.
    """
    days = {}
    others = _of_others(marks)
    for text in marks.texts():
        candidate = _of_text(text, context, with_year=True) if text not in others else None
        if candidate and candidate.modified == modified:
            if not modified and _LABEL.search(text):
                return candidate
            days[candidate.moment.day] = candidate
    return next(iter(days.values())) if len(days) == 1 and not labelled_only else None


def _of_text(text: str, context: DateContext, *, with_year: bool = False) -> DateCandidate | None:
    return next(_all_of_text(text, context, with_year=with_year), None)


def _all_of_text(text: str, context: DateContext, *, with_year: bool = False) -> Iterator[DateCandidate]:
    """Yield the dates of a short text (`Published 4 March, updated 5 March`)."""
    if (_LEAST if text.isascii() else _LEAST_SIGNS) <= len(text) <= _SHORT:
        for written in parse_all(text, context):
            is_bare = written.relative and fold_date(text.strip(" ,.;:!")) in _BARE_DAYS
            if not is_bare and (written.has_year or not with_year):
                yield DateCandidate(written.moment, written.modified, "text", DOUBTFUL, written.relative)
