"""Run one task of a batch: read its records, parse them in workers, write results that appear whole or not at all."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archive import warc
from archive.batch import parquet
from archive.batch.parquet import BatchRecord, ShardWriter, columns
from archive.batch.plan import link_file
from archive.collection import Collection
from archive.errors import ArchiveLockedError, DamagedFileError
from archive.files import held, replace_file, sync_folder
from archive.ingest.copying import RejectedRecord, reject_reason
from archive.parse import Parsed, ParseTask
from archive.parse.workers import WorkerKilledError, WorkerPool, read_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from archive.batch.plan import BatchPlan
    from archive.warc import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPlace:
    """The paths of a task of the batch in `folder`: its working folder and its results."""

    folder: Path
    rank: int

    @property
    def name(self) -> str:
        """The task's number, as in the names of its files."""
        return f"{self.rank:05d}"

    @property
    def working(self) -> Path:
        """The archive while it is made."""
        return self.folder / "shards" / f".{self.name}.partial"

    @property
    def shard(self) -> Path:
        """The finished archive."""
        return self.folder / "shards" / self.name

    @property
    def parquet(self) -> Path:
        """The Parquet file."""
        return self.folder / "parquet" / f"{self.name}.parquet"

    @property
    def count(self) -> Path:
        """The counts of the task, as JSON."""
        return self.folder / "tasks" / f"{self.name}.json"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Lock the task; remove the remains of a killed worker. Raises ArchiveLockedError if another process is working on it."""
        path = self.folder / "tasks" / f"{self.name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with held(path, lambda _: ArchiveLockedError(self.working, "another worker of this batch")):
            shutil.rmtree(self.working, ignore_errors=True)
            yield


def entries(
    plan: BatchPlan, place: TaskPlace, *, on_progress: Callable[[int], None] = lambda _: None
) -> Iterator[BatchRecord]:
    """Copy each file of the task into its archive's folder and read it; `on_progress` receives the bytes read so far."""
    behind = 0
    for file in plan.tasks[place.rank]:
        try:
            path = link_file(file, plan, place.folder, Collection(place.working).warcs)
        except DamagedFileError as error:
            name = file.path.rpartition("/")[2]
            damage = RejectedRecord(
                filename=name, offset=error.offset, length=file.size, reason="unreadable", detail=error.problem
            )
            yield BatchRecord(path=file.path, what=damage)
            continue
        for found in read_file(path):
            on_progress(behind + (found.offset if isinstance(found, RejectedRecord) else found.location.offset))
            yield BatchRecord(path=file.path, what=found)
        behind += path.stat().st_size
    on_progress(behind)


@contextmanager
def open_shard_writer(plan: BatchPlan, place: TaskPlace) -> Iterator[ShardWriter]:
    """Open the task's archive for writing; it is moved to its place at the end, or discarded after an exception."""
    started = time.monotonic()
    with (
        place.alone(),
        RetryingPool(
            read_response, workers=1, seconds=plan.seconds, megabytes=plan.megabytes, preload=("archive.parse.parse",)
        ) as pool,
    ):
        shard = ShardWriter(
            Collection(place.working), pool, name=f"batch{place.name}", site=plan.site, texts=plan.shards
        )
        try:
            yield shard
            if plan.shards:
                shard.close()
            else:
                shard.abandon()
        except BaseException:
            pool.close(at_once=True)
            shard.abandon()
            shutil.rmtree(place.working, ignore_errors=True)
            raise
        _publish(plan, place)
        counted = {
            **shard.done.figures(),
            "damages": shard.damages,
            "task": place.rank,
            "seconds": round(time.monotonic() - started, 3),
        }
        replace_file(place.count, [json.dumps(counted, ensure_ascii=False).encode()])


def run_task(
    plan: BatchPlan, folder: Path, rank: int, *, on_progress: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """Run the task without an engine; return its counts. A second run replaces the result of the first with the same.

    Raises NotWritableError, ArchiveLockedError, and FileNotFoundError for a missing file.
    """
    place = TaskPlace(folder=folder, rank=rank)
    with open_shard_writer(plan, place) as shard:
        for entry in entries(plan, place, on_progress=on_progress):
            shard.take(entry)
        shard.finish()
        if plan.parquet:
            parquet.write(shard.rows(), columns(), place.parquet)
    return json.loads(place.count.read_text("utf-8"))  # type: ignore[no-any-return]


def add_up(counted: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the counts of several tasks as one."""
    total: dict[str, Any] = {}
    for one in counted:
        for name, value in one.items():
            if isinstance(value, dict):
                total[name] = dict(Counter(total.get(name, {})) + Counter(value))
            elif name not in {"task", "seconds"}:
                total[name] = total.get(name, 0) + value
    return total


def _publish(plan: BatchPlan, place: TaskPlace) -> None:
    """Move the finished archive to its place, replacing that of a run that was killed afterwards."""
    if not plan.shards:
        shutil.rmtree(place.working)
        return
    old = place.working.with_suffix(".old")
    shutil.rmtree(old, ignore_errors=True)
    if place.shard.exists():
        place.shard.rename(old)
    place.working.rename(place.shard)
    sync_folder(place.shard.parent)
    shutil.rmtree(old, ignore_errors=True)


class RetryingPool(WorkerPool[ParseTask, Parsed]):
    """A `WorkerPool` with a retry, because a worker may be killed for reasons other than its page: an operator, lack of memory."""

    def submit(self, task: ParseTask) -> Future[Parsed]:
        """Queue the task, and retry it once after `error`; limits of time and memory are final."""
        answer: Future[Parsed] = Future()

        def finish(done: Future[Parsed]) -> None:
            error = done.exception()
            if error is None:
                answer.set_result(done.result())
            else:
                answer.set_exception(error)

        def first(done: Future[Parsed]) -> None:
            if done.cancelled():
                answer.cancel()
                return
            error = done.exception()
            if isinstance(error, WorkerKilledError) and error.reason == "error":
                super(RetryingPool, self).submit(task).add_done_callback(finish)
            else:
                finish(done)

        super().submit(task).add_done_callback(first)
        return answer


MAX_DAMAGES = 100
"""Damaged places after which a file is given up: in a hostile file each could cost a scan of the rest."""


def read_file(path: Path, *, max_block: int = warc.PAGE_BLOCK) -> Iterator[Record | RejectedRecord]:
    """Yield all records of the file; damaged places are reported and skipped."""
    start, damages = 0, 0
    while True:
        try:
            for record in warc.read_records(path, start=start, max_block=max_block):
                yield reject_reason(record) or record
        except DamagedFileError as error:
            damages += 1
            following = warc.next_member(path, error.offset) if damages < MAX_DAMAGES else None
            end = following if following is not None else path.stat().st_size
            reason = "too-damaged" if damages == MAX_DAMAGES else "damaged"
            yield RejectedRecord(
                filename=path.name, offset=error.offset, length=end - error.offset, reason=reason, detail=error.problem
            )
            if following is None:
                return
            start = following
        else:
            return
