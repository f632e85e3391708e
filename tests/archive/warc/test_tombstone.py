"""A tombstone has the length of the record that it replaces, for every length, and any gzip reader unpacks it."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from archive.capture import Location
from archive.errors import UsageError
from archive.warc import Record
from archive.warc.tombstone import tombstone

MOMENT = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
TAKEN_OUT = Record(
    location=Location(filename="a.warc.gz", offset=400, length=0),
    headers=(
        ("WARC-Type", "response"),
        ("WARC-Record-ID", "<urn:uuid:0c1bfeb2-6b1d-4f4c-9f0b-7a3b9a1e2d11>"),
        ("WARC-Target-URI", "https://news.example/a"),
    ),
    block=b"",
    length=0,
    block_digest="",
)


def made(length: int) -> bytes:
    record = replace(TAKEN_OUT, location=replace(TAKEN_OUT.location, length=length))
    return tombstone(record, moment=MOMENT, reason="court order 7", who="editor")


@pytest.mark.parametrize("length", [*range(330, 480), 5_000, 70_001])
def test_it_is_as_long_as_the_record_and_unpacks(length):
    member = made(length)
    assert len(member) == length
    assert b"redacted: 2026-11-24T05:30:00" in gzip.decompress(member)


def test_a_long_one_says_why_by_whom_and_what_was_there():
    text = gzip.decompress(made(5_000)).decode()
    for said in (
        "reason: court order 7",
        "by: editor",
        "was: response",
        "WARC-Refers-To: <urn:uuid:0c1bfeb2",
        "news.example",
    ):
        assert said in text


def test_a_record_that_holds_next_to_nothing_cannot_be_replaced():
    with pytest.raises(UsageError, match=r"a.warc.gz at byte 400 is too small"):
        made(120)
