"""Define the maintenance commands: verify, repair, redact, reindex, joins, plain-index, embed."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from gettext import gettext as _
from typing import TYPE_CHECKING, Any

import click

from archive import library, search
from archive.cli.output import in_each, json_option, print_json, print_problem, the_folder, the_place
from archive.cli.seals import as_figures, check, print_seals
from archive.collection import Collection
from archive.errors import ExitCode, NotFoundError, NotWritableError
from archive.files.clock import now
from archive.index import joins as joins_
from archive.index import open_store
from archive.ingest import open_writer
from archive.locale import n_, translated
from archive.maintain import VerifyReport
from archive.maintain import redact as redact_
from archive.maintain import reindex as reindex_
from archive.maintain import repair as repair_
from archive.maintain import verify as verify_
from archive.parse.workers import parse_pool
from archive.terminal import Show, live_line

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
@click.option("--seals", is_flag=True, help="Also that each sealed record is as it was sealed (see `warraq seal`).")
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

    Ends with exit code 7 if something is wrong. Each run leaves a row in the table `runs`, where that can be written. May run beside a
    crawl.
    """
    folders = the_place(ctx).folders()
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
        return verify_(collection, store, clock=now, in_use=collection.in_use(), remote=remote, progress=_by_file(show))


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
    except NotWritableError:  # a copy on read-only media is verified all the same
        return open_store(collection.database, read_only=True)


def _print_report(report: VerifyReport, name: str) -> None:
    """Print what was found; `name` distinguishes several archives."""
    for problem in report.problems[:SHOWN]:
        print_problem(problem)
    if len(report.problems) > SHOWN:
        click.echo(_("and {shown} more (--json lists all)").format(shown=len(report.problems) - SHOWN))
    verdict = _("all is as it was written") if report.ok else n_("{n} problem", "{n} problems", len(report.problems))
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
                "{name}{n} digest was wrong when its record was imported, and is as it was then",
                "{name}{n} digests were wrong when their records were imported, and are as they were then",
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


def _by_file(show: Show) -> Callable[[str, int], None]:
    return lambda name, offset: show(_("{name}, {offset} MB").format(name=name, offset=offset >> 20))


