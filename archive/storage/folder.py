"""Keeps files in another folder of this machine (a larger disk, a network mount): the storage that needs nothing installed."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import IO, TYPE_CHECKING

from archive.errors import NotWritableError, StorageError, UsageError
from archive.files.atomic import replace_file
from archive.files.opening import open_read
from archive.storage.base import StoredObject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.storage.base import StorageUrl

CHUNK = 1 << 20


class FolderStorage:
    """A folder; files are written beside their name, synced, moved into place, and read back."""

    def __init__(self, place: StorageUrl) -> None:
        if place.host not in {"", "localhost"}:
            raise UsageError(f"{place.url} names a folder of another machine: mount it, and write file:///FOLDER")
        self.url = place.url
        self._folder = Path("/", place.path)

    def stat(self, name: str) -> StoredObject | None:
        """What is there."""
        path = self._path(name)
        with self._answering(name):
            if path.is_symlink() or not path.is_file():
                return None
            return StoredObject(size=path.stat().st_size)

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Bytes of a file."""
        with self._answering(name), open_read(self._path(name)) as file:
            file.seek(offset)
            return file.read(length)

    def put_verified(self, path: Path, name: str, *, sha256: str, replace: bool = False) -> str:
        """Copy the file there."""
        target = self._path(name)
        with contextlib.suppress(StorageError):
            return self.prove(path, name, sha256=sha256)
        if self.stat(name) and not replace:
            raise another_file(self.url, name)
        try:
            with self._answering(name), path.open("rb") as source:
                target.parent.mkdir(parents=True, exist_ok=True)
                replace_file(target, self._proved(source, name, sha256), mode=0o444)
        except NotWritableError as error:
            raise StorageError(self.url, str(error), advice="then upload again", transient=False) from error
        return self.prove(path, name, sha256=sha256)

    def prove(self, path: Path, name: str, *, sha256: str) -> str:  # noqa: ARG002 - all is read back
        """Read all of it."""
        target = self._path(name)
        if not self.stat(name):
            raise not_there(self.url, name)
        with self._answering(name), open_read(target) as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise not_the_same(self.url, name)
        return "read back"

    def _proved(self, source: IO[bytes], name: str, sha256: str) -> Iterator[bytes]:
        """The bytes of the file; an error at their end, before they get their name, when they are not the expected ones."""
        digest = hashlib.sha256()
        while data := source.read(CHUNK):
            digest.update(data)
            yield data
        if digest.hexdigest() != sha256:
            raise not_the_same(self.url, name)

    def keeps_versions(self) -> bool:
        """A folder does not."""
        return False

    def _path(self, name: str) -> Path:
        return self._folder / name

    @contextlib.contextmanager
    def _answering(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise not_there(self.url, name) from error
        except OSError as error:
            raise StorageError(
                self.url,
                f"{name}: {error.strerror or error}",
                advice="is the disk mounted, and may this user use it?",
                transient=True,
            ) from error


def not_there(url: str, name: str) -> StorageError:
    """The error of an object that is missing."""
    return StorageError(
        url,
        f"{name} is not there",
        advice="was it deleted, or moved? Put it back there, or into the archive's own folder",
    )


def not_the_same(url: str, name: str) -> StorageError:
    """The error of an object whose bytes are not those that were closed."""
    return StorageError(
        url,
        f"the bytes of {name} there are not those of the file that was closed (SHA-256 differs)",
        advice="upload it again from the local copy, or bring it back from a backup",
    )


def another_file(url: str, name: str) -> StorageError:
    """The error of a name that is taken."""
    return StorageError(
        url,
        f"it holds another file of the name {name}, which is left alone",
        advice="give each archive a place of its own, or move that file away",
    )
