"""The commands that README and docs tell to type: those of `console` and `crontab` blocks, and those between backticks in the prose.

A `console` block holds lines after `$ `, continued after `> `; all else in it is what they print. A comment before a block,
`<!-- not run: REASON -->`, says why a test cannot run it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GENERATED = frozenset({"cli.md", "settings.md"})
"""Written from the code by `make docs`."""
PAGES = (
    *(page for page in sorted(ROOT.glob("*.md")) if page.name != "CHANGELOG.md"),
    ROOT / "demo" / "README.md",
    ROOT / "warraq" / "place" / "README.md",
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page.name not in GENERATED),
)
FENCE = re.compile(
    r"^(?:(?P<indent>\ *)<!--\ not\ run:\ (?P<reason>[^\n]*?)\ -->\n)?(?P<open>\ *```)(?P<language>[\w-]*)\n(?P<body>.*?)^\ *```$",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
TIMES = re.compile(r"^[-*/,\d]+(?: [-*/,\d]+){4} +")
"""When cron runs a line."""
COMMENT = re.compile(r"(?:^|\s)#\s.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What one line of a page tells to type."""

    page: Path
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.number}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The commands of one fenced block; `reason` says why they are not run, where they are not."""

    language: str
    commands: tuple[Command, ...]
    reason: str


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page that have commands."""
    text = page.read_text("utf-8")
    for match in FENCE.finditer(text):
        if match["language"] in {"console", "crontab"}:
            number = text.count("\n", 0, match.start("body")) + 1
            lines = _lines(match["language"], match["body"], number)
            typed = tuple(Command(page=page, number=at, text=line) for at, line in lines)
            yield Block(language=match["language"], commands=typed, reason=match["reason"] or "")


def _lines(language: str, body: str, number: int) -> list[tuple[int, str]]:
    typed: list[tuple[int, str]] = []
    for at, line in enumerate((line.strip() for line in body.split("\n")), number):
        if language == "crontab" and line:
            typed.append((at, TIMES.sub("", line)))
        elif line.startswith("$ "):
            typed.append((at, line[2:]))
        elif line.startswith("> ") and typed:
            first, begun = typed.pop()
            typed.append((first, begun.removesuffix("\\") + line[2:]))
    return [(at, COMMENT.sub("", line).strip()) for at, line in typed]


def commands(page: Path) -> list[str]:
    """The lines that a page tells to type at a prompt."""
    return [one.text for block in blocks(page) if block.language == "console" for one in block.commands]


def mentioned(page: Path) -> Iterator[Command]:
    """The commands of this project between backticks in a page's prose."""
    text = FENCE.sub(lambda match: "\n" * match[0].count("\n"), page.read_text("utf-8"))
    for match in re.finditer(r"`((?:warraq|scrapy|make|python3?) [^`\n]*)`", text):
        yield Command(page=page, number=text.count("\n", 0, match.start()) + 1, text=match[1])
