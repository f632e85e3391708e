"""Import WARC, ARC and WACZ files: all of their captures, or those selected by a filter."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from gettext import gettext as _
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING

from archive.collection import Collection
from archive.errors import DamagedFileError, IrregularFileError, UsageError
from archive.files.clock import warc_timestamp
from archive.index import captures
from archive.ingest import open_writer
from archive.ingest.copying import copy_in, ensure_member_per_record, payload_digest_of, reject_reason
from archive.ingest.importer import Imported, Indexer, recover
from archive.parse.workers import parse_pool
from archive.terminal import Show, show_nothing
from archive.urls.surt import surt
from archive.warc import PAGE_BLOCK, Record, read_at, read_manifest, read_raw, read_records, register
from archive.warc.framing import CAPTURES
from archive.warc.wacz import torn_warcs, unpack_warcs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from archive.capture import Location
    from archive.ingest import ArchiveWriter
    from archive.ingest.copying import Adopted, RejectedRecord

# The records of a site and period in WARC files, by their places.
#
# A selected record includes those written with it (request, metadata, clean text), and a revisit includes the record
# whose payload it repeats, in any of the files and of any age.

_NOT_DIGITS = re.compile(r"\D+")
_WHOLE_LENGTHS = frozenset({4, 6, 8, 10, 12, 14})
_COMPANIONS = frozenset({"request", "metadata", "conversion"})


def moment_of(text: str) -> str:
    """Return a time as the first digits of a 14-digit timestamp: `2026-11` or `202611` is a month, '' is any time; raises UsageError."""
    digits = _NOT_DIGITS.sub("", text)
    if text and len(digits) not in _WHOLE_LENGTHS:
        raise UsageError(
            _("{text!r} is not a time: write 2026, 2026-11, 2026-11-24 or 20261124153000 (UTC)").format(text=text)
        )
    return digits


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureFilter:
    """Which captures to import: by host (with its subdomains), URL prefix, and time (both ends included); '' is any.

    `first` and `last` are prefixes of timestamps in UTC, as returned by `moment_of`. URLs are compared by urlkey, as in CDX
    servers: without scheme and `www.`.
    """

    host: str = ""
    url_prefix: str = ""
    first: str = ""
    last: str = ""

    def __bool__(self) -> bool:
        return bool(self.host or self.url_prefix or self.first or self.last)

    def takes(self, url: str, date: str) -> bool:
        """Return whether a capture of `url` at `date` (a WARC-Date or a timestamp) is wanted."""
        digits = warc_timestamp(date)
        after = digits[: len(self.first)] >= self.first
        return after and digits[: len(self.last)] <= self.last and self.takes_url(url)

    def takes_url(self, url: str) -> bool:
        """Return whether `url` is of the host and below the prefix."""
        if not url.startswith(("http://", "https://")):
            return False
        key = surt(url)
        if self.host and key.partition(")")[0].partition(":")[0] != _host_key(self.host):
            below = key.startswith(f"{_host_key(self.host)},")
            if not below:
                return False
        return _is_below(key, self.url_prefix)


def _host_key(host: str) -> str:
    return surt(f"http://{host}/").partition(")")[0]


def _is_below(key: str, prefix: str) -> bool:
    start = surt(prefix) if prefix else ""
    if prefix.endswith("/") and not start.endswith(
        "/"
    ):  # the key has lost the slash: /news/ must not match /newsletter
        return key == start or key.startswith((f"{start}/", f"{start}?"))
    return key.startswith(start)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenRecord:
    """A selected record: its file, its offset, and its date, by which the records of all files are sorted."""

    path: Path
    location: Location
    date: str


@dataclass(slots=True, kw_only=True)
class Selected:
    """The selected records, oldest first; the number of captures held already; the damaged files; the rejected captures."""

    places: list[ChosenRecord] = field(default_factory=list)
    known: int = 0
    damaged: list[DamagedFileError] = field(default_factory=list)
    rejected: list[RejectedRecord] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    type: str
    id: str
    url: str
    related: frozenset[str]
    original: tuple[str, str, str]
    digest: str
    place: ChosenRecord


def select(paths: Iterable[Path], wanted: CaptureFilter, *, known: Callable[[str], bool]) -> Selected:
    """Select the wanted records in `paths`, without captures whose record id is `known` and the records that belong to them.

    Reads the files once, and again only if a revisit repeats a record outside of the selection. Memory grows with the records of wanted
    URLs, not with the files.
    """
    files, selected = list(paths), Selected()
    seen = _read(files, lambda record: wanted.takes_url(record.url), selected)
    chosen = {one.id: one for one in seen if one.type in CAPTURES and wanted.takes(one.url, one.place.date)}
    asked = dict[str, _Seen]()
    while (missing := _add_originals(chosen, seen)) and missing.keys() != asked.keys():
        asked = missing
        seen += _read(files, _is_one_of(missing.values()), Selected(), max_block=PAGE_BLOCK)
    fresh = {record_id: one for record_id, one in chosen.items() if not known(record_id)}
    selected.known = len(chosen) - len(fresh)
    named = frozenset().union(*(one.related for one in fresh.values()))
    for one in seen:
        if one.type in _COMPANIONS and (one.related & fresh.keys() or one.id in named):
            fresh[one.id] = one
    order = {path: number for number, path in enumerate(files)}
    selected.places = sorted(
        (one.place for one in fresh.values()), key=lambda at: (at.date, order[at.path], at.location.offset)
    )
    return selected


class _Originals:
    """Candidates for the original of a revisit, by the rules of `captures.original_of`."""

    def __init__(self, seen: Iterable[_Seen]) -> None:
        self._by_id: dict[str, _Seen] = {}
        self._by_moment: dict[tuple[str, str], _Seen] = {}
        self._by_digest: dict[tuple[str, str], _Seen] = {}
        for one in seen:
            if one.type in CAPTURES:
                self._by_id.setdefault(one.id, one)
            if one.type in CAPTURES and one.type != "revisit":
                self._by_moment.setdefault(_moment(one.url, one.place.date), one)
            if one.type == "response" and one.digest:
                self._by_digest.setdefault((one.digest, one.url), one)
                self._by_digest.setdefault((one.digest, ""), one)

    def of(self, revisit: _Seen) -> _Seen | None:
        record_id, url, date = revisit.original
        named = self._by_id.get(record_id) or (self._by_moment.get(_moment(url, date)) if url else None)
        if named and (not named.digest or revisit.digest in {"", named.digest}):
            return named
        return self._by_digest.get((revisit.digest, revisit.url)) or self._by_digest.get((revisit.digest, ""))


def _moment(url: str, date: str) -> tuple[str, str]:
    return surt(url), warc_timestamp(date)


def _add_originals(chosen: dict[str, _Seen], seen: Iterable[_Seen]) -> dict[str, _Seen]:
    """Choose the records that chosen revisits repeat; return, by id, the revisits whose original is not among `seen`."""
    originals, missing = _Originals(seen), dict[str, _Seen]()
    waiting = [one for one in chosen.values() if one.type == "revisit"]
    while waiting:
        revisit = waiting.pop()
        original = originals.of(revisit)
        if original is None:
            missing[revisit.id] = revisit
        elif original.id not in chosen:
            chosen[original.id] = original
            waiting += [original] if original.type == "revisit" else []
    return missing


def _is_one_of(revisits: Iterable[_Seen]) -> Callable[[Record], bool]:
    """Return a test for records that may be originals of these revisits, and for those that were written with one that came before."""
    ids, moments, digests = set[str](), set[tuple[str, str]](), set[str]()
    for one in revisits:
        record_id, url, date = one.original
        ids |= {record_id} - {""}
        moments |= {_moment(url, date)} if url else set()
        digests |= {one.digest} - {""}

    def is_one(record: Record) -> bool:
        if record.is_capture and (_moment(record.url, record.date) in moments or payload_digest_of(record) in digests):
            ids.add(record.id)
        return record.id in ids or bool(_related_ids(record) & ids)

    return is_one


def _read(
    files: Iterable[Path], keep: Callable[[Record], bool], selected: Selected, *, max_block: int = 0
) -> list[_Seen]:
    seen = []
    for path in files:
        try:
            for record in read_records(path, max_block=max_block):
                if not (record.is_capture or record.type in _COMPANIONS) or not keep(record):
                    continue
                if rejected := reject_reason(record):
                    selected.rejected.append(rejected)
                else:
                    seen.append(_seen(path, record))
        except DamagedFileError as error:
            selected.damaged.append(error)
    return seen


def _seen(path: Path, record: Record) -> _Seen:
    return _Seen(
        type=record.type,
        id=record.id,
        url=record.url,
        related=_related_ids(record),
        original=record.refers_to,
        digest=payload_digest_of(record),
        place=ChosenRecord(path=path, location=record.location, date=record.date),
    )


def _related_ids(record: Record) -> frozenset[str]:
    """Return the records that this one was written with or made from, except the original of a revisit."""
    names = ["WARC-Concurrent-To"] if record.type in CAPTURES else ["WARC-Concurrent-To", "WARC-Refers-To"]
    return frozenset(value for name, value in record.headers for wanted in names if name.lower() == wanted.lower())


SUFFIXES = (".warc", ".warc.gz", ".warc.zst", ".arc", ".arc.gz", ".wacz")
"""The file name extensions that can be imported."""


def _now() -> datetime:
    return datetime.now(UTC)


def import_files(
    archive: str | Path,
    files: Iterable[str | Path],
    *,
    site: str = "",
    wanted: CaptureFilter | None = None,
    workers: int = 2,
    clock: Callable[[], datetime] = _now,
    progress: Show = show_nothing,
) -> Imported:
    """Copy WARC, ARC and WACZ files into the archive in that folder, and read their pages as a crawl does.

    The archive is created if missing, and removed again if nothing was copied into it. Importing a file again changes nothing. Damaged
    records are skipped and listed in `damaged` of the result. With `wanted`, only the selected captures and the records that belong to
    them are copied. `site` is the site of the captures, by default each URL's registrable domain; `workers` is the number of processes
    that extract.

    Raises NotWritableError, ArchiveLockedError, SchemaTooNewError, and UsageError for a file with an unknown extension.
    """
    collection = Collection(Path(archive))
    paths = [Path(one) for one in files]
    for path in paths:
        if not path.name.endswith(SUFFIXES):
            raise UsageError(
                _("{path} is not named like an archive: {suffixes} files can be imported").format(
                    path=path, suffixes=", ".join(SUFFIXES)
                )
            )
    info = {"software": "warraq", "description": "import"} | ({"isPartOf": site} if site else {})
    with parse_pool(workers=workers) as pool:
        writer = open_writer(collection, info=info, clock=clock)
        indexer = Indexer(writer, pool, site=site)
        try:
            # After an interrupted import or crawl, copied records are not copied again, and unparsed ones are parsed here.
            indexer.done.taken_up = recover(writer, pool).outcomes.total()
            if wanted:
                _import_chosen(indexer, paths, wanted, writer, progress)
            else:
                for number, path in enumerate(paths, 1):
                    _import_file(indexer, path, writer, f"{number}/{len(paths)} {path.name}", progress)
        finally:
            writer.close(then=writer.discard_new)
    return indexer.done


def _import_file(indexer: Indexer, path: Path, writer: ArchiveWriter, name: str, progress: Show) -> None:
    collection = writer.collection
    with TemporaryDirectory(dir=collection.folder, prefix=".unpacked-") as folder:
        copied = _copied(
            path, Path(folder), indexer.done, partial(copy_in, folder=collection.warcs, is_id_used=indexer.is_id_used)
        )
    known = read_manifest(collection.warcs)
    for target in copied:
        size = target.stat().st_size or 1
        indexer.index_file(
            target,
            is_new=target.name not in known,
            each=writer.index.add_record,
            progress=lambda offset, size=size: progress(name, offset, size),  # type: ignore[misc]
        )
        writer.index.reread(target.name)
        register(target)


class _Ids:
    """Whose the record ids of wanted URLs are, over all the files of an import: the first capture's that has one."""

    def __init__(self, indexer: Indexer, wanted: CaptureFilter) -> None:
        self._owners: dict[int, int] = {}
        self._indexer, self._wanted = indexer, wanted

    def is_id_used(self, record_id: str, url: str, date: str) -> bool:
        """Return whether the archive, or an earlier file, has a capture of that id which is of another URL or time."""
        if not record_id or not self._wanted.takes_url(url):
            return False
        what = hash((url, warc_timestamp(date)))
        return self._owners.setdefault(hash(record_id), what) != what or self._indexer.is_id_used(record_id, url, date)


