"""The recipes of CONTRIBUTING.md: whoever forgets a place is told which one."""

from __future__ import annotations

import importlib
import pkgutil
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from archive import discovery, export
from archive.article import Reason
from archive.discovery import Kind
from archive.export import FORMATS
from archive.outcome import OutcomeKind
from archive.parse.parse import CONTENT
from tests.archive.export.test_formats import READERS
from tests.support.cli import warraq

ROOT = Path(__file__).parents[1]


def flattened(literal: object) -> set[str]:
    return {value for part in get_args(literal) for value in (flattened(part) if get_args(part) else {part})}


def functions_of(package: object, prefix: str) -> dict[str, object]:
    """Functions of a package's modules by name, where the name begins with `prefix`."""
    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        names = vars(importlib.import_module(f"{package.__name__}.{module.name}"))
        found |= {name: value for name, value in names.items() if name.startswith(prefix) and callable(value)}
    return found


# --- an export format ------------------------------------------------------------------------------------------------------------


def test_every_writer_of_an_export_stands_in_the_table():
    known = {one.write for one in FORMATS.values()}
    forgotten = {name for name, write in functions_of(export, "write_").items() if write not in known}
    assert not forgotten, f"archive/export/__init__.py, FORMATS: no format uses {sorted(forgotten)}"


def test_every_format_of_articles_has_a_reader_in_the_tests():
    forgotten = {name for name, one in FORMATS.items() if one.of == "articles"} - READERS.keys()
    assert not forgotten, f"tests/archive/export/test_formats.py, READERS: read back the formats {sorted(forgotten)}"


def test_the_help_names_every_format():
    said = " ".join(warraq("export", "--help").stdout.split())
    forgotten = {name for name in FORMATS if name not in said}
    assert not forgotten, f"archive/cli/export.py: `warraq export --help` does not name {sorted(forgotten)}"


# --- a quarantine rule ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_reason_has_a_message(language):
    messages = tomllib.loads((ROOT / f"archive/web/messages/{language}.toml").read_text("utf-8"))["reasons"]
    forgotten = flattened(Reason) - messages.keys()
    assert not forgotten, f"archive/web/messages/{language}.toml, [reasons]: no message for {sorted(forgotten)}"


def test_every_reason_that_extraction_gives_has_a_page_in_the_tests():
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    forgotten = {reason for reason in flattened(Reason) if f'"{reason}"' not in tests}
    assert not forgotten, f"tests/archive/extract/test_quarantine.py: no page is judged {sorted(forgotten)}"


# --- a discovery source --------------------------------------------------------------------------------------------------------


def test_every_kind_of_document_has_a_branch_in_parse():
    forgotten = set(get_args(Kind)) - CONTENT.keys()
    assert not forgotten, f"archive/parse/parse.py, CONTENT: documents of the kind {sorted(forgotten)} are not parsed"


def test_every_reader_of_discovery_has_a_fuzz_target():
    targets = (ROOT / "fuzz/targets.py").read_text("utf-8")
    forgotten = {name for name in functions_of(discovery, "read_") if not re.search(rf"\b{name}\(", targets)}
    assert not forgotten, f"fuzz/targets.py: no target calls {sorted(forgotten)}"


def test_every_kind_of_document_ends_in_an_outcome_of_its_own():
    forgotten = set(get_args(Kind)) - {"html", "other"} - set(OutcomeKind)
    assert not forgotten, f"archive/outcome.py, OutcomeKind: no kind for documents that are {sorted(forgotten)}"
