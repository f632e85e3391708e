"""Run the datatrove pipeline of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archive.batch.plan import read_plan
from archive.batch.progress import logs_of
from archive.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def pipeline(folder: Path, *, heard: Callable[[int], None] | None = None) -> list[Any]:
    """The steps of the batch. Raises UsageError when datatrove is not installed."""
    try:
        from archive.batch import steps
    except ImportError as error:
        raise UsageError(f"a batch needs datatrove ({error}): pip install 'warraq[batch]'") from None
    name = str(folder.resolve())
    return [steps.ReadWarcs(name, heard), steps.Extract(name), steps.WriteParquet(name)]


def run_one(folder: Path, rank: int, *, heard: Callable[[int], None] | None = None) -> None:
    """Runs one task in this process, unless it is done; what goes wrong in it is raised."""
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
