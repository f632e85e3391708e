"""Commands over several archives of a folder; `--archive`, `--site` and NAME/ID select among them."""

import json
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from archive import Archive
from archive.collection import Collection
from archive.export.dataset import _with_own_families
from archive.federation import Federation
from archive.ingest import open_writer
from archive.ingest.commit import disposition_of
from archive.mcp import Tools
from archive.parse.parse import ParseTask, parse_task
from archive.warc import read_records
from tests.support.cli import warraq
from tests.support.pages import capture, page

pytestmark = pytest.mark.slow

SHARED = "https://news.example/2026/11/1"


def pictured(title, *names):
    figures = "".join(
        f'<figure><img src="/{name}.jpg" width=800 height=500><figcaption>صورة {title}</figcaption></figure>'
        for name in names
    )
    return page(title).replace(b"</h1>", b"</h1>" + figures.encode())


def fill(folder, site, *served):
    ingest = open_writer(Collection(folder), info={"software": "test"}, clock=lambda: served[-1].started)
    for one in served:
        row = ingest.record(one, site=site)
        ingest.finish(
            disposition_of(row, parse_task(ParseTask(url=one.url, response=one.response, fetched_at=one.started)))
        )
        ingest.commit()
    ingest.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    fill(
        folder / "collections/one",
        "paper.one",
        capture("/2026/11/1", pictured("افتتاح المكتبة العامة في المدينة القديمة", "shared", "own"), 1),
    )
    fill(
        folder / "collections/two",
        "paper.two",
        capture("/2026/11/1", pictured("إغلاق المكتبة العامة في المدينة القديمة", "shared"), 3),
        capture("/2026/11/2", pictured("البلدية تعلن موعد المهرجان السنوي", "second"), 2),
    )
    return folder


@pytest.fixture(autouse=True)
def place(made, monkeypatch):
    monkeypatch.chdir(made)
    monkeypatch.delenv("WARRAQ_ARCHIVE", raising=False)


def rows(*arguments):
    return [json.loads(line) for line in warraq(*arguments, "--json").stdout.splitlines()]


def test_list_has_the_articles_of_all_newest_first_and_counts_over_all():
    found = rows("list")
    assert [row["archive"] for row in found].count("collections/two") == 2
    stamps = [row["published_at"] or row["fetched_at"] for row in found]
    assert stamps == sorted(stamps, reverse=True)
    assert rows("list", "-n", "1", "--offset", "1") == found[1:2]
    assert "one/1" in warraq("list").stdout


def test_a_site_narrows_it_and_one_that_none_has_is_named():
    assert {row["site"] for row in rows("list", "--site", "paper.one")} == {"paper.one"}
    for command in (["list", "--site", "paper.on"], ["export", "--site", "paper.on"]):
        assert "did you mean paper.one" in warraq(*command, code=8).stderr


def test_one_archive_is_as_it_was():
    found = rows("--archive", "collections/one", "list")
    assert [row["site"] for row in found] == ["paper.one"]
    assert "archive" not in found[0]
    assert "one/1" not in warraq("--archive", "collections/one", "list").stdout


def test_two_archives_before_a_command_are_refused_in_one_line():
    done = warraq("-A", "collections/one", "--archive", "collections/two", "list", code=2)
    assert (done.stdout, len(done.stderr.splitlines())) == ("", 1)
    assert "--archive names one archive" in done.stderr
    both = rows("search", "-A", "collections/one", "-A", "collections/two", "المهرجان")
    assert [row["archive"] for row in both] == ["collections/two"]


def test_the_environment_names_an_archive_for_commands_that_name_none(monkeypatch):
    spaced = Path("collections/one").rename("collections/of one")
    monkeypatch.setenv("WARRAQ_ARCHIVE", str(spaced))
    try:
        assert [row["site"] for row in rows("list")] == ["paper.one"]
        assert {row["site"] for row in rows("-A", "collections/two", "list")} == {"paper.two"}
    finally:
        spaced.rename("collections/one")


