"""Verify an evidence pack without an archive or a network: its digests, signatures, seals, stamps and proofs."""

from __future__ import annotations

import base64
import hashlib
import json
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from archive.errors import DamagedFileError
from archive.export.evidence import EVIDENCE, PROOFS, VOUCHER
from archive.locale import N_
from archive.seals import Seal, numbered, read_seal, record_of
from archive.seals.merkle import LEFT, RIGHT, root_by
from archive.seals.signing import is_signed
from archive.seals.stamps import stamps_of
from archive.warc.wacz import refuse_hostile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cryptography.x509 import Certificate

MOST_BYTES: Final = 1 << 32
"""Maximum size of all files of a pack together."""
_SMALL: Final = 1 << 26
"""Maximum bytes of a file that is read into memory: all but the WARC."""
_WARC: Final = "archive/data.warc.gz"


@dataclass(slots=True, kw_only=True)
class PackReport:
    """The checks that were made, as text, and the problems found."""

    right: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def say(self, is_right: bool, what: str, problem: str = "") -> None:
        """Record a check and its result."""
        (self.right if is_right else self.problems).append(what if is_right else problem or what)


def check_pack(path: Path, *, roots: Sequence[Certificate]) -> PackReport:
    """Verify a pack.

    Raises:
        DamagedFileError: it is not a readable WACZ, or exceeds a limit.
    """
    report = PackReport()
    try:
        with zipfile.ZipFile(path) as package:
            refuse_hostile(path, package, MOST_BYTES)
            _check_digests(package, report)
            _check_evidence(package, report, roots)
    except OSError as error:
        raise DamagedFileError(path, 0, N_(f"cannot be read ({error.strerror or error})")) from error
    except (
        zipfile.BadZipFile, NotImplementedError, EOFError, KeyError, TypeError, ValueError, RuntimeError, zlib.error,
    ) as error:  # fmt: skip
        raise DamagedFileError(path, 0, N_(f"not an evidence pack ({type(error).__name__}: {error})")) from error
    return report


def _read(package: zipfile.ZipFile, name: str) -> bytes:
    if package.getinfo(name).file_size > _SMALL:
        raise ValueError(N_(f"{name} is too large"))
    return package.read(name)


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def _check_digests(package: zipfile.ZipFile, report: PackReport) -> None:
    described = _read(package, "datapackage.json")
    digest = json.loads(_read(package, "datapackage-digest.json"))
    label = f"sha256:{hashlib.sha256(described).hexdigest()}"
    report.say(
        digest["hash"] == label,
        N_("datapackage.json is the one that was signed"),
        N_("datapackage.json is not the one whose digest stands in the pack"),
    )
    listed = {one["path"]: one["hash"] for one in json.loads(described)["resources"]}
    for name in package.namelist():
        if name.startswith("datapackage"):
            continue
        with package.open(name) as file:
            same = listed.get(name) == f"sha256:{_sha256(file)}"
        report.say(same, f"{name}: SHA-256", N_(f"{name} is not the file that datapackage.json describes"))
    for name in listed.keys() - set(package.namelist()):
        report.problems.append(N_(f"{name} is missing"))
    _check_signer(package, digest.get("signedData"), label, report)


def _check_signer(package: zipfile.ZipFile, signed: dict[str, Any] | None, label: str, report: PackReport) -> None:
    if not signed:
        report.problems.append(N_("the pack is not signed"))
        return
    der = base64.b64decode(signed["publicKey"])
    good = signed["hash"] == label and _is_signed_by(der, base64.b64decode(signed["signature"]), label.encode())
    report.say(good, N_("the pack is signed by the key in it"), N_("the signature of the pack is not by the key in it"))
    vouched = is_signed(_read(package, f"{EVIDENCE}seal-key.pem"), _read(package, EVIDENCE + VOUCHER), _pem(der))
    report.say(
        vouched,
        N_("the key of the pack is vouched for by the key of the seals"),
        N_("the pack was signed by someone else: the key of the seals does not vouch for its signature"),
    )


