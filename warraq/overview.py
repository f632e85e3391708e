"""Summarise all sites: one row per site, from sites.toml and the archives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from archive.archive import Archive
from archive.collection import Collection
from archive.errors import ArchiveError
from archive.index import DatabaseError, reports
from archive.index.monitor import HISTORY, alarms_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from pathlib import Path
    from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteStatus:
    """One site: its folder, the counts of its archive, the end of its last crawl, when it is due, and its recent alarms.

    Times are '' for never. `failing` counts URLs whose last visit failed. `has_entry`: sites.toml has an entry for it.
    """

    site: str
    folder: str
    has_entry: bool
    articles: int = 0
    newest: str = ""
    failing: int = 0
    last_run: str = ""
    result: str = ""
    problem: str = ""
    next_due: str = ""
    alarms: tuple[str, ...] = ()


def overview(entries: Iterable[str], collections: Path, *, today: date) -> list[SiteStatus]:
    """Return the sites of sites.toml in its order, then those crawled without an entry."""
    names = list(entries)
    found: list[SiteStatus] = []
    for name in names:
        found += _of_archive(collections / name, {name}, today)
    for folder in sorted(collections.glob("*")):
        if folder.name not in names:
            found += _of_archive(folder, set(), today)
    return found


def _of_archive(folder: Path, entries: set[str], today: date) -> list[SiteStatus]:
    """Return a row for each site in an archive, and for each of `entries` without one yet."""
    if not Collection(folder).exists():
        return [SiteStatus(site=name, folder=str(folder), has_entry=True) for name in sorted(entries)]
    try:
        with Archive(folder) as archive:
            rows = {row["site"]: row for row in reports.sites(archive.db)}
            days = reports.days(archive.db, first=today - HISTORY, last=today)
            crawls = {site: reports.last_crawl(archive.db, site) for site in rows}
    except (ArchiveError, DatabaseError) as error:  # an unreadable archive must not hide the others
        named = next(iter(entries), folder.name)
        return [SiteStatus(site=named, folder=str(folder), has_entry=bool(entries), problem=str(error))]
    found = []
    for site in sorted(entries | rows.keys()):
        history = [one for one in days if one.site == site]
        alarms = [*alarms_of(history, today - timedelta(days=1)), *alarms_of(history, today, complete=False)]
        figures = _figures(rows.get(site, {}), crawls.get(site) or {})
        told = tuple(dict.fromkeys(f"{alarm.kind}: {alarm.detail}" for alarm in alarms))
        found.append(SiteStatus(site=site, folder=str(folder), has_entry=site in entries, alarms=told, **figures))
    return found


def _figures(row: Mapping[str, Any], crawl: Mapping[str, Any]) -> dict[str, Any]:
    summary = crawl.get("summary", {})
    return {
        **{name: row[name] for name in ("articles", "newest", "failing", "next_due") if row.get(name)},
        "last_run": crawl.get("started_at", ""),
        "result": crawl.get("result") or ("running" if crawl else ""),
        "problem": next(filter(None, (summary.get("problem"), *summary.get("warnings", ()))), ""),
    }
