"""A WARC received in pieces is split into its members, whatever the pieces and the damage."""

from __future__ import annotations

import gzip
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.warc.splitter import MemberSplitter


def record(number: int, url: str = "https://news.example/", body: bytes = b"") -> bytes:
    block = body or f"body of record {number} ".encode() * 50
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}{number}\r\nContent-Length: {len(block)}\r\n\r\n"
    return gzip.compress(head.encode() + block + b"\r\n\r\n")


def wanted(fields: dict[str, str]) -> bool:
    return fields.get("warc-target-uri", "").startswith("https://news.example/")


def split(
    pieces: list[bytes], *, start: int = 0, most: int = 1 << 20
) -> tuple[list[tuple[int, bytes | None]], MemberSplitter]:
    splitter = MemberSplitter(wanted, start=start, most=most)
    return [(one.offset, one.data) for piece in pieces for one in splitter.feed(piece)], splitter


RECORDS = [record(1), record(2, "https://other.example/"), record(3), record(4, "https://other.example/"), record(5)]
PLACES = [sum(map(len, RECORDS[:number])) for number in range(len(RECORDS) + 1)]
FILE = b"".join(RECORDS)
MEANT = [(PLACES[number], RECORDS[number]) for number in (0, 2, 4)]


@given(st.lists(st.integers(0, len(FILE)), max_size=12))
def test_pieces_of_any_size_give_the_same_members(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(FILE)]
    members, splitter = split([FILE[start:end] for start, end in pairwise(ends)])
    assert members == MEANT
    assert splitter.finish()
    assert splitter.damaged == 0


@pytest.mark.parametrize("end", [1, len(RECORDS[0]) - 1, len(RECORDS[0]), PLACES[2] + 5])
def test_a_file_is_taken_up_again_at_the_member_that_was_under_way(end: int) -> None:
    before, splitter = split([FILE[:end]])
    after, _ = split([FILE[splitter.boundary :]], start=splitter.boundary)
    assert before + after == MEANT


@pytest.mark.parametrize("at", [PLACES[1] + 2, PLACES[1] + 40, PLACES[2] - 3])
@pytest.mark.parametrize("size", [7, len(FILE)])
def test_damage_costs_the_damaged_member(at: int, size: int) -> None:
    broken = FILE[:at] + bytes([FILE[at] ^ 255]) + FILE[at + 1 :]
    members, splitter = split([broken[start : start + size] for start in range(0, len(broken), size)])
    assert members == MEANT
    assert splitter.damaged == 1
    assert splitter.finish()


def test_what_lies_between_members_is_passed_over() -> None:
    members, splitter = split([RECORDS[0] + b"garbage" * 9 + RECORDS[2]])
    assert [data for _, data in members] == [RECORDS[0], RECORDS[2]]
    assert splitter.damaged == 1


def test_a_member_that_is_too_large_is_named_and_not_kept() -> None:
    large = record(9, body=bytes(range(256)) * 40)
    members, _ = split([RECORDS[0] + large + RECORDS[2]], most=len(RECORDS[0]) + 10)
    assert [data for _, data in members] == [RECORDS[0], None, RECORDS[2]]


def test_a_member_that_unpacks_to_gigabytes_is_passed_over_in_little_memory() -> None:
    bomb = record(9, "https://other.example/", bytes(64 << 20))
    members, _ = split([bomb + RECORDS[0]])
    assert [data for _, data in members] == [RECORDS[0]]


def test_a_file_that_ends_within_a_member_says_so() -> None:
    members, splitter = split([FILE[:-5]])
    assert members == MEANT[:2]
    assert not splitter.finish()
