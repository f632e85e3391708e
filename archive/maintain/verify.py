"""Checks that an archive is what it says: every record, digest, row, index line and manifest entry; problems out, by record."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archive import cdxj, warc
from archive.errors import DamagedFileError
from archive.maintain import fingerprint
from archive.maintain.digests import matches
from archive.store import captures, places, runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path
    from typing import Any

    from archive.collection import Collection
    from archive.store import Store

LISTED = 1000
"""Problems kept in the log row of a run; a broken disk makes millions, and the count says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: in which file, at which byte, with which record, of which URL ('' and -1 where not known).

    `kind` is one of `damaged` (not readable), `block-digest`, `payload-digest`, `row` (a row without its record), `no-row` (a record
    without its row), `text` (an article and its text record differ), `manifest`, `index`, `missing` (a file).
    """

    kind: str
    file: str
    detail: str
    offset: int = -1
    record_id: str = ""
    url: str = ""

    def __str__(self) -> str:
        place = f"{self.file} at byte {self.offset}" if self.offset >= 0 else self.file
        return " ".join(part for part in (f"{place}: {self.detail}", self.record_id, self.url) if part)


@dataclass(slots=True, kw_only=True)
class Report:
    """What was looked at, counted, and what is wrong."""

    files: int = 0
    records: int = 0
    size: int = 0
    rows: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(
    collection: Collection,
    store: Store,
    *,
    clock: Callable[[], datetime],
    in_use: bool = False,
    progress: Callable[[str, int], None] | None = None,
) -> Report:
    """Reads every byte of the archive and checks it; writes one row to the log of runs.

    `in_use`: a crawl is writing meanwhile, so the end of an open file may be torn and its last records without rows. `progress` is
    told file name and byte offset now and then.
    """
    started = clock()
    report = Report()
    known = warc.read_manifest(collection.warcs)
    lines = fingerprint.of_index(collection.folder)
    texts = places.conversions(store.db)
    files = [*warc.closed_files(collection.warcs), *warc.open_files(collection.warcs)]
    for path in files:
        check = _File(path, store, report, texts, in_use=in_use, progress=progress)
        check.run()
        if check.is_open:
            continue
        if lines.pop(path.name, fingerprint.NOTHING) != check.lines:
            detail = "the lines of this file in indexes/index.cdxj are not those of its records: run `warraq repair`"
            report.problems.append(Problem(kind="index", file=path.name, detail=detail))
        _check_manifest(path, known, report)
    present = {path.name.removesuffix(warc.OPEN) for path in files}
    _check_missing(store, present, set(known), set(lines), report)
    if not in_use:
        for record_id, article in texts.items():
            detail = f"the text record of article {article} is in no file"
            report.problems.append(Problem(kind="text", file="", detail=detail, record_id=record_id))
    _log(store, report, started, clock())
    return report


def _check_manifest(path: Path, known: dict[str, str], report: Report) -> None:
    if path.name not in known:
        detail = "closed, but not in the manifest: run `warraq repair`"
    elif known[path.name] != warc.sha256_of(path):
        detail = "its bytes are not those that were closed (SHA-256 differs from the manifest)"
    else:
        return
    report.problems.append(Problem(kind="manifest", file=path.name, detail=detail))


def _check_missing(store: Store, present: set[str], known: set[str], indexed: set[str], report: Report) -> None:
    for name in sorted((places.filenames(store.db) | known | indexed) - present):
        detail = "the file is not there, but rows, index or manifest point to it"
        report.problems.append(Problem(kind="missing", file=name, detail=detail))


def _log(store: Store, report: Report, started: datetime, ended: datetime) -> None:
    counts = Counter(problem.kind for problem in report.problems)
    summary: dict[str, Any] = {
        "files": report.files,
        "records": report.records,
        "bytes": report.size,
        "rows": report.rows,
    }
    summary |= {"problems": dict(counts), "first": [str(problem) for problem in report.problems[:LISTED]]}
    with store.atomic():
        run = runs.begin(store.db, kind="verify", site="", at=_iso(started))
        runs.end(store.db, run, at=_iso(ended), result="ok" if report.ok else "problems", summary=summary)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class _File:
    """The check of one WARC file."""

    def __init__(
        self,
        path: Path,
        store: Store,
        report: Report,
        texts: dict[str, int],
        *,
        in_use: bool,
        progress: Callable[[str, int], None] | None,
    ) -> None:
        self.path, self.store, self.report, self.texts = path, store, report, texts
        self.is_open = path.name.endswith(warc.OPEN)
        self.name = path.name.removesuffix(warc.OPEN)
        self.in_use = in_use and self.is_open
        self.lines = fingerprint.NOTHING
        self._progress = progress
        self._rows = {row["offset"]: row for row in places.captures_in(store.db, self.name)}
        self._articles = places.articles_in(store.db, self.name)
        self._seen: dict[int, tuple[int, str]] = {}
        self._headers: Counter[bytes] = Counter()
        self._odd: dict[bytes, warc.Record] = {}

    def run(self) -> None:
        """Looks at every record, then at every row that points into the file."""
        self.report.files += 1
        self.report.size += self.path.stat().st_size
        for record in self._records():
            self.report.records += 1
            self._check(record)
        self._check_headers()
        self._check_articles()
        for row in self._rows.values():
            self._report("row", "a capture row points here, and there is no such record", row)

    def _records(self) -> Iterator[warc.Record]:
        """Every readable record, also those after damage; the damage is reported as it is met."""
        start: int | None = 0
        while start is not None:
            try:
                yield from self._undamaged(start)
                start = None
            except DamagedFileError as damage:
                start = warc.next_member(self.path, damage.offset)
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
        if (label := record.get("WARC-Block-Digest")) and record.whole and not matches(label, record.block):
            self._blame("block-digest", "its block is not what its WARC-Block-Digest was made of", record)
        elif record.type == "response" and not record.get("WARC-Truncated") and not _payload_matches(record):
            self._blame("payload-digest", "its payload is not what its WARC-Payload-Digest was made of", record)
        if entry := cdxj.entry_of_record(record):
            self.lines = fingerprint.plus(self.lines, entry.line())
        if record.type == "conversion" and record.id in self.texts:
            self._check_text(record, self.texts.pop(record.id))
        if record.type in {"response", "revisit"} and record.url.startswith(("http://", "https://")):
            self._check_row(record)

    def _check_row(self, record: warc.Record) -> None:
        self.report.rows += 1
        row = self._rows.pop(record.location.offset, None)
        if row is None:
            if not self.in_use and captures.of_record(self.store.db, record.id) is None:  # a copy has its row elsewhere
                self._blame("no-row", "the database has no row of this record: run `warraq repair`", record)
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
            self._blame("row", f"row {row['id']} of captures says otherwise: {', '.join(wrong)}", record)

    def _check_text(self, record: warc.Record, article: int) -> None:
        title, text = places.text_of(self.store.db, article)
        if record.block.decode("utf-8", "replace") != f"{title}\n\n{text}\n":
            self._blame("text", f"article {article} does not say what its text record says", record)

    def _check_articles(self) -> None:
        for row in self._articles:
            self.report.rows += 1
            length, digest = self._seen.get(row["offset"], (-1, ""))
            if length != row["length"] or _differ(row["payload_digest"], digest):
                self._report("row", f"article {row['id']} was read from here, and there is no such record", row)

    def _check_headers(self) -> None:
        """A byte of a gzip header that no checksum covers: our own files start every member with the same ten."""
        if self._headers.most_common(1)[:1] == [(warc.GZIP_HEADER, self._headers[warc.GZIP_HEADER])]:
            for header, record in self._odd.items():
                if header != warc.GZIP_HEADER:
                    self._blame("damaged", "its gzip header is not the one that was written", record)

    def _blame(self, kind: str, detail: str, record: warc.Record) -> None:
        self._report(kind, detail, {"offset": record.location.offset, "record_id": record.id, "url": record.url})

    def _report(self, kind: str, detail: str, where: dict[str, Any]) -> None:
        self.report.problems.append(
            Problem(
                kind=kind,
                file=self.name,
                detail=detail,
                offset=where.get("offset", -1),
                record_id=where.get("record_id", ""),
                url=where.get("url", ""),
            )
        )


def _differ(one: str, other: str) -> bool:
    """Whether two digests, where both are known, are not the same."""
    return bool(one and other and one != other)


def _payload_matches(record: warc.Record) -> bool:
    label = record.get("WARC-Payload-Digest")
    return not label or not record.whole or any(matches(label, data) for data in warc.payloads(record.block))
