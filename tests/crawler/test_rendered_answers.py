"""What a browser is given of a captured response. It needs no browser."""

import gzip

from crawler.rendering import answered_of

LIMIT = 1_000_000


def served(*fields, body=b"", status="200 OK"):
    return f"HTTP/1.1 {status}\r\n".encode() + b"".join(b"%b\r\n" % field for field in fields) + b"\r\n" + body


def test_a_body_comes_without_its_coding_and_with_its_fields_joined():
    data = served(
        b"Content-Type: text/css", b"Vary: a", b"Vary: b", b"Content-Encoding: gzip", body=gzip.compress(b"p{}")
    )
    answered = answered_of(data, LIMIT)
    assert (answered.status, answered.body, answered.size) == (200, b"p{}", len(data))
    assert answered.headers == {"content-type": "text/css", "vary": "a, b"}


def test_cookies_and_unprintable_fields_reach_no_browser():
    answered = answered_of(served(b"Set-Cookie: a=b", b"X-Odd: \x01", b"X-Kept: c"), LIMIT)
    assert answered.headers == {"x-kept": "c"}


def test_what_cannot_be_decoded_is_no_answer():
    assert answered_of(b"not http", LIMIT) is None
    assert answered_of(served(b"Content-Encoding: gzip", body=gzip.compress(bytes(5_000))), 1_000) is None
