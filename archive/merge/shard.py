"""A shard: the archive of another machine, opened for reading while its crawl may go on."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from archive import warc
from archive.collection import Collection
from archive.collection.locator import FileLocator
from archive.errors import DamagedFileError
from archive.index import DatabaseError, joining
from archive.index.database import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.index import Store
    from archive.index.files import FileRow


@dataclass(frozen=True, kw_only=True)
class Shard:
    """An archive to be merged into another. `alive`: somebody writes to it now, so what is open there is not final.

    `manifest` has the SHA-256 of the closed files, by name; `closed` their paths (without those that a living writer has yet to enter
    in the manifest); `left` the open files of a dead writer, by their final names; `stored` those that are in a storage, and not there.
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
        """How messages call it."""
        return str(self.collection.folder)

    def batches(self, table: str) -> Iterator[list[dict[str, Any]]]:
        """All rows of one of its tables, in the order of their ids; raises DamagedFileError when what was read cannot be relied on."""
        for rows in joining.batches(self.store.db, table):
            self.store.check_unchanged()
            yield rows

    @cached_property
    def files_of_site(self) -> set[str]:
        """The files that belong to the site that is asked for."""
        return joining.files_of_site(self.store.db, self.site)

    def wants(self, filename: str) -> bool:
        """Whether a file is among those that are asked for."""
        return not self.site or filename in self.files_of_site

    @cached_property
    def open_texts(self) -> set[str]:
        """The ids of the clean texts that lie in files which are still being written."""
        found = set()
        for path in warc.open_files(self.collection.warcs) if self.alive else ():
            found |= set(_conversions(path))
        return found

    @property
    def newest(self) -> str:
        """The file that was closed last: its last records may be without rows, when the writer died then."""
        return max(self.closed, key=lambda name: self.closed[name].stat().st_mtime, default="")


def _conversions(path: Path) -> Iterator[str]:
    try:
        for record in warc.read_records(path, max_block=0):
            if record.type == "conversion":
                yield record.id
    except (DamagedFileError, FileNotFoundError):  # the end is being written; or it was closed a moment ago
        return


def _open(collection: Collection) -> Store:
    try:
        return open_store(collection.database, read_only=True)
    except DatabaseError as error:
        problem = f"no database that can be read ({error}; `warraq reindex` there rebuilds it)"
        raise DamagedFileError(collection.database, 0, problem) from error


@contextmanager
def open_shard(folder: Path, *, site: str = "", is_ours: bool = False) -> Iterator[Shard]:
    """Opens a shard for reading, its -wal included; changes nothing in it. `is_ours`: the caller holds its lock.

    Raises ArchiveNotFoundError, SchemaTooNewError, DamagedFileError when its database cannot be read.
    """
    collection = Collection(folder)
    collection.require()
    left = {path.name.removesuffix(warc.OPEN): path for path in warc.open_files(collection.warcs)}
    alive = (
        not is_ours and collection.in_use()
    )  # looked at after the open files: if nobody writes now, those are a dead writer's
    manifest = warc.read_manifest(collection.warcs)
    closed = {path.name: path for path in warc.closed_files(collection.warcs)}
    if alive:
        closed = {name: path for name, path in closed.items() if name in manifest}
        left = {}
    with _open(collection) as store:
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
