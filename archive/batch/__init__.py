"""Re-extract large sets of WARC files in tasks that can be killed: Parquet files, shard archives and counts, one of each per task.

Tasks are independent of the engine that runs them; `steps` is the only module that imports datatrove (the extra `batch`), and only when
a batch runs.

datatrove's own local executor runs tasks in a multiprocessing pool, which waits forever for a task whose process was killed. Here each
executor runs one task in its own process; a process that dies is noticed at once, and its task is run once more.
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
    """A failed task, and the last line of its process's output."""

    rank: int
    code: int
    message: str


class _Line:
    """One worker's queue of tasks; holds the running process, to be able to stop it."""

    def __init__(self, folder: Path, on_progress: Callable[[int, int], None]) -> None:
        self._folder = folder
        self._on_progress = on_progress
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
            command = [sys.executable, "-P", "-m", "archive.batch", str(self._folder), str(rank)]
            # the child ends when its standard input closes, that is when this process ends in any way
            process = subprocess.Popen(  # noqa: S603 - ourselves
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, start_new_session=True
            )
        with self._guard:
            self._running.add(process)
        with process:
            listener = threading.Thread(target=self._listen, args=(rank, process))
            listener.start()
            process.wait()
            _kill_group(process)  # its children: the extraction worker, datatrove's manager
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
                self._on_progress(rank, int(line))

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
    on_progress: Callable[[int, int], None] = lambda _rank, _bytes: None,
) -> list[Failed]:
    """Run these tasks, `workers` at a time; `on_progress` receives the bytes processed of each task, from several threads.

    An exception (also Ctrl-C) stops the running tasks; finished ones stay finished. Raises ArchiveLockedError while another run of
    the same batch is active.
    """
    line = _Line(folder, on_progress)
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
    """The state of a batch: finished tasks, open ones, and the sum of the counts of the finished ones."""

    done: tuple[int, ...]
    open: tuple[int, ...]
    counted: dict[str, Any]


def logs_of(folder: Path) -> Path:
    """Return the engine's logging folder, which has the marks of finished tasks."""
    return folder / "logs"


def is_done(folder: Path, rank: int) -> bool:
    """Return whether the task is done, by the mark of datatrove's executors."""
    return (logs_of(folder) / "completions" / f"{rank:05d}").exists()


def progress_of(folder: Path, plan: BatchPlan) -> Progress:
    """Return the state of the batch in `folder`."""
    ranks = range(len(plan.tasks))
    done = tuple(rank for rank in ranks if is_done(folder, rank))
    files = [TaskPlace(folder=folder, rank=rank).count for rank in done]
    counted = [json.loads(file.read_text("utf-8")) for file in files if file.exists()]
    return Progress(done=done, open=tuple(sorted(set(ranks) - set(done))), counted=add_up(counted))


def pipeline(folder: Path, *, on_progress: Callable[[int], None] | None = None) -> list[Any]:
    """Return the steps of the batch. Raises UsageError if datatrove is not installed."""
    try:
        from archive.batch import steps
    except ImportError as error:
        raise UsageError(
            _("a batch needs datatrove ({error}): pip install 'warraq[batch]'").format(error=error)
        ) from None
    name = str(folder.resolve())
    return [steps.ReadWarcs(name, on_progress), steps.Extract(name), steps.WriteParquet(name)]


def run_one(folder: Path, rank: int, *, on_progress: Callable[[int], None] | None = None) -> None:
    """Run one task in this process, unless it is done; raises the task's errors."""
    steps = pipeline(folder, on_progress=on_progress)
    from datatrove.executor import LocalPipelineExecutor

    LocalPipelineExecutor(
        steps,
        tasks=len(read_plan(folder).tasks),
        workers=1,
        logging_dir=str(logs_of(folder).resolve()),
        local_tasks=1,
        local_rank_offset=rank,
    ).run()
