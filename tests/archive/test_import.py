"""Import: any WARC, complete or damaged, goes through the same extraction into the same tables, once."""

import gzip
import json
import os
import shutil
import signal
import sqlite3
import time
import zipfile

import pytest

from archive import Archive
from archive.body import plain_text
from archive.index.columns import body_of
from archive.warc import WarcWriter, compress, payload_digest
from tests.support.cli import warraq
from tests.support.pages import capture, page
from tests.support.program import Running


@pytest.fixture
def warc(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    with WarcWriter(folder, info={"software": "test"}, host="h") as writer:
        for n in range(3):
            one = capture(f"/2026/11/{n}", page(f"عنوان الخبر رقم {n} في هذا الاختبار"), n)
            writer.write_capture(one, payload_digest=payload_digest(one))
    (path,) = folder.glob("*.warc.gz")
    return path


def test_pages_of_a_warc_become_articles_that_point_into_the_collections_own_copy(warc, tmp_path):
    folder = tmp_path / "c"
    said = json.loads(warraq("--archive", folder, "import", "--json", warc).stdout)
    assert (said["captures"], said["articles_new"]) == (3, 3)
    warc.unlink()
    with Archive(folder) as archive:
        rows = list(archive.newest())
        assert sorted(row["title"] for row in rows) == [f"عنوان الخبر رقم {n} في هذا الاختبار" for n in range(3)]
        assert all(archive.record(row).block.startswith(b"HTTP/1.1 200 OK") for row in rows)
        assert all(row["text"].count("\n") == 5 for row in rows)


def test_importing_again_changes_nothing(warc, tmp_path):
    folder = tmp_path / "c"
    warraq("--archive", folder, "import", warc)
    said = json.loads(warraq("--archive", folder, "import", "--json", warc).stdout)
    assert (said["captures"], said["known_before"], said["articles_new"]) == (3, 3, 0)
    assert (folder / "archive" / warc.name).read_bytes() == warc.read_bytes()


@pytest.mark.parametrize("how", ["plain", "whole gzip"])
def test_a_warc_whose_records_are_no_members_of_their_own_is_rewritten(warc, tmp_path, how):
    data = gzip.decompress(warc.read_bytes())
    other = tmp_path / ("old.warc" if how == "plain" else "old.warc.gz")
    other.write_bytes(data if how == "plain" else gzip.compress(data))
    said = json.loads(warraq("--archive", tmp_path / "c", "import", "--json", other).stdout)
    assert said["articles_new"] == 3
    with Archive(tmp_path / "c") as archive:
        assert archive.record(next(archive.newest())).type == "response"


def test_a_truncated_warc_is_imported_up_to_the_damage_and_says_so(warc, tmp_path):
    torn = tmp_path / "torn.warc.gz"
    shutil.copy(warc, torn)
    torn.chmod(0o644)
    with torn.open("r+b") as file:
        file.truncate(torn.stat().st_size - 700)
    done = warraq("--archive", tmp_path / "c", "import", torn, code=7)
    assert "torn.warc.gz" in done.stderr
    assert "Traceback" not in done.stderr
    with Archive(tmp_path / "c") as archive:
        assert len(list(archive.newest())) == 2


def test_a_file_that_is_no_warc_is_refused_in_one_line(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    done = warraq("--archive", tmp_path / "c", "import", tmp_path / "notes.txt", code=2)
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_without_an_archive_is_one_clear_line(tmp_path):
    done = warraq("--archive", tmp_path, "list", code=3)
    assert done.stderr.startswith("warraq: no archive in")
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_url_has_its_own_exit_code(warc, tmp_path):
    warraq("--archive", tmp_path / "c", "import", warc)
    assert "nothing for" in warraq("--archive", tmp_path / "c", "show", "https://nowhere.example/", code=8).stderr
    assert "nothing for" in warraq("--archive", tmp_path / "c", "show", "999", code=8).stderr


def test_parts_of_a_paged_article_become_one_article(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    pager = '<div class="page-links"><a class="post-page-numbers" href="/2026/11/long/{}">{}</a></div>'
    first = page("مقال طويل في صفحتين اثنتين").replace(b"</article>", pager.format("2/", 2).encode() + b"</article>")
    second = page("مقال طويل في صفحتين اثنتين").replace("الفقرة".encode(), "التتمة".encode())
    second = second.replace(b"</article>", pager.format("", 1).encode() + b"</article>")
    with WarcWriter(folder, info={"software": "test"}, host="h") as writer:
        for path, body in (("/2026/11/long/", first), ("/2026/11/long/2/", second)):
            one = capture(path, body)
            writer.write_capture(one, payload_digest=payload_digest(one))
    warraq("--archive", tmp_path / "c", "import", *folder.glob("*.warc.gz"))
    with Archive(tmp_path / "c") as archive:
        (row,) = archive.newest()
    assert row["url"].endswith("/long/")
    assert row["text"].count("الفقرة") == 6
    assert row["text"].count("التتمة") == 6
    assert plain_text(body_of(row)) == row["text"], "the blocks are those of both pages"


@pytest.mark.slow
def test_ctrl_c_ends_an_import_with_a_word_and_the_next_one_goes_on(tmp_path):
    source = tmp_path / "many.warc.gz"
    with WarcWriter(tmp_path, info={"software": "test"}, host="h") as writer:
        for n in range(120):
            one = capture(f"/2026/11/{n}", page(f"عنوان الخبر رقم {n} في هذا الاختبار"), n % 60)
            writer.write_capture(one, payload_digest=payload_digest(one))
    next(tmp_path.glob("*.warc.gz")).rename(source)
    folder = tmp_path / "c"
    running = Running(["warraq", "--archive", folder, "import", source])
    while not (folder / "archive" / source.name).exists():  # the copy stands; its records are being read
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate()
    assert running.returncode == 130, said
    assert "continues" in said
    warraq("--archive", folder, "import", source)
    assert "articles: 120\n" in warraq("--archive", folder, "stats").stdout


MISFITS = (
    ({"WARC-Date": "yesterday"}, "bad-date"),
    ({"WARC-Date": ""}, "bad-date"),
    ({"WARC-Target-URI": "http:///nowhere"}, "bad-url"),
    ({"WARC-IP-Address": "\0"}, "bad-header"),
    ({"WARC-Type": "resource", "WARC-Target-URI": "ftp://news.example/a.html", "Content-Type": "text/html"}, "bad-url"),
)


@pytest.fixture
def misfits(warc):
    """The three captures of `warc`, and five that cannot have a row before them."""
    members = []
    for number, (change, _) in enumerate(MISFITS):
        fields = {
            "WARC-Type": "response",
            "WARC-Record-ID": f"<urn:uuid:{number}>",
            "WARC-Date": "2016-08-30T12:00:00Z",
            "WARC-Target-URI": "https://news.example/",
        } | change
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        block = b"HTTP/1.1 200 OK\r\n\r\nx"
        members.append(compress(f"WARC/1.0\r\n{head}Content-Length: {len(block)}\r\n\r\n".encode() + block, b""))
    path = warc.with_name("misfits.warc.gz")
    path.write_bytes(b"".join(members) + warc.read_bytes())
    return path


def test_records_that_cannot_have_a_row_are_counted_and_named_and_all_others_come_in(misfits, tmp_path):
    folder = tmp_path / "c"
    said = json.loads(warraq("--archive", folder, "import", "--json", misfits).stdout)
    assert (said["captures"], said["articles_new"]) == (3, 3)
    assert said["unfit"] == {"bad-date": 2, "bad-url": 2, "bad-header": 1}
    assert said["unfit_first"][0] == "misfits.warc.gz at byte 0: bad-date: yesterday"
    assert "5 records were left out, because they cannot have rows (2 bad-date, 1 bad-header, 2 bad-url)" in (
        warraq("--archive", folder, "import", misfits).stderr
    )
    warraq("--archive", folder, "verify")  # what no repair could mend is no problem
    warraq("--archive", folder, "reindex")
    with Archive(folder) as archive:
        assert len(list(archive.newest())) == 3


def test_a_choice_of_records_leaves_out_those_that_cannot_have_a_row(misfits, tmp_path):
    chosen = ("import", "--json", "--host", "news.example", misfits)
    said = json.loads(warraq("--archive", tmp_path / "c", *chosen).stdout)
    assert (said["captures"], said["articles_new"]) == (3, 3)
    assert said["unfit"] == {"bad-date": 2, "bad-header": 1}


def test_a_file_that_is_no_warc_does_not_keep_the_others_out(warc, tmp_path):
    for name in ("first.warc.gz", "last.wacz"):
        (tmp_path / name).write_bytes(b"no archive at all\n")
    files = (tmp_path / "first.warc.gz", warc, tmp_path / "last.wacz")
    for number, chosen in enumerate(((), ("--host", "news.example"))):
        done = warraq("--archive", tmp_path / f"c{number}", "import", "--json", *chosen, *files, code=7)
        said = json.loads(done.stdout)
        assert (said["articles_new"], len(said["damaged"])) == (3, 2)
        assert "first.warc.gz" in done.stderr
        assert "last.wacz" in done.stderr


@pytest.mark.parametrize("chosen", [(), ("--host", "news.example")])
def test_files_of_which_nothing_can_be_imported_leave_no_archive(warc, tmp_path, chosen):
    (tmp_path / "no.warc.gz").write_bytes(b"no archive at all\n")
    folder = tmp_path / "collections" / "imported"
    done = warraq("--archive", folder, "import", *chosen, tmp_path / "no.warc.gz", code=7)
    assert "no archive was created" in done.stdout
    assert not folder.parent.exists()
    said = json.loads(warraq("--archive", folder, "import", "--json", *chosen, tmp_path / "no.warc.gz", code=7).stdout)
    assert (said["folder"], len(said["damaged"])) == ("", 1)
    warraq("--archive", folder, "import", warc)
    assert "no archive was created" not in warraq("--archive", folder, "import", tmp_path / "no.warc.gz", code=7).stdout
    assert (folder / "warraq.db").is_file()


def package(path, members):
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("datapackage.json", json.dumps({"resources": []}))
        for name, data in members.items():
            target.writestr(f"archive/{name}", data)
    return path


@pytest.mark.parametrize("chosen", [(), ("--host", "news.example")])
def test_an_empty_or_damaged_warc_in_a_package_costs_the_others_nothing(warc, tmp_path, chosen):
    members = {"empty.warc.gz": b"", "torn.warc.gz": warc.read_bytes()[:40], "sound.warc.gz": warc.read_bytes()}
    path = package(tmp_path / "p.wacz", members)
    said = json.loads(warraq("--archive", tmp_path / "c", "import", "--json", *chosen, path, code=7).stdout)
    assert said["articles_new"] == 3
    assert [one.partition(": ")[0] for one in said["damaged"]] == [f"{path}/torn.warc.gz"]
    path = package(tmp_path / "q.wacz", {name: members[name] for name in ("empty.warc.gz", "sound.warc.gz")})
    assert json.loads(warraq("--archive", tmp_path / "d", "import", "--json", *chosen, path).stdout)["damaged"] == []


@pytest.mark.parametrize("chosen", [(), ("--host", "news.example")])
def test_a_package_that_has_lost_its_end_is_imported_up_to_there_and_says_so(warc, tmp_path, chosen):
    whole = package(tmp_path / "p.wacz", {"data.warc.gz": warc.read_bytes(), "other.txt": b"x" * 100}).read_bytes()
    for number, (cut, articles) in enumerate(
        ((whole[: whole.index(b"x" * 100)], 3), (whole[: whole.index(b"other.txt") - 900], 2))
    ):
        (tmp_path / "torn.wacz").write_bytes(cut)
        done = warraq("--archive", tmp_path / f"c{number}", "import", "--json", *chosen, tmp_path / "torn.wacz", code=7)
        said = json.loads(done.stdout)
        assert said["articles_new"] == articles
        assert "not a readable WACZ" in said["damaged"][0]


def test_what_a_stopped_import_had_copied_and_not_read_is_read_by_the_next(warc, tmp_path):
    folder = tmp_path / "c"
    warraq("--archive", folder, "import", warc)
    with sqlite3.connect(folder / "warraq.db") as db:  # as a stop leaves it: rows of captures, nothing of what they say
        db.execute("UPDATE captures SET outcome = '', reason = '', article_id = NULL")
        db.execute("DELETE FROM articles")
    db.close()
    said = json.loads(warraq("--archive", folder, "import", "--json", warc).stdout)
    assert (said["taken_up"], said["known_before"]) == (3, 3)
    with Archive(folder) as archive:
        assert len(list(archive.newest())) == 3


@pytest.mark.parametrize("chosen", [(), ("--site", "news.example", "--from", "2020-01-01")])
def test_a_device_or_fifo_is_named_and_the_other_files_are_imported(warc, tmp_path, chosen):
    """A folder of a stranger, of which all files are given."""
    os.mkfifo(tmp_path / "a.warc.gz")
    (tmp_path / "b.warc.gz").symlink_to("/dev/zero")
    odd = [tmp_path / "a.warc.gz", tmp_path / "b.warc.gz"]
    done = warraq("--archive", tmp_path / "c", "import", "--json", *odd, warc, code=7)
    assert json.loads(done.stdout.splitlines()[-1])["articles_new"] > 0
    assert "not a regular file" in done.stderr + done.stdout
