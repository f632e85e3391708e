"""Measures what a new start has to do after a crash that left many records without rows: seconds and memory by their number.

    python bench/recovery.py [--records 500 1000 2000]

Each run writes a WARC of so many small article pages, as a crawl does that dies before its first commit, and takes them up in a process
of its own. Processor time and memory (at its highest) are that process's, without its two workers.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from archive.capture import Capture
from archive.collection import Collection
from archive.ingest.importer import recover
from archive.ingest.writer import open_writer
from archive.parse.workers import WorkerPool, read_response
from archive.warc import WarcWriter, payload_digest

if TYPE_CHECKING:
    from archive.parse.result import ParseTask

ROOT = Path(__file__).resolve().parents[1]
START = datetime(2026, 11, 24, tzinfo=UTC)


def crash(folder: Path, records: int) -> None:
    """Leaves a collection whose open WARC holds so many responses, and whose database knows of none."""
    collection = Collection(folder)
    open_writer(collection, info={"software": "bench"}, clock=lambda: START).close()
    writer = WarcWriter(collection.warcs, info={"software": "bench"}, host="bench")
    for number in range(records):
        text = "".join(
            f"<p>Paragraph {n} of story {number}, of the harbour and the ferry and the town council.</p>"
            for n in range(12)
        )
        title = f"Story {number + 100_000} of the day"
        head = f"<html lang=en><head><title>{title}</title></head>"
        body = f"{head}<body><article><h1>{title}</h1>{text}</article></body></html>"
        capture = Capture(
            url=f"https://paper.example/2026/11/24/story-{number}", started=START + timedelta(seconds=number),
            request=b"GET / HTTP/1.1\r\n\r\n", response=f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{body}".encode(),
        )  # fmt: skip
        writer.write_capture(capture, payload_digest=payload_digest(capture), revisit_of=None)
    writer.sync()  # and no close: the process is dead


def take_up(folder: Path) -> None:
    """Recovers the collection and prints what it took."""
    begun = time.perf_counter()
    pool: WorkerPool[ParseTask, object] = WorkerPool(read_response, workers=2, preload=("archive.parse.parse",))
    with pool:
        ingest = open_writer(Collection(folder), info={"software": "bench"}, clock=lambda: START)
        done = recover(ingest, pool)  # type: ignore[arg-type]
        ingest.close()
    wall = time.perf_counter() - begun
    cpu = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(f"{done.records:8} {sum(done.articles.values()):9} {wall:9.1f} {cpu:9.1f} {peak:7.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[500, 1000, 2000])
    given = parser.parse_args()
    print(" records  articles    wall s     cpu s  peak MB", flush=True)
    for records in given.records:
        with tempfile.TemporaryDirectory() as folder:
            for call in (f"crash(Path({folder!r}), {records})", f"take_up(Path({folder!r}))"):
                code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from pathlib import Path; from bench.recovery import *; {call}"
                subprocess.run([sys.executable, "-c", code], check=True)


if __name__ == "__main__":
    main()
