"""Write captures to rotating WARC files. warcio's WARCWriter cannot remove half a capture when the disk is full.

It also costs 2.4 to 4.5 times the CPU, and does not write a parsed HTTP head with the received bytes (`python bench/warc.py`). warcio
serializes the header of each record.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from archive.files import Closing
from archive.warc.openfile import OpenFile, read_manifest
from archive.warc.record import (
    NOT_MODIFIED,
    WARC_FIELDS,
    Headers,
    answer_record,
    connection,
    http_record,
    member,
    metadata_record,
    mime_of,
    new_record_id,
    notes_on,
    sha1_digest,
    target_uri,
    warc_date,
    warc_fields,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from archive.capture import Capture, Location, Original

FORMAT = (
    ("format", "WARC File Format 1.1"),
    ("conformsTo", "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"),
)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A written capture: ids and locations of its records ('' and None for missing ones), and the values for an index.

    `record_type` is `response`, `revisit`, or '' when no response was received; `url` and `date` are as written; `mime`
    is as served, without parameters. When `payload_digest` is '', `index_digest` is that of the received bytes, as
    indexing tools compute it.
    """

    url: str
    record_type: str
    record_id: str
    location: Location | None
    request_id: str
    request_location: Location | None
    date: str
    status: int
    mime: str
    payload_digest: str
    index_digest: str


