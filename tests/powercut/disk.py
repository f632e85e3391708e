"""Model a disk with the guarantees of POSIX: unsynced changes may be on the disk or not, or in part, in any order.

A file's bytes are safe once the file is synced, its name once its folder is. Until then each page of a write may have reached the
disk or not; names reach it in the order in which they were changed, as journaling file systems do it, and the last may be missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.powercut.trace import Step

PAGE = 4096


class Cut(StrEnum):
    """Which unsynced changes survive a power cut."""

    NOTHING = "nothing"
    EVERYTHING = "everything"
    DATABASE = "the database only"
    RECORDS = "all but the database"
    NAMES = "names, not bytes"
    BYTES = "bytes, not names"
    SOME = "some"


@dataclass(eq=False)
class File:
    """The bytes as processes see them, the bytes that are safe, and the writes in between."""

    now: bytearray = field(default_factory=bytearray)
    safe: bytes = b""
    waiting: list[tuple[int, bytes | None]] = field(default_factory=list)

    def write(self, offset: int, data: bytes) -> None:
        offset = len(self.now) if offset < 0 else offset
        _put(self.now, offset, data)
        self.waiting.append((offset, data))

    def resize(self, size: int) -> None:
        _resize(self.now, size)
        self.waiting.append((size, None))

    def sync(self) -> None:
        self.safe, self.waiting = bytes(self.now), []

    def after(self, survives: Callable[[], bool]) -> bytes:
        """Return the safe bytes, with those pending pages that survive."""
        held = bytearray(self.safe)
        for offset, data in self.waiting:
            if data is None:
                if survives():
                    _resize(held, offset)
                continue
            for at in range(0, len(data), PAGE):
                if survives():
                    _put(held, offset + at, data[at : at + PAGE])
        return bytes(held)


class Disk:
    """Files and folders of one tree: each name as it is now, and as it is safe."""

    def __init__(self, folder: Path) -> None:
        """Take the contents of `folder` as safe."""
        self.names: dict[str, File | None] = {}
        for path in folder.rglob("*"):
            content = None if path.is_dir() else path.read_bytes()
            self.names[path.relative_to(folder).as_posix()] = (
                None if content is None else File(now=bytearray(content), safe=content)
            )
        self.safe = dict(self.names)
        self.waiting: list[tuple[str, str, File | None]] = []

    def apply(self, step: Step) -> None:
        """Apply a step of the process."""
        match step.call:
            case "create" if step.path not in self.names:
                self._name("", step.path, File())
            case "folder":
                self._name("", step.path, None)
            case "rename":
                self._name(step.path, step.other, self.names[step.path])
            case "link":
                self._name("", step.other, self.names[step.path])
            case "remove":
                self._name(step.path, "", None)
            case "write":
                self._file(step.path).write(step.offset, step.data)
            case "size":
                self._file(step.path).resize(step.offset)
            case "sync" if isinstance(file := self.names.get(step.path), File):
                file.sync()
            case "sync":
                self._sync_folder(step.path)

    def cut(self, folder: Path, how: Cut, chance: random.Random) -> None:
        """Write to `folder` a disk that a power cut may leave at this moment."""
        known = len(self.waiting)
        names = dict(self.safe)
        match how:
            case Cut.NOTHING | Cut.BYTES:
                known = 0
            case Cut.SOME:
                known = chance.randint(0, known)
        for old, new, node in self.waiting[:known]:
            _rename(names, old, new, node)
        folder.mkdir()
        for name, file in sorted(names.items(), key=lambda pair: pair[0]):
            path = folder / name
            if not path.parent.is_dir():
                continue  # the name of its folder is lost
            if file is None:
                path.mkdir()
            elif not name.endswith("-shm"):  # shared memory: a restart leaves none that SQLite would believe
                path.write_bytes(_content(name, file, how, chance))

    def differs(self, folder: Path) -> list[str]:
        """Return the files in `folder` that differ from the result of the steps, which shows that the trace was misread."""
        real = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        here = {name: file for name, file in self.names.items() if file is not None}
        names = {name for name in real.keys() | here.keys() if not name.endswith("-shm")}  # SQLite maps that one
        return sorted(
            name
            for name in names
            if name not in real or name not in here or real[name].read_bytes() != bytes(here[name].now)
        )

    def _file(self, path: str) -> File:
        file = self.names[path]
        assert isinstance(file, File), path
        return file

    def _name(self, old: str, new: str, node: File | None) -> None:
        _rename(self.names, old, new, node)
        self.waiting.append((old, new, node))

    def _sync_folder(self, folder: str) -> None:
        left = []
        for old, new, node in self.waiting:
            if folder in {str(PurePosixPath(name).parent) for name in (old, new) if name}:
                _rename(self.safe, old, new, node)
            else:
                left.append((old, new, node))
        self.waiting = left


def _content(name: str, file: File, how: Cut, chance: random.Random) -> bytes:
    is_database = ".db" in name
    match how:
        case Cut.NOTHING:
            return file.safe
        case Cut.NAMES:
            return file.safe.ljust(len(file.now), b"\0")
        case Cut.DATABASE if not is_database:
            return file.safe
        case Cut.RECORDS if is_database:
            return file.safe
        case Cut.SOME:
            share = chance.choice((0.0, 0.5, 1.0))
            return file.after(lambda: chance.random() < share)
    return bytes(file.now)


def _rename(names: dict[str, File | None], old: str, new: str, node: File | None) -> None:
    if old:
        names.pop(old, None)
    if new:
        names[new] = node


def _put(held: bytearray, offset: int, data: bytes) -> None:
    if offset > len(held):
        held.extend(bytes(offset - len(held)))
    held[offset : offset + len(data)] = data


def _resize(held: bytearray, size: int) -> None:
    del held[size:]
    held.extend(bytes(size - len(held)))
