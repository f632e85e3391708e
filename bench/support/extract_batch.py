"""Measure `warraq batch`: CPU a page, scaling from one to two workers, and memory; estimate the cost of CC-NEWS.

    python bench/extract.py batch                        400 pages in 2 files
    python bench/extract.py batch --pages 942 --files 4

Pages come from the corpora (WARRAQ_CORPORA, ../shared/corpora) or, without corpora, from tests/sites, repeated under other URLs. There are
four runs over the same files: the tasks one after the other without an engine; `warraq batch` with one and with two workers, for Parquet
and shards; and with two workers for Parquet only. CPU is that of all processes of a run (this one is their subreaper). A run over files
of one page each gives the start-up, which `net` excludes. Wall time depends on the machine's load, which is printed.
"""

from __future__ import annotations

import ctypes
import gzip
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

from archive.capture import Capture
from archive.warc import WarcWriter, payload_digest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]

CORPORA = Path(os.environ.get("WARRAQ_CORPORA", ROOT / "../shared/corpora"))
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
CC_NEWS = 1.35e9
"""Estimated articles in CC-NEWS, 2016 to 2026."""
CORES = 64
PLAIN = """
import sys
from pathlib import Path
from archive.batch import read_plan, run_task
if __name__ == "__main__":
    folder = Path(sys.argv[1])
    plan = read_plan(folder)
    for rank in range(len(plan.tasks)):
        run_task(plan, folder, rank)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run: CPU seconds of all its processes, wall seconds, MB of the largest process, and the output of `--status`."""

    cpu: float
    wall: float
    peak_mb: float
    said: dict[str, int]


def corpus_pages() -> Iterator[tuple[str, bytes]]:
    """Yield URL and gzipped page from the corpora in turn."""
    lists = [
        (file.parent, [json.loads(line) for line in file.open(encoding="utf-8")])
        for file in sorted(CORPORA.glob("*/pages.jsonl"))
    ]
    for at in range(max((len(rows) for _, rows in lists), default=0)):
        for folder, rows in lists:
            if at < len(rows):
                yield (
                    rows[at].get("url") or f"https://{folder.name}.example/{at}",
                    (folder / rows[at]["html"]).read_bytes(),
                )


def site_pages() -> Iterator[tuple[str, bytes]]:
    """Yield the pages of tests/sites endlessly, each time under another URL."""
    cases = sorted(path.parent for path in (ROOT / "tests/sites").glob("*/*/page.json"))
    for number, case in enumerate(cycle(cases)):
        url = json.loads((case / "page.json").read_text("utf-8"))["url"]
        yield f"{url}?copy={number // len(cases)}", gzip.compress((case / "page.html").read_bytes(), 6, mtime=0)


def make_set(folder: Path, pages: list[tuple[str, bytes]], files: int) -> list[Path]:
    """Write the pages to several WARC files."""
    for number in range(files):
        with WarcWriter(folder, info={"software": "bench"}, host="bench", prefix=f"SET{number}") as writer:
            for url, body in pages[number::files]:
                head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
                request = f"GET {url} HTTP/1.1\r\n\r\n".encode()
                one = Capture(
                    url=url, started=datetime(2026, 8, 1, tzinfo=UTC), request=request, response=head.encode() + body
                )
                writer.write_capture(one, payload_digest=payload_digest(one))
    return sorted(folder.glob("*.warc.gz"))


