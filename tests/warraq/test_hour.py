"""The tutorial's commands work from an installed wheel in an empty home."""

import pytest

from tests.hour import from_wheel
from tests.support import ROOT
from tests.support.documented import commands

pytestmark = [pytest.mark.slow, pytest.mark.simulation]


def test_the_first_hour_goes_well_by_the_commands_of_the_tutorial(tmp_path):
    builder = pytest.importorskip("hatchling.builders.wheel").WheelBuilder(str(ROOT))
    (wheel,) = builder.build(directory=str(tmp_path / "dist"))
    home = tmp_path / "home"
    home.mkdir()
    from_wheel(wheel, home)


def test_the_tutorial_has_every_step():
    text = " ".join(commands(ROOT / "docs" / "tutorial.md"))
    steps = ("pipx install", "init", "add", "crawl", "sites", "list", "search", "show", "serve", "run", "health")
    assert all(step in text for step in steps)
