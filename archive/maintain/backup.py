"""Copy an archive to another folder while it is written: a snapshot of the database, the WARC files, and the files beside them.

The copy equals the repaired state after a crash at the time of the snapshot. It is an archive like any other: to restore it, use it or
copy it back.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archive import warc
from archive.collection import UPLOADING, Collection, FileLocator
from archive.errors import DamagedFileError, ForeignDatabaseError, UsageError
from archive.files import make_folder, make_new, make_read_only, open_read, replacing
from archive.index import open_store
from archive.index.sqlite import DAMAGED, require_plain_files, sqlite3
from archive.ingest import open_writer
from archive.locale import N_
from archive.maintain.reindex import repair

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from archive.parse import Parsed, ParseTask
    from archive.parse.workers import WorkerPool

CHUNK = 1 << 20
INFO = {"software": "warraq", "description": "backup"}
OWN = "BACKUP"
"""Prefix of the files that the copy itself writes, for records whose rows are newer than its database."""
DATABASE_PARTS = (".db", ".db-wal", ".db-shm", ".db-journal")
"""Ends of names of what SQLite keeps: copied by SQLite, never as files."""


@dataclass(slots=True, kw_only=True)
class BackedUp:
    """The result of a backup: WARC files copied and unchanged; `damaged` ones are copied as they are.

    `elsewhere` are files that are only in a storage and are not copied; `rows` are records that got their row in the copy, because
    they are newer than the snapshot.
    """

    folder: Path
    copied: list[str] = field(default_factory=list)
    bytes: int = 0
    unchanged: int = 0
    damaged: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    rows: int = 0

    @property
    def ok(self) -> bool:
        """Whether no file has changed since it was closed."""
        return not self.damaged


def back_up(
    collection: Collection,
    folder: Path,
    pool: WorkerPool[ParseTask, Parsed],
    *,
    clock: Callable[[], datetime],
    progress: Callable[[str], None] = lambda _: None,
) -> BackedUp:
    """Copy the archive to `folder`, or update an earlier copy there. May run during a crawl.

    Raises:
        ArchiveLockedError: an upload or a redaction is running, or `folder` is being written.
        NotWritableError: `folder` cannot be written.
        UsageError: `folder` holds something other than an earlier copy.
    """
    collection.require()
    copy = Collection(folder)
    with collection.lock(UPLOADING):
        _require_copy(collection, copy)
        copy.create()
        with copy.lock():
            done = _Copying(collection, copy, progress).run()
    ingest = open_writer(copy, info=INFO, clock=clock, prefix=OWN)
    try:
        repaired = repair(ingest, pool)
    finally:
        ingest.close()
    done.rows = repaired.rows
    done.damaged += [str(error) for error in repaired.imported.damaged if str(error) not in done.damaged]
    return done


def _require_copy(collection: Collection, copy: Collection) -> None:
    source, target = collection.folder.resolve(), copy.folder.resolve()
    if target == source or source in target.parents or target in source.parents:
        raise UsageError(
            f"{copy.folder} is inside the archive, or contains it: choose a separate folder for the backup"
        )
    if not copy.folder.exists():
        return
    held = {path.name for path in warc.closed_files(copy.warcs)} if copy.folder.is_dir() else set()
    foreign = {name for name in held - _names(collection) if not name.startswith(f"{OWN}-")}
    if foreign or not copy.folder.is_dir() or (any(copy.folder.iterdir()) and not copy.warcs.is_dir()):
        what = f"it has {min(foreign)}, which {collection.folder} has not" if foreign else "it is not empty"
        raise UsageError(f"{copy.folder} is not an earlier backup of {collection.folder}: {what}; name another folder")


def _names(collection: Collection) -> set[str]:
    """Return the names of all WARC files of an archive: closed, open, and in a storage."""
    with open_store(collection.database, read_only=True) as store:
        away = FileLocator(collection.warcs, store.db).away()
    here = {path.name.removesuffix(warc.OPEN) for path in warc.all_files(collection.warcs)}
    return here | {row.filename for row in away}


class _Copying:
    """One run. The new database is put in place last, so that an earlier copy stays usable until then."""

    def __init__(self, collection: Collection, copy: Collection, progress: Callable[[str], None]) -> None:
        self._from, self._to, self._progress = collection, copy, progress
        self._manifest: dict[str, str] = {}
        self._done = BackedUp(folder=copy.folder)

    def run(self) -> BackedUp:
        for left in self._to.folder.rglob(".*.new"):  # by a run that was killed
            left.unlink()
        with replacing(self._to.database) as database:
            self._progress("the database")
            _copy_database(self._from.database, database)
            self._copy_warcs()
            self._copy_others()
            _take_in_log(self._to.database)
        self._remove_own()
        with open_store(self._to.database, read_only=True) as store:
            self._done.elsewhere = [row.filename for row in FileLocator(self._to.warcs, store.db).away()]
        return self._done

    def _remove_own(self) -> None:
        """Remove the files that the copy itself wrote in an earlier run: the new database does not know them, and they are made again."""
        names = _names(self._from)  # those of a restored archive, too, which wrote such files when it was a copy
        for path in warc.all_files(self._to.warcs):
            name = path.name.removesuffix(warc.OPEN)
            if name.startswith(f"{OWN}-") and name not in names:
                path.unlink()

    def _copy_warcs(self) -> None:
        """Copy the WARC files. Open files are listed first, so that a file that is closed meanwhile is not missed."""
        there, written = warc.read_manifest(self._to.warcs), warc.open_files(self._from.warcs)
        closed, manifest = warc.closed_files(self._from.warcs), warc.read_manifest(self._from.warcs)
        for path in closed:
            known = manifest.get(path.name, "")
            target = self._to.warcs / path.name
            if known and there.get(path.name) == known and _size(target) == path.stat().st_size:
                self._manifest[path.name] = known
                self._done.unchanged += 1
                continue
            sha256 = self._copy(path, target)
            if known and sha256 != known:
                self._done.damaged.append(f"{path.name}: not the bytes that were closed, copied as it is")
            if known:
                self._manifest[path.name] = known
        for path in warc.linked_files(self._from.warcs):
            self._done.damaged.append(f"{path.name}: a symbolic link, which is not followed, so it is not in the copy")
        warc.write_manifest(self._to.warcs, self._manifest)
        for path in written:
            try:
                self._copy(path, self._to.warcs / path.name)
            except FileNotFoundError:  # closed meanwhile
                final = path.with_name(path.name.removesuffix(warc.OPEN))
                self._copy(final, self._to.warcs / final.name)
            else:
                (self._to.warcs / path.name.removesuffix(warc.OPEN)).unlink(missing_ok=True)

    def _copy(self, path: Path, target: Path) -> str:
        """Copy a file durably; return its SHA-256."""
        digest = hashlib.sha256()
        with open_read(path) as file, replacing(target) as half:
            self._progress(path.name)
            with half.open("xb") as out:
                while piece := file.read(CHUNK):
                    digest.update(piece)
                    out.write(piece)
            if not path.name.endswith(warc.OPEN):
                make_read_only(half)
        self._done.copied.append(path.name)
        self._done.bytes += target.stat().st_size
        return digest.hexdigest()

    def _copy_others(self) -> None:
        """Copy the index and whatever else is in the archive's folder (watches, seals), except locks and partial files."""
        for path in sorted(self._from.folder.rglob("*")):
            name = path.relative_to(self._from.folder)
            hidden = any(part.startswith(".") for part in name.parts)
            if hidden or path.is_symlink() or not path.is_file() or name.parts[0] == self._from.warcs.name:
                continue
            target = self._to.folder / name
            make_folder(target.parent)
            if path.suffix == ".db" and path != self._from.database:
                try:
                    with replacing(target) as half:
                        _copy_database(path, half)
                except (sqlite3.Error, DamagedFileError) as error:
                    self._done.damaged.append(f"{name}: {error}; it is not in the copy")
            elif not path.name.endswith(DATABASE_PARTS):
                with (
                    replacing(target) as half,
                    open_read(path) as file,
                    os.fdopen(make_new(half, _mode(path)), "wb") as out,
                ):
                    shutil.copyfileobj(file, out)


def _copy_database(path: Path, target: Path) -> None:
    """Copy a snapshot of a database while others write to it.

    Raises:
        LinkedFileError, IrregularFileError, DamagedFileError, DatabaseError
    """
    require_plain_files(path)
    os.close(make_new(target, _mode(path)))
    address = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, with no log beside it
    except UnicodeDecodeError as error:
        raise ForeignDatabaseError(path, N_("its definitions are damaged")) from error


def _take_in_log(path: Path) -> None:
    """Apply a leftover log of an earlier copy, so that SQLite does not apply it to the database that replaces the copy.

    A log left by a power cut belongs to the earlier copy, which is complete again until it is replaced.
    """
    if path.exists():
        require_plain_files(path)
        with suppress(*DAMAGED), closing(sqlite3.connect(path)) as copy:
            copy.execute("PRAGMA journal_mode = DELETE")
    for end in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _mode(path: Path) -> int:
    """Return the permissions of a file: watches hold secrets, and so do their copies."""
    return stat.S_IMODE(path.stat().st_mode)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1
