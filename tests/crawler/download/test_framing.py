"""The end of a response, however its bytes are split on the way."""

from __future__ import annotations

import gzip
import zlib
from itertools import pairwise

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request

from archive.http import parse_head, split_head
from crawler.download import _is_readable
from crawler.download.errors import BadFramingError, ExchangeError, HeadersTooLargeError, ShortBodyError, TooLargeError
from crawler.download.framing import Limits, ResponseFraming
from tests.support import effort
from tests.support.oddities import BROKEN, CLOSED, KEPT, SURPLUS

WIDE = Limits(header_bytes=10_000, line_bytes=5_000, body_bytes=100_000)


def framed(data: bytes, cuts: list[int], *, method: bytes = b"GET", limits: Limits = WIDE) -> tuple[object, ...]:
    """What is known after `data` came in pieces cut at `cuts` and the connection closed."""
    framing = ResponseFraming(method=method, limits=limits)
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    try:
        for start, end in pairwise(places):
            if framing.feed(data[start:end]):
                break
        problem = framing.close()
    except ExchangeError as error:
        return type(error).__name__, framing.start, framing.head
    name = type(problem).__name__
    return name, framing.start, framing.head, framing.body, framing.complete, framing.end


ALL = {**KEPT, **CLOSED, **{path: data for path, (data, _) in SURPLUS.items()}}


@pytest.mark.parametrize("path", [*ALL, *BROKEN])
def test_any_cutting_gives_the_same(path: str) -> None:
    data = ALL.get(path) or BROKEN[path][0]
    whole = framed(data, [])
    assert framed(data, list(range(len(data)))) == whole
    if path in ALL:
        assert whole[0] == "NoneType"
        assert whole[4:] == (True, len(data))


@given(st.sampled_from(sorted(ALL)), st.lists(st.integers(0, 400), max_size=6))
def test_random_cutting_gives_the_same(path: str, cuts: list[int]) -> None:
    assert framed(ALL[path], cuts) == framed(ALL[path], [])


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_named_error(data: bytes) -> None:
    framed(data, [])
    framed(b"HTTP/1.1 200 OK\r\n" + data, [7])
    framed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + data, [50])


@given(st.lists(st.binary(max_size=50), max_size=8), st.binary(max_size=20))
def test_chunked_body_comes_back_whole_and_leaves_the_rest(pieces: list[bytes], rest: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%X\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"
    framing = ResponseFraming(method=b"GET", limits=WIDE)
    assert framing.feed(head + chunks + rest)
    assert framing.body == b"".join(pieces)
    assert bytes(framing.received[framing.end :]) == rest
    assert framing.persistent is (rest == b"")


@pytest.mark.parametrize("method", [b"HEAD", b"CONNECT"])
def test_no_body_follows_an_answer_to(method: bytes) -> None:
    framing = ResponseFraming(method=method, limits=WIDE)
    assert framing.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
    assert framing.body == b""


@pytest.mark.parametrize(
    ("data", "persistent"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore", False),
    ],
)
def test_connection_is_kept_only_when_both_sides_are_in_step(data: bytes, persistent: bool) -> None:
    framing = ResponseFraming(method=b"GET", limits=WIDE)
    assert framing.feed(data)
    assert framing.persistent is persistent


def test_empty_lines_before_the_status_line_are_no_part_of_the_response() -> None:
    framing = ResponseFraming(method=b"GET", limits=WIDE)
    assert framing.feed(b"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert (framing.start, framing.body) == (4, b"ok")


@pytest.mark.parametrize("empty", [b"\r\n" * 40, b"\n" * 7, b"\r\r\n"])
def test_the_crawl_skips_as_many_empty_lines_as_the_archive(empty: bytes) -> None:
    response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    assert framed(empty + response, [1, 9])[2:4] == (parse_head(empty + response), b"ok")
    assert split_head(empty + response) == (empty + response[:-2], b"ok")


def test_empty_lines_without_end_meet_the_limit_of_a_head() -> None:
    with pytest.raises(HeadersTooLargeError):
        ResponseFraming(method=b"GET", limits=WIDE).feed(b"\r\n" * 6_000)


def test_a_body_whose_last_coding_is_not_chunked_ends_with_the_connection() -> None:
    framing = ResponseFraming(method=b"GET", limits=WIDE)
    assert not framing.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, x\r\n\r\n2\r\nok\r\n0\r\n\r\n")
    assert framing.close() is None
    assert framing.body == b"2\r\nok\r\n0\r\n\r\n"


def test_limits_hold_exactly() -> None:
    head = b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100 + b"\r\n\r\n"
    exact = Limits(header_bytes=len(head), line_bytes=105, body_bytes=10)
    assert framed(head + b"x" * 10, [], limits=exact)[0] == "NoneType"
    assert framed(head + b"x" * 11, [], limits=exact)[0] == "TooLargeError"
    tight = Limits(header_bytes=len(head) - 1, line_bytes=1000, body_bytes=10)
    assert framed(head, [], limits=tight)[0] == "HeadersTooLargeError"
    narrow = Limits(header_bytes=1000, line_bytes=90, body_bytes=10)
    assert framed(head, [40], limits=narrow)[0] == "HeadersTooLargeError"


def feed_for_ever(framing: ResponseFraming, unit: bytes) -> None:
    while True:
        framing.feed(unit)


@pytest.mark.parametrize(
    ("start", "unit", "error"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 100, HeadersTooLargeError),
        (b"HTTP/1.1 200 OK\r\nX:", b"a" * 500, HeadersTooLargeError),
        (b"", b"HTTP/1.1 103 Hints\r\n\r\n", HeadersTooLargeError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 50, BadFramingError),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 50, TooLargeError),
    ],
)
def test_endless_input_is_refused_in_time_that_grows_with_the_limit_only(
    start: bytes, unit: bytes, error: type[Exception]
) -> None:
    limits = Limits(header_bytes=256 * 1024, line_bytes=64 * 1024, body_bytes=1024 * 1024)
    framing = ResponseFraming(method=b"GET", limits=limits)
    with effort.at_most(5):
        framing.feed(start)
        with pytest.raises(error):
            feed_for_ever(framing, unit)
        assert len(framing.received) < 1_200_000


