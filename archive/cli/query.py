"""Define the query commands: search, related, list, show, cite, stats."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from dataclasses import asdict, replace
from datetime import date
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive import search as search_
from archive import urls
from archive.archive import Archive, require_site
from archive.cli.explain import explain
from archive.cli.output import address, archive_with, isolate, json_option, print_json, workspace_of
from archive.cli.versions import diff, versions
from archive.errors import UsageError
from archive.export.citation import STYLES, bibliography
from archive.export.citation import cite as citation
from archive.federation import Federation
from archive.files import output_to, replacing
from archive.index import reports
from archive.index.columns import LABELLED, as_json_row
from archive.locale import n_, translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archive.index.columns import Column
    from archive.search import Order


_EXCLUSION = re.compile(r"^-(?=[^-])(?!n\d|A|[nh\d]$)")
"""The minus of `-word`, not `-n`, `-n5`, `-A folder`, `-h` or the value -1. The query language takes the minus sign for the same."""


class _Words(click.Command):
    """A command with words of a search, which may begin with a minus."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [_EXCLUSION.sub("−", one) for one in args])


@click.command(cls=_Words)
@click.argument("words", nargs=-1, required=True)
@click.option("-n", "--limit", type=click.IntRange(0), default=10, show_default=True, help="Number of results to show.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Number of results to skip.")
@click.option("--newest", "order", flag_value="newest", help="Newest first, instead of best first.")
@click.option("--oldest", "order", flag_value="oldest", help="Oldest first: who reported it first.")
@click.option(
    "-A",
    "--archive",
    "folders",
    metavar="FOLDER",
    multiple=True,
    type=click.Path(path_type=Path),
    help="An archive to search; repeatable.",
)
@click.option(
    "--semantic", is_flag=True, help="Also search by meaning, with the vectors of `warraq embed` (warraq[semantic])."
)
@click.option(
    "--all", "everywhere", is_flag=True, help="Search all archives in collections/, regardless of $WARRAQ_ARCHIVE."
)
@json_option
@click.pass_context
def search(
    ctx: click.Context,
    *,
    words: tuple[str, ...],
    limit: int,
    offset: int,
    order: Order | None,
    semantic: bool,
    folders: tuple[Path, ...],
    everywhere: bool,
    as_json: bool,
) -> None:
    """Find articles by words.

    Words are found in all their written forms (with or without tashkeel, ال and other prefixes, أ إ آ ا, ى ي, ة ه, ٢ 2). A phrase goes in
    quotes; OR, -word and word* work; so do site: section: author: language: from:2024-01-01 to:2024-12-31.

    Several archives are searched as one: one ranking, one count. An id belongs to its archive: NAME/ID.
    """
    if everywhere and folders:
        raise UsageError(_("--all already means every archive: leave out --archive"))
    workspace = workspace_of(ctx)
    places = list(folders) or (replace(workspace, archive=None) if everywhere else workspace).folders()
    with Federation(places) as archives:
        found = archives.search(
            " ".join(words),
            limit=limit,
            offset=offset,
            order=order or "relevance",
            semantic=semantic,
        )
        holders = [archives.archive_of(found, number) for number in range(len(found.hits))]
        names = [archives.name_of(archive) for archive in holders]
    if as_json:
        print_json(
            {**asdict(hit), "snippet": hit.snippet.text, **(_in(archive) if name else {})}
            for hit, archive, name in zip(found.hits, holders, names, strict=True)
        )
        _print_problems(found)
        return
    for hit, archive, name in zip(found.hits, holders, names, strict=True):
        title = _marked(search_.pieces(hit.title, hit.title_marks)) if hit.title else _title(asdict(hit))
        click.echo(f"{click.style(_number(name, hit.id), dim=True)}  {title}")
        where = f"  ·  {archive.collection.folder}" if name else ""
        click.echo(f"       {_line(asdict(hit))}{where}{_how_found(hit)}")
        click.echo(f"       {_marked(hit.snippet.pieces())}\n")
    _print_problems(found)
    if suggestion := found.suggestion(" ".join(words)):
        click.echo(
            _("Did you mean {suggestion}? No article has the words as typed.").format(suggestion=isolate(suggestion)),
            err=True,
        )
    click.echo(_count(found), err=True)


def _print_problems(found: search_.Results) -> None:
    """Print the ignored parts of the query, and what the index may miss."""
    for problem in found.problems:
        click.echo(_("left out: {problem}").format(problem=translated(str(problem))), err=True)


def _how_found(hit: search_.Hit) -> str:
    """Return the remark about a hit that does not have all of the words, '' for any other."""
    if hit.is_by_meaning:
        return _("  ·  by meaning")
    return _("  ·  some of the words") if hit.is_partial else ""


