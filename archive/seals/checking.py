"""Check seals: chain, signatures, stamps and clocks, then each file against its seal; report each difference."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from archive import warc
from archive.collection import FileLocator
from archive.errors import ArchiveError, DamagedFileError
from archive.files.clock import warc_moment
from archive.index import open_store
from archive.locale import N_
from archive.seals import FOLDER, Seal, SealedFile, SealedRecord, numbers, read_seal, sealed_records
from archive.seals.merged import FILES, MERGED, merged_folders, names_of
from archive.seals.merkle import leaf_hash, root_of
from archive.seals.sealing import URN, hashed_records
from archive.seals.signing import is_signed, key_id
from archive.seals.stamps import Stamp, stamps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cryptography.x509 import Certificate

    from archive.collection import Collection
    from archive.storage import StoredFile

CLOCKS_APART: Final = timedelta(minutes=10)
"""The largest difference between the clocks of a crawler, a sealing machine and an authority, including the time of an exchange."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealProblem:
    """One difference from the sealed state.

    `kind` is one of `seal` (missing, forged, broken chain), `key`, `stamp`, `clock`, `list` (the sealed records), `file` (missing or
    renamed), `changed`, `re-dated`, `moved`, `removed`, `inserted` (a record).
    """

    kind: str
    where: str
    detail: str
    record_id: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (f"{self.where}: {self.detail}", self.record_id) if part)


