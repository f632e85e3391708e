"""Opens a collection's database as it is meant to be: the store's tables, and the search index over them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from archive import search
from archive.index import BUSY_TIMEOUT_S, Store
from archive.index.sqlite import Migrations

if TYPE_CHECKING:
    from pathlib import Path

    from sqlite_utils import Database

_log = logging.getLogger(__name__)

SEARCH = Migrations("warraq-search")


@SEARCH(name="0001_keys")
def _keys(db: Database) -> None:
    search.create_index(db.conn)


@SEARCH(name="0002_plain_words")
def _plain_words(db: Database) -> None:
    search.create_plain_index(db.conn)


def open_store(path: Path, *, read_only: bool = False, patience: float = BUSY_TIMEOUT_S) -> Store:
    """Opens the database file; for writing, it is made when there is none and brought up to date.

    `patience` is how many seconds a statement waits for another process's transaction.

    Raises NotWritableError, SchemaTooNewError.
    """
    store = Store(path, read_only=read_only, extra_migrations=(SEARCH,), patience=patience)
    if not read_only and not search.is_current(store.db.conn):  # made by other rules of folding or stemming
        _log.warning("%s: making the search index anew, for this version of warraq finds words by other rules", path)
        with store.atomic():
            search.rebuild(store.db.conn)
    return store
