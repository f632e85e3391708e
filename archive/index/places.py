"""Look up rows by the location of their records, to check rows against files. Only SQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from archive.index import articles as articles_
from archive.index import captures as captures_
from archive.index import former_ids, images, renderings
from archive.urls import surt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlite_utils import Database


def filenames(db: Database) -> set[str]:
    """Return the names of the WARC files that rows refer to."""
    rows = db.conn.execute(
        "SELECT warc_filename FROM captures UNION SELECT warc_filename FROM articles UNION SELECT warc_filename FROM renderings"
    )
    return {row[0] for row in rows}


def captures_in(db: Database, filename: str) -> list[dict[str, Any]]:
    """Return the captures whose record is in the file: id, record_id, record_type, url, offset, length, payload_digest."""
    return list(
        db.query(
            """
            SELECT id, record_id, record_type, url, payload_digest,
                   warc_record_offset AS offset, warc_record_length AS length
            FROM captures WHERE warc_filename = ? ORDER BY warc_record_offset
            """,
            [filename],
        )
    )


def articles_in(db: Database, filename: str) -> list[dict[str, Any]]:
    """Return the articles read from a record in the file: id, url, text_digest, conversion_id, offset, length, payload_digest."""
    return list(
        db.query(
            """
            SELECT id, url, payload_digest, conversion_id,
                   warc_record_offset AS offset, warc_record_length AS length
            FROM articles WHERE warc_filename = ? ORDER BY warc_record_offset
            """,
            [filename],
        )
    )


def conversions(db: Database) -> dict[str, int]:
    """Return the ids of articles by the ids of their text records."""
    return dict(db.conn.execute("SELECT conversion_id, id FROM articles WHERE conversion_id <> ''").fetchall())


def text_of(db: Database, article_id: int) -> tuple[str, str]:
    """Return the title and text of an article."""
    row = db.conn.execute("SELECT title, text FROM articles WHERE id = ?", (article_id,)).fetchone()
    return (row[0], row[1])


def urls_of_article(db: Database, urls: Iterable[str]) -> set[str]:
    """Return all URLs, in any spelling, at which the content of these URLs was captured or is stored as an article."""
    found = set(urls)
    keys = {articles_.key_of(db, url) for url in found}
    shown = "SELECT DISTINCT a.article_key FROM captures AS c JOIN articles AS a ON a.id = c.article_id WHERE c.url = ?"
    keys.update(row[0] for url in found for row in db.conn.execute(shown, (url,)))
    of_key = (
        "SELECT a.url, c.url FROM articles AS a LEFT JOIN captures AS c ON c.article_id = a.id WHERE a.article_key = ?"
    )
    found.update(one for key in keys for row in db.conn.execute(of_key, (key,)) for one in row if one)
    spelled = "SELECT DISTINCT url FROM captures WHERE urlkey = ?"
    for key in {surt(url) for url in found}:
        found.update(url for (url,) in db.conn.execute(spelled, (key,)) if articles_.key_of(db, url) in keys)
    return found


def article_ids(db: Database, urls: Iterable[str]) -> list[int]:
    """Return the ids of all versions of the articles of these URLs."""
    return [row[0] for url in urls for row in db.conn.execute("SELECT id FROM articles WHERE url = ?", (url,))]


def texts_of(db: Database, ids: Iterable[int]) -> list[tuple[str, str, int]]:
    """Return the URL, the title with the text, and the number of captures of these articles."""
    sql = """
        SELECT url, title || char(10) || text, (SELECT count(*) FROM captures WHERE article_id = articles.id)
        FROM articles WHERE id = ?
        """
    return [db.conn.execute(sql, (one,)).fetchone() for one in ids]


def revisits_of(db: Database, record_ids: Iterable[str], urls: set[str]) -> set[str]:
    """Return the URLs not in `urls` whose revisits refer to the payload of one of the records."""
    ids = set(record_ids)
    sql = """
        SELECT * FROM captures WHERE record_type = 'revisit' AND (
            refers_to IN (SELECT value FROM json_each(:ids)) OR refers_to_url <> ''
            OR payload_digest <> '' AND payload_digest IN (
                SELECT payload_digest FROM captures WHERE record_id IN (SELECT value FROM json_each(:ids))
            )
        )
        """
    revisits = db.query(sql, {"ids": json.dumps(sorted(ids))})
    originals = ((row["url"], captures_.original_of(db, row)) for row in revisits)
    return {url for url, original in originals if original and original["record_id"] in ids} - urls


def forget(db: Database, urls: Collection[str], *, at: str, reason: str) -> tuple[int, int]:
    """Delete the captures and articles of these URLs, and mark the URLs so that they are not fetched again.

    Returns the numbers of deleted captures and articles.
    """
    captures = articles = 0
    db.conn.execute("PRAGMA defer_foreign_keys = ON")  # captures and articles refer to each other
    for key in {articles_.key_of(db, url) for url in urls}:
        db.conn.execute("DELETE FROM joins WHERE kept_key = ? OR joined_key = ?", (key, key))
    for url in urls:
        for table in ("changes", "images", "media", "vectors"):
            sql = f"DELETE FROM {table} WHERE article_id IN (SELECT id FROM articles WHERE url = ?)"  # noqa: S608 - our own names
            db.conn.execute(sql, (url,))
        former_ids.retire_url(db, url)
        articles += db.conn.execute("DELETE FROM articles WHERE url = ?", (url,)).rowcount
    for url in urls:
        images.forget(db, url)
        renderings.forget(db, url)
        captures += db.conn.execute("DELETE FROM captures WHERE url = ?", (url,)).rowcount
        db.conn.execute(
            """
            UPDATE urls SET due_at = NULL, outcome = 'redacted', reason = ?, visited_at = ?, etag = '', last_modified = ''
            WHERE url = ?
            """,
            (reason, at, url),
        )
    return captures, articles
