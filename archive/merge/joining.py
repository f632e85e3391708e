"""Open a shard, an archive of another machine whose crawl may still run, and read and insert its rows."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from archive import warc
from archive.collection import Collection, FileLocator
from archive.errors import DamagedFileError
from archive.index import DatabaseError, articles, former_ids, open_store
from archive.index.columns import packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from sqlite_utils import Database

    from archive.index import Store
    from archive.index.files import FileRow


@dataclass(frozen=True, kw_only=True)
class Shard:
    """An archive to be merged into another. `alive`: a process is writing to it, so its open file is not final.

    `manifest` has the SHA-256 of the closed files by name; `closed` their paths (without those that a running writer has not added to
    the manifest yet); `left` the open files of a killed writer by final name; `stored` the files that are only in a storage.
    """

    collection: Collection
    store: Store
    alive: bool
    manifest: dict[str, str]
    closed: dict[str, Path]
    left: dict[str, Path]
    stored: dict[str, FileRow]
    site: str = ""

    @property
    def name(self) -> str:
        """Return the name of the shard for messages."""
        return str(self.collection.folder)

    def batches(self, table: str) -> Iterator[list[dict[str, Any]]]:
        """Yield all rows of a table in batches, ordered by id; raises DamagedFileError when they may be inconsistent."""
        for rows in batches(self.store.db, table):
            self.store.check_unchanged()
            yield rows

    @cached_property
    def files_of_site(self) -> set[str]:
        """Return the files of the selected site."""
        return files_of_site(self.store.db, self.site)

    def wants(self, filename: str) -> bool:
        """Return whether a file is selected."""
        return not self.site or filename in self.files_of_site

    @cached_property
    def open_texts(self) -> set[str]:
        """Return the ids of the clean-text records in files that are still being written."""
        found = set()
        for path in warc.open_files(self.collection.warcs) if self.alive else ():
            found |= set(_conversions(path))
        return found


def _conversions(path: Path) -> Iterator[str]:
    try:
        for record in warc.read_records(path, max_block=0):
            if record.type == "conversion":
                yield record.id
    except (DamagedFileError, FileNotFoundError):  # its end is being written, or it was just closed
        return


def _open(collection: Collection) -> Store:
    try:
        return open_store(collection.database, read_only=True)
    except DatabaseError as error:
        problem = f"no readable database ({error}; rebuild it there with `warraq reindex`)"
        raise DamagedFileError(collection.database, 0, problem) from error


@contextmanager
def open_shard(folder: Path, *, site: str = "", is_ours: bool = False) -> Iterator[Shard]:
    """Open a shard for reading, including its -wal, without changing it. `is_ours`: the caller holds its lock.

    Raises ArchiveNotFoundError, SchemaTooNewError, and DamagedFileError when its database cannot be read or has values that warraq
    cannot have written.
    """
    collection = Collection(folder)
    collection.require()
    left = {path.name.removesuffix(warc.OPEN): path for path in warc.open_files(collection.warcs)}
    alive = (
        not is_ours and collection.in_use()
    )  # checked after the open files: if there is no writer now, a killed one left them
    manifest = warc.read_manifest(collection.warcs)
    closed = {path.name: path for path in warc.closed_files(collection.warcs)}
    if alive:
        closed = {name: path for name, path in closed.items() if name in manifest}
        left = {}
    with _open(collection) as store:
        store.require_own_values()
        yield Shard(
            collection=collection,
            store=store,
            alive=alive,
            manifest=manifest,
            closed=closed,
            left={name: path for name, path in left.items() if name not in closed},
            stored={row.filename: row for row in FileLocator(collection.warcs, store.db).away()},
            site=site,
        )


# Read the rows of a shard in batches, and write them with their references resolved. Never ends a transaction.
#
# A row of a shard refers to ids of its own database. Here, references use what is the same in every database: the
# record id of a capture, the URL and text of an article.

BATCH = 500
"""Rows read and written at once: a batch of articles with their texts takes about 10 MB of memory."""

_OF_THIS_DATABASE = frozenset(
    {
        "id",
        "version",
        "is_latest",
        "gone_at",
        "gone_reason",
        "paywalled_at",
        "fetched_at",
        "last_seen_at",
        "article_key",
    }
)
"""Columns of `articles` that are derived from the rest of the database."""


def batches(db: Database, table: str, *, size: int = BATCH) -> Iterator[list[dict[str, Any]]]:
    """Yield all rows of a table in batches, ordered by `id`; each batch is a query of its own, so that no writer waits for the reader."""
    last = 0
    while rows := list(db.query(f"SELECT * FROM {table} WHERE id > ? ORDER BY id LIMIT ?", [last, size])):  # noqa: S608 - our own names
        last = rows[-1]["id"]
        yield rows


def known_records(db: Database, record_ids: Iterable[str]) -> set[str]:
    """Return the records among these that have a row."""
    sql = "SELECT record_id FROM captures WHERE record_id IN (SELECT value FROM json_each(?))"
    return {row[0] for row in db.conn.execute(sql, (_json(record_ids),))}


def unread_records(db: Database, record_ids: Iterable[str]) -> set[str]:
    """Return the records among these whose capture is not parsed yet."""
    sql = "SELECT record_id FROM captures WHERE record_id IN (SELECT value FROM json_each(?)) AND outcome = ''"
    return {row[0] for row in db.conn.execute(sql, (_json(record_ids),))}


def has_unread(db: Database) -> bool:
    """Return whether any capture is not parsed yet."""
    return db.conn.execute("SELECT 1 FROM captures WHERE outcome = '' LIMIT 1").fetchone() is not None


def place_of_record(db: Database, record_id: str) -> dict[str, Any] | None:
    """Return the location of the record by column name; None when it has no row."""
    sql = "SELECT warc_filename, warc_record_offset, warc_record_length FROM captures WHERE record_id = ?"
    return next(db.query(sql, [record_id]), None)


def name_of_copy(db: Database, rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the file that has these captures here, at the same offsets as in the shard; '' when none of them has a row."""
    sql = "SELECT warc_filename FROM captures WHERE record_id = ? AND warc_record_offset = ?"
    for row in rows:
        if found := db.conn.execute(sql, (row["record_id"], row["warc_record_offset"])).fetchone():
            return str(found[0])
    return ""


