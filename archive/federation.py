"""Read several archives as one: one ranking, one count, one list."""

from __future__ import annotations

import contextlib
from collections import Counter
from contextlib import ExitStack
from gettext import gettext as _
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from archive.archive import Archive, find, related
from archive.errors import NotFoundError, UsageError
from archive.files import Closing
from archive.index import BUSY_TIMEOUT_S, reports

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from archive.index.columns import ArticleRow
    from archive.search import Order, Query, Results


Row = TypeVar("Row")


class Federation(Closing):
    """Archives opened for reading together, in the order of their folders.

    Raises ArchiveNotFoundError if a folder has no archive, SchemaTooNewError if a later version of warraq made one, UsageError if no
    folder is given. A folder that is given twice counts once.
    """

    def __init__(self, folders: Iterable[str | Path], *, patience: float = BUSY_TIMEOUT_S) -> None:
        self.folders = tuple({folder.resolve(): folder for folder in map(Path, folders)}.values())
        if not self.folders:
            raise UsageError(_("name at least one archive"))
        with ExitStack() as stack:
            self.archives = tuple(stack.enter_context(Archive(folder, patience=patience)) for folder in self.folders)
            self._opened = stack.pop_all()

    def limit_time(self, seconds: float) -> None:
        """Interrupt any query that is still running after that many seconds: it raises `archive.index.DatabaseError`."""
        for archive in self.archives:
            archive.limit_time(seconds)

    def search(
        self,
        words: str,
        *,
        only: str = "",
        limit: int = 20,
        offset: int = 0,
        order: Order = "relevance",
        semantic: bool = False,
    ) -> Results:
        """Search as `Archive.search` would if one archive held the articles of all.

        Counts and pages cover all archives. `archive_of` and `folder_of` give the archive of a hit, in which its id is valid.
        """
        databases = [archive.db.conn for archive in self.archives]
        return find(databases, words, only=only, limit=limit, offset=offset, order=order, semantic=semantic)

    def related(self, wanted: str, *, limit: int = 10) -> list[tuple[Archive, ArticleRow, float]]:
        """Return what `Archive.related` finds for the article `wanted` (see `holder`), in all archives, each with the one that has it."""
        holder, asked = self.holder(wanted)
        return related(self.archives, holder, holder.article(asked), limit=limit)

    def archive_of(self, found: Results, number: int) -> Archive:
        """Return the archive that holds the hit of that number (from 0) of an answer."""
        return self.archives[found.shards[number]]

    def folder_of(self, found: Results, number: int) -> Path:
        """Return its folder, as it was given."""
        return self.folders[found.shards[number]]

    def name_of(self, archive: Archive) -> str:
        """Return the name of one of several archives, '' if there is only one."""
        return archive.collection.name if len(self.archives) > 1 else ""

    def facets(self, query: Query | None = None) -> reports.Facets:
        """Return the counts of `Archive.facets` over all archives."""
        return reports.added_facets([archive.facets(query) for archive in self.archives])

    def usage(self, words: str, *, only: str = "") -> Mapping[tuple[str, str], int]:
        """Return the counts of `Archive.usage` over all archives; an article in several archives counts in each."""
        total = Counter[tuple[str, str]]()
        for archive in self.archives:
            total.update(archive.usage(words, only=only))
        return total

    def newest(self, *, site: str = "", limit: int = 20, offset: int = 0) -> Iterator[tuple[Archive, ArticleRow]]:
        """Yield the latest versions of articles of all archives, newest first, each with the archive that has it."""
        streams = [_with(archive, archive.newest(site=site, limit=limit + offset)) for archive in self.archives]
        found = merge(*streams, key=lambda pair: pair[1]["published_at"] or pair[1]["fetched_at"], reverse=True)
        return islice(found, offset, offset + limit)

    def images(
        self, words: str = "", *, site: str = "", limit: int = 50, offset: int = 0
    ) -> Iterator[tuple[Archive, dict[str, Any]]]:
        """Yield what `Archive.images` finds, in all archives, each with the one that has it; a file that several hold comes once."""
        streams = [_with(one, one.images(words, site=site, limit=limit + offset)) for one in self.archives]
        found = merge(*streams, key=lambda pair: pair[1]["at"], reverse=True)
        return islice(_once(found), offset, offset + limit)

    def showings(self, url: str) -> list[tuple[Archive, dict[str, Any]]]:
        """Return what `Archive.showings` finds, in all archives: one may know the picture that another shows elsewhere."""
        pictures = [found for archive in self.archives if (found := archive.picture(url))]
        known = max(pictures, key=lambda one: bool(one["sha256"]), default=None)  # one may have seen the address only
        streams = [_with(archive, archive.showings_of(known)) for archive in self.archives] if known else []
        return list(merge(*streams, key=lambda pair: pair[1]["at"]))

    def holder(self, wanted: str) -> tuple[Archive, str]:
        """Return the archive that has the article `wanted` (URL, id, or NAME/ID), and the URL or id to ask it by.

        Of several that have the URL, the one that was served it last. NAME may be that of an archive that was merged into one of these.
        Raises NotFoundError, and UsageError for an id that several have.
        """
        name, _slash, number = wanted.rpartition("/")
        named = [archive for archive in self.archives if number.isdecimal() and archive.collection.name == name]
        if named:
            return named[0], number
        if name and number.isdecimal() and (merged := self._merged(name, int(number))):
            return merged
        if len(self.archives) == 1:
            return self.archives[0], wanted
        found = [(row["last_seen_at"], archive) for archive in self.archives if (row := _look_up(archive, wanted))]
        if not found:
            raise NotFoundError(wanted)
        if wanted.isdecimal() and len(found) > 1:
            names = " or ".join(f"{archive.collection.name}/{wanted}" for _at, archive in found)
            raise UsageError(
                _("several archives have an article {wanted}: write {names}").format(wanted=wanted, names=names)
            )
        return max(found, key=lambda pair: pair[0])[1], wanted

    def _merged(self, name: str, article_id: int) -> tuple[Archive, str] | None:
        for archive in self.archives:
            with contextlib.suppress(NotFoundError):
                return archive, str(archive.formerly(article_id, archive=name)["id"])
        return None

    def stats(self, *, site: str = "") -> dict[str, Any]:
        """Return the counts of `Archive.stats` over all archives."""
        return reports.added_counts([archive.stats(site=site) for archive in self.archives])

    def close(self) -> None:
        """Close the databases."""
        self._opened.close()

    def __exit__(self, *raised: Any) -> None:
        """Close the databases; after an error, check whether invalid values in them caused it."""
        self._opened.__exit__(*raised)


def _with(archive: Archive, rows: Iterable[Row]) -> Iterator[tuple[Archive, Row]]:
    return ((archive, row) for row in rows)


def _once(found: Iterable[tuple[Archive, dict[str, Any]]]) -> Iterator[tuple[Archive, dict[str, Any]]]:
    """Yield each picture file once, that of the newest article."""
    seen = set[str]()
    for archive, row in found:
        file = row["sha256"] or row["url"]
        if file not in seen:
            seen.add(file)
            yield archive, row


def _look_up(archive: Archive, wanted: str) -> ArticleRow | None:
    try:
        return archive.article(wanted)
    except NotFoundError:
        return None
