"""Re-extraction of large sets of WARC files: a plan of tasks in; Parquet files, shard archives and a count of each task out.

What a task does knows nothing of the engine that runs it; `steps` and `executors` are the only door to datatrove (the extra `batch`),
and nobody imports them before a batch runs.
"""

from archive.batch.plan import MEGABYTES, SECONDS, Plan, PlannedFile, make_plan, read_plan, write_plan
from archive.batch.supervise import Progress, look, run_local
from archive.batch.task import run_task

__all__ = [
    "MEGABYTES",
    "SECONDS",
    "Plan",
    "PlannedFile",
    "Progress",
    "look",
    "make_plan",
    "read_plan",
    "run_local",
    "run_task",
    "write_plan",
]
