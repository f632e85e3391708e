"""Server certificates: stored once in each WARC file, found by the fingerprint in each capture, also after reindex."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization

from archive import warc
from archive.capture import Capture
from archive.collection import Collection
from archive.ingest import MOST_CERTIFICATES, open_writer
from archive.ingest.copying import field_of
from archive.warc import cdxj
from tests.support.authority import Authority
from tests.support.cli import warraq

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    root = Authority(tmp_path_factory.mktemp("ca"))
    return root.intermediate("Middle").as_bytes("der"), root.certificate.public_bytes(serialization.Encoding.DER)


def captures(folder, *shown, host="news.example"):
    """One crawl: a capture for each chain of certificates that the server showed."""
    ingest = open_writer(Collection(folder), info={"software": "warraq test"}, clock=lambda: NOON)
    for number, certificates in enumerate(shown):
        body = f"<p>{number}</p>".encode()
        ingest.record(
            Capture(
                url=f"https://{host}/{number}", started=NOON + timedelta(seconds=number), certificates=certificates,
                request=b"GET / HTTP/1.1\r\n\r\n",
                response=b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body),
            ),
            site="news.example",
        )  # fmt: skip
    ingest.commit()
    ingest.close()


def records(folder):
    return [one for path in warc.closed_files(folder / "archive") for one in warc.read_records(path)]


def chains(folder):
    return [one for one in records(folder) if one.get("Content-Type") == warc.CHAIN_TYPE]


def test_a_chain_is_written_once_a_file_and_each_capture_names_it(tmp_path, chain):
    captures(tmp_path / "a", chain, chain, chain)
    captures(tmp_path / "a", chain)
    first, second = chains(tmp_path / "a")
    assert first.location.filename != second.location.filename
    assert first.block.decode() == "".join(map(ssl.DER_cert_to_PEM_cert, chain))
    named = {field_of(one, warc.CERTIFICATE) for one in records(tmp_path / "a") if one.type == "metadata"}
    assert {warc.certificate_uri(one) for one in named} == {first.url}


def test_plain_http_names_none(tmp_path):
    captures(tmp_path / "a", (), ())
    assert not chains(tmp_path / "a")
    assert not [one for one in records(tmp_path / "a") if one.type == "metadata"]


def test_a_server_that_shows_another_each_time_does_not_fill_the_file(tmp_path):
    captures(tmp_path / "a", *((b"certificate %d" % number,) for number in range(3 * MOST_CERTIFICATES)))
    assert len(chains(tmp_path / "a")) == MOST_CERTIFICATES
    named = [one for one in records(tmp_path / "a") if one.type == "metadata" and field_of(one, warc.CERTIFICATE)]
    assert len(named) == 3 * MOST_CERTIFICATES


@pytest.mark.parametrize("how", ["as it is", "reindex", "merge", "import"])
def test_it_is_found_by_its_fingerprint_wherever_the_files_go(tmp_path, chain, how):
    captures(tmp_path / "a", chain)
    (kept,) = chains(tmp_path / "a")
    folder = tmp_path / "a"
    if how == "reindex":
        (folder / "warraq.db").write_bytes(b"")
        (folder / "indexes/index.cdxj").unlink()
        warraq("--archive", folder, "reindex")
    elif how == "merge":
        folder = tmp_path / "merged"
        warraq("merge", tmp_path / "a", folder)
    elif how == "import":
        folder = tmp_path / "imported"
        warraq("--archive", folder, "import", *warc.closed_files(tmp_path / "a" / "archive"))
    (entry,) = cdxj.Index(folder).find(kept.url)
    assert warc.read_at(folder / "archive", entry.location).block == kept.block
    warraq("--archive", folder, "verify")
