"""Measure the cost of the frontier by the number of known URLs: starting, drawing, visiting and recrawling."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from archive.collection import Collection
from archive.index import Candidate, FetchStatus, frontier, open_store
from archive.ingest import open_writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.index import Store

NOW = "2026-11-24T09:00:00Z"
REPEATS = 50
SITE = "example.com"
BATCH = 32
RECRAWLED = 1600
"""Pages of the unchanged site in the recrawl, 50 batches."""
LINKS = 74
"""Links of a page, the median of 2,000 news pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """CPU milliseconds (memory: MB); `recrawl` is for one page of a site that answers 304 to everything."""

    start: float
    draw: float
    announce: float
    visit: float
    recrawl: float
    count_due: float
    memory: float


def url_of(number: int) -> str:
    """Return a URL as long as those of news sites, in random order for an index."""
    scrambled = number * 2654435761 % 2**32
    day = f"{2000 + number % 26}/{scrambled % 12 + 1:02}"
    return f"https://www.example.com/{day}/section-{scrambled % 40}/an-article-of-the-day-{scrambled:010}-{number}.html"


def announced(number: int) -> Candidate:
    return Candidate(
        url=url_of(number), site=SITE, host="www.example.com", kind="article", by="page", via="https://www.example.com/"
    )


def fill(folder: Path, size: int) -> None:
    """Add `size` known URLs: nine in ten were visited and are due within a year, one in ten is due now."""
    collection = Collection(folder)
    collection.create()
    with open_store(collection.database) as store:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1500000"):  # kB
            store.db.conn.execute(f"PRAGMA {pragma}").fetchall()
        for start in range(0, size, 20_000):
            with store.atomic():
                frontier.schedule(store.db, (announced(n) for n in range(start, min(size, start + 20_000))), now=NOW)
                store.db.conn.execute(
                    "UPDATE urls SET visits = 1, outcome = 'article', visited_at = ?, etag = '\"1\"',"
                    " due_at = date(?, '+' || (1 + id % 365) || ' days') WHERE id > ? AND id % 10",
                    (NOW, NOW[:10], start),
                )
        store.db.conn.execute("PRAGMA journal_mode = WAL").fetchall()


def median_ms(function: Callable[[int], object]) -> float:
    spent = []
    for number in range(REPEATS):
        begun = time.process_time()
        function(number)
        spent.append(time.process_time() - begun)
    return 1000 * statistics.median(spent)


def resident_mb() -> float:
    """Return the private memory of this process in MB, without mapped files."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("RssAnon:")[1].split()[0]) / 1000


def measure(folder: Path, size: int) -> Figures:
    """Start, draw, announce, visit and recrawl as a crawl does; return the times."""
    before = resident_mb()
    begun = time.process_time()
    ingest = open_writer(Collection(folder), info={"software": "bench/growth.py"}, clock=lambda: datetime.now(UTC))
    store = ingest.store
    frontier.next_urls(store.db, site=SITE, now=NOW, limit=BATCH)
    start = 1000 * (time.process_time() - begun)
    busy = set(range(10, 170, 10))

    def draw(_: int) -> None:
        frontier.next_urls(store.db, site=SITE, now=NOW, limit=BATCH, busy=busy, spare=len(busy))

    def announce(number: int) -> None:
        known = [announced((number * 7919 + n * 104729) % size) for n in range(LINKS - 10)]
        new = [announced(10 * size + number * 10 + n) for n in range(10)]
        with store.atomic():
            frontier.schedule(store.db, known + new, now=NOW)

    def visit(number: int) -> None:
        with store.atomic():
            frontier.finished(store.db, _unchanged(number * 7919 % size + 1))

    figures = Figures(
        start=start,
        draw=median_ms(draw),
        announce=median_ms(announce),
        visit=median_ms(visit),
        recrawl=_recrawl(store, size),
        count_due=median_ms(lambda _: frontier.count_due(store.db, site=SITE, now=NOW)),
        memory=resident_mb() - before,
    )
    ingest.close()
    return figures


def _unchanged(url_id: int) -> FetchStatus:
    return FetchStatus(
        url_id=url_id, at=NOW, outcome="article", due_at="2027-01-01T00:00:00Z", status=304, etag='"1"', changed=False
    )


def _recrawl(store: Store, size: int) -> float:
    """Draw due URLs in batches, record that nothing changed, and announce the known links of the pages."""
    spent = []
    for batch in range(min(RECRAWLED, size // 20) // BATCH):
        begun = time.process_time()
        with store.atomic():
            pages = frontier.next_urls(store.db, site=SITE, now=NOW, limit=BATCH)
            for page in pages:
                frontier.finished(store.db, _unchanged(page.id))
            for number in range(len(pages)):
                at = (batch * BATCH + number) * 7919
                frontier.schedule(store.db, [announced((at + n * 104729) % size) for n in range(LINKS)], now=NOW)
        spent.append((time.process_time() - begun) / len(pages))
    return 1000 * statistics.median(spent)
