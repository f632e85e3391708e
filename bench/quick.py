"""Measure the main CPU costs in a few minutes, and compare them with the baseline in `quick.json` (`make bench-quick`).

    python bench/quick.py [--rounds 3] [--keep] [PART ...]

The parts are extraction, crawl, search and room; the default is all of them. Each figure is a ratio of CPU times measured
in turns, so it is nearly the same on every machine:

- extraction: warraq relative to trafilatura with metadata, on generated pages of 60 to 120 kB;
- crawl: warraq, including start-up, relative to a Scrapy spider with trafilatura in its callback, on generated pages from loopback;
- search: one answer, with its snippets, relative to one answer of SQLite's own FTS5 to the same words;
- room: one page of the reading room relative to one page read by trafilatura.

`--keep` writes the figures as the new baseline. Exits with 1 if a figure exceeds it by more than a tenth (a fifth for those of
whole processes, which vary more).
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gzip
import json
import statistics
import sys
import tempfile
import time
from contextlib import redirect_stderr
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import trafilatura  # noqa: E402

from archive import Archive  # noqa: E402
from archive.article import Page  # noqa: E402
from archive.extract import extract  # noqa: E402
from archive.extract.document import read_document  # noqa: E402
from archive.extract.metadata.reading import read_metadata  # noqa: E402
from archive.web import create_app  # noqa: E402
from bench import crawl  # noqa: E402
from bench.support import crawlsite, growth_articles  # noqa: E402
from bench.support.press import Press  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Figures = Iterator[Mapping[str, float]]

BASELINE = Path(__file__).with_name("quick.json")
NOW = datetime(2026, 8, 1, tzinfo=UTC)
URL = "https://news.example/2026/08/01/a-story.html"
ALLOWED = {"extraction": 1.1, "crawl": 1.2, "search": 1.2, "room": 1.2}
"""Maximum ratio of a figure to the baseline; rounds on a busy machine differ by less."""
EXTRACTED = 40
"""Pages that are extracted, and read by trafilatura beside the reading room."""
CRAWLED = 60
"""Pages of a crawl, which takes ten seconds of CPU for both systems; more than half of warraq's is start-up."""
ENOUGH = 57
"""Minimum results of a valid crawl."""
HELD = 2_000
"""Articles in the archive for the parts search and room."""
ASKED = 20
"""Queries in a round; each runs on both sides before the next."""


def spent(call: Callable[..., object], *arguments: object) -> float:
    begun = time.process_time()
    call(*arguments)
    return time.process_time() - begun


def bodies() -> list[bytes]:
    """Return generated pages of 60 to 120 kB: the same ones always, unlike the test cases, whose number grows."""
    return [gzip.decompress(body) for body in crawlsite.pages(EXTRACTED, Path())[0].values()]


def page(body: bytes) -> Page:
    return Page(body=body, url=URL, fetched_at=NOW)


def by_trafilatura(body: bytes) -> object:
    return trafilatura.bare_extraction(body, url=URL, include_comments=False, with_metadata=True)


OURS: Mapping[str, Callable[[bytes], object]] = {
    "extraction": lambda body: extract(page(body)),
    "extraction: parse and page model": lambda body: read_document(page(body)),
    "extraction: parse, model and metadata": lambda body: read_metadata(read_document(page(body))),
}


def extraction(rounds: int) -> Figures:
    """Extract each page with both extractors in turn."""
    pages = bodies()
    for body in pages:  # modules loaded on first use
        for call in (*OURS.values(), by_trafilatura):
            call(body)
    for _ in range(rounds):
        totals = dict.fromkeys(OURS, 0.0)
        theirs = 0.0
        for body in pages:
            theirs += spent(by_trafilatura, body)
            for name, call in OURS.items():
                totals[name] += spent(call, body)
        yield {name: total / theirs for name, total in totals.items()}


def whole_crawls(rounds: int) -> Figures:
    """Crawl the same site with warraq and with the peer, each in separate processes."""
    ctypes.CDLL(None).prctl(crawl.SUBREAPER, 1, 0, 0, 0)
    crawlsite.CORPORA = Path()  # pages that are in the repository
    with tempfile.TemporaryDirectory() as site, crawlsite.serving(CRAWLED, Path(site)) as (url, keep, _):
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                ours = crawl.ours(url, Path(folder), keep, [])
            with tempfile.TemporaryDirectory() as folder:
                peer = crawl.script(sys.executable, "scrapy_trafilatura.py", url, Path(folder), keep)
            if min(ours.made, peer.made) < ENOUGH:
                raise SystemExit(f"of {CRAWLED} pages ours made {ours.made} articles, the peer {peer.made}")
            yield {"crawl": ours.cpu / peer.cpu, "crawl: first process": ours.first / peer.cpu}


