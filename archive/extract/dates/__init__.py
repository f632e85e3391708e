"""Find when an article was published and last modified, and where on the page each date was read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from htmldate import find_date

from archive.extract.dates.declarations import (
    PUBLISHED_NAME,
    VAGUE,
    date_in_url,
    days_of_others,
    declared,
    declared_changes,
    in_metas,
)
from archive.extract.dates.html import DOUBTFUL, SURE, DateCandidate, anywhere, candidates, labelled, near_title, timed
from archive.extract.dates.line import parse_moment
from archive.extract.dates.moment import EARLIEST, DateContext, Moment, Order, parse_machine, plausible
from archive.extract.dates.visible import parse_all
from archive.extract.metadata.head import is_news

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archive.extract.document import Document
    from archive.extract.metadata.head import Head
    from archive.extract.metadata.markup import Marks

__all__ = ["Dates", "Moment", "parse_machine", "parse_moment", "read_dates"]

_DMY_SUFFIXES = frozenset(
    ["uk", "ie", "au", "nz", "in", "za", "pk", "ng", "ke", "gh", "sg", "my", "hk", "eu", "lk", "bd", "jm", "mt"]
)
_MDY_SUFFIXES = frozenset(["us", "gov", "edu", "mil", "ph"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """ISO 8601 times as precise as on the page, '' if missing, with the source of each.

    `day` is the day of publication on the site's own clock (or of the last change if only that is known): a time in UTC is on
    the previous or next day for half of the world; the URL or the site's time zone decides.
    """

    published: str = ""
    published_from: str = ""
    modified: str = ""
    modified_from: str = ""
    day: str = ""


class _Reading(NamedTuple):
    moment: Moment
    source: str
    relative: bool = False

    @property
    def origin(self) -> str:
        """The source; `:relative` at its end says that the page only gives how long ago the time was."""
        return f"{self.source}:relative" if self.relative else self.source


def _reading(one: DateCandidate) -> _Reading:
    return _Reading(one.moment, one.source, one.relative)


def read_dates(document: Document, head: Head, marks: Marks, *, title: str = "", language: str = "") -> Dates:
    """Return the best evidence of each date: JSON-LD, meta tags, marked-up elements, the URL, the text near the title.

    A later source is used only if the earlier ones give nothing. `title` is the article's, to locate it on the page;
    `language` a tag.
    """
    context = context_of(document, _regional(language, head))
    modified = _first(declared_changes(head), context)
    published = _first(declared(head), context)
    seen = candidates(marks, context, title) if not (published and modified) else ()
    modified = modified or next((_reading(one) for one in seen if one.modified), None)
    if published is None:
        addresses = (document.page.url, *head.links.get("canonical", ()), *head.metas.get("og:url", ()))
        address = next(filter(None, (date_in_url(url, context.now) for url in addresses)), None)
        printed = [one for one in seen if not one.modified]
        vague = _first(in_metas(head, VAGUE, PUBLISHED_NAME), context)
        weighed = None if address else _weighed(marks, context, title, printed, vague)
        published = _addressed(address, printed, vague) if address else weighed
        if modified is None and (change := near_title(marks, context, title, modified=True)):
            modified = _reading(change)
        published = (
            published or _lone(marks, context, modified) or _by_htmldate(document, head, marks, context, modified)
        )
        if published is None and modified is None and (change := anywhere(marks, context, modified=True)):
            modified = _reading(change)
    elif (
        modified
        and not is_news(head.article)
        and published.moment.day >= modified.moment.day
        and (first := _first_printed(published, marks, context, title))
    ):
        published = first
    elif published.moment.zone == "+00:00":
        published = _with_true_zone(published, marks, context)
    if modified and modified.source in _MARKED and published and modified.moment.day < published.moment.day:
        modified = None
    published, modified = (_on_site(reading, document, context) for reading in (published, modified))
    if published and _MIDNIGHT.fullmatch(published.moment.clock) and published.moment.zone == "+00:00":
        published = published._replace(moment=_on_printed_day(published.moment, marks, context, title))
    first = published or modified
    return Dates(
        published=published.moment.iso() if published else "",
        published_from=published.origin if published else "",
        modified=modified.moment.iso() if modified else "",
        modified_from=modified.origin if modified else "",
        day=first.moment.day.isoformat() if first else "",
    )


def _first_printed(declared: _Reading, marks: Marks, context: DateContext, title: str) -> _Reading | None:
    """Return the earlier date of publication that the page prints, where the declared one is only that of the last change.

    Some systems declare the day on which a page was last built as that of its publication, and never print it.
    """
    marked = [one for one in candidates(marks, context, title) if one.doubt <= DOUBTFUL]
    printed = [one for one in marked if not (one.modified or one.relative)]
    if said := labelled(marks, context, title):
        printed.append(said)
    if not printed or any(abs((one.moment.day - declared.moment.day).days) <= 1 for one in printed):
        return None
    own = printed[0]
    return _reading(own) if own.moment.day < declared.moment.day else None


_PRINTED = frozenset({"dom:itemprop", "dom:time", "dom:class", "text"})
_MARKED = frozenset({"dom:time", "dom:class"})
"""Sources of changes that are those of a related article if they are older than this one."""


def _with_true_zone(reading: _Reading, marks: Marks, context: DateContext) -> _Reading:
    """Return the time in the zone given by an element of the page, because some plugins declare local time as UTC."""
    for moment in timed(marks, context):
        if (
            moment.day == reading.moment.day
            and moment.clock[:5] == reading.moment.clock[:5]
            and moment.zone != "+00:00"
        ):
            return _Reading(replace(reading.moment, zone=moment.zone), reading.source)
    return reading


_MIDNIGHT = re.compile(r"(?:1[4-9]|2\d):[03]0(?::00)?")
"""When a day begins east of Greenwich, in UTC: what a field for a day without a time becomes."""


def _on_printed_day(moment: Moment, marks: Marks, context: DateContext, title: str) -> Moment:
    """Return a time in UTC on the clock by which it falls on the next day, where the page prints that under its title."""
    following = moment.day + timedelta(days=1)
    printed = (one for one in candidates(marks, context, title) if not one.modified and one.doubt <= DOUBTFUL)
    first = next(printed, None)
    return context.local(moment, following) if first and first.moment.day == following else moment


def _on_site(reading: _Reading | None, document: Document, context: DateContext) -> _Reading | None:
    """Return the page's time on the site's own clock, if that is known."""
    if reading is None:
        return None
    moment = reading.moment
    if moment.clock and not moment.zone and context.timezone:
        return reading._replace(moment=context.placed(moment))
    address = date_in_url(document.page.url, context.now) if moment.zone == "+00:00" else None
    return reading._replace(moment=context.local(moment, address.day if address else None))


def _regional(language: str, head: Head) -> str:
    """Return the language tag with the country of `og:locale`, except `en_US`, the default of unconfigured blogs."""
    locale = next(iter(head.metas.get("og:locale", ())), "").replace("_", "-")[:12]
    is_more = locale.partition("-")[0].lower() == language.lower() and locale.lower() != "en-us"
    return locale if is_more else language


def context_of(document: Document, language: str) -> DateContext:
    """Return the date conventions of the page: from the site's profile, its language tag, or its country suffix."""
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


