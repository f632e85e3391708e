"""Rules by the text of lines: boilerplate, and text that resembles it."""

import csv
from collections import Counter
from importlib import resources

import pytest

from archive.extract import extract
from archive.extract.text.boilerplate import rules_by_text
from archive.extract.text.labels import Known, Line
from archive.extract.text.phrases import line_key
from tests.archive.extract import pages


def test_no_phrase_stands_in_the_table_twice() -> None:
    with resources.files("archive.extract.text").joinpath("phrases.tsv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    keys = Counter(
        (
            row["phrase"] if row["match"] in {"regex", "request"} else line_key(row["phrase"]),
            row["language"],
            row["match"],
            row["scope"],
        )
        for row in rows
    )
    assert [key for key, count in keys.items() if count > 1] == []


def test_news_written_to_a_pattern_is_not_taken_for_furniture():
    lines = [
        Line("سعر الذهب اليوم عيار 21 يسجل 4510 جنيهات"),
        Line("وسجل عيار 18 سعر 3865 جنيها في السوق"),
        Line("من خزانة الصحيفة القديمة"),
    ]
    learned = frozenset(line_key(line.text) for line in lines)
    known = Known(is_title=lambda key: False, learned=learned)
    body = [Line("وقال تجار إن الطلب زاد في الأسبوع الأخير بعد تراجع طويل للأسعار العالمية في البورصات.")] * 3
    assert rules_by_text([*lines[:2], *body], [""] * 5, known) == [""] * 5
    assert rules_by_text([*body, lines[2]], [""] * 4, known)[-1] == "site"


def test_what_a_site_repeats_never_takes_the_whole_text():
    lines = [Line(f"جملة من الجمل التي تتكرر {word}") for word in ("أولا", "ثانيا", "ثالثا", "رابعا")]
    known = Known(is_title=lambda key: False, learned=frozenset(line_key(line.text) for line in lines))
    assert rules_by_text(lines, [""] * 4, known) == [""] * 4


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
    assert rules_by_text([Line(line), *body], [""] * 4, known)[0] == rule


SENTENCE = "Der Rat hat am Dienstagabend einen Plan beschlossen, der im kommenden Monat beginnt und ein Jahr dauert."


def rules_of(*lines: Line, **known: object) -> list[str]:
    """The rules of lines before and behind three sentences; `...` stands for those."""
    asked: list[Line] = []
    for line in lines:
        asked += [Line(SENTENCE, plain=True)] * 3 if line is TEXT else [line]
    rules = rules_by_text(asked, [""] * len(asked), Known(is_title=lambda key: False, **known))  # type: ignore[arg-type]
    return [rule for line, rule in zip(asked, rules, strict=True) if line.text != SENTENCE]


TEXT = Line("...")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("1,245", "figure"),
        ("👁 120", "figure"),
        ("٣٤", "figure"),
        ("+49 40 158", ""),
        ("2:1", ""),
        ("12 Tore", ""),
    ],
)
def test_a_counter_at_the_end_is_no_text(text: str, rule: str) -> None:
    assert rules_of(TEXT, Line(text, plain=True)) == [rule]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("11.03.2026, 08:00 Uhr | Stand: 12.03.2026, 14:05 Uhr", "phrase:date-label"),
        ("Publié le 11 mars 2026 à 08h00 - Mis à jour le 12 mars 2026 à 14h05", "phrase:date-label"),
        ("발행 2026.03.11. 오전 8:00 수정 2026.03.12. 오후 2:05", "phrase:date-label"),
        ("ปรับปรุงล่าสุดเมื่อวันที่ 12 มีนาคม 2569", "phrase:date-label"),
        ("สภาจะลงมติแก้ไขรัฐธรรมนูญอีกครั้งในวันที่ 12 มีนาคม 2569", ""),
        ("Update: alle Termine des Jahres 2026", ""),
        ("Der Stand vom 12. März 2026 gilt, bis der Rat am 3. Mai wieder über den Plan berät.", ""),
        ("Updated plans of the council for the bridge, the square, the market and the harbour: 12 March 2026", ""),
    ],
)
def test_the_time_of_the_last_change_is_no_text(text: str, rule: str) -> None:
    assert rules_of(Line(text, plain=True, written=True), TEXT) == [rule]
    assert rules_of(TEXT, Line(text, plain=True, written=True)) == [rule]


