"""What a whole crawl costs, ours and its peers in turns: saved pages on loopback in; CPU per page by process, pages/s, memory out.

    python bench/crawl.py                   600 pages, one round
    python bench/crawl.py --pages 2000 --rounds 3 --f1

Ours does the whole job: discovery, byte-exact WARC with digests, extraction with metadata, rows with the search index. The first peer is
a Scrapy spider that takes the URLs of the sitemap and calls trafilatura (with metadata) in the callback, for JSON lines. Each runs in
processes of its own, which end up as children of this one (it is their subreaper), so that no CPU is lost: a fork server's workers are
not waited for by the crawl that started them. `start-up` is the same program with one page to fetch; it is taken off where a
column says so.
"""

from __future__ import annotations

import argparse
import ctypes
import gzip
import html
import importlib.util
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import realsite  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)

PEER = """
import json, sys
import scrapy, trafilatura
from lxml import etree
from scrapy.crawler import CrawlerProcess


class Peer(scrapy.Spider):
    name = "peer"

    async def start(self):
        yield scrapy.Request(sys.argv[1] + "sitemap.xml", callback=self.sitemap)

    def sitemap(self, response):
        for loc in etree.fromstring(response.body).iter("{*}loc"):
            yield scrapy.Request(loc.text)

    def parse(self, response):
        found = trafilatura.bare_extraction(response.body, url=response.url, with_metadata=True, include_comments=False)
        if found:
            yield found.as_dict() if not isinstance(found, dict) else found


def plain(item, spider=None):
    return item


process = CrawlerProcess({
    "LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False, "CONCURRENT_REQUESTS": 16, "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
    "DOWNLOAD_DELAY": 0, "ITEM_PIPELINES": {"__main__.Lines": 1}, "USER_AGENT": "peer",
})


class Lines:
    def open_spider(self):
        self.file = open(sys.argv[2], "w", encoding="utf-8")

    def process_item(self, item):
        keep = {k: v for k, v in item.items() if isinstance(v, (str, int, list, type(None)))}
        self.file.write(json.dumps(keep, ensure_ascii=False, default=str) + chr(10))
        return item

    def close_spider(self):
        self.file.close()


process.crawl(Peer)
process.start()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: CPU seconds of the first process and of all others, wall seconds, peak MB of each, results made."""

    first: float
    others: float
    wall: float
    first_mb: float
    other_mb: float
    made: int

    @property
    def cpu(self) -> float:
        return self.first + self.others


def serve(corpora: Path, limit: int, pipe: Connection) -> None:
    """The site, in a process of its own; says its address and how many pages it has."""
    realsite.Handler.pages = realsite.load(corpora, limit)
    server = realsite.Server(("127.0.0.1", 0), realsite.Handler)
    base = f"http://127.0.0.1:{server.server_port}"
    realsite.Handler.made = realsite.announce(realsite.Handler.pages, base)
    pipe.send((f"{base}/", len(realsite.Handler.pages)))
    server.serve_forever()


