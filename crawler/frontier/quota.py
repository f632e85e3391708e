"""Bounds what a crawl spends on what bears nothing: URLs before a visit and outcomes after it in, a named refusal out. Pure.

A calendar, a session id or a generated list makes addresses without end, each of them new. They share a shape
(`archive.pattern_of`): a shape that has had many visits and hardly an article among them has had its share of this run.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.discovery import pattern_of

if TYPE_CHECKING:
    from archive.outcome import OutcomeKind

MIN_YIELD = 10
"""A shape goes on for as long as one in so many of its visits is an article: a slow archive of old news does better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlLimits:
    """What one run may spend; 0 is no limit. Each is a setting of crawler/settings.py, where its reason is."""

    depth: int
    redirects: int = 10
    index_depth: int = 3
    sitemaps: int = 2000
    pattern: int = 200
    obeyed: frozenset[str] = frozenset()


class Quota:
    """Counts the visits of one run by the shape of their URL."""

    def __init__(self, limits: CrawlLimits) -> None:
        self._limits = limits
        self._visits: Counter[str] = Counter()
        self._articles: Counter[str] = Counter()
        self._sitemaps = 0

    def refusal(self, url: str, kind: str) -> str:
        """Why the URL shall not be visited in this run, '' when it may be: that counts as a visit."""
        if kind == "sitemap":
            self._sitemaps += 1
            return "too-many-sitemaps" if 0 < self._limits.sitemaps < self._sitemaps else ""
        shape = pattern_of(url)
        spent = self._visits[shape]
        if 0 < self._limits.pattern <= spent and self._articles[shape] * MIN_YIELD < spent:
            return "fruitless-pattern"
        self._visits[shape] += 1
        return ""

    def record_yield(self, url: str, outcome: OutcomeKind) -> None:
        """Notes what a visit gave."""
        if outcome.yields_article:
            self._articles[pattern_of(url)] += 1
