"""RFC 9112 (and the parts of RFC 9110 that frame a message), case by case with its section: where a response ends, and whether the connection is kept.

Own cases, written from the text of the RFC; `tests/crawler/download/test_framing.py` cuts each message of the oddities at every byte besides.
"""
# ruff: noqa: E501 -- a table of data

import pytest

from crawler.download.errors import ExchangeError
from crawler.download.framing import Limits, ResponseFraming

LIMITS = Limits(header_bytes=10_000, line_bytes=5_000, body_bytes=50_000)
OK = "HTTP/1.1 200 OK\r\n"
TE = "Transfer-Encoding: chunked\r\n"

# section, what, bytes (the connection is closed after them), method, body or the error's outcome, kept alive, bytes that belong to no message
CASES = [
    ("2.2", "a bare LF ends a line", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "GET", b"ok", True, 0),
    ("2.2", "an empty line before the status line", "\r\n" + OK + "Content-Length: 2\r\n\r\nok", "GET", b"ok", True, 0),
    ("2.2", "a bare CR is no line end", OK + "X: a\rContent-Length: 5\r\nContent-Length: 2\r\n\r\nok", "GET", b"ok", True, 0),
    ("2.3", "a later minor version", "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok", "GET", b"ok", False, 0),
    ("2.3", "a version that is none", "HTTP/x 200 OK\r\n\r\n", "GET", "not-http", None, 0),
    ("4", "no reason phrase", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", "GET", b"ok", True, 0),
    ("4", "neither reason phrase nor blank", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "GET", b"ok", True, 0),
    ("4", "a status code of letters", "HTTP/1.1 two OK\r\n\r\n", "GET", "not-http", None, 0),
    ("4", "no status line: HTTP/0.9", "<html>", "GET", "not-http", None, 0),
    ("5.1", "a blank before the colon", OK + "Content-Length : 2\r\n\r\nok", "GET", b"ok", True, 0),
    ("5.2", "obs-fold joins lines", OK + "X: one\r\n two\r\nContent-Length:\r\n 2\r\n\r\nok", "GET", b"ok", True, 0),
    ("5.2", "obs-fold right after the status line", OK + " X: y\r\nContent-Length: 2\r\n\r\nok", "GET", b"ok", True, 0),
    ("6.1", "chunked decides over a length, and the connection ends", OK + TE + "Content-Length: 9\r\n\r\n2\r\nok\r\n0\r\n\r\n", "GET", b"ok", False, 0),
    ("6.1", "the same with the length first", OK + "Content-Length: 9\r\n" + TE + "\r\n2\r\nok\r\n0\r\n\r\n", "GET", b"ok", False, 0),
    ("6.1", "in any case, with blanks", OK + "TRANSFER-ENCODING:\t Chunked \r\n\r\n2\r\nok\r\n0\r\n\r\n", "GET", b"ok", True, 0),
    ("6.1", "over two lines, chunked last", OK + "Transfer-Encoding: gzip\r\n" + TE + "\r\n2\r\nok\r\n0\r\n\r\n", "GET", b"ok", True, 0),
    ("6.1", "chunked that is not last: until the close", OK + "Transfer-Encoding: chunked, gzip\r\n\r\n2\r\nok", "GET", b"2\r\nok", False, 0),
    ("6.1", "an unknown coding: until the close", OK + "Transfer-Encoding: x\r\n\r\nok", "GET", b"ok", False, 0),
    ("6.1", "a word that only looks like chunked", OK + "Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\nok", "GET", b"ok", False, 0),
    ("6.1", "a coding from HTTP/1.0 ends the connection", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + TE + "\r\n2\r\nok\r\n0\r\n\r\n", "GET", b"ok", False, 0),
    ("6.3 item 1", "HEAD", OK + "Content-Length: 99\r\n\r\n", "HEAD", b"", True, 0),
    ("6.3 item 1", "HEAD, chunked", OK + TE + "\r\n", "HEAD", b"", True, 0),
    ("6.3 item 1", "204", "HTTP/1.1 204 No\r\n\r\n", "GET", b"", True, 0),
    ("6.3 item 1", "204 with a length and a body", "HTTP/1.1 204 No\r\nContent-Length: 4\r\n\r\nBODY", "GET", b"", False, 4),
    ("6.3 item 1", "304 with a length", "HTTP/1.1 304 Not\r\nContent-Length: 99\r\n\r\n", "GET", b"", True, 0),
    ("6.3 item 1", "304, chunked", "HTTP/1.1 304 Not\r\n" + TE + "\r\n", "GET", b"", True, 0),
    ("6.3 item 2", "CONNECT", OK + "Content-Length: 99\r\n\r\n", "CONNECT", b"", True, 0),
    ("6.3 item 2", "CONNECT refused has a body", "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", "CONNECT", b"no", True, 0),
    ("6.3 item 5", "the same length twice", OK + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", "GET", b"ok", True, 0),
    ("6.3 item 5", "the same length in a list", OK + "Content-Length: 2, 2\r\n\r\nok", "GET", b"ok", True, 0),
    ("6.3 item 5", "two lengths", OK + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nokk", "GET", b"okk", False, 0),
    ("6.3 item 5", "a negative length", OK + "Content-Length: -2\r\n\r\nok", "GET", b"ok", False, 0),
    ("6.3 item 5", "a length with a sign", OK + "Content-Length: +2\r\n\r\nok", "GET", b"ok", False, 0),
    ("6.3 item 5", "a length in hex", OK + "Content-Length: 0x2\r\n\r\nok", "GET", b"ok", False, 0),
    ("6.3 item 5", "an empty length", OK + "Content-Length:\r\n\r\nok", "GET", b"ok", False, 0),
    ("6.3 item 8", "neither: until the close", OK + "\r\nok", "GET", b"ok", False, 0),
    ("7.1", "hex in capitals, leading zeros", OK + TE + "\r\n000A\r\n0123456789\r\n0\r\n\r\n", "GET", b"0123456789", True, 0),
    ("7.1", "many zeros for the last chunk", OK + TE + "\r\n2\r\nok\r\n0000\r\n\r\n", "GET", b"ok", True, 0),
    ("7.1", "no size", OK + TE + "\r\n\r\nok\r\n0\r\n\r\n", "GET", "bad-framing", None, 0),
    ("7.1", "a negative size", OK + TE + "\r\n-2\r\nok\r\n0\r\n\r\n", "GET", "bad-framing", None, 0),
    ("7.1", "a size with 0x", OK + TE + "\r\n0x2\r\nok\r\n0\r\n\r\n", "GET", "bad-framing", None, 0),
    ("7.1", "a size that overflows 64 bits", OK + TE + "\r\n10000000000000002\r\nok\r\n0\r\n\r\n", "GET", "bad-framing", None, 0),
    ("7.1", "data longer than its size", OK + TE + "\r\n2\r\nokk\r\n0\r\n\r\n", "GET", "bad-framing", None, 0),
    ("7.1.1", "a chunk extension", OK + TE + "\r\n2;a=b;c=\"d e\"\r\nok\r\n0;x\r\n\r\n", "GET", b"ok", True, 0),
    ("7.1.1", "a blank before the extension", OK + TE + "\r\n2 ;a\r\nok\r\n0\r\n\r\n", "GET", b"ok", True, 0),
    ("7.1.2", "trailer fields", OK + TE + "Trailer: X\r\n\r\n2\r\nok\r\n0\r\nX: 1\r\nY: 2\r\n\r\n", "GET", b"ok", True, 0),
    ("7.1.2", "a length in the trailer changes nothing", OK + TE + "\r\n2\r\nok\r\n0\r\nContent-Length: 9\r\n\r\n", "GET", b"ok", True, 0),
    ("8", "closed in the head", OK + "Content-Le", "GET", "closed", None, 0),
    ("8", "closed before its length", OK + "Content-Length: 9\r\n\r\nok", "GET", "short-body", None, 0),
    ("8", "closed before the last chunk", OK + TE + "\r\n2\r\nok\r\n", "GET", "short-body", None, 0),
    ("8", "closed in the trailer", OK + TE + "\r\n2\r\nok\r\n0\r\nX: 1\r\n", "GET", "short-body", None, 0),
    ("9.3", "close", OK + "Connection: close\r\nContent-Length: 2\r\n\r\nok", "GET", b"ok", False, 0),
    ("9.3", "close in a list, in any case", OK + "Connection: x, CLOSE\r\nContent-Length: 2\r\n\r\nok", "GET", b"ok", False, 0),
    ("9.3", "HTTP/1.0 without keep-alive", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "GET", b"ok", False, 0),
    ("9.3", "HTTP/1.0 with keep-alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", "GET", b"ok", True, 0),
    ("9.3.2", "a response that nobody asked for", OK + "Content-Length: 2\r\n\r\nok" + OK + "Content-Length: 2\r\n\r\nno", "GET", b"ok", False, 40),
    ("9.3.2", "an empty line too many", OK + "Content-Length: 2\r\n\r\nok\r\n", "GET", b"ok", False, 2),
    ("RFC 9110, 15.2", "a chain of interim responses", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 E\r\nLink: </a>\r\n\r\n" + OK + "Content-Length: 2\r\n\r\nok", "GET", b"ok", True, 0),
    ("RFC 9110, 15.2", "an unknown one", "HTTP/1.1 199 X\r\n\r\n" + OK + "Content-Length: 2\r\n\r\nok", "GET", b"ok", True, 0),
    ("RFC 9110, 15.2", "one that claims a length has no body", "HTTP/1.1 103 E\r\nContent-Length: 5\r\n\r\n" + OK + "Content-Length: 2\r\n\r\nok", "GET", b"ok", True, 0),
    ("RFC 9110, 15.2", "and then nothing", "HTTP/1.1 103 E\r\n\r\n", "GET", "closed", None, 0),
    ("RFC 9110, 15.2.2", "101 that nobody asked for ends the connection", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "GET", b"", False, 0),
    ("RFC 9110, 15.2.2", "what comes after it is no message", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n\x81\x05hello", "GET", b"", False, 7),
    ("RFC 9110, 15.3.6", "205", "HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n", "GET", b"", True, 0),
    ("RFC 9110, 15", "a class that is none", "HTTP/1.1 999 No\r\nContent-Length: 2\r\n\r\nno", "GET", b"no", True, 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("section", "what", "data", "method", "expected", "kept", "surplus"),
    CASES,
    ids=[f"{case[0]}: {case[1]}" for case in CASES],
)
def test_framing(section, what, data, method, expected, kept, surplus):
    framing = ResponseFraming(method=method.encode(), limits=LIMITS)
    problem = None
    try:
        done = framing.feed(data.encode("latin-1"))
        problem = None if done else framing.close()
        outcome = problem.outcome if problem else "" if framing.complete else "closed"
    except ExchangeError as error:
        outcome = error.outcome
    if isinstance(expected, str):
        assert outcome == expected
        return
    assert outcome == ""
    assert framing.body == expected
    assert framing.persistent is kept
    assert len(framing.received) - framing.end == surplus
