"""Commands that keep: import."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import click

from archive.cli.output import json_option, print_json
from archive.cli.place import COLLECTIONS
from archive.collection import Collection
from archive.errors import DamagedFileError, UsageError
from archive.index import captures
from archive.ingest.copying import copy_in, ensure_member_per_record
from archive.ingest.importer import MISFITS_NAMED, Imported, Indexer, recover
from archive.ingest.selection import CaptureFilter, moment_of, select
from archive.ingest.writer import ArchiveWriter, open_writer
from archive.parse.pool import parse_pool
from archive.progress import Show, live_line
from archive.warc import read_at, read_raw, register
from archive.warc.cdxj import Index
from archive.warc.wacz import unpack_warcs

UNFIT_SHOWN = 5


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", default="", help="The site that the captures belong to; by default each URL's own domain.")
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True, help="Processes that extract.")
@click.option("--host", default="", help="Take only captures of this host and its subdomains.")
@click.option("--url-prefix", default="", help="Take only captures of URLs that start like this one.")
@click.option("--from", "first", default="", help="Take only captures from then on: 2026, 2026-11, 2026-11-24 … (UTC).")
@click.option("--to", "last", default="", help="Take only captures up to then, all of that year, month or day.")
@json_option
@click.pass_context
def import_(
    ctx: click.Context, /, files: tuple[Path, ...], site: str, workers: int, as_json: bool, **filters: str
) -> None:
    """Bring the pages of WARC or WACZ files into the archive, through the same extraction as a crawl.

    The files are copied into the archive, which is made when there is none. With --host, --url-prefix, --from or --to only the records
    that are meant are copied, byte for byte, with what belongs to them. Importing a file again changes nothing. A file that is torn is
    imported up to the damage (exit code 7). A record without id, date, host or legible headers is left out, counted and named.
    """
    wanted = CaptureFilter(
        host=filters["host"],
        url_prefix=filters["url_prefix"],
        first=moment_of(filters["first"]),
        last=moment_of(filters["last"]),
    )
    collection = Collection(Path(ctx.obj) if ctx.obj else COLLECTIONS / "imported")
    with parse_pool(workers=workers) as pool, live_line(f"Importing {files[0].name}") as show:
        info = {"software": "warraq", "description": "import"} | ({"isPartOf": site} if site else {})
        ingest = open_writer(collection, info=info, clock=lambda: datetime.now(UTC))
        indexer = Indexer(ingest, pool, site=site)
        try:
            # An import or a crawl broke off: what it copied is not copied again, and what it had not read is read here.
            taken_up = recover(ingest, pool)
            if wanted:
                _import_chosen(indexer, files, wanted, ingest, show)
            else:
                for number, path in enumerate(files, 1):
                    _import_file(indexer, path, collection, f"{number}/{len(files)} {path.name}", show)
        finally:
            ingest.close()
    done = indexer.done
    resumed = taken_up.outcomes.total()
    if as_json:
        print_json([_figures(done, collection, resumed)])
    else:
        _print_done(done, collection, resumed)
    for error in done.damaged[1:]:
        click.echo(str(error), err=True)
    if done.damaged:
        raise done.damaged[0]


def _figures(done: Imported, collection: Collection, resumed: int) -> dict[str, Any]:
    return {
        "folder": str(collection.folder),
        **done.figures(),
        "taken_up": resumed,
        "damaged": [str(error) for error in done.damaged],
        "unfit": dict(done.unfit),
        "unfit_first": [str(misfit) for misfit in done.misfits],
    }


def _print_done(done: Imported, collection: Collection, resumed: int) -> None:
    if resumed:
        click.echo(f"{resumed} captures taken up from a run that broke off")
    changes = ", ".join(f"{done.articles[change]} {change}" for change in ("new", "changed", "updated", "unchanged"))
    click.echo(
        f"{done.records} captures ({done.known} known before); articles {changes}; "
        f"{done.quarantined.total()} quarantined; in {collection.folder}"
    )
    _print_unfit(done)


def _print_unfit(done: Imported) -> None:
    if not done.unfit:
        return
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(done.unfit.items()))
    click.echo(f"{done.unfit.total()} records cannot have a row ({reasons}) and were left out:", err=True)
    for misfit in done.misfits[:UNFIT_SHOWN]:
        click.echo(f"  {misfit}", err=True)
    if done.unfit.total() > UNFIT_SHOWN:
        click.echo(f"  and more (--json names the first {MISFITS_NAMED})", err=True)


def _import_file(indexer: Indexer, path: Path, collection: Collection, name: str, show: Show) -> None:
    with TemporaryDirectory(dir=collection.folder, prefix=".unpacked-") as folder:
        try:
            targets = [copy_in(one, collection.warcs) for one in _warcs_of(path, Path(folder))]
        except DamagedFileError as error:  # the other files of the same command are to come in all the same
            indexer.done.damaged.append(error)
            return
    for target in targets:
        size = target.stat().st_size or 1
        indexer.index_file(target, progress=lambda offset, size=size: show(name, offset, size))  # type: ignore[misc]
        register(target, on_close=Index(collection.folder).closed)


def _import_chosen(
    indexer: Indexer, files: tuple[Path, ...], wanted: CaptureFilter, ingest: ArchiveWriter, show: Show
) -> None:
    """Copies the records that are wanted into a WARC of the collection, oldest first."""
    collection = ingest.collection
    with TemporaryDirectory(dir=collection.folder, prefix=".unpacked-") as folder:
        paths = []
        for path in files:
            try:
                paths += [ensure_member_per_record(one, Path(folder)) for one in _warcs_of(path, Path(folder))]
            except DamagedFileError as error:
                indexer.done.damaged.append(error)
        show("looking through the files")
        selected = select(
            paths, wanted, known=lambda record_id: captures.of_record(ingest.store.db, record_id) is not None
        )
        for number, place in enumerate(selected.places, 1):
            show("records", number, len(selected.places))
            indexer.take_in(read_raw(place.path.parent, place.location), read_at(place.path.parent, place.location))
        indexer.finish()
    indexer.done.records += selected.known
    indexer.done.known += selected.known
    indexer.done.damaged += selected.damaged
    for misfit in selected.misfits:
        indexer.done.refuse(misfit)


def _warcs_of(path: Path, folder: Path) -> list[Path]:
    """The WARC files that `path` is or holds; those of a WACZ are unpacked into `folder`."""
    if path.name.endswith(".wacz"):
        return list(unpack_warcs(path, Path(mkdtemp(dir=folder))))
    if path.name.endswith((".warc", ".warc.gz")):
        return [path]
    raise UsageError(f"{path} is no archive by its name: .warc, .warc.gz and .wacz files can be imported")


COMMANDS = (import_,)
