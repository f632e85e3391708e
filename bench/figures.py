"""Print figures on the layout of the code: files, components and imports, layers, duplicate names, sizes of functions.

Run as `python bench/figures.py`. A component ("box") is a module or folder at the top of `archive/`, or another top folder.
"""

from __future__ import annotations

import ast
import statistics
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("archive", "crawler")
FOLDERS = (*PACKAGES, "tests", "bench", "demo", "deploy", "fuzz")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def files_of(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if path.relative_to(ROOT).parts[:2] != ("tests", "sites"))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def box_of(dotted: str) -> str:
    words = dotted.removesuffix(".__init__").split(".")
    return ".".join(words[:2]) if words[0] == "archive" and len(words) > 1 else words[0]


def arrows() -> dict[str, set[str]]:
    """Return the boxes that each box imports."""
    boxes = {box_of(".".join(path.relative_to(ROOT).with_suffix("").parts)) for path in files_of(*FOLDERS)}
    found: dict[str, set[str]] = {box: set() for box in boxes}
    for path in files_of(*FOLDERS):
        own = box_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for node in ast.walk(tree_of(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            known = (box_of(name) if box_of(name) in boxes else name.partition(".")[0] for name in names)
            found[own] |= {box for box in known if box in boxes and box != own}
    return found


def levels(found: dict[str, set[str]]) -> int:
    """Return the length of the longest chain of imports; there are no cycles."""

    @cache
    def depth(box: str) -> int:
        return 1 + max((depth(below) for below in found[box] if below.startswith(PACKAGES)), default=0)

    return max(depth(box) for box in found if box.startswith(PACKAGES))


def homonyms() -> tuple[list[str], list[str]]:
    """Return file names in more than one folder, and public names defined in more than one module."""
    places, names = defaultdict(set), defaultdict(set)
    for path in files_of(*PACKAGES):
        if not path.stem.startswith("__"):
            places[path.name].add(path.parent)
        for node in tree_of(path).body:
            if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_"):
                names[node.name].add(path)
    return sorted(n for n, where in places.items() if len(where) > 1), sorted(
        n for n, where in names.items() if len(where) > 1
    )


def loose() -> list[str]:
    return sorted(path.stem for path in (ROOT / "archive").glob("*.py") if not path.stem.startswith("__"))


def with_one_importer() -> dict[Path, Path]:
    """Return each module that a single other module of the packages imports, and that module."""
    names = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in files_of(*PACKAGES)
    }
    importers: dict[Path, set[Path]] = defaultdict(set)
    for path in names.values():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    imported = names.get(f"{node.module}.{alias.name}") or names.get(node.module)
                    if imported and imported != path:
                        importers[imported].add(path)
    return {path: next(iter(found)) for path, found in importers.items() if len(found) == 1}


def function_lines(*folders: str) -> list[int]:
    """Return the lines of code of each function, without docstrings."""
    sizes = []
    for path in files_of(*folders):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, FUNCTIONS):
                doc = node.body[0] if ast.get_docstring(node) is not None else None
                sizes.append(node.end_lineno - node.lineno + 1 - (doc.end_lineno - doc.lineno + 1 if doc else 0))
    return sorted(sizes)


def spread(values: list[int]) -> str:
    return f"{statistics.median(values):.0f} / {values[int(len(values) * 0.9)]} / {values[-1]}"


def branches(node: ast.AST) -> int:
    """Return the cyclomatic complexity of a function (McCabe)."""
    forks = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.comprehension, ast.match_case)
    return 1 + sum(
        isinstance(one, forks) + (len(one.values) - 1 if isinstance(one, ast.BoolOp) else 0) for one in ast.walk(node)
    )


def functions(*folders: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for path in files_of(*folders) for node in ast.walk(tree_of(path)) if isinstance(node, FUNCTIONS)]


def code_lines(*folders: str) -> int:
    """Count lines other than blank lines, comments and docstrings."""
    count = 0
    for path in files_of(*folders):
        docs = {
            line
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
            for line in range(node.lineno, node.end_lineno + 1)
        }
        lines = enumerate(path.read_text("utf-8").splitlines(), 1)
        count += sum(bool(text.strip()) and not text.lstrip().startswith("#") and n not in docs for n, text in lines)
    return count


def public_names() -> list[int]:
    """Return the number of public functions and classes of each module, sorted."""
    kinds = (*FUNCTIONS, ast.ClassDef)
    return sorted(
        sum(isinstance(node, kinds) and not node.name.startswith("_") for node in tree_of(path).body)
        for path in files_of(*PACKAGES)
    )


def words_of_documentation() -> int:
    return sum(len(path.read_text("utf-8").split()) for path in (*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")))


def lines_of(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def main() -> None:
    found = arrows()
    alone = with_one_importer()
    fitting = sorted(
        str(path.relative_to(ROOT)) for path, user in alone.items() if lines_of(path) + lines_of(user) <= 350
    )
    same_files, same_names = homonyms()
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    rows = {one["containers"][0]: len(one["layers"]) for one in contracts if "containers" in one}
    every, code = functions(*PACKAGES), code_lines(*PACKAGES)
    complexity = sorted(map(branches, every))
    short = sum(size <= 40 for size in function_lines(*PACKAGES)) / len(every)
    typed = sum(node.returns is not None for node in every) / len(every)
    lengths = sorted(map(lines_of, files_of(*PACKAGES)))
    for name, value in (
        ("Python files in the two packages", len(files_of(*PACKAGES))),
        ("lines in them", sum(lengths)),
        ("lines of a file, median / p90 / max", spread(lengths)),
        ("modules with one importer", len(alone)),
        ("… that fit into it (350 lines)", f"{len(fitting)} ({', '.join(fitting)})"),
        ("lines of a function, median / p90 / max", spread(function_lines(*PACKAGES))),
        ("lines of code in them", code),
        ("functions of at most 40 lines", f"{short:.1%}"),
        ("complexity of a function, p95 / max", f"{complexity[int(len(complexity) * 0.95)]} / {complexity[-1]}"),
        ("public names of a module, median / p90 / max", spread(public_names())),
        ("functions with a return type", f"{typed:.1%}"),
        ("lines of test code to a line of code", f"{code_lines('tests') / code:.2f}"),
        ("words of documentation to a line of code", f"{words_of_documentation() / code:.2f}"),
        ("boxes", len(found)),
        ("arrows between boxes", sum(map(len, found.values()))),
        ("levels", levels(found)),
        ("rows in the layers contracts", ", ".join(f"{box} {count}" for box, count in rows.items())),
        ("loose modules in archive/", f"{len(loose())} ({', '.join(loose())})"),
        ("file names in more than one folder", f"{len(same_files)} ({', '.join(same_files)})"),
        ("public names defined in more than one module", f"{len(same_names)} ({', '.join(same_names)})"),
    ):
        print(f"{name:<46} {value}")


if __name__ == "__main__":
    main()
