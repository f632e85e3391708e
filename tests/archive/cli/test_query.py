"""Commands that read an archive: output for people and for scripts."""

import json
import shutil

import pytest
from sqlite_utils.utils import sqlite3

from archive.collection import Collection
from archive.index import captures
from archive.ingest import open_writer
from archive.ingest.commit import disposition_of
from archive.parse.parse import ParseTask, parse_task
from archive.web import create_app
from tests.support.cli import warraq
from tests.support.pages import capture, page
from tests.support.shelf import LIBRARY, Client

URL = "https://news.example/2026/11/2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("c")
    served = [
        capture("/2026/11/1", page("افتتاح المكتبة العامة في المدينة القديمة"), 1),
        capture("/2026/11/2", page("البلدية تعلن موعد المهرجان السنوي"), 2),
        capture("/2026/11/2", page("البلدية تؤجل موعد المهرجان السنوي"), 3),
    ]
    ingest = open_writer(Collection(folder), info={"software": "test"}, clock=lambda: served[-1].started)
    for one in served:
        row = ingest.record(one, site="paper")
        ingest.finish(
            disposition_of(row, parse_task(ParseTask(url=one.url, response=one.response, fetched_at=one.started)))
        )
        ingest.commit()
    ingest.close()
    return folder


def ask(folder, *arguments, code=0):
    return warraq("--archive", folder, *arguments, code=code).stdout


def test_search_finds_other_forms_of_the_word_and_marks_them(folder):
    assert "«المكتبة»" in ask(folder, "search", "مكتبات")
    (row,) = map(json.loads, ask(folder, "search", "--json", "مكتبات").splitlines())
    assert row["title"].startswith("افتتاح المكتبة")


def test_an_article_without_a_title_is_shown_by_its_url(tmp_path):
    untitled = capture("/2026/11/9", page("").replace(b"<title></title>", b"").replace(b"<h1></h1>", b""), 1)
    ingest = open_writer(Collection(tmp_path), info={"software": "test"}, clock=lambda: untitled.started)
    row = ingest.record(untitled, site="paper")
    task = ParseTask(url=untitled.url, response=untitled.response, fetched_at=untitled.started)
    ingest.finish(disposition_of(row, parse_task(task)))
    ingest.commit()
    ingest.close()
    for command in (("list",), ("show", "1"), ("search", "site:paper")):
        assert "news.example/2026/11/9" in ask(tmp_path, *command).splitlines()[0], command
    shown = Client(create_app(tmp_path, hosts=("localhost",))).get("/articles/1?lang=en").text
    assert "<title>https://news.example/2026/11/9" in shown
    assert '<h1 dir="auto">https://news.example/2026/11/9</h1>' in shown


def test_the_first_report_is_the_first_of_the_oldest(folder):
    def found(*options):
        return [json.loads(row)["id"] for row in ask(folder, "search", "--json", *options, "site:paper").splitlines()]

    assert found("--oldest") == found("--newest")[::-1] == sorted(found("--oldest"))
    assert len(found("--oldest")) == 2


@pytest.mark.parametrize(("style", "mark"), [("ris", "ER  -"), ("bibtex", "@"), ("csl-json", '"type"')])
def test_several_articles_are_cited_as_one_list(folder, style, mark):
    ids = [json.loads(row)["id"] for row in ask(folder, "list", "--json").splitlines()]
    cited = ask(folder, "cite", *ids, "--style", style)
    assert cited.count(mark) == len(ids) == 2
    assert style != "csl-json" or len(json.loads(cited)) == 2


def test_search_says_how_many_articles_have_all_the_words(folder):
    said = [warraq("--archive", folder, "search", words).stderr for words in ("قارئ", "قارئ خبر موعد", "افتتاح موعد")]
    assert said == ["2 found\n", "2 found, 1 with all the words\n", "2 found, with some of the words\n"]


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_search_says_what_it_left_out_of_a_query(folder, more):
    assert (
        "left out: from:yesterday is not a date"
        in warraq("--archive", folder, "search", *more, "from:yesterday").stderr
    )


def test_search_says_what_a_typing_error_was_taken_for(folder):
    result = warraq("--archive", folder, "search", "المكتيبة")
    assert "Did you mean" in result.stderr
    assert "«المكتبة»" in result.stdout


def test_search_of_nothing_and_of_nonsense_is_no_error(folder):
    for words in ("", '"', "site:", "AND OR NOT", "((", "كلمة-لا-توجد"):
        ask(folder, "search", words)


def test_a_word_of_a_search_may_begin_with_a_minus(folder):
    def found(*words, code=0):
        return [json.loads(row)["version"] for row in ask(folder, "search", "--json", *words, code=code).splitlines()]

    assert sorted(found("قارئ")) == [1, 2]
    assert (
        found("قارئ", "-المكتبة")
        == found("-المكتبة")
        == found("قارئ", '-"المكتبة العامة"')
        == found("-news", "-مكتبة")
        == [2]
    )
    assert found("قارئ", "-x") == found("قارئ")
    assert len(found("قارئ", "-n1")) == len(found("قارئ", "-n", "1")) == 1
    assert sorted(found("قارئ", f"-A{folder}")) == [1, 2]
    assert found("قارئ", "--limt", "1", code=2) == []


