"""Only one process holds a lock at a time; a dead process releases it, and a refused one is told the holder."""

import errno
import fcntl
import os
import subprocess
import sys

import pytest

from archive import ArchiveError, NotWritableError
from archive.files import held


class TakenError(ArchiveError):
    pass


def test_a_second_holder_is_turned_away_with_the_name_of_the_first(tmp_path):
    lock = tmp_path / "a.lock"
    with held(lock, TakenError), pytest.raises(TakenError, match=rf"process {os.getpid()} \("), held(lock, TakenError):
        pass
    with held(lock, TakenError):
        pass


def test_a_command_with_an_argument_that_is_not_utf_8_holds_its_lock(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["warraq", "import", os.fsdecode(b"caf\xe9.warc.gz")])
    lock = tmp_path / "a.lock"
    with held(lock, TakenError):
        assert lock.read_text().endswith("(warraq import caf?.warc.gz)\n")


@pytest.mark.slow
def test_a_killed_holder_lets_go(tmp_path):
    lock = tmp_path / "a.lock"
    code = "import os, sys, pathlib; from archive.errors import ArchiveError\nfrom archive.files import held\n"
    code += "with held(pathlib.Path(sys.argv[1]), ArchiveError): os.kill(os.getpid(), 9)"
    assert subprocess.run([sys.executable, "-c", code, str(lock)]).returncode == -9
    assert lock.read_text().startswith("process ")
    with held(lock, TakenError):
        assert f"process {os.getpid()}" in lock.read_text()


def test_a_lock_that_cannot_be_made_is_told_so(tmp_path):
    with pytest.raises(NotWritableError), held(tmp_path / "missing" / "a.lock", TakenError):
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_told_so(tmp_path, monkeypatch, number):
    def none_here(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", none_here)
    with pytest.raises(NotWritableError, match=os.strerror(number)), held(tmp_path / "a.lock", TakenError):
        pass
