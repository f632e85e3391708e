"""Sorts any number of lines in bounded memory: lines in, the same lines in order out, each once."""

from __future__ import annotations

import heapq
import tempfile
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

RUN = 100_000
"""Lines sorted in memory at once: some 40 MB of CDXJ."""


class Sorted:
    """Takes lines by `add`, gives them by iterating; `len` is of what iterating gave."""

    def __init__(self, run: int = RUN) -> None:
        self._run = run
        self._lines: list[str] = []
        self._runs: list[IO[str]] = []
        self._stack = ExitStack()
        self._given = 0

    def __enter__(self) -> Sorted:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def __len__(self) -> int:
        return self._given

    def add(self, line: str) -> None:
        """Takes one line, without its line end."""
        self._lines.append(line)
        if len(self._lines) >= self._run:
            self._spill()

    def __iter__(self) -> Iterator[str]:
        self._lines.sort()
        for run in self._runs:
            run.seek(0)
        stored = ((line.rstrip("\n") for line in run) for run in self._runs)
        self._given, before = 0, None
        for line in heapq.merge(self._lines, *stored):
            if line != before:
                self._given += 1
                yield line
            before = line

    def _spill(self) -> None:
        run = self._stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n"))  # noqa: SIM115
        run.writelines(f"{line}\n" for line in sorted(self._lines))
        self._runs.append(run)
        self._lines = []
