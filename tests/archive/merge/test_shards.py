"""Shards in any state: being written, left by a dead writer, of another schema, damaged, stored elsewhere, redacted."""

from __future__ import annotations

import json
import os
import shutil
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlite_utils.utils import sqlite3

from archive import Archive, warc
from archive.collection import Collection
from archive.collection.upload import upload
from archive.errors import ArchiveLockedError, ArchiveNotFoundError, DamagedFileError, SchemaTooNewError, UsageError
from archive.index import open_store
from archive.maintain import redact
from archive.merge import merge, preview
from archive.warc import cdxj
from tests.archive.merge.machines import Machine, Served, contents
from tests.archive.merge.test_merge import HISTORY, A, B, Here, crawled, dump, of, problems, run

pytestmark = pytest.mark.slow

NOW = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def shard(tmp_path):
    return crawled(tmp_path / "a", of("a.example"))


def test_what_a_living_crawl_has_closed_comes_in_and_the_rest_with_a_later_run_counted_once(tmp_path):
    history = of("a.example")[:5]
    machine = Machine(tmp_path / "a")
    for event in history[:3]:
        machine.visit(event)
    machine.start().writer.close()  # as when it is full
    for event in history[3:]:
        machine.visit(event)
    done = run([tmp_path / "a"], tmp_path / "m")
    assert (done.captures, done.waiting, done.lost) == (3, len(history) - 3, [])
    assert problems(tmp_path / "m") == []
    assert not run([tmp_path / "a"], tmp_path / "m").changed
    machine.stop()
    done = run([tmp_path / "a"], tmp_path / "m")
    assert (done.captures, done.waiting) == (len(history) - 3, 0)
    assert contents(Collection(tmp_path / "m"), own_ids=True) == contents(Collection(tmp_path / "a"), own_ids=True)


def test_an_article_whose_text_record_is_still_being_written_waits_for_it(tmp_path):
    machine = Machine(tmp_path / "a")
    ingest = machine.start()
    settle, ingest.finish = ingest.finish, lambda entry: (ingest.writer.close(), settle(entry))  # full just then
    machine.visit(HISTORY[0])
    done = run([tmp_path / "a"], tmp_path / "m")
    assert (done.captures, done.articles, done.waiting) == (1, 0, 1)
    assert problems(tmp_path / "m") == []
    machine.stop()
    assert run([tmp_path / "a"], tmp_path / "m").articles == 1
    assert problems(tmp_path / "m") == []


def killed(folder: Path, history, *, unsettled: Served) -> None:
    """A crawl that is killed when a record is in the WARC and its row is not, in the middle of writing the next one."""
    child = os.fork()
    if not child:
        machine = Machine(folder)
        for event in history:
            machine.visit(event)
        ingest = machine.start()
        event = unsettled
        from archive.capture import Capture

        ingest.record(
            Capture(url=event.url, started=event.at, request=b"GET / HTTP/1.1\r\n\r\n", response=event.response),
            site=event.site,
        )
        with (folder / "archive" / f"{ingest.writer.filename}.open").open("ab") as file:
            file.write(b"\x1f\x8btorn")
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.slow
def test_what_a_killed_crawl_left_comes_in_with_its_wal_its_open_file_and_the_record_without_a_row(tmp_path):
    folder, late = tmp_path / "a", Served(url=A.format(9), hours=9, text="آخر خبر")
    killed(folder, of("a.example")[:4], unsettled=late)
    assert (folder / "warraq.db-wal").stat().st_size
    assert list((folder / "archive").glob("*.open"))
    before = {path: path.read_bytes() for path in (folder / "archive").iterdir()}
    done = merge([folder], Collection(tmp_path / "m"), Here, clock=lambda: NOW)
    assert (done.captures, done.recovered, done.waiting) == (4, 1, 0)
    assert {path: path.read_bytes() for path in (folder / "archive").iterdir()} == before
    assert problems(tmp_path / "m") == []
    with open_store(tmp_path / "m" / "warraq.db", read_only=True) as store:
        (row,) = store.db.query("SELECT * FROM captures WHERE url = ?", [late.url])
        assert row["outcome"]
        assert row["site"] == "a.example"
    assert not merge([folder], Collection(tmp_path / "m"), Here, clock=lambda: NOW).changed

    Machine(folder).start().close()  # the crawl starts again: it closes the file, which is the one that is here
    again = run([folder], tmp_path / "m")
    assert (again.files, again.captures) == (0, 0)


