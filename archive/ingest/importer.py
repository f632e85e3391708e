"""Import the records of WARC files into a collection: capture rows, articles, and a count of both.

The files are copied into the collection, which is then self-contained. The same code indexes records that a crash left without rows, and
rebuilds a whole database.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from archive import urls, warc
from archive.article import SiteProfile
from archive.capture import Location
from archive.errors import DamagedFileError
from archive.files.clock import warc_timestamp
from archive.index import articles, captures, renderings, site_lines
from archive.index.rows import CaptureRow
from archive.ingest.commit import Disposition, change_figures, disposition_of
from archive.ingest.copying import field_of, look_ahead, outcome_note, reject_reason, rendering_of, row_of
from archive.outcome import Outcome, OutcomeKind
from archive.parse import MAX_PARTS, Parsed, ParseTask, join_part
from archive.parse.workers import WorkerKilledError
from archive.warc.record import is_digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from archive.index import Store
    from archive.index.renderings import Rendering
    from archive.index.rows import StoredCapture
    from archive.ingest import ArchiveWriter
    from archive.ingest.commit import Committed
    from archive.ingest.copying import RejectedRecord
    from archive.parse.workers import WorkerPool
    from archive.storage import StoredFile

AHEAD = 8
"""Records read ahead of the workers: keeps two workers busy."""
AHEAD_BYTES = 64 << 20
"""Maximum bytes of these records (plus one record), to limit memory."""

COMMIT_EVERY = 200

NOTES_HELD = 20_000
"""Limit of data about other records that is kept until those have rows; a hostile file must not fill the memory."""

PAGED_HELD = 32 << 20
"""Characters of articles that go on over further pages, kept until these are there: the same bound for a file of nothing else."""

REJECTED_NAMED = 20
"""Rejected records that are listed; all are counted."""


@dataclass(slots=True, kw_only=True)
class Imported:
    """The counts of an import. `damaged` lists unreadable places; the records around them are imported.

    `taken_up` counts captures that an interrupted run had left unparsed.
    `unfit` counts, by reason, the captures that cannot have a row (see `archive.ingest.copying`); `rejected` are the first of them.
    """

    records: int = 0
    known: int = 0
    taken_up: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    articles: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    damaged: list[DamagedFileError] = field(default_factory=list)
    unfit: Counter[str] = field(default_factory=Counter)
    rejected: list[RejectedRecord] = field(default_factory=list)

    def count_rejected(self, rejected: RejectedRecord) -> None:
        """Count a capture that cannot have a row."""
        self.unfit[rejected.reason] += 1
        if len(self.rejected) < REJECTED_NAMED:
            self.rejected.append(rejected)

    def figures(self) -> dict[str, Any]:
        """Return the counts under the keys of `warraq import --json`."""
        return {
            "captures": self.records,
            "known_before": self.known,
            **change_figures(self.articles),
            "quarantined": dict(self.quarantined),
            "outcomes": dict(self.outcomes),
        }

    def add(self, committed: Committed) -> None:
        """Count what a commit made durable."""
        self.articles.update(change for _, change in committed.articles)
        for outcome in committed.outcomes:
            self.outcomes[outcome.kind] += 1
            if outcome.kind is OutcomeKind.QUARANTINE:
                self.quarantined[outcome.reason] += 1


class Indexer:
    """Indexes the captures in a collection's WARC files, reading a few records ahead of the workers."""

    def __init__(self, ingest: ArchiveWriter, pool: WorkerPool[ParseTask, Parsed], *, site: str = "") -> None:
        """`site` is the site of new captures; by default each URL's registrable domain."""
        self.done = Imported()
        self._ingest = ingest
        self._pool = pool
        self._site = site
        self._waiting: deque[tuple[CaptureRow, Future[Parsed] | Outcome, int]] = deque()
        self._ahead = 0
        self._brought_payload = False
        self._paged: list[tuple[CaptureRow, Parsed]] = []
        self._paged_size = 0
        self._part_of = ""
        self._vias: list[tuple[str, str]] = []
        self._conversions: list[tuple[str, str, bytes]] = []
        self._notes: dict[str, dict[str, str]] = {}
        self._late_notes: list[tuple[str, dict[str, str]]] = []
        self._late_doms: list[str] = []
        self._rendered: set[str] = set()
        self._wrong_digests: list[tuple[str, int, str, str]] = []

    def index_file(
        self,
        path: Path | StoredFile,
        *,
        start: int = 0,
        is_new: bool = False,
        progress: Callable[[int], None] | None = None,
        each: Callable[[warc.Record], None] = lambda _: None,
    ) -> None:
        """Index the records from byte `start` on that have no row yet; `each` is called with every record.

        Damage, which is then in `done.damaged`, costs the damaged record. Of a file that `is_new` here, digests that are wrong already are
        noted, so that `verify` does not name them. `progress` receives the byte offset reached.
        """
        later = look_ahead(path, start)
        self._notes = later.outcomes
        for rendering in later.renderings:
            self._know(rendering)
        for record in warc.read_on(path, start=start, max_block=warc.PAGE_BLOCK, on_damage=self.done.damaged.append):
            if progress:
                progress(record.location.offset)
            each(record)
            if is_new:
                self._note_digests(record)
            self.take(record)
        self.finish()
        self._notes = {}

    def is_id_used(self, record_id: str, url: str, date: str) -> bool:
        """Return whether the archive has a capture with that id but another URL or time."""
        held = captures.of_record(self._ingest.store.db, record_id)
        moments = [(held["url"], held["timestamp"])] if held else self._ingest.waiting_moments(record_id)
        return any(moment != (url, warc_timestamp(date)) for moment in moments)

    def copy_record(self, data: bytes, record: warc.Record) -> None:
        """Copy one record, `data` as its gzip member, into the collection's open WARC and index it; `finish` makes it durable.

        Digests that are already wrong are recorded, so that `verify` does not report them.
        """
        record = replace(record, location=self._ingest.writer.write_member(data))
        self._note_digests(record)
        self.take(record)

    def _note_digests(self, record: warc.Record) -> None:
        """Record digests that are already wrong; a block too large for a page is read again as `verify` reads it."""
        if not record.whole:
            record = warc.read_at(self._ingest.files, record.location)
        self._wrong_digests += wrong_digests(record)

    def parse_again(self, rows: Iterable[StoredCapture]) -> None:
        """Parse captures with rows again: those that a crash left unparsed, or all after extraction has improved."""
        for row in rows:
            self._queue(_capture_row(row), self._block(row))
        self.finish()

    def take(self, record: warc.Record) -> None:
        """Index one record of a file in the collection's folder; `finish` makes it durable."""
        if rejected := reject_reason(record):
            self.done.count_rejected(rejected)
            return
        self._note(record)
        if (
            len(self._vias) + len(self._conversions) + len(self._late_notes) > NOTES_HELD
            or self._paged_size > PAGED_HELD
        ):
            self.finish()
        row = row_of(record, self._site or self._part_of)
        if row is None:
            return
        self.done.records += 1
        if captures.of_record(self._ingest.store.db, row.record_id):
            self.done.known += 1
            return
        self._ingest.add_row(row)
        self._brought_payload = self._brought_payload or row.record_type != "revisit"
        if record.whole:
            self._queue(row, record.response)
        else:
            self._wait(row, Outcome(kind=OutcomeKind.QUARANTINE, reason="too-large", detail=f"{record.length} bytes"))

    def _know(self, rendering: Rendering) -> bool:
        """Add a rendering; return whether it is new."""
        with self._ingest.store.atomic():
            return renderings.put_rendering(self._ingest.store.db, rendering)

    def _note(self, record: warc.Record) -> None:
        """Collect data about other records from warraq's own records: the site, the source of a URL, the clean text."""
        match record.type:
            case "warcinfo":
                ours = field_of(record, "software").startswith("warraq")
                self._part_of = field_of(record, "isPartOf") if ours else ""
            case "metadata":
                if via := field_of(record, "via"):
                    self._vias.append((via, record.get("WARC-Concurrent-To") or record.get("WARC-Refers-To")))
                elif (note := outcome_note(record)) and record.get("WARC-Refers-To") not in self._notes:
                    self._late_notes.append((record.get("WARC-Refers-To"), note))
            case "resource":
                if (rendering := rendering_of(record)) and self._know(rendering) and rendering.kind == "dom":
                    self._late_doms.append(rendering.response_id)
            case "conversion" if record.get("Content-Type") == "text/plain":
                digest = hashlib.sha256(record.block).digest()
                self._conversions.append((record.id, record.get("WARC-Refers-To"), digest))

    def _queue(self, row: CaptureRow, block: bytes) -> None:
        outcome = self._outcome_unread(row)
        if outcome is None and row.record_type == "revisit":
            block, outcome = self._repeated(row)
        if outcome is None and not block:
            outcome = Outcome(kind=OutcomeKind.UNCHANGED)
        if outcome is None:
            future = self._pool.submit(self._task(row.url, block, row.captured_at, self._dom(row.record_id)))
            self._wait(row, future, len(block))
        else:
            self._wait(row, outcome)

    def _outcome_unread(self, row: CaptureRow) -> Outcome | None:
        """Return the outcome of a capture that need not be parsed; None for the others."""
        if row.url.endswith("/robots.txt"):
            return Outcome(kind=OutcomeKind.ROBOTS)
        if self._is_done(row):
            return Outcome(kind=OutcomeKind.FAILED, reason=row.truncated)
        return None

    def _wait(self, row: CaptureRow, what: Future[Parsed] | Outcome, size: int = 0) -> None:
        self._waiting.append((row, what, size))
        self._ahead += size
        while len(self._waiting) > AHEAD or (self._ahead > AHEAD_BYTES and len(self._waiting) > 1):
            self._finish_next()

    def _finish_next(self) -> None:
        row, what, size = self._waiting.popleft()
        self._ahead -= size
        self._finish_parsed(row, what)

    def _finish_parsed(self, row: CaptureRow, what: Future[Parsed] | Outcome) -> None:
        if isinstance(what, Outcome):
            repeats = what.kind is OutcomeKind.UNCHANGED
            self._ingest.finish(self._noted(row, Disposition(row=row, outcome=what, repeats=repeats)))
        else:
            answer = self._answer(what)
            if row.truncated and (answer.outcome.kind.is_failure or answer.outcome.kind is OutcomeKind.OTHER):
                answer = Parsed.of(OutcomeKind.FAILED, row.truncated)
            if answer.outcome.kind is OutcomeKind.ARTICLE and answer.next_page:
                self._paged.append((row, answer))
                self._paged_size += len(answer.article.text) if answer.article else 0
            else:
                self._ingest.finish(self._noted(row, disposition_of(row, answer)))
        if self._ingest.waiting >= COMMIT_EVERY:
            self._commit()

    def _repeated(self, row: CaptureRow) -> tuple[bytes, Outcome | None]:
        """Return the response that a revisit repeats, where it must be read: served at this URL for the first time, or an error."""
        unchanged = Outcome(kind=OutcomeKind.UNCHANGED)
        if row.status == 304:
            return b"", unchanged
        if self._ingest.has_waiting(row):  # among them may be the record that it repeats
            self._commit()
        db = self._ingest.store.db
        rendered = "dom" in renderings.of_response(
            db, row.record_id
        )  # scripts may have made another page of the same bytes
        if not rendered and row.status == 200 and captures.seen_before(db, row.payload_digest, row.url, row.timestamp):
            return b"", unchanged
        original = captures.original_of(db, asdict(row))
        if original is None:
            return b"", replace(unchanged, reason=captures.ELSEWHERE)
        return self._block(original), None

    def _is_done(self, row: CaptureRow) -> bool:
        """Return whether the crawl noted an outcome that has nothing to do with what the response says."""
        return OutcomeKind(self._notes.get(row.record_id, {}).get("outcome", "article")).tells_nothing

    def _noted(self, row: CaptureRow, disposition: Disposition) -> Disposition:
        """Return the same with the outcome that the crawl noted; an article only if the note calls it one."""
        note = self._notes.get(row.record_id)
        if not note:
            return disposition
        outcome = disposition.outcome.noted(note)
        is_article = outcome.kind.has_row or outcome.kind is OutcomeKind.UNCHANGED
        return replace(
            disposition,
            outcome=outcome,
            article=disposition.article if is_article else None,
            repeats=disposition.repeats and is_article,
        )

    def finish(self) -> None:
        """Finish and commit everything queued."""
        self._finish_all()
        if self._brought_payload:
            self._brought_payload = False
            for revisit in captures.waiting_for_original(self._ingest.store.db):
                if original := captures.original_of(self._ingest.store.db, revisit):
                    self._queue(_capture_row(revisit), self._block(original))
            self._finish_all()
        for row in self._late_pages():
            self._queue(row, self._block(asdict(row)))
        self._finish_all()
        for row, answer in self._paged:
            self._ingest.finish(disposition_of(row, self._with_parts(answer)))
        self._paged.clear()
        self._paged_size = 0
        self._commit()
        with self._ingest.store.atomic():
            captures.set_via(self._ingest.store.db, self._vias)
            captures.set_outcomes(self._ingest.store.db, self._late_notes)
            articles.set_conversions(self._ingest.store.db, self._conversions)
            captures.note_digests(self._ingest.store.db, self._wrong_digests)
        self._vias.clear()
        self._conversions.clear()
        self._late_notes.clear()
        self._wrong_digests.clear()

    def _late_pages(self) -> list[CaptureRow]:
        """Return the captures that were read before what a browser made of them was met, in another file or without looking ahead."""
        late = [one for one in self._late_doms if one not in self._rendered]
        rows = [captures.of_record(self._ingest.store.db, record_id) for record_id in dict.fromkeys(late)]
        self._late_doms.clear()
        self._rendered.clear()
        return [_capture_row(row) for row in rows if row is not None]

    def _finish_all(self) -> None:
        while self._waiting:
            self._finish_next()
        self._commit()

    def _with_parts(self, first: Parsed) -> Parsed:
        """Return an article that goes on over further pages, joined from the captures of those nearest at hand."""
        answer, seen = first, {first.next_page}
        while answer.article and answer.next_page and len(seen) <= MAX_PARTS:
            row = captures.latest(self._ingest.store.db, answer.next_page)
            if row is None:
                break
            part = self._answer(self._pool.submit(self._task(row["url"], self._block(row), row["captured_at"])))
            if part.article is None or part.next_page in seen:
                break
            seen.add(part.next_page)
            answer = join_part(answer, part)
        return answer

    def _answer(self, future: Future[Parsed]) -> Parsed:
        try:
            return future.result()
        except WorkerKilledError as error:
            return Parsed.of(OutcomeKind.QUARANTINE, error.reason, error.detail)

    def _block(self, row: Mapping[str, Any]) -> bytes:
        place = Location(
            filename=row["warc_filename"], offset=row["warc_record_offset"], length=row["warc_record_length"]
        )
        return warc.read_at(self._ingest.files, place, max_block=warc.PAGE_BLOCK).response

    def _dom(self, record_id: str) -> bytes:
        """Return what a browser made of a response, b'' where none did or its record cannot be read."""
        row = renderings.of_response(self._ingest.store.db, record_id).get("dom")
        if row is None:
            return b""
        self._rendered.add(record_id)
        place = Location(
            filename=row["warc_filename"], offset=row["warc_record_offset"], length=row["warc_record_length"]
        )
        try:
            return warc.read_at(self._ingest.files, place, max_block=warc.PAGE_BLOCK).block
        except (DamagedFileError, FileNotFoundError):  # `verify` reports it; the page is parsed as served
            return b""

    def _task(self, url: str, block: bytes, captured_at: str, dom: bytes = b"") -> ParseTask:
        profile = SiteProfile(boilerplate=site_lines.boilerplate_of(self._ingest.store.db, urls.host_of(url)))
        return ParseTask(url=url, response=block, fetched_at=datetime.fromisoformat(captured_at), site=profile, dom=dom)

    def _commit(self) -> None:
        self.done.add(self._ingest.commit())


