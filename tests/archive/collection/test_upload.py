"""Upload: closed files are stored, verified and marked; afterwards everything reads them from the storage."""

from __future__ import annotations

import json
import os
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from archive import warc
from archive.archive import Archive
from archive.cli import warraq
from archive.collection import FileLocator
from archive.collection.upload import upload
from archive.errors import ArchiveLockedError, DamagedFileError, LinkedFileError, StorageError, UsageError
from archive.index import files, open_store
from archive.ingest import open_writer
from archive.maintain import redact, verify
from archive.warc import cdxj
from tests.archive.maintain.conftest import FIRST, MIRROR, MOMENT, SECOND, collection, keep, store  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.collection import Collection
    from archive.collection.upload import Uploaded
    from archive.maintain import Redacted

pytestmark = pytest.mark.slow

SECRET = "الخطة السرية".encode()


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "there"


def move(collection: Collection, there: Path) -> Uploaded:  # noqa: F811
    return upload(collection, to=str(there), clock=lambda: MOMENT, remove_after_days=0)


def tell(collection: Collection, *arguments: str) -> tuple[int, str]:  # noqa: F811
    done = CliRunner().invoke(warraq, ["--archive", str(collection.folder), *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def take_out(collection: Collection) -> Redacted:  # noqa: F811
    with open_store(collection.database) as store:  # noqa: F811
        return redact(collection, store, url=FIRST, reason="court order 7", who="editor", clock=lambda: MOMENT)


def problems(collection: Collection, *, remote: bool = True) -> list[tuple[str, str]]:  # noqa: F811
    with open_store(collection.database) as store:  # noqa: F811
        report = verify(collection, store, clock=lambda: MOMENT, remote=remote)
    return [(problem.kind, problem.file) for problem in report.problems]


def test_closed_files_go_there_and_are_marked(collection, there):  # noqa: F811
    names = [path.name for path in warc.closed_files(collection.warcs)]
    done = upload(collection, to=str(there), clock=lambda: MOMENT)
    assert (done.uploaded, done.removed, done.ok) == (names, [], True)
    with open_store(collection.database) as store:  # noqa: F811
        rows = files.rows(store.db)
    for name in names:
        assert (there / "archive" / name).read_bytes() == (collection.warcs / name).read_bytes()
        assert rows[name].sha256 == warc.read_manifest(collection.warcs)[name]
        assert (rows[name].storage, rows[name].proof, rows[name].local) == (there.as_uri(), "read back", True)
    assert (there / "indexes/index.cdxj").read_bytes() == (collection.indexes / "index.cdxj").read_bytes()


def test_a_second_run_sends_nothing(collection, there):  # noqa: F811
    upload(collection, to=str(there), clock=lambda: MOMENT)
    before = {path: path.stat().st_ino for path in (there / "archive").glob("*.gz")}
    done = upload(collection, clock=lambda: MOMENT)  # it knows where
    assert (done.uploaded, done.there_before) == ([], 2)
    assert {path: path.stat().st_ino for path in (there / "archive").glob("*.gz")} == before


def test_files_that_are_only_in_another_storage_are_named_when_the_place_changes(collection, there, tmp_path):  # noqa: F811
    names = move(collection, there).removed
    done = upload(collection, to=str(tmp_path / "new"), clock=lambda: MOMENT)
    assert done.elsewhere == dict.fromkeys(names, there.as_uri())
    assert f"2 files are only in {there.as_uri()}" in tell(collection, "upload", "--to", str(tmp_path / "new"))[1]
    assert upload(collection, to=str(there), clock=lambda: MOMENT).elsewhere == {}


def test_only_what_is_old_enough_is_removed_here(collection, there):  # noqa: F811
    done = upload(collection, to=str(there), clock=lambda: MOMENT + timedelta(days=5), remove_after_days=100_000)
    assert done.removed == []
    assert len(done.kept) == 2
    assert len(move(collection, there).removed) == 2
    assert warc.closed_files(collection.warcs) == []


def test_a_file_that_is_gone_there_again_stays_here(collection, there):  # noqa: F811
    upload(collection, to=str(there), clock=lambda: MOMENT)
    first, second = warc.closed_files(collection.warcs)
    (there / "archive" / first.name).unlink()
    done = move(collection, there)
    assert list(done.failed) == [first.name]
    assert done.removed == [second.name]
    assert first.exists()


def test_a_crawl_that_writes_keeps_its_files_here(collection, there):  # noqa: F811
    with collection.lock():
        done = move(collection, there)
    assert (len(done.uploaded), done.removed, len(done.kept)) == (2, [], 2)


def test_two_uploads_at_a_time_are_one_too_many(collection, there):  # noqa: F811
    with collection.lock(".upload.lock"), pytest.raises(ArchiveLockedError):
        move(collection, there)


def test_a_file_that_is_damaged_here_does_not_go_there(collection, there):  # noqa: F811
    path = warc.closed_files(collection.warcs)[0]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-10])
    done = move(collection, there)
    assert list(done.failed) == [path.name]
    assert not (there / "archive" / path.name).exists()
    assert path.exists()


