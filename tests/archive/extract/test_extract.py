from __future__ import annotations

import pytest

from archive.extract import explain, extract
from tests.archive.extract import pages


@pytest.mark.parametrize("theme", [pages.jannah, pages.newspaper, pages.bare])
def test_seed_article_comes_out_clean_from_each_theme(theme):
    article = extract(pages.page(theme())).article
    assert article is not None
    assert article.text.split("\n") == pages.PARAGRAPHS
    assert article.title == pages.TITLE


def test_every_dropped_line_is_recorded_with_its_rule():
    article = extract(pages.page(pages.bare())).article
    assert {dropped.line: dropped.rule for dropped in article.dropped} == {
        pages.SECTION: "phrase:category",
        pages.TITLE: "title",
        pages.GO_TO_TOP: "phrase:back-to-top",
        pages.WPCP: "phrase:protection",
    }


def test_extracting_twice_gives_the_same_answer():
    page = pages.page(pages.jannah())
    assert len({repr(extract(page)) for _ in range(5)}) == 1


def test_explain_shows_every_block_with_the_rule_of_its_fate():
    rows = explain(pages.page(pages.jannah()))
    verdicts = {line: (verdict, rule) for line, verdict, rule in rows}
    assert verdicts[pages.PARAGRAPHS[0]][0] == "kept"
    assert verdicts[pages.GO_TO_TOP] == ("dropped", "dom:back-to-top")
    assert verdicts[pages.WPCP] == ("dropped", "dom:wpcp")


def test_persian_joiners_survive():
    texts = [
        "او گفت که دیگر نمی‌آمد و کتاب‌های تازه را نمی‌خواند، زیرا روزنامه‌ها هر روز خبرهای بیشتری درباره‌ی شهر می‌نویسند.",
        "به گزارش خبرنگار ما، نشست امروز با حضور نماینده‌های سه کشور برگزار شد و درباره‌ی همکاری‌های آینده گفت‌وگو شد.",
        "سخنگوی دولت هم گفت که برنامه‌های تازه‌ای در راه است و مردم می‌توانند نتیجه‌ی آن را در ماه‌های آینده ببینند.",
    ]
    article = extract(pages.page(pages.jannah(texts, title="نشست سه‌جانبه درباره‌ی همکاری‌های آینده"))).article
    assert article.text.split("\n") == texts
