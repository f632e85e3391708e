"""Reads an archive: a folder in; articles, versions, captures, search answers and figures out. Never writes, needs no lock."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from archive import http, search, urls, warc
from archive.article import Page, SiteProfile
from archive.capture import Location
from archive.collection import Collection
from archive.database import open_store
from archive.errors import NotFoundError
from archive.extract import explain
from archive.store import articles, captures, figures, learned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType


MOST_BYTES = 20 << 20
"""Bytes that a page may decode to when it is read again."""


class Archive:
    """An archive opened for reading, also while a crawl writes to it.

    Raises ArchiveNotFoundError when there is none in the folder, SchemaTooNewError when a later version of warraq made it.
    """

    def __init__(self, folder: Path) -> None:
        self.collection = Collection(folder)
        self.collection.require()
        self._store = open_store(self.collection.database, read_only=True)

    @property
    def db(self) -> Any:
        """The open sqlite-utils Database, for questions of your own; read-only."""
        return self._store.db

    def search(
        self, words: str, *, limit: int = 20, offset: int = 0, order: search.Order = "relevance"
    ) -> search.Results:
        """The articles that the words find (see docs/search.md for the language of queries), best first."""
        return search.search(self._store.db.conn, words, limit=limit, offset=offset, order=order)

    def newest(self, *, site: str = "", limit: int = 20, offset: int = 0) -> Iterator[dict[str, Any]]:
        """Latest versions of articles, newest first, as dicts of the columns of `articles`."""
        return articles.newest(self._store.db, site=site, limit=limit, offset=offset)

    def article(self, wanted: str | int) -> dict[str, Any]:
        """The article of that id or URL (its latest version), as a dict of columns; raises NotFoundError."""
        if isinstance(wanted, int) or wanted.isdecimal():
            row = articles.get(self._store.db, int(wanted))
            if row is not None:
                return row
            raise NotFoundError(str(wanted))
        return next(row for row in self.versions(wanted) if row["is_latest"])

    def versions(self, url: str) -> list[dict[str, Any]]:
        """All versions of the article at that URL, oldest first; raises NotFoundError."""
        rows = articles.versions(self._store.db, url) or articles.versions(self._store.db, urls.canonicalise(url))
        if not rows:
            raise NotFoundError(url)
        return rows

    def captures(self, url: str) -> list[dict[str, Any]]:
        """All captures of that URL, oldest first (its TimeMap), as dicts of the columns of `captures`."""
        return captures.of_url(self._store.db, urls.canonicalise(url)) or captures.of_url(self._store.db, url)

    def record(self, row: dict[str, Any]) -> warc.Record:
        """The WARC record that a row of `articles` or `captures` points at; its `block` holds the exact bytes of the response."""
        place = Location(
            filename=row["warc_filename"], offset=row["warc_record_offset"], length=row["warc_record_length"]
        )
        return warc.read_at(self.collection.warcs, place)

    def explain(self, wanted: str | int) -> list[tuple[str, str, str]]:
        """Each line of the page that an article was read from, as (line, `kept` or `dropped`, rule); read again now.

        Raises NotFoundError.
        """
        row = self.article(wanted)
        response = http.parse_response(self.record(row).block)
        profile = SiteProfile(boilerplate=learned.repeated(self._store.db, row["hostname"]))
        fetched_at = datetime.fromisoformat(row["fetched_at"])
        body = http.decode(response, MOST_BYTES)
        return explain(Page(body=body, url=row["url"], fetched_at=fetched_at, headers=response.headers, site=profile))

    def stats(self) -> dict[str, Any]:
        """How much the archive holds, as JSON takes it."""
        return figures.count(self._store.db)

    def close(self) -> None:
        """Closes the database."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
