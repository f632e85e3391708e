"""Handle files on disk: durable replacement, locks, and safe opening of hostile ones."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import stat
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from archive.errors import IrregularFileError, LinkedFileError, NotWritableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from io import BufferedReader

    from archive.errors import ArchiveError


def sync_folder(folder: Path) -> None:
    """Make created, moved and removed names in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Create `folder` and its missing parents durably.

    Raises:
        OSError: it cannot be created, or a file is in its place.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        sync_folder(one.parent)
    if not missing and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


def make_read_only(file: int | Path) -> None:
    """Remove all write permissions, and grant none that the umask removed."""
    os.chmod(file, stat.S_IMODE(os.stat(file).st_mode) & ~0o222)  # noqa: PTH101, PTH116 - a handle is not a Path


def write_all(file: int, data: bytes, offset: int) -> None:
    """Write all of `data`: on a nearly full disk one call may write a part and report no error.

    Raises:
        OSError: the rest does not fit.
    """
    written = 0
    while written < len(data):
        written += os.pwrite(file, memoryview(data)[written:], offset + written)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path of a file to write; when the block succeeds, it replaces `path` durably. Readers see the old file or the new one.

    An existing file or link at the temporary path is removed, not followed: in a shared folder (`-o /tmp/x.csv`) it may be an attack.

    Raises:
        NotWritableError: the folder cannot be written, or the disk is full; the old file is still there.
    """
    half = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        try:
            half.unlink(missing_ok=True)
            yield half
            with half.open("rb") as written:
                os.fsync(written.fileno())
            half.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                half.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise NotWritableError(path, error) from error


@contextlib.contextmanager
def output_to(path: Path) -> Iterator[Path]:
    """Yield the path to write for an output named by a person; a link, FIFO or device is written to, never replaced.

    Raises:
        NotWritableError: it cannot be written.
    """
    if path.is_symlink():
        path = path.resolve()
    if not path.exists() or path.is_file():
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        half = Path(folder, path.name)
        yield half
        try:
            with half.open("rb") as written, path.open("wb") as out:
                shutil.copyfileobj(written, out)
        except OSError as error:
            raise NotWritableError(path, error) from error


def replace_file(path: Path, pieces: Iterable[bytes], *, mode: int = 0o644) -> None:
    """Write `pieces` to `path`: readers see the complete old file or the complete new one, even after a crash.

    Its permissions are `mode` restricted by the umask.

    Raises:
        NotWritableError: the folder cannot be written, or the disk is full; the old file is still there.
    """
    with (
        replacing(path) as half,
        os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as out,
    ):
        out.writelines(pieces)


# Locks: one process at a time holds a lock file while its block runs.


@contextmanager
def held(path: Path, taken: Callable[[str], ArchiveError]) -> Iterator[None]:
    """Hold the lock of the file `path`; its folder must exist. The kernel releases it when the process dies.

    Does not wait: if another process has the lock, raises `taken(holder)`, where the holder is that process's own description
    (`process 4711 (warraq import …)`).

    Raises:
        NotWritableError: the lock file cannot be created or opened, or the file system has no locks.
        LinkedFileError, IrregularFileError: the path is not a regular file.
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
        except OSError as error:  # a file system without locks: two writers would spoil what they write
            raise NotWritableError(path, error) from error
        with suppress(OSError):  # a full disk cannot hold the holder's name: the lock is held all the same
            os.ftruncate(file.fileno(), 0)
            # An argument may be a file name that is not UTF-8.
            holder = f"process {os.getpid()} ({' '.join(sys.argv)[:200]})\n".encode("utf-8", "replace")
            os.write(file.fileno(), holder)
        yield


# Files of an archive that have fixed names. The folder may be hostile: no link is followed, no FIFO or device opened.


def open_regular(path: Path, flags: int = os.O_RDONLY, mode: int = 0o644) -> int:
    """Open a regular file, or create one if `flags` has O_CREAT; return the handle, which the caller closes.

    Raises:
        LinkedFileError, IrregularFileError: the path is something else, which was not opened.
        OSError: the file does not exist, or cannot be opened.
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
    """Raise LinkedFileError or IrregularFileError unless the path is a regular file or does not exist."""
    try:
        kind = os.lstat(path).st_mode
    except OSError:
        return
    if stat.S_ISLNK(kind):
        raise LinkedFileError(path)
    if not stat.S_ISREG(kind):
        raise IrregularFileError(path)


def make_new(path: Path, mode: int = 0o644) -> int:
    """Create a new file, removing a leftover or a link at its path first. Return the handle for writing.

    Raises:
        OSError: it cannot be created.
    """
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)


class Closing:
    """Base of objects with `close`, which the end of a `with` block calls."""

    def close(self) -> None:
        """Release the resources; a second call does nothing."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
