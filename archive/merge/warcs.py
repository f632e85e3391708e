"""Add a shard's WARC files to an archive: linked or copied as they are, under the same name if it is free."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from archive import warc
from archive.errors import DamagedFileError, LinkedFileError, NotWritableError
from archive.files import replace_file, sync_folder
from archive.index import files as file_rows
from archive.merge import joining
from archive.warc import cdxj

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from archive.collection import Collection
    from archive.index import Store
    from archive.index.files import FileRow
    from archive.merge.joining import Shard

AT_ONCE = 64
"""Files that are copied, indexed and registered together: fewer rewrites of the index, at the cost of more repeated work after a crash."""


def merge_files(
    plan: FilePlan, shard: Shard, collection: Collection, store: Store, *, progress: Callable[[int], None]
) -> int:
    """Add the files of the plan durably, then their index lines, then their manifest entries; return their number.

    A file whose bytes differ from the manifest is left out and named in `plan.damaged`. `progress` is called with the number done.

    Raises NotWritableError.
    """
    folder, index, done = collection.warcs, cdxj.Index(collection.folder), 0
    rest = iter(plan.take.items())
    while group := list(islice(rest, AT_ONCE)):
        brought: dict[str, str] = {}
        for name, source in group:
            try:
                _link_or_copy(source, folder / plan.names[name])
            except DamagedFileError as error:
                plan.damaged.append(error)
                del plan.names[name]
                continue
            brought[name] = plan.names[name]
            done += 1
            progress(done)
        sync_folder(folder)
        _enter(brought, plan, shard, index, folder)
    if plan.stored:
        with store.atomic():
            for row in plan.stored.values():
                file_rows.put(store.db, replace(row, local=False))
        lines: dict[str, list[str]] = {name: [] for name in plan.stored}
        index.replace(lines, more=cdxj.Index(shard.collection.folder).lines_as({name: name for name in plan.stored}))
        digests = {name: row.sha256 for name, row in plan.stored.items()}
        warc.write_manifest(folder, warc.read_manifest(folder) | digests)
    return done + len(plan.stored)


def remove_merged(plan: FilePlan, shard: Shard, collection: Collection) -> int:
    """Remove the files that are now here, byte for byte, from a shard that has no writer; return their number."""
    here = warc.read_manifest(collection.warcs)
    gone = 0
    for name, target in plan.names.items():
        path = shard.closed.get(name) or shard.left.get(name)
        if path and path.exists() and here.get(target) == source_of(shard, name).sha256:
            path.unlink()
            gone += 1
    if gone:
        sync_folder(shard.collection.warcs)
    return gone


def _enter(brought: dict[str, str], plan: FilePlan, shard: Shard, index: cdxj.Index, folder: Path) -> None:
    theirs = cdxj.Index(shard.collection.folder)
    indexed = {name: here for name, here in brought.items() if plan.take[name].was_closed and theirs.path.exists()}
    lines: dict[str, list[str]] = {here: [] for here in brought.values()}
    lines |= {here: cdxj.lines_of(folder / here) for name, here in brought.items() if name not in indexed}
    if brought:
        index.replace(lines, more=theirs.lines_as(indexed))
        new = {here: plan.take[name].sha256 for name, here in brought.items()}
        warc.write_manifest(folder, warc.read_manifest(folder) | new)


def _link_or_copy(source: ShardFile, target: Path) -> None:
    """Hard-link the file here, or copy and compare it where that is impossible (another file system or owner)."""
    if source.was_closed:
        try:
            os.link(source.path, target)
        except FileExistsError:
            raise
        except OSError:
            pass
        else:
            _sync(target)
            return
    digest = hashlib.sha256()

    def compared() -> Iterator[bytes]:
        for piece in chunks_of(source.path, source.size):
            digest.update(piece)
            yield piece
        if digest.hexdigest() != source.sha256:
            problem = "its bytes are not those that were closed (SHA-256 differs from the manifest)"
            raise DamagedFileError(source.path, 0, problem)

    replace_file(target, compared(), mode=0o444)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        raise NotWritableError(path, error) from error
    finally:
        os.close(handle)


SLICE = 1 << 20
SAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardFile:
    """A file to add; of one that a killed writer left open, only the first `size` bytes are good. `sha256` is that of these bytes."""

    path: Path
    size: int
    sha256: str
    was_closed: bool


@dataclass(slots=True, kw_only=True)
class FilePlan:
    """The plan for the files of one shard.

    `names` maps each file of the shard to its name here, including files that are yet to be added: those in `take`, and those in
    `stored`, which remain in a storage. `waiting` are files that a running writer has not finished, `lost` those that rows refer to and
    that are missing; `without_file` counts the captures in these files that are not here.
    """

    names: dict[str, str] = field(default_factory=dict)
    take: dict[str, ShardFile] = field(default_factory=dict)
    stored: dict[str, FileRow] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    captures: int = 0
    known: int = 0
    without_file: int = 0
    damaged: list[DamagedFileError] = field(default_factory=list)

    @property
    def files(self) -> int:
        """Return the number of files to add."""
        return len(self.take) + len(self.stored)


@dataclass(slots=True, kw_only=True)
class _Count:
    """Captures of the shard by file: all, those that are here already, and a few of the latter by which to find the file."""

    all: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def plan(shard: Shard, collection: Collection, store: Store | None) -> FilePlan:
    """Compare the files of the shard with those here (`store` is None for a new archive), without changing anything."""
    count = _count(shard, store)
    done = FilePlan(captures=count.all.total(), known=count.known.total())
    here = _Here(collection, store)
    for name in sorted([*shard.closed, *shard.left]):
        if shard.wants(name):
            _plan_file(name, shard, count, here, done)
    for name, row in shard.stored.items():
        if shard.wants(name):
            _plan_stored(name, row, here, done)
    for name in count.all - count.known:
        if name in done.names:
            continue
        if moved := here.by_sha256.get(shard.manifest.get(name, "")):  # an earlier merge has moved it here
            done.names[name] = moved
        else:
            (done.waiting if shard.alive else done.lost).add(name)
            done.without_file += count.all[name] - count.known[name]
    return done


def _plan_file(name: str, shard: Shard, count: _Count, here: _Here, done: FilePlan) -> None:
    path = shard.closed.get(name) or shard.left[name]
    if path.is_symlink():  # in a foreign folder, a link may lead anywhere
        done.damaged.append(LinkedFileError(path))
        return
    source = source_of(shard, name)
    if found := here.name_of(name, source, count.samples.get(name, [])):
        done.names[name] = found
    elif count.all[name] > count.known[name] or not count.all[name]:
        done.names[name] = here.free_name(name, source.sha256)
        done.take[name] = source


def _plan_stored(name: str, row: FileRow, here: _Here, done: FilePlan) -> None:
    found = here.by_sha256.get(row.sha256)
    if found is None and here.free_name(name, row.sha256) == name:  # the storage has it under its own name only
        done.stored[name] = row
        found = name
    if found:
        done.names[name] = found


def _count(shard: Shard, store: Store | None) -> _Count:
    count = _Count()
    for rows in shard.batches("captures"):
        known = joining.known_records(store.db, [row["record_id"] for row in rows]) if store else set()
        for row in rows:
            name = row["warc_filename"]
            if not shard.wants(name):
                continue
            count.all[name] += 1
            if row["record_id"] in known:
                count.known[name] += 1
                samples = count.samples.setdefault(name, [])
                if len(samples) < SAMPLES:
                    samples.append(row)
    return count


def source_of(shard: Shard, name: str) -> ShardFile:
    """Return the part of a file of the shard that is to be added."""
    if name in shard.closed:
        path = shard.closed[name]
        sha256 = shard.manifest.get(name) or warc.sha256_of(path)
        return ShardFile(path=path, size=path.stat().st_size, sha256=sha256, was_closed=name in shard.manifest)
    path = shard.left[name]
    size = warc.whole_part(path)
    digest = hashlib.sha256()
    for piece in chunks_of(path, size):
        digest.update(piece)
    return ShardFile(path=path, size=size, sha256=digest.hexdigest(), was_closed=False)


class _Here:
    """The files that this archive has."""

    def __init__(self, collection: Collection, store: Store | None) -> None:
        self._folder, self._store = collection.warcs, store
        present = {path.name for path in warc.closed_files(self._folder)}
        manifest = warc.read_manifest(self._folder)
        self.by_sha256 = {sha256: name for name, sha256 in manifest.items() if name in present}
        rows = file_rows.rows(store.db) if store else {}
        self.by_sha256 |= {row.sha256: name for name, row in rows.items() if row.storage and name not in present}
        self._promised: set[str] = set()

    def name_of(self, name: str, source: ShardFile, samples: list[dict[str, Any]]) -> str:
        """Return the name of the same file here, '' when it is not here.

        It may have another name, or different bytes of the same length if a page was redacted in one of the archives.
        """
        if found := self.by_sha256.get(source.sha256):
            return found
        names = [name]
        if self._store:
            names.append(joining.name_of_copy(self._store.db, samples))
        return next((one for one in names if one and _is_same(self._folder / one, source)), "")

    def free_name(self, name: str, sha256: str) -> str:
        """Return a name that no file here has: its own, or one with its digest."""
        away = self._store is not None and file_rows.get(self._store.db, name) is not None
        taken = (
            away,
            name in self._promised,
            (self._folder / name).exists(),
            (self._folder / (name + warc.OPEN)).exists(),
        )
        free = f"{sha256[:12]}-{name}" if any(taken) else name
        self._promised.add(free)
        self.by_sha256[sha256] = free
        return free


def _is_same(path: Path, source: ShardFile) -> bool:
    """Return whether two files are the same except for tombstones: they have the same length and begin with the same record."""
    if not path.is_file() or path.stat().st_size != source.size:
        return False
    one, other = (next(warc.read_records(each, max_block=0), None) for each in (path, source.path))
    return one is not None and other is not None and one.id == other.id != ""


def chunks_of(path: Path, size: int) -> Iterator[bytes]:
    """Yield the first `size` bytes of a file, piece by piece."""
    with path.open("rb") as file:
        while size and (piece := file.read(min(SLICE, size))):
            size -= len(piece)
            yield piece
