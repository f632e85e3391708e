"""Define the commands that copy an archive elsewhere: upload, backup."""

from __future__ import annotations

from dataclasses import asdict
from gettext import gettext as _
from pathlib import Path

import click

from archive.cli.output import in_each, json_option, print_json, the_folder, workspace_of
from archive.collection import Collection
from archive.collection.upload import Uploaded
from archive.collection.upload import upload as upload_
from archive.errors import ExitCode
from archive.files.clock import now
from archive.locale import n_, translated
from archive.maintain.backup import BackedUp, back_up
from archive.parse.workers import parse_pool
from archive.terminal import live_line


@click.command()
@click.option(
    "--to",
    metavar="URL",
    default="",
    help="Where to upload: s3://BUCKET/PREFIX, or a folder. Without it: $WARRAQ_STORAGE/NAME, or the last one used.",
)
@click.option("--endpoint-url", metavar="URL", default="", help="An S3-compatible server other than Amazon's.")
@click.option("--remove-local", is_flag=True, help="Then remove local files whose upload is verified.")
@click.option(
    "--keep-days",
    metavar="DAYS",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="With --remove-local: keep files closed in the last DAYS days.",
)
@click.option("--database", "snapshot", is_flag=True, help="Also upload a copy of the database.")
@json_option
@click.pass_context
def upload(
    ctx: click.Context,
    *,
    to: str,
    endpoint_url: str,
    remove_local: bool,
    keep_days: int,
    snapshot: bool,
    as_json: bool,
) -> None:
    """Upload closed WARC files, index and manifest to object storage or another disk.

    A file is marked as uploaded only once the storage provably has all of it. If the local file has been removed, commands read single
    records from the storage. Uploaded files are not sent again; the next run completes one that was killed. May run during a crawl
    (which then keeps its local files). The storage's library finds the credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,
    AWS_PROFILE, ~/.aws. Ends with exit code 14 if an upload failed.
    """  # fmt: skip
    if to:
        the_folder(ctx)  # a storage given with --to is for one archive
    ok = True
    for collection, named in in_each(ctx):
        with live_line(_("Uploading {name}").format(name=collection.name)) as show:
            done = upload_(
                collection,
                clock=now,
                to=to,
                endpoint_url=endpoint_url,
                remove_after_days=keep_days if remove_local else None,
                snapshot=snapshot,
                progress=show,
            )
        if as_json:
            print_json([{**named, "ok": done.ok, **done.as_dict()}])
        else:
            _print(done, f"{collection.folder}: " if named else "")
        ok &= done.ok
    if not ok:
        ctx.exit(ExitCode.STORAGE)


@click.command()
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--workers", type=click.IntRange(1, 256), default=2, show_default=True, help="Number of processes that extract."
)
@json_option
@click.pass_context
def backup(ctx: click.Context, *, folder: Path, workers: int, as_json: bool) -> None:
    """Copy archives into FOLDER/NAME, or update an earlier copy there. May run during a crawl.

    The backup takes a snapshot of the database, then copies every new or changed WARC file. Records written after the snapshot get
    their rows in the copy, so that `warraq --archive FOLDER/NAME verify` finds no fault. Uploads and redactions wait meanwhile. To
    restore, copy FOLDER/NAME back. Ends with exit code 7 if a file has changed since it was closed.
    """
    folders = workspace_of(ctx).folders()
    done = [_backed_up(Collection(each), folder, workers=workers) for each in folders]
    if as_json:
        print_json({"ok": each.ok, **asdict(each), "folder": str(each.folder)} for each in done)
    else:
        for each in done:
            _print_backup(each)
    if not all(each.ok for each in done):
        ctx.exit(ExitCode.DAMAGED)


def _backed_up(collection: Collection, folder: Path, *, workers: int) -> BackedUp:
    with parse_pool(workers=workers) as pool, live_line(_("Backing up {name}").format(name=collection.name)) as show:
        return back_up(collection, folder / collection.name, pool, clock=now, progress=show)


def _print_backup(done: BackedUp) -> None:
    for problem in done.damaged:
        click.echo(f"{click.style(_('damaged'), fg='red')}  {translated(str(problem))}", err=True)
    if done.elsewhere:
        click.echo(
            n_(
                "{n} file is only in a storage; the copy does not contain it and reads it from there",
                "{n} files are only in a storage; the copy does not contain them and reads them from there",
                len(done.elsewhere),
            ),
            err=True,
        )
    late = n_(", {n} record written meanwhile", ", {n} records written meanwhile", done.rows) if done.rows else ""
    click.echo(
        n_(
            "{folder}: {n} file copied ({bytes}), {unchanged} unchanged{late}",
            "{folder}: {n} files copied ({bytes}), {unchanged} unchanged{late}",
            len(done.copied),
            folder=done.folder,
            bytes=n_("{n} byte", "{n} bytes", done.bytes),
            unchanged=done.unchanged,
            late=late,
        )
    )


def _print(done: Uploaded, name: str) -> None:
    for file, problem in done.failed.items():
        click.echo(f"{click.style(_('failed'), fg='red')}  {file}: {translated(str(problem))}", err=True)
    for file, reason in done.kept.items():
        click.echo(_("kept locally  {file}: {reason}").format(file=file, reason=translated(reason)))
    if done.elsewhere:
        where = ", ".join(sorted(set(done.elsewhere.values())))
        click.echo(
            n_(
                "{n} file is only in {where} and stays there (commands read it from there)",
                "{n} files are only in {where} and stay there (commands read them from there)",
                len(done.elsewhere),
                where=where,
            ),
            err=True,
        )
    waiting = (
        n_("; {n} waits for the next run", "; {n} wait for the next run", len(done.waiting)) if done.waiting else ""
    )
    click.echo(
        n_(
            "{name}{n} file uploaded to {storage} ({bytes}), {there_before} uploaded before, {removed} removed "
            "locally{seals}{waiting}",
            "{name}{n} files uploaded to {storage} ({bytes}), {there_before} uploaded before, {removed} removed "
            "locally{seals}{waiting}",
            len(done.uploaded),
            name=name,
            storage=done.storage,
            bytes=n_("{n} byte", "{n} bytes", done.bytes),
            there_before=done.there_before,
            removed=len(done.removed),
            seals=n_("; {n} file of seals", "; {n} files of seals", len(done.seals)) if done.seals else "",
            waiting=waiting,
        )
    )


COMMANDS = (upload, backup)
