"""Maintain `indexes/index.cdxj`, the sorted index that replay tools use to look up captures.

A line is `urlkey timestamp {"url": …, "mime": …, "status": …, "digest": …, "length": …, "offset": …, "filename": …}`,
as cdxj-indexer writes it; with the WARCs in `archive/` and this in `indexes/`, the folder is a collection that pywb
serves. A 304 has no line: replay tools would send it to a browser, which would have nothing to show; without the line
they show the nearest capture that has the page, which the 304 confirmed. (Both are rows in the database.)
"""

from __future__ import annotations

import heapq
import io
import json
import mmap
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from archive.capture import Location
from archive.files import open_read, replace_file
from archive.files.clock import warc_timestamp
from archive.urls.surt import surt
from archive.warc import PAGE_BLOCK, Record, read_on, sha1_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from archive.storage import StoredFile
    from archive.warc import Written

INDEX = "index.cdxj"
REVISIT_MIME = "warc/revisit"
MIME_END = re.compile(r"[;\s]")
HTTP = ("response", "revisit")
NOT_MODIFIED = 304
LINE = re.compile(r"\S+ \d{14} \{")
FILENAME = '"filename": "'


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the index; `status` is '' for a record that was not served over HTTP."""

    urlkey: str
    timestamp: str
    url: str
    mime: str
    status: str
    digest: str
    location: Location

    def line(self) -> str:
        """Return the line without its line end: fields in the usual order, without empty ones."""
        fields = {"url": self.url, "mime": self.mime, "status": self.status, "digest": self.digest}
        place = self.location
        kept = {name: value for name, value in fields.items() if value}
        kept |= {"length": str(place.length), "offset": str(place.offset), "filename": place.filename}
        return f"{self.urlkey} {self.timestamp} {json.dumps(kept)}"


def parse_line(line: str) -> Entry:
    """Return the entry of a line of any CDXJ index.

    Raises:
        ValueError: it is not a CDXJ line.
    """
    urlkey, timestamp, fields = line.rstrip("\n").split(" ", 2)
    try:
        values = json.loads(fields)
        place = Location(filename=str(values["filename"]), offset=int(values["offset"]), length=int(values["length"]))
    except (KeyError, TypeError, RecursionError, OverflowError) as error:
        raise ValueError(f"not a CDXJ line: {type(error).__name__} {error}") from error
    texts = {name: str(values.get(name, "")) for name in ("url", "mime", "status", "digest")}
    return Entry(urlkey=urlkey, timestamp=timestamp, location=place, **texts)


def filename_of(line: str) -> str:
    """Return the filename in a line, '' for what is not a line; warraq's own lines end in it and are not parsed."""
    _, found, name = line.rpartition(FILENAME)
    if found and name.endswith('"}') and "\\" not in name and LINE.match(line):
        return name[:-2]
    try:
        return parse_line(line).location.filename
    except ValueError:
        return ""


def _renamed(line: str, names: Mapping[str, str]) -> str:
    old = filename_of(line)
    if names[old] == old:
        return line
    entry = parse_line(line)
    return replace(entry, location=replace(entry.location, filename=names[old])).line()


def entry_of_record(record: Record) -> Entry | None:
    """Return the entry of a record, None for one that is not replayed (request, metadata, text, 304, not HTTP, no date)."""
    status, body, moment = "", record.block, warc_timestamp(record.date)
    mime = _word(record.get("Content-Type"))
    if record.type in HTTP:
        response = record.http
        if response is None or response.status == NOT_MODIFIED:
            return None
        status, body = str(response.status), response.body
        mime = REVISIT_MIME if record.type == "revisit" else _word(response.get("Content-Type"))
    elif record.type != "resource" or record.get("Content-Type") == "application/warc-fields":
        return None
    if not moment:
        return None
    return Entry(
        urlkey=surt(record.url),
        timestamp=moment,
        url=record.url,
        mime=mime,
        status=status,
        digest=record.get("WARC-Payload-Digest") or (sha1_digest(body) if record.length <= PAGE_BLOCK else ""),
        location=record.location,
    )


def entry_of_written(urlkey: str, written: Written) -> Entry | None:
    """Return the entry of a capture that was just written: the same as `entry_of_record`, without reading it back."""
    if written.location is None or written.status in {0, NOT_MODIFIED}:
        return None
    return Entry(
        urlkey=urlkey,
        timestamp=warc_timestamp(written.date),
        url=written.url,
        mime=REVISIT_MIME if written.record_type == "revisit" else written.mime,
        status=str(written.status),
        digest=written.index_digest,
        location=written.location,
    )


def _word(content_type: str) -> str:
    return MIME_END.split(content_type, maxsplit=1)[0].strip()


