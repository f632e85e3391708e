"""The WARC has what the server sent, and other tools can read it."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from archive.errors import NotWritableError
from archive.http import parse_response
from archive.warc import Original, WarcWriter, payload_digest, read_at, read_manifest, read_records, sha1_digest

from .conftest import MOMENT, PAGE, REQUEST, capture, chunked

if TYPE_CHECKING:
    from archive.capture import Capture
    from archive.warc import Written


def written(writer: WarcWriter, one: Capture | None = None, **more: Any) -> Written:
    one = one or capture()
    return writer.write_capture(one, payload_digest=payload_digest(one), **more)


def original(result: Written) -> Original:
    return Original(
        record_id=result.record_id,
        url="http://news.example/khabar/1",
        date=result.date,
        payload_digest=result.payload_digest,
    )


def test_response_and_request_come_back_byte_for_byte(writer: WarcWriter, folder: Path) -> None:
    one = capture()
    result = written(writer, one)
    response, request = read_at(folder, result.location), read_at(folder, result.request_location)
    assert response.block == one.response
    assert request.block == REQUEST
    assert (response.id, request.id) == (result.record_id, result.request_id)
    assert response.get("WARC-IP-Address") == "192.0.2.7"
    assert response.get("WARC-Protocol") == "http/1.1"
    assert response.date == "2026-11-24T05:30:00.123456Z"
    assert request.get("WARC-Concurrent-To") == response.id
    assert (result.status, result.mime, result.record_type) == (200, "text/html", "response")


@given(response=st.binary(max_size=3000), request_bytes=st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_whatever_bytes_came_are_kept(writer: WarcWriter, folder: Path, response: bytes, request_bytes: bytes) -> None:
    one = capture(b"HTTP/1.1 200 OK\r\n" + response, request=request_bytes)
    result = written(writer, one)
    assert read_at(folder, result.location).block == one.response
    assert read_at(folder, result.request_location).block == request_bytes


def test_payload_digest_is_of_the_dechunked_still_encoded_body(writer: WarcWriter, folder: Path) -> None:
    body = b"as the author encoded it" * 9
    whole = chunked(body)
    other = chunked(body, size=7)
    assert payload_digest(whole) == payload_digest(other) == sha1_digest(body)
    result = written(writer, capture(whole))
    assert read_at(folder, result.location).get("WARC-Payload-Digest") == sha1_digest(body)


def test_identical_payload_becomes_revisit_with_the_headers_as_received(writer: WarcWriter, folder: Path) -> None:
    first = written(writer)
    again = capture(started=MOMENT + timedelta(days=1))
    result = written(writer, again, revisit_of=original(first))
    record = read_at(folder, result.location)
    assert (record.type, result.record_type) == ("revisit", "revisit")
    assert record.block == parse_response(again.response).head
    assert record.get("WARC-Profile") == "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
    assert record.get("WARC-Refers-To") == first.record_id
    assert record.get("WARC-Refers-To-Target-URI") == "http://news.example/khabar/1"
    assert record.get("WARC-Refers-To-Date") == first.date
    assert record.get("WARC-Payload-Digest") == first.payload_digest
    assert not record.get("WARC-Truncated")


def test_not_modified_becomes_revisit_of_what_is_held(writer: WarcWriter, folder: Path) -> None:
    first = written(writer)
    same = capture(b'HTTP/1.1 304 Not Modified\r\nETag: "e"\r\n\r\n')
    result = writer.write_capture(same, payload_digest="", revisit_of=original(first))
    record = read_at(folder, result.location)
    assert record.get("WARC-Profile").endswith("/server-not-modified")
    assert (record.block, result.status, result.payload_digest) == (same.response, 304, first.payload_digest)


def test_what_arrived_of_a_broken_exchange_is_kept_and_marked(writer: WarcWriter, folder: Path) -> None:
    cut = capture(chunked(PAGE)[:-40], truncated="disconnect")
    result = written(writer, cut)
    record = read_at(folder, result.location)
    assert record.block == cut.response
    assert record.get("WARC-Truncated") == "disconnect"
    assert not record.get("WARC-Payload-Digest")
    assert record.get("WARC-Block-Digest") == sha1_digest(cut.response)


def test_an_exchange_without_an_answer_keeps_its_request(writer: WarcWriter, folder: Path) -> None:
    fields = {
        "url": "http://news.example/",
        "started": MOMENT,
        "request": REQUEST,
        "response": b"",
        "truncated": "time",
    }
    result = written(writer, type(capture())(**fields))
    assert (result.record_type, result.record_id, result.location) == ("", "", None)
    assert read_at(folder, result.request_location).block == REQUEST


def test_bytes_that_are_not_http_are_kept_all_the_same(writer: WarcWriter, folder: Path) -> None:
    result = written(writer, capture(b"<html>no status line at all</html>"))
    assert read_at(folder, result.location).block == b"<html>no status line at all</html>"
    assert (result.status, result.mime) == (0, "")


def test_interim_responses_and_the_announcer_go_to_metadata(writer: WarcWriter, folder: Path) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\n"
    result = written(writer, capture(interim=interim, via="http://news.example/feed", tls_verified=False))
    writer.close()
    records = list(read_records(folder / result.location.filename))
    assert [record.type for record in records] == ["warcinfo", "response", "request", "metadata"]
    fields = dict(line.split(": ", 1) for line in records[3].block.decode().splitlines())
    assert fields["via"] == "http://news.example/feed"
    assert fields["tls-verified"] == "no"
    assert base64.b64decode(fields["http-interim-base64"]) == interim
    assert records[3].get("WARC-Concurrent-To") == result.record_id


def test_tls_is_named(writer: WarcWriter, folder: Path) -> None:
    result = written(writer, capture(tls=("TLSv1.3", "TLS_AES_256_GCM_SHA384")))
    headers = read_at(folder, result.location).headers
    assert [value for name, value in headers if name == "WARC-Protocol"] == ["http/1.1", "tls/1.3"]
    assert ("WARC-Cipher-Suite", "TLS_AES_256_GCM_SHA384") in headers


def test_clean_text_refers_to_the_page_it_is_from(writer: WarcWriter, folder: Path) -> None:
    result = written(writer)
    record_id, place = writer.write_conversion(
        url="http://news.example/khabar/1",
        refers_to=result.record_id,
        date=MOMENT,
        content="text/plain",
        block="نص الخبر\nكما جاء",
    )
    record = read_at(folder, place)
    assert (record.id, record.type, record.get("Content-Type")) == (record_id, "conversion", "text/plain")
    assert record.get("WARC-Refers-To") == result.record_id
    assert record.block.decode() == "نص الخبر\nكما جاء"


def test_the_file_says_who_made_it_and_how(writer: WarcWriter, folder: Path) -> None:
    result = written(writer)
    info, response, *_ = read_records(folder / (result.location.filename + ".open"))
    assert info.type == "warcinfo"
    assert info.get("WARC-Filename") == "NEWS-20261124053000123-00000-box.example.warc.gz" == result.location.filename
    assert b"software: warraq test\r\nrobots: obey\r\nformat: WARC File Format 1.1\r\n" in info.block
    assert response.get("WARC-Warcinfo-ID") == info.id


def test_a_url_cannot_inject_header_fields(writer: WarcWriter, folder: Path) -> None:
    result = written(writer, capture(url="http://news.example/\r\nWARC-Type: forged"))
    record = read_at(folder, result.location)
    assert record.type == "response"
    assert record.url == "http://news.example/%0D%0AWARC-Type:%20forged"


@pytest.mark.slow
def test_a_closed_file_is_final_and_answered_for(writer: WarcWriter, folder: Path) -> None:
    name = written(writer).location.filename
    assert (folder / (name + ".open")).exists()
    writer.close()
    assert [path.name for path in folder.iterdir() if path.suffix == ".open"] == []
    assert not (folder / name).stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    assert list(read_manifest(folder)) == [name]
    check = subprocess.run(["sha256sum", "-c", "manifest-sha256.txt"], cwd=folder, capture_output=True, text=True)
    assert (check.returncode, check.stdout) == (0, f"{name}: OK\n")


def test_no_file_ever_takes_the_name_of_another(folder: Path) -> None:
    names = set()
    for _ in range(3):
        with WarcWriter(folder, info={}, clock=lambda: MOMENT) as writer:
            names.add(written(writer).location.filename)
    assert len(names) == len(list(folder.glob("*.warc.gz"))) == len(read_manifest(folder)) == 3


def test_files_rotate_by_size_and_by_age(folder: Path) -> None:
    now = [MOMENT]
    closed: list[Path] = []
    writer = WarcWriter(
        folder, info={}, max_bytes=5000, max_age=timedelta(hours=1), clock=lambda: now[0], on_close=closed.append
    )
    with writer:
        by_size = {written(writer, capture(chunked(os.urandom(3000)))).location.filename for _ in range(4)}
        assert len(by_size) == 2
        before = written(writer).location.filename
        now[0] += timedelta(hours=1)
        assert written(writer).location.filename != before
    assert len(closed) == len(read_manifest(folder)) == len(list(folder.glob("*.warc.gz"))) == 4


@pytest.mark.slow
def test_a_full_disk_costs_the_record_and_nothing_before_it(writer: WarcWriter, folder: Path) -> None:
    script = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from conftest import capture, chunked
from archive.errors import NotWritableError
from archive.warc import WarcWriter, read_records
import os
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for room in range(20_000, 60_000, 3_111):
    folder = Path(sys.argv[1]) / str(room)
    writer = WarcWriter(folder, info={"software": "test"})
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    kept = 0
    try:
        for _ in range(30):
            writer.write_capture(capture(chunked(os.urandom(4000))), payload_digest="")
            kept += 1
    except NotWritableError:
        pass
    else:
        sys.exit("the disk was never full")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    writer.write_capture(capture(), payload_digest="")
    writer.close()
    (path,) = folder.glob("*.warc.gz")
    assert len(list(read_records(path))) == 1 + 2 * (kept + 1), room
"""
    tests = str(Path(__file__).parent)
    done = subprocess.run([sys.executable, "-c", script, str(folder), tests], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotWritableError) as refused:
        written(WarcWriter(tmp_path / "file" / "archive", info={}))
    assert "file" in str(refused.value.path)


def test_warcio_reads_the_same_records(writer: WarcWriter, folder: Path) -> None:
    plain = capture(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")  # of chunked payloads warcio digests the framing
    first = written(writer, plain)
    written(writer, plain, revisit_of=original(first))
    writer.close()
    with (folder / first.location.filename).open("rb") as stream:
        theirs = [
            (record.rec_type, record.raw_stream.read()) for record in ArchiveIterator(stream, no_record_parse=True)
        ]
    ours = [(record.type, record.block) for record in read_records(folder / first.location.filename)]
    assert theirs == ours
    assert len(ours) == 5
    with (folder / first.location.filename).open("rb") as stream:
        for record in ArchiveIterator(stream, check_digests="raise"):
            record.content_stream().read()