def test_records_without_rows_keep_their_file_here(collection, there):  # noqa: F811
    with open_store(collection.database) as store, store.atomic():  # noqa: F811
        store.db.conn.execute("PRAGMA defer_foreign_keys = ON")
        last = store.db.conn.execute("SELECT max(id) FROM captures").fetchone()[0]
        store.db.conn.execute("DELETE FROM captures WHERE id = ?", (last,))
    assert len(move(collection, there).kept) == 1


def test_without_a_place_it_says_how_to_name_one(collection):  # noqa: F811
    with pytest.raises(UsageError, match="--to"):
        upload(collection, clock=lambda: MOMENT)


def test_the_setting_names_a_place_for_all_archives(collection, there, monkeypatch):  # noqa: F811
    monkeypatch.setenv("WARRAQ_STORAGE", str(there))
    assert upload(collection, clock=lambda: MOMENT).storage == f"{there.as_uri()}/news"


@pytest.mark.parametrize(
    "url",
    [
        "s3://key:secret@bucket/x",
        "s3://key@bucket/x",
        "sftp://me:word@host/x",
        "s3://b/x?secret=1",
        "s3://b/../x",
        "ftp://h/x",
        "",
    ],
)
def test_a_url_with_a_secret_or_without_sense_is_refused(url, collection):  # noqa: F811
    from archive.storage import open_storage

    with pytest.raises(UsageError) as error:
        open_storage(url)
    assert "secret@" not in str(error.value)
    assert "word@" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "missing"), [("s3://bucket/x", "s3fs"), ("s3://bucket/x", "fsspec"), ("gs://b/x", "fsspec")]
)
def test_without_the_libraries_it_says_what_to_install(url, missing, collection, monkeypatch):  # noqa: F811
    if missing == "s3fs":
        pytest.importorskip("fsspec", reason="needs fsspec, of the dev group")
    monkeypatch.setitem(sys.modules, missing, None)
    code, text = tell(collection, "upload", "--to", url)
    assert code == 2
    assert f"needs {missing}: pip install 'warraq[s3]'" in text


def test_an_endpoint_in_the_clear_is_warned_of_unless_it_is_this_machine(caplog):
    pytest.importorskip("s3fs", reason="needs warraq[s3]")
    from archive.storage import open_storage

    open_storage("s3://bucket/x?endpoint_url=http://127.0.0.1:9")
    assert caplog.text == ""
    open_storage("s3://bucket/x?endpoint_url=http://s3.example.net")
    assert "not encrypted" in caplog.text


