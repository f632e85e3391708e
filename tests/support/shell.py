"""Run the command lines of a page: `warraq` and `scrapy` in processes forked from a preloaded one, other lines in bash."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import chdir
from typing import TYPE_CHECKING

from tests.support import PATIENCE, ROOT, program
from tests.support.place import environment

if TYPE_CHECKING:
    from pathlib import Path

OPERATORS = re.compile(r"[|;<>*{]|\$\(")
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
SERVING = re.compile(r"\bwarraq\b.* (serve|mcp --http)\b")


class Shell:
    """One session; its folder and environment persist between lines."""

    def __init__(self, home: Path) -> None:
        self.home = self.folder = home
        programs = home / ".programs"
        programs.mkdir()
        for name in ("warraq", "scrapy"):
            path = programs / name
            path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {name} "$@"\n', "utf-8")
            path.chmod(0o755)
        self.env = environment() | {"HOME": str(home), "PYTHONPATH": str(ROOT), "BROWSER": "true"}
        self.env["PATH"] = f"{programs}:{self.env['PATH']}"

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a line to its end; a server is sent one request, then stopped."""
        if SERVING.search(line):
            return self._serve(line)
        if OPERATORS.search(QUOTED.sub("", line)):
            return self._start(["bash", "-euc", line])
        for part in line.split(" && "):
            done = self._run(shlex.split(part))
            if done.returncode:
                break
        return done

    def _run(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        words = [self._expanded(word) for word in words]
        match words:
            case ["cd", folder]:
                self.folder = self.folder / folder
            case ["export", *assigned]:
                self.env |= dict(one.split("=", 1) for one in assigned)
            case [("warraq" | "scrapy") as name, *rest]:
                return getattr(program, name)(*rest, cwd=self.folder, env=self.env)
            case ["duckdb", "-c", query]:
                import duckdb

                with chdir(self.folder):
                    return _done(words, str(duckdb.connect().execute(query).fetchall() or ""))
            case ["sqlite-utils", *rest]:
                return self._start([sys.executable, "-m", "sqlite_utils", *rest])
            case _:
                return self._start(words)
        return _done(words)

    def _expanded(self, word: str) -> str:
        word = re.sub(r"\$([A-Z]+)", lambda match: self.env[match[1]], word)
        return str(self.home) + word[1:] if word.startswith("~/") else word

    def _start(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def _serve(self, line: str) -> subprocess.CompletedProcess[str]:
        words = [*shlex.split(line), "--port", str(_free_port())]
        log = self.folder / "serve.log"
        with (
            log.open("w") as file,
            subprocess.Popen(words, cwd=self.folder, env=self.env, stdout=file, stderr=file) as served,
        ):
            until = time.monotonic() + PATIENCE
            while (
                not (found := re.search(r"http://\S+", log.read_text()))
                and served.poll() is None
                and time.monotonic() < until
            ):
                time.sleep(0.1)
            if found and "mcp" not in words:
                urllib.request.urlopen(found[0]).read()
            served.terminate()
        return (
            _done(words, log.read_text())
            if found
            else subprocess.CompletedProcess(words, served.returncode, "", log.read_text())
        )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def _done(words: list[str], said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess(words, 0, said, "")
