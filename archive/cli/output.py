"""What commands share: which archive is meant, and output as JSON or as lines in which right-to-left and left-to-right text keep apart."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.collection import Collection
from archive.errors import ArchiveNotFoundError, UsageError
from archive.index.columns import opened
from archive.terminal import FIRST_STRONG_ISOLATE, POP_ISOLATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON: one object a line.")


def isolate(text: str) -> str:
    """Text that does not disturb the order of what stands around it (Unicode bidi isolates), on a terminal; as it is in a pipe."""
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}" if sys.stdout.isatty() else text


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object a line (JSON Lines), Arabic as Arabic."""
    for row in rows:
        click.echo(json.dumps(opened(row), ensure_ascii=False))


COLLECTIONS = Path("collections")


def the_folder(ctx: click.Context) -> Path:
    """The archive's folder; raises UsageError when several could be meant, ArchiveNotFoundError when there is none."""
    if ctx.obj:
        return Path(ctx.obj)
    found = all_folders()
    if len(found) > 1:
        names = ", ".join(folder.name for folder in found)
        raise UsageError(
            f"several archives in {COLLECTIONS}/ ({names}): say which, as in `warraq --archive {found[0]} …`"
        )
    return found[0]


def all_folders() -> list[Path]:
    """All archives in collections/; raises ArchiveNotFoundError when there is none."""
    found = sorted(folder for folder in COLLECTIONS.glob("*") if Collection(folder).exists())
    if not found:
        raise ArchiveNotFoundError(COLLECTIONS)
    return found
