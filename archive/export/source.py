"""Provide the input of an export: the selected captures, their records and referenced records, each once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive.warc import Record, find_file, read_at, read_raw, read_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from archive.capture import Location
    from archive.storage import StoredFile
    from archive.warc import Files


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One capture to export; `title` and `text` are of its article, '' if it has none (or is not a page to list).

    `renderings` are its rendering records, and those of its server's certificates.
    """

    location: Location
    title: str = ""
    text: str = ""
    is_page: bool = True
    renderings: tuple[Location, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The selection as streams: `articles` as rows of their table, `captures` as locations in `archive/`.

    `columns` are the names of the selected columns of articles, if not all.

    `others` are the sources of further archives, used for captures only: `articles` has the articles of all archives.

    `original` finds the response that a revisit record refers to; if it returns None, `records` adds the revisit's URL to `missing`.
    `files` also finds uploaded files (`Archive.files`); without it all files are in `archive/`.
    """

    collection: Path
    files: Files | None = None
    created: datetime
    title: str = ""
    software: str = "warraq"
    captures: Iterable[Chosen] = ()
    articles: Iterable[Mapping[str, Any]] = ()
    columns: tuple[str, ...] = ()
    original: Callable[[Record], Location | None] = field(default=lambda _: None)
    missing: list[str] = field(default_factory=list)
    others: tuple[Source, ...] = ()

    @property
    def without_originals(self) -> tuple[str, ...]:
        """The `missing` of all archives, complete once `records` is exhausted."""
        return tuple(url for part in self.parts for url in part.missing)

    @property
    def parts(self) -> tuple[Source, ...]:
        """One for each archive."""
        return (self, *self.others)

    @property
    def where(self) -> Path | Files:
        """The argument by which `archive.warc.read_at` and similar functions find the files."""
        return self.files or self.collection / "archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One record to export, parsed and as its gzip member; `chosen` is set on records of the selection."""

    record: Record
    raw: bytes
    chosen: Chosen | None = None


def records(source: Source) -> Iterator[Found]:
    """Yield the records of all selected captures, each once: warcinfo, response, request, metadata, and originals of revisits.

    Raises:
        DamagedFileError: a selected record is damaged.
    """
    for part in source.parts:
        done: set[tuple[str, int]] = set()
        for chosen in part.captures:
            yield from _rendered(part.where, chosen, done)  # first, because readers of the page need them
            for found in _exchange(part.where, chosen.location, chosen, done):
                yield found
                if found.record.type != "revisit":
                    continue
                if place := part.original(found.record):
                    yield from _exchange(part.where, place, None, done)
                else:
                    part.missing.append(found.record.url)


def _rendered(where: Path | Files, chosen: Chosen, done: set[tuple[str, int]]) -> Iterator[Found]:
    for location in chosen.renderings:
        place = (location.filename, location.offset)
        if place not in done:
            done.add(place)
            yield Found(record=read_at(where, location), raw=read_raw(where, location))


def _exchange(
    where: Path | Files, location: Location, chosen: Chosen | None, done: set[tuple[str, int]]
) -> Iterator[Found]:
    name = location.filename
    path = where.find(name) if not isinstance(where, Path) else find_file(where, name)
    first = _first_of(path) if location.offset and (name, 0) not in done else ()
    for record in (*first, *exchange_records(path, location)):
        place = (record.location.filename, record.location.offset)
        if place not in done:
            done.add(place)
            wish = chosen if record.location == location else None
            yield Found(record=record, raw=read_raw(where, record.location), chosen=wish)


def _first_of(path: Path | StoredFile) -> Iterator[Record]:
    """Yield the warcinfo record of a file."""
    first = next(read_records(path))
    if first.type == "warcinfo":
        yield first


def exchange_records(path: Path | StoredFile, location: Location) -> Iterator[Record]:
    """Yield the record and the concurrent ones right after it."""
    following = read_records(path, start=location.offset)
    record = next(following)
    yield record
    for other in following:
        if other.get("WARC-Concurrent-To") != record.id:
            return
        yield other