class TestMoved:
    """An archive whose files are all in the storage."""

    @pytest.fixture(autouse=True)
    def moved(self, collection, there):  # noqa: F811
        before = {path.name: path.read_bytes() for path in warc.closed_files(collection.warcs)}
        move(collection, there)
        return before

    def test_every_record_can_be_read_as_before(self, collection, moved):  # noqa: F811
        with Archive(collection.folder) as archive:
            rows = [dict(row) for row in archive.db.query("SELECT * FROM captures")]
            assert len(rows) == 5
            for row in rows:
                record = archive.record(row)
                assert record.id == row["record_id"]
                start = row["warc_record_offset"]
                raw = warc.read_raw(archive.files, record.location)
                assert raw == moved[row["warc_filename"]][start : start + row["warc_record_length"]]

    def test_show_and_export_work(self, collection, tmp_path):  # noqa: F811
        code, text = tell(collection, "show", "--json", FIRST)
        assert code == 0
        assert "record" in text or FIRST in text
        for form in ("warc", "wacz", "cdxj", "jsonl"):
            target = tmp_path / f"out.{form}.gz"
            assert tell(collection, "export", "-f", form, "-o", str(target))[0] == 0
            assert target.stat().st_size > 100
        assert len([one for one in warc.read_records(tmp_path / "out.warc.gz") if one.type == "response"]) == 3

    def test_verify_says_what_it_did_not_look_at(self, collection):  # noqa: F811
        assert problems(collection, remote=False) == []
        code, text = tell(collection, "verify")
        assert code == 0
        assert "2 files are only in a storage" in text

    def test_verify_reads_them_when_it_is_told_to(self, collection):  # noqa: F811
        assert problems(collection) == []
        code, text = tell(collection, "verify", "--remote", "--json")
        assert (code, json.loads(text)["records"] > 10) == (0, True)

    def test_a_byte_that_changed_there_is_found(self, collection, there):  # noqa: F811
        path = min((there / "archive").glob("*.gz"))
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.chmod(0o644)
        path.write_bytes(data)
        assert ("storage", path.name) in problems(collection)

    def test_a_file_that_was_cut_there_is_found(self, collection, there):  # noqa: F811
        path = min((there / "archive").glob("*.gz"))
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-20])
        assert ("storage", path.name) in problems(collection)
        with Archive(collection.folder) as archive, pytest.raises(StorageError, match="but requested"):
            list(warc.read_records(archive.files.closed()[0]))

    def test_a_storage_that_is_not_there_is_named(self, collection, there):  # noqa: F811
        shutil.rmtree(there)
        with Archive(collection.folder) as archive, pytest.raises(StorageError, match="is not there"):
            archive.record(archive.article(FIRST))
        code, text = tell(collection, "explain", FIRST)
        assert code == 14
        assert "Traceback" not in text

    def test_nothing_is_asked_of_it_when_that_is_forbidden(self, collection, monkeypatch):  # noqa: F811
        monkeypatch.setenv("WARRAQ_STORAGE", "none")
        with Archive(collection.folder) as archive, pytest.raises(StorageError, match="none"):
            archive.record(archive.article(FIRST))

    def test_repair_leaves_their_index_lines(self, collection):  # noqa: F811
        before = list(cdxj.Index(collection.folder).lines())
        assert tell(collection, "repair")[0] == 0
        assert list(cdxj.Index(collection.folder).lines()) == before

    def test_reindex_reads_them_and_keeps_where_they_are(self, collection):  # noqa: F811
        with open_store(collection.database) as store:  # noqa: F811
            before = files.rows(store.db)
            urls = {row["record_id"] for row in store.db.query("SELECT record_id FROM captures")}
        assert tell(collection, "reindex")[0] == 0
        with open_store(collection.database) as store:
            assert files.rows(store.db) == before
            assert {row["record_id"] for row in store.db.query("SELECT record_id FROM captures")} == urls

    def test_without_a_database_the_manifest_and_the_storage_give_it_back(self, collection, there):  # noqa: F811
        for path in collection.folder.glob("warraq.db*"):
            path.unlink()
        assert tell(collection, "reindex", "--storage", str(there))[0] == 0
        with open_store(collection.database) as store:  # noqa: F811
            assert store.db.conn.execute("SELECT count(*) FROM captures").fetchone()[0] == 5
        assert problems(collection) == []

    def test_a_new_crawl_goes_on_beside_them(self, collection, there):  # noqa: F811
        ingest = open_writer(collection, info={}, clock=lambda: MOMENT)
        keep(ingest, SECOND, "افتتح المتحف أبوابه للزوار", hours=30)
        ingest.close()
        assert len(move(collection, there).uploaded) == 1
        assert problems(collection) == []

    def test_importing_another_file_of_that_name_takes_another(self, collection, tmp_path, moved):  # noqa: F811
        from archive.ingest.copying import copy_in

        name = next(iter(moved))
        source = tmp_path / name
        source.write_bytes(moved[name])
        assert copy_in(source, collection.warcs).path.name == name
        (collection.warcs / name).unlink()
        shutil.copyfile(sorted((tmp_path / "there/archive").glob("*.gz"))[1], source)
        assert copy_in(source, collection.warcs).path.name == f"1-{name}"

    def test_what_is_redacted_is_redacted_there(self, collection, there):  # noqa: F811
        done = take_out(collection)
        assert done.records == 8
        assert len(done.uploaded) == 2
        assert warc.closed_files(collection.warcs) == []
        assert problems(collection) == []
        for path in (there / "archive").glob("*.gz"):
            about = [record for record in warc.read_records(path) if record.url == FIRST]
            assert all(warc.is_tombstone(record) for record in about)
        assert take_out_again(collection) == 0

    def test_a_redaction_that_broke_off_is_finished(self, collection, there, monkeypatch):  # noqa: F811
        with monkeypatch.context() as disk:
            disk.setattr("os.fsync", full(there))
            with pytest.raises(StorageError, match="No space left"):
                take_out(collection)
        take_out_again(collection)
        for path in (there / "archive").glob("*.gz"):
            assert all(warc.is_tombstone(record) for record in warc.read_records(path) if record.url == FIRST)
        assert problems(collection) == []

    def test_a_copy_that_was_not_redacted_does_not_outlive_the_one_here(self, collection, there, monkeypatch):  # noqa: F811
        with monkeypatch.context() as disk:
            disk.setattr("os.fsync", full(there))
            with pytest.raises(StorageError, match="No space left"):
                take_out(collection)
        done = move(collection, there)
        assert len(done.uploaded) == 2
        for path in (there / "archive").glob("*.gz"):
            assert all(warc.is_tombstone(record) for record in warc.read_records(path) if record.url == FIRST)


