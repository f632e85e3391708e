import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.diff import compare, is_correction, side_by_side
from tests.support import effort

LINES = st.lists(
    st.sampled_from(["قال الوزير أمس", "قال الوزير اليوم", "one two three", "one two", "نص آخر", "", "…"]), max_size=6
)


def states(difference):
    return [paragraph.state for paragraph in difference.body]


def marked(paragraph):
    return [(piece.state, piece.old or piece.new) for piece in paragraph.pieces if piece.state != "same"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("قال محمد", "قالَ مُحَمَّدٌ"),
        ("العربية", "الـــعــربية"),
        ("إلى الأمام", "الى الامام"),
        ("مدرسة على", "مدرسه علي"),
        ("في ٢٠٢٤", "في 2024"),
        ("قال: نعم.", "قال - «نعم»!"),
        ("Said  he", "said he"),
    ],
)
def test_spelling_and_punctuation_are_trivial(old, new):
    assert compare(old, old, new, new).is_trivial


def test_headline_and_body_are_told_apart():
    difference = compare("عنوان أول", "نص", "عنوان ثان", "نص")
    assert (difference.headline.state, difference.body_changed, difference.is_trivial) == ("changed", False, False)
    difference = compare("عنوان", "نص أول هنا", "عنوان", "نص ثان هنا")
    assert (difference.headline.state, difference.body_changed) == ("same", True)


def test_changed_words_are_shown_in_their_place():
    difference = compare("", "قُتل خمسة أشخاص في الانفجار.", "", "قُتل سبعة أشخاص في الانفجار.")
    assert states(difference) == ["changed"]
    assert marked(difference.body[0]) == [("removed", "خمسة "), ("added", "سبعة ")]
    assert (difference.words_added, difference.words_removed) == (1, 1)


def test_added_and_removed_paragraphs():
    difference = compare("", "أول فقرة هنا\nثالث فقرة تذهب", "", "أول فقرة هنا\nكلام جديد تماما\nأول ما قيل")
    assert states(difference) == ["same", "removed", "added", "added"]


def test_paragraphs_that_share_a_word_are_two():
    before = "افتتح الوزير معرض الكتاب في العاصمة صباح الأحد"
    after = "انخفضت أسعار النفط في الأسواق العالمية أمس"
    assert states(compare("", before, "", after)) == ["removed", "added"]


def test_paragraph_put_before_a_reworded_one():
    difference = compare("", "قال الوزير إن الأمر بسيط", "", "كلام جديد\nقال الوزير إن الأمر معقد")
    assert states(difference) == ["added", "changed"]


@pytest.mark.parametrize(
    "note",
    [
        "نعتذر عن هذا الخطأ",
        "Corrections and clarifications: the figure was wrong",
        "تصحيح: ذكرنا في نسخة سابقة أن العدد خمسة.",
        "تَنويه: تم تعديل العنوان",
        "* تم تصحيح الخبر في الساعة 12",
        "Correction: an earlier figure was wrong.",
        "Editor’s note: names were changed.",
        "This article was amended on 3 May 2024.",
        "An earlier version of this story said five.",
    ],
)
def test_new_correction_is_no_body(note):
    assert is_correction(note)
    difference = compare("t", "body text", "t", f"body text\n{note}")
    assert (difference.corrections, states(difference), difference.is_trivial) == ((note,), ["same"], False)


@pytest.mark.parametrize(
    "text",
    [
        "تصحيحات السوق تدفع الأسهم إلى الهبوط",
        "تصحيح المسار الاقتصادي يتطلب وقتا: سنوات",
        "قال إن تصحيح المسار واجب",
        "Corrective action",
        "",
    ],
)
def test_news_about_corrections_is_none(text):
    assert not is_correction(text)


def test_correction_that_was_there_before_is_body():
    difference = compare("t", "body\nتصحيح: خطأ", "t", "body\nتصحيح: خطأ")
    assert (difference.corrections, difference.is_trivial) == ((), True)


@given(LINES, LINES)
def test_pieces_put_together_are_both_versions(old, new):
    old, new = ([line for line in lines if line.strip()] for lines in (old, new))
    difference = compare("t", "\n".join(old), "t", "\n".join(new))
    assert [paragraph.old for paragraph in difference.body if paragraph.state != "added"] == old
    assert [paragraph.new for paragraph in difference.body if paragraph.state != "removed"] == new


@given(st.text(max_size=40), st.text(max_size=40))
def test_headline_pieces_put_together_are_both_headlines(old, new):
    headline = compare(old, "", new, "").headline
    if headline.state in {"same", "changed"}:
        assert (headline.old, headline.new) == (old, new)


@given(LINES, LINES)
def test_side_by_side_holds_every_paragraph_once(old, new):
    difference = compare("t", "\n".join(old), "t", "\n".join(new))
    rows = side_by_side(difference)
    left = [paragraph for paragraph, _ in rows if paragraph]
    right = [paragraph for _, paragraph in rows if paragraph]
    assert left == [paragraph for paragraph in difference.body if paragraph.state != "added"]
    assert right == [paragraph for paragraph in difference.body if paragraph.state != "removed"]


def test_monstrous_versions_are_compared_in_bounded_time():
    with effort.at_most(5):
        compare("a " * 50_000, "a b " * 50_000, "b " * 50_000, "b a " * 50_000)
        compare("", "a " * 1000, "", "b a " * 500)
        compare("", "a " * 170, "", "b a " * 170)
        compare("", "a\n" * 1000, "", "b\na\n" * 500)
        compare("", "\n".join(map(str, range(5000))), "", "\n".join(map(str, range(2500, 7500))))
