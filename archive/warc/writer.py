"""Writes captures to rotating WARC files, durable when told to be: captures in, the places of their records out."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from archive.capture import Capture, Location
from archive.durable import sync_folder
from archive.errors import NotWritableError
from archive.http import NotHttp, Response, parse_response
from archive.warc.manifest import add_to_manifest
from archive.warc.record import (
    WARC_FIELDS,
    Original,
    member,
    new_record_id,
    sha1_digest,
    stored_from,
    target_uri,
    warc_date,
    warc_fields,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

OPEN = ".open"
NOT_MODIFIED = 304
PROFILES = "http://netpreserve.org/warc/1.1/revisit/"
HTTP_VERSION = re.compile(r"HTTP/(1\.[01]|2|3)", re.IGNORECASE)
FORMAT = (
    ("format", "WARC File Format 1.1"),
    ("conformsTo", "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"),
)

Headers = list[tuple[str, str]]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a capture: ids and places of its records ('' and None where there is none), what an index needs.

    `record_type` is `response`, `revisit`, or '' when nothing of a response came; `url` and `date` as written; `mime`
    as served, without parameters. `payload_digest` is '' when there is none; `index_digest` is then of what came,
    as indexing tools make it up.
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


class WarcWriter:
    """The open WARC file of one crawl, and the closed ones that came before it.

    A file is `NAME.warc.gz.open` while it is written; closed, it is renamed, fsynced, read-only and in the manifest.
    Locations carry the final name. Nothing is acknowledged before `sync()` returns.
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
        """`info`: warcinfo fields (software, operator, robots, …); `on_close` is told each closed file's final path."""
        self.folder = folder
        self._info = dict(info)
        self._prefix = _file_word(prefix)
        self._host = _file_word(host or socket.gethostname())
        self._max_bytes, self._max_age = max_bytes, max_age
        self._clock, self._on_close = clock, on_close
        self._serial = 0
        self._file: _OpenFile | None = None

    def __enter__(self) -> WarcWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def filename(self) -> str:
        """The final name of the file that is open now, '' when none is."""
        return self._file.name if self._file else ""

    def write_capture(self, capture: Capture, *, payload_digest: str, revisit_of: Original | None = None) -> Written:
        """Writes response, request and metadata; the response as a revisit, if `revisit_of` holds its payload.

        `revisit_of` is the earlier record with the same payload digest, or, for a 304, the one that is still valid.
        Either all records of the capture are in the file or none is.

        Raises:
            NotWritableError: disk full, or no permission; the file is cut back to the last whole record.
        """
        self.rotate_if_due()
        response = _response(capture.response)
        original = revisit_of if response else None
        if original and response and response.status == NOT_MODIFIED:
            payload_digest = original.payload_digest  # a 304 has no payload of its own: it vouches for that one
        kind = "" if not capture.response else "revisit" if original else "response"
        date = warc_date(capture.started)
        shared = [("WARC-Target-URI", target_uri(capture.url)), ("WARC-Date", date), *self._warcinfo()]
        shared += [("WARC-IP-Address", capture.ip)] if capture.ip else []
        response_id, request_id = new_record_id(), new_record_id()
        answer = [("WARC-Type", kind), ("WARC-Record-ID", response_id), *shared, *_connection(capture, response)]
        question = [("WARC-Type", "request"), ("WARC-Record-ID", request_id), *shared]
        concurrent = [("WARC-Concurrent-To", response_id if kind else request_id)]
        members = [_answer(answer, capture, response, original, payload_digest)] if kind else []
        members.append(_http(question + (concurrent if kind else []), "request", capture.request))
        if notes := _notes(capture):
            members.append(_metadata([*shared, *concurrent], notes))
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
            mime=_mime(response),
            payload_digest=payload_digest,
            index_digest=payload_digest or (sha1_digest(response.body) if response else ""),
        )

    def write_conversion(self, *, url: str, refers_to: str, date: datetime, text: str) -> tuple[str, Location]:
        """Writes the clean text of the page in record `refers_to`; gives the record's id and place."""
        return self._derived(
            "conversion", url=url, refers_to=refers_to, date=date, block=text.encode(), content="text/plain"
        )

    def write_metadata(
        self, *, url: str, refers_to: str, date: datetime, fields: Iterable[tuple[str, str]]
    ) -> tuple[str, Location]:
        """Writes something about the record `refers_to`, as warc-fields; gives the record's id and place."""
        block = warc_fields(fields)
        return self._derived("metadata", url=url, refers_to=refers_to, date=date, block=block, content=WARC_FIELDS)

    def sync(self) -> None:
        """Returns once everything written so far would survive a power cut."""
        if self._file:
            self._file.sync()

    def rotate_if_due(self) -> None:
        """Closes the file if it is large or old enough; the next record opens another."""
        file = self._file
        if file and (file.size >= self._max_bytes or self._clock() - file.opened >= self._max_age):
            self.close()

    def close(self) -> None:
        """Closes the open file for good: synced, renamed, read-only, in the manifest. Writing on opens the next one."""
        file, self._file = self._file, None
        if file:
            path = file.finish()
            if self._on_close:
                self._on_close(path)
            file.answer_for()

    def _derived(
        self, kind: str, *, url: str, refers_to: str, date: datetime, block: bytes, content: str
    ) -> tuple[str, Location]:
        self.rotate_if_due()
        record_id = new_record_id()
        headers = [("WARC-Type", kind), ("WARC-Record-ID", record_id), ("WARC-Target-URI", target_uri(url))]
        headers += [
            ("WARC-Date", warc_date(date)),
            *self._warcinfo(),
            ("WARC-Refers-To", refers_to),
            ("Content-Type", content),
        ]
        return record_id, self._append([member(headers, block)])[0]

    def _warcinfo(self) -> Headers:
        return [("WARC-Warcinfo-ID", self._current().info_id)]

    def _append(self, members: list[bytes]) -> list[Location]:
        return self._current().append(members)

    def _current(self) -> _OpenFile:
        if self._file is None:
            opened = self._clock().astimezone(UTC)
            stamp = opened.strftime("%Y%m%d%H%M%S") + f"{opened.microsecond // 1000:03d}"
            name = self._free_name(stamp)
            file = _OpenFile(self.folder, name, opened)
            fields = [*self._info.items(), *(pair for pair in FORMAT if pair[0] not in self._info)]
            headers = [("WARC-Type", "warcinfo"), ("WARC-Record-ID", file.info_id), ("WARC-Date", warc_date(opened))]
            headers += [("WARC-Filename", name), ("Content-Type", WARC_FIELDS)]
            file.append([member(headers, warc_fields(fields))])
            self._serial += 1
            self._file = file
        return self._file

    def _free_name(self, stamp: str) -> str:
        """The next name that no file has: closing one must never put it in another's place."""
        while True:
            name = f"{self._prefix}-{stamp}-{self._serial:05d}-{self._host}.warc.gz"
            if not (self.folder / name).exists():
                return name
            self._serial += 1


