"""What a frontier costs as it grows: databases of so many known URLs in; a table of times, memory and size out.

    python bench/growth.py                      10,000, 100,000 and 1,000,000 URLs
    python bench/growth.py 10000 5000000

Each size is measured in a process of its own. Times are medians in milliseconds of CPU; of the known URLs nine in ten have been visited
and are due some day in the coming year, one in ten is due. Flat or logarithmic is what they are meant to be.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from archive.database import open_store
from archive.store import frontier
from archive.store.rows import Announced, Visit

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

NOW = "2026-11-24T09:00:00Z"
REPEATS = 50
SITE = "example.com"


def url_of(number: int) -> str:
    """URLs as long as news sites have them, in no order that an index would like."""
    scrambled = number * 2654435761 % 2**32
    day = f"{2000 + number % 26}/{scrambled % 12 + 1:02}"
    return f"https://www.example.com/{day}/section-{scrambled % 40}/an-article-of-the-day-{scrambled:010}-{number}.html"


def announced(number: int) -> Announced:
    return Announced(
        url=url_of(number), site=SITE, host="www.example.com", kind="article", by="page", via="https://www.example.com/"
    )


def fill(path: Path, size: int) -> None:
    store = open_store(path)
    for start in range(0, size, 20_000):
        with store.atomic():
            frontier.announce(store.db, (announced(n) for n in range(start, min(size, start + 20_000))), now=NOW)
    with store.atomic():
        store.db.conn.execute(
            "UPDATE urls SET visits = 1, outcome = 'article', visited_at = ?,"
            " due_at = date(?, '+' || (1 + id % 365) || ' days') WHERE id % 10",
            (NOW, NOW[:10]),
        )
    store.close()


def median_ms(function: Callable[[int], object]) -> float:
    spent = []
    for number in range(REPEATS):
        begun = time.process_time()
        function(number)
        spent.append(time.process_time() - begun)
    return 1000 * statistics.median(spent)


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096 / 1e6


def measure(path: Path, size: int, pipe: Connection) -> None:
    """Opens, draws, announces and visits as a crawl does; sends the figures."""
    before = resident_mb()
    begun = time.process_time()
    store = open_store(path)
    opened = 1000 * (time.process_time() - begun)

    def page(number: int) -> None:
        known = [announced((number * 7919 + n * 104729) % size) for n in range(100)]
        new = [announced(10 * size + number * 10 + n) for n in range(10)]
        with store.atomic():
            frontier.announce(store.db, known + new, now=NOW)

    def visit(number: int) -> None:
        with store.atomic():
            frontier.record_visit(
                store.db,
                Visit(url_id=number * 7919 % size + 1, at=NOW, outcome="article", due_at="2027-01-01T00:00:00Z", reason="", status=200),
            )  # fmt: skip

    busy = set(range(10, 170, 10))
    draw = median_ms(lambda _: frontier.draw(store.db, site=SITE, now=NOW, limit=32, busy=busy, spare=len(busy)))
    figures = [opened, draw, median_ms(page), median_ms(visit)]
    begun = time.process_time()
    frontier.count_due(store.db, site=SITE, now=NOW)
    figures += [
        1000 * (time.process_time() - begun),
        resident_mb() - before,
    ]
    store.close()
    pipe.send(figures)


def main() -> None:
    sizes = [int(argument.replace(",", "")) for argument in sys.argv[1:]] or [10_000, 100_000, 1_000_000]
    heads = [
        "known URLs",
        "open ms",
        "draw 32 ms",
        "announce 100 known + 10 new ms",
        "visit ms",
        "count due ms (end of a run)",
    ]
    heads += ["memory + MB", "database MB", "bytes per URL"]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "archive.db"
            fill(path, size)
            stored = path.stat().st_size
            here, there = get_context("spawn").Pipe()
            process = get_context("spawn").Process(target=measure, args=(path, size, there))
            process.start()
            opened, draw, page, visit, due, memory = here.recv()
            process.join()
        row = [
            f"{size:,}",
            f"{opened:.1f}",
            f"{draw:.2f}",
            f"{page:.2f}",
            f"{visit:.2f}",
            f"{due:.1f}",
            f"{memory:.1f}",
        ]
        print("| " + " | ".join([*row, f"{stored / 1e6:.0f}", f"{stored / size:.0f}"]) + " |", flush=True)


if __name__ == "__main__":
    main()
