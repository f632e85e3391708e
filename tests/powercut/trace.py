"""Run a command under strace, and return its changes to the files of one folder, in order."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

CALLS = (
    "openat,creat,open,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fsync,fdatasync,rename,renameat,renameat2,"
    "unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,sendfile,copy_file_range,fallocate,lseek"
)
"""The calls that change files, and `lseek`, which sets the position of the next `write`."""
SECONDS = 600

_LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)(?:<(.*?)>)?")
_PARTS = re.compile(r'(-?\w+|AT_FDCWD)<((?:\\x..)*)>(\(deleted\))?|"((?:\\x..)*)"|\[(\d+)\](?: => \[\d+\])?|([^,\s]+)')
_HALF, _REST = re.compile(r"(\d+) +(.*) <unfinished \.\.\.>"), re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)")


class NotTracedError(Exception):
    """strace is missing, or is not permitted to trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change: `call` on `path` (`other` is the new name of a rename or link); bytes are written at `offset`, or a size is set.

    `call` is one of create, write, size, sync, rename, link, remove, folder, say; a `say` is a word written to stderr.
    """

    call: str
    path: str
    other: str = ""
    data: bytes = b""
    offset: int = 0


def record(command: Sequence[str], folder: Path, log: Path, **options: object) -> tuple[list[Step], int]:
    """Run `command`; return its steps on files in `folder` and its exit code.

    Raises:
        NotTracedError: strace is missing or is not allowed to trace.
    """
    if not shutil.which("strace"):
        raise NotTracedError("strace is not installed (Debian: apt-get install strace)")
    words = ["strace", "-f", "-y", "-xx", "-s", "100000000", "-e", f"trace={CALLS}", "-o", str(log), *command]
    done = subprocess.run(words, timeout=SECONDS, check=False, capture_output=True, text=True, **options)  # type: ignore[call-overload]
    if "ptrace" in done.stderr and "not permitted" in done.stderr:
        raise NotTracedError(done.stderr.strip().splitlines()[0])
    with log.open(encoding="ascii", errors="replace") as lines:
        return list(_Reader(folder).steps(lines)), done.returncode


class _Reader:
    """Parses strace's lines into steps; tracks the position of each open file."""

    def __init__(self, folder: Path) -> None:
        self._root = os.fsencode(folder.resolve())
        self._at: dict[tuple[str, str], int] = {}
        self._appends: set[tuple[str, str]] = set()

    def steps(self, lines: Iterator[str]) -> Iterator[Step]:
        for line in _whole(lines):
            found = _LINE.match(line)
            if found and int(found[4]) >= 0:
                yield from self._step(found[2], found[3], int(found[4]), found[5] or "")

    def _step(self, call: str, inside: str, result: int, opened: str) -> Iterator[Step]:
        parts = [_Part(found) for found in _PARTS.finditer(inside)]
        if call in {"openat", "open", "creat"}:
            yield from self._open(inside, str(result), self._inside(_bytes(opened)))
        elif call in {"write", "pwrite64"}:
            yield from self._write(call, parts, result)
        elif call in {"writev", "pwritev", "pwritev2"}:
            if self._inside(parts[0].path):
                raise NotImplementedError(f"{call} into the folder is not replayed")
        elif call == "lseek":
            self._at[parts[0].text, self._inside(parts[0].path)] = result
        elif call in {"ftruncate", "truncate"}:
            if path := self._inside(parts[0].path):
                yield Step(call="size", path=path, offset=int(parts[1].text))
        elif call in {"fsync", "fdatasync"}:
            if parts[0].path is not None and (path := self._inside(parts[0].path, itself=True)):
                yield Step(call="sync", path=path)
        elif call in {"sendfile", "copy_file_range", "fallocate"} and self._inside(parts[0].path):
            raise NotImplementedError(f"{call} into the folder is not replayed")
        else:
            yield from self._name(call, [part.path for part in parts if part.path is not None])

    def _open(self, inside: str, handle: str, path: str) -> Iterator[Step]:
        if not path:
            return
        self._at[handle, path] = 0
        self._appends.discard((handle, path))
        if "O_APPEND" in inside:
            self._appends.add((handle, path))
        if "O_CREAT" in inside:
            yield Step(call="create", path=path)
        if "O_TRUNC" in inside:
            yield Step(call="size", path=path)

    def _write(self, call: str, parts: list[_Part], result: int) -> Iterator[Step]:
        handle, data = parts[0].text, (parts[1].path or b"")[:result]
        path = self._inside(parts[0].path)
        if handle == "2" and not path:
            yield Step(call="say", path="", data=data)
        if not path or parts[0].gone:
            return
        key = (handle, path)
        if call == "pwrite64":
            yield Step(call="write", path=path, data=data, offset=int(parts[3].text))
            return
        at = -1 if key in self._appends else self._at.get(key, 0)
        yield Step(call="write", path=path, data=data, offset=at)
        self._at[key] = self._at.get(key, 0) + result

    def _name(self, call: str, names: list[bytes]) -> Iterator[Step]:
        if "at" in call.removesuffix("2")[-2:]:  # a folder stands before each name
            names = [
                names[n + 1] if names[n + 1].startswith(b"/") else names[n] + b"/" + names[n + 1]
                for n in range(0, len(names) - 1, 2)
            ]
        paths = [self._inside(name) for name in names]
        if not any(paths):
            return
        if call.startswith("rename"):
            yield Step(call="rename", path=paths[0], other=paths[1])
        elif call.startswith(("unlink", "rmdir")):
            yield Step(call="remove", path=paths[0])
        elif call.startswith("mkdir"):
            yield Step(call="folder", path=paths[0])
        elif call.startswith("link"):
            yield Step(call="link", path=paths[0], other=paths[1])
        else:
            raise NotImplementedError(f"{call} in the folder is not replayed")

    def _inside(self, name: bytes | None, *, itself: bool = False) -> str:
        """Return the path relative to the folder ('.' for the folder itself), '' if it is elsewhere."""
        if name is None:
            return ""
        if name == self._root:
            return "." if itself else ""
        return os.fsdecode(name[len(self._root) + 1 :]) if name.startswith(self._root + b"/") else ""


class _Part:
    """Parse one argument: a handle with its path, a string, or a word."""

    def __init__(self, found: re.Match[str]) -> None:
        self.gone = bool(found[3])
        self.text = found[1] or found[5] or found[6] or ""
        self.path = _bytes(found[2] if found[2] is not None else found[4]) if not found[6] else None


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text.replace("\\x", ""))


def _whole(lines: Iterator[str]) -> Iterator[str]:
    """Yield the lines of calls; parts of an interrupted call are joined."""
    waiting: dict[str, str] = {}
    for line in lines:
        if found := _HALF.match(line):
            waiting[found[1]] = found[2]
        elif (found := _REST.match(line)) and found[1] in waiting:
            yield f"{found[1]} {waiting.pop(found[1])}{found[3]}"
        else:
            yield line
