"""Plan a batch: which task reads which files, and within what limits. Every worker reads the plan from the batch's folder.

The folder of a batch holds

    plan.json         this plan; a later start of the batch continues with it
    logs/             datatrove's: logs, figures, and an empty file in completions/ for each task that is done
    tasks/            a count of each task, and the lock that keeps two workers off it
    parquet/          one file for each task
    shards/           one archive for each task
    rewritten/        rewritten copies of WARCs without random access to their records
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive import warc
from archive.collection import Collection
from archive.errors import ArchiveError, DamagedFileError, NotWritableError, UsageError
from archive.files import replace_file
from archive.locale import n_

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FORMAT = 1
NAME = "plan.json"
SECONDS = 20.0
"""Limits of a page; the slowest of 942 saved pages takes 1 s."""
MEGABYTES = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """A WARC to read: an absolute path or a URL, and its size in bytes (0 for a URL, whose size is unknown)."""

    path: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlan:
    """A batch: its files by task, its outputs, and the limits of one page (seconds of wall time, megabytes of address space).

    `copies` allows copying a WARC from another filesystem into its shard; otherwise WARCs are linked.
    """

    tasks: tuple[tuple[PlannedFile, ...], ...]
    parquet: bool = True
    shards: bool = True
    copies: bool = False
    site: str = ""
    seconds: float = SECONDS
    megabytes: int = MEGABYTES

    @property
    def files(self) -> tuple[PlannedFile, ...]:
        """All files, in order."""
        return tuple(file for files in self.tasks for file in files)


def divide(files: Iterable[PlannedFile], tasks: int) -> tuple[tuple[PlannedFile, ...], ...]:
    """Divide the files into at most `tasks` runs of neighbouring paths, of about equal size; deterministic.

    Neighbours stay together because a revisit mostly refers to a record of its own crawl, whose files have consecutive names.
    """
    ordered = sorted(set(files), key=lambda file: file.path)
    if tasks >= len(ordered):
        return tuple((file,) for file in ordered)
    known = [file.size for file in ordered if file.size]
    usual = max(1, sum(known) // max(1, len(known)))  # assumed for a file of unknown size
    weights = [file.size or usual for file in ordered]
    total, before = sum(weights), 0
    runs: list[list[PlannedFile]] = [[] for _ in range(tasks)]
    for file, weight in zip(ordered, weights, strict=True):
        runs[(2 * before + weight) * tasks // (2 * total)].append(file)
        before += weight
    return tuple(tuple(run) for run in runs if run)


def make_plan(files: Iterable[PlannedFile], *, tasks: int = 0, **options: Any) -> BatchPlan:
    """Return the plan of a batch; without `tasks`, each file is a task. Raises UsageError if there are no files."""
    given = list(files)
    if not given:
        raise UsageError(_("no WARC files: name some, or a list of them with --paths"))
    return BatchPlan(tasks=divide(given, tasks or len(given)), **options)


def write_plan(folder: Path, plan: BatchPlan) -> None:
    """Write the plan into the batch's folder; the same plan may exist already.

    Raises UsageError if the folder has another plan or an archive, whose files would be mixed with these; NotWritableError.
    """
    try:
        held = read_plan(folder)
    except FileNotFoundError:
        if Collection(folder).exists():
            raise UsageError(
                _(
                    "{folder} is an archive: name a new folder with --into, then merge its shards with `warraq merge`"
                ).format(folder=folder)
            ) from None
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"format": FORMAT, **asdict(plan)}, ensure_ascii=False, indent=1)
        replace_file(folder / NAME, [text.encode("utf-8", "surrogateescape")])
        return
    if held != plan:
        raise UsageError(
            _(
                "{folder} holds another batch ({files} in {tasks}): continue it with `warraq batch --into {folder}` without "
                "files, or name another folder for this one"
            ).format(
                folder=folder,
                files=n_("{n} file", "{n} files", len(held.files)),
                tasks=n_("{n} task", "{n} tasks", len(held.tasks)),
            )
        )


def read_plan(folder: Path) -> BatchPlan:
    """Return the plan in a batch's folder. Raises FileNotFoundError, and ArchiveError for a plan of another version of warraq."""
    values = json.loads((folder / NAME).read_text(encoding="utf-8", errors="surrogateescape"))
    if values.pop("format", None) != FORMAT:
        raise ArchiveError(
            _("{name} was made by another version of warraq: finish the batch with that version").format(
                name=folder / NAME
            )
        )
    tasks = tuple(tuple(PlannedFile(**file) for file in files) for files in values.pop("tasks"))
    return BatchPlan(tasks=tasks, **values)


