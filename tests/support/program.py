"""Run `scrapy` and `warraq` in processes forked from one that has imported their modules, because a new interpreter takes two seconds.

Parsing workers, of such a process and of the tests' own, are forked from the same one.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import pkgutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from multiprocessing import connection, forkserver
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import commands
from scrapy.settings import default_settings

from archive.parse import workers
from tests.support import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[2]
COMPONENTS = (
    default_settings.EXTENSIONS_BASE
    | default_settings.DOWNLOADER_MIDDLEWARES_BASE
    | default_settings.SPIDER_MIDDLEWARES_BASE
)
LOADED = (
    *(f"scrapy.commands.{module.name}" for module in pkgutil.iter_modules(commands.__path__)),
    *sorted(path.rpartition(".")[0] for path in COMPONENTS),
    *("scrapy.cmdline", "scrapy.dupefilters", "scrapy.pqueues", "scrapy.squeues", "requests"),
    *("crawler.spiders.news", "crawler.backfill.ccnews", "crawler.closing", "crawler.pipelines", "warraq.cli"),
    *workers.PRELOADED,
    __name__,
)
"""The imports of a command and its workers, except `crawler.commands`, which reads settings and language when it is imported."""
SERVER = forkserver.ensure_running.__self__
ADDRESS = {"_forkserver_address", "_forkserver_authkey"}
"""multiprocessing's state of the fork server (the key since Python 3.14); without it, a forked process would start another one."""
_context = multiprocessing.get_context("forkserver")


@contextmanager
def _resets_are_ends() -> Iterator[None]:
    """Raise EOFError for a reset connection.

    Since Python 3.14 the fork server and its clients authenticate each other. When a client is killed then, the server must go on for
    the next one, but it expects no ConnectionResetError.
    """
    try:
        yield
    except ConnectionResetError as error:
        raise EOFError from error


connection.deliver_challenge = _resets_are_ends()(connection.deliver_challenge)
connection.answer_challenge = _resets_are_ends()(connection.answer_challenge)


def serve() -> None:
    """Start the fork server once, before the workers of a test start one that has imported less."""
    _context.set_forkserver_preload(list(LOADED))
    forkserver.ensure_running()


class Running:
    """A running command, with the part of subprocess.Popen's interface that tests use."""

    def __init__(self, words: Sequence[object], *, cwd: Path = ROOT, env: Mapping[str, str] = os.environ) -> None:
        self.words = list(map(str, words))
        self._folder = tempfile.TemporaryDirectory()
        self._streams = Path(self._folder.name, "out"), Path(self._folder.name, "err")
        serve()
        address = {name: value for name, value in vars(SERVER).items() if name in ADDRESS}
        self._process = _context.Process(target=_run, args=(self.words, cwd, dict(env), self._streams, address))
        self._process.start()
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """Return its exit code when it has ended (negative: a signal), else None."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send it a signal unless it has ended."""
        if self._process.is_alive():
            os.kill(self._process.pid, number)

    def communicate(self, timeout: float = PATIENCE) -> tuple[str, str]:
        """Wait for its end; return its output on both streams. Kills it and raises subprocess.TimeoutExpired after `timeout` seconds."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
            raise subprocess.TimeoutExpired(self.words, timeout)
        with self._folder:
            out, err = (path.read_text() if path.exists() else "" for path in self._streams)
        return out, err


def scrapy(
    *arguments: object, cwd: Path = ROOT, env: Mapping[str, str] = os.environ, seconds: float = PATIENCE
) -> subprocess.CompletedProcess[str]:
    """Run `scrapy ARGUMENTS` to its end; return exit code and output, like subprocess.run.

    Raises subprocess.TimeoutExpired after `seconds`, with the process killed.
    """
    return run("scrapy", *arguments, cwd=cwd, env=env, seconds=seconds)


def warraq(
    *arguments: object, cwd: Path = ROOT, env: Mapping[str, str] = os.environ, seconds: float = PATIENCE
) -> subprocess.CompletedProcess[str]:
    """Run `warraq ARGUMENTS`, like `scrapy`."""
    return run("warraq", *arguments, cwd=cwd, env=env, seconds=seconds)


def run(
    *words: object, cwd: Path = ROOT, env: Mapping[str, str] = os.environ, seconds: float = PATIENCE
) -> subprocess.CompletedProcess[str]:
    """Run `scrapy`, `warraq`, or the `main` of the module named by the first word, to its end."""
    running = Running(words, cwd=cwd, env=env)
    out, err = running.communicate(seconds)
    return subprocess.CompletedProcess(running.words, running.returncode, out, err)


def _run(
    words: Sequence[str], cwd: Path, env: Mapping[str, str], streams: tuple[Path, Path], address: Mapping[str, Any]
) -> None:
    """Set the program's arguments, folder, environment and streams, and run the command."""
    vars(SERVER).update(address, ensure_running=lambda: None)
    for number, path in enumerate(streams, 1):
        with path.open("wb") as file:
            os.dup2(file.fileno(), number)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path[:0] = filter(None, env.get("PYTHONPATH", "").split(os.pathsep))
    sys.argv = list(words)
    match words[0]:
        case "scrapy":
            from scrapy.cmdline import execute

            execute()
        case "warraq":
            from warraq.cli import main

            main()
        case module:
            importlib.import_module(module).main(*words[1:])
