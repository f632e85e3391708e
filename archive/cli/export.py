"""Define the export commands: export, dataset."""

from __future__ import annotations

import shutil
import sys
import tempfile
from datetime import UTC, datetime
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.archive import require_site
from archive.cli.output import address, json_option, print_json, workspace_of
from archive.errors import ExitCode, UsageError
from archive.export import FORMATS, PERIODS, Exported, ExportOptions, export_periods
from archive.export import export as export_file
from archive.federation import Federation
from archive.files import output_to
from archive.locale import n_
from archive.terminal import live_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archive.archive import Archive
    from archive.export import Format, Period

TOLD_EVERY = 500


@click.command()
@click.option(
    "-f", "--format", "name", type=click.Choice(list(FORMATS)), help="[by the suffix of the file, else jsonl]"
)
@click.option(
    "-o", "--out", "target", type=click.Path(path_type=Path), help="File (with --by: folder) to write [stdout]"
)
@click.option(
    "--by", "period", type=click.Choice(list(PERIODS)), help="One file per year or month: OUT/year=2026/month=11/…"
)
@click.option("--site", default="", help="Only this site.")
@click.option("--from", "first_day", metavar="DAY", default="", help="Not before this day (2024-12-31).")
@click.option("--to", "last_day", metavar="DAY", default="", help="Not after this day.")
@click.option("--url", "urls", multiple=True, callback=address, help="Only this URL or article; repeatable.")
@click.option("--query", default="", help="Only the articles that have all of these words (see `warraq search`).")
@click.option("--columns", metavar="A,B,…", default="", help="Only these columns, in a format that has columns.")
@click.option("--versions", "all_versions", is_flag=True, help="All versions of articles, not just the latest.")
@json_option
@click.pass_context
def export(
    ctx: click.Context,
    *,
    name: str | None,
    target: Path | None,
    period: Period | None,
    site: str,
    first_day: str,
    last_day: str,
    urls: tuple[str, ...],
    query: str,
    columns: str,
    all_versions: bool,
    as_json: bool,
) -> None:
    """Export articles or captures in one of several formats, selected by site, day, URL or words.

    Days are days of publication for articles, of capture for captures. Open a WACZ in replayweb.page; it holds the selection and the
    responses that its revisits refer to.
    """
    target = None if target == Path("-") else target
    name = name or _format_of(None if period else target)
    way = FORMATS[name]
    _check(way, name, target, period, columns)
    options = ExportOptions(
        site=site,
        first_day=first_day,
        last_day=last_day,
        urls=urls,
        query=query,
        all_versions=all_versions,
        columns=tuple(filter(None, (one.strip() for one in columns.split(",")))),
    )
    with Federation(workspace_of(ctx).folders()) as opened:
        if target is None:
            done = _to_stdout(opened.archives, way, options)
        elif period:
            done = _by_period(opened.archives, way, target, options, period)
        else:
            with output_to(target) as file:
                done = export_file(opened.archives[0], way, file, options, others=opened.archives[1:], counted=_counted)
    if target:
        _print_exported(done, name, way, target, as_json=as_json)
    if done.missing:
        _warn_of_missing(done.missing)
        ctx.exit(ExitCode.INCOMPLETE)


def _warn_of_missing(urls: Sequence[str]) -> None:
    """Print a warning that replay tools will not show some of the captures, and what to do."""
    click.echo(
        _(
            "warraq export: revisits without their originals: {urls}, such as {example}. No archive here holds "
            "these, and replay tools cannot show them: import the WARC files that hold the originals, then "
            "export again"
        ).format(urls=len(urls), example=urls[0]),
        err=True,
    )


def _by_period(
    archives: Sequence[Archive], way: Format, target: Path, options: ExportOptions, period: Period
) -> Exported:
    """Write one file for each period and archive."""
    if options.site:
        require_site(archives, options.site)
    having = [one for one in archives if not options.site or one.has_site(options.site)]
    done = [export_periods(one, way, target, options, period=period) for one in having]
    return Exported(count=sum(one.count for one in done), removed=tuple(file for one in done for file in one.removed))


