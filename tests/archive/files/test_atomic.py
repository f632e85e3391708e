"""Files are replaced completely or not at all, and no temporary file remains."""

import os
import stat

import pytest

from archive.errors import NotWritableError
from archive.files import output_to, replace_file, replacing


def test_the_new_file_takes_the_old_ones_place_when_the_block_ends(tmp_path):
    target = tmp_path / "x.csv"
    target.write_text("old")
    with replacing(target) as half:
        half.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_the_old_file_stays_when_the_block_breaks_off(tmp_path, error):
    target = tmp_path / "x.csv"
    target.write_text("old")

    def broken_off():
        with replacing(target) as half:
            half.write_text("ne")
            raise error

    with pytest.raises(error):
        broken_off()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


def test_a_link_that_waits_where_the_file_is_made_is_not_followed(tmp_path):
    victim, target = tmp_path / "victim", tmp_path / "x.csv"
    victim.write_text("mine")
    (tmp_path / f".x.csv.{os.getpid()}.new").symlink_to(victim)
    with replacing(target) as half:
        half.write_text("new")
    assert (victim.read_text(), target.read_text()) == ("mine", "new")
    assert not target.is_symlink()


def test_a_file_is_as_open_as_its_mode(tmp_path):
    replace_file(tmp_path / "x", [b"a", b"b"], mode=0o400)
    assert (tmp_path / "x").read_bytes() == b"ab"
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o400


def test_a_folder_that_is_missing_is_told_so(tmp_path):
    with pytest.raises(NotWritableError):
        replace_file(tmp_path / "missing" / "x", [b"a"])


def test_an_output_replaces_a_file_and_follows_a_link_that_a_person_named(tmp_path):
    (tmp_path / "file").write_text("old")
    (tmp_path / "link").symlink_to("file")
    with output_to(tmp_path / "link") as path, replacing(path) as half:
        half.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"
    with output_to(tmp_path / "fresh") as path:
        assert path == tmp_path / "fresh"


def test_a_device_or_fifo_is_written_into_and_stays(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    with output_to(tmp_path / "fifo") as path, replacing(path) as half:
        half.write_text("said")
    assert os.read(reader, 100) == b"said"
    os.close(reader)
    assert (tmp_path / "fifo").is_fifo()
