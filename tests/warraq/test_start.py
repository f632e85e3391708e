"""Ctrl-C while the program starts, and names of the library that are imported on use."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def interrupted_at(module, *command, prefix=(), **environment):
    """Run a command, send SIGINT when it has imported a module; what it said besides the list of imports, and its code.

    The code is what a shell reports: 130 for a death by SIGINT, too. CPython sends itself the signal at its end if KeyboardInterrupt passed
    through an `exec` of a string, as in dataclasses, whatever the exit code (`unhandled_keyboard_interrupt` in its Modules/main.c).
    """
    words = [*prefix, sys.executable, "-X", "importtime", "-m", "warraq", *command]
    environment |= {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        words, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        said = []
        for line in process.stderr:
            if not line.startswith("import time:"):
                said.append(line)
            elif line.rpartition("|")[2].strip() == module:
                process.send_signal(signal.SIGINT)
    return "".join(said), process.returncode if process.returncode >= 0 else 128 - process.returncode


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "command"),
    [
        ("archive.locale", ["sites"]),
        ("click", ["sites"]),
        ("sqlite_utils.db", ["list"]),
        ("archive.cli.output", ["--help"]),
        ("crawler.configuration", ["crawl", "http://127.0.0.1:9/"]),
        ("twisted.python.failure", ["crawl", "http://127.0.0.1:9/"]),
        ("crawler.summary", ["crawl", "http://127.0.0.1:9/"]),
    ],
)
def test_ctrl_c_while_it_starts_is_one_line_and_130(module, command, tmp_path):
    said, code = interrupted_at(module, *command, WARRAQ_COLLECTIONS=str(tmp_path / "none"))
    assert code == 130, said
    assert said.startswith("warraq: interrupted")
    assert said.count("\n") == 1
    assert not (tmp_path / "none").exists()


LOST = """
import signal, sys, time, weakref
from archive.cli import Program
import click

@click.command()
def waits():
    class Held: pass
    held = Held()
    ref = weakref.ref(held, lambda _: signal.raise_signal(signal.SIGINT))
    del held
    time.sleep(60)

signal.signal(signal.SIGINT, lambda *_: None)  # as warraq.__main__ has one of its own
Program("warraq", commands={"waits": waits})(["waits"])
"""


@pytest.mark.slow
def test_ctrl_c_in_a_callback_in_which_python_ignores_exceptions_is_not_lost():
    done = subprocess.run(
        [sys.executable, "-c", LOST], env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr.count("\n")) == (130, 1), done.stderr
    assert done.stderr.startswith("warraq: interrupted")


@pytest.mark.slow
def test_it_is_said_in_the_language_of_the_locale():
    said, code = interrupted_at("click", "sites", LANGUAGE="ar")
    assert (said, code) == ("warraq: أُوقف قبل أن يبدأ\n", 130)


@pytest.mark.slow
def test_a_process_that_ignores_interrupts_runs_on(tmp_path):
    said, code = interrupted_at("click", "init", str(tmp_path / "made"), prefix=("env", "--ignore-signal=INT"))
    assert (said, code) == ("", 0)
    assert (tmp_path / "made/warraq.toml").exists()


@pytest.mark.slow
def test_the_library_imports_what_it_needs_when_it_is_used():
    code = (
        "import sys, warraq; early = {'click', 'sqlite3', 'lxml', 'trafilatura'} & set(sys.modules);"
        "print(early, warraq.Archive.__name__, 'extract' in dir(warraq))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["set()", "Archive", "True"]
