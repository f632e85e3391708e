"""Measure the costs of an archive as it grows: tables of times, memory and size by archive size, with a verdict on growth.

    python bench/growth.py                                   a frontier of 10,000 and 100,000 URLs, 3,000 articles, a reader that stays
    python bench/growth.py frontier 10000 100000 1000000 5000000
    python bench/growth.py articles 100000 1000000           filling takes a quarter of an hour of CPU a million
    python bench/growth.py reader 160                        MB written while a reader holds an old state
    python bench/growth.py merge 4 10000                     4 shards of 10,000 articles, each of them served twice

Each size is measured in a separate process and a temporary folder (in /tmp, or --folder DIR). Times are medians in milliseconds of CPU,
on which other work on the machine has little effect.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.support import growth_articles, growth_frontier, growth_merge, growth_reader  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DEFAULTS = {"frontier": [10_000, 100_000], "articles": [3_000], "reader": [60], "merge": [2, 2_000]}
FLAT = 1.3
"""Maximum ratio of the costs of the largest and smallest size that counts as flat; up to 1.5 for each tenfold counts as logarithmic."""


def row(cells: Sequence[str]) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    row(heads)
    print("|" + "---|" * len(heads))
    for cells in rows:
        row(cells)
    if rows:
        print(flush=True)


def apart(work: Callable[..., Any], *arguments: object) -> Any:
    """Return the result of `work`, run in a fresh process."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def verdict(first: float, last: float, times: float) -> str:
    """Return the verdict on a cost that went from `first` to `last` while the size grew by a factor of `times`."""
    grown = last / first if first > 0 else 1.0
    if grown <= FLAT:
        return "flat"
    return f"logarithmic (×{grown:.1f})" if grown <= 1.5 ** math.log10(times) + 0.3 else f"**grows (×{grown:.1f})**"


def of_frontier(size: int, folder: str) -> tuple[growth_frontier.Figures, int]:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        apart(growth_frontier.fill, Path(place), size)
        stored = (Path(place) / "warraq.db").stat().st_size
        return apart(growth_frontier.measure, Path(place), size), stored


def frontiers(sizes: Sequence[int], folder: str) -> None:
    heads = ["known URLs", "start ms", "draw 32 ms", "announce 64 known + 10 new ms", "visit ms", "recrawl a page ms"]
    heads += ["count due ms", "memory + MB", "database MB", "bytes a URL"]
    table(heads, [])
    found = []
    for size in sizes:
        figures, stored = of_frontier(size, folder)
        found.append(list(asdict(figures).values()))
        row([f"{size:,}", *(f"{value:.2f}" for value in found[-1]), f"{stored / 1e6:.0f}", f"{stored / size:.0f}"])
    if len(sizes) > 1:
        grown = [verdict(first, last, sizes[-1] / sizes[0]) for first, last in zip(found[0], found[-1], strict=True)]
        row(["verdict", *grown, "", ""])
    print()


def of_articles(size: int, folder: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        found: dict[str, float] = apart(growth_articles.measure, Path(place), size)
    return found


def articles(sizes: Sequence[int], folder: str) -> None:
    found = []
    for size in sizes:
        found.append(of_articles(size, folder))
        print(f"{size:,} articles measured", file=sys.stderr, flush=True)
    rows = [[name, *(f"{one[name]:,.2f}" for one in found)] for name in found[0]]
    if len(sizes) > 1:
        for cells, name in zip(rows, found[0], strict=True):
            judged = "a second" not in name
            cells.append(verdict(found[0][name], found[-1][name], sizes[-1] / sizes[0]) if judged else "")
    table(["articles held", *(f"{size:,}" for size in sizes), *(["verdict"] if len(sizes) > 1 else [])], rows)


def readers(sizes: Sequence[int], folder: str) -> None:
    for size in sizes:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            table(growth_reader.HEADS, growth_reader.phases(Path(place), size))


PARTS: dict[str, Callable[[Sequence[int], str], None]] = {
    "frontier": frontiers,
    "articles": articles,
    "reader": readers,
    "merge": growth_merge.report,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=("all", *PARTS), default="all")
    parser.add_argument("sizes", nargs="*", type=lambda text: int(text.replace(",", "")))
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="where the archives are made")
    arguments = parser.parse_args()
    if arguments.part == "all" and arguments.sizes:
        parser.error("sizes are of one part: frontier, articles, reader or merge")
    for part, measured in PARTS.items():
        if arguments.part in {"all", part}:
            measured(arguments.sizes or DEFAULTS[part], arguments.folder)


if __name__ == "__main__":
    main()
