"""`warraq explain`: the kept text and its route, and the dropped text with places and reasons."""

import json

import pytest

from archive.cli.explain import REASONS, ROUTES, ExplainedLine, explain_dropped, explain_kept, reason
from archive.extract import explain
from tests.test_extraction_cases import FOLDERS, page_of

pytestmark = pytest.mark.slow


def kept(line: str, rule: str = "fast") -> ExplainedLine:
    return ExplainedLine(line=line, is_kept=True, rule=rule)


def dropped(line: str, rule: str) -> ExplainedLine:
    return ExplainedLine(line=line, is_kept=False, rule=rule)


PAGE = [
    dropped("الرئيسية", "not-article"),
    dropped("سياسة", "not-article"),
    dropped("افتتاح المحطة", "title"),
    kept("افتتحت الوزيرة المحطة صباح الأحد."),
    dropped("اقرأ أيضا", "phrase:read-also"),
    kept("وقالت إنها تكفي سبع قرى."),
    dropped("شارك", "dom:share"),
]


def test_what_was_kept_is_counted_placed_and_shown_with_who_decided():
    said = list(explain_kept(PAGE))
    assert said[0] == "Kept: 2 lines of 7, 57 characters (lines 4, 6 of the page)."
    assert said[1] == f"  {ROUTES['fast']}"
    assert said[2:] == ["  + افتتحت الوزيرة المحطة صباح الأحد.", "  + وقالت إنها تكفي سبع قرى."]


def test_a_route_of_two_parts_is_told_in_two_lines():
    said = list(explain_kept([kept("A sentence.", "fast+rescued")]))
    assert said[1:3] == [f"  {ROUTES['fast']}", f"  {ROUTES['rescued']}"]
    assert said[0].endswith("(line 1 of the page).")


def test_of_a_long_article_the_first_and_last_lines_are_shown():
    said = list(explain_kept([kept(f"Sentence {number}.") for number in range(9)]))
    assert said[2:] == ["  + Sentence 0.", "  + Sentence 1.", "  … 5 lines more", "  + Sentence 7.", "  + Sentence 8."]


def test_what_was_left_out_is_grouped_by_place_and_reason_not_told_line_by_line():
    said = [" ".join(line.split()) for line in explain_dropped(PAGE)]
    assert said == [
        "Left out: 5 lines.",
        "before the article",
        "2 not part of the article الرئيسية · سياسة",
        "1 the title, repeated افتتاح المحطة",
        "between its lines",
        "1 a known label: read-also اقرأ أيضا",
        "after the article",
        "1 a box of the site's theme: share شارك",
    ]


def test_a_page_without_an_article_says_so():
    assert list(explain_kept([dropped("x", "not-article")])) == ["Kept: nothing."]


def test_each_rule_and_route_that_a_page_meets_has_words():
    rules: set[str] = set()
    routes: set[str] = set()
    for folder in FOLDERS:
        page = page_of(folder, json.loads((folder / "expected.json").read_text("utf-8")))
        for _, verdict, rule in explain(page):
            (routes if verdict == "kept" else rules).add(rule)
    assert {part for route in routes for part in route.split("+")} <= ROUTES.keys()
    assert {rule for rule in rules if ":" not in rule} <= REASONS.keys()
    assert reason("phrase:share") == "a known label: share"
