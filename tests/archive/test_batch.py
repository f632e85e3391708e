"""Batches: tasks divide the files, results are complete or absent, and damage costs a row, never a task."""

import fcntl
import gzip
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import Archive
from archive.batch import PlannedFile, make_plan, read_plan, run_local, run_task, write_plan
from archive.batch import __main__ as process
from archive.batch.plan import FetchError, divide, download_name, without_secrets
from archive.batch.task import MAX_DAMAGES, RetryingPool, TaskPlace, read_file
from archive.capture import Capture
from archive.collection import Collection
from archive.errors import ArchiveError, ArchiveLockedError, UsageError
from archive.ingest import importer, open_writer
from archive.ingest.copying import copy_in
from archive.ingest.importer import Indexer
from archive.parse.workers import WorkerKilledError, WorkerPool, read_response
from archive.warc import Original, WarcWriter, payload_digest, read_records, register
from tests.support.cli import warraq

pytestmark = pytest.mark.slow

parquet = pytest.importorskip("pyarrow.parquet")

ROOT = Path(__file__).parents[2]
BODY = "".join(
    f"<p>هذه الفقرة رقم {n} من خبر طويل كتب للاختبار وفيه ما يكفي من الكلمات ليكون نصاً صحيحاً يقرأه القارئ كاملاً.</p>"
    for n in range(6)
)


def page(title):
    return (
        f"<!DOCTYPE html><html lang=ar><title>{title}</title><article><h1>{title}</h1>{BODY}</article></html>".encode()
    )


def capture(path, body, minute=0, status="200 OK"):
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nX-Cache: HIT\r\nContent-Length: {len(body)}\r\n\r\n"
    return Capture(
        url=f"https://news.example{path}",
        started=datetime(2026, 11, 24, 12, minute, tzinfo=UTC),
        request=f"GET {path} HTTP/1.1\r\nHost: news.example\r\n\r\n".encode(),
        response=head.encode() + body,
    )


def written(folder, captures, prefix="SET"):
    folder.mkdir(exist_ok=True)
    with WarcWriter(folder, info={"software": "test"}, host="h", prefix=prefix) as writer:
        for one in captures:
            writer.write_capture(one, payload_digest=payload_digest(one))
    (path,) = folder.glob(f"{prefix}*.warc.gz")
    return path


def planned(*paths, **options):
    return make_plan([PlannedFile(path=str(path), size=path.stat().st_size) for path in paths], **options)


def rows_of(folder, rank=0):
    """Without what is made up anew each time: the ids of records that hold the clean texts."""
    rows = parquet.read_table(TaskPlace(folder=folder, rank=rank).parquet).to_pylist()
    return [{name: value for name, value in row.items() if name != "conversion_id"} for row in rows]


@pytest.fixture
def warc(tmp_path):
    news = [capture(f"/2026/11/{n}", page(f"عنوان الخبر رقم {n} في هذا الاختبار"), n) for n in range(3)]
    return written(tmp_path / "set", [*news, capture("/gone", b"", 9, "404 Not Found")])


@given(
    st.lists(st.tuples(st.text("abc/", min_size=1, max_size=8), st.integers(0, 1 << 31)), unique_by=lambda f: f[0]),
    st.integers(1, 9),
    st.randoms(use_true_random=False),
)
def test_every_file_is_in_one_task_whatever_order_they_are_named_in(files, tasks, chance):
    known = [PlannedFile(path=path, size=size) for path, size in files]
    divided = divide(known, tasks)
    chance.shuffle(known)
    assert divide(known + known[:2], tasks) == divided
    assert [file.path for run in divided for file in run] == sorted(file.path for file in known)
    assert len(divided) <= tasks
    assert all(divided)
    assert [len(run) for run in divide(known, len(known) + 1)] == [1] * len(known)


def test_tasks_have_about_as_many_bytes_each():
    divided = divide([PlannedFile(path=f"{n:03}", size=100 + n % 7) for n in range(100)], 4)
    assert [len(run) for run in divided] == [25, 25, 25, 25]


def test_a_plan_is_read_as_it_was_written_and_is_not_mixed_with_another(tmp_path, warc):
    plan = planned(warc, seconds=3.5, shards=False)
    write_plan(tmp_path / "b", plan)
    write_plan(tmp_path / "b", plan)
    assert read_plan(tmp_path / "b") == plan
    with pytest.raises(UsageError, match="another batch"):
        write_plan(tmp_path / "b", replace(plan, seconds=4.0))


