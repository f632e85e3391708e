"""Measure the cost of a whole crawl by warraq and its peers: CPU per page by process, pages/s and memory, on pages from loopback.

    python bench/crawl.py --pages 300                 a look, two minutes
    python bench/crawl.py --pages 2000 --rounds 2 --f1    the figures of docs/performance.md: ten minutes on a quiet machine

warraq discovers pages by sitemap and links, and writes byte-exact WARC files with digests, articles with metadata, and rows with the
search index. The first peer is a Scrapy spider that fetches the URLs of the same sitemap, calls trafilatura (with metadata) in its
callback, and writes JSON Lines. news-please, whose top module has the same name as another project's, is installed by uv into
build/news-please, and skipped if the registry is unreachable; it reads some of the pages (`--peer-pages`), and is compared by page.
wget --warc only fetches.

This process is the subreaper of all systems, so that it can count the CPU of every process: a crawl does not wait for its fork server's
workers. `start-up` is a run with one page; `less start-up` is the cost of each further page.
"""

from __future__ import annotations

import argparse
import ctypes
import gzip
import html
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.support import crawlsite, realsite  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
PEERS = ROOT / "bench" / "peers"
NEWS_PLEASE = ROOT / "build" / "news-please"
OURS, PLAIN, NEWSPLEASE, WGET = "warraq", "Scrapy + trafilatura", "news-please", "wget --warc (fetch only)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run: CPU seconds of the first process and of all others, wall seconds, peak MB of each, number of results."""

    first: float
    others: float
    wall: float
    first_mb: float
    other_mb: float
    made: int
    figures: dict[str, Any] = field(default_factory=dict)
    stored: int = 0
    """Bytes of the database."""

    @property
    def cpu(self) -> float:
        return self.first + self.others


