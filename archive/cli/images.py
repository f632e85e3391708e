"""Define `warraq images`: list the pictures of an article, search captions, and find where else a picture ran."""

from __future__ import annotations

from gettext import gettext as _
from typing import TYPE_CHECKING, Any

import click

from archive.archive import require_site
from archive.cli.output import isolate, json_option, print_json, workspace_of
from archive.errors import NotFoundError, UsageError
from archive.federation import Federation
from archive.locale import n_

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@click.command()
@click.argument("words", nargs=-1)
@click.option(
    "--of",
    "article",
    default="",
    metavar="ARTICLE",
    help="The pictures, videos and embeds of this article: its id or URL.",
)
@click.option(
    "--where",
    "url",
    default="",
    metavar="URL",
    help="Where else the picture at this URL was used, also scaled or recompressed.",
)
@click.option("--site", default="", help="Only this site.")
@click.option("-n", "--limit", type=click.IntRange(0), default=20, show_default=True, help="Number of results to show.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Number of results to skip.")
@json_option
@click.pass_context
def images(
    ctx: click.Context,
    *,
    words: tuple[str, ...],
    article: str,
    url: str,
    site: str,
    limit: int,
    offset: int,
    as_json: bool,
) -> None:
    """List the pictures of articles: the newest, or those whose caption, alternative text or credit has the words."""
    if sum(map(bool, (words, article, url))) > 1:
        raise UsageError(_("give only one of WORDS, --of and --where"))
    media: list[dict[str, Any]] = []
    with Federation(workspace_of(ctx).folders()) as archives:
        if site:
            require_site(archives.archives, site)
        if article:
            archive, asked = archives.holder(article)
            row = archive.article(asked)
            found, media = [(archive, one) for one in archive.images_of(row)], archive.media_of(row)
        elif url:
            found = archives.showings(url)[offset : offset + limit]
            if not found:
                raise NotFoundError(url)
        else:
            found = list(archives.images(" ".join(words), site=site, limit=limit, offset=offset))
        pictures = [(one, archives.name_of(archive), archive.collection.folder) for archive, one in found]
    if as_json:
        print_json([_figures(one, folder if name else None) for one, name, folder in pictures] + media)
        return
    for one, name, _folder in pictures:
        _print_picture(one, name, is_place=bool(url))
    for one in media:
        click.echo(f"{one['type']}  {one['provider']}  {one['url']}")
    click.echo(n_("{n} picture", "{n} pictures", len(found)), err=True)


def _figures(one: Mapping[str, Any], folder: Path | None) -> dict[str, Any]:
    """Return a picture as JSON values, with the name of its archive if there are several."""
    return {name: value for name, value in one.items() if name != "words"} | (
        {"archive": str(folder)} if folder else {}
    )


def _print_picture(one: Mapping[str, Any], name: str, *, is_place: bool) -> None:
    """Print the facts of a picture in three lines; `name` is that of its archive, '' if there is only one."""
    size = f"{one['width']} x {one['height']}" if one["width"] else ""
    state = one["problem"] or ("" if one["record_id"] else _("not captured"))
    facts = "  ".join(
        filter(None, (one["type"], size, n_("{n:,} byte", "{n:,} bytes", one["bytes"]) if one["bytes"] else "", state))
    )
    differs = (
        n_("  ({n} of 64 bits differs)", "  ({n} of 64 bits differ)", one["bits"]) if is_place and one["bits"] else ""
    )
    click.echo(f"{one['url']}{differs}")
    said = "  ·  ".join(filter(None, (one["caption"] or one["alt"], one["credit"])))
    if said:
        click.echo(f"    {isolate(said)}")
    where = f"  ·  {name}" if name else ""
    click.echo(f"    {facts or _('nothing known')}  ·  {one['at'][:10]}  {isolate(one['title'])}{where}")


COMMANDS = (images,)