@click.command()
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True, help="Processes that extract.")
@json_option
@click.pass_context
def repair(ctx: click.Context, *, workers: int, as_json: bool) -> None:
    """Repair what a crash left: torn ends, records without rows, index and manifest. A second run finds nothing.

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
            n_(", {n} byte of a torn record cut off", ", {n} bytes of a torn record cut off", one.cut)
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
@click.argument("url")
@click.option("--reason", required=True, help="The reason; the archive keeps it in place of the URL.")
@click.option("--by", "who", default=getpass.getuser, show_default="the user's name", help="Who asked for it.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_context
def redact(ctx: click.Context, *, url: str, reason: str, who: str, yes: bool, as_json: bool) -> None:
    """Remove a URL and its article from the archive for good, and record who asked and why.

    Its records become tombstones; its rows, search entries and index lines go; it is not fetched again. No other record changes.
    With several archives, it is removed from each that has it.
    """
    archives = list(in_each(ctx))
    if not yes:
        folders = ", ".join(str(collection.folder) for collection, _ in archives)
        click.confirm(
            _("Take every capture of {url} out of {folders}, for good?").format(url=url, folders=folders),
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
        _("{name}gone of {urls}: {records}, {captures}, {articles}").format(
            name=name,
            urls=", ".join(done.urls),
            records=n_("{n} record", "{n} records", done.records),
            captures=n_("{n} capture", "{n} captures", done.captures),
            articles=n_("{n} article", "{n} articles", done.articles),
        )
    )
    for other in done.bereft:
        click.echo(
            _("{other} was stored as a revisit of the same bytes: its payload is gone").format(other=other), err=True
        )
    for file in done.uploaded:
        click.echo(_("{file} was uploaded again in place of the old one").format(file=file))
    for file in done.versioned:
        click.echo(
            _("{file}: the bucket is versioned and KEEPS WHAT WAS THERE as an older version: delete it there").format(
                file=file
            ),
            err=True,
        )


@click.command()
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True, help="Processes that extract.")
@click.option(
    "--storage",
    metavar="URL",
    default="",
    help="Where to look for files of the manifest that are not local, if the old database cannot say.",
)
@json_option
@click.pass_context
def reindex(ctx: click.Context, *, workers: int, storage: str, as_json: bool) -> None:
    """Rebuild the database and the CDXJ index from the WARC files, uploaded ones included.

    Every capture is extracted again with the current rules. The frontier, the log of runs and where files were uploaded to,
    which only the database knows, are carried over. The old database stays until the new one is whole.
    """
    collection = Collection(the_folder(ctx))
    with (
        parse_pool(workers=workers) as pool,
        live_line(_("Rebuilding the index of {name}").format(name=collection.name)) as show,
    ):
        done = reindex_(collection, pool, clock=now, storage=storage, progress=_by_file(show))
    number = done.articles["new"] + done.articles["changed"]
    versions = n_(", {n} version of articles", ", {n} versions of articles", number)
    figures = {
        "captures": done.records,
        "articles_versions": number,
        "quarantined": dict(done.quarantined),
        "damaged": [str(error) for error in done.damaged],
    }
    if as_json:
        print_json([figures])
    else:
        click.echo(n_("{n} capture read{versions}", "{n} captures read{versions}", done.records, versions=versions))
    if done.damaged:
        raise done.damaged[0]


@click.command()
@click.option(
    "--undo",
    type=int,
    multiple=True,
    metavar="NUMBER",
    help="Separate what this join united; repeatable.",
)
@json_option
@click.pass_context
def joins(ctx: click.Context, *, undo: tuple[int, ...], as_json: bool) -> None:
    """List articles whose addresses were joined into one history, or separate them again.

    Spellings of one address (http or https, with or without www., a trailing slash) are one article always. Two different addresses are
    joined when the one redirects to the other, or names it as its canonical URL, and both say much the same.
    """
    if not undo:
        _list_joins(ctx, as_json=as_json)
        return
    collection = Collection(the_folder(ctx))
    collection.require()
    with collection.lock(), open_store(collection.database) as store:
        for number in undo:
            with store.atomic():
                back = joins_.part(store.db, number)
                if back is None:
                    raise NotFoundError(_("join {number}").format(number=number))
                search.index_articles(store.db.conn, back)
            click.echo(
                n_(
                    "join {number} is undone: {n} version is back",
                    "join {number} is undone: {n} versions are back",
                    len(back),
                    number=number,
                )
            )


def _list_joins(ctx: click.Context, *, as_json: bool) -> None:
    count = 0
    for collection, named in in_each(ctx):
        with open_store(collection.database, read_only=True) as store:
            found = list(joins_.all_joins(store.db))
        count += len(found)
        if as_json:
            print_json([{**named, **asdict(one)} for one in found])
            continue
        for one in found:
            number = f"{collection.name}/{one.id}" if named else one.id
            click.echo(
                n_(
                    "{number}  {joined_at}  {reason}, {n} version was the same: {urls}",
                    "{number}  {joined_at}  {reason}, {n} versions were the same: {urls}",
                    one.versions,
                    number=number,
                    joined_at=one.joined_at,
                    reason=one.reason,
                    urls=" ".join(one.urls),
                )
            )
    if not count:
        click.echo(_("No addresses were joined."), err=True)


@click.command("plain-index")
@click.argument("action", type=click.Choice(["build", "drop"]))
@click.pass_context
def plain_index(ctx: click.Context, *, action: str) -> None:
    """Build or drop `articles_fts`, the index of words as printed, for tools that search the database without warraq.

    A new archive has it. warraq itself never asks it: without it each commit writes less, and the room it took goes to new articles
    (VACUUM gives it back to the disk). `reindex` leaves the choice as it is.
    """
    collection = Collection(the_folder(ctx))
    collection.require()
    with collection.lock(), open_store(collection.database) as store, store.atomic():
        search.drop_plain_index(store.db.conn)
        if action == "build":
            search.create_plain_index(store.db.conn)
    click.echo(
        _("articles_fts is built")
        if action == "build"
        else _("articles_fts is dropped; `warraq search` works as before")
    )


@click.command()
@click.option("--limit", type=click.IntRange(1), help="Stop after so many articles; the next run carries on.")
@click.pass_context
def embed(ctx: click.Context, *, limit: int | None) -> None:
    """Make the vectors of articles that have none, the newest first, for `search --semantic` and `related`.

    Needs warraq[semantic]. An article takes a tenth of a second of one core, and 400 bytes. Run it after a crawl, or from cron; exit code
    4 while a crawl writes.
    """
    total = 0
    for collection, _named in in_each(ctx):
        room = None if limit is None else limit - total
        if room == 0:
            break
        with live_line(_("Reading {name}").format(name=collection.name)) as show:
            total += library.embed(collection.folder, limit=room, progress=lambda done: show(str(done)))
    click.echo(_("vectors made: {count}").format(count=total), err=True)


COMMANDS = (verify, repair, redact, reindex, joins, plain_index, embed)