def run(command: list[str], made: Callable[[], int], keep: int) -> Run:
    """Runs the command and waits for all that it leaves behind; `keep` is the process that is ours to keep."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=errors)
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
    return Run(first=first, others=others, wall=wall, first_mb=first_mb, other_mb=other_mb, made=made())


def descendants(keep: int) -> list[int]:
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    return [int(child) for child in children if int(child) != keep]


def ours(url: str, folder: Path, keep: int, more: list[str]) -> Run:
    settings = {
        "ARCHIVE_DIR": folder / "ours", "WARRAQ_OPEN_NETWORKS": "127.0.0.0/8", "DOWNLOAD_DELAY": 0, "WARRAQ_MAX_DELAY": 0.001,
        "CONCURRENT_REQUESTS": 16, "CONCURRENT_REQUESTS_PER_DOMAIN": 16, "WARRAQ_PATTERN_BUDGET": 0, "LOG_LEVEL": "ERROR",
        "WARRAQ_SUMMARY_JSON": 1,
    }  # fmt: skip
    command = [sys.executable, "-m", "scrapy", "crawl", "news", "-a", f"url={url}", "-a", "max_pages=100000"]
    for name, value in settings.items():
        command += ["-s", f"{name}={value}"]
    return run([*command, *more], lambda: count(folder / "ours" / "archive.db"), keep)


def count(database: Path) -> int:
    import sqlite3

    found = [database] if database.exists() else sorted(database.parent.glob("*.db"))
    with sqlite3.connect(found[0]) as db:
        return int(db.execute("SELECT count(*) FROM articles").fetchone()[0])


def peer(url: str, folder: Path, keep: int) -> Run:
    (folder / "peer.py").write_text(PEER, encoding="utf-8")
    lines = folder / "peer.jsonl"
    return run(
        [sys.executable, str(folder / "peer.py"), url, str(lines)], lambda: lines.read_bytes().count(b"\n"), keep
    )


def wget(url: str, folder: Path, keep: int) -> Run:
    with urllib.request.urlopen(f"{url}sitemap.xml") as sitemap:
        pages = [part.partition("</loc>")[0] for part in sitemap.read().decode().split("<loc>")[1:]]
    (folder / "list").write_text("\n".join(html.unescape(page) for page in pages), encoding="utf-8")
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


def systems(more: list[str]) -> dict[str, Callable[[str, Path, int], Run]]:
    found: dict[str, Callable[[str, Path, int], Run]] = {
        "warraq": lambda url, folder, keep: ours(url, folder, keep, more),
        "Scrapy + trafilatura": peer,
    }
    if shutil.which("wget"):
        found["wget --warc (fetch only)"] = wget
    else:
        print("wget is not installed: left out")
    if importlib.util.find_spec("newsplease") is None:
        print("news-please is not installed: left out")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=600)
    parser.add_argument(
        "--rounds", type=int, default=1, help="all systems in turns, so many times; medians are printed"
    )
    parser.add_argument("--f1", action="store_true", help="print F1 of the extraction beside the speed")
    parser.add_argument("-s", action="append", default=[], metavar="NAME=VALUE", help="more settings for ours")
    options = parser.parse_args()
    if not realsite.CORPORA.is_dir():
        print(f"no corpora in {realsite.CORPORA} (set WARRAQ_CORPORA): nothing to crawl", file=sys.stderr)
        return 3
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    contenders = systems([part for setting in options.s for part in ("-s", setting)])
    starts = {name: runs[0] for name, (runs, _) in rounds(contenders, 1, 1).items()}
    found = rounds(contenders, options.pages, options.rounds)
    report(found, starts)
    if options.f1:
        f1()
    return 0


def rounds(
    contenders: dict[str, Callable[[str, Path, int], Run]], pages: int, times: int
) -> dict[str, tuple[list[Run], int]]:
    context = get_context("fork")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(realsite.CORPORA, pages, there))
    server.start()
    found: dict[str, tuple[list[Run], int]] = {name: ([], 0) for name in contenders}
    try:
        url, held = here.recv()
        for _ in range(times):
            for name, contender in contenders.items():
                with tempfile.TemporaryDirectory() as folder:
                    found[name] = ([*found[name][0], contender(url, Path(folder), server.pid or 0)], held)
                print(f"{name}, {held} pages: {found[name][0][-1].wall:.0f} s", file=sys.stderr)
    finally:
        os.kill(server.pid or 0, signal.SIGTERM)
        server.join()
    return found


def report(found: dict[str, tuple[list[Run], int]], starts: dict[str, Run]) -> None:
    heads = [
        "system",
        "pages",
        "results",
        "CPU ms/page",
        "first process",
        "others",
        "less start-up",
        "start-up CPU s",
        "pages/s",
    ]
    heads += ["pages/s at best on 2 cores", "peak MB first / largest other"]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    per: dict[str, tuple[float, float, float]] = {}
    for name, (runs, pages) in found.items():
        first, others, wall = (
            statistics.median(getattr(r, part) for r in runs) for part in ("first", "others", "wall")
        )
        cpu, start = statistics.median(r.cpu for r in runs), starts[name]
        net = 1000 * (cpu - start.cpu) / pages
        busiest = max(first - start.first, (cpu - start.cpu) / 2 if others > 0.5 else cpu - start.cpu)
        best = pages / busiest
        per[name] = (net, 1000 * (first - start.first) / pages, best)
        row = [
            name,
            pages,
            runs[0].made,
            f"{1000 * cpu / pages:.1f}",
            f"{1000 * first / pages:.1f}",
            f"{1000 * others / pages:.1f}",
        ]
        row += [f"{net:.1f}", f"{start.cpu:.1f}", f"{pages / wall:.1f}", f"{best:.0f}"]
        row.append(f"{max(r.first_mb for r in runs):.0f} / {max(r.other_mb for r in runs):.0f}")
        print("| " + " | ".join(map(str, row)) + " |")
    mine, theirs = per["warraq"], per["Scrapy + trafilatura"]
    print(f"\nCPU per page, ours / Scrapy + trafilatura, less start-up: {mine[0] / theirs[0]:.2f} (bar: at most 1.15)")
    print(f"Our first process (all but extraction), less start-up: {mine[1]:.1f} ms a page (bar: at most 8)")
    print(f"Pages/s at best on two cores, ours / theirs: {mine[2] / theirs[2]:.2f} (bar: at least 2.5)")


def f1() -> None:
    """F1 of ours and of trafilatura with metadata on the corpora that have a gold text."""
    import extraction

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


if __name__ == "__main__":
    sys.exit(main())