def articles_of(db: Database, ids: Iterable[int]) -> list[dict[str, Any]]:
    """Return articles with their origin: `origin` and `origin_at` (record id and time of the capture), `payload` (record id or None)."""
    sql = """
        SELECT a.*, c.record_id AS origin, c.captured_at AS origin_at, (
            SELECT p.record_id FROM captures AS p
            WHERE p.warc_filename = a.warc_filename AND p.warc_record_offset = a.warc_record_offset
        ) AS payload
        FROM articles AS a JOIN captures AS c ON c.id = a.capture_id WHERE a.id IN (SELECT value FROM json_each(?))
        """
    return list(db.query(sql, [_json(ids)]))


def version_with_text(db: Database, url: str, digest: str) -> dict[str, Any] | None:
    """Return id, `last_seen_at`, `origin` and `origin_at` of the version of this URL with this text digest; None when there is none."""
    sql = """
        SELECT a.id, a.last_seen_at, c.record_id AS origin, c.captured_at AS origin_at
        FROM articles AS a JOIN captures AS c ON c.id = a.capture_id WHERE a.article_key = ? AND a.text_digest = ?
        """
    return next(db.query(sql, [articles.key_of(db, url), digest]), None)


def insert_article(db: Database, row: Mapping[str, Any]) -> int:
    """Insert a version, seen at the time of its capture only; `row` has the columns, and `origin_at`. Returns its id."""
    values = _content(db, row) | dict.fromkeys(("fetched_at", "last_seen_at"), row["origin_at"])
    values |= {"id": former_ids.next_id(db, row["origin"]), "article_key": articles.key_of(db, row["url"])}
    values = packed(values, values["text"])
    sql = f"INSERT INTO articles ({', '.join(values)}) VALUES ({', '.join(f':{name}' for name in values)}) RETURNING id"  # noqa: S608 - our own names
    return int(db.conn.execute(sql, values).fetchone()[0])


