"""Report on the archive: coverage by site and day, daily figures for the monitor, facets of a query's articles."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any, cast

from archive.index.monitor import Day
from archive.index.rows import REQUISITES, of_site
from archive.outcome import OutcomeKind, sql_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlite_utils import Database

    from archive.index.rows import RunRow, StoredCapture

_FAILURES = sql_list(kind for kind in OutcomeKind if kind.is_failure and not kind.is_requisite)
_REQUISITES = ", ".join(f"'{kind}'" for kind in REQUISITES)

RECENT_CAPTURES = 200_000
"""The newest captures that are counted by day: at most a second's work, and some weeks of a busy crawl."""


def outcomes(db: Database) -> list[dict[str, Any]]:
    """Return how the last visits of all known URLs ended: outcome ('' for never visited), reason, urls, last_visit; most frequent first."""
    return list(
        db.query(
            f"""
            SELECT outcome, reason, count(*) AS urls, coalesce(max(visited_at), '') AS last_visit
            FROM urls WHERE outcome <> '' OR kind NOT IN ({_REQUISITES})
            GROUP BY outcome, reason ORDER BY urls DESC, outcome, reason
            """  # noqa: S608 - our own words
        )
    )


def sites(db: Database, *, limit: int = 500) -> list[dict[str, Any]]:
    """Return, for each site, its numbers of known, visited, scheduled and failing URLs, last and next visit, and number of articles."""
    return list(
        db.query(
            f"""
            SELECT u.*, coalesce(a.articles, 0) AS articles, coalesce(a.newest, '') AS newest
            FROM (
                SELECT site, count(*) AS urls, sum(visits > 0) AS visited, sum(due_at IS NOT NULL) AS due, sum(failures > 0) AS failing,
                       coalesce(max(visited_at), '') AS last_visit, coalesce(min(due_at), '') AS next_due
                FROM urls WHERE kind NOT IN ({_REQUISITES}) GROUP BY site
                UNION ALL
                SELECT DISTINCT site, 0, 0, 0, 0, '', '' FROM articles WHERE is_latest = 1 AND site NOT IN (SELECT site FROM urls)
            ) AS u
            LEFT JOIN (
                SELECT site, count(*) AS articles, max(date) AS newest FROM articles WHERE is_latest = 1 GROUP BY site
            ) AS a ON a.site = u.site
            ORDER BY articles DESC, u.site LIMIT ?
            """,  # noqa: S608 - our own words
            [limit],
        )
    )


def captures_by_day(db: Database, *, days: int = 60) -> list[dict[str, Any]]:
    """Return the last days with captures, oldest first: day (YYYY-MM-DD), captures, articles, troubles (quarantined, failed, gone)."""
    rows = db.query(
        f"""
        SELECT substr(captured_at, 1, 10) AS day, count(*) AS captures, sum(outcome = 'article') AS articles,
               sum(outcome IN ({_FAILURES})) AS troubles
        FROM (SELECT captured_at, outcome FROM captures ORDER BY id DESC LIMIT ?)
        GROUP BY day ORDER BY day DESC LIMIT ?
        """,  # noqa: S608 - our own words
        [RECENT_CAPTURES, days],
    )
    return list(rows)[::-1]


def quarantined(db: Database, *, reason: str = "", limit: int = 50, offset: int = 0) -> list[StoredCapture]:
    """Return the captures in quarantine, newest first, as dicts of their columns."""
    where, args = ("AND reason = ?", [reason]) if reason else ("", [])
    sql = f"SELECT * FROM captures WHERE outcome = 'quarantine' {where} ORDER BY id DESC LIMIT ? OFFSET ?"  # noqa: S608 - our own words
    return cast("list[StoredCapture]", list(db.query(sql, [*args, limit, offset])))


def quarantine_reasons(db: Database) -> list[tuple[str, int]]:
    """Return (reason, number of captures in quarantine), most frequent first."""
    sql = "SELECT reason, count(*) FROM captures WHERE outcome = 'quarantine' GROUP BY reason ORDER BY 2 DESC, 1"
    return [(str(reason), int(count)) for reason, count in db.conn.execute(sql)]


