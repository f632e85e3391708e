"""WARC files of any origin are read record by record; truncated and broken records are located."""

from __future__ import annotations

import gzip
import os
import zlib
from typing import TYPE_CHECKING

import pytest

from archive.capture import Location
from archive.errors import DamagedFileError
from archive.warc import Record, WarcWriter, compress, next_member, payload_digest, read_at, read_records
from archive.warc.record import is_digest_of

from .conftest import capture, chunked

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def whole(writer: WarcWriter, folder: Path) -> Path:
    for size in (10, 5000, 70_000):
        one = capture(chunked(os.urandom(size)))
        name = writer.write_capture(one, payload_digest=payload_digest(one)).location.filename
    writer.close()
    return folder / name


def plain_bytes(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


def test_places_are_contiguous_and_lead_back_to_their_records(whole: Path) -> None:
    at = 0
    for record in read_records(whole):
        assert record.location.offset == at
        assert read_at(whole.parent, record.location) == record
        at += record.location.length
    assert at == whole.stat().st_size


@pytest.mark.parametrize("keep", [1, 9, 10, 200, 0.5])
def test_a_torn_tail_is_found_where_it_starts(whole: Path, keep: float) -> None:
    *before, last = read_records(whole)
    cut = last.location.offset + int(keep if keep >= 1 else last.location.length * keep)
    whole.chmod(0o644)
    os.truncate(whole, cut)
    seen = []
    with pytest.raises(DamagedFileError) as torn:
        seen.extend(record for record in read_records(whole))
    assert torn.value.offset == last.location.offset
    read = iter(read_records(whole))
    assert [next(read) for _ in before] == before


def seen_at(path: Path, good: list[Record]) -> int:
    """Where the damage is, as a reader sees it: a record that breaks, or one whose gzip header is not the writer's."""
    try:
        headers = [(record.location.offset, record.member_header) for record in read_records(path)]
    except DamagedFileError as found:
        return found.offset
    return next((at for at, header in headers if header != good[0].member_header), -1)


def test_every_flipped_byte_is_noticed(whole: Path) -> None:
    good = list(read_records(whole))
    second = good[1].location
    whole.chmod(0o644)
    data = bytearray(whole.read_bytes())
    silent = []
    for at in range(second.offset, second.offset + second.length):
        data[at] ^= 0x01
        whole.write_bytes(data)
        data[at] ^= 0x01
        if seen_at(whole, good) != second.offset:
            silent.append(at - second.offset)
    assert silent == []


def test_what_comes_after_a_broken_record_can_be_found_again(whole: Path) -> None:
    records = list(read_records(whole))
    whole.chmod(0o644)
    with whole.open("r+b") as file:
        file.seek(records[2].location.offset + 40)
        file.write(b"\xff\xff\xff")
    assert next_member(whole, records[2].location.offset) == records[3].location.offset
    assert list(read_records(whole, start=records[3].location.offset)) == records[3:]
    assert next_member(whole, records[-1].location.offset) is None


def test_an_open_file_is_read_under_its_final_name(writer: WarcWriter, folder: Path) -> None:
    place = writer.write_capture(capture(), payload_digest="").location
    assert not (folder / place.filename).exists()
    assert read_at(folder, place).location == place


def test_a_wrong_place_is_not_believed(whole: Path) -> None:
    first = next(read_records(whole)).location
    for wrong in (
        Location(filename=first.filename, offset=first.offset, length=first.length + 1),
        Location(filename=first.filename, offset=first.offset + 1, length=first.length),
        Location(filename=first.filename, offset=10**9, length=1),
    ):
        with pytest.raises(DamagedFileError):
            read_at(whole.parent, wrong)


def test_a_large_block_is_kept_in_part_and_digested_in_full(whole: Path) -> None:
    records, parts = list(read_records(whole)), list(read_records(whole, max_block=1000))
    large = records[5]
    assert len(parts[5].block) == 1000
    assert large.block.startswith(parts[5].block)
    assert (parts[5].whole, parts[5].block_digest, parts[5].length) == (False, large.block_digest, large.length)


def test_uncompressed_warcs_are_read(whole: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.warc"
    plain.write_bytes(plain_bytes(whole))
    ours, theirs = list(read_records(whole)), list(read_records(plain))
    assert [(one.headers, one.block) for one in ours] == [(one.headers, one.block) for one in theirs]
    assert read_at(tmp_path, theirs[2].location) == theirs[2]


def test_a_warc_gzipped_as_a_whole_is_refused_with_the_way_out(whole: Path, tmp_path: Path) -> None:
    one = tmp_path / "one.warc.gz"
    one.write_bytes(gzip.compress(plain_bytes(whole)))
    with pytest.raises(DamagedFileError, match="recompress"):
        list(read_records(one))


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.warc.gz"
    head = b"WARC/1.1\r\nWARC-Type: response\r\nContent-Length: 10\r\n\r\n"
    packer = zlib.compressobj(9, wbits=31)
    path.write_bytes(packer.compress(head) + packer.compress(bytes(80 << 20)) + packer.flush())
    with pytest.raises(DamagedFileError):
        list(read_records(path))
    packer = zlib.compressobj(9, wbits=31)
    path.write_bytes(packer.compress(b"WARC/1.1\r\n" + b"a" * (80 << 20)) + packer.flush())
    with pytest.raises(DamagedFileError, match="without an end"):
        list(read_records(path))


def test_a_block_that_unpacks_to_many_times_its_bytes_is_whole(tmp_path):
    block = b"0" * (3 << 20) + b"end"
    head = "WARC/1.1\r\nWARC-Type: resource\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Date: 2026-11-24T05:30:00Z\r\n"
    head += f"WARC-Target-URI: https://a.example/\r\nContent-Length: {len(block)}\r\n\r\n"
    (tmp_path / "a.warc.gz").write_bytes(compress(head.encode(), block))
    (record,) = read_records(tmp_path / "a.warc.gz")
    assert record.block == block


def test_a_digest_of_an_unknown_algorithm_proves_nothing():
    assert is_digest_of("whirlpool:abc", b"x")
    assert not is_digest_of("sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", b"x")