def test_a_task_gives_a_row_for_each_capture_with_its_place_headers_and_reason(tmp_path, warc):
    count = run_task(planned(warc), tmp_path / "b", 0)
    rows = rows_of(tmp_path / "b")
    assert (count["captures"], count["articles_new"], count["damages"], len(rows)) == (4, 3, 0, 4)
    for row in rows:
        place = read_records(warc, start=row["warc_record_offset"])
        record = next(place)
        assert (record.id, record.url, record.date) == (row["record_id"], row["captured_url"], row["captured_at"])
        assert record.location.length == row["warc_record_length"]
        assert record.get("WARC-Payload-Digest") == row["payload_digest"]
        assert ["X-Cache", "HIT"] in json.loads(row["http_headers"])
        assert row["warc_path"] == str(warc)
    assert [row["http_status"] for row in rows] == [200, 200, 200, 404]
    assert [(row["outcome"], row["reason"]) for row in rows] == [("article", None)] * 3 + [("gone", "http-404")]
    assert rows[0]["title"] == "عنوان الخبر رقم 0 في هذا الاختبار"
    assert rows[0]["text"].count("\n") == 5
    assert rows[3]["text"] is None


def imported(folder, *paths):
    with WorkerPool(read_response, workers=1, preload=("archive.parse.parse",)) as pool:
        ingest = open_writer(Collection(folder), info={"software": "test"}, clock=lambda: datetime.now(UTC))
        indexer = Indexer(ingest, pool)
        for path in paths:
            target = copy_in(path, ingest.collection.warcs).path
            indexer.index_file(target)
            register(target, on_close=ingest.index.closed)
        ingest.close()


def tables(folder):
    with Archive(folder) as archive:
        return {
            table: [
                {name: value for name, value in row.items() if name != "conversion_id"}
                for row in archive.db.query(f"SELECT * FROM {table} ORDER BY 1, 2")
            ]
            for table in ("captures", "articles", "site_lines", "site_pages", "articles_fts")
        }


def test_a_shard_is_the_archive_that_an_import_makes_and_its_files_take_no_room(tmp_path, warc):
    other = written(tmp_path / "set", [capture("/b", page("خبر آخر في ملف آخر"), 30)], prefix="TWO")
    before = warc.stat().st_mode
    run_task(planned(warc, other, tasks=1), tmp_path / "b", 0)
    imported(tmp_path / "c", warc, other)
    shard = TaskPlace(folder=tmp_path / "b", rank=0).shard
    assert tables(shard) == tables(tmp_path / "c")
    assert (shard / "archive" / warc.name).samefile(warc)
    assert warc.stat().st_mode == before
    index = Path("indexes", "index.cdxj")
    assert (shard / index).read_text() == (tmp_path / "c" / index).read_text() != ""
    warraq("-A", shard, "verify")


def test_what_waits_for_later_records_is_bounded_and_nothing_is_lost_by_it(tmp_path, monkeypatch):
    news = [
        replace(capture(f"/{n}", page(f"عنوان الخبر رقم {n} في الاختبار")), via="https://news.example/feed")
        for n in (1, 2)
    ]
    warc = written(tmp_path / "set", news)
    monkeypatch.setattr(importer, "NOTES_HELD", 0)
    run_task(planned(warc, parquet=False), tmp_path / "b", 0)
    rows = tables(TaskPlace(folder=tmp_path / "b", rank=0).shard)["captures"]
    assert [row["via"] for row in rows] == ["https://news.example/feed"] * 2


def test_a_damaged_record_costs_a_row_and_what_follows_it_is_read(tmp_path, warc):
    records = [record for record in read_records(warc) if record.type == "response"]
    data = bytearray(warc.read_bytes())
    at = records[1].location.offset + records[1].location.length // 2
    data[at : at + 20] = b"\xff" * 20
    bad = warc.with_name("bad.warc.gz")
    bad.write_bytes(data[:-30])  # and its end is torn off
    count = run_task(planned(bad), tmp_path / "b", 0)
    rows = rows_of(tmp_path / "b")
    assert [row["outcome"] for row in rows if row["reason"] != "damaged"] == ["article", "article", "gone"]
    damages = [row for row in rows if row["reason"] == "damaged"]
    assert count["damages"] == 2 == len(damages)
    assert damages[0]["warc_record_offset"] == records[1].location.offset
    assert "gzip" in damages[0]["detail"]
    assert damages[0]["warc_record_length"] == records[1].location.length


