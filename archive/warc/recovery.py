"""Recover WARC files: close those that a crash left open, and register closed ones."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.errors import DamagedFileError, NotWritableError
from archive.files import make_read_only, sync_folder
from archive.locale import N_
from archive.warc.openfile import OPEN, add_to_manifest, read_manifest
from archive.warc.reader import next_member, read_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SUFFIXES = (".warc.gz", ".warc", ".warc.zst.gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveredFile:
    """A recovered file under its final name, and the number of bytes of an incomplete record that were cut off its end."""

    path: Path
    cut: int = 0


def closed_files(folder: Path) -> list[Path]:
    """Return the closed WARC files of an archive folder, without links, sorted by name, which puts the oldest first."""
    return sorted(path for path in folder.glob("*") if path.name.endswith(SUFFIXES) and _is_ours(path))


def open_files(folder: Path) -> list[Path]:
    """Return the WARC files that are being written, or that a killed writer left open."""
    return sorted(path for path in folder.glob("*" + OPEN) if _is_ours(path))


def all_files(folder: Path) -> list[Path]:
    """Return the closed files, then the open ones, each once; a file that is closed meanwhile is among the closed ones."""
    written, closed = open_files(folder), closed_files(folder)
    names = {path.name for path in closed}
    return [*closed, *(path for path in written if path.name.removesuffix(OPEN) not in names)]


def linked_files(folder: Path) -> list[Path]:
    """Return the symbolic links with names of WARC files; they are neither read nor written, because they may lead anywhere."""
    return sorted(path for path in folder.glob("*") if path.name.endswith((*SUFFIXES, OPEN)) and path.is_symlink())


def _is_ours(path: Path) -> bool:
    if path.name.startswith(".") or path.is_symlink() or not path.is_file():
        return False
    try:
        path.name.encode()
    except UnicodeEncodeError as error:  # no manifest, index or database could name it
        raise DamagedFileError(path, 0, N_("the file's name is not UTF-8"), kept=N_("rename it")) from error
    return True


def recover_open_files(folder: Path, *, on_close: Callable[[Path], None] | None = None) -> list[RecoveredFile]:
    """Complete the work that a crash interrupted. Needs the collection's lock, because a file in use looks like a leftover.

    An incomplete last record is cut off an open file, which is then closed; a file without a complete record is removed.
    A closed file that is missing from the manifest is added. `on_close` is called for each file before it is added, as by
    a WarcWriter. Damage that is followed by good records is left for `verify` to report. A second call does nothing.

    Raises:
        NotWritableError: a file cannot be truncated or renamed.
    """
    taken: list[RecoveredFile] = []
    path = folder
    try:
        for path in open_files(folder):
            taken += _close(path)
        cut = {one.path: one for one in taken}
        known = read_manifest(folder)
        entered = []
        for path in closed_files(folder):
            if path.name not in known and register(path, on_close=on_close):
                entered.append(path)
    except OSError as error:
        raise NotWritableError(path, error) from error
    return [cut.get(path, RecoveredFile(path=path)) for path in entered]


def register(path: Path, *, on_close: Callable[[Path], None] | None = None) -> bool:
    """Make a closed file read-only and add it to the manifest; return False when it is in the manifest already."""
    if path.name in read_manifest(path.parent):
        return False
    if on_close:
        on_close(path)
    make_read_only(path)
    add_to_manifest(path.parent, path.name, sha256_of(path))
    return True


def sha256_of(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _close(path: Path) -> Iterator[RecoveredFile]:
    cut = 0
    end = _good_end(path)
    if end is not None:
        cut = path.stat().st_size - end
        os.truncate(path, end)
    if not path.stat().st_size:
        path.unlink()
        sync_folder(path.parent)
        return
    handle = os.open(path, os.O_RDWR)
    try:
        make_read_only(handle)
        os.fsync(handle)
    finally:
        os.close(handle)
    final = path.with_name(path.name.removesuffix(OPEN))
    path.rename(final)
    sync_folder(final.parent)
    yield RecoveredFile(path=final, cut=cut)


def whole_part(path: Path) -> int:
    """Return the number of good bytes of a file that a killed writer left open: all but an incomplete last record."""
    end = _good_end(path)
    return path.stat().st_size if end is None else end


def _good_end(path: Path) -> int | None:
    """Return the offset at which an incomplete last record starts; None when there is nothing to cut."""
    try:
        for _ in read_records(path, max_block=0):
            pass
    except DamagedFileError as torn:
        return torn.offset if next_member(path, torn.offset) is None else None
    return None
