"""Responses as real servers send them, byte for byte, by path: valid, sloppy and broken ones."""
# ruff: noqa: E501 -- a table of data reads best a row a line

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import TYPE_CHECKING, Any

import brotli

from tests.support.server import Exchange, Route, answer, page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TEXT = "".join(f"<p>Paragraph {n} of a page about nothing at all, long enough to be read.</p>" for n in range(12))
HTML = f"<!DOCTYPE html><html><head><title>Odd</title></head><body><h1>Odd</h1>{TEXT}</body></html>".encode()
ARABIC = '<html><meta charset="utf-8"><p>ورقة قديمة من دفتر الوراق</p></html>'
GZIPPED = gzip.compress(HTML, 3, mtime=1_000_000_000)
GZIP_NAMED = GZIPPED[:3] + b"\x08" + GZIPPED[4:10] + b"index.html\0" + GZIPPED[10:]
ZSTANDARD = b"\x28\xb5\x2f\xfd\x20\x09\x49\x00\x00<p>hi</p>"
"""Return a zstd frame of one raw block (RFC 8878): magic number, single segment, content size, block header."""
_DEFLATER = zlib.compressobj(9, zlib.DEFLATED, -15)
RAW_DEFLATED = _DEFLATER.compress(HTML) + _DEFLATER.flush()


def chunked(data: bytes, size: int) -> bytes:
    """Return `data` in chunks of `size` bytes, with the last chunk."""
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def coded(coding: str, data: bytes) -> bytes:
    return page(data, headers=f"Content-Type: text/html\r\nContent-Encoding: {coding}")


