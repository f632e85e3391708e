"""Salvage: foreign records are rewritten so that they can be read one by one; damage costs only the damaged record."""

import gzip
import sys
import tracemalloc

import pytest

from archive.errors import DamagedFileError
from archive.warc import read_records, salvage

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"


def record(number, body=b"", *, line=b"\r\n", length=None, end=b"\r\n\r\n", record_id=None, more=()):
    block = HTTP + (body or b"<p>page %d</p>" % number)
    fields = [
        b"WARC/1.0",
        b"WARC-Type: response",
        b"WARC-Record-ID: " + (record_id if record_id is not None else b"<urn:uuid:%08d>" % number),
        b"WARC-Target-URI: http://a.example/%d" % number,
        b"WARC-Date: 2026-11-24T05:30:%02dZ" % number,
        *more,
        b"Content-Length: %s" % (length if length is not None else b"%d" % len(block)),
    ]
    fields = [field for field in fields if field != b"WARC-Record-ID: "]
    return line.join(fields) + line + line + block + end


def packed(data, form):
    match form:
        case "plain":
            return b"".join(data)
        case "whole gzip":
            return gzip.compress(b"".join(data))
        case "gzip members":
            return b"".join(gzip.compress(each) for each in data)
        case "zstd frames":
            return b"".join(zstd.compress(each) for each in data)
        case "whole zstd":
            return zstd.compress(b"".join(data))


FORMS = ("plain", "whole gzip", "gzip members", "zstd frames", "whole zstd")


@pytest.fixture
def salvaged(tmp_path):
    def do(data, **more):
        source = tmp_path / "source"
        source.write_bytes(data)
        damages = salvage(source, tmp_path / "target.warc.gz", **more)
        return list(read_records(tmp_path / "target.warc.gz")), damages

    return do


def urls(records):
    return [int(one.url.rpartition("/")[2]) for one in records]


@pytest.mark.parametrize("form", FORMS)
def test_every_record_of_every_container_is_kept_as_it_is(salvaged, form):
    records, damages = salvaged(packed([record(n) for n in range(4)], form))
    assert urls(records) == [0, 1, 2, 3]
    assert not damages
    assert [one.block for one in records] == [HTTP + b"<p>page %d</p>" % n for n in range(4)]
    assert records[0].get("Content-Length") == str(len(records[0].block))


def test_sound_members_are_copied_byte_for_byte(salvaged, tmp_path):
    data = packed([record(n) for n in range(4)], "gzip members")
    salvaged(data)
    assert (tmp_path / "target.warc.gz").read_bytes() == data


