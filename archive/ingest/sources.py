"""Brings WARC, ARC and WACZ files into a collection, all of their captures or those that a filter takes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING

from archive.collection import Collection
from archive.errors import DamagedFileError, UsageError
from archive.index import captures
from archive.ingest.copying import copy_in, ensure_member_per_record
from archive.ingest.importer import Imported, Indexer, recover
from archive.ingest.selection import CaptureFilter, select
from archive.ingest.writer import open_writer
from archive.parse.workers import parse_pool
from archive.progress import Show, show_nothing
from archive.warc import PAGE_BLOCK, read_at, read_manifest, read_raw, register
from archive.warc.wacz import unpack_warcs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from archive.ingest.writer import ArchiveWriter

SUFFIXES = (".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz", ".wacz")
"""What the names of files that can be imported end in."""


def _now() -> datetime:
    return datetime.now(UTC)


def import_files(
    archive: str | Path,
    files: Iterable[str | Path],
    *,
    site: str = "",
    wanted: CaptureFilter | None = None,
    workers: int = 2,
    clock: Callable[[], datetime] = _now,
    progress: Show = show_nothing,
) -> Imported:
    """Copies WARC, ARC and WACZ files into the archive in that folder, and reads their pages as a crawl does.

    The archive is made when there is none. Importing a file again changes nothing. Damage costs the damaged records, which are in
    `damaged` of what is returned. With `wanted`, only the captures that it takes are copied, with what belongs to them. `site` names what
    the captures belong to, by default each URL's registrable domain; `workers` is the number of processes that extract.

    Raises NotWritableError, ArchiveLockedError, SchemaTooNewError, and UsageError for a file whose name does not say what it is.
    """
    collection = Collection(Path(archive))
    paths = [Path(one) for one in files]
    for path in paths:
        if not path.name.endswith(SUFFIXES):
            raise UsageError(f"{path} is not an archive by its name: {', '.join(SUFFIXES)} files can be imported")
    info = {"software": "warraq", "description": "import"} | ({"isPartOf": site} if site else {})
    with parse_pool(workers=workers) as pool:
        writer = open_writer(collection, info=info, clock=clock)
        indexer = Indexer(writer, pool, site=site)
        try:
            # An import or a crawl broke off: what it copied is not copied again, and what it had not read is read here.
            indexer.done.taken_up = recover(writer, pool).outcomes.total()
            if wanted:
                _import_chosen(indexer, paths, wanted, writer, progress)
            else:
                for number, path in enumerate(paths, 1):
                    _import_file(indexer, path, writer, f"{number}/{len(paths)} {path.name}", progress)
        finally:
            writer.close()
    return indexer.done


def _import_file(indexer: Indexer, path: Path, writer: ArchiveWriter, name: str, progress: Show) -> None:
    collection = writer.collection
    with TemporaryDirectory(dir=collection.folder, prefix=".unpacked-") as folder:
        try:
            copied = [
                copy_in(one, collection.warcs, is_taken=indexer.is_taken) for one in _warcs_of(path, Path(folder))
            ]
        except DamagedFileError as error:  # the other files are to come in all the same
            indexer.done.damaged.append(error)
            return
    known = read_manifest(collection.warcs)
    for target in copied:
        indexer.done.damaged += target.damages
        size = target.path.stat().st_size or 1
        indexer.index_file(
            target.path,
            is_new=target.path.name not in known,
            each=writer.index.add_record,
            progress=lambda offset, size=size: progress(name, offset, size),  # type: ignore[misc]
        )
        writer.index.reread(target.path.name)
        register(target.path)


def _import_chosen(
    indexer: Indexer, paths: list[Path], wanted: CaptureFilter, writer: ArchiveWriter, progress: Show
) -> None:
    """Copies the records that are wanted into a WARC of the collection, oldest first."""
    done = indexer.done
    with TemporaryDirectory(dir=writer.collection.folder, prefix=".unpacked-") as folder:
        progress("looking through the files")
        sound = []
        for path in paths:
            try:
                copied = [ensure_member_per_record(one, Path(folder)) for one in _warcs_of(path, Path(folder))]
            except DamagedFileError as error:
                done.damaged.append(error)
                continue
            sound += [one.path for one in copied]
            done.damaged += [damage for one in copied for damage in one.damages]
        selected = select(sound, wanted, known=lambda one: captures.of_record(writer.store.db, one) is not None)
        for number, place in enumerate(selected.places, 1):
            progress("records", number, len(selected.places))
            where = place.path.parent
            record = read_at(where, place.location, max_block=PAGE_BLOCK)
            indexer.take_in(read_raw(where, place.location), record)
        indexer.finish()
    done.records += selected.known
    done.known += selected.known
    done.damaged += selected.damaged
    for misfit in selected.misfits:
        done.refuse(misfit)


def _warcs_of(path: Path, folder: Path) -> list[Path]:
    """The WARC files that `path` is or holds; those of a WACZ are unpacked into `folder`."""
    return list(unpack_warcs(path, Path(mkdtemp(dir=folder)))) if path.name.endswith(".wacz") else [path]
