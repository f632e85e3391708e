"""Extract the WARC files from a foreign WACZ, which is treated as a hostile ZIP file."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import zipfile
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING

from archive.errors import DamagedFileError
from archive.files import replace_file
from archive.locale import N_
from archive.warc.streams import GZIP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAX_BYTES = 1 << 38
"""The most bytes of all WARC files of a package: 256 GB, more than any published collection."""
MAX_MEMBERS = 100_000
MAX_RATIO = 200
"""The largest compression ratio of a member: text compresses to a twentieth, and a WARC in a WACZ should be stored uncompressed."""
MAX_DESCRIPTION = 1 << 26
SMALL = 1 << 20
CHUNK = 1 << 20
_FILE_NAME = r"(?:.*/)?([^/.][^/]*)"
"""The name of a file in any folder, without hidden files: macOS adds `._NAME` for each file that it packs."""
_UNUSUAL = re.compile(r"[^A-Za-z0-9._ ()+=@~-]")
LONGEST_NAME = 200
WARC_NAME = re.compile(_FILE_NAME + r"(\.warc(?:\.gz|\.zst)?)", re.IGNORECASE)
LARGEST_START = 64 << 20
"""Bytes of a torn package in which its first WARC must begin."""
_FIRST_WARC = re.compile(
    rb"PK\x03\x04.{26}(?:(?!PK\x03\x04)[^\0]){1,1000}?\.warc\.gz.{0,100}?" + re.escape(GZIP), re.DOTALL
)
"""The header of a member that is a WARC. No name goes beyond the next header, so that a file of headers takes no longer to search."""
PACKAGE_NAME = re.compile(_FILE_NAME + r"(\.wacz)", re.IGNORECASE)
"""A package in a package: Browsertrix exports collections this way (profile `multi-wacz-package`)."""


def unpack_warcs(path: Path, folder: Path, *, max_bytes: int = MAX_BYTES) -> list[Path]:
    """Extract each WARC of the package at `path`, and of packages in it, into the empty `folder`; return the paths of those not empty.

    The whole package is refused when a name leads out of the folder, when a member is a link, is encrypted, overlaps another or exceeds
    the limits of size, or when a digest in `datapackage.json` does not match.

    Raises:
        DamagedFileError: it is not a WACZ, is refused, or has no WARC; files extracted until then are removed.
    """
    found: list[Path] = []
    try:
        found = _unpack(path, folder, max_bytes)
    finally:
        if not found:
            for one in folder.iterdir():
                shutil.rmtree(one) if one.is_dir() else one.unlink()
    if not found:
        raise DamagedFileError(path, 0, N_("no WARC file in the package"), kept=N_("nothing was imported from it"))
    return found


def torn_warcs(path: Path, folder: Path) -> list[Path]:
    """Return the rest of a package that has lost its end from its first WARC on, as one WARC file with damage; [] for any other file.

    Without its end, which lists the files, a package is no ZIP file. Records in a package are uncompressed in it, as in a WARC.
    """
    with path.open("rb") as package:
        start = package.read(LARGEST_START)
        found = _FIRST_WARC.search(start)
        if found is None or zipfile.is_zipfile(path):
            return []
        package.seek(found.end() - len(GZIP))
        target = folder / f"{_UNUSUAL.sub('_', path.stem)[:LONGEST_NAME]}.warc.gz"
        replace_file(target, iter(lambda: package.read(CHUNK), b""))
    return [target]


def _unpack(path: Path, folder: Path, max_bytes: int, *, is_inner: bool = False) -> list[Path]:
    try:
        with zipfile.ZipFile(path) as package:
            refuse_hostile(path, package, max_bytes)
            digests = _digests(path, package)
            made = _extract(path, package, folder, digests, WARC_NAME)
            max_bytes -= sum(member.file_size for member in package.infolist())
            for inner in [] if is_inner else _extract(path, package, folder, digests, PACKAGE_NAME):
                place = inner.with_name(f"{inner.name}.unpacked")
                place.mkdir()
                found = _unpack(inner, place, max_bytes, is_inner=True)
                max_bytes -= sum(one.stat().st_size for one in found)
                made += found
                inner.unlink()
            return made
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, RuntimeError, zlib.error) as error:
        raise DamagedFileError(path, 0, N_(f"not a readable WACZ ({error})")) from error


def refuse_hostile(path: Path, package: zipfile.ZipFile, max_bytes: int) -> None:
    """Raise DamagedFileError for a package whose members lead out of its folder, overlap, or exceed the limits of size."""
    members = package.infolist()
    if len(members) > MAX_MEMBERS:
        raise DamagedFileError(path, 0, N_(f"the package has {len(members)} files, too many"))
    size = path.stat().st_size
    for member in members:
        if not 0 <= member.header_offset < size:
            raise DamagedFileError(path, 0, N_(f"{member.filename!r} is outside the file"))
        if problem := _problem(member):
            raise DamagedFileError(path, member.header_offset, f"{member.filename!r}: {problem}")
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise DamagedFileError(path, 0, N_("two files of the same name"))
    if sum(member.file_size for member in members) > max_bytes:
        raise DamagedFileError(path, 0, N_(f"unpacks to more than {max_bytes} bytes"))
    for one, other in pairwise(sorted(members, key=lambda member: member.header_offset)):
        if one.header_offset + one.compress_size > other.header_offset:
            raise DamagedFileError(path, other.header_offset, N_(f"{other.filename!r} is inside {one.filename!r}"))


def _problem(member: zipfile.ZipInfo) -> str:
    """Return what is wrong with a member, '' if nothing is."""
    name = member.filename
    kind = stat.S_IFMT(member.external_attr >> 16)
    if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name or not name.isprintable():
        return N_("is not a name inside the package")
    if kind and not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        return N_("is a link or a device")
    if member.flag_bits & 0x1:
        return N_("is encrypted")
    if member.file_size > max(SMALL, member.compress_size * MAX_RATIO):
        return N_("unpacks to hundreds of times its size")
    return ""


def _digests(path: Path, package: zipfile.ZipFile) -> dict[str, str]:
    """Return the digests that the package gives for its files, as `sha256:…` by path."""
    try:
        info = package.getinfo("datapackage.json")
    except KeyError:
        raise DamagedFileError(path, 0, N_("no datapackage.json: not a WACZ")) from None
    if info.file_size > MAX_DESCRIPTION:
        raise DamagedFileError(path, 0, N_("a datapackage.json that is too large"))
    description = json.loads(package.read(info))
    resources = description.get("resources") if isinstance(description, dict) else None
    listed = [one for one in resources if isinstance(one, dict)] if isinstance(resources, list) else []
    return {str(one.get("path")): str(one.get("hash")) for one in listed}


def _pieces(package: zipfile.ZipFile, member: zipfile.ZipInfo, seen: Callable[[bytes], object]) -> Iterator[bytes]:
    """Yield the bytes of a member, never more than its declared size, at which zipfile stops."""
    with package.open(member) as file:
        while piece := file.read(CHUNK):
            seen(piece)
            yield piece


def _compare(path: Path, member: zipfile.ZipInfo, digest: str, expected: str) -> None:
    if expected.startswith("sha256:") and expected != f"sha256:{digest}":
        raise DamagedFileError(path, member.header_offset, N_(f"{member.filename!r} does not match its digest"))


def _extract(
    path: Path, package: zipfile.ZipFile, folder: Path, digests: dict[str, str], wanted: re.Pattern[str]
) -> list[Path]:
    made: list[Path] = []
    for member in package.infolist():
        found = wanted.fullmatch(member.filename)
        if found is None:
            continue
        digest = hashlib.sha256()
        name = f"{_UNUSUAL.sub('_', found[1])[:LONGEST_NAME]}{found[2].lower()}"
        target = folder / name
        if target.exists():
            target = folder / str(len(made)) / name
            target.parent.mkdir(exist_ok=True)
        replace_file(target, _pieces(package, member, digest.update))
        if member.file_size:
            made.append(target)
        _compare(path, member, digest.hexdigest(), digests.get(member.filename, ""))
    return made
