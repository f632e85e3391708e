from __future__ import annotations

import gc

import pytest

from archive.article import Dropped, SiteProfile
from archive.extract import explain, extract
from archive.extract.document import parse_html
from archive.extract.page import read_model
from archive.extract.text.phrases import line_key
from archive.extract.text.place import rules_by_place
from tests.archive.extract import pages


@pytest.mark.parametrize("theme", [pages.jannah, pages.newspaper, pages.sahifa, pages.bare, pages.dumped])
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


def test_the_joiners_of_arabic_script_are_kept_and_their_stand_ins_never_seen():
    texts = [f"{pages.PARAGRAPHS[0]} خانه\u200cها", f"{pages.PARAGRAPHS[1]} 👨\u200d👩\u200d👧"]
    text = extract(pages.page(pages.jannah(texts))).article.text
    assert text.split("\n") == texts


def test_learned_lines_are_dropped_at_the_edges_only():
    repeated = "نقلا عن صحيفة الصدى اليومية في عددها الصادر اليوم."
    texts = [*pages.PARAGRAPHS[:2], repeated, *pages.PARAGRAPHS[2:], repeated]
    learned = SiteProfile(boilerplate=frozenset({line_key(repeated), line_key(pages.TITLE), line_key(texts[4])}))
    article = extract(pages.page(pages.jannah(texts), site=learned)).article
    assert article.text.split("\n") == texts[:-1]
    assert Dropped(line=repeated, rule="site") in article.dropped


def test_line_keys_of_the_page_are_given_for_learning_and_bounded():
    many = "".join(f"<p>سطر يتكرر باسم {chr(0x628 + n % 20) * (1 + n // 20)}</p>" for n in range(2000))
    answer = extract(pages.page(pages.document(many)))
    assert 100 < len(answer.lines) <= 400
    assert line_key(pages.GO_TO_TOP) in extract(pages.page(pages.jannah())).lines


def test_paragraphs_that_the_page_declares_and_the_reader_lost_come_back():
    body = "\\n".join(pages.PARAGRAPHS)
    head = f'<script type="application/ld+json">{{"@type":"NewsArticle","articleBody":"{body}"}}</script>'
    hidden = f'<div class="widget sidebar">{pages.paragraphs(pages.PARAGRAPHS[3:])}</div>'
    page = pages.document(
        f"<article><h1>{pages.TITLE}</h1>{pages.paragraphs(pages.PARAGRAPHS[:3])}{hidden}</article>", head=head
    )
    assert extract(pages.page(page)).article.text.split("\n") == pages.PARAGRAPHS


def test_a_declared_text_that_is_only_a_teaser_changes_nothing():
    head = '<script type="application/ld+json">{"@type":"NewsArticle","articleBody":"نص قصير"}</script>'
    page = pages.document(f"<article>{pages.paragraphs(pages.PARAGRAPHS)}</article>", head=head)
    assert extract(pages.page(page)).article.text.split("\n") == pages.PARAGRAPHS


def test_the_lead_between_title_and_text_comes_back():
    lead = "مبادرة مشتركة بين الرباط وواشنطن تجمع عشرات الدول حول الاستعمال الآمن للذكاء الاصطناعي وتفتح باب التعاون"
    body = f"""<header class="article-header"><h1>{pages.TITLE}</h1><div class="article-header__standfirst">{lead}</div></header>
        <div itemprop="articleBody">{pages.paragraphs(pages.PARAGRAPHS)}</div>"""
    assert extract(pages.page(pages.document(body))).article.text.split("\n") == [lead, *pages.PARAGRAPHS]


def test_what_stands_outside_the_text_is_dropped_with_its_rule():
    caption = "بلينكن في قاعة مجلس الأمن قبل بدء الجلسة، وإلى يمينه سفير المغرب لدى الأمم المتحدة"
    elsewhere = "تفاصيل جديدة عن اتفاق الشراكة بين البلدين في مجال الطاقة النظيفة والربط الكهربائي"
    note = "تأسست الصحيفة قبل نصف قرن وهي توزع اليوم في عشرين بلدا وتصدر طبعتين كل يوم"
    extra = f"""<div><figcaption><p>{caption}</p></figcaption></div><p><a href="/p7">{elsewhere}</a></p>"""
    text = f"{pages.paragraphs(pages.PARAGRAPHS[:3])}{extra}{pages.paragraphs(pages.PARAGRAPHS[3:])}"
    body = f"<article><h1>{pages.TITLE}</h1><div>{text}</div><div><div><p>{note}</p></div></div></article>"
    page = pages.page(pages.document(body))
    assert extract(page).article.text.split("\n") == pages.PARAGRAPHS
    blocks = read_model(parse_html(page.body)).blocks
    found = [index for index, block in enumerate(blocks) if block.text != pages.TITLE]
    judged = rules_by_place(found, blocks, page.url)
    rules = {blocks[index].text: rule for index, rule in zip(found, judged, strict=True)}
    assert (rules[caption], rules[elsewhere], rules[note]) == ("caption", "linked-line", "outside")