def test_a_file_of_damages_is_left_after_so_many(tmp_path):
    from archive.warc import compress

    path = tmp_path / "x.warc.gz"
    path.write_bytes(compress(b"WARC/1.0\r\nno length\r\n\r\n", b"") * (MAX_DAMAGES * 3))
    found = list(read_file(path))
    assert len(found) == MAX_DAMAGES
    assert [one.reason for one in found[-2:]] == ["damaged", "too-damaged"]
    assert found[-1].offset + found[-1].length == path.stat().st_size


def raw(*fields, block=b"HTTP/1.1 200 OK\r\n\r\nx"):
    from archive.warc import compress

    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return compress(f"WARC/1.0\r\n{head}Content-Length: {len(block)}\r\n\r\n".encode() + block, b"")


GOOD = {
    "WARC-Type": "response",
    "WARC-Record-ID": "<urn:uuid:1>",
    "WARC-Date": "2016-08-30T12:00:00Z",
    "WARC-Target-URI": "http://a.example/",
}


UNFIT = (
    ({"WARC-Record-ID": ""}, "no-record-id"),
    ({"WARC-Date": "yesterday"}, "bad-date"),
    ({"WARC-Target-URI": "http:///nowhere"}, "bad-url"),
    ({"WARC-Payload-Digest": "sha1:\0"}, "bad-header"),
)


def test_a_record_that_cannot_have_a_row_of_its_own_is_a_reason(tmp_path):
    path = tmp_path / "x.warc.gz"
    members = [raw(*(GOOD | change).items()) for change, _ in UNFIT]
    path.write_bytes(b"".join(members) + raw(*(GOOD | {"WARC-Record-ID": "<urn:uuid:2>"}).items()))
    run_task(planned(path), tmp_path / "b", 0)
    good, *bad = rows_of(tmp_path / "b")
    assert (good["record_id"], good["outcome"]) == ("<urn:uuid:2>", "other")
    assert [row["reason"] for row in bad] == [reason for _, reason in UNFIT]
    assert [row["warc_record_length"] for row in bad] == [len(member) for member in members]


def test_a_block_is_read_up_to_its_limit(tmp_path):
    path = tmp_path / "x.warc.gz"
    path.write_bytes(raw(*GOOD.items(), block=b"HTTP/1.1 200 OK\r\n\r\n" + bytes(50_000)))
    (record,) = read_file(path, max_block=1000)
    assert (len(record.block), record.length, record.whole) == (1000, 50_019, False)


def test_a_page_that_takes_too_long_costs_a_row(tmp_path):
    warc = written(
        tmp_path / "set", [capture("/slow", page("خبر يطول " * 50_000)), capture("/gone", b"", 1, "404 Not Found")]
    )
    run_task(planned(warc, seconds=0.0001), tmp_path / "b", 0)
    slow, gone = rows_of(tmp_path / "b")
    assert (slow["outcome"], slow["reason"], slow["text"]) == ("quarantine", "timeout", None)
    assert gone["outcome"] in {"gone", "quarantine"}  # as fast as the pipe


def die_once(path):
    if not Path(path).exists():
        Path(path).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "read"


def die(path):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_page_whose_worker_was_killed_is_read_again_once(tmp_path):
    with RetryingPool(die_once, workers=1) as pool:
        assert pool.submit(str(tmp_path / "died")).result() == "read"
    with RetryingPool(die, workers=1) as pool, pytest.raises(WorkerKilledError, match="died"):
        pool.submit("").result()


