"""Decompress WARC and ARC files member by member or frame by frame. warcio stops at the first damage and does not read zstd."""

from __future__ import annotations

import re
import sys
import tempfile
import zlib
from contextlib import suppress
from typing import IO, Protocol

from archive.warc.framing import MAX_HEAD, BrokenError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SLICE = 1 << 16
AT_ONCE = 1 << 20
"""Bytes decompressed at once."""
IN_MEMORY = 8 << 20
"""Bytes of a block that are kept in memory until its end is known; larger blocks are kept in a temporary file."""
ZSTD_WINDOW: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 27}
"""128 MB, the largest window that IIPC's specification of `.warc.zst` allows."""
ZSTD_DICTIONARY_LIMIT = 16 << 20
"""The largest dictionary, in decompressed bytes; those in use have at most 1 MB."""

GZIP, ZSTD, ZSTD_DICTIONARY = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x5d\x2a\x4d\x18"
STARTS = (b"WARC/", b"filedesc:", b"http:/", b"https:", b"dns:")


class Stream(Protocol):
    """Bytes of a file from a position up to its end, or up to the end of a gzip member or zstd frame (then `is_frame`)."""

    is_frame: bool

    def more(self) -> bytes:
        """Return the next bytes, b"" at the end. Raises BrokenError."""

    def end(self) -> int | None:
        """Return the offset in the file at which the stream ends; None at the end of the file."""


class _Plain:
    """The rest of an uncompressed file."""

    is_frame = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def more(self) -> bytes:
        return self._file.read(SLICE)

    def end(self) -> int | None:
        return None


class _Packed:
    """One gzip member or zstd frame, decompressed in slices: a kilobyte in the file can hold a megabyte."""

    is_frame = True

    def __init__(self, file: IO[bytes], dictionary: zstd.ZstdDict | None, *, is_gzip: bool) -> None:
        self._file = file
        self._gzip = zlib.decompressobj(31) if is_gzip else None
        self._zstd = None if is_gzip else zstd.ZstdDecompressor(zstd_dict=dictionary, options=ZSTD_WINDOW)

    def more(self) -> bytes:
        stream = self._gzip or self._zstd
        assert stream  # noqa: S101 - one of the two
        while not stream.eof:
            try:
                unpacked = stream.decompress(self._packed(), AT_ONCE)
            except (zlib.error, zstd.ZstdError) as error:
                raise BrokenError(f"broken compression ({error})") from error
            if unpacked:
                return unpacked
        return b""

    def _packed(self) -> bytes:
        """Return the next compressed bytes."""
        waiting = self._gzip.unconsumed_tail if self._gzip else b""
        if waiting or (self._zstd and not self._zstd.needs_input):
            return waiting
        data = self._file.read(SLICE)
        if not data:
            raise BrokenError("truncated record (the file ends within compressed data)")
        return data

    def end(self) -> int | None:
        stream = self._gzip or self._zstd
        with suppress(BrokenError):
            while self.more():
                pass
            return self._file.tell() - len(stream.unused_data) if stream else None
        return None


class Reader:
    """Reads a stream by lines or by number of bytes; bytes can be put back."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._buffer = b""
        self._back: list[IO[bytes]] = []
        self.taken = 0

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end."""
        data = self._some()
        self._buffer = data[size:]
        self.taken += min(size, len(data))
        return data[:size]

    def line(self) -> bytes:
        """Return the next line with its line end; only a part of a line that is longer than the largest head."""
        data = self._some()
        while (end := data.find(b"\n")) == -1 and len(data) < MAX_HEAD:
            self._buffer = b""
            if not (more := self._some()):
                break
            data += more
        end = end + 1 or min(len(data), MAX_HEAD)
        self._buffer = data[end:]
        self.taken += end
        return data[:end]

    def put_back(self, data: bytes) -> None:
        """Put back `data`, to be read next."""
        self._buffer = data + self._buffer
        self.taken -= len(data)

    def put_back_file(self, file: IO[bytes], size: int) -> None:
        """Put back the rest of `file` from its position, to be read next."""
        if self._buffer:
            kept = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - read and dropped later
            kept.write(self._buffer)
            kept.seek(0)
            self._back.append(kept)
            self._buffer = b""
        self._back.append(file)
        self.taken -= size

    def close(self) -> None:
        """Close the files that were put back."""
        for file in self._back:
            file.close()

    def _some(self) -> bytes:
        while not self._buffer and self._back:
            self._buffer = self._back[-1].read(SLICE)
            if not self._buffer:
                self._back.pop().close()
        return self._buffer or self._stream.more()


def open_stream(file: IO[bytes], offset: int, dictionary: zstd.ZstdDict | None) -> Stream:
    """Return the stream that starts at `offset`. Raises BrokenError when none starts there."""
    file.seek(offset)
    magic = file.read(8)
    file.seek(offset)
    if magic.startswith(GZIP):
        return _Packed(file, None, is_gzip=True)
    if magic.startswith(ZSTD):
        return _Packed(file, dictionary, is_gzip=False)
    if not offset or magic.startswith(STARTS):
        return _Plain(file)
    raise BrokenError("neither a compressed record nor the start of one")


def read_dictionary(file: IO[bytes]) -> tuple[zstd.ZstdDict | None, int]:
    """Return the dictionary before the first frame of a `.warc.zst`, compressed or not, and the offset of its end. Raises BrokenError."""
    file.seek(0)
    magic = file.read(8)
    if not magic.startswith(ZSTD_DICTIONARY):
        return None, 0
    size = int.from_bytes(magic[4:8], "little")
    data = file.read(min(size, ZSTD_DICTIONARY_LIMIT))
    try:
        if data.startswith(ZSTD):
            data = zstd.ZstdDecompressor(options=ZSTD_WINDOW).decompress(data, ZSTD_DICTIONARY_LIMIT)
        return zstd.ZstdDict(data), 8 + size
    except (zstd.ZstdError, ValueError) as error:
        raise BrokenError(f"broken zstd dictionary ({error})") from error


def next_start(file: IO[bytes], offset: int, dictionary: zstd.ZstdDict | None) -> int | None:
    """Return the offset of the next compressed record after a damaged one, None when there is none."""
    at, tail = offset + 1, b""
    file.seek(at)
    while piece := file.read(1 << 20):
        data = tail + piece
        for found in re.finditer(re.escape(GZIP) + b"|" + re.escape(ZSTD), data):
            if _starts_record(data[found.start() : found.start() + 512], dictionary):
                return at - len(tail) + found.start()
        at += len(piece)
        tail = data[-511:]
    return None


def _starts_record(data: bytes, dictionary: zstd.ZstdDict | None) -> bool:
    try:
        if data.startswith(GZIP):
            return zlib.decompressobj(31).decompress(data, 8).startswith(STARTS)
        unpacked = zstd.ZstdDecompressor(zstd_dict=dictionary, options=ZSTD_WINDOW).decompress(data, 8)
        return not unpacked or unpacked.startswith(STARTS)
    except (zlib.error, zstd.ZstdError):
        return False
