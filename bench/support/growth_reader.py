"""Measure the effect of a long read transaction on a writing crawl: the size of the log and the cost of commits."""

from __future__ import annotations

import logging
import statistics
import time
from typing import TYPE_CHECKING

from archive.collection import Collection
from archive.index import frontier, open_store
from bench.support.growth_frontier import NOW, announced

if TYPE_CHECKING:
    from pathlib import Path

GROUP = 400
"""New URLs in a commit."""

HEADS = (
    "",
    "commits",
    "written MB",
    "log MB at most",
    "log MB at the end",
    "commit ms CPU, median",
    "slowest ms, wall",
)


def phases(folder: Path, megabytes: int) -> list[list[str]]:
    """Write without a reader, with a reader that stays, and after it has gone; return the rows of a table."""
    collection = Collection(folder)
    collection.create()
    logging.getLogger("archive").setLevel(logging.ERROR)
    rows = []
    with open_store(collection.database) as store:
        log = collection.database.with_name("warraq.db-wal")
        written = 0

        def write(name: str) -> None:
            nonlocal written
            spent, walls, largest, pages, begun_at = [], [], 0, 0.0, written
            while pages < megabytes:
                begun, cpu = time.perf_counter(), time.process_time()
                with store.atomic():
                    frontier.schedule(store.db, (announced(written + n) for n in range(GROUP)), now=NOW)
                spent.append(1000 * (time.process_time() - cpu))
                walls.append(1000 * (time.perf_counter() - begun))
                written += GROUP
                largest = max(largest, log.stat().st_size)
                pages = (written - begun_at) * BYTES / 1e6
            ended = f"{log.stat().st_size / 1e6:.0f}"
            figures = (f"{len(spent)}", f"{pages:.0f}", f"{largest / 1e6:.0f}", ended)
            rows.append([name, *figures, f"{statistics.median(spent):.1f}", f"{max(walls):.0f}"])

        write("nobody reads")
        reader = open_store(collection.database, read_only=True)
        reader.db.conn.execute("BEGIN")
        reader.db.conn.execute("SELECT count(*) FROM runs").fetchone()
        write("a reader holds one state all the time")
        held = store.log_held_bytes
        reader.close()
        write("after it has gone")
        rows.append(
            [f"named in the crawl's summary: wal-held at {held / 1e6:.0f} MB" if held else "not named", *[""] * 6]
        )
    return rows


BYTES = 460
"""Bytes of the database for each known URL, to compute the amount written."""
