"""Export captures as bytes: WARC, WACZ, and their CDXJ index."""

from __future__ import annotations

import gzip
import hashlib
import heapq
import json
import struct
import tempfile
import zipfile
from contextlib import ExitStack
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from archive.export.source import Found, Source, records
from archive.files import replace_file, replacing
from archive.files.clock import iso
from archive.warc import read_at
from archive.warc.cdxj import Entry, entry_of_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

# External sorting of unique lines in bounded memory.

RUN = 100_000
"""Lines sorted in memory: some 40 MB of CDXJ."""


class Sorted:
    """Collects lines by `add` and iterates over them in order; `len` is the number of lines iterated."""

    def __init__(self, run: int = RUN) -> None:
        self._run = run
        self._lines: list[str] = []
        self._runs: list[IO[str]] = []
        self._stack = ExitStack()
        self._given = 0

    def __enter__(self) -> Sorted:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def __len__(self) -> int:
        return self._given

    def add(self, line: str) -> None:
        """Take one line, without its line end."""
        self._lines.append(line)
        if len(self._lines) >= self._run:
            self._spill()

    def __iter__(self) -> Iterator[str]:
        self._lines.sort()
        for run in self._runs:
            run.seek(0)
        stored = ((line.rstrip("\n") for line in run) for run in self._runs)
        self._given, before = 0, None
        for line in heapq.merge(self._lines, *stored):
            if line != before:
                self._given += 1
                yield line
            before = line

    def _spill(self) -> None:
        run = self._stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n"))  # noqa: SIM115
        run.writelines(f"{line}\n" for line in sorted(self._lines))
        self._runs.append(run)
        self._lines = []


def write_warc(source: Source, target: Path) -> int:
    """Write `target` (a `.warc.gz`); return the number of captures."""
    count = 0

    def members() -> Iterator[bytes]:
        nonlocal count
        for found in records(source):
            count += found.chosen is not None
            yield found.raw

    replace_file(target, members())
    return count


# CDXJ: the sorted index lines of the selected captures, which point into the archive's own WARC files.


def write_cdxj(source: Source, target: Path) -> int:
    """Write `target`; return the number of lines."""
    with Sorted() as lines:
        for part in source.parts:
            for chosen in part.captures:
                if entry := entry_of_record(read_at(part.where, chosen.location)):
                    lines.add(entry.line())
        replace_file(target, (f"{line}\n".encode() for line in lines))
        return len(lines)


# WACZ 1.1.1: a ZIP of WARC, index, page list and digests that replay tools open.

VERSION = "1.1.1"
WARC = "data.warc.gz"
BLOCK_LINES = 300
"""Index lines per gzip block, as in cdxj-indexer: a replay tool loads a block to find one page."""
CHUNK = 1 << 20
EXTENDED_TIME = (0x5455, 5, 1)
"""The ZIP field of a time in UTC (APPNOTE 4.6, Info-ZIP). replayweb.page 2.5 needs it: if an entry has no extra fields in the
directory, it assumes that the local header has none either, but streamed entries have one there, for ZIP64."""


class Additions:
    """Additional files of a WACZ; this base class adds none."""

    def on_record(self, found: Found, offset: int) -> None:
        """Receive each record and its offset in the WARC of the package."""

    def add_to(self, package: Package) -> None:
        """Add files, after the contents and before the description of the package."""

    def signed(self, label: str) -> dict[str, str]:  # noqa: ARG002 - for those who sign
        """Return the signing data for the digest of the description; {} for none."""
        return {}


def write_wacz(source: Source, target: Path, additions: Additions | None = None) -> int:
    """Write `target` in bounded memory; return the number of captures.

    Raises:
        NotWritableError: the folder cannot be written, or the disk is full; no target is created.
    """
    with (
        replacing(target) as half,
        zipfile.ZipFile(half, "w") as package,
        _Pages(source.title) as pages,
        Sorted() as lines,
    ):
        return _write(source, Package(package, source), pages, lines, additions or Additions())


def _write(source: Source, package: Package, pages: _Pages, lines: Sorted, additions: Additions) -> int:
    package.add(f"archive/{WARC}", _collect(records(source), pages, lines, additions))
    with tempfile.TemporaryFile("w+b") as index:
        blocks = list(_index_blocks(lines, index))
        index.seek(0)
        package.add("indexes/index.cdx.gz", iter(lambda: index.read(CHUNK), b""))
    package.add("indexes/index.idx", _block_lines(blocks))
    package.add("pages/pages.jsonl", pages.read(), compress=True)
    additions.add_to(package)
    package.finish(pages.first, additions)
    return pages.count


