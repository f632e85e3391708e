"""Cut the power at many moments of a crawl, an import, a merge and others, and print what was lost: `make powercut`.

`python -m tests.powercut --act NAME FOLDER` is the process that is recorded.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.powercut.disk import Cut, Disk
from tests.powercut.scenarios import SCENARIOS, Scenario
from tests.powercut.trace import NotTracedError, Step, record

ROOT = Path(__file__).parents[2]
DISKS = 150
"""Number of disks to check for each command."""

TELLING = frozenset({"sync", "rename", "remove", "say", "folder", "create", "link"})
"""The steps around which a power cut is most likely to do harm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The result of one command: its steps, the number of disks checked, and their problems."""

    steps: int
    syncs: int
    disks: int
    wrong: tuple[str, ...]


def cuts(steps: list[Step], count: int, chance: random.Random) -> list[tuple[int, Cut]]:
    """Yield the number of steps before each cut and what survives it: the most harmful cuts first, then random ones."""
    promises = [
        n + 1
        for n, step in enumerate(steps)
        if step.call == "say" and (n + 1 == len(steps) or steps[n + 1].call != "say")
    ]
    names = [n + 1 for n, step in enumerate(steps) if step.call in {"rename", "remove"}]
    sure = [(at, Cut.NOTHING) for at in promises]
    sure += [(at, how) for at in names for how in (Cut.RECORDS, Cut.NAMES)]
    if len(sure) > count // 2:
        sure = sure[: len(promises)] + chance.sample(sure[len(promises) :], max(count // 2 - len(promises), 0))
    telling = [n + more for n, step in enumerate(steps) for more in (0, 1) if step.call in TELLING]
    any_time = [(chance.choice(telling), chance.choice(list(Cut))) for _ in range(count - len(sure))]
    return sorted({*sure, *any_time})


def cut_power(kind: type[Scenario], folder: Path, *, disks: int, seed: int = 5) -> Tried:
    """Record one command, and check `disks` of the disks that a power cut may leave.

    Raises:
        NotTracedError: strace is missing or is not permitted to trace.
    """
    base, chance = folder / "base", random.Random(seed)
    base.mkdir(parents=True)
    kind(base).prepare()
    disk = Disk(base)
    command = [sys.executable, "-B", "-m", "tests.powercut", "--act", kind.__name__, str(base)]
    steps, code = record(command, base, folder / "log", cwd=ROOT)
    if code:
        return Tried(steps=len(steps), syncs=0, disks=0, wrong=(f"the command ended with {code}",))
    looked_at = cuts(steps, disks, chance)
    said, wrong, done = set[str](), list[str](), 0
    for at, how in looked_at:
        while done < at:
            if steps[done].call == "say":
                said.update(steps[done].data.decode().split())
            disk.apply(steps[done])
            done += 1
        after = folder / "after"
        disk.cut(after, how, chance)
        wrong += [f"after step {at} of {len(steps)}, {how}: {what}" for what in _judged(kind(after), frozenset(said))]
        shutil.rmtree(after)
    for step in steps[done:]:
        disk.apply(step)
    wrong += [f"the record does not give {name} as it is" for name in disk.differs(base)]
    return Tried(
        steps=len(steps), syncs=sum(step.call == "sync" for step in steps), disks=len(looked_at), wrong=tuple(wrong)
    )


def _judged(scenario: Scenario, said: frozenset[str]) -> list[str]:
    try:
        return scenario.wrong(said)
    except Exception as error:  # noqa: BLE001 - whatever it is, an archive must open after a power cut
        return [f"{type(error).__name__}: {error}"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.powercut", description=__doc__)
    parser.add_argument("--act", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    parser.add_argument("--disks", type=int, default=DISKS, metavar="N", help="disks to check for each command")
    parser.add_argument("--only", default="", help="only commands whose name contains this")
    given = parser.parse_args()
    if given.act:
        next(kind for kind in SCENARIOS if kind.__name__ == given.act[0])(Path(given.act[1])).act()
        return 0
    bad = False
    for kind in SCENARIOS:
        if given.only not in kind.name:
            continue
        with tempfile.TemporaryDirectory(prefix="powercut-") as folder:
            try:
                tried = cut_power(kind, Path(folder), disks=given.disks)
            except NotTracedError as error:
                print(f"not run: {error}", file=sys.stderr)
                return 2
        bad = bad or bool(tried.wrong)
        print(
            f"{kind.name:<40} {'FAIL' if tried.wrong else 'pass'}  {tried.steps} steps, {tried.syncs} syncs, "
            f"{tried.disks} disks checked, {len(tried.wrong)} wrong",
            flush=True,
        )
        for what in tried.wrong[:10]:
            print(f"    {what}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
