"""The engines that run a batch: its folder in; its pipeline at work here, on a Slurm or on a Ray cluster, with the same state, out."""

from __future__ import annotations

import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

from archive.batch.plan import read_plan
from archive.batch.progress import logs_of
from archive.errors import ArchiveError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENGINES = ("local", "slurm", "ray")
SLURM = {
    "time": "24:00:00",
    "partition": "compute",
    "cpus_per_task": 1,
    "mem_per_cpu_gb": 3,
    "job_name": "warraq-batch",
    "requeue": True,
}
"""Of a Slurm job: a task is an extracting process and one that reads ahead, 0.5 GB together; the partition is the cluster's own."""
RAY = {"cpus_per_task": 1, "mem_per_cpu_gb": 3}


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


def submit(folder: Path, engine: str, *, workers: int, options: dict[str, Any]) -> None:
    """Hands the tasks that are not done to a cluster; the batch's folder must be one that all its machines see.

    Slurm takes them and this returns; Ray is waited for. `options` are the executor's own, in place of the defaults above.
    """
    steps = pipeline(folder)
    shared = {"tasks": len(read_plan(folder).tasks), "workers": workers, "logging_dir": str(logs_of(folder).resolve())}
    try:
        if engine == "slurm":
            from datatrove.executor import SlurmPipelineExecutor

            SlurmPipelineExecutor(steps, **(SLURM | options | shared)).run()
        else:
            from datatrove.executor import RayPipelineExecutor

            RayPipelineExecutor(steps, **(RAY | options | shared)).run()
    except TypeError as error:  # a setting that the executor does not have
        raise UsageError(f"the settings of {engine}: {error}") from None
    except (ImportError, FileNotFoundError) as error:
        raise UsageError(f"{engine} is not here ({error}): run this where it is, or --executor local") from None
    except subprocess.CalledProcessError as error:
        raise ArchiveError(f"{engine} refused the tasks ({error}): see what it says above, and --options") from None


def read_options(path: Path, engine: str) -> dict[str, Any]:
    """The table of that engine in a TOML file. Raises UsageError."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8")).get(engine, {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML file: {error}") from None
    if not isinstance(values, dict):
        raise UsageError(f"{path}: {engine} must be a table, as in [{engine}]")
    return values
