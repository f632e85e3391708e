"""Provide commands as functions: export, group, embed, verify, redact."""

from __future__ import annotations

import getpass
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive import export as formats
from archive import maintain, search
from archive.archive import Archive
from archive.collection import Collection
from archive.errors import UsageError
from archive.export import ExportOptions
from archive.export import export as export_file
from archive.files.clock import now
from archive.index import open_store, similar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archive.index import Store

_ABOVE_ALL_IDS = 1 << 62
GROUP_BATCH = 500
"""Articles that are compared in one transaction."""


def export(
    archive: str | Path,
    target: str | Path,
    *,
    format: str = "",  # noqa: A002 - the command's own word
    site: str = "",
    first_day: str = "",
    last_day: str = "",
    urls: Sequence[str] = (),
    query: str = "",
    columns: Sequence[str] = (),
    all_versions: bool = False,
) -> int:
    """Export a selection of the archive to the file `target`, atomically; return the number of articles or captures.

    `format` is a name of `archive.export.FORMATS`, by default the one that the suffix of the file implies. Days are `2024-12-31`, both
    included: of publication for articles, of capture for `warc`, `wacz` and `cdxj`. Raises UsageError, NotFoundError, NotWritableError.
    """
    path = Path(target)
    name = format or next((one for one, way in formats.FORMATS.items() if path.name.endswith(way.suffix)), "")
    if name not in formats.FORMATS:
        raise UsageError(
            _("{path}: name a format, one of {formats}").format(path=path, formats=", ".join(formats.FORMATS))
        )
    options = ExportOptions(
        site=site,
        first_day=first_day,
        last_day=last_day,
        urls=tuple(urls),
        query=query,
        all_versions=all_versions,
        columns=tuple(columns),
    )
    with Archive(archive) as opened:
        return export_file(opened, formats.FORMATS[name], path, options).count


def group_similar(archive: str | Path, *, limit: int = 1000) -> list[dict[str, Any]]:
    """Compare the articles added since the last call, and return the groups of near-duplicates, newest first.

    Writes to the archive; raises ArchiveLockedError while another process does.
    """
    collection = Collection(Path(archive))
    collection.require()
    with collection.lock(), open_store(collection.database) as store:
        place_similar(store)
    # read as by `Archive`: texts without control characters
    with open_store(collection.database, read_only=True) as store:
        return similar.grouped(store.db, limit=limit)


def place_similar(store: Store) -> None:
    """Compare the articles that were not compared yet, GROUP_BATCH in a transaction."""
    while rows := similar.waiting(store.db, GROUP_BATCH):
        with store.atomic():
            for row in rows:
                similar.place(store.db, row)


EMBED_BATCH = 16
"""Articles whose vectors are computed and committed together: some seconds of one core."""


def embed(archive: str | Path, *, limit: int | None = None, progress: Callable[[int], None] = lambda _: None) -> int:
    """Compute the vectors that search by meaning needs, for at most `limit` articles without them, newest first; return the number.

    Completed batches are kept when it is interrupted. Raises ArchiveLockedError while another process writes to the archive, UsageError
    when `warraq[semantic]` is not installed.
    """
    collection = Collection(Path(archive))
    collection.require()
    encoder = search.load_encoder()
    with collection.lock(), open_store(collection.database) as store:
        with store.atomic():
            search.remove_outdated(store.db.conn, encoder.model)
        done, below = 0, _ABOVE_ALL_IDS
        while limit is None or done < limit:
            size = EMBED_BATCH if limit is None else min(EMBED_BATCH, limit - done)
            waiting = search.without_vector(store.db.conn, encoder.model, below=below, limit=size)
            if not waiting:
                break
            below = waiting[-1][0]
            vectors = encoder.passages([text for _, text in waiting])
            with store.atomic():
                search.put_vectors(store.db.conn, encoder.model, zip((one for one, _ in waiting), vectors, strict=True))
            done += len(waiting)
            progress(done)
    return done


def verify(archive: str | Path, *, remote: bool = False) -> maintain.VerifyReport:
    """Read every byte of the archive and report what is wrong with it. Raises ArchiveLockedError while another process writes to it."""
    collection = Collection(Path(archive))
    collection.require()
    with collection.lock(), open_store(collection.database) as store:
        return maintain.verify(collection, store, clock=now, remote=remote)


def redact(archive: str | Path, url: str, *, reason: str, who: str = "") -> maintain.Redacted:
    """Remove a page from the archive permanently, under every spelling of its URL; `who` is by default the current system user.

    Raises NotFoundError when the archive has nothing of this URL, ArchiveLockedError while another process writes to it.
    """
    collection = Collection(Path(archive))
    collection.require()
    with collection.lock(), open_store(collection.database) as store:
        return maintain.redact(collection, store, url=url, reason=reason, who=who or getpass.getuser(), clock=now)
