"""Bring a WARC file to where a task reads it: linked, copied, or fetched from its URL."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive import warc
from archive.errors import ArchiveError, DamagedFileError, NotWritableError, UsageError
from archive.files.atomic import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator

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


LARGEST = 16 << 30
"""Bytes of a file at most: WARC writers begin a new one at 1 GB; a server that never ends must not fill the disk."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SECRETS = re.compile(r"(?<=://)[^/@]*@|\?.*", re.DOTALL)


class FetchError(ArchiveError):
    """A file could not be fetched whole."""

    def __init__(self, url: str, problem: str) -> None:
        self.url = shown(url)
        super().__init__(f"{self.url} could not be fetched ({problem}): the same batch tries it again")
        self.problem = problem


def is_remote(path: str) -> bool:
    """Whether a path of a plan is a URL."""
    return _SCHEME.match(path) is not None


def shown(url: str) -> str:
    """The URL as it may be shown and kept: without user, password and query, which may be credentials."""
    return _SECRETS.sub("", url)


def name_of(url: str) -> str:
    """The name that the file has here: the last part of the URL's path, of letters that no filesystem minds."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", shown(url).rpartition("/")[2]).lstrip(".") or "fetched.warc.gz"


def fetch(url: str, folder: Path) -> Path:
    """Fetch the file into `folder`. Raises FetchError, UsageError when a library for the scheme is missing, NotWritableError."""
    import fsspec

    target = folder / name_of(url)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        system, path = fsspec.core.url_to_fs(url)
        size = system.info(path).get("size")
        with system.open(path, "rb") as remote:
            replace_file(target, _pieces(remote, url))
    except NotWritableError:
        raise
    except (ImportError, ValueError) as error:  # fsspec names the library; ValueError: it knows no such scheme
        raise UsageError(f"{shown(url)}: {error}") from None
    except Exception as error:
        if isinstance(error, ArchiveError):
            raise
        raise FetchError(url, f"{type(error).__name__}: {shown(str(error))}"[:300]) from error
    got = target.stat().st_size
    if size is not None and got != size:
        target.unlink()
        raise FetchError(url, f"{got} of {size} bytes")
    return target


def _pieces(remote: Any, url: str) -> Iterator[bytes]:
    got = 0
    for piece in iter(partial(remote.read, AT_ONCE), b""):
        got += len(piece)
        if got > LARGEST:
            raise FetchError(url, f"more than {LARGEST >> 30} GB")
        yield piece
