"""Open storages for closed files outside the archive's own folder, by URL: put, verify and read files there.

Only this package imports fsspec and s3fs, which come with the extra `s3`, and only for URLs that need them. A scheme is one line of
SCHEMES and, where no class here fits, one file; tests/archive/storage tests the contract of all of them.
"""

from __future__ import annotations

from gettext import gettext as _
from typing import TYPE_CHECKING

from archive.errors import UsageError
from archive.storage.base import FolderStorage, Storage, StorageUrl, StoredObject, not_the_same, not_there, parse_url
from archive.storage.objects import ObjectStorage, StoredFile
from archive.storage.s3 import S3Storage

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "SCHEMES",
    "Storage",
    "StorageUrl",
    "StoredFile",
    "StoredObject",
    "not_the_same",
    "not_there",
    "open_storage",
    "parse_url",
]

SCHEMES: dict[str, Callable[[StorageUrl], Storage]] = {
    "file": FolderStorage,
    "s3": S3Storage,
    "memory": ObjectStorage,  # for tests: its content is lost when the process ends
    "sftp": ObjectStorage,
    "gs": ObjectStorage,
    "abfs": ObjectStorage,
}


def open_storage(url: str | StorageUrl) -> Storage:
    """Return the storage that a URL names, without connecting to it.

    Raises:
        UsageError: the URL is invalid, or a library is missing (`warraq[s3]`).
    """
    place = parse_url(url) if isinstance(url, str) else url
    try:
        opened = SCHEMES[place.scheme]
    except KeyError:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise UsageError(
            _("{scheme}:// is not a supported storage: {known}").format(scheme=place.scheme, known=known)
        ) from None
    return opened(place)
