"""Repair fixes the effects of a crash; a second repair finds nothing."""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from archive import warc
from archive.index import open_store
from archive.ingest import open_writer
from archive.ingest.importer import recover
from archive.maintain import repair, verify
from archive.parse.parse import parse_task
from archive.parse.workers import WorkerPool
from archive.warc import cdxj

from .conftest import MOMENT, keep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.collection import Collection
    from archive.maintain import Repaired


def mend(collection: Collection) -> Repaired:
    with WorkerPool(parse_task, workers=1, preload=("archive.parse.parse",)) as pool:
        ingest = open_writer(collection, info={"software": "test"}, clock=lambda: MOMENT)
        try:
            return repair(ingest, pool)
        finally:
            ingest.close()


def problems(collection: Collection) -> list[str]:
    with open_store(collection.database) as store:
        return [str(problem) for problem in verify(collection, store, clock=lambda: MOMENT).problems]


@contextmanager
def changed(collection: Collection) -> Iterator[None]:
    """Something happens to the archive; it is found, repaired, and found no more."""
    yield
    assert problems(collection) != []
    assert not mend(collection).nothing
    assert problems(collection) == []
    assert mend(collection).nothing


def test_nothing_is_done_to_an_archive_in_order(collection: Collection) -> None:
    before = {path.name: path.read_bytes() for path in collection.warcs.iterdir()}
    assert mend(collection).nothing
    assert {path.name: path.read_bytes() for path in collection.warcs.iterdir()} == before


def test_records_without_rows_get_them(collection: Collection) -> None:
    with changed(collection), open_store(collection.database) as store, store.atomic():
        store.db.conn.execute("PRAGMA defer_foreign_keys = ON")
        store.db.conn.execute("UPDATE captures SET article_id = NULL")
        store.db.conn.execute("DELETE FROM articles")
        store.db.conn.execute("DELETE FROM captures WHERE id > 1")


@pytest.mark.parametrize(("is_open", "is_followed"), [(False, False), (True, False), (False, True)])
def test_files_that_a_clock_closed_within_one_commit_get_their_rows_at_the_next_start(
    collection: Collection, is_open: bool, is_followed: bool
) -> None:
    """A day ends twice within a group whose rows a full disk, or a kill, keeps from the database."""
    moments = [MOMENT + timedelta(days=days) for days in range(3)]
    now = moments[0]
    ingest = open_writer(collection, info={"software": "test"}, clock=lambda: now)
    for now in moments:
        keep(ingest, f"https://news.example/day-{now.day}", f"خبر اليوم {now.day} من الشهر كما ورد")
    if not is_open:
        ingest.writer.close()
    ingest.store.close()
    ingest._held.pop_all()  # a kill closes nothing
    assert len(list(collection.warcs.glob("*.warc.gz*"))) == 5
    if is_followed:  # by a file that was closed before its first capture
        last = max(warc.closed_files(collection.warcs), key=lambda path: path.stat().st_mtime_ns)
        head, *_ = warc.read_records(last)
        (collection.warcs / "NEWS-follows.warc.gz").write_bytes(last.read_bytes()[: head.location.length])
    with WorkerPool(parse_task, workers=1, preload=("archive.parse.parse",)) as pool:
        again = open_writer(collection, info={"software": "test"}, clock=lambda: MOMENT)
        try:
            done = recover(again, pool)
        finally:
            again.close()
    assert done.records - done.known == 3
    assert problems(collection) == []


def test_index_and_manifest_are_made_again(collection: Collection) -> None:
    index = cdxj.Index(collection.folder)
    before = list(index.lines())
    with changed(collection):
        index.path.unlink()
        (collection.warcs / "manifest-sha256.txt").unlink()
    assert list(index.lines()) == before


def test_an_open_file_with_a_torn_end_is_closed(collection: Collection) -> None:
    path = warc.closed_files(collection.warcs)[-1]
    with changed(collection):
        manifest = warc.read_manifest(collection.warcs)
        warc.write_manifest(collection.warcs, {name: digest for name, digest in manifest.items() if name != path.name})
        path.chmod(0o644)
        with path.open("ab") as file:
            file.write(warc.compress(b"WARC/1.1\r\n" + os.urandom(500), b"")[:300])
        path.rename(path.with_name(path.name + warc.OPEN))


def test_index_lines_of_files_that_are_gone_go(collection: Collection) -> None:
    index = cdxj.Index(collection.folder)
    with changed(collection):
        lines = list(index.lines())
        index.replace({"gone.warc.gz": [line.replace("NEWS", "GONE") for line in lines[:2]]})


def test_records_on_both_sides_of_damage_get_rows(collection: Collection) -> None:
    path = warc.closed_files(collection.warcs)[-1]
    records = list(warc.read_records(path))
    broken = next(record for record in records if record.type == "request")
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(broken.location.offset + 40)
        file.write(b"\xff\xff\xff")
    with open_store(collection.database) as store, store.atomic():
        store.db.conn.execute("UPDATE captures SET article_id = NULL")
        store.db.conn.execute("DELETE FROM articles")
        store.db.conn.execute("DELETE FROM captures")
    done = mend(collection)
    assert done.rows == 5
    assert [damage.offset for damage in done.imported.damaged] == [broken.location.offset]