def _first(readings: Iterator[tuple[str, str]], context: DateContext) -> _Reading | None:
    for text, source in readings:
        moment = parse_machine(text) or next((written.moment for written in parse_all(text, context)), None)
        if moment and plausible(moment.day, context.now):
            return _Reading(moment, source)
    return None


def _addressed(address: Moment, seen: Sequence[DateCandidate], vague: _Reading | None) -> _Reading:
    """Return the day in the URL, which is rarely wrong, with the time of other evidence that agrees with it."""
    readings = (*map(_reading, seen), *((vague,) if vague else ()))
    same = sorted((one for one in readings if one.moment.day == address.day), key=lambda one: not one.moment.clock)
    beside = (one for one in readings if one.moment.clock and abs((one.moment.day - address.day).days) == 1)
    return next(iter(same), None) or next(beside, _Reading(address, "url"))


def _weighed(
    marks: Marks, context: DateContext, title: str, seen: Sequence[DateCandidate], vague: _Reading | None
) -> _Reading | None:
    """Return the date of publication from marked-up, vaguely declared (`vague`) or printed dates."""
    best = seen[0] if seen else None
    if vague and (best is None or best.doubt > SURE):
        said = labelled(marks, context, title)
        return _reading(said) if said else vague
    if best is None or best.doubt > DOUBTFUL:
        best = near_title(marks, context, title) or best
    return _reading(best) if best else None


def _lone(marks: Marks, context: DateContext, modified: _Reading | None) -> _Reading | None:
    """Return the date that stands somewhere on the page: not one after the last change; beside a printed change, only a labelled one."""
    lone = anywhere(marks, context, labelled_only=modified is not None and modified.source in _PRINTED)
    if lone is None or (modified and modified.moment.day < lone.moment.day):
        return None
    return _reading(lone)


def _by_htmldate(
    document: Document, head: Head, marks: Marks, context: DateContext, modified: _Reading | None
) -> _Reading | None:
    """Return the result of htmldate's careful mode, unless it may be a guess or the date of another text.

    htmldate returns 1 January if it knows only the year, and reads figures of unknown order day first; and on a page with
    marked-up dates, the article's own have been read already.
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
        or text in days_of_others(head)
    ):
        return None
    if not context.order and moment.day.day <= 12 and text not in document.html:
        return None
    return _Reading(moment, "htmldate")
