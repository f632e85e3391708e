"""Keeps `manifest-sha256.txt`, the fixity of an archive folder's closed files, in the form `sha256sum -c` reads."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from archive.files.atomic import replace_file, sync_folder
from archive.files.opening import open_read, open_regular

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANIFEST = "manifest-sha256.txt"
MAX_BYTES = 1 << 28
"""Of a manifest: two million files."""
LINE = re.compile(r"([0-9a-f]{64}) [ *]([^/\n]+)")


def read_manifest(folder: Path) -> dict[str, str]:
    """File name to sha256 (hex) of every closed file that `folder` answers for; a line torn by a crash is left out."""
    try:
        with open_read(folder / MANIFEST) as file:
            text = file.read(MAX_BYTES).decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return {found[2]: found[1] for line in text.splitlines() if (found := LINE.fullmatch(line))}


def add_to_manifest(folder: Path, name: str, sha256: str) -> None:
    """Adds one closed file, durably: when this returns, the line survives a power cut."""
    path = folder / MANIFEST
    handle = open_regular(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    try:
        size = os.fstat(handle).st_size
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        os.write(handle, b"\n" * torn + f"{sha256}  {name}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    if not size:
        sync_folder(folder)


def write_manifest(folder: Path, files: Mapping[str, str]) -> None:
    """Puts a whole new manifest in place of the old one, or leaves the old one."""
    lines = (f"{sha256}  {name}\n" for name, sha256 in sorted(files.items()))
    replace_file(folder / MANIFEST, (line.encode() for line in lines))
