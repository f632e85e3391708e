"""Commands that keep: import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.cli.output import json_option, print_json, the_place
from archive.ingest.importer import MISFITS_NAMED
from archive.ingest.selection import CaptureFilter, moment_of
from archive.ingest.sources import import_files
from archive.progress import live_line

if TYPE_CHECKING:
    from archive.ingest.importer import Imported

UNFIT_SHOWN = 5


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", default="", help="The site that the captures belong to; by default each URL's own domain.")
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True, help="Processes that extract.")
@click.option("--host", default="", help="Take only captures of this host and its subdomains.")
@click.option("--url-prefix", default="", help="Take only captures of URLs that start like this one.")
@click.option("--from", "first", default="", help="Take only captures from then on: 2026, 2026-11, 2026-11-24 … (UTC).")
@click.option("--to", "last", default="", help="Take only captures up to then, all of that year, month or day.")
@json_option
@click.pass_context
def import_(
    ctx: click.Context, /, files: tuple[Path, ...], site: str, workers: int, as_json: bool, **filters: str
) -> None:
    """Import the pages of WARC, ARC or WACZ files into the archive, with the same extraction as a crawl.

    The files are copied into the archive, which is created if missing. With --host, --url-prefix, --from or --to only the matching
    records are copied, byte for byte, with what belongs to them. Importing a file again changes nothing. A damaged record is left
    out and named (exit code 7), those around it are imported. A record without date, host or legible headers is left out, counted and
    named.
    """
    wanted = CaptureFilter(
        host=filters["host"],
        url_prefix=filters["url_prefix"],
        first=moment_of(filters["first"]),
        last=moment_of(filters["last"]),
    )
    place = the_place(ctx)
    folder = place.archive or place.collections / "imported"
    with live_line(f"Importing {files[0].name}") as show:
        done = import_files(folder, files, site=site, wanted=wanted, workers=workers, progress=show)
    if as_json:
        print_json([_figures(done, folder)])
    else:
        _print_done(done, folder)
    for error in done.damaged[1:]:
        click.echo(str(error), err=True)
    if done.damaged:
        raise done.damaged[0]


def _figures(done: Imported, folder: Path) -> dict[str, Any]:
    return {
        "folder": str(folder),
        **done.figures(),
        "taken_up": done.taken_up,
        "damaged": [str(error) for error in done.damaged],
        "unfit": dict(done.unfit),
        "unfit_first": [str(misfit) for misfit in done.misfits],
    }


def _print_done(done: Imported, folder: Path) -> None:
    if done.taken_up:
        click.echo(f"{done.taken_up} captures taken up from a run that broke off")
    changes = ", ".join(f"{done.articles[change]} {change}" for change in ("new", "changed", "updated", "unchanged"))
    click.echo(
        f"{done.records} captures ({done.known} known before); articles {changes}; "
        f"{done.quarantined.total()} quarantined; in {folder}"
    )
    _print_unfit(done)


def _print_unfit(done: Imported) -> None:
    if not done.unfit:
        return
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(done.unfit.items()))
    click.echo(f"{done.unfit.total()} records cannot have a row ({reasons}) and were left out:", err=True)
    for misfit in done.misfits[:UNFIT_SHOWN]:
        click.echo(f"  {misfit}", err=True)
    if done.unfit.total() > UNFIT_SHOWN:
        click.echo(f"  and more (--json names the first {MISFITS_NAMED})", err=True)


COMMANDS = (import_,)
