"""Write evidence packs: a signed WACZ of one article with seals, stamps and proofs, and a sheet that explains their verification."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from archive import warc
from archive.export import original_place, place_of, rendered_places
from archive.export.loaded import loaded_by, replay_pool
from archive.export.sheet import sheet_of
from archive.export.source import Chosen, Source, exchange_records
from archive.export.warc import Additions, write_wacz
from archive.files import replace_file
from archive.files.clock import iso
from archive.ingest.copying import field_of
from archive.seals import FOLDER as SEALS
from archive.seals import Seal, files_of, numbered, numbers_by_file, read_seal, sealed_records
from archive.seals.merkle import leaf_hash, levels_of, proof_of
from archive.seals.signing import pack_key, public_pem, seal_key
from archive.warc import cdxj

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from archive.archive import Archive
    from archive.capture import Location
    from archive.export.source import Found
    from archive.export.warc import Package
    from archive.index.rows import StoredCapture
    from archive.warc import Record

EVIDENCE: Final = "evidence/"
PROOFS, LISTED, SCRIPT, SHEET, VOUCHER = "proofs.txt", "files.txt", "check.sh", "sheet.html", "pack.sig"
LARGEST_KEPT: Final = 1 << 16
"""Maximum bytes of a record that are read for the sheet."""
LARGEST_PICTURE: Final = 1 << 20
"""Maximum bytes of a screenshot in the sheet."""
_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """The contents of a pack: captures, records, the number of sealed records, and the seals."""

    captures: int
    records: int
    sealed: int
    seals: tuple[int, ...]


def pack_evidence(
    archive: Archive,
    row: Mapping[str, Any],
    target: Path,
    *,
    keys: Path,
    created: datetime,
    one_version: bool,
    software: str,
) -> Packed:
    """Write the pack of an article, and its sheet beside it as `.html`; `one_version`: only the captures of that version.

    Raises:
        NotWritableError: a file cannot be written.
        UsageError: a key is unusable.
        DamagedFileError: a seal is unreadable.
    """
    captures = archive.captures_of(row)
    if one_version:
        captures = [one for one in captures if one["article_id"] == row["id"]]
    pages = [
        Chosen(
            location=place_of(one),
            title=row["title"],
            text=row["text"],
            renderings=(*rendered_places(archive, one), *_certificates(archive, one)),
        )
        for one in captures
        if one["warc_filename"]
    ]
    pack = _Pack(archive, row, captures, keys=keys, created=created, software=software)
    with replay_pool() as pool:
        loaded = [
            Chosen(location=place_of(other), is_page=False)
            for one in captures
            if one["status"] == 200 and one["mime"] in _HTML
            for other in loaded_by(archive, one, pool)
        ]
    source = Source(
        collection=archive.collection.folder,
        files=archive.files,
        created=created,
        title=row["title"],
        software=software,
        captures=[*pages, *loaded],
        original=lambda record: original_place(archive, record),
    )
    count = write_wacz(source, target, pack)
    replace_file(target.with_suffix(".html"), [pack.sheet])
    return Packed(captures=count, records=len(pack.records), sealed=pack.proved, seals=tuple(pack.seals))


def _certificates(archive: Archive, capture: StoredCapture) -> Iterator[Location]:
    """Yield the location of the certificates of a capture's server; none for plain HTTP and for captures by earlier versions."""
    for record in exchange_records(archive.files.find(capture["warc_filename"]), place_of(capture)):
        fingerprint = field_of(record, warc.CERTIFICATE) if record.type == "metadata" else ""
        if fingerprint and (
            entry := cdxj.Index(archive.collection.folder).closest(
                warc.certificate_uri(fingerprint), capture["timestamp"]
            )
        ):
            yield entry.location


