"""Measure the cost of merging shards: times, rates and memory.

The texts are generated (some 300 words from a vocabulary of 20,000, by frequency). Times are CPU seconds of the merging process;
`first` merges all shards into a new archive, `again` finds nothing new, `one more` merges one into an archive of the others.
"""

from __future__ import annotations

import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from archive.article import Article
from archive.capture import Capture
from archive.collection import Collection
from archive.files.clock import iso
from archive.index import Candidate, frontier
from archive.ingest import open_writer
from archive.ingest.commit import Disposition
from archive.merge import Merged, merge
from archive.outcome import Outcome, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
WORDS = 300
GROUP = 200
LINKS = 10
"""URLs that each page announces and nobody has visited yet."""


def vocabulary(chance: random.Random) -> list[str]:
    return ["".join(chance.choices(LETTERS, k=chance.randint(3, 7))) for _ in range(20_000)]


def text(words: list[str], chance: random.Random) -> str:
    picked = [words[int(len(words) * chance.random() ** 4)] for _ in range(WORDS)]
    return "\n".join(" ".join(picked[start : start + 60]) for start in range(0, WORDS, 60))


def make_shard(folder: Path, number: int, size: int) -> None:
    """Make the archive of a crawl in which each article is served, and again a day later with the same bytes."""
    chance = random.Random(number)
    words = vocabulary(random.Random(1))
    site = f"paper{number}.example"
    ingest = open_writer(Collection(folder), info={"software": "warraq bench"}, clock=lambda: BEGIN, host=site)
    pages = [(f"https://{site}/2026/11/{n}", text(words, chance)) for n in range(size)]
    for day in range(2):
        for n, (url, body) in enumerate(pages):
            page = f"<html><body><h1>{body[:40]}</h1><p>{body}</p></body></html>".encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n\r\n".encode()
            started = BEGIN + timedelta(days=day, seconds=n)
            capture = Capture(url=url, started=started, request=b"GET / HTTP/1.1\r\n\r\n", response=head + page)
            row = ingest.record(capture, site=site)
            article = Article(url=url, title=body[:40], text=body, language="ar", date_published="2026-11-01")
            if day:
                ingest.finish(Disposition(row=row, outcome=Outcome(kind=OutcomeKind.UNCHANGED), repeats=True))
            else:
                links = tuple(
                    Candidate(url=f"{url}/{link}", site=site, host=site, kind="page", by="page")
                    for link in range(LINKS)
                )
                ingest.finish(
                    Disposition(row=row, outcome=Outcome(kind=OutcomeKind.ARTICLE), article=article, announced=links)
                )
            if n % GROUP == GROUP - 1:
                ingest.commit()
    with ingest.store.atomic():
        frontier.schedule(
            ingest.store.db,
            [Candidate(url=url, site=site, host=site, kind="article", by="feed") for url, _ in pages],
            now=iso(BEGIN),
        )
    ingest.close()


def measured(pipe, shards: list[Path], into: Path) -> None:
    before = most_resident_mb()
    begun, wall = time.process_time(), time.monotonic()
    done = merge(shards, Collection(into), no_pool, clock=lambda: BEGIN)
    spent, wall = time.process_time() - begun, time.monotonic() - wall
    pipe.send((done, spent, wall, most_resident_mb() - before))


def most_resident_mb() -> float:
    """Return the peak memory of this process in MB; ru_maxrss would include that of its parent."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def no_pool() -> None:
    raise AssertionError("nothing is left to be read")


def line(name: str, shards: list[Path], into: Path) -> None:
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=measured, args=(there, shards, into))
    process.start()
    done, spent, wall, memory = here.recv()
    process.join()
    assert isinstance(done, Merged)
    print(
        f"| {name} | {done.looked_at:,} | {done.captures:,} | {done.articles:,} | {done.urls:,} | {spent:.1f} | {wall:.1f} | "
        f"{done.looked_at / spent:,.0f} | {done.articles / spent:,.0f} | {memory:.0f} |",
        flush=True,
    )


def report(sizes: Sequence[int], folder: str) -> None:
    """Print the table for `sizes`: a number of shards, and the articles in each."""
    count, size = sizes
    with tempfile.TemporaryDirectory(dir=folder) as name:
        place = Path(name)
        shards = [place / f"shard{number}" for number in range(count)]
        for number, shard in enumerate(shards):
            make_shard(shard, number, size)
        print(
            "| merge | captures looked at | captures in | versions in | URLs in | CPU s | wall s | captures looked at/CPU s | "
            "versions in/CPU s | memory + MB |\n|" + "---|" * 10
        )
        line("first", shards, place / "merged")
        line("again", shards, place / "merged")
        line("all but one", shards[:-1], place / "other")
        line("one more", shards, place / "other")
