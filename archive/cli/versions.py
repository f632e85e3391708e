"""Define the commands that compare the versions of an article: versions, diff."""

from __future__ import annotations

import sys
from dataclasses import asdict
from gettext import gettext as _
from typing import TYPE_CHECKING, Any

import click

from archive.cli.output import address, archive_with, isolate, json_option, print_json
from archive.diff import compare
from archive.errors import NotFoundError, UsageError
from archive.index.columns import LABELLED, readable_sides
from archive.locale import N_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archive.diff import Paragraph


@click.command()
@click.argument("wanted", metavar="URL|[NAME/]ID", callback=address)
@json_option
@click.pass_context
def versions(ctx: click.Context, wanted: str, as_json: bool) -> None:
    """List the versions of an article, oldest first: when each was online, and what changed besides its text.

    A text that was restored later is listed twice.
    """
    with archive_with(ctx, wanted) as (archive, asked):
        rows: list[dict[str, Any]] = [{**row} for row in archive.versions(archive.article(asked)["url"])]
        spells, changes = archive.version_spans(rows[0]), archive.changes(rows[0])
    for row in rows:
        row["spells"] = [_without_ids(one) for one in spells if one["article_id"] == row["id"]]
        row["changes"] = [_without_ids(one) for one in changes if one["article_id"] == row["id"]]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        mark = "*" if row["is_latest"] else " "
        times = "; ".join(f"{one['first_at']} … {one['last_at']}" for one in row["spells"])
        times = times or f"{row['fetched_at']} … {row['last_seen_at']}"
        click.echo(
            _("{mark} version {version}  id {id}  {times}  {title}").format(
                mark=mark, version=row["version"], id=row["id"], times=times, title=isolate(row["title"])
            )
        )
        for one in row["changes"]:
            click.echo(f"    {one['seen_at']}  {_change(one)}")


def _change(change: Mapping[str, Any]) -> str:
    """Return what changed in words."""
    if change["field"] == "body":
        return _("structure: headings, lists, links or pictures")
    names = {column.name: column.label for column in LABELLED} | {"images": N_("pictures")}
    before, after = (isolate(side or "-") for side in readable_sides(change))
    return f"{_(names.get(change['field'], change['field']))}: {before} → {after}"


def _without_ids(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in {"article_id", "version"}}


@click.command()
@click.argument("wanted", metavar="URL|[NAME/]ID", callback=address)
@click.argument("numbers", metavar="[OLD NEW]", nargs=-1, type=int)
@json_option
@click.pass_context
def diff(ctx: click.Context, *, wanted: str, numbers: tuple[int, ...], as_json: bool) -> None:
    """Show what changed between two versions of an article, word by word (by default the latest and the one before it).

    Tashkeel, letter forms, punctuation and spaces make no difference.
    """
    if len(numbers) not in {0, 2}:
        raise UsageError(_("name two versions by their numbers, or none for the last two: warraq diff URL 1 2"))
    with archive_with(ctx, wanted) as (archive, asked):
        rows = archive.versions(archive.article(asked)["url"])
        stood = [one["version"] for one in archive.version_spans(rows[0])] or [row["version"] for row in rows]
    by_number = {row["version"]: row for row in rows}
    old, new = numbers or (stood[-2:][0], stood[-1])
    if old == new and not as_json:
        click.echo(_("there is no other version to compare"), err=True)
        return
    for number in (old, new):
        if number not in by_number:
            raise NotFoundError(_("version {number} of {wanted}").format(number=number, wanted=wanted))
    before, after = by_number[old], by_number[new]
    difference = compare(before["title"], before["text"], after["title"], after["text"])
    if as_json:
        print_json([asdict(difference)])
        return
    click.echo(
        _("version {old} ({fetched_at}) → version {new} ({fetched_at2})\n").format(
            old=old, fetched_at=before["fetched_at"], new=new, fetched_at2=after["fetched_at"]
        )
    )
    for paragraph in (difference.headline, *difference.body):
        if paragraph.state != "same":
            click.echo(_changes(paragraph) + "\n")
    for correction in difference.corrections:
        click.echo(_("correction: {correction}\n").format(correction=isolate(correction)))


def _changes(paragraph: Paragraph) -> str:
    """Return a paragraph with deletions and insertions: in colour on a terminal, as [-old-] and {+new+} elsewhere."""
    if sys.stdout.isatty():
        styles: dict[str, dict[str, Any]] = {
            "removed": {"fg": "red", "strikethrough": True},
            "added": {"fg": "green"},
            "same": {},
        }
        return isolate("".join(click.style(p.new or p.old, **styles[p.state]) for p in paragraph.pieces))
    marks = {"removed": ("[-", "-]"), "added": ("{+", "+}"), "same": ("", "")}
    shown = []
    for piece in paragraph.pieces:
        text = piece.new or piece.old
        core = text.strip()
        shown.append(text.replace(core, core.join(marks[piece.state])) if core else text)
    return "".join(shown)
