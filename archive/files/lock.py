"""Lets one process at a time do a thing: the path of a lock file comes in, the right is held while the block runs."""

from __future__ import annotations

import fcntl
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from archive.errors import NotWritableError
from archive.files.opening import open_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from archive.errors import ArchiveError


@contextmanager
def held(path: Path, taken: Callable[[str], ArchiveError]) -> Iterator[None]:
    """Hold the lock that the file `path` stands for; its folder must exist. The kernel frees it when the process dies.

    Does not wait: when another process has it, raises `taken(holder)`, where the holder is what that process wrote of itself
    (`process 4711 (warraq import …)`).

    Raises:
        NotWritableError: the lock file cannot be made or opened.
        LinkedFileError, IrregularFileError: no regular file stands there.
    """
    try:
        file = os.fdopen(
            open_regular(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), "a+", encoding="utf-8", errors="replace"
        )
    except OSError as error:
        raise NotWritableError(path, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise taken(file.read(1000).strip() or "another process") from None
        with suppress(OSError):  # a full disk cannot hold the holder's name: the lock is held all the same
            os.ftruncate(file.fileno(), 0)
            os.write(file.fileno(), f"process {os.getpid()} ({' '.join(sys.argv)[:200]})\n".encode())
        yield
