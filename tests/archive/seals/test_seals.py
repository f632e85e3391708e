"""Every change of a sealed archive is found and named; unchanged parts verify."""

from __future__ import annotations

import gzip
import json
import stat
from datetime import timedelta

import pytest

from archive import warc
from archive.errors import UsageError
from archive.index import open_store
from archive.maintain import redact
from archive.seals import read_seal
from archive.seals.sealing import URN
from archive.seals.signing import public_pem, seal_key

from .conftest import LATER, MOMENT, crawl

pytestmark = pytest.mark.slow


def members(path):
    """The records of a file with their bytes."""
    data = path.read_bytes()
    return [(one, data[one.location.offset :][: one.location.length]) for one in warc.read_records(path)]


def rewrite(path, pieces):
    path.chmod(0o644)
    path.write_bytes(b"".join(pieces))


def repacked(record, data, old, new):
    text = gzip.decompress(data)
    assert old in text
    return warc.compress(text.replace(old, new).removesuffix(b"\r\n\r\n"), b"")


def answers(path):
    return [record for record, _ in members(path) if record.type == "response"]


def test_a_sealed_archive_is_as_it_was_sealed(sealed):
    report = sealed.check()
    assert report.ok
    assert (report.seals, report.records) == (1, len(members(sealed.first)))
    assert not report.unsealed
    assert report.notes == ["seal 1: no authority has stamped it (`warraq seal --stamp`)"]


def test_the_seal_is_small_plain_files_and_a_record(sealed):
    assert {path.name for path in sealed.seals.iterdir()} == {
        "000001.json",
        "000001.sig",
        "000001.pem",
        "000001.records.gz",
    }
    said = json.loads((sealed.seals / "000001.json").read_bytes())
    assert said["operator"] == "desk"
    assert said["files"][0]["name"] == sealed.first.name
    own = next(sealed.collection.warcs.glob("SEAL-*.warc.gz"))
    record = next(record for record, _ in members(own) if record.url.startswith(URN))
    assert record.url == URN + read_seal(sealed.seals, 1).digest
    assert said["root"].encode() in record.block


def test_the_key_lies_outside_for_its_owner_alone(sealed):
    assert stat.S_IMODE((sealed.keys / "seal.pem").stat().st_mode) == 0o600


def test_nothing_new_makes_no_seal(sealed):
    assert sealed.seal() is None
    assert sealed.seal() is None
    assert len(list(sealed.collection.warcs.glob("SEAL-*"))) == 1
    crawl(sealed.collection, "fourth", at=LATER)
    assert sealed.check().unsealed
    assert sealed.seal(at=LATER + timedelta(hours=1)).previous == read_seal(sealed.seals, 1).digest
    assert sealed.check().ok


