"""Commands that give out: export."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.archive import Archive
from archive.capture import Location
from archive.cli.output import json_option, print_json
from archive.cli.place import the_folder
from archive.errors import NotFoundError, NotWritableError, UsageError
from archive.export import FORMATS, Chosen, Source
from archive.index import captures
from archive.index.select import ArticleFilter, periods
from archive.index.select import articles as choose_articles
from archive.index.select import captures as choose_captures
from archive.progress import live_line
from archive.urls import canonicalise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.export import Format
    from archive.warc import Record

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
PERIODS = {"year": 4, "month": 7}
"""Letters of a day that name the period."""

TOLD_EVERY = 500
FOUND_BY_WORDS = 10_000
"""Articles that `--query` gives at most: what a search is for, not a dump."""


@click.command()
@click.option("-f", "--format", "name", type=click.Choice(list(FORMATS)), default="jsonl", show_default=True)
@click.option(
    "-o", "--out", "target", type=click.Path(path_type=Path), help="File (with --by: folder) to write [stdout]"
)
@click.option(
    "--by", "period", type=click.Choice(list(PERIODS)), help="One file a year or month: OUT/year=2026/month=11/…"
)
@click.option("--site", default="", help="Only this site.")
@click.option("--from", "first_day", metavar="DAY", default="", help="Not before this day (2024-12-31).")
@click.option("--to", "last_day", metavar="DAY", default="", help="Not after this day.")
@click.option("--url", "urls", multiple=True, help="Only this URL or article; may be given several times.")
@click.option("--query", default="", help="Only the articles that these words find (see `warraq search`).")
@click.option("--versions", "all_versions", is_flag=True, help="All versions of articles, not just the latest.")
@json_option
@click.pass_context
def export(
    ctx: click.Context,
    *,
    name: str,
    target: Path | None,
    period: str | None,
    site: str,
    first_day: str,
    last_day: str,
    urls: tuple[str, ...],
    query: str,
    all_versions: bool,
    as_json: bool,
) -> None:
    """Give out articles (jsonl, csv, parquet, txt, ndjson-bulk), or captures (warc, wacz, cdxj), chosen by site, day, URL or words.

    Days are of publication for articles, of capture for the others. A WACZ opens in replayweb.page; it
    holds what was chosen and the responses that its revisits refer to. ndjson-bulk is what OpenSearch takes in.
    """
    for day in (first_day, last_day):
        if day and not DAY.fullmatch(day):
            raise UsageError(f"{day!r} is no day: write it as 2024-12-31")
    way = FORMATS[name]
    if target is None and way.binary and sys.stdout.isatty():
        raise UsageError(f"{name} is not for the terminal: name a file with --out")
    if period and (target is None or way.of != "articles"):
        raise UsageError(
            "--by parts articles into files: choose jsonl, csv, parquet, txt or ndjson-bulk, and a folder with --out"
        )
    if target and target.is_dir() and not period:
        raise UsageError(f"{target} is a folder: name a file, or part the articles with --by year")
    with Archive(the_folder(ctx)) as archive:
        spellings = tuple(dict.fromkeys(one for url in urls for one in (url, canonicalise(url)) if one))
        choice = ArticleFilter(
            site=site,
            first_day=first_day,
            last_day=last_day,
            urls=spellings,
            article_ids=_ids(archive, query) if query else None,
            all_versions=all_versions,
        )
        source = _source(archive, choice, title=query or ", ".join(urls) or site or archive.collection.name)
        if period and target:
            count = _parted(archive, choice, way, target, period)
        else:
            source = _with_something(source, way, query or "".join(urls[:1]))
            count = way.write(source, target) if target else _to_stdout(way, source)
    if as_json and target:
        print_json([{"format": name, "file": str(target), way.of: count}])
    elif target:
        click.echo(f"{count} {way.of} in {target}", err=True)


def _source(archive: Archive, choice: ArticleFilter, *, title: str) -> Source:
    return Source(
        collection=archive.collection.folder,
        files=archive.files,
        created=datetime.now(UTC),
        title=title,
        captures=_captures(archive, choice),
        articles=_counted(choose_articles(archive.db, choice)),
        original=lambda record: _original(archive, record),
    )


def _with_something(source: Source, way: Format, wanted: str) -> Source:
    """The same; raises NotFoundError before a file is replaced by an empty one, when what was `wanted` by name is not there."""
    rows: Iterator[Any] = iter(source.articles if way.of == "articles" else source.captures)
    first = list(islice(rows, 1))
    if not first and wanted:
        raise NotFoundError(wanted)
    rest = chain(first, rows)
    return replace(source, articles=rest) if way.of == "articles" else replace(source, captures=rest)


def _parted(archive: Archive, choice: ArticleFilter, way: Format, target: Path, period: str) -> int:
    """One file for each year or month, in folders as Hive names them; the file has the archive's name, so that shards lie side by side."""
    count = 0
    for first in periods(archive.db, choice, PERIODS[period]):
        year, _, month = first.partition("-")
        folder = target / f"year={year}" / (f"month={month}" if month else "")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NotWritableError(folder, error) from error
        part = replace(
            choice, first_day=max(choice.first_day, first), last_day=min(choice.last_day or "9999", f"{first}-99")
        )
        source = _source(archive, part, title=archive.collection.name)
        count += way.write(source, folder / f"{archive.collection.name}{way.suffix}")
    return count


def _counted(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields the rows and shows their number, unless they go to the same terminal."""
    if sys.stdout.isatty():
        yield from rows
        return
    with live_line("Exporting") as show:
        for number, row in enumerate(rows, 1):
            if number % TOLD_EVERY == 0:
                show(f"{number} articles")
            yield row


def _to_stdout(way: Format, source: Source) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"export{way.suffix}"
        count = way.write(source, path)
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
    return count


def _ids(archive: Archive, query: str) -> tuple[int, ...]:
    return tuple(hit.id for hit in archive.search(query, limit=FOUND_BY_WORDS).hits)


def _captures(archive: Archive, choice: ArticleFilter) -> Iterator[Chosen]:
    for row in choose_captures(archive.db, choice):
        yield Chosen(
            location=_place(row),
            title=row["title"],
            text=row["text"],
            is_page=bool(row["title"])
            or (row["status"] == 200 and row["mime"] in {"text/html", "application/xhtml+xml"}),
        )


def _place(row: dict[str, object]) -> Location:
    return Location(
        filename=str(row["warc_filename"]),
        offset=int(str(row["warc_record_offset"])),
        length=int(str(row["warc_record_length"])),
    )


def _original(archive: Archive, record: Record) -> Location | None:
    row = captures.of_record(archive.db, record.get("WARC-Refers-To"))
    return _place(row) if row else None


COMMANDS = (export,)
