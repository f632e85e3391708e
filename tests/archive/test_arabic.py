import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.arabic import fold, spell, stem, words

ARABIC = st.text(st.characters(min_codepoint=0x600, max_codepoint=0x6FF), max_size=20)


def printed_stem(word):
    return stem(spell(word), feminine=word.endswith("ة"))


@pytest.mark.parametrize(
    ("printed", "folded"),
    [
        ("مُحَمَّدٌ", "محمد"),
        ("الـــعـــربيّة", "العربيه"),
        ("أحمد إبراهيم آدم ٱلله", "احمد ابراهيم ادم الله"),
        ("مؤتمر رئيس", "موتمر رييس"),
        ("على", "علي"),
        ("ﻻ ﷲ", "لا الله"),
        ("٢٠٢٤ ۲۰۲۴ 2024", "2024 2024 2024"),
        ("کشور ایران", "كشور ايران"),
        ("نمی‌خواهم", "نميخواهم"),
        ("ہے کے", "هي كي"),
        ("مدرسة\u200f\u202b", "مدرسه"),
        ("مﹶدرسة", "مدرسه"),
        ("CAFÉ", "café"),
        ("ＦＵＬＬ", "full"),
    ],
)
def test_spellings_of_one_word_come_to_one(printed, folded):
    assert fold(printed) == folded


@given(st.one_of(ARABIC, st.text(max_size=20)))
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    "forms",
    [
        "وزارة الوزارة وزارات والوزارات بالوزارة للوزارة ووزارة وزارتهم",
        "مدرس مدرسون المدرسين والمدرسان مدرسًا",
        "كتابها الكتاب وكتابه كتاب",
        "حكومة حكومته حكومتهم الحكومات حكومتين",
        "مصرية المصريون والمصريين مصريات مصري",
        "مصر بمصر لمصر ومصر ولمصر",
        "خبر أخبار الأخبار بالأخبار أخبارهم",
        "قانون القوانين قوانينها فالقانون",
        "لبنان بلبنان ولبنان",
        "والدة الوالدة والدته والد",
        "مسؤول مسئول المسؤولين والمسئولون",
        "شؤون شئون الشؤون شأن",
        "شيء شئ الشيء أشياء",
        "قراءة قرائة القراءة",
        "لقاء لقائه لقاءه ولقاؤه",
        "وزير وزراء وزراؤهم وزرائهم",
        "مائة مئة المائة",
        "الرحمن الرحمان",
        "داود داوود",
        "إسحاق اسحق",
        "ماء المياه مياه",
        "سنة سنوات السنين",
        "اعتبر يعتبر تعتبر واعتبرت سيعتبر يعتبرون",
        "أعلن يعلن أعلنت ستعلن أعلنوا",
        "استخدم يستخدم استخدمت",
        "قال يقول قالت قالوا",
        "أضاف يضيف أضافت",
        "وصل يصل وصلت تصل",
        "تحدث يتحدث تحدثت",
        "انفجر ينفجر انفجرت",
        "أمريكا أميركا",
        "استثمار استثمارات الاستثمارات استثماراتها",
        "استقالة استقالات استقالته",
        "استقبل استقبلت يستقبل",
        "حياة حياتهم حياته",
        "سبب بسبب لسبب سببا بأسباب",
        "توقيت بتوقيت توقيته",
        "استخدام لاستخدام باستخدامها",
        "مشاركة بمشاركة لمشاركتهم",
        "إقامة لإقامة بالإقامة",
        "إلكتروني الإلكترونية إلكترونيا",
        "التزام بالتزام الالتزامات",
        "تعاون بالتعاون بتعاونهم",
        "مكان مكانا مكانها",
        "طيران طيرانها لطيران",
        "خطة خطط خطته خطتين",
        "بيت بيته بيوتهم",
        "قادة قادتهم القائد",
    ],
)
def test_inflected_forms_share_a_stem(forms):
    assert len({printed_stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("مصر", "مصري"),
        ("لبنان", "لبن"),
        ("شعبان", "شعب"),
        ("البحرين", "بحر"),
        ("وزارة", "زارة"),
        ("علي", "عل"),
        ("كتاب", "كاتب"),
        ("طالبان", "طالب"),
        ("عربي", "عرب"),
        ("تقدم", "قدم"),
        ("تنظيم", "نظم"),
        ("تفتيش", "فتش"),
        ("نتيجة", "تيج"),
        ("يناير", "ناير"),
        ("سينما", "ينما"),
        ("تونس", "ونس"),
        ("نجد", "وجد"),
        ("سوريا", "سوري"),
        ("لروسيا", "روسي"),
        ("خطة", "خط"),
        ("سنة", "سن"),
        ("حملات", "حمل"),
        ("عادة", "يعود"),
        ("تجارة", "تجار"),
        ("معارضة", "معارض"),
        ("العليا", "علي"),
        ("بعيد", "عيد"),
        ("باب", "آب"),
        ("لجان", "جان"),
        ("لمعان", "معان"),
        ("التراث", "التزام"),
    ],
)
def test_different_words_keep_different_stems(one, other):
    assert printed_stem(one) != printed_stem(other)


@given(ARABIC)
def test_spelling_twice_changes_nothing(word):
    assert spell(spell(word)) == spell(word)


@given(ARABIC)
def test_a_stem_is_never_empty_nor_longer(word):
    folded = spell(word)
    assert bool(stem(folded)) == bool(folded)
    assert len(stem(folded)) <= max(len(folded), 8)  # a plural may be shorter than its singular


def test_short_words_keep_two_letters():
    short = {"ال": "ال", "من": "من", "لله": "لل", "وهو": "وهو", "ه": "ه", "": ""}
    assert {word: stem(word) for word in short} == short


def test_words_of_other_scripts_have_themselves_as_stem():
    assert [stem(word) for word in ("running", "бегать", "2024", "新")] == ["running", "бегать", "2024", "新"]


def test_words_are_spans_of_the_original_text():
    text = "قال «مُحَمَّدٌ» إنّ الـــعـــرب، في ٢٠٢٤: ab-cd C++ ـــ x_y"
    assert [match.group() for match in words(text)] == [
        "قال",
        "مُحَمَّدٌ",
        "إنّ",
        "الـــعـــرب",
        "في",
        "٢٠٢٤",
        "ab",
        "cd",
        "C",
        "x",
        "y",
    ]
    assert all(text[match.start() : match.end()] == match.group() for match in words(text))


def test_joiners_belong_to_the_word_only_inside_it():
    assert [match.group() for match in words("می‌خواهم \u200fسلام\u200f مدر\u00adسة")] == [
        "می‌خواهم",
        "سلام",
        "مدر\u00adسة",
    ]


def test_marks_of_other_scripts_do_not_cut_words():
    assert [match.group() for match in words("हिन्दी सरकार")] == ["हिन्दी", "सरकार"]


def test_scripts_without_spaces_give_a_word_a_letter():
    assert [match.group() for match in words("中国2024 かな")] == ["中", "国", "2024", "か", "な"]


@given(st.text(max_size=60))
def test_words_never_overlap_and_hold_a_letter_or_digit(text):
    position = 0
    for match in words(text):
        assert match.start() >= position
        assert any(character.isalnum() for character in match.group())
        position = match.end()
