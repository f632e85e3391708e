"""Render the pages for readers: search results, an article, its versions, differences between them, charts, help."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from archive import diff, search, urls
from archive.body import HtmlOptions, count_marks, figures_of, html, marked
from archive.errors import NotFoundError
from archive.export.citation import STYLES, cite
from archive.index.columns import LABELLED, body_of
from archive.urls.permalink import permalink
from archive.web.parameters import SearchParameters
from archive.web.views import (
    LONGEST_COMPARED,
    View,
    open_archive,
    open_archives,
    page,
    room_of,
    room_root,
    versions_to_compare,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import HTMLResponse

    from archive.archive import Federation

# Bar charts of counts over days: (day, count) pairs in; bars with places and sizes out, for a template to draw as
# SVG.

WIDTH: Final = 600
HEIGHT: Final = 96
_MOST_BARS: Final = 62
"""Two months of days; longer spans are drawn by month, then by year: narrower bars are hard to touch."""


_LAST_YEAR: Final = 9000
"""Later days are a site's joke or mistake, and the end of Python's calendar is near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: what it stands for, from its first to its last day, and its rectangle in the chart's units, y downward."""

    label: str
    first: str
    last: str
    count: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A row of bars; `unit` is day, month or year; `most` is the count of the highest bar."""

    bars: tuple[Bar, ...]
    unit: str
    most: int


def histogram(days: Iterable[tuple[str, int]], *, most_bars: int = _MOST_BARS) -> Chart | None:
    """Return the chart of counts by day ('YYYY-MM-DD'; other strings are left out), None when it would have fewer than two bars."""
    counts: Counter[date] = Counter()
    for text, count in days:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            continue
        if day.year <= _LAST_YEAR:
            counts[day] += count
    if len(counts) < 2:
        return None
    unit = _fitting_unit(min(counts), max(counts), most_bars)
    edges = _edges(min(counts), max(counts), unit)[-most_bars - 1 :]
    sums: Counter[str] = Counter()
    for day, count in counts.items():
        sums[_label(day, unit)] += count
    return _chart([(first, end - timedelta(days=1), sums[_label(first, unit)]) for first, end in pairwise(edges)], unit)


def _fitting_unit(first: date, last: date, most_bars: int) -> str:
    if (last - first).days < most_bars:
        return "day"
    return "month" if (last.year - first.year) * 12 + last.month - first.month < most_bars else "year"


def _edges(first: date, last: date, unit: str) -> list[date]:
    """Return the first days of all units from the first to the last, and the day after."""
    if unit == "day":
        return [first + timedelta(days=n) for n in range((last - first).days + 2)]
    if unit == "month":
        start, end = first.year * 12 + first.month - 1, last.year * 12 + last.month
        return [date(n // 12, n % 12 + 1, 1) for n in range(start, end + 1)]
    return [date(year, 1, 1) for year in range(first.year, last.year + 2)]


def _label(day: date, unit: str) -> str:
    return day.isoformat()[: {"day": 10, "month": 7, "year": 4}[unit]]


def _chart(units: Sequence[tuple[date, date, int]], unit: str) -> Chart:
    most = max((count for _, _, count in units), default=0) or 1
    step = WIDTH / max(len(units), 1)
    bars = []
    for place, (first, last, count) in enumerate(units):
        # At least two units high, or a single article beside a day of a thousand would be invisible.
        height = max(2.0, HEIGHT * count / most) if count else 0.0
        bars.append(
            Bar(
                label=_label(first, unit),
                first=first.isoformat(),
                last=last.isoformat(),
                count=count,
                x=round(place * step + step * 0.08, 2),
                y=round(HEIGHT - height, 2),
                width=round(min(step * 0.84, 36.0), 2),
                height=round(height, 2),
            )
        )
    return Chart(bars=tuple(bars), unit=unit, most=most)


_QUARANTINE_PAGE: Final = 50


def results(request: Request) -> HTMLResponse:
    """Return the home page and the page of results: what was found, and what it is made of."""
    asked = SearchParameters.of(request.query_params)
    with open_archives(request) as archives:
        found = archives.search(
            asked.words, only=asked.only, order=asked.fitting_order, limit=asked.limit, offset=asked.offset
        )
        facets = archives.facets(found.query)
        known, home = _known(request, archives, asked.words)
        holders = [archives.archive_of(found, number) for number in range(len(found.hits))]
        rooms = [room_of(request, archives, archive) for archive in holders]
        thumbs = [
            archive.lead_pictures([{"id": hit.id}]).get(hit.id)
            for archive, hit in zip(holders, found.hits, strict=True)
        ]
    view = View(request)
    problems = [view.say(f"problem.{one.code}", **dict(one.values)) for one in (*asked.problems, *found.problems)]
    return page(
        request,
        "results.html",
        asked=asked,
        is_home=request.url.path == f"{view.root}/" and not asked.parameters(),
        found=found,
        facets=facets,
        chart=histogram(facets.days),
        known=known,
        known_room=home,
        rooms=rooms,
        thumbs=thumbs,
        problems=problems,
        suggestion=found.suggestion(asked.words),
        last_page=-(-found.total // asked.limit),
        pieces=search.pieces,
    )


def _known(request: Request, archives: Federation, words: str) -> tuple[Mapping[str, Any] | None, str]:
    """Return the article whose address was pasted into the search box, and the room that has it."""
    if not words.startswith(("http://", "https://")) or " " in words:
        return None, ""
    try:
        archive, wanted = archives.holder(words)
        return archive.article(wanted), room_of(request, archives, archive)
    except (NotFoundError, ValueError):
        return None, ""


def article(request: Request) -> HTMLResponse:
    """Return one version of an article, with all that stands behind it; `?q=` marks the words of a search in it."""
    return article_page(request, request.path_params["id"], SearchParameters.of(request.query_params))


def article_page(request: Request, wanted: str | int, asked: SearchParameters) -> HTMLResponse:
    """Return the page of the article of that id, URL or permalink, with the words that were asked for marked."""
    with open_archive(request) as archive:
        row = archive.article(wanted)
        values: dict[str, Any] = {
            "versions": archive.versions(row["url"]),
            "spells": archive.spells(row),
            "changes": archive.changes(row),
            "capture": archive.capture(row["capture_id"]),
            "captures": archive.captures_of(row),
            "family": archive.family(row),
        }
        body = body_of(row)
        shown = figures_of(body)
        lead = next((image["url"] for image in json.loads(row["images"])), "") if not shown else ""
        pictures = archive.pictures(row, filter(None, (*shown, lead)))
        values |= {"media": archive.media_of(row), "lead": pictures.get(lead)}
    query = search.parse(asked.words)
    language = str(row["language"])
    if query.wanted:
        body = marked(body, lambda line: search.highlight(line, query, language))
    return page(
        request,
        "article.html",
        asked=asked,
        row=row,
        title=_marked(row["title"], query, language),
        body=html(body, language=language, options=_options(View(request), pictures)),
        has_body=bool(body),
        marks=count_marks(body) if query.wanted else 0,
        facts=list(_facts(row)),
        labels={column.name: column.label for column in LABELLED},
        dropped=json.loads(row["dropped"]),
        images=json.loads(row["images"]),
        permalink=permalink(row, room_root(request)),
        citations={style: cite(row, style, room=room_root(request)) for style in STYLES},
        **values,
    )


def _options(view: View, pictures: Mapping[str, int]) -> HtmlOptions:
    """Return how a body is shown in the language of the interface; `pictures` are ids of captures, by the address of the picture."""
    return HtmlOptions(
        picture=lambda url: f"{view.root}/pictures/{pictures[url]}" if url in pictures else "",
        moment=view.moment,
        no_picture=view.say("article.no_picture"),
        embedded=view.say("article.embedded"),
    )


def _marked(text: str, query: search.Query, language: str) -> list[tuple[str, bool]]:
    return search.pieces(text, search.highlight(text, query, language) if query.wanted else ())


def _facts(row: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return (message, column, value, where on the page it was found) of each field that the page gave."""
    provenance = json.loads(row["provenance"])
    facts = []
    for column in LABELLED:
        value = row[column.name] or ""
        text = "، ".join(json.loads(value)) if column.type == "json" else str(value)
        if text:
            shown = urls.display(text) if column.name == "url" else text
            facts.append((f"article.{column.label}", column.name, shown, provenance.get(column.provenance, "")))
    return facts


