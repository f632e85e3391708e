"""The rules of lines: what is furniture by its words, and what only looks so."""

import pytest

from archive.extract import extract
from archive.extract.text.boilerplate import Known, Line, judge_lines
from archive.extract.text.phrases import line_key
from tests.archive.extract import pages


def test_news_written_to_a_pattern_is_not_taken_for_furniture():
    lines = [
        Line("سعر الذهب اليوم عيار 21 يسجل 4510 جنيهات"),
        Line("وسجل عيار 18 سعر 3865 جنيها في السوق"),
        Line("من خزانة الصحيفة القديمة"),
    ]
    learned = frozenset(line_key(line.text) for line in lines)
    known = Known(is_title=lambda key: False, learned=learned)
    body = [Line("وقال تجار إن الطلب زاد في الأسبوع الأخير بعد تراجع طويل للأسعار العالمية في البورصات.")] * 3
    assert judge_lines([*lines[:2], *body], [""] * 5, known) == [""] * 5
    assert judge_lines([*body, lines[2]], [""] * 4, known)[-1] == "site"


def test_what_a_site_repeats_never_takes_the_whole_text():
    lines = [Line(f"جملة من الجمل التي تتكرر {word}") for word in ("أولا", "ثانيا", "ثالثا", "رابعا")]
    known = Known(is_title=lambda key: False, learned=frozenset(line_key(line.text) for line in lines))
    assert judge_lines(lines, [""] * 4, known) == [""] * 4


def test_a_sentence_before_the_text_is_no_label():
    paragraphs = "".join(f"<p>{text}</p>" for text in pages.PARAGRAPHS)
    html = pages.document(
        f"<article><div class=points><ul><li>جملة قصيرة تلخص الخبر كله.</li></ul></div><div class=text>{paragraphs}</div></article>"
    )
    assert "جملة قصيرة تلخص الخبر كله." in extract(pages.page(html)).article.text.split("\n")


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("Par Claire Mansour, le 22 novembre 2026", "author"),
        ("Par Claire Mansour, le vendredi 20 novembre 2026 à 16h45", "author"),
        ("Claire Mansour a quitté Paris en 2021", ""),
        ("Claire Mansour est née le 22 novembre 1984 à Lyon.", ""),
        ("Claire Mansour et les bouquinistes de la place de l’Horloge, du 3 mai 1984 au 22 novembre 2026", ""),
    ],
)
def test_a_byline_with_its_date_is_furniture_and_a_sentence_about_the_author_is_not(line, rule):
    body = [
        Line("Ils étaient douze à relever leur rideau de fer, dimanche à l’aube, sous les arcades de la place.")
    ] * 3
    known = Known(is_title=lambda key: False, authors=frozenset({"claire mansour"}))
    assert judge_lines([Line(line), *body], [""] * 4, known)[0] == rule
