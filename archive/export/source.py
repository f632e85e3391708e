"""What an export is made of: chosen captures of a collection in, their records (and what these need) out, each once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archive.warc import Record, find_file, read_raw, read_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from archive.capture import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One capture to export; `title` and `text` are of its article, '' when it is none (or not a page to list)."""

    location: Location
    title: str = ""
    text: str = ""
    is_page: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The choice that was made, streaming: `articles` as rows of their table, `captures` as places in `archive/`.

    `original` finds the response that a revisit record refers to; None when the archive does not hold it.
    """

    collection: Path
    created: datetime
    title: str = ""
    software: str = "warraq"
    captures: Iterable[Chosen] = ()
    articles: Iterable[Mapping[str, Any]] = ()
    original: Callable[[Record], Location | None] = field(default=lambda _: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One record to export, parsed and as its gzip member; `chosen` is set on those that were asked for."""

    record: Record
    raw: bytes
    chosen: Chosen | None = None


def records(source: Source) -> Iterator[Found]:
    """The records of all chosen captures, each once: warcinfo, response, request, metadata, and originals of revisits.

    Raises:
        DamagedFileError: a chosen record is not whole.
    """
    folder = source.collection / "archive"
    done: set[tuple[str, int]] = set()
    for chosen in source.captures:
        for found in _exchange(folder, chosen.location, chosen, done):
            yield found
            if found.record.type == "revisit" and (place := source.original(found.record)):
                yield from _exchange(folder, place, None, done)


def _exchange(folder: Path, location: Location, chosen: Chosen | None, done: set[tuple[str, int]]) -> Iterator[Found]:
    path = find_file(folder, location.filename)
    for record in (*_first_of(path, location), *_exchange_records(path, location)):
        place = (record.location.filename, record.location.offset)
        if place not in done:
            done.add(place)
            wish = chosen if record.location == location else None
            yield Found(record=record, raw=read_raw(folder, record.location), chosen=wish)


def _first_of(path: Path, location: Location) -> Iterator[Record]:
    """The warcinfo that says how the record was made."""
    if location.offset:
        first = next(read_records(path))
        if first.type == "warcinfo":
            yield first


def _exchange_records(path: Path, location: Location) -> Iterator[Record]:
    """The record and those right after it that say they are concurrent to it."""
    following = read_records(path, start=location.offset)
    record = next(following)
    yield record
    for other in following:
        if other.get("WARC-Concurrent-To") != record.id:
            return
        yield other
