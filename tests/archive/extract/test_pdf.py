"""PDF files: text in reading order, metadata, and hostile files that end in a reason."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from archive import Page
from archive.extract import explain, extract
from archive.extract import pdf as reading
from archive.extract.pdf import glyphs
from archive.extract.pdf.xmp import read_xmp
from archive.outcome import OutcomeKind
from archive.parse import ParseTask
from archive.parse.parse import parse_task
from archive.parse.workers import WorkerKilledError, parse_pool
from tests.support.effort import at_most
from tests.support.pdf import Run, assembled, by_sight, pdf, stream, words

if TYPE_CHECKING:
    from archive.article import Extraction

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 28, tzinfo=UTC)
URL = "https://paper.example/files/harbour_report-2026.pdf"
LEFT, RIGHT = 50, 550

TEXT = [
    "The council of the harbour town met on Tuesday to decide about",
    "the new ferry line. Fishermen had asked for a later departure.",
]


def read(body: bytes) -> Extraction:
    return extract(Page(body=body, url=URL, fetched_at=NOW))


def lines_of(*runs: Run) -> list[str]:
    article = read(pdf([runs])).article
    assert article is not None
    return article.text.split("\n")


def paragraph(x: float, top: float, lines: list[str], size: float = 10) -> list[Run]:
    return [words(x, top - 1.2 * size * number, line, size) for number, line in enumerate(lines)]


# --- what a file says of itself -----------------------------------------------------------------------------------------


def test_title_authors_dates_and_tags_come_from_the_file_with_their_origin():
    info = {
        "Title": "تقرير المرفأ",
        "Author": "Jane Doe and John Roe",
        "CreationDate": "D:20261127093000+03'00'",
        "ModDate": "D:20261128",
        "Keywords": "harbour, ferry",
        "Subject": "What the council decided",
    }
    article = read(pdf([paragraph(LEFT, 700, TEXT)], info)).article
    assert article is not None
    assert (article.kind, article.title, article.authors) == ("document", "تقرير المرفأ", ("Jane Doe", "John Roe"))
    assert (article.date_published, article.date_modified) == ("2026-11-27T09:30:00+03:00", "2026-11-28")
    assert (article.tags, article.description, article.language) == (
        ("harbour", "ferry"),
        "What the council decided",
        "en",
    )
    assert article.provenance["title"] == "pdf:Title"
    assert article.provenance["date_published"] == "pdf:CreationDate"


@pytest.mark.parametrize("title", ["", "Microsoft Word - report.doc", "untitled", "page_01.indd", "20261127"])
def test_the_title_is_the_largest_line_when_the_file_names_none(title):
    runs = [words(LEFT, 750, "Ferry line approved", 20), *paragraph(LEFT, 700, TEXT)]
    article = read(pdf([runs], {"Title": title})).article
    assert article is not None
    assert article.title == "Ferry line approved"
    assert article.text == " ".join(TEXT)


def test_the_title_is_the_name_of_the_file_when_no_line_is_larger():
    article = read(pdf([paragraph(LEFT, 700, TEXT)])).article
    assert article is not None
    assert (article.title, article.provenance["title"]) == ("harbour report 2026", "url")


@pytest.mark.parametrize("date", ["D:2026", "D:20261340", "yesterday", "D:20261127996099"])
def test_a_date_that_is_none_is_left_out(date):
    article = read(pdf([paragraph(LEFT, 700, TEXT)], {"CreationDate": date})).article
    assert article is not None
    assert article.date_published == ""


# --- order of reading -----------------------------------------------------------------------------------------------------


def test_columns_are_read_one_after_the_other():
    left = ["Alpha went to the town", "and came back by noon."]
    right = ["Beta stayed at home and", "slept until the evening."]
    rows = [run for pair in zip(paragraph(LEFT, 700, left), paragraph(320, 700, right), strict=True) for run in pair]
    heading = words(LEFT, 760, "Two people and one very long heading over both", 14)
    assert lines_of(heading, *rows) == [" ".join(left), " ".join(right)]


def test_columns_of_a_right_to_left_page_are_read_from_the_right():
    right = [by_sight(RIGHT, 700, "ذهب علي إلى السوق صباحا"), by_sight(RIGHT, 688, "وعاد إلى بيته ظهرا.")]
    left = [by_sight(260, 700, "وبقيت سعاد في الحديقة"), by_sight(260, 688, "حتى جاء المساء.")]
    rows = [run for pair in zip(left, right, strict=True) for run in pair]
    assert lines_of(*rows) == ["ذهب علي إلى السوق صباحا وعاد إلى بيته ظهرا.", "وبقيت سعاد في الحديقة حتى جاء المساء."]


@pytest.mark.parametrize(
    ("letters", "text"),
    [
        ("فتحت الأسواق أبوابها", "فتحت الأسواق أبوابها"),
        ("ﺍﻷﺳﻮﺍﻕ ﺗﻌﻮﺩ ﺇﻟﻰ ﺍﻟﻌﻤﻞ", "الأسواق تعود إلى العمل"),
        (["ا", "لأ", "س", "و", "ا", "ق"], "الأسواق"),
        ("ﻻ ﺇﻟﻪ ﺇﻻ ﷲ", "لا إله إلا الله"),
        (["ع", "ا", "م", " ", *reversed("2025"), "."], "عام 2025."),
        (["ق", "ا", "ل", " ", *reversed("ABC News"), " ", "إ", "ن"], "قال ABC News إن"),
        (["ب", "ـ", " ", *reversed("12.5"), "%", " ", "م", "ن"], "بـ 12.5% من"),
        (["ق", "ا", "ل", " ", ")", "ت", "ق", "ر", "ي", "ر", "("], "قال (تقرير)"),
        (["ق", "ا", "ل", " ", "(", "ت", "ق", "ر", "ي", "ر", ")"], "قال (تقرير)"),
        (["כ", "ת", "ב", " ", *reversed("2025")], "כתב 2025"),
    ],
)
def test_a_right_to_left_line_is_read_from_the_right_in_plain_letters(letters, text):
    assert lines_of(by_sight(RIGHT, 700, letters), by_sight(RIGHT, 500, "ثم عاد الجميع إلى بيوتهم"))[0] == text


def test_vowel_signs_follow_the_letter_under_them():
    # «ﻛُﺘِﺐ»: the signs are drawn over letters that are written before them, at another height
    letters = by_sight(RIGHT, 700, "كتب كثيرا")
    signs = [Run(RIGHT - 4, 702, ["\u064f"]), Run(RIGHT - 9, 697, ["\u0650"])]
    assert lines_of(letters, *signs) == ["كُتِب كثيرا"]


def test_words_that_are_written_one_by_one_without_blanks_are_parted():
    assert lines_of(words(LEFT, 700, "Ferry"), words(LEFT + 28, 700, "line"), words(LEFT + 51, 700, "approved")) == [
        "Ferry line approved"
    ]


def test_a_justified_line_is_one_however_far_apart_its_words_are():
    # 25 glyphs of 5 points: each line from 50 to 175
    above = [words(LEFT, 712, "The council has asked for"), words(LEFT, 700, "the newest of regulations")]
    spread = [words(LEFT, 688, "of"), words(115, 688, "the harbours")]
    assert lines_of(*above, *spread, words(LEFT, 676, "in the town.")) == [
        "The council has asked for the newest of regulations of the harbours in the town."
    ]
    columns = [
        words(LEFT, 712, "Alpha went"),
        words(145, 712, "Beta stayed."),
        words(LEFT, 700, "home."),
        words(145, 700, "She slept."),
    ]
    assert lines_of(*columns) == ["Alpha went home.", "Beta stayed. She slept."]


def test_items_are_parted_by_their_numbers_and_a_date_parts_nothing():
    assert lines_of(*paragraph(LEFT, 700, ["1. The ferry sails on", "2. The bridge is open"])) == [
        "1. The ferry sails on",
        "2. The bridge is open",
    ]
    assert lines_of(*paragraph(LEFT, 700, ["Die Brücke wird am", "2. März eröffnet und am"])) == [
        "Die Brücke wird am 2. März eröffnet und am"
    ]


def test_a_bold_line_that_is_drawn_twice_is_read_once():
    assert lines_of(words(LEFT, 700, "Ferry line"), words(LEFT + 0.3, 700, "Ferry line")) == ["Ferry line"]


def test_a_word_broken_at_the_end_of_a_line_is_whole_again():
    assert lines_of(*paragraph(LEFT, 700, ["The council met in the har-", "bour town."])) == [
        "The council met in the harbour town."
    ]


def test_ligatures_are_plain_letters():
    assert lines_of(words(LEFT, 700, "The oﬃce ﬁled it")) == ["The office filed it"]


def test_a_paragraph_goes_on_over_the_page_and_running_heads_are_dropped():
    pages = [
        [
            words(LEFT, 780, f"Harbour Daily, page {number}"),
            *paragraph(
                LEFT, 700, [f"The {name} part of the story is a line of words", f"and {name} goes on and on to the"]
            ),
        ]
        for number, name in enumerate(("first", "second", "third", "fourth"), 1)
    ]
    article = read(pdf(pages)).article
    assert article is not None
    assert "Harbour Daily" not in article.text
    assert {one.rule for one in article.dropped} == {"running-head"}
    assert ("Harbour Daily, page 1", "dropped", "running-head") in explain(
        Page(body=pdf(pages), url=URL, fetched_at=NOW)
    )


def test_a_paragraph_with_a_full_last_line_goes_on_before_a_capital_letter():
    first, last = (
        "The council met on Tuesday to decide about a ferry line to",
        "the island, and all of them agreed that the old harbour of",
    )
    for end, count in (("Norvia, where fishermen live, must be asked before the new", 1), ("Norvia must be asked.", 2)):
        head = paragraph(LEFT, 700, [first, last, end])
        rest = paragraph(
            LEFT,
            700,
            ["Harbour Board gives its answer in the spring, after the", "storms are over and the boats are back"],
        )
        article = read(pdf([head, rest])).article
        assert article is not None
        assert article.text.count("\n") + 1 == count


def test_chinese_lines_are_joined_without_a_blank():
    assert lines_of(*paragraph(LEFT, 700, ["市议会周二表示大桥在工程结束之前将", "继续对货车关闭。"])) == [
        "市议会周二表示大桥在工程结束之前将继续对货车关闭。"
    ]
    assert lines_of(*paragraph(LEFT, 700, ["시의회는 화요일 공사가 끝날", "때까지 다리를 폐쇄한다."])) == [
        "시의회는 화요일 공사가 끝날 때까지 다리를 폐쇄한다."
    ]


@pytest.mark.parametrize(
    ("number", "is_dropped"), [("{}", True), ("- {} -", True), ("Page {} of 2", True), ("Gate {}", False)]
)
def test_the_number_of_a_page_alone_at_its_edge_is_a_running_head(number: str, is_dropped: bool) -> None:
    pages = [[*paragraph(LEFT, 700, TEXT), words(LEFT, 60, number.format(place))] for place in (1, 2)]
    article = read(pdf(pages)).article
    assert article is not None
    assert (number.format(1) in article.text) is not is_dropped


# --- lists --------------------------------------------------------------------------------------------------------------


ITEMS = ["The ferry leaves at eight and comes back at", "noon", "Bicycles travel free", "Dogs must be kept on a lead"]


def dots(x: float, *heights: float, side: float = 4) -> str:
    return " ".join(f"{x} {y} {side} {side} re f" for y in heights)


def test_items_with_drawn_bullets_are_a_list():
    article = read(pdf([paragraph(LEFT, 700, ITEMS)], drawn=dots(LEFT - 12, 701, 677, 665))).article
    assert article is not None
    assert [block.kind for block in article.body] == ["list"]
    assert article.text.split("\n") == [f"{ITEMS[0]} noon", *ITEMS[2:]]


@pytest.mark.parametrize(
    "drawn", [dots(LEFT - 12, 701, 677, 665, side=30), dots(LEFT - 90, 701, 677), dots(LEFT - 12, 720, 640), ""]
)
def test_shapes_that_are_no_bullets_part_nothing(drawn: str) -> None:
    article = read(pdf([paragraph(LEFT, 700, ITEMS)], drawn=drawn)).article
    assert article is not None
    assert [block.kind for block in article.body] == ["paragraph"]


def test_many_shapes_beside_many_lines_cost_little():
    runs = [words(5 + 12 * place, 700, "a", 5) for place in range(49)] * 40
    drawn = " ".join(dots(place / 10, 701) for place in range(5_000))
    with at_most(2.0):
        assert read(pdf([runs], drawn=drawn)).article is not None


# --- XMP ----------------------------------------------------------------------------------------------------------------


XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreateDate="2026-11-27T09:30:00+03:00">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">تقرير المرفأ</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>Jane Doe</rdf:li><rdf:li>John Roe</rdf:li></rdf:Seq></dc:creator>
<dc:subject><rdf:Bag><rdf:li>harbour</rdf:li><rdf:li>ferry</rdf:li></rdf:Bag></dc:subject>
<xmp:ModifyDate>2026-11-28</xmp:ModifyDate></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def test_metadata_is_read_from_xmp_where_the_info_dictionary_has_none():
    article = read(pdf([paragraph(LEFT, 700, TEXT)], xmp=XMP.encode())).article
    assert article is not None
    assert (article.title, article.authors, article.tags) == (
        "تقرير المرفأ",
        ("Jane Doe", "John Roe"),
        ("harbour", "ferry"),
    )
    assert (article.date_published, article.date_modified) == ("2026-11-27T09:30:00+03:00", "2026-11-28")
    assert article.provenance["authors"] == "dc:creator"


def test_the_info_dictionary_comes_before_xmp_but_for_more_authors():
    info = {"Title": "The harbour report", "Author": "Jane Doe", "CreationDate": "D:20260101", "Keywords": "boats"}
    article = read(pdf([paragraph(LEFT, 700, TEXT)], info, xmp=XMP.encode())).article
    assert article is not None
    assert (article.title, article.date_published, article.tags) == ("The harbour report", "2026-01-01", ("boats",))
    assert article.authors == ("Jane Doe", "John Roe")


@pytest.mark.parametrize(
    "packet",
    [
        b"no XML",
        XMP.encode()[:400],
        b"\0" * 100,
        b"<a>" * 100_000,
        XMP.encode() + b" " * (2 << 20),
        b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;">]><a>&d;</a>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
        + XMP.encode().partition(b"?>")[2].replace(b"Jane Doe", b"&b;"),
    ],
)
def test_a_packet_that_is_damaged_or_hostile_costs_nothing(packet: bytes) -> None:
    article = read(pdf([paragraph(LEFT, 700, TEXT)], xmp=packet)).article
    assert article is not None
    assert "ferry line" in article.text
    assert "root:" not in " ".join(article.authors)


@pytest.mark.parametrize(
    "inside",
    [
        "<rdf:Description " + " ".join(f'dc:a{i}=""' for i in range(50_000)) + "/>",
        "<rdf:Description><dc:title>" * 100 + "<rdf:li>A</rdf:li>" * 40_000 + "</dc:title></rdf:Description>" * 100,
    ],
)
def test_a_packet_of_many_attributes_or_nested_lists_costs_what_it_is_long(inside: str) -> None:
    packet = XMP.partition("<rdf:Description")[0].replace(
        "<rdf:RDF ", '<rdf:RDF xmlns:dc="http://purl.org/dc/elements/1.1/" '
    )
    with at_most(1.0):
        read_xmp(f"{packet}{inside}</rdf:RDF></x:xmpmeta>".encode())


@pytest.mark.parametrize(
    ("date", "expected"),
    [("20261127", "2026-11-27"), ("2026-11-27 09:30", "2026-11-27T09:30"), ("2026-11", ""), ("2026", "")],
)
def test_a_date_of_xmp_is_read_in_any_form_of_iso_8601(date: str, expected: str) -> None:
    packet = XMP.replace("2026-11-27T09:30:00+03:00", date).encode()
    article = read(pdf([paragraph(LEFT, 700, TEXT)], xmp=packet)).article
    assert article is not None
    assert article.date_published == expected


# --- files that cannot be read --------------------------------------------------------------------------------------------


def reason(body: bytes) -> tuple[OutcomeKind, str]:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n"
    outcome = parse_task(ParseTask(url=URL, response=head + body, fetched_at=NOW)).outcome
    return outcome.kind, outcome.reason


def test_a_file_of_pictures_is_empty():
    answer = read(pdf([[], [], []]))
    assert (answer.article, answer.reason, answer.detail) == (None, "empty", "no text on 3 pages: they may be scanned")


def test_a_file_whose_fonts_name_no_letters_is_empty_and_says_so():
    font = b"<< /Type /Font /Subtype /Type0 /BaseFont /F /Encoding /Identity-H /DescendantFonts [6 0 R] >>"
    below = (
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /F /CIDSystemInfo"
        b" << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
    )
    shown = stream(b"BT /F1 10 Tf 50 700 Td <000100020003> Tj ET")
    answer = read(page_with(shown, font, below, resources="/Font << /F1 5 0 R >>"))
    assert (answer.reason, answer.detail) == (
        "empty",
        "no text on 1 pages: its fonts do not say which letters they draw",
    )


def test_an_encrypted_file_is_named():
    encryption = f"/Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <{'00' * 32}> /U <{'11' * 32}> >> /ID [<00> <00>]"
    assert reason(pdf([paragraph(LEFT, 700, TEXT)], trailer=encryption)) == (OutcomeKind.QUARANTINE, "encrypted")


@pytest.mark.parametrize(
    "body",
    [
        b"%PDF-1.4",
        b"%PDF-1.7\n" + bytes(range(256)) * 40,
        assembled([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]),
        assembled([b"<< /Type /Catalog /Pages 1 0 R >>"]),
        assembled([b"1 0 R"]),
    ],
)
def test_a_damaged_file_is_named(body):
    assert reason(body) == (OutcomeKind.QUARANTINE, "damaged")


def test_a_file_with_a_wrong_table_of_its_objects_is_read():
    whole = pdf([paragraph(LEFT, 700, TEXT)])
    article = read(whole.replace(b"startxref", b"startxref\n7")).article
    assert article is not None
    assert article.text == " ".join(TEXT)


def test_a_file_that_was_cut_off_is_damaged():
    whole = pdf([paragraph(LEFT, 700, TEXT)])
    assert reason(whole[: whole.index(b"xref")]) == (OutcomeKind.QUARANTINE, "damaged")


def page_with(content: bytes, *more: bytes, resources: str = "") -> bytes:
    pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 600 800] >>"
    page = f"<< /Type /Page /Parent 2 0 R /Resources << {resources} >> /Contents 4 0 R >>".encode()
    return assembled([b"<< /Type /Catalog /Pages 2 0 R >>", pages, page, content, *more])


def test_a_stream_that_inflates_without_end_is_refused():
    bomb = zlib.compress(bytes(100 << 20))
    held = f"<< /Length {len(bomb)} /Filter /FlateDecode >>\nstream\n".encode() + bomb + b"\nendstream"
    assert reason(page_with(held)) == (OutcomeKind.QUARANTINE, "too-complex")


def test_drawings_within_each_other_without_end_are_refused():
    """Ten levels of drawings, each of which draws the next ten times."""
    levels = 10
    names = " ".join(f"/X{number} {5 + number} 0 R" for number in range(levels))
    forms = [
        stream(
            f"/X{number + 1} Do ".encode() * 10 if number + 1 < levels else b"",
            f"/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << {names} >> >>",
        )
        for number in range(levels)
    ]
    body = page_with(stream(b"/X0 Do"), *forms, resources=f"/XObject << {names} >>")
    assert reason(body) == (OutcomeKind.QUARANTINE, "too-complex")


def test_a_drawing_that_draws_itself_ends():
    form = stream(b"/X Do", "/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /X 5 0 R >> >>")
    assert read(page_with(stream(b"/X Do"), form, resources="/XObject << /X 5 0 R >>")).reason == "empty"


def test_of_ten_thousand_pages_the_first_are_read_and_it_is_said():
    one = paragraph(LEFT, 700, TEXT)
    pages = [one] * 10 + [[]] * 9_990
    answer = read(pdf(pages))
    assert answer.article is not None
    assert answer.detail == "pages 1 to 500 of 10,000 were read"


def test_text_ends_at_the_limit_and_it_is_said(monkeypatch):
    monkeypatch.setattr(reading, "MAX_TEXT", 300)
    answer = read(pdf([paragraph(LEFT, 700, TEXT)] * 6))
    assert answer.article is not None
    assert len(answer.article.text) <= 300
    assert answer.detail == "pages 1 to 2 of 6 were read"


def test_glyphs_end_at_the_limit_and_it_is_said(monkeypatch):
    monkeypatch.setattr(glyphs, "MAX_GLYPHS", 300)
    answer = read(pdf([paragraph(LEFT, 700, TEXT)] * 6))
    assert answer.article is not None
    assert answer.detail == "pages 1 to 3 of 6 were read"


def test_what_takes_too_long_costs_one_row_with_a_reason():
    """A content stream of nothing but operators, which keeps any reader busy: the worker is stopped, the next task is read."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n"
    endless = page_with(stream(b"q Q " * 2_000_000))
    with parse_pool(workers=1, seconds=5.0) as pool:
        slow = pool.submit(ParseTask(url=URL, response=head + endless, fetched_at=NOW))
        sound = pool.submit(ParseTask(url=URL, response=head + pdf([paragraph(LEFT, 700, TEXT)]), fetched_at=NOW))
        with pytest.raises(WorkerKilledError) as caught:
            slow.result()
        assert caught.value.reason == "timeout"
        assert sound.result().outcome.kind is OutcomeKind.DOCUMENT
