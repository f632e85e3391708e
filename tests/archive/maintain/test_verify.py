"""Verify finds damage and names the record; intact parts are not reported."""

from __future__ import annotations

import gzip
import json
import os
from typing import TYPE_CHECKING

import pytest

from archive import warc
from archive.ingest import open_writer
from archive.maintain import verify
from archive.warc import cdxj

from .conftest import FIRST, MOMENT, SECOND, keep

if TYPE_CHECKING:
    from pathlib import Path

    from archive.collection import Collection
    from archive.index import Store
    from archive.maintain import VerifyReport

pytestmark = pytest.mark.slow


def check(collection: Collection, store: Store, **more: bool) -> VerifyReport:
    return verify(collection, store, clock=lambda: MOMENT, **more)


def files(collection: Collection) -> list[Path]:
    return warc.closed_files(collection.warcs)


def flip(path: Path, offset: int) -> None:
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x01]))


def test_an_archive_in_order_has_no_problems(collection: Collection, store: Store) -> None:
    report = check(collection, store)
    assert report.problems == []
    assert (report.ok, report.files, report.rows) == (True, 2, 5 + 4)
    assert report.records == sum(len(list(warc.read_records(path))) for path in files(collection))
    assert report.size == sum(path.stat().st_size for path in files(collection))


def test_each_run_is_logged(collection: Collection, store: Store) -> None:
    check(collection, store)
    flip(files(collection)[0], 500)
    check(collection, store)
    first, second = store.db.query("SELECT * FROM runs WHERE kind = 'verify' ORDER BY id")
    assert (first["result"], first["started_at"]) == ("ok", "2026-11-24T05:30:00Z")
    assert second["result"] == "problems"
    assert json.loads(second["summary"])["problems"]["damaged"] == 1
    assert "at byte" in json.loads(second["summary"])["first"][0]


def test_any_flipped_byte_is_blamed_on_the_record_that_holds_it(collection: Collection, store: Store) -> None:
    path = files(collection)[1]
    records = list(warc.read_records(path))
    for record in records:
        place = record.location
        for at in (0, 2, 4, 9, 12, place.length // 2, place.length - 9, place.length - 1):
            flip(path, place.offset + at)
            blamed = {problem.offset for problem in check(collection, store).problems if problem.kind != "manifest"}
            flip(path, place.offset + at)
            assert place.offset in blamed, (record.type, at)
            assert blamed <= {place.offset, -1}, (record.type, at)
    assert check(collection, store).ok


def test_a_torn_end_is_named(collection: Collection, store: Store) -> None:
    path = files(collection)[1]
    last = list(warc.read_records(path))[-1]
    path.chmod(0o644)
    os.truncate(path, path.stat().st_size - 5)
    problems = {problem.kind: problem for problem in check(collection, store).problems}
    assert (problems["damaged"].offset, problems["damaged"].file) == (last.location.offset, path.name)
    assert "manifest" in problems


def rewrite(collection: Collection, path: Path, change: bytes, into: bytes) -> None:
    """Changes bytes inside a record as somebody would who knows gzip: a member that is in order, and a new manifest."""
    data = bytearray()
    for record in warc.read_records(path):
        raw = warc.read_raw(collection.warcs, record.location)
        text = gzip.decompress(raw)
        data += warc.compress(text.replace(change, into).removesuffix(b"\r\n\r\n"), b"") if change in text else raw
    path.chmod(0o644)
    path.write_bytes(data)
    manifest = warc.read_manifest(collection.warcs)
    warc.write_manifest(collection.warcs, manifest | {path.name: warc.sha256_of(path)})


def test_a_forged_page_is_found_by_its_digest(collection: Collection, store: Store) -> None:
    rewrite(collection, files(collection)[0], "المتحف".encode(), "المسرح".encode())
    kinds = {(problem.kind, problem.url) for problem in check(collection, store).problems}
    assert ("block-digest", SECOND) in kinds


def test_a_payload_that_is_not_what_its_digest_says_is_found(collection: Collection, store: Store) -> None:
    path = files(collection)[0]
    record = next(record for record in warc.read_records(path) if record.type == "response")
    digest = record.get("WARC-Payload-Digest").encode()
    rewrite(
        collection, path, b"WARC-Payload-Digest: " + digest, b"WARC-Payload-Digest: " + warc.sha1_digest(b"").encode()
    )
    kinds = {(problem.kind, problem.url) for problem in check(collection, store).problems}
    assert ("payload-digest", FIRST) in kinds


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE captures SET warc_record_offset = warc_record_offset + 1 WHERE id = 1", "row"),
        ("UPDATE captures SET record_id = '<urn:uuid:other>' WHERE id = 2", "row"),
        ("UPDATE captures SET payload_digest = 'sha1:OTHER' WHERE id = 2", "row"),
        ("UPDATE articles SET warc_record_length = 7 WHERE id = 1", "row"),
        ("UPDATE articles SET text = 'another text' WHERE id = 1", "text"),
        ("UPDATE articles SET conversion_id = '<urn:uuid:none>' WHERE id = 1", "text"),
        ("UPDATE captures SET warc_filename = 'none.warc.gz' WHERE id = 1", "missing"),
        ("UPDATE captures SET article_id = NULL; DELETE FROM articles; DELETE FROM captures WHERE id = 1", "no-row"),
    ],
)
def test_a_row_that_disagrees_with_its_record_is_found(
    collection: Collection, store: Store, statement: str, kind: str
) -> None:
    for one in statement.split("; "):
        store.db.conn.execute(one)
    store.db.conn.commit()
    problems = check(collection, store).problems
    assert kind in {problem.kind for problem in problems}
    assert all(problem.record_id or problem.offset >= 0 or problem.kind == "missing" for problem in problems)


