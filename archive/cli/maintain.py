"""Define the commands that check and change what an archive holds: verify, repair, redact."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from gettext import gettext as _
from typing import TYPE_CHECKING, Any

import click

from archive.cli.output import address, in_each, json_option, print_json, print_problem, workspace_of
from archive.cli.seals import as_figures, check, print_seals
from archive.collection import Collection
from archive.errors import ExitCode, NotFoundError, NotWritableError
from archive.files.clock import now
from archive.index import open_store
from archive.ingest import open_writer
from archive.locale import n_, translated
from archive.maintain import VerifyReport
from archive.maintain import redact as redact_
from archive.maintain import repair as repair_
from archive.maintain import verify as verify_
from archive.parse.workers import parse_pool
from archive.terminal import Show, live_line, printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.index import Store
    from archive.maintain import Redacted, Repaired
    from archive.parse import Parsed, ParseTask
    from archive.parse.workers import WorkerPool

SHOWN = 50


@click.command()
@click.option(
    "--remote",
    is_flag=True,
    help="Also check uploaded files: downloads those that are not local (see `warraq upload`).",
)
@click.option("--seals", is_flag=True, help="Also compare each sealed record with its seal (see `warraq seal`).")
@click.option(
    "--roots", metavar="FILE", default="", help="With --seals: certificates (PEM) of time stamp authorities to trust."
)
@click.option(
    "--key", metavar="FILE", default="", help="With --seals: the public key (PEM) that must have signed the last seal."
)
@json_option
@click.pass_context
def verify(ctx: click.Context, *, remote: bool, seals: bool, roots: str, key: str, as_json: bool) -> None:
    """Check every record, digest, row, index line and manifest entry, and report what is wrong.

    Ends with exit code 7 if something is wrong. Each run adds a row to the table `runs`, if the database is writable. May run during a
    crawl.
    """
    folders = workspace_of(ctx).folders()
    reports = [(folder, _verified(Collection(folder), remote=remote)) for folder in folders]
    sealed = {folder: check(Collection(folder), roots=roots, key=key) for folder in folders if seals}
    if as_json:
        print_json(
            _verdict(report)
            | ({"archive": str(folder)} if len(folders) > 1 else {})
            | ({"seals": as_figures(sealed[folder])} if seals else {})
            for folder, report in reports
        )
    else:
        for folder, report in reports:
            name = f"{folder}: " if len(folders) > 1 else ""
            _print_report(report, name)
            if seals:
                print_seals(sealed[folder], name)
    if not all(report.ok for _, report in reports) or not all(one.ok for one in sealed.values()):
        ctx.exit(ExitCode.DAMAGED)


def _verified(collection: Collection, *, remote: bool) -> VerifyReport:
    collection.require()
    with (
        _to_write_or_to_read(collection) as store,
        live_line(_("Verifying {name}").format(name=collection.name)) as show,
    ):
        return verify_(collection, store, clock=now, in_use=collection.in_use(), remote=remote, progress=by_file(show))


def _verdict(report: VerifyReport) -> dict[str, Any]:
    figures = {
        "files": report.files,
        "files_away": report.away,
        "records": report.records,
        "bytes": report.size,
        "rows": report.rows,
        "digests_noted": report.noted,
    }
    return {**figures, "ok": report.ok, "problems": [asdict(problem) for problem in report.problems]}


def _to_write_or_to_read(collection: Collection) -> Store:
    try:
        return open_store(collection.database)
    except NotWritableError:  # a copy on read-only media can be verified too
        return open_store(collection.database, read_only=True)


def _print_report(report: VerifyReport, name: str) -> None:
    """Print the problems; `name` is that of the archive, '' if there is only one."""
    for problem in report.problems[:SHOWN]:
        print_problem(problem)
    if len(report.problems) > SHOWN:
        click.echo(_("and {shown} more (--json lists all)").format(shown=len(report.problems) - SHOWN))
    verdict = (
        _("everything is as it was written") if report.ok else n_("{n} problem", "{n} problems", len(report.problems))
    )
    click.echo(
        _("{name}{files}, {records}, {bytes}, {rows}: {verdict}").format(
            name=name,
            files=n_("{n} file", "{n} files", report.files),
            records=n_("{n} record", "{n} records", report.records),
            bytes=n_("{n} byte", "{n} bytes", report.size),
            rows=n_("{n} row", "{n} rows", report.rows),
            verdict=verdict,
        )
    )
    if report.noted:
        click.echo(
            n_(
                "{name}{n} digest was already wrong when its record was imported, and has not changed since",
                "{name}{n} digests were already wrong when their records were imported, and have not changed since",
                report.noted,
                name=name,
            )
        )
    if report.away:
        click.echo(
            n_(
                "{n} file is only in a storage and was not checked: use `warraq verify --remote`",
                "{n} files are only in a storage and were not checked: use `warraq verify --remote`",
                report.away,
            )
        )


def by_file(show: Show) -> Callable[[str, int], None]:
    """Return a function that shows the file that is being read and the offset in it."""
    return lambda name, offset: show(_("{name}, {offset} MB").format(name=name, offset=offset >> 20))


@click.command()
@click.option(
    "--workers", type=click.IntRange(1, 256), default=2, show_default=True, help="Number of processes that extract."
)
@json_option
@click.pass_context
def repair(ctx: click.Context, *, workers: int, as_json: bool) -> None:
    """Repair the effects of a crash: truncated files, records without rows, index and manifest. A second run finds nothing.

    Damage in the middle of a file cannot be repaired; it is reported (exit code 7), and the records around it are kept.
    """
    is_damaged = False
    with parse_pool(workers=workers) as pool:
        for collection, named in in_each(ctx):
            done = _repaired(collection, pool)
            is_damaged |= bool(done.imported.damaged)
            if as_json:
                print_json([{**named, **_repairs(done)}])
            else:
                _print_repairs(done, f"{collection.folder}: " if named else "")
    if is_damaged:
        ctx.exit(ExitCode.DAMAGED)


def _repaired(collection: Collection, pool: WorkerPool[ParseTask, Parsed]) -> Repaired:
    ingest = open_writer(collection, info={"software": "warraq", "description": "repair"}, clock=now)
    try:
        return repair_(ingest, pool)
    finally:
        ingest.close()


def _repairs(done: Repaired) -> dict[str, Any]:
    return {
        "closed": [{"file": one.path.name, "cut": one.cut} for one in done.recovered_files],
        "rows": done.rows,
        "indexed": list(done.indexed),
        "damaged": [str(error) for error in done.imported.damaged],
    }


def _print_repairs(done: Repaired, name: str) -> None:
    for one in done.recovered_files:
        cut = (
            n_(", {n} byte of a truncated record cut off", ", {n} bytes of a truncated record cut off", one.cut)
            if one.cut
            else ""
        )
        click.echo(_("{name}closed {name2}{cut}").format(name=name, name2=one.path.name, cut=cut))
    for file in done.indexed:
        click.echo(_("{name}indexed {file} anew").format(name=name, file=file))
    click.echo(
        _("{name}nothing to repair").format(name=name)
        if done.nothing
        else n_("{name}{n} record got its row", "{name}{n} records got their rows", done.rows, name=name)
    )
    for error in done.imported.damaged:
        click.echo(translated(str(error)), err=True)


@click.command()
@click.argument("url", callback=address)
@click.option("--reason", required=True, help="The reason; the archive keeps it in place of the URL.")
@click.option("--by", "who", default=getpass.getuser, show_default="the user's name", help="Who asked for it.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_context
def redact(ctx: click.Context, *, url: str, reason: str, who: str, yes: bool, as_json: bool) -> None:
    """Permanently remove a URL and its article from the archive, and record who asked and why.

    Its records become tombstones; its rows, search entries and index lines are removed; it is not fetched again. No other record
    changes. With several archives, it is removed from each that has it.
    """
    archives = list(in_each(ctx))
    if not yes:
        folders = ", ".join(str(collection.folder) for collection, _ in archives)
        click.confirm(
            _("Permanently remove every capture of {url} from {folders}?").format(url=url, folders=folders),
            abort=True,
            err=True,
        )
    had = 0
    for collection, named in archives:
        with (
            collection.lock(),
            open_store(collection.database) as store,
            live_line(_("Redacting {url}").format(url=url)) as show,
        ):
            try:
                done = redact_(collection, store, url=url, reason=reason, who=who, clock=now, progress=show)
            except NotFoundError:
                continue
        had += 1
        if as_json:
            print_json([{**named, **asdict(done)}])
        else:
            _print_redacted(done, f"{collection.folder}: " if named else "")
    if not had:
        raise NotFoundError(url)


def _print_redacted(done: Redacted, name: str) -> None:
    click.echo(
        _("{name}removed for {urls}: {records}, {captures}, {articles}").format(
            name=name,
            urls=printable(", ".join(done.urls)),
            records=n_("{n} record", "{n} records", done.records),
            captures=n_("{n} capture", "{n} captures", done.captures),
            articles=n_("{n} article", "{n} articles", done.articles),
        )
    )
    for other in done.bereft:
        click.echo(
            _("{other} was stored as a revisit of the same bytes, so its payload is gone too").format(other=other),
            err=True,
        )
    for file in done.uploaded:
        click.echo(_("{file} was uploaded again in place of the old one").format(file=file))
    for file in done.versioned:
        click.echo(
            _("{file}: the bucket is versioned and KEEPS THE OLD FILE as an older version: delete it there").format(
                file=file
            ),
            err=True,
        )


COMMANDS = (verify, repair, redact)
