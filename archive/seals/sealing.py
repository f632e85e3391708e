"""Seal the records of the files that were closed since the last seal: hash, sign, chain; then write the seal into the archive."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archive import warc
from archive.collection import FileLocator
from archive.errors import UsageError
from archive.files import make_folder, replace_file, replacing
from archive.files.clock import clock_state, iso
from archive.index import open_store
from archive.locale import N_
from archive.seals import FOLDER, FORMAT, Seal, SealedRecord, leaf, numbered, numbers, read_seal, record_of
from archive.seals.merkle import leaf_hash, root_of
from archive.seals.signing import key_id, public_pem, rotate_seal_key, seal_key
from archive.warc import cdxj

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from archive.collection import Collection
    from archive.storage import StoredFile

URN: Final = "urn:warraq:seal:"
"""The prefix of the target URI of a seal's WARC record; the SHA-256 of its statement follows."""
_KEPT: Final = 256
"""Bytes of a block that are kept while its file is sealed: enough to recognise the record of a seal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """Who seals, and with which software; recorded in the statement and in the warcinfo record."""

    operator: str = ""
    software: str = "warraq"


def seal_files(
    collection: Collection,
    *,
    keys: Path,
    clock: Callable[[], datetime],
    custody: Custody,
    rotate: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Seal | None:
    """Seal the closed files that are not sealed yet, and write the seal to a WARC as well; return None when there are none.

    `rotate` signs with a new key, which the old key vouches for. A seal is valid once its statement is written, which comes last, so that
    a killed run leaves no valid seal.

    Raises:
        ArchiveLockedError: another process writes to the archive.
        DamagedFileError: the last seal, or a file to be sealed, cannot be read.
        UsageError: the key cannot be used, or is in the archive's folder.
        NotWritableError: key or seal cannot be written.
    """
    collection.require()
    if keys.resolve().is_relative_to(collection.folder.resolve()):
        raise UsageError(
            N_(
                f"the key folder {keys} is inside the archive, so everyone who has the archive would have the key: "
                "set WARRAQ_KEYS to another folder"
            )
        )
    folder = collection.folder / FOLDER
    with collection.lock():
        index = cdxj.Index(collection.folder)
        warc.recover_open_files(collection.warcs, on_close=index.closed)
        before = [read_seal(folder, number) for number in numbers(folder)]
        new = _New(folder, before[-1] if before else None)
        new.write_records(_unsealed(collection, before), progress)
        if rotate or new.has_news:
            old, key = (rotate_seal_key(keys) if rotate else None), seal_key(keys)
            made = new.write_statement(key, old, at=clock(), custody=custody)
        else:
            made = None
            new.discard()
        if missing := [one for one in (before[-1:] if not new.last_is_recorded else []) + [made] if one]:
            _record(collection, missing, index, clock=clock, custody=custody)
    return made


def _unsealed(collection: Collection, seals: list[Seal]) -> list[Path | StoredFile]:
    """Return the closed files that are not sealed."""
    known = {file.name for seal in seals for file in seal.files}
    with open_store(collection.database) as store:
        return [file for file in FileLocator(collection.warcs, store.db).closed() if file.name not in known]


class _New:
    """A seal that is being made."""

    def __init__(self, folder: Path, last: Seal | None) -> None:
        self._folder, self._last = folder, last
        self._number = last.number + 1 if last else 1
        self._files: list[dict[str, Any]] = []
        self._root = b""
        self.has_news = False
        self.last_is_recorded = last is None

    def write_records(self, files: list[Path | StoredFile], progress: Callable[[str], None]) -> None:
        """Write the list of records, and compute the root over them."""
        make_folder(self._folder)
        with (
            replacing(self._path(".records.gz")) as half,
            half.open("xb") as raw,
            gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
        ):
            self._root = root_of(leaf_hash(line) for line in self._lines(files, packed, progress))

    def _lines(
        self, files: list[Path | StoredFile], out: gzip.GzipFile, progress: Callable[[str], None]
    ) -> Iterator[bytes]:
        for file in files:
            progress(f"sealing {file.name}")
            count = 0
            for record, sealed in hashed_records(file):
                self._note(record)
                out.write(sealed.line + b"\n")
                count += 1
                yield sealed.line
            self._files.append({"name": file.name, **_fixity(file), "records": count})

    def _note(self, record: warc.Record) -> None:
        is_seal = record.url.startswith(URN)
        self.has_news = self.has_news or not (is_seal or record.type == "warcinfo")
        if is_seal and self._last and record.url == URN + self._last.digest:
            self.last_is_recorded = True

    def write_statement(
        self, key: Ed25519PrivateKey, old: Ed25519PrivateKey | None, *, at: datetime, custody: Custody
    ) -> Seal:
        """Sign the statement and write the seal, the statement last."""
        public = public_pem(key)
        said = {
            "format": FORMAT,
            "number": self._number,
            "sealed_at": iso(at),
            "clock": clock_state(),
            "operator": custody.operator,
            "software": custody.software,
            "key": key_id(public),
            "previous": self._last.digest if self._last else "",
            "records": sum(file["records"] for file in self._files),
            "root": self._root.hex(),
            "files": self._files,
        }
        statement = (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()
        self._path(".vouched").unlink(missing_ok=True)
        if old:
            replace_file(self._path(".vouched"), [old.sign(statement)])
        replace_file(self._path(".pem"), [public])
        replace_file(self._path(".sig"), [key.sign(statement)])
        replace_file(self._path(".json"), [statement])
        return read_seal(self._folder, self._number)

    def discard(self) -> None:
        """Remove the list of a seal that was not completed."""
        self._path(".records.gz").unlink(missing_ok=True)

    def _path(self, end: str) -> Path:
        return self._folder / (numbered(self._number) + end)


def hashed_records(file: Path | StoredFile) -> Iterator[tuple[warc.Record, SealedRecord]]:
    """Yield each record of a file with its entry for a seal."""
    with file.open("rb") as raw:
        for record in warc.read_records(file, max_block=_KEPT):
            raw.seek(record.location.offset)
            yield record, _sealed(record, hashlib.sha256(raw.read(record.location.length)).hexdigest())


def _sealed(record: warc.Record, sha256: str) -> SealedRecord:
    unlined = SealedRecord(
        line=b"", id=record.id, date=record.date, block_digest=record.block_digest, sha256=sha256,
        file=record.location.filename, offset=record.location.offset, length=record.location.length,
    )  # fmt: skip
    return record_of(leaf(unlined))


def _fixity(file: Path | StoredFile) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as raw:
        while piece := raw.read(1 << 20):
            digest.update(piece)
            size += len(piece)
    return {"bytes": size, "sha256": digest.hexdigest()}


def _record(
    collection: Collection, seals: list[Seal], index: cdxj.Index, *, clock: Callable[[], datetime], custody: Custody
) -> None:
    """Write the seals as metadata records to a new WARC file."""
    info = {"software": custody.software, "operator": custody.operator, "description": "seals of this archive"}
    with warc.WarcWriter(
        collection.warcs, info={name: value for name, value in info.items() if value}, prefix="SEAL", clock=clock,
        on_close=index.closed,
    ) as writer:  # fmt: skip
        for seal in seals:
            fields = [("seal", str(seal.number)), ("root", seal.root)]
            fields += [
                (name, base64.b64encode(data).decode("ascii"))
                for name, data in (("statement-base64", seal.statement), ("signature-base64", seal.signature))
            ]
            writer.write_metadata(url=URN + seal.digest, refers_to="", date=clock(), fields=fields)