class _Pack(Additions):
    """The evidence in a pack: seals, stamps, proofs, script, sheet, signature."""

    def __init__(
        self,
        archive: Archive,
        row: Mapping[str, Any],
        captures: list[StoredCapture],
        *,
        keys: Path,
        created: datetime,
        software: str,
    ) -> None:
        self._archive, self._row, self._captures, self._created, self._software = (
            archive,
            row,
            captures,
            created,
            software,
        )
        self._folder = archive.collection.folder / SEALS
        self._under = numbers_by_file(archive.collection.folder)
        self._seal_key, self._pack_key = seal_key(keys), pack_key(keys)
        self.records: list[tuple[Record, int, int]] = []
        self.seals: dict[int, Seal] = {}
        self.chains: dict[str, bytes] = {}
        self.pictures: list[tuple[str, bytes]] = []
        self.proved = 0
        self.sheet = b""

    def on_record(self, found: Found, offset: int) -> None:
        self.records.append((replace(found.record, block=found.record.block[:LARGEST_KEPT]), offset, len(found.raw)))
        if found.record.get("Content-Type") == warc.CHAIN_TYPE:
            self.chains[found.record.url.rpartition(":")[2]] = found.record.block[:LARGEST_KEPT]
        elif found.record.url.startswith("urn:thumbnail:") and len(found.record.block) <= LARGEST_PICTURE:
            self.pictures.append((found.record.get("Content-Type"), found.record.block))

    def add_to(self, package: Package) -> None:
        proofs = b"".join(self._proofs())
        for number in sorted(self.seals):
            for name, data in files_of(self._folder, number):
                package.add(EVIDENCE + name, [data])
        for fingerprint, chain in sorted(self.chains.items()):
            package.add(f"{EVIDENCE}{fingerprint}.pem", [chain])
        package.add(EVIDENCE + PROOFS, [proofs])
        public = public_pem(self._pack_key)
        package.add(EVIDENCE + VOUCHER, [self._seal_key.sign(public)])
        package.add(EVIDENCE + "seal-key.pem", [public_pem(self._seal_key)])
        listed = "".join(f"{digest} {offset} {size} {path}\n" for digest, offset, size, path in package.places).encode()
        script = files("archive.export").joinpath(SCRIPT).read_bytes()
        package.add(EVIDENCE + LISTED, [listed])
        package.add(EVIDENCE + SCRIPT, [script])
        places = {path.removeprefix(EVIDENCE): (digest, offset, size) for digest, offset, size, path in package.places}
        self.sheet = sheet_of(
            self._row, self._captures, [record for record, _, _ in self.records], self.seals.values(),
            places=places, created=self._created, proved=self.proved, stamps=sorted(path.name for path in self._folder.glob("*.tsr")),
            chains=self.chains, pictures=self.pictures,
        ).encode()  # fmt: skip
        package.add(EVIDENCE + SHEET, [self.sheet])

    def _proofs(self) -> Iterator[bytes]:
        """Yield the proof of each sealed record: its position in the pack, its leaf, the path to the root."""
        by_seal: dict[int, dict[tuple[str, int], tuple[int, int]]] = {}
        for record, offset, size in self.records:
            lies = record.location
            if number := self._under.get(lies.filename):
                by_seal.setdefault(number, {})[lies.filename, lies.offset] = (offset, size)
        for number, wanted in sorted(by_seal.items()):
            self.seals[number] = read_seal(self._folder, number)
            found: list[tuple[int, bytes, tuple[int, int]]] = []
            hashes: list[bytes] = []
            for sealed in sealed_records(self._folder, number):
                if place := wanted.get((sealed.file, sealed.offset)):
                    found.append((len(hashes), sealed.line, place))
                hashes.append(leaf_hash(sealed.line))
            levels = levels_of(hashes)
            for index, line, (offset, size) in found:
                self.proved += 1
                path = "".join(f"{side} {sibling.hex()}\n" for side, sibling in proof_of(levels, index))
                yield f"record {numbered(number)} {offset} {size}\nleaf ".encode() + line + f"\n{path}end\n".encode()

    def signed(self, label: str) -> dict[str, str]:
        """Sign according to WACZ Signing and Verification 0.1.0 for a signer without a domain: ECDSA P-384, in WebCrypto's format."""
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
        from cryptography.hazmat.primitives.hashes import SHA256

        r, s = decode_dss_signature(self._pack_key.sign(label.encode(), ECDSA(SHA256())))
        pem = public_pem(self._pack_key).decode("ascii")
        return {
            "hash": label,
            "created": iso(self._created),
            "software": self._software,
            "version": "0.1.0",
            "signature": base64.b64encode(r.to_bytes(48, "big") + s.to_bytes(48, "big")).decode("ascii"),
            "publicKey": "".join(pem.splitlines()[1:-1]),
        }
