"""Provide what commands share: the selection of archives, JSON output, and isolation of right-to-left from left-to-right text."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.collection import Collection
from archive.errors import ArchiveNotFoundError, UsageError
from archive.federation import Federation
from archive.index.columns import as_json_row
from archive.locale import translated
from archive.terminal import BIDI_CONTROLS, FIRST_STRONG_ISOLATE, POP_ISOLATE, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from archive.archive import Archive
    from archive.maintain.filecheck import FileProblem
    from archive.seals.checking import SealProblem


def address(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Return a URL or id, or several, with question marks for bytes that are not UTF-8, which none has."""
    if isinstance(value, tuple):
        return tuple(address(ctx, param, one) for one in value)
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")


def isolate(text: str) -> str:
    """Return the printable text in Unicode bidi isolates that it cannot close, so that its direction affects nothing else.

    A pipe gets no isolates.
    """
    text = printable(str(text))  # a database from elsewhere may hold bytes
    if not sys.stdout.isatty():
        return text
    kept = "".join(letter for letter in text if letter not in BIDI_CONTROLS)
    return f"{FIRST_STRONG_ISOLATE}{kept}{POP_ISOLATE}"


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print one JSON object per line (JSON Lines), with Arabic unescaped."""
    for row in rows:
        click.echo(json.dumps(as_json_row(row), ensure_ascii=False))


def print_problem(problem: FileProblem | SealProblem) -> None:
    """Print one problem of an archive in the language of the locale."""
    line = translated(str(replace(problem, detail=translated(problem.detail))))
    click.echo(f"{click.style(problem.kind, fg='red')}  {printable(line)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Where a command looks for archives: the folder that --archive names, or else all archives in `collections`."""

    archive: Path | None = None
    collections: Path = Path("collections")

    def folders(self) -> list[Path]:
        """Return the selected archives; --archive may be a path or a name. Raises ArchiveNotFoundError when there are none."""
        if self.archive:
            named = self.collections / self.archive
            return [named if not self.archive.exists() and Collection(named).exists() else self.archive]
        found = sorted(folder for folder in self.collections.glob("*") if Collection(folder).exists())
        if not found:
            raise ArchiveNotFoundError(self.collections)
        return found


def workspace_of(ctx: click.Context) -> Workspace:
    """Return the workspace of the running command."""
    return ctx.ensure_object(Workspace)


def the_folder(ctx: click.Context) -> Path:
    """Return the one selected archive; raises UsageError when there are several, ArchiveNotFoundError when there is none."""
    workspace = workspace_of(ctx)
    found = workspace.folders()
    if len(found) > 1:
        names = ", ".join(folder.name for folder in found)
        raise UsageError(
            _(
                "{collections}/ has several archives ({names}): choose one, as in `warraq --archive {name} "
                "{info_name} …`"
            ).format(collections=workspace.collections, names=names, name=found[0].name, info_name=ctx.info_name)
        )
    return found[0]


def in_each(ctx: click.Context) -> Iterator[tuple[Collection, dict[str, str]]]:
    """Yield each selected archive, with a dict that names it in rows of JSON ({} for a single archive). All must exist."""
    folders = workspace_of(ctx).folders()
    for folder in folders:
        collection = Collection(folder)
        collection.require()
        yield collection, {"archive": str(folder)} if len(folders) > 1 else {}


@contextmanager
def archive_with(ctx: click.Context, wanted: str) -> Iterator[tuple[Archive, str]]:
    """Open the selected archive that has an article; yield it with the URL or id of the article in it."""
    with Federation(workspace_of(ctx).folders()) as archives:
        yield archives.holder(wanted)
