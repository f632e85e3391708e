"""Define the commands that add captures: import, merge."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.cli.output import json_option, print_json, workspace_of
from archive.collection import Collection
from archive.errors import ExitCode, UsageError
from archive.files.clock import now
from archive.ingest.commit import CHANGES
from archive.ingest.importer import REJECTED_NAMED
from archive.ingest.sources import CaptureFilter, import_files, moment_of
from archive.locale import n_, translated
from archive.merge import merge as merge_
from archive.merge import preview
from archive.parse.workers import parse_pool
from archive.seals import FOLDER as SEALS
from archive.seals import numbers
from archive.terminal import live_line

if TYPE_CHECKING:
    from archive.ingest.importer import Imported
    from archive.merge import Merged

UNFIT_SHOWN = 5


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", default="", help="The site that the captures belong to; by default each URL's own domain.")
@click.option(
    "--workers", type=click.IntRange(1, 256), default=2, show_default=True, help="Number of processes that extract."
)
@click.option("--host", default="", help="Take only captures of this host and its subdomains.")
@click.option("--url-prefix", default="", help="Take only captures of URLs that start like this one.")
@click.option(
    "--from", "first", default="", help="Take only captures from this time on: 2026, 2026-11, 2026-11-24 … (UTC)."
)
@click.option("--to", "last", default="", help="Take only captures up to this time, all of that year, month or day.")
@json_option
@click.pass_context
def import_(
    ctx: click.Context, /, files: tuple[Path, ...], site: str, workers: int, as_json: bool, **filters: str
) -> None:
    """Import the pages of WARC, ARC or WACZ files into the archive, with the same extraction as a crawl.

    The files are copied into the archive, which is created if missing. With --host, --url-prefix, --from or --to only the matching
    records and those that belong to them are copied, byte for byte. Importing a file again changes nothing. Damaged records are skipped
    and reported (exit code 7); so are records without a date, a host or readable headers (no exit code). The records around them are
    imported.
    """
    wanted = CaptureFilter(
        host=filters["host"],
        url_prefix=filters["url_prefix"],
        first=moment_of(filters["first"]),
        last=moment_of(filters["last"]),
    )
    workspace = workspace_of(ctx)
    folder = workspace.archive or workspace.collections / "imported"
    with live_line(_("Importing {name}").format(name=files[0].name)) as show:
        done = import_files(folder, files, site=site, wanted=wanted, workers=workers, progress=show)
    if as_json:
        print_json([_figures(done, folder)])
    else:
        _print_done(done, folder)
    for source in sorted({file.absolute().parent.parent for file in files}):
        if numbers(source / SEALS):
            click.echo(
                _(
                    "an import does not include seals: they prove these files in {source}, and in an archive into "
                    "which it is merged (`warraq merge`)"
                ).format(source=source),
                err=True,
            )
    for error in done.damaged[1:]:
        click.echo(translated(str(error)), err=True)
    if done.damaged:
        raise done.damaged[0]


def _figures(done: Imported, folder: Path) -> dict[str, Any]:
    return {
        "folder": str(folder) if Collection(folder).exists() else "",
        **done.figures(),
        "taken_up": done.taken_up,
        "damaged": [str(error) for error in done.damaged],
        "unfit": dict(done.unfit),
        "unfit_first": [str(rejected) for rejected in done.rejected],
    }


def _print_done(done: Imported, folder: Path) -> None:
    if done.taken_up:
        click.echo(
            n_(
                "{n} capture recovered from an interrupted run",
                "{n} captures recovered from an interrupted run",
                done.taken_up,
            )
        )
    if not Collection(folder).exists():
        click.echo(_("nothing was imported, and no archive was created"))
        return
    changes = ", ".join(f"{done.articles[change]} {_(change)}" for change in CHANGES)
    click.echo(
        n_(
            "{n} capture ({known} known before); articles {changes}; {quarantined} quarantined; in {folder}",
            "{n} captures ({known} known before); articles {changes}; {quarantined} quarantined; in {folder}",
            done.records,
            known=done.known,
            changes=changes,
            quarantined=done.quarantined.total(),
            folder=folder,
        )
    )
    _print_rejected(done)


def _print_rejected(done: Imported) -> None:
    if not done.unfit:
        return
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(done.unfit.items()))
    click.echo(
        n_(
            "{n} record was left out, because it cannot have a row ({reasons}):",
            "{n} records were left out, because they cannot have rows ({reasons}):",
            done.unfit.total(),
            reasons=reasons,
        ),
        err=True,
    )
    for rejected in done.rejected[:UNFIT_SHOWN]:
        click.echo(f"  {rejected}", err=True)
    if done.unfit.total() > UNFIT_SHOWN:
        click.echo(
            _("  and more (--json names the first {rejected_named})").format(rejected_named=REJECTED_NAMED), err=True
        )


LISTED = 5


@click.command()
@click.argument("shards", nargs=-1, required=True, metavar="SHARD...", type=click.Path(file_okay=False, path_type=Path))
@click.argument("into", metavar="INTO", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--site", default="", help="Only this site: all WARC files with captures of it, complete, and its frontier."
)
@click.option("--move", is_flag=True, help="Move the WARC files out of the shards; no process may be writing to them.")
@click.option("--dry-run", is_flag=True, help="Print what would be merged, and change nothing.")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=2,
    show_default=True,
    help="Number of processes that extract captures left by a killed crawl.",
)
@json_option
@click.pass_context
def merge(
    ctx: click.Context,
    *,
    shards: tuple[Path, ...],
    into: Path,
    site: str,
    move: bool,
    dry_run: bool,
    workers: int,
    as_json: bool,
) -> None:
    """Merge the archives SHARD... into the archive INTO (created if missing), as if one machine had crawled everything.

    WARC files are linked, or copied and compared if they are on another file system; rows, search index and frontier follow. A crawl
    may continue in a shard: the file that it is writing is merged by a later run. A merge that was killed, or is repeated, gives the
    same archive; a capture in several shards counts once. Ends with exit code 7 if a file of a shard is damaged or missing.
    """
    if ctx.find_root().params["folders"]:
        raise UsageError(_("merge takes its archives as arguments: `warraq merge SHARD... INTO`, without --archive"))
    collection = Collection(into)
    if dry_run:
        done = preview(shards, collection, site=site)
    else:
        with ExitStack() as stack:
            show = stack.enter_context(live_line(_("Merging into {into}").format(into=into)))
            done = merge_(
                shards,
                collection,
                lambda: stack.enter_context(parse_pool(workers=workers)),
                clock=now,
                site=site,
                move=move,
                progress=lambda shard, what, count: show(f"{shard}: {count} {what}"),
            )
    if as_json:
        print_json([{"into": str(into), "dry_run": dry_run, **asdict(done)}])
    else:
        _print(done, into, dry_run=dry_run)
    if done.damaged or done.lost:
        ctx.exit(ExitCode.DAMAGED)


def _print_seals(done: Merged, into: Path) -> None:
    if done.seals:
        click.echo(
            n_(
                "{n} seal was copied: `warraq --archive {into} verify --seals` checks it, and `seal` also seals the "
                "merged files in this archive",
                "{n} seals were copied: `warraq --archive {into} verify --seals` checks them, and `seal` also seals "
                "the merged files in this archive",
                done.seals,
                into=into,
            )
        )
    for problem in done.seals_left:
        click.echo(_("seals were not copied: {problem}").format(problem=problem), err=True)


def _print(done: Merged, into: Path, *, dry_run: bool) -> None:
    would = _("would be merged") if dry_run else _("were merged")
    articles = "" if dry_run else n_(", {n} version of articles", ", {n} versions of articles", done.articles)
    click.echo(
        _("{captures} of {looked_at}{articles} and {urls} {would} into {into}, with {files} ({megabytes} MB)").format(
            captures=n_("{n} capture", "{n} captures", done.captures),
            looked_at=done.looked_at,
            articles=articles,
            urls=n_("{n} URL", "{n} URLs", done.urls),
            would=would,
            into=into,
            files=n_("{n} file", "{n} files", done.files),
            megabytes=done.bytes >> 20,
        )
    )
    if done.recovered:
        click.echo(
            n_(
                "{n} capture left by a killed crawl was extracted",
                "{n} captures left by a killed crawl were extracted",
                done.recovered,
            )
        )
    if done.joins:
        click.echo(
            n_(
                "{n} article at several addresses was joined into one history: `warraq joins` lists it",
                "{n} articles at several addresses were joined into one history each: `warraq joins` lists them",
                done.joins,
            )
        )
    for url in done.conflicts[:LISTED]:
        click.echo(
            _(
                "{url} is joined with another URL in one archive and was separated from it by hand in another: it "
                "stays as it was in {into} (`warraq joins` lists the joins)"
            ).format(url=url, into=into),
            err=True,
        )
    if len(done.conflicts) > LISTED:
        click.echo(
            n_(
                "and {n} more such address (--json lists all)",
                "and {n} more such addresses (--json lists all)",
                len(done.conflicts) - LISTED,
            ),
            err=True,
        )
    _print_seals(done, into)
    if done.redacted:
        click.echo(
            n_(
                "{n} URL that was redacted in one of the archives was removed from this one, too",
                "{n} URLs that were redacted in one of the archives were removed from this one, too",
                done.redacted,
            )
        )
    if done.waiting:
        click.echo(
            n_(
                "{n} capture waits for a file that is being written or is missing: merge again later",
                "{n} captures wait for a file that is being written or is missing: merge again later",
                done.waiting,
            )
        )
    for name in done.lost[:LISTED]:
        click.echo(
            _("{name}: the file is missing, but rows of a shard point into it: run `warraq verify` there").format(
                name=name
            ),
            err=True,
        )
    if len(done.lost) > LISTED:
        click.echo(
            n_(
                "and {n} more missing file (--json lists all)",
                "and {n} more missing files (--json lists all)",
                len(done.lost) - LISTED,
            ),
            err=True,
        )
    for line in done.damaged:
        click.echo(line, err=True)


COMMANDS = (
    import_,
    merge,
)
