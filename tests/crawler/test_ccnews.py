"""`scrapy backfill --cc-news` from a copy of Common Crawl's layout on loopback."""

from __future__ import annotations

import hashlib
import signal
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from archive import Archive
from archive.warc import read_raw, read_records
from archive.warc.record import member
from tests.crawler.test_backfill import backfill, command
from tests.support.ccnews import CcNewsServer
from tests.support.cli import warraq
from tests.support.pages import capture_of, page, response, write_warc
from tests.support.program import Running

if TYPE_CHECKING:
    from pathlib import Path

    from archive.capture import Capture
    from archive.warc import Record

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
        running = Running(command(folder, *asked(server)))

        def strike() -> None:
            if len(server.pieces) == 2:
                running.send_signal(number)

        server.strike = strike
        running.communicate()
        assert running.returncode == code
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
    assert "answered 503" in said["said"]
    assert len(said["said"].splitlines()) == 1


def test_months_without_a_list_are_counted(files: dict[str, bytes], tmp_path: Path) -> None:
    with CcNewsServer({TIMES[2]: files[TIMES[2]]}) as server:
        said = backfill(tmp_path / "c", *asked(server, "2026-02", "--to", "2026-03"))
    assert (said["left_out"], said["fetched"]) == ({"no-list": 2}, 2)


def in_file(captures: list[Capture], folder: Path) -> bytes:
    """A WARC of captures whose record ids are like those of no other."""
    return write_warc(folder, captures).read_bytes()


def imported(folder: Path, source: Path, *, algorithm: str = "") -> None:
    """An archive into which the captures of a WARC came under other ids, as others wrote them."""
    (path,) = source.glob("*.warc.gz")
    if algorithm:
        path.write_bytes(b"".join(_relabelled(record, algorithm) for record in read_records(path)))
    warraq("--archive", folder, "import", path)


def _relabelled(record: Record, algorithm: str) -> bytes:
    """The record with a payload digest by another algorithm, in hexadecimal."""
    digest = hashlib.new(algorithm, record.block.partition(b"\r\n\r\n")[2]).hexdigest()
    kept = [(name, value) for name, value in record.headers if not name.endswith(("-Digest", "-Length"))]
    return member([*kept, ("WARC-Payload-Digest", f"{algorithm}:{digest}")], record.block)


@pytest.mark.parametrize("algorithm", ["", "sha256"])
def test_what_is_held_under_another_id_is_not_taken_twice(tmp_path: Path, algorithm: str) -> None:
    one, other = (capture_of(f"https://news.example/{name}", 2, page(f"خبر عن {name}")) for name in ("ثلج", "مطر"))
    write_warc(tmp_path / "others", [one])
    imported(tmp_path / "c", tmp_path / "others", algorithm=algorithm)
    with CcNewsServer({TIMES[2]: in_file([one, other, other], tmp_path / "news")}) as server:
        said = backfill(tmp_path / "c", *asked(server, "2026-02", "--to", "2026-02"))
    assert (said["listed"], said["held_before"], said["fetched"]) == (3, 2, 1)
    found = held(tmp_path / "c")
    assert sorted(found["response"]) == sorted([one.url, other.url])
    assert len(found["request"]) == 2
    warraq("--archive", tmp_path / "c", "verify")


def test_what_differs_in_any_of_time_status_and_payload_is_another_capture(tmp_path: Path) -> None:
    url = "https://news.example/a"
    one = capture_of(url, 2, page("خبر أول"))
    others = [
        replace(one, response=response(page("خبر ثان"))),
        replace(one, started=one.started + timedelta(seconds=1)),
        replace(one, response=one.response.replace(b"200 OK", b"404 Not Found", 1)),
        replace(one, url="https://news.example/b"),
    ]
    sources = [in_file([other], tmp_path / f"{n}") for n, other in enumerate(others)]
    write_warc(tmp_path / "others", [one])
    imported(tmp_path / "c", tmp_path / "others")
    with CcNewsServer({TIMES[2]: b"".join(sources)}) as server:
        said = backfill(tmp_path / "c", *asked(server, "2026-02", "--to", "2026-02"))
    assert (said["held_before"], said["fetched"]) == (0, 4)


def test_a_revisit_that_is_held_does_not_stand_for_its_payload(tmp_path: Path) -> None:
    """Its original may lie in an archive of others alone; a revisit of what is held whole is held."""
    original = capture_of("https://news.example/a", 1, page("خبر لا يتغير"))
    again = replace(original, started=original.started.replace(month=2))
    (path,) = write_warc(tmp_path / "others", [original, again]).parent.glob("*.warc.gz")
    revisit = next(record for record in read_records(path) if record.type == "revisit")
    path.write_bytes(read_raw(path.parent, revisit.location))
    imported(tmp_path / "c", tmp_path / "others")
    files = {TIMES[2]: in_file([again], tmp_path / "whole"), TIMES[3]: path.read_bytes()}
    with CcNewsServer(files) as server:
        said = backfill(tmp_path / "c", *asked(server, "2026-02", "--to", "2026-03"))
    assert (said["held_before"], said["fetched"]) == (1, 1)
    assert said["articles_new"] == 1


def named(url: str, record_id: str) -> bytes:
    """A request and a response of that URL, both of which say that the response has this id."""
    one = capture_of(url, 2, page(f"خبر عن {url}"))
    head = [("WARC-Target-URI", url), ("WARC-Date", f"{one.started:%Y-%m-%dT%H:%M:%SZ}")]
    asked = [("WARC-Type", "request"), ("WARC-Record-ID", f"<urn:x:{url}>"), ("WARC-Concurrent-To", record_id), *head]
    answered = [("WARC-Type", "response"), ("WARC-Record-ID", record_id), *head]
    http = ("Content-Type", "application/http")
    return member([*asked, http], one.request) + member([*answered, http], one.response)


def test_a_capture_whose_id_is_that_of_another_is_taken_under_one_of_its_own(tmp_path: Path) -> None:
    """Whether the other one is held or comes right before it; another run takes nothing."""
    urls = [f"https://news.example/{name}" for name in "abc"]
    held_one, *others = (named(url, "<urn:uuid:00000000-0000-4000-8000-000000000001>") for url in urls)
    (tmp_path / "held.warc.gz").write_bytes(held_one)
    warraq("--archive", tmp_path / "c", "import", tmp_path / "held.warc.gz")
    for last, expected in (("2026-02", (2, 0)), ("2026-03", (0, 2))):
        with CcNewsServer({TIMES[2]: b"".join(others)}) as server:
            said = backfill(tmp_path / "c", *asked(server, "2026-02", "--to", last))
        assert (said["fetched"], said["held_before"]) == expected, last
    found = held(tmp_path / "c")
    assert sorted(found["response"]) == urls
    assert sorted(found["request"]) == urls
    with Archive(tmp_path / "c") as archive:
        assert len({row["record_id"] for row in archive.db.query("SELECT record_id FROM captures")}) == 3
        assert {archive.article(url)["url"] for url in urls} == set(urls)
    warraq("--archive", tmp_path / "c", "verify")
