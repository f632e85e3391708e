"""Which gzip library would pay for WARC records: saved pages in; CPU ms and bytes of each library out.

What a crawl compresses of a page that was served gzipped is two heads and the clean text; of a page served plain, all of it. isal
and zlib-ng are measured when they can be imported (`uv run --with isal --with zlib-ng python bench/gzipping.py`); they are no dependencies.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import statistics
import sys
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path[:0] = [str(Path(__file__).resolve().parent)]

import crawlsite  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = b"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000000>\r\n" * 6


def packers() -> dict[str, Callable[[bytes], bytes]]:
    def with_levels(name: str, module: Any, levels: tuple[int, ...]) -> dict[str, Callable[[bytes], bytes]]:
        return {f"{name} {level}": lambda data, level=level: module.compress(data, level) for level in levels}

    found = with_levels("zlib", zlib, (1, 4, 6))
    for name, module, levels in (("zlib-ng", "zlib_ng.zlib_ng", (4, 6)), ("isal", "isal.isal_zlib", (2, 3))):
        try:
            found |= with_levels(name, importlib.import_module(module), levels)
        except ImportError:
            print(f"{name} is not installed: left out", file=sys.stderr)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=300)
    options = parser.parse_args()
    made, origin = crawlsite.pages(options.pages)
    plain = [HEAD + gzip.decompress(page) for page in made.values()]
    few = [HEAD + page[-6000:-1500] for page in plain]  # about as much as two heads and a text
    print(f"{origin}. CPU ms a page (median) and bytes (mean); `served gzipped`: heads and text only.\n")
    print("| library, level | served plain, ms | bytes | served gzipped, ms | bytes |\n|---|---|---|---|---|")
    for name, pack in packers().items():
        cells = [cell for group in (plain, few) for cell in measure(pack, group)]
        print(f"| {name} | " + " | ".join(cells) + " |")
    return 0


def measure(pack: Callable[[bytes], bytes], group: list[bytes]) -> tuple[str, str]:
    times, sizes = [], []
    for data in group:
        begun = time.thread_time()
        sizes.append(len(pack(data)))
        times.append(time.thread_time() - begun)
    return f"{1000 * statistics.median(times):.2f}", f"{statistics.mean(sizes):.0f}"


if __name__ == "__main__":
    sys.exit(main())