def _print_exported(done: Exported, name: str, way: Format, target: Path, *, as_json: bool) -> None:
    if as_json:
        removed = [str(file) for file in done.removed]
        print_json(
            [
                {
                    "format": name,
                    "file": str(target),
                    way.of: done.count,
                    "missing_originals": len(done.missing),
                    "removed": removed,
                }
            ]
        )
        return
    for file in done.removed:
        click.echo(_("removed {file}: the archive no longer has anything from that time").format(file=file), err=True)
    number = (
        n_("{n} article", "{n} articles", done.count)
        if way.of == "articles"
        else n_("{n} capture", "{n} captures", done.count)
    )
    click.echo(_("{number} in {target}").format(number=number, target=target), err=True)


def _format_of(target: Path | None) -> str:
    """Return the format that the file is named for; jsonl when its name has no suffix. Raises UsageError for any other suffix."""
    if target is None or not target.suffix:
        return "jsonl"
    named = _named_for(target)
    if not named:
        raise UsageError(
            _("{target}: {suffix} is the suffix of no format; choose one with --format: {formats}").format(
                target=target, suffix=target.suffix, formats=", ".join(FORMATS)
            )
        )
    return named


def _named_for(target: Path) -> str:
    """Return the format whose suffix, or whose own name as a suffix, ends the name of the file; '' if there is none."""
    return next((name for name, way in FORMATS.items() if target.name.endswith((way.suffix, f".{name}"))), "")


def _check(way: Format, name: str, target: Path | None, period: str | None, columns: str) -> None:
    if target is None and way.binary and sys.stdout.isatty():
        raise UsageError(_("{name} cannot be written to a terminal: name a file with --out").format(name=name))
    if period and (target is None or way.of != "articles"):
        raise UsageError(_("--by splits articles into files: choose a format of articles, and a folder with --out"))
    if target and target.is_dir() and not period:
        raise UsageError(
            _("{target} is a folder: name a file, or split the articles with --by year").format(target=target)
        )
    if columns and not way.has_columns:
        raise UsageError(
            _("{name} has no columns to choose: leave out --columns, or choose one of {formats}").format(
                name=name, formats=", ".join(other for other, one in FORMATS.items() if one.has_columns)
            )
        )
    named = _named_for(target) if target and not period else ""
    if target and named and (named != name or target.suffix == ".warc"):  # a WARC is written compressed, as `.warc.gz`
        raise UsageError(
            _("{target} would hold {name}: name it with {suffix}, or choose another --format").format(
                target=target, name=name, suffix=way.suffix
            )
        )


def _counted(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the rows and show their number in the live line, unless they are printed to the same terminal."""
    if sys.stdout.isatty():
        yield from rows
        return
    with live_line(_("Exporting")) as show:
        for number, row in enumerate(rows, 1):
            if number % TOLD_EVERY == 0:
                show(n_("{n} article", "{n} articles", number))
            yield row


def _to_stdout(archives: Sequence[Archive], way: Format, options: ExportOptions) -> Exported:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"export{way.suffix}"
        done = export_file(archives[0], way, path, options, others=archives[1:], counted=_counted)
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
    return done


@click.command()
@click.argument("target", metavar="FOLDER", type=click.Path(file_okay=False, path_type=Path))
@click.option("--site", default="", help="Only this site.")
@click.option("--from", "first_day", metavar="DAY", default="", help="Not before this day (2024-12-31).")
@click.option("--to", "last_day", metavar="DAY", default="", help="Not after this day.")
@click.option("--query", default="", help="Only the articles that have all of these words (see `warraq search`).")
@click.option("--versions", "all_versions", is_flag=True, help="All versions of articles, not just the latest.")
@click.pass_context
def dataset(
    ctx: click.Context,
    *,
    target: Path,
    site: str,
    first_day: str,
    last_day: str,
    query: str,
    all_versions: bool,
) -> None:
    """Write a dataset folder for research: Parquet, n-grams by month, and a card (sources, dates, rights, duplicates).

    `datasets.load_dataset(FOLDER, "articles")` and DuckDB read it directly. Run `warraq group` first to mark groups of near-copies.
    """
    from archive.export.dataset import export_dataset

    options = ExportOptions(site=site, first_day=first_day, last_day=last_day, query=query, all_versions=all_versions)
    with Federation(workspace_of(ctx).folders()) as opened:
        first, *others = opened.archives
        count = export_dataset(first, target, options, created=datetime.now(UTC), others=others)
    number = n_("{n} article", "{n} articles", count)
    click.echo(_("{number} in {target}").format(number=number, target=target), err=True)


COMMANDS = (export, dataset)
