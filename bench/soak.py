"""Run a long crawl with faults and concurrent readers, and check that resources do not grow and every outcome is named.

    python bench/soak.py --pages 2000       some minutes
    python bench/soak.py                    100,000 pages, or as many as an hour takes

The site (bench/support/soaksite.py) answers one page in eight with a fault: resets, wrong lengths, bad gzip, loops, bombs. Meanwhile the
reading room gets requests, and `warraq` lists, searches, exports, verifies, seals and backs up; the crawl is stopped and continued, its
workers are killed, its clock jumps a day ahead and back, its network fails and returns, and its temporary folder and (as root) its
disk are full for a while. Memory, descriptors, threads and the database's write-ahead log are sampled over all of its processes; every
page is compared with its row. Exits with 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.support import soaksite  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAY = 24 * 3600
FULL_DISK, ROOMY, SMALL_TMP = "size=3m", "size=8g", "size=96m"
"""Mount options: of the archive's file system while it is full and afterwards, and of that for temporary files."""
WARM = 0.2
"""The first share of a crawl, which is not judged because caches and workers fill up."""
MEGABYTES, GROWTH = 40, 1.15
"""Maximum growth of memory from the first to the last third, in MB or as a ratio."""
DESCRIPTORS, THREADS = 24, 8
WAL_MEGABYTES = 72
"""Maximum MB of the write-ahead log: what SQLite keeps (archive.index.sqlite.KEPT_BYTES, 64 MB) when readers come and go, and a commit."""
LEAST_JUDGED = 1_500
"""Minimum requests for a verdict on growth."""
FULL, IN_USE = 6, 4
"""The exit codes of a crawl whose disk is full, and of a command that waits for the crawl to end, as `seal` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The resources of a crawl's processes at one moment.

    `crawler` is the part of the megabytes in its first process, `asked` the number of requests to the site so far.
    """

    crawl: int
    asked: int
    seconds: float
    megabytes: float
    crawler: float
    processes: int
    descriptors: int
    threads: int
    wal: float
    log: float


