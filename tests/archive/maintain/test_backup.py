"""A backup during writes is an archive that verifies; the next run copies changes, and nothing foreign is overwritten."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from archive import Article, warc
from archive.capture import Capture
from archive.collection import UPLOADING, Collection
from archive.collection.upload import upload
from archive.errors import ArchiveLockedError, UsageError
from archive.index import open_store
from archive.ingest import open_writer
from archive.ingest.commit import Disposition
from archive.maintain import redact, verify
from archive.maintain.backup import OWN, back_up
from archive.outcome import Outcome, OutcomeKind
from archive.parse.parse import parse_task
from archive.parse.workers import WorkerPool
from archive.watch.store import Watch, WatchStore
from tests.support.cli import warraq

from .conftest import FIRST, MIRROR, MOMENT, SECOND, keep, served

if TYPE_CHECKING:
    from pathlib import Path

    from archive.maintain.backup import BackedUp

pytestmark = pytest.mark.slow


def copied(collection: Collection, folder: Path) -> BackedUp:
    with WorkerPool(parse_task, workers=1, preload=("archive.parse.parse",)) as pool:
        return back_up(collection, folder, pool, clock=lambda: MOMENT)


def problems(folder: Path) -> list[str]:
    collection = Collection(folder)
    with open_store(collection.database) as store:
        return [str(problem) for problem in verify(collection, store, clock=lambda: MOMENT).problems]


def urls(folder: Path) -> list[str]:
    with open_store(Collection(folder).database) as store:
        return [row["url"] for row in store.db.query("SELECT url FROM captures ORDER BY id")]


def test_a_backup_beside_a_crawl_verifies_and_has_what_was_written_by_then(collection: Collection, tmp_path: Path):
    ingest = open_writer(collection, info={"software": "test"}, clock=lambda: MOMENT)
    keep(ingest, "https://news.example/third", "افتتح الوزير معرض الكتاب", hours=8)
    ingest.commit()
    keep(ingest, "https://news.example/fourth", "انتهى معرض الكتاب", hours=9)  # its record is on disk, its row is not
    done = copied(collection, tmp_path / "copy")
    ingest.close()
    assert problems(tmp_path / "copy") == []
    assert "https://news.example/third" in urls(tmp_path / "copy")
    assert len(done.copied) == 3
    assert done.ok


def test_what_a_copy_had_to_write_itself_is_made_anew_by_the_next_run(collection: Collection, tmp_path: Path):
    """The text of a record whose row came after the copy of the database is written in the copy: the archive has no such file."""
    ingest = open_writer(collection, info={"software": "test"}, clock=lambda: MOMENT)
    story = "".join(
        f"<p>افتتح الوزير معرض الكتاب في المدينة صباح اليوم رقم {n}، وقال إن الزوار كثيرون هذا العام.</p>"
        for n in range(9)
    )
    url = "https://news.example/third"
    page = Capture(
        url=url, started=MOMENT, request=b"GET /third HTTP/1.1\r\nHost: news.example\r\n\r\n", response=served(story)
    )
    row = ingest.record(page, site="news.example")
    ingest.writer.sync()
    copied(collection, tmp_path / "copy")
    own = [
        path.name for path in warc.closed_files(Collection(tmp_path / "copy").warcs) if path.name.startswith("BACKUP-")
    ]
    assert len(own) == 1
    assert "https://news.example/third" in urls(tmp_path / "copy")
    article = Article(url=url, title="عنوان", text=story)
    ingest.finish(Disposition(row=row, outcome=Outcome(kind=OutcomeKind.ARTICLE), article=article))
    ingest.close()
    copied(collection, tmp_path / "copy")
    assert {path.name for path in warc.closed_files(Collection(tmp_path / "copy").warcs)} == {
        path.name for path in warc.closed_files(collection.warcs)
    }
    assert problems(tmp_path / "copy") == []
    assert urls(tmp_path / "copy") == urls(collection.folder)


def test_what_an_archive_wrote_when_it_was_a_copy_stays_in_its_backup_when_a_storage_alone_has_it(
    collection: Collection, tmp_path: Path
):
    ingest = open_writer(collection, info={"software": "test"}, clock=lambda: MOMENT, prefix=OWN)
    keep(ingest, "https://news.example/third", "افتتح الوزير معرض الكتاب", hours=8)
    ingest.close()
    copied(collection, tmp_path / "copy")
    upload(collection, clock=lambda: MOMENT, to=str(tmp_path / "storage"), remove_after_days=-1000)
    assert warc.closed_files(collection.warcs) == []
    copied(collection, tmp_path / "copy")
    held = [path.name for path in warc.closed_files(Collection(tmp_path / "copy").warcs)]
    assert any(name.startswith(f"{OWN}-") for name in held)
    assert problems(tmp_path / "copy") == []


def test_the_next_run_copies_what_changed(collection: Collection, tmp_path: Path):
    first = copied(collection, tmp_path / "copy")
    assert (len(first.copied), first.unchanged) == (2, 0)
    second = copied(collection, tmp_path / "copy")
    assert (second.copied, second.unchanged) == ([], 2)
    ingest = open_writer(collection, info={"software": "test"}, clock=lambda: MOMENT)
    keep(ingest, "https://news.example/third", "افتتح الوزير معرض الكتاب", hours=8)
    ingest.commit()
    open_then = copied(collection, tmp_path / "copy")
    keep(ingest, "https://news.example/fourth", "انتهى معرض الكتاب", hours=9)
    ingest.close()
    closed_now = copied(collection, tmp_path / "copy")
    assert (len(open_then.copied), len(closed_now.copied), closed_now.unchanged) == (1, 1, 2)
    assert problems(tmp_path / "copy") == []
    assert urls(tmp_path / "copy") == urls(collection.folder)
    assert warc.read_manifest(tmp_path / "copy" / "archive") == warc.read_manifest(collection.warcs)


def test_what_was_redacted_goes_from_the_copy_too(collection: Collection, tmp_path: Path):
    copied(collection, tmp_path / "copy")
    with collection.lock(), open_store(collection.database) as store:
        redact(collection, store, url=SECOND, reason="asked for", who="me", clock=lambda: MOMENT)
    copied(collection, tmp_path / "copy")
    assert problems(tmp_path / "copy") == []
    for path in warc.closed_files(tmp_path / "copy" / "archive"):
        assert not any("المتحف".encode() in record.block for record in warc.read_records(path))
    with open_store(tmp_path / "copy" / "warraq.db") as store:
        assert store.db.execute("SELECT count(*) FROM articles WHERE url = ?", (SECOND,)).fetchone() == (0,)


def test_a_file_that_is_not_the_one_closed_is_copied_and_named(collection: Collection, tmp_path: Path):
    (path, _) = warc.closed_files(collection.warcs)
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[9] ^= 1  # the gzip header's operating system: every record reads well, the file is another
    path.write_bytes(content)
    done = copied(collection, tmp_path / "copy")
    assert not done.ok
    assert path.name in done.damaged[0]
    assert (tmp_path / "copy" / "archive" / path.name).read_bytes() == bytes(content)


def test_watches_come_along_and_a_link_does_not(collection: Collection, tmp_path: Path):
    with WatchStore(collection.folder) as watches, watches.atomic():
        watches.add(Watch(name="minister", query="الوزير"))
    (collection.warcs / "linked.warc.gz").symlink_to("/etc/passwd")
    done = copied(collection, tmp_path / "copy")
    assert not (tmp_path / "copy" / "archive" / "linked.warc.gz").exists()
    assert "symbolic link" in done.damaged[0]
    assert (tmp_path / "copy" / "watches.db").stat().st_mode & 0o077 == 0  # it holds secrets
    with WatchStore(tmp_path / "copy") as watches:
        assert [one.query for one in watches.all()] == ["الوزير"]


@pytest.mark.parametrize("where", ["news", "news/inside", "."])
def test_a_backup_goes_into_a_folder_of_its_own(collection: Collection, tmp_path: Path, where: str):
    with pytest.raises(UsageError, match="choose a separate folder"):
        copied(collection, tmp_path / where)


def test_nothing_foreign_is_written_over(collection: Collection, tmp_path: Path):
    other = Collection(tmp_path / "other")
    ingest = open_writer(other, info={"software": "test"}, clock=lambda: MOMENT, prefix="OTHER")
    keep(ingest, MIRROR, "نص")
    ingest.close()
    with pytest.raises(UsageError, match=r"OTHER-.* has not"):
        copied(collection, other.folder)
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="not empty"):
        copied(collection, tmp_path / "papers")
    assert urls(other.folder) == [MIRROR]


def test_an_upload_or_a_redaction_keeps_a_backup_waiting(collection: Collection, tmp_path: Path):
    with collection.lock(UPLOADING), pytest.raises(ArchiveLockedError):
        copied(collection, tmp_path / "copy")


def test_the_command_backs_up_each_archive_under_its_name(collection: Collection, tmp_path: Path):
    done = warraq("--archive", collection.folder, "backup", tmp_path / "safe", "--workers", 1, "--json")
    (answer,) = map(json.loads, done.stdout.splitlines())
    assert answer["ok"]
    assert answer["folder"] == str(tmp_path / "safe" / "news")
    assert warraq("--archive", tmp_path / "safe" / "news", "verify")
    again = warraq("--archive", collection.folder, "backup", tmp_path / "safe", "--workers", 1)
    assert "0 files copied (0 bytes), 2 unchanged" in again.stdout
    assert FIRST in urls(tmp_path / "safe" / "news")
