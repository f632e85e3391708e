"""A power cut at any moment of a command: no row lacks its record, and the archive opens (`make powercut` tests more)."""

from __future__ import annotations

import pytest

from tests.powercut.__main__ import cut_power
from tests.powercut.disk import Cut, Disk, File
from tests.powercut.scenarios import SCENARIOS
from tests.powercut.trace import NotTracedError, Step

DISKS = 24


@pytest.mark.slow
@pytest.mark.simulation
@pytest.mark.parametrize("kind", SCENARIOS, ids=lambda kind: kind.__name__)
def test_no_cut_costs_what_was_acknowledged(kind, tmp_path):
    try:
        tried = cut_power(kind, tmp_path, disks=DISKS)
    except NotTracedError as error:
        pytest.skip(f"nothing can be recorded here: {error}")
    assert tried.wrong == ()
    assert tried.syncs > 1
    assert tried.disks > DISKS // 2


def made(tmp_path, *steps: Step) -> Disk:
    disk = Disk(tmp_path / "none")
    for step in steps:
        disk.apply(step)
    return disk


def after(disk: Disk, folder, how: Cut, chance=None) -> dict[str, bytes]:
    disk.cut(folder, how, chance)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


CREATED, WRITTEN = Step(call="create", path="a"), Step(call="write", path="a", data=b"text")
FILE_SYNCED, NAME_SYNCED = Step(call="sync", path="a"), Step(call="sync", path=".")


@pytest.mark.parametrize(
    ("steps", "how", "left"),
    [
        ((CREATED, WRITTEN), Cut.NOTHING, {}),
        ((CREATED, WRITTEN), Cut.EVERYTHING, {"a": b"text"}),
        ((CREATED, WRITTEN), Cut.NAMES, {"a": bytes(4)}),
        ((CREATED, WRITTEN, FILE_SYNCED), Cut.NOTHING, {}),
        ((CREATED, WRITTEN, NAME_SYNCED), Cut.NOTHING, {"a": b""}),
        ((CREATED, WRITTEN, FILE_SYNCED, NAME_SYNCED), Cut.NOTHING, {"a": b"text"}),
        (
            (CREATED, WRITTEN, FILE_SYNCED, NAME_SYNCED, Step(call="rename", path="a", other="b")),
            Cut.NOTHING,
            {"a": b"text"},
        ),
        (
            (CREATED, WRITTEN, FILE_SYNCED, NAME_SYNCED, Step(call="rename", path="a", other="b")),
            Cut.NAMES,
            {"b": b"text"},
        ),
        ((CREATED, WRITTEN, FILE_SYNCED, NAME_SYNCED, Step(call="remove", path="a")), Cut.NOTHING, {"a": b"text"}),
        ((CREATED, WRITTEN, FILE_SYNCED, NAME_SYNCED, Step(call="size", path="a")), Cut.NOTHING, {"a": b"text"}),
    ],
)
def test_only_what_was_synced_is_safe(steps, how, left, tmp_path):
    assert after(made(tmp_path, *steps), tmp_path / "after", how) == left


def test_pages_of_one_write_may_survive_apart():
    file = File()
    file.write(0, b"a" * 4096 + b"b" * 4096)
    turns = iter([False, True])
    assert file.after(lambda: next(turns)) == bytes(4096) + b"b" * 4096
