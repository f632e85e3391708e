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


FILES_IN_SEVERAL_FOLDERS = {
    "crawlall.py": "the command, named by what a user types, and what it runs",
    "errors.py": "the errors of the archive, and those of an HTTP exchange",
    "feeds.py": "feeds that are read, and feeds that the reading room serves",
    "framing.py": "where a WARC record ends, and where an HTTP response ends",
    "images.py": "pictures of articles: read from the page, kept in their table, listed by the command",
    "parse.py": "Scrapy's command, and the parser",
    "query.py": "commands that query, and the language of queries",
    "requisites.py": "what a page loads: found, parsed, scheduled",
    "upload.py": "the upload of files, and the Scrapy extension that starts it",
}
"""Why a file name stands in more than one folder. An entry whose name no longer does is to be removed."""

NAMES_OF_SEVERAL_MODULES = {
    "a command, and the function of the library that it calls": {
        "add", "cite", "diff", "explain", "export", "health", "merge", "redact", "reindex", "repair", "run", "search",
        "timeline", "upload", "verify", "versions",
    },
    "an answer of the reading room, and what it shows": {"article", "compare", "stats", "watch"},
    "a verb of a table of the database, called with its module: `articles.get`": {"copy", "forget", "get", "listed", "of_article", "put"},
    "demanded by Scrapy or click: a class, a program, a command `list` of two groups": {"Command", "list_", "main"},
}  # fmt: skip
"""Why a public name is defined in more than one module."""


def _modules() -> list[Path]:
    return [path for package in ("archive", "crawler") for path in sorted((ROOT / package).rglob("*.py"))]


def test_no_file_name_stands_in_several_folders_without_cause():
    folders: dict[str, set[Path]] = {}
    for path in _modules():
        if not path.stem.startswith("__"):
            folders.setdefault(path.name, set()).add(path.parent)
    several = {
        name: sorted(str(one.relative_to(ROOT)) for one in where) for name, where in folders.items() if len(where) > 1
    }
    new = {name: where for name, where in several.items() if name not in FILES_IN_SEVERAL_FOLDERS}
    assert not new, f"files of the same name; rename one, or say why in {__file__}: {new}"
    assert FILES_IN_SEVERAL_FOLDERS.keys() <= several.keys(), "remove what is no longer there"


def test_no_public_name_has_two_meanings():
    places: dict[str, set[str]] = {}
    for path in _modules():
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not node.name.startswith(
                "_"
            ):
                places.setdefault(node.name, set()).add(str(path.relative_to(ROOT)))
    several = {name: sorted(where) for name, where in places.items() if len(where) > 1}
    argued = set().union(*NAMES_OF_SEVERAL_MODULES.values())
    new = {name: where for name, where in several.items() if name not in argued}
    assert not new, f"public names in several modules; rename one, or say why in {__file__}: {new}"
    assert argued <= several.keys(), f"remove what is no longer there: {sorted(argued - several.keys())}"
