"""Opens a collection's database as it is meant to be: the store's tables, and the search index over them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from archive import search
from archive.files.clock import iso
from archive.index import BUSY_TIMEOUT_S, Store, identity, runs
from archive.index.sqlite import Migrations

if TYPE_CHECKING:
    from pathlib import Path

    from sqlite_utils import Database

logger = logging.getLogger(__name__)

SEARCH = Migrations("warraq-search")


@SEARCH(name="0001_keys")
def _keys(db: Database) -> None:
    search.create_index(db.conn)


@SEARCH(name="0002_plain_words")
def _plain_words(db: Database) -> None:
    search.create_plain_index(db.conn)


@SEARCH(name="0003_identity")
def _identity(db: Database) -> None:
    """Joins what an earlier version kept apart: an article under several spellings, and before and after a redirect."""
    now = iso(datetime.now(UTC))
    is_current = search.is_current(
        db.conn
    )  # an index that is not is made anew afterwards, and must not be touched by other rules

    def unindex(ids: list[int]) -> None:
        if is_current:
            search.unindex_articles(db.conn, ids)

    joined = identity.join_all(db, at=now, unindex=unindex)
    if joined:
        run = runs.begin(db, kind="join", site="", at=now)
        runs.end(db, run, at=now, result="ok", summary={"joins": joined})
        logger.warning(
            "%d articles that were kept apart by their addresses have one history now: `warraq joins` lists them and can undo it",
            joined,
        )


def open_store(path: Path, *, read_only: bool = False, patience: float = BUSY_TIMEOUT_S) -> Store:
    """Opens the database file; for writing, it is made when there is none and brought up to date.

    `patience` is how many seconds a statement waits for another process's transaction.

    Raises NotWritableError, SchemaTooNewError.
    """
    store = Store(path, read_only=read_only, extra_migrations=(SEARCH,), patience=patience)
    if not read_only and not search.is_current(store.db.conn):  # made by other rules of folding or stemming
        logger.warning("%s: making the search index anew, for this version of warraq finds words by other rules", path)
        with store.atomic():
            search.rebuild(store.db.conn)
    return store