def _count(found: search_.Results) -> str:
    """Return the number of hits in words, and how many of them have all the words."""
    total = str(found.total) if found.total_is_exact else _("about {found}").format(found=found.total)
    if found.relaxed:
        return _("{value} found, with some of the words").format(value=total)
    return (
        _("{value} found, {complete} with all the words").format(value=total, complete=found.complete)
        if found.complete < found.total
        else _("{value} found").format(value=total)
    )


def _marked(pieces: list[tuple[str, bool]]) -> str:
    """Return the text with matches in bold on a terminal, in angle quotes elsewhere."""
    pieces = [(text.replace("\n", " "), hit) for text, hit in pieces]
    if sys.stdout.isatty():
        return isolate("".join(click.style(text, bold=True, fg="yellow") if hit else text for text, hit in pieces))
    return "".join(f"«{text}»" if hit else text for text, hit in pieces)


@click.command(name="list")
@click.option("-n", "--limit", type=click.IntRange(0), default=20, show_default=True, help="Number of results to show.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Number of results to skip.")
@click.option("--site", default="", help="Only this site.")
@json_option
@click.pass_context
def list_(ctx: click.Context, limit: int, offset: int, site: str, as_json: bool) -> None:
    """List articles, newest first."""
    with Federation(workspace_of(ctx).folders()) as archives:
        if site:
            require_site(archives.archives, site)
        rows = archives.newest(site=site, limit=limit, offset=offset)
        if as_json:
            several = len(archives.archives) > 1
            print_json({**row, **(_in(archive) if several else {})} for archive, row in rows)
            return
        for archive, row in rows:
            number = _number(archives.name_of(archive), row["id"])
            click.echo(f"{click.style(number, dim=True)}  {_title(row)}")
            click.echo(f"       {_line(row)}")


def _number(name: str, number: int) -> str:
    """Return the label of an article: its id, with the name of its archive if there are several."""
    return (f"{name}/{number}" if name else str(number)).rjust(5)


def _in(archive: Archive) -> dict[str, str]:
    """Return the field of a JSON row that names its archive, {} when there is only one archive."""
    return {"archive": str(archive.collection.folder)}


@click.command()
@click.argument("wanted", metavar="URL|[NAME/]ID", callback=address)
@json_option
@click.pass_context
def show(ctx: click.Context, wanted: str, as_json: bool) -> None:
    """Show an article: its text, its versions, and the record that proves it."""
    with archive_with(ctx, wanted) as (archive, asked):
        row = archive.article(asked)
        versions = archive.versions(row["url"])
        if as_json:
            print_json(
                [
                    {
                        **as_json_row(row),
                        "versions": [
                            {k: v[k] for k in ("id", "version", "title", "fetched_at", "last_seen_at")}
                            for v in versions
                        ],
                    }
                ]
            )
            return
        click.echo(click.style(_title(row), bold=True))
        click.echo(_line(row))
        click.echo(f"\n{row['text']}\n")
        for name, value in _facts(row, versions):
            if value:
                click.echo(f"{click.style(name.rjust(12), dim=True)}  {isolate(value)}")


@click.command()
@click.argument("wanted", metavar="URL|[NAME/]ID...", nargs=-1, required=True, callback=address)
@click.option("--style", type=click.Choice(tuple(STYLES)), default="chicago", show_default=True, help="Citation style.")
@click.option(
    "--room", metavar="URL", default="", envvar="WARRAQ_ROOM", help="URL of the reading room, for a permalink."
)
@click.pass_context
def cite(ctx: click.Context, wanted: tuple[str, ...], style: str, room: str) -> None:
    """Cite articles as they were captured, for footnotes, a reference manager or Wikipedia.

    An id cites that version, a URL the latest one. To cite all results of a search:
    `warraq search --json WORDS | jq .id | xargs warraq cite --style ris`.
    """
    with Federation(workspace_of(ctx).folders()) as archives:
        held = [archives.holder(one) for one in wanted]
        cited = [citation(archive.article(asked), style, room=room) for archive, asked in held]
    click.echo(bibliography(cited, style))


@click.command()
@click.argument("wanted", metavar="URL|[NAME/]ID", callback=address)
@click.option("-n", "--limit", type=click.IntRange(0), default=10, show_default=True, help="Number of results to show.")
@json_option
@click.pass_context
def related(ctx: click.Context, *, wanted: str, limit: int, as_json: bool) -> None:
    """List the articles nearest in meaning to one, in all archives, without its near-copies.

    Needs warraq[semantic], and the vectors that `warraq embed` makes.
    """
    with Federation(workspace_of(ctx).folders()) as archives:
        found = archives.related(wanted, limit=limit)
        several = len(archives.archives) > 1
        if as_json:
            print_json(
                {**row, "similarity": round(cosine, 3), **(_in(archive) if several else {})}
                for archive, row, cosine in found
            )
            return
        for archive, row, cosine in found:
            number = _number(archives.name_of(archive), row["id"])
            click.echo(f"{click.style(number, dim=True)}  {cosine:.2f}  {_title(row)}")
            click.echo(f"       {_line(row)}")


