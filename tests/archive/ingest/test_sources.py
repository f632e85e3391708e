"""Import of foreign WARCs in any container and order; the result verifies and can be imported again."""

import gzip
import json
import os
import sys
import zipfile
from base64 import b32encode
from hashlib import sha1

import pytest

from archive import Archive
from archive.ingest.sources import CaptureFilter, import_files
from archive.warc import PAGE_BLOCK, read_records
from tests.support.cli import warraq
from tests.support.pages import page, response

pytestmark = pytest.mark.slow

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def digest(data):
    return "sha1:" + b32encode(sha1(data).digest()).decode()


def member(kind, path, number, block, **more):
    fields = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<urn:uuid:{kind}-{number}>",
        "WARC-Target-URI": f"https://news.example{path}",
        "WARC-Date": f"2026-11-24T05:{number:02d}:00Z",
        "Content-Type": "application/http; msgtype=response",
    } | {name.replace("_", "-"): value for name, value in more.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return gzip.compress(f"WARC/1.0\r\n{head}Content-Length: {len(block)}\r\n\r\n".encode() + block + b"\r\n\r\n")


def html(number):
    return page(f"عنوان الخبر رقم {number} في هذا الاختبار الطويل")


def revisit(path, number, of, **more):
    head = response(html(of)).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    return member("revisit", path, number, head, **more)


def titles(folder):
    with Archive(folder) as archive:
        return {row["url"].rpartition("/")[2]: row["title"] for row in archive.newest(limit=100)}


def rows(folder):
    with Archive(folder) as archive:
        sql = "SELECT record_id, url, timestamp, outcome, reason, article_id IS NULL AS none FROM captures ORDER BY 1"
        return list(archive.db.query(sql))


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """An archive of one file whose records are odd in every way that can be read."""
    folder = tmp_path_factory.mktemp("odd")
    broken = bytearray(member("response", "/a/lost", 19, response(html(19)), WARC_Record_ID="<urn:uuid:lost>"))
    broken[60:80] = bytes(20)
    members = [
        revisit("/a/early", 1, 11, WARC_Payload_Digest=digest(html(11))),
        revisit(
            "/a/nodigest",
            2,
            12,
            WARC_Refers_To_Target_URI="https://news.example/a/12",
            WARC_Refers_To_Date="2026-11-24T05:12:00Z",
        ),
        member("response", "/a/11", 11, response(html(11))),
        member("response", "/a/12", 12, response(html(12))),
        member("response", "/a/date", 3, response(html(3)), WARC_Date="2016-01"),
        member("resource", "/a/resource", 4, html(4), Content_Type="text/html; charset=utf-8"),
        member("response", "/a/cut", 5, response(html(5))[:-20], WARC_Truncated="length"),
        member("response", "/a/noid", 6, response(html(6)), WARC_Record_ID=""),
        member("response", "/a/same1", 7, response(html(7)), WARC_Record_ID="<urn:uuid:same>"),
        member("response", "/a/same2", 8, response(html(8)), WARC_Record_ID="<urn:uuid:same>"),
        member("response", "/a/wrong", 9, response(html(9)), WARC_Payload_Digest=digest(b"other")),
        member("response", "/a/parted", 13, response(html(13))[:-20], WARC_Segment_Number="1"),
        member("continuation", "/a/parted", 14, response(html(13))[-20:], WARC_Segment_Number="2"),
        bytes(broken),
        member("response", "/a/bomb", 20, response(bytes(40 << 20))),
        member("response", "/a/last", 10, response(html(10))),
    ]
    source = folder / "odd.warc.gz"
    source.write_bytes(b"".join(members))
    done = warraq("--archive", folder / "c", "import", "--json", source, code=7)
    return folder / "c", json.loads(done.stdout), done


def test_every_record_that_can_be_read_gives_its_article(odd):
    folder, said, done = odd
    wanted = {
        "11": 11,
        "12": 12,
        "date": 3,
        "resource": 4,
        "cut": 5,
        "noid": 6,
        "same1": 7,
        "same2": 8,
        "wrong": 9,
        "parted": 13,
        "last": 10,
    }
    wanted |= {"early": 11, "nodigest": 12}
    found = titles(folder)
    assert found.keys() == wanted.keys()
    assert {name: title.split()[3] for name, title in found.items()} == {name: str(n) for name, n in wanted.items()}
    assert len(said["damaged"]) == 1
    assert "the records around it are kept" in done.stderr


def test_each_capture_has_a_row_of_its_own_and_its_article_proves_itself(odd):
    folder, said, _ = odd
    assert said["captures"] == len(rows(folder)) == 14
    with Archive(folder) as archive:
        for row in archive.newest(limit=100):
            assert row["title"].encode() in archive.record(row).response


def test_a_body_that_no_page_has_is_too_large_and_not_read(odd):
    (bomb,) = (row for row in rows(odd[0]) if row["url"].endswith("bomb"))
    assert (bomb["outcome"], bomb["reason"]) == ("quarantine", "too-large")


def test_a_response_in_segments_is_marked_as_cut_and_its_further_parts_are_named(odd):
    folder, said, _ = odd
    assert said["unfit"] == {"continuation": 1}
    assert "continuation: part 2 of a response" in said["unfit_first"][0]
    with Archive(folder) as archive:
        sql = "SELECT url FROM captures WHERE truncated = 'segmented'"
        assert [row["url"] for row in archive.db.query(sql)] == ["https://news.example/a/parted"]


def test_what_was_imported_is_verified_and_needs_no_repair(odd):
    folder, *_ = odd
    warraq("--archive", folder, "verify")
    assert "nothing to repair" in warraq("--archive", folder, "repair").stdout
    warraq("--archive", folder, "verify")


@pytest.mark.parametrize("name", ["a.warc.zst", "a.warc.gz", "a.warc"])
def test_a_file_of_any_name_lies_under_one_by_which_it_is_verified(tmp_path, name):
    data = gzip.decompress(member("response", "/a/1", 1, response(html(1)), WARC_Target_URI="HTTPS://news.example/a/1"))
    packed = {"zst": zstd.compress, "gz": gzip.compress}.get(name.rpartition(".")[2], bytes)(data)
    (tmp_path / name).write_bytes(packed)
    warraq("--archive", tmp_path / "c", "import", tmp_path / name)
    assert titles(tmp_path / "c").keys() == {"1"}
    assert (tmp_path / "c/archive/a.warc.gz").exists()
    warraq("--archive", tmp_path / "c", "verify")


@pytest.mark.parametrize("name", [b"caf\xe9.warc.gz", b"two\nlines.warc.gz"])
def test_a_name_that_the_manifest_cannot_hold_is_replaced_in_part(tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(member("response", "/a/1", 1, response(html(1))))
    for _ in range(2):
        warraq("--archive", tmp_path / "c", "import", path)
        (held,) = (tmp_path / "c/archive").glob("*_*")
        assert held.name in {"caf_.warc.gz", "two_lines.warc.gz"}
    assert titles(tmp_path / "c").keys() == {"1"}
    warraq("--archive", tmp_path / "c", "verify")


def test_a_digest_that_was_right_at_import_or_changed_since_is_still_named(odd):
    folder, *_ = odd
    with Archive(folder) as archive:
        notes = list(archive.db.query("SELECT field FROM digest_notes"))
    assert [note["field"] for note in notes] == ["payload"]


@pytest.mark.parametrize("options", [(), ("--from", "2026-11-01")], ids=["whole file", "by record"])
@pytest.mark.parametrize("field", ["WARC_Block_Digest", "WARC_Payload_Digest"])
def test_a_digest_of_a_block_too_large_for_a_page_is_noted_too(tmp_path, field, options):
    film = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n" + bytes(PAGE_BLOCK)
    source = tmp_path / "film.warc.gz"
    right = member("response", "/a/good.mp4", 2, film, **{field: digest(film.partition(b"\r\n\r\n")[2])})
    source.write_bytes(member("response", "/a/film.mp4", 1, film, **{field: digest(b"other")}) + right)
    folder = tmp_path / "c"
    warraq("--archive", folder, "import", source, *options)
    wrong = 2 if field == "WARC_Block_Digest" else 1  # the block of the second is more than its payload
    assert json.loads(warraq("--archive", folder, "verify", "--json").stdout)["digests_noted"] == wrong
    said = (
        "2 digests were already wrong when their records"
        if wrong == 2
        else "1 digest was already wrong when its record"
    )
    assert said in warraq("--archive", folder, "verify").stdout


def test_rebuilding_gives_the_same_rows(odd):
    folder, *_ = odd
    before, found = rows(folder), titles(folder)
    warraq("--archive", folder, "reindex")
    assert rows(folder) == before
    assert titles(folder) == found
    warraq("--archive", folder, "verify")


def test_a_revisit_that_came_before_its_original_is_read_when_that_comes(tmp_path):
    first, second = tmp_path / "revisits.warc.gz", tmp_path / "originals.warc.gz"
    first.write_bytes(
        revisit("/a/digest", 1, 11, WARC_Payload_Digest=digest(html(11)))
        + revisit("/a/id", 2, 12, WARC_Refers_To="<urn:uuid:response-12>")
        + revisit("/a/never", 3, 13, WARC_Payload_Digest=digest(html(13)))
    )
    second.write_bytes(b"".join(member("response", f"/a/{n}", n, response(html(n))) for n in (11, 12)))
    import_files(tmp_path / "c", [first], workers=1)
    assert titles(tmp_path / "c") == {}
    assert {row["reason"] for row in rows(tmp_path / "c")} == {"original-elsewhere"}
    import_files(str(tmp_path / "c"), [str(second)], workers=1)
    assert titles(tmp_path / "c").keys() == {"11", "12", "digest", "id"}
    assert [row["url"][-5:] for row in rows(tmp_path / "c") if row["reason"]] == ["never"]


def test_a_day_of_a_revisit_takes_its_original_along(tmp_path):
    source = tmp_path / "a.warc.gz"
    source.write_bytes(
        member("response", "/a/1", 1, response(html(1)), WARC_Date="2026-11-23T05:00:00Z")
        + revisit(
            "/a/1",
            2,
            1,
            WARC_Payload_Digest=digest(html(1)),
            WARC_Refers_To_Target_URI="https://news.example/a/1",
            WARC_Refers_To_Date="2026-11-23T05:00:00Z",
        )
    )
    import_files(tmp_path / "c", [source], workers=1)
    day = ("--from", "2026-11-24", "--to", "2026-11-24")
    warraq("--archive", tmp_path / "c", "export", "-f", "warc", "-o", tmp_path / "day.warc.gz", *day)
    kinds = [record.type for record in read_records(tmp_path / "day.warc.gz")]
    assert sorted(kinds) == ["response", "revisit"]


@pytest.mark.parametrize("name", ["out.warc.gz", "out.wacz"])
def test_an_export_tells_of_revisits_whose_originals_are_elsewhere(tmp_path, name):
    first, second = tmp_path / "revisits.warc.gz", tmp_path / "originals.warc.gz"
    first.write_bytes(
        revisit("/a/1", 2, 1, WARC_Payload_Digest=digest(html(1))) + member("response", "/a/3", 3, response(html(3)))
    )
    second.write_bytes(member("response", "/a/1", 1, response(html(1))))
    import_files(tmp_path / "c", [first], workers=1)
    export = ("--archive", tmp_path / "c", "export", "-o", tmp_path / name)
    told = warraq(*export, code=16)
    assert "2 captures in" in told.stderr
    assert "revisits without their originals: 1, such as https://news.example/a/1." in told.stderr
    assert json.loads(warraq(*export, "--json", code=16).stdout)["missing_originals"] == 1
    assert (
        "revisits without their originals: 1, such as https://news.example/a/1."
        in warraq(*export[:-1], "-", "-f", "warc", code=16).stderr
    )
    described = "without their originals, which replay tools cannot show: 1, such as https://news.example/a/1."
    if name.endswith(".wacz"):
        assert described in zipfile.ZipFile(tmp_path / name).read("datapackage.json").decode()
    import_files(tmp_path / "c", [second], workers=1)
    assert "originals:" not in warraq(*export).stderr
    if name.endswith(".wacz"):
        assert b"originals" not in zipfile.ZipFile(tmp_path / name).read("datapackage.json")


NAMES = {
    "by digest": {"WARC_Payload_Digest": digest(html(1))},
    "by a digest and an id that nobody has": {
        "WARC_Refers_To": "<urn:uuid:x>",
        "WARC_Payload_Digest": digest(html(1)),
    },
    "by id": {"WARC_Refers_To": "<urn:uuid:response-1>"},
    "by URL and time in other spellings": {
        "WARC_Refers_To_Target_URI": "http://www.news.example/a/1",
        "WARC_Refers_To_Date": "2026-11-20T05:00:00.123Z",
    },
}
DAY = CaptureFilter(first="20261124", last="20261124")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("label", ["", digest(html(1))], ids=["original without a digest", "with one"])
def test_a_day_that_is_imported_takes_the_originals_of_its_revisits_along(tmp_path, name, label):
    original = member(
        "response", "/a/1", 1, response(html(1)), WARC_Date="2026-11-20T05:00:00Z", WARC_Payload_Digest=label
    )
    other = member("response", "/a/3", 3, response(html(3)), WARC_Date="2026-11-20T05:00:00Z")
    source = tmp_path / "a.warc.gz"
    source.write_bytes(revisit("/a/2", 2, 1, **NAMES[name]) + other + original)
    import_files(tmp_path / "c", [source], wanted=DAY, workers=1)
    assert titles(tmp_path / "c").keys() == {"1", "2"}
    warraq("--archive", tmp_path / "c", "verify")


def test_a_revisit_of_a_revisit_takes_both_along_and_a_wrong_name_nothing(tmp_path):
    source = tmp_path / "a.warc.gz"
    source.write_bytes(
        member("response", "/a/1", 1, response(html(1)), WARC_Date="2026-11-20T05:00:00Z")
        + revisit("/a/1", 2, 1, WARC_Date="2026-11-21T05:00:00Z", WARC_Refers_To="<urn:uuid:response-1>")
        + revisit("/a/3", 3, 1, WARC_Refers_To="<urn:uuid:revisit-2>")
        + member(
            "response",
            "/a/4",
            4,
            response(html(4)),
            WARC_Date="2026-11-20T05:00:00Z",
            WARC_Payload_Digest=digest(html(4)),
        )
        + revisit("/a/5", 5, 5, WARC_Refers_To="<urn:uuid:response-4>", WARC_Payload_Digest=digest(html(5)))
    )
    import_files(tmp_path / "c", [source], wanted=DAY, workers=1)
    assert [row["record_id"][10:-1] for row in rows(tmp_path / "c")] == [
        "response-1",
        "revisit-2",
        "revisit-3",
        "revisit-5",
    ]
    assert titles(tmp_path / "c").keys() == {"1", "3"}


@pytest.mark.parametrize("at_once", [True, False])
def test_captures_of_several_files_that_share_an_id_are_all_chosen(tmp_path, at_once):
    files = [tmp_path / f"{n}.warc.gz" for n in (1, 2)]
    for n, path in enumerate(files, 1):
        path.write_bytes(member("response", f"/a/{n}", n, response(html(n)), WARC_Record_ID="<urn:uuid:same>"))
    for some in [files] if at_once else [[path] for path in files]:
        import_files(tmp_path / "c", some, wanted=DAY, workers=1)
    assert titles(tmp_path / "c").keys() == {"1", "2"}
    assert import_files(tmp_path / "c", files, wanted=DAY, workers=1).known == 2


def test_what_was_chosen_is_verified_with_wrong_digests_and_resources(tmp_path):
    source = tmp_path / "a.warc.gz"
    source.write_bytes(
        member("resource", "/a/1", 1, html(1), Content_Type="text/html; charset=utf-8")
        + member("response", "/a/2", 2, response(html(2)), WARC_Payload_Digest=digest(b"other"))
    )
    import_files(tmp_path / "c", [source], wanted=DAY, workers=1)
    assert titles(tmp_path / "c").keys() == {"1", "2"}
    warraq("--archive", tmp_path / "c", "verify")