def _collect(found: Iterable[Found], pages: _Pages, lines: Sorted, additions: Additions) -> Iterator[bytes]:
    """Yield the bytes of the WARC, and collect pages and index lines."""
    offset = 0
    for one in found:
        entry = entry_of_record(one.record)
        if entry:
            lines.add(
                replace(
                    entry, location=replace(entry.location, filename=WARC, offset=offset, length=len(one.raw))
                ).line()
            )
        if one.chosen:
            pages.add(one, entry)
        additions.on_record(one, offset)
        offset += len(one.raw)
        yield one.raw


class _Pages:
    """`pages.jsonl`: the list of pages that a replay tool shows."""

    def __init__(self, title: str) -> None:
        self._title = title or "Pages"
        self.count = 0
        self.first: dict[str, str] = {}

    def __enter__(self) -> _Pages:
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8")
        self._put({"format": "json-pages-1.0", "id": "pages", "title": self._title, "hasText": True})
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()

    def add(self, found: Found, entry: Entry | None) -> None:
        self.count += 1
        chosen = found.chosen
        if chosen is None or entry is None or not chosen.is_page:
            return
        record = found.record
        page = {"id": record.id.strip("<>").removeprefix("urn:uuid:"), "url": record.url, "ts": _page_time(record.date)}
        page |= {name: value for name, value in (("title", chosen.title), ("text", chosen.text)) if value}
        self.first = self.first or page
        self._put(page)

    def read(self) -> Iterator[bytes]:
        self._file.seek(0)
        while text := self._file.read(CHUNK):
            yield text.encode()

    def _put(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")


class Package:
    """The ZIP: its members, and at the end a `datapackage.json` with their digests.

    `places` has the uncompressed members: SHA-256, offset in the file, bytes, path.
    """

    def __init__(self, package: zipfile.ZipFile, source: Source) -> None:
        self._package, self._source = package, source
        self._resources: list[dict[str, Any]] = []
        self.places: list[tuple[str, int, int, str]] = []
        self._time = source.created.timetuple()[:6]
        self._moment = struct.pack("<HHBl", *EXTENDED_TIME, int(source.created.timestamp()))

    def add(self, path: str, pieces: Iterable[bytes], *, compress: bool = False) -> str:
        """Add a file; return its digest."""
        digest, size = hashlib.sha256(), 0
        info = zipfile.ZipInfo(path, self._time)
        info.external_attr = 0o644 << 16
        info.extra = self._moment
        info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        with self._package.open(info, "w", force_zip64=True) as member:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                member.write(piece)
        name = path.rsplit("/", 1)[-1]
        label = f"sha256:{digest.hexdigest()}"
        if not compress:
            self.places.append((digest.hexdigest(), self._package.start_dir - size, size, path))
        self._resources.append({"name": name, "path": path, "hash": label, "bytes": size})
        return label

    def finish(self, main: dict[str, str], additions: Additions) -> None:
        """Add the description of the package, and its digest."""
        source = self._source
        created = iso(source.created)
        package: dict[str, Any] = {
            "profile": "data-package",
            "wacz_version": VERSION,
            "software": source.software,
            "created": created,
        }
        package |= {"title": source.title} if source.title else {}
        package |= {"description": _lacking(missing)} if (missing := source.without_originals) else {}
        package |= {"mainPageUrl": main["url"], "mainPageDate": main["ts"]} if main else {}
        package["resources"] = list(self._resources)
        text = json.dumps(package, ensure_ascii=False, indent=2).encode()
        label = self.add("datapackage.json", [text], compress=True)
        signed = additions.signed(label)
        digest = {"path": "datapackage.json", "hash": label} | ({"signedData": signed} if signed else {})
        self.add("datapackage-digest.json", [json.dumps(digest).encode()], compress=True)


def _lacking(missing: Sequence[str]) -> str:
    """Return the note on revisits without originals, which replay tools cannot show."""
    return f"Revisits without their originals, which replay tools cannot show: {len(missing)}, such as {missing[0]}."


def _page_time(date: str) -> str:
    return date.split(".", 1)[0].removesuffix("Z") + "Z"


def _index_blocks(lines: Iterable[str], index: IO[bytes]) -> Iterator[str]:
    """Write the lines to `index`, gzipped by blocks; yield the line of the secondary index for each block."""
    block: list[str] = []
    for line in lines:
        block.append(line)
        if len(block) == BLOCK_LINES:
            yield _pack(block, index)
            block = []
    if block:
        yield _pack(block, index)


def _pack(block: list[str], index: IO[bytes]) -> str:
    packed = gzip.compress("".join(f"{line}\n" for line in block).encode(), mtime=0)
    place = {"offset": index.tell(), "length": len(packed), "digest": f"sha256:{hashlib.sha256(packed).hexdigest()}"}
    index.write(packed)
    return f"{block[0].split('{', 1)[0].strip()} {json.dumps(place)}\n"


def _block_lines(blocks: Iterable[str]) -> Iterator[bytes]:
    yield b'!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}\n'
    for line in blocks:
        yield line.encode()
