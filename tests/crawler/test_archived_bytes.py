"""From the socket to the WARC and back: every odd and broken response, in every mode, read by two WARC readers."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from warcio.archiveiterator import ArchiveIterator

from archive.collection import Collection
from archive.http import parse_response, payload
from archive.ingest import open_writer
from archive.ingest.copying import field_of
from archive.warc import CERTIFICATE, WarcWriter, payload_digest, read_records
from tests.support.authority import Authority
from tests.support.fetch import Crawled, fetch
from tests.support.oddities import BROKEN, CLOSED, KEPT, LIMITS, RUNAWAYS, SURPLUS, asked, routes
from tests.support.server import Proxy, Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.warc import Record

pytestmark = pytest.mark.slow

PATHS = (*KEPT, *CLOSED, *SURPLUS, *BROKEN, *RUNAWAYS)


@dataclass(frozen=True, kw_only=True)
class Crawl:
    """What a server sent and was sent, what the handler captured, and the WARC file that holds it."""

    way: str
    server: Server
    proxy: Proxy | None
    crawled: Crawled
    file: Path
    records: tuple[Record, ...]

    def read(self, path: str, kind: str) -> Record | None:
        """The only record of that type of that route."""
        found = [each for each in self.records if each.type == kind and each.url == self.server.url(path)]
        assert len(found) <= 1
        return found[0] if found else None


@pytest.fixture(scope="module", params=["http", "tls", "proxy", "tunnel"])
def archived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawl]:
    folder = tmp_path_factory.mktemp(request.param)
    authority = Authority(folder)
    tls = authority.context("127.0.0.1") if request.param in {"tls", "tunnel"} else None
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server(routes(), tls=tls))
        proxy = stack.enter_context(Proxy()) if request.param in {"proxy", "tunnel"} else None
        requests = asked(server.url, PATHS, **({"proxy": proxy.url("")} if proxy else {}))
        crawled = fetch(requests, settings=LIMITS, env={"SSL_CERT_FILE": str(authority.certificate_file)})
        with WarcWriter(folder, info={"software": "warraq"}) as writer:
            for capture in crawled.captures:
                writer.write_capture(capture, payload_digest=payload_digest(capture))
        (file,) = folder.glob("*.warc.gz")
        records = tuple(read_records(file))
        yield Crawl(way=request.param, server=server, proxy=proxy, crawled=crawled, file=file, records=records)


def message(path: str) -> bytes | None:
    """What a route answers with, interim responses and all; None for those that are cut off at no known byte."""
    if path in SURPLUS:
        return SURPLUS[path][0]
    if path in RUNAWAYS:
        return None
    return BROKEN[path][0] if path in BROKEN else {**KEPT, **CLOSED}[path]


def interim(metadata: Record | None) -> bytes:
    lines = metadata.block.split(b"\r\n") if metadata else []
    coded = [line.partition(b": ")[2] for line in lines if line.startswith(b"http-interim-base64: ")]
    return base64.b64decode(coded[0]) if coded else b""


def test_there_are_enough_routes() -> None:
    assert len(PATHS) >= 64
    assert len(set(PATHS)) == len(PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_response_bytes_in_the_warc_are_the_servers(path: str, archived: Crawl) -> None:
    response = archived.read(path, "response")
    held = interim(archived.read(path, "metadata")) + (response.block if response else b"")
    sent = bytes(archived.server.sent[path])
    if (expected := message(path)) is None:
        assert sent.startswith(held)
        assert bool(held) or path in {"/hang", "/reset-before-head", "/reset-in-body"}
    else:
        assert sent == expected + SURPLUS.get(path, (b"", b""))[1]
        assert held in {expected, expected.removeprefix(b"\r\n")}


def test_request_bytes_in_the_warc_are_what_the_server_was_sent(archived: Crawl) -> None:
    held = sorted(each.block for each in archived.records if each.type == "request")
    receiver = archived.proxy if archived.way == "proxy" and archived.proxy else archived.server
    # A kept connection that the other side closed meanwhile answers nothing: the same bytes are sent once more.
    assert held == sorted({each.head + each.body for each in receiver.received})
    assert len(held) == len(PATHS)


def test_the_certificate_of_the_server_is_kept_and_named(archived: Crawl) -> None:
    shown = {capture.certificates for capture in archived.crawled.captures}
    if archived.server.url("").startswith("http:"):
        assert shown == {()}
        return
    ((own, *_),) = shown
    assert "127.0.0.1" in str(
        x509.load_der_x509_certificate(own).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    )
    named = {field_of(each, CERTIFICATE) for each in archived.records if each.type == "metadata"}
    assert named == {hashlib.sha256(own).hexdigest()}


def test_another_reader_reads_the_same_bytes(archived: Crawl) -> None:
    ours = [(each.id, each.type, each.block) for each in archived.records]
    with archived.file.open("rb") as file:
        theirs = [
            (each.rec_headers["WARC-Record-ID"], each.rec_type, each.content_stream().read())
            for each in ArchiveIterator(file, no_record_parse=True, check_digests=True)
        ]
    assert theirs == ours


def test_what_was_cut_off_is_marked(archived: Crawl) -> None:
    marked = {each.url: each.get("WARC-Truncated") for each in archived.records if each.type == "response"}
    reasons = {path: reason for path, (_, _, reason) in (*BROKEN.items(), *RUNAWAYS.items())}
    if archived.proxy:
        del reasons["/reset-in-body"]  # a proxy may pass a reset on as an end
    for path in PATHS:
        if path in reasons or path not in RUNAWAYS:
            assert marked.get(archived.server.url(path), reasons.get(path, "")) == reasons.get(path, "")


def test_protocol_cipher_and_address_are_on_the_records(archived: Crawl) -> None:
    records = [each for each in archived.records if each.type == "response"]
    secure = archived.way in {"tls", "tunnel"}
    for record in records:
        protocols = [value for name, value in record.headers if name == "WARC-Protocol"]
        assert (protocols[-1:] == ["tls/1.3"]) is secure
        assert record.get("WARC-Cipher-Suite").startswith("TLS_") is secure
        assert (record.get("WARC-IP-Address") == "127.0.0.1") is (archived.way in {"http", "tls"})
    assert {p for each in records for n, p in each.headers if n == "WARC-Protocol"} >= {"http/1.0", "http/1.1"}


def test_a_collection_holds_each_answer_whole_or_its_head_and_where_the_payload_is(
    archived: Crawl, tmp_path: Path
) -> None:
    collection = Collection(tmp_path / "c")
    ingest = open_writer(collection, info={}, clock=lambda: datetime.now(UTC))
    rows = {capture.url: (capture, ingest.record(capture, site="odd")) for capture in archived.crawled.captures}
    ingest.commit()
    ingest.close()
    records = {each.id: each for file in collection.warcs.glob("*.warc.gz") for each in read_records(file)}
    kinds = set()
    for capture, row in rows.values():
        if row is None:
            assert not capture.response
            continue
        record = records[row.record_id]
        kinds.add(record.type)
        if record.type == "response":
            assert record.block == capture.response
            continue
        original = records[record.get("WARC-Refers-To")]
        response = parse_response(capture.response)
        assert record.block == response.head
        assert payload(parse_response(original.block)) == payload(response)
        assert record.get("WARC-Payload-Digest") == original.get("WARC-Payload-Digest")
        assert record.get("WARC-Refers-To-Target-URI") == original.url
        assert record.get("WARC-Refers-To-Date") == original.date
        assert record.get("WARC-Profile") == "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
    assert kinds == {"response", "revisit"}
