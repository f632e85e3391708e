"""Opens the files of an archive that have fixed names. A folder may come from a stranger: no link is followed, no FIFO or device opened."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from archive.errors import IrregularFileError, LinkedFileError

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path


def open_regular(path: Path, flags: int = os.O_RDONLY, mode: int = 0o644) -> int:
    """Open a regular file, or make one when `flags` has O_CREAT; return the handle, which the caller closes.

    Raises:
        LinkedFileError, IrregularFileError: something else stands there; it was not opened.
        OSError: there is no such file, or it cannot be opened.
    """
    require_regular(path)
    try:
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    except OSError:
        require_regular(path)  # what was put there since says it better
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise IrregularFileError(path)
    return handle


def open_read(path: Path) -> BufferedReader:
    """Open a regular file for reading. Raises as `open_regular` does."""
    return os.fdopen(open_regular(path), "rb")


def require_regular(path: Path) -> None:
    """Raise LinkedFileError or IrregularFileError when anything but a regular file stands there; nothing at all is fine."""
    try:
        kind = os.lstat(path).st_mode
    except OSError:
        return
    if stat.S_ISLNK(kind):
        raise LinkedFileError(path)
    if not stat.S_ISREG(kind):
        raise IrregularFileError(path)


def make_new(path: Path, mode: int = 0o644) -> int:
    """Make a file of our own where a leftover, or a link that waits, may stand: that goes first. Return the handle for writing.

    Raises:
        OSError: it cannot be made.
    """
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
