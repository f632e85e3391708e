"""Define the command for sets of WARC files too large for one import: batch."""

from __future__ import annotations

import gzip
import threading
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive import batch
from archive.batch.plan import is_remote
from archive.cli.output import json_option, print_json
from archive.errors import ArchiveError, UsageError
from archive.locale import n_
from archive.terminal import Show, live_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.batch import BatchPlan, Failed, PlannedFile, Progress

SUFFIXES = (".warc", ".warc.gz")


@click.command(name="batch")
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--into", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the batch."
)
@click.option(
    "--tasks",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Number of tasks, each marked as done on its own [one per file].",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=2,
    show_default=True,
    metavar="M",
    help="Tasks that run at the same time; about a core each.",
)
@click.option(
    "--parquet/--no-parquet", default=None, help="Write a Parquet file for each task: a row for each capture."
)
@click.option("--shards/--no-shards", default=None, help="Make an archive for each task, for `warraq merge`.")
@click.option(
    "--copy", "copies", is_flag=True, help="Copy WARCs into the shards if they cannot be linked (other filesystem)."
)
@click.option("--site", default="", help="The site that the captures belong to; by default each URL's own domain.")
@click.option(
    "--seconds", default=batch.SECONDS, show_default=True, help="Time that a page may take before its worker is killed."
)
@click.option("--megabytes", default=batch.MEGABYTES, show_default=True, help="Memory of a worker.")
@click.option(
    "--paths",
    "listed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="List of paths or URLs, one per line, plain or .gz, such as Common Crawl's warc.paths.gz.",
)
@click.option(
    "--prefix",
    default="",
    metavar="URL",
    help="Prefix of each line of --paths: https://data.commoncrawl.org/ …",
)
@click.option("--status", is_flag=True, help="Only print the progress of the batch in the folder.")
@json_option
def batch_(
    files: tuple[Path, ...],
    folder: Path,
    *,
    workers: int,
    status: bool,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Re-extract the articles of many WARC files, in tasks that can be killed and resumed.

    FILES are .warc and .warc.gz files, or folders of them. They are read in place; each task downloads the URLs that --paths gives it.
    The output in --into is parquet/ (a row for each capture: the article, or the reason for its absence), shards/ (archives whose WARCs
    are hard links of the files), or by default both. The same command, with or without FILES, continues with the unfinished tasks. A
    damaged record, or a page that takes too much time or memory, gives a row with a reason.

    Needs datatrove: pip install 'warraq[batch]'. Exit code 1: some tasks failed; run the command again to retry them.
    """
    plan = _plan(files, folder, wanted)
    if status:
        _print_progress(folder, plan, as_json=as_json)
        return
    before = batch.progress_of(folder, plan)
    failed = _run(folder, plan, before, workers)
    _print_progress(folder, plan, as_json=as_json, skipped=len(before.done), failed=failed)
    if failed:
        raise ArchiveError(
            n_(
                "{n} of {tasks} tasks failed, number {rank}, with exit code {code}: {message} (see {logs}); the same command "
                "retries it",
                "{n} of {tasks} tasks failed, the first, number {rank}, with exit code {code}: {message} (see {logs}); the "
                "same command retries them",
                len(failed),
                tasks=len(plan.tasks),
                rank=failed[0].rank,
                code=failed[0].code,
                message=failed[0].message,
                logs=folder / "logs",
            )
        )


def _plan(files: tuple[Path, ...], folder: Path, wanted: dict[str, Any]) -> BatchPlan:
    listed, prefix = wanted.pop("listed"), wanted.pop("prefix")
    if not files and listed is None:
        try:
            return batch.read_plan(folder)
        except FileNotFoundError:
            raise UsageError(
                _("no batch in {folder}: start one with `warraq batch FILES --into {folder}`").format(folder=folder)
            ) from None
    parquet, shards = wanted.pop("parquet"), wanted.pop("shards")
    if parquet is None and shards is None:
        parquet = shards = True
    if not parquet and not shards:
        raise UsageError(_("nothing to write: give --parquet, --shards or both"))
    plan = batch.make_plan(_planned(files, listed, prefix), parquet=bool(parquet), shards=bool(shards), **wanted)
    batch.write_plan(folder, plan)
    return plan


def _planned(files: tuple[Path, ...], listed: Path | None, prefix: str) -> Iterator[PlannedFile]:
    for line in _lines(listed) if listed else ():
        if is_remote(prefix + line):
            yield batch.PlannedFile(path=prefix + line, size=0)
        else:
            files = (*files, Path(prefix + line))
    for path in files:
        found = sorted(one for one in path.rglob("*") if one.name.endswith(SUFFIXES)) if path.is_dir() else [path]
        for one in found:
            if not one.name.endswith(SUFFIXES):
                raise UsageError(
                    _("{one} is not named like a WARC (.warc, .warc.gz); `warraq import` takes WACZ files").format(
                        one=one
                    )
                )
            try:
                yield batch.PlannedFile(path=str(one.resolve()), size=one.stat().st_size)
            except FileNotFoundError:
                raise UsageError(
                    _("{listed} names {one}, which does not exist (see --prefix)").format(listed=listed, one=one)
                ) from None


def _lines(listed: Path) -> Iterator[str]:
    """Yield the paths of a list, such as Common Crawl's warc.paths.gz."""
    try:
        with (
            gzip.open(listed, "rt", encoding="utf-8")
            if listed.suffix == ".gz"
            else listed.open(encoding="utf-8") as file
        ):
            yield from (line.strip() for line in file if line.strip())
    except (gzip.BadGzipFile, EOFError, UnicodeDecodeError) as error:
        raise UsageError(_("{listed} is not a list of paths: {error}").format(listed=listed, error=error)) from None


def _run(folder: Path, plan: BatchPlan, before: Progress, workers: int) -> list[Failed]:
    from archive.batch import pipeline

    pipeline(folder)  # raises at once when datatrove is missing
    with live_line(n_("Reading {n} task", "Reading {n} tasks", len(plan.tasks))) as show:
        return batch.run_local(
            folder, before.open, workers=workers, on_progress=_ProgressLine(plan, before, show).on_progress
        )


class _ProgressLine:
    """Progress on a terminal, by bytes."""

    def __init__(self, plan: BatchPlan, before: Progress, show: Show) -> None:
        self._show = show
        self._sizes = [sum(file.size for file in files) for files in plan.tasks]
        self._behind = {rank: self._sizes[rank] for rank in before.done}
        self._guard = threading.Lock()

    def on_progress(self, rank: int, behind: int) -> None:
        with self._guard:
            self._behind[rank] = behind
            self._show(n_("{n} task", "{n} tasks", len(self._sizes)), sum(self._behind.values()), sum(self._sizes))


def _print_progress(
    folder: Path, plan: BatchPlan, *, as_json: bool, skipped: int = 0, failed: list[Failed] | None = None
) -> None:
    progress = batch.progress_of(folder, plan)
    figures = {
        "folder": str(folder),
        "files": len(plan.files),
        "tasks": len(plan.tasks),
        "tasks_done": len(progress.done),
        "tasks_done_before": skipped,
        "tasks_failed": [one.rank for one in failed or []],
        **progress.counted,
    }
    if as_json:
        print_json([figures])
        return
    counted = progress.counted
    articles = counted.get("articles_new", 0) + counted.get("articles_changed", 0)
    click.echo(
        _(
            "tasks done: {done} of {tasks} ({skipped} before); {captures}, {articles}, {quarantined} quarantined, "
            "{damages}; in {folder}"
        ).format(
            done=len(progress.done),
            tasks=len(plan.tasks),
            skipped=skipped,
            captures=n_("{n} capture", "{n} captures", counted.get("captures", 0)),
            articles=n_("{n} article", "{n} articles", articles),
            quarantined=sum(counted.get("quarantined", {}).values()),
            damages=n_("{n} damage", "{n} damages", counted.get("damages", 0)),
            folder=folder,
        )
    )


COMMANDS = (batch_,)
