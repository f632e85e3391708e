"""Choose the id of each version of an article, never one that another has had, and keep what former ids stood for.

An id is a row number, so `reindex`, joins and redaction could give it to another article, and a merge gives new ones. The table
`former_ids` holds each id whose row is gone, with the record that its version was read from: a record keeps its id wherever it lies.
Never begins or ends a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from archive.index.sqlite import MAX_INTEGER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlite_utils import Database

LARGEST_KEPT: Final = MAX_INTEGER >> 1
"""A foreign database may hold larger ids; they leave no room for more and are not kept."""
_LONGEST: Final = 500
"""Characters of a record id or of the name of an archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerId:
    """What an id stood for: the version that is now read from its record (None: no longer held), and the URL of that record."""

    article_id: int | None
    url: str


def next_id(db: Database, record_id: str) -> int:
    """Return the id for a new version that was read from this record: the one that it had before, or one that none has had."""
    sql = """
        SELECT coalesce(
            (SELECT min(f.id) FROM former_ids AS f WHERE f.record_id = :record_id AND f.record_id <> '' AND f.archive = ''
             AND NOT EXISTS (SELECT 1 FROM articles AS a WHERE a.id = f.id)),
            1 + max(ifnull((SELECT max(id) FROM articles), 0), ifnull((SELECT max(id) FROM former_ids WHERE archive = ''), 0))
        )
        """
    return int(db.conn.execute(sql, {"record_id": record_id}).fetchone()[0])


def retire(db: Database, former_ids: Iterable[int]) -> None:
    """Keep the ids of versions whose rows are about to be removed."""
    sql = """
        INSERT OR REPLACE INTO former_ids (archive, id, record_id)
        SELECT '', a.id, ifnull(c.record_id, '') FROM articles AS a LEFT JOIN captures AS c ON c.id = a.capture_id WHERE a.id = ?
        """
    db.conn.executemany(sql, [(one,) for one in former_ids])


def retire_url(db: Database, url: str) -> None:
    """Keep the ids of the versions at a URL, whose rows are about to be removed."""
    retire(db, [row[0] for row in db.conn.execute("SELECT id FROM articles WHERE url = ?", (url,)).fetchall()])


def forget_held(db: Database) -> None:
    """Drop former ids whose version has its row again."""
    db.conn.execute("DELETE FROM former_ids WHERE archive = '' AND id IN (SELECT id FROM articles)")


def take_from(db: Database, schema: str) -> None:
    """Keep all ids of another database, attached under that name, so that each version gets its id again when it is read again."""
    sql = f"""
        INSERT OR IGNORE INTO main.former_ids (archive, id, record_id)
        SELECT '', a.id, ifnull(c.record_id, '') FROM {schema}.articles AS a LEFT JOIN {schema}.captures AS c
        ON c.id = a.capture_id AND typeof(c.record_id) = 'text' AND length(c.record_id) <= {_LONGEST}
        WHERE typeof(a.id) = 'integer' AND a.id BETWEEN 1 AND {LARGEST_KEPT}
        """  # noqa: S608 - our own words
    db.conn.execute(sql)


def start_beyond(db: Database, article_id: int) -> None:
    """Let new ids begin after this one."""
    db.conn.execute("INSERT OR IGNORE INTO former_ids (archive, id, record_id) VALUES ('', ?, '')", (article_id,))


def keep_of_archive(db: Database, archive: str, pairs: Iterable[tuple[int, str]]) -> None:
    """Keep ids that versions have in an archive of that name, as (id, record id); one that stood for two records stands for none."""
    sql = """
        INSERT INTO former_ids (archive, id, record_id) VALUES (?, ?, ?)
        ON CONFLICT (archive, id) DO UPDATE SET record_id = '' WHERE record_id <> excluded.record_id
        """
    kept = ((number, record_id) for number, record_id in pairs if len(record_id) <= _LONGEST)
    db.conn.executemany(sql, [(archive[:_LONGEST], *pair) for pair in kept])


def all_former(db: Database) -> list[tuple[str, int, str]]:
    """Return all rows: the archive ('' for this one), the id, the record id."""
    return list(db.conn.execute("SELECT archive, id, record_id FROM former_ids"))


def look_up(db: Database, article_id: int, *, archive: str = "") -> FormerId | None:
    """Return what an id stood for that no row has now, in this archive or in one that was merged into it; None for an unknown id."""
    sql = """
        SELECT c.article_id, ifnull(c.url, '') FROM former_ids AS f
        LEFT JOIN captures AS c ON c.record_id = f.record_id AND f.record_id <> ''
        WHERE f.archive = ? AND f.id = ? AND (f.archive <> '' OR f.record_id <> '')
        """
    row = db.conn.execute(sql, (archive, article_id)).fetchone()
    return FormerId(article_id=row[0], url=row[1]) if row else None
