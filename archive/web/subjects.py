"""Render the pages of an author, a tag and a site (their articles over time), and of the articles related to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException

from archive.errors import UsageError
from archive.web.charts import histogram
from archive.web.parameters import SearchParameters
from archive.web.views import open_archive, open_archives, page, rooms_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import HTMLResponse

    from archive.index.columns import ArticleRow
    from archive.index.reports import Facets

_NEWEST: Final = 20
SHOWN: Final = 12
"""The most values of each kind that a page lists."""


def author(request: Request) -> HTMLResponse:
    """Return the page of an author: the articles whose byline has that name."""
    return _subject(request, "author")


def tag(request: Request) -> HTMLResponse:
    """Return the page of a tag."""
    return _subject(request, "tag")


def site(request: Request) -> HTMLResponse:
    """Return the page of a site, or of all sites of a domain."""
    return _subject(request, "site")


def related(request: Request) -> HTMLResponse:
    """Return the page of the articles nearest in meaning to one; it is a separate page, because it compares all vectors."""
    with open_archive(request) as archive:
        row = archive.article(request.path_params["id"])
        problem = ""
        found: list[tuple[ArticleRow, float]] = []
        try:
            found = archive.related(row, limit=_NEWEST)
        except UsageError:
            problem = "related.none"
    return page(request, "related.html", row=row, found=found, problem=problem)


def _subject(request: Request, kind: str) -> HTMLResponse:
    name = request.path_params["name"]
    asked = SearchParameters.of({kind: name}, limit=_NEWEST)
    with open_archives(request) as archives:
        found = archives.search("", only=asked.only, order="newest", limit=_NEWEST)
        facets = archives.facets(found.query)
        rooms = rooms_of(request, archives, found)
    if not asked.only or not found.total:
        raise HTTPException(404)
    return page(
        request,
        "subject.html",
        subject=asked,
        kind=kind,
        name=asked.value(kind),
        found=found,
        rooms=rooms,
        chart=histogram(facets.days),
        span=(facets.days[0][0], facets.days[-1][0]) if facets.days else None,
        lists=_lists(facets, kind),
    )


def _lists(facets: Facets, kind: str) -> list[tuple[str, Sequence[tuple[str, int]]]]:
    """Return (filter, most common values) of the articles, without the filter of the page."""
    having: dict[str, Any] = {
        "site": facets.sites,
        "author": facets.authors,
        "tag": facets.tags,
        "section": facets.sections,
    }
    return [(name, counts[:SHOWN]) for name, counts in having.items() if name != kind and counts]
