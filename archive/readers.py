"""Opens the worker processes that read responses: their number and limits in, a pool of Tasks and Answers out.

The extractors and their models (a second of CPU, 100 MB) are loaded in those processes only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.workers import WorkerPool

if TYPE_CHECKING:
    from archive.answer import Answer, Task

SECONDS = 20.0
MEGABYTES = 2048


def read_response(task: Task) -> Answer:
    """Reads a response in this process (`archive.reading.read`); nothing is raised for bad input."""
    from archive.reading import read

    return read(task)


def warm_up() -> None:
    """Has the extractors loaded before the first task; a fresh worker calls it."""
    from archive.reading import warm_up

    warm_up()


def reading_pool(*, workers: int = 2, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> WorkerPool[Task, Answer]:
    """Processes that read responses, `workers` at a time, each bounded to so many seconds a task and megabytes of address space."""
    return WorkerPool(
        read_response, workers=workers, seconds=seconds, megabytes=megabytes, preload=("archive.reading",)
    )
