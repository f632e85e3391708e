"""docs/architecture.md names the folders, modules and types that there are."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:archive|crawler)/[\w/.]*)`", PAGE))))
def test_every_path_is_there(path):
    assert (ROOT / path).exists(), f"docs/architecture.md names {path}, which is not there"


@pytest.mark.parametrize("package", ["archive", "crawler"])
def test_every_folder_has_its_place_on_the_page(package):
    folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    forgotten = {name for name in folders if f"`{package}/{name}/" not in PAGE}
    assert not forgotten, f"docs/architecture.md: no word about {package}/{{{', '.join(sorted(forgotten))}}}/"


@pytest.mark.parametrize("row", re.findall(r"^\| (`[A-Z].*?) \| .* \| (`.*`) \|$", PAGE, re.MULTILINE), ids=str)
def test_every_type_is_defined_where_the_page_says(row):
    names, places = (set(re.findall(r"`(?:\w+\.)?([\w/.]+)`", cell)) for cell in row)
    defined = {
        node.name
        for place in places
        for node in ast.walk(ast.parse((ROOT / place).read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    assert names <= defined, f"docs/architecture.md: {sorted(names - defined)} are not in {sorted(places)}"
