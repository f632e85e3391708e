"""Maintain an archive: verify it, repair it after a crash, and remove what must not be kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from archive import warc
from archive.collection import WARC_PREFIX, FileLocator
from archive.errors import StorageError
from archive.files.clock import iso
from archive.index import files, places, runs
from archive.locale import N_
from archive.maintain import filecheck
from archive.maintain.filecheck import FileCheck, FileProblem, HashingReader, VerifyReport
from archive.maintain.redact import Redacted, redact
from archive.maintain.reindex import Repaired, reindex, repair

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any

    from archive.collection import Collection
    from archive.index import Store
    from archive.index.files import FileRow

__all__ = ["FileProblem", "Redacted", "Repaired", "VerifyReport", "redact", "reindex", "repair", "verify"]

LISTED = 1000
"""Problems listed in the log row of a run; a broken disk causes millions, which are only counted."""


def verify(
    collection: Collection,
    store: Store,
    *,
    clock: Callable[[], datetime],
    in_use: bool = False,
    remote: bool = False,
    progress: Callable[[str, int], None] | None = None,
) -> VerifyReport:
    """Read and check every byte of the archive; write one row to the log of runs, unless the store is read-only.

    `remote`: also check files that are only in a storage, and verify the uploads of local ones.

    `in_use`: a crawl is writing meanwhile, so the end of an open file may be torn and its last records without rows. `progress` is
    given file name and byte offset now and then.
    """
    started = clock()
    store.require_own_values()
    report = VerifyReport()
    known = warc.read_manifest(collection.warcs)
    lines = filecheck.of_index(collection.folder)
    texts = places.conversions(store.db)
    away = _Away(collection, store, report, at=iso(clock()))
    for path in warc.all_files(collection.warcs):
        check = FileCheck(path, store, report, texts, in_use=in_use, progress=progress)
        check.run()
        if not check.is_open:
            _check_lines(check, lines, report)
            _check_manifest(check, path, known, report)
            if remote:
                away.check_copy(path)
    for row in away.rows:
        if remote and (checked := away.check(row, texts, progress)):
            _check_lines(checked, lines, report)
        lines.pop(row.filename, None)
    report.away = 0 if remote else len(away.rows)
    _check_missing(collection, store, {row.filename for row in away.rows}, {*known, *lines}, report)
    for path in warc.linked_files(collection.warcs):
        detail = N_("a symbolic link: it is not followed, put the file itself there")
        report.problems.append(FileProblem(kind="link", file=path.name, detail=detail))
    if not in_use and not report.away:
        for record_id, article in texts.items():
            detail = N_(f"the text record of article {article} is in no file")
            report.problems.append(FileProblem(kind="text", file="", detail=detail, record_id=record_id))
    if not store.read_only:
        _log(store, report, started, clock())
    return report


class _Away:
    """The check of stored files."""

    def __init__(self, collection: Collection, store: Store, report: VerifyReport, *, at: str) -> None:
        self._holdings = FileLocator(collection.warcs, store.db)
        self._store, self._report, self._at = store, report, at
        self._known = files.rows(store.db)
        self.rows = self._holdings.away()

    def check_copy(self, path: Path) -> None:
        """Check that an uploaded file that is also local is in its storage."""
        row = self._known.get(path.name)
        if row is None or not row.storage:
            return
        try:
            storage = self._holdings.storage(row.storage)
            self._note(row, storage.prove(path, WARC_PREFIX + path.name, sha256=row.sha256))
        except StorageError as error:
            self._add_problem(path.name, str(error))

    def check(
        self, row: FileRow, texts: dict[str, int], progress: Callable[[str, int], None] | None
    ) -> FileCheck | None:
        """Stream a file that is only in its storage; return None if it could not be read to its end."""
        try:
            reader = HashingReader(self._holdings, row)
            check = FileCheck(reader.file, self._store, self._report, texts, in_use=False, progress=progress)
            check.run()
            if reader.is_unchanged():
                self._note(row, "read back")
            else:
                self._add_problem(
                    row.filename,
                    N_(
                        f"its bytes in {row.storage} are not those that were closed (SHA-256 differs from the recorded)"
                    ),
                )
                check.check_headers()
        except StorageError as error:
            self._add_problem(row.filename, str(error))
            return None
        return check

    def _note(self, row: FileRow, proof: str) -> None:
        with self._store.atomic():
            files.put(self._store.db, replace(row, verified_at=self._at, proof=proof))

    def _add_problem(self, name: str, detail: str) -> None:
        self._report.problems.append(FileProblem(kind="storage", file=name, detail=detail))


def _check_lines(check: FileCheck, lines: dict[str, filecheck.Fingerprint], report: VerifyReport) -> None:
    if lines.pop(check.name, filecheck.NOTHING) != check.lines:
        mend = "repair" if isinstance(check.path, Path) else "reindex"
        detail = N_(f"the lines of this file in indexes/index.cdxj are not those of its records: run `warraq {mend}`")
        report.problems.append(FileProblem(kind="index", file=check.name, detail=detail))


def _check_manifest(check: FileCheck, path: Path, known: dict[str, str], report: VerifyReport) -> None:
    if path.name not in known:
        detail = N_("closed, but not in the manifest: run `warraq repair`")
    elif known[path.name] != warc.sha256_of(path):
        detail = N_("its bytes are not those that were closed (SHA-256 differs from the manifest)")
    else:
        return
    report.problems.append(FileProblem(kind="manifest", file=path.name, detail=detail))
    check.check_headers()


def _check_missing(collection: Collection, store: Store, away: set[str], named: set[str], report: VerifyReport) -> None:
    """Report missing files that something points to. Files are listed again first, because a crawl may have started one."""
    if "" in named:
        detail = N_("lines that are not index lines: run `warraq repair`")
        report.problems.append(FileProblem(kind="index", file="indexes/index.cdxj", detail=detail))
    pointed = places.filenames(store.db) | named
    present = {path.name.removesuffix(warc.OPEN) for path in warc.all_files(collection.warcs)} | away
    for name in sorted(pointed - present - {""}):
        detail = N_("the file is not there, but rows, index or manifest point to it")
        report.problems.append(FileProblem(kind="missing", file=name, detail=detail))


def _log(store: Store, report: VerifyReport, started: datetime, ended: datetime) -> None:
    counts = Counter(problem.kind for problem in report.problems)
    summary: dict[str, Any] = {
        "files": report.files,
        "records": report.records,
        "bytes": report.size,
        "rows": report.rows,
    }
    summary |= {"problems": dict(counts), "first": [str(problem) for problem in report.problems[:LISTED]]}
    with store.atomic():
        run = runs.begin(store.db, kind="verify", site="", at=iso(started))
        runs.end(store.db, run, at=iso(ended), result="ok" if report.ok else "problems", summary=summary)
