"""Reads a stored file as if it were here: byte ranges of an object in, a file to seek and read in out."""

from __future__ import annotations

import io
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal

from archive.errors import DamagedFileError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from archive.storage.base import Storage

FIRST_WINDOW = 1 << 16
"""Bytes of the first request where reading goes on from a place: a page with its request and metadata fits in mostly."""
LARGEST_WINDOW = 1 << 22
"""What windows grow to, doubling, while reading goes on: few requests for a whole file, little memory."""
KEPT_WINDOWS = 2
BUFFER = 1 << 15
MAX_RECORD = 1 << 30
"""Bytes of a single record at most; a row that says more is wrong, or written to make us ask for it."""


class StoredFile:
    """A closed file that lies in a storage. To the readers in `archive.warc` it is what a Path is: it has a name and can be opened.

    Reading on from a place fetches windows, each once; two are kept. `on_window` hears of every window that is fetched: its offset
    and its bytes.
    """

    def __init__(
        self, storage: Storage, key: str, *, size: int, on_window: Callable[[int, bytes], None] | None = None
    ) -> None:
        """`key` is the object's name in the storage, as in `archive/NAME.warc.gz`."""
        self.storage, self.key, self.size = storage, key, size
        self.name = key.rsplit("/", 1)[-1]
        self._on_window = on_window
        self._windows: OrderedDict[int, bytes] = OrderedDict()
        self._next = (0, FIRST_WINDOW)

    def __str__(self) -> str:
        return f"{self.name} in {self.storage.url}"

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:  # noqa: ARG002 - as Path.open has it
        """The file, to be read from any place on."""
        return io.BufferedReader(_Reading(self), BUFFER)

    def part(self, offset: int, length: int) -> bytes:
        """Exactly these bytes, in one request (in none when they are in a window that is kept).

        Raises:
            DamagedFileError: the file does not have them.
            StorageError: the storage does not give them.
        """
        if offset < 0 or not 0 < length <= MAX_RECORD or offset + length > self.size:
            raise DamagedFileError(self, max(offset, 0), f"no record of {length} bytes (the file has {self.size})")
        for start, data in self._windows.items():
            if start <= offset and offset + length <= start + len(data):
                return data[offset - start : offset - start + length]
        return self._fetch(offset, length)

    def window(self, at: int) -> bytes:
        """Bytes from `at` on, at least one, b"" at the end of the file."""
        for start, data in self._windows.items():
            if start <= at < start + len(data):
                return data[at - start :]
        if not 0 <= at < self.size:
            return b""
        expected, wish = self._next
        length = min(wish if at == expected else FIRST_WINDOW, self.size - at)
        data = self._fetch(at, length)
        self._next = (at + length, min(2 * length, LARGEST_WINDOW))
        self._windows[at] = data
        while len(self._windows) > KEPT_WINDOWS:
            self._windows.popitem(last=False)
        if self._on_window:
            self._on_window(at, data)
        return data

    def _fetch(self, offset: int, length: int) -> bytes:
        data = self.storage.read_range(self.key, offset, length)
        if len(data) != length:
            raise wrong_length(self.storage.url, self.key, length, len(data))
        return data


def wrong_length(url: str, name: str, asked: int, came: int) -> StorageError:
    """The error of an answer that is not as long as what was asked for."""
    return StorageError(
        url,
        f"{came} bytes of {name} came where {asked} were asked for",
        advice="`warraq verify --remote` says whether the file there is whole",
        transient=True,
    )


class _Reading(io.RawIOBase):
    """One reader of a stored file."""

    def __init__(self, file: StoredFile) -> None:
        super().__init__()
        self._file, self._at = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        self._at = max(start + offset, 0)
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._file.window(self._at)[: len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