def test_a_shard_of_a_newer_warraq_is_refused(shard, tmp_path):
    with sqlite3.connect(shard / "warraq.db") as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('warraq', '9999_later', '2026-11-24')"
        )
    db.close()
    with pytest.raises(SchemaTooNewError, match="9999_later"):
        run([shard], tmp_path / "m")


def test_a_shard_of_an_older_warraq_is_read_as_it_is(shard, tmp_path):
    run([shard], tmp_path / "new")
    db = sqlite3.connect(shard / "warraq.db")
    db.executescript(
        """
        DROP INDEX articles_gone; DROP TABLE families; DROP TABLE similar;
        ALTER TABLE articles DROP COLUMN gone_at; ALTER TABLE articles DROP COLUMN gone_reason;
        ALTER TABLE articles DROP COLUMN paywalled_at;
        DELETE FROM _sqlite_migrations WHERE name >= '0006' AND migration_set = 'warraq';
        """
    )
    db.close()
    before = dump(shard)
    run([shard], tmp_path / "old")
    assert contents(Collection(tmp_path / "old"), own_ids=True) == contents(Collection(tmp_path / "new"), own_ids=True)
    assert dump(shard) == before


def test_files_of_one_name_and_other_content_both_come_in_and_rows_point_to_the_right_one(shard, tmp_path):
    other = crawled(tmp_path / "b", of("b.example"))
    mine = sorted(path.name for path in (shard / "archive").glob("*.warc.gz"))
    theirs = sorted(path.name for path in (other / "archive").glob("*.warc.gz"))
    rename(other, dict(zip(theirs, mine, strict=False)))
    run([shard, other], tmp_path / "m")
    run([other, shard], tmp_path / "n")
    assert problems(tmp_path / "m") == []
    ours = contents(Collection(tmp_path / "m"), own_ids=True)
    assert ours == contents(Collection(tmp_path / "n"), own_ids=True)
    assert len(ours["captures"]) == len(HISTORY)
    assert not run([shard, other, tmp_path / "n"], tmp_path / "m").changed


def rename(folder: Path, names: dict[str, str]) -> None:
    """Gives the files of an archive other names, as a machine of the same host name would have."""
    collection = Collection(folder)
    db = sqlite3.connect(collection.database)
    for name in names:
        (collection.warcs / name).rename(collection.warcs / f"moving-{name}")
    for name, new in names.items():
        (collection.warcs / f"moving-{name}").rename(collection.warcs / new)
        for table in ("captures", "articles"):
            db.execute(f"UPDATE {table} SET warc_filename = ? WHERE warc_filename = ?", (new, name))
    db.commit()
    db.close()
    kept = warc.read_manifest(collection.warcs)
    warc.write_manifest(collection.warcs, {names.get(name, name): digest for name, digest in kept.items()})
    index = cdxj.Index(folder)
    index.replace({name: [] for name in names})
    index.replace({path.name: cdxj.lines_of(path) for path in warc.closed_files(collection.warcs)})


def test_a_payload_that_two_shards_hold_stays_twice_and_the_revisits_of_both_stay_valid(tmp_path):
    same = "قال الوزير إن الخطة جاهزة"
    one = [Served(url=A.format(1), hours=hours, text=same) for hours in (0, 2)]
    two = [Served(url=B.format(1), hours=hours, text=same) for hours in (1, 3)]
    run([crawled(tmp_path / "a", one), crawled(tmp_path / "b", two)], tmp_path / "m")
    with open_store(tmp_path / "m" / "warraq.db", read_only=True) as store:
        types = [row["record_type"] for row in store.db.query("SELECT * FROM captures ORDER BY captured_at")]
        ids = {row["record_id"] for row in store.db.query("SELECT * FROM captures")}
    assert types == ["response", "response", "revisit", "revisit"]
    for path in (tmp_path / "m" / "archive").glob("*.warc.gz"):
        assert {record.get("WARC-Refers-To") for record in warc.read_records(path) if record.type == "revisit"} <= ids
    assert problems(tmp_path / "m") == []


