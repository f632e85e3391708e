"""Store the seals of archives that were merged into this one, unchanged, each chain in its own folder below `seals/merged/`.

A table beside each chain lists the merged files: the name in the seal, a tab, and the name here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from archive.errors import DamagedFileError
from archive.files import open_read, replace_file
from archive.seals import FOLDER, numbers, read_seal
from archive.seals.signing import is_signed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from archive.seals import Seal

MERGED: Final = "merged"
FILES: Final = "files.tsv"
_CHUNK: Final = 1 << 20
_OURS: Final = re.compile(r"\d{6,9}\.[\w.-]{1,200}", re.ASCII)
_LARGEST: Final = 1 << 26


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedSeals:
    """The number of copied seals of an archive; `problem` is why a chain was not copied."""

    seals: int = 0
    problem: str = ""


def merged_folders(archive: Path) -> list[Path]:
    """Return the folders with the seals of archives that were merged into this one."""
    folder = archive / FOLDER / MERGED
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def names_of(folder: Path) -> dict[str, str]:
    """Return the names of a chain's merged files here, by their names in its seals. Raises DamagedFileError."""
    try:
        with open_read(folder / FILES) as file:
            lines = file.read(_LARGEST).decode("utf-8").splitlines()
        return dict(line.split("\t", 1) for line in lines)
    except (OSError, ValueError) as error:
        raise DamagedFileError(folder / FILES, 0, f"the list of merged files cannot be read ({error})") from error


def merge_seals(shard: Path, into: Path, names: Mapping[str, str]) -> CopiedSeals:
    """Copy the seals of an archive, and those of archives merged into it; `names` maps its files to their names in the target.

    A chain with an invalid signature is not copied.
    """
    count, problem = 0, ""
    for folder in (shard / FOLDER, *merged_folders(shard)):
        try:
            chain = [read_seal(folder, number) for number in numbers(folder)]
            if not chain or _is_own(chain[0], into):
                continue
            _require_signed(folder, chain)
            there = names if folder.name == FOLDER else _through(names_of(folder), names)
            _copy(folder, into / FOLDER / MERGED / chain[0].digest[:16], there)
        except DamagedFileError as error:
            problem = problem or str(error)
            continue
        count += len(chain)
    return CopiedSeals(seals=count, problem=problem)


def _is_own(first: Seal, into: Path) -> bool:
    try:
        return read_seal(into / FOLDER, 1).digest == first.digest
    except DamagedFileError:
        return False


def _require_signed(folder: Path, chain: list[Seal]) -> None:
    """Raise DamagedFileError if a seal is missing, is not signed by its key, or does not name the previous one."""
    before = ""
    for number, seal in enumerate(chain, 1):
        if seal.number != number or seal.previous != before:
            raise DamagedFileError(folder, 0, f"the chain is broken at seal {number}")
        if not is_signed(seal.public_key, seal.signature, seal.statement):
            raise DamagedFileError(folder, 0, f"the signature of seal {number} is not valid")
        before = seal.digest


def _through(inner: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    return {sealed: names[here] for sealed, here in inner.items() if here in names}


def _copy(folder: Path, target: Path, names: Mapping[str, str]) -> None:
    """Copy the missing files; the statement of a seal comes last, because it makes the seal valid."""
    target.mkdir(parents=True, exist_ok=True)
    try:
        known = names_of(target)
    except DamagedFileError:
        known = {}
    lines = sorted(f"{sealed}\t{here}\n".encode() for sealed, here in {**known, **names}.items())
    replace_file(target / FILES, lines)
    ours = [path for path in folder.iterdir() if _OURS.fullmatch(path.name)]
    for path in sorted(ours, key=lambda one: (one.suffix == ".json", one.name)):
        if not (target / path.name).exists():
            replace_file(target / path.name, _pieces(path))


def _pieces(path: Path) -> Iterator[bytes]:
    with open_read(path) as file:
        while piece := file.read(_CHUNK):
            yield piece
