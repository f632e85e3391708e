"""Commands that keep files elsewhere: upload."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from archive.cli.output import json_option, print_json
from archive.cli.place import the_folder
from archive.collection import Collection
from archive.collection.upload import Uploaded
from archive.collection.upload import upload as upload_
from archive.exitcodes import ExitCode
from archive.progress import live_line


@click.command()
@click.option(
    "--to",
    metavar="URL",
    default="",
    help="The place of this archive: s3://BUCKET/PREFIX, or a folder. Without it: $WARRAQ_STORAGE/NAME, or where it went last.",
)
@click.option("--endpoint-url", metavar="URL", default="", help="A server of the S3 protocol that is not Amazon's.")
@click.option("--remove-local", is_flag=True, help="Then remove here what is proved to be there.")
@click.option(
    "--keep-days",
    metavar="DAYS",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="With --remove-local: keep what was closed in the last DAYS days.",
)
@click.option("--database", "snapshot", is_flag=True, help="Also put a copy of the database there.")
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
    """Put closed WARC files, index and manifest into object storage, or on another disk.

    A file is marked only once the storage is proved to have all of it, and every command reads it from there when it is no longer here,
    a record at a time. What is there already is not sent again; a run that was killed is finished by the next. May run beside a crawl
    (which then keeps its local files). Credentials come from where the storage's library looks for them: AWS_ACCESS_KEY_ID and
    AWS_SECRET_ACCESS_KEY, AWS_PROFILE, ~/.aws. Ends with exit code 14 when something could not be put there.
    """  # fmt: skip
    collection = Collection(the_folder(ctx))
    with live_line(f"Uploading {collection.name}") as show:
        done = upload_(
            collection,
            clock=lambda: datetime.now(UTC),
            to=to,
            endpoint_url=endpoint_url,
            remove_after_days=keep_days if remove_local else None,
            snapshot=snapshot,
            progress=show,
        )
    if as_json:
        print_json([{"ok": done.ok, **done.as_dict()}])
    else:
        _print(done)
    if not done.ok:
        ctx.exit(ExitCode.STORAGE)


def _print(done: Uploaded) -> None:
    for name, problem in done.failed.items():
        click.echo(f"{click.style('failed', fg='red')}  {name}: {problem}", err=True)
    for name, reason in done.kept.items():
        click.echo(f"kept here  {name}: {reason}")
    if done.elsewhere:
        where = ", ".join(sorted(set(done.elsewhere.values())))
        click.echo(
            f"{len(done.elsewhere)} files lie only in {where} and stay there (commands go on reading them from there)",
            err=True,
        )
    waiting = f"; {len(done.waiting)} wait for the next run" if done.waiting else ""
    click.echo(
        f"{len(done.uploaded)} files put into {done.storage} ({done.bytes} bytes), {done.there_before} were there, "
        f"{len(done.removed)} removed here{waiting}"
    )


COMMANDS = (upload,)
