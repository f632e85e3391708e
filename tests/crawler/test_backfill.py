"""`scrapy backfill` from CDX servers on loopback, from the command line."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from archive import Archive
from archive.warc import read_raw, read_records
from tests.support.cdx import CdxServer
from tests.support.cli import warraq
from tests.support.pages import capture_of as capture
from tests.support.pages import page
from tests.support.pages import write_warc as write
from tests.support.program import Running, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow


def command(folder: Path, *arguments: str) -> list[str]:
    settings = ("WARRAQ_OPEN_NETWORKS=127.0.0.0/8", f"ARCHIVE_DIR={folder}", "DOWNLOAD_DELAY=0", "LOG_LEVEL=ERROR")
    start = ["scrapy", "backfill", *arguments, "--json"]
    return start + [word for setting in settings for word in ("-s", setting)]


def backfill(folder: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = run(*command(folder, *arguments))
    assert done.returncode == code, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout) if done.stdout else {"said": done.stderr}


def backfill_january(folder: Path, server: CdxServer, *, code: int = 0, more: tuple[str, ...] = ()) -> dict[str, Any]:
    asked = ("https://news.example/", "--cdx", server.cdx, "--warc-base", server.base, "--to", "2026-01", *more)
    return backfill(folder, *asked, code=code)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    same = page("عنوان لا يتغير في هذا الاختبار كله")
    captures = [
        capture("https://news.example/1", 1, page("خبر كانون الثاني عن الثلج")),
        capture("https://mirror.example/same", 1, same),
        capture("https://news.example/2", 2, page("خبر شباط عن المطر الغزير")),
        capture("https://news.example/same", 2, same),
        capture("https://news.example/3", 3, page("خبر آذار عن الزهور البرية")),
        capture("https://news.example/4", 4, page("خبر نيسان عن الربيع الطويل")),
    ]
    return write(tmp_path / "source", captures).parent


def raw_of(folder: Path) -> dict[str, bytes]:
    return {
        record.id: read_raw(path.parent, record.location)
        for path in folder.glob("*.warc.gz")
        for record in read_records(path)
        if record.type in {"response", "revisit"}
    }


@pytest.mark.parametrize(
    ("manner", "paging"),
    [("objects", "pages"), ("table", "key"), ("cdxj", "none"), ("cdx", "none"), ("objects", "key")],
)
def test_records_of_the_period_come_byte_for_byte_with_their_own_times(
    source: Path, tmp_path: Path, manner: str, paging: str
) -> None:
    folder = tmp_path / "c"
    with CdxServer(source, manner=manner, paging=paging) as server:
        asked = (
            "https://news.example/",
            "--cdx",
            server.cdx,
            "--warc-base",
            server.base,
            "--from",
            "2026-02",
            "--to",
            "2026-03",
        )
        said = backfill(folder, *asked)
        assert server.asked[0] == "/robots.txt"
        assert len(server.ranges) == 4
        assert (said["listed"], said["fetched"], said["held_before"], said["failed"]) == (3, 4, 0, {})
        assert said["articles_new"] == 4
        held, there = raw_of(folder / "archive"), raw_of(source)
        assert len(held) == 4  # three of the period, and what one of them repeats
        assert all(there[record_id] == raw for record_id, raw in held.items())
        with Archive(folder) as archive:
            moments = {row["timestamp"] for row in archive.db.query("SELECT timestamp FROM captures")}
            assert moments == {"20260115120000", "20260215120000", "20260315120000"}
            assert "https://news.example/same" in {row["url"] for row in archive.newest()}
        again = backfill(folder, *asked)
        assert (again["held_before"], again["fetched"]) == (3, 0)
        assert len(server.ranges) == 4
    warraq("--archive", folder, "verify")


def test_a_longer_period_fetches_only_what_is_missing(source: Path, tmp_path: Path) -> None:
    with CdxServer(source) as server:
        asked = ("https://news.example/", "--cdx", server.cdx, "--warc-base", server.base)
        assert backfill(tmp_path / "c", *asked, "--most", "2", code=16)["cut_off"]
        said = backfill(tmp_path / "c", *asked)
        assert (said["listed"], said["held_before"]) == (5, 2)
        assert len(server.ranges) == len(set(server.ranges)) == 6


def _other(data: bytes) -> bytes:
    return data[:-40] + bytes(40)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_other, "no-record"),
        (lambda data: data[:-9], "no-record"),
        (lambda data: b"x" * len(data), "no-record"),
    ],
)
def test_bytes_that_are_not_the_record_are_not_kept(
    source: Path, tmp_path: Path, spoil: Callable[[bytes], bytes], reason: str
) -> None:
    with CdxServer(source) as server:
        server.spoil = spoil
        said = backfill_january(tmp_path / "c", server, code=16)
    assert (said["fetched"], said["failed"]) == (0, {reason: 1})
    assert not raw_of(tmp_path / "c" / "archive")


def test_a_server_that_ignores_the_range_is_not_read_to_the_end(source: Path, tmp_path: Path) -> None:
    with CdxServer(source, ignores_range=True) as server:
        said = backfill_january(tmp_path / "c", server, code=16)
    assert said["failed"] == {"too-large": 1}


def test_an_index_without_places_is_named_as_the_reason(source: Path, tmp_path: Path) -> None:
    with CdxServer(source, manner="table") as server:
        server.places = False
        said = backfill(
            tmp_path / "c", "https://news.example/", "--cdx", server.cdx, "--warc-base", server.base, code=16
        )
    assert said["failed"] == {"no-place": 5}


def test_a_cdx_server_that_fails_is_one_line_and_exit_code_9(source: Path, tmp_path: Path) -> None:
    with CdxServer(source) as server:
        server.refuses = True
        said = backfill(
            tmp_path / "c", "https://news.example/", "--cdx", server.cdx, "--warc-base", server.base, code=9
        )
    assert len(said["said"].splitlines()) == 1
    assert "answered 500" in said["said"]


@pytest.mark.parametrize(
    ("data", "seconds", "reason"),
    [
        pytest.param(b"x", 0.2, "DOWNLOAD_TIMEOUT", id="a byte now and then"),
        pytest.param(b"", 0.2, "DOWNLOAD_TIMEOUT", id="nothing after the headers"),
        pytest.param(b"{}\n" * 20_000, 0.0, "WARRAQ_MAX_BODY_BYTES", id="lines without end"),
    ],
)
def test_an_index_that_never_ends_is_one_line_and_exit_code_9(
    source: Path, tmp_path: Path, data: bytes, seconds: float, reason: str
) -> None:
    with CdxServer(source) as server:
        server.endless = ("/cdx", data, seconds)
        said = backfill_january(tmp_path / "c", server, code=9, more=("-s", "DOWNLOAD_TIMEOUT=2"))
    assert len(said["said"].splitlines()) == 1
    assert "the CDX server is unavailable" in said["said"]
    assert reason in said["said"]


def test_a_record_that_never_ends_is_counted_and_fetched_by_the_next_backfill(source: Path, tmp_path: Path) -> None:
    with CdxServer(source) as server:
        server.endless = ("/warcs/", b"x", 0.2)
        said = backfill_january(tmp_path / "c", server, code=16, more=("-s", "DOWNLOAD_TIMEOUT=2"))
        assert (said["fetched"], said["failed"]) == (0, {"timeout": 1})
        server.endless = None
        assert backfill_january(tmp_path / "c", server)["fetched"] == 1


class _AlwaysMore(CdxServer):
    """Repeats its captures, each time with another key to go on with."""

    def written(self, rows: list[dict[str, str]], more: str) -> bytes:
        return super().written(rows, str(len(self.asked)))


def test_a_list_of_ever_more_answers_is_cut_off_and_says_so(source: Path, tmp_path: Path) -> None:
    with _AlwaysMore(source) as server:
        said = backfill_january(tmp_path / "c", server, code=16)
    assert (said["listed"], said["fetched"], said["cut_off"]) == (1, 1, True)


@pytest.mark.parametrize(
    "ways",
    [
        (),
        ("--cdx", "http://127.0.0.1:1/cdx"),
        ("--cdx", "http://127.0.0.1:1/cdx", "--warc-base", "http://127.0.0.1:1/", "--replay", "http://127.0.0.1:1/"),
        ("--cdx", "http://127.0.0.1:1/cdx", "--cc-news", "--from", "2026-11"),
        ("--cc-news",),
    ],
)
def test_a_backfill_that_does_not_say_from_where_is_wrong_usage(tmp_path: Path, ways: tuple[str, ...]) -> None:
    assert "docs/backfill.md" in backfill(tmp_path / "c", "https://news.example/", *ways, code=2)["said"]


def test_warraq_has_the_same_command() -> None:
    done = run("warraq", "backfill", "--help")
    assert done.returncode == 0
    assert "--cc-news" in done.stdout


def test_what_is_replayed_is_kept_as_a_body_with_its_time_and_with_who_replayed_it(
    source: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "c"
    with CdxServer(source, manner="table") as server:
        server.places = False
        asked = ("https://news.example/", "--cdx", server.cdx, "--replay", server.replay, "--from", "2026-03")
        said = backfill(folder, *asked)
        assert (said["fetched"], said["articles_new"], said["failed"]) == (2, 2, {})
        assert backfill(folder, *asked)["held_before"] == 2
    (record, other) = (one for path in folder.glob("archive/*.warc.gz") for one in read_records(path) if one.is_capture)
    assert (record.type, record.url, record.date) == ("resource", "https://news.example/3", "2026-03-15T12:00:00Z")
    assert record.get("WARC-Source-URI") == f"{server.replay}20260315120000id_/https://news.example/3"
    assert record.get("WARC-Creation-Date") > other.date
    with Archive(folder) as archive:
        assert archive.article("https://news.example/3")["fetched_at"] == "2026-03-15T12:00:00Z"
    warraq("--archive", folder, "verify")


def test_a_replay_of_another_time_is_not_kept(source: Path, tmp_path: Path) -> None:
    with CdxServer(source) as server:
        server.moment = "20200101000000"
        asked = ("https://news.example/", "--cdx", server.cdx, "--replay", server.replay, "--from", "2026-04")
        said = backfill(tmp_path / "c", *asked, code=16)
    assert (said["fetched"], said["failed"]) == (0, {"other-time": 1})


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 11)])
def test_a_backfill_that_broke_off_goes_on_where_it_was(source: Path, tmp_path: Path, number: int, code: int) -> None:
    folder = tmp_path / "c"
    with CdxServer(source) as server:
        asked = ("https://news.example/", "--cdx", server.cdx, "--warc-base", server.base)
        running = Running(command(folder, *asked))

        def strike(data: bytes) -> bytes:
            if len(server.ranges) == 3:
                running.send_signal(number)
            return data

        server.spoil = strike
        running.communicate()
        assert running.returncode == code
        said = backfill(folder, *asked)
        assert 0 < said["held_before"] < 5
        assert said["failed"] == {}
    assert len(raw_of(folder / "archive")) == 6
    with Archive(folder) as archive:
        assert len(list(archive.newest())) == 6
