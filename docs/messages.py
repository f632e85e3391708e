"""Write the message catalogues archive/locale/LANGUAGE/LC_MESSAGES/warraq.po and compile them: `make messages`.

Messages are the arguments of `_`, `N_` and `n_` in the code, the help of each command, and a few tables of words. New messages are added
without a translation, unused ones are removed. A message of `n_` has as many plural forms as the language.
"""

from __future__ import annotations

import ast
import sys
from datetime import UTC, datetime
from functools import cache
from inspect import cleandoc
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from archive.cli import explain
from archive.errors import ExitCode
from archive.index.columns import LABELLED
from archive.ingest.commit import CHANGES
from archive.locale import CATALOGUES, DOMAIN
from warraq.cli import warraq

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
ROOMS = ("archive", "crawler", "warraq")
LANGUAGES = ("ar",)
CLICK = Path(click.__file__).parent
"""The catalogues contain only those of its messages that are translated; the others are for programmers."""
ARGPARSE = (
    *(
        "usage: ",
        "options",
        "positional arguments",
        "show this help message and exit",
        "%(prog)s: error: %(message)s\n",
    ),
    *("the following arguments are required: %s", "unrecognized arguments: %s", "expected one argument"),
    *(
        "invalid choice: %(value)r (choose from %(choices)s)",
        "invalid %(type)s value: %(value)r",
        "argument %(argument_name)s: %(message)s",
    ),
)
"""Messages of argparse, which the `scrapy` commands print from the same catalogue."""
WRITTEN = datetime(2026, 11, 29, tzinfo=UTC)
"""A fixed date, so that the files change only when their messages do."""

WORDS = (
    *(*CHANGES, "changes", "gone"),
    *("articles", "versions", "captures", "urls", "urls_due_some_day", "requisites", "warc_files"),
    *("by_site", "by_language", "by_day", "captures_by_outcome", "quarantined_by_reason"),
)
"""Words that are looked up by a variable: the results of an import, the events of a watch, the counts of `stats`."""


Said = str | tuple[str, str]
"""A message, or its singular and plural in English."""


@cache
def messages() -> dict[Said, str]:
    """Return each message with the file that contains it; the code is read once."""
    found: dict[Said, str] = {}
    for room in ROOMS:
        for file, text in marked(ROOT / room):
            found.setdefault(text, f"{room}/{file}")
    for text in tables():
        found.setdefault(text, "a table of words")
    helps(warraq, "warraq", found)
    return found


@cache
def said_by_click() -> tuple[Said, ...]:
    """Return the messages of click; its code is read once."""
    return tuple(text for _file, text in marked(CLICK))


def marked(folder: Path) -> Iterator[tuple[str, Said]]:
    """Yield the arguments of `_`, `N_` and `n_` in a folder, each with its file; expressions of an f-string stay in braces."""
    for path in sorted(folder.rglob("*.py")):
        for message in said(ast.parse(path.read_text("utf-8"))):
            yield str(path.relative_to(folder)), message


def said(tree: ast.AST) -> Iterator[Said]:
    """Yield the messages of a module."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="_" | "N_"), args=[first, *_]) if text := template(first):
                yield text
            case ast.Call(func=ast.Name(id="n_" | "ngettext"), args=[one, many, _, *_]):
                if all(forms := (template(one), template(many))):
                    yield forms


def template(node: ast.expr) -> str:
    """Return the message of an expression, '' if it is not a message."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(template, parts))
        case ast.FormattedValue(value=value):
            return f"{{{ast.unparse(value)}}}"
    return ""


def tables() -> list[str]:
    """Return the words that are looked up by a variable."""
    return [
        *warraq.sections,
        *(code.meaning for code in ExitCode),
        *(column.label for column in LABELLED),
        *explain.ROUTES.values(),
        *explain.REASONS.values(),
        *explain.KINDS.values(),
        *explain.PLACES.values(),
        *WORDS,
        *ARGPARSE,
    ]


def helps(command: click.Command, name: str, found: dict[Said, str]) -> None:
    """Add the help of a command, its options and its subcommands."""
    if command.help:
        found.setdefault(cleandoc(command.help), f"{name} --help")
    for option in command.params:
        if isinstance(option, click.Option) and option.help:
            found.setdefault(option.help, f"{name} --help")
    if isinstance(command, click.Group):
        for one in command.commands.values():
            helps(one, f"{name} {one.name}", found)


def catalogue(language: str) -> Catalog:
    """Return the catalogue of a language: the current messages with their existing translations."""
    path = CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    held = read_po(BytesIO(path.read_bytes()), locale=language) if path.exists() else Catalog(locale=language)
    made = Catalog(
        locale=language, project="warraq", fuzzy=False, header_comment=f"# Messages of warraq's commands: {language}."
    )
    of_click = {text: "click" for text in said_by_click() if held.get(text)}
    for text, place in (messages() | of_click).items():
        known = held.get(text if isinstance(text, str) else text[0])
        is_same = known and isinstance(known.id, str) == isinstance(text, str)
        made.add(text, known.string if known and is_same else "", auto_comments=[place])
    return made


def is_whole(message: Message) -> bool:
    """Return whether a message is translated, in each plural form if it has a number."""
    return bool(message.string and all(message.string))


def files(language: str) -> dict[Path, bytes]:
    """Return the contents of the files of a language."""
    made = catalogue(language)
    made.creation_date = made.revision_date = WRITTEN
    text, compiled = BytesIO(), BytesIO()
    write_po(text, made, width=120, omit_header=False, sort_output=False)
    write_mo(compiled, made)
    folder = CATALOGUES / language / "LC_MESSAGES"
    return {folder / f"{DOMAIN}.po": text.getvalue(), folder / f"{DOMAIN}.mo": compiled.getvalue()}


def main() -> int:
    """Write the files; print the messages without a translation."""
    for language in LANGUAGES:
        for path, content in files(language).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for message in catalogue(language):
            if message.id and not is_whole(message):
                print(f"{language}: no translation of {message.id!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
