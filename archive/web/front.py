"""Show which headlines led the front pages of an archive, and when."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from archive import search
from archive.errors import NotFoundError
from archive.urls import identity
from archive.web.parameters import SearchParameters, number
from archive.web.views import LONGEST_ADDRESS, View, open_archive, page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import HTMLResponse

    from archive.archive import Archive
    from archive.index.front_pages import FrontPage, HeadlineSpan
    from archive.search import Problem

SHOWN_DAYS: Final = 30
"""Days of a timeline without `from`; a front page may have more captures over years than one request can read."""
PLACES: Final = 3
MOST_PLACES: Final = 15
"""The headlines that a capture of a front page stores (see `archive.parse.parse.MOST_HEADLINES`)."""
_SPELLS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A page of the headlines of a front page over a period (days, both included, '' for open), newest first; `total` counts all of them.

    `articles` has the ids of held articles by the URLs of headlines.
    """

    url: str
    first: str
    last: str
    places: int
    total: int
    spells: Sequence[HeadlineSpan]
    articles: Mapping[str, int]
    earlier: str
    """The last day before the period, '' if nothing was stored before it."""
    asked: SearchParameters
    problems: Sequence[Problem]


def of_page(archive: Archive, parameters: Mapping[str, str]) -> Timeline:
    """Return the timeline of the front page `url`: `from`, `to`, `places`, `limit`, `page`, `offset`. Raises NotFoundError."""
    asked = SearchParameters.of(parameters, limit=_SPELLS)
    problems = list(asked.problems)
    places = number(parameters, "places", PLACES, least=1, most=MOST_PLACES, problems=problems)
    url = parameters.get("url", "")[:LONGEST_ADDRESS]
    kept = next((one for one in archive.front_pages() if identity(one.url) == identity(url)), None)
    days = search.parse(asked.only)
    first = days.date_from or _begin(days.date_to or (kept.last_at[:10] if kept else ""))
    spells = archive.timeline(url, first=first, last=days.date_to, places=places) if url else []
    if not spells and not kept:
        raise NotFoundError(url)
    newest_first = sorted(spells, key=lambda spell: spell.first_at, reverse=True)
    shown = newest_first[asked.offset : asked.offset + asked.limit]
    return Timeline(
        url=url,
        first=first,
        last=days.date_to,
        places=places,
        total=len(spells),
        spells=shown,
        articles=_articles(archive, shown),
        earlier=_earlier(first, kept),
        asked=asked,
        problems=[*problems, *days.problems],
    )


def _begin(last: str) -> str:
    """Return the first day of the default period that ends with `last`; '' if that is not a day."""
    try:
        return date.fromordinal(max(1, date.fromisoformat(last).toordinal() - SHOWN_DAYS + 1)).isoformat()
    except ValueError:
        return ""


def _earlier(first: str, kept: FrontPage | None) -> str:
    if not kept or not first or kept.first_at >= first:
        return ""
    return (date.fromisoformat(first) - timedelta(days=1)).isoformat()


def _articles(archive: Archive, spells: Sequence[HeadlineSpan]) -> dict[str, int]:
    """Return the ids of the latest versions of held articles by the URLs of headlines."""
    found = {}
    for url in {spell.url for spell in spells if spell.url.startswith(("http://", "https://"))}:
        try:
            found[url] = int(archive.article(url)["id"])
        except (NotFoundError, ValueError):
            continue
    return found


def what_led(request: Request) -> HTMLResponse:
    """Return the list of front pages (`?site=`), or (`?url=`) the headlines of one of them by day."""
    if not request.query_params.get("url"):
        site = SearchParameters.of(request.query_params).value("site")
        with open_archive(request) as archive:
            found = archive.front_pages(site=site)
        return page(request, "front.html", found=found, site=site, timeline=None)
    with open_archive(request) as archive:
        timeline = of_page(archive, request.query_params)
    view = View(request)
    return page(
        request,
        "front.html",
        timeline=timeline,
        days=[(day, list(spells)) for day, spells in groupby(timeline.spells, key=lambda spell: spell.first_at[:10])],
        more=timeline.asked.offset + timeline.asked.limit < timeline.total,
        most_places=MOST_PLACES,
        problems=[view.say(f"problem.{one.code}", **dict(one.values)) for one in timeline.problems],
    )


def timeline_data(timeline: Timeline, room: str) -> dict[str, Any]:
    """Return a timeline as JSON values; `article` is the API URL of a headline's article, null if it is not held."""
    following = timeline.asked.offset + timeline.asked.limit
    return {
        "url": timeline.url,
        "from": timeline.first or None,
        "to": timeline.last or None,
        "places": timeline.places,
        "total": timeline.total,
        "offset": timeline.asked.offset,
        "limit": timeline.asked.limit,
        "next_offset": following if following < timeline.total else None,
        "problems": [str(one) for one in timeline.problems],
        "spells": [
            asdict(spell)
            | {
                "article": f"{room}/api/articles/{timeline.articles[spell.url]}"
                if spell.url in timeline.articles
                else None
            }
            for spell in timeline.spells
        ],
    }
