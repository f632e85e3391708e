"""What goes wrong outside warraq ends in one line and an exit code, never in a traceback."""

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from archive import Collection, NotWritableError, Reading, Settled, open_ingest
from tests.archive.test_store import announced

RUN = (sys.executable, "-c", "from archive.cli import main; main()")


@pytest.mark.parametrize("content", [b"this is no database " * 50, b""])
def test_a_file_that_is_no_database_is_named(tmp_path, content):
    (tmp_path / "warraq.db").write_bytes(content)
    done = subprocess.run([*RUN, "-A", tmp_path, "list"], capture_output=True, text=True, check=False)
    assert done.returncode == 7
    assert "reindex" in done.stderr
    assert "Traceback" not in done.stderr


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
    ingest = open_ingest(collection, info={}, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    ingest.settle(Settled(row=None, reading=Reading(outcome="listing"), announced=(announced("/x"),)))
    ingest.store.db.conn.execute("PRAGMA query_only = ON")
    with pytest.raises(NotWritableError):
        ingest.commit()
    ingest.store.db.conn.execute("PRAGMA query_only = OFF")
    assert ingest.commit().announced == 1
    ingest.close()