def test_one_flipped_byte(sealed):
    data = bytearray(sealed.first.read_bytes())
    response = answers(sealed.first)[1]
    data[response.location.offset + response.location.length // 2] ^= 1
    rewrite(sealed.first, [bytes(data)])
    report = sealed.check()
    assert response.id in {problem.record_id for problem in report.problems}
    assert not report.ok


def test_a_changed_record_that_is_whole(sealed):
    response = answers(sealed.first)[1]
    pieces = [
        repacked(record, data, "الخطة".encode(), "النكتة".encode()[:10]) if record.id == response.id else data
        for record, data in members(sealed.first)
    ]
    rewrite(sealed.first, pieces)
    found = [problem for problem in sealed.check().problems if problem.record_id == response.id]
    assert [problem.kind for problem in found] == ["changed"]
    assert "block" in found[0].detail


def test_a_removed_record(sealed):
    gone = answers(sealed.first)[1]
    rewrite(sealed.first, [data for record, data in members(sealed.first) if record.id != gone.id])
    assert [problem.record_id for problem in sealed.check().problems if problem.kind == "removed"] == [gone.id]


def test_an_inserted_record(sealed):
    pieces = [data for _, data in members(sealed.first)]
    record, data = members(sealed.first)[-1]
    forged = repacked(record, data, record.id.encode(), b"<urn:uuid:11111111-1111-4111-8111-111111111111>")
    rewrite(sealed.first, [*pieces, forged])
    problems = sealed.check().problems
    assert [(one.kind, one.record_id) for one in problems] == [
        ("inserted", "<urn:uuid:11111111-1111-4111-8111-111111111111>")
    ]


def test_a_re_dated_record(sealed):
    first = answers(sealed.first)[0]
    pieces = [
        repacked(record, data, b"WARC-Date: 2026-11-24", b"WARC-Date: 2026-11-23") if record.id == first.id else data
        for record, data in members(sealed.first)
    ]
    rewrite(sealed.first, pieces)
    found = [problem for problem in sealed.check().problems if problem.record_id == first.id]
    assert [problem.kind for problem in found] == ["re-dated"]
    assert "2026-11-24" in found[0].detail
    assert "2026-11-23" in found[0].detail


def test_a_re_dated_file(sealed):
    renamed = sealed.first.with_name(sealed.first.name.replace("20261124", "20251124"))
    sealed.first.rename(renamed)
    problems = sealed.check().problems
    assert [one.kind for one in problems] == ["file"]
    assert renamed.name in problems[0].detail


def test_a_file_that_is_gone(sealed):
    sealed.first.unlink()
    assert sealed.kinds() == ["file"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("000001.json", "seal"), ("000001.sig", "seal"), ("000001.pem", "seal"), ("000001.records.gz", "list")],
)
def test_a_changed_file_of_a_seal(sealed, name, kind):
    path = sealed.seals / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert kind in sealed.kinds()


def test_a_seal_that_was_removed_is_missed_by_its_record(sealed):
    for path in sealed.seals.iterdir():
        path.unlink()
    assert sealed.kinds() == ["seal"]


def test_a_seal_between_two_that_was_removed(sealed):
    for number in (4, 5):
        crawl(sealed.collection, f"page-{number}", at=LATER + timedelta(hours=number))
        sealed.seal(at=LATER + timedelta(hours=number, minutes=1))
    (sealed.seals / "000002.json").unlink()
    report = sealed.check()
    assert any(one.where == "seal 2" and "missing" in one.detail for one in report.problems)


def test_a_forged_seal_over_changed_records(sealed, tmp_path):
    """Who changes a record and seals anew has another key, and the record in the WARC tells of the seal that was there."""
    response = answers(sealed.first)[0]
    pieces = [
        repacked(record, data, "الوزير".encode(), "المدير".encode()) if record.id == response.id else data
        for record, data in members(sealed.first)
    ]
    trusted = public_pem(seal_key(sealed.keys))
    rewrite(sealed.first, pieces)
    for path in sealed.seals.iterdir():
        path.unlink()
    sealed.keys = tmp_path / "forger"
    sealed.seal()
    assert sealed.kinds(trusted_key=trusted) == ["key"]


def test_a_lost_key_is_named(sealed):
    (sealed.keys / "seal.pem").unlink()
    crawl(sealed.collection, "fourth", at=LATER)
    sealed.seal(at=LATER + timedelta(hours=1))
    problems = sealed.check().problems
    assert [(one.kind, one.where) for one in problems] == [("key", "seal 2")]
    assert "lost key" in problems[0].detail


def test_a_rotated_key_is_vouched_for_by_the_old_one(sealed):
    old = public_pem(seal_key(sealed.keys))
    crawl(sealed.collection, "fourth", at=LATER)
    sealed.seal(at=LATER + timedelta(hours=1), rotate=True)
    assert public_pem(seal_key(sealed.keys)) != old
    assert len(list(sealed.keys.iterdir())) == 2
    report = sealed.check()
    assert report.ok
    assert any("rotated" in note for note in report.notes)


def test_a_clock_that_ran_back(sealed):
    crawl(sealed.collection, "fourth", at=MOMENT)
    sealed.seal(at=LATER - timedelta(hours=1))
    assert sealed.kinds() == ["clock"]