# Provide a WARC file for a task: linked, copied, or fetched from its URL.

AT_ONCE = 1 << 20


class ChangedFileError(ArchiveError):
    """A file has changed since the batch was planned."""

    def __init__(self, path: str, planned: int, found: int) -> None:
        super().__init__(
            _(
                "{path} has {found}, {planned} when the batch was planned: a file that is being written cannot be read; plan "
                "it again in another folder"
            ).format(path=path, found=n_("{n} byte", "{n} bytes", found), planned=planned)
        )
        self.path = path
        self.planned = planned
        self.found = found


def link_file(file: PlannedFile, plan: BatchPlan, folder: Path, warcs: Path) -> Path:
    """Link the file into `warcs` (or copy it, if the plan says so), under a free name.

    A file without random access to its records is rewritten; the rewritten file stays in the batch's folder, because rows point to
    it. Raises DamagedFileError if that fails, ChangedFileError, NotWritableError.
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


def _reachable(source: Path, file: PlannedFile, plan: BatchPlan, folder: Path, warcs: Path) -> Path:
    if source.name.endswith(".gz") and _is_one_stream(source):
        source = _rewritten(source, file.path, folder / "rewritten")
    return _linked(source, warcs, copies=plan.copies or not plan.shards)


def _is_one_stream(path: Path) -> bool:
    """Return whether the file is gzipped as a whole: its first record does not end its gzip member."""
    try:
        next(warc.read_records(path, max_block=0), None)
    except DamagedFileError as error:
        return "several records in one gzip member" in error.problem
    return False


def _rewritten(source: Path, path: str, folder: Path) -> Path:
    """Rewrite a file under a name derived from its whole path in the plan, which is unique; a killed rewrite leaves no such file."""
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
            _(
                "{source} cannot be linked into {folder} (another filesystem, or another owner's file): put the "
                "batch's folder on the filesystem of the files, or start it again with --copy"
            ).format(source=source, folder=folder)
        )
        self.source = source
        self.folder = folder


LARGEST = 16 << 30
"""Maximum bytes of a file: WARC writers start a new one at 1 GB; an endless response must not fill the disk."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SECRETS = re.compile(r"(?<=://)[^/@]*@|\?.*", re.DOTALL)


class FetchError(ArchiveError):
    """A file could not be fetched completely."""

    def __init__(self, url: str, problem: str) -> None:
        self.url = without_secrets(url)
        super().__init__(
            _("{url} could not be fetched ({problem}): the same batch tries it again").format(
                url=self.url, problem=problem
            )
        )
        self.problem = problem


def is_remote(path: str) -> bool:
    """Return whether a path of a plan is a URL."""
    return _SCHEME.match(path) is not None


def without_secrets(url: str) -> str:
    """Return the URL without user, password and query, which may be credentials, for display and storage."""
    return _SECRETS.sub("", url)


def download_name(url: str) -> str:
    """Return the local name of the file: the last part of the URL's path, with portable characters."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", without_secrets(url).rpartition("/")[2]).lstrip(".") or "fetched.warc.gz"


def fetch(url: str, folder: Path) -> Path:
    """Fetch the file into `folder`. Raises FetchError, UsageError if a library for the scheme is missing, NotWritableError."""
    import fsspec

    target = folder / download_name(url)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        system, path = fsspec.core.url_to_fs(url)
        size = system.info(path).get("size")
        with system.open(path, "rb") as remote:
            replace_file(target, _pieces(remote, url))
    except NotWritableError:
        raise
    except (ImportError, ValueError) as error:  # fsspec names the library; ValueError: unknown scheme
        raise UsageError(f"{without_secrets(url)}: {error}") from None
    except Exception as error:
        if isinstance(error, ArchiveError):
            raise
        raise FetchError(url, f"{type(error).__name__}: {without_secrets(str(error))}"[:300]) from error
    got = target.stat().st_size
    if size is not None and got != size:
        target.unlink()
        raise FetchError(url, n_("{got} of {n} byte", "{got} of {n} bytes", size, got=got))
    return target


def _pieces(remote: Any, url: str) -> Iterator[bytes]:
    got = 0
    for piece in iter(partial(remote.read, AT_ONCE), b""):
        got += len(piece)
        if got > LARGEST:
            raise FetchError(url, _("more than {largest} GB").format(largest=LARGEST >> 30))
        yield piece