PLAIN = """
    SELECT articles.url, articles.title, snippet(articles_fts, 1, '[', ']', '…', 16)
    FROM articles_fts JOIN articles ON articles.id = articles_fts.rowid
    WHERE articles_fts MATCH ? AND is_latest ORDER BY rank LIMIT 20
    """


def by_fts5(archive: Archive, words: Sequence[str]) -> object:
    return archive.db.conn.execute(PLAIN, (" AND ".join(f'"{word}"' for word in words),)).fetchall()


def searches(folder: Path, press: Press, rounds: int) -> Figures:
    """Search for the same words with warraq and with FTS5."""
    asked = {
        "search: one common word": lambda number: [press.words[number]],
        "search: two common words": lambda number: [press.words[number], press.words[number + ASKED]],
        "search: one rare word": lambda number: [press.words[30_000 + number]],
    }
    with Archive(folder) as archive:
        for _ in range(rounds):
            found = {}
            for name, words_of in asked.items():
                ours = theirs = 0.0
                for number in range(ASKED):
                    words = words_of(number)
                    theirs += spent(by_fts5, archive, words)
                    ours += spent(archive.search, " ".join(words))
                found[name] = ours / theirs
            yield found


def rooms(folder: Path, press: Press, rounds: int) -> Figures:
    """Request pages of the reading room, in turns with reading pages with trafilatura."""
    app = create_app(folder)
    asked = {
        "room: results": lambda number: f"/?q={press.words[number]}",
        "room: an article": lambda number: f"/articles/{number + 1}?lang=ar",
        "room: search by the API": lambda number: f"/api/search?q={press.words[number]}",
    }
    pages = bodies()[:ASKED]
    for path in (make(0) for make in asked.values()):  # templates are compiled on first use
        answered(app, path)
    for _ in range(rounds):
        theirs = sum(spent(by_trafilatura, body) for body in pages) / len(pages)
        yield {
            name: sum(spent(answered, app, make(number)) for number in range(ASKED)) / ASKED / theirs
            for name, make in asked.items()
        }


def answered(app: Any, target: str) -> None:
    """Request a page from an ASGI application, and wait for all of it."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": query.encode(), "root_path": "", "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1), "server": ("localhost", 80),
    }  # fmt: skip
    status: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        status.extend([message["status"]] if "status" in message else [])

    asyncio.run(app(scope, receive, send))
    if status != [200]:
        raise SystemExit(f"the room answered {target} with {status}")


def measured(parts: Sequence[str], rounds: int) -> dict[str, float]:
    """Return the median over the rounds of each figure."""
    found: dict[str, list[float]] = {}

    def take(figures: Figures) -> None:
        for one in figures:
            for name, ratio in one.items():
                found.setdefault(name, []).append(ratio)

    if "extraction" in parts:
        take(extraction(rounds))
    if "crawl" in parts:
        take(whole_crawls(rounds))
    if {"search", "room"} & {*parts}:
        with tempfile.TemporaryDirectory() as folder:
            press = Press()
            with redirect_stderr(StringIO()):
                growth_articles.fill(Path(folder), HELD, press)
            if "search" in parts:
                take(searches(Path(folder), press, rounds))
            if "room" in parts:
                take(rooms(Path(folder), press, rounds))
    return {name: statistics.median(ratios) for name, ratios in found.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one or more of {', '.join(ALLOWED)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="write the figures as the new baseline")
    options = parser.parse_args()
    if unknown := {*options.parts} - {*ALLOWED}:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    found = measured(options.parts or list(ALLOWED), options.rounds)
    known: dict[str, float] = json.loads(BASELINE.read_text("utf-8")) if BASELINE.is_file() else {}
    print(f"Medians of {options.rounds} rounds; ratios of CPU times, explained by --help\n")
    print("| figure | now | baseline |\n|---|---|---|")
    for name, ratio in found.items():
        print(f"| {name} | {ratio:.3f} | {known.get(name, ratio):.3f} |")
    if options.keep:
        kept = known | {name: round(ratio, 3) for name, ratio in found.items()}
        BASELINE.write_text(json.dumps(kept, indent=2) + "\n", "utf-8")
        return 0
    slower = [name for name, ratio in found.items() if ratio > ALLOWED[name.partition(":")[0]] * known.get(name, ratio)]
    for name in slower:
        print(f"{name}: {found[name] / known[name] - 1:.0%} above the baseline", file=sys.stderr)
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
