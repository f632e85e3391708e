"""Query and write the table `captures`, the records that the WARC files hold. Never begins or ends a transaction."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any, cast

from archive.capture import Original
from archive.files.clock import warc_timestamp
from archive.index.rows import ANNOUNCERS, CaptureRow, StoredCapture, of_site
from archive.outcome import TEMPORARY_REDIRECTS, sql_list
from archive.urls import identity, surt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlite_utils import Database

    from archive.outcome import Outcome

_COLUMNS = tuple(f.name for f in fields(CaptureRow))
_INSERT = f"INSERT OR IGNORE INTO captures ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608


def insert(db: Database, row: CaptureRow) -> bool:
    """Insert the row; return False when the record has a row already."""
    return bool(db.conn.execute(_INSERT, tuple(getattr(row, name) for name in _COLUMNS)).rowcount)


def record_outcome(
    db: Database, record_id: str, outcome: Outcome, article_id: int | None, *, directives: str = "", headlines: str = ""
) -> None:
    """Record the outcome of a capture; `headlines` is what `archive.index.front_pages.kept` returns."""
    db.conn.execute(
        """
        UPDATE captures SET outcome = ?, reason = ?, detail = ?, directives = ?, article_id = ?, headlines = ? WHERE record_id = ?
        """,
        (outcome.kind, outcome.reason, outcome.detail[:500], directives, article_id, headlines, record_id),
    )


_HELD = (
    "SELECT record_id, url, captured_at, payload_digest FROM captures WHERE record_type = 'response' AND truncated = ''"
)


def holder_of(db: Database, payload_digest: str, url: str) -> Original | None:
    """Return a response record that holds this payload, preferably one of the same URL; None when there is none."""
    return _held(
        db.conn.execute(
            f"{_HELD} AND payload_digest = ? ORDER BY url <> ?, id LIMIT 1", (payload_digest, url)
        ).fetchone()
    )


def is_temporary_target(db: Database, url: str) -> bool:
    """Return whether a page that announces news redirects here temporarily, as to a maintenance page or a waiting room."""
    sql = f"""
        SELECT 1 FROM captures AS c JOIN urls AS u ON u.url = c.url
        WHERE c.outcome = 'redirect' AND c.detail = ? AND c.reason IN ({sql_list(TEMPORARY_REDIRECTS)})
        AND u.kind IN ({sql_list(ANNOUNCERS)}) LIMIT 1
        """  # noqa: S608 - our own words
    return db.conn.execute(sql, (url,)).fetchone() is not None


def last_whole(db: Database, url: str) -> Original | None:
    """Return the newest complete response record of the URL with status 200, which a 304 confirms; None when there is none."""
    return _held(
        db.conn.execute(
            f"{_HELD} AND url = ? AND status = 200 ORDER BY timestamp DESC, id DESC LIMIT 1", (url,)
        ).fetchone()
    )


def _held(row: tuple[str, str, str, str] | None) -> Original | None:
    return Original(record_id=row[0], url=row[1], date=row[2], payload_digest=row[3]) if row else None


def _rows(db: Database, sql: str, values: Sequence[Any] | dict[str, Any]) -> Iterator[StoredCapture]:
    return cast("Iterator[StoredCapture]", db.query(sql, values))


def latest(db: Database, url: str) -> StoredCapture | None:
    """Return the newest complete response of the URL with status 200, as a dict of its columns; None when there is none."""
    held_last = last_whole(db, url)
    return of_record(db, held_last.record_id) if held_last else None


def unread(db: Database) -> Iterator[StoredCapture]:
    """Yield the captures that are not parsed yet, because of a crash between writing the record and parsing it.

    They are read in small batches, so that any number fits in memory and the caller may write between them.
    """
    last = 0
    while rows := list(_rows(db, "SELECT * FROM captures WHERE outcome = '' AND id > ? ORDER BY id LIMIT 200", [last])):
        yield from rows
        last = rows[-1]["id"]


def get(db: Database, capture_id: int) -> StoredCapture | None:
    """Return the capture with this id as a dict of its columns, None when there is none."""
    return next(_rows(db, "SELECT * FROM captures WHERE id = ?", [capture_id]), None)


def of_record(db: Database, record_id: str) -> StoredCapture | None:
    """Return the capture with this WARC record id as a dict of its columns, None when there is none."""
    return next(_rows(db, "SELECT * FROM captures WHERE record_id = ?", [record_id]), None)


def latest_article(db: Database, url: str) -> int | None:
    """Return the id of the article that was last read at this URL, None when there is none."""
    row = db.conn.execute(
        "SELECT article_id FROM captures WHERE url = ? AND article_id IS NOT NULL ORDER BY timestamp DESC, id DESC LIMIT 1",
        (url,),
    ).fetchone()
    return int(row[0]) if row else None


def of_url(db: Database, url: str) -> list[StoredCapture]:
    """Return all captures of a URL, oldest first, as dicts of their columns."""
    return list(_rows(db, "SELECT * FROM captures WHERE url = ? ORDER BY timestamp, id", [url]))


def of_article(db: Database, url: str) -> list[StoredCapture]:
    """Return the captures of an article, oldest first.

    These are the captures that gave a version of it, and those of its pages that gave none (a 404, a wall).
    """
    sql = """
        WITH versions AS (SELECT id FROM articles WHERE article_key IN (SELECT article_key FROM articles WHERE url = :url))
        SELECT * FROM captures WHERE article_id IN (SELECT id FROM versions)
        UNION SELECT * FROM captures WHERE article_id IS NULL AND url IN (
            SELECT url FROM captures WHERE article_id IN (SELECT id FROM versions)
        )
        ORDER BY timestamp, id
        """
    return list(_rows(db, sql, {"url": url}))


def nearest(db: Database, urls: Iterable[str], moment: str) -> dict[str, list[StoredCapture]]:
    """Return, for each of these URLs, the complete response nearest in time to `moment`, followed by the chain of its redirects.

    URLs that were not captured, or that end in a 404 or in a redirect to a page that is not held, are left out.
    """
    wanted, found = list(dict.fromkeys(urls)), dict[str, list[StoredCapture]]()
    chains: dict[str, list[StoredCapture]] = {url: [] for url in wanted}
    for _ in range(MAX_HOPS):
        asked = {chain[-1]["detail"] if chain else url: url for url, chain in chains.items()}
        rows = _nearest(db, list(asked), moment)
        following: dict[str, list[StoredCapture]] = {}
        for address, url in asked.items():
            if row := rows.get(address):
                chain = [*chains[url], row]
                (following if (row["status"] or 0) >= 300 else found)[url] = chain
        chains = following
    return found


def _nearest(db: Database, urls: list[str], moment: str) -> dict[str, StoredCapture]:
    sql = """
        SELECT *, min(abs(julianday(captured_at) - julianday(:moment))) AS distance FROM captures
        WHERE url IN (SELECT value FROM json_each(:urls)) AND truncated = ''
        AND (status IN (200, 203) OR status IN (301, 302, 303, 307, 308) AND detail <> '') GROUP BY url
        """
    return {row["url"]: row for row in _rows(db, sql, {"urls": json.dumps(urls), "moment": moment})}


def in_any_spelling(db: Database, url: str) -> list[StoredCapture]:
    """Return all captures of a URL in any spelling, oldest first, as dicts of their columns."""
    wanted, key = identity(url), surt(identity(url))
    query = "@"  # sorts after "?": the keys between are this one with a query string, such as tracking parameters
    sql = "SELECT * FROM captures WHERE urlkey = ? OR urlkey > ? AND urlkey < ? ORDER BY timestamp, id"
    return [row for row in _rows(db, sql, [key, f"{key}?", f"{key}{query}"]) if identity(row["url"]) == wanted]


def article_of_payload(db: Database, payload_digest: str, url: str) -> int | None:
    """Return the id of the article that was read from this payload at this URL; a revisit or a repeated payload gives the same."""
    row = db.conn.execute(
        """
        SELECT article_id FROM captures
        WHERE url = ? AND payload_digest = ? AND article_id IS NOT NULL ORDER BY timestamp DESC, id DESC LIMIT 1
        """,
        (url, payload_digest),
    ).fetchone()
    return int(row[0]) if row else None


def payload_of(db: Database, capture: StoredCapture) -> StoredCapture:
    """Return the capture whose record holds the payload: the original of a revisit, with the revisit's URL; otherwise itself."""
    if capture["record_type"] != "revisit":
        return capture
    row = original_of(db, capture)
    return {**row, "urlkey": capture["urlkey"], "site": capture["site"]} if row else capture


