"""Says which task reads which files, and with what limits: files in, a plan that every worker reads from the batch's folder out.

The folder of a batch holds

    plan.json         what is written here; who starts the batch again goes on with it
    logs/             datatrove's: logs, figures, and an empty file in completions/ for each task that is done
    tasks/            a count of each task, and the lock that keeps two workers off it
    parquet/          one file for each task
    shards/           one archive for each task
    rewritten/        WARCs whose records could not be reached one by one, as files whose records can
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from archive.collection import Collection
from archive.errors import ArchiveError, UsageError
from archive.files.atomic import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FORMAT = 1
NAME = "plan.json"
SECONDS = 20.0
"""What a page may take: the slowest of 942 saved pages takes 1 s."""
MEGABYTES = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """A WARC to read: an absolute path or a URL, and its size in bytes (0 for a URL: nobody has asked)."""

    path: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A batch: its files by task, what it makes, and what one page may cost (seconds of wall time, megabytes of address space).

    `copies` lets a WARC that lies on another filesystem be copied into its shard, where it is linked otherwise.
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
    """At most `tasks` runs of neighbouring files (by path), of about as many bytes each; the same for the same files.

    Neighbours stay together because a revisit mostly refers to a record of its own crawl, whose files have names in a row.
    """
    ordered = sorted(set(files), key=lambda file: file.path)
    if tasks >= len(ordered):
        return tuple((file,) for file in ordered)
    known = [file.size for file in ordered if file.size]
    usual = max(1, sum(known) // max(1, len(known)))  # what a file is taken for whose size nobody has asked
    weights = [file.size or usual for file in ordered]
    total, before = sum(weights), 0
    runs: list[list[PlannedFile]] = [[] for _ in range(tasks)]
    for file, weight in zip(ordered, weights, strict=True):
        runs[(2 * before + weight) * tasks // (2 * total)].append(file)
        before += weight
    return tuple(tuple(run) for run in runs if run)


def make_plan(files: Iterable[PlannedFile], *, tasks: int = 0, **options: Any) -> Plan:
    """The plan of a batch; without `tasks`, each file is one. Raises UsageError when there is nothing to do."""
    given = list(files)
    if not given:
        raise UsageError("no WARC files: name some, or a list of them with --paths")
    return Plan(tasks=divide(given, tasks or len(given)), **options)


def write_plan(folder: Path, plan: Plan) -> None:
    """Put the plan into the batch's folder; the same plan may be there already.

    Raises UsageError when another one is, or an archive: its files would be mixed with these. NotWritableError.
    """
    try:
        held = read_plan(folder)
    except FileNotFoundError:
        if Collection(folder).exists():
            raise UsageError(
                f"{folder} is an archive: name a new folder with --into, and `warraq merge` its shards"
            ) from None
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"format": FORMAT, **asdict(plan)}, ensure_ascii=False, indent=1)
        replace_file(folder / NAME, [text.encode("utf-8", "surrogateescape")])
        return
    if held != plan:
        raise UsageError(
            f"{folder} holds another batch ({len(held.files)} files in {len(held.tasks)} tasks): go on with it by "
            f"`warraq batch --into {folder}` without files, or name another folder for this one"
        )


def read_plan(folder: Path) -> Plan:
    """The plan in a batch's folder. Raises FileNotFoundError, and ArchiveError for a plan of another version of warraq."""
    values = json.loads((folder / NAME).read_text(encoding="utf-8", errors="surrogateescape"))
    if values.pop("format", None) != FORMAT:
        raise ArchiveError(f"{folder / NAME} was made by another version of warraq: finish that batch with it")
    tasks = tuple(tuple(PlannedFile(**file) for file in files) for files in values.pop("tasks"))
    return Plan(tasks=tasks, **values)
