"""A crawl is killed repeatedly: nothing acknowledged is lost, no row lacks its record, and the next start repairs it."""

from __future__ import annotations

import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from archive.collection import Collection
from archive.index import open_store
from archive.ingest import open_writer
from archive.maintain import verify

from .conftest import MOMENT, keep
from .test_repair import mend, problems

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.simulation]

ROUNDS = 20


def crawl_for_ever(collection: Collection, acknowledge: int, number: int) -> None:
    """Keeps pages and commits them by threes, telling each URL once it is safe, until it is killed."""
    ingest = open_writer(collection, info={"software": "test"}, clock=lambda: MOMENT)
    page = 0
    while True:
        urls = [f"https://news.example/{number}/{page + more}" for more in range(3)]
        for url in urls:
            keep(ingest, url, f"نص الخبر {url} " + "كلمة " * 2000)
        ingest.commit()
        os.write(acknowledge, "".join(f"{url}\n" for url in urls).encode())
        page += 3


def killed(collection: Collection, number: int, seconds: float) -> list[str]:
    """What a crawl acknowledged before it was killed, some time after its first word."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            crawl_for_ever(collection, write, number)
        finally:
            os._exit(1)
    os.close(write)
    with os.fdopen(read, encoding="ascii") as said:
        first = said.readline()
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
        return [line.strip() for line in (first + said.read()).splitlines(keepends=True) if line.endswith("\n")]


def kill_writers(collection: Collection, rounds: int) -> tuple[int, int]:
    """How many captures were acknowledged in that many rounds, and how many of those are not held."""
    chance = random.Random(5)
    acknowledged: set[str] = set()
    held: set[str] = set()
    for number in range(rounds):
        acknowledged.update(killed(collection, number, chance.uniform(0, 0.03)))
        with open_store(collection.database) as store:
            found = verify(collection, store, clock=lambda: MOMENT).problems
            assert {problem.kind for problem in found} <= {"no-row", "damaged", "manifest", "index"}
            assert [problem for problem in found if problem.kind == "damaged" and problem.record_id] == []  # has a row
            held = {row["url"] for row in store.db.query("SELECT url FROM captures")}
        if not acknowledged <= held:
            break
    return len(acknowledged), len(acknowledged - held)


def test_a_killed_crawl_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    collection = Collection(tmp_path / "news")
    acknowledged, lost = kill_writers(collection, ROUNDS)
    assert lost == 0
    mend(collection)
    assert problems(collection) == []
    assert mend(collection).nothing
    assert acknowledged >= 3 * ROUNDS