def wrong_digests(record: warc.Record) -> list[tuple[str, int, str, str]]:
    """Return the digests of a record that are not those of its bytes, as `captures.note_digests` takes them."""
    if not record.whole:
        return []
    labels = {"block": (record.get("WARC-Block-Digest"), [record.block])}
    if record.type == "response" and not record.truncated:
        labels["payload"] = (record.get("WARC-Payload-Digest"), warc.payloads(record.block))
    return [
        (record.location.filename, record.location.offset, field, record.block_digest)
        for field, (label, blocks) in labels.items()
        if label and not any(is_digest_of(label, block) for block in blocks)
    ]


def _capture_row(row: StoredCapture) -> CaptureRow:
    values: Mapping[str, Any] = row
    return CaptureRow(**{f.name: values[f.name] for f in fields(CaptureRow)})


def recover(ingest: ArchiveWriter, pool: WorkerPool[ParseTask, Parsed], *, site: str = "") -> Imported:
    """Recover from a crash: index records without rows, parse captures that are not parsed. A second call finds nothing."""
    indexer, store = Indexer(ingest, pool, site=site), ingest.store
    found = incomplete_files(warc.closed_files(ingest.collection.warcs), store)
    recovered = [taken.path for taken in ingest.recovered_files if lacks_rows(taken.path, store)]
    for path in dict.fromkeys([*found, *recovered]):
        indexer.index_file(path, start=captures.last_offset(store.db, path.name))
    indexer.parse_again(captures.unread(store.db))
    return indexer.done


def incomplete_files(closed: Iterable[Path], store: Store) -> list[Path]:
    """Return the closed files that end in records without rows, because a crash or a full disk stopped their writer; the oldest first.

    A full file is closed before the rows of its last records are committed; a clock that jumps can close several within one commit.
    So the files are checked from the newest back to one that is complete.
    """
    found: list[Path] = []
    for path in sorted(closed, key=lambda path: path.stat().st_mtime, reverse=True):
        if lacks_rows(path, store):
            found.insert(0, path)
        elif captures.last_offset(store.db, path.name):
            break
    return found


def lacks_rows(path: Path, store: Store) -> bool:
    """Return whether records at the end of a file have no rows, or cannot be read; False if the file is no longer there."""
    if not path.exists():
        return False
    records = warc.read_records(path, start=captures.last_offset(store.db, path.name), max_block=0)
    try:
        return any(
            record.is_capture and reject_reason(record) is None and captures.of_record(store.db, record.id) is None
            for record in records
        )
    except DamagedFileError:
        return True