def runs(db: Database, *, limit: int = 20, offset: int = 0) -> list[RunRow]:
    """Return the log of runs, newest first: columns of `runs`, `summary` as a dict."""
    rows = db.query("SELECT * FROM runs ORDER BY id DESC LIMIT ? OFFSET ?", [limit, offset])
    return [_run(row) for row in rows]


def last_crawl(db: Database, site: str) -> RunRow | None:
    """Return the newest crawl of a site as a row of `runs`, None when there is none."""
    sql = "SELECT * FROM runs WHERE kind = 'crawl' AND site = ? ORDER BY id DESC LIMIT 1"
    row = next(db.query(sql, [site]), None)
    return _run(row) if row else None


def _run(row: Mapping[str, Any]) -> RunRow:
    return cast("RunRow", {**row, "ended_at": row["ended_at"] or "", "summary": json.loads(row["summary"])})


_CAPTURED = sql_list(kind for kind in OutcomeKind if kind.is_page and not kind.is_failure)


def days(db: Database, *, first: date, last: date) -> list[Day]:
    """Return the figures of each site for the days from `first` to `last` (included) on which it was crawled or announced articles."""
    span = {"first": first.isoformat(), "after": (last + timedelta(days=1)).isoformat()}
    figures: defaultdict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    for part in (_announcements, _runs, _readings):
        for key, values in part(db, span).items():
            figures[key] |= values
    return [Day(site=site, day=date.fromisoformat(day), **values) for (site, day), values in sorted(figures.items())]


def _announcements(db: Database, span: dict[str, str]) -> dict[tuple[str, str], dict[str, Any]]:
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in misses(db, **span):
        entry = found.setdefault((row["site"], row["day"]), {"announced": 0, "captured": 0, "missed": {}})
        entry["announced"] += row["urls"]
        if row["reason"]:
            entry["missed"][row["reason"]] = entry["missed"].get(row["reason"], 0) + row["urls"]
        else:
            entry["captured"] += row["urls"]
    return found


def misses(db: Database, *, first: str, after: str) -> list[dict[str, Any]]:
    """Count the article URLs announced from `first` until before `after`, by site, day, announcer and reason ('' for captured).

    URLs that have always redirected are not counted: their targets are announced themselves.
    """
    return list(
        db.query(
            f"""
            WITH RECURSIVE sites (site) AS (  -- one look-up a site: SQLite does not skip through an index by itself
                SELECT min(site) FROM urls
                UNION ALL SELECT (SELECT min(site) FROM urls WHERE site > sites.site) FROM sites WHERE site IS NOT NULL
            )
            SELECT urls.site, substr(announced_at, 1, 10) AS day, announced_by, count(*) AS urls,
                   CASE WHEN article_url <> '' OR outcome IN ({_CAPTURED}) THEN ''
                        WHEN visits = 0 THEN 'not-asked-yet'
                        WHEN reason <> '' THEN outcome || ':' || reason ELSE outcome END AS reason
            FROM sites CROSS JOIN urls ON urls.site = sites.site
            WHERE announced_at >= :first AND announced_at < :after AND kind = 'article' AND outcome <> 'part'
              AND (outcome <> 'redirect' OR article_url <> '')
            GROUP BY 1, 2, 3, 5 ORDER BY 1, 2, 3, 5
            """,  # noqa: S608 - our own words
            {"first": first, "after": after},
        )
    )


def _runs(db: Database, span: dict[str, str]) -> dict[tuple[str, str], dict[str, Any]]:
    sql = """
        SELECT site, substr(started_at, 1, 10) AS day, summary FROM runs
        WHERE kind = 'crawl' AND started_at >= :first AND started_at < :after
        """
    found: dict[tuple[str, str], Counter[str]] = {}
    barren: dict[tuple[str, str], str] = {}
    for row in db.query(sql, span):
        count = found.setdefault((row["site"], row["day"]), Counter())
        summary = json.loads(row["summary"])
        outcomes = {name: n for name, n in summary.get("outcomes", {}).items() if OutcomeKind(name).is_page}
        count["runs"] += 1
        count["visits"] += sum(outcomes.values())
        count["failed"] += sum(summary.get("failed", {}).values())
        count["disallowed"] += outcomes.get("disallowed", 0)
        count["quarantined"] += outcomes.get("quarantine", 0)
        count["session_expired"] += summary.get("session_expired", 0)
        barren[row["site"], row["day"]] = str(summary.get("no_article") or "")
    return {key: {**count, "barren": barren[key]} for key, count in found.items()}


