"""HTTP responses are parsed as browsers do, whatever the server sends."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.http import BadCoding, NotHttp, decode, parse_head, parse_response, payload
from archive.http.coding import zstd
from crawler.download.errors import NotHttpError
from crawler.download.framing import Limits, ResponseFraming
from tests.support import effort

if TYPE_CHECKING:
    from collections.abc import Callable

MB = 1 << 20


def served(*lines: str, body: bytes = b"ok") -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode("latin-1") + body


def test_names_order_and_duplicates_stay_as_served() -> None:
    response = parse_response(served("sErVer: odd", "Set-Cookie: a=1", "X-Mid:m", "Set-Cookie: b=2"))
    assert response.headers == (("sErVer", "odd"), ("Set-Cookie", "a=1"), ("X-Mid", "m"), ("Set-Cookie", "b=2"))
    assert response.all("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        (b"HTTP/1.1 200", 200, ""),
        (b"HTTP/1.1 200 ", 200, ""),
        ("HTTP/1.1 200 Très  Bien !".encode("latin-1"), 200, "Très  Bien !"),
        (b"HTTP/2 200", 200, ""),
        (b"ICY 200 OK", 200, "OK"),
        (b"HTTP/1.1 42 Hmm", 42, "Hmm"),
        (b"HTTP/1.1 999 Request denied", 999, "Request denied"),
        (b"HTTP/1.1 200: OK", 200, ": OK"),
        (b"HTTP/1.1 200OK", 200, "OK"),
        (b"HTTP/ 1.1 200 OK", 200, "OK"),
        (b"HTTP/ 200 OK", 200, "OK"),
        (b"HTTP 200 OK", 200, "OK"),
        (b"HTTP/1. 200", 200, ""),
        (b"\r\n\r\nHTTP/1.1 200 OK", 200, "OK"),
    ],
)
def test_odd_status_lines_are_read(line: bytes, status: int, reason: str) -> None:
    response = parse_response(line + b"\r\nContent-Length: 2\r\n\r\nok")
    assert (response.status, response.reason, payload(response)) == (status, reason, b"ok")


@pytest.mark.parametrize(
    "data", [b"", b"\r\n", b"<html>no status line</html>", b"HTTP/1.1 OK\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n"]
)
def test_bytes_without_a_status_line_are_not_http(data: bytes) -> None:
    with pytest.raises(NotHttp) as refused:
        parse_response(data)
    assert refused.value.start == data[:80]


def test_bare_line_feeds_folding_and_lines_without_colon_are_taken() -> None:
    response = parse_response(b"HTTP/1.1 200 OK\nX-Fold: one\n  two\n\tthree\nno colon here\nX-Sp :  a  b \t\n\nok")
    assert response.headers == (("X-Fold", "one two three"), ("X-Sp", "a  b"))
    assert response.body == b"ok"


def test_a_head_that_stops_short_has_no_body() -> None:
    response = parse_response(b"HTTP/1.1 200 OK\r\nContent-Le")
    assert (response.headers, response.body) == ((), b"")


def test_chunk_extensions_and_trailers_are_no_part_of_the_payload() -> None:
    framed = b'0005;ext="v"\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: abc\r\n\r\n'
    assert payload(parse_response(served("Transfer-Encoding: Chunked", body=framed))) == b"hello world"


@pytest.mark.parametrize(
    ("framed", "expected"),
    [
        (b"5\r\nhel", b"hel"),
        (b"5\r\nhello\r\n", b"hello"),
        (b"5\r\nhello\r\nZZ\r\nworld", b"hello"),
        (b"ZZ\r\nok\r\n0\r\n\r\n", b"ZZ\r\nok\r\n0\r\n\r\n"),
        (b"FFFFFFFFFFFFFFFFF\r\nok", b"FFFFFFFFFFFFFFFFF\r\nok"),
        (b"5\nhello\n0\n\n", b"hello"),
        (b"", b""),
    ],
)
def test_chunks_that_are_cut_or_wrong_give_what_they_hold(framed: bytes, expected: bytes) -> None:
    assert payload(parse_response(served("Transfer-Encoding: chunked", body=framed))) == expected


@pytest.mark.parametrize(
    ("lines", "body", "expected"),
    [
        (["Content-Length: 2"], b"okEXTRA", b"ok"),
        (["Content-Length: 2", "Content-Length: 2"], b"okEXTRA", b"ok"),
        (["Content-Length: 2", "Content-Length: 3"], b"okk", b"okk"),
        (["Content-Length: -5"], b"ok", b"ok"),
        (["Content-Length: 0x10"], b"ok", b"ok"),
        (["Content-Length: 100"], b"ok", b"ok"),
        (["Content-Length: 100", "Transfer-Encoding: chunked"], b"2\r\nok\r\n0\r\n\r\n", b"ok"),
        (["Content-Encoding: gzip", "Content-Length: 1"], b"decoded by another tool", b"decoded by another tool"),
        (["Content-Encoding: br", "Content-Length: 1"], b"<p>decoded by another", b"<p>decoded by another"),
        (["Content-Encoding: br", "Content-Length: 2"], b"\x0b\x02EXTRA", b"\x0b\x02"),
    ],
)
def test_the_body_ends_where_browsers_end_it(lines: list[str], body: bytes, expected: bytes) -> None:
    assert payload(parse_response(served(*lines, body=body))) == expected


@pytest.mark.parametrize("line", ["101 Switching Protocols", "204 No Content", "304 Not Modified"])
def test_a_status_that_has_no_body_has_no_payload(line: str) -> None:
    assert payload(parse_response(f"HTTP/1.1 {line}\r\nContent-Length: 4\r\n\r\nBODY".encode())) == b""


def test_chunks_are_taken_off_only_when_chunked_is_the_last_coding() -> None:
    chunks = b"2\r\nok\r\n0\r\n\r\n"
    assert payload(parse_response(served("Transfer-Encoding: chunked, x", body=chunks))) == chunks
    assert payload(parse_response(served("Transfer-Encoding: x, chunked, identity", body=chunks))) == b"ok"


@pytest.mark.parametrize(
    ("values", "length"),
    [
        ([], None), (["5"], 5), (["5", "5"], 5), (["5, 5"], 5), (["5", "6"], None), (["-5"], None), (["0x5"], None),
        (["9" * 40], None), ([""], None), (["+5"], None), (["\u00b2"], None),
    ],
)  # fmt: skip
def test_content_length_is_believed_only_when_plain(values: list[str], length: int | None) -> None:
    assert parse_head(served(*(f"Content-Length: {value}" for value in values))).content_length == length


def test_a_head_keeps_order_and_joins_folds() -> None:
    head = parse_head(b"HTTP/1.1 200 OK\r\nB: 1\r\nbad\r\n lost\r\na : 2\r\n\tmore\r\nB:3\x0b\r\n\r\n")
    assert head.headers == (("B", "1"), ("a", "2 more"), ("B", "3\x0b"))


@pytest.mark.parametrize(
    "line", [b"HTTP/ 1.1 200 OK", b"HTTP/1.1 200: OK", b"ICY 200", b"HTTP/1.1 OK", b"HTTPS/1.1 200", b"hello"]
)
def test_the_crawler_and_the_archive_agree_on_a_status_line(line: bytes) -> None:
    data = line + b"\r\nContent-Length: 2\r\n\r\nok"
    framing = ResponseFraming(method=b"GET", limits=Limits(header_bytes=1000, line_bytes=1000, body_bytes=1000))
    try:
        archived = parse_response(data).status
    except NotHttp:
        with pytest.raises(NotHttpError):
            framing.feed(data)
    else:
        assert framing.feed(data)
        assert framing.head is not None
        assert framing.head.status == archived


def test_stacked_and_transfer_codings_come_off_in_order() -> None:
    page = "<p>صباح الخير</p>".encode() * 50
    stacked = gzip.compress(gzip.compress(page))
    assert decode(parse_response(served("Content-Encoding: gzip, gzip", body=stacked)), MB) == page
    assert (
        decode(parse_response(served("Content-Encoding: gzip", "Content-Encoding: x-gzip", body=stacked)), MB) == page
    )
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(stacked), stacked)
    response = parse_response(served("Transfer-Encoding: gzip, chunked", "Content-Encoding: gzip", body=chunked))
    assert payload(response) == stacked
    assert decode(response, MB) == page


@pytest.mark.parametrize(
    ("kind", "is_unpacked"), [("text/html", True), ("application/gzip", False), ("text/xml", False)]
)
@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress])
def test_a_page_that_was_packed_once_more_than_it_says_is_unpacked(
    kind: str, is_unpacked: bool, compress: Callable[[bytes], bytes]
) -> None:
    packed = compress(b"<p>page</p>")
    response = parse_response(served(f"Content-Type: {kind}", body=packed))
    assert decode(response, MB) == (b"<p>page</p>" if is_unpacked else packed)


def test_a_pile_of_codings_is_refused() -> None:
    with pytest.raises(BadCoding):
        decode(parse_response(served("Content-Encoding: " + ", ".join(["gzip"] * 6), body=gzip.compress(b"x"))), MB)


@given(st.binary(max_size=400))
def test_nothing_of_the_bytes_is_lost(junk: bytes) -> None:
    data = b"HTTP/1.1 200 OK\r\n" + junk
    response = parse_response(data)
    assert response.head + response.body == data


@given(st.binary(max_size=400), st.lists(st.integers(1, 50), max_size=20), st.sampled_from(["", ";a=b", " "]))
def test_any_chunking_of_a_payload_gives_it_back(content: bytes, sizes: list[int], extension: str) -> None:
    framed, at = b"", 0
    for size in [*sizes, len(content)]:
        piece, at = content[at : at + size], at + size
        if piece:
            framed += b"%x%b\r\n%b\r\n" % (len(piece), extension.encode(), piece)
    assert payload(parse_response(served("Transfer-Encoding: chunked", body=framed + b"0\r\n\r\n"))) == content


def test_a_body_of_the_smallest_chunks_is_read_in_linear_time() -> None:
    response = parse_response(served("Transfer-Encoding: chunked", body=b"1\r\nx\r\n" * 300_000 + b"0\r\n\r\n"))
    with effort.at_most(2):
        assert payload(response) == b"x" * 300_000
