"""Trace which headlines led a front page, and when.

Each capture of a front page stores its first headlines in page order (`captures.headlines`). A capture with the same headlines as the
one before it stores none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.index.rows import of_site
from archive.urls import identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlite_utils import Database

Headlines = tuple[tuple[str, str], ...]
"""(URL, title), in page order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlineSpan:
    """A headline in its place on a front page, from the first to the last of the consecutive captures that show it; places count from 1."""

    page: str
    place: int
    title: str
    url: str
    first_at: str
    last_at: str
    captures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPage:
    """A front page, and the times at which its headlines were first and last stored; a capture that changes nothing stores none."""

    url: str
    first_at: str
    last_at: str


def kept(headlines: Headlines) -> str:
    """Return the headlines as the column stores them."""
    return json.dumps(headlines, ensure_ascii=False) if headlines else ""


def pages(db: Database, *, site: str = "") -> list[FrontPage]:
    """Return the front pages with stored headlines, at most 100, the most often changed first."""
    sql = f"""
        SELECT url, min(captured_at), max(captured_at) FROM captures WHERE headlines <> '' AND {of_site(site)}
        GROUP BY url ORDER BY count(*) DESC, url LIMIT 100
        """  # noqa: S608 - our own words
    return [
        FrontPage(url=str(url), first_at=str(first), last_at=str(last))
        for url, first, last in db.conn.execute(sql, {"site": site})
    ]


def timeline(db: Database, page: str, *, first: str = "", last: str = "~", places: int = 1) -> list[HeadlineSpan]:
    """Return the headlines in the first places of a front page between two times (`last` excluded), by time and place."""
    spells: list[HeadlineSpan] = []
    open_: dict[tuple[int, str, str], HeadlineSpan] = {}
    for at, headlines in _states(db, page, first, last):
        now = {}
        for place, (url, title) in enumerate(headlines[:places], 1):
            before = open_.get((place, url, title))
            begun, number = (before.first_at, before.captures) if before else (at, 0)
            now[place, url, title] = HeadlineSpan(
                page=page, place=place, title=title, url=url, first_at=begun, last_at=at, captures=number + 1
            )
        spells += [spell for key, spell in open_.items() if key not in now]
        open_ = now
    return sorted([*spells, *open_.values()], key=lambda spell: (spell.first_at, spell.place))


def _states(db: Database, page: str, first: str, last: str) -> Iterator[tuple[str, Sequence[tuple[str, str]]]]:
    """Yield the time and headlines of each capture of a page; those of an unchanged page may have been stored before `first`."""
    sql = """
        WITH addresses AS (SELECT value FROM json_each(:addresses))
        SELECT captured_at, outcome, headlines FROM captures
        WHERE url IN addresses AND captured_at < :last AND outcome IN ('listing', 'unchanged') AND captured_at >= coalesce(
            (SELECT max(captured_at) FROM captures WHERE url IN addresses AND headlines <> '' AND captured_at < :first), :first)
        ORDER BY captured_at, id
        """
    values = {"addresses": json.dumps(_addresses(db, page)), "first": first, "last": last}
    known: Sequence[tuple[str, str]] = ()
    for at, outcome, headlines in db.conn.execute(sql, values):
        known = (
            [(str(url), str(title)) for url, title in json.loads(headlines)]
            if headlines
            else known
            if outcome == "unchanged"
            else ()
        )
        if str(at) >= first:
            yield str(at), known


def _addresses(db: Database, page: str) -> list[str]:
    """Return all spellings of the page's URL, and the URLs that it redirected to, such as the edition of the day."""
    key = identity(page)
    sql = "SELECT DISTINCT url, via FROM captures WHERE headlines <> ''"
    return sorted({page, *(url for url, via in db.conn.execute(sql) if key in {identity(url), identity(via)})})


def is_front_page(db: Database, url: str, reason: str) -> bool:
    """Return whether a listing is a front page: by its URL, or because it is a seed of the site or a seed redirects to it."""
    sql = """
        SELECT 1 FROM urls WHERE kind = 'seed'
        AND (url = :url OR url IN (SELECT url FROM captures WHERE outcome = 'redirect' AND detail = :url LIMIT 50)) LIMIT 1
        """
    return reason == "home" or db.conn.execute(sql, {"url": url}).fetchone() is not None
