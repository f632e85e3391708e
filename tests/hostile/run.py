"""Crawl the hostile site with the real spider, and print the outcome of each route: `make hostile`.

The exit code is 1 if one of these bars is missed:

- no turn of the reactor takes 0.5 s of its thread's CPU time, multiplied by how slow this machine is at the moment;
- the crawling process stays under 600 MB;
- every visited URL has an outcome, every exchange was parsed, and every good article is archived.

The waiting time of a turn is printed, with -v also its place. It has no bar, because a commit waits for its fsync, which depends on other
writes to that disk. Wall time has no bar either: on a busy machine a turn of 0.2 s of work may take 8 s.
"""
# ruff: noqa: E501 -- a bench

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.hostile.routes import FEEDS, SITEMAPS, HostileSite, hostile_pages
from tests.support import PATIENCE
from tests.support.effort import slowness
from tests.support.program import scrapy

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
TURN_SECONDS = 0.5
MEGABYTES = 600
WHOLE_SITE = 4
"""The crawl's time limit as a multiple of `PATIENCE`: it takes four minutes on a quiet machine, mostly waiting for timeouts."""
QUICK = (
    "/hang", "/endless-body", "/endless-headers", "/endless-interims", "/reset-in-body", "/short-body", "/http09", "/bomb/gzip",
    "/bomb/brotli", "/bomb/deflate-stored", "/trap/redirects", "/trap/calendar", "/trap/tree/", "/trap/stories",
    "/trap/redirect-to-metadata", "/patho/json-unclosed-string", "/patho/attributes", "/patho/link-farm", "/patho/links",
    "/flood/tiny-chunks", "/flood/interims",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    rows: list[tuple[str, str, str, float]]
    faults: list[str]
    wall: float
    busy: float
    waited: float
    slowness: float
    megabytes: float
    seconds: float
    stalls: list[tuple[float, str]]
    good: int
    visited: int
    log: str


def crawl(*, quick: bool = False, only: str = "", settings: dict[str, str] | None = None) -> Result:
    """Run the crawl; `quick` takes one route of each kind and shorter limits, `only` those whose path contains it."""
    paths = [path for path in hostile_pages() if only in path and (not quick or path in QUICK)]
    maps = [
        path for path in SITEMAPS if only in path and (not quick or path in {"/trap/index.xml", "/xml/quadratic.xml"})
    ]
    feeds = [path for path in FEEDS if only in path and not quick]
    with HostileSite() as server, tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        entry = {
            "seeds": ["/"], "sections": paths, "sitemaps": maps or ["/no-sitemap.xml"], "feeds": feeds or ["/no-feed.xml"],
        }  # fmt: skip
        lines = [f"{key} = {json.dumps([server.url(path) for path in values])}" for key, values in entry.items()]
        (place / "sites.toml").write_text("[site.hostile]\n" + "\n".join(lines) + "\n", encoding="utf-8")
        wanted = {
            "WARRAQ_SITES": place / "sites.toml",
            "ARCHIVE_DIR": place / "archive",
            "WARRAQ_OPEN_NETWORKS": "127.0.0.0/8",
            "DOWNLOAD_DELAY": 0,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
            "WARRAQ_FIRST_BYTE_TIMEOUT": 7,
            "DOWNLOAD_TIMEOUT": 10,
            "WARRAQ_EXTRACTION_SECONDS": 10,  # a fresh worker on a loaded machine needs 3 s for its first page
            "WARRAQ_MAX_PAGES": 800 if quick else 2000,
            "WARRAQ_PATTERN_BUDGET": 20 if quick else 40,
            "EXTENSIONS": json.dumps({"crawler.extensions.ArchiveExtension": 0, "tests.hostile.watch.Watch": 1}),
            "WATCH_FILE": place / "watch.json",
            **(settings or {}),
        }
        command = [sys.executable, "-m", "scrapy", "crawl", "news", "-a", "site=hostile"]
        for name, value in wanted.items():
            command += ["-s", f"{name}={value}"]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=WHOLE_SITE * PATIENCE,
        )
        if not (place / "watch.json").exists():
            raise RuntimeError(f"the crawl failed ({done.returncode}):\n{done.stderr[-4000:]}")
        seen = json.loads((place / "watch.json").read_text(encoding="utf-8"))
        with closing(sqlite3.connect(place / "archive" / "warraq.db")) as db:
            return _result(db, server, [*paths, *maps, *feeds], seen, done.stderr)