def test_search_asks_all_without_being_told():
    assert [row["archive"] for row in rows("search", "المهرجان")] == ["collections/two"]
    assert "two/" in warraq("search", "المهرجان").stdout


def test_an_article_is_shown_from_the_archive_that_was_served_it_last():
    assert rows("show", SHARED)[0]["title"].startswith("إغلاق")
    assert rows("show", "one/1")[0]["title"].startswith("افتتاح")
    assert rows("show", "2")[0]["title"].startswith("البلدية")  # only one archive has an article 2
    assert "write one/1 or two/1" in warraq("show", "1", code=2).stderr
    assert "nothing for" in warraq("show", "https://news.example/9", code=8).stderr
    assert "nothing for" in warraq("show", "one/2", code=8).stderr


def test_versions_diff_and_explain_find_their_archive():
    assert rows("versions", "two/1")[0]["title"].startswith("إغلاق")
    assert "no other version" in warraq("diff", SHARED).stderr
    assert any("البلدية" in row["line"] for row in rows("explain", "two/2"))


def test_stats_of_one_site():
    (figures,) = rows("stats", "--site", "paper.two")
    assert (figures["articles"], figures["captures"], figures["by_site"]) == (2, 2, {"paper.two": 2})
    assert sum(figures["by_day"].values()) == 2
    (below,) = rows("stats", "--site", "two")
    assert below == figures, "a site counts with those below it"
    assert "did you mean paper.one" in warraq("stats", "--site", "paper.on", code=8).stderr


def test_lists_of_a_site_have_those_below_it():
    assert rows("list", "--site", "two") == rows("list", "--site", "paper.two") != []
    assert rows("images", "--site", "two") == rows("images", "--site", "paper.two") != []
    assert warraq("list", "--site", "er.two", code=8).stdout == ""


def test_pictures_of_all_are_listed_with_their_archive_each_file_once():
    listed = rows("images")
    assert [row["archive"] for row in listed] == ["collections/two", "collections/one", "collections/one"]
    assert [row["url"].rpartition("/")[2] for row in listed] == ["second.jpg", "shared.jpg", "own.jpg"]
    assert rows("images", "-n", "1", "--offset", "1") == listed[1:2]
    assert {row["archive"] for row in rows("images", "--site", "paper.one")} == {"collections/one"}
    assert "did you mean paper.one" in warraq("images", "--site", "paper.on", code=8).stderr
    assert "·  two" in warraq("images").stdout


def test_a_picture_is_found_where_another_archive_showed_it():
    places = rows("images", "--where", "https://news.example/shared.jpg")
    assert [row["archive"] for row in places] == ["collections/one", "collections/two"]
    assert {row["url"].rpartition("/")[2] for row in rows("images", "--of", "one/1")} == {"shared.jpg", "own.jpg"}
    assert "archive" not in rows("--archive", "one", "images")[0]


def test_what_one_archive_knows_of_the_bytes_of_a_picture_counts_for_all(made, tmp_path):
    folder = shutil.copytree(made / "collections", tmp_path / "collections")
    with sqlite3.connect(folder / "two/warraq.db") as db:
        db.execute("UPDATE images SET sha256 = 'same' WHERE url LIKE '%/shared.jpg' OR url LIKE '%/second.jpg'")
    db.close()
    with Federation((folder / "one", folder / "two")) as archives:
        places = archives.showings("https://news.example/shared.jpg")
    assert [row["url"].rpartition("/")[2] for _, row in places] == ["shared.jpg", "shared.jpg", "second.jpg"]


