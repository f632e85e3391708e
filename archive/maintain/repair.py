"""Brings an archive in order after a crash: torn ends cut, files closed, every record with its row and its index line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive import warc
from archive.index import captures
from archive.ingest.importer import Imported, Indexer
from archive.maintain import filecheck
from archive.warc import cdxj

if TYPE_CHECKING:
    from archive.ingest.writer import ArchiveWriter
    from archive.parse.result import Parsed, ParseTask
    from archive.parse.workers import WorkerPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What was done: files that were taken up, captures that got a row, files that were indexed anew, damage that stays."""

    recovered_files: tuple[warc.RecoveredFile, ...]
    rows: int
    indexed: tuple[str, ...]
    imported: Imported

    @property
    def nothing(self) -> bool:
        """Whether there was nothing to repair."""
        return not (self.recovered_files or self.rows or self.indexed or self.imported.outcomes)


def repair(ingest: ArchiveWriter, pool: WorkerPool[ParseTask, Parsed]) -> Repaired:
    """Look at every record of every closed file; a second run finds nothing to do.

    `open_writer` has cut and closed what was open by then. Damage that good records follow cannot be repaired: the records
    on both sides of it get their rows, and it is listed in `imported.damaged`.
    """
    indexer = Indexer(ingest, pool)
    for path in warc.closed_files(ingest.collection.warcs):
        indexer.index_file(path)
    indexer.read_again(captures.unread(ingest.store.db))
    done = indexer.done
    return Repaired(
        recovered_files=tuple(ingest.recovered_files),
        rows=done.records - done.known,
        indexed=tuple(_index_lines(ingest)),
        imported=done,
    )


def _index_lines(ingest: ArchiveWriter) -> list[str]:
    """Put right what the CDXJ index has of each file; give the names of those that it had wrong.

    What it has of files in a storage stays as it is: they had their lines before they went there (`warraq reindex` reads them again).
    """
    collection = ingest.collection
    held = filecheck.of_index(collection.folder)
    wrong: dict[str, list[str]] = {}
    for path in warc.closed_files(collection.warcs):
        lines = cdxj.lines_of(path)
        if held.pop(path.name, filecheck.NOTHING) != filecheck.of_lines(lines):
            wrong[path.name] = lines
    away = {row.filename for row in ingest.files.away()}
    wrong |= {name: [] for name in held.keys() - away}
    if wrong:
        ingest.index.replace(wrong)
    return sorted(name or "indexes/index.cdxj" for name in wrong)