def run(command: list[str], made: Callable[[], int], keep: int) -> Run:
    """Run the command and wait for all processes that it leaves behind, except `keep`."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=errors)
        first = others = first_mb = other_mb = 0.0
        wall, status = 0.0, 0
        while True:
            child, code, usage = os.wait4(-1, os.WNOHANG)
            if child == process.pid:
                first, first_mb, status = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, code
                wall = time.perf_counter() - begun
                process.returncode = os.waitstatus_to_exitcode(code)
            elif child:
                others += usage.ru_utime + usage.ru_stime
                other_mb = max(other_mb, usage.ru_maxrss / 1024)
            elif wall and not descendants(keep):
                break
            else:
                time.sleep(0.02)
        if status:
            errors.seek(0)
            print(f"{command[:4]} ended with {process.returncode}: {errors.read()[-600:].decode()}", file=sys.stderr)
        said.seek(0)
        lines = said.read().decode("utf-8", "replace").strip().splitlines()
    figures = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    return Run(
        first=first, others=others, wall=wall, first_mb=first_mb, other_mb=other_mb, made=made(), figures=figures
    )


def descendants(keep: int) -> list[int]:
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    return [int(child) for child in children if int(child) != keep]


def ours(url: str, folder: Path, keep: int, more: list[str]) -> Run:
    settings = {
        "ARCHIVE_DIR": folder / "ours", "WARRAQ_OPEN_NETWORKS": "127.0.0.0/8", "DOWNLOAD_DELAY": 0, "WARRAQ_MAX_DELAY": 0.001,
        "CONCURRENT_REQUESTS": 16, "CONCURRENT_REQUESTS_PER_DOMAIN": 16, "WARRAQ_PATTERN_BUDGET": 0, "LOG_LEVEL": "ERROR",
        "WARRAQ_REQUISITES": "none", "WARRAQ_SUMMARY_JSON": 1,
    }  # fmt: skip
    command = [sys.executable, "-m", "scrapy", "crawl", "news", "-a", f"url={url}", "-a", "max_pages=100000"]
    for name, value in settings.items():
        command += ["-s", f"{name}={value}"]
    database = folder / "ours" / "warraq.db"
    done = run([*command, *more], lambda: count(database), keep)
    return replace(done, stored=database.stat().st_size if database.exists() else 0)


def count(database: Path) -> int:
    if not database.exists():
        return 0
    with closing(sqlite3.connect(database)) as db:
        return int(db.execute("SELECT count(*) FROM articles").fetchone()[0])


def script(python: str, name: str, url: str, folder: Path, keep: int) -> Run:
    """Run a peer of bench/peers, which writes JSON Lines."""
    lines = folder / "peer.jsonl"
    command = [python, str(PEERS / name), url, str(lines)]
    return run(command, lambda: lines.read_bytes().count(b"\n") if lines.exists() else 0, keep)


def wget(url: str, folder: Path, keep: int) -> Run:
    with urllib.request.urlopen(f"{url}sitemap.xml") as sitemap:
        body = sitemap.read()
    text = (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode()
    pages = [html.unescape(part.partition("</loc>")[0]) for part in text.split("<loc>")[1:]]
    (folder / "list").write_text("\n".join(pages), encoding="utf-8")
    command = [
        "wget",
        "-q",
        "--compression=gzip",
        "-i",
        str(folder / "list"),
        f"--warc-file={folder / 'w'}",
        "-O",
        "/dev/null",
    ]
    return run(command, lambda: len(pages), keep)


def news_please() -> str:
    """Return the Python of an environment with news-please, created if missing; '' if that fails."""
    python = NEWS_PLEASE / "bin" / "python"
    uv = shutil.which("uv") or next((str(p) for p in (ROOT.parent / "uvenv" / "bin" / "uv",) if p.exists()), "")
    has = [str(python), "-c", "import newsplease"]
    if python.exists() and not subprocess.run(has, capture_output=True, check=False).returncode:
        return str(python)
    if not uv:
        print("news-please: skipped, there is no uv to install it with", file=sys.stderr)
        return ""
    print(f"news-please: installing it into {NEWS_PLEASE}", file=sys.stderr)
    for command in (
        [uv, "venv", "-q", "--clear", str(NEWS_PLEASE)],
        [uv, "pip", "install", "-q", "--python", str(python), "news-please"],
        has,
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"news-please: skipped, {command[1]} failed: {done.stderr.strip()[-300:]}", file=sys.stderr)
            return ""
    return str(python)


def systems(options: argparse.Namespace) -> dict[str, Callable[[str, Path, int], Run]]:
    more = [part for setting in options.s for part in ("-s", setting)]
    found: dict[str, Callable[[str, Path, int], Run]] = {
        OURS: lambda url, folder, keep: ours(url, folder, keep, more),
        PLAIN: lambda url, folder, keep: script(sys.executable, "scrapy_trafilatura.py", url, folder, keep),
    }
    if shutil.which("wget"):
        found[WGET] = wget
    else:
        print("wget: skipped, it is not installed", file=sys.stderr)
    if options.peer_pages and (python := news_please()):
        found[NEWSPLEASE] = lambda url, folder, keep: script(python, "news_please.py", url, folder, keep)
    return found


def rounds(
    contenders: dict[str, Callable[[str, Path, int], Run]], pages: int, times: int
) -> tuple[dict[str, list[Run]], str]:
    """Run all systems in turns; return their runs, and a description of the site and its server."""
    found: dict[str, list[Run]] = {name: [] for name in contenders}
    with tempfile.TemporaryDirectory() as site, crawlsite.serving(pages, Path(site)) as (url, keep, origin):
        for _ in range(times):
            for name, contender in contenders.items():
                with tempfile.TemporaryDirectory() as folder:
                    found[name].append(contender(url, Path(folder), keep))
                last = found[name][-1]
                print(
                    f"{name}, {pages} pages: {last.wall:.1f} s, {last.made} results, {last.cpu:.1f} s CPU",
                    file=sys.stderr,
                )
    return found, origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Medians of the runs of one system, in ms a page and pages/s; `net` and `first_net` exclude start-up."""

    pages: int
    made: int
    cpu: float
    first: float
    net: float
    first_net: float
    start: float
    wall: float
    rate: float
    best: float
    first_mb: float
    other_mb: float
    stored: int


def cost(runs: list[Run], start: Run, pages: int, *, parallel: bool = False) -> Cost:
    def middle(value: Callable[[Run], float]) -> float:
        return statistics.median(value(one) for one in runs)

    cpu, first, wall = middle(lambda r: r.cpu), middle(lambda r: r.first), middle(lambda r: r.wall)
    net, first_net = max(cpu - start.cpu, 1e-9), max(first - start.first, 0.0)
    spread = parallel or middle(lambda r: r.others) > 0.5
    return Cost(
        pages=pages, made=runs[0].made, cpu=1000 * cpu / pages, first=1000 * first / pages, net=1000 * net / pages,
        first_net=1000 * first_net / pages, start=start.cpu, wall=wall, rate=pages / wall,
        best=pages / (net if not spread else net / 2 if parallel else max(first_net, net / 2)), first_mb=max(r.first_mb for r in runs),
        other_mb=max(r.other_mb for r in runs), stored=runs[0].stored,
    )  # fmt: skip