MAX_HOPS = 5
"""The longest chain of revisits of revisits that is followed."""

ELSEWHERE = "original-elsewhere"
"""The reason of a revisit whose original is not held yet; it is read once the original is added."""


def original_of(db: Database, revisit: Mapping[str, Any]) -> StoredCapture | None:
    """Return the capture whose record holds the payload of a revisit, None when it is not held.

    It is the one that the revisit names by id, or else by URL and time, or else one with the same payload. `revisit` has the columns `url`,
    `payload_digest`, `refers_to`, `refers_to_url` and `refers_to_date`.
    """
    for _ in range(MAX_HOPS):
        found = _named(db, revisit) or _same_payload(db, revisit)
        if found is None or found["record_type"] != "revisit":
            return found
        revisit = found
    return None


def _named(db: Database, revisit: Mapping[str, Any]) -> StoredCapture | None:
    row = of_record(db, revisit["refers_to"]) if revisit["refers_to"] else None
    if row is None and revisit["refers_to_url"] and (moment := warc_timestamp(revisit["refers_to_date"])):
        sql = """
            SELECT * FROM captures WHERE urlkey = ? AND timestamp = ? AND record_type <> 'revisit' ORDER BY url <> ?, id LIMIT 1
            """
        row = next(_rows(db, sql, [surt(revisit["refers_to_url"]), moment, revisit["refers_to_url"]]), None)
    if row and row["payload_digest"] and revisit["payload_digest"] not in {"", row["payload_digest"]}:
        return None
    return row