class _OpenFile:
    """One `.open` file: appends whole members or nothing, knows the size and sha256 of what it holds."""

    def __init__(self, folder: Path, name: str, opened: datetime) -> None:
        self.name, self.opened = name, opened
        self.info_id = new_record_id()
        self.size = 0
        self.path = folder / (name + OPEN)
        self._sha256 = hashlib.sha256()
        with self._writable():
            folder.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            sync_folder(folder)

    def append(self, members: list[bytes]) -> list[Location]:
        data = b"".join(members)
        with self._writable():
            try:
                at = 0
                while at < len(data):
                    at += os.pwrite(self._handle, memoryview(data)[at:], self.size + at)
            except OSError:
                os.ftruncate(self._handle, self.size)
                raise
        places, at = [], self.size
        for one in members:
            places.append(Location(filename=self.name, offset=at, length=len(one)))
            at += len(one)
        self.size = at
        self._sha256.update(data)
        return places

    def sync(self) -> None:
        with self._writable():
            os.fsync(self._handle)

    def finish(self) -> Path:
        final = self.path.with_name(self.name)
        with self._writable():
            os.fchmod(self._handle, 0o444)
            os.fsync(self._handle)
            os.close(self._handle)
            self.path.rename(final)
            sync_folder(final.parent)
        return final

    def answer_for(self) -> None:
        """Enters the file in the manifest: last of all, for a file without an entry is a crash's leftover."""
        with self._writable():
            add_to_manifest(self.path.parent, self.name, self._sha256.hexdigest())

    @contextlib.contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise NotWritableError(self.path, error) from error


def _file_word(word: str) -> str:
    return re.sub(r"[^A-Za-z0-9._]+", "_", word) or "_"


def _response(data: bytes) -> Response | None:
    try:
        return parse_response(data) if data else None
    except NotHttp:
        return None


def _http(headers: Headers, role: str, block: bytes, *, digest: str = "", stored: int = -1) -> bytes:
    digests = [("WARC-Payload-Digest", digest)] if digest else []
    return member(
        [*headers, *digests, ("Content-Type", f"application/http; msgtype={role}")], block, stored_from=stored
    )


def _answer(
    headers: Headers, capture: Capture, response: Response | None, original: Original | None, digest: str
) -> bytes:
    """The response record; of what is held already, a revisit record with the head as it was received."""
    if original and response:
        return _http([*headers, *_refers(original, response)], "response", response.head, digest=digest)
    cut = [("WARC-Truncated", capture.truncated)] if capture.truncated else []
    stored = stored_from(response) if response else -1
    return _http([*headers, *cut], "response", capture.response, digest=digest, stored=stored)


def _connection(capture: Capture, response: Response | None) -> Headers:
    """WARC-Protocol (one a layer) and WARC-Cipher-Suite, as IIPC's proposal to warc-specifications has them."""
    version = HTTP_VERSION.match(response.version) if response else None
    headers = [("WARC-Protocol", f"http/{version[1]}")] if version else []
    if capture.tls:
        protocol, cipher = capture.tls
        headers += [("WARC-Protocol", protocol.lower().replace("tlsv", "tls/")), ("WARC-Cipher-Suite", cipher)]
    return headers


def _refers(original: Original, response: Response) -> Headers:
    profile = "server-not-modified" if response.status == NOT_MODIFIED else "identical-payload-digest"
    return [
        ("WARC-Profile", PROFILES + profile),
        ("WARC-Refers-To", original.record_id),
        ("WARC-Refers-To-Target-URI", target_uri(original.url)),
        ("WARC-Refers-To-Date", original.date),
    ]


def _notes(capture: Capture) -> list[tuple[str, str]]:
    """What no field of the other records can say; interim responses in the response would pass for the answer."""
    notes = [("via", capture.via)] if capture.via else []
    if not capture.tls_verified:
        notes.append(("tls-verified", "no"))
    if capture.interim:
        notes.append(("http-interim-base64", base64.b64encode(capture.interim).decode("ascii")))
    return notes


def _metadata(headers: Headers, notes: list[tuple[str, str]]) -> bytes:
    first = [("WARC-Type", "metadata"), ("WARC-Record-ID", new_record_id())]
    return member([*first, *headers, ("Content-Type", WARC_FIELDS)], warc_fields(notes))


def _mime(response: Response | None) -> str:
    return re.split(r"[;\s]", response.get("Content-Type").strip(), maxsplit=1)[0] if response else ""
