from __future__ import annotations

import pytest

from archive.extract import explain, extract
from tests.archive.extract import pages

STORY = "".join(f"<p>{line}</p>" for line in pages.PARAGRAPHS)
LONG = "وقال متحدث باسم الشركة إن الخدمة الجديدة متاحة للجميع اعتبارا من الشهر المقبل في جميع الفروع بلا رسوم."
"""A line long enough for running text."""


def route(body: str) -> str:
    article = extract(pages.page(pages.document(body))).article
    assert article is not None
    return article.route


def kept(body: str) -> list[str]:
    return [line for line, fate, _ in explain(pages.page(pages.document(body))) if fate == "kept"]


def story(inside: str = "", after: str = "") -> str:
    return (
        f'<article class="post"><h1>{pages.TITLE}</h1><div class="entry-content">{STORY}{inside}</div>{after}</article>'
    )


def test_an_article_of_plain_paragraphs_is_read_off_the_markup():
    assert route(story()) == "markup"
    assert kept(story()) == pages.PARAGRAPHS


def test_boxes_that_say_by_their_names_what_they_are_leave_no_doubt():
    body = story(after=f'<aside class="related"><p>{LONG}</p><p>{LONG} غدا</p><p>{LONG} مساء</p></aside>')
    assert route(body) == "markup"
    assert kept(body) == pages.PARAGRAPHS


def test_much_text_that_nothing_is_said_of_is_left_to_trafilatura():
    rows = "".join(f"<div><div><span>{LONG[:70]} {number}</span></div></div>" for number in range(12))
    assert route(story(after=f'<div class="x">{rows}</div>')) != "markup"


def test_an_element_without_a_name_is_read_when_it_holds_the_page():
    body = f'<div id="x1"><h1>{pages.TITLE}</h1><div id="x2">{STORY * 2}</div></div>'
    assert route(body) == "markup"


@pytest.mark.parametrize(("rows", "read"), [(6, True), (12, False)])
def test_little_text_of_which_nothing_is_said_leaves_an_element_without_a_name_clear(rows, read):
    others = "".join(f"<div><div><span>{LONG[:70]} {number}</span></div></div>" for number in range(rows))
    body = f'<div id="x1"><h1>{pages.TITLE}</h1><div id="x2">{STORY * 2}<div class="x">{others}</div></div></div>'
    assert (route(body) == "markup") is read


def test_an_element_without_a_name_is_not_read_when_the_title_stands_over_another():
    other = "".join(f"<p>{LONG} {number}</p>" for number in range(12))
    body = f'<div id="x1"><h1>{pages.TITLE}</h1><div id="x2"><p>{pages.PARAGRAPHS[0]}</p></div></div><div id="x3">{other}</div>'
    assert route(body) != "markup"


def test_a_heading_stays_over_its_section_and_the_cells_of_a_table_with_it():
    cells = "<table><tr><td>الطول</td><td>84 م</td></tr><tr><td>البناء</td><td>1998</td></tr></table>"
    body = story(f'<h2 id="nav_more">ماذا بعد</h2><figure>{cells}</figure><p>{pages.PARAGRAPHS[0]} اليوم.</p>')
    lines = kept(body)
    assert route(body) == "markup"
    assert "ماذا بعد" in lines
    assert "84 م" in lines


def test_a_short_line_alone_in_a_box_is_no_paragraph_of_the_article():
    caption = f'<div class="z9"><div><img src="/a.jpg"></div><div class="z8">{LONG} وكالات</div></div>'
    body = story(f"{caption}<p>{pages.PARAGRAPHS[0]} اليوم.</p>")
    assert not any("وكالات" in line for line in kept(body))


def test_a_quotation_alone_in_its_box_stays():
    body = story(f"<blockquote><p>{LONG}</p></blockquote><p>{pages.PARAGRAPHS[0]} اليوم.</p>")
    assert LONG in kept(body)


def test_a_box_of_the_articles_class_among_the_comments_is_no_part_of_it():
    comment = f'<div class="comment"><div class="content"><p>{LONG}</p><p>{LONG} غدا</p></div></div>' * 8
    body = f'<div id="content"><h1>{pages.TITLE}</h1><div class="content">{STORY}</div>{comment}</div>'
    assert not any(LONG in line for line in kept(body))
