"""Databases with any value in any column (foreign or damaged) give one line and exit code 7; reindex repairs them."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from archive.collection import Collection
from archive.index import open_store, sqlite
from archive.ingest import open_writer
from tests.archive.maintain.conftest import FIRST, MOMENT, keep
from warraq.cli import warraq

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

WRONG = {
    "an offset that is text": "UPDATE captures SET warc_record_offset = 'x'",
    "a negative offset": "UPDATE captures SET warc_record_offset = -5",
    "an offset beyond any file": "UPDATE captures SET warc_record_offset = 9223372036854775807",
    "a length that is text": "UPDATE captures SET warc_record_length = 'abc'",
    "a time of bytes": "UPDATE captures SET captured_at = x'07'",
    "a status that is text": "UPDATE captures SET status = 'abc'",
    "a file name of bytes": "UPDATE captures SET warc_filename = x'ff'",
    "a URL of bytes": "UPDATE captures SET url = x'ff'",
    "a title of bytes": "UPDATE articles SET title = x'ff00'",
    "a text of bytes": "UPDATE articles SET text = x'ff00'",
    "a body of bytes": "UPDATE articles SET body = x'00ff'",
    "tags that are no list": "UPDATE articles SET tags = '{\"a\": 1}'",
    "tags that are no JSON": "UPDATE articles SET tags = '[['",
    "tags that are numbers": "UPDATE articles SET tags = '[1, 2]'",
    "pictures that are numbers": "UPDATE articles SET images = '[1]'",
    "origins that are no JSON": "UPDATE articles SET provenance = '{\"title\": '",
    "a file of wrong types": "INSERT INTO files (filename, bytes, sha256, closed_at) VALUES (x'ff', 'a', 7, 'zz')",
}
COMMANDS = (
    *(
        ["list"],
        ["list", "--json"],
        ["show", FIRST],
        ["show", "--json", FIRST],
        ["versions", FIRST],
        ["explain", FIRST],
    ),
    *(
        ["search", "الخطة"],
        ["search", "--json", "الخطة"],
        ["verify"],
        ["group"],
        ["health"],
        ["stats"],
        ["stats", "--json"],
    ),
    *(["timeline"], ["images"], ["cite", FIRST], ["joins"], ["merge"]),
    *(["export", "--format", name] for name in ("jsonl", "csv", "warc", "wacz", "parquet", "epub", "tei")),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ingest = open_writer(Collection(tmp_path / "news"), info={"software": "test"}, clock=lambda: MOMENT)
    keep(ingest, FIRST, "أعلن الوزير عن الخطة صباح اليوم")
    keep(ingest, "https://news.example/second", "افتتح المتحف أبوابه للزوار")
    ingest.close()
    return tmp_path / "news"


def change(folder: Path, sql: str) -> None:
    db = sqlite3.connect(folder / "warraq.db")
    with db:
        db.execute(sql)
    db.close()


def run(folder: Path, words: list[str]) -> tuple[int, str]:
    """Run one command with what it needs besides its name; its exit code and what it said."""
    beside = folder.parent
    more = {"merge": [str(folder), str(beside / "into")], "export": ["--out", str(beside / "out")]}.get(words[0], [])
    place = [] if words[0] == "merge" else ["--archive", str(folder)]
    done = CliRunner().invoke(warraq, [*place, *words, *more])
    assert done.exception is None or isinstance(done.exception, SystemExit), (words, done.exception)
    return done.exit_code, done.stderr


@pytest.mark.parametrize("wrong", WRONG)
def test_no_command_ends_in_a_traceback_and_reindex_mends(folder, wrong):
    change(folder, WRONG[wrong])
    codes = {tuple(words): run(folder, words) for words in COMMANDS}
    assert codes["verify",][0] == 7
    assert (
        "warraq cannot have written: rebuild the database from the WARCs with `warraq reindex`" in codes["verify",][1]
    )
    assert run(folder, ["reindex", "--workers", "1"])[0] == 0
    assert run(folder, ["verify"])[1] == ""


BODIES = ["[[", "7", "[1, 2]", "[[1]]", '[{"a": 1}]', '{"blocks": []}', '"text"', "null"]


@pytest.mark.parametrize("body", [*(f"'{body}'" for body in BODIES), "x''", "zeroblob(99)", "substr(body, 1, 20)"])
def test_blocks_that_cannot_be_read_are_the_lines_of_the_text(folder, body):
    change(folder, f"UPDATE articles SET body = {body}")
    assert {code for words in COMMANDS for code, _ in [run(folder, list(words))]} <= {0, 7, 8}
    assert run(folder, ["show", FIRST]) == (0, "")


def test_an_archive_as_warraq_writes_it_has_no_such_value(folder):
    with open_store(folder / "warraq.db") as store:
        assert sqlite.value_problem(store.db.conn) == ""
        store.db.conn.execute("INSERT INTO similar (key, article_id) VALUES (?, 1)", [(1 << 63) - 1])
        assert sqlite.value_problem(store.db.conn) == "", "a hash takes every integer"


def test_an_error_of_our_own_is_not_blamed_on_a_sound_database(folder):
    with pytest.raises(TypeError, match="ours"), open_store(folder / "warraq.db"):
        raise TypeError("ours")
