"""CDX servers of every kind are read, and their records are accepted only if they match the index."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.capture import Location
from archive.urls.surt import surt
from archive.warc import cdxserver, read_raw, read_records
from archive.warc.cdxserver import Listed, NotThatRecordError
from tests.support.pages import capture_of as capture
from tests.support.pages import page
from tests.support.pages import write_warc as write

PLACE = Location(filename="crawl/a.warc.gz", offset=7, length=900)
ONE = Listed(url="https://news.example/1", timestamp="20260115120000", digest="A" * 32, status="200", location=PLACE)
TABLE = ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length", "offset", "filename"]
ROW = ["example,news)/1", "20260115120000", ONE.url, "text/html", "200", "A" * 32, "900", "7", "crawl/a.warc.gz"]
OBJECT = {
    "urlkey": ROW[0],
    "timestamp": ROW[1],
    "url": ROW[2],
    "status": ROW[4],
    "digest": ROW[5],
    "length": "900",
    "offset": 7,
    "filename": ROW[8],
}


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps([TABLE, ROW]),
        json.dumps(OBJECT) + "\n",
        f"{ROW[0]} {ROW[1]} {json.dumps(OBJECT)}\n",
        " ".join([*ROW[:6], "-", "-", *ROW[6:]]),
    ],
)
def test_each_manner_says_the_same(answer):
    assert cdxserver.read_listing(answer.encode()) == cdxserver.Listing(captures=(ONE,))


@pytest.mark.parametrize(
    "answer", [json.dumps([TABLE, ROW, [], ["com,example next"]]), f"{json.dumps(OBJECT)}\n\ncom,example next\n"]
)
def test_the_key_to_go_on_with_is_found(answer):
    listing = cdxserver.read_listing(answer.encode())
    assert (listing.captures, listing.resume_key) == ((ONE,), "com,example next")


@pytest.mark.parametrize(
    ("body", "pages"), [(b"12\n", 12), (b'{"pages": 3, "blocks": 9}', 3), (b"0", 0), (b"", None), (b"{}", None)]
)
def test_a_number_of_pages_is_told_from_a_listing(body, pages):
    assert cdxserver.pages_of(body) == pages
    assert cdxserver.pages_of(json.dumps(OBJECT).encode()) is None


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../b.warc.gz", "a?b", "a b", "..", ""])
def test_a_file_name_that_leads_elsewhere_is_no_place(name):
    (listed,) = cdxserver.read_listing(json.dumps(OBJECT | {"filename": name}).encode()).captures
    assert listed.location is None


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: f'{{"url": {text}'.encode()))
def test_no_answer_makes_it_fail(body):
    cdxserver.read_listing(body)
    cdxserver.pages_of(body)


@pytest.mark.parametrize("row", ["[[]]", '[["a"], 3]', '[["timestamp"], [null]]', "[[" * 50_000, '{"url": []}'])
def test_malformed_tables_are_counted(row):
    assert cdxserver.read_listing(row.encode()).captures == ()


def test_only_the_record_that_was_listed_is_believed(tmp_path):
    path = write(tmp_path / "s", [capture(f"https://news.example/{n}", 1, page(f"عنوان الخبر {n}")) for n in (1, 2)])
    responses = [record for record in read_records(path) if record.type == "response"]
    first, second = (read_raw(path.parent, record.location) for record in responses)
    digest = responses[0].get("WARC-Payload-Digest").removeprefix("sha1:")
    listed = Listed(url="http://www.news.example/1", timestamp="20260115120000", digest=digest)
    assert cdxserver.check_record(first, listed).id == responses[0].id
    request = next(record for record in read_records(path) if record.type == "request")
    wrong = {
        "other-record": second,
        "no-record": first + second,
        "other-type": read_raw(path.parent, request.location),
    }
    for reason, data in wrong.items():
        with pytest.raises(NotThatRecordError) as refused:
            cdxserver.check_record(data, listed)
        assert refused.value.reason == reason
    with pytest.raises(NotThatRecordError) as refused:
        cdxserver.check_record(first, Listed(url=listed.url, timestamp=listed.timestamp, digest="B" * 32))
    assert refused.value.reason == "other-payload"
    assert surt(listed.url) == surt(responses[0].url)
