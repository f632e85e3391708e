"""A Scrapy extension that monitors the crawl: how long and where the reactor was blocked, memory, seconds of each URL.

Three measures of a turn of the reactor, of each the longest: by the clock on the wall; processor time of its thread; and what it waited
for a disk or a lock, which is the rest but for the time in which this process was ready to run and others had the processors. The last
turn, which closes the archive when nothing is left to answer, is not measured.

Enabled by the bench alone; writes what it saw as JSON to the file that the setting WATCH_FILE names.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

from crawler.extensions import ArchiveExtension

TICK = 0.02
SUSPICIOUS = 0.2
"""Seconds without a tick after which the main thread's stack is recorded."""


class Watch:
    def __init__(self, crawler: Any) -> None:
        self._crawler = crawler
        self._file = Path(crawler.settings["WATCH_FILE"])
        self._tick = self._opened = self._cpu = self._queued = 0.0
        self._longest = self._longest_cpu = self._longest_wait = 0.0
        self._stalls: list[tuple[float, str]] = []
        self._stack = ""
        self._started: dict[int, float] = {}
        self._seconds: dict[str, float] = {}
        self._urls: dict[int, str] = {}
        self._main = threading.main_thread().ident
        self._done = threading.Event()

    @classmethod
    def from_crawler(cls, crawler: Any) -> Self:
        watch = cls(crawler)
        crawler.signals.connect(watch.opened, signals.spider_opened)
        crawler.signals.connect(watch.closed, signals.spider_closed)
        crawler.signals.connect(watch.started, signals.request_reached_downloader)
        return watch

    def opened(self) -> None:
        archive = self._crawler.get_extension(ArchiveExtension)
        settle = archive.finish

        def settled(entry: Any) -> None:
            if entry.visit and entry.visit.url_id in self._started:
                url_id = entry.visit.url_id
                self._seconds[self._urls[url_id]] = time.monotonic() - self._started[url_id]
            settle(entry)

        archive.finish = settled
        self._tick = self._opened = time.monotonic()
        self._cpu, self._queued = time.thread_time(), _queued_seconds()
        self._loop = create_looping_call(self._beat)
        self._loop.start(TICK, now=False)
        threading.Thread(target=self._look, daemon=True).start()

    def started(self, request: Any) -> None:
        if due := request.meta.get("frontier"):
            self._started.setdefault(due.id, time.monotonic())
            self._urls[due.id] = due.url

    def _beat(self) -> None:
        now = time.monotonic()
        cpu, queued = time.thread_time(), _queued_seconds()
        wall, busy = now - self._tick, cpu - self._cpu
        waited = max(wall - busy - (queued - self._queued), 0.0)
        if busy + waited > SUSPICIOUS:
            self._stalls.append((busy + waited, self._stack))
        self._longest = max(self._longest, wall)
        self._longest_cpu = max(self._longest_cpu, busy)
        self._longest_wait = max(self._longest_wait, waited)
        self._tick, self._cpu, self._queued, self._stack = now, cpu, queued, ""

    def _look(self) -> None:
        while not self._done.wait(0.05):
            if time.monotonic() - self._tick > SUSPICIOUS and not self._stack:
                frame = sys._current_frames().get(self._main or 0)
                self._stack = "".join(traceback.format_stack(frame)[-6:]) if frame else ""

    def closed(self) -> None:
        self._loop.stop()
        self._done.set()
        memory = _peak_megabytes()
        seen = {
            "longest_stall": self._longest,
            "longest_busy": self._longest_cpu,
            "longest_wait": self._longest_wait,
            "stalls": sorted(self._stalls, reverse=True)[:10],
            "megabytes": memory,
            "seconds": self._seconds,
            "crawl_seconds": time.monotonic() - self._opened,
        }
        self._file.write_text(json.dumps(seen), encoding="utf-8")


def _queued_seconds() -> float:
    """Return the seconds that threads of this process have waited for a busy processor (Linux, sched-stats.rst); 0 on other systems.

    Of all threads: one that holds the interpreter's lock and has no processor keeps the others waiting.
    """
    queued = 0
    for path in Path("/proc/self/task").glob("*/schedstat"):
        with suppress(OSError, IndexError, ValueError):
            queued += int(path.read_text().split()[1])
    return queued / 1e9


def _peak_megabytes() -> float:
    """Return the peak resident memory of this process since its exec; getrusage would include the parent that it was forked from."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
