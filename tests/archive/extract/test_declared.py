"""The declared text of a page: which blocks it restores or drops, and when it is not trusted."""

import json
from datetime import UTC, datetime

import lxml.html
import pytest

from archive import Page
from archive.extract.document import read_document
from archive.extract.metadata.reading import read_metadata
from archive.extract.page import read_model
from archive.extract.text.declared import declared_body, recipe_lines, reconcile, without_markup

URL = "https://news.example/2026/bridge"


def sentence(number: int, words: int = 20) -> str:
    return " ".join(f"word{number}x{word}" for word in range(words))


LINES = [sentence(number) for number in range(10)]
DECLARED = without_markup("\n".join(LINES))


def blocks(*elements: str):
    body = "".join(one if one.startswith("<") else f"<p>{one}</p>" for one in elements)
    return read_model(lxml.html.document_fromstring(f"<html><body>{body}</body></html>")).blocks


def read(body: str, *nodes: dict):
    scripts = "".join(f"<script type=application/ld+json>{json.dumps(node)}</script>" for node in nodes)
    html = f"<html lang=en><head><title>Bridge closes</title>{scripts}</head><body>{body}</body></html>"
    document = read_document(Page(body=html.encode(), url=URL, fetched_at=datetime(2026, 1, 1, tzinfo=UTC)))
    return document, read_metadata(document)


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ("<p>One.</p><p>Two.</p>", "One.\nTwo."),
        ("One.&amp;nbsp;Two &lt;b&gt;three&lt;/b&gt;.", "One. Two three."),
        ("One.<script>var x = 1;</script><br/>Two.", "One.\nTwo."),
        ("5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
    ],
)
def test_markup_in_a_declared_text_is_removed(declared, text):
    assert without_markup(declared) == (text, False)


def test_a_declared_text_ends_where_a_program_begins():
    assert without_markup("One. Two. (function(d){ d.write('x') })") == (
        "One. Two. (function(d){ d.write('x') })",
        False,
    )
    assert without_markup("One. Two. !function(d){ d.write('x') }(document)") == ("One. Two.", True)


def test_the_longest_text_that_is_the_pages_own_is_taken():
    own = {"@type": "NewsArticle", "headline": "Bridge closes", "articleBody": "Own text."}
    other = {"@type": "NewsArticle", "url": "https://news.example/2026/other", "headline": "A storm is near"}
    document, metadata = read(
        "<h1>Bridge closes</h1>", own, {**other, "articleBody": "Longer text of another article."}
    )
    assert declared_body(document, metadata).text == "Own text."
    document, metadata = read("<h1>Bridge closes</h1>", own, {**own, "articleBody": "Own text, at length."})
    assert declared_body(document, metadata).text == "Own text, at length."


def test_lost_paragraphs_come_back_each_once():
    answer = reconcile([0, 1, 2], blocks(*LINES, LINES[5]), DECLARED)
    assert (list(answer.found), answer.action) == (list(range(10)), "rescued")


def test_what_the_page_hides_does_not_come_back():
    hidden = f"<p hidden>{LINES[5]}</p>"
    answer = reconcile([0, 1, 2], blocks(*LINES[:5], hidden, *LINES[6:]), DECLARED)
    assert 5 not in answer.found
    assert answer.action == "rescued"


def test_a_declared_text_that_the_page_does_not_hold_stands_alone():
    answer = reconcile([0], blocks(LINES[0]), DECLARED)
    assert (list(answer.lines), answer.action) == (LINES, "declared")
    assert [block.text for block in answer.model().blocks] == LINES


@pytest.mark.parametrize(
    ("found", "declared"),
    [
        (blocks(LINES[0]), "\n".join(LINES[1:3])),  # a teaser by its length
        (blocks(*LINES[:5]), "\n".join(LINES[4:])),  # little longer than what was found
    ],
)
def test_a_declared_text_that_says_little_more_changes_nothing(found, declared):
    answer = reconcile(range(len(found)), found, without_markup(declared))
    assert (list(answer.found), answer.action, dict(answer.rules)) == (list(range(len(found))), "", {})


@pytest.mark.parametrize(
    ("elements", "dropped"),
    [
        (["Share this", *LINES], {0}),
        ([sentence(50), *LINES], set()),  # a lead
        ([*LINES, "Share this"], {10}),
        ([*LINES[:5], f"<div>{sentence(50)}</div>", *LINES[5:]], {5}),
        ([*LINES[:5], sentence(50), *LINES[5:]], set()),  # one paragraph among its like
        ([*LINES[:5], f"<h2>{sentence(50)}</h2>", *LINES[5:]], set()),
        ([*LINES[:5], "<div>A short line</div>", *LINES[5:]], set()),
    ],
)
def test_a_complete_declared_text_drops_what_it_does_not_know(elements, dropped):
    found = blocks(*elements)
    assert reconcile(range(len(found)), found, DECLARED).rules == dict.fromkeys(dropped, "declared")


def test_a_declared_text_that_breaks_off_says_nothing_of_the_last_lines():
    found = blocks("Share this", *LINES, "Share this")
    broken = without_markup("\n".join([*LINES, "window.x = 1"]))
    assert set(reconcile(range(12), found, DECLARED).rules) == {0, 11}
    assert set(reconcile(range(12), found, broken).rules) == {0}


def test_a_declared_text_that_was_cut_drops_nothing_after_its_end():
    found = blocks("Share this", *LINES)
    assert set(reconcile(range(11), found, without_markup("\n".join(LINES[:7])), is_held=True).rules) == {0}
    assert not reconcile(range(11), found, without_markup("\n".join(LINES[:5])), is_held=True).rules


RECIPE = {
    "@type": "Recipe",
    "name": "Bridge closes",
    "recipeIngredient": ["2 eggs", "salt"],
    "recipeInstructions": [
        {
            "@type": "HowToSection",
            "name": "Dough",
            "itemListElement": [{"text": "Beat the eggs with the salt until they are stiff, then wait an hour."}],
        }
    ],
}
COOKED = (
    "<h1>Bridge closes</h1><p>We tried it.</p><h3>Ingredients</h3><ul><li>2 eggs</li><li>Salt</li><li>Sugar</li></ul>"
    "<h3>Steps</h3><p>Beat the eggs with the salt until they are stiff, then wait one hour.</p><p><a href=/p>2 eggs</a></p>"
)


def test_the_ingredients_and_steps_of_a_recipe_are_found_with_their_headings():
    document, metadata = read(COOKED, RECIPE)
    lines = [document.model.blocks[index].text for index in sorted(recipe_lines(document, metadata))]
    assert lines == [
        "Ingredients",
        "2 eggs",
        "Salt",
        "Steps",
        "Beat the eggs with the salt until they are stiff, then wait one hour.",
    ]


def test_the_recipe_of_another_page_says_nothing_of_this_one():
    other = {**RECIPE, "name": "Another dish altogether", "url": "https://news.example/2026/dish"}
    assert not recipe_lines(*read(COOKED, other))
