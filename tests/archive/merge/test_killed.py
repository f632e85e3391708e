"""A merge is killed at any moment: what is there is valid, and the next run completes it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from typing import TYPE_CHECKING

import pytest

from archive.collection import Collection
from archive.merge import joining
from tests.archive.merge.machines import Served, contents
from tests.archive.merge.test_merge import crawled, of, problems, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.simulation]

ROUNDS = int(os.environ.get("WARRAQ_CRASH_ROUNDS", "6"))


def make_shards(folder: Path) -> list[Path]:
    """Two shards of some thirty captures in several files."""
    more = [
        Served(url=f"https://{site}.example/more/{n}", hours=7 + 3 * n, text=f"خبر {site} رقم {n}")
        for n in range(12)
        for site in "ab"
    ]
    return [
        crawled(folder / site, [*of(f"{site}.example"), *(event for event in more if event.site[0] == site)])
        for site in "ab"
    ]


def merge_and_die(shards: list[Path], into: Path, *, at: int = -1, after: float = -1.0) -> bool:
    """Merges by small steps in a process that is killed at that step, or after that many seconds; whether it lived to the end."""
    child = os.fork()
    if not child:
        joining.batches.__kwdefaults__["size"] = 4
        steps = iter(range(1_000_000))

        def step(*_told):
            if next(steps) == at:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            run(shards, into, progress=step)
            os._exit(0)
        finally:
            os._exit(1)
    if after >= 0:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    ended = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(ended) or os.WEXITSTATUS(ended) == 0
    return not os.WIFSIGNALED(ended)


def kill_merges(folder: Path, rounds: int) -> tuple[int, int, int]:
    """How many merges were killed at random moments, how many files were missing for rows then, how many archives differ in the end."""
    chance = random.Random(9)
    shards = make_shards(folder)
    begun = time.monotonic()
    run(shards, folder / "whole")
    lasts = time.monotonic() - begun
    expected = contents(Collection(folder / "whole"), own_ids=True)
    killed = without = unlike = 0
    for number in range(rounds):
        into = folder / f"round{number}"
        for _ in range(2):
            killed += not merge_and_die(shards, into, after=chance.uniform(0, lasts))
            without += rows_without_record(into)
        run(shards, into)
        unlike += contents(Collection(into), own_ids=True) != expected or problems(into) != []
        shutil.rmtree(into)
    return killed, without, unlike


def rows_without_record(folder: Path) -> int:
    """Capture rows whose file is not there."""
    if not (folder / "warraq.db").exists():
        return 0
    from archive.index import open_store, places

    with open_store(folder / "warraq.db") as store:
        names = places.filenames(store.db)
    return len(names - {path.name for path in (folder / "archive").glob("*.warc.gz")})


@pytest.mark.slow
def test_a_merge_killed_at_any_step_ends_like_one_that_lived(tmp_path):
    shards = make_shards(tmp_path)
    run(shards, tmp_path / "whole")
    expected = contents(Collection(tmp_path / "whole"), own_ids=True)
    at, lived = 0, False
    while not lived:
        into = tmp_path / f"at{at}"
        lived = merge_and_die(shards, into, at=at)
        assert not rows_without_record(into)
        run(shards, into)
        assert contents(Collection(into), own_ids=True) == expected, at
        assert problems(into) == [], at
        shutil.rmtree(into)
        at += 5
    assert at > 15


@pytest.mark.slow
def test_merges_killed_at_random_moments_end_like_one_that_lived(tmp_path):
    killed, without, unlike = kill_merges(tmp_path, ROUNDS)
    assert (without, unlike) == (0, 0)
    assert killed
