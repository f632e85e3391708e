"""A crash at any moment loses nothing acknowledged, and the next start recovers."""

from __future__ import annotations

import errno
import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from archive.errors import DamagedFileError, NotWritableError
from archive.warc import (
    WarcWriter,
    all_files,
    closed_files,
    payload_digest,
    read_manifest,
    read_records,
    recover_open_files,
    sha256_of,
)
from tests.archive.warc.conftest import capture, chunked

if TYPE_CHECKING:
    from pathlib import Path

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n"


def write_for_ever(folder: Path, acknowledge: int) -> None:
    """Writes captures of all sizes, syncs, and tells which are safe: until it is killed."""
    writer = WarcWriter(folder, info={"software": "test"}, max_bytes=20_000_000)
    while True:
        safe = []
        for size in (2_000, 100_000, 700_000):
            one = capture(HEAD + os.urandom(size))
            safe.append(writer.write_capture(one, payload_digest="").record_id)
        writer.sync()
        os.write(acknowledge, "".join(f"{record_id}\n" for record_id in safe).encode())


def killed_after(seconds: float, folder: Path) -> list[str]:
    """Runs the writer in a process of its own, kills it at once some time after its first word; what it acknowledged."""
    read, write = os.pipe()
    child = os.fork()  # for a fresh interpreter would take longer to start than to be killed
    if not child:
        try:
            write_for_ever(folder, write)
        finally:
            os._exit(1)
    os.close(write)
    with os.fdopen(read, encoding="ascii") as acknowledged:
        first = acknowledged.readline()
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status)
        return [line.strip() for line in (first + acknowledged.read()).splitlines(keepends=True) if line.endswith("\n")]


def ids(folder: Path) -> list[str]:
    return [record.id for path in sorted(folder.glob("*.warc.gz")) for record in read_records(path)]


@pytest.mark.slow
def test_twenty_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    chance = random.Random(11)
    acknowledged: list[str] = []
    seen: list[Path] = []
    cut = 0
    for _ in range(20):
        acknowledged += killed_after(chance.uniform(0, 0.04), folder)
        taken = recover_open_files(folder, on_close=seen.append)
        cut += sum(one.cut > 0 for one in taken)
        assert recover_open_files(folder, on_close=seen.append) == []
    assert list(folder.glob("*.open")) == []
    held = ids(folder)
    assert len(held) == len(set(held))
    assert set(acknowledged) <= set(held)
    assert len(acknowledged) >= 60
    assert read_manifest(folder) == {path.name: sha256_of(path) for path in folder.glob("*.warc.gz")}
    assert len(seen) == len(set(seen)) > 0
    print(f"{len(acknowledged)} acknowledged, {len(held)} records held, {cut} torn ends cut")


@pytest.fixture
def torn(writer: WarcWriter, folder: Path) -> Path:
    for size in (3000, 4000):
        one = capture(chunked(os.urandom(size)))
        name = writer.write_capture(one, payload_digest=payload_digest(one)).location.filename
    return folder / (name + ".open")


def test_a_torn_end_is_cut_and_the_file_closed(torn: Path, folder: Path) -> None:
    records = list(read_records(torn))
    os.truncate(torn, torn.stat().st_size - 7)
    (taken,) = recover_open_files(folder)
    assert taken.path == torn.with_suffix("")
    assert taken.cut == records[-1].location.length - 7
    assert list(read_records(taken.path)) == records[:-1]
    assert not taken.path.stat().st_mode & 0o222
    assert read_manifest(folder) == {taken.path.name: sha256_of(taken.path)}


def test_damage_in_the_middle_is_not_cut_away(torn: Path, folder: Path) -> None:
    records = list(read_records(torn))
    size = torn.stat().st_size
    with torn.open("r+b") as file:
        file.seek(records[1].location.offset + 50)
        file.write(b"\xff\xff")
    (taken,) = recover_open_files(folder)
    assert (taken.cut, taken.path.stat().st_size) == (0, size)
    assert list(read_records(taken.path, start=records[2].location.offset)) == records[2:]


def test_a_file_without_a_whole_record_goes(torn: Path, folder: Path) -> None:
    os.truncate(torn, 20)
    assert recover_open_files(folder) == []
    assert list(folder.glob("*.warc*")) == []


def test_a_file_that_was_closed_but_not_entered_is_entered(writer: WarcWriter, folder: Path, torn: Path) -> None:
    writer.close()
    (folder / "manifest-sha256.txt").write_text("a torn line")
    heard: list[Path] = []
    (taken,) = recover_open_files(folder, on_close=heard.append)
    assert heard == [taken.path]
    assert read_manifest(folder) == {taken.path.name: sha256_of(taken.path)}
    assert recover_open_files(folder, on_close=heard.append) == []


@pytest.mark.parametrize("kept", [1, 63, 64, 66, 80, -3, -1])
def test_a_line_of_the_manifest_that_was_cut_off_names_no_file(
    writer: WarcWriter, folder: Path, torn: Path, kept: int
) -> None:
    writer.close()
    manifest = folder / "manifest-sha256.txt"
    first = f"{'0' * 64}  away.warc.gz\n".encode()
    line = manifest.read_bytes()
    manifest.write_bytes(first + line[:kept])
    assert read_manifest(folder) == {"away.warc.gz": "0" * 64}
    assert len(recover_open_files(folder)) == 1
    assert manifest.read_bytes() == first + line


def test_a_full_disk_that_takes_a_part_of_a_line_without_an_error(
    writer: WarcWriter, folder: Path, torn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = os.pwrite, [100]

    def write(handle: int, data: bytes, offset: int) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = real(handle, data[: left[0]], offset)
        left[0] -= taken
        return taken

    monkeypatch.setattr(os, "pwrite", write)
    with pytest.raises(NotWritableError):
        writer.close()
    monkeypatch.undo()
    (path,) = folder.glob("*.warc.gz")
    assert read_manifest(folder) == {}
    assert len(recover_open_files(folder)) == 1
    assert read_manifest(folder) == {path.name: sha256_of(path)}


def test_a_name_that_is_not_utf8_is_an_error_that_says_so(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.warc.gz")).touch()
    for listed in (closed_files, all_files):
        with pytest.raises(DamagedFileError, match="not UTF-8; rename it"):
            listed(tmp_path)
    (tmp_path / os.fsdecode(b"caf\xe9.warc.gz")).rename(tmp_path / "café.warc.gz")
    assert [path.name for path in closed_files(tmp_path)] == ["café.warc.gz"]