def compare(request: Request) -> HTMLResponse:
    """Return two versions of an article side by side, word by word. Raises NotFoundError when they are not of one article."""
    old_id, new_id = (request.query_params.get(name, "") for name in ("old", "new"))
    with open_archive(request) as archive:
        old, new = versions_to_compare(archive, old_id, new_id)
        versions = archive.versions(new["url"])
    too_long = len(old["text"]) + len(new["text"]) > LONGEST_COMPARED
    difference = None if too_long else diff.compare(old["title"], old["text"], new["title"], new["text"])
    return page(
        request,
        "compare.html",
        old=old,
        new=new,
        versions=versions,
        difference=difference,
        rows=diff.side_by_side(difference) if difference else [],
    )


def coverage(request: Request) -> HTMLResponse:
    """Return all of it; `?reason=` narrows the quarantine to one reason, `?page=` turns its pages."""
    asked = SearchParameters.of(request.query_params, limit=_QUARANTINE_PAGE)
    reason = request.query_params.get("reason", "")[:50]
    with open_archive(request) as archive:
        figures = archive.stats()
        covered = archive.coverage()
        # One more than is shown says whether there is another page.
        held = archive.quarantined(reason=reason, limit=asked.limit + 1, offset=asked.offset)
    return page(
        request,
        "coverage.html",
        figures=figures,
        covered=covered,
        chart=histogram((day["day"], day["captures"]) for day in covered["captures_by_day"]),
        quarantined=held[: asked.limit],
        more=len(held) > asked.limit,
        number=asked.page,
        reason=reason,
    )


PICTURES: Final = 60
"""Pictures on a page of them: a screen or three."""


def pictures(request: Request) -> HTMLResponse:
    """Return the pictures of articles as a grid, those whose caption has the words, or (`?where=URL`) every place where one of them ran."""
    asked = SearchParameters.of(request.query_params, limit=PICTURES)
    where = request.query_params.get("where", "")[:LONGEST_ADDRESS]
    with open_archive(request) as archive:
        found = (
            archive.showings(where)
            if where
            else archive.images(asked.words, held=True, limit=asked.limit + 1, offset=asked.offset)
        )
    return page(
        request,
        "pictures.html",
        asked=asked,
        where=where,
        found=found if where else found[: asked.limit],
        more=not where and len(found) > asked.limit,
    )


LONGEST_ADDRESS: Final = 2_000


def help_(request: Request) -> HTMLResponse:
    """Return how to search, and which keys work."""
    return page(request, "help.html")
