"""Opens the worker processes that read responses: their number and limits in, a pool of Tasks and Answers out.

The extractors and their models (a second of CPU, 100 MB) are loaded in those processes only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.parse.workers import WorkerPool

if TYPE_CHECKING:
    from archive.parse.result import Parsed, ParseTask

SECONDS = 20.0
MEGABYTES = 2048


def read_response(task: ParseTask) -> Parsed:
    """Reads a response in this process (`archive.parse.parse.parse`); nothing is raised for bad input."""
    from archive.parse.parse import parse

    return parse(task)


def warm_up() -> None:
    """Has the extractors loaded before the first task; a fresh worker calls it."""
    from archive.parse.parse import warm_up

    warm_up()


def parse_pool(
    *, workers: int = 2, seconds: float = SECONDS, megabytes: int = MEGABYTES
) -> WorkerPool[ParseTask, Parsed]:
    """Processes that read responses, `workers` at a time, each bounded to so many seconds a task and megabytes of address space."""
    return WorkerPool(
        read_response, workers=workers, seconds=seconds, megabytes=megabytes, preload=("archive.parse.parse",)
    )