def test_figures_that_head_parts_of_the_text_stay() -> None:
    one, two, three = (Line(text, plain=True) for text in "123")
    assert rules_of(one, TEXT, two, TEXT, three, TEXT) == ["", "", ""]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("12. November 2026 | Hanna Brandt aus dem Rathaus | 1245", "labels"),
        ("Markt | Rat | Hafen", ""),
        ("Sieger 2026 | die Elf vom Hafen, die am Ende lachte, weinte und sang", ""),
    ],
)
def test_labels_in_a_row_with_a_date_are_no_text(text: str, rule: str) -> None:
    assert rules_of(Line(text, plain=True), TEXT) == [rule]


@pytest.mark.parametrize(
    ("text", "known", "rule"),
    [
        ("Hanna Brandt", {"is_titled": True}, "label"),
        ("Hanna Brandt", {}, ""),
        ("Liebe Leserin,", {"is_titled": True}, ""),
        ("Wer bezahlt das?", {"is_titled": True}, ""),
        ("Ein Plan für den alten Markt", {"is_titled": True}, ""),
    ],
)
def test_a_short_label_under_the_title_is_no_text(text: str, known: dict[str, object], rule: str) -> None:
    assert rules_of(Line(text, plain=True), TEXT, **known) == [rule]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Hanna Brandt", "label"),
        ("Jan van der Berg", "label"),
        ("12. November 2026", "label"),
        ("Stille", ""),
        ("500 g Mehl", ""),
        ("Händler wollen zuerst Geld", ""),
        ("Hafen 3 Bergstadt 1", ""),
        ("بسم الله الرحمن الرحيم", ""),
    ],
)
def test_a_first_paragraph_that_an_editor_writes_is_a_label_only_as_a_name_or_a_date(text: str, rule: str) -> None:
    assert rules_of(Line(text, plain=True, written=True), TEXT, is_titled=True) == [rule]
    assert rules_of(Line(text, plain=True), TEXT, is_titled=True) == ["date-line" if "2026" in text else "label"]


def test_a_first_paragraph_behind_known_labels_is_one() -> None:
    views, other = Line("Aufrufe: 1245", plain=True), Line("1 245 Leser", plain=True, written=True)
    assert rules_of(views, other, TEXT, is_titled=True) == ["phrase:views", "label"]
    assert rules_of(other, TEXT, is_titled=True) == [""]


def test_a_label_behind_known_ones_is_no_text() -> None:
    share, other = Line("Share this article", plain=True), Line("Markt, Rat, Hafen, Kai", plain=True)
    assert rules_of(TEXT, share, other) == ["phrase:share", "label"]
    assert rules_of(TEXT, other, share) == ["", "phrase:share"]


def test_a_line_about_the_author_stands_under_his_name() -> None:
    name, bio = Line("Hanna Brandt", plain=True), Line("Sie schreibt seit zehn Jahren über Märkte.", plain=True)
    assert rules_of(TEXT, name, bio, authors={"hanna brandt"}) == ["author", "author-bio"]
    assert rules_of(TEXT, bio, authors={"hanna brandt"}) == [""]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (Line("Facebook X", linked=0.9, links=2, plain=True), "links"),
        (Line("Home › Markt", linked=0.85, links=2, plain=True), "links"),
        (Line("Bericht lesen", linked=1.0, links=1, plain=True), "links"),
        (Line("Er las den Bericht.", linked=1.0, links=1, plain=True), ""),
        (Line("Der Bericht als Anhang", linked=0.3, links=1, plain=True), ""),
    ],
)
def test_a_last_line_that_is_only_links_is_no_text(line: Line, rule: str) -> None:
    assert rules_of(TEXT, line) == [rule]


def test_a_date_that_an_editor_writes_stays() -> None:
    date = "Donnerstag, 12. November 2026"
    assert rules_of(Line(date, plain=True), TEXT) == ["date-line"]
    assert rules_of(Line(date, plain=True, written=True), TEXT) == [""]
    assert rules_of(Line(date), TEXT) == [""]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Просмотров: 1245", "phrase:views"),
        ("Просмотры выросли вдвое.", ""),
        ("Источник: ТАСС", "phrase:source-label"),
        ("Источник воды чище.", ""),
    ],
)
def test_a_last_sentence_that_begins_as_a_label_stays(text: str, rule: str) -> None:
    assert rules_of(TEXT, Line(text, plain=True)) == [rule]


