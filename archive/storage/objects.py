"""Store files on any filesystem that fsspec supports (memory, sftp, gs, abfs …), and read ranges of them."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Literal

from archive.errors import DamagedFileError, StorageError, UsageError
from archive.locale import N_
from archive.storage.base import StoredObject, another_file, not_the_same, not_there

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from archive.storage.base import Storage, StorageUrl

READ_BACK = 1 << 22
"""Bytes that are read back at a time."""


def fsspec_for(place: StorageUrl) -> Any:
    """Return the module fsspec; raises UsageError, which names the missing package, when it is not installed."""
    try:
        import fsspec
    except ImportError as error:
        raise UsageError(N_(f"{place.scheme}:// needs {error.name}: pip install 'warraq[s3]'")) from error
    return fsspec


class ObjectStorage:
    """A location on an fsspec filesystem, which finds credentials in its own configuration and the environment."""

    def __init__(self, place: StorageUrl) -> None:
        self.url = place.url
        self.root = "/".join(filter(None, (place.host, place.path)))
        self.fs = self.open_filesystem(place)

    def open_filesystem(self, place: StorageUrl) -> Any:
        """Return the fsspec filesystem of this location; raises UsageError when its library is missing."""
        fsspec = fsspec_for(place)
        try:
            return fsspec.filesystem(place.scheme)
        except (ImportError, ValueError) as error:
            raise UsageError(
                N_(f"{place.scheme}:// cannot be used ({error}): install the package that fsspec needs for it")
            ) from error

    def stat(self, name: str) -> StoredObject | None:
        """Return the object with this name, None when there is none."""
        try:
            with self.answering(name):
                return StoredObject(size=int(self.fs.info(self.path(name))["size"]))
        except StorageError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Return bytes of an object."""
        with self.answering(name):
            return bytes(self.fs.cat_file(self.path(name), start=offset, end=offset + length))

    def put_verified(self, path: Path, name: str, *, sha256: str, replace: bool = False) -> str:
        """Write the file under a temporary name, read it back, and rename it."""
        if self.stat(name):
            with contextlib.suppress(StorageError):
                return self.prove(path, name, sha256=sha256)
            if not replace:
                raise another_file(self.url, name)
        folder, _, last = name.rpartition("/")
        half = f"{folder}/.{last}.{os.getpid()}.new" if folder else f".{last}.{os.getpid()}.new"
        try:
            with self.answering(name):
                self.fs.makedirs(self.path(folder), exist_ok=True)
                self.fs.put_file(str(path), self.path(half))
            proof = self.prove(path, half, sha256=sha256)
            with self.answering(name):
                self.fs.mv(self.path(half), self.path(name))
        except StorageError:
            with contextlib.suppress(Exception):
                self.fs.rm_file(self.path(half))
            raise
        size = path.stat().st_size
        there = self.stat(name)
        if there is None or there.size != size:
            raise not_the_same(self.url, name)
        return proof

    def prove(self, path: Path, name: str, *, sha256: str) -> str:
        """Verify by reading the whole object."""
        there = self.stat(name)
        if there is None:
            raise not_there(self.url, name)
        if there.size != path.stat().st_size or self.sha256_of(name, there.size) != sha256:
            raise not_the_same(self.url, name)
        return "read back"

    def sha256_of(self, name: str, size: int) -> str:
        """Return the sha256 (hex) of the stored bytes."""
        digest = hashlib.sha256()
        for offset in range(0, size, READ_BACK):
            digest.update(self.read_range(name, offset, min(READ_BACK, size - offset)))
        return digest.hexdigest()

    def keeps_versions(self) -> bool:
        """Return False: fsspec does not report versions."""
        return False

    def path(self, name: str) -> str:
        """Return the path of the object on the filesystem."""
        return f"{self.root}/{name}" if self.root else name

    @contextlib.contextmanager
    def answering(self, name: str) -> Iterator[None]:
        """Turn errors of the block into a StorageError that says what to do."""
        try:
            yield
        except FileNotFoundError as error:
            raise not_there(self.url, name) from error
        except PermissionError as error:
            raise refused(self.url, name, error) from error
        except (OSError, NotImplementedError, ValueError) as error:
            raise no_answer(self.url, name, error) from error


def refused(url: str, name: str, error: Exception) -> StorageError:
    """Return the error for an operation that the storage refused."""
    return StorageError(
        url,
        f"{name}: refused ({reason_of(error)})",
        advice=N_(
            "check the credentials (for S3 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or ~/.aws/credentials) and what "
            "they may do with the bucket"
        ),
    )


def no_answer(url: str, name: str, error: Exception) -> StorageError:
    """Return the error for an unavailable storage."""
    return StorageError(
        url,
        N_(f"{name}: no answer ({reason_of(error)})"),
        advice=N_(
            "is it up, and can this machine reach it? Nothing is lost: files stay here until their upload is "
            "verified; try again when it answers"
        ),
        transient=True,
    )


def reason_of(error: Exception) -> str:
    """Return the message of an exception in one line of bounded length."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


# A stored object as a seekable file that is read in byte ranges.

FIRST_WINDOW = 1 << 16
"""Bytes of the first request of a sequential read: a page with its request and metadata usually fits."""
LARGEST_WINDOW = 1 << 22
"""The largest window, in bytes; windows double during a sequential read: few requests for a whole file, little memory."""
KEPT_WINDOWS = 2
BUFFER = 1 << 15
MAX_RECORD = 1 << 30
"""The largest single record, in bytes; a row with a larger length is wrong or hostile."""


class StoredFile:
    """A closed file in a storage. The readers in `archive.warc` use it like a Path: it has a name and can be opened.

    A sequential read fetches windows, each once; the last two are kept. `on_window` is called with the offset and bytes of each
    fetched window.
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
        """Return a seekable reader of the file."""
        return io.BufferedReader(_Reading(self), BUFFER)

    def part(self, offset: int, length: int) -> bytes:
        """Return exactly these bytes, in one request, or in none when they are in a kept window.

        Raises:
            DamagedFileError: the range is outside the file, or too long.
            StorageError: the storage does not return them.
        """
        if offset < 0 or not 0 < length <= MAX_RECORD or offset + length > self.size:
            raise DamagedFileError(self, max(offset, 0), N_(f"no record of {length} B (the file has {self.size} B)"))
        for start, data in self._windows.items():
            if start <= offset and offset + length <= start + len(data):
                return data[offset - start : offset - start + length]
        return self._fetch(offset, length)

    def window(self, at: int) -> bytes:
        """Return at least one byte from `at`, b"" at the end of the file."""
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
    """Return the error for a response whose length is not the requested one."""
    return StorageError(
        url,
        N_(f"received {came} B of {name}, but requested {asked} B"),
        advice=N_("`warraq verify --remote` says whether the file there is whole"),
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