def test_a_missing_file_is_named(collection: Collection, store: Store) -> None:
    gone = files(collection)[0]
    gone.unlink()
    missing = [problem for problem in check(collection, store).problems if problem.kind == "missing"]
    assert [problem.file for problem in missing] == [gone.name]


def test_a_file_that_nobody_answers_for_is_named(collection: Collection, store: Store) -> None:
    (collection.warcs / "manifest-sha256.txt").unlink()
    assert {problem.kind for problem in check(collection, store).problems} == {"manifest"}


def test_an_index_that_is_not_of_the_records_is_named(collection: Collection, store: Store) -> None:
    index = cdxj.Index(collection.folder)
    index.path.write_text(index.path.read_text().replace('"status": "200"', '"status": "404"', 1))
    (problem,) = check(collection, store).problems
    assert (problem.kind, problem.file in {path.name for path in files(collection)}) == ("index", True)


@pytest.mark.parametrize("is_removed", [False, True], ids=["closed", "empty and removed"])
def test_a_file_that_the_crawl_closes_after_it_was_listed_is_followed(
    collection: Collection, store: Store, is_removed: bool
) -> None:
    first = next(iter(warc.read_records(files(collection)[0])))  # a warcinfo record
    path = collection.warcs / "NEWS-x.warc.gz.open"
    path.write_bytes(files(collection)[0].read_bytes()[: first.location.length])

    def close(name: str, offset: int) -> None:
        if path.exists():
            path.unlink() if is_removed else path.rename(path.with_suffix(""))

    before = check(collection, store, in_use=True)
    report = verify(collection, store, clock=lambda: MOMENT, in_use=True, progress=close)
    assert report.ok
    assert (before.files - report.files, before.records - report.records) == ((1, 1) if is_removed else (0, 0))
    assert report.size == before.size - is_removed * first.location.length


def test_a_file_that_the_crawl_begins_after_the_others_were_listed_is_not_missing(
    collection: Collection, store: Store
) -> None:
    ingest = open_writer(collection, info={"software": "test"}, clock=lambda: MOMENT)

    def go_on(name: str, offset: int) -> None:
        if not warc.open_files(collection.warcs):
            keep(ingest, "https://news.example/third", "افتتح الوزير معرض الكتاب", hours=8)
            ingest.commit()

    assert verify(collection, store, clock=lambda: MOMENT, in_use=True, progress=go_on).ok
    assert warc.open_files(collection.warcs)
    ingest.close()


def test_a_file_in_use_may_end_in_the_middle_of_a_record(collection: Collection, store: Store) -> None:
    (collection.warcs / "NEWS-x.warc.gz.open").write_bytes(warc.compress(b"WARC/1.1\r\n", b"")[:-3])
    assert check(collection, store, in_use=True).ok
    assert [problem.kind for problem in check(collection, store).problems] == ["damaged"]
