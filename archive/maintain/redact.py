"""Takes a URL out of an archive for good, and keeps who asked and why: records, rows, search, index and manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from archive import cdxj, search, urls, warc
from archive.durable import replace_file
from archive.errors import NotFoundError
from archive.extract.boilerplate import line_key
from archive.store import places, runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from archive.collection import Collection
    from archive.store import Store

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """What was taken out: the URLs, how many records in which files, rows, and URLs whose revisits lost their payload."""

    urls: tuple[str, ...]
    records: int
    files: tuple[str, ...]
    captures: int
    articles: int
    bereft: tuple[str, ...]


def redact(
    collection: Collection, store: Store, *, url: str, reason: str, who: str, clock: Callable[[], datetime]
) -> Redacted:
    """Replaces every record of `url` (and of what was captured as the same article) by a tombstone, then forgets the rows.

    A tombstone is a metadata record of the same length in the same place, which says when, why and by whom: no other record
    moves. The URL stays in the frontier as `redacted` and is not fetched again. Needs the collection's lock. Doing it again
    finishes what a crash interrupted, and otherwise changes nothing.

    Raises:
        NotFoundError: the archive has, and had, nothing of that URL.
    """
    moment = clock()
    warc.take_up(collection.warcs, on_close=cdxj.Index(collection.folder).closed)
    wanted = places.urls_of_article(store.db, {url, urls.canonicalise(url) or url})
    records, files, ids = 0, list[str](), set[str]()
    for path in warc.closed_files(collection.warcs):
        stones, known = _tombstones(path, wanted, ids, moment=moment, reason=reason, who=who)
        if stones:
            _swap(path, stones)
        if stones or (known and warc.read_manifest(path.parent).get(path.name) != warc.sha256_of(path)):
            _answer_for(path)
        if stones or known:
            cdxj.Index(collection.folder).replace({path.name: cdxj.lines_of(path)})
            records, files = records + len(stones), [*files, path.name]
    bereft = places.revisits_of(store.db, ids, wanted)
    captures, articles = _forget(store, wanted, moment, reason=reason, who=who, records=records)
    if not (files or captures or articles):
        raise NotFoundError(url)
    done = tuple(sorted(wanted))
    return Redacted(
        urls=done,
        records=records,
        files=tuple(files),
        captures=captures,
        articles=articles,
        bereft=tuple(sorted(bereft)),
    )


def _tombstones(
    path: Path, wanted: set[str], ids: set[str], *, moment: datetime, reason: str, who: str
) -> tuple[dict[int, bytes], bool]:
    """Offsets and tombstones of the records to take out, and whether tombstones of these URLs stand there already."""
    stones: dict[int, bytes] = {}
    known = False
    for record in warc.read_records(path, max_block=256):
        if warc.is_tombstone(record):
            known = known or record.url in wanted
        elif _is_about(record, wanted, ids):
            ids.add(record.id)
            stones[record.location.offset] = warc.tombstone(record, moment=moment, reason=reason, who=who)
    return stones, known


def _is_about(record: warc.Record, wanted: set[str], ids: set[str]) -> bool:
    """Whether the record is of these URLs, or says something about a record that is; another page's revisit only names one."""
    if record.url in wanted:
        return record.type != "warcinfo"
    return record.type != "revisit" and not ids.isdisjoint(
        (record.get("WARC-Refers-To"), record.get("WARC-Concurrent-To"))
    )


def _swap(path: Path, stones: dict[int, bytes]) -> None:
    """Puts a file with the tombstones in the place of the old one, at once or not at all."""
    with path.open("rb") as old:
        replace_file(path, _with_stones(old, stones), mode=0o444)


def _with_stones(old: IO[bytes], stones: dict[int, bytes]) -> Iterator[bytes]:
    for offset, stone in sorted(stones.items()):
        while piece := old.read(min(CHUNK, offset - old.tell())):
            yield piece
        yield stone
        old.seek(len(stone), 1)
    while piece := old.read(CHUNK):
        yield piece


def _answer_for(path: Path) -> None:
    manifest = warc.read_manifest(path.parent)
    warc.write_manifest(path.parent, manifest | {path.name: warc.sha256_of(path)})


def _forget(
    store: Store, wanted: set[str], moment: datetime, *, reason: str, who: str, records: int
) -> tuple[int, int]:
    """Rows, search entries and learned lines in one transaction, with the log row of who and why; nothing stays in free pages."""
    db, at = store.db, moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    db.conn.execute("PRAGMA secure_delete = ON")
    with store.atomic():
        ids = places.article_ids(db, wanted)
        for url, text in places.texts_of(db, ids):
            places.unlearn(db, urls.host_of(url), {line_key(line) for line in text.splitlines()})
        search.unindex_articles(db.conn, ids)
        captures, articles = places.forget(db, wanted, at=at, reason=reason)
        if records or captures or articles:
            summary = {"urls": sorted(wanted), "reason": reason, "who": who, "records": records}
            run = runs.begin(db, kind="redact", site="", at=at)
            runs.end(db, run, at=at, result="ok", summary=summary)
        search.optimize(db.conn)  # until segments are merged, the index keeps the words of entries that were taken out
    db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return captures, articles