OK2 = b"Content-Length: 2\r\n\r\nok"
KEPT: dict[str, bytes] = {
    # heads
    "/plain": page(HTML),
    "/odd-case": b'HTTP/1.1 200 OK\r\nsERVER: x\r\nX-Two: 2\r\ncontent-TYPE: text/html\r\nX-One: 1\r\netag: "q"\r\n'
    + OK2,
    "/interleaved": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nLink: <1>\r\nSet-Cookie: b=2\r\nX: y\r\nLink: <2>\r\n"
    + OK2,
    "/latin-reason": "HTTP/1.1 200 Tout  à fait !\r\n".encode("latin-1") + OK2,
    "/no-reason": b"HTTP/1.1 200\r\n" + OK2,
    "/empty-reason": b"HTTP/1.1 200 \r\n" + OK2,
    "/blanks": b"HTTP/1.1 200 OK\r\nX-Wide :   a   b  \t\r\nX-None:\r\nX-Tab:\tt\r\nContent-Length:  2 \r\n\r\nok",
    "/folded": b"HTTP/1.1 200 OK\r\nX-Fold: one\r\n two\r\n\tthree\r\n" + OK2,
    "/bare-lf": b"HTTP/1.1 200 OK\nX-Lf: yes\nContent-Length: 2\n\nok",
    "/no-colon": b"HTTP/1.1 200 OK\r\nthis is no header\r\n" + OK2,
    "/eight-bit": b"HTTP/1.1 200 OK\r\nX-Name: caf\xe9 \xd9\x88\xd8\xb1\xd9\x82\r\n" + OK2,
    "/nul": b"HTTP/1.1 200 OK\r\nX-Nul: a\0b\r\n" + OK2,
    "/empty-line-first": b"\r\nHTTP/1.1 200 OK\r\n" + OK2,
    "/two-empty-lines-first": b"\r\n\r\nHTTP/1.1 200 OK\r\n" + OK2,
    "/lower-case-version": b"http/1.1 200 ok\r\n" + OK2,
    # interim responses
    "/early-hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\n" + OK2,
    "/continue": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n" + OK2,
    "/two-interims": b"HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 103 Hints\r\nX: 1\r\n\r\nHTTP/1.1 200 OK\r\n" + OK2,
    # framing
    "/chunked": b'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nTrailer: X-Sum\r\n\r\n0003;x="y"\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n',
    "/chunked-lf": b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\n",
    "/one-byte-chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"0123456789", 1),
    "/chunked-gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    + chunked(GZIPPED, 90),
    "/http10-kept": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + OK2,
    "/same-length-twice": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + OK2,
    "/same-length-listed": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
    "/empty": page(b""),
    "/no-content": b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
    "/not-modified": b'HTTP/1.1 304 Not Modified\r\nETag: "e"\r\nContent-Length: 4321\r\n\r\n',
    "/status-999": b"HTTP/1.1 999 Denied\r\n" + OK2,
    "/redirect": b"HTTP/1.1 302 Found\r\nLocation: /plain\r\nContent-Length: 0\r\n\r\n",
    "/server-error": page(b"broken", status="500 Internal Server Error"),
    # content codings and charsets: the handler must not touch them
    "/gzip": coded("gzip", GZIPPED),
    "/x-gzip": coded("x-gzip", GZIPPED),
    "/gzip-twice": coded("gzip, gzip", gzip.compress(GZIPPED, mtime=0)),
    "/gzip-members": coded("gzip", gzip.compress(HTML[:99], mtime=0) + gzip.compress(HTML[99:], mtime=0)),
    "/gzip-cut": coded("gzip", GZIPPED[:-30]),
    "/gzip-junk": coded("gzip", GZIPPED + b"\0" * 40 + b"junk"),
    "/gzip-lie": coded("gzip", HTML),
    "/deflate": coded("deflate", zlib.compress(HTML)),
    "/deflate-raw": coded("deflate", RAW_DEFLATED),
    "/brotli": coded("br", brotli.compress(HTML)),
    "/zstd": coded("zstd", ZSTANDARD),
    "/gzip-named": coded("gzip", GZIP_NAMED),
    "/unknown-coding": coded("rot13", HTML),
    "/identity": coded("identity", HTML),
    "/charset-as-coding": coded("UTF-8", HTML),
    "/cp1256-as-utf8": page(ARABIC.encode("cp1256")),
    "/cp1256-unsaid": page(ARABIC.encode("cp1256"), headers="Content-Type: text/html"),
    "/utf7": page(b"<meta charset=utf-7><p>+ADw-b+AD4-</p>", headers="Content-Type: text/html"),
    "/utf16": page(ARABIC.encode("utf-16"), headers="Content-Type: text/html"),
    "/bogus-charset": page(ARABIC.encode(), headers="Content-Type: text/html; charset=x-none"),
    "/bad-utf8": page(b"<p>\xff\xfe\xc0\x80\xed\xa0\x80\0</p>"),
}
CLOSED: dict[str, bytes] = {
    "/http10": b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\neverything until the end",
    "/http11-until-close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\neverything until the end",
    "/http12": b"HTTP/1.2 200 OK\r\n" + OK2,
    "/http2-line": b"HTTP/2 200\r\n" + OK2,
    "/icy": b"ICY 200 OK\r\n" + OK2,
    "/status-42": b"HTTP/1.1 42 Hm\r\n" + OK2,
    "/different-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
    "/negative-length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nok",
    "/hex-length": b"HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n\r\nok",
    "/length-and-chunked": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n"
    + chunked(b"ok", 2),
    "/gzip-in-transfer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" + chunked(GZIPPED, 500),
    "/gzip-not-chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n" + GZIPPED,
    "/te-identity": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n" + OK2,
}
SURPLUS: dict[str, tuple[bytes, bytes]] = {  # the message, and what came after it in the same breath
    "/surplus": (page(b"ok"), b"NOBODY ASKED FOR THIS"),
    "/smuggled": (page(b"ok"), page(b"<p>a second response</p>")),
    "/no-content-with-body": (b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n", b"BODY"),
    "/not-modified-with-body": (b'HTTP/1.1 304 Not Modified\r\nETag: "e"\r\n\r\n', b"BODY"),
}
BROKEN: dict[str, tuple[bytes, str, str]] = {  # bytes, outcome, WARC-Truncated
    "/short-body": (b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + HTML[:300], "short-body", "disconnect"),
    "/cut-chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n9\r\nhal", "short-body", "disconnect"),
    "/no-last-chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "short-body", "disconnect"),
    "/nothing": (b"", "closed", "disconnect"),
    "/half-head": (b"HTTP/1.1 200 OK\r\nContent-Le", "closed", "disconnect"),
    "/only-interim": (b"HTTP/1.1 103 Early Hints\r\n\r\n", "closed", "disconnect"),
    "/http09": (b"<html>no status line</html>", "not-http", "unspecified"),
    "/ssh": (b"SSH-2.0-OpenSSH_9.2\r\n", "not-http", "unspecified"),
    "/http2": (b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64", "http2-only", "unspecified"),
    "/bad-chunk-size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nok\r\n0\r\n\r\n", "bad-framing", "unspecified"),
    "/huge-chunk-size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nok", "bad-framing", "unspecified"),
    "/bad-chunk-end": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokXX\r\n0\r\n\r\n", "bad-framing", "unspecified"),
}  # fmt: skip


