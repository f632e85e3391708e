"""Links, FIFOs and devices in an archive's folder: nothing outside is read or changed, and nothing blocks."""

import os
import re
import shutil
import signal
import socket
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from archive.errors import IrregularFileError, LinkedFileError
from archive.files import make_new, open_read, open_regular
from tests.support import PATIENCE
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
    ("backup", "COPY"),
]
BESIDE = {
    "watches.db": (("watch", "list"), ("watch", "run"), ("watch", "add", "ferry", "--name", "two"), ("backup", "COPY")),
    ".watch.lock": (("watch", "run"), ("backup", "COPY")),
    "warraq.rebuilt.db": (("reindex",),),
    "feeds/one.atom": (("watch", "run"), ("backup", "COPY")),
    "feeds/one.json": (("watch", "run"),),
    "seals/000001.json": (
        SEALING := (("verify", "--seals"), ("seal",), ("evidence", "1", "-o", "OUT"), ("backup", "COPY"))
    ),
    "seals/000001.pem": SEALING,
    "seals/000001.sig": SEALING,
    "seals/000001.records.gz": SEALING,
    "seals/000001.vouched": SEALING,
    "seals/000001.one.tsr": SEALING,
    "seals/000001.one.chain": SEALING,
    "seals/000002.json": SEALING,
}
"""The files of what lies beside the captures, with the commands that read or write them."""
OF_SQLITE = ("-wal", "-shm", "-journal")
FOLDERS = ("indexes", "seals", "feeds")
PASSING = re.compile(
    r"""(?x)
    archive/[^/]+\.warc\.gz(\.open)? | (\w+/)?\.probe-\d+ | (.*/)?\.[^/]+\.new | archive/\..+\.partial
    | \.(unpacked|upload)-\w+(/.*)?
    | seals/\d{6}\.[\w.]+ | feeds/one\.\w+ | archive | indexes | seals | feeds | \.
    """
)
"""What has no fixed name, or is tried under one of its names."""
VICTIM = b"a file of somebody else\n"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("opening")
    first = write_warc(folder / "a", [capture("/2026/11/1", page("افتتاح المكتبة العامة في المدينة القديمة"), 1)])
    write_warc(folder / "b", [capture("/2026/11/2", page("البلدية تعلن موعد المهرجان السنوي"), 2)]).rename(
        folder / "b.warc.gz"
    )
    warraq("--archive", folder / "c", "import", first)
    os.environ["WARRAQ_KEYS"] = str(folder / "keys")
    warraq("--archive", folder / "c", "watch", "add", "المكتبة", "--name", "one")
    warraq("--archive", folder / "c", "watch", "run")
    warraq("--archive", folder / "c", "seal")
    for end in ("tsr", "chain"):
        (folder / "c" / "seals" / f"000001.one.{end}").write_bytes(b"no stamp of anybody's")
    yield folder
    del os.environ["WARRAQ_KEYS"]


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
    try_commands(archive, tmp_path, name, kind, COMMANDS)


@contextmanager
def in_time(command):
    """Fail when the block waits, as for a FIFO that nobody writes to."""

    def too_late(*_):
        raise TimeoutError(f"{command} waits")

    before = signal.signal(signal.SIGALRM, too_late)
    signal.alarm(int(PATIENCE))
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(folder, command, words):
    """The command on that archive; `merge` takes its archives as arguments."""
    where = () if command[0] == "merge" else ("--archive", folder)
    return warraq(*where, *(words.get(word, word) for word in command), code=None)


def try_commands(archive, tmp_path, name, kind, commands):
    """Put that in the place of the file, for each command anew; the victim stays as it was, the command says what it met."""
    victim = tmp_path / "victim"
    for command in commands:
        folder = tmp_path / "c"
        for made in (folder, tmp_path / "copy"):
            shutil.rmtree(made, ignore_errors=True)
        shutil.copytree(archive / "c", folder)
        victim.write_bytes(VICTIM)
        put(kind, folder / name, victim)
        words = {
            "FILE": archive / "b.warc.gz",
            "STORE": f"file://{tmp_path}/store",
            "SHARD": tmp_path / "m",
            "OUT": tmp_path / "o.wacz",
            "COPY": tmp_path / "copy",
            ".": folder,
        }
        with in_time(command):
            done = run(folder, command, words)
        assert victim.read_bytes() == VICTIM, (command, done.stderr)
        assert not victim.with_name("made-through-a-link").exists(), command
        assert done.exit_code in {0, 2, 3, 6, 7, 8}, (command, done.output)
        if done.exit_code:
            assert done.stderr.startswith("warraq: ") or command[0] in {"verify", "backup"}, (command, done.output)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for name in BESIDE for kind in ("link", "fifo", "dangling", "folder")]
)
def test_nothing_beside_the_captures_is_followed_or_waited_for(archive, tmp_path, monkeypatch, name, kind):
    monkeypatch.chdir(tmp_path)
    try_commands(archive, tmp_path, name, kind, BESIDE[name])


