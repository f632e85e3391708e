"""`warraq explain`: the kept text and its route, and the dropped text with places and reasons."""

import csv
import json
from importlib import resources

import pytest

from archive.article import ExplainedLine, Explanation
from archive.cli.explain import KINDS, REASONS, ROUTES, explain_dropped, explain_kept, reason
from archive.extract import explain, explanation
from archive.extract.document import read_document
from tests.archive.extract import pages
from tests.test_extraction_cases import FOLDERS, page_of

pytestmark = pytest.mark.slow


def kept(line: str, rule: str = "fast") -> ExplainedLine:
    return ExplainedLine(line=line, is_kept=True, rule=rule)


def dropped(line: str, rule: str) -> ExplainedLine:
    return ExplainedLine(line=line, is_kept=False, rule=rule)


def told(*lines: ExplainedLine, doubt: str = "") -> Explanation:
    return Explanation(lines=lines, doubt=doubt)


STATE = next(folder for folder in FOLDERS if folder.name == "apollo-state-ar")

PAGE = told(
    dropped("الرئيسية", "not-article"),
    dropped("سياسة", "not-article"),
    dropped("افتتاح المحطة", "title"),
    kept("افتتحت الوزيرة المحطة صباح الأحد."),
    dropped("اقرأ أيضا", "phrase:read-also"),
    kept("وقالت إنها تكفي سبع قرى."),
    dropped("شارك", "dom:share"),
    dropped("شارك", "dom:share"),
)


def test_what_was_kept_is_counted_placed_and_shown_with_who_decided():
    said = list(explain_kept(PAGE))
    assert said[0] == "Kept: 2 lines of 8, 57 characters (lines 4, 6 of the page)."
    assert said[1] == f"  {ROUTES['fast']}"
    assert said[2:] == ["     4  افتتحت الوزيرة المحطة صباح الأحد.", "     6  وقالت إنها تكفي سبع قرى."]


def test_a_route_of_two_parts_is_told_in_two_lines():
    said = list(explain_kept(told(kept("A sentence.", "fast+rescued"))))
    assert said[1:3] == [f"  {ROUTES['fast']}", f"  {ROUTES['rescued']}"]
    assert said[0].endswith("(line 1 of the page).")


def test_a_doubt_is_told_with_its_reason():
    said = list(explain_kept(told(kept("A sentence.", "own"), doubt="a longer text stands elsewhere on the page")))
    assert said[2] == "  This is doubtful: a longer text stands elsewhere on the page."


def test_of_a_long_article_the_first_and_last_lines_are_shown():
    said = list(explain_kept(told(*(kept(f"Sentence {number}.") for number in range(9)))))
    assert [" ".join(line.split()) for line in said[2:]] == [
        *("1 Sentence 0.", "2 Sentence 1.", "… 5 lines more", "8 Sentence 7.", "9 Sentence 8."),
    ]


def test_what_was_left_out_is_grouped_by_place_and_reason_with_the_numbers_of_its_lines():
    said = [" ".join(line.split()) for line in explain_dropped(PAGE)]
    assert said == [
        "Left out: 6 lines.",
        "before the article:",
        *("2 lines: nothing marks it as the article's", "1 الرئيسية", "2 سياسة"),
        *("1 line: the title, repeated", "3 افتتاح المحطة"),
        "between its lines:",
        *("1 line: links to other articles (by the wording)", "5 اقرأ أيضا"),
        "after the article:",
        *("2 lines: buttons to share the article (by the name of the box)", "7 شارك"),
    ]


def test_a_page_without_an_article_says_so():
    page = told(dropped("x", "not-article"))
    assert list(explain_kept(page)) == ["Kept: nothing."]
    assert list(explain_dropped(page))[1] == "  on the page:"


def test_a_page_of_which_nothing_is_left_out_says_so():
    assert list(explain_dropped(told(kept("A sentence.")))) == ["Left out: nothing."]


def test_the_running_heads_of_a_file_are_not_said_to_follow_its_text():
    assert (
        list(explain_dropped(told(kept("A sentence.", "pdf"), dropped("7", "running-head"))))[1]
        == "  between its lines:"
    )


def test_each_line_can_be_followed_to_its_element_on_the_page():
    page = pages.page(pages.document("<div><p>One.</p><o:p>Two.</o:p></div><div><p>Three.</p><p>Four.</p></div>"))
    tree = read_document(page).tree
    lines = [one for one in explanation(page).lines if one.line in {"One.", "Two.", "Three.", "Four."}]
    assert [one.xpath.rpartition("body/")[2] for one in lines[-2:]] == ["div[2]/p[1]", "div[2]/p[2]"]
    for one in lines:
        (element,) = tree.xpath(one.xpath)
        assert one.line in "".join(element.itertext())


def test_lines_that_the_page_does_not_show_have_no_place():
    page = page_of(STATE, json.loads((STATE / "expected.json").read_text("utf-8")))
    found = explanation(page).lines
    assert {(one.rule, one.xpath) for one in found if one.is_kept} == {("state", "")}


def test_each_kind_of_the_tables_has_words():
    hooks = resources.files("archive.extract").joinpath("hooks.tsv").read_text("utf-8").splitlines()
    phrases = resources.files("archive.extract.text").joinpath("phrases.tsv").read_text("utf-8").splitlines()
    kinds = {row["hook"] for row in csv.DictReader(hooks, delimiter="\t", quoting=csv.QUOTE_NONE)}
    kinds |= {row["kind"] for row in csv.DictReader(phrases, delimiter="\t", quoting=csv.QUOTE_NONE)}
    assert kinds == KINDS.keys()


def test_each_rule_and_route_that_a_page_meets_has_words():
    rules: set[str] = set()
    routes: set[str] = set()
    for folder in FOLDERS:
        page = page_of(folder, json.loads((folder / "expected.json").read_text("utf-8")))
        for _, verdict, rule in explain(page):
            (routes if verdict == "kept" else rules).add(rule)
    assert {part for route in routes for part in route.split("+")} <= ROUTES.keys()
    assert {rule for rule in rules if ":" not in rule} <= REASONS.keys()
    assert reason("phrase:share") == "buttons to share the article (by the wording)"