def _pem(der: bytes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

    return load_der_public_key(der).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _is_signed_by(der: bytes, signature: bytes, data: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    key, half = load_der_public_key(der), len(signature) // 2
    if not isinstance(key, EllipticCurvePublicKey):
        return False
    try:
        numbers = (int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
        key.verify(encode_dss_signature(*numbers), data, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _check_evidence(package: zipfile.ZipFile, report: PackReport, roots: Sequence[Certificate]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in package.namelist():
            if name.startswith(f"{EVIDENCE}0") and name.count("/") == 1:
                (folder / name.removeprefix(EVIDENCE)).write_bytes(_read(package, name))
        seals = {number: read_seal(folder, number) for number in sorted(int(one.stem) for one in folder.glob("*.json"))}
        signer = _read(package, f"{EVIDENCE}seal-key.pem")
        for seal in seals.values():
            _check_seal(folder, seal, seals.get(seal.number - 1), signer, roots=roots, report=report)
    if not seals:
        report.notes.append(N_("no record of this pack is under a seal"))
    _check_proofs(package, seals, report)


def _check_seal(
    folder: Path, seal: Seal, before: Seal | None, signer: bytes, *, roots: Sequence[Certificate], report: PackReport
) -> None:
    name = N_(f"seal {seal.number}")
    report.say(
        is_signed(seal.public_key, seal.signature, seal.statement),
        N_(f"{name}: signed by its key"),
        N_(f"{name}: the signature is not of this statement by its key"),
    )
    if before:
        report.say(
            seal.previous == before.digest,
            N_(f"{name}: follows seal {before.number}"),
            N_(f"{name} does not follow seal {before.number}"),
        )
    if seal.public_key != signer:
        report.notes.append(
            N_(f"{name}: signed by another key than the one that vouches for the pack (rotated, or someone else's)")
        )
    stamps = stamps_of(folder, seal, roots)
    for one in stamps:
        report.say(
            not one.problem,
            N_(f"{name}: stamped at {one.at} by {one.authority}"),
            N_(f"{name}: the stamp of {one.authority} does not hold: {one.problem}"),
        )
        if not one.problem and not one.trusted:
            report.notes.append(
                N_(f"{name}: {one.authority} leads to no root that is trusted here; name its root with --roots")
            )
    if not stamps:
        report.notes.append(N_(f"{name}: no time stamp"))


def _check_proofs(package: zipfile.ZipFile, seals: dict[int, Seal], report: PackReport) -> None:
    # No member is read while the WARC is open: up to Python 3.12.1 and 3.13.0, seeking in one starts where another was read.
    proofs = _read(package, EVIDENCE + PROOFS)
    with package.open(_WARC) as warc:
        for number, offset, size, leaf, path in _proofs(proofs):
            record = record_of(leaf)
            warc.seek(offset)
            same = hashlib.sha256(warc.read(min(size, _SMALL))).hexdigest() == record.sha256
            seal = seals.get(number)
            under = seal is not None and root_by(leaf, path).hex() == seal.root
            what = N_(f"record {record.id} of {record.date}")
            report.say(same, N_(f"{what}: byte for byte as sealed"), N_(f"{what} is not the one that was sealed"))
            report.say(
                under,
                N_(f"{what}: under seal {number}"),
                N_(f"{what} is not under the root of seal {numbered(number)}"),
            )


def _proofs(data: bytes) -> Iterator[tuple[int, int, int, bytes, list[tuple[str, bytes]]]]:
    number = offset = size = 0
    leaf, path = b"", list[tuple[str, bytes]]()
    for line in data.split(b"\n"):
        word, _, rest = line.partition(b" ")
        if word == b"record":
            number, offset, size = map(int, rest.split())
            leaf, path = b"", []
        elif word == b"leaf":
            leaf = rest
        elif word in {b"left", b"right"}:
            path.append((LEFT if word == b"left" else RIGHT, bytes.fromhex(rest.decode("ascii"))))
        elif word == b"end":
            yield number, offset, size, leaf, path
        elif word:
            raise ValueError(N_("the proofs cannot be read"))