ODD = {
    "heads that end in LF": {"line": b"\n"},
    "heads that end in CR CR LF": {"line": b"\r\r\n"},
    "no line ends after the block": {"end": b""},
    "one line end after the block": {"end": b"\r\n"},
    "a length that is too short": {"length": b"50"},
    "a length that is too long": {"length": b"99"},
    "a length of 4,500 digits": {"length": b"9" * 4500},
    "no length": {"length": b""},
    "a folded field": {"more": (b"WARC-Note: one", b"  two")},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("odd", ODD)
def test_a_record_that_is_oddly_written_is_mended(salvaged, form, odd):
    if form.startswith(("plain", "whole")) and odd == "no line ends after the block":
        pytest.skip("nothing says where the block ends")
    records, damages = salvaged(packed([record(0), record(1, **ODD[odd]), record(2)], form))
    assert urls(records) == [0, 1, 2], damages
    assert records[1].block == HTTP + b"<p>page 1</p>"
    assert not damages


@pytest.mark.parametrize("form", ["gzip members", "zstd frames"])
def test_bytes_that_are_no_record_cost_only_themselves(salvaged, form):
    good = [record(0), b"rubbish " * 40 + b"\r\n\r\n", record(2)]
    records, damages = salvaged(packed(good, form))
    assert urls(records) == [0, 2]
    assert len(damages) == 1


@pytest.mark.parametrize("form", ["gzip members", "zstd frames"])
def test_a_broken_member_costs_its_record_and_is_named(salvaged, form):
    members = [packed([record(n, b"x%d" % n * 500)], form) for n in range(4)]
    members[1] = members[1][:30] + b"\xff" * 8 + members[1][38:]
    records, damages = salvaged(b"".join(members))
    assert urls(records) == [0, 2, 3]
    assert [one.offset for one in damages] == [len(members[0])]
    assert "are kept" in str(damages[0])


@pytest.mark.parametrize("form", ["plain", "whole gzip", "gzip members", "zstd frames"])
def test_a_torn_file_gives_what_stands_before_the_tear(salvaged, form):
    data = packed([record(n, bytes(range(256)) * 40) for n in range(4)], form)
    records, damages = salvaged(data[: -(len(data) // 8)])
    assert urls(records)[:2] == [0, 1]
    assert 3 not in urls(records)
    assert len(damages) == 1


def test_a_block_that_quotes_the_start_of_a_record_is_not_split(salvaged):
    quoting = b"a page about WARC:\r\n\r\nWARC/1.0\r\nWARC-Type: response\r\n\r\n"
    records, damages = salvaged(packed([record(0), record(1, quoting), record(2)], "plain"))
    assert urls(records) == [0, 1, 2]
    assert records[1].block == HTTP + quoting
    assert not damages


def test_a_capture_without_an_id_gets_one_that_stays_the_same(salvaged):
    data = packed([record(0, record_id=b""), record(1, record_id=b""), record(2)], "gzip members")
    (first, again) = (salvaged(data)[0], salvaged(data)[0])
    assert len({one.id for one in first}) == 3
    assert all(one.id.startswith("<urn:uuid:") for one in first)
    assert [one.id for one in first] == [one.id for one in again]


def test_captures_that_share_an_id_get_their_own(salvaged):
    same = b"<urn:uuid:same>"
    records, _ = salvaged(packed([record(n, record_id=same) for n in range(3)], "gzip members"))
    assert records[0].id == same.decode()
    assert len({one.id for one in records}) == 3
    records, _ = salvaged(record(0, record_id=same), is_id_used=lambda record_id, *_: record_id == same.decode())
    assert records[0].id != same.decode()


def test_the_same_capture_twice_keeps_its_id(salvaged):
    records, _ = salvaged(packed([record(0), record(0)], "gzip members"))
    assert len({one.id for one in records}) == 1


ARC = (
    b"filedesc://a.arc 0.0.0.0 20110305131200 text/plain 76\n1 0 InternetArchive\n"
    b"URL IP-address Archive-date Content-type Archive-length\n\n"
)


def arc_record(number, block):
    return b"http://a.example/%d 192.0.2.1 2011030513120%d text/html %d\n%s\n" % (number, number, len(block), block)


@pytest.mark.parametrize("form", FORMS)
def test_an_arc_file_becomes_a_warc(salvaged, form):
    records, damages = salvaged(packed([ARC, arc_record(1, HTTP + b"one"), arc_record(2, b"<p>two")], form))
    assert [(one.type, one.url, one.date) for one in records] == [
        ("response", "http://a.example/1", "2011-03-05T13:12:01Z"),
        ("resource", "http://a.example/2", "2011-03-05T13:12:02Z"),
    ]
    assert [one.block for one in records] == [HTTP + b"one", b"<p>two"]
    assert records[0].get("WARC-IP-Address") == "192.0.2.1"
    assert records[1].get("Content-Type") == "text/html"
    assert not damages


def test_zstd_frames_with_a_dictionary_are_read(salvaged):
    dictionary = zstd.train_dict([record(n) for n in range(200)], 2000)
    skippable = b"\x5d\x2a\x4d\x18" + len(dictionary.dict_content).to_bytes(4, "little") + dictionary.dict_content
    frames = b"".join(zstd.compress(record(n), zstd_dict=dictionary) for n in range(3))
    records, damages = salvaged(skippable + frames)
    assert urls(records) == [0, 1, 2]
    assert not damages


def test_a_file_without_a_record_is_refused_and_leaves_nothing(tmp_path):
    source = tmp_path / "source"
    for data in (b"", b"rubbish\n" * 99, gzip.compress(b"rubbish"), b"\x1f\x8b\x08\x00", ARC):
        source.write_bytes(data)
        with pytest.raises(DamagedFileError):
            salvage(source, tmp_path / "target.warc.gz")
        assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_lengths_that_never_fit_do_not_have_the_file_read_again_and_again(salvaged, monkeypatch):
    monkeypatch.setattr("archive.warc.rewrite.MAX_REREAD", 1 << 20)
    data = b"".join(record(n % 50, b"x" * 1000, length=b"9" * 12) for n in range(300))
    records, damages = salvaged(data)
    assert 0 < len(records) < 300
    assert "too many" in str(damages[-1])


def test_zeros_after_the_last_record_are_no_damage(salvaged):
    records, damages = salvaged(packed([record(0)], "gzip members") + bytes(512))
    assert urls(records) == [0]
    assert not damages


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("zeros", [7, 5000, 200_000])
def test_zeros_between_records_cost_none_of_them(salvaged, form, zeros):
    records, damages = salvaged(packed([record(0), bytes(zeros) + record(1), record(2)], form))
    assert (urls(records), damages) == ([0, 1, 2], [])
    assert records[0].block == HTTP + b"<p>page 0</p>"


@pytest.mark.parametrize("form", FORMS)
def test_a_byte_order_mark_before_the_first_record_costs_nothing(salvaged, form):
    records, damages = salvaged(packed([b"\xef\xbb\xbf" + record(0), record(1)], form))
    assert (urls(records), damages) == ([0, 1], [])


def test_a_large_block_is_not_held_in_memory(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(gzip.compress(record(0, bytes(64 << 20)), 1) + gzip.compress(record(1, end=b"")))
    tracemalloc.start()
    salvage(source, tmp_path / "target.warc.gz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