async def reset_in_body(exchange: Exchange) -> bool:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b"x" * 500)
    await asyncio.sleep(0.1)
    exchange.reset()
    return False


async def reset_before_head(exchange: Exchange) -> bool:
    exchange.reset()
    return False


async def stale(exchange: Exchange) -> bool:
    """Answers the first request of a connection and closes it at the second, as after an idle timeout."""
    if exchange.request.number > 1:
        return False
    await exchange.send(page(b"first"))
    return True


async def hang(exchange: Exchange) -> bool:
    await asyncio.sleep(60)
    return False


async def hang_in_head(exchange: Exchange) -> bool:
    await exchange.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    await asyncio.sleep(60)
    return False


async def hang_in_body(exchange: Exchange) -> bool:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbeginning")
    await asyncio.sleep(60)
    return False


async def endless_body(exchange: Exchange) -> bool:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        await exchange.send(b"<p>more</p>" * 6000)


async def endless_chunks(exchange: Exchange) -> bool:
    await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await exchange.send(b"fff0\r\n" + b"y" * 0xFFF0 + b"\r\n")


async def endless_trailer(exchange: Exchange) -> bool:
    await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n")
    while True:
        await exchange.send(b"X-Trailer: t\r\n" * 4000)


async def endless_headers(exchange: Exchange) -> bool:
    await exchange.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await exchange.send(b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 1000)


async def endless_header_line(exchange: Exchange) -> bool:
    await exchange.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        await exchange.send(b"a" * 65536)


async def endless_interims(exchange: Exchange) -> bool:
    while True:
        await exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 500)


RUNAWAYS: dict[str, tuple[Route, str, str]] = {  # route, outcome, WARC-Truncated
    "/reset-in-body": (reset_in_body, "reset", "disconnect"),
    "/reset-before-head": (reset_before_head, "reset", "disconnect"),
    "/hang": (hang, "first-byte-timeout", "time"),
    "/hang-in-head": (hang_in_head, "timeout", "time"),
    "/hang-in-body": (hang_in_body, "timeout", "time"),
    "/endless-body": (endless_body, "too-large", "length"),
    "/endless-chunks": (endless_chunks, "too-large", "length"),
    "/endless-trailer": (endless_trailer, "too-large", "length"),
    "/endless-headers": (endless_headers, "headers-too-large", "length"),
    "/endless-header-line": (endless_header_line, "headers-too-large", "length"),
    "/endless-interims": (endless_interims, "headers-too-large", "length"),
    "/announced-too-large": (
        answer(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nbeginning", close=True),
        "too-large",
        "length",
    ),
}


LIMITS = {
    "DOWNLOAD_TIMEOUT": 300,
    "WARRAQ_FIRST_BYTE_TIMEOUT": 5,
    "WARRAQ_MAX_BODY_BYTES": 1_000_000,
    "CONCURRENT_REQUESTS": 8,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
}
"""Settings for the routes that never end. Only a route that hangs has a short timeout; on a busy machine the others need longer."""
HANGS = 3.0
"""The timeout in seconds of a route that must time out."""


def asked(url: Callable[[str], str], paths: Iterable[str], **meta: object) -> list[dict[str, Any]]:
    """Return requests for `paths`, for `fetch`."""
    short = {path for path, (_, outcome, _) in RUNAWAYS.items() if outcome == "timeout"}
    return [{"url": url(path), "meta": meta | ({"download_timeout": HANGS} if path in short else {})} for path in paths]


def routes() -> dict[str, Route]:
    """Return every route of this module, for a Server."""
    found: dict[str, Route] = {path: answer(data) for path, data in KEPT.items()}
    found |= {path: answer(data, close=True) for path, data in CLOSED.items()}
    found |= {path: answer(message + rest) for path, (message, rest) in SURPLUS.items()}
    found |= {path: answer(data, close=True) for path, (data, _, _) in BROKEN.items()}
    found |= {path: route for path, (route, _, _) in RUNAWAYS.items()}
    return found | {"/stale": stale}