def test_a_dataset_has_the_articles_of_all_and_families_apart(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    assert "3 articles in" in warraq("dataset", tmp_path / "set").stderr
    table = parquet.read_table(tmp_path / "set/data/articles.parquet").to_pylist()
    assert sorted((row["archive"], row["id"]) for row in table) == [("one", 1), ("two", 1), ("two", 2)]
    assert (tmp_path / "set/README.md").read_text().split("\n# ")[1].startswith("one, two\n")
    assert "1 article in" in warraq("dataset", "--site", "paper.one", tmp_path / "part").stderr
    assert "did you mean paper.one" in warraq("dataset", "--site", "paper.on", tmp_path / "no", code=8).stderr


def test_families_of_several_archives_are_numbered_anew():
    parts = [iter([{"family": 1}, {"family": None}]), iter([{"family": 1}, {"family": 2}, {"family": 1}])]
    assert [row["family"] for row in _with_own_families(parts)] == [1, None, 2, 3, 2]


def test_assistants_ask_all_archives_and_cite_with_the_name_of_one():
    tools = Tools((Path("collections/one"), Path("collections/two")), "http://room.example")
    (hit,) = tools.search("المهرجان")["hits"]
    assert hit["citation"]["id"] == "two/2"
    assert tools.read("two/2")["citation"] == hit["citation"]
    assert tools.cite(SHARED)["citation"]["id"] == "two/1"
    assert tools.versions("one/1")["versions"][0]["citation"]["id"] == "one/1"
    assert tools.coverage()["figures"]["articles"] == 3
    covered = tools.coverage()
    assert [(row["archive"], row["site"]) for row in covered["sites"]] == [("one", "paper.one"), ("two", "paper.two")]
    assert {row["archive"] for row in covered["outcomes"]} <= {"one", "two"}
    assert Tools((Path("collections/one"),), "").read("1")["citation"]["id"] == 1


def test_stats_add_up():
    (figures,) = rows("stats")
    assert (figures["articles"], figures["by_site"]) == (3, {"paper.two": 2, "paper.one": 1})
    assert list(figures["by_day"]) == sorted(figures["by_day"])


@pytest.mark.parametrize("name", ["jsonl", "csv", "parquet", "html", "markdown", "txt"])
def test_articles_of_all_are_exported(name, tmp_path):
    if name == "parquet":
        pytest.importorskip("pyarrow")
    (done,) = rows("export", "-f", name, "-o", tmp_path / "all")
    assert done["articles"] == 3


def test_captures_of_all_are_exported_each_from_its_own_files(tmp_path):
    for name in ("warc", "wacz", "cdxj"):
        assert rows("export", "-f", name, "-o", tmp_path / name)[0]["captures"] == 3
    assert rows("export", "-f", "wacz", "--query", "المهرجان", "-o", tmp_path / "one")[0]["captures"] == 1
    records = list(read_records(tmp_path / "warc"))
    assert sum(record.type == "response" for record in records) == 3


def test_what_no_archive_has_is_not_exported_as_nothing(tmp_path):
    assert "nothing for" in warraq("export", "--url", "https://no.example/", "-o", tmp_path / "x", code=8).stderr
    assert "is not a day" in warraq("export", "--from", "2026-13-45", "-o", tmp_path / "x", code=2).stderr
    assert not (tmp_path / "x").exists()


def test_files_of_periods_lie_side_by_side(tmp_path):
    assert rows("export", "--by", "year", "-f", "jsonl", "-o", tmp_path / "all")[0]["articles"] == 3
    assert {path.name for path in (tmp_path / "all").rglob("*.jsonl")} == {"one.jsonl", "two.jsonl"}
    rows("export", "--by", "year", "--site", "paper.one", "-f", "jsonl", "-o", tmp_path / "part")
    assert {path.name for path in (tmp_path / "part").rglob("*.jsonl")} == {"one.jsonl"}


def test_verify_looks_at_all_and_damage_in_one_is_told_with_its_name(made):
    assert [(row["archive"], row["ok"]) for row in rows("verify")] == [
        ("collections/one", True),
        ("collections/two", True),
    ]
    (file,) = (made / "collections/one/archive").glob("*.warc.gz")
    whole = file.read_bytes()
    file.chmod(0o644)
    try:
        file.write_bytes(whole[:400] + b"?" + whole[401:])
        said = warraq("verify", code=7).stdout
    finally:
        file.write_bytes(whole)
    assert "collections/one: " in said
    assert "collections/two: " in said


@pytest.mark.slow  # matplotlib asks fontconfig for its fonts the first time
def test_a_plot_has_all_days_and_each_site_in_its_colour(tmp_path, monkeypatch):
    axes = pytest.importorskip("matplotlib.axes").Axes
    drawn, bar = [], axes.bar

    def noted(self, days, counts, *, bottom, **more):
        drawn.append((more["label"], days, counts, bottom))
        return bar(self, days, counts, bottom=bottom, **more)

    monkeypatch.setattr(axes, "bar", noted)
    warraq("stats", "--plot", tmp_path / "plot.png")
    assert [(site, sum(counts)) for site, _, counts, _ in drawn] == [("paper.two", 2), ("paper.one", 1)]
    (_, days, _, bottom) = drawn[1]
    assert all(isinstance(day - days[0], timedelta) for day in days)
    assert (tmp_path / "plot.png").stat().st_size > 1000
    assert len(bottom) == len(days)


def test_repair_group_and_joins_go_through_all_and_say_which():
    repaired = warraq("repair").stdout
    assert "collections/one: nothing to repair" in repaired
    assert "collections/two: nothing to repair" in repaired
    assert {row["archive"] for row in rows("repair")} == {"collections/one", "collections/two"}
    assert {row["archive"] for row in rows("group")} == {"collections/two"}
    assert "No addresses were joined" in warraq("joins").stderr


def test_commands_for_one_archive_ask_which_and_take_its_name():
    said = warraq("joins", "--undo", "1", code=2).stderr
    assert "collections/ has several archives (one, two): choose one, as in `warraq --archive one joins …`" in said
    assert "nothing for 'join 1'" in warraq("--archive", "one", "joins", "--undo", "1", code=8).stderr
    assert "several archives" in warraq("upload", "--to", "elsewhere", code=2).stderr


def test_uploads_go_to_a_place_for_each_archive(made, monkeypatch, tmp_path):
    monkeypatch.setenv("WARRAQ_STORAGE", str(tmp_path / "store"))
    assert [(row["archive"], row["ok"]) for row in rows("upload")] == [
        ("collections/one", True),
        ("collections/two", True),
    ]
    assert {folder.name for folder in (tmp_path / "store").iterdir()} == {"one", "two"}


def test_a_url_is_redacted_in_each_archive_that_has_it(made, tmp_path, monkeypatch):
    shutil.copytree(made, tmp_path / "place")
    monkeypatch.chdir(tmp_path / "place")
    assert "nothing for" in warraq("redact", "https://no.example/", "--reason", "x", "--yes", code=8).stderr
    done = rows("redact", SHARED, "--reason", "court order", "--yes")
    assert [(row["archive"], row["articles"]) for row in done] == [("collections/one", 1), ("collections/two", 1)]
    (only,) = rows("redact", "https://news.example/2026/11/2", "--reason", "court order", "--yes")
    assert only["archive"] == "collections/two"
    assert "nothing for" in warraq("show", SHARED, code=8).stderr


def test_a_list_of_watches_that_is_empty_says_so():
    done = warraq("--archive", "one", "watch", "list")
    assert "No watch yet" in done.stderr
    assert rows("--archive", "one", "watch", "list") == []


def test_watches_of_all_archives_are_listed_and_run():
    for name in ("one", "two"):
        warraq("--archive", name, "watch", "add", "المكتبة", "--name", f"of-{name}")
    try:
        listed = rows("watch", "list")
        assert [(row["archive"], row["name"]) for row in listed] == [
            ("collections/one", "of-one"),
            ("collections/two", "of-two"),
        ]
        assert "two/of-two: " in warraq("watch", "list").stdout
        assert [row["archive"] for row in rows("watch", "run")] == [row["archive"] for row in listed]
        assert "one: 0 " in warraq("watch", "run").stdout
        assert "archive" not in rows("--archive", "one", "watch", "list")[0]
    finally:
        for name in ("one", "two"):
            warraq("--archive", name, "watch", "remove", f"of-{name}")


def test_front_pages_of_all_archives_are_told(monkeypatch):
    asked = []
    monkeypatch.setattr(Archive, "timeline", lambda self, page, **_: asked.append(self.collection.name) or [])
    assert "a front page with headlines" in warraq("timeline", code=8).stderr
    assert asked == ["one", "two"]
