"""The responses that a browser gets from captures, and the permitted requests of its page; no browser needed."""

import gzip

import pytest

from crawler.rendering import browser_response
from crawler.rendering.visit import RenderLimits, Visit

LIMIT = 1_000_000
LIMITS = RenderLimits(seconds=1, requests=2, bytes=1_000, dom_bytes=1_000, megabytes=100)


def served(*fields, body=b"", status="200 OK"):
    return f"HTTP/1.1 {status}\r\n".encode() + b"".join(b"%b\r\n" % field for field in fields) + b"\r\n" + body


def test_a_body_comes_without_its_coding_and_with_its_fields_joined():
    data = served(
        b"Content-Type: text/css", b"Vary: a", b"Vary: b", b"Content-Encoding: gzip", body=gzip.compress(b"p{}")
    )
    answered = browser_response(data, LIMIT)
    assert (answered.status, answered.body, answered.size) == (200, b"p{}", len(data))
    assert answered.headers == {"content-type": "text/css", "vary": "a, b"}


def test_cookies_and_unprintable_fields_reach_no_browser():
    answered = browser_response(served(b"Set-Cookie: a=b", b"X-Odd: \x01", b"X-Kept: c"), LIMIT)
    assert answered.headers == {"x-kept": "c"}


def test_what_cannot_be_decoded_is_no_answer():
    assert browser_response(b"not http", LIMIT) is None
    assert browser_response(served(b"Content-Encoding: gzip", body=gzip.compress(bytes(5_000))), 1_000) is None


async def _nothing(_asked):
    return None


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        (("GET", "script", "https://paper.test/app.js"), ""),
        (("GET", "script", "file:///etc/passwd"), "refused-scheme"),
        (("POST", "fetch", "https://paper.test/"), "refused-method"),
        (("GET", "media", "https://paper.test/a.mp4"), "not-loaded"),
        (("GET", "font", "https://paper.test/a.woff2"), "not-loaded"),
    ],
)
def test_what_a_page_asks_for_is_answered_or_refused_by_name(asked, refused):
    assert Visit("https://paper.test/", _nothing, LIMITS).refusal(*asked, is_page=False) == refused


def test_a_page_may_not_lead_away_and_ask_without_end():
    visit = Visit("https://paper.test/", _nothing, LIMITS)
    assert visit.refusal("GET", "document", "https://paper.test/next", is_page=True) == "left-page"
    asked = [visit.refusal("GET", "script", f"https://paper.test/{n}.js", is_page=False) for n in range(3)]
    assert asked == ["", "too-many-requests", "too-many-requests"]
