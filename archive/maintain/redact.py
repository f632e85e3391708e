"""Permanently remove a URL from an archive, and record who asked and why: records, rows, search, index and manifest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from archive import search, urls, warc
from archive.collection import UPLOADING, WARC_PREFIX, FileLocator
from archive.collection.upload import put_beside, put_file, register_files
from archive.errors import NotFoundError
from archive.files import replace_file
from archive.files.clock import iso
from archive.index import files as files_
from archive.index import places, runs, site_lines
from archive.maintain.filecheck import fetch_file
from archive.seals import numbers_by_file
from archive.warc import cdxj

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from archive.collection import Collection
    from archive.index import Store
    from archive.storage import StoredFile

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """The result of a redaction: URLs, numbers of records by file, rows, and URLs whose revisits lost their payload.

    `uploaded` are the files that were uploaded again, `versioned` the objects whose old versions a versioned bucket keeps.
    """

    urls: tuple[str, ...]
    records: int
    files: tuple[str, ...]
    captures: int
    articles: int
    bereft: tuple[str, ...]
    uploaded: tuple[str, ...] = ()
    versioned: tuple[str, ...] = ()


def redact(
    collection: Collection,
    store: Store,
    *,
    url: str,
    reason: str,
    who: str,
    clock: Callable[[], datetime],
    progress: Callable[[str], None] = lambda _: None,
) -> Redacted:
    """Replace every record of `url` (and of what was captured as the same article) by a tombstone, then forget the rows.

    A tombstone is a metadata record of the same length in the same place, which says when, why and by whom, so no other record
    moves. The URL stays in the frontier as `redacted` and is not fetched again. Needs the collection's lock. A second call finishes
    what a crash interrupted, and otherwise changes nothing.

    Uploaded files are read from their storage (all of them, because any may hold a record about the page), rewritten locally, and
    uploaded in place of the old ones.

    Raises:
        NotFoundError: the archive has, and had, nothing of that URL.
        StorageError, NotWritableError: a storage cannot be read or written, or the disk is full or the database in use; a second call
            finishes the redaction.
    """
    with collection.lock(UPLOADING):
        store.sync_each_commit()
        moment = clock()
        index = cdxj.Index(collection.folder)
        warc.recover_open_files(collection.warcs, on_close=index.closed)
        wanted = places.urls_of_article(store.db, {url, urls.canonicalise(url) or url})
        holdings = FileLocator(collection.warcs, store.db)
        seals = numbers_by_file(collection.folder)
        records, files, ids = 0, list[str](), set[str]()
        for file in holdings.closed():
            progress(f"looking through {file.name}")
            stones, known = _tombstones(
                file, wanted, ids, moment=moment, reason=reason, who=who, seal=seals.get(file.name, 0)
            )
            if stones:
                _swap(_here(holdings, store, file, collection.warcs), stones)
            if stones or (known and isinstance(file, Path)):
                _index_again(collection.warcs / file.name, index)
            if stones or known:
                records, files = records + len(stones), [*files, file.name]
        bereft = places.revisits_of(store.db, ids, wanted)
        captures, articles = _forget(store, wanted, moment, reason=reason, who=who, records=records)
        uploaded, versioned = _put_again(collection, store, holdings, clock=clock, progress=progress)
    if not (files or captures or articles):
        raise NotFoundError(url)
    return Redacted(
        urls=tuple(sorted(wanted)),
        records=records,
        files=tuple(files),
        captures=captures,
        articles=articles,
        bereft=tuple(sorted(bereft)),
        uploaded=tuple(uploaded),
        versioned=tuple(versioned),
    )


def _index_again(path: Path, index: cdxj.Index) -> None:
    """Update manifest and index for a file that was rewritten, now or by an interrupted run."""
    if warc.read_manifest(path.parent).get(path.name) != warc.sha256_of(path):
        _update_manifest(path)
    index.replace({path.name: cdxj.lines_of(path)})


def _here(holdings: FileLocator, store: Store, file: Path | StoredFile, folder: Path) -> Path:
    """Return the local file; download one that is only in a storage."""
    if isinstance(file, Path):
        return file
    row = files_.get(store.db, file.name)
    assert row  # noqa: S101 - it was found by its row
    return fetch_file(holdings, row, folder)


def _put_again(
    collection: Collection,
    store: Store,
    holdings: FileLocator,
    *,
    clock: Callable[[], datetime],
    progress: Callable[[str], None],
) -> tuple[list[str], list[str]]:
    """Upload the changed files again; return these files, and the objects whose old versions stay."""
    manifest = warc.read_manifest(collection.warcs)
    only_there = {name for name, row in files_.rows(store.db).items() if not row.local}
    changed = [
        row
        for name, row in register_files(store, collection.warcs).items()
        if row.local and row.storage and row.sha256 != manifest.get(name)
    ]
    versioned: list[str] = []
    for row in changed:
        progress(f"putting {row.filename} into {row.storage} again")
        storage, path = holdings.storage(row.storage), collection.warcs / row.filename
        fresh = put_file(store, storage, path, replace(row, sha256=manifest[row.filename]), clock=clock, replaces=True)
        if storage.keeps_versions():
            versioned.append(f"{WARC_PREFIX}{row.filename} in {row.storage}")
        if row.filename in only_there:
            with store.atomic():
                files_.put(store.db, replace(fresh, local=False))
            path.unlink()
    for url in sorted({row.storage for row in changed}):
        storage = holdings.storage(url)
        beside = put_beside(collection, store, storage, snapshot=None, progress=progress)
        versioned += [f"{name} in {url}" for name in beside if storage.keeps_versions()]
    return [row.filename for row in changed], versioned


def _tombstones(
    path: Path | StoredFile, wanted: set[str], ids: set[str], *, moment: datetime, reason: str, who: str, seal: int
) -> tuple[dict[int, bytes], bool]:
    """Return offsets and tombstones of the records to remove, and whether the file already has tombstones of these URLs."""
    stones: dict[int, bytes] = {}
    known = False
    for record in warc.read_records(path, max_block=256):
        if warc.is_tombstone(record):
            known = known or record.url in wanted
        elif _is_about(record, wanted, ids):
            ids.add(record.id)
            stones[record.location.offset] = warc.tombstone(record, moment=moment, reason=reason, who=who, seal=seal)
    return stones, known


def _is_about(record: warc.Record, wanted: set[str], ids: set[str]) -> bool:
    """Return whether the record is of these URLs, or belongs to a record that is; a revisit of another page does not count."""
    if record.url in wanted:
        return record.type != "warcinfo"
    return record.type != "revisit" and not ids.isdisjoint(
        (record.get("WARC-Refers-To"), record.get("WARC-Concurrent-To"))
    )


def _swap(path: Path, stones: dict[int, bytes]) -> None:
    """Replace the file atomically by one with the tombstones."""
    with path.open("rb") as old:
        replace_file(path, _with_tombstones(old, stones), mode=0o444)


def _with_tombstones(old: IO[bytes], stones: dict[int, bytes]) -> Iterator[bytes]:
    for offset, stone in sorted(stones.items()):
        while piece := old.read(min(CHUNK, offset - old.tell())):
            yield piece
        yield stone
        old.seek(len(stone), 1)
    while piece := old.read(CHUNK):
        yield piece


def _update_manifest(path: Path) -> None:
    manifest = warc.read_manifest(path.parent)
    warc.write_manifest(path.parent, manifest | {path.name: warc.sha256_of(path)})


def _forget(
    store: Store, wanted: set[str], moment: datetime, *, reason: str, who: str, records: int
) -> tuple[int, int]:
    """Delete rows, search entries and learned lines in one transaction, with the log row of who and why.

    Then the database is rewritten: its free space keeps what earlier changes of the rows left there.
    """
    # it imports the extractors, which the other commands here do not need
    from archive.extract.text.phrases import line_key

    db, at = store.db, iso(moment)
    with store.atomic():
        ids = places.article_ids(db, wanted)
        texts = places.texts_of(db, ids)
        visits = sum(number for _, _, number in texts)
        for url, text, _ in texts:
            site_lines.forget_page(db, urls.host_of(url), {line_key(line) for line in text.splitlines()}, visits=visits)
        search.unindex_articles(db.conn, ids)
        captures, articles = places.forget(db, wanted, at=at, reason=reason)
        if records or captures or articles:
            summary = {"urls": sorted(wanted), "reason": reason, "who": who, "records": records}
            run = runs.begin(db, kind="redact", site="", at=at)
            runs.end(db, run, at=at, result="ok", summary=summary)
        search.optimize(db.conn)  # until segments are merged, the index keeps the words of removed entries
    store.rewrite()
    return captures, articles
