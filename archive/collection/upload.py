"""Upload a collection's closed files to a storage: copy, verify, mark as uploaded; then the local copy may be removed.

A file is marked in the table `files` only once the storage has all of it, and removed locally only after another verification. The next run
completes one that was killed. An upload may run beside a crawl: only removals need the collection's lock.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive import warc
from archive.collection import DISABLED, ENV, SEALS, UPLOADING, WARC_PREFIX
from archive.errors import ArchiveLockedError, DamagedFileError, StorageError, UsageError
from archive.files import open_read
from archive.files.clock import iso
from archive.index import captures, files, open_store, runs
from archive.index.files import FileRow
from archive.locale import N_
from archive.storage import Storage, open_storage, parse_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.collection import Collection
    from archive.index import Store

ATTEMPTS = 3
PAUSE_S = 1.0
"""Wait between the first and the second attempt; it doubles each time. The library itself also retries."""
INDEX, DATABASE, MANIFEST = "indexes/index.cdxj", "warraq.db", WARC_PREFIX + "manifest-sha256.txt"
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


@dataclass(slots=True, kw_only=True)
class Uploaded:
    """The result of an upload: names of uploaded files and of removed local ones; failures with reasons; files left for the next run.

    `seals` are the uploaded files of seals.

    `elsewhere` are files that are only in another storage, and stay there.
    """

    storage: str
    uploaded: list[str] = field(default_factory=list)
    seals: list[str] = field(default_factory=list)
    bytes: int = 0
    there_before: int = 0
    removed: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    elsewhere: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether everything was uploaded."""
        return not (self.failed or self.waiting)

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON takes them."""
        return asdict(self)


def storage_of(store: Store, name: str, to: str = "", *, endpoint_url: str = "") -> str:
    """Return the storage URL of an archive: `to`, $WARRAQ_STORAGE with the collection's name, or that of the last upload.

    An endpoint from the environment becomes part of the URL, because readers on other machines need it, too.

    Raises:
        UsageError: none of these is set.
    """
    everywhere = os.environ.get(ENV, "")
    if to:
        place = parse_url(to, endpoint_url=endpoint_url)
    elif everywhere not in {"", DISABLED}:
        place = parse_url(everywhere, endpoint_url=endpoint_url).below(name)
    elif last := files.last_storage(store.db):
        place = parse_url(last, endpoint_url=endpoint_url)
    else:
        raise UsageError(
            _(
                "no destination: give --to s3://BUCKET/PREFIX (or a folder on another disk), or set "
                "WARRAQ_STORAGE=s3://BUCKET/PREFIX, below which each archive has a folder of its name"
            )
        )
    given = next(filter(None, map(os.environ.get, ENDPOINTS)), "")
    if place.scheme == "s3" and given and not place.option("endpoint_url"):
        place = parse_url(place.url, endpoint_url=given)
    return place.url


def upload(
    collection: Collection,
    *,
    clock: Callable[[], datetime],
    to: str = "",
    endpoint_url: str = "",
    remove_after_days: int | None = None,
    snapshot: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Uploaded:
    """Upload new closed files, the index and the manifest; with `snapshot` also a copy of the database.

    `remove_after_days` removes uploaded local files that were closed that many days ago; None keeps all. Failures of single files are
    in the result; a storage that does not answer ends the run, and the rest waits for the next.

    Raises:
        ArchiveLockedError: another process uploads.
        UsageError: no storage is named, or its library is not installed.
    """
    collection.require()
    with collection.lock(UPLOADING), open_store(collection.database) as store:
        store.sync_each_commit()  # a local file may be removed only if its row is durable
        storage = open_storage(storage_of(store, collection.name, to, endpoint_url=endpoint_url))
        one = _Run(collection, store, storage, clock=clock, progress=progress)
        one.upload_all()
        if not one.done.waiting:
            one.upload_beside(snapshot=snapshot)
            one.upload_seals()
        if remove_after_days is not None and not one.done.waiting:
            one.remove_all(older_than=remove_after_days)
        one.log()
        return one.done


def register_files(store: Store, folder: Path) -> dict[str, FileRow]:
    """Give each closed file in the manifest a row; return all rows, updated to the local files."""
    known, manifest = files.rows(store.db), warc.read_manifest(folder)
    here = {path.name: path for path in warc.closed_files(folder)}
    changed: list[FileRow] = []
    for name, path in here.items():
        row, sha256 = known.get(name), manifest.get(name, "")
        if row is None and sha256:
            closed_at = iso(datetime.fromtimestamp(path.stat().st_mtime, UTC))
            changed.append(FileRow(filename=name, bytes=path.stat().st_size, sha256=sha256, closed_at=closed_at))
        elif row and not row.storage and sha256 and (row.sha256 != sha256 or not row.local):
            changed.append(replace(row, bytes=path.stat().st_size, sha256=sha256, local=True))
        elif row and not row.local:
            changed.append(replace(row, local=True))
    changed += [replace(row, local=False) for name, row in known.items() if row.local and name not in here]
    if changed:
        with store.atomic():
            for row in changed:
                files.put(store.db, row)
    return known | {row.filename: row for row in changed}


def put_file(
    store: Store, storage: Storage, path: Path, row: FileRow, *, clock: Callable[[], datetime], replaces: bool = False
) -> FileRow:
    """Upload one closed file and mark it; `row.sha256` is that of the local file. Transient failures are retried."""
    proof = _with_retries(
        lambda: storage.put_verified(path, WARC_PREFIX + path.name, sha256=row.sha256, replace=replaces),
    )
    now = iso(clock())
    marked = replace(
        row,
        bytes=path.stat().st_size,
        storage=storage.url,
        uploaded_at=now,
        verified_at=now,
        proof=proof,
        local=True,
    )
    with store.atomic():
        files.put(store.db, marked)
    return marked


def put_beside(
    collection: Collection,
    store: Store,
    storage: Storage,
    *,
    snapshot: bool | None,
    progress: Callable[[str], None],
) -> list[str]:
    """Upload manifest and index, replacing older ones; return their names.

    `snapshot`: also a snapshot of the database; None: only if the storage has one already.
    """
    with tempfile.TemporaryDirectory(dir=collection.folder, prefix=".upload-") as folder:
        copies = {name: Path(folder, name.replace("/", "-")) for name in (MANIFEST, INDEX, DATABASE)}
        for name in (MANIFEST, INDEX):  # copies, because a crawl may replace them meanwhile
            with (
                contextlib.suppress(FileNotFoundError),
                open_read(collection.folder / name) as file,
                copies[name].open("xb") as copy,
            ):
                shutil.copyfileobj(file, copy)
        if storage.stat(DATABASE) is not None if snapshot is None else snapshot:
            store.db.conn.execute("VACUUM INTO ?", (str(copies[DATABASE]),))
        done = [(name, path) for name, path in copies.items() if path.exists()]
        for name, path in done:
            progress(name)
            sha256 = warc.sha256_of(path)
            _with_retries(lambda: storage.put_verified(path, name, sha256=sha256, replace=True))  # noqa: B023 - called at once
    return [name for name, _ in done]


def _with_retries(ask: Callable[[], str]) -> str:
    for attempt in range(ATTEMPTS - 1):
        try:
            return ask()
        except StorageError as error:
            if not error.transient:
                raise
            time.sleep(PAUSE_S * 2**attempt)
    return ask()


class _Run:
    """One upload of one collection."""

    def __init__(
        self,
        collection: Collection,
        store: Store,
        storage: Storage,
        *,
        clock: Callable[[], datetime],
        progress: Callable[[str], None],
    ) -> None:
        self.done = Uploaded(storage=storage.url)
        self._collection, self._store, self._storage = collection, store, storage
        self._clock, self._progress = clock, progress
        self._manifest = warc.read_manifest(collection.warcs)
        self._rows = register_files(store, collection.warcs)

    def upload_all(self) -> None:
        """Upload every new closed local file; stop at the first that the storage cannot accept now."""
        here = [path for path in warc.closed_files(self._collection.warcs) if path.name in self._rows]
        todo = [path for path in here if not self._is_there(self._rows[path.name])]
        self.done.there_before = len(here) - len(todo)
        away = [row for row in self._rows.values() if row.storage not in {"", self._storage.url} and not row.local]
        self.done.elsewhere = {row.filename: row.storage for row in away}
        for number, path in enumerate(todo, 1):
            if self.done.waiting:
                self.done.waiting.append(path.name)
                continue
            self._progress(f"{number}/{len(todo)} {path.name} ({path.stat().st_size >> 20} MB)")
            try:
                self._upload(path)
            except StorageError as error:
                self.done.failed[path.name] = str(error)
                if error.transient:
                    self.done.waiting.append(path.name)
            except (DamagedFileError, OSError) as error:
                self.done.failed[path.name] = str(error)

    def _is_there(self, row: FileRow) -> bool:
        return row.storage == self._storage.url and row.sha256 == self._manifest.get(row.filename, row.sha256)

    def _upload(self, path: Path) -> None:
        row = self._rows[path.name]
        sha256 = warc.sha256_of(path)
        if sha256 != self._manifest.get(path.name):
            raise DamagedFileError(
                path, 0, N_("not uploaded: it was changed after it was closed (SHA-256 differs, see `warraq verify`)")
            )
        ours = row.storage == self._storage.url  # the stored file is the same file before a redaction
        row = put_file(self._store, self._storage, path, replace(row, sha256=sha256), clock=self._clock, replaces=ours)
        self._rows[path.name] = row
        self.done.uploaded.append(path.name)
        self.done.bytes += row.bytes

    def upload_beside(self, *, snapshot: bool) -> None:
        """Upload the index and the manifest, which change; with `snapshot`, a copy of the database."""
        try:
            put_beside(self._collection, self._store, self._storage, snapshot=snapshot, progress=self._progress)
        except StorageError as error:
            self.done.failed[N_("index, manifest and database")] = str(error)

    def upload_seals(self) -> None:
        """Upload the new files of seals, the statement of each last, because it makes the seal valid. None is removed locally.

        A stored file with the same name and size is skipped and never replaced; another seal under that name is reported.
        """
        folder = self._collection.folder
        found = [path for path in (folder / SEALS).rglob("*") if path.is_file() and not path.name.startswith(".")]
        for path in sorted(found, key=lambda one: (one.suffix == ".json", one)):
            name = path.relative_to(folder).as_posix()
            is_table = path.suffix == ".tsv"  # the table of merged seals' files, which grows
            try:
                there = self._storage.stat(name)
                if there is not None and there.size == path.stat().st_size and not is_table:
                    continue
                self._progress(name)
                sha256 = warc.sha256_of(path)
                _with_retries(lambda: self._storage.put_verified(path, name, sha256=sha256, replace=is_table))  # noqa: B023 - called at once
                self.done.seals.append(name)
            except (StorageError, OSError) as error:
                self.done.failed[name] = str(error)
                if isinstance(error, StorageError) and error.transient:
                    return

    def remove_all(self, *, older_than: int) -> None:
        """Remove verified local files; during a crawl, none."""
        now = self._clock()
        for path in warc.closed_files(self._collection.warcs):
            row = self._rows.get(path.name)
            if row is None or not row.storage or path.name in self.done.failed:
                continue
            age = now - datetime.fromisoformat(row.closed_at)
            if older_than and age.days < older_than:
                self.done.kept[path.name] = (
                    N_("closed less than a day ago")
                    if older_than == 1
                    else N_(f"closed less than {older_than} days ago")
                )
                continue
            try:
                with self._collection.lock():
                    self._remove(path, row)
            except ArchiveLockedError as error:
                self.done.kept[path.name] = str(error)
            except StorageError as error:
                self.done.failed[path.name] = str(error)
                if error.transient:
                    return

    def _remove(self, path: Path, row: FileRow) -> None:
        """Remove a local file after writing its row: if the process dies in between, the next run finds the file."""
        if not self._has_all_rows(path):
            self.done.kept[path.name] = N_(
                "a crash left some of its records without rows: crawl again, or run `warraq repair`"
            )
            return
        self._progress(N_(f"verifying the upload of {path.name}"))
        proof = _with_retries(lambda: self._storage.prove(path, WARC_PREFIX + path.name, sha256=row.sha256))
        if warc.sha256_of(path) != row.sha256:
            self.done.kept[path.name] = N_("changed since it was uploaded: it is uploaded again by the next run")
            return
        with self._store.atomic():
            files.put(self._store.db, replace(row, verified_at=iso(self._clock()), proof=proof, local=False))
        path.unlink()
        self.done.removed.append(path.name)

    def _has_all_rows(self, path: Path) -> bool:
        """Return whether the last records of a file have rows: after a crash, missing ones can be recovered only from a local file."""
        db = self._store.db
        start = captures.last_offset(db, path.name)
        try:
            for record in warc.read_records(path, start=start, max_block=0):
                web = record.url.startswith(("http://", "https://"))
                if web and record.type in {"response", "revisit"} and captures.of_record(db, record.id) is None:
                    return False
        except DamagedFileError:
            return False
        return True

    def log(self) -> None:
        """Write a row to the log of runs, if anything was done."""
        done = self.done
        if not (done.uploaded or done.seals or done.removed or done.failed):
            return
        at = iso(self._clock())
        with self._store.atomic():
            run = runs.begin(self._store.db, kind="upload", site="", at=at)
            runs.end(self._store.db, run, at=at, result="ok" if done.ok else "problems", summary=done.as_dict())
