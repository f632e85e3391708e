"""Only one process at a time holds a lock, whoever dies lets go of it, and its name is said to the one that is turned away."""

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
