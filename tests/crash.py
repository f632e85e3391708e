"""Crawl the demo site with crashes: kills, a disk that fills up, flipped bits. `python -m tests.crash` (make crash) prints a table.

WARRAQ_CRASH_ROUNDS is the number of times that the crawl is killed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive import Archive, DamagedFileError
from archive.collection import Collection
from archive.index import open_store
from archive.maintain import verify
from archive.warc import read_records
from demo.server import DemoServer
from tests.archive.maintain.test_crash import kill_writers
from tests.archive.merge.test_killed import kill_merges
from tests.support import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
FULL_DISKS = (("everything", 500), ("everything", 1000), ("everything", 1400), ("archive", 264), ("archive", 275))
"""What is on the small disk, and its size in kB: space for the start, for half of the site, for most of it."""
EXPECTED = json.loads((ROOT / "demo" / "expected.json").read_text("utf-8"))["edition1"]["articles"]
TITLES = {one["title"] for one in EXPECTED.values()}


def command(url: str, folder: Path) -> list[str]:
    return [
        sys.executable, "-m", "scrapy", "crawl", "news", "-a", f"url={url}", "-s", f"ARCHIVE_DIR={folder}",
        "-s", "WARRAQ_OPEN_NETWORKS=127.0.0.0/8", "-s", "DOWNLOAD_DELAY=0.05", "-s", "WARRAQ_SUMMARY_JSON=1",
    ]  # fmt: skip


def crawl(url: str, folder: Path) -> tuple[int, dict[str, Any], str]:
    """The result of one crawl: exit code, summary ({} if there is none), stderr."""
    done = subprocess.run(command(url, folder), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    last = done.stdout.splitlines()[-1:]
    return done.returncode, json.loads(last[0]) if last else {}, done.stderr


@dataclass(frozen=True, kw_only=True)
class Held:
    """The contents of a database: record ids of captures, digests of texts, titles of articles."""

    rows: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()

    def lost(self, before: Held) -> int:
        """Return the number of items in `before` that are missing now."""
        return len(before.rows - self.rows) + len(before.texts - self.texts)


def held(folder: Path) -> Held:
    if not (folder / "warraq.db").exists():
        return Held()
    with Archive(folder) as archive:
        if not archive.db["captures"].exists():
            return Held()
        rows = frozenset(row["record_id"] for row in archive.db.query("SELECT record_id FROM captures"))
        articles = list(archive.db.query("SELECT title, text_digest FROM articles"))
    return Held(
        rows=rows,
        texts=frozenset(row["text_digest"] for row in articles),
        titles=frozenset(row["title"] for row in articles),
    )


def rows_without_record(folder: Path) -> int:
    """Return the number of rows whose record cannot be read or is another one."""
    wrong = 0
    with Archive(folder) as archive:
        assert archive.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        for row in archive.db.query("SELECT * FROM captures"):
            try:
                wrong += archive.record(row).id != row["record_id"]
            except (DamagedFileError, FileNotFoundError):
                wrong += 1
        wrong += sum(archive.record(row).type != "response" for row in archive.db.query("SELECT * FROM articles"))
    return wrong


def records_without_row(folder: Path) -> int:
    """Return the number of captures in a WARC that have no row."""
    known = held(folder).rows
    files = (folder / "archive").glob("*.warc.gz")
    records = [record for path in files for record in read_records(path) if record.type in {"response", "revisit"}]
    return len({record.id for record in records} - known)


def torn_tails(folder: Path) -> int:
    """Return the number of open files that end within a record."""
    torn = 0
    for path in (folder / "archive").glob("*.open"):
        try:
            for _ in read_records(path, max_block=0):
                pass
        except DamagedFileError:
            torn += 1
    return torn


@dataclass(kw_only=True)
class Kills:
    """The figures of a crawl that was killed `rounds` times and then finished."""

    rounds: int = 0
    acknowledged: int = 0
    lost: int = 0
    rows_without_record: int = 0
    torn: int = 0
    code: int = -1
    still_due: int = -1
    titles_missing: int = -1
    records_without_row: int = -1

    @property
    def passed(self) -> bool:
        bad = (self.lost, self.rows_without_record, self.code, self.still_due, self.titles_missing)
        return not any((*bad, self.records_without_row)) and self.acknowledged > 0


def kill_again_and_again(folder: Path, rounds: int, *, seed: int = 7) -> Kills:
    """Repeatedly start a crawl, kill it after one to four seconds and check the archive; let the last one finish."""
    kills, before, chance = Kills(), Held(), random.Random(seed)
    with DemoServer(edition=1) as site:
        for _ in range(rounds):
            process = subprocess.Popen(
                command(site.url, folder), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            time.sleep(chance.uniform(1.0, 4.0))
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills.rounds += 1
            kills.torn += torn_tails(folder)
            before = _count(kills, folder, before)
        kills.code, summary, _ = crawl(site.url, folder)
        kills.still_due = summary.get("urls_still_due", -1)
    after = _count(kills, folder, before)
    kills.titles_missing = len(TITLES - after.titles)
    kills.records_without_row = records_without_row(folder)
    return kills


def _count(kills: Kills, folder: Path, before: Held) -> Held:
    now = held(folder)
    kills.lost += now.lost(before)
    if now.rows:
        kills.rows_without_record += rows_without_record(folder)
    kills.acknowledged = len(now.rows)
    return now


def may_mount() -> bool:
    return os.geteuid() == 0 and sys.platform == "linux"


@contextmanager
def small_disk(point: Path, kilobytes: int) -> Iterator[None]:
    """Mount a file system of that size on `point`."""
    point.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "warraq", point], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", point], check=True)


def enlarge(point: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=64m", point], check=True)


@dataclass(frozen=True, kw_only=True)
class Full:
    """The results of a crawl onto a small disk, of one while it is still full, and of one when there is space again."""

    codes: tuple[int, int, int]
    said: tuple[str, str]
    acknowledged: int
    lost: int
    rows_without_record: int
    titles_missing: int
    records_without_row: int

    @property
    def passed(self) -> bool:
        one_line_each = all(text.count("cannot write to") == 1 and "Traceback" not in text for text in self.said)
        bad = (self.lost, self.rows_without_record, self.titles_missing, self.records_without_row)
        return self.codes == (6, 6, 0) and one_line_each and not any(bad)


def fill_disk(folder: Path, what: str, kilobytes: int) -> Full:
    """Crawl with `everything`, or only the `archive` folder of WARCs, on a small disk."""
    point = folder / "archive" if what == "archive" else folder
    with small_disk(point, kilobytes), DemoServer(edition=1) as site:
        first, _, said_first = crawl(site.url, folder)
        before = held(folder)
        wrong = rows_without_record(folder) if before.rows else 0
        second, _, said_second = crawl(site.url, folder)
        between = held(folder)
        enlarge(point)
        third, _, _ = crawl(site.url, folder)
        after = held(folder)
        return Full(
            codes=(first, second, third),
            said=(said_first, said_second),
            acknowledged=len(between.rows),
            lost=between.lost(before) + after.lost(between),
            rows_without_record=wrong + rows_without_record(folder),
            titles_missing=len(TITLES - after.titles),
            records_without_row=records_without_row(folder),
        )


def flip_bytes(folder: Path, count: int) -> tuple[int, int]:
    """Flip one random bit of a closed WARC at a time; count how often `verify` finds it, and how often it names the record."""
    chance, found, named = random.Random(3), 0, 0
    paths = sorted((folder / "archive").glob("*.warc.gz"))
    for _ in range(count):
        path = chance.choice(paths)
        at = chance.randrange(path.stat().st_size)
        place = next(
            record.location
            for record in read_records(path)
            if record.location.offset <= at < record.location.offset + record.location.length
        )
        _flip(path, at)
        damage = _damage(folder)
        found += bool(damage)
        named += (path.name, place.offset) in damage
        _flip(path, at)
    assert not _damage(folder)
    return found, named


def _damage(folder: Path) -> set[tuple[str, int]]:
    collection = Collection(folder)
    with open_store(collection.database) as store:
        problems = verify(collection, store, clock=lambda: datetime.now(UTC)).problems
    return {(problem.file, problem.offset) for problem in problems}


def _flip(path: Path, at: int) -> None:
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def main() -> int:
    """Run everything and print the table; return 0 if every condition holds."""
    rounds = int(os.environ.get("WARRAQ_CRASH_ROUNDS", "20"))
    good = True

    def say(what: str, passed: bool, figures: str) -> None:
        nonlocal good
        good = good and passed
        print(f"{what:<42} {'pass' if passed else 'FAIL'}  {figures}", flush=True)

    with tempfile.TemporaryDirectory(prefix="warraq-crash-") as name:
        folder = Path(name)
        kills = kill_again_and_again(folder / "killed", rounds)
        say(
            f"kill -9 of a crawl, {kills.rounds} rounds", kills.passed,
            f"{kills.acknowledged} captures acknowledged, {kills.lost} lost, {kills.rows_without_record} rows without record, "
            f"{kills.torn} torn tails cut, {kills.records_without_row} records without row and {kills.still_due} URLs due at the end",
        )  # fmt: skip
        acknowledged, lost = kill_writers(Collection(folder / "writers"), rounds)
        say(f"kill -9 between write and commit, {rounds} rounds", not lost, f"{acknowledged} acknowledged, {lost} lost")
        killed, without, unlike = kill_merges(folder / "merges", rounds)
        say(
            f"kill -9 of a merge, {rounds} rounds", not (without or unlike),
            f"{killed} merges killed, {without} files missing for rows, {unlike} archives that differ in the end",
        )  # fmt: skip
        found, named = flip_bytes(folder / "killed", 100)
        say(
            "one flipped bit anywhere, 100 times",
            found == named == 100,
            f"{found} found, {named} with the right record named",
        )
        for number, (what, kilobytes) in enumerate(FULL_DISKS if may_mount() else ()):
            full = fill_disk(folder / f"full{number}", what, kilobytes)
            say(
                f"disk full, {what} on {kilobytes} kB", full.passed,
                f"exit codes {', '.join(map(str, full.codes))}; {full.acknowledged} captures acknowledged, {full.lost} lost, "
                f"{full.rows_without_record} rows without record, {full.titles_missing} articles missing at the end",
            )  # fmt: skip
    if not may_mount():
        print("disk full                                  not run: only root may mount a small tmpfs")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
