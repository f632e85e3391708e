"""Check a command line without running it: unknown commands, options, settings, make targets and files."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

import click
from scrapy.settings import Settings

from crawler import settings
from crawler.configuration import ConfigurationError, check_options
from tests.support import ROOT
from warraq.cli import warraq

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OTHERS = frozenset(
    {
        "apt-get",
        "cat",
        "cd",
        "chmod",
        "cp",
        "curl",
        "datasette",
        "docker",
        "duckdb",
        "echo",
        "export",
        "find",
        "git",
        "gzip",
        "head",
    }
    | {
        "install",
        "mv",
        "openssl",
        "pip",
        "pipx",
        "py-spy",
        "rsync",
        "set",
        "sha256sum",
        "sqlite-utils",
        "sqlite3",
        "systemctl",
    }
    | {"tail", "uv"}
)
"""Programs of others."""
OURS = frozenset({"make", "python", "python3", "scrapy", "warraq"})
FILES = re.compile(r"(?:bench|demo|deploy|docs|tests)/[\w./-]+\Z")
ASSIGNMENT = re.compile(r"[A-Z_]+=")
SERVICE = ("docker", "compose", "-f", "deploy/compose.yaml", "run", "--rm", "crawl")
"""Programs that run the rest of their line as a command."""


def problems(line: str) -> list[str]:
    """Return the problem of each command of a shell line; of a command that ends in `…`, the part before it is checked."""
    try:
        found = list(simple_commands(line.partition("…")[0] if line.endswith("…") else line))
    except ValueError as error:
        return [f"not a shell command line: {error}"]
    return [problem for words in found for problem in [_problem(words)] if problem]


def simple_commands(line: str) -> Iterator[list[str]]:
    """Return the commands of a line, without operators and redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    words: list[str] = []
    redirected = False
    for word in lexer:
        if word[0] in "<>":
            redirected = True
            if words and words[-1] == "2":
                words.pop()
        elif word[0] in ";&|":
            yield words
            words = []
        elif redirected:
            redirected = False
        else:
            words.append(word)
    if words:
        yield words


def _problem(words: list[str]) -> str:
    while words and ASSIGNMENT.match(words[0]):
        words = words[1:]
    if not words:
        return ""
    for word in words:
        if FILES.match(word) and not (ROOT / word).exists():
            return f"there is no file {word}"
    program = words[0].rpartition("/")[2]
    if tuple(words[: len(SERVICE)]) == SERVICE:
        return _of_warraq(words[len(SERVICE) :])
    if program in OTHERS:
        ours = next(
            (number for number, word in enumerate(words) if word in OURS and words[number - 1] in {"--", "exec"}), 0
        )
        return _problem(words[ours:]) if ours else ""
    checks = {"warraq": _of_warraq, "scrapy": _of_scrapy, "make": _of_make, "python": _of_python, "python3": _of_python}
    return checks[program](words[1:]) if program in checks else f"there is no program {program}"


def _of_warraq(words: Sequence[str]) -> str:
    command: click.Command = warraq
    context = click.Context(warraq, info_name="warraq")
    rest = list(words)
    try:
        while True:
            given, rest, _ = command.make_parser(context).parse_args(rest)
            for one in command.params:
                if isinstance(one.type, (click.Choice, click.IntRange)) and isinstance(given.get(one.name or ""), str):
                    one.type_cast_value(context, given[one.name or ""])
            if not isinstance(command, click.Group) or not rest:
                break
            name, *rest = rest
            if name in {"scrapy", "backfill"}:
                return _of_scrapy(rest if name == "scrapy" else ["backfill", *rest])
            if name not in command.commands:
                return f"{context.command_path} has no command {name}"
            command = command.commands[name]
            context = click.Context(command, parent=context, info_name=name)
    except click.UsageError as error:
        return f"{context.command_path}: {error.format_message()}"
    return f"{context.command_path} takes no {rest[0]}" if rest else ""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def _of_scrapy(words: Sequence[str]) -> str:
    name, *rest = words or [""]
    if importlib.util.find_spec(f"crawler.commands.{name or '?'}") is None:
        return f"scrapy has no command {name}"
    command = import_module(f"crawler.commands.{name}").Command()
    command.settings = Settings()
    parser = _Parser(add_help=False, conflict_handler="resolve")
    try:
        command.add_options(parser)
        given, others = parser.parse_known_args(rest)
        check_options(given.set, {one: origin.value for one, origin in settings.origins.items()})
    except (ValueError, ConfigurationError) as error:
        return f"scrapy {name}: {error}"
    wrong = [one for one in others if one.startswith("-")]
    return f"scrapy {name} has no option {wrong[0]}" if wrong else ""


def _of_make(words: Sequence[str]) -> str:
    makefile = (ROOT / "Makefile").read_text("utf-8").replace("$(VENV)", ".venv")
    targets = set(re.findall(r"^([\w./-]+):", makefile, re.MULTILINE))
    missing = [word for word in words if "=" not in word and word not in targets]
    return f"make has no target {missing[0]}" if missing else ""


def _of_python(words: Sequence[str]) -> str:
    if words[0] == "-m":
        if importlib.util.find_spec(words[1]) is None:
            return f"there is no module {words[1]}"
        path = ROOT / f"{words[1].replace('.', '/')}.py"
    else:
        path = ROOT / words[0]
    source = path.read_text("utf-8") if path.is_file() else ""
    missing = [word for word in words if word.startswith("--") and f'"{word.partition("=")[0]}"' not in source]
    return f"{path.name} has no option {missing[0]}" if missing and source else ""