def replace_article(db: Database, article_id: int, row: Mapping[str, Any], *, origin: bool, later: bool) -> None:
    """Join another archive's row of the same version with the held one, which must be removed from the search index before.

    `origin`: the other row gives the text and its origin; `later`: the other row was seen last (`articles.joined`).
    """
    held = next(db.query("SELECT * FROM articles WHERE id = ?", [article_id]))
    content = _content(db, row)
    values = {name: value for name, value in content.items() if origin and name not in articles.MUTABLE}
    values = {"body": held["body"], **values, **articles.joined(held, content, later=later)}
    values = packed(values, values.get("text", held["text"]))
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    db.conn.execute(f"UPDATE articles SET {assignments} WHERE id = :id", {**values, "id": article_id})  # noqa: S608 - our own names


def _content(db: Database, row: Mapping[str, Any]) -> dict[str, Any]:
    names = (column[1] for column in db.conn.execute("PRAGMA table_info(articles)"))
    return {name: row[name] for name in names if name in row and name not in _OF_THIS_DATABASE}


def see(db: Database, times: Mapping[int, tuple[str, str]]) -> None:
    """Record that articles, by id, were served from the first of these times to the second."""
    db.conn.executemany(
        "UPDATE articles SET fetched_at = min(fetched_at, ?), last_seen_at = max(last_seen_at, ?) WHERE id = ?",
        [(first, last, article_id) for article_id, (first, last) in times.items()],
    )


def urls_of(db: Database, ids: Iterable[int]) -> set[str]:
    """Return the URLs of these articles."""
    sql = "SELECT DISTINCT url FROM articles WHERE id IN (SELECT value FROM json_each(?))"
    return {row[0] for row in db.conn.execute(sql, (_json(ids),))}


def redacted(db: Database) -> dict[str, str]:
    """Return the redacted URLs with their reasons, including those of the log of runs, which were never in the frontier."""
    found: dict[str, str] = {}
    for (summary,) in db.conn.execute("SELECT summary FROM runs WHERE kind = 'redact' ORDER BY id"):
        said = json.loads(summary)
        found |= dict.fromkeys(said.get("urls", ()), str(said.get("reason", "")))
    return found | dict(db.conn.execute("SELECT url, reason FROM urls WHERE outcome = 'redacted'").fetchall())


def site_of_file(db: Database, filename: str) -> str:
    """Return the site of the last capture in a file; that of the last crawl when no capture has a row; '' when there was none."""
    sql = "SELECT site FROM captures WHERE warc_filename = ? ORDER BY id DESC LIMIT 1"
    row = db.conn.execute(sql, (filename,)).fetchone()
    row = row or db.conn.execute("SELECT site FROM runs WHERE kind = 'crawl' ORDER BY id DESC LIMIT 1").fetchone()
    return str(row[0]) if row else ""


def knows_site(db: Database, site: str) -> bool:
    """Return whether there is a capture or a scheduled URL of the site."""
    query = (
        "SELECT EXISTS (SELECT 1 FROM urls WHERE site = :site) OR EXISTS (SELECT 1 FROM captures WHERE site = :site)"
    )
    return bool(next(iter(db.query(query, {"site": site}))).popitem()[1])


def files_of_site(db: Database, site: str) -> set[str]:
    """Return the files with captures of the site, and, transitively, the files with records that these refer to."""
    found = {row[0] for row in db.conn.execute("SELECT DISTINCT warc_filename FROM captures WHERE site = ?", (site,))}
    wider = """
        SELECT DISTINCT o.warc_filename FROM captures AS r
        JOIN captures AS o ON o.payload_digest = r.payload_digest AND o.record_type = 'response'
        WHERE r.record_type = 'revisit' AND r.warc_filename IN (SELECT value FROM json_each(:files))
        UNION SELECT DISTINCT a.warc_filename FROM captures AS c JOIN articles AS a ON a.id = c.article_id
        WHERE c.warc_filename IN (SELECT value FROM json_each(:files))
        UNION SELECT DISTINCT o.warc_filename FROM captures AS c
        JOIN articles AS a ON a.id = c.article_id JOIN captures AS o ON o.id = a.capture_id
        WHERE c.warc_filename IN (SELECT value FROM json_each(:files))
        """
    while more := {row[0] for row in db.conn.execute(wider, {"files": _json(found)})} - found:
        found |= more
    return found


def hosts_of_site(db: Database, site: str) -> set[str]:
    """Return the hosts of the site's URLs."""
    return {row[0] for row in db.conn.execute("SELECT DISTINCT host FROM urls WHERE site = ?", (site,))}


def _json(values: Iterable[object]) -> str:
    return json.dumps(list(values))
