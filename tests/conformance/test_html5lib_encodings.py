"""html5lib-tests, encoding/*.dat (MIT, html5lib/LICENSE; as they lie in html5lib 1.1 of PyPI): declared encodings, and those used.

The score is printed: `pytest -s -k score tests/conformance/test_html5lib_encodings.py`.
"""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from w3lib.encoding import read_bom

from archive.extract.decode import decode_page
from archive.extract.prescan import LOOK, codec_of, declared_encoding

FOLDER = Path(__file__).parent / "html5lib"
CASES = [
    (f"{path.stem}-{number}", body, expected.partition(b"\n")[0].decode())
    for path in sorted(FOLDER.glob("*.dat"))
    for number, part in enumerate(path.read_bytes().split(b"#data\n")[1:])
    for body, _, expected in [part.partition(b"\n#encoding\n")]
]
EXPLAINED = {"tests1-54": "the declaration is written by a script, which nobody runs here"}


def sniffed(body):
    """What the standard's sniffing says: the mark, the declaration, or its default for the West."""
    return (read_bom(body)[0] or declared_encoding(body) or "cp1252").replace("-", "_")


@pytest.mark.parametrize(("name", "body", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_a_page_declares_is_what_html5lib_expects(name, body, expected):
    assert codec_of(expected)
    assert (sniffed(body) == codec_of(expected)) is (name not in EXPLAINED)


def test_score(capsys):
    right = sum(sniffed(body) == codec_of(expected) for _, body, expected in CASES)
    read = sum(
        decode_page(body).text == body.decode(codec_of(expected), "replace").lstrip("\ufeff")
        for _, body, expected in CASES
    )
    with capsys.disabled():
        print(
            f"\nhtml5lib-tests/encoding: {right} of {len(CASES)} declared as expected, {read} of {len(CASES)} read to the same text"
        )
    assert (right, len(CASES)) == (82, 83)
    assert read == 82  # test-yahoo-jp says euc-jp and is UTF-8: browsers show what it says, we read what it is


@pytest.mark.parametrize(
    "label",
    ["rot13", "unicode_escape", "idna", "punycode", "utf-7", "zip", "hex", "undefined", "mbcs", "\u0131so-8859-1"],
)
def test_a_codec_of_python_that_is_no_encoding_of_the_web_is_not_believed(label):
    for body in (f"<meta charset={label}><p>".encode() + b"\xff", f"<meta charset={label}><p>\\u003cscript".encode()):
        for content_type in ("", f"text/html; charset={label}"):
            read = decode_page(body, content_type=content_type)
            assert read.encoding in {"cp1252", "utf-8"}
            assert "<script" not in read.text


@given(
    st.lists(
        st.sampled_from(
            [b"<meta ", b"charset", b"=", b'"', b"'", b"utf-16", b">", b"<!--", b"-->", b"/", b"a", b" ", b"<"]
        ),
        max_size=40,
    )
)
def test_any_markup_is_scanned_to_a_known_encoding_or_none(pieces):
    assert declared_encoding(b"".join(pieces)) in {"", "utf_8"}


@pytest.mark.parametrize(
    "unit", [b"<meta ", b"<", b"<!--", b"<a b", b"a='", b"</", b"charset=", b"= ", b"<meta content=charset"]
)
def test_a_scan_takes_time_by_its_limit_only(unit):
    begun = time.thread_time()
    declared_encoding(unit * LOOK)
    declared_encoding(b"<meta " + unit * LOOK)
    assert time.thread_time() - begun < 0.5