def take_out_again(collection: Collection) -> int:  # noqa: F811
    return take_out(collection).records


def full(folder: Path) -> Callable[[int], None]:
    """An fsync for which the disk of that folder is full."""
    really = os.fsync

    def fsync(handle: int) -> None:
        if str(folder) in str(Path(f"/proc/self/fd/{handle}").readlink()):
            raise OSError(28, "No space left on device")
        really(handle)

    return fsync


def test_a_link_in_the_place_of_a_file_is_not_followed(collection, tmp_path):  # noqa: F811
    path = warc.closed_files(collection.warcs)[0]
    elsewhere = tmp_path / "elsewhere.warc.gz"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    with pytest.raises(LinkedFileError, match="symbolic link"):
        warc.find_file(collection.warcs, path.name)
    with Archive(collection.folder) as archive, pytest.raises(LinkedFileError):
        archive.record(archive.article(MIRROR))
    assert ("link", path.name) in problems(collection)


def test_a_link_that_looks_like_an_open_file_is_neither_cut_nor_closed(collection, tmp_path):  # noqa: F811
    victim = tmp_path / "victim"
    victim.write_bytes(b"not a WARC")
    victim.chmod(0o600)
    (collection.warcs / "NEWS-9.warc.gz.open").symlink_to(victim)
    (collection.warcs / "NEWS-8.warc.gz").symlink_to(victim)
    open_writer(collection, info={}, clock=lambda: MOMENT).close()
    assert victim.read_bytes() == b"not a WARC"
    assert victim.stat().st_mode & 0o777 == 0o600


def test_the_archive_folder_itself_may_be_a_link(collection, tmp_path):  # noqa: F811
    collection.warcs.rename(tmp_path / "large-disk")
    collection.warcs.symlink_to(tmp_path / "large-disk")
    with Archive(collection.folder) as archive:
        assert archive.record(archive.article(SECOND)).url == SECOND


def test_a_name_that_leads_out_of_the_prefix_is_no_name(collection, there):  # noqa: F811
    row = files.FileRow(filename="../../secret", bytes=10, sha256="0" * 64, closed_at="", storage=there.as_uri())
    with open_store(collection.database) as store, pytest.raises(DamagedFileError):  # noqa: F811
        FileLocator(collection.warcs, store.db).stored(row)


def test_a_database_of_before_has_no_files_and_reads_on(collection):  # noqa: F811
    with open_store(collection.database) as store:  # noqa: F811
        store.db.conn.execute("DROP TABLE files")
        store.db.conn.execute("DELETE FROM _sqlite_migrations WHERE name = '0008_files'")
        store.db.conn.commit()
    with Archive(collection.folder) as archive:
        assert archive.record(archive.article(FIRST)).url == FIRST