def tree(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def workers(pid: int) -> list[int]:
    """Return the parsing processes, which are children of the fork server."""
    mains = [one for one in tree(pid) if b"forkserver" in _read(f"/proc/{one}/cmdline").encode()]
    return sorted({child for one in mains for child in tree(one)[1:]})


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def _megabytes(pid: int) -> float:
    """Return a process's proportional set size in MB, which counts shared memory once."""
    found = re.search(r"^Pss:\s+(\d+)", _read(f"/proc/{pid}/smaps_rollup"), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def _entries(path: str) -> int:
    try:
        return len(os.listdir(path))  # noqa: PTH208 - a count of names
    except OSError:
        return 0


def _size(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_size / (1 << 20)
    return 0.0


class Soak:
    """One site, its archive, the crawl and everything that runs beside it."""

    def __init__(self, base: Path, pages: int, deadline: float) -> None:
        self.base, self.pages, self.deadline = base, pages, deadline
        self.archive, self.temporary = base / "news", base / "tmp"
        self.site = soaksite.SoakSite(pages)
        self.samples: list[Sample] = []
        self.beside: dict[str, Counter[int]] = {}
        self.events: list[str] = []
        self.codes: list[int] = []
        self.outcomes: dict[str, Counter[str]] = {}
        self.wrong: list[str] = []
        self.killed = 0
        self.started = time.monotonic()
        self._crawl: subprocess.Popen[bytes] | None = None
        self._ready, self._done = threading.Event(), threading.Event()

    def run(self) -> None:
        """Crawl to the end or the deadline, and start again after a full disk."""
        with self.site, small_disks(self.archive, self.temporary) as mounted:
            self._write_files()
            others = [
                threading.Thread(target=each, daemon=True)
                for each in (self._sample, self._disturb, self._commands, self._ask)
            ]
            for number in range(4):
                self._crawl = self._start(number)
                if not number:
                    for thread in others:
                        thread.start()
                self.codes.append(self._wait(self._crawl))
                if self.codes[-1] != FULL or not mounted:
                    break
                self._say(f"the disk was full (exit code {FULL}); there is room again, the crawl starts anew")
                mount(self.archive, f"remount,{ROOMY}")
            self._done.set()
            for thread in others:
                thread.join(120)
            self._judge_end()

    def _write_files(self) -> None:
        entry = {"seeds": ["/"], "sitemaps": ["/sitemap.xml"]}
        lines = [f"{key} = {json.dumps([self.site.url(path) for path in paths])}" for key, paths in entry.items()]
        hosts = json.dumps([f"127.0.0.1:{self.site.port}", "*.invalid"])
        (self.base / "sites.toml").write_text(
            "\n".join(["[site.soak]", *lines, f"hosts = {hosts}\n"]), encoding="utf-8"
        )
        self._shift(0)

    def _shift(self, seconds: float) -> None:
        new = self.base / "clock.new"
        new.write_text(str(seconds))
        new.replace(self.base / "clock")

    @property
    def _environment(self) -> dict[str, str]:
        return {
            **os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(self.temporary), "SHIFTED_CLOCK": str(self.base / "clock"),
            "WARRAQ_CLOCK": "bench.support.shifted_clock.now", "WARRAQ_KEYS": str(self.base / "keys"),
        }  # fmt: skip

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        settings = {
            "WARRAQ_SITES": self.base / "sites.toml", "ARCHIVE_DIR": self.archive, "WARRAQ_OPEN_NETWORKS": "127.0.0.0/8",
            "DOWNLOAD_DELAY": 0, "CONCURRENT_REQUESTS_PER_DOMAIN": 8, "WARRAQ_MAX_DELAY": 0.05, "WARRAQ_MAX_PAGES": 10_000_000,
            "WARRAQ_FIRST_BYTE_TIMEOUT": 5, "DOWNLOAD_TIMEOUT": 15, "WARRAQ_SUMMARY_JSON": 1, "WARRAQ_REQUISITES": "none",
            "CLOSESPIDER_TIMEOUT": max(int(self.deadline - time.monotonic()), 1),
        }  # fmt: skip
        command = [sys.executable, "-m", "scrapy", "crawl", "news", "-a", "site=soak"]
        for name, value in settings.items():
            command += ["-s", f"{name}={value}"]
        with (self.base / f"out-{number}").open("wb") as out, (self.base / "log").open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=out, stderr=log)

    def _wait(self, crawl: subprocess.Popen[bytes]) -> int:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return crawl.wait(max(self.deadline - time.monotonic(), 1) + 300)
        crawl.kill()
        self.wrong.append("the crawl did not end 300 s after its time")
        return crawl.wait()

    def _sample(self) -> None:
        while not self._done.wait(1):
            if self._crawl is None or self._crawl.poll() is not None:
                continue
            pids = tree(self._crawl.pid)
            self.samples.append(
                Sample(
                    crawl=len(self.codes) + 1, asked=self.site.asked.total(), seconds=time.monotonic() - self.started, processes=len(pids),
                    megabytes=sum(map(_megabytes, pids)), crawler=_megabytes(pids[0]),
                    descriptors=sum(_entries(f"/proc/{pid}/fd") for pid in pids),
                    threads=sum(_entries(f"/proc/{pid}/task") for pid in pids), wal=_size(self.archive / "warraq.db-wal"),
                    log=_size(self.base / "log"),
                )
            )  # fmt: skip

    def _say(self, what: str) -> None:
        self.events.append(f"{time.monotonic() - self.started:6.0f} s  {self.site.asked.total():7} requests  {what}")
        print(self.events[-1], file=sys.stderr, flush=True)

    def _disturb(self) -> None:
        """Cause each disturbance after its share of the pages; from the first on, also process what a full disk left."""
        plan: list[tuple[float, str, Callable[[], None]]] = [
            (0.15, "stopped (SIGSTOP) for 5 s, then continued", self._stop_and_continue),
            (0.25, "each worker killed", self._kill_workers),
            (0.32, "each worker killed again", self._kill_workers),
            (0.40, "clock a day and a half ahead", lambda: self._shift(1.5 * DAY)),
            (0.45, "clock two hours behind", lambda: self._shift(-2 * 3600)),
            (0.50, "clock right again", lambda: self._shift(0)),
            (0.55, "network lost for 5 s", self._lose_network),
            (0.65, "temporary folder full", self._fill_temporary),
            (0.72, "each worker killed, temporary folder still full", self._kill_workers),
            (0.75, "temporary folder empty", lambda: (self.temporary / "filler").unlink(missing_ok=True)),
        ]  # fmt: skip
        for share, what, act in plan:
            while self.site.asked.total() < share * self.pages:
                if self._done.wait(0.2):
                    self._say(f"never came to it: {what}")
                    return
            self._say(what)
            self._ready.set()
            act()

    def _stop_and_continue(self) -> None:
        pid = self._crawl.pid if self._crawl else 0
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(5)
            os.kill(pid, signal.SIGCONT)

    def _kill_workers(self) -> None:
        for pid in workers(self._crawl.pid) if self._crawl else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed += 1

    def _lose_network(self) -> None:
        self.site.lost = True
        time.sleep(5)
        self.site.lost = False

    def _fill_temporary(self) -> None:
        if not os.path.ismount(self.temporary):
            return
        with contextlib.suppress(OSError), (self.temporary / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def _commands(self) -> None:
        """Run reading and maintenance commands in turns; none may fail."""
        words = {
            "list": ["list", "-n", "5"], "search": ["search", "harbour"], "stats": ["stats"],
            "export": ["export", "-f", "jsonl", "-o", str(self.base / "all.jsonl")],
            "verify": ["verify"], "seal": ["seal"], "backup": ["backup", str(self.base / "copy")],
        }  # fmt: skip
        while not self._ready.wait(1):
            if self._done.is_set():
                return
        while True:
            for name, more in words.items():
                if self._done.wait(2):
                    return
                self._command(name, more)

    def _command(self, name: str, more: list[str]) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "warraq", "--archive", str(self.archive), *more],
            cwd=ROOT, env={**self._environment, "TMPDIR": str(self.base)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.beside.setdefault(name, Counter())[done.returncode] += 1
        in_use = name == "seal" and done.returncode == IN_USE
        other = problems_but_clocks(done.stdout)
        if "Traceback" in done.stderr or (done.returncode and not in_use and other != []):
            said = "\n".join(other or []) or (done.stdout + done.stderr).strip()
            self.wrong.append(f"{name}: exit code {done.returncode}: {said[-2000:]}")

    def _ask(self) -> None:
        """Serve the archive once it exists, and send a request each second."""
        while not (self.archive / "warraq.db").exists():
            if self._done.wait(1):
                return
        with subprocess.Popen(
            [sys.executable, "-m", "warraq", "--archive", str(self.archive), "serve", "--port", "0"],
            cwd=ROOT, env=self._environment | {"TMPDIR": str(self.base)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as room:  # fmt: skip
            assert room.stdout
            port = next((found[1] for line in room.stdout if (found := re.search(r"127\.0\.0\.1:(\d+)", line))), "")
            while not self._done.wait(1):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/search?q=harbour", timeout=60) as found:
                        found.read()
                        said = 0
                except OSError as error:
                    said = getattr(error, "code", 1)
                self.beside.setdefault("reading room", Counter())[said] += 1
            room.terminate()

    def _judge_end(self) -> None:
        if self.codes[-1]:
            self.wrong.append(f"the crawl ended with {self.codes[-1]}: {_read(str(self.base / 'log'))[-600:]}")
        if "Traceback" in _read(str(self.base / "log")):
            self.wrong.append("the log of the crawl has a traceback")
        for more in (["seal"], ["verify", "--seals"]):
            self._command(f"{' '.join(more)} at the end", more)
        self._reconcile()
        self._judge_growth()

    def _reconcile(self) -> None:
        """Check each page: it must have a row, an outcome if it was visited, and one that its fault allows."""
        with contextlib.closing(sqlite3.connect(self.archive / "warraq.db")) as db:
            rows = {url: rest for url, *rest in db.execute("SELECT url, visits, outcome, reason FROM urls")}
            unread = db.execute("SELECT count(*) FROM captures WHERE outcome = ''").fetchone()[0]
        if unread:
            self.wrong.append(f"{unread} captures were never read")
        unlucky = self.killed // 2  # a page is parsed twice at most, and both of its workers can have been killed
        for number in range(self.pages):
            path, fault = soaksite.path_of(number), soaksite.fault_of(number)
            visits, outcome, reason = rows.get(self.site.url(path)) or (0, "not announced", "")
            said = f"{outcome} {reason}".strip() if visits else outcome or "still due"
            self.outcomes.setdefault(fault or "article", Counter())[said] += 1
            expected = (soaksite.FAULTS | soaksite.DEAR_FAULTS)[fault][1] if fault else "article|unchanged"
            allowed = [*expected.split("|"), *["still due"] * self.late, *["failed"] * (path in self.site.broken)]
            if said == "quarantine error" and unlucky:
                unlucky -= 1
            elif not any(f"{said} ".startswith(f"{one} ") for one in allowed):
                self.wrong.append(f"{path} ({fault or 'article'}): {said}")
        unknown = [path for path in self.site.asked if path.startswith("/2026/") and self.site.url(path) not in rows]
        self.wrong += [f"asked for, and no row: {path}" for path in unknown]

    @property
    def late(self) -> bool:
        """Whether the deadline ended the crawl."""
        return time.monotonic() > self.deadline

    def _judge_growth(self) -> None:
        """Compare the resources of the last third of the run with those of the first."""
        last = [one for one in self.samples if one.crawl == len(self.codes)]
        judged = last[int(WARM * len(last)) :]
        third = len(judged) // 3
        if not third or last[-1].asked < LEAST_JUDGED:
            print("too short to say whether anything grows", file=sys.stderr)
            return
        early, late = judged[:third], judged[-third:]

        def grew(name: str, value: Callable[[Sample], float], more: float, times: float = 1.0) -> None:
            before, after = (sorted(map(value, part))[int(0.9 * (len(part) - 1))] for part in (early, late))
            if after > max(before + more, before * times):
                self.wrong.append(f"{name} grew from {before:.0f} to {after:.0f}")

        grew("memory (MB)", lambda one: one.megabytes, MEGABYTES, GROWTH)
        grew("descriptors", lambda one: one.descriptors, DESCRIPTORS)
        grew("threads", lambda one: one.threads, THREADS)
        if (peak := max(one.wal for one in self.samples)) > WAL_MEGABYTES:
            self.wrong.append(f"the log beside the database had {peak:.0f} MB")

    def report(self) -> None:
        heads = (
            "requests",
            "s",
            "requests/s",
            "processes",
            "MB",
            "MB of the crawler",
            "descriptors",
            "threads",
            "-wal MB",
            "log MB",
        )
        print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
        for at in range(1, 11):
            part = self.samples[len(self.samples) * (at - 1) // 10 : len(self.samples) * at // 10]
            if not part:
                continue
            first, last = part[0], part[-1]
            rate = (last.asked - first.asked) / max(last.seconds - first.seconds, 1)
            peaks = [
                max(getattr(one, name) for one in part)
                for name in ("processes", "megabytes", "crawler", "descriptors", "threads", "wal", "log")
            ]
            print(
                f"| {last.asked} | {last.seconds:.0f} | {rate:.0f} | {' | '.join(f'{peak:.1f}'.removesuffix('.0') for peak in peaks)} |"
            )
        print("\n| pages | ended as |\n|---|---|")
        for name, counts in self.outcomes.items():
            print(f"| {name} | {', '.join(f'{said}: {count}' for said, count in counts.most_common())} |")
        print("\n| beside it | times by exit code |\n|---|---|")
        for name, codes in self.beside.items():
            print(f"| {name} | {', '.join(f'{code}: {count}' for code, count in sorted(codes.items()))} |")
        print(f"\nexit codes of the crawl: {', '.join(map(str, self.codes))}; {self.site.asked.total()} requests")


def problems_but_clocks(said: str) -> list[str] | None:
    """Return the problems that `verify --seals` printed, without the expected effect of the clock's jumps (records dated after their seal).

    None if it printed no problem at all.
    """
    problems = [line for line in said.splitlines() if re.match(r"[a-z-]+  ", line)]
    return [line for line in problems if not line.startswith("clock  ")] if problems else None


def mount(point: Path, options: str) -> bool:
    """Mount a file system in memory, or remount it with other options; return whether this is permitted."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "warraq", point], capture_output=True, check=False)
    return not done.returncode


@contextlib.contextmanager
def small_disks(archive: Path, temporary: Path) -> Iterator[bool]:
    """Put the archive on a nearly full disk and temporary files on a small one; yield whether this is permitted (as root)."""
    for point in (archive, temporary):
        point.mkdir()
    mounted = not os.geteuid() and mount(archive, FULL_DISK) and mount(temporary, SMALL_TMP)
    try:
        yield mounted
    finally:
        for point in (archive, temporary):
            if os.path.ismount(point):
                subprocess.run(["umount", "--lazy", point], check=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=100_000)
    parser.add_argument(
        "--minutes", type=float, default=60, help="end the crawl after so long; what is left stays due (default: 60)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        soak = Soak(Path(folder), options.pages, time.monotonic() + 60 * options.minutes)
        soak.run()
        soak.report()
    for line in soak.wrong[:40]:
        print(f"FAIL: {line}")
    print(f"{len(soak.wrong)} wrong")
    return 1 if soak.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
