"""Batches on datatrove, in several processes, killed halfway; `make cluster-test` runs this."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from archive import Archive
from archive.capture import Capture
from archive.warc import WarcWriter, payload_digest

if importlib.util.find_spec("datatrove") is None:
    pytest.skip(
        "datatrove is not installed (pip install 'warraq[batch]'; `make cluster-test` has it)", allow_module_level=True
    )

from pyarrow import parquet

ROOT = Path(__file__).parents[2]
SITES = ROOT / "tests" / "sites"
FILES = 6

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def captured(case, second):
    known = json.loads((case / "page.json").read_text("utf-8"))
    body = (case / "page.html").read_bytes()
    fields = {name: value for name, value in known["headers"].items() if name.lower() != "content-length"}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return Capture(
        url=known["url"],
        started=datetime.fromisoformat(known["fetched_at"]) + timedelta(seconds=second),
        request=b"GET / HTTP/1.1\r\n\r\n",
        response=f"HTTP/1.1 {known['status']} OK\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body,
    )


@pytest.fixture(scope="module")
def warcs(tmp_path_factory):
    """The saved pages of tests/sites, in some files."""
    folder = tmp_path_factory.mktemp("set")
    cases = sorted(path.parent for path in SITES.glob("*/*/page.json"))
    for n in range(FILES):
        with WarcWriter(folder, info={"software": "test"}, host="h", prefix=f"SET{n}") as writer:
            for second, case in enumerate(cases[n::FILES]):
                one = captured(case, second)
                writer.write_capture(one, payload_digest=payload_digest(one))
    return sorted(folder.glob("*.warc.gz"))


def command(*arguments):
    return [sys.executable, "-m", "archive", *map(str, arguments)]


def warraq(*arguments, code=0):
    done = subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr + done.stdout
    return done


@pytest.fixture(scope="module")
def imported(warcs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("one") / "archive"
    warraq("-A", folder, "import", *warcs)
    return folder


def rows_of(folder):
    return [
        row for path in sorted((folder / "parquet").glob("*.parquet")) for row in parquet.read_table(path).to_pylist()
    ]


OWN = {"id", "capture_id", "article_id", "conversion_id"}
"""Numbers of rows, and ids of records that are written anew."""


def table(folder, name):
    with Archive(folder) as archive:
        rows = [
            {key: value for key, value in row.items() if key not in OWN}
            for row in archive.db.query(f"SELECT * FROM {name}")
        ]
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def assert_is(rows, imported):
    """The rows are those of the captures of the archive, each once, with its articles; Parquet has null where SQLite has ''."""
    captures, articles = table(imported, "captures"), table(imported, "articles")
    assert Counter(row["record_id"] for row in rows) == Counter(row["record_id"] for row in captures)
    shown = {row["record_id"]: (row["captured_url"], row["outcome"], row["reason"] or "") for row in rows}
    assert shown == {row["record_id"]: (row["url"], row["outcome"], row["reason"]) for row in captures}
    texts = [
        (row["url"], row["title"] or "", row["text"], str(row["date"] or "")) for row in rows if row["text"] is not None
    ]
    assert sorted(texts) == sorted((row["url"], row["title"], row["text"], row["date"]) for row in articles)


def processes(folder):
    """Ids and command lines of the task processes of the batch in `folder`, and of all that they started."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            line = (path / "cmdline").read_bytes().decode().split("\0")
            session = int((path / "stat").read_text().rpartition(") ")[2].split()[3])
        except (OSError, ValueError):
            continue
        found[int(path.name)] = (line, session)
    leaders = {pid for pid, (line, _) in found.items() if "archive.batch" in line and str(folder) in line}
    return leaders, {pid for pid, (_, session) in found.items() if session in leaders}


def wait_for(what, seconds=240):
    end = time.monotonic() + seconds
    while not (seen := what()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
    return seen


def completed(folder):
    return len(list((folder / "logs" / "completions").glob("*")))


def test_two_workers_make_what_one_import_makes_and_merge_joins_the_shards(warcs, imported, tmp_path):
    folder = tmp_path / "b"
    said = json.loads(warraq("batch", *warcs, "--into", folder, "--tasks", 3, "--workers", 2, "--json").stdout)
    assert (said["files"], said["tasks_done"], said["tasks_failed"], said["damages"]) == (FILES, 3, [], 0)
    rows = rows_of(folder)
    assert_is(rows, imported)
    assert said["captures"] == len(rows)
    for row in rows[:5]:
        shard = next(
            one for one in sorted((folder / "shards").glob("0*")) if (one / "archive" / row["warc_filename"]).exists()
        )
        assert (shard / "archive" / row["warc_filename"]).samefile(row["warc_path"])
    again = json.loads(warraq("batch", "--into", folder, "--json").stdout)
    assert (again["tasks_done_before"], again["captures"]) == (3, said["captures"])
    merged = tmp_path / "merged"
    warraq("merge", *sorted((folder / "shards").glob("0*")), merged)
    for name in ("captures", "articles"):  # what hosts repeat is not added up by a merge
        assert table(merged, name) == table(imported, name), name
    warraq("-A", merged, "verify")


def test_a_task_whose_process_is_killed_is_run_again(warcs, imported, tmp_path):
    folder = tmp_path / "b"
    run = subprocess.Popen(
        command("batch", *warcs, "--into", folder, "--tasks", 3, "--no-shards", "--parquet", "--json"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    working = wait_for(lambda: list((folder / "shards").glob(".*.partial/warraq.db")) if folder.exists() else None)
    assert working
    leaders, _ = processes(folder)
    os.kill(min(leaders), signal.SIGKILL)
    said = json.loads(run.communicate(timeout=400)[0])
    assert run.returncode == 0
    assert (said["tasks_done"], said["tasks_failed"]) == (3, [])
    assert_is(rows_of(folder), imported)
    assert not list((folder / "shards").glob(".*"))


def test_a_run_that_is_killed_leaves_nobody_and_goes_on_where_it_was(warcs, imported, tmp_path):
    folder = tmp_path / "b"
    arguments = ("batch", *warcs, "--into", folder, "--workers", 2, "--json")
    run = subprocess.Popen(command(*arguments), cwd=ROOT, stdout=subprocess.DEVNULL)
    wait_for(lambda: completed(folder) >= 1)
    wait_for(lambda: list((folder / "shards").glob(".*.partial")))
    _, members = processes(folder)
    run.kill()
    run.wait()
    assert members
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in members), 60)
    done = completed(folder)
    assert done < FILES
    said = json.loads(warraq(*arguments).stdout)
    assert (said["tasks_done_before"], said["tasks_done"]) == (done, FILES)
    assert_is(rows_of(folder), imported)
    assert sorted(path.name for path in (folder / "shards").iterdir()) == [f"{n:05d}" for n in range(FILES)]


def test_a_task_that_cannot_be_done_is_named_and_the_others_are_done(warcs, tmp_path):
    folder = tmp_path / "b"
    bad = tmp_path / "gone.warc.gz"
    bad.write_bytes(warcs[0].read_bytes())
    warraq("batch", warcs[1], bad, "--into", folder, "--status", code=0)
    bad.write_bytes(b"")
    done = warraq("batch", "--into", folder, "--json", code=1)
    said = json.loads(done.stdout)
    assert (said["tasks_done"], len(said["tasks_failed"])) == (1, 1)
    assert "ChangedFileError" in done.stderr
    assert "the same command retries it" in done.stderr
