"""Brings a WARC file to where a task reads it: a file of the plan in, a path in the folder of the task's archive out."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from archive import warc
from archive.batch.fetching import fetch, is_remote
from archive.errors import ArchiveError, DamagedFileError, NotWritableError
from archive.files.atomic import replace_file

if TYPE_CHECKING:
    from archive.batch.plan import Plan, PlannedFile

AT_ONCE = 1 << 20


class ChangedFileError(ArchiveError):
    """A file is not the one that the batch was planned with."""

    def __init__(self, path: str, planned: int, found: int) -> None:
        super().__init__(
            f"{path} has {found} bytes, {planned} when the batch was planned: a file that is being written cannot be read; "
            "plan it again in another folder"
        )
        self.path = path
        self.planned = planned
        self.found = found


def bring(file: PlannedFile, plan: Plan, folder: Path, warcs: Path) -> Path:
    """Links the file into `warcs` (or copies it, if the plan says so), under a name that is free there.

    One whose records cannot be reached one by one is rewritten so that they can; the rewritten file stays in the batch's
    folder, for rows point at it. Raises DamagedFileError when that cannot be done, ChangedFileError, NotWritableError.
    """
    if is_remote(file.path):
        fetched = fetch(file.path, warcs.parent / "fetched")
        try:
            return _reachable(fetched, file, plan, folder, warcs)
        finally:
            fetched.unlink()
    source = Path(file.path)
    size = source.stat().st_size
    if size != file.size:
        raise ChangedFileError(file.path, file.size, size)
    return _reachable(source, file, plan, folder, warcs)


def _reachable(source: Path, file: PlannedFile, plan: Plan, folder: Path, warcs: Path) -> Path:
    if source.name.endswith(".gz") and _is_one_stream(source):
        source = _rewritten(source, file.path, folder / "rewritten")
    return _linked(source, warcs, copies=plan.copies or not plan.shards)


def _is_one_stream(path: Path) -> bool:
    """Whether the file is gzipped as a whole: its first record does not end its gzip member."""
    try:
        next(warc.read_records(path, max_block=0), None)
    except DamagedFileError as error:
        return "several records in one gzip member" in error.problem
    return False


def _rewritten(source: Path, path: str, folder: Path) -> Path:
    """Named by the whole path in the plan, so that each file has its own; a rewriting that was killed left nothing of that name."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{warc.sha1_digest(os.fsencode(path))[5:13]}-{source.name}"
    if not target.exists() and (damages := warc.salvage(source, target)):
        target.unlink()
        raise damages[0]
    return target


def _linked(source: Path, warcs: Path, *, copies: bool) -> Path:
    target, serial = warcs / source.name, 1
    while target.exists():
        target, serial = warcs / f"{serial}-{source.name}", serial + 1
    try:
        warcs.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):
            target.hardlink_to(source)
            return target
        if not copies:
            raise NoLinkError(source, warcs)
        with source.open("rb") as file:
            replace_file(target, iter(partial(file.read, AT_ONCE), b""))
    except OSError as error:
        raise NotWritableError(target, error) from error
    return target


class NoLinkError(ArchiveError):
    """A file cannot be linked into a shard."""

    def __init__(self, source: Path, folder: Path) -> None:
        super().__init__(
            f"{source} cannot be linked into {folder} (another filesystem, or another owner's file): put the batch's folder on "
            "the filesystem of the files, or start it anew with --copy"
        )
        self.source = source
        self.folder = folder
