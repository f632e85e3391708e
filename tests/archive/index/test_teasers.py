"""A teaser is the beginning of a stored text; a shortened article is not a teaser."""

import pytest

from archive.index.articles import is_teaser, may_be_teaser

LINES = [
    f"Sentence {n} tells what the engineers found at pillar {n} of the old bridge. It was worse than {n * 7} reports said."
    for n in range(9)
]
WHOLE = "\n".join(LINES)
OFFER = "To read on, choose one of our offers.\nSubscribe"


@pytest.mark.parametrize(
    "text",
    [
        f"{LINES[0]}\n{OFFER}",
        "Sentence 0 tells what the engineers found at pillar 0 of the old bridge.\n" + OFFER,
        f"{LINES[1]}\n{LINES[2]}",
        f"{OFFER}\n{LINES[0]}",
    ],
    ids=["first line", "part of it", "introduction left out", "offer above"],
)
def test_the_beginning_of_a_text_that_is_not_free_is_its_teaser(text):
    assert is_teaser(text, WHOLE, is_free=False)
    assert not is_teaser(text, WHOLE, is_free=None)


def test_a_line_that_breaks_off_says_so_without_a_declaration():
    assert is_teaser(f"{LINES[0]}\nSentence 1 tells what the…", WHOLE, is_free=None)
    assert is_teaser(f"{LINES[0]}\nSentence 1 tells what the ...", WHOLE, is_free=None)
    assert not is_teaser(f"{LINES[0]}\nAnd so it goes on…", WHOLE, is_free=None)


@pytest.mark.parametrize(
    ("last", "may"), [("what the…", True), ("what the ...", True), ("what… the end.", False), ("what the end.", False)]
)
def test_a_line_that_breaks_off_is_worth_a_query(last, may):
    assert may_be_teaser(f"{LINES[0]}\n{last} \n{LINES[1]}", is_free=None) == may
    assert may_be_teaser(last, is_free=False)


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        "\n".join(LINES[:6]),
        "\n".join(LINES[6:8]),
        "Another article of the same page. It tells of something else, and at some length, so that it is no offer.",
        f"{LINES[0]}\n" + "This notice replaces what stood here before and says why, and it goes on. " * 3,
        "Subscribe",
        "",
    ],
    ids=[
        "the whole",
        "more than half",
        "its end",
        "another text",
        "a new text after the first line",
        "only an offer",
        "nothing",
    ],
)
def test_another_text_is_no_teaser_even_where_the_page_is_not_free(text):
    assert not is_teaser(text, WHOLE, is_free=False)


def test_a_line_that_ends_in_dots_in_the_whole_text_too_does_not_break_off():
    whole = f"{LINES[0]}\nHe said nothing more about it…\n{WHOLE}"
    assert not is_teaser(f"{LINES[0]}\nHe said nothing more about it…", whole, is_free=None)


def test_a_text_of_many_lines_is_none_however_long_the_other_is():
    lines = [f"line {number} of a very long report that goes on" for number in range(50_000)]
    assert not is_teaser("\n".join(lines[:25_000]), "\n".join(lines), is_free=False)
    assert is_teaser("\n".join(lines[:5]), "\n".join(lines), is_free=False)