def test_a_sentence_that_begins_as_a_label_does_stays():
    sentences = [
        "شاركها في الجائزة عالمان من جامعة القاهرة، وقالت اللجنة إن أعمالهم غيرت فهم الناس لنشأة المدن القديمة في الوادي.",
        "المصدر الذي تحدث إلى الصحيفة قال إن المفاوضات انتهت دون اتفاق وإن جولة جديدة ستبدأ الأسبوع المقبل في جنيف.",
    ]
    text = extract(pages.page(pages.jannah([sentences[0], *pages.PARAGRAPHS, sentences[1]]))).article.text
    assert text.split("\n") == [sentences[0], *pages.PARAGRAPHS, sentences[1]]


def test_a_page_that_cannot_be_read_gets_its_reason():
    answer = extract(pages.page(b"GIF89a not a page"))
    assert (answer.article, answer.reason) == (None, "not-html")


def test_a_text_cut_into_several_elements_alike_is_joined():
    parts = [pages.PARAGRAPHS[:2], pages.PARAGRAPHS[2:4], pages.PARAGRAPHS[4:]]
    cut = "<div class='slot'>إعلان</div>".join(
        f'<div class="row"><div class="body-text chunk">{pages.paragraphs(part)}</div></div>' for part in parts
    )
    body = f"<div class='story'><h1>{pages.TITLE}</h1>{cut}</div>"
    assert extract(pages.page(pages.document(body))).article.text.split("\n") == pages.PARAGRAPHS


FALLBACKS = [pages.bare, pages.dumped]


@pytest.mark.parametrize("theme", FALLBACKS)
def test_seed_article_is_clean_when_the_main_path_of_trafilatura_fails(theme, caplog):
    with caplog.at_level("DEBUG", logger="trafilatura.core"):
        article = extract(pages.page(theme())).article
    assert "non-clean extracted length" in caplog.text, "trafilatura's last resort was not asked: the page is too easy"
    lines = article.text.split("\n")
    assert (article.title, article.section) == (pages.TITLE, pages.SECTION)
    assert lines == pages.PARAGRAPHS
    assert len(lines) == 6
    whole = f"{article.title}\n{article.text}"
    assert whole.count(pages.TITLE) == 1
    assert pages.GO_TO_TOP not in whole
    assert "Content is protected" not in whole


def test_seed_article_is_clean_when_every_path_of_trafilatura_fails():
    lines = "".join(f"<div>{line}</div>" for line in [*pages.PARAGRAPHS[:2], pages.GO_TO_TOP, pages.WPCP])
    body = f'<div class="comments-list" id="comments"><div>{pages.SECTION}</div><h1>{pages.TITLE}</h1>{lines}</div>'
    article = extract(pages.page(pages.document(body))).article
    assert article.route == "densest"
    assert (article.title, article.section) == (pages.TITLE, pages.SECTION)
    assert article.text.split("\n") == pages.PARAGRAPHS[:2]


def test_short_verses_are_not_taken_for_teasers():
    birds = ["حمام", "نوارس", "عصافير", "بلابل", "صقور", "لقالق", "سنونو", "غربان", "بجع", "هداهد"]
    verses = [f"سلام على الدار التي غاب أهلها وفيها {bird}" for bird in birds]
    teaser = f"<div class='box'><a href='/p1'>{pages.OTHERS[0]}</a><p>{pages.PARAGRAPHS[0]}</p></div>"
    text = f"<div class='entry-content'>{pages.paragraphs(verses)}</div>"
    article = extract(pages.page(pages.document(f"<article><h1>{pages.TITLE}</h1>{text}</article>{teaser}"))).article
    assert article.text.split("\n") == verses


def test_a_story_told_in_pictures_keeps_its_captions():
    figures = "".join(
        f"<figure><img src='/{n}.jpg'><figcaption><p>{text}</p></figcaption></figure>"
        for n, text in enumerate(pages.PARAGRAPHS)
    )
    body = f"<article><h1>{pages.TITLE}</h1><div class='entry-content'>{figures}</div></article>"
    text = extract(pages.page(pages.document(body))).article.text
    assert [line for line in pages.PARAGRAPHS if line not in text] == []


def test_an_offer_to_sign_up_for_goods_is_no_newsletter_line():
    step = "Sign up for the family plan with the same email as your old account"
    texts = [*pages.PARAGRAPHS[:3], step, *pages.PARAGRAPHS[3:]]
    assert step in extract(pages.page(pages.jannah(texts))).article.text


@pytest.mark.parametrize("page", [pages.page(pages.bare()), pages.page(b"")], ids=["article", "empty"])
def test_the_garbage_collector_waits_until_a_page_has_been_read(page):
    extract(page)
    phases: list[str] = []
    gc.callbacks.append(lambda phase, _: phases.append(phase))
    try:
        extract(page)
        assert gc.isenabled()
        assert phases.count("start") <= 2  # when it may run again
        gc.disable()
        extract(page)
        assert not gc.isenabled()
    finally:
        gc.callbacks.pop()
        gc.enable()
