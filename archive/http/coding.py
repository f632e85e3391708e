"""Decode one HTTP content coding in linear time and bounded memory."""

from __future__ import annotations

import sys
import zlib
from typing import TYPE_CHECKING, Protocol

import brotli

from archive.errors import ArchiveError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable

SLICE = 1 << 16
"""Bytes fed to a decompressor at once: it copies what it leaves unread, so a whole body would cost its square."""
FIRST_SLICE = 1 << 9
"""Bytes of a member's first piece, so small for the same reason: a body may consist of a million tiny members."""
MAX_MEMBERS = 10_000
ZSTD_WINDOW: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 23}
"""RFC 9659: no more than 8 MB of window may be asked of an HTTP client."""
GZIP_MAGIC, ZSTD_MAGIC, ZLIB_START = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x78"
BREAKS = (zlib.error, brotli.error, zstd.ZstdError)


class TooLarge(ArchiveError):  # noqa: N818 - the word that callers read: "except TooLarge"
    """Decoding would give more than `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"the decoded body is larger than {limit} bytes: raise the limit if it is supposed to be")


class BadCoding(ArchiveError):  # noqa: N818 - the word that callers read: "except BadCoding"
    """The body cannot be decoded as `coding`; `problem` says why."""

    def __init__(self, coding: str, problem: str) -> None:
        self.coding = coding
        self.problem = problem
        super().__init__(f"cannot decode content coding {coding}: {problem}")


class _Stream(Protocol):
    """One compressed stream: at most `room` bytes out for `data` in; `unused_data` is what it left over at its end."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, room: int) -> bytes: ...


class _Brotli:
    """Gives brotli's decoder the shape of the two others; it accepts nothing after its end, so nothing is left over."""

    unused_data = b""

    def __init__(self) -> None:
        self._decoder = brotli.Decompressor()

    @property
    def eof(self) -> bool:
        return bool(self._decoder.is_finished())

    def decompress(self, data: bytes, room: int) -> bytes:
        return bytes(self._decoder.process(data, output_buffer_limit=room))


def _gzip() -> _Stream:
    return zlib.decompressobj(31)


def _zlib() -> _Stream:
    return zlib.decompressobj(15)


def _raw_deflate() -> _Stream:
    return zlib.decompressobj(-15)


def _zstd() -> _Stream:
    return zstd.ZstdDecompressor(options=ZSTD_WINDOW)


def inflate(data: bytes, coding: str, limit: int) -> bytes:
    """Take `coding` (gzip, x-gzip, deflate, br, zstd; anything else means none) off `data`.

    Gives what decodes before a cut or a break, ignores junk after the end, goes on with concatenated members, and gives
    back `data` itself when it is plainly not coded so.

    Raises:
        TooLarge: more than `limit` bytes, or more members than any honest stream has.
        BadCoding: not a byte could be decoded.
    """
    candidates = _candidates(data, coding.strip().lower())
    for stream in candidates:
        decoded = _drain(data, stream, limit)
        if decoded is not None:
            return decoded
    if candidates and not looks_plain(data):
        raise BadCoding(coding, "broken from its first byte")
    if len(data) > limit:
        raise TooLarge(limit)
    return data


def is_whole(data: bytes, coding: str, limit: int) -> bool:
    """Return whether `data` is a stream of that coding to its end; one that decodes to more than `limit` bytes is not."""
    for start in _candidates(data, coding.strip().lower()):
        stream, at, size, whole = start(), 0, 0, True
        while whole and at < len(data) and not stream.eof and size <= limit:
            decoded, whole = _feed(stream, data[at : at + SLICE], limit + 1 - size)
            size += len(decoded)
            at += SLICE
        if stream.eof and size <= limit:
            return True
    return False


def _candidates(data: bytes, coding: str) -> tuple[Callable[[], _Stream], ...]:
    """Return the decoders to try in turn: the magic number is believed before the name."""
    if not data or coding not in {"gzip", "x-gzip", "deflate", "br", "zstd"}:
        return ()
    if data.startswith(GZIP_MAGIC):
        return (_gzip,)
    if data.startswith(ZSTD_MAGIC):
        return (_zstd,)
    if coding == "deflate":
        return (_zlib, _raw_deflate)
    if coding in {"gzip", "x-gzip"} and _has_zlib_header(data):
        return (_zlib,)
    return (_Brotli,) if coding == "br" else ()


def _has_zlib_header(data: bytes) -> bool:
    """Return whether the first two bytes are those of a zlib stream (RFC 1950, section 2.2)."""
    return data.startswith(ZLIB_START) and int.from_bytes(data[:2]) % 31 == 0


def looks_plain(data: bytes) -> bool:
    """Return whether this is text, sent with the name of a coding it does not have."""
    start = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start[:1] in {b"<", b"{", b"["} or (
        bool(start) and start.isascii() and start.replace(b"\n", b"").decode().isprintable()
    )


def _drain(data: bytes, start: Callable[[], _Stream], limit: int) -> bytes | None:
    """Return all members of a stream, or None when not even the first gives anything and breaks."""
    out, size, at = [], 0, 0
    for _ in range(MAX_MEMBERS):
        stream, step = start(), FIRST_SLICE
        while at < len(data) and not stream.eof:
            piece = data[at : at + step]
            decoded, whole = _feed(stream, piece, limit + 1 - size)
            size += len(decoded)
            out.append(decoded)
            if size > limit:
                raise TooLarge(limit)
            if not whole:
                return b"".join(out) if size else None
            at += len(piece) - len(stream.unused_data)
            step = min(step * 2, SLICE)
        if not stream.eof or not data.startswith((GZIP_MAGIC, ZSTD_MAGIC), at):
            return b"".join(out)
    raise TooLarge(limit)


def _feed(stream: _Stream, piece: bytes, room: int) -> tuple[bytes, bool]:
    """Decode one piece; on a break, what decodes before it and False (the decoder would keep that to itself)."""
    rescue = stream.copy() if hasattr(stream, "copy") else None
    try:
        return stream.decompress(piece, room), True
    except BREAKS:
        return _until_break(rescue, piece, room), False


def _until_break(stream: _Stream | None, piece: bytes, room: int) -> bytes:
    out = bytearray()
    if stream is not None:
        try:
            for at in range(len(piece)):
                if len(out) >= room:
                    break
                out += stream.decompress(piece[at : at + 1], room - len(out))
        except BREAKS:
            pass
    return bytes(out)
