"""Commands that maintain and export an archive: output and exit codes."""

from __future__ import annotations

import gzip
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from archive.article import Article
from archive.capture import Capture
from archive.cli import warraq
from archive.collection import Collection
from archive.ingest import open_writer
from archive.ingest.commit import Disposition
from archive.outcome import Outcome, OutcomeKind
from archive.warc import closed_files, read_records

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

MOMENT = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
PAGES = {
    "https://news.example/first": "أعلن الوزير عن الخطة",
    "https://news.example/second": "افتتح المتحف أبوابه",
    "https://other.example/third": "a third article in English",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = Collection(tmp_path / "news")
    ingest = open_writer(made, info={"software": "test"}, clock=lambda: MOMENT)
    for days in (0, 1):
        for url, text in PAGES.items():
            body = gzip.compress(f"<html><p>{text}</p></html>".encode(), mtime=0)
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n"
            moment = MOMENT + timedelta(days=days)
            capture = Capture(url=url, started=moment, request=b"GET / HTTP/1.1\r\n\r\n", response=head + body)
            row = ingest.record(capture, site=url.split("/")[2])
            article = Article(url=url, title=f"عنوان {url[-5:]}", text=text, date_published="2024-12-20")
            ingest.finish(Disposition(row=row, outcome=Outcome(kind=OutcomeKind.ARTICLE), article=article))
        ingest.commit()
    ingest.close()
    return made.folder


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(warraq, ["--archive", str(folder), *words])


def test_verify_says_that_all_is_well(folder: Path) -> None:
    done = run(folder, "verify")
    assert (done.exit_code, "everything is as it was written" in done.output) == (0, True)
    assert json.loads(run(folder, "verify", "--json").output)["ok"] is True


def test_verify_names_a_damaged_record_and_ends_with_7(folder: Path) -> None:
    (path,) = closed_files(folder / "archive")
    record = next(record for record in read_records(path) if record.type == "response")
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[record.location.offset + 60] ^= 1
    path.write_bytes(data)
    done = run(folder, "verify")
    assert done.exit_code == 7
    assert f"{path.name} at byte {record.location.offset}" in done.output
    assert record.url in done.output


def test_repair_makes_the_index_again_once(folder: Path) -> None:
    (folder / "indexes" / "index.cdxj").unlink()
    assert run(folder, "repair").output.startswith("indexed NEWS-")
    assert run(folder, "repair").output == "nothing to repair\n"


def test_redact_asks_first_and_then_tells_what_went(folder: Path) -> None:
    url = "https://news.example/first"
    assert run(folder, "redact", url, "--reason", "court order").exit_code == 1
    done = run(folder, "redact", url, "--reason", "court order", "--yes", "--json")
    assert json.loads(done.output)["records"] == 5
    assert run(folder, "verify").exit_code == 0
    assert run(folder, "redact", "https://news.example/never", "--reason", "x", "--yes").exit_code == 8


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], {"first", "second", "third"}),
        (["--site", "news.example"], {"first", "second"}),
        (["--url", "https://news.example/first"], {"first"}),
        (["--query", "المتحف"], {"second"}),
        (["--from", "2024-12-20", "--to", "2024-12-20"], {"first", "second", "third"}),
        (["--from", "2024-12-21"], set()),
    ],
)
def test_articles_are_chosen(folder: Path, options: list[str], expected: set[str]) -> None:
    done = run(folder, "export", *options)
    assert done.exit_code == 0
    assert {json.loads(line)["url"].rsplit("/", 1)[1] for line in done.output.splitlines()} == expected


def test_one_article_makes_a_wacz_with_all_its_captures(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.wacz"
    assert run(folder, "export", "-f", "wacz", "--url", "https://news.example/first", "-o", str(target)).exit_code == 0
    with zipfile.ZipFile(target) as package:
        pages = [json.loads(line) for line in package.read("pages/pages.jsonl").decode().splitlines()]
        (tmp_path / "data.warc.gz").write_bytes(package.read("archive/data.warc.gz"))
    assert [page["ts"] for page in pages[1:]] == ["2026-11-24T05:30:00Z", "2026-11-25T05:30:00Z"]
    assert pages[1]["title"] == "عنوان first"
    kinds = [(record.type, record.url) for record in read_records(tmp_path / "data.warc.gz")]
    assert ("revisit", "https://news.example/first") in kinds
    assert {url for kind, url in kinds if kind == "response"} == {"https://news.example/first"}


def test_captures_are_chosen_by_the_day_they_were_made(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.cdxj"
    run(folder, "export", "-f", "cdxj", "--from", "2026-11-25", "-o", str(target))
    assert [line.split(" ")[1] for line in target.read_text().splitlines()] == ["20261125053000"] * 3


@pytest.mark.parametrize(
    ("options", "code"),
    [(["--from", "20.12.2024"], 2), (["--url", "https://news.example/never"], 8), (["--query", "nowhere"], 8)],
)
def test_what_cannot_be_chosen_ends_with_its_own_code(folder: Path, options: list[str], code: int) -> None:
    assert run(folder, "export", *options).exit_code == code


def test_what_was_imported_twice_under_two_names_is_in_order(folder: Path, tmp_path: Path) -> None:
    (path,) = closed_files(folder / "archive")
    target = tmp_path / "other"
    for name in ("one.warc.gz", "copy.warc.gz"):
        (tmp_path / name).write_bytes(
            path.read_bytes() if name[0] == "o" else gzip.compress(gzip.decompress(path.read_bytes()))
        )
        assert run(target, "import", str(tmp_path / name), "--workers", "1").exit_code == 0
    done = run(target, "verify")
    assert (done.exit_code, "problem" in done.output) == (0, False), done.output
    assert run(target, "repair", "--workers", "1").output == "nothing to repair\n"
