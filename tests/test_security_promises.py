"""The tests that SECURITY.md names for its promises exist, and every promise of docs/promises.md has its row there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SECURITY = (ROOT / "SECURITY.md").read_text("utf-8")
PAGE = (ROOT / "docs" / "promises.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", SECURITY)))
PROMISES = re.findall(r"^\| ((?!promise|-)[^|]+) \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE)
ROWS = re.findall(r"^\| ([^|]+) \| `tests", SECURITY.partition("## Each promise")[2], re.MULTILINE)


def test_there_are_promises():
    assert len(NAMED) > 60
    assert len(PROMISES) > 9


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_the_test_of_a_promise_exists(file, name):
    assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)


def test_every_row_of_a_table_of_promises_names_a_test():
    for section in ("## Promises, each with its test", "## Every limit", "## Each promise"):
        rows = re.findall(r"^\|(?! *-)(.+)\|$", SECURITY.partition(section)[2].partition("\n## ")[0], re.MULTILINE)[1:]
        assert rows
        assert not [row for row in rows if "`tests/" not in row]


def test_each_promise_says_what_it_does_not_promise():
    for text in (SECURITY.partition("## Promises, each with its test")[2].partition("\n## ")[0], PAGE):
        rows = re.findall(r"^\| ((?!promise).+) \|$", text, re.MULTILINE)
        assert len(rows) >= len(PROMISES)
        assert not [row for row in rows if len(row.split(" | ")) != 3 or len(row.split(" | ")[1]) < 15]


@pytest.mark.parametrize("promise", [promise for promise, _ in PROMISES])
def test_every_promise_has_its_row(promise):
    assert [row for row in ROWS if promise.startswith(row)]


@pytest.mark.parametrize(
    "command", [command for _, commands in PROMISES for command in re.findall(r"`([^`]+)`", commands)]
)
def test_what_the_readme_tells_to_run_is_there(command):
    tool, *arguments = command.split()
    if tool == "make":
        assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    else:
        assert tool == "pytest"
        assert all((ROOT / path).exists() for path in arguments)