def report(costs: dict[str, Cost], origin: str, options: argparse.Namespace) -> None:
    heads = [
        "system",
        "pages",
        "results",
        "CPU ms/page",
        "first process",
        "less start-up",
        "start-up CPU s",
        "wall s",
        "pages/s",
    ]
    heads += ["at best on 2 cores, calculated", "peak MB: first / a worker"]
    print(f"{options.pages} pages: {origin}. Medians of {options.rounds} rounds, systems in turns.\n")
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for name, one in costs.items():
        row = [
            name,
            str(one.pages),
            str(one.made),
            f"{one.cpu:.1f}",
            f"{one.first:.1f}",
            f"{one.net:.1f}",
            f"{one.start:.1f}",
            f"{one.wall:.1f}",
        ]
        row += [
            f"{one.rate:.1f}",
            f"{one.best:.0f}",
            f"{one.first_mb:.0f}" + (f" / {one.other_mb:.0f}" if one.other_mb else ""),
        ]
        print("| " + " | ".join(row) + " |")
    mine = costs[OURS]
    print(f"\nOurs keeps {mine.stored / 1000 / max(mine.made, 1):.1f} kB an article in its database.")
    print("\n| bar | measured | held |\n|---|---|---|")
    for text, value, held in bars(costs):
        print(f"| {text} | {value} | {'yes' if held else '**no**'} |")


def bars(costs: dict[str, Cost]) -> list[tuple[str, str, bool]]:
    mine, plain = costs[OURS], costs[PLAIN]
    cpu, best, rate = mine.net / plain.net, mine.best / plain.best, mine.rate / plain.rate
    rows = [
        (
            "CPU per page at most .80 of Scrapy + trafilatura's, start-up included",
            f"{mine.cpu / plain.cpu:.2f}, {cpu:.2f} less start-up",
            mine.cpu / plain.cpu <= 0.8,
        ),
        (
            "at most 5 ms CPU a page outside extraction (first process)",
            f"{mine.first_net:.1f} less start-up, {mine.first:.1f} with it",
            mine.first_net <= 5,
        ),
        (
            "at least 2.2 times Scrapy + trafilatura's pages/s",
            f"{rate:.2f} by the clock, {best:.2f} calculated for two free cores",
            rate >= 2.2,
        ),
    ]
    if NEWSPLEASE in costs:
        other = costs[NEWSPLEASE]
        by_cpu = other.cpu / mine.cpu
        rows.append(
            (
                "news-please's CPU per page at least 6 times ours",
                f"{by_cpu:.1f}; {mine.rate / other.rate:.1f} times its pages/s by the clock, of which it waits much",
                by_cpu >= 6,
            )
        )
    return rows


def f1() -> None:
    """Print the F1 of warraq and of trafilatura with metadata on the corpora with expected texts."""
    if not realsite.CORPORA.is_dir():
        print(f"\nF1: no corpora in {realsite.CORPORA} (set WARRAQ_CORPORA)")
        return
    from bench import extraction

    rows = []
    for corpus in extraction.corpora([realsite.CORPORA]):
        pages = [(page, gzip.decompress((corpus / page["html"]).read_bytes())) for page in extraction.load(corpus, 60)]
        if not pages:
            continue
        mine, _ = extraction.measure_ours(pages)
        theirs = extraction.measure("trafilatura", extraction._trafilatura(with_metadata=True), pages)  # noqa: SLF001
        rows.append(
            [corpus.name, str(len(pages)), *mine.row()[:4:3], mine.row()[4], *theirs.row()[:4:3], theirs.row()[4]]
        )
    print()
    extraction.table(rows, ["corpus", "pages", "F1 ours", "snippets", "CPU ms", "F1 trafilatura", "snippets", "CPU ms"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument(
        "--rounds", type=int, default=1, help="all systems in turns, so many times; medians are printed"
    )
    parser.add_argument(
        "--peer-pages", type=int, default=150, help="pages for news-please; 0 leaves it out (default: 150)"
    )
    parser.add_argument("--f1", action="store_true", help="print F1 of the extraction beside the speed")
    parser.add_argument("-s", action="append", default=[], metavar="NAME=VALUE", help="more settings for ours")
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    contenders = systems(options)
    starts, _ = rounds(contenders, 1, 1)
    slow = {name: contenders.pop(name) for name in (NEWSPLEASE,) if name in contenders}
    found, origin = rounds(contenders, options.pages, options.rounds)
    costs = {name: cost(runs, starts[name][0], options.pages) for name, runs in found.items()}
    if slow:
        few, _ = rounds(slow, options.peer_pages, 1)
        costs |= {name: cost(runs, starts[name][0], options.peer_pages, parallel=True) for name, runs in few.items()}
    report(costs, origin, options)
    figures = found[OURS][-1].figures
    if figures:
        asked = {
            name: figures[name]
            for name in (
                "pages_fetched",
                "articles_new",
                "urls_announced",
                "outcomes",
                "quarantined",
                "bytes_saved_by_revisits",
            )
        }
        print(f"\nOurs asked for: {json.dumps(asked)}")
    if options.f1:
        f1()
    return 0


if __name__ == "__main__":
    sys.exit(main())
