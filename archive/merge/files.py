"""Takes a shard's WARC files into an archive: linked or copied whole, never joined; under the same name where it is free."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from archive import warc
from archive.errors import DamagedFileError, NotWritableError
from archive.files.atomic import replace_file, sync_folder
from archive.index import files as file_rows
from archive.merge.plan import pieces, source_of
from archive.warc import cdxj

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from archive.collection import Collection
    from archive.index import Store
    from archive.merge.plan import Plan, Source
    from archive.merge.shard import Shard

AT_ONCE = 64
"""Files that are taken, indexed and entered together: what is done again after a crash, against the index written anew for each."""


def take(plan: Plan, shard: Shard, collection: Collection, store: Store, *, progress: Callable[[int], None]) -> int:
    """Brings the files of the plan here, durably, then their index lines, then their names in the manifest; counts them.

    One whose bytes are not those that were closed is left out and named in `plan.damaged`. `progress` hears how many are done.

    Raises NotWritableError.
    """
    folder, index, done = collection.warcs, cdxj.Index(collection.folder), 0
    rest = iter(plan.take.items())
    while group := list(islice(rest, AT_ONCE)):
        brought: dict[str, str] = {}
        for name, source in group:
            try:
                _bring(source, folder / plan.names[name])
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


def remove(plan: Plan, shard: Shard, collection: Collection) -> int:
    """Takes the files that are here now, byte for byte, out of a shard that nobody writes to; counts them."""
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


def _enter(brought: dict[str, str], plan: Plan, shard: Shard, index: cdxj.Index, folder: Path) -> None:
    theirs = cdxj.Index(shard.collection.folder)
    indexed = {name: here for name, here in brought.items() if plan.take[name].was_closed and theirs.path.exists()}
    lines: dict[str, list[str]] = {here: [] for here in brought.values()}
    lines |= {here: cdxj.lines_of(folder / here) for name, here in brought.items() if name not in indexed}
    if brought:
        index.replace(lines, more=theirs.lines_as(indexed))
        new = {here: plan.take[name].sha256 for name, here in brought.items()}
        warc.write_manifest(folder, warc.read_manifest(folder) | new)


def _bring(source: Source, target: Path) -> None:
    """Gives the file a second name here, or, where that cannot be (another file system, another's file), copies and compares it."""
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
        for piece in pieces(source.path, source.size):
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