def _same_payload(db: Database, revisit: Mapping[str, Any]) -> StoredCapture | None:
    same = holder_of(db, revisit["payload_digest"], revisit["url"]) if revisit["payload_digest"] else None
    return of_record(db, same.record_id) if same else None


def waiting_for_original(db: Database) -> Iterator[StoredCapture]:
    """Yield the revisits whose original was not held when they were read; the caller may write between them."""
    last = 0
    sql = "SELECT * FROM captures WHERE reason = 'original-elsewhere' AND id > ? ORDER BY id LIMIT 200"
    while rows := list(_rows(db, sql, [last])):
        yield from rows
        last = rows[-1]["id"]


def note_digests(db: Database, notes: Iterable[tuple[str, int, str, str]]) -> None:
    """Record digests that were wrong when a file was imported, as (filename, record offset, `block` or `payload`, digest of the block)."""
    db.conn.executemany("INSERT OR REPLACE INTO digest_notes VALUES (?, ?, ?, ?)", notes)


def digest_notes(db: Database, filename: str) -> dict[tuple[int, str], str]:
    """Return what `note_digests` recorded of a file: the digest that the block had then, by offset and field."""
    sql = "SELECT warc_record_offset, field, block_digest FROM digest_notes WHERE warc_filename = ?"
    return {(offset, field): digest for offset, field, digest in db.conn.execute(sql, (filename,))}


def last_offset(db: Database, warc_filename: str) -> int:
    """Return the byte offset of the last record of a file that has a row, 0 when there is none."""
    row = db.conn.execute(
        "SELECT max(warc_record_offset) FROM captures WHERE warc_filename = ?", (warc_filename,)
    ).fetchone()
    return int(row[0] or 0)


