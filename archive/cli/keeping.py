"""Commands that keep: import."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from archive.cdxj import Index
from archive.cli.place import COLLECTIONS
from archive.cli.writing import json_option, print_json
from archive.collection import Collection
from archive.errors import UsageError
from archive.imports import Indexer, adopt
from archive.ingest import open_ingest
from archive.reading import read
from archive.wacz import unpack_warcs
from archive.warc import enter
from archive.workers import WorkerPool


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", default="", help="The site that the captures belong to; by default each URL's own domain.")
@click.option("--workers", default=2, show_default=True, help="Processes that extract.")
@json_option
@click.pass_context
def import_(ctx: click.Context, files: tuple[Path, ...], site: str, workers: int, as_json: bool) -> None:
    """Bring the pages of WARC or WACZ files into the archive, through the same extraction as a crawl.

    The files are copied into the archive, which is made when there is none. Importing a file again changes nothing. A file that is torn
    is imported up to the damage (exit code 7).
    """
    collection = Collection(Path(ctx.obj) if ctx.obj else COLLECTIONS / "imported")
    with WorkerPool(read, workers=workers, preload=("archive.reading",)) as pool:
        ingest = open_ingest(
            collection, info={"software": "warraq", "description": "import"}, clock=lambda: datetime.now(UTC)
        )
        indexer = Indexer(ingest, pool, site=site)
        try:
            for number, path in enumerate(files, 1):
                _import_file(indexer, path, collection, f"{number}/{len(files)} {path.name}")
        finally:
            ingest.close()
    done = indexer.done
    if sys.stderr.isatty():
        click.echo("\r\x1b[2K", err=True, nl=False)
    figures = {
        "folder": str(collection.folder),
        "captures": done.records,
        "known_before": done.known,
        "articles_new": done.articles["new"],
        "articles_changed": done.articles["changed"],
        "articles_unchanged": done.articles["unchanged"],
        "quarantined": dict(done.quarantined),
        "outcomes": dict(done.outcomes),
        "damaged": [str(error) for error in done.damaged],
    }
    if as_json:
        print_json([figures])
    else:
        changes = ", ".join(f"{done.articles[change]} {change}" for change in ("new", "changed", "unchanged"))
        click.echo(
            f"{done.records} captures ({done.known} known before); articles {changes}; "
            f"{sum(done.quarantined.values())} quarantined; in {collection.folder}"
        )
    if done.damaged:
        raise done.damaged[0]


def _import_file(indexer: Indexer, path: Path, collection: Collection, name: str) -> None:
    if path.name.endswith(".wacz"):
        with TemporaryDirectory(dir=collection.folder, prefix=".unpacked-") as folder:
            targets = [adopt(warc, collection.warcs) for warc in unpack_warcs(path, Path(folder))]
    elif path.name.endswith((".warc", ".warc.gz")):
        targets = [adopt(path, collection.warcs)]
    else:
        raise UsageError(f"{path} is no archive by its name: .warc, .warc.gz and .wacz files can be imported")
    for target in targets:
        size = target.stat().st_size or 1

        def progress(offset: int, size: int = size) -> None:
            if sys.stderr.isatty():
                click.echo(f"\r{name} {100 * offset // size} %", err=True, nl=False)

        indexer.index_file(target, progress=progress)
        enter(target, on_close=Index(collection.folder).closed)


COMMANDS = (import_,)