def test_a_site_comes_with_its_files_and_its_frontier_and_nothing_else(tmp_path):
    both = tmp_path / "both"
    for site in ("a.example", "b.example"):
        crawled(both, of(site))
    done = run([both], tmp_path / "m", site="b.example")
    assert done.captures == len(of("b.example"))
    found, alone = contents(Collection(tmp_path / "m")), contents(Collection(crawled(tmp_path / "b", of("b.example"))))
    assert found == alone
    run([both], tmp_path / "m")
    assert contents(Collection(tmp_path / "m"), own_ids=True) == contents(Collection(both), own_ids=True)


def test_a_crawl_goes_on_in_the_archive_that_took_a_site_over(tmp_path):
    history = of("a.example")
    run([crawled(tmp_path / "dead", history[:4])], tmp_path / "new", site="a.example")
    machine = Machine(tmp_path / "new")
    machine.crawl(history[4:])
    run([tmp_path / "dead", tmp_path / "new"], tmp_path / "m")
    found, alone = contents(Collection(tmp_path / "m")), contents(Collection(crawled(tmp_path / "one", history)))
    for table in alone:
        assert found[table] == alone[table], table


def test_moving_leaves_the_shard_without_files_and_can_be_done_again(shard, tmp_path):
    before = contents(Collection(shard), own_ids=True)
    run([shard], tmp_path / "m", move=True)
    assert not list((shard / "archive").glob("*.warc.gz"))
    assert contents(Collection(tmp_path / "m"), own_ids=True) == before
    assert not run([shard], tmp_path / "m", move=True).changed


def test_nothing_is_moved_out_of_a_shard_that_is_being_written(tmp_path):
    machine = Machine(tmp_path / "a")
    machine.visit(HISTORY[0])
    with pytest.raises(ArchiveLockedError):
        run([tmp_path / "a"], tmp_path / "m", move=True)
    machine.stop()


@pytest.fixture
def elsewhere():
    """A folder on another file system."""
    folder = Path("/dev/shm") / f"warraq-test-{os.getpid()}"
    if not folder.parent.is_dir():
        pytest.skip("there is no other file system here")
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def test_files_of_another_file_system_are_copied_and_compared(shard, tmp_path, elsewhere):
    if elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other file system here")
    into = elsewhere / "m"
    damaged = min((shard / "archive").glob("*.warc.gz"))
    whole = damaged.read_bytes()
    damaged.chmod(0o644)
    damaged.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    done = run([shard], into)
    assert damaged.name in done.damaged[0]
    assert not (into / "archive" / damaged.name).exists()
    assert problems(into) == []
    damaged.write_bytes(whole)
    assert run([shard], into).damaged == []
    assert contents(Collection(into), own_ids=True) == contents(Collection(shard), own_ids=True)


def test_a_file_that_is_gone_is_named_and_the_others_come_in(shard, tmp_path):
    gone = max((shard / "archive").glob("*.warc.gz"))
    gone.unlink()
    done = run([shard], tmp_path / "m")
    assert done.lost == [gone.name]
    assert 0 < done.captures < len(of("a.example"))
    assert problems(tmp_path / "m") == []


def test_a_symbolic_link_in_a_shard_is_not_followed(shard, tmp_path):
    path = min((shard / "archive").glob("*.warc.gz"))
    path.rename(tmp_path / "elsewhere.warc.gz")
    path.symlink_to(tmp_path / "elsewhere.warc.gz")
    done = run([shard], tmp_path / "m")
    assert done.lost == [path.name]
    assert not (tmp_path / "m" / "archive" / path.name).exists()


