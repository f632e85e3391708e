"""Read-only archives (read-only media, another user's folder) can be read, and say what is not possible."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from multiprocessing import Pipe
from pathlib import Path

import pytest
from click.testing import CliRunner

from archive.cli import warraq
from archive.collection import Collection
from archive.errors import DamagedFileError, NotWritableError
from archive.index import open_store
from archive.ingest import open_writer
from tests.archive.maintain.conftest import FIRST, MOMENT, keep
from tests.crash import may_mount

pytestmark = pytest.mark.slow

NOBODY = 65534


@pytest.fixture
def folder():
    """An archive of two articles, in a folder that everybody may look into."""
    place = Path(tempfile.mkdtemp(prefix="warraq-readonly-"))
    place.chmod(0o755)
    ingest = open_writer(Collection(place / "news"), info={"software": "test"}, clock=lambda: MOMENT)
    keep(ingest, FIRST, "أعلن الوزير عن الخطة صباح اليوم")
    keep(ingest, "https://news.example/second", "افتتح المتحف أبوابه للزوار")
    ingest.close()
    yield place / "news"
    for path in [place, *place.rglob("*")]:
        path.chmod(0o755)
    shutil.rmtree(place)


def said(*arguments, code=0):
    done = CliRunner().invoke(warraq, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output + done.stderr
    return done.stdout + (done.stderr if code else "")


def as_reader(folder, what):
    """Runs `what` as somebody who may not write to the folder; what it raises is raised here, as text."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.geteuid():
        what()
        return
    with tempfile.TemporaryFile() as told:
        child = os.fork()
        if not child:
            try:
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                what()
                os._exit(0)
            except BaseException as error:  # noqa: BLE001 - it is told to the parent
                told.write(f"{type(error).__name__}: {error}".encode())
                told.flush()
                os._exit(1)
        if os.waitpid(child, 0)[1]:
            told.seek(0)
            raise AssertionError(told.read().decode())


def everything_answers(folder):
    before = sorted(path.name for path in folder.rglob("*"))
    assert FIRST in said("--archive", folder, "search", "--json", "الخطة")
    assert "الخطة" in said("--archive", folder, "show", FIRST)
    assert len(said("--archive", folder, "export").splitlines()) == 2
    assert json.loads(said("--archive", folder, "verify", "--json"))["ok"]
    with tempfile.TemporaryDirectory() as name:
        into = Path(name) / "merged"
        said("--archive", folder, "export", "--format", "wacz", "--out", Path(name) / "x.wacz")
        assert json.loads(said("merge", "--json", folder, into))["captures"] == 2
        assert FIRST in said("--archive", into, "search", "--json", "الخطة")
    assert sorted(path.name for path in folder.rglob("*")) == before


def test_another_users_archive_can_be_searched_shown_exported_verified_and_merged(folder):
    as_reader(folder, lambda: everything_answers(folder))


def test_writing_to_another_users_archive_is_one_clear_line(folder):
    (folder / ".lock").touch()

    def write():
        line = said("--archive", folder, "redact", FIRST, "--reason", "x", "--yes", code=6)
        assert line.startswith(f"warraq: cannot write to {folder}/.lock (Permission denied)")

    as_reader(folder, write)


@contextlib.contextmanager
def read_only_medium(folder):
    """A copy of the archive on a file system that is mounted read-only."""
    point = folder.parent / "medium"
    point.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", point], check=True)
    try:
        shutil.copytree(folder, point / "news")
        subprocess.run(["mount", "-o", "remount,ro", point], check=True)
        yield point / "news"
    finally:
        subprocess.run(["umount", point], check=True)


@pytest.mark.skipif(not may_mount(), reason="only root may mount a file system")
def test_an_archive_on_read_only_media_answers(folder):
    with read_only_medium(folder) as medium:
        everything_answers(medium)


@pytest.mark.skipif(not may_mount(), reason="only root may mount a file system")
def test_an_empty_log_beside_the_database_changes_nothing_on_read_only_media(folder):
    (folder / "warraq.db-wal").touch()
    with read_only_medium(folder) as medium:
        everything_answers(medium)
        for command in (["reindex"], ["repair"], ["redact", FIRST, "--reason", "x", "--yes"]):
            said("--archive", medium, *command, code=6)


def test_what_a_living_writer_has_just_written_is_seen(folder):
    ingest = open_writer(Collection(folder), info={"software": "test"}, clock=lambda: MOMENT)
    keep(ingest, "https://news.example/third", "خبر ثالث عن الخطة", hours=1)
    ingest.commit()
    try:
        as_reader(folder, lambda: looks_for(folder, "https://news.example/third"))
    finally:
        ingest.close()


def looks_for(folder, url):
    assert url in said("--archive", folder, "search", "--json", "الخطة")


def test_rows_of_a_dead_writer_that_cannot_be_read_are_not_passed_over_in_silence(folder):
    kept = folder / "kept-wal"
    with open_store(folder / "warraq.db") as store, store.atomic():
        store.db.conn.execute("INSERT INTO runs (kind, started_at) VALUES ('test', '2026')")
        store.db.conn.execute("SELECT 1")
    with open_store(folder / "warraq.db") as store:
        with store.atomic():
            store.db.conn.execute("INSERT INTO runs (kind, started_at) VALUES ('test', '2026')")
        shutil.copyfile(folder / "warraq.db-wal", kept)
    kept.rename(folder / "warraq.db-wal")

    def look():
        with pytest.raises(NotWritableError, match="-wal"):
            open_store(folder / "warraq.db", read_only=True)

    as_reader(folder, look)


def test_a_writer_that_comes_while_it_is_read_as_one_that_stays_is_noticed(folder):
    def look():
        with open_store(folder / "warraq.db", read_only=True) as store:
            store.check_unchanged()
            told, answered = ends
            told[1].send_bytes(b"opened")
            assert answered[0].poll(20)
            with pytest.raises(DamagedFileError, match="started writing"):
                store.check_unchanged()

    if os.geteuid():
        pytest.skip("needs two users")
    ends = (Pipe(duplex=False), Pipe(duplex=False))
    writer = os.fork()
    if not writer:
        try:
            write_when_told(folder, *ends)
        finally:
            os._exit(0)
    as_reader(folder, look)
    os.waitpid(writer, 0)


def write_when_told(folder, told, answered):
    assert told[0].poll(20)
    with open_store(folder / "warraq.db") as store, store.atomic():
        store.db.conn.execute("INSERT INTO runs (kind, started_at) VALUES ('test', '2026')")
    answered[1].send_bytes(b"written")
