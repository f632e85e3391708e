"""Keeps files on any filesystem that fsspec speaks (memory, sftp, gs, abfs …): written under another name, read back, then named."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING, Any

from archive.errors import StorageError, UsageError
from archive.storage.base import StoredObject
from archive.storage.folder import another_file, not_the_same, not_there

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.storage.base import StorageUrl

READ_BACK = 1 << 22
"""Bytes that are read back at a time."""


def fsspec_for(place: StorageUrl) -> Any:
    """The module fsspec; raises UsageError saying what to install."""
    try:
        import fsspec
    except ImportError as error:
        raise UsageError(f"{place.scheme}:// needs {error.name}: pip install 'warraq[s3]'") from error
    return fsspec


class ObjectStorage:
    """A place on a filesystem of fsspec's; credentials are found by its own configuration and environment."""

    def __init__(self, place: StorageUrl) -> None:
        self.url = place.url
        self.root = "/".join(filter(None, (place.host, place.path)))
        self.fs = self.open_filesystem(place)

    def open_filesystem(self, place: StorageUrl) -> Any:
        """The fsspec filesystem of this place; raises UsageError when its library is missing."""
        fsspec = fsspec_for(place)
        try:
            return fsspec.filesystem(place.scheme)
        except (ImportError, ValueError) as error:
            raise UsageError(f"{place.scheme}:// cannot be used ({error}): install what fsspec needs for it") from error

    def stat(self, name: str) -> StoredObject | None:
        """What is there."""
        try:
            with self.answering(name):
                return StoredObject(size=int(self.fs.info(self.path(name))["size"]))
        except StorageError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Bytes of an object."""
        with self.answering(name):
            return bytes(self.fs.cat_file(self.path(name), start=offset, end=offset + length))

    def put_verified(self, path: Path, name: str, *, sha256: str, replace: bool = False) -> str:
        """Write the file under a name of its own, read it back, and give it its name."""
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
        """Read all of it."""
        there = self.stat(name)
        if there is None:
            raise not_there(self.url, name)
        if there.size != path.stat().st_size or self.sha256_of(name, there.size) != sha256:
            raise not_the_same(self.url, name)
        return "read back"

    def sha256_of(self, name: str, size: int) -> str:
        """The sha256 (hex) of the bytes that are there."""
        digest = hashlib.sha256()
        for offset in range(0, size, READ_BACK):
            digest.update(self.read_range(name, offset, min(READ_BACK, size - offset)))
        return digest.hexdigest()

    def keeps_versions(self) -> bool:
        """Not that it said."""
        return False

    def path(self, name: str) -> str:
        """The object's path as the filesystem takes it."""
        return f"{self.root}/{name}" if self.root else name

    @contextlib.contextmanager
    def answering(self, name: str) -> Iterator[None]:
        """Turn whatever goes wrong in here into a StorageError that says what to do."""
        try:
            yield
        except FileNotFoundError as error:
            raise not_there(self.url, name) from error
        except PermissionError as error:
            raise refused(self.url, name, error) from error
        except (OSError, NotImplementedError, ValueError) as error:
            raise no_answer(self.url, name, error) from error


def refused(url: str, name: str, error: Exception) -> StorageError:
    """The error of what we may not do there."""
    return StorageError(
        url,
        f"{name}: refused ({one_line(error)})",
        advice="check the credentials (for S3 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or ~/.aws/credentials) and what "
        "they may do with the bucket",
    )


def no_answer(url: str, name: str, error: Exception) -> StorageError:
    """The error for an unavailable storage."""
    return StorageError(
        url,
        f"{name}: no answer ({one_line(error)})",
        advice="is it up, and can this machine reach it? Nothing is lost: files stay here until they are proved to be there; ask again "
        "when it answers",
        transient=True,
    )


def one_line(error: Exception) -> str:
    """What an exception says, in one line of bounded length."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