@dataclass(slots=True, kw_only=True)
class SealReport:
    """The result of a check; `redacted` counts records replaced by tombstones, `notes` are remarks.

    `merged` counts the seals of archives that were merged into this one.
    """

    seals: int = 0
    merged: int = 0
    records: int = 0
    redacted: int = 0
    unsealed: list[str] = field(default_factory=list)
    stamps: dict[int, list[Stamp]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[SealProblem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Return whether there are no problems."""
        return not self.problems

    def add_problem(self, kind: str, where: str, detail: str, record_id: str = "") -> None:
        """Add a problem."""
        self.problems.append(SealProblem(kind=kind, where=where, detail=detail, record_id=record_id))


def check_seals(
    collection: Collection,
    *,
    roots: Sequence[Certificate],
    trusted_key: bytes = b"",
    progress: Callable[[str], None] = lambda _: None,
) -> SealReport:
    """Check all seals of an archive, and its closed files against them. Reads every sealed file once and needs no lock.

    `trusted_key`: the public key (PEM) that must have signed the last seal.
    """
    report, folder = SealReport(), collection.folder / FOLDER
    seals = _read_all(folder, report)
    _check_chains(folder, seals, roots, report)
    if trusted_key and seals and key_id(seals[-1].public_key) != key_id(trusted_key):
        report.add_problem(
            "key",
            N_(f"seal {seals[-1].number}"),
            N_(f"signed by the key {key_id(seals[-1].public_key)[:16]}…, not by the one that is trusted"),
        )
    with open_store(collection.database, read_only=True) as store:
        closed = {file.name: file for file in FileLocator(collection.warcs, store.db).closed()}
    for seal in seals:
        _check_records(folder, seal, closed, report, progress)
    others = [
        one
        for kept in merged_folders(collection.folder)
        for one in _check_merged(kept, closed, roots, report, progress)
    ]
    _check_unsealed(closed, seals, others, report)
    report.seals, report.merged = len(seals), len(others)
    return report


def _check_chains(folder: Path, seals: Sequence[Seal], roots: Sequence[Certificate], report: SealReport) -> None:
    for before, seal in zip([None, *seals], seals, strict=False):
        _check_chain(seal, before, report)
        _check_stamps(folder, seal, roots, report)


def _check_merged(
    folder: Path,
    closed: Mapping[str, Path | StoredFile],
    roots: Sequence[Certificate],
    report: SealReport,
    progress: Callable[[str], None],
) -> list[Seal]:
    """Check the seals of a merged archive, and its merged files against them; return the seals."""
    found, name = SealReport(), f"{MERGED}/{folder.name}"
    seals = _read_all(folder, found)
    _check_chains(folder, seals, roots, found)
    try:
        names = names_of(folder)
    except DamagedFileError as error:
        names = {}
        found.add_problem("list", FILES, str(error))
    here = {sealed: closed[file] for sealed, file in names.items() if file in closed}
    for seal in seals:
        came = replace(seal, files=tuple(file for file in seal.files if file.name in names))
        _check_records(folder, came, here, found, progress)
        if len(came.files) < len(seal.files):
            found.notes.append(N_(f"seal {seal.number}: {len(came.files)} of its {len(seal.files)} files were merged"))
    report.records += found.records
    report.redacted += found.redacted
    report.notes += [f"{name}: {note}" for note in found.notes]
    report.problems += [replace(one, where=f"{name}: {one.where}") for one in found.problems]
    return seals


def _read_all(folder: Path, report: SealReport) -> list[Seal]:
    seals: list[Seal] = []
    found = numbers(folder)
    for number in range(1, max(found, default=0) + 1):
        try:
            seals.append(read_seal(folder, number))
        except DamagedFileError as error:
            report.add_problem("seal", N_(f"seal {number}"), N_("it is missing") if number not in found else str(error))
            continue
        if seals[-1].number != number:
            report.add_problem("seal", N_(f"seal {number}"), N_(f"its number is {seals[-1].number}"))
    return seals


def _check_chain(seal: Seal, before: Seal | None, report: SealReport) -> None:
    where = N_(f"seal {seal.number}")
    if not is_signed(seal.public_key, seal.signature, seal.statement):
        report.add_problem(
            "seal", where, N_("the signature is not of this statement by its key: forged, or changed since")
        )
    if seal.previous != (before.digest if before else ""):
        report.add_problem(
            "seal", where, N_("it was made after another seal than the one before it: that one was changed or replaced")
        )
    if before is None:
        return
    if seal.public_key != before.public_key:
        if is_signed(before.public_key, seal.vouched, seal.statement):
            report.notes.append(N_(f"{where}: the key was rotated, and the one before vouches for it"))
        else:
            report.add_problem(
                "key",
                where,
                N_(
                    "signed by another key than the seal before, and that key does not vouch for it: a lost key, or a forged seal"
                ),
            )
    if seal.sealed_at < before.sealed_at:
        report.add_problem(
            "clock",
            where,
            N_(f"made at {seal.sealed_at}, before the seal before it ({before.sealed_at}): a clock was wrong"),
        )


def _check_stamps(folder: Path, seal: Seal, roots: Sequence[Certificate], report: SealReport) -> None:
    where, sealed_at = N_(f"seal {seal.number}"), warc_moment(seal.sealed_at)
    stamps = report.stamps[seal.number] = stamps_of(folder, seal, roots)
    for one in stamps:
        if one.problem:
            report.add_problem("stamp", where, N_(f"the stamp of {one.authority} does not hold: {one.problem}"))
        elif not one.trusted:
            report.notes.append(
                N_(
                    f"{where}: the stamp of {one.authority} holds, but leads to no root that is trusted here ($WARRAQ_AUTHORITY_ROOTS)"
                )
            )
        at = warc_moment(one.at)
        if not one.problem and at and sealed_at and at < sealed_at - CLOCKS_APART:
            report.add_problem(
                "clock",
                where,
                N_(
                    f"made at {seal.sealed_at} by its own clock, but {one.authority} stamped it at {one.at}: a clock was wrong"
                ),
            )
    if not stamps:
        report.notes.append(N_(f"{where}: no authority has stamped it (`warraq seal --stamp`)"))


def _check_records(
    folder: Path,
    seal: Seal,
    closed: Mapping[str, Path | StoredFile],
    report: SealReport,
    progress: Callable[[str], None],
) -> None:
    """Check the list of records against the root, and each file against the list."""
    files = {file.name: file for file in seal.files}
    try:
        root = root_of(_leaves(folder, seal, files, closed, report=report, progress=progress))
    except DamagedFileError as error:
        report.add_problem("list", N_(f"seal {seal.number}"), str(error))
        return
    if root.hex() != seal.root:
        report.add_problem(
            "list",
            N_(f"seal {seal.number}"),
            N_("the list of its records is not the one that was sealed (root differs)"),
        )
    for file in files.values():
        _check_file(file, [], closed, report)


def _leaves(
    folder: Path,
    seal: Seal,
    files: dict[str, SealedFile],
    closed: Mapping[str, Path | StoredFile],
    *,
    report: SealReport,
    progress: Callable[[str], None],
) -> Iterator[bytes]:
    """Yield the hashes of the leaves, and check each file that they name and remove it from `files`; the list is streamed."""
    sealed_at = warc_moment(seal.sealed_at)
    for name, group in groupby(sealed_records(folder, seal.number), key=lambda record: record.file):
        progress(f"seal {seal.number}: {name}")
        file = files.pop(name, None)
        is_suspect = file is not None and not _is_as_sealed(file, closed)
        records = []
        for record in group:
            yield leaf_hash(record.line)
            report.records += 1
            moment = warc_moment(record.date)
            if moment and sealed_at and moment > sealed_at + CLOCKS_APART:
                report.add_problem(
                    "clock",
                    N_(f"seal {seal.number}"),
                    N_(f"a record is dated {record.date}, after its seal ({seal.sealed_at}): a clock was wrong"),
                    record.id,
                )
            if is_suspect:
                records.append(record)
        if file is not None and is_suspect:
            _check_file(file, records, closed, report)


def _is_as_sealed(sealed: SealedFile, closed: Mapping[str, Path | StoredFile]) -> bool:
    """Return whether a file has the sealed bytes, so that its records need not be read."""
    file = closed.get(sealed.name)
    return file is not None and _size(file) == sealed.bytes and _sha256(file) == sealed.sha256


def _check_file(
    sealed: SealedFile, records: list[SealedRecord], closed: Mapping[str, Path | StoredFile], report: SealReport
) -> None:
    """Check a file; its records are read only if its bytes have changed."""
    file = closed.get(sealed.name)
    if file is None:
        same = [
            name for name, other in closed.items() if _size(other) == sealed.bytes and _sha256(other) == sealed.sha256
        ]
        detail = (
            N_(f"it has become {same[0]}: its name, which has a date in it, was changed")
            if same
            else N_("the file is not there")
        )
        report.add_problem("file", sealed.name, N_(f"{detail} (sealed records: {sealed.records})"))
        return
    if not _is_as_sealed(sealed, closed):
        _compare(sealed.name, file, records, report)


def _size(file: Path | StoredFile) -> int:
    return file.stat().st_size if isinstance(file, Path) else file.size


def _sha256(file: Path | StoredFile) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as raw:
        while piece := raw.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _compare(name: str, file: Path | StoredFile, records: list[SealedRecord], report: SealReport) -> None:
    """Report each record of a changed file that differs from the sealed one."""
    present: dict[int, tuple[warc.Record, SealedRecord]] = {}
    damage = ""
    try:
        for record, now in hashed_records(file):
            present[now.offset] = (record, now)
    except ArchiveError as error:
        damage = str(error)
    places = {now.id: now for _, now in present.values()}
    sealed_ids = {record.id for record in records}
    found = len(report.problems)
    for sealed in records:
        if sealed.offset in present and _is_tombstone_of(present[sealed.offset][0], sealed):
            report.redacted += 1
        elif problem := _difference(sealed, places.get(sealed.id), damage):
            report.add_problem(problem[0], N_(f"{name} at byte {sealed.offset}"), problem[1], sealed.id)
    for record, now in present.values():
        if now.id not in sealed_ids and not warc.is_tombstone(record):
            report.add_problem(
                "inserted",
                N_(f"{name} at byte {now.offset}"),
                N_("this record did not exist when the file was sealed"),
                now.id,
            )
    if found == len(report.problems) and not any(warc.is_tombstone(record) for record, _ in present.values()):
        report.add_problem(
            "changed", name, damage or N_("the bytes between its records are not those that were sealed")
        )


def _is_tombstone_of(record: warc.Record, sealed: SealedRecord) -> bool:
    refers_to = record.get("WARC-Refers-To")
    return warc.is_tombstone(record) and record.location.length == sealed.length and refers_to in {"", sealed.id}


def _difference(sealed: SealedRecord, now: SealedRecord | None, damage: str) -> tuple[str, str] | None:
    """Return the kind and description of the change of a sealed record, None when it is unchanged."""
    if now is None:
        return (
            ("changed", N_(f"the sealed record cannot be read: {damage}"))
            if damage
            else ("removed", N_("the sealed record is missing"))
        )
    if now.sha256 == sealed.sha256:
        return None if now.offset == sealed.offset else ("moved", N_(f"the sealed record is at byte {now.offset} now"))
    if now.date != sealed.date:
        return "re-dated", N_(f"the record was dated {sealed.date} when it was sealed, and is dated {now.date} now")
    what = "block" if now.block_digest != sealed.block_digest else "header"
    return "changed", N_(f"the {what} of the record is not the one that was sealed")


def _check_unsealed(
    closed: Mapping[str, Path | StoredFile], seals: Sequence[Seal], others: Sequence[Seal], report: SealReport
) -> None:
    """Report unsealed files, and the records in them of seals that are missing."""
    sealed = {file.name for seal in seals for file in seal.files}
    known = {seal.digest for seal in (*seals, *others)}
    for name, file in closed.items():
        if name in sealed:
            continue
        if not name.startswith("SEAL-"):
            report.unsealed.append(name)
            continue
        try:
            records = [record for record in warc.read_records(file, max_block=256) if record.url.startswith(URN)]
        except DamagedFileError as error:
            report.add_problem("file", name, str(error))
            continue
        for record in records:
            if record.url.removeprefix(URN) not in known:
                report.add_problem(
                    "seal",
                    name,
                    N_(
                        "the WARC has the record of a seal that is not in seals/: it was removed or replaced, or belongs to "
                        "an archive that this file was imported from"
                    ),
                    record.id,
                )
