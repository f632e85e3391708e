"""Store watches, their matches, and pending messages in a SQLite file beside `warraq.db`, which `reindex` does not change.

A match identifies an article by its key and the digest of its text, so `warraq redact` need not remove anything from it.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import closing, contextmanager
from dataclasses import dataclass
from gettext import gettext as _
from typing import TYPE_CHECKING, Any, Final, Literal

from archive.errors import ForeignDatabaseError, NotFoundError, NotWritableError, UsageError
from archive.files import Closing, open_regular
from archive.index import sqlite
from archive.index.sqlite import sqlite3
from archive.locale import N_

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

Event = Literal["new", "changed", "gone"]
FILE: Final = "watches.db"
NAME: Final = re.compile(r"[^\W_][\w.-]{0,63}")
"""The name of a watch, which is also that of its feed files."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS watches (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, query TEXT NOT NULL, changes INTEGER NOT NULL, gone INTEGER NOT NULL,
    targets TEXT NOT NULL, secret TEXT NOT NULL, quiet TEXT NOT NULL, zone TEXT NOT NULL, created_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS matches (
    id INTEGER PRIMARY KEY, watch_id INTEGER NOT NULL, article_key TEXT NOT NULL, digest TEXT NOT NULL, event TEXT NOT NULL,
    found_at TEXT NOT NULL, is_told INTEGER NOT NULL, UNIQUE (watch_id, article_key, digest, event)
);
CREATE TABLE IF NOT EXISTS messages (
    id TEXT PRIMARY KEY, watch_id INTEGER NOT NULL, target TEXT NOT NULL, matches TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    due_at TEXT NOT NULL, sent_at TEXT NOT NULL DEFAULT '', problem TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS messages_waiting ON messages (due_at) WHERE sent_at = '';
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A saved search. `targets` are addresses (`mailto:…`, `https://…`); `quiet` is a range such as `22:00-07:00` in `zone`, '' for none.

    `secret` signs the messages to webhooks.
    """

    id: int = 0
    name: str
    query: str
    changes: bool = False
    gone: bool = False
    targets: tuple[str, ...] = ()
    secret: str = ""
    quiet: str = ""
    zone: str = "UTC"
    created_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One match: a version of an article, or the fact that its page is gone (`digest` is then the time).

    For a text that returned, the digest is followed by a space and the time at which another text was last served.
    """

    article_key: str
    digest: str
    event: Event
    id: int = 0
    found_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Matches to be sent to one target. The id is the same for all attempts."""

    id: str
    watch_id: int
    target: str
    matches: tuple[int, ...]
    attempts: int


class WatchStore(Closing):
    """The open file of an archive's watches. It is created if missing, and readable only by its owner, because it holds secrets."""

    def __init__(self, folder: Path) -> None:
        """Open the file. Raises NotWritableError, LinkedFileError, ForeignDatabaseError."""
        path = folder / FILE
        sqlite.require_plain_files(path)
        try:
            os.close(open_regular(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(path, timeout=30)
            self._db.execute("PRAGMA trusted_schema = OFF")
            self._db.text_factory = sqlite.decode_text
            try:
                problem = _schema_problem(self._db)
                if not problem:
                    self._db.executescript(_SCHEMA)
                    problem = _value_problem(self._db)
            except UnicodeDecodeError:
                problem = N_("its definitions are damaged")
            if problem:
                self._db.close()
                advice = _("remove it, and add its watches again with `warraq watch add`")
                raise ForeignDatabaseError(path, problem, advice=advice)
        except (OSError, sqlite3.OperationalError) as error:
            raise NotWritableError(path, OSError(str(error))) from error

    @staticmethod
    def exists(folder: Path) -> bool:
        """Return whether the archive has watches."""
        return (folder / FILE).is_file()

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Run a transaction, which is on disk when the block ends."""
        with self._db:
            yield

    def add(self, watch: Watch) -> int:
        """Store a watch; return its id. Raises UsageError when there is one with this name."""
        values = (
            watch.name, watch.query, watch.changes, watch.gone, json.dumps(watch.targets), watch.secret, watch.quiet, watch.zone,
            watch.created_at,
        )  # fmt: skip
        names = "name, query, changes, gone, targets, secret, quiet, zone, created_at"
        sql = f"INSERT INTO watches ({names}) VALUES ({', '.join('?' * len(values))}) RETURNING id"  # noqa: S608 - our own names
        try:
            return int(self._db.execute(sql, values).fetchone()[0])
        except sqlite3.IntegrityError:
            raise UsageError(
                _("there is already a watch {name!r}: remove it first, or choose another --name").format(
                    name=watch.name
                )
            ) from None

    def remove(self, name: str) -> None:
        """Delete a watch and its pending messages. Raises NotFoundError."""
        watch = self.get(name)
        for sql in (
            "DELETE FROM messages WHERE watch_id = ?",
            "DELETE FROM matches WHERE watch_id = ?",
            "DELETE FROM watches WHERE id = ?",
        ):
            self._db.execute(sql, (watch.id,))

    def all(self) -> list[Watch]:
        """Return the watches, oldest first."""
        rows = self._rows("SELECT * FROM watches ORDER BY id")
        return [
            Watch(
                **{
                    **row,
                    "changes": bool(row["changes"]),
                    "gone": bool(row["gone"]),
                    "targets": _strings(row["targets"]),
                }
            )
            for row in rows
        ]

    def get(self, name: str) -> Watch:
        """Return the watch with this name. Raises NotFoundError."""
        found = next((watch for watch in self.all() if watch.name == name), None)
        if found is None:
            raise NotFoundError(_("watch {name}").format(name=name))
        return found

    def known(self, watch_id: int) -> dict[str, set[str]]:
        """Return the digests of matched versions and the times of matched deletions, by the key of each article that the watch matched."""
        found: dict[str, set[str]] = {}
        for key, digest in self._db.execute("SELECT article_key, digest FROM matches WHERE watch_id = ?", (watch_id,)):
            found.setdefault(key, set()).add(digest)
        return found

    def put_matches(self, watch_id: int, matches: Iterable[Match], *, at: str, is_told: bool) -> list[int]:
        """Store the matches of a watch and return their ids; those with `is_told` are only recorded, and never reported."""
        sql = """
            INSERT OR IGNORE INTO matches (watch_id, article_key, digest, event, found_at, is_told) VALUES (?, ?, ?, ?, ?, ?) RETURNING id
            """
        ids = []
        for match in matches:
            values = (watch_id, match.article_key, match.digest, match.event, at, is_told)
            ids += [int(row[0]) for row in self._db.execute(sql, values).fetchall()]
        return ids

    def newest_matches(self, watch_id: int, *, limit: int) -> list[Match]:
        """Return the matches that the watch has reported or is about to report, newest first."""
        return self._matches("watch_id = ? AND NOT is_told ORDER BY id DESC LIMIT ?", (watch_id, limit))

    def matches_of(self, message: Message) -> list[Match]:
        """Return the matches of a message, in the order in which they were found."""
        return self._matches("id IN (SELECT value FROM json_each(?)) ORDER BY id", (json.dumps(message.matches),))

    def put_message(self, identity: str, watch_id: int, target: str, matches: Sequence[int], *, due_at: str) -> None:
        """Store a message until it is delivered."""
        sql = "INSERT INTO messages (id, watch_id, target, matches, due_at) VALUES (?, ?, ?, ?, ?)"
        self._db.execute(sql, (identity, watch_id, target, json.dumps(list(matches)), due_at))

    def due(self, now: str) -> list[Message]:
        """Return the messages to send now, oldest first."""
        sql = """
            SELECT id, watch_id, target, matches, attempts FROM messages WHERE sent_at = '' AND due_at <= ? AND due_at <> '' ORDER BY rowid
            """
        return [Message(**{**row, "matches": tuple(json.loads(row["matches"]))}) for row in self._rows(sql, (now,))]

    def sent(self, message: Message, *, at: str) -> None:
        """Record that a message was delivered."""
        self._db.execute("UPDATE messages SET sent_at = ?, problem = '' WHERE id = ?", (at, message.id))

    def failed(self, message: Message, problem: str, *, due_at: str) -> None:
        """Record that a message was not delivered, and the time of the next attempt ('' for none)."""
        sql = "UPDATE messages SET attempts = attempts + 1, problem = ?, due_at = ? WHERE id = ?"
        self._db.execute(sql, (problem, due_at, message.id))

    def waiting(self, watch_id: int) -> list[dict[str, Any]]:
        """Return the messages of a watch that were not delivered: target, attempts, due_at ('' once given up), problem."""
        sql = (
            "SELECT target, attempts, due_at, problem FROM messages WHERE watch_id = ? AND sent_at = '' ORDER BY rowid"
        )
        return self._rows(sql, (watch_id,))

    def _matches(self, condition: str, values: Sequence[object]) -> list[Match]:
        sql = f"SELECT id, article_key, digest, event, found_at FROM matches WHERE {condition}"  # noqa: S608 - our own words
        return [Match(**row) for row in self._rows(sql, values)]

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        with closing(self._db.execute(sql, values)) as cursor:
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _schema_problem(db: sqlite3.Connection) -> str:
    """Return why the file of a foreign archive must not be used, '' if it may."""
    for kind, name, sql in db.execute("SELECT type, name, sql FROM sqlite_master"):
        if kind in {"trigger", "view"} or sqlite.is_computing(kind, sql or ""):
            return f"it has the {kind} {name!r}, which warraq does not create"
    return ""


def _value_problem(db: sqlite3.Connection) -> str:
    """Return what is wrong with the first row that warraq cannot have written, '' if there is none; names of watches also name files."""
    for name, targets, *texts in db.execute(
        "SELECT name, targets, query, secret, quiet, zone, created_at FROM watches"
    ):
        if not all(isinstance(one, str) for one in (name, targets, *texts)) or not NAME.fullmatch(name):
            return f"its watch {name!r:.80} is none that warraq adds"
        if not _is_list(targets, str):
            return f"the targets of its watch {name!r} are no list"
    sql = """
        SELECT messages.id, target, matches, attempts, watches.id IS NULL FROM messages LEFT JOIN watches ON watches.id = watch_id
        WHERE sent_at = ''
        """
    for identity, target, matches, attempts, is_lost in db.execute(sql):
        if is_lost or not isinstance(identity, str) or not isinstance(target, str) or not isinstance(attempts, int):
            return f"its message {identity!r:.80} is none that warraq writes"
        if not _is_list(matches, int):
            return f"the matches of its message {identity!r} are no list"
    return ""


def _is_list(text: object, kind: type) -> bool:
    """Return whether the text is a JSON list of values of this type."""
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return False
    return isinstance(found, list) and all(isinstance(one, kind) for one in found)


def _strings(text: str) -> tuple[str, ...]:
    return tuple(str(one) for one in json.loads(text))