class WarcWriter(Closing):
    """Writes the WARC files of one crawl, one after the other.

    A file is `NAME.warc.gz.open` while it is written; closed, it is renamed, fsynced, read-only and in the manifest.
    Locations have the final name. Written records are durable once `sync()` returns.
    """

    def __init__(
        self,
        folder: Path,
        *,
        info: Mapping[str, str],
        prefix: str = "NEWS",
        host: str = "",
        max_bytes: int = 1 << 30,
        max_age: timedelta = timedelta(days=1),
        clock: Callable[[], datetime] = _now,
        on_close: Callable[[Path], None] | None = None,
    ) -> None:
        """`info`: warcinfo fields (software, operator, robots, …); `on_close` is called with each closed file's final path."""
        self.folder = folder
        self._info = dict(info)
        self._prefix = _file_word(prefix)
        self._host = _file_word(host or socket.gethostname())
        self._max_bytes, self._max_age = max_bytes, max_age
        self._clock, self._on_close = clock, on_close
        self._serial = 0
        self._file: OpenFile | None = None

    @property
    def filename(self) -> str:
        """Return the final name of the open file, '' when none is open."""
        return self._file.name if self._file else ""

    def write_capture(self, capture: Capture, *, payload_digest: str, revisit_of: Original | None = None) -> Written:
        """Write response, request and metadata records; with `revisit_of`, the response is written as a revisit.

        `revisit_of` is the earlier record with the same payload digest or, for a 304, the one that it confirms.
        Either all records of the capture are written or none.

        Raises:
            NotWritableError: the disk is full, or permission is missing; the file is truncated to its last complete record.
        """
        self.rotate_if_due()
        response = capture.http
        original = revisit_of if response else None
        if original and response and response.status == NOT_MODIFIED:
            payload_digest = original.payload_digest  # a 304 has no payload: it confirms that of the original
        kind = "" if not capture.response else "revisit" if original else "response"
        date = warc_date(capture.started)
        shared = [("WARC-Target-URI", target_uri(capture.url)), ("WARC-Date", date), *self._warcinfo()]
        shared += [("WARC-IP-Address", capture.ip)] if capture.ip else []
        response_id, request_id = new_record_id(), new_record_id()
        answer = [("WARC-Type", kind), ("WARC-Record-ID", response_id), *shared, *connection(capture, response)]
        question = [("WARC-Type", "request"), ("WARC-Record-ID", request_id), *shared]
        concurrent = [("WARC-Concurrent-To", response_id if kind else request_id)]
        members = [answer_record(answer, capture, response, original, payload_digest)] if kind else []
        members.append(http_record(question + (concurrent if kind else []), "request", capture.request))
        if notes := notes_on(capture):
            members.append(metadata_record([*shared, *concurrent], notes))
        places = self._append(members)
        return Written(
            url=target_uri(capture.url),
            record_type=kind,
            record_id=response_id if kind else "",
            location=places[0] if kind else None,
            request_id=request_id,
            request_location=places[1 if kind else 0],
            date=date,
            status=response.status if response else 0,
            mime=mime_of(response),
            payload_digest=payload_digest,
            index_digest=payload_digest or (sha1_digest(response.body) if response else ""),
        )

    def write_conversion(
        self, *, url: str, refers_to: str, date: datetime, content: str, block: str
    ) -> tuple[str, Location]:
        """Write a conversion of the page in record `refers_to`, of the media type `content`; return the id and location of the record."""
        return self._derived(
            "conversion", url=url, refers_to=refers_to, date=date, block=block.encode(), content=content
        )

    def write_resource(
        self, *, uri: str, concurrent_to: str = "", date: datetime, content: str, block: bytes
    ) -> tuple[str, Location]:
        """Write a resource that belongs to a capture into the open file, even if it is full, so that it is beside its response.

        WARC 1.1 (section 5.7) does not allow WARC-Refers-To in a resource record; WARC-Concurrent-To names the response.
        """
        return self._append_derived(
            "resource",
            url=uri,
            links=[("WARC-Concurrent-To", concurrent_to)] if concurrent_to else [],
            date=date,
            block=block,
            content=content,
        )

    def write_metadata(
        self, *, url: str, refers_to: str, date: datetime, fields: Iterable[tuple[str, str]]
    ) -> tuple[str, Location]:
        """Write a metadata record of warc-fields about the record `refers_to` ('' for none); return its id and location."""
        block = warc_fields(fields)
        return self._derived("metadata", url=url, refers_to=refers_to, date=date, block=block, content=WARC_FIELDS)

    def write_member(self, data: bytes) -> Location:
        """Append one gzip member of another file byte for byte; return its location."""
        self.rotate_if_due()
        return self._append([data])[0]

    def sync(self) -> None:
        """Return once everything written so far survives a power cut."""
        if self._file:
            self._file.sync()

    def rotate_if_due(self) -> None:
        """Close the file if it is large or old enough; the next record opens another."""
        file = self._file
        if file and (file.size >= self._max_bytes or self._clock() - file.opened >= self._max_age):
            self.close()

    def close(self) -> None:
        """Close the open file: sync it, rename it, make it read-only, and add it to the manifest. The next write opens a new file."""
        file, self._file = self._file, None
        if file:
            path = file.finish()
            if self._on_close:
                self._on_close(path)
            file.add_to_manifest()

    def _derived(
        self, kind: str, *, url: str, refers_to: str, date: datetime, block: bytes, content: str
    ) -> tuple[str, Location]:
        self.rotate_if_due()
        links = [("WARC-Refers-To", refers_to)] if refers_to else []
        return self._append_derived(kind, url=url, links=links, date=date, block=block, content=content)

    def _append_derived(
        self, kind: str, *, url: str, links: Headers, date: datetime, block: bytes, content: str
    ) -> tuple[str, Location]:
        record_id = new_record_id()
        headers = [("WARC-Type", kind), ("WARC-Record-ID", record_id), ("WARC-Target-URI", target_uri(url))]
        headers += [("WARC-Date", warc_date(date)), *self._warcinfo(), *links, ("Content-Type", content)]
        return record_id, self._append([member(headers, block)])[0]

    def _warcinfo(self) -> Headers:
        return [("WARC-Warcinfo-ID", self._current().info_id)]

    def _append(self, members: list[bytes]) -> list[Location]:
        return self._current().append(members)

    def _current(self) -> OpenFile:
        if self._file is None:
            opened = self._clock().astimezone(UTC)
            stamp = opened.strftime("%Y%m%d%H%M%S") + f"{opened.microsecond // 1000:03d}"
            name = self._free_name(stamp)
            file = OpenFile(self.folder, name, opened)
            fields = [*self._info.items(), *(pair for pair in FORMAT if pair[0] not in self._info)]
            headers = [("WARC-Type", "warcinfo"), ("WARC-Record-ID", file.info_id), ("WARC-Date", warc_date(opened))]
            headers += [("WARC-Filename", name), ("Content-Type", WARC_FIELDS)]
            file.append([member(headers, warc_fields(fields))])
            self._serial += 1
            self._file = file
        return self._file

    def _free_name(self, stamp: str) -> str:
        """Return the next name that was never used, not even by a file that was uploaded and removed here."""
        known = read_manifest(self.folder)
        while True:
            name = f"{self._prefix}-{stamp}-{self._serial:05d}-{self._host}.warc.gz"
            if name not in known and not (self.folder / name).exists():
                return name
            self._serial += 1


def _file_word(word: str) -> str:
    return re.sub(r"[^A-Za-z0-9._]+", "_", word) or "_"
