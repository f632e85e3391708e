"""WARCs are extracted from a valid WACZ; an invalid one is refused, and nothing is written elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from archive.errors import DamagedFileError
from archive.warc.wacz import torn_warcs, unpack_warcs

if TYPE_CHECKING:
    from pathlib import Path

WARC = b"WARC/1.1\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n"


def package(path: Path, members: dict[str, bytes] | None = None, *, describe: bool = True, **odd: int) -> Path:
    members = {"archive/data.warc.gz": WARC} if members is None else members
    with zipfile.ZipFile(path, "w") as out:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = odd.get("attributes", 0o644 << 16)
            info.compress_type = odd.get("compression", zipfile.ZIP_STORED)
            out.writestr(info, data)
        if describe:
            resources = [
                {"path": name, "hash": f"sha256:{hashlib.sha256(data).hexdigest()}"} for name, data in members.items()
            ]
            out.writestr("datapackage.json", json.dumps({"profile": "data-package", "resources": resources}))
    return path


def refused(path: Path, folder: Path, **more: int) -> str:
    with pytest.raises(DamagedFileError) as problem:
        unpack_warcs(path, folder, **more)
    assert list(folder.iterdir()) == []
    return problem.value.problem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def test_warcs_come_out_under_their_names_and_nothing_else_does(tmp_path: Path, folder: Path) -> None:
    made = package(tmp_path / "x", {"archive/a.warc.gz": WARC, "archive/b.warc": WARC * 2, "pages/pages.jsonl": b"{}"})
    assert unpack_warcs(made, folder) == [folder / "a.warc.gz", folder / "b.warc"]
    assert (folder / "b.warc").read_bytes() == WARC * 2
    assert {path.name for path in folder.iterdir()} == {"a.warc.gz", "b.warc"}


def test_warcs_come_out_wherever_they_lie_in_the_package_and_in_packages_inside_it(
    tmp_path: Path, folder: Path
) -> None:
    inner = package(tmp_path / "inner", {"archive/a.warc.gz": WARC * 3})
    members = {"a.WARC.GZ": WARC, "archive/2026/a.warc.gz": WARC * 2, "crawls/one.wacz": inner.read_bytes()}
    made = unpack_warcs(package(tmp_path / "x", members), folder)
    assert [path.read_bytes() for path in made] == [WARC, WARC * 2, WARC * 3]
    assert [path.name for path in made] == ["a.warc.gz"] * 3
    assert all(path.is_relative_to(folder) for path in made)


def test_a_warc_comes_out_whatever_its_name_and_none_takes_the_place_of_another(tmp_path: Path, folder: Path) -> None:
    names = ["أخبار.warc.gz", "صحيفة.warc.gz", f"{'x' * 300}.warc", "a.warc.gz", "3-a.warc.gz", "2026/a.warc.gz"]
    members = {f"archive/{name}": WARC * number for number, name in enumerate(names, 1)}
    inner = {f"{number}/one.wacz": package(tmp_path / f"{number}", {"a.warc": WARC * number}) for number in (7, 8)}
    members |= {name: path.read_bytes() for name, path in inner.items()}
    made = unpack_warcs(package(tmp_path / "x", members), folder)
    assert [path.read_bytes() for path in made] == [WARC * number for number in range(1, 9)]
    assert all(path.name.isascii() and len(path.name) < 255 for path in made)


def test_what_macos_puts_beside_a_file_in_a_package_is_no_warc(tmp_path: Path, folder: Path) -> None:
    members = {"archive/a.warc.gz": WARC, "__MACOSX/archive/._a.warc.gz": b"Mac OS X"}
    assert unpack_warcs(package(tmp_path / "x", members), folder) == [folder / "a.warc.gz"]


def test_a_package_inside_another_is_as_hostile_and_no_deeper_one_is_opened(tmp_path: Path, folder: Path) -> None:
    hostile = package(tmp_path / "hostile", {"../evil.warc.gz": WARC})
    made = package(tmp_path / "x", {"archive/a.warc.gz": WARC, "one.wacz": hostile.read_bytes()})
    assert "not a name inside" in refused(made, folder)
    inner = package(tmp_path / "inner", {"archive/a.warc.gz": bytes(2000)})
    assert "unpacks to more" in refused(
        package(tmp_path / "y", {"one.wacz": inner.read_bytes()}), folder, max_bytes=3500
    )
    deep = package(tmp_path / "deep", {"one.wacz": inner.read_bytes()})
    assert "no WARC" in refused(package(tmp_path / "z", {"one.wacz": deep.read_bytes()}), folder)


def test_a_package_without_a_warc_is_named(tmp_path: Path, folder: Path) -> None:
    assert "no WARC" in refused(package(tmp_path / "x", {"pages/pages.jsonl": b"{}"}), folder)


@pytest.mark.parametrize(
    "name",
    [
        "../evil.warc.gz",
        "archive/../../evil.warc.gz",
        "/tmp/evil.warc.gz",
        "archive/..\\..\\evil.warc",
        "C:\\evil.warc",
        "archive/a\n.warc",
    ],
)
def test_a_name_that_leads_out_is_refused(tmp_path: Path, folder: Path, name: str) -> None:
    made = package(tmp_path / "x", {"archive/good.warc.gz": WARC, name: WARC})
    assert "not a name inside" in refused(made, folder)
    assert not list(tmp_path.glob("**/evil*"))


def test_links_are_refused(tmp_path: Path, folder: Path) -> None:
    made = package(tmp_path / "x", {"archive/link.warc.gz": b"/etc/passwd"}, attributes=0o120777 << 16)
    assert "link" in refused(made, folder)


def test_bombs_are_refused(tmp_path: Path, folder: Path) -> None:
    made = package(tmp_path / "x", {"archive/a.warc": bytes(30 << 20)}, compression=zipfile.ZIP_DEFLATED)
    assert "hundreds of times" in refused(made, folder)
    assert "more than 10 bytes" in refused(package(tmp_path / "y"), folder, max_bytes=10)


def test_members_that_overlap_are_refused(tmp_path: Path, folder: Path) -> None:
    made = package(tmp_path / "x", {"archive/a.warc": WARC * 50, "archive/b.warc": WARC})
    data = bytearray(made.read_bytes())
    at = data.rindex(b"archive/b.warc")  # in the central directory: the offset of the local header lies 4 bytes before
    data[at - 4 : at] = (10).to_bytes(4, "little")
    made.write_bytes(data)
    assert "inside" in refused(made, folder)


def test_a_changed_warc_is_refused(tmp_path: Path, folder: Path) -> None:
    made = package(tmp_path / "x")
    with zipfile.ZipFile(made) as old:
        description = old.read("datapackage.json")
    with zipfile.ZipFile(made, "w") as new:
        new.writestr("archive/data.warc.gz", WARC + b" ")
        new.writestr("datapackage.json", description)
    assert "digest" in refused(made, folder)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 rubbish", WARC])
def test_what_is_no_zip_is_refused(tmp_path: Path, folder: Path, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    refused(tmp_path / "x", folder)


def test_a_zip_that_is_no_wacz_is_refused(tmp_path: Path, folder: Path) -> None:
    assert "datapackage" in refused(package(tmp_path / "x", describe=False), folder)


def test_a_flipped_byte_is_refused(tmp_path: Path, folder: Path) -> None:
    made = package(tmp_path / "x")
    data = bytearray(made.read_bytes())
    data[data.index(b"warcinfo")] ^= 1
    made.write_bytes(data)
    refused(made, folder)


def test_a_package_that_has_its_end_is_no_torn_one(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "sound.wacz"
    with zipfile.ZipFile(path, "w") as sound:
        sound.writestr("archive/a.warc.gz", gzip.compress(b"WARC/1.1"))
    assert torn_warcs(path, folder) == []
    path.write_bytes(path.read_bytes()[:-10])
    assert [one.name for one in torn_warcs(path, folder)] == ["sound.warc.gz"]