@pytest.mark.slow
@pytest.mark.parametrize("end", OF_SQLITE)
@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_the_log_of_the_watches_is_not_followed(archive, tmp_path, monkeypatch, end, kind):
    monkeypatch.chdir(tmp_path)
    try_commands(archive, tmp_path, f"watches.db{end}", kind, BESIDE["watches.db"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["seals", "indexes"])
@pytest.mark.parametrize("kind", ["fifo", "socket"])
def test_what_stands_in_the_place_of_a_folder_is_named(archive, tmp_path, monkeypatch, name, kind):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(archive / "c", tmp_path / "c")
    shutil.rmtree(tmp_path / "c" / "seals")
    shutil.rmtree(tmp_path / "c" / name, ignore_errors=True)
    put(kind, tmp_path / "c" / name, tmp_path / "victim")
    for command in SEALING:
        words = {"OUT": tmp_path / "o.wacz", "COPY": tmp_path / "copy"}
        with in_time(command):
            done = run(tmp_path / "c", command, words)
        assert done.exit_code in {0, 2, 6, 7, 8}, (command, done.output)
        assert not done.exit_code or "seal" in done.output or name in done.output, (command, done.output)


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_that_leads_elsewhere_is_refused(archive, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for command in (*COMMANDS, *BESIDE["seals/000001.json"], *BESIDE["watches.db"]):
        folder, elsewhere = tmp_path / "c", tmp_path / "elsewhere"
        for made in (folder, elsewhere, tmp_path / "m", tmp_path / "copy"):
            shutil.rmtree(made, ignore_errors=True)
        shutil.copytree(archive / "c", folder)
        shutil.copytree(archive / "c" / name, elsewhere)
        shutil.rmtree(folder / name)
        (folder / name).symlink_to(elsewhere)
        before = {path: path.read_bytes() for path in elsewhere.iterdir()}
        words = {
            "FILE": archive / "b.warc.gz",
            "STORE": f"file://{tmp_path}/store",
            "SHARD": tmp_path / "m",
            ".": folder,
        }
        more = {"OUT": tmp_path / "o.wacz", "COPY": tmp_path / "copy"}
        done = run(folder, command, words | more)
        assert {path: path.read_bytes() for path in elsewhere.iterdir()} == before, command
        assert "symbolic link" in done.stderr, command
        assert done.exit_code == 7, command


opened = set[str]()
_watched: list[Path] = []


def _note(event, arguments):
    if (
        _watched
        and event in {"open", "sqlite3.connect", "os.listdir"}
        and isinstance(arguments[0], str | bytes | os.PathLike)
    ):
        path = Path(os.fsdecode(arguments[0]).removeprefix("file://").partition("?")[0])
        if path.is_relative_to(_watched[0]):
            opened.add(str(path.relative_to(_watched[0])))


sys.addaudithook(_note)


@pytest.mark.slow
def test_each_name_that_a_command_opens_is_tried(archive, tmp_path, monkeypatch):
    """The lists above are complete: another fixed name is named here until it has its row there."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(archive / "c", tmp_path / "c")
    words = {
        "FILE": archive / "b.warc.gz",
        "STORE": f"file://{tmp_path}/store",
        "SHARD": tmp_path / "m",
        ".": tmp_path / "c",
    }
    words |= {"OUT": tmp_path / "o.wacz", "COPY": tmp_path / "copy"}
    more = {command for commands in BESIDE.values() for command in commands} | {("group",), ("timeline",), ("images",)}
    _watched.append(tmp_path / "c")
    try:
        for command in (*COMMANDS, *sorted(more)):
            run(tmp_path / "c", command, words)
    finally:
        _watched.clear()
    databases = [name for name in (*FIXED, *BESIDE) if name.endswith(".db")]
    known = {*FIXED, *BESIDE, *(f"{name}{end}" for name in databases for end in OF_SQLITE)}
    assert len(opened & known) > 10
    assert sorted(name for name in opened - known if not PASSING.fullmatch(name)) == []


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
