"""Show the activity of the archive by day: a calendar of captures, and the figures and alarms of each site."""

from __future__ import annotations

from calendar import Calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from archive.index import reports
from archive.index.monitor import HISTORY, alarms_of_all
from archive.web.parameters import SearchParameters
from archive.web.views import View, open_archive, page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import HTMLResponse

    from archive.archive import Archive
    from archive.index.monitor import Alarm, Day

SHOWN_DAYS: Final = 7
_CAPTURES: Final = 50
_SHADES: Final = 4
_WEEK_BEGINS: Final = {"ar": 5, "en": 0}  # Saturday, Monday


def recent(archive: Archive) -> tuple[list[Day], list[Alarm]]:
    """Return the figures of the last week, and the alarms of yesterday and today."""
    today = datetime.now(UTC).date()
    day = today - timedelta(days=1)
    days = reports.days(archive.db, first=day - HISTORY, last=today)
    return [entry for entry in days if entry.day > day - timedelta(days=SHOWN_DAYS)], alarms_of_all(
        days, day, today=today
    )


def health(request: Request) -> HTMLResponse:
    """Return the page with the figures of each site's last days, and the alarms."""
    with open_archive(request) as archive:
        days, alarms = recent(archive)
    ledger = sorted(days, key=lambda entry: (entry.day, entry.site), reverse=True)
    return page(request, "health.html", ledger=ledger, alarms=alarms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A day of the calendar; `shade` is from 0 for no captures to 4 for the most."""

    day: str
    captures: int
    shade: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month as weeks of seven cells; None for days of adjacent months."""

    label: str
    weeks: tuple[tuple[Cell | None, ...], ...]


def calendar(request: Request) -> HTMLResponse:
    """Return a year's captures by day (`?year=`, `?site=`); with `?day=` the captures of that day."""
    asked = SearchParameters.of(request.query_params, limit=_CAPTURES)
    site = asked.value("site")
    day = _day(request.query_params.get("day", ""))
    with open_archive(request) as archive:
        years = archive.capture_years()
        year = _year(request.query_params.get("year", day[:4]), years)
        counts = archive.captures_by_day(year, site=site)
        found = archive.captures_of_day(day, site=site, limit=asked.limit + 1, offset=asked.offset) if day else []
    language = View(request).language
    return page(
        request,
        "calendar.html",
        asked=asked,
        site=site,
        day=day,
        year=year,
        years=years,
        months=_months(year, counts, _WEEK_BEGINS[language]) if counts else [],
        total=sum(counts.values()),
        captures=found[: asked.limit],
        more=len(found) > asked.limit,
    )


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _year(text: str, years: Sequence[str]) -> str:
    """Return the requested year if it has captures, otherwise the newest year."""
    return text if text in years else years[-1] if years else ""


def _months(year: str, counts: Mapping[str, int], first_weekday: int) -> list[Month]:
    most = max(counts.values())
    weeks = Calendar(first_weekday)
    return [
        Month(
            label=f"{year}-{month:02}",
            weeks=tuple(
                tuple(_cell(f"{year}-{month:02}-{day:02}", counts, most) if day else None for day in week)
                for week in weeks.monthdayscalendar(int(year), month)
            ),
        )
        for month in range(1, 13)
        if any(day.startswith(f"{year}-{month:02}") for day in counts)
    ]


def _cell(day: str, counts: Mapping[str, int], most: int) -> Cell:
    captures = counts.get(day, 0)
    return Cell(day=day, captures=captures, shade=-(-captures * _SHADES // most))
