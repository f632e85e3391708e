"""Define `warraq images`: list the pictures of an article, search captions, and find where else a picture ran."""

from __future__ import annotations

from gettext import gettext as _
from typing import TYPE_CHECKING, Any

import click

from archive.archive import Archive
from archive.cli.output import isolate, json_option, print_json, the_folder
from archive.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    help="Where else the picture at this URL ran, also scaled or recompressed.",
)
@click.option("--site", default="", help="Only this site.")
@click.option("-n", "--limit", type=click.IntRange(0), default=20, show_default=True, help="How many to show.")
@click.option("--offset", type=click.IntRange(0), default=0, help="How many to skip.")
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
    with Archive(the_folder(ctx)) as archive:
        if site:
            archive.require_site(site)
        media: list[dict[str, Any]] = []
        if article:
            row = archive.article(article)
            found, media = archive.images_of(row), archive.media_of(row)
        elif url:
            found = archive.showings(url)[offset : offset + limit]
            if not found:
                raise NotFoundError(url)
        else:
            found = archive.images(" ".join(words), site=site, limit=limit, offset=offset)
    if as_json:
        print_json([{name: value for name, value in one.items() if name != "words"} for one in found] + media)
        return
    for one in found:
        _tell(one, is_place=bool(url))
    for one in media:
        click.echo(f"{one['type']}  {one['provider']}  {one['url']}")
    click.echo(_("{found} pictures").format(found=len(found)), err=True)


def _tell(one: Mapping[str, Any], *, is_place: bool) -> None:
    """Print what is known of a picture, in three lines."""
    size = f"{one['width']} x {one['height']}" if one["width"] else ""
    state = one["problem"] or ("" if one["record_id"] else _("not captured"))
    facts = "  ".join(
        filter(
            None, (one["type"], size, _("{bytes:,} bytes").format(bytes=one["bytes"]) if one["bytes"] else "", state)
        )
    )
    differs = _("  ({bits} of 64 bits differ)").format(bits=one["bits"]) if is_place and one["bits"] else ""
    click.echo(f"{one['url']}{differs}")
    said = "  ·  ".join(filter(None, (one["caption"] or one["alt"], one["credit"])))
    if said:
        click.echo(f"    {isolate(said)}")
    click.echo(f"    {facts or _('nothing known')}  ·  {one['at'][:10]}  {isolate(one['title'])}")


COMMANDS = (images,)