@pytest.mark.parametrize("where", ["shard", "into", "before"])
def test_what_was_redacted_in_one_archive_is_out_of_all(shard, tmp_path, where):
    into = tmp_path / "m"
    if where != "before":
        run([shard], into)
    else:
        run([crawled(tmp_path / "b", of("b.example"))], into)
        with open_store(into / "warraq.db") as store, store.atomic():
            store.db.conn.execute(
                "INSERT INTO urls (url, site, host, kind, priority, announced_by, announced_at, outcome, reason)"
                " VALUES (?, 'a.example', 'a.example', 'article', 2, 'x', '2026', 'redacted', 'court')",
                [A.format(1)],
            )
    if where != "before":
        collection = Collection({"shard": shard, "into": into}[where])
        with collection.lock(), open_store(collection.database) as store:
            redact(collection, store, url=A.format(1), reason="court", who="x", clock=lambda: NOW)
    run([shard], into)
    text = "الخطة جاهزة".encode()
    for path in (into / "archive").glob("*.warc.gz"):
        assert not [r for r in warc.read_records(path) if text in r.block and r.url == A.format(1)]
    with open_store(into / "warraq.db", read_only=True) as store:
        assert not list(store.db.query("SELECT * FROM captures WHERE url = ?", [A.format(1)]))
        assert list(store.db.query("SELECT * FROM captures WHERE url = ?", [A.format(2)]))
    assert problems(into) == []
    assert not run([shard], into).changed


def test_what_is_no_archive_or_the_target_itself_is_refused_before_anything_is_made(shard, tmp_path):
    with pytest.raises(ArchiveNotFoundError):
        run([shard, tmp_path / "nothing"], tmp_path / "m")
    with pytest.raises(UsageError):
        run([shard], shard)
    assert not (tmp_path / "m").exists()


def test_what_would_come_in_is_said_without_changing_anything(shard, tmp_path):
    into = Collection(tmp_path / "m")
    said = preview([shard], into)
    assert not into.folder.exists()
    done = run([shard], into.folder)
    assert (said.files, said.bytes, said.captures, said.urls) == (done.files, done.bytes, done.captures, done.urls)
    before = dump(into.folder)
    assert not preview([shard], into).changed
    assert dump(into.folder) == before


def test_files_that_are_in_a_storage_stay_there_and_are_read_from_there(shard, tmp_path):
    upload(Collection(shard), to=str(tmp_path / "there"), clock=lambda: NOW, remove_after_days=0)
    assert not list((shard / "archive").glob("*.warc.gz"))
    into = tmp_path / "m"
    done = run([shard], into)
    assert (done.captures, done.lost) == (len(of("a.example")), [])
    assert not list((into / "archive").glob("*.warc.gz"))
    with Archive(into) as archive:
        assert all(archive.record(row).type == "response" for row in archive.newest())
        assert archive.search("الوزير").total == 1
    assert problems(into) == []
    assert not run([shard], into).changed


def test_of_one_version_in_two_shards_the_earlier_gives_the_text_and_the_later_the_byline_whatever_the_order(tmp_path):
    text = "قال الوزير إن الخطة جاهزة"
    late = crawled(
        tmp_path / "late", [Served(url=A.format(1), hours=2, text=text.replace(" ", "\n", 1), author="ليلى")]
    )
    early = crawled(tmp_path / "early", [Served(url=A.format(1), hours=1, text=text, author="سمير")])
    run([late, early], tmp_path / "m")
    run([early, late], tmp_path / "n")
    with Archive(tmp_path / "m") as archive:
        (row,) = archive.versions(A.format(1))
        assert (row["author"], row["last_seen_at"] > row["fetched_at"]) == ("ليلى", True)
        assert (row["text"], len(json.loads(row["body"]))) == (text, 2), (
            "the blocks are packed against the text that stays"
        )
        assert [archive.search(f"author:{name}").total for name in ("سمير", "ليلى")] == [0, 1]
    assert contents(Collection(tmp_path / "m"), own_ids=True) == contents(Collection(tmp_path / "n"), own_ids=True)


def test_a_shard_whose_database_is_none_is_named(shard, tmp_path):
    for path in shard.glob("warraq.db*"):
        path.unlink()
    (shard / "warraq.db").write_bytes(b"no database at all" * 1000)
    with pytest.raises(DamagedFileError, match=str(shard)):
        run([shard], tmp_path / "m")
