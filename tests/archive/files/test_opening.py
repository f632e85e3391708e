"""Whatever lies in a stranger's folder in the place of a file of the archive: nothing outside is read or changed, and nothing waits."""

import os
import shutil
import socket

import pytest

from archive.errors import IrregularFileError, LinkedFileError
from archive.files import make_new, open_read, open_regular
from tests.support.cli import warraq
from tests.support.pages import capture, page, write_warc

FIXED = [
    ".lock",
    ".upload.lock",
    "warraq.db",
    "warraq.db-wal",
    "warraq.db-shm",
    "warraq.db-journal",
    "archive/manifest-sha256.txt",
    "indexes/index.cdxj",
]
COMMANDS = [
    ("list",),
    ("verify",),
    ("repair",),
    ("reindex",),
    ("import", "FILE"),
    ("upload", "--to", "STORE"),
    ("merge", ".", "SHARD"),
    ("export", "-f", "wacz", "-o", "OUT"),
    ("health",),
    ("explain", "1"),
]
VICTIM = b"a file of somebody else\n"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("opening")
    first = write_warc(folder / "a", [capture("/2026/11/1", page("افتتاح المكتبة العامة في المدينة القديمة"), 1)])
    write_warc(folder / "b", [capture("/2026/11/2", page("البلدية تعلن موعد المهرجان السنوي"), 2)]).rename(
        folder / "b.warc.gz"
    )
    warraq("--archive", folder / "c", "import", first)
    return folder


def put(kind, path, victim):
    path.unlink(missing_ok=True)
    if kind == "link":
        path.symlink_to(victim)
    elif kind == "dangling":
        path.symlink_to(victim.with_name("made-through-a-link"))
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(os.path.relpath(path))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, kind) for name in FIXED for kind in ("link", "fifo")),
        *((name, kind) for name in ("warraq.db", ".lock") for kind in ("dangling", "folder", "socket")),
    ],
)
def test_no_command_follows_or_waits(archive, tmp_path, monkeypatch, name, kind):
    monkeypatch.chdir(tmp_path)
    victim = tmp_path / "victim"
    for command in COMMANDS:
        folder = tmp_path / "c"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(archive / "c", folder)
        victim.write_bytes(VICTIM)
        put(kind, folder / name, victim)
        words = {
            "FILE": archive / "b.warc.gz",
            "STORE": f"file://{tmp_path}/store",
            "SHARD": tmp_path / "m",
            "OUT": tmp_path / "o.wacz",
            ".": folder,
        }
        done = warraq("--archive", folder, *(words.get(word, word) for word in command), code=None)
        assert victim.read_bytes() == VICTIM, (command, done.stderr)
        assert not victim.with_name("made-through-a-link").exists(), command
        assert done.exit_code in {0, 2, 3, 6, 7}, (command, done.output)
        if done.exit_code:
            assert done.stderr.startswith("warraq: ") or command == ("verify",), (command, done.output)


def test_only_regular_files_are_opened(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    with open_read(tmp_path / "file") as file:
        assert file.read() == b"x"
    with pytest.raises(LinkedFileError):
        open_regular(tmp_path / "link", os.O_RDWR | os.O_CREAT)
    for odd in (tmp_path, "/dev/null"):
        with pytest.raises(IrregularFileError, match="not a regular file"):
            open_read(tmp_path / odd)
    with pytest.raises(FileNotFoundError):
        open_read(tmp_path / "none")


def test_a_link_that_waits_where_a_file_is_made_goes(tmp_path):
    (tmp_path / "victim").write_bytes(VICTIM)
    (tmp_path / "new").symlink_to("victim")
    os.close(make_new(tmp_path / "new"))
    assert (tmp_path / "victim").read_bytes() == VICTIM
    assert not (tmp_path / "new").is_symlink()
