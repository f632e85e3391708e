"""`scrapy backfill --cc-news` against a copy of Common Crawl's layout on loopback."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from archive import Archive
from archive.warc import read_raw, read_records
from tests.crawler.test_backfill import ROOT, backfill, command
from tests.support.ccnews import CcNewsServer
from tests.support.pages import capture_of, page, write_warc

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

TIMES = {1: "20260115110000", 2: "20260215110000", 3: "20260315110000"}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    """A file a month, each with two captures of the site and two of others."""
    made = {}
    for month, time in TIMES.items():
        captures = [
            capture_of(f"https://{host}/{month}/{name}", month, page(f"خبر {name} من {host} في الشهر {month}"))
            for host, name in (
                ("news.example", "a"),
                ("other.example", "b"),
                ("news.example", "c"),
                ("example.org", "d"),
            )
        ]
        made[time] = write_warc(tmp_path / f"source-{month}", captures).read_bytes()
    return made


def held(folder: Path) -> dict[str, list[str]]:
    """The URLs of the records of each type that the archive has."""
    found: dict[str, list[str]] = {}
    for path in sorted((folder / "archive").glob("*.warc.gz")):
        for record in read_records(path):
            found.setdefault(record.type, []).append(record.url)
    return found


def asked(server: CcNewsServer, first: str = "2026-01", *more: str) -> tuple[str, ...]:
    return ("https://news.example/", "--match", "host", "--cc-news", server.base, "--from", first, *more)


def test_only_the_records_of_the_site_and_period_are_kept_with_their_requests(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "c"
    with CcNewsServer(files) as server:
        said = backfill(folder, *asked(server, "2026-02", "--to", "2026-03"))
        assert (said["files"], said["files_done"], said["fetched"], said["articles_new"]) == (2, 2, 4, 4)
        assert said["streamed"] == len(files[TIMES[2]]) + len(files[TIMES[3]])
        assert server.asked[0][0] == "/robots.txt"
        assert {time for time, _ in server.pieces} == {TIMES[2], TIMES[3]}
        again = backfill(folder, *asked(server, "2026-02", "--to", "2026-03"))
        assert (again["files_done"], again["fetched"], again["streamed"]) == (2, 0, 0)
    found = held(folder)
    urls = [f"https://news.example/{month}/{name}" for month in (2, 3) for name in "ac"]
    assert found["response"] == urls
    assert sorted(found["request"]) == urls
    with Archive(folder) as archive:
        assert archive.article(urls[0])["fetched_at"].startswith("2026-02-15T12:00:00")
        (run,) = archive.db.query("SELECT kind, result FROM runs LIMIT 1")
        assert run == {"kind": "backfill", "result": "finished"}
    (info,) = {
        record.block
        for path in folder.glob("archive/*.gz")
        for record in read_records(path)
        if record.type == "warcinfo"
    }
    assert f"CC-NEWS below {server.base}".encode() in info


def test_records_come_byte_for_byte(files: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "c"
    with CcNewsServer(files) as server:
        backfill(folder, *asked(server))
    for path in folder.glob("archive/*.warc.gz"):
        for record in read_records(path):
            if record.type == "response":
                assert any(read_raw(path.parent, record.location) in data for data in files.values())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 11)])
def test_a_run_that_broke_off_goes_on_in_the_file_where_it_was(
    files: dict[str, bytes], tmp_path: Path, number: int, code: int
) -> None:
    folder = tmp_path / "c"
    with CcNewsServer(files) as server:
        with subprocess.Popen(command(folder, *asked(server)), cwd=ROOT, stdout=subprocess.DEVNULL) as running:

            def strike() -> None:
                if len(server.pieces) == 2:
                    running.send_signal(number)

            server.strike = strike
            assert running.wait(90) == code
        server.strike = lambda: None
        said = backfill(folder, *asked(server))
        assert (said["files_done"], said["failed"]) == (3, {})
        assert [time for time, _ in server.pieces].count(TIMES[1]) == 1  # read to its end before, and not again
    found = held(folder)
    assert len(found["response"]) == len(set(found["response"])) == 6
    assert len(found["request"]) == 6


def test_most_ends_it_and_the_next_run_goes_on_there(files: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "c"
    with CcNewsServer(files) as server:
        first = backfill(folder, *asked(server, "2026-01", "--most", "3"), code=16)
        assert (first["fetched"], first["cut_off"], first["files_done"]) == (3, True, 1)
        second = backfill(folder, *asked(server))
        assert (second["fetched"], second["held_before"], second["files_done"]) == (3, 0, 3)
        assert not server.pieces[-2][1].startswith("bytes=0-")
    assert len(held(folder)["request"]) == 6


def test_a_file_that_cannot_be_had_or_is_damaged_costs_itself(files: dict[str, bytes], tmp_path: Path) -> None:
    broken = bytearray(files[TIMES[1]])
    broken[len(broken) // 2] ^= 255
    with CcNewsServer(files | {TIMES[1]: bytes(broken)}) as server:
        server.refuses = frozenset({f"CC-NEWS-{TIMES[2]}"})
        said = backfill(tmp_path / "c", *asked(server), code=16)
    assert said["failed"] == {"damaged": 1, "status-503": 1}
    assert (said["files_done"], said["fetched"] >= 3) == (2, True)


def test_a_server_without_ranges_is_not_read_to_the_end_of_a_file(files: dict[str, bytes], tmp_path: Path) -> None:
    with CcNewsServer(files) as server:
        server.ignores_range = True
        said = backfill(tmp_path / "c", *asked(server), code=16)
    assert said["failed"] == {"no-range": 3}


def test_a_list_that_cannot_be_had_is_one_line_and_exit_code_9(files: dict[str, bytes], tmp_path: Path) -> None:
    with CcNewsServer(files) as server:
        server.refuses = frozenset({"warc.paths.gz"})
        said = backfill(tmp_path / "c", *asked(server), code=9)
    assert "answers 503" in said["said"]
    assert len(said["said"].splitlines()) == 1


def test_months_without_a_list_are_counted(files: dict[str, bytes], tmp_path: Path) -> None:
    with CcNewsServer({TIMES[2]: files[TIMES[2]]}) as server:
        said = backfill(tmp_path / "c", *asked(server, "2026-02", "--to", "2026-03"))
    assert (said["left_out"], said["fetched"]) == ({"no-list": 2}, 2)
