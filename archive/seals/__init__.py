"""Seals: signed roots over the records of closed files, each chained to the one before. The format is described in docs/seals.md.

A seal is a few small files in `seals/` of the archive: NUMBER.json is the statement that is signed and stamped, NUMBER.sig the signature,
NUMBER.pem the public key, NUMBER.records.gz the list of sealed records, NUMBER.AUTHORITY.tsr a time stamp.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archive.collection import SEALS
from archive.errors import DamagedFileError
from archive.files import open_read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT: Final = "warraq-seal/1"
FOLDER: Final = SEALS
_NUMBERED = re.compile(r"(\d{6,9})\.json")
_LARGEST: Final = 1 << 26
"""The largest statement, in bytes: one line for each file, half a million files."""
_LONGEST_LINE: Final = 1 << 16
_SMALL: Final = 1 << 18
"""The largest signature, key, stamp or certificate chain, in bytes: the response of an authority has 2 to 8 kB."""
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """A sealed WARC file: its name, size and SHA-256 when it was sealed, and the number of its records."""

    name: str
    bytes: int
    sha256: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """One seal: the statement that is signed and stamped, and its parsed content.

    `previous` is the SHA-256 of the previous statement ('' for the first), `vouched` the signature of the previous key over this statement
    if the key was rotated. `clock` tells whether NTP synchronised the clock of the machine.
    """

    number: int
    statement: bytes
    signature: bytes
    public_key: bytes
    sealed_at: str
    previous: str
    root: str
    records: int
    files: tuple[SealedFile, ...]
    operator: str
    software: str
    clock: str
    vouched: bytes = b""

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the statement, which the next seal contains and an authority stamps."""
        return hashlib.sha256(self.statement).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRecord:
    """One sealed record; `line` is the leaf of the tree, `sha256` the hash of the record's bytes in the file."""

    line: bytes
    id: str
    date: str
    block_digest: str
    sha256: str
    file: str
    offset: int
    length: int


def numbered(number: int) -> str:
    """Return the prefix of the names of a seal's files."""
    return f"{number:06d}"


def numbers(folder: Path) -> list[int]:
    """Return the numbers of the seals in an archive's folder of seals."""
    try:
        return sorted(int(found[1]) for path in folder.iterdir() if (found := _NUMBERED.fullmatch(path.name)))
    except (FileNotFoundError, NotADirectoryError):
        return []


def numbers_by_file(archive: Path) -> dict[str, int]:
    """Return the number of the seal that covers each sealed file of an archive; incomplete seals are skipped."""
    folder, found = archive / FOLDER, dict[str, int]()
    for number in numbers(folder):
        with suppress(DamagedFileError):
            found |= {file.name: number for file in read_seal(folder, number).files}
    return found


def read_seal(folder: Path, number: int) -> Seal:
    """Read a seal without its records and without verifying it.

    Raises:
        DamagedFileError: it is incomplete, or not a seal.
    """
    path = folder / f"{numbered(number)}.json"
    try:
        statement = _read(path, _LARGEST)
        signature, public_key = (_read(path.with_suffix(end), _SMALL) for end in (".sig", ".pem"))
        vouched = path.with_suffix(".vouched")
        return seal_of(statement, signature, public_key, _read(vouched, _SMALL) if vouched.exists() else b"")
    except OSError as error:
        raise DamagedFileError(path, 0, f"the seal is incomplete ({error.strerror}: {error.filename})") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedFileError(path, 0, f"not a seal ({type(error).__name__}: {error})") from error


def seal_of(statement: bytes, signature: bytes, public_key: bytes, vouched: bytes = b"") -> Seal:
    """Parse the files of a seal; raises ValueError, KeyError or TypeError when they are not a seal."""
    said = json.loads(statement)
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise ValueError(f"the format is not {FORMAT}")
    if not _HEX.fullmatch(said["root"]):
        raise ValueError("the root is not a SHA-256 digest")
    return Seal(
        number=int(said["number"]),
        statement=statement,
        signature=signature,
        public_key=public_key,
        sealed_at=str(said["sealed_at"]),
        previous=str(said["previous"]),
        root=said["root"],
        records=int(said["records"]),
        files=tuple(_sealed_file(one) for one in said["files"]),
        operator=str(said.get("operator", "")),
        software=str(said.get("software", "")),
        clock=str(said.get("clock", "unknown")),
        vouched=vouched,
    )


def files_of(folder: Path, number: int) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of the files of a seal except its list of records: statement, signature, key, stamps.

    Raises:
        DamagedFileError: one of them is not a regular file, or is larger than any that warraq writes.
    """
    for path in sorted(folder.glob(f"{numbered(number)}.*")):
        if not path.name.endswith(".records.gz"):
            try:
                yield path.name, _read(path, _LARGEST if path.suffix == ".json" else _SMALL)
            except ValueError as error:
                raise DamagedFileError(path, 0, str(error)) from error


def _sealed_file(said: dict[str, Any]) -> SealedFile:
    return SealedFile(
        name=str(said["name"]), bytes=int(said["bytes"]), sha256=str(said["sha256"]), records=int(said["records"])
    )


def sealed_records(folder: Path, number: int) -> Iterator[SealedRecord]:
    """Yield the records of a seal in the order of the leaves.

    Raises:
        DamagedFileError: the list cannot be read.
    """
    path = folder / f"{numbered(number)}.records.gz"
    try:
        with open_read(path) as raw, gzip.open(raw) as file:
            while line := file.readline(_LONGEST_LINE):
                yield record_of(line.removesuffix(b"\n"))
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise DamagedFileError(path, 0, f"the list of sealed records cannot be read ({error})") from error


def record_of(line: bytes) -> SealedRecord:
    """Parse a leaf; raises ValueError when it is not one."""
    record_id, date, digest, sha256, file, offset, length = line.decode("utf-8").split("\t")
    return SealedRecord(
        line=line, id=record_id, date=date, block_digest=digest, sha256=sha256, file=file,
        offset=int(offset), length=int(length),
    )  # fmt: skip


def leaf(record: SealedRecord) -> bytes:
    """Return the leaf of a record in the tree: seven fields separated by tabs."""
    fields = (record.id, record.date, record.block_digest, record.sha256, record.file)
    return "\t".join(
        [*(" ".join(field.split()) or "-" for field in fields), str(record.offset), str(record.length)]
    ).encode()


def _read(path: Path, largest: int) -> bytes:
    with open_read(path) as file:
        data = file.read(largest + 1)
    if len(data) > largest:
        raise ValueError(f"more than {largest} bytes")
    return data
