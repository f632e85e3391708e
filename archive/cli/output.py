"""Share what commands need: the choice of the archive, JSON output, and lines that isolate right-to-left from left-to-right text."""

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
from archive.terminal import BIDI_CONTROLS, FIRST_STRONG_ISOLATE, POP_ISOLATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from archive.archive import Archive
    from archive.maintain.filecheck import FileProblem
    from archive.seals.checking import SealProblem

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")


def isolate(text: str) -> str:
    """Return the text in Unicode bidi isolates, which it cannot end itself, so that its direction stays within; unchanged in a pipe."""
    if not sys.stdout.isatty():
        return text
    kept = "".join(letter for letter in text if letter not in BIDI_CONTROLS)
    return f"{FIRST_STRONG_ISOLATE}{kept}{POP_ISOLATE}"


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print one JSON object per line (JSON Lines), with Arabic unescaped."""
    for row in rows:
        click.echo(json.dumps(as_json_row(row), ensure_ascii=False))


def print_problem(problem: FileProblem | SealProblem) -> None:
    """Print one thing that is wrong with an archive, in the language of the locale."""
    line = translated(str(replace(problem, detail=translated(problem.detail))))
    click.echo(f"{click.style(problem.kind, fg='red')}  {line}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a command looks for archives: in the folder that --archive names, else in all those below `collections`."""

    archive: Path | None = None
    collections: Path = Path("collections")

    def folders(self) -> list[Path]:
        """Return the selected archives, of which --archive may give the name alone; raises ArchiveNotFoundError when there is none."""
        if self.archive:
            named = self.collections / self.archive
            return [named if not self.archive.exists() and Collection(named).exists() else self.archive]
        found = sorted(folder for folder in self.collections.glob("*") if Collection(folder).exists())
        if not found:
            raise ArchiveNotFoundError(self.collections)
        return found


def the_place(ctx: click.Context) -> Place:
    """Return where the command that runs looks for archives."""
    return ctx.ensure_object(Place)


def the_folder(ctx: click.Context) -> Path:
    """Return the one selected archive; raises UsageError when there are several, ArchiveNotFoundError when there is none."""
    place = the_place(ctx)
    found = place.folders()
    if len(found) > 1:
        names = ", ".join(folder.name for folder in found)
        raise UsageError(
            _(
                "several archives in {collections}/ ({names}): say which, as in `warraq --archive {name} {info_name} …`"
            ).format(collections=place.collections, names=names, name=found[0].name, info_name=ctx.info_name)
        )
    return found[0]


def in_each(ctx: click.Context) -> Iterator[tuple[Collection, dict[str, str]]]:
    """Yield every archive that is meant, with what names it in a row of JSON where there are several; each must be there."""
    folders = the_place(ctx).folders()
    for folder in folders:
        collection = Collection(folder)
        collection.require()
        yield collection, {"archive": str(folder)} if len(folders) > 1 else {}


@contextmanager
def holding(ctx: click.Context, wanted: str) -> Iterator[tuple[Archive, str]]:
    """Find the archive of the place that has an article, and the URL or id to ask it by."""
    with Federation(the_place(ctx).folders()) as archives:
        yield archives.holder(wanted)