def test_a_revisit_shows_its_article_again_or_says_that_its_original_is_elsewhere(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    with WarcWriter(folder, info={"software": "test"}, host="h") as writer:
        first = capture("/a", page("خبر يعود"))
        digest = payload_digest(first)
        whole = writer.write_capture(first, payload_digest=digest)
        held = Original(record_id=whole.record_id, url=first.url, date=whole.date, payload_digest=digest)
        later = replace(first, started=first.started + timedelta(hours=1))
        writer.write_capture(later, payload_digest=digest, revisit_of=held)
        lost = capture("/b", page("أصله في ملف آخر"))
        gone = Original(record_id="<urn:uuid:9>", url=lost.url, date=whole.date, payload_digest=payload_digest(lost))
        writer.write_capture(lost, payload_digest=payload_digest(lost), revisit_of=gone)
    (path,) = folder.glob("*.warc.gz")
    run_task(planned(path), tmp_path / "b", 0)
    original, again, lonely = rows_of(tmp_path / "b")
    assert (original["title"], original["last_seen_at"]) == ("خبر يعود", datetime(2026, 11, 24, 13, tzinfo=UTC))
    assert (again["record_type"], again["text"], again["repeats"]) == ("revisit", None, original["record_id"])
    assert (lonely["outcome"], lonely["reason"], lonely["refers_to"]) == (
        "unchanged",
        "original-elsewhere",
        "<urn:uuid:9>",
    )


def test_a_file_that_is_gzipped_as_a_whole_is_rewritten_and_rows_point_into_that(tmp_path, warc):
    stream = tmp_path / "stream.warc.gz"
    stream.write_bytes(gzip.compress(gzip.decompress(warc.read_bytes())))
    run_task(planned(stream, shards=False), tmp_path / "b", 0)
    (rewritten,) = (tmp_path / "b" / "rewritten").iterdir()
    rows = rows_of(tmp_path / "b")
    assert len(rows) == 4
    for row in rows:
        assert row["warc_path"] == str(stream)
        assert row["warc_filename"] == rewritten.name
        record = next(read_records(rewritten, start=row["warc_record_offset"]))
        assert record.id == row["record_id"]


def test_two_files_of_one_name_keep_their_own(tmp_path, warc):
    (tmp_path / "two").mkdir()
    other = written(tmp_path / "two", [capture("/b", page("خبر آخر بالاسم نفسه"))])
    other = other.rename(other.with_name(warc.name))
    run_task(planned(warc, other, tasks=1), tmp_path / "b", 0)
    shard = TaskPlace(folder=tmp_path / "b", rank=0).shard
    rows = rows_of(tmp_path / "b")
    assert len({row["warc_filename"] for row in rows}) == 2
    for row in rows:
        record = next(read_records(shard / "archive" / row["warc_filename"], start=row["warc_record_offset"]))
        assert record.id == row["record_id"]


def test_what_a_killed_worker_left_is_cleared_away_and_a_second_run_makes_the_same(tmp_path, warc):
    place = TaskPlace(folder=tmp_path / "b", rank=0)
    (place.working / "archive").mkdir(parents=True)
    (place.working / "warraq.db").write_bytes(b"half")
    first = run_task(planned(warc), tmp_path / "b", 0)
    rows, shard = rows_of(tmp_path / "b"), tables(place.shard)
    second = run_task(planned(warc), tmp_path / "b", 0)
    assert first | {"seconds": 0} == second | {"seconds": 0}
    assert (rows_of(tmp_path / "b"), tables(place.shard)) == (rows, shard)
    assert [path.name for path in place.shard.parent.iterdir()] == ["00000"]


def test_a_task_that_another_worker_is_at_is_left_to_it(tmp_path, warc):
    (tmp_path / "b" / "tasks").mkdir(parents=True)
    with (tmp_path / "b" / "tasks" / "00000.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ArchiveLockedError):
            run_task(planned(warc), tmp_path / "b", 0)


def test_a_second_run_of_a_batch_is_told_of_the_first(tmp_path):
    with (tmp_path / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ArchiveLockedError, match="another run of this batch"):
            run_local(tmp_path, (), workers=1)


def test_a_file_that_grew_since_it_was_planned_is_refused_and_leaves_nothing(tmp_path, warc):
    plan = planned(warc)
    warc.chmod(0o644)
    with warc.open("ab") as file:
        file.write(b"more")
    with pytest.raises(ArchiveError, match="being written"):
        run_task(plan, tmp_path / "b", 0)
    assert not list((tmp_path / "b" / "shards").iterdir())
    assert not (tmp_path / "b" / "parquet").exists()


def test_a_task_without_captures_has_a_file_with_the_same_columns(tmp_path, warc):
    empty = tmp_path / "empty.warc.gz"
    empty.touch()
    run_task(planned(empty, shards=False), tmp_path / "b", 0)
    run_task(planned(warc, shards=False), tmp_path / "c", 0)
    assert rows_of(tmp_path / "b") == []
    schemas = [parquet.read_schema(TaskPlace(folder=tmp_path / name, rank=0).parquet) for name in "bc"]
    assert schemas[0].equals(schemas[1])


def test_a_file_named_by_url_is_fetched_by_its_task_and_kept_in_its_shard(tmp_path, warc):
    fsspec = pytest.importorskip("fsspec")
    url = "memory://crawl/CC-NEWS-1.warc.gz"
    with fsspec.open(url, "wb") as remote:
        remote.write(warc.read_bytes())
    count = run_task(make_plan([PlannedFile(path=url, size=0)]), tmp_path / "b", 0)
    assert count["articles_new"] == 3
    shard = TaskPlace(folder=tmp_path / "b", rank=0).shard
    assert (shard / "archive" / "CC-NEWS-1.warc.gz").read_bytes() == warc.read_bytes()
    assert not (shard / "fetched" / "CC-NEWS-1.warc.gz").exists()
    assert {(row["warc_path"], row["warc_filename"]) for row in rows_of(tmp_path / "b")} == {(url, "CC-NEWS-1.warc.gz")}


def test_a_file_that_cannot_be_fetched_fails_the_task_and_its_url_is_shown_without_secrets(tmp_path):
    pytest.importorskip("fsspec")
    assert without_secrets("s3://key:secret@bucket/a.warc.gz?signature=x") == "s3://bucket/a.warc.gz"
    assert download_name("https://a.example/../..?x") == "fetched.warc.gz"
    plan = make_plan([PlannedFile(path="memory://nowhere/a.warc.gz?secret", size=0)])
    with pytest.raises(FetchError, match="tries it again") as raised:
        run_task(plan, tmp_path / "b", 0)
    assert "secret" not in str(raised.value)
    with pytest.raises(UsageError, match="nosuch"):
        run_task(make_plan([PlannedFile(path="nosuch://a/b.warc.gz", size=0)]), tmp_path / "b", 0)


def test_a_task_that_fails_ends_its_process_with_the_code_of_the_error(tmp_path, monkeypatch, capsys):
    def fail(*_arguments, **_named):
        raise UsageError("nothing there")

    monkeypatch.setattr("archive.batch.run_one", fail)
    monkeypatch.setattr(process, "_end_with_parent", lambda: None)
    monkeypatch.setattr(sys, "argv", ["archive.batch", str(tmp_path), "0"])
    with pytest.raises(SystemExit) as ended:
        process.main()
    assert ended.value.code == UsageError.exit_code != 0
    assert capsys.readouterr().err == "UsageError: nothing there\n"


def test_a_list_of_paths_is_planned_behind_its_prefix(tmp_path, warc):
    (tmp_path / "warc.paths.gz").write_bytes(
        gzip.compress(b"crawl-data/CC-NEWS/1.warc.gz\ncrawl-data/CC-NEWS/2.warc.gz\n")
    )
    arguments = ["--into", str(tmp_path / "b"), "--paths", str(tmp_path / "warc.paths.gz"), "--status", "--json"]
    done = warraq("batch", warc, *arguments, "--prefix", "https://data.example/")
    said = json.loads(done.stdout)
    assert (said["files"], said["tasks"], said["tasks_done"]) == (3, 3, 0)
    remote = [file for file in read_plan(tmp_path / "b").files if file.size == 0]
    assert [file.path for file in remote] == [f"https://data.example/crawl-data/CC-NEWS/{n}.warc.gz" for n in (1, 2)]


@pytest.mark.slow
def test_nobody_needs_datatrove_who_runs_no_batch(tmp_path, warc):
    code = (
        "import sys; sys.modules['datatrove'] = None\n"
        "import archive, archive.batch, archive.cli; sys.argv = ['warraq', 'batch', *sys.argv[1:]]; archive.cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(warc), "--into", str(tmp_path / "b")], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "pip install 'warraq[batch]'" in done.stderr
