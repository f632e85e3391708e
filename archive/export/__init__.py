"""Export an archive: a selection of captures or articles, in one of several formats, as one file.

A format is one file here and one line in `FORMATS`; `tests/archive/export/test_formats.py` tests all of them alike.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from gettext import gettext as _
from glob import escape
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from archive.archive import require_site
from archive.body import dumps
from archive.capture import Location
from archive.errors import NotFoundError, NotWritableError, UsageError
from archive.export.documents import write_html, write_markdown, write_txt
from archive.export.epub import write_epub
from archive.export.loaded import loaded_by, replay_pool
from archive.export.source import Chosen, Source
from archive.export.tables import write_csv, write_jsonl, write_parquet
from archive.export.tei import write_tei
from archive.export.warc import write_cdxj, write_wacz, write_warc
from archive.index import captures, renderings
from archive.index.columns import TYPES, body_of
from archive.index.select import ArticleFilter, periods, selected_articles, selected_captures
from archive.urls import canonicalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from archive.archive import Archive
    from archive.warc import Record

__all__ = ["FORMATS", "Chosen", "ExportOptions", "Format", "Source", "chosen_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """An export format: `write(source, target)` writes the whole file or nothing, and returns the number of items.

    `of` is the part of the source that it reads; `binary` means that it cannot be printed on a terminal, `has_columns` that a choice of
    the articles' columns is possible.
    """

    write: Callable[[Source, Path], int]
    suffix: str
    of: Literal["captures", "articles"]
    binary: bool = False
    has_columns: bool = False


FORMATS: dict[str, Format] = {
    "jsonl": Format(write=write_jsonl, suffix=".jsonl", of="articles", has_columns=True),
    "csv": Format(write=write_csv, suffix=".csv", of="articles", has_columns=True),
    "parquet": Format(write=write_parquet, suffix=".parquet", of="articles", binary=True, has_columns=True),
    "html": Format(write=write_html, suffix=".html", of="articles"),
    "markdown": Format(write=write_markdown, suffix=".md", of="articles"),
    "epub": Format(write=write_epub, suffix=".epub", of="articles", binary=True),
    "tei": Format(write=write_tei, suffix=".xml", of="articles"),
    "txt": Format(write=write_txt, suffix=".txt", of="articles"),
    "cdxj": Format(write=write_cdxj, suffix=".cdxj", of="captures"),
    "warc": Format(write=write_warc, suffix=".warc.gz", of="captures", binary=True),
    "wacz": Format(write=write_wacz, suffix=".wacz", of="captures", binary=True),
}


# The selection by site, day, URL and words, written to one file, or to one for each month or year.

Period = Literal["year", "month"]
HTML = frozenset({"text/html", "application/xhtml+xml"})
PERIODS: dict[Period, int] = {"year": 4, "month": 7}
"""Number of characters of a date that name the period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The result of an export: the number of items, and removed files of an earlier export whose period is empty now.

    `missing` are the URLs of revisits whose originals the archives do not hold.
    """

    count: int
    missing: tuple[str, ...] = ()
    removed: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """What to export; '' and () select everything.

    Days are `2024-12-31`, both included: of publication for articles, of capture for captures. `only` adds conditions that hold even if
    the query is malformed (see `Archive.search`).
    """

    site: str = ""
    first_day: str = ""
    last_day: str = ""
    urls: tuple[str, ...] = ()
    query: str = ""
    only: str = ""
    all_versions: bool = False
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The selection by name, '' if everything is selected."""
        return self.query or "".join(self.urls[:1])


def export(
    archive: Archive,
    way: Format,
    target: Path,
    options: ExportOptions,
    *,
    others: Sequence[Archive] = (),
    counted: Callable[[Iterator[Any]], Iterator[Any]] = iter,
) -> Exported:
    """Write `target` completely or not at all, with the selection from the archive and `others`.

    `counted` receives the rows of articles and passes them on. Raises UsageError for an invalid day or column, UnknownSiteError if no
    archive has anything of the site, NotFoundError if nothing matches a named selection.
    """
    archives = (archive, *others)
    if options.site:
        require_site(archives, options.site)
    title = options.query or ", ".join(options.urls)
    first, *more = (_source(one, _filter(one, options), options, title=title) for one in archives)
    rows = counted(chain.from_iterable(part.articles for part in (first, *more)))
    source = replace(first, articles=rows, others=tuple(more))
    count = way.write(_with_something(source, way, options.name), target)
    return Exported(count=count, missing=source.without_originals)


def chosen_rows(archive: Archive, options: ExportOptions) -> Iterator[Any]:
    """Yield the rows of the selected articles in constant memory; raises UsageError for an invalid day."""
    return selected_articles(archive.db, _filter(archive, options))


def export_periods(archive: Archive, way: Format, folder: Path, options: ExportOptions, *, period: Period) -> Exported:
    """Write one file for each year or month, in Hive-style folders; the file has the archive's name, so that shards do not collide.

    A file of an earlier export is removed if its period is within the selected days and is empty now.
    """
    if options.site:
        archive.require_site(options.site)
    choice = _filter(archive, options)
    count, written = 0, set[Path]()
    for first in periods(archive.db, choice, PERIODS[period]):
        file = _file_of(folder, first, f"{archive.collection.name}{way.suffix}")
        _make_folder(file.parent)
        part = replace(
            choice, first_day=max(choice.first_day, first), last_day=min(choice.last_day or "9999", f"{first}-99")
        )
        count += way.write(_source(archive, part, options, title=archive.collection.name), file)
        written.add(file)
    pattern = "/".join(("year=*", "month=*")[: 1 if period == "year" else 2])
    left = sorted(set(folder.glob(f"{pattern}/{escape(archive.collection.name)}{way.suffix}")) - written)
    removed = [file for file in left if _is_within(file.relative_to(folder), choice)]
    for file in removed:
        file.unlink()
    return Exported(count=count, removed=tuple(removed))