def test_a_name_behind_the_last_sentence_is_no_text() -> None:
    assert rules_of(TEXT, Line("Hanna Brandt", plain=True)) == ["label"]
    assert rules_of(TEXT, Line("Boote warten bis Mai", plain=True)) == [""]
    assert rules_of(TEXT, Line("Boote warten", plain=True), Line("Glocken läuten", plain=True)) == ["", ""]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("홍길동 기자 hong@example.com", "label"),
        ("سمير حداد", "label"),
        ("王小明", "label"),
        ("نعم", ""),
        ("والله أعلم", ""),
        ("以上", ""),
        ("Ende", ""),
        ("Guten Appetit zusammen", ""),
        ("Mitarbeit: Hanna Brandt", ""),
        ("3 Tore", ""),
    ],
)
def test_a_last_line_is_dropped_only_as_a_name(text: str, rule: str) -> None:
    assert rules_of(TEXT, Line(text, plain=True)) == [rule]


@pytest.mark.parametrize("ending", ["?", ":"])
def test_an_answer_is_no_name_behind_the_text(ending: str) -> None:
    asked = Line(f"{SENTENCE[:-1]}{ending}", plain=True)
    assert rules_of(TEXT, asked, Line("Hanna Brandt", plain=True)) == ["", ""]


def test_a_letter_keeps_the_name_of_its_writer() -> None:
    name = Line("Hanna Brandt", plain=True)
    assert rules_of(Line("Liebe Nachbarn,", plain=True), TEXT, name) == ["", ""]
    assert rules_of(Line("Liebe Nachbarn!", plain=True), TEXT, name) == ["", "label"]


@pytest.mark.parametrize(
    "body",
    [
        "<div>Nobody ever came</div><div>{}</div><div>{}</div>",
        "<div>Nobody ever came<br><br>{}<br><br>{}</div>",
        '<p class="standfirst">Nobody ever came</p><p>{}</p><p>{}</p>',
        '<p class="t">Nobody ever came</p><p class="t">{}</p><p class="t">{}</p>',
    ],
)
def test_a_short_line_set_as_the_text_is_or_as_its_lead_stays(body: str) -> None:
    html = pages.document(f"<article><h1>{pages.TITLE}</h1><div>{body.format(*pages.PARAGRAPHS)}</div></article>")
    assert "Nobody ever came" in extract(pages.page(html)).article.text.split("\n")


def test_a_short_line_in_a_box_of_its_own_under_the_title_is_a_label() -> None:
    texts = "".join(f"<p>{text}</p>" for text in pages.PARAGRAPHS)
    html = pages.document(
        f"<article><h1>{pages.TITLE}</h1><div><div class=z>Nobody ever came</div>{texts}</div></article>"
    )
    assert "Nobody ever came" not in extract(pages.page(html)).article.text


def test_the_time_of_an_entry_is_no_text_and_that_of_a_programme_is() -> None:
    assert rules_of(TEXT, Line("11:30", plain=True, timed=True), TEXT) == ["date-line"]
    assert rules_of(TEXT, Line("11:30", plain=True), TEXT) == [""]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("12 May 2026", "date-line"),
        ("2026-05-12 08:12 Source: The Ledger Size: A A A", "date-line"),
        ("June 3, 1931 – March 9, 2026", ""),
        ("In 2026 at 19:30 the lights went out.", ""),
        ("Nobody ever came", ""),
    ],
)
def test_a_date_that_a_theme_prints_between_the_lead_and_the_text_is_dropped(text: str, rule: str) -> None:
    lead = Line(SENTENCE, written=True)
    assert rules_of(lead, Line(text, plain=True), TEXT) == [rule]
    assert rules_of(lead, Line(text, plain=True, written=True), TEXT) == [""]


def test_a_counter_of_pictures_is_dropped_and_a_mark_is_not() -> None:
    counted = [Line(f"{number}/3", plain=True) for number in (1, 2, 3)]
    assert rules_of(TEXT, counted[0], TEXT, counted[1], TEXT, counted[2], TEXT) == ["figure"] * 3
    assert rules_of(TEXT, Line("4/5", plain=True), TEXT, Line("3/5", plain=True), TEXT) == ["", ""]


def test_a_label_with_a_full_stop_is_one_and_a_sentence_that_it_begins_is_not() -> None:
    assert rules_of(TEXT, Line("Read more...", plain=True), TEXT) == ["phrase:read-also"]
    assert rules_of(TEXT, Line("Read more books, she said.", plain=True), TEXT) == [""]


def test_what_stands_behind_a_wall_is_its_offer_unless_the_text_goes_on() -> None:
    wall, offers = Line("This article is for subscribers.", plain=True), [Line(f"Offer {sign}") for sign in "ABCDEFG"]
    assert set(rules_of(TEXT, wall, *offers)) == {"phrase:paywall"}
    assert rules_of(TEXT, *offers) == [""] * 7
    assert rules_of(TEXT, wall, *offers, TEXT) == [""] * 8
