"""Merge several archives into one: WARC files, rows and frontier, as if one machine had crawled everything.

Every step compares the shard with the target archive and adds what is missing, so that a second run completes an interrupted one and a
further run changes nothing. Nothing is written to a shard, whose crawl may continue; its open file is left for a later run.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from gettext import gettext as _
from typing import TYPE_CHECKING

from archive import search, warc
from archive.collection import Collection
from archive.errors import UsageError
from archive.files.clock import iso
from archive.index import captures, frontier, identity, joins, open_store, runs
from archive.ingest import open_writer
from archive.ingest.importer import Indexer, incomplete_files, lacks_rows
from archive.maintain import redact
from archive.merge import database, histories, joining, warcs
from archive.merge.database import Rows
from archive.merge.joining import Shard, open_shard
from archive.merge.warcs import FilePlan
from archive.merge.warcs import plan as plan_files
from archive.seals.merged import merge_seals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from archive.index.rows import StoredCapture
    from archive.ingest import ArchiveWriter
    from archive.parse import Parsed, ParseTask
    from archive.parse.workers import WorkerPool

__all__ = ["Merged", "merge", "preview"]


@dataclass(slots=True, kw_only=True)
class Merged:
    """The counts of a merge.

    `captures` counts the added captures, of the `looked_at` that the shards have; `waiting` those whose file is still being written, or
    that refer to such a file; `recovered` those that a killed writer left without rows or unparsed; `redacted` the URLs that were
    removed again. `lost` names files that rows of a shard refer to and that are missing, `damaged` those whose bytes differ from the
    manifest; their captures were not added. `joins` counts the URLs that were joined into one history, as in the shard or by a redirect
    of another shard; `conflicts` names those that are joined in one archive and were separated by a user in another, and stay as they
    were here. `seals` counts the copied seals of the shards, `seals_left` says why others were not copied.
    """

    shards: int = 0
    files: int = 0
    bytes: int = 0
    looked_at: int = 0
    captures: int = 0
    articles: int = 0
    urls: int = 0
    hosts: int = 0
    runs: int = 0
    recovered: int = 0
    redacted: int = 0
    waiting: int = 0
    moved: int = 0
    joins: int = 0
    conflicts: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    seals: int = 0
    seals_left: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Return whether anything was added."""
        came_in = (self.files, self.captures, self.articles, self.urls, self.hosts, self.runs, self.joins)
        return any((*came_in, self.recovered, self.redacted, self.moved))


def merge(
    shards: Sequence[Path],
    into: Collection,
    pool: Callable[[], WorkerPool[ParseTask, Parsed]],
    *,
    clock: Callable[[], datetime],
    site: str = "",
    move: bool = False,
    progress: Callable[[str, str, int], None] = lambda _shard, _what, _count: None,
) -> Merged:
    """Merge the shards (folders of archives) into an archive, which is created if missing.

    `pool` is called for worker processes when a killed writer has left captures that are not parsed. With `site`, only files with
    captures of this site are merged, completely, and its frontier. `move` removes the files from the shards, to which no process may
    write then. `progress` is called with the shard, the current step and its progress.

    Raises UsageError, ArchiveNotFoundError, ArchiveLockedError, SchemaTooNewError, NotWritableError.
    """
    _check(shards, into, site)
    started = clock()
    ingest = open_writer(into, info={"software": "warraq", "description": "merge"}, clock=clock)
    try:
        merging = _Merge(ingest, pool, progress)
        for folder in shards:
            with ExitStack() as stack:
                if move:
                    stack.enter_context(Collection(folder).lock())
                shard = stack.enter_context(open_shard(folder, site=site, is_ours=move))
                plan = merging.take(shard)
                if move:
                    merging.done.moved += warcs.remove_merged(plan, shard, into)
        merging.finish()
        if merging.done.changed:
            _log(ingest, merging.done, shards, site, started=started, ended=clock())
    finally:
        ingest.close()
    return merging.done


def preview(shards: Sequence[Path], into: Collection, *, site: str = "") -> Merged:
    """Return what `merge` would add: files, captures and URLs, and what would have to wait. Changes nothing and needs no lock."""
    _check(shards, into, site)
    done = Merged()
    with ExitStack() as stack:
        store = stack.enter_context(open_store(into.database, read_only=True)) if into.exists() else None
        for folder in shards:
            with open_shard(folder, site=site) as shard:
                plan = plan_files(shard, into, store)
                done.shards += 1
                done.files += plan.files
                done.bytes += sum(source.size for source in plan.take.values())
                done.looked_at += plan.captures
                done.captures += plan.captures - plan.known - plan.without_file
                done.waiting += plan.without_file
                done.lost += sorted(plan.lost)
                for rows in shard.batches("urls"):
                    chosen = [row["url"] for row in rows if not site or row["site"] == site]
                    done.urls += len(chosen) - (len(frontier.rows_of(store.db, chosen)) if store else 0)
    return done


def _check(shards: Sequence[Path], into: Collection, site: str) -> None:
    for folder in shards:
        Collection(folder).require()
        if folder.resolve() == into.folder.resolve():
            raise UsageError(
                _(
                    "{folder} cannot be merged into itself: the last folder is the archive that receives the others"
                ).format(folder=folder)
            )
    if site and not any(_knows(folder, site) for folder in shards):
        raise UsageError(
            _(
                "none of these archives has anything from the site {site!r}: `warraq --archive {shards} stats` lists "
                "its sites"
            ).format(site=site, shards=shards[0])
        )


def _knows(folder: Path, site: str) -> bool:
    with open_store(Collection(folder).database, read_only=True) as store:
        return joining.knows_site(store.db, site)


