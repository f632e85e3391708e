"""Measure the cost of extracting a WARC set again: pages per second and core, by number of workers, and memory.

    python bench/extract.py                        400 pages with one worker and with two
    python bench/extract.py --pages 100000 --workers 2 --distinct 2000
    python bench/extract.py batch --files 4        the same through `warraq batch`, with and without its engine
    python bench/extract.py stages --pages 300     the CPU of each stage, in this process

The set consists of gzipped pages of the corpora (WARRAQ_CORPORA or ../shared/corpora), or of tests/sites without corpora. The workers of
`warraq reindex` read it repeatedly up to the number of pages: they parse responses and make articles, links and keys of lines; nothing is
stored. The workers warm up before the measurement.

CPU is user and system time of this process (`reader`) and of its workers; pages/s/core is 1000 divided by their sum in ms. Memory is the
resident size of each worker after each tenth of the pages; `new workers` counts replaced workers.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from archive.capture import Capture  # noqa: E402
from archive.parse.parse import Parsed, ParseTask, parse_task  # noqa: E402
from archive.parse.workers import WorkerKilledError, WorkerPool  # noqa: E402
from archive.warc import WarcWriter, payload_digest, read_records  # noqa: E402
from bench.support import extract_batch, extract_stages  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
MARKS = 10
TOO_LARGE = 2_000_000
"""Maximum bytes of a page; one larger page in a hundred would take half of the time."""


def corpora() -> Path | None:
    folders = [os.environ.get("WARRAQ_CORPORA", ""), *(f"{above}/shared/corpora" for above in ROOT.parents)]
    return next((Path(folder) for folder in folders if folder and Path(folder).is_dir()), None)


def saved_pages(limit: int) -> Iterator[tuple[str, bytes]]:
    """Yield URLs and gzipped pages, spread over the corpora, or from the repository's tests without corpora."""
    if (folder := corpora()) is None:
        for page in sorted((ROOT / "tests" / "sites").glob("*/*/page.html"))[:limit]:
            url = json.loads(page.with_suffix(".json").read_text(encoding="utf-8")).get("url", "https://site.example/a")
            yield url, gzip.compress(page.read_bytes(), 6, mtime=0)
        return
    lists = [
        deque((file.parent, json.loads(line)) for line in file.open(encoding="utf-8"))
        for file in sorted(folder.glob("*/pages.jsonl"))
    ]
    while limit > 0 and any(lists):
        for rows in filter(None, lists):
            place, row = rows.popleft()
            yield row["url"], (place / row["html"]).read_bytes()
            limit -= 1
            if limit <= 0:
                return