def spider_crawl(
    folder: Path,
    *,
    settings: dict[str, object] | None = None,
    arguments: tuple[str, ...] = (),
    check: bool = True,
    run: Callable[..., subprocess.CompletedProcess[str]] = scrapy,
    **lists: list[str],
) -> subprocess.CompletedProcess[str]:
    """Run `scrapy crawl` on a loopback site into `folder`/archive, without delay; `lists` are its seeds, sections, feeds, sitemaps."""
    lines = [f"{key} = {json.dumps(values)}" for key, values in lists.items()]
    (folder / "sites.toml").write_text("\n".join(["[site.local]", *lines]), encoding="utf-8")
    wanted = {
        "WARRAQ_SITES": folder / "sites.toml",
        "ARCHIVE_DIR": folder / "archive",
        "WARRAQ_OPEN_NETWORKS": "127.0.0.0/8",
        "DOWNLOAD_DELAY": 0,
        **(settings or {}),
    }
    words = ["crawl", "news", "-a", "site=local"]
    for argument in arguments:
        words += ["-a", argument]
    for name, value in wanted.items():
        words += ["-s", f"{name}={value}"]
    done = run(*words)
    if check:
        done.check_returncode()
    return done


def _result(db: sqlite3.Connection, server: HostileSite, paths: list[str], seen: dict, log: str) -> Result:
    faults: list[str] = []
    rows: list[tuple[str, str, str, float]] = []
    for path in paths:
        url = server.url(path)
        visit = db.execute("SELECT outcome, reason, visits FROM urls WHERE url = ?", (url,)).fetchone()
        capture = db.execute(
            "SELECT record_type, coalesce(status, ''), truncated, outcome, reason FROM captures WHERE url = ? ORDER BY id DESC",
            (url,),
        ).fetchone()
        outcome = f"{visit[0]} {visit[1]}".strip() if visit and visit[2] else "never visited"
        if outcome == "never visited" or not visit[0]:
            faults.append(f"{path} has no outcome ({outcome})")
        record = " ".join(str(word) for word in capture if word not in {"", None}) if capture else "no record"
        rows.append((path, outcome, record, seen["seconds"].get(url, 0.0)))
    unread = db.execute("SELECT count(*) FROM captures WHERE outcome = ''").fetchone()[0]
    unnamed = db.execute("SELECT count(*) FROM urls WHERE visits > 0 AND outcome = ''").fetchone()[0]
    good = sum(
        db.execute("SELECT count(*) FROM articles WHERE url = ?", (server.url(path),)).fetchone()[0]
        for path in server.good
    )
    visited = db.execute("SELECT count(*) FROM urls WHERE visits > 0").fetchone()[0]
    faults += [f"{unread} captures were never parsed"] if unread else []
    faults += [f"{unnamed} visited URLs have no outcome"] if unnamed else []
    faults += [f"only {good} of {len(server.good)} good articles are archived"] if good < len(server.good) else []
    busy, waited, slow = seen["longest_busy"], seen["longest_wait"], slowness()
    if busy >= TURN_SECONDS * slow:
        faults.append(f"a turn of the reactor took {busy:.2f} s of processor time, not {TURN_SECONDS * slow:.2f}")
    faults += [f"the process took {seen['megabytes']:.0f} MB"] if seen["megabytes"] >= MEGABYTES else []
    faults += ["the log has a traceback"] if "Traceback" in log else []
    return Result(
        rows=rows, faults=faults, wall=seen["longest_stall"], busy=busy, waited=waited, slowness=slow, megabytes=seen["megabytes"], seconds=seen["crawl_seconds"],
        stalls=seen["stalls"], good=good, visited=visited, log=log,
    )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one route of each kind")
    parser.add_argument("--only", default="", help="only routes whose path contains this")
    parser.add_argument("-s", action="append", default=[], metavar="NAME=VALUE", help="a setting of the crawl")
    parser.add_argument("-v", action="store_true", help="print where the reactor was blocked, and the log")
    given = parser.parse_args()
    started = time.monotonic()
    result = crawl(
        quick=given.quick,
        only=given.only,
        settings=dict(pair.split("=", 1) for pair in given.s),
    )
    print(f"{'route':32} {'outcome':36} {'record':44} seconds")
    for path, outcome, record, seconds in result.rows:
        print(f"{path:32} {outcome:36} {record:44} {seconds:7.2f}")
    if given.v:
        print(result.log)
    for seconds, stack in result.stalls if given.v else []:
        print(f"\nwas blocked for {seconds:.2f} s:\n{stack}")
    print(
        f"\n{len(result.rows)} routes, {result.visited} URLs with an outcome, {result.good} good articles archived; longest turn "
        f"{result.busy:.2f} s of processor time ({result.wall:.2f} s on the wall), longest wait {result.waited:.2f} s, this machine {result.slowness:.1f} times slower than it should be, "
        f"peak memory {result.megabytes:.0f} MB, crawl {result.seconds:.0f} s of {time.monotonic() - started:.0f} s"
    )
    for fault in result.faults:
        print(f"FAIL: {fault}")
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
