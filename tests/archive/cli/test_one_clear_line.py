"""Errors outside warraq end in one line and an exit code, never in a traceback."""

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from archive import NotWritableError, cli
from archive.collection import Collection
from archive.ingest import open_writer
from archive.ingest.commit import Disposition
from archive.outcome import Outcome, OutcomeKind
from tests.archive.index.test_index import announced
from tests.support.cli import warraq

RUN = (sys.executable, "-m", "archive")


@pytest.mark.parametrize("content", [b"this is no database " * 50, b""])
def test_a_file_that_is_no_database_is_named(tmp_path, content):
    (tmp_path / "warraq.db").write_bytes(content)
    done = warraq("-A", tmp_path, "list", code=7)
    assert "reindex" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_terminal_that_cannot_show_arabic_gets_escapes(tmp_path):
    environment = os.environ | {"PYTHONIOENCODING": "latin-1"}
    code = "import sys; sys.argv = ['warraq', '--help']; from archive.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "-h"], capture_output=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    done = subprocess.run([*RUN, "search", "--help"], capture_output=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert b"\\u0627\\u0644" in done.stdout


def test_a_database_that_cannot_be_written_keeps_the_group_for_the_next_commit(tmp_path):
    collection = Collection(tmp_path / "a")
    ingest = open_writer(collection, info={}, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    ingest.finish(Disposition(row=None, outcome=Outcome(kind=OutcomeKind.LISTING), announced=(announced("/x"),)))
    ingest.store.db.conn.execute("PRAGMA query_only = ON")
    with pytest.raises(NotWritableError):
        ingest.commit()
    ingest.store.db.conn.execute("PRAGMA query_only = OFF")
    assert ingest.commit().announced == 1
    ingest.close()


def run(*arguments):
    done = warraq(*arguments, code=None)
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.exit_code, done.stderr


def an_archive(folder):
    open_writer(Collection(folder), info={}, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC)).close()
    return folder


def test_a_site_that_no_archive_has_is_no_merge_of_nothing(tmp_path):
    shard, into = an_archive(tmp_path / "a"), tmp_path / "into"
    for dry in ((), ("--dry-run",)):
        code, said = run("merge", *dry, "--site", "exmaple.org", shard, into)
        assert code == 2
        assert "exmaple.org" in said
    assert not into.exists()


def test_a_batch_is_not_made_in_an_archive_and_not_looked_for_where_there_is_none(tmp_path):
    archive = an_archive(tmp_path / "a")
    before = sorted(archive.rglob("*"))
    (tmp_path / "x.warc").write_bytes(b"")
    code, said = run("batch", tmp_path / "x.warc", "--into", archive)
    assert (code, "is an archive" in said) == (2, True)
    assert sorted(archive.rglob("*")) == before
    for ask in ((), ("--status",)):
        code, said = run("batch", "--into", tmp_path / "b", *ask)
        assert (code, "no batch in" in said) == (2, True)


@pytest.mark.parametrize("form", ["jsonl", "wacz", "warc", "cdxj"])
def test_an_export_of_what_is_not_there_leaves_the_file_that_is(tmp_path, form):
    target = tmp_path / "kept"
    target.write_text("an earlier export")
    code, said = run(
        "-A", an_archive(tmp_path / "a"), "export", "-f", form, "--url", "https://no.example/", "-o", target
    )
    assert (code, "nothing for" in said) == (8, True)
    assert target.read_text() == "an earlier export"


@pytest.mark.parametrize("number", [("import", "--workers", "0"), ("list", "-n", "-1"), ("search", "--offset", "-1")])
def test_numbers_without_sense_are_refused(tmp_path, number):
    last = tmp_path / "x.warc"
    last.write_bytes(b"")
    done = warraq(*number, last, code=2)
    assert f"{number[2]} is not in the range" in done.stderr


def test_a_merge_minds_no_archive_that_the_environment_names(tmp_path, monkeypatch):
    monkeypatch.setenv("WARRAQ_ARCHIVE", "somewhere")
    shard = an_archive(tmp_path / "a")
    warraq("merge", shard, tmp_path / "b")


@pytest.mark.parametrize(("value", "colour"), [("1", False), ("", None)])
def test_no_color_is_obeyed(monkeypatch, value, colour):
    asked = {}
    monkeypatch.setenv("NO_COLOR", value)
    monkeypatch.setattr(cli, "make_streams_printable", lambda: None)
    monkeypatch.setattr(cli.warraq, "main", lambda **more: asked.update(more))
    cli.main()
    assert asked["color"] is colour