def set_via(db: Database, pairs: list[tuple[str, str]]) -> None:
    """Set what announced a capture, from (via, record id) pairs; a value that is already set is kept."""
    db.conn.executemany("UPDATE captures SET via = ? WHERE record_id = ? AND via = ''", pairs)


def set_outcomes(db: Database, notes: list[tuple[str, dict[str, str]]]) -> None:
    """Set the outcomes from notes by record id (see `Outcome.note`); captures that gave an article are not changed."""
    sql = """
        UPDATE captures SET outcome = coalesce(:outcome, outcome), reason = coalesce(:reason, reason), detail = coalesce(:detail, detail)
        WHERE record_id = :record_id AND article_id IS NULL
        """
    nothing = {"outcome": None, "reason": None, "detail": None}
    db.conn.executemany(sql, [{**nothing, **note, "record_id": record_id} for record_id, note in notes])


def is_held(db: Database, url: str, timestamp: str) -> bool:
    """Return whether there is a capture of this URL at exactly this second (14 digits)."""
    asked = "SELECT 1 FROM captures WHERE url = ? AND timestamp = ?"
    return db.conn.execute(asked, (url, timestamp)).fetchone() is not None


def digests_at(db: Database, url: str, timestamp: str, *, status: int | None, truncated: str, kind: str) -> list[str]:
    """Return the payload digests of the captures of this URL at exactly this second (14 digits) with this status.

    Captures that hold less than a record of type `kind` with this `truncated` value are left out: revisits and truncated records.
    """
    sql = """
        SELECT DISTINCT payload_digest FROM captures
        WHERE url = ? AND timestamp = ? AND status IS ? AND truncated IN ('', ?) AND payload_digest <> ''
          AND (record_type <> 'revisit' OR ? = 'revisit')
        LIMIT ?
        """
    return [row[0] for row in db.conn.execute(sql, (url, timestamp, status, truncated, kind, _MOST_AT_ONCE))]


def seen_before(db: Database, payload_digest: str, url: str, timestamp: str) -> bool:
    """Return whether the last complete response of this URL before this time had this payload."""
    row = db.conn.execute(
        """
        SELECT payload_digest FROM captures
        WHERE url = ? AND timestamp < ? AND status = 200 AND truncated = '' ORDER BY timestamp DESC, id DESC LIMIT 1
        """,
        (url, timestamp),
    ).fetchone()
    return row is not None and row[0] == payload_digest


def years(db: Database) -> list[str]:
    """Return the years from the first capture to the last."""
    first, last = db.conn.execute("SELECT min(captured_at), max(captured_at) FROM captures").fetchone()
    return [f"{year:04}" for year in range(int(first[:4]), int(last[:4]) + 1)][-_MOST_YEARS:] if first else []


def by_day(db: Database, year: str, *, site: str = "") -> dict[str, int]:
    """Return the number of captures on each day of a year, of one site or of all; days without captures are left out."""
    sql = f"""
        SELECT substr(captured_at, 1, 10), count(*) FROM captures
        WHERE captured_at >= :first AND captured_at < :after AND {of_site(site)} GROUP BY 1 ORDER BY 1
        """  # noqa: S608 - our own words
    return dict(db.conn.execute(sql, {"first": year, "after": f"{year}~", "site": site}).fetchall()) if year else {}


def of_day(db: Database, day: str, *, site: str = "", limit: int = 50, offset: int = 0) -> list[StoredCapture]:
    """Return the captures of a day, of one site or of all, oldest first, as dicts of their columns."""
    sql = f"""
        SELECT * FROM captures WHERE captured_at >= :first AND captured_at < :after AND {of_site(site)}
        ORDER BY captured_at, id LIMIT :limit OFFSET :offset
        """  # noqa: S608 - our own words
    values = {"first": day, "after": f"{day}~", "site": site, "limit": limit, "offset": offset}
    return list(_rows(db, sql, values))


_MOST_YEARS = 200
"""The most years that are listed: a foreign archive may date a capture in the year 1."""
_MOST_AT_ONCE = 100
"""The most payloads of one URL within a second that are compared: a foreign archive may have any number."""
