"""Load the reading room with slow and greedy clients while one user searches; measure that user's waiting time, and the memory.

    python bench/room.py [--articles 20000] [--seconds 15]

The archive is synthetic (bench/support/press.py), the server is `warraq serve` in its own process, and the greedy clients use other
loopback addresses than the user. Exits with 1 if a bar is missed. On a busy machine all times are longer: if searches without load take
longer than QUIET_SECONDS, the bar is raised by the difference.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


from archive import Archive  # noqa: E402
from bench.support import growth_articles  # noqa: E402
from bench.support.press import Press  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

SLOW, GREEDY, ADDRESSES = 200, 400, 4
"""Numbers of slow and greedy clients, and of the addresses of the greedy ones."""
P95_SECONDS, MEGABYTES = 1.0, 400
QUIET_SECONDS = 0.25
"""Maximum p95 without load on an idle machine; expensive words take 0.2 s of CPU time."""
PAUSE = 0.1
"""Seconds between two searches of the user."""
PATIENCE = 60


async def ask(port: int, head: str, *, source: str = "127.0.0.1") -> tuple[int, float]:
    """Send a request from an address; return its status (0 if closed without one) and the seconds until the last byte."""
    started = time.monotonic()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
            try:
                writer.write(head.encode())
                answer = await reader.read()
            finally:
                writer.close()
            found = re.match(rb"HTTP/1\.1 (\d{3})", answer)
            return int(found[1]) if found else 0, time.monotonic() - started
    return 0, time.monotonic() - started


def get(port: int, words: str, *, method: str = "GET", more: str = "") -> str:
    return f"{method} /search?q={quote(words)} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{more}\r\n"


async def trickle(port: int) -> None:
    """Send a request head one byte at a time, starting again whenever the server closes the connection."""
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.9", 0))
            for byte in get(port, "x" * 400):
                writer.write(byte.encode())
                await writer.drain()
                await asyncio.sleep(0.5)
        await asyncio.sleep(0.5)


async def be_greedy(port: int, queries: list[str], number: int, answers: list[int]) -> None:
    """Send expensive searches one after another without a pause."""
    chance = random.Random(number)
    while True:
        status, _ = await ask(port, get(port, chance.choice(queries)), source=f"127.0.1.{number % ADDRESSES + 1}")
        answers.append(status)


async def person(port: int, words: list[str], seconds: float) -> tuple[list[int], list[float]]:
    """Search for a word from time to time, as a reader does; return the statuses and times."""
    statuses, times, chance = [], [], random.Random(7)
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(times) < 20:
        status, took = await ask(port, get(port, chance.choice(words)), source="127.0.0.2")
        statuses.append(status)
        times.append(took)
        await asyncio.sleep(PAUSE)
    return statuses, times


@contextlib.asynccontextmanager
async def beside(work: list[Coroutine[None, None, None]]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def dear(words: list[str]) -> list[str]:
    """Return expensive searches: long chains of OR, one-letter prefixes, nested phrases, combinations of common words."""
    return [
        " OR ".join(words[:60]),
        " ".join(f"{word[:1]}*" for word in words[:8]),
        " ".join(f'"{one} {other}"' for one, other in itertools.pairwise(words[:40])),
        " ".join(words[:6]),
        f"({' OR '.join(words[:20])}) -{words[30]}",
    ]


async def measure(port: int, words: list[str], pid: int, seconds: float) -> list[str]:
    """Print a line for each kind of load; return the bars that were missed."""
    missed: list[str] = []
    bar = P95_SECONDS
    loads: dict[str, Callable[[list[int]], list[Coroutine[None, None, None]]]] = {
        "nothing else": lambda _: [],
        f"{SLOW} slow clients": lambda _: [trickle(port) for _ in range(SLOW)],
        f"{GREEDY} greedy clients": lambda answers: [be_greedy(port, dear(words), n, answers) for n in range(GREEDY)],
    }
    print(
        "| beside | searches | median s | p95 s | not answered | others answered | 503 | peak MB |\n|---|---|---|---|---|---|---|---|"
    )
    for name, make in loads.items():
        answers: list[int] = []
        async with beside(make(answers)):
            await asyncio.sleep(1)
            statuses, times = await person(port, words[5:200], seconds)
        p95, wrong = statistics.quantiles(times, n=20)[-1], sum(status != 200 for status in statuses)
        if name == "nothing else":
            bar *= max(1.0, p95 / QUIET_SECONDS)
        peak = peak_mb(pid)
        figures = (
            len(times),
            f"{statistics.median(times):.3f}",
            f"{p95:.3f}",
            wrong,
            answers.count(200),
            answers.count(503),
        )
        print(f"| {name} | {' | '.join(map(str, figures))} | {peak:.0f} |", flush=True)
        missed += [f"{name}: p95 {p95:.2f} s, not {bar:.2f}"] * (p95 > bar)
        missed += [f"{name}: {wrong} not answered"] * bool(wrong)
        missed += [f"{name}: {peak:.0f} MB"] * (peak > MEGABYTES)
        await asyncio.sleep(2)
    smuggled = {
        "both lengths": get(port, "x", more="Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n",
        "two lengths": get(port, "x", more="Content-Length: 3\r\nContent-Length: 4\r\n") + "abc",
        "a host with a user": get(port, "x").replace(f"127.0.0.1:{port}", "localhost:80@evil.example"),
        "two hosts": get(port, "x", more="Host: evil.example\r\n"),
    }
    for name, head in smuggled.items():
        status, _ = await ask(port, head)
        print(f"{name}: {status or 'closed'}")
        missed += [f"{name} is answered with {status}"] * (status not in {0, 400, 421})
    return missed


def peak_mb(pid: int) -> float:
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        growth_articles.fill(Path(folder, "news"), options.articles, Press())
        with Archive(Path(folder, "news")) as archive:
            text = next(iter(archive.db.query("SELECT text FROM articles WHERE id = 9")))["text"]
        words = sorted(set(text.split()), key=text.split().index)
        command = [sys.executable, "-m", "warraq", "--archive", f"{folder}/news", "serve", "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT) as server:
            try:
                port = next(
                    int(found[1]) for line in server.stdout if (found := re.search(r"127\.0\.0\.1:(\d+)", line))
                )
                missed = asyncio.run(measure(port, words, server.pid, options.seconds))
            finally:
                server.terminate()
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
