"""Tells how far a batch is: its folder in, the tasks that are done and what they counted out. Reads what datatrove leaves, without it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archive.batch.task import Place, add_up

if TYPE_CHECKING:
    from pathlib import Path

    from archive.batch.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The state of a batch: tasks that are done, those that are not, and the sum of what the first counted."""

    done: tuple[int, ...]
    open: tuple[int, ...]
    counted: dict[str, Any]


def logs_of(folder: Path) -> Path:
    """The logging folder that the engine is given: what makes a task one that is done lies in it."""
    return folder / "logs"


def is_done(folder: Path, rank: int) -> bool:
    """Whether the task is done, by the mark that datatrove's executors make and go by."""
    return (logs_of(folder) / "completions" / f"{rank:05d}").exists()


def look(folder: Path, plan: Plan) -> Progress:
    """The state of the batch in `folder`."""
    ranks = range(len(plan.tasks))
    done = tuple(rank for rank in ranks if is_done(folder, rank))
    files = [Place(folder=folder, rank=rank).count for rank in done]
    counted = [json.loads(file.read_text("utf-8")) for file in files if file.exists()]
    return Progress(done=done, open=tuple(sorted(set(ranks) - set(done))), counted=add_up(counted))
