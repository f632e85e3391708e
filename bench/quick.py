"""Measure in a few minutes what must not grow unseen, and compare it with the figures kept beside this script (`make bench-quick`).

    python bench/quick.py [--rounds 5] [--keep]

Each figure is a ratio of CPU times taken in turns in this process, so it is nearly the same on every machine: ours over
trafilatura's with metadata on the saved pages and extraction cases of `tests/`. `--keep` writes the figures as the new
baseline. Ends with 1 when one is more than a tenth above it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import trafilatura

from archive.article import Page
from archive.extract import extract
from archive.extract.document import read_document
from archive.extract.metadata.reading import read_metadata

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[bytes], object]

TESTS = Path(__file__).resolve().parents[1] / "tests"
BASELINE = Path(__file__).with_name("quick.json")
NOW = datetime(2026, 8, 1, tzinfo=UTC)
URL = "https://news.example/2026/08/01/a-story.html"
ALLOWED = 1.1
"""Growth over the baseline up to which a figure is noise: five rounds on a busy machine differ by less."""


def page(body: bytes) -> Page:
    return Page(body=body, url=URL, fetched_at=NOW)


OURS: dict[str, Call] = {
    "extraction": lambda body: extract(page(body)),
    "parse and page model": lambda body: read_document(page(body)),
    "parse, model and metadata": lambda body: read_metadata(read_document(page(body))),
}


def peer(body: bytes) -> object:
    return trafilatura.bare_extraction(body, url=URL, include_comments=False, with_metadata=True)


def spent(call: Call, body: bytes) -> float:
    begun = time.process_time()
    call(body)
    return time.process_time() - begun


def measure(bodies: list[bytes], rounds: int) -> dict[str, float]:
    """Return the median over the rounds of each part's time over trafilatura's."""
    ratios: dict[str, list[float]] = {name: [] for name in OURS}
    for body in bodies:  # what is loaded on first use
        for call in (*OURS.values(), peer):
            call(body)
    for _ in range(rounds):
        totals = dict.fromkeys(OURS, 0.0)
        theirs = 0.0
        for body in bodies:
            theirs += spent(peer, body)
            for name, call in OURS.items():
                totals[name] += spent(call, body)
        for name, total in totals.items():
            ratios[name].append(total / theirs)
    return {name: statistics.median(values) for name, values in ratios.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", action="store_true", help="write the figures as the new baseline")
    options = parser.parse_args()
    bodies = [path.read_bytes() for path in sorted(TESTS.glob("**/page.html"))]
    found = measure(bodies, options.rounds)
    known: dict[str, float] = json.loads(BASELINE.read_text("utf-8")) if BASELINE.is_file() else {}
    print(f"{len(bodies)} pages, {options.rounds} rounds; CPU over that of trafilatura with metadata\n")
    print("| part | now | baseline |\n|---|---|---|")
    for name, ratio in found.items():
        print(f"| {name} | {ratio:.3f} | {known.get(name, ratio):.3f} |")
    if options.keep:
        BASELINE.write_text(
            json.dumps({name: round(ratio, 3) for name, ratio in found.items()}, indent=2) + "\n", "utf-8"
        )
        return 0
    slower = [name for name, ratio in found.items() if ratio > ALLOWED * known.get(name, ratio)]
    for name in slower:
        print(f"{name}: more than {ALLOWED - 1:.0%} above the baseline", file=sys.stderr)
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
