"""Run `scrapy` and `warraq` in processes forked from one that has imported what they import: a new interpreter costs two seconds."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["scrapy.cmdline", "crawler.spiders.news", "crawler.backfill", "tests.support.parsers", "warraq.cli"]
)


def scrapy(
    *arguments: str, cwd: Path = ROOT, env: Mapping[str, str] = os.environ, seconds: float = PATIENCE
) -> subprocess.CompletedProcess[str]:
    """Run `scrapy ARGUMENTS` to its end; its exit code and what it said, as from subprocess.run.

    Raises subprocess.TimeoutExpired after `seconds`, with the process killed.
    """
    return _forked(["scrapy", *map(str, arguments)], cwd, env, seconds)


def warraq(
    *arguments: str, cwd: Path = ROOT, env: Mapping[str, str] = os.environ, seconds: float = PATIENCE
) -> subprocess.CompletedProcess[str]:
    """Run `warraq ARGUMENTS`, as `scrapy` does its own."""
    return _forked(["warraq", *map(str, arguments)], cwd, env, seconds)


def _forked(words: list[str], cwd: Path, env: Mapping[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = _context.Process(target=_run, args=(words, cwd, dict(env), out, err))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(words, seconds)
        return subprocess.CompletedProcess(words, process.exitcode, out.read_text(), err.read_text())


def _run(words: Sequence[str], cwd: Path, env: Mapping[str, str], out: Path, err: Path) -> None:
    """Be the program: its arguments, folder, environment and streams; then the command."""
    from tests.support import parsers

    parsers.take()
    for path, number in ((out, 1), (err, 2)):
        with path.open("wb") as file:
            os.dup2(file.fileno(), number)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path[:0] = filter(None, env.get("PYTHONPATH", "").split(os.pathsep))
    sys.argv = list(words)
    if words[0] == "scrapy":
        from scrapy.cmdline import execute

        execute()
    else:
        from warraq.cli import main

        main()