@click.command()
@click.option(
    "--plot", metavar="FILE.png", type=click.Path(dir_okay=False, path_type=Path), help="Draw articles per day."
)
@click.option("--site", default="", help="Only this site.")
@json_option
@click.pass_context
def stats(ctx: click.Context, *, plot: Path | None, site: str, as_json: bool) -> None:
    """Show what the archive holds: articles, versions, captures, by site, language, day and outcome.

    --plot needs matplotlib: pip install 'warraq[plot]'.
    """
    with Federation(workspace_of(ctx).folders()) as archives:
        if site:
            require_site(archives.archives, site)
        figures = archives.stats(site=site)
        if plot:
            _plot([reports.by_day_and_site(archive.db, site=site) for archive in archives.archives], plot)
    if as_json:
        print_json([figures])
        return
    for name, value in figures.items():
        if isinstance(value, dict):
            click.echo(f"{_(name)}:")
            for key, count in value.items():
                click.echo(f"  {count:>8}  {isolate(str(key) or '-')}")
        else:
            click.echo(f"{_(name)}: {value}")


def _plot(parts: Sequence[Mapping[tuple[str, str], int]], target: Path) -> None:
    """Draw the articles per day of publication to a file, with one colour for each site, the largest site first."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UsageError(_("--plot needs matplotlib: pip install 'warraq[plot]'")) from None
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots()
    below: Counter[date] = Counter()
    for site, counts in _by_site(parts):
        days: list[Any] = sorted(counts)  # dates give a time axis
        axes.bar(days, [counts[day] for day in days], bottom=[below[day] for day in days], label=site)
        below.update(counts)
    axes.set_ylabel(_("articles"))
    axes.legend(frameon=False, fontsize="small")
    axes.tick_params(axis="x", rotation=60)
    axes.spines[["top", "right"]].set_visible(False)
    with output_to(target) as file, replacing(file) as half:
        figure.savefig(half, format="png", dpi=120)


PLOTTED = 9
"""The most sites with a colour of their own in a plot; the others are combined."""


def _by_site(parts: Sequence[Mapping[tuple[str, str], int]]) -> list[tuple[str, Counter[date]]]:
    """Return the number of articles on each day, by site, the sites with most articles first."""
    sites: defaultdict[str, Counter[date]] = defaultdict(Counter)
    for part in parts:
        for (text, site), count in part.items():
            if day := _day(text):
                sites[site][day] += count
    ranked = sorted(sites.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    rest = Counter[date]()
    for _site, counts in ranked[PLOTTED:]:
        rest.update(counts)
    return [*ranked[:PLOTTED], *([(n_("{n} other", "{n} others", len(ranked) - PLOTTED), rest)] if rest else [])]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _title(row: Mapping[str, Any]) -> str:
    """Return the title, or the URL of an article without one."""
    return isolate(str(row["title"]) or urls.display(str(row["url"])))


def _line(row: Mapping[str, Any]) -> str:
    parts = [
        row.get("date_published") or row.get("date") or row.get("fetched_at") or "",
        row.get("section"),
        row.get("author"),
        row.get("site"),
        _("document") if row.get("kind") == "document" else "",
    ]
    return "  ·  ".join([isolate(str(part)) for part in parts if part] + [urls.display(str(row["url"]))])


def _facts(row: Mapping[str, Any], versions: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [
        *((_(column.label), _shown(column, row[column.name])) for column in LABELLED if column.name != "title"),
        (
            _("version"),
            _("{version} of {versions}; first served {fetched_at}, last {last_seen_at}").format(
                version=row["version"],
                versions=len(versions),
                fetched_at=row["fetched_at"],
                last_seen_at=row["last_seen_at"],
            ),
        ),
        (
            _("record"),
            _("{file} at {offset}, {bytes}").format(
                file=row["warc_filename"],
                offset=row["warc_record_offset"],
                bytes=n_("{n} byte", "{n} bytes", row["warc_record_length"]),
            ),
        ),
        (_("payload"), row["payload_digest"]),
    ]


def _shown(column: Column, value: Any) -> str:
    if column.type == "json":
        return ", ".join(json.loads(value))
    return urls.display(value) if column.name == "url" else str(value or "")


COMMANDS = (search, related, list_, show, cite, versions, diff, explain, stats)
