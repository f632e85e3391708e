"""Query and write the frontier (table `urls`): schedule URLs, select the due ones, record visits. Never begins or ends a transaction."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from archive.index.rows import ANNOUNCERS, REQUISITES, Candidate, FetchStatus, Precedence, ScheduledUrl, precedence
from archive.outcome import OutcomeKind, sql_list

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from sqlite_utils import Database

_NULLABLE = {"changed_at", "visited_at"}
_DUE_COLUMNS = ", ".join(
    f"coalesce({f.name}, '') AS {f.name}" if f.name in _NULLABLE else f.name for f in fields(ScheduledUrl)
)

DUE_COUNTED = 10_000
"""The number at which `count_due` stops counting: it takes a millisecond, and a larger number would tell the reader no more."""

FRESH_FOR = timedelta(days=2)
"""The age, by the date in its announcement, up to which an article counts as today's news; one day is for time zones."""

SHARES: tuple[tuple[Precedence, int], ...] = ((Precedence.BACKLOG, 3), (Precedence.PAGE, 1), (Precedence.REVISIT, 1))
"""How the rest of a draw after news and announcers is shared. First visits get most of it, but a backlog of a hundred thousand articles
must not delay revisits of today's articles, or pages that may lead to more, for months."""

_FAILURES = sql_list(kind for kind in OutcomeKind if kind.is_failure and kind not in {"disallowed", "budget"})
_NEVER = sql_list((OutcomeKind.REDACTED, OutcomeKind.PART))
_ANNOUNCED = tuple(f.name for f in fields(Candidate))
_ANNOUNCED_VALUES = attrgetter(*_ANNOUNCED)

RETRIED_SOON = 3
"""An article that was never fetched keeps its precedence up to this many failures in a row."""

_ANNOUNCERS = ", ".join(f"'{kind}'" for kind in ANNOUNCERS)
_REQUISITES = ", ".join(f"'{kind}'" for kind in REQUISITES)
PAGES = tuple(one for one in Precedence if one is not Precedence.REQUISITE)

CONFIRMED_AFTER: dict[str, timedelta] = {
    "stylesheet": timedelta(days=7),
    "script": timedelta(days=7),
    "image": timedelta(days=90),
    "font": timedelta(days=90),
}
"""The age after which a requisite is fetched again when a page that loads it is read: a redesign may change a style sheet under the same
URL, while pictures hardly ever change."""

_LOOK_AGAIN = (
    "max(:now, strftime('%Y-%m-%dT%H:%M:%SZ', visited_at, "
    "CASE WHEN failures <= 4 THEN '+1 day' WHEN failures <= 10 THEN '+7 days' ELSE '+30 days' END))"
)
"""When a failed page that is announced again is visited again: sites also list dead links."""


def schedule(db: Database, urls: Iterable[Candidate], *, now: str) -> int:
    """Insert the URLs that are not known yet, due at once; return how many are new, or are now due earlier.

    A URL that was not visited yet is promoted when it is announced as something better (an article rather than an unknown page). A known
    URL becomes due again when its announcement carries a time after the last visit, when it failed and is still listed, or when the
    site's entry names it.
    """
    before = db.conn.total_changes
    news = (datetime.fromisoformat(now) - FRESH_FOR).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    db.conn.executemany(
        f"""
        INSERT INTO urls (
            url, site, host, kind, priority, depth, redirects, via, announced_by, announced_at, published_hint, hint_via, spelling, due_at
        )
        VALUES (
            :url, :site, :host, :kind, :priority, :depth, :redirects, :via, :by, :now, :published_hint, :hint_via, :spelling, :now
        )
        ON CONFLICT (url) DO UPDATE SET
            site = CASE WHEN :by = 'seed' THEN excluded.site ELSE site END,
            kind = CASE WHEN visits = 0 AND excluded.priority < priority OR :by = 'seed' THEN excluded.kind ELSE kind END,
            priority = CASE WHEN visits = 0 OR :by = 'seed' THEN min(priority, excluded.priority) ELSE priority END,
            published_hint = max(published_hint, excluded.published_hint),
            hint_via = CASE WHEN excluded.published_hint > published_hint THEN excluded.via ELSE hint_via END,
            due_at = CASE
                WHEN visits = 0 OR outcome = 'redacted' THEN due_at
                WHEN :believed AND excluded.published_hint > max(published_hint, visited_at) THEN :now
                WHEN :by = 'seed' AND due_at IS NULL THEN :now
                WHEN (:listed OR :by = 'sitemap') AND outcome IN ({_FAILURES}) THEN min(coalesce(due_at, '9'), {_LOOK_AGAIN})
                ELSE due_at END
        WHERE (visits = 0 AND excluded.priority < priority)
            OR excluded.published_hint > published_hint
            OR (:by = 'seed' AND (excluded.priority < priority OR due_at IS NULL OR excluded.site <> site))
            OR ((:listed OR :by = 'sitemap') AND visits > 0 AND outcome IN ({_FAILURES}) AND coalesce(due_at, '9') > {_LOOK_AGAIN})
        """,  # noqa: S608 - our own words
        (_values(u, now, news) for u in urls),
    )
    return int(db.conn.total_changes - before)