def _import_chosen(
    indexer: Indexer, paths: list[Path], wanted: CaptureFilter, writer: ArchiveWriter, progress: Show
) -> None:
    """Copy the records that are wanted into a WARC of the collection, oldest first."""
    done = indexer.done
    with TemporaryDirectory(dir=writer.collection.folder, prefix=".unpacked-") as folder:
        progress("looking through the files")
        sound = []
        ids = _Ids(indexer, wanted)
        for path in paths:
            sound += _copied(
                path,
                Path(folder),
                done,
                partial(ensure_member_per_record, folder=Path(folder), is_id_used=ids.is_id_used),
            )
        selected = select(sound, wanted, known=lambda one: captures.of_record(writer.store.db, one) is not None)
        for number, place in enumerate(selected.places, 1):
            progress("records", number, len(selected.places))
            where = place.path.parent
            record = read_at(where, place.location, max_block=PAGE_BLOCK)
            indexer.copy_record(read_raw(where, place.location), record)
        indexer.finish()
    done.records += selected.known
    done.known += selected.known
    done.damaged += selected.damaged
    for rejected in selected.rejected:
        done.count_rejected(rejected)


def _copied(path: Path, folder: Path, done: Imported, copy: Callable[[Path], Adopted]) -> list[Path]:
    """Return the copies of the WARC files that `path` is or holds; a damaged one costs itself, and is noted in `done.damaged`."""
    found = list[Path]()
    for one in _warcs_of(path, folder, done):
        try:
            adopted = copy(one)
        except DamagedFileError as error:
            damages: tuple[DamagedFileError, ...] = (error,)
        else:
            found.append(adopted.path)
            damages = adopted.damages
        done.damaged += damages if one == path else [error.inside(path) for error in damages]
    return found


def _warcs_of(path: Path, folder: Path, done: Imported) -> list[Path]:
    """Return the WARC files that `path` is or holds; those of a WACZ are unpacked into `folder`.

    [] for a device, which may have no end, a FIFO, on which the import would wait, and a package that is refused.
    """
    if path.exists() and not path.is_file():
        done.damaged.append(IrregularFileError(path))
        return []
    if not path.name.endswith(".wacz"):
        return [path]
    into = Path(mkdtemp(dir=folder))
    try:
        return unpack_warcs(path, into)
    except DamagedFileError as error:
        done.damaged.append(error)
        return torn_warcs(path, into)
