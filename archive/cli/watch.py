"""Define the commands for saved searches: watch add, list, remove, run."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.cli.output import in_each, isolate, json_option, print_json, the_folder
from archive.collection import Collection
from archive.locale import n_, translated
from archive.watch import Watch, WatchStore
from archive.watch import add as add_watch
from archive.watch import run as run_watches

if TYPE_CHECKING:
    from archive.watch.run import Ran


@click.group()
def watch() -> None:
    """Report new matches of a search by feeds, mail and webhooks (docs/watches.md).

    Each watch has its feeds in the archive's folder feeds/ and in the reading room. Mail is sent through the server in WARRAQ_SMTP.
    """


@watch.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--name", default="", help="Name of the watch [its words, joined by -].")
@click.option("--changes", is_flag=True, help="Also report new versions of its articles, and returns to earlier ones.")
@click.option("--gone", is_flag=True, help="Also report when the page of one of its articles is gone.")
@click.option("--mail", "mails", multiple=True, metavar="ADDRESS", help="Send mail to this address; repeatable.")
@click.option("--webhook", "webhooks", multiple=True, metavar="URL", help="POST to this URL, signed; repeatable.")
@click.option(
    "--quiet", default="", metavar="22:00-07:00", help="Send nothing during these hours; messages wait for their end."
)
@click.option("--zone", default="UTC", show_default=True, help="The time zone of --quiet, such as Asia/Riyadh.")
@click.pass_context
def add(
    ctx: click.Context,
    *,
    words: tuple[str, ...],
    name: str,
    changes: bool,
    gone: bool,
    mails: tuple[str, ...],
    webhooks: tuple[str, ...],
    quiet: str,
    zone: str,
) -> None:
    """Watch a search, in the query language of `warraq search`. Articles that match today are not reported, only new ones."""
    query = " ".join(words)
    wanted = Watch(
        name=name or "-".join("".join(c if c.isalnum() else " " for c in query).split())[:64].strip("-"),
        query=query,
        changes=changes,
        gone=gone,
        targets=(*(f"mailto:{address}" for address in mails), *webhooks),
        quiet=quiet,
        zone=zone,
    )
    kept, problems = add_watch(the_folder(ctx), wanted, now=datetime.now(UTC))
    for problem in problems:
        click.echo(_("left out: {problem}").format(problem=translated(str(problem))), err=True)
    click.echo(_("Watching {query} as {name}.").format(query=isolate(kept.query), name=kept.name))
    if webhooks:
        click.echo(_("Its webhooks are signed with {secret}").format(secret=kept.secret))


@watch.command(name="list")
@json_option
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """List the watches, and what could not be delivered yet."""
    rows = [
        {**named, **row}
        for collection, named in in_each(ctx)
        if WatchStore.exists(collection.folder)
        for row in _rows(collection.folder)
    ]
    if not rows:
        click.echo(_("No watch yet: `warraq watch add WORDS` adds one."), err=True)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        also = ", ".join(_(name) for name in ("changes", "gone") if row[name])
        more = _(" (also {also})").format(also=also) if also else ""
        if row["quiet"]:
            more += _(" (quiet {hours} {zone})").format(hours=row["quiet"], zone=row["zone"])
        where = f"{Path(row['archive']).name}/" if "archive" in row else ""
        click.echo(f"{where}{row['name']}: {isolate(row['query'])}{more}  → {' '.join((_('feeds'), *row['targets']))}")
        for one in row["waiting"]:
            when = _("next attempt after {due_at}").format(due_at=one["due_at"]) if one["due_at"] else _("given up")
            click.echo(
                n_(
                    "    not delivered to {target}, {n} attempt, {when}: {waiting}",
                    "    not delivered to {target}, {n} attempts, {when}: {waiting}",
                    one["attempts"],
                    target=one["target"],
                    when=when,
                    waiting=translated(one["problem"]) or _("waiting"),
                )
            )


def _rows(folder: Path) -> list[dict[str, Any]]:
    with WatchStore(folder) as store:
        return [
            {
                **{name: value for name, value in asdict(one).items() if name not in {"id", "secret"}},
                "waiting": store.waiting(one.id),
            }
            for one in store.all()
        ]


@watch.command()
@click.argument("name")
@click.pass_context
def remove(ctx: click.Context, *, name: str) -> None:
    """Delete a watch and its undelivered messages."""
    folder = the_folder(ctx)
    Collection(folder).require()
    with WatchStore(folder) as store, store.atomic():
        store.remove(name)


@watch.command()
@json_option
@click.pass_context
def run(ctx: click.Context, *, as_json: bool) -> None:
    """Find new matches of each watch and deliver them; each crawl does so at its end."""
    for collection, named in in_each(ctx):
        ran = run_watches(collection.folder, now=datetime.now(UTC))
        if as_json:
            print_json([{**named, "found": ran.found, "delivered": ran.delivered, "failed": dict(ran.failed)}])
        else:
            _print_run(ran, f"{collection.name}: " if named else "")


def _print_run(ran: Ran, name: str) -> None:
    """Print the results of one archive's watches; `name` is that of the archive, '' if there is only one."""
    for target, problem in ran.failed:
        click.echo(
            _("not delivered to {target}, will be retried: {problem}").format(
                target=target, problem=translated(problem)
            ),
            err=True,
        )
    said = n_(
        "{found} found, {n} message delivered", "{found} found, {n} messages delivered", ran.delivered, found=ran.found
    )
    click.echo(f"{name}{said}")


COMMANDS = (watch,)
