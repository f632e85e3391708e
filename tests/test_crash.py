"""A crawl is killed, or its disk fills up: nothing acknowledged is lost, no row lacks its record, a new start continues."""

import os

import pytest

from tests.crash import fill_disk, kill_again_and_again, may_mount

pytestmark = [pytest.mark.slow, pytest.mark.simulation]

ROUNDS = int(os.environ.get("WARRAQ_CRASH_ROUNDS", "8"))


@pytest.mark.slow
def test_a_crawl_killed_again_and_again_ends_with_everything(tmp_path):
    kills = kill_again_and_again(tmp_path / "c", ROUNDS)
    assert kills.passed, kills
    assert not list((tmp_path / "c" / "archive").glob("*.open"))


@pytest.mark.slow
@pytest.mark.skipif(not may_mount(), reason="only root may mount a small tmpfs")
@pytest.mark.parametrize(("what", "kilobytes"), [("everything", 1000), ("archive", 264)])
def test_a_full_disk_ends_a_crawl_with_one_line_and_the_next_start_carries_on(tmp_path, what, kilobytes):
    full = fill_disk(tmp_path / "c", what, kilobytes)
    assert full.passed, full
    assert full.acknowledged > 0
