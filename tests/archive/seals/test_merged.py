"""Seals of merged archives are copied and stay valid; changes are found, and invalid seals are not copied."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from archive.collection import Collection
from archive.seals.checking import check_seals
from archive.seals.merged import merged_folders
from tests.support.cli import warraq

from .conftest import LATER, crawl

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def check(folder: Path):
    return check_seals(Collection(folder), roots=[])


@pytest.fixture
def merged(sealed, tmp_path):
    said = warraq("merge", sealed.collection.folder, tmp_path / "all")
    assert "1 seal was copied" in said.stdout
    return tmp_path / "all"


def test_the_seals_of_a_shard_come_along_and_hold(merged, sealed):
    report = check(merged)
    assert (report.problems, report.merged, report.seals) == ([], 1, 0)
    assert report.records == sealed.check().records
    said = warraq("--archive", merged, "verify", "--seals").stdout
    assert "1 seal of an archive that was merged" in said


def test_they_find_a_changed_byte_and_a_file_that_is_gone(merged, sealed):
    path = merged / "archive" / sealed.first.name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()  # it is a link to the shard's
    path.write_bytes(data)
    assert {one.kind for one in check(merged).problems} == {"changed"}
    assert all(one.where.startswith("merged/") for one in check(merged).problems)
    path.unlink()
    assert {one.kind for one in check(merged).problems} == {"file"}


def test_a_later_merge_brings_later_seals_and_a_merge_of_the_merge_all(merged, sealed, tmp_path):
    crawl(sealed.collection, "fourth", at=LATER)
    sealed.seal()
    warraq("merge", sealed.collection.folder, merged)
    assert check(merged).merged == 2
    assert not check(merged).problems
    warraq("merge", merged, tmp_path / "more")
    assert check(tmp_path / "more").merged == 2
    assert not check(tmp_path / "more").problems


def test_an_archive_does_not_take_its_own_seals_back(merged, sealed):
    warraq("merge", merged, sealed.collection.folder)
    assert not merged_folders(sealed.collection.folder)
    assert sealed.check().ok


def test_seals_whose_signature_does_not_hold_stay_and_it_is_said(sealed, tmp_path):
    signature = sealed.seals / "000001.sig"
    signature.chmod(0o644)
    signature.write_bytes(bytes(64))
    said = warraq("merge", sealed.collection.folder, tmp_path / "all")
    assert "the signature of seal 1 is not valid" in said.stderr
    assert not merged_folders(tmp_path / "all")


def test_seals_that_no_longer_say_which_files_came_are_named(merged):
    (folder,) = merged_folders(merged)
    (folder / "files.tsv").write_text("no table")
    assert [one.kind for one in check(merged).problems] == ["list"]


def test_a_file_that_is_called_otherwise_here_is_found_by_its_name_here(sealed, tmp_path):
    other = Collection(tmp_path / "all")
    crawl(other, "else")
    (taken,) = other.warcs.glob("NEWS-*.warc.gz")
    warraq("merge", sealed.collection.folder, other.folder)
    assert taken.exists()
    assert not check(other.folder).problems


def test_an_import_says_that_the_seals_stay(sealed, tmp_path):
    said = warraq("--archive", tmp_path / "new", "import", sealed.first)
    assert f"they prove these files in {sealed.collection.folder}" in said.stderr


def test_an_upload_carries_the_seals_once_and_removes_none(merged, tmp_path, monkeypatch):
    monkeypatch.setenv("WARRAQ_KEYS", str(tmp_path / "keys"))
    there = tmp_path / "there"
    warraq("--archive", merged, "seal")
    here = {path.relative_to(merged) for path in (merged / "seals").rglob("*") if path.is_file()}
    assert len(here) > 8
    first = json.loads(warraq("--archive", merged, "upload", "--to", there, "--remove-local", "--json").stdout)
    assert sorted(first["seals"]) == sorted(map(str, here))
    assert all((there / name).read_bytes() == (merged / name).read_bytes() for name in here)
    again = json.loads(warraq("--archive", merged, "upload", "--to", there, "--json").stdout)
    assert [name for name in again["seals"] if not name.endswith("files.tsv")] == []
    assert not check(merged).problems


def test_another_seal_of_that_name_in_the_storage_is_named_and_left(sealed, tmp_path):
    (tmp_path / "there" / "seals").mkdir(parents=True)
    (tmp_path / "there" / "seals" / "000001.sig").write_bytes(b"another")
    said = warraq("--archive", sealed.collection.folder, "upload", "--to", tmp_path / "there", code=None)
    assert said.exit_code != 0
    assert "seals/000001.sig" in said.stdout + said.stderr
    assert (tmp_path / "there" / "seals" / "000001.sig").read_bytes() == b"another"


def test_what_others_put_beside_a_seal_goes_along_with_it(sealed, tmp_path):
    (sealed.seals / "000001.json.ots").write_bytes(b"a proof of OpenTimestamps")
    warraq("merge", sealed.collection.folder, tmp_path / "all")
    (folder,) = merged_folders(tmp_path / "all")
    assert (folder / "000001.json.ots").read_bytes() == b"a proof of OpenTimestamps"
    warraq("--archive", sealed.collection.folder, "upload", "--to", tmp_path / "there")
    assert (tmp_path / "there" / "seals" / "000001.json.ots").exists()
    assert not check(tmp_path / "all").problems