_BEFORE = "SELECT before FROM changes WHERE article_id = articles.id AND field = '{field}' ORDER BY seen_at LIMIT 1"


def _readings(db: Database, span: dict[str, str]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the figures of the articles read on each day, with the metadata of that day (later changes are undone from `changes`)."""
    sql = f"""
        SELECT site, substr(fetched_at, 1, 10) AS day, version, length(text) AS length,
               coalesce(({_BEFORE.format(field="author")}), author) = '' AS no_author,
               coalesce(({_BEFORE.format(field="date_published")}), date) = '' AS no_date
        FROM articles WHERE fetched_at >= :first AND fetched_at < :after
        """  # noqa: S608 - our own words
    rows: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in db.query(sql, span):
        rows[row["site"], row["day"]].append(row)
    return {
        key: {
            "new": sum(row["version"] == 1 for row in read),
            "read": len(read),
            "without_author": sum(row["no_author"] for row in read),
            "without_date": sum(row["no_date"] for row in read),
            "length": float(median(row["length"] for row in read)),
        }
        for key, read in rows.items()
    }


COUNTED = 5000
"""The most articles that are counted, the last added first: about 50 ms of work; more would not change what a reader sees."""

Counts = tuple[tuple[str, int], ...]
"""(value, number of articles), most frequent first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """Counts over `counted` articles (all of them when fewer than `COUNTED`); `days` are `YYYY-MM-DD`, ascending, without the undated."""

    counted: int
    sites: Counts = ()
    sections: Counts = ()
    languages: Counts = ()
    authors: Counts = ()
    tags: Counts = ()
    days: Counts = ()
    undated: int = 0


def facets(db: Database, match: str = "", without: str = "", conditions: str = "") -> Facets:
    """Count the latest versions that match the FTS5 expression `match` ('' for all) and not the expression `without`.

    `conditions` are SQL conditions on the rows, from `archive.search.states`.
    """
    columns = "a.site, a.section, a.language, a.date, a.author, a.tags"
    if match:
        source = "articles_search AS s CROSS JOIN articles AS a ON a.id = s.rowid WHERE articles_search MATCH ? AND"
    else:
        hidden = "a.id NOT IN (SELECT rowid FROM articles_search WHERE articles_search MATCH ?) AND" if without else ""
        source = f"articles AS a WHERE {hidden}"
    sql = (
        f"SELECT {columns} FROM {source} a.is_latest{conditions} ORDER BY {'s.rowid' if match else 'a.id'} DESC LIMIT ?"  # noqa: S608 - our own words
    )
    asked = filter(None, (match or without,))
    rows = db.conn.execute(sql, (*asked, COUNTED)).fetchall()
    days = Counter(row[3] for row in rows if row[3])
    return Facets(
        counted=len(rows),
        sites=_counts(rows, 0),
        sections=_counts(rows, 1),
        languages=_counts(rows, 2),
        authors=_most(Counter(name for row in rows for name in (row[4] or "").split("; ") if name)),
        tags=_most(Counter(tag for row in rows for tag in _tags(row[5]))),
        days=tuple(sorted(days.items())),
        undated=len(rows) - days.total(),
    )


def added_facets(parts: Sequence[Facets]) -> Facets:
    """Return the combined facets of several archives."""
    return Facets(
        counted=sum(part.counted for part in parts),
        sites=_added(part.sites for part in parts),
        sections=_added(part.sections for part in parts),
        languages=_added(part.languages for part in parts),
        authors=_added(part.authors for part in parts),
        tags=_added(part.tags for part in parts),
        days=tuple(sorted(_added(part.days for part in parts))),
        undated=sum(part.undated for part in parts),
    )


def _added(parts: Iterable[Counts]) -> Counts:
    total: Counter[str] = Counter()
    for counts in parts:
        total.update(dict(counts))
    return _most(total)


def _counts(rows: Iterable[Sequence[Any]], column: int) -> Counts:
    return _most(Counter(row[column] for row in rows if row[column]))


def _most(counts: Counter[str]) -> Counts:
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _tags(tags: str) -> frozenset[str]:
    """Return the tags of an article that are strings."""
    read = json.loads(tags or "[]")
    return frozenset(tag for tag in read if isinstance(tag, str) and tag) if isinstance(read, list) else frozenset()


BY_TIME = frozenset({"by_day"})
"""The counts that are sorted by time; the others are sorted by number."""


def count(db: Database, *, site: str = "") -> dict[str, Any]:
    """Return totals, and counts by site, language, day of publication, capture outcome and quarantine reason; only of `site` if given."""
    of, values = of_site(site), {"site": site}

    def grouped(columns: str, rows: str) -> list[Any]:
        sql = f"SELECT {columns}, count(*) FROM {rows} AND {of} GROUP BY {columns}"  # noqa: S608 -- constants
        return list(db.conn.execute(sql, values).fetchall())

    def number(what: str, rows: str) -> int:
        return int(db.conn.execute(f"SELECT {what} FROM {rows} WHERE {of}", values).fetchone()[0])  # noqa: S608 -- constants

    # The cost of these grows with the archive. The unary plus makes SQLite use the covering index `articles_site` alone.
    latest = "articles WHERE is_latest = 1"
    by_site = _tally(grouped("site", latest))
    urls = grouped(f"kind IN ({_REQUISITES}), due_at IS NOT NULL", "urls WHERE 1")
    captures = grouped("outcome, reason", "captures WHERE 1")
    return {
        "articles": sum(by_site.values()),
        "versions": number("count(*)", "articles"),
        "captures": sum(n for *_, n in captures),
        "urls": sum(n for is_requisite, _, n in urls if not is_requisite),
        "urls_due_some_day": sum(n for is_requisite, is_due, n in urls if is_due and not is_requisite),
        "requisites": sum(n for is_requisite, _, n in urls if is_requisite),
        "warc_files": number("count(DISTINCT warc_filename)", "captures"),
        "by_site": by_site,
        "by_language": _tally(grouped("+language", latest)),
        "by_day": dict(sorted(grouped("+date", f"{latest} AND date LIKE '____-__-__'"))),
        "captures_by_outcome": _tally((outcome, n) for outcome, _, n in captures),
        "quarantined_by_reason": _tally((reason, n) for outcome, reason, n in captures if outcome == "quarantine"),
    }


def _tally(rows: Iterable[Sequence[Any]]) -> dict[str, int]:
    """Return the sum for each key, largest first."""
    total: Counter[str] = Counter()
    for key, n in rows:
        total[str(key)] += n
    return dict(total.most_common())


def added_counts(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the combined counts of several archives, sorted like those of one."""
    total: dict[str, Any] = {}
    for name, value in parts[0].items():
        if not isinstance(value, dict):
            total[name] = sum(part[name] for part in parts)
        elif name in BY_TIME:
            total[name] = dict(sorted(_sum(part[name] for part in parts).items()))
        else:
            total[name] = dict(_sum(part[name] for part in parts).most_common())
    return total


def by_day_and_site(db: Database, *, site: str = "") -> dict[tuple[str, str], int]:
    """Return the number of articles that each site published on each day, by (day, site)."""
    dated = f"is_latest = 1 AND date LIKE '____-__-__' AND {of_site(site)}"
    rows = db.conn.execute(f"SELECT date, site, count(*) FROM articles WHERE {dated} GROUP BY 1, 2", {"site": site})  # noqa: S608
    return {(str(day), str(name)): int(number) for day, name, number in rows}


def _sum(parts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return total