HTML = b"<html><body><p>A story of the harbour.</p></body></html>"


def tolerated(data: bytes) -> ResponseFraming:
    """The framing of a response that is read whatever its framing says, after the connection closed."""
    framing = ResponseFraming(method=b"GET", limits=WIDE, tolerant=True)
    if not framing.feed(data):
        framing.close()
    return framing


@pytest.mark.parametrize(
    "data",
    [
        b"Content-Length: 900\r\n\r\n" + HTML,
        b"Content-Encoding: gzip\r\nContent-Length: 900\r\n\r\n" + gzip.compress(HTML),
        b"Content-Encoding: br\r\nContent-Length: 900\r\n\r\n" + brotli.compress(HTML),
        b"Content-Encoding: deflate\r\nContent-Length: 900\r\n\r\n" + zlib.compress(HTML),
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(HTML) + HTML + b"\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n" + HTML,
    ],
    ids=[
        "too long",
        "length of the decoded body",
        "decoded brotli",
        "decoded deflate",
        "no last chunk",
        "not chunked at all",
    ],
)
def test_a_body_that_is_all_there_is_known_as_such(data: bytes) -> None:
    assert tolerated(b"HTTP/1.1 200 OK\r\n" + data).is_all_there


@pytest.mark.parametrize(
    "data",
    [
        b"Content-Length: 900\r\n\r\n" + HTML[:30],
        b"Content-Encoding: gzip\r\nContent-Length: 900\r\n\r\n" + gzip.compress(HTML)[:-9],
        b"Content-Encoding: br\r\nContent-Length: 900\r\n\r\n" + brotli.compress(HTML)[:-9],
        b"Transfer-Encoding: chunked\r\n\r\n900\r\n" + HTML[:30],
        b"",
    ],
    ids=["cut", "cut gzip", "cut brotli", "cut chunk", "no head"],
)
def test_a_body_that_was_cut_is_not(data: bytes) -> None:
    assert not tolerated((b"HTTP/1.1 200 OK\r\n" + data) if data else data).is_all_there


@pytest.mark.parametrize(("body", "ends"), [(HTML[:-14], True), (HTML[:-8] + b" \n", False), (HTML[:30], False)])
def test_only_what_ends_where_a_tag_does_may_be_whole_when_it_comes_again(body: bytes, ends: bool) -> None:
    framing = tolerated(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + body)
    assert (framing.ends_with_tag, framing.is_all_there) == (ends, False)


def test_what_ends_at_the_same_tag_in_the_next_try_is_read() -> None:
    request = Request("http://paper.test/", meta={"read_damaged": "whole"})
    whole, shorter = (
        tolerated(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + body) for body in (HTML[:-14], HTML[:-18])
    )
    assert [_is_readable(request, each, ShortBodyError(1)) for each in (shorter, whole)] == [False, False]
    assert _is_readable(request.copy(), whole, ShortBodyError(1))


def test_a_gzip_bomb_is_not_looked_at_to_its_end() -> None:
    bomb = gzip.compress(bytes(60 << 20))
    limits = Limits(header_bytes=10_000, line_bytes=5_000, body_bytes=1 << 20)
    framing = ResponseFraming(method=b"GET", limits=limits, tolerant=True)
    framing.feed(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 999999\r\n\r\n" + bomb)
    assert not framing.is_all_there


def test_what_is_not_tolerant_ends_at_broken_chunks() -> None:
    with pytest.raises(BadFramingError):
        ResponseFraming(method=b"GET", limits=WIDE).feed(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n<html>\r\n"
        )