def _log(
    ingest: ArchiveWriter, done: Merged, shards: Sequence[Path], site: str, *, started: datetime, ended: datetime
) -> None:
    summary = asdict(done) | {"from": [str(folder) for folder in shards]}
    with ingest.store.atomic():
        run = runs.begin(ingest.store.db, kind=database.OWN, site=site, at=iso(started))
        runs.end(ingest.store.db, run, at=iso(ended), result="ok", summary=summary)


class _Merge:
    """One merge into one archive, one shard after the other."""

    def __init__(
        self,
        ingest: ArchiveWriter,
        pool: Callable[[], WorkerPool[ParseTask, Parsed]],
        progress: Callable[[str, str, int], None],
    ) -> None:
        self.done = Merged()
        self._ingest, self._make_pool, self._progress = ingest, pool, progress
        self._into, self._store = ingest.collection, ingest.store
        recovered = (taken.path for taken in ingest.recovered_files)
        left = [*incomplete_files(warc.closed_files(self._into.warcs), self._store), *recovered]
        self._left: dict[str, str] = {path.name: "" for path in left}
        self._of_living: set[str] = set()
        self._waiting: set[str] = set()
        self._out: dict[str, str] = joining.redacted(self._store.db)

    def take(self, shard: Shard) -> FilePlan:
        """Merge the final files and rows of the shard."""
        plan = plan_files(shard, self._into, self._store)
        self.done.files += warcs.merge_files(
            plan, shard, self._into, self._store, progress=self._progress_of(shard, "files")
        )
        self._out |= joining.redacted(shard.store.db)
        rows = Rows(shard, plan.names, self._into, self._store, redacted=set(self._out))
        rows.add(self._progress_of(shard, "captures"))
        rows.read(self._progress_of(shard, "captures read"))
        self._take_joins(shard, plan)
        database.merge_former_ids(shard, self._store, self._into.name)
        self.done.hosts += database.merge_site_lines(shard, self._store, redacted=self._out)
        self.done.urls += database.merge_frontier(shard, self._store, self._progress_of(shard, "URLs"))
        self.done.runs += database.merge_runs(shard, self._store)
        self._count(plan, rows)
        self._waiting |= rows.done.waiting
        taken = merge_seals(shard.collection.folder, self._into.folder, plan.names)
        self.done.seals += taken.seals
        if taken.problem:
            self.done.seals_left.append(taken.problem)
        if shard.alive:
            self._of_living |= set(plan.names.values())
        else:
            closed = {path.name for path in incomplete_files(shard.closed.values(), shard.store)}
            for name in (closed | {*shard.left}) & set(plan.names):
                self._left[plan.names[name]] = joining.site_of_file(shard.store.db, name)
        return plan

    def _take_joins(self, shard: Shard, plan: FilePlan) -> None:
        with self._store.atomic():
            before = joins.total(self._store.db)
            self.done.conflicts += histories.merge_joins(shard, self._store.db, plan.names, unindex=self._unindex)
            self.done.joins += joins.total(self._store.db) - before

    def _unindex(self, ids: list[int]) -> None:
        search.unindex_articles(self._store.db.conn, ids)

    def _count(self, plan: FilePlan, rows: Rows) -> None:
        self.done.shards += 1
        self.done.bytes += sum(source.size for name, source in plan.take.items() if name in plan.names)
        self.done.looked_at += plan.captures
        self.done.captures += rows.done.captures
        self.done.articles += rows.done.articles
        self.done.waiting += len(rows.done.waiting) + plan.without_file
        self.done.lost += sorted(plan.lost)
        self.done.damaged += [str(error) for error in plan.damaged]

    def _progress_of(self, shard: Shard, what: str) -> Callable[[int], None]:
        return lambda count: self._progress(shard.name, what, count)

    def finish(self) -> None:
        """Parse the captures that killed writers left without rows or unparsed, and remove what was redacted in any of the archives."""
        self._recover()
        db = self._store.db
        if self.done.changed:
            with self._store.atomic():
                before, now = joins.total(db), iso(self._ingest.clock())
                identity.join_redirects(db, at=now, unindex=self._unindex)
                identity.join_spellings(db, at=now, unindex=self._unindex)
                self.done.joins += joins.total(db) - before
        for url, reason in (self._out | joining.redacted(db)).items():
            if captures.of_url(db, url):
                self._ingest.writer.close()  # so that its open file does not look like a leftover
                redact(self._into, self._store, url=url, reason=reason, who="merge", clock=self._ingest.clock)
                self.done.redacted += 1

    def _recover(self) -> None:
        db = self._store.db
        left = {name: site for name, site in self._left.items() if lacks_rows(self._into.warcs / name, self._store)}
        unread = [row for row in captures.unread(db) if not self._must_wait(row)]
        if not left and not unread:
            return
        pool = self._make_pool()
        for name, site in left.items():
            indexer = Indexer(self._ingest, pool, site=site)
            indexer.index_file(self._into.warcs / name, start=captures.last_offset(db, name))
            self._add(indexer)
        indexer = Indexer(self._ingest, pool)
        indexer.parse_again(unread)
        self._add(indexer)

    def _must_wait(self, row: StoredCapture) -> bool:
        """Return whether a later merge will bring the outcome of this capture, once its crawl has parsed it or a missing file is back."""
        return row["warc_filename"] in self._of_living or row["record_id"] in self._waiting

    def _add(self, indexer: Indexer) -> None:
        self.done.recovered += indexer.done.outcomes.total()
        self.done.articles += indexer.done.articles["new"] + indexer.done.articles["changed"]
        self.done.damaged += [str(error) for error in indexer.done.damaged]
