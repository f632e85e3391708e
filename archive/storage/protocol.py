"""The one narrow thing that every storage does: files in with proof, their byte ranges out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An object as the storage tells of it: its size in bytes, the sha256 (hex) that was put beside it ('' where none can be)."""

    size: int
    sha256: str = ""


class Storage(Protocol):
    """Where closed files of an archive are kept, by names such as `archive/NAME.warc.gz`.

    Every method raises StorageError when the storage does not answer, refuses, or answers wrongly. Contract of all of them, by
    tests/archive/storage: a name shows a whole file or none at all, whatever happens while it is put there.
    """

    @property
    def url(self) -> str:
        """The URL that opens it again (`open_storage`), without secrets."""

    def stat(self, name: str) -> Stored | None:
        """What is there under that name, None when nothing is."""

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Exactly these bytes of an object; fewer or more of them are a StorageError."""

    def put_verified(self, path: Path, name: str, *, sha256: str, replace: bool = False) -> str:
        """Puts a local file there and returns, in a word or two, what proved that all of it arrived (see `prove`).

        What is there already and proves to be the same file is not sent again. Another file of that name is only given up when
        `replace` is set.
        """

    def prove(self, path: Path, name: str, *, sha256: str) -> str:
        """What proves that the object holds the bytes of the local file whose sha256 (hex) this is.

        `etag` and `checksum` are what the server made of the bytes that it received, `read back` are all bytes read again.
        Raises StorageError when it is another file, or not there.
        """

    def keeps_versions(self) -> bool:
        """Whether what is replaced stays there as an older version (a versioned bucket), as far as it says."""
