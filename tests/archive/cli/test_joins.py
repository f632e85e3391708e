"""`warraq joins` in an archive without joins."""

import pytest

from tests.support.cli import warraq


@pytest.mark.parametrize("more", [(), ("--undo", "1")])
def test_a_folder_without_an_archive_is_told_so_and_stays_empty(tmp_path, more):
    assert "no archive" in warraq("--archive", tmp_path, "joins", *more, code=3).stderr
    assert list(tmp_path.iterdir()) == []
