"""docs/architecture.md names the existing folders, modules and types."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import tomllib
from functools import cache
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
    "framing.py": "where a WARC record ends, and where an HTTP response ends",
    "images.py": "pictures of articles: read from the page, kept in their table, listed by the command",
    "parse.py": "Scrapy's command, and the parser",
    "query.py": "commands that query, and the language of queries",
    "requisites.py": "what a page loads: found, parsed, scheduled",
}
"""Why a file name stands in more than one folder. An entry whose name no longer does is to be removed."""

NAMES_OF_SEVERAL_MODULES = {
    "a command, and the function of the library that it calls": {
        "add", "cite", "diff", "embed", "explain", "export", "health", "merge", "redact", "reindex", "related", "repair", "run", "search",
        "timeline", "upload", "verify", "versions",
    },
    "an answer of the reading room, and what it shows": {"compare", "stats"},
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


CITED = re.compile(r"(?<![\w/.<{*])(?:[\w-]+/)*[\w-]+\.(?:py|md|tsv|toml|yml|service)(?![\w/])")
ELSEWHERE = frozenset(
    {
        "sites.toml", "nodes.toml", "warraq.toml", "README.md", "pages.md", "messages/LANGUAGE.toml",  # of a place, of a dataset
        "NAME.py", "archive/export/NAME.py", "archive/discovery/NAME.py",  # to be written
    }
)  # fmt: skip
"""Files that are named and are made by a command or a reader of the page."""


@cache
def _names_of_files() -> frozenset[str]:
    """The names of all files of the repository, their paths, and ELSEWHERE."""
    tops = [one for one in ROOT.iterdir() if not one.name.startswith(".")]
    paths = [path for top in tops for path in ([top] if top.is_file() else top.rglob("*.*"))]
    return ELSEWHERE | {path.name for path in paths} | {str(path.relative_to(ROOT)) for path in paths}


def _prose(path: Path) -> list[str]:
    """The docstrings and comments of a module; none if it cites no file at all."""
    text = path.read_text("utf-8")
    if not CITED.search(text):
        return []
    nodes = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    ]
    comments = [
        token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT
    ]
    return [*(str(node.value.value) for node in nodes), *comments]


@pytest.mark.parametrize("package", ["archive", "crawler", "warraq", "tests", "bench", "fuzz", "demo"])
def test_no_docstring_or_comment_cites_a_file_that_is_not_here(package):
    known = _names_of_files()
    missing = {
        f"{path.relative_to(ROOT)}: {cited}"
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.relative_to(ROOT).parts[:2] != ("tests", "sites")
        for text in _prose(path)
        for cited in CITED.findall(text)
        if cited not in known
    }
    assert not missing, f"files that are cited and are not in the repository: {sorted(missing)}"


@pytest.mark.parametrize("page", sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("*.md")]), ids=lambda page: page.name)
def test_no_page_cites_a_module_that_is_not_here(page):
    if page.name == "CHANGELOG.md":
        pytest.skip("tells of what was")
    cited = re.findall(
        r"`((?:archive|crawler|warraq|tests|bench|fuzz|demo|deploy)/[\w/.-]+\.\w+)(?:::\w+)?`", page.read_text("utf-8")
    )
    missing = {one for one in cited if not (ROOT / one).exists()} - ELSEWHERE
    assert not missing, f"{page.name} cites files that are not in the repository: {sorted(missing)}"


def test_the_archive_has_few_loose_modules():
    loose = sorted(path.stem for path in (ROOT / "archive").glob("*.py") if not path.stem.startswith("__"))
    assert len(loose) <= 10, f"put one of them into the folder that it belongs to: {loose}"


@pytest.mark.parametrize(("package", "most"), [("archive", 10), ("crawler", 8)])
def test_the_layers_of_a_package_are_few(package, most):
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = (one["layers"] for one in contracts if one.get("containers") == [package])
    assert len(layers) <= most, (
        f"pyproject.toml: {package} has {len(layers)} layers; put two that do not import each other into one row"
    )


LONGEST = 500
"""Lines of a module: beyond it a reader loses the thread, and two subjects share the file."""
SHORT = 60
"""Lines under which a module that one neighbour alone imports is part of that neighbour."""
SHORT_AND_ALONE = {
    "archive/search/states.py": "data: the filters of a query by the state of an article",
}


def test_no_module_is_longer_than_a_reader_follows():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in _modules()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}, (
        "part them where the subject changes"
    )


def test_no_short_module_serves_one_neighbour_alone():
    importers: dict[str, set[str]] = {}
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in _modules()}
    for name, path in names.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                for imported in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                    importers.setdefault(imported, set()).add(name)
    alone = {
        str(path.relative_to(ROOT))
        for name, path in names.items()
        if len(path.read_text("utf-8").splitlines()) < SHORT
        and [one.rpartition(".")[0].removesuffix(".__init__") for one in importers.get(name, ())]
        == [name.rpartition(".")[0]]
    }
    assert alone <= SHORT_AND_ALONE.keys(), (
        f"fold them into the module that imports them: {sorted(alone - SHORT_AND_ALONE.keys())}"
    )
