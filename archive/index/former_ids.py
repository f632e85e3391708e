"""Choose ids for the versions of articles, so that no id is ever used for two, and record what former ids stood for.

An id is a row number, so `reindex`, joins and redaction could assign it to another article, and a merge assigns new ones. The table
`former_ids` holds each id whose row was removed, with the id of the record that its version was read from, which never changes.
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
"""The largest id that is recorded: a foreign database may hold larger ones, which would leave no room for new ids."""
_LONGEST: Final = 500
"""The most characters of a record id, or of the name of an archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerId:
    """What an id stood for: the id of the version that its record now gives (None: no longer held), and the URL of the record."""

    article_id: int | None
    url: str


def next_id(db: Database, record_id: str) -> int:
    """Return the id for a new version that was read from this record: its former id, or one that was never used."""
    sql = """
        SELECT coalesce(
            (SELECT min(f.id) FROM former_ids AS f WHERE f.record_id = :record_id AND f.record_id <> '' AND f.archive = ''
             AND NOT EXISTS (SELECT 1 FROM articles AS a WHERE a.id = f.id)),
            1 + max(ifnull((SELECT max(id) FROM articles), 0), ifnull((SELECT max(id) FROM former_ids WHERE archive = ''), 0))
        )
        """
    return int(db.conn.execute(sql, {"record_id": record_id}).fetchone()[0])


def retire(db: Database, former_ids: Iterable[int]) -> None:
    """Record the ids of versions whose rows are about to be removed."""
    sql = """
        INSERT OR REPLACE INTO former_ids (archive, id, record_id)
        SELECT '', a.id, ifnull(c.record_id, '') FROM articles AS a LEFT JOIN captures AS c ON c.id = a.capture_id WHERE a.id = ?
        """
    db.conn.executemany(sql, [(one,) for one in former_ids])


def retire_url(db: Database, url: str) -> None:
    """Record the ids of the versions at a URL whose rows are about to be removed."""
    retire(db, [row[0] for row in db.conn.execute("SELECT id FROM articles WHERE url = ?", (url,)).fetchall()])


def delete_current(db: Database) -> None:
    """Delete former ids whose versions have rows again."""
    db.conn.execute("DELETE FROM former_ids WHERE archive = '' AND id IN (SELECT id FROM articles)")


def copy_all_ids(db: Database, schema: str) -> None:
    """Record all ids of another database, attached as `schema`, so that each version gets the same id when it is read again."""
    sql = f"""
        INSERT OR IGNORE INTO main.former_ids (archive, id, record_id)
        SELECT '', a.id, ifnull(c.record_id, '') FROM {schema}.articles AS a LEFT JOIN {schema}.captures AS c
        ON c.id = a.capture_id AND typeof(c.record_id) = 'text' AND length(c.record_id) <= {_LONGEST}
        WHERE typeof(a.id) = 'integer' AND a.id BETWEEN 1 AND {LARGEST_KEPT}
        """  # noqa: S608 - our own words
    db.conn.execute(sql)


def continue_after(db: Database, article_id: int) -> None:
    """Make new ids begin after this one."""
    db.conn.execute("INSERT OR IGNORE INTO former_ids (archive, id, record_id) VALUES ('', ?, '')", (article_id,))


def record_of_archive(db: Database, archive: str, pairs: Iterable[tuple[int, str]]) -> None:
    """Record the ids of versions in an archive of this name, as (id, record id); an id of two records is recorded without a record."""
    sql = """
        INSERT INTO former_ids (archive, id, record_id) VALUES (?, ?, ?)
        ON CONFLICT (archive, id) DO UPDATE SET record_id = '' WHERE record_id <> excluded.record_id
        """
    kept = ((number, record_id) for number, record_id in pairs if len(record_id) <= _LONGEST)
    db.conn.executemany(sql, [(archive[:_LONGEST], *pair) for pair in kept])


def all_former(db: Database) -> list[tuple[str, int, str]]:
    """Return all rows as (archive, id, record id); the archive is '' for this one."""
    return list(db.conn.execute("SELECT archive, id, record_id FROM former_ids"))


def look_up(db: Database, article_id: int, *, archive: str = "") -> FormerId | None:
    """Return what a former id stood for, in this archive or in one that was merged into it; None for an unknown id."""
    sql = """
        SELECT c.article_id, ifnull(c.url, '') FROM former_ids AS f
        LEFT JOIN captures AS c ON c.record_id = f.record_id AND f.record_id <> ''
        WHERE f.archive = ? AND f.id = ? AND (f.archive <> '' OR f.record_id <> '')
        """
    row = db.conn.execute(sql, (archive, article_id)).fetchone()
    return FormerId(article_id=row[0], url=row[1]) if row else None
