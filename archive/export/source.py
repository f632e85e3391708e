"""Provide the input of an export: the selected captures, their records and the records that these refer to, each once."""

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
    """One capture to export; `title` and `text` are of its article, '' when it is none (or not a page to list).

    `renderings` are the records that a browser made of it, and those of the certificates that its server showed.
    """

    location: Location
    title: str = ""
    text: str = ""
    is_page: bool = True
    renderings: tuple[Location, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The choice that was made, streaming: `articles` as rows of their table, `captures` as places in `archive/`.

    `columns` are the names of the articles' columns where not all of them were chosen.

    `others` are the same of further archives, of which only what was captured is taken: `articles` holds those of all.

    `original` finds the response that a revisit record refers to; None when the archive does not hold it: `missing` then gets the
    revisit's URL, as `records` meets it. `files` finds files also
    where they were uploaded to (`Archive.files`); without it they are all in `archive/`.
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
        """The `missing` of all archives: complete when `records` has been read to its end."""
        return tuple(url for part in self.parts for url in part.missing)

    @property
    def parts(self) -> tuple[Source, ...]:
        """One for each archive."""
        return (self, *self.others)

    @property
    def where(self) -> Path | Files:
        """What finds the files: `archive.warc.read_at` and its kind take it."""
        return self.files or self.collection / "archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One record to export, parsed and as its gzip member; `chosen` is set on those that were asked for."""

    record: Record
    raw: bytes
    chosen: Chosen | None = None


def records(source: Source) -> Iterator[Found]:
    """Yield the records of all chosen captures, each once: warcinfo, response, request, metadata, and originals of revisits.

    Raises:
        DamagedFileError: a chosen record is not whole.
    """
    for part in source.parts:
        done: set[tuple[str, int]] = set()
        for chosen in part.captures:
            yield from _rendered(part.where, chosen, done)  # first, for who reads the page must know them
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
    """Yield the warcinfo that says how the records of a file were made."""
    first = next(read_records(path))
    if first.type == "warcinfo":
        yield first


def exchange_records(path: Path | StoredFile, location: Location) -> Iterator[Record]:
    """Yield the record and those right after it that say they are concurrent to it."""
    following = read_records(path, start=location.offset)
    record = next(following)
    yield record
    for other in following:
        if other.get("WARC-Concurrent-To") != record.id:
            return
        yield other
