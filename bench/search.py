"""Measure the quality, speed and index size of search, and print tables.

    python bench/search.py quality                     # nDCG@10 and inflection, needs the Arabic question sets (below)
    python bench/search.py news [--every 2]            # ranking on dated news beside FTS5 and Lucene (see `news.py`)
    python bench/search.py speed --articles 100000     # synthetic Arabic articles of some 300 words, built in --folder
    python bench/search.py semantic --articles 900     # by words, by meaning and fused, on a sample (see `semantic.py`)
    python bench/search.py shards --articles 20000     # the same articles in one database and in several, answers compared

`retrieval.py` describes the question sets and their location.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlite_utils.utils import sqlite3  # noqa: E402

from archive.search import add_entries, create_index, create_plain_index, optimize, search  # noqa: E402
from bench.support import news, search_shards, semantic  # noqa: E402
from bench.support.press import COLUMNS, Press, kinds, new_database  # noqa: E402
from bench.support.retrieval import LISTS, corpora, measure_quality  # noqa: E402


def quality() -> None:
    folder = corpora()
    if folder is None:
        print("quality: skipped, no arabic-search/arcd.json under $WARRAQ_CORPORA or ../shared/corpora")
        return
    measured = measure_quality(folder)
    sets = measured.questions
    print(f"one index of {measured.texts} Arabic texts; any word of the question, bm25; nDCG@10 / recall@10")
    print(f"{'':22}" + "".join(f"{f'{name} ({count})':>20}" for name, count in sets.items()))
    for system, figures in measured.ranking.items():
        print(f"{system:22}" + "".join(f"{f'{gain:.3f} / {found:.3f}':>20}" for gain, found in figures.values()))
    for name, figures in measured.inflection.items():
        print(f"\n{len(LISTS[name])} {name} lemmas, two to four one-word queries each; recall / precision")
        for system, (recall, precision) in figures.items():
            print(f"{system:22}{recall:.3f} / {precision:.3f}")


def build(db: Any, press: Press, count: int) -> None:
    create_index(db)
    names = ("id", *COLUMNS)
    sql = f"INSERT INTO articles ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    batch: list[tuple[dict[str, Any], Any]] = []

    def flush() -> None:
        db.executemany(sql, [tuple(row[name] for name in names) for row, _ in batch])
        add_entries(db, [entry for _, entry in batch])
        db.commit()
        batch.clear()

    for number, pair in enumerate(press.articles(count), 1):
        batch.append(pair)
        if len(batch) == 2000:
            flush()
            if number % 100_000 == 0:
                print(f"  {number} built", file=sys.stderr, flush=True)
    flush()


def speed(count: int, folder: str, *, plain: bool, keep: bool) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    path = Path(folder) / f"warraq-bench-{count}.db"
    press = Press()
    fresh = not path.exists()
    db = new_database(str(path)) if fresh else sqlite3.connect(path)
    try:
        if fresh:
            started = time.perf_counter()
            build(db, press, count)
            print(f"{count} articles built in {time.perf_counter() - started:.0f} s")
            started = time.perf_counter()
            optimize(db)
            db.commit()
            print(f"optimized in {time.perf_counter() - started:.0f} s")
        if plain:
            started = time.perf_counter()
            create_plain_index(db)
            db.commit()
            print(f"plain index in {time.perf_counter() - started:.0f} s")
        sizes(db, count)
        latencies(db, press, count)
    finally:
        db.close()
        if not keep:
            path.unlink(missing_ok=True)


def sizes(db: Any, count: int) -> None:
    text = db.execute("SELECT sum(length(cast(title AS BLOB)) + length(cast(text AS BLOB))) FROM articles").fetchone()[
        0
    ]
    print(f"{'bytes an article':24}{'text':>8}: {text / count:.0f}")
    for table in ("articles_search", "articles_fts"):
        if db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
            size = sum(
                db.execute(f"SELECT total(length({column})) FROM {table}_{part}").fetchone()[0]
                for part, column in (("data", "block"), ("docsize", "sz"))
            )
            print(f"{table:>32}: {size / count:.0f} ({100 * size / text:.0f} % of the text)")
    pages = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size", "freelist_count")]
    print(f"{'whole file':>32}: {(pages[0] - pages[2]) * pages[1] / count:.0f}")


def latencies(db: Any, press: Press, count: int, queries: int = 60) -> None:
    print(f"\n{count} articles, 20 hits with extracts, ms{'':8}p50     p95     max  p95 CPU  ordered")
    every: list[tuple[float, float]] = []
    for name, make in kinds(press).items():
        times, totals = [], []
        for _ in range(queries):
            text, options = make()
            started, worked = time.perf_counter(), time.process_time()
            results = search(db, text, **{"relax": False, **options})
            times.append(((time.perf_counter() - started) * 1000, (time.process_time() - worked) * 1000))
            totals.append(results.total)
        if "common" in name:
            every += times
        _line(name, times, sorted(totals)[len(totals) // 2])
    _line("all with common words", every, "")


def _line(name: str, times: list[tuple[float, float]], matches: object) -> None:
    """Print CPU time and wall time, because other work on the machine affects only the latter."""
    clock, worked = sorted(wall for wall, _ in times), sorted(cpu for _, cpu in times)
    print(f"{name:38}{_at(clock, 0.5):8.1f}{_at(clock, 0.95):8.1f}{clock[-1]:8.1f}{_at(worked, 0.95):9.1f}{matches:>9}")


def _at(ascending: list[float], share: float) -> float:
    return ascending[min(len(ascending) - 1, math.ceil(share * len(ascending)) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("quality", "news", "semantic", "speed", "shards"))
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--shards", type=int, default=5, help="databases that `shards` parts the articles into")
    parser.add_argument("--every", type=int, default=1, help="of the questions of `news`, ask only one in this many")
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="where the database is built")
    parser.add_argument("--plain", action="store_true", help="make articles_fts too, to see its size")
    parser.add_argument("--keep", action="store_true", help="keep the database for another run")
    arguments = parser.parse_args()
    if arguments.what == "quality":
        quality()
    elif arguments.what == "news":
        news.report(every=arguments.every)
    elif arguments.what == "semantic":
        semantic.report(arguments.articles)
    elif arguments.what == "shards":
        search_shards.report(arguments.articles, arguments.shards, arguments.folder)
    else:
        speed(arguments.articles, arguments.folder, plain=arguments.plain, keep=arguments.keep)


if __name__ == "__main__":
    main()
