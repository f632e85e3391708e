"""Compare searching several databases as one with searching a single database: cost and answers.

    python bench/search.py shards [--articles 20000] [--shards 5] [--folder DIR]

The same synthetic Arabic articles, over ten years, are in one database and, by date, in several. Each query runs on both in turn;
answers are equal if their twenty scores (to nine digits) and their counts are.
"""

from __future__ import annotations

import math
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive.search import add_entries, create_index, search_shards
from bench.support.press import COLUMNS, Press, kinds, new_database

if TYPE_CHECKING:
    from archive.search import Results

BATCH = 2000
QUERIES = 20


def build(press: Press, count: int, shards: int, folder: Path) -> tuple[Any, list[Any]]:
    whole = new_database(str(folder / "whole.db"))
    parts = [new_database(str(folder / f"part{number}.db")) for number in range(shards)]
    for db in (whole, *parts):
        create_index(db)
    names = ("id", *COLUMNS)
    sql = f"INSERT INTO articles ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    batches: dict[int, list[Any]] = {}

    def put(db: Any, batch: list[Any]) -> None:
        db.executemany(sql, [tuple(row[name] for name in names) for row, _ in batch])
        add_entries(db, [entry for _, entry in batch])
        db.commit()
        batch.clear()

    for number, pair in enumerate(press.articles(count)):
        part = number * shards // count
        for which, db in ((-1, whole), (part, parts[part])):
            batch = batches.setdefault(which, [])
            batch.append(pair)
            if len(batch) == BATCH:
                put(db, batch)
    for which, batch in batches.items():
        put(whole if which < 0 else parts[which], batch)
    return whole, parts


def is_same(one: Results, many: Results) -> bool:
    scores = [hit.score for hit in one.hits], [hit.score for hit in many.hits]
    close = len(scores[0]) == len(scores[1]) and all(
        math.isclose(a, b, rel_tol=1e-9) for a, b in zip(*scores, strict=True)
    )
    return close and (one.total, one.total_is_exact) == (many.total, many.total_is_exact)


def compare(press: Press, whole: Any, parts: list[Any]) -> None:
    heads = ("one file: CPU p50, p95", "shards: CPU p50, p95", "wall p50: one, shards", "same answer")
    print(f"| {len(parts)} shards; {QUERIES} queries each, ms | {' | '.join(heads)} |")
    print("|---|---|---|---|---|")
    for name, make in kinds(press).items():
        spent: tuple[list[float], list[float]] = ([], [])
        walls: tuple[list[float], list[float]] = ([], [])
        same = 0
        for _ in range(QUERIES):
            text, options = make()
            answers = []
            for which, databases in enumerate(([whole], parts)):
                begun, cpu = time.perf_counter(), time.process_time()
                answers.append(search_shards(databases, text, relax=False, **options))
                spent[which].append(1000 * (time.process_time() - cpu))
                walls[which].append(1000 * (time.perf_counter() - begun))
            same += is_same(*answers)
        times = [f"{at(one, 0.5):.0f}, {at(one, 0.95):.0f}" for one in spent]
        wall = ", ".join(f"{at(one, 0.5):.0f}" for one in walls)
        print(f"| {name} | {times[0]} | {times[1]} | {wall} | {same} of {QUERIES} |", flush=True)


def at(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, math.ceil(share * len(values)) - 1)]


def report(articles: int, shards: int, folder: str) -> None:
    press = Press()
    with tempfile.TemporaryDirectory(dir=folder) as place:
        whole, parts = build(press, articles, shards, Path(place))
        sizes = [path.stat().st_size / 1e6 for path in sorted(Path(place).glob("*.db"))]
        listed = ", ".join(f"{size:.0f}" for size in sizes)
        print(f"{articles:,} articles; MB: {listed} (the last is the one file)\n")
        compare(press, whole, parts)