class Index:
    """The index of one collection folder (`archive/`, `indexes/`), updated whenever a file is closed."""

    def __init__(self, collection: Path) -> None:
        self.path = collection / "indexes" / INDEX
        self._pending: dict[str, list[str]] = {}

    def add(self, urlkey: str, written: Written) -> None:
        """Hold the entry of a capture until its file is closed."""
        self._remember(entry_of_written(urlkey, written))

    def add_record(self, record: Record) -> None:
        """Hold the entry of a record until `reread` is called at the end of its file."""
        self._remember(entry_of_record(record))

    def add_entry(self, entry: Entry) -> None:
        """Hold the entry of a written record that is not a capture until its file is closed."""
        self._remember(entry)

    def _remember(self, entry: Entry | None) -> None:
        if entry:
            self._pending.setdefault(entry.location.filename, []).append(entry.line())

    def reread(self, filename: str) -> None:
        """Replace the lines of a file in the index with the records added for it."""
        self.replace({filename: sorted(self._pending.pop(filename, []))})

    def closed(self, warc: Path) -> None:
        """Merge the entries held for a closed file, or else those read from it, into the index; the `on_close` of a WarcWriter."""
        lines = self._pending.pop(warc.name, None)
        self.replace({warc.name: sorted(lines) if lines is not None else lines_of(warc)})

    def replace(self, files: dict[str, list[str]], *, more: Iterable[str] = ()) -> None:
        """Replace the lines of these files in the index with the given (sorted) ones; [] removes a file.

        `more` has further sorted lines of files whose list is empty; they are streamed, so that any number fits in memory.
        Anything that is not an index line is dropped: the index is derived, and `verify` compares it with the files.
        """
        kept = (line for line in self.lines() if filename_of(line) not in {"", *files})
        merged = heapq.merge(kept, more, *files.values())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self.path, (f"{line}\n".encode() for line in _once(merged)))

    def lines_as(self, names: Mapping[str, str]) -> Iterator[str]:
        """Yield the lines of these files in order; `names` maps their names here to those in another collection."""
        theirs = (line for line in self.lines() if filename_of(line) in names)
        for _, group in groupby(theirs, key=lambda line: line.split(" ", 2)[:2]):
            yield from sorted(_renamed(line, names) for line in group)

    def lines(self) -> Iterator[str]:
        """Yield all lines in order, without line ends."""
        if self.path.exists():
            with io.TextIOWrapper(open_read(self.path), encoding="utf-8", errors="replace") as file:
                for line in file:
                    yield line.rstrip("\n")

    def find(self, url: str) -> list[Entry]:
        """Return all captures of a URL, oldest first."""
        return list(self.starting(surt(url) + " "))

    def closest(self, url: str, moment: str) -> Entry | None:
        """Return the capture of a URL nearest in time to the 14-digit `moment`, the earlier of two as near; None when there is none."""
        wanted = _time(moment)
        return min(self.find(url), key=lambda entry: abs(_time(entry.timestamp) - wanted), default=None)

    def starting(self, prefix: str) -> Iterator[Entry]:
        """Yield all entries whose lines start with `prefix` (`org,example)/` is a site), found by binary search."""
        if not self.path.exists() or not self.path.stat().st_size:
            return
        start = prefix.encode()
        with open_read(self.path) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as index:
            at = _first_at_least(index, start)
            while at < len(index):
                end = _line_end(index, at)
                line = index[at:end]
                if not line.startswith(start):
                    return
                with suppress(ValueError):  # a damaged line loses only its own capture
                    yield parse_line(line.decode())
                at = end + 1


def lines_of(warc: Path | StoredFile) -> list[str]:
    """Return the sorted index lines of a WARC file; damaged records are left out (`verify` reports them)."""
    entries = (entry_of_record(record) for record in read_on(warc, max_block=PAGE_BLOCK))
    return sorted(entry.line() for entry in entries if entry)


def _once(lines: Iterable[str]) -> Iterator[str]:
    before = None
    for line in lines:
        if line != before:
            yield line
        before = line


def _time(moment: str) -> datetime:
    return datetime.strptime(moment, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _line_end(index: mmap.mmap, at: int) -> int:
    end = index.find(b"\n", at)
    return len(index) if end == -1 else end


def _first_at_least(index: mmap.mmap, wanted: bytes) -> int:
    """Return the offset of the first line that sorts at or after `wanted`."""
    low, high = 0, len(index)
    while low < high:
        middle = (low + high) // 2
        start = index.rfind(b"\n", 0, middle) + 1
        end = _line_end(index, middle)
        if index[start:end] < wanted:
            low = end + 1
        else:
            high = start
    return low
