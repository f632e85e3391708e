"""Requests as bytes, and captures without credentials."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.download.errors import BadRequestError, ExchangeError, outcome_of
from crawler.download.exchange import (
    make_capture,
    redact_credentials,
    request_target,
    serialize_request,
    without_credentials,
)

START = {"method": "GET", "target": "/", "host": "example.org"}


def test_request_is_written_in_the_given_order() -> None:
    headers = [(b"Accept", b"a"), (b"X-B", b"2"), (b"X-A", b"1"), (b"Host", b"evil"), (b"Connection", b"close")]
    data = serialize_request(**START, headers=headers, body=b"")
    assert data == b"GET / HTTP/1.1\r\nHost: example.org\r\nAccept: a\r\nX-B: 2\r\nX-A: 1\r\n\r\n"


def test_body_gets_its_length() -> None:
    assert serialize_request(method="POST", target="/", host="h", headers=[], body=b"ab").endswith(
        b"\r\nContent-Length: 2\r\n\r\nab"
    )
    assert b"Content-Length: 0" in serialize_request(method="POST", target="/", host="h", headers=[], body=b"")


@pytest.mark.parametrize(
    "bad",
    [
        {"target": "/a b"},
        {"target": "/a\r\nX: y"},
        {"target": "/ورق"},
        {"target": ""},
        {"host": "h\r\nX: y"},
        {"host": ""},
        {"method": "GET /x HTTP/1.1\r\n"},
        {"method": ""},
        {"headers": [(b"X", b"a\r\nY: b")]},
        {"headers": [(b"X", b"a\0")]},
        {"headers": [(b"X: Y", b"a")]},
        {"headers": [(b"", b"a")]},
    ],
)
def test_what_would_change_the_shape_of_a_request_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(BadRequestError):
        serialize_request(**{**START, "headers": [], "body": b"", **bad})  # type: ignore[arg-type]


def test_credentials_are_blotted_out_and_named() -> None:
    request = (
        b"GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1\r\nX: Cookie: b\r\nauthorization:  Bearer t\r\n\r\nCookie: body"
    )
    clean, names = redact_credentials(request)
    assert clean == (
        b"GET / HTTP/1.1\r\nHost: h\r\nCookie: [redacted]\r\nX: Cookie: b\r\nauthorization:  [redacted]\r\n\r\nCookie: body"
    )
    assert names == ("cookie", "authorization")


def test_request_without_credentials_is_left_as_it_is() -> None:
    request = serialize_request(**START, headers=[(b"Accept", b"x")], body=b"")
    assert redact_credentials(request) == (request, ())


@given(st.binary(min_size=6, max_size=30).filter(lambda value: not set(value) & {13, 10, 0}))
def test_no_credential_survives(secret: bytes) -> None:
    request = serialize_request(**START, headers=[(b"Authorization", b"x" + secret)], body=b"")
    assert b"x" + secret not in redact_credentials(request)[0]


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("http://u:p@h:81/a?b#c", "http://h:81/a?b"),
        ("http://h/a@b?c@d", "http://h/a@b?c@d"),
        ("http://h/?", "http://h/?"),
        ("https://h", "https://h"),
    ],
)
def test_url_of_a_capture_has_no_user_info(url: str, clean: str) -> None:
    assert without_credentials(url) == clean


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://h", "/"),
        ("http://h?", "/?"),
        ("http://h/?", "/?"),
        ("http://u:p@h:81/a;b?c=http://d/@e#f", "/a;b?c=http://d/@e"),
        ("http://h//a", "//a"),
        ("http://[::1]:8/x", "/x"),
    ],
)
def test_target_is_the_url_as_it_is_written(url: str, target: str) -> None:
    assert request_target(url) == target


def test_interim_and_final_are_parted_and_surplus_is_left_out() -> None:
    received = bytearray(b"HTTP/1.1 103 H\r\n\r\nHTTP/1.1 200 OK\r\n\r\nMORE")
    capture = make_capture(
        url="http://h/",
        started=datetime(2026, 1, 1, tzinfo=UTC),
        request=b"GET / HTTP/1.1\r\n\r\n",
        received=received,
        start=18,
        end=37,
        ip="",
        tls=None,
        tls_verified=True,
        truncated="",
        via="",
        keep_credentials=False,
    )
    assert capture.interim == b"HTTP/1.1 103 H\r\n\r\n"
    assert capture.response == b"HTTP/1.1 200 OK\r\n\r\n"


def test_every_error_has_an_outcome_of_its_own() -> None:
    kinds: list[type[ExchangeError]] = []
    todo = [ExchangeError]
    while todo:
        found = todo.pop().__subclasses__()
        kinds += found
        todo += found
    words = [kind.outcome for kind in kinds]
    assert len(words) == len(set(words))
    assert all(word and word == word.lower() and " " not in word for word in words)
    assert outcome_of(ValueError("x")) == "failed"
    assert outcome_of(BadRequestError("x")) == "bad-request"
