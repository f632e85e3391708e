"""Break the code in one small place at a time, and require that the test named for it fails: `make mutants`.

tests/mutants.toml lists them: `file`, the text to `find` (once in that file), its replacement `replace`, and the `test` that must fail.
SAMPLE=N runs N of them, different ones each day; by default all are run, in a copy of the checkout.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import cache_from_source
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parents[1]
LIST = Path(__file__).with_suffix(".toml")
SECONDS = 900
KILLED = 1
"""pytest's exit code when a test failed; any other code means that it could not run."""
ALL_SKIPPED = 5
"""pytest's exit code when a module was skipped as a whole."""
SKIPPED = "skipped"
"""The result when its test is skipped on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One small change, and the test that must fail with it."""

    file: str
    find: str
    replace: str
    test: str

    @property
    def name(self) -> str:
        return f"{self.file}: {' '.join(self.find.split())!r} -> {' '.join(self.replace.split())!r} ({self.test})"


def listed() -> list[Mutant]:
    """Return all mutants of the list."""
    return [Mutant(**entry) for entry in tomllib.loads(LIST.read_text("utf-8"))["mutant"]]


def problem(mutant: Mutant, root: Path = ROOT) -> str:
    """Return why the mutant cannot be made, '' if it can."""
    path = root / mutant.file
    if not path.is_file():
        return "there is no such file"
    if (count := path.read_text("utf-8").count(mutant.find)) != 1:
        return f"the text is there {count} times"
    missing = [one for one in mutant.test.split() if not (root / one.partition("::")[0]).exists()]
    return f"there is no {missing[0]}" if missing else ""


def copy_of_the_checkout(folder: Path) -> Path:
    """Return the tracked files and the new ones that are not ignored, with uncommitted changes."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in filter(None, subprocess.check_output(command, text=True).split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def verdict(mutant: Mutant, root: Path) -> str:
    """Return `killed`, or what happened instead."""
    if wrong := problem(mutant, root):
        return wrong
    path = root / mutant.file
    whole = path.read_text("utf-8")
    _write(path, whole.replace(mutant.find, mutant.replace))
    try:
        done = _tested(mutant.test, root)
    except subprocess.TimeoutExpired:
        return "killed"  # it hangs: somebody would notice
    finally:
        _write(path, whole)
    if done.returncode in {0, ALL_SKIPPED}:
        return "SURVIVED" if " passed" in done.stdout else SKIPPED
    if done.returncode != KILLED:
        return _end_of(done)
    if said := _never_passes(mutant.test, root):
        return f"its test fails without the change, twice:\n{said}\n"
    return "killed"


def _tested(test: str, root: Path) -> subprocess.CompletedProcess[str]:
    """Run a test, or several, in a copy of the checkout; raises subprocess.TimeoutExpired."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *test.split()]
    environment = {
        **os.environ,
        "PYTHONPATH": str(root),
        "HYPOTHESIS_DATABASE_FILE": os.devnull,
        "PYTHONDONTWRITEBYTECODE": "",  # without bytecode, each process that a test starts compiles all it imports
    }
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=SECONDS)


_failures: dict[str, str] = {}


def _never_passes(test: str, root: Path) -> str:
    """Return what a test prints that fails twice in the unchanged copy, '' if it passes; one that always fails proves nothing."""
    if test not in _failures:
        done = _tested(test, root)
        if done.returncode:
            print(f"failed once without a change: {test}\n{_end_of(done)}", flush=True)
            done = _tested(test, root)
        _failures[test] = _end_of(done) if done.returncode else ""
    return _failures[test]


def _end_of(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stdout + done.stderr)[-3000:]


def _write(path: Path, text: str) -> None:
    """Replace a file's text and remove its bytecode, because Python compares only size and time in seconds."""
    path.write_text(text, "utf-8")
    if path.suffix == ".py":
        Path(cache_from_source(path)).unlink(missing_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="run N of them, different ones each day")
    parser.add_argument("--part", default="1/1", metavar="K/N", help="run the Kth of N equal parts")
    parser.add_argument("--only", default="", help="only those whose file contains this")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    given = parser.parse_args()
    mutants = [one for one in listed() if given.only in one.file]
    part, parts = map(int, given.part.split("/"))
    mutants = mutants[part - 1 :: parts]
    if given.sample:
        mutants = random.Random(str(datetime.now(UTC).date())).sample(mutants, min(given.sample, len(mutants)))
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies: Queue[Path] = Queue()
        for number in range(given.jobs):
            copies.put(copy_of_the_checkout(Path(folder) / str(number)))

        def judge(mutant: Mutant) -> str:
            root = copies.get()
            try:
                said = verdict(mutant, root)
            finally:
                copies.put(root)
            print(f"{said:8}  {mutant.name}", flush=True)
            return said

        with ThreadPoolExecutor(given.jobs) as pool:
            verdicts = list(pool.map(judge, mutants))
    killed, skipped = verdicts.count("killed"), verdicts.count(SKIPPED)
    print(
        f"{killed} of {len(mutants)} mutants were killed"
        + (f", {skipped} not tried: their tests are skipped here" * bool(skipped))
    )
    return 0 if killed + skipped == len(mutants) else 1


if __name__ == "__main__":
    sys.exit(main())
