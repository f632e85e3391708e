"""PDF files: their text in reading order, what they say of themselves, and hostile ones that end in a reason."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from archive import Page
from archive.extract import explain, extract
from archive.extract import pdf as reading
from archive.extract.pdf import glyphs
from archive.outcome import OutcomeKind
from archive.parse import ParseTask
from archive.parse.parse import parse_task
from archive.parse.workers import WorkerKilledError, parse_pool
from tests.support.pdf import Run, assembled, by_sight, pdf, stream, words

if TYPE_CHECKING:
    from archive.article import Extraction

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


# --- files that cannot be read --------------------------------------------------------------------------------------------


def reason(body: bytes) -> tuple[OutcomeKind, str]:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n"
    outcome = parse_task(ParseTask(url=URL, response=head + body, fetched_at=NOW)).outcome
    return outcome.kind, outcome.reason


def test_a_file_of_pictures_is_empty():
    answer = read(pdf([[], [], []]))
    assert (answer.article, answer.reason, answer.detail) == (None, "empty", "no text on 3 pages: they may be scanned")


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