def test_list_has_the_latest_version_of_each_article_once(folder):
    rows = [json.loads(line) for line in ask(folder, "list", "--json").splitlines()]
    assert sorted(row["version"] for row in rows) == [1, 2]
    assert ask(folder, "list").count("news.example") == 2


def test_show_has_the_text_the_versions_and_the_record(folder):
    said = ask(folder, "show", URL)
    assert "تؤجل" in said
    assert "2 of 2" in said
    assert ".warc.gz at" in said
    assert len(json.loads(ask(folder, "show", "--json", URL))["versions"]) == 2


def test_versions_are_listed_oldest_first(folder):
    assert [json.loads(line)["version"] for line in ask(folder, "versions", "--json", URL).splitlines()] == [1, 2]


def test_diff_shows_the_word_that_changed(folder):
    said = ask(folder, "diff", URL)
    assert "[-تعلن-]" in said
    assert "{+تؤجل+}" in said
    assert json.loads(ask(folder, "diff", "--json", URL, "1", "2"))["headline"]
    assert "nothing for" in warraq("--archive", folder, "diff", URL, "1", "7", code=8).stderr


def test_explain_says_for_each_line_why_it_stayed_or_went(folder):
    rows = [json.loads(line) for line in ask(folder, "explain", "--json", URL).splitlines()]
    assert [row["number"] for row in rows] == [*range(1, len(rows) + 1)]
    (title,) = (row for row in rows if row["line"] == "البلدية تؤجل موعد المهرجان السنوي")
    assert (title["verdict"], title["rule"], title["xpath"].endswith("/h1")) == ("dropped", "title", True)
    assert sum(row["verdict"] == "kept" for row in rows) == 6
    assert "kept" not in {
        json.loads(line)["verdict"] for line in ask(folder, "explain", "--json", "--dropped", URL).splitlines()
    }
    assert "- title" in ask(folder, "explain", "--lines", URL)
    said = ask(folder, "explain", URL)
    assert "Kept: 6 lines" in said
    assert "the title, repeated" in said
    assert "Kept" not in ask(folder, "explain", "--dropped", URL)


def test_an_address_of_bytes_is_not_found_and_no_error(folder):
    for command in (["show"], ["explain"], ["cite"], ["export", "--url"], ["redact", "--reason", "x", "--yes"]):
        assert "nothing for" in warraq("--archive", folder, *command, "\udcff", code=8).stderr


def test_a_page_that_is_no_article_is_said_to_be_there(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    with sqlite3.connect(tmp_path / "copy" / "warraq.db") as db:
        db.execute("DELETE FROM articles")
        db.execute("UPDATE captures SET outcome = 'listing', reason = 'section', article_id = NULL")
    db.close()
    assert "only other captures (listing section)" in warraq("--archive", tmp_path / "copy", "show", URL, code=8).stderr


def test_stats_count_what_is_there(folder):
    figures = json.loads(ask(folder, "stats", "--json"))
    assert (figures["articles"], figures["versions"], figures["captures"]) == (2, 3, 3)
    assert figures["by_language"] == {"ar": 2}


@pytest.mark.slow  # matplotlib asks fontconfig for its fonts the first time
def test_stats_are_drawn_as_a_picture(folder, tmp_path):
    ask(folder, "stats", "--plot", tmp_path / "days.png")
    assert (tmp_path / "days.png").read_bytes().startswith(b"\x89PNG")
    warraq("--archive", folder, "stats", "--plot", tmp_path / "no" / "such" / "folder.png", code=6)


def test_articles_as_text_read_well(folder, tmp_path):
    ask(folder, "export", "--format", "txt", "--out", tmp_path / "all.txt")
    said = (tmp_path / "all.txt").read_text("utf-8")
    assert said.count("* * *") == 1
    assert "البلدية تؤجل موعد المهرجان السنوي\n" in said


def test_versions_say_when_each_stood_and_what_changed_without_the_text(shelf):
    row = captures.get(shelf.store.db, shelf.capture(LIBRARY, "<p>again</p>"))
    with shelf.store.atomic():
        shelf.store.db.conn.execute(
            "UPDATE captures SET article_id = 1, outcome = 'article' WHERE id = ?", (row["id"],)
        )
        shelf.store.db.conn.execute(
            "INSERT INTO changes VALUES (1, '2026-11-25T00:00:00Z', 'author', '', 'هالة', '<urn:x>'),"
            " (1, '2026-11-25T00:00:00Z', 'body', '', '', '<urn:x>')"
        )
    folder = shelf.collection.folder
    first = json.loads(ask(folder, "versions", "--json", LIBRARY).splitlines()[0])
    assert [one["first_at"] for one in first["spells"]] == ["2026-11-24T13:00:00Z", "2026-11-24T19:00:00Z"]
    assert [(one["field"], one["after"]) for one in first["changes"]] == [("author", "هالة"), ("body", "")]
    said = ask(folder, "versions", LIBRARY)
    assert "author: - → " in said
    assert said.count("version ") == 2
    assert json.loads(ask(folder, "diff", "--json", LIBRARY))["words_added"]
    assert "ألفي" in ask(folder, "diff", LIBRARY)