def write_set(folder: Path, distinct: int) -> int:
    """Write the pages as captures of one WARC file; return their number."""
    count = 0
    with WarcWriter(folder, info={"software": "warraq bench"}) as writer:
        for url, body in saved_pages(distinct):
            if len(body) > TOO_LARGE or not url.startswith(("http://", "https://")):
                continue
            head = (
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            capture = Capture(
                url=url,
                started=datetime.now(UTC),
                request=b"GET / HTTP/1.1\r\nHost: bench.example\r\n\r\n",
                response=head.encode() + body,
                ip="192.0.2.1",
            )
            writer.write_capture(capture, payload_digest=payload_digest(capture.response))
            count += 1
    return count


def tasks(folder: Path, pages: int) -> Iterator[ParseTask]:
    """Yield `pages` responses of the set, starting again at its end."""
    now = datetime.now(UTC)
    left = pages
    while left > 0:
        for path in sorted(folder.glob("*.warc.gz")):
            for record in read_records(path):
                if record.type == "response" and left > 0:
                    left -= 1
                    yield ParseTask(url=record.url, response=record.block, fetched_at=now)


def descendants() -> dict[int, tuple[float, float, str]]:
    """Return the CPU seconds, resident megabytes and name of each descendant process."""
    parents: dict[int, tuple[int, float, float]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        cpu = (int(fields[11]) + int(fields[12])) / TICKS
        parents[int(stat.parent.name)] = (int(fields[1]), cpu, int(fields[21]) * PAGE_BYTES / 2**20)
    found: dict[int, tuple[float, float, str]] = {}
    grown = {os.getpid()}
    while grown:
        born = {pid for pid, (parent, _, _) in parents.items() if parent in grown}
        for pid in born:
            is_worker = parents[pid][0] != os.getpid()  # the fork server is between them and this process
            found[pid] = (*parents[pid][1:], "worker" if is_worker else "server")
        grown = born
    return found


@dataclass
class Meter:
    """Tracks the workers: the CPU time of each, including ended ones, and their memory at each mark."""

    cpu: dict[int, float] = field(default_factory=dict)
    first: dict[int, float] = field(default_factory=dict)
    memory: list[tuple[int, list[float]]] = field(default_factory=list)

    def look(self, done: int = -1) -> None:
        workers = {pid: values for pid, values in descendants().items() if values[2] == "worker"}
        for pid, (cpu, _, _) in workers.items():
            self.first.setdefault(pid, 0.0)
            self.cpu[pid] = cpu
        if done >= 0:
            self.memory.append((done, sorted(memory for _, memory, _ in workers.values())))

    def begin(self) -> None:
        self.look()
        self.first = dict(self.cpu)

    def seconds(self) -> float:
        return sum(cpu - self.first[pid] for pid, cpu in self.cpu.items())


@dataclass
class Run:
    """The result of one run."""

    workers: int
    pages: int
    wall: float
    reader_cpu: float
    workers_cpu: float
    outcomes: dict[str, int]
    meter: Meter

    def row(self) -> str:
        reader, theirs = (1000 * cpu / self.pages for cpu in (self.reader_cpu, self.workers_cpu))
        return (
            f"| {self.workers} | {self.pages} | {self.pages / self.wall:.1f} | {theirs:.1f} | {reader:.1f} "
            f"| {1000 / (theirs + reader):.1f} | {len(self.meter.cpu) - self.workers} |"
        )


def measure(folder: Path, workers: int, pages: int) -> Run:
    meter, outcomes = Meter(), dict[str, int]()
    pending: deque[Future[Parsed]] = deque()

    def settle() -> None:
        try:
            outcome = pending.popleft().result().outcome.kind
        except WorkerKilledError as error:
            outcome = f"killed: {error.reason}"
        outcomes[outcome] = outcomes.get(outcome, 0) + 1

    with WorkerPool(parse_task, workers=workers, preload=("archive.parse.parse",)) as pool:
        for task in tasks(folder, 4 * workers):
            pending.append(pool.submit(task))
        while pending:
            settle()
        outcomes.clear()
        meter.begin()
        wall, cpu = time.perf_counter(), time.process_time()
        step = max(pages // MARKS, 1)
        for number, task in enumerate(tasks(folder, pages), 1):
            pending.append(pool.submit(task))
            if len(pending) > 4 * workers:
                settle()
            if number % step == 0:
                meter.look(number)
                progress(f"{workers} worker(s): {number} of {pages}")
            elif number % 50 == 0:
                meter.look()
        while pending:
            settle()
        meter.look()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Run(workers, pages, wall, cpu, meter.seconds(), outcomes, meter)


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text}", end="", file=sys.stderr, flush=True)


def report(runs: list[Run]) -> None:
    print("\n| workers | pages | pages/s, as measured | CPU ms/page: workers | reader | pages/s/core | new workers |")
    print("|---|---|---|---|---|---|---|")
    for run in runs:
        print(run.row())
    print("\nOutcomes: " + ", ".join(f"{name} {count}" for name, count in sorted(runs[-1].outcomes.items())))
    print("\n| pages read | " + " | ".join(f"MB, {run.workers} worker(s)" for run in runs) + " |")
    print("|---" * (len(runs) + 1) + "|")
    for marks in zip(*(run.meter.memory for run in runs), strict=False):
        cells = [", ".join(f"{size:.0f}" for size in sizes) for _, sizes in marks]
        print(f"| {marks[0][0]} | " + " | ".join(cells) + " |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("workers", "batch", "stages"), default="workers")
    parser.add_argument("--files", type=int, default=2, help="WARC files of the set for `batch` (2)")
    parser.add_argument("--pages", type=int, default=400, help="pages to read in each run (400)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="runs with so many workers (1 2)")
    parser.add_argument("--distinct", type=int, default=400, help="different pages in the set at most (400)")
    options = parser.parse_args()
    if min(options.pages, options.distinct, *options.workers) < 1:
        parser.error("pages, distinct and workers are numbers from 1 on")
    if options.what == "batch":
        return extract_batch.measure_batch(options.pages, options.files)
    if options.what == "stages":
        return extract_stages.measure_stages(saved_pages(options.pages))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        count = write_set(folder, options.distinct)
        if not count:
            print("no pages: set WARRAQ_CORPORA, or run it in a checkout that has tests/sites", file=sys.stderr)
            return 3
        size = sum(path.stat().st_size for path in folder.glob("*.warc.gz"))
        print(f"{count} different pages, {size / 1e6:.1f} MB of WARC; {'corpora' if corpora() else 'tests/sites'}")
        report([measure(folder, workers, options.pages) for workers in options.workers])
    return 0


if __name__ == "__main__":
    sys.exit(main())
