"""Each fuzz target on generated input and on earlier findings: none may raise."""
# ruff: noqa: E501 -- a table of data

import importlib.util
import io
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.slow

SPEC = importlib.util.spec_from_file_location("fuzz_targets", Path(__file__).parents[1] / "fuzz" / "targets.py")
fuzz = importlib.util.module_from_spec(SPEC)
sys.modules["fuzz_targets"] = fuzz
SPEC.loader.exec_module(fuzz)

PIECES = [
    b"HTTP/1.1 200 OK\r\n", b"\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n", b"Content-Length: 5\r\n", b"5\r\nhello\r\n",
    b"<html>", b"<p>", b"</p>", b"<!--", b"-->", b"<![CDATA[", b"<script type=application/ld+json>", b'{"@type":"NewsArticle",', b"]]>", b"&amp;",
    b"<meta charset=utf-16>", b"<urlset>", b"<url><loc>", b"</loc></url>", b"<rss><channel><item><link>", b"https://", b"xn--", b"[::1]", b":99999",
    b"%zz", b"%D8%A7", b"\xd8\xa7\xd9\x84", b"\xff\xfe", b"\x00", b"User-agent: *\n", b"Disallow: /*$\n", b'"', b"site:", b"OR ", b"-", b"*", b"(",
    b"1 0 obj\n", b"\nendobj\n", b"<< /Type /Catalog /Pages 1 0 R >>", b"<< /Type /Page /Contents 1 0 R >>", b"stream\n", b"xref\n0 2\n", b"1 0 R",
    b"trailer\n<< /Root 1 0 R >>\n", b"startxref\n9\n%%EOF\n",
    b"2026-11-24", b"\xf0\x9f\x98\x80", b"\xe2\x80\xae", b"\xed\xa0\x80", b"../", b"?a=b&", b"#", b"\\",
]  # fmt: skip
INPUT = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=12)), max_size=25).map(b"".join)


@pytest.mark.parametrize("name", sorted(fuzz.TARGETS))
def test_no_input_makes_a_parser_fail(name):
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(INPUT)
    def check(data):
        fuzz.TARGETS[name](data)

    check()


def _package_before_its_start() -> bytes:
    """A package whose members lie before its first byte."""
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as package:
        package.writestr("datapackage.json", "{}")
    data = bytearray(buffer.getvalue())
    data[-6:-2] = (int.from_bytes(data[-6:-2], "little") + 5).to_bytes(4, "little")
    return bytes(data)


FOUND: list[tuple[str, bytes]] = [
    ("page", b"HTTP/1.1 200 OK\r\n<rss><channel><item><link>\x01\x9d'\xeea"),
    ("url", b"http://0x.."),
    ("response", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nok"),
    (
        "page",
        b"<html><body><article>"
        + b"<p>words that are read</p>" * 9
        + b"</article> \x07 <aside>x</aside>\x08 y &#1;<nav>z</nav>&#x1F; &#65535;q",
    ),
    ("wacz", _package_before_its_start()),
    ("cdxj", b"a 1 []"),
    ("cdxj", b'a 1 {"filename": 1, "offset": null, "length": "1"}'),
    ("page", "<html><body><p>\u0645\u06cc\u200c\u062e \x01\uffff</p>".encode()),
]


@pytest.mark.parametrize(("name", "data"), FOUND)
def test_what_fuzzing_found_stays_mended(name, data):
    fuzz.TARGETS[name](data)
