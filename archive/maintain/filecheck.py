"""Check one WARC file: each record, the rows that point into it, its lines in the index; report problems in a `VerifyReport`."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive import warc
from archive.errors import DamagedFileError
from archive.files import replace_file
from archive.index import captures, places, renderings
from archive.index.columns import text_block
from archive.ingest.copying import reject_reason
from archive.locale import N_
from archive.storage import not_the_same
from archive.warc import cdxj
from archive.warc.record import is_digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from archive.collection import FileLocator
    from archive.index import Store
    from archive.index.files import FileRow
    from archive.storage import StoredFile

# A closed file in a storage, and whether it has changed since it was closed.


class HashingReader:
    """A stored file that is read from start to end while its SHA-256 is computed, in one transfer."""

    def __init__(self, holdings: FileLocator, row: FileRow) -> None:
        self._row, self._digest, self._hashed = row, hashlib.sha256(), 0
        self.file: StoredFile = holdings.stored(row, on_window=self._hash_window)

    def _hash_window(self, offset: int, data: bytes) -> None:
        """Hash the windows in order; repeated or early ones are hashed in their turn."""
        if offset <= self._hashed < offset + len(data):
            self._digest.update(data[self._hashed - offset :])
            self._hashed = offset + len(data)

    def is_unchanged(self) -> bool:
        """Read the rest of the file and compare; raise StorageError if it is unavailable."""
        while self._hashed < self._row.bytes:
            before = self._hashed
            data = self.file.window(self._hashed)
            if self._hashed == before:  # kept from an earlier check and not reported yet
                self._hash_window(before, data)
        there = self.file.storage.stat(self.file.key)
        whole = there is not None and there.size == self._row.bytes
        return whole and self._digest.hexdigest() == self._row.sha256


def fetch_file(holdings: FileLocator, row: FileRow, folder: Path) -> Path:
    """Download a stored file into `folder`, completely or not at all, and return its path.

    Raises:
        StorageError: it is unavailable, or has changed since it was closed.
        NotWritableError: the disk is full.
    """
    reader = HashingReader(holdings, row)
    path = folder / row.filename
    half = folder / f".{row.filename}.{os.getpid()}.fetched"
    try:
        replace_file(half, _windows(reader.file), mode=0o444)
        if not reader.is_unchanged():
            raise not_the_same(row.storage, row.filename)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    return path


def _windows(file: StoredFile) -> Iterator[bytes]:
    at = 0
    while data := file.window(at):
        yield data
        at += len(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProblem:
    """One problem: its file, byte, record and URL ('' and -1 if unknown).

    `kind` is one of `damaged` (not readable), `block-digest`, `payload-digest`, `row` (a row without its record), `no-row` (a record
    without its row), `text` (an article and its text record differ), `manifest`, `index`, `missing` (a file),
    `storage` (an uploaded file has changed or is unavailable), `link` (a symbolic link in the place of a file).
    """

    kind: str
    file: str
    detail: str
    offset: int = -1
    record_id: str = ""
    url: str = ""

    def __str__(self) -> str:
        place = N_(f"{self.file} at byte {self.offset}") if self.offset >= 0 else self.file
        return " ".join(part for part in (f"{place}: {self.detail}", self.record_id, self.url) if part)


@dataclass(slots=True, kw_only=True)
class VerifyReport:
    """The counts of a verification, and the problems found.

    `away` counts files in a storage that were not checked, `noted` digests that were already wrong when their file was imported and
    have not changed since.
    """

    files: int = 0
    away: int = 0
    records: int = 0
    size: int = 0
    rows: int = 0
    noted: int = 0
    problems: list[FileProblem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


class FileCheck:
    """The check of one WARC file; after `run`, `lines` is the fingerprint of the index lines of its records."""

    def __init__(
        self,
        path: Path | StoredFile,
        store: Store,
        report: VerifyReport,
        texts: dict[str, int],
        *,
        in_use: bool,
        progress: Callable[[str, int], None] | None,
    ) -> None:
        self.path, self.store, self.report, self.texts = path, store, report, texts
        self.is_open = path.name.endswith(warc.OPEN)
        self.name = path.name.removesuffix(warc.OPEN)
        self.in_use = in_use and self.is_open
        self.lines = NOTHING
        self._progress = progress
        self._rows = {row["offset"]: row for row in places.captures_in(store.db, self.name)}
        self._articles = places.articles_in(store.db, self.name)
        self._renderings = {row["offset"]: row for row in renderings.in_file(store.db, self.name)}
        self._noted = captures.digest_notes(store.db, self.name)
        self._seen: dict[int, tuple[int, str]] = {}
        self._headers: Counter[bytes] = Counter()
        self._odd: dict[bytes, warc.Record] = {}

    def run(self) -> None:
        """Check every record, then every row that points into the file."""
        if not self._is_here():
            return
        self.report.files += 1
        for record in self._records():
            self.report.records += 1
            self._check(record)
        if self._is_here():
            self.report.size += self.path.stat().st_size if isinstance(self.path, Path) else self.path.size
        self._check_articles()
        for row in self._rows.values():
            self._report("row", N_("a capture row points here, but there is no such record"), row)
        for row in self._renderings.values():
            self._report("row", N_("a row of renderings points here, but there is no such record"), row)

    def _is_here(self) -> bool:
        """Find a file that a crawl has closed since it was listed; return whether it exists, since empty ones are removed."""
        if isinstance(self.path, Path) and self.is_open and not self.path.exists():
            self.path = self.path.with_name(self.name)
        return not isinstance(self.path, Path) or self.path.exists()

    def _records(self) -> Iterator[warc.Record]:
        """Yield every readable record, also those after damage, and report the damage."""
        start: int | None = 0
        while start is not None:
            try:
                yield from self._undamaged(start)
                start = None
            except FileNotFoundError:  # when it is opened, before any record
                if not self._is_here():
                    return
            except DamagedFileError as damage:
                start = warc.next_member(self.path, damage.offset) if self._is_here() else None
                if start is not None or not self.in_use:
                    row = self._rows.pop(damage.offset, {})
                    self._report("damaged", damage.problem, {"offset": damage.offset, **row})

    def _undamaged(self, start: int) -> Iterator[warc.Record]:
        for number, record in enumerate(warc.read_records(self.path, start=start)):
            if self._progress and not number % 100:
                self._progress(self.name, record.location.offset)
            yield record

    def _check(self, record: warc.Record) -> None:
        offset = record.location.offset
        self._seen[offset] = (record.location.length, record.get("WARC-Payload-Digest"))
        self._headers[record.member_header] += 1
        self._odd.setdefault(record.member_header, record)
        if (label := record.get("WARC-Block-Digest")) and record.whole and not is_digest_of(label, record.block):
            self._report_digest("block", N_("its block does not match its WARC-Block-Digest"), record)
        elif record.type == "response" and not record.truncated and not _payload_matches(record):
            self._report_digest("payload", N_("its payload does not match its WARC-Payload-Digest"), record)
        if entry := cdxj.entry_of_record(record):
            self.lines = plus(self.lines, entry.line())
        if record.type == "conversion" and record.id in self.texts:
            self._check_text(record, self.texts.pop(record.id))
        if record.is_capture:
            self._check_row(record)
        elif self._renderings.get(offset, {}).get("record_id") == record.id:
            self._renderings.pop(offset)

    def _check_row(self, record: warc.Record) -> None:
        self.report.rows += 1
        row = self._rows.pop(record.location.offset, None)
        if row is None:
            held = captures.of_record(self.store.db, record.id)  # the row of a copy is at another location
            if not self.in_use and held is None and reject_reason(record) is None:
                self._report_record("no-row", N_("the database has no row of this record: run `warraq repair`"), record)
            return
        wrong = [
            name
            for name, value in (
                ("record id", row["record_id"] != record.id),
                ("URL", row["url"] != record.url),
                ("length", row["length"] != record.location.length),
                ("type", row["record_type"] != record.type),
                ("payload digest", _differ(row["payload_digest"], record.get("WARC-Payload-Digest"))),
            )
            if value
        ]
        if wrong:
            self._report_record("row", N_(f"row {row['id']} of captures says otherwise: {', '.join(wrong)}"), record)

    def _check_text(self, record: warc.Record, article: int) -> None:
        title, text = places.text_of(self.store.db, article)
        if record.block.decode("utf-8", "replace") != text_block(title, text):
            self._report_record("text", N_(f"article {article} differs from its text record"), record)

    def _check_articles(self) -> None:
        for row in self._articles:
            self.report.rows += 1
            length, digest = self._seen.get(row["offset"], (-1, ""))
            if length != row["length"] or _differ(row["payload_digest"], digest):
                self._report("row", N_(f"article {row['id']} was read from here, but there is no such record"), row)

    def check_headers(self) -> None:
        """Find a changed byte of a gzip header, which no checksum covers, in a file that has changed since it was closed.

        Members written by warraq start with the same ten bytes; imported ones may start with others.
        """
        if self._headers.most_common(1)[:1] == [(warc.GZIP_HEADER, self._headers[warc.GZIP_HEADER])]:
            for header, record in self._odd.items():
                if header != warc.GZIP_HEADER:
                    self._report_record("damaged", N_("its gzip header is not the one that was written"), record)

    def _report_digest(self, field: str, detail: str, record: warc.Record) -> None:
        """Report a wrong digest, unless it was wrong when the file was imported and the block is unchanged since."""
        if self._noted.get((record.location.offset, field)) == record.block_digest:
            self.report.noted += 1
        else:
            self._report_record(f"{field}-digest", detail, record)

    def _report_record(self, kind: str, detail: str, record: warc.Record) -> None:
        self._report(kind, detail, {"offset": record.location.offset, "record_id": record.id, "url": record.url})

    def _report(self, kind: str, detail: str, where: dict[str, Any]) -> None:
        self.report.problems.append(
            FileProblem(
                kind=kind,
                file=self.name,
                detail=detail,
                offset=where.get("offset", -1),
                record_id=where.get("record_id", ""),
                url=where.get("url", ""),
            )
        )


def _differ(one: str, other: str) -> bool:
    """Return whether two digests, if both are known, differ."""
    return bool(one and other and one != other)


def _payload_matches(record: warc.Record) -> bool:
    label = record.get("WARC-Payload-Digest")
    return not label or not record.whole or any(is_digest_of(label, data) for data in warc.payloads(record.block))


Fingerprint = tuple[int, int]
"""The number of lines and the sum of their hashes; valid within one process."""

NOTHING: Fingerprint = (0, 0)


def plus(fingerprint: Fingerprint, line: str) -> Fingerprint:
    """Return the fingerprint with one more line."""
    return fingerprint[0] + 1, (fingerprint[1] + hash(line)) & 0xFFFFFFFFFFFFFFFF


def of_lines(lines: Iterable[str]) -> Fingerprint:
    """Return the fingerprint of these lines."""
    total = NOTHING
    for line in lines:
        total = plus(total, line)
    return total


def of_index(folder: Path) -> dict[str, Fingerprint]:
    """Return the fingerprint of each WARC file's lines in the index of `folder`; under '' that of invalid lines."""
    found: dict[str, Fingerprint] = {}
    for line in cdxj.Index(folder).lines():
        name = cdxj.filename_of(line)
        found[name] = plus(found.get(name, NOTHING), line)
    return found
