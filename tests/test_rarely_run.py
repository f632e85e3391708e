"""Benches and tests that CI may skip import only names that exist."""

import ast
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
OURS = {"archive", "bench", "crawler", "demo", "tests", "warraq"}
MISSING = object()
RARELY_RUN = [
    *sorted(ROOT.glob("bench/**/*.py")),
    *sorted(ROOT.glob("tests/cluster/*.py")),
    *sorted(ROOT.glob("tests/conformance/peers/*.py")),
]


def missing(source: str) -> list[str]:
    """The names of our own that a module imports, or takes from a module that it imports, and that are not there."""
    nodes = list(ast.walk(ast.parse(source)))
    wrong: list[str] = []
    modules: dict[str, ModuleType] = {}
    for node in nodes:
        match node:
            case ast.Import(names=names):
                wrong += [one.name for one in names if is_ours(one.name) and find_spec(one.name) is None]
            case ast.ImportFrom(module=str() as package, names=names) if is_ours(package):
                for one in names:
                    found = bound(package, one.name)
                    if found is MISSING:
                        wrong.append(f"{package}.{one.name}")
                    elif isinstance(found, ModuleType):
                        modules[one.asname or one.name] = found
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    stored |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    for node in nodes:
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in modules.keys() - stored:
                if not hasattr(modules[name], attribute):
                    wrong.append(f"{modules[name].__name__}.{attribute}")
    return wrong


def is_ours(module: str) -> bool:
    return module.partition(".")[0] in OURS


def bound(package: str, name: str) -> object:
    """What `from package import name` binds; MISSING for nothing, None where that needs a package that is not installed."""
    if package.startswith(("bench", "tests")):  # read, not imported: most of them start or need something
        path = ROOT.joinpath(*package.split("."))
        return None if (path / f"{name}.py").is_file() or name in defined(path) else MISSING
    try:
        module = import_module(package)
        if not hasattr(module, name):
            import_module(f"{package}.{name}")
    except ModuleNotFoundError as error:
        return MISSING if is_ours(error.name or "") else None
    return getattr(module, name)


def defined(module: Path) -> set[str]:
    """The names that a module defines, assigns or imports."""
    files = [one for one in (module.with_suffix(".py"), module / "__init__.py") if one.is_file()]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    imports = [one for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)) for one in node.names]
    return {getattr(node, "name", getattr(node, "id", "")) for node in nodes} | {
        one.asname or one.name for one in imports
    }


@pytest.mark.parametrize("path", RARELY_RUN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_name_that_it_takes_from_us_exists(path):
    assert missing(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("from archive.extract import extract", []),
        ("from archive.extract import extracted", ["archive.extract.extracted"]),
        ("from archive import urls\nurls.surt_of('')", ["archive.urls.surt_of"]),
        ("from archive import urls\nfor urls in ():\n    urls.append(1)", []),
        ("from tests.support import program\nimport tests.nothing", ["tests.nothing"]),
        ("from bench.support.press import nothing", ["bench.support.press.nothing"]),
        ("import lxml.nothing", []),
    ],
)
def test_a_name_that_is_gone_is_found(source, wrong):
    assert missing(source) == wrong
