"""Puts bytes on disk so that they survive a power cut: whole new files by write, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from archive.errors import NotWritableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def sync_folder(folder: Path) -> None:
    """Make names that were made, moved or removed in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make `folder` and its parents where they are missing, each name durable.

    Raises:
        OSError: it cannot be made, or a file is in its place.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        sync_folder(one.parent)
    if not missing and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


def make_read_only(file: int | Path) -> None:
    """Take the right to write from everybody, and give nobody a right that the umask took."""
    os.chmod(file, stat.S_IMODE(os.stat(file).st_mode) & ~0o222)  # noqa: PTH101, PTH116 - a handle is not a Path


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the path of a file to write; when the block ends well, `path` is that file, and durably. Whoever looks sees the old or the new.

    Nothing that lies where it is made first is followed or kept: in a folder of many writers (`-o /tmp/x.csv`) a link may wait there.

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
    """Give the path to write for an output that a person named; a link, FIFO or device is written into, and never replaced.

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
    """Write `pieces` to `path`: whoever looks sees the whole old file or the whole new one, whatever happens.

    The file is as open as `mode` and the umask let it be.

    Raises:
        NotWritableError: the folder cannot be written, or the disk is full; the old file is still there.
    """
    with (
        replacing(path) as half,
        os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as out,
    ):
        out.writelines(pieces)
