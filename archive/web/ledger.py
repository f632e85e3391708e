"""The page of coverage and health: which sites are held, how visits ended, what lies in quarantine, what was done when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.web.charts import histogram
from archive.web.parameters import SearchParameters
from archive.web.views import opened, page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import HTMLResponse

_QUARANTINE_PAGE: Final = 50


def coverage(request: Request) -> HTMLResponse:
    """All of it; `?reason=` narrows the quarantine to one reason, `?page=` turns its pages."""
    asked = SearchParameters.of(request.query_params, limit=_QUARANTINE_PAGE)
    reason = request.query_params.get("reason", "")[:50]
    with opened(request) as archive:
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
