"""Which archive a command means: the folder that was named, or the only one there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archive.collection import Collection
from archive.errors import ArchiveNotFoundError, UsageError

if TYPE_CHECKING:
    import click

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
