"""Define the commands for the database, an index of the WARC files: reindex, joins, plain-index, embed."""

from __future__ import annotations

from dataclasses import asdict
from gettext import gettext as _

import click

from archive import library, search
from archive.cli.maintain import by_file
from archive.cli.output import in_each, json_option, print_json, the_folder
from archive.collection import Collection
from archive.errors import NotFoundError
from archive.files.clock import now
from archive.index import joins as joins_
from archive.index import open_store
from archive.locale import n_
from archive.maintain import reindex as reindex_
from archive.parse.workers import parse_pool
from archive.terminal import live_line


@click.command()
@click.option(
    "--workers", type=click.IntRange(1, 256), default=2, show_default=True, help="Number of processes that extract."
)
@click.option(
    "--storage",
    metavar="URL",
    default="",
    help="Where to find files of the manifest that are not local, if the old database is unreadable.",
)
@json_option
@click.pass_context
def reindex(ctx: click.Context, *, workers: int, storage: str, as_json: bool) -> None:
    """Rebuild the database and the CDXJ index from the WARC files, including uploaded ones.

    Every capture is extracted again with the current rules. The frontier, the log of runs and the locations of uploads, which only the
    database has, are copied. The old database stays until the new one is complete.
    """
    collection = Collection(the_folder(ctx))
    with (
        parse_pool(workers=workers) as pool,
        live_line(_("Rebuilding the index of {name}").format(name=collection.name)) as show,
    ):
        done = reindex_(collection, pool, clock=now, storage=storage, progress=by_file(show))
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
    help="Undo this join; repeatable.",
)
@json_option
@click.pass_context
def joins(ctx: click.Context, *, undo: tuple[int, ...], as_json: bool) -> None:
    """List articles whose URLs were joined into one history, or separate them again.

    Spellings of one URL (http or https, with or without www., a trailing slash) are always one article. Two different URLs are joined
    if one redirects to the other, or names it as its canonical URL, and both have much the same text.
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

    A new archive has it, but warraq itself does not use it. Without it each commit writes less, and new articles reuse its space in the
    file (VACUUM returns it to the disk). `reindex` does not change the choice.
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
@click.option("--limit", type=click.IntRange(1), help="Stop after this many articles; the next run carries on.")
@click.pass_context
def embed(ctx: click.Context, *, limit: int | None) -> None:
    """Make vectors for articles that have none, the newest first, for `search --semantic` and `related`.

    Needs warraq[semantic]. An article takes a tenth of a second of one core, and 400 bytes. Run it after a crawl, or from cron; during
    a crawl it ends with exit code 4.
    """
    total = 0
    for collection, _named in in_each(ctx):
        room = None if limit is None else limit - total
        if room == 0:
            break
        with live_line(_("Reading {name}").format(name=collection.name)) as show:
            total += library.embed(collection.folder, limit=room, progress=lambda done: show(str(done)))
    click.echo(_("vectors made: {count}").format(count=total), err=True)


COMMANDS = (reindex, joins, plain_index, embed)
