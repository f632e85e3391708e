"""Re-extract large sets of WARC files in tasks that can be killed: Parquet files, shard archives and counts, one of each per task.

What a task does knows nothing of the engine that runs it; `steps` is the only module that imports datatrove (the extra `batch`),
and nothing imports it before a batch runs.

datatrove's own local executor runs tasks in a multiprocessing pool, which waits for ever for a task whose process was killed. Here its
executor is given one task a process; a process that dies is seen at once, and its task is run once more.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from gettext import gettext as _
from typing import TYPE_CHECKING, Any

from archive.batch.plan import MEGABYTES, SECONDS, BatchPlan, PlannedFile, make_plan, read_plan, write_plan
from archive.batch.task import TaskPlace, add_up, run_task
from archive.errors import ArchiveLockedError, UsageError
from archive.files import held

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = [
    "MEGABYTES",
    "SECONDS",
    "BatchPlan",
    "PlannedFile",
    "Progress",
    "make_plan",
    "progress_of",
    "read_plan",
    "run_local",
    "run_task",
    "write_plan",
]

ATTEMPTS = 2
LAST_BYTES = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A task that ended without being done, and the last line that its process said."""

    rank: int
    code: int
    message: str


class _Line:
    """One worker's line of tasks; knows the process that runs now, to be able to end it."""

    def __init__(self, folder: Path, heard: Callable[[int, int], None]) -> None:
        self._folder = folder
        self._heard = heard
        self._running: set[subprocess.Popen[str]] = set()
        self._ended = False
        self._guard = threading.Lock()

    def run(self, rank: int) -> Failed | None:
        failed = None
        for _attempt in range(ATTEMPTS):
            if self._ended:
                return Failed(rank=rank, code=-15, message="ended before it was done")
            failed = self._attempt(rank)
            if failed is None:
                return None
        return failed

    def _attempt(self, rank: int) -> Failed | None:
        log = logs_of(self._folder) / "console" / f"{rank:05d}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as said:
            command = [sys.executable, "-m", "archive.batch", str(self._folder), str(rank)]
            # its standard input is a lifeline: it ends when this process does, however that ends
            process = subprocess.Popen(  # noqa: S603 - ourselves
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, start_new_session=True
            )
        with self._guard:
            self._running.add(process)
        with process:
            listener = threading.Thread(target=self._listen, args=(rank, process))
            listener.start()
            process.wait()
            _kill_group(process)  # what it started and could not end: its extracting process, datatrove's manager
            listener.join()
        with self._guard:
            self._running.discard(process)
        if process.returncode == 0 and is_done(self._folder, rank):
            return None
        return Failed(rank=rank, code=process.returncode, message=_last_line(log))

    def _listen(self, rank: int, process: subprocess.Popen[str]) -> None:
        assert process.stdout  # noqa: S101 - asked for by the caller
        for line in process.stdout:
            with contextlib.suppress(ValueError):
                self._heard(rank, int(line))

    def end(self) -> None:
        self._ended = True
        with self._guard:
            for process in self._running:
                _kill_group(process)


def run_local(
    folder: Path,
    ranks: tuple[int, ...],
    *,
    workers: int,
    heard: Callable[[int, int], None] = lambda _rank, _bytes: None,
) -> list[Failed]:
    """Run these tasks, `workers` at a time; `heard` receives the bytes processed of each task, from several threads.

    An exception (Ctrl-C among them) ends what runs; the tasks that were done stay done. Raises ArchiveLockedError when another
    run of the same batch is at it.
    """
    line = _Line(folder, heard)
    with held(folder / ".lock", lambda _: ArchiveLockedError(folder, "another run of this batch")):
        pool = ThreadPoolExecutor(max_workers=workers)
        try:
            return [failed for failed in pool.map(line.run, ranks) if failed]
        finally:
            line.end()
            pool.shutdown(cancel_futures=True)


def _kill_group(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LAST_BYTES))
        lines = file.read().decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")[:500]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The state of a batch: tasks that are done, those that are not, and the sum of what the first counted."""

    done: tuple[int, ...]
    open: tuple[int, ...]
    counted: dict[str, Any]


def logs_of(folder: Path) -> Path:
    """Return the logging folder that the engine is given: what makes a task one that is done lies in it."""
    return folder / "logs"


def is_done(folder: Path, rank: int) -> bool:
    """Return whether the task is done, by the mark that datatrove's executors make and go by."""
    return (logs_of(folder) / "completions" / f"{rank:05d}").exists()


def progress_of(folder: Path, plan: BatchPlan) -> Progress:
    """Return the state of the batch in `folder`."""
    ranks = range(len(plan.tasks))
    done = tuple(rank for rank in ranks if is_done(folder, rank))
    files = [TaskPlace(folder=folder, rank=rank).count for rank in done]
    counted = [json.loads(file.read_text("utf-8")) for file in files if file.exists()]
    return Progress(done=done, open=tuple(sorted(set(ranks) - set(done))), counted=add_up(counted))


def pipeline(folder: Path, *, heard: Callable[[int], None] | None = None) -> list[Any]:
    """Return the steps of the batch. Raises UsageError when datatrove is not installed."""
    try:
        from archive.batch import steps
    except ImportError as error:
        raise UsageError(
            _("a batch needs datatrove ({error}): pip install 'warraq[batch]'").format(error=error)
        ) from None
    name = str(folder.resolve())
    return [steps.ReadWarcs(name, heard), steps.Extract(name), steps.WriteParquet(name)]


def run_one(folder: Path, rank: int, *, heard: Callable[[int], None] | None = None) -> None:
    """Run one task in this process, unless it is done; what goes wrong in it is raised."""
    steps = pipeline(folder, heard=heard)
    from datatrove.executor import LocalPipelineExecutor

    LocalPipelineExecutor(
        steps,
        tasks=len(read_plan(folder).tasks),
        workers=1,
        logging_dir=str(logs_of(folder).resolve()),
        local_tasks=1,
        local_rank_offset=rank,
    ).run()
