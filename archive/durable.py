"""Puts bytes on disk so that they survive a power cut: whole new files by write, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from archive.errors import NotWritableError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Makes names that were made, moved or removed in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_file(path: Path, pieces: Iterable[bytes], *, mode: int = 0o644) -> None:
    """Writes `pieces` to `path`: whoever looks sees the whole old file or the whole new one, whatever happens.

    Raises:
        NotWritableError: the folder cannot be written, or the disk is full; the old file is still there.
    """
    half = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        try:
            with half.open("wb") as out:
                out.writelines(pieces)
                out.flush()
                os.fchmod(out.fileno(), mode)
                os.fsync(out.fileno())
            half.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                half.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise NotWritableError(path, error) from error
