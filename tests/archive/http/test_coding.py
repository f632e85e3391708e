"""Content codings are decoded when complete, truncated, broken or wrongly declared, in bounded time and memory."""

from __future__ import annotations

import contextlib
import gzip
import random
import zlib
from typing import TYPE_CHECKING

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.http import BadCoding, TooLarge, decode, inflate, is_cut_off, parse_response
from archive.http.coding import zstd
from tests.support import effort

if TYPE_CHECKING:
    from collections.abc import Callable

MB = 1 << 20


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODERS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("br", brotli.compress),
    ("zstd", zstd.compress),
]
coders = pytest.mark.parametrize(("name", "compress"), CODERS)


@coders
@given(content=st.binary(max_size=5000))
def test_what_was_coded_comes_back(name: str, compress: Callable[[bytes], bytes], content: bytes) -> None:
    assert inflate(compress(content), name, MB) == content


@coders
def test_a_bomb_stops_at_the_limit(name: str, compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(TooLarge):
        inflate(compress(bytes(8 * MB)), name, MB)


@coders
def test_exactly_the_limit_is_allowed(name: str, compress: Callable[[bytes], bytes]) -> None:
    content = random.Random(1).randbytes(100_000)
    assert inflate(compress(content), name, len(content)) == content
    with pytest.raises(TooLarge):
        inflate(compress(content), name, len(content) - 1)


@coders
def test_a_cut_stream_gives_its_beginning(name: str, compress: Callable[[bytes], bytes]) -> None:
    content = random.Random(1).randbytes(300_000)
    coded = compress(content)
    got = inflate(coded[: len(coded) * 3 // 4], name, MB)
    assert content.startswith(got)
    assert len(got) > 100_000


PAGE = b"".join(b"<p>%06d paragraph of the page" % n for n in range(20_000))
WHOLE = gzip.compress(PAGE)


@pytest.mark.parametrize(
    ("body", "fields", "cut"),
    [
        (WHOLE, "", False),
        (WHOLE[:-9000], "", True),
        (gzip.compress(PAGE + b"<p>\n")[:-9], "", False),  # never ended, but all is there
        (PAGE, "", False),  # not coded, whatever the head says
        (WHOLE[:-9000], f"Content-Length: {len(WHOLE)}\r\n", False),  # the framing tells, and it was judged by that
        (b"%x\r\n%b\r\n0\r\n\r\n" % (len(WHOLE) - 9000, WHOLE[:-9000]), "Transfer-Encoding: chunked\r\n", True),
        (b"%x\r\n%b\r\n" % (len(WHOLE) - 9000, WHOLE[:-9000]), "Transfer-Encoding: chunked\r\n", False),
    ],
)
def test_a_coding_that_breaks_off_in_a_complete_message_is_known(body: bytes, fields: str, cut: bool) -> None:
    fields = fields or f"Content-Length: {len(body)}\r\n"
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n{fields}\r\n"
    response = parse_response(head.encode() + body)
    assert is_cut_off(response, decode(response, MB), MB) == cut


def test_a_broken_gzip_gives_all_that_decodes_before_the_break() -> None:
    content = b"".join(b"%06d paragraph of the page\n" % n for n in range(20_000))
    coded = bytearray(gzip.compress(content, 6))
    coded[-8:-4] = b"\0\0\0\0"  # the checksum alone is wrong: every byte of the content is there
    assert inflate(bytes(coded), "gzip", MB) == content
    coded[len(coded) // 2 :] = b"\xff" * (len(coded) - len(coded) // 2)
    got = inflate(bytes(coded), "gzip", MB)
    assert len(got) > len(content) // 3
    assert content[: len(got) - 500] == got[:-500]


def test_gzip_members_are_joined_and_junk_after_them_ignored() -> None:
    assert inflate(gzip.compress(b"one ") + gzip.compress(b"two") + b"\0" * 50 + b"junk", "gzip", MB) == b"one two"


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd", "UTF-8", "identity", "none", "foo"])
def test_a_plain_page_under_any_name_is_given_as_it_is(name: str) -> None:
    page = "<html><body><p>نص عادي</p></body></html>".encode()
    assert inflate(page, name, MB) == page


@pytest.mark.parametrize("name", ["br", "deflate", "zstd"])
def test_gzip_under_another_name_is_recognised(name: str) -> None:
    assert inflate(gzip.compress(b"page"), name, MB) == b"page"


@pytest.mark.parametrize("name", ["br", "deflate"])
def test_rubbish_is_refused(name: str) -> None:
    with pytest.raises(BadCoding) as refused:
        inflate(b"\xff\xfe\xfd\xfc" * 100, name, MB)
    assert refused.value.coding == name


def test_plain_bytes_are_held_to_the_limit_too() -> None:
    with pytest.raises(TooLarge):
        inflate(b"x" * 11, "identity", 10)


def test_forty_megabytes_of_stored_blocks_decode_in_linear_time() -> None:
    packer = zlib.compressobj(0, zlib.DEFLATED, -15)
    content = random.Random(1).randbytes(MB) * 40
    coded = packer.compress(content) + packer.flush()
    with effort.at_most(2):
        assert len(inflate(coded, "deflate", 64 * MB)) == len(content)


def test_a_stream_of_countless_members_is_refused_soon() -> None:
    coded = gzip.compress(b"") * 300_000
    with effort.at_most(2), pytest.raises(TooLarge):
        inflate(coded, "gzip", MB)


@given(st.sampled_from(["gzip", "deflate", "br", "zstd"]), st.binary(max_size=2000))
def test_no_bytes_make_it_fail_in_another_way(name: str, data: bytes) -> None:
    with contextlib.suppress(BadCoding, TooLarge):
        assert len(inflate(data, name, MB)) <= MB


@pytest.mark.parametrize("level", [0, 1, 6, 9])
def test_deflate_under_the_name_of_gzip_is_recognised_and_a_picture_under_it_is_left_as_it_is(level: int) -> None:
    assert inflate(zlib.compress(b"page" * 99, level), "gzip", MB) == b"page" * 99
    for picture in (b"\x89PNG\r\n\x1a\n" + bytes(100), b"\xff\xd8\xff\xe0" + bytes(100), b"x" + bytes(100)):
        assert inflate(picture, "gzip", MB) == picture