def run(command: list[str]) -> tuple[float, float, float]:
    """Run the command; return the CPU seconds of all its processes, wall seconds, and MB of the largest process."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=errors)
        cpu = peak = wall = 0.0
        while True:
            try:
                child, code, usage = os.wait4(-1, 0)
            except ChildProcessError:
                break
            cpu += usage.ru_utime + usage.ru_stime
            peak = max(peak, usage.ru_maxrss / 1024)
            if child == process.pid:
                wall = time.perf_counter() - begun
                process.returncode = os.waitstatus_to_exitcode(code)
        if process.returncode:
            errors.seek(0)
            sys.exit(f"{command[:5]} ended with {process.returncode}: {errors.read()[-1000:].decode()}")
    return cpu, wall, peak


def measure(warcs: list[Path], folder: Path, *, workers: int, shards: bool = True) -> Run:
    """Run the batch; with `workers` 0, run its tasks without an engine."""
    warraq = [sys.executable, "-m", "archive", "batch", "--into", str(folder)]
    what = ["--parquet", "--shards" if shards else "--no-shards"]
    subprocess.run([*warraq, *what, "--status", *map(str, warcs)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    command = [*warraq, "--workers", str(workers)] if workers else [sys.executable, "-c", PLAIN, str(folder)]
    cpu, wall, peak = run(command)
    counts = [json.loads(path.read_text("utf-8")) for path in (folder / "tasks").glob("*.json")]
    said = {name: sum(count[name] for count in counts) for name in ("captures", "articles_new", "articles_changed")}
    return Run(cpu=cpu, wall=wall, peak_mb=peak, said=said)


RUNS = {
    "tasks without an engine": {"workers": 0},
    "datatrove, 1 worker": {"workers": 1},
    "datatrove, 2 workers": {"workers": 2},
    "datatrove, 2 workers, Parquet alone": {"workers": 2, "shards": False},
}


def measure_batch(count: int, files: int) -> int:
    if importlib.util.find_spec("datatrove") is None:
        print("datatrove is not installed: pip install 'warraq[batch]'", file=sys.stderr)
        return 3
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    source = corpus_pages if CORPORA.is_dir() else site_pages
    pages = list(islice(source(), count))
    size = sum(len(gzip.decompress(page)) for _, page in pages)
    print(
        f"{len(pages)} pages of {CORPORA.name if source is corpus_pages else 'tests/sites'}, {size / len(pages) / 1000:.0f} kB each, "
        f"in {files} files; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "set").mkdir()
        (folder / "start").mkdir()
        warcs = make_set(folder / "set", pages, files)
        starts = make_set(folder / "start", pages[:files], files)
        found: dict[str, tuple[Run, Run]] = {}
        for number, (label, how) in enumerate(RUNS.items()):
            start = measure(starts, folder / f"start{number}", **how)
            found[label] = (measure(warcs, folder / f"b{number}", **how), start)
            print(f"{label}: {found[label][0].wall:.0f} s", file=sys.stderr)
    report(found, len(pages), files)
    return 0


def net(pair: tuple[Run, Run], pages: int, files: int) -> float:
    """Return the CPU ms a page without start-up; the start-up run reads one page of each file."""
    return 1000 * (pair[0].cpu - pair[1].cpu) / (pages - files)


def report(found: dict[str, tuple[Run, Run]], pages: int, files: int) -> None:
    heads = [
        "run",
        "articles",
        "CPU ms/page",
        "net",
        "start-up CPU s a task",
        "pages/s a core (net)",
        "wall s",
        "wall pages/s",
        "peak MB",
    ]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for label, (run_, start) in found.items():
        each = net((run_, start), pages, files)
        cells = [
            label,
            run_.said["articles_new"] + run_.said["articles_changed"],
            f"{1000 * run_.cpu / pages:.1f}",
            f"{each:.1f}",
        ]
        cells += [f"{start.cpu / files:.1f}", f"{1000 / each:.1f}", f"{run_.wall:.0f}"]
        cells += [f"{pages / run_.wall:.1f}", f"{run_.peak_mb:.0f}"]
        print("| " + " | ".join(map(str, cells)) + " |")
    plain, one, two, rows = (net(pair, pages, files) for pair in found.values())
    one_wall, two_wall = (found[f"datatrove, {workers}"][0].wall for workers in ("1 worker", "2 workers"))
    print(f"\ndatatrove over the same tasks without it: {one / plain:.2f} of the CPU a page, net of start-up")
    print(
        f"from 1 to 2 workers: CPU a page x {two / one:.2f}, wall time with start-up x {two_wall / one_wall:.2f} (0.50 is perfect)"
    )
    for label, each in (("Parquet and shards", two), ("Parquet alone", rows)):
        hours = CC_NEWS * each / 3.6e6
        print(
            f"on paper, CC-NEWS ({CC_NEWS / 1e9:.2f} billion articles), {label}: {hours:,.0f} core-hours, "
            f"{hours / 24 / CORES:.0f} days on {CORES} cores"
        )
    print(f"load {os.getloadavg()[0]:.1f} after")