def _file_of(folder: Path, period: str, name: str) -> Path:
    year, _, month = period.partition("-")
    return folder / f"year={year}" / (f"month={month}" if month else "") / name


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritableError(folder, error) from error


def _is_within(file: Path, choice: ArticleFilter) -> bool:
    """Return whether the period of a file (`year=2026/month=11/NAME`) is entirely within the selected days."""
    try:
        year, month = [*(int(part.partition("=")[2]) for part in file.parts[:-1]), 0][:2]
        first, last = date(year, month or 1, 1), date(year, month or 12, monthrange(year, month or 12)[1])
    except ValueError:
        return False
    return choice.first_day <= first.isoformat() and last.isoformat() <= (choice.last_day or "9999")


def _filter(archive: Archive, options: ExportOptions) -> ArticleFilter:
    for day in (options.first_day, options.last_day):
        _check_day(day)
    spellings = tuple(dict.fromkeys(one for url in options.urls for one in (url, canonicalise(url)) if one))
    return ArticleFilter(
        site=options.site,
        first_day=options.first_day,
        last_day=options.last_day,
        urls=spellings,
        article_ids=(archive.matching(options.query, only=options.only) if options.query or options.only else None),
        all_versions=options.all_versions,
    )


def _check_day(day: str) -> None:
    try:
        is_day = not day or date.fromisoformat(day).isoformat() == day
    except ValueError:
        is_day = False
    if not is_day:
        raise UsageError(_("{day!r} is not a day: write it as 2024-12-31").format(day=day))


def _source(
    archive: Archive,
    choice: ArticleFilter,
    options: ExportOptions,
    *,
    title: str,
) -> Source:
    rows = selected_articles(archive.db, choice)
    return Source(
        collection=archive.collection.folder,
        files=archive.files,
        created=datetime.now(UTC),
        title=title or options.site or archive.collection.name,
        captures=chain(_captures(archive, choice), _loaded(archive, choice) if options.urls else ()),
        articles=_with_columns(rows, options.columns) if options.columns else rows,
        columns=options.columns,
        original=lambda record: original_place(archive, record),
    )


def _with_columns(rows: Iterable[Mapping[str, Any]], names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    if unknown := [name for name in names if name not in TYPES]:
        raise UsageError(
            _("articles have no column {unknown!r}: choose from {types}").format(
                unknown=unknown[0], types=", ".join(TYPES)
            )
        )
    return ({name: _value(row, name) for name in names} for row in rows)


def _value(row: Mapping[str, Any], name: str) -> Any:
    """Return a column of a row; missing blocks are made from the text, which may not be selected itself."""
    return dumps(body_of(row)) if name == "body" and row.get(name) is None else row.get(name)


def _with_something(source: Source, way: Format, wanted: str) -> Source:
    """Return the source; raise NotFoundError, before a file is replaced by an empty one, if nothing matches `wanted`."""
    if way.of == "articles":
        rows = iter(source.articles)
        first = list(islice(rows, 1))
        found, some = replace(source, articles=chain(first, rows)), bool(first)
    else:
        parts = [_looked_at(part) for part in source.parts]
        found, some = replace(parts[0][0], others=tuple(part for part, _ in parts[1:])), any(any_ for _, any_ in parts)
    if wanted and not some:
        raise NotFoundError(wanted)
    return found


def _looked_at(part: Source) -> tuple[Source, bool]:
    """Return an equal source, and whether it has any captures."""
    captures = iter(part.captures)
    first = list(islice(captures, 1))
    return replace(part, captures=chain(first, captures)), bool(first)


def _captures(archive: Archive, choice: ArticleFilter) -> Iterator[Chosen]:
    for row in selected_captures(archive.db, choice):
        yield Chosen(
            location=place_of(row),
            title=row["title"],
            text=row["text"],
            is_page=bool(row["title"]) or (row["status"] == 200 and row["mime"] in HTML),
            renderings=rendered_places(archive, row),
        )


def _loaded(archive: Archive, choice: ArticleFilter) -> Iterator[Chosen]:
    """Yield the requisites of the pages selected by URL, which need them for display."""
    pages = [row for row in selected_captures(archive.db, choice) if row["status"] == 200 and row["mime"] in HTML]
    if not pages:
        return
    with replay_pool() as pool:
        for capture in (archive.capture(row["id"]) for row in pages):
            for row in loaded_by(archive, capture, pool):
                yield Chosen(location=place_of(row), is_page=False)


def place_of(row: Mapping[str, object]) -> Location:
    """Return the location of a capture's record."""
    return Location(
        filename=str(row["warc_filename"]),
        offset=int(str(row["warc_record_offset"])),
        length=int(str(row["warc_record_length"])),
    )


def rendered_places(archive: Archive, row: Mapping[str, object]) -> tuple[Location, ...]:
    """Return the locations of the rendering records of a capture."""
    return tuple(place_of(one) for one in renderings.of_responses(archive.db, [str(row["record_id"])]))


def original_place(archive: Archive, record: Record) -> Location | None:
    """Return the location of the response that a revisit refers to; None if the archive does not hold it."""
    refers_to, url, date = record.refers_to
    named = {"refers_to": refers_to, "refers_to_url": url, "refers_to_date": date}
    digest = record.get("WARC-Payload-Digest")
    row = captures.original_of(archive.db, {"url": record.url, "payload_digest": digest, **named})
    return place_of(row) if row else None
