"""Fetches a WARC of somebody else's from any filesystem that fsspec knows: a URL in, a file that is on disk out.

fsspec comes with datatrove; a scheme may want a library of its own (`s3://`: `warraq[s3]`; `https://`: aiohttp).
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from archive.errors import ArchiveError, NotWritableError, UsageError
from archive.files.atomic import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT_ONCE = 1 << 20
LARGEST = 16 << 30
"""Bytes of a file at most: WARC writers begin a new one at 1 GB; a server that never ends must not fill the disk."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SECRETS = re.compile(r"(?<=://)[^/@]*@|\?.*", re.DOTALL)


class FetchError(ArchiveError):
    """A file could not be fetched whole."""

    def __init__(self, url: str, problem: str) -> None:
        self.url = shown(url)
        super().__init__(f"{self.url} could not be fetched ({problem}): the same batch tries it again")
        self.problem = problem


def is_remote(path: str) -> bool:
    """Whether a path of a plan is a URL."""
    return _SCHEME.match(path) is not None


def shown(url: str) -> str:
    """The URL as it may be shown and kept: without user, password and query, which may be credentials."""
    return _SECRETS.sub("", url)


def name_of(url: str) -> str:
    """The name that the file has here: the last part of the URL's path, of letters that no filesystem minds."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", shown(url).rpartition("/")[2]).lstrip(".") or "fetched.warc.gz"


def fetch(url: str, folder: Path) -> Path:
    """Fetches the file into `folder`. Raises FetchError, UsageError when a library for the scheme is missing, NotWritableError."""
    import fsspec

    target = folder / name_of(url)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        system, path = fsspec.core.url_to_fs(url)
        size = system.info(path).get("size")
        with system.open(path, "rb") as remote:
            replace_file(target, _pieces(remote, url))
    except NotWritableError:
        raise
    except (ImportError, ValueError) as error:  # fsspec names the library; ValueError: it knows no such scheme
        raise UsageError(f"{shown(url)}: {error}") from None
    except Exception as error:
        if isinstance(error, ArchiveError):
            raise
        raise FetchError(url, f"{type(error).__name__}: {shown(str(error))}"[:300]) from error
    got = target.stat().st_size
    if size is not None and got != size:
        target.unlink()
        raise FetchError(url, f"{got} of {size} bytes")
    return target


def _pieces(remote: Any, url: str) -> Iterator[bytes]:
    got = 0
    for piece in iter(partial(remote.read, AT_ONCE), b""):
        got += len(piece)
        if got > LARGEST:
            raise FetchError(url, f"more than {LARGEST >> 30} GB")
        yield piece