def _values(announced: Candidate, now: str, news: str) -> dict[str, Any]:
    """Return the parameters of the upsert."""
    fresh = announced.believed and announced.published_hint >= news
    priority = precedence(announced.kind, by=announced.by, listed=announced.listed, fresh=fresh)
    hint_via = announced.via if announced.published_hint else ""
    values = dict(zip(_ANNOUNCED, _ANNOUNCED_VALUES(announced), strict=True))
    return values | {"now": now, "priority": int(priority), "hint_via": hint_via}


def next_urls(
    db: Database, *, site: str, now: str, limit: int, busy: Container[int] = (), spare: int = 0, news_only: bool = False
) -> list[ScheduledUrl]:
    """Return the next due URLs of a site by precedence, without the rows whose ids are in `busy` (at most `spare` of them).

    With `news_only`, only URLs that announce news or are news.
    Each precedence is one range of the partial index, so the cost does not grow with the frontier.
    """

    def take(precedence: Precedence, number: int, taken: Container[int]) -> list[ScheduledUrl]:
        due = _due(db, site, precedence, now=now, limit=number + spare + limit)
        return list(islice((one for one in due if one.id not in busy and one.id not in taken), number))

    found: list[ScheduledUrl] = []
    for one in Precedence:
        if one < Precedence.BACKLOG and len(found) < limit:
            found += take(one, limit - len(found), ())
    if news_only:
        return found
    left, parts = limit - len(found), sum(part for _, part in SHARES)
    for one, part in SHARES:
        found += take(one, max(1, left * part // parts), ()) if left > 0 else []
    for one, _ in SHARES:  # shares that others did not use
        if len(found) < limit:
            found += take(one, limit - len(found), {due.id for due in found})
    return found[:limit]


def due_now(db: Database, url: Candidate, *, now: str) -> list[ScheduledUrl]:
    """Make one URL due, inserting it if it is unknown, and return its row in a list."""
    schedule(db, [url], now=now)
    db.conn.execute("UPDATE urls SET due_at = ?, site = ? WHERE url = ?", (now, url.site, url.url))
    rows = db.conn.execute(f"SELECT {_DUE_COLUMNS} FROM urls WHERE url = ?", (url.url,))  # noqa: S608 - our own words
    return [ScheduledUrl(**dict(zip((f.name for f in fields(ScheduledUrl)), row, strict=True))) for row in rows]


def next_requisites(
    db: Database, *, site: str, now: str, limit: int, busy: Container[int] = (), spare: int = 0
) -> list[ScheduledUrl]:
    """Return the next due requisites of a site's pages, without the rows whose ids are in `busy` (at most `spare` of them)."""
    due = _due(db, site, Precedence.REQUISITE, now=now, limit=limit + spare)
    return list(islice((one for one in due if one.id not in busy), limit))


def _due(db: Database, site: str, precedence: Precedence, *, now: str, limit: int) -> Iterator[ScheduledUrl]:
    sql = f"SELECT {_DUE_COLUMNS} FROM urls WHERE site = ? AND priority = ? AND due_at <= ? ORDER BY due_at LIMIT ?"  # noqa: S608
    for row in db.conn.execute(sql, (site, int(precedence), now, limit)):
        yield ScheduledUrl(**dict(zip((f.name for f in fields(ScheduledUrl)), row, strict=True)))


def announce_requisites(db: Database, urls: Iterable[Candidate], *, now: str) -> int:
    """Insert the requisites that are not known yet, due at once, and make due those fetched long ago; return how many became due."""
    before = db.conn.total_changes
    moment = datetime.fromisoformat(now).astimezone(UTC)
    stale = {kind: (moment - age).strftime("%Y-%m-%dT%H:%M:%SZ") for kind, age in CONFIRMED_AFTER.items()}
    db.conn.executemany(
        f"""
        INSERT INTO urls (url, site, host, kind, priority, depth, redirects, via, announced_by, announced_at, due_at)
        VALUES (:url, :site, :host, :kind, {Precedence.REQUISITE:d}, :depth, :redirects, :via, :by, :now, :now)
        ON CONFLICT (url) DO UPDATE SET due_at = :now
        WHERE kind IN ({_REQUISITES}) AND due_at IS NULL AND visited_at < :stale AND outcome <> 'redacted'
        """,  # noqa: S608 - our own words
        ({name: getattr(one, name) for name in _ANNOUNCED} | {"now": now, "stale": stale[one.kind]} for one in urls),
    )
    return int(db.conn.total_changes - before)


def finished(db: Database, visit: FetchStatus) -> None:
    """Record the result of a visit, and when the next one is due."""
    db.conn.execute(
        f"""
        UPDATE urls SET
            visited_at = :at, outcome = :outcome, reason = :reason, due_at = nullif(:due_at, ''), visits = visits + 1,
            status = coalesce(:status, status),
            changed_at = CASE WHEN :changed THEN :at ELSE changed_at END,
            unchanged = CASE WHEN :failed THEN unchanged WHEN :changed THEN 0 ELSE unchanged + 1 END,
            failures = CASE WHEN :refused THEN failures WHEN :failed THEN failures + 1 ELSE 0 END,
            etag = CASE WHEN :failed THEN etag ELSE coalesce(nullif(:etag, ''), CASE WHEN :changed THEN '' ELSE etag END) END,
            last_modified = CASE WHEN :failed THEN last_modified
                            ELSE coalesce(nullif(:last_modified, ''), CASE WHEN :changed THEN '' ELSE last_modified END) END,
            payload_digest = CASE WHEN :failed THEN payload_digest ELSE coalesce(nullif(:payload_digest, ''), payload_digest) END,
            kind = coalesce(nullif(:kind, ''), kind),
            links_digest = CASE WHEN :failed THEN links_digest ELSE coalesce(nullif(:links_digest, ''), links_digest) END,
            spelling = coalesce(nullif(:spelling, ''), spelling),
            article_url = coalesce(nullif(:article_url, ''), article_url),
            priority = CASE
                WHEN kind IN ({_ANNOUNCERS}, {_REQUISITES}) THEN priority
                WHEN :refused OR (:failed AND article_url = '' AND failures < {RETRIED_SOON}) THEN priority
                ELSE {Precedence.REVISIT:d} END
        WHERE id = :url_id
        """,  # noqa: S608 - our own words
        {f.name: getattr(visit, f.name) for f in fields(FetchStatus)},
    )
    if visit.hint_held is not None:
        sql = """
            UPDATE urls SET false_hints = CASE WHEN ? THEN max(0, false_hints - 2) ELSE min(20, false_hints + 1) END
            WHERE url = (SELECT hint_via FROM urls WHERE id = ?)
            """
        db.conn.execute(sql, (visit.hint_held, visit.url_id))


def make_due(db: Database, *, site: str, now: str) -> int:
    """Make every visited page of the site due now, whatever its outcome (a full recheck); return how many.

    Pages that failed, and feeds and sitemaps that are gone, come last; of the others the least recently visited come first, so that a
    bounded run is useful.
    """
    sql = f"""
        UPDATE urls SET
            due_at = CASE WHEN outcome IN ({_FAILURES}) THEN :now ELSE min(visited_at, :now) END,
            priority = CASE WHEN kind IN ({_ANNOUNCERS}) AND outcome <> 'gone' THEN priority ELSE {Precedence.REVISIT:d} END
        WHERE site = :site AND visits > 0 AND coalesce(due_at, '9') > :now AND outcome NOT IN ({_NEVER})
            AND kind NOT IN ({_REQUISITES})
        """  # noqa: S608 - our own words
    return int(db.conn.execute(sql, {"site": site, "now": now}).rowcount)


def reschedule(db: Database, *, site: str, now: str) -> int:
    """Make due now every URL of the site that announces news, failed, was disallowed or exceeded a quota; return how many."""
    kinds = sql_list(kind for kind in OutcomeKind if kind.is_failure and not kind.is_requisite)
    sql = f"""
        UPDATE urls SET due_at = :now WHERE site = :site AND visits > 0 AND coalesce(due_at, '9') > :now
        AND (outcome IN ({kinds}) OR kind IN ({_ANNOUNCERS})) AND outcome NOT IN ({_NEVER})
        """  # noqa: S608 - our own words
    return int(db.conn.execute(sql, {"site": site, "now": now}).rowcount)


def correct_future_times(db: Database, *, site: str, now: str) -> int:
    """Make due the URLs that a wrong clock dated after `now`, which would otherwise wait until that time; return how many."""
    sql = """
        UPDATE urls SET due_at = :now
        WHERE site = :site AND due_at > :now AND CASE WHEN visits = 0 THEN announced_at ELSE visited_at END > :now
        """
    return int(db.conn.execute(sql, {"site": site, "now": now}).rowcount)


def pause_host(db: Database, *, site: str, host: str, until: str) -> int:
    """Postpone the URLs of a host that asked for a pause until this time; return how many."""
    sql = "UPDATE urls SET due_at = :until WHERE site = :site AND host = :host AND due_at < :until"
    return int(db.conn.execute(sql, {"site": site, "host": host, "until": until}).rowcount)


def take_in_host(db: Database, *, site: str, host: str, now: str) -> None:
    """Make the pages of a host, which was taken for a redirect service, pages of the site; those left out for that are due.

    They are read even if they have not changed.
    """
    sql = """
        UPDATE urls SET due_at = :now, etag = '', last_modified = '', payload_digest = ''
        WHERE site = :site AND host = :host AND announced_by = 'redirector' AND outcome IN ('other', 'budget')
        """
    db.conn.execute(sql, {"now": now, "site": site, "host": host})
    sql = "UPDATE urls SET announced_by = 'feed' WHERE site = :site AND host = :host AND announced_by = 'redirector'"
    db.conn.execute(sql, {"site": site, "host": host})


def count_due(db: Database, *, site: str, now: str) -> int:
    """Return how many pages of the site are due, at most `DUE_COUNTED`.

    Each precedence is one range of the partial index, so URLs that are not due cost nothing.
    """
    sql = "SELECT count(*) FROM (SELECT 1 FROM urls WHERE site = ? AND priority = ? AND due_at <= ? LIMIT ?)"
    found = 0
    for priority in PAGES:
        found += db.conn.execute(sql, (site, int(priority), now, DUE_COUNTED - found)).fetchone()[0]
    return found


def count_requisites_due(db: Database, *, site: str, now: str) -> int:
    """Return how many requisites of the site's pages are due, at most `DUE_COUNTED`."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM urls WHERE site = ? AND priority = ? AND due_at <= ? LIMIT ?)"
    return int(db.conn.execute(sql, (site, int(Precedence.REQUISITE), now, DUE_COUNTED)).fetchone()[0])


def hosts(db: Database, *, site: str) -> list[str]:
    """Return one URL for each host of the site's pages, without hosts that only redirect there or hold only feeds and sitemaps."""
    sql = """
        SELECT min(url) FROM urls WHERE site = ? AND kind IN ('seed', 'section', 'article', 'page') AND announced_by <> 'redirector'
        GROUP BY host LIMIT 200
        """
    return [str(row[0]) for row in db.conn.execute(sql, (site,))]


def ends(db: Database, *, site: str, urls: Sequence[str] = (), since: str = "") -> list[tuple[str, str, str, int]]:
    """Return how the last visits of a site's pages ended, as (kind, outcome, reason, number of URLs); URLs never visited are left out.

    `urls` limits it to those URLs, `since` to visits from that time on.
    """
    among = f"AND url IN ({', '.join('?' * len(urls))})" if urls else ""
    sql = f"""
        SELECT kind, outcome, reason, count(*) FROM urls
        WHERE site = ? AND visits > 0 AND visited_at >= ? AND kind NOT IN ({_REQUISITES}) {among}
        GROUP BY 1, 2, 3
        """  # noqa: S608 - our own words
    return [(row[0], row[1], row[2], int(row[3])) for row in db.conn.execute(sql, (site, since, *urls))]


def scheduled(db: Database, url: str) -> ScheduledUrl | None:
    """Return the row of a URL, due or not; None when it was never announced."""
    sql = f"SELECT {_DUE_COLUMNS} FROM urls WHERE url = ?"  # noqa: S608 - our own names
    row = db.conn.execute(sql, (url,)).fetchone()
    return ScheduledUrl(**dict(zip((f.name for f in fields(ScheduledUrl)), row, strict=True))) if row else None


def known(db: Database, url: str) -> int | None:
    """Return the id of the URL's row, None when it was never announced."""
    row = db.conn.execute("SELECT id FROM urls WHERE url = ?", (url,)).fetchone()
    return int(row[0]) if row else None


def rows_of(db: Database, urls: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the rows of the known URLs among these, by URL."""
    sql = "SELECT * FROM urls WHERE url IN (SELECT value FROM json_each(?))"
    return {row["url"]: row for row in db.query(sql, [json.dumps(list(urls))])}


def put(db: Database, rows: list[dict[str, Any]]) -> None:
    """Write complete rows, all with the same columns; each replaces the row of its URL, whose id is kept."""
    names = [name for name in rows[0] if name != "id"] if rows else []
    if names:
        changes = ", ".join(f"{name} = excluded.{name}" for name in names if name != "url")
        sql = f"INSERT INTO urls ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - our own names
        values = [[row[name] for name in names] for row in rows]
        db.conn.executemany(f"{sql} ON CONFLICT (url) DO UPDATE SET {changes}", values)
