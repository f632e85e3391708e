"""Show the use of words over time: the number of articles with each of them, by day and by site."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archive.web.charts import curves
from archive.web.parameters import SearchParameters
from archive.web.views import open_archives, page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import HTMLResponse

MOST_SERIES: Final = 6
"""The most words in one chart; more lines cannot be distinguished."""
_SITES: Final = 20
_BETWEEN: Final = re.compile("[,،؛;]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The number of articles with some words, by day and by site (most frequent first)."""

    words: str
    days: Mapping[str, int]
    sites: Sequence[tuple[str, int]]

    @property
    def total(self) -> int:
        """Return the number of all articles, including undated ones."""
        return sum(count for _, count in self.sites)


def parts(words: str) -> tuple[str, ...]:
    """Return the first `MOST_SERIES` words or phrases between commas, without duplicates."""
    found = dict.fromkeys(part for one in _BETWEEN.split(words) if (part := one.strip()))
    return tuple(found)[:MOST_SERIES]


def measure(request: Request, asked: SearchParameters) -> tuple[list[Series], Mapping[str, int]]:
    """Return a series for each part of the words, and the number of articles on each day within the filters."""
    with open_archives(request) as archives:
        series = [_series(part, archives.usage(part, only=asked.only)) for part in parts(asked.words)]
        days = _series("", archives.usage("", only=asked.only)).days if series else {}
    return series, days


def _series(words: str, usage: Mapping[tuple[str, str], int]) -> Series:
    days, sites = Counter[str](), Counter[str]()
    for (day, site), count in usage.items():
        sites[site] += count
        if day:
            days[day] += count
    return Series(words=words, days=dict(sorted(days.items())), sites=sites.most_common())


def words_over_time(request: Request) -> HTMLResponse:
    """Return the page of words over time: `?q=` has words or phrases separated by commas; the filters of a search apply."""
    asked = SearchParameters.of(request.query_params)
    series, days = measure(request, asked)
    return page(
        request,
        "words.html",
        asked=asked,
        series=series,
        curves=curves([(one.words, one.days) for one in series], days),
        sites=_by_site(series),
    )


def _by_site(series: Sequence[Series]) -> list[tuple[str, list[int]]]:
    """Return (site, count of each series), the sites with most articles first."""
    counts = [dict(one.sites) for one in series]
    total = Counter[str]()
    for one in counts:
        total.update(one)
    return [(site, [one.get(site, 0) for one in counts]) for site, _ in total.most_common(_SITES)]


def series_data(series: Sequence[Series], days: Mapping[str, int]) -> dict[str, Any]:
    """Return the series as JSON values."""
    return {
        "series": [
            {"words": one.words, "articles": one.total, "days": dict(one.days), "sites": dict(one.sites)}
            for one in series
        ],
        "articles_by_day": dict(days),
    }