def test_a_record_that_is_dated_after_its_seal(sealed):
    crawl(sealed.collection, "fourth", at=LATER + timedelta(days=2))
    sealed.seal(at=LATER + timedelta(hours=1))
    assert sealed.kinds() == ["clock"]


def test_redaction_stays_provable(sealed):
    with sealed.collection.lock(), open_store(sealed.collection.database) as store:
        redact(
            sealed.collection, store, url="https://news.example/second", reason="order", who="desk", clock=lambda: LATER
        )
    report = sealed.check()
    assert report.ok
    assert report.redacted == 2
    stones = [record for record, _ in members(sealed.first) if warc.is_tombstone(record)]
    assert any(b"seal: 1\r\n" in stone.block for stone in stones)


def test_a_redaction_hides_no_other_change(sealed):
    with sealed.collection.lock(), open_store(sealed.collection.database) as store:
        redact(
            sealed.collection, store, url="https://news.example/second", reason="order", who="desk", clock=lambda: LATER
        )
    last = answers(sealed.first)[-1]
    rewrite(sealed.first, [data for record, data in members(sealed.first) if record.id != last.id])
    assert "removed" in sealed.kinds()


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_key_that_cannot_be_used_seals_nothing(sealed, content):
    crawl(sealed.collection, "fourth", at=LATER)
    (sealed.keys / "seal.pem").write_bytes(content)
    with pytest.raises(UsageError, match=r"seal\.pem"):
        sealed.seal()
    assert sealed.check().seals == 1


def test_a_key_that_others_may_read_is_refused(sealed):
    crawl(sealed.collection, "fourth", at=LATER)
    (sealed.keys / "seal.pem").chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        sealed.seal()


def test_the_key_may_not_lie_in_the_archive(sealed):
    sealed.keys = sealed.collection.folder / "keys"
    with pytest.raises(UsageError, match="inside the archive"):
        sealed.seal()


def test_a_run_that_was_killed_before_the_statement_leaves_nothing_that_counts(sealed):
    crawl(sealed.collection, "fourth", at=LATER)
    sealed.seal(at=LATER + timedelta(hours=1))
    (sealed.seals / "000002.json").unlink()
    newest = max(sealed.collection.warcs.glob("SEAL-*"))
    newest.unlink()
    manifest = warc.read_manifest(sealed.collection.warcs)
    warc.write_manifest(
        sealed.collection.warcs, {name: value for name, value in manifest.items() if name != newest.name}
    )
    assert sealed.check().ok
    assert sealed.seal(at=LATER + timedelta(hours=2)).number == 2
    assert sealed.check().ok


def test_a_seal_whose_record_was_not_written_gets_it_with_the_next_run(sealed):
    own = next(sealed.collection.warcs.glob("SEAL-*"))
    own.unlink()
    manifest = warc.read_manifest(sealed.collection.warcs)
    warc.write_manifest(sealed.collection.warcs, {name: value for name, value in manifest.items() if name != own.name})
    assert sealed.seal() is None
    own = next(sealed.collection.warcs.glob("SEAL-*"))
    assert any(record.url == URN + read_seal(sealed.seals, 1).digest for record, _ in members(own))


def test_a_damaged_seal_stops_no_redaction(sealed):
    (sealed.seals / "000001.json").write_bytes(b"{")
    with sealed.collection.lock(), open_store(sealed.collection.database) as store:
        done = redact(
            sealed.collection, store, url="https://news.example/second", reason="order", who="desk", clock=lambda: LATER
        )
    assert done.records == 2
    assert "seal" in sealed.kinds()


def test_a_list_of_records_that_was_rewritten_is_not_the_sealed_one(sealed):
    """The list and the file may be changed alike: the root that was signed tells."""
    path = sealed.seals / "000001.records.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"2026-11-24", b"2025-11-24")))
    problems = sealed.check().problems
    assert [one.kind for one in problems] == ["list"]
    assert "root differs" in problems[0].detail
