from __future__ import annotations

from datetime import UTC, date, datetime
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.extract.dates.moment import DateContext, Order, from_hijri, from_jalali, is_leap
from archive.extract.dates.visible import parse_all, parse_written
from bench.support import month_names
from tests.support import effort

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def read(text: str, order: Order = "dmy", language: str = "ar", timezone: str = "", now: datetime = NOW) -> str:
    moment = parse_written(text, DateContext(now=now, order=order, language=language, timezone=timezone))
    return moment.iso() if moment else ""


MONTHS = {
    1: ["يناير", "كانون الثاني", "كانون ثاني", "جانفي", "كانون الثاني/يناير", "يناير/كانون الثاني"],
    2: ["فبراير", "شباط", "فيفري", "شباط/فبراير"],
    3: ["مارس", "آذار", "آذار/مارس", "اذار"],
    4: ["أبريل", "ابريل", "إبريل", "نيسان", "أفريل", "نيسان / أبريل"],
    5: ["مايو", "أيار", "ايار", "ماي", "أيار (مايو)"],
    6: ["يونيو", "يونيه", "يونية", "حزيران", "جوان", "حزيران/يونيو"],
    7: ["يوليو", "يوليه", "تموز", "جويلية", "يوليوز", "تموز/يوليو"],
    8: ["أغسطس", "اغسطس", "آب", "آب/أغسطس", "آب/اغسطس", "أوت", "غشت"],
    9: ["سبتمبر", "أيلول", "ايلول", "شتنبر", "أيلول - سبتمبر"],
    10: ["أكتوبر", "اكتوبر", "تشرين الأول", "تشرين الاول", "تشرين الأول/أكتوبر"],
    11: ["نوفمبر", "تشرين الثاني", "نونبر", "تشرين الثاني / نوفمبر"],
    12: ["ديسمبر", "كانون الأول", "كانون الاول", "دجنبر", "كانون الأول/ديسمبر"],
}


@pytest.mark.parametrize(("month", "name"), [(month, name) for month, names in MONTHS.items() for name in names])
def test_every_arabic_tradition_of_month_names_is_read(month: int, name: str) -> None:
    expected = date(2021, month, 17).isoformat()
    assert read(f"17 {name} 2021") == expected
    assert read(f"الأربعاء، 17 {name}، 2021م") == expected
    assert read(f"١٧ {name} ٢٠٢١") == expected
    assert read(f"نشر في: 17 من {name} عام 2021") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("السبت 8 آب / أغسطس 2020 07:41 مساءً", "2020-08-08T19:41"),
        ("السبت، 8 أغسطس 2020 - 07:41 ص", "2020-08-08T07:41"),
        ("السبت 8 أغسطس 2020 12:05 م", "2020-08-08T12:05"),
        ("السبت 8 أغسطس 2020 12:05 ص", "2020-08-08T00:05"),
        ("8 أغسطس 2020 | 14:05 بتوقيت غرينتش", "2020-08-08T14:05+00:00"),
        ("8 أغسطس 2020 - 14:05 (بتوقيت مكة المكرمة)", "2020-08-08T14:05+03:00"),
        ("8 أغسطس 2020 14:05 GMT+3", "2020-08-08T14:05+03:00"),
        ("أغسطس 8, 2020", "2020-08-08"),
        ("8 أغسطس، 2020", "2020-08-08"),
        ("08/09/2020", "2020-09-08"),
        ("السبت 08/09/2020", "2020-09-08"),
        ("2020/09/08", "2020-09-08"),
        ("2020-09-08", "2020-09-08"),
        ("٨/٩/٢٠٢٠", "2020-09-08"),
        ("8-9-2020م", "2020-09-08"),
        ("08 | 09 | 2020", "2020-09-08"),
        ("سبتمبر 8 09:34 2020", "2020-09-08T09:34"),
        ("8 مواقع 09:34 2020", ""),
        ("8 | 9 | 10", ""),
        ("تاريخ النشر: 28-09-2020", "2020-09-28"),
        ("آخر تحديث 28 سبتمبر، 2020", "2020-09-28"),
    ],
)
def test_arabic_dates_with_weekday_time_and_figures(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("منذ 4 ساعات", "2026-11-24T08:00+00:00"),
        ("منذ ٤ ساعات", "2026-11-24T08:00+00:00"),
        ("قبل 4 ساعات", "2026-11-24T08:00+00:00"),
        ("منذ ساعة", "2026-11-24T11:00+00:00"),
        ("منذ ساعتين", "2026-11-24T10:00+00:00"),
        ("منذ 12 دقيقة", "2026-11-24T11:48+00:00"),
        ("منذ 9 دقائق", "2026-11-24T11:51+00:00"),
        ("منذ دقيقتين", "2026-11-24T11:58+00:00"),
        ("منذ يوم", "2026-11-23"),
        ("منذ يوم واحد", "2026-11-23"),
        ("سعاد النجار | منذ يوم", "2026-11-23"),
        ("سعاد النجار منذ ساعة", "2026-11-24T11:00+00:00"),
        ("منذ يومين", "2026-11-22"),
        ("منذ 5 أيام", "2026-11-19"),
        ("منذ أسبوع", "2026-11-17"),
        ("منذ أسبوعين", "2026-11-10"),
        ("منذ 4 أسابيع", "2026-10-27"),
        ("منذ شهر", "2026-10-24"),
        ("منذ شهرين", "2026-09-24"),
        ("منذ 5 أشهر", "2026-06-24"),
        ("منذ سنة", "2025-11-24"),
        ("قبل سنتين", "2024-11-24"),
        ("قبل 3 أعوام", "2023-11-24"),
        ("أمس", "2026-11-23"),
        ("اليوم", "2026-11-24"),
        ("اليوم 16:20", "2026-11-24T16:20"),
        ("أمس، 16:20", "2026-11-23T16:20"),
    ],
)
def test_relative_arabic_dates_count_from_the_fetch(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "اليوم السابع",
        "المصري اليوم",
        "أخبار اليوم",
        "صحيفة الأمس",
        "يوم أمس كان المطر غزيرا في المدينة كلها",
        "استعدادات مكثفة قبل شهر رمضان",
        "الحكومة تصرف الرواتب قبل يوم العيد",
        "مفقود منذ شهر",
        "نوسازی شبکه آب شهر از هفته آینده",
        "One year ago today the ferry stopped",
        "2024",
        "مايو 2024",
    ],
)
def test_names_and_sentences_are_no_relative_dates(text: str) -> None:
    assert read(text) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("לפני 3 שעות", "2026-11-24T09:00+00:00"),
        ("לפני יומיים", "2026-11-22"),
        ("אתמול", "2026-11-23"),
        ("دو روز پیش", "2026-11-22"),
        ("منذ ثلاثة أيام", "2026-11-21"),
        ("вчера в 10:30", "2026-11-23T10:30"),
        ("3小时前", "2026-11-24T09:00+00:00"),
        ("2天前", "2026-11-22"),
        ("昨日", "2026-11-23"),
        ("3시간 전", "2026-11-24T09:00+00:00"),
        ("2 วันที่แล้ว", "2026-11-22"),
        ("3 jam yang lalu", "2026-11-24T09:00+00:00"),
        ("2 dni temu", "2026-11-22"),
        ("před 2 dny", "2026-11-22"),
        ("för 2 dagar sedan", "2026-11-22"),
        ("2 päivää sitten", "2026-11-22"),
        ("2 दिन पहले", "2026-11-22"),
        ("πριν από 2 ημέρες", "2026-11-22"),
        ("vor zwei Tagen", "2026-11-22"),
    ],
)
def test_relative_dates_of_other_languages_count_from_the_fetch(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    ["Vor zwei Jahren pilgerte", "店は3年前に開いたという声が町の人たちから聞かれ、市長も認めた", "3 anni di fa"],
)
def test_numbers_of_years_within_a_sentence_are_no_relative_dates(text: str) -> None:
    assert read(text) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("26 พฤศจิกายน 2569", "2026-11-26"),
        ("26 พ.ย. 2569", "2026-11-26"),
        ("เผยแพร่: 6 มี.ค. 2565", "2022-03-06"),
        ("26/11/2569", "2026-11-26"),
        ("令和8年11月26日", "2026-11-26"),
        ("平成元年3月5日", ""),
        ("平成30年3月5日", "2018-03-05"),
        ("民國115年11月26日", "2026-11-26"),
        ("民 115 年度", ""),
        ("26. listopadu 2026", "2026-11-26"),
        ("2026. gada 26. novembris", "2026-11-26"),
        ("26ی تشرینی دووەمی 2026", "2026-11-26"),
    ],
)
def test_thai_years_japanese_eras_and_other_orders_are_read(text: str, expected: str) -> None:
    assert read(text, now=datetime(2026, 11, 28, tzinfo=UTC)) == expected


def test_a_month_back_from_its_31st_is_the_last_day_of_a_shorter_month() -> None:
    assert read("منذ شهر", now=datetime(2026, 3, 31, tzinfo=UTC)) == "2026-02-28"


def test_hours_back_are_told_on_the_clock_of_the_site() -> None:
    assert read("منذ ساعتين", timezone="Asia/Riyadh") == "2026-11-24T13:00+03:00"
    assert read("أمس", timezone="Pacific/Auckland") == "2026-11-24"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3 شعبان 1444", "2023-02-23"),
        ("3 شعبان 1444 هـ", "2023-02-23"),
        ("٣ شعبان ١٤٤٤هـ", "2023-02-23"),
        ("الأحد 12 ذو الحجة 1443", "2022-07-11"),
        ("1 محرم 1446هـ", "2024-07-07"),
        ("20 ربيع الأول 1445", "2023-10-05"),
        ("20 ربيع الآخر 1445", "2023-11-04"),
        ("20 جمادى الآخرة 1445", "2024-01-02"),
        ("3 شعبان 1444هـ - 23 فبراير 2023م", "2023-02-23"),
        ("الخميس ٣ شعبان ١٤٤٤ هـ الموافق ٢٤ فبراير ٢٠٢٣ م", "2023-02-24"),
    ],
)
def test_hijri_dates_are_converted_and_a_gregorian_one_beside_wins(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("۵ تیر ۱۴۰۱ - ۱۲:۴۵", "2022-06-26T12:45"),
        ("یکشنبه ۵ تیر ۱۴۰۱", "2022-06-26"),
        ("۱۴۰۱/۰۴/۰۵", "2022-06-26"),
        ("تاریخ انتشار: ۱۴۰۱/۴/۵ ۰۹:۳۰", "2022-06-26T09:30"),
        ("۳ ساعت پیش", "2026-11-24T09:00+00:00"),
        ("5 سرطان 1401", "2022-06-26"),
        ("۲۶ ژوئن ۲۰۲۲", "2022-06-26"),
    ],
)
def test_iranian_dates_are_converted(text: str, expected: str) -> None:
    assert read(text, language="fa") == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Posted on June 2nd, 2019 by the desk", "2019-06-02"),
        ("en", "2 June 2019 at 5:04 pm GMT", "2019-06-02T17:04+00:00"),
        ("en", "an hour ago", "2026-11-24T11:00+00:00"),
        ("en", "Yesterday at 10:05", "2026-11-23T10:05"),
        ("fr", "Publié le 3 février 2020 à 14h05", "2020-02-03T14:05"),
        ("fr", "1er août 2020", "2020-08-01"),
        ("fr", "il y a 3 jours", "2026-11-21"),
        ("fr", "hier à 10h05", "2026-11-23T10:05"),
        ("es", "12 de mayo de 2024", "2024-05-12"),
        ("es", "hace 2 días", "2026-11-22"),
        ("pt", "3 de fevereiro de 2020 às 14h05", "2020-02-03T14:05"),
        ("pt", "há 2 horas", "2026-11-24T10:00+00:00"),
        ("tr", "3 Şubat 2020 Pazartesi, 14:05", "2020-02-03T14:05"),
        ("tr", "5 dakika önce", "2026-11-24T11:55+00:00"),
        ("de", "Samstag, 12. März 2022, 14.05 Uhr", "2022-03-12T14:05"),
        ("de", "12.03.22", "2022-03-12"),
        ("de", "vor 5 Minuten", "2026-11-24T11:55+00:00"),
        ("ru", "12 мая 2020 г.", "2020-05-12"),
        ("it", "12 luglio 2021", "2021-07-12"),
        ("ja", "2024年5月12日 10:30", "2024-05-12T10:30"),
        ("ko", "2024년 5월 12일", "2024-05-12"),
        ("ur", "15 جنوری 2024", "2024-01-15"),
        ("ur", "3 گھنٹے پہلے", "2026-11-24T09:00+00:00"),
        ("ckb", "5 ئازار 2023", "2023-03-05"),
    ],
)
def test_dates_of_other_languages(language: str, text: str, expected: str) -> None:
    assert read(text, language=language) == expected


def test_figures_that_may_be_either_order_are_none_unless_the_page_tells() -> None:
    assert read("05/06/2020", order="", language="en") == ""
    assert read("05/06/2020", order="mdy", language="en") == "2020-05-06"
    assert read("05/06/2020", order="dmy", language="en") == "2020-06-05"
    assert read("23/06/2020", order="", language="en") == "2020-06-23"
    assert read("06/23/2020", order="dmy", language="en") == "2020-06-23"
    assert read("06/06/2020", order="", language="en") == "2020-06-06"


@pytest.mark.parametrize(
    "text", ["1.1.1970", "May 4, 2031", "31 فبراير 2020", "12 رمضان 1460", "30/02/2020", "99/99/2020", "5 شعبان 1290"]
)
def test_days_that_are_not_or_cannot_be_are_none(text: str) -> None:
    assert read(text, language="en") == ""


def test_published_and_updated_in_one_line_are_told_apart() -> None:
    context = DateContext(now=NOW, order="dmy", language="en")
    first, second = parse_all("Published: 3 May 2024 | Updated: 5 May 2024 10:00", context)
    assert (first.moment.iso(), first.modified) == ("2024-05-03", False)
    assert (second.moment.iso(), second.modified) == ("2024-05-05T10:00", True)


@pytest.mark.parametrize(
    ("line", "language", "expected"),
    [
        ("15 Ramadan 1447 AH", "en", "2026-03-04"),
        ("15 Ramadan 2026", "en", ""),
        ("4 มี.ค. 69 08:15", "th", "2026-03-04T08:15"),
        ("4 March 69", "en", ""),
        ("R8.3.4", "ja", "2026-03-04"),
        ("R8.3.4", "ko", ""),
        ("2026年（令和8年）3月4日", "ja", "2026-03-04"),
        ("3月4日 8時15分", "ja", "2026-03-04T08:15"),
        ("3/4(水) 8:15配信", "ja", "2026-03-04T08:15"),
        ("3/4 8:15", "ja", ""),
        ("11月24日（月）", "ja", "2025-11-24"),
        ("3月4日、市議会は橋を閉鎖した", "ja", ""),
        ("26.03.04", "ko", "2026-03-04"),
        ("26.03.04", "de", "2004-03-26"),
        ("4 Mar ’26", "en", "2026-03-04"),
        ("4 Mar 26", "en", ""),
        ("4/3/26", "en", "2026-03-04"),
        ("پێش ٣ کاتژمێر", "ckb", "2026-11-24T09:00+00:00"),
        ("3小时前", "zh", "2026-11-24T09:00+00:00"),
    ],
)
def test_short_years_eras_and_days_without_a_year(line: str, language: str, expected: str) -> None:
    assert read(line, language=language) == expected


@pytest.mark.parametrize(
    ("line", "language", "modified"),
    [
        ("Stand: 12.3.2026, 14:05 Uhr", "de", [True]),
        ("Stand vom 12. März 2026", "de", [True]),
        ("Stand der Arbeiten am Tag vor dem 12. März 2026", "de", [False]),
        ("understand 12 March 2026", "en", [False]),
        ("Ultimo aggiornamento: 12 Marzo 2026", "it", [True]),
        ("Última atualização: 12/03/2026", "pt", [True]),
        ("به‌روزرسانی: ۲۱ اسفند ۱۴۰۴", "fa", [True]),
        ("更新于 2026-03-12 14:05", "zh", [True]),
        ("수정 2026.03.12 14:05", "ko", [True]),
        ("แก้ไขล่าสุด 12 มี.ค. 2569", "th", [True]),
        ("2026年3月12日 14:05更新", "ja", [True]),
        ("2026年3月11日 公開 / 2026年3月12日 更新", "ja", [False, True]),
        ("2026年3月12日 更新 / 2026年3月11日 公開", "ja", [True, False]),
        ("发布于 2026-03-11 08:00 更新于 2026-03-12 14:05", "zh", [False, True]),
    ],
)
def test_labels_of_changes_stand_before_a_date_or_after_it(line: str, language: str, modified: list[bool]) -> None:
    found = parse_all(line, DateContext(now=datetime(2026, 11, 28, tzinfo=UTC), order="dmy", language=language))
    assert [written.modified for written in found] == modified


def test_small_letters_of_other_languages_are_no_time_zones() -> None:
    assert read("12 mai 2024 14:05 est paru", language="fr") == "2024-05-12T14:05"
    assert read("12 May 2024 14:05 EST", language="en") == "2024-05-12T14:05-05:00"


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2026, 11, 24)))
def test_every_day_round_trips_through_arabic_words(day: date) -> None:
    name = MONTHS[day.month][day.day % len(MONTHS[day.month])]
    assert read(f"{day.day} {name} {day.year}") == day.isoformat()


@given(st.text(max_size=600))
def test_any_text_gives_a_plausible_date_or_none(text: str) -> None:
    for written in parse_all(text, DateContext(now=NOW, order="dmy", language="ar")):
        assert date(1900, 1, 1) < written.moment.day < date(2026, 11, 27)


@pytest.mark.parametrize(
    "text",
    [
        "2024" * 50_000,
        "20/20/20/20-20.20." * 20_000,
        "1 " * 200_000,
        "منذ " * 100_000,
        "مايو " * 100_000,
        "12:" * 100_000,
    ],
)
def test_junk_costs_nothing(text: str) -> None:
    with effort.at_most(1):
        parse_all(text, DateContext(now=NOW))


def test_iranian_calendar_agrees_with_published_new_years() -> None:
    # Norouz as the calendar centre of the University of Tehran gives it.
    for year, day in {
        1370: date(1991, 3, 21),
        1375: date(1996, 3, 20),
        1388: date(2009, 3, 21),
        1399: date(2020, 3, 20),
        1404: date(2025, 3, 21),
    }.items():
        assert from_jalali(year, 1, 1) == day
    assert is_leap(1399)
    assert not is_leap(1400)
    assert from_jalali(1399, 12, 30) == date(2021, 3, 20)
    assert from_jalali(1400, 12, 30) is None


def test_hijri_outside_the_tables_is_none() -> None:
    assert from_hijri(1445, 9, 1) == date(2024, 3, 11)
    assert from_hijri(1200, 1, 1) is None
    assert from_hijri(1445, 13, 1) is None


@pytest.mark.parametrize(
    ("text", "language", "day"),
    [
        ("سه شنبه سوم شهریور ۱۳۹۴ ساعت ۱۱ و ۰۱ دقیقه", "fa", "2015-08-25T11:01"),
        ("بیست و یکم مهر ۱۴۰۲", "fa", "2023-10-13"),
        ("بیست و نهم مهر ۱۴۰۲", "fa", "2023-10-21"),
        ("سی و یکم شهریور ۱۴۰۲", "fa", "2023-09-22"),
        ("جمعه، ۲۹ آبان‌ماه ۱۴۰۵", "fa", "2026-11-20"),
        ("۲۹ آبان ۰۵ - ۰۸:۳۰", "fa", "2026-11-20T08:30"),
        ("۲۹ آبان ۹۸", "fa", "2019-11-20"),
        ("۰۵/۰۸/۲۹", "fa", "2026-11-20"),
        ("12 במרץ 2021", "he", "2021-03-12"),
        ("12 בספט׳ 2021", "he", "2021-09-12"),
        ("12 ספט' 2021", "he", "2021-09-12"),
        ("mar. 3 nov. 2020, 14:05", "fr", "2020-11-03T14:05"),
        ("mar. 3, 2020", "es", "2020-03-03"),
        ("مارس 3 2020", "ar", "2020-03-03"),
        ("12 מרץ 2021", "", "2021-03-12"),
        ("12. listopada 2020.", "hr", "2020-10-12"),
        ("12 listopada 2020", "pl", "2020-11-12"),
        ("2021 m. kovo 12 d.", "lt", "2021-03-12"),
        ("15 tháng 3, 2021", "vi", "2021-03-15"),
        ("१५ जनवरी 2021", "hi", "2021-01-15"),
        ("১৫ মে ২০২১", "bn", "2021-05-15"),
        ("12 март 2021", "bg", "2021-03-12"),
        ("12 сакавіка 2021", "be", "2021-03-12"),
        ("12 მარტი 2021", "ka", "2021-03-12"),
        ("12 մարտի 2021", "hy", "2021-03-12"),
        ("12 наурыз 2021", "kk", "2021-03-12"),
        ("12 mart 2021", "az", "2021-03-12"),
        ("15 ئازار 2021", "ckb", "2021-03-15"),
        ("12-مارت 2021", "ug", "2021-03-12"),
        ("29 Aban 05", "en", ""),
        ("05/08/29", "en", ""),
        ("سوم خرداد بود", "fa", ""),
    ],
)
def test_months_of_many_languages_and_days_in_words(text: str, language: str, day: str) -> None:
    moment = parse_written(text, DateContext(now=datetime(2026, 11, 28, 9, tzinfo=UTC), language=language, order="dmy"))
    assert (moment.iso() if moment else "") == day


def test_the_table_of_months_is_that_of_cldr(capsys):
    month_names.main()
    table = resources.files("archive.extract.dates").joinpath("months.tsv").read_text(encoding="utf-8")
    assert capsys.readouterr().out == table


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("24 تشرين2 2025", "ar", "2025-11-24"),
        ("24 ت1 2025", "ar", "2025-10-24"),
        ("24 ك2 2025", "ar", "2025-01-24"),
        ("24ê Mijdarê 2025", "ku", "2025-11-24"),
        ("24 ta’ Novembru 2025", "mt", "2025-11-24"),
        ("24 lis 2025", "pl", "2025-11-24"),
        ("24 нояб. 2025", "ru", "2025-11-24"),
        ("2025. március 24.", "hu", "2025-03-24"),
        ("24.XI.2025", "pl", "2025-11-24"),
        ("2025. XI. 24.", "hu", "2025-11-24"),
        ("二〇二五年十一月二十四日", "zh", "2025-11-24"),
        ("二〇二五年十月十日", "zh", "2025-10-10"),
        ("อังคารที่ 24 พฤศจิกายน พ.ศ. 2568", "th", "2025-11-24"),
        ("2025.11.24. 오후 10:15", "ko", "2025-11-24T22:15"),
        ("2025年11月24日 下午10:15", "zh", "2025-11-24T22:15"),
        ("2025年11月24日 10時15分", "ja", "2025-11-24T10:15"),
        ("24/11/2025 a las 10:15h", "es", "2025-11-24T10:15"),
        ("3/4/26", "es", "2026-04-03"),
        # years that may stand first, months that may, words that look like Roman figures
        ("25/11/24", "zh", ""),
        ("3/4/26", "en", ""),
        ("2025 i 2026", "pl", ""),
        ("24 v 20", "cs", ""),
        ("4 mars 2026 kl. 08.15", "sv", "2026-03-04T08:15"),
        ("4.3.2026 klo 8.15", "fi", "2026-03-04T08:15"),
        ("4 Maret 2026 08.15 WIB", "id", "2026-03-04T08:15"),
        ("Wed 4 Mar 2026 08.15 GMT", "en", "2026-03-04T08:15+00:00"),
        ("4 mars 2026 08.15", "sv", "2026-03-04"),
        ("klo 4.3.2026", "fi", "2026-03-04"),
    ],
)
def test_short_roman_and_written_out_forms(text: str, language: str, expected: str) -> None:
    assert read(text, order="" if language == "en" else "dmy", language=language) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("منذ 3 ساعات و 20 دقيقة", "2026-11-24T08:40+00:00"),
        ("منذ ساعتين و20 دقيقة", "2026-11-24T09:40+00:00"),
        ("2 days 3 hours ago", "2026-11-22"),
        ("1 hour, 20 minutes ago", "2026-11-24T10:40+00:00"),
        ("5m ago", "2026-11-24T11:55+00:00"),
        ("2d ago", "2026-11-22"),
        ("3mo ago", "2026-08-24"),
        ("منذ لحظات", "2026-11-24T12:00+00:00"),
        ("Published: just now", "2026-11-24T12:00+00:00"),
        ("刚刚", "2026-11-24T12:00+00:00"),
        # what only looks like one
        ("5 m", ""),
        ("The bridge was just now opened again", ""),
        ("کارها از هفته نخست شهریور آغاز می‌شود", ""),
        ("5 min read", ""),
    ],
)
def test_parts_short_units_and_just_now(text: str, expected: str) -> None:
    assert read(text, language="en") == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("منذ نصف ساعة", "ar", "2026-11-24T11:30+00:00"),
        ("half an hour ago", "en", "2026-11-24T11:30+00:00"),
        ("vor einer halben Stunde", "de", "2026-11-24T11:30+00:00"),
        ("полчаса назад", "ru", "2026-11-24T11:30+00:00"),
        ("half an hour", "en", ""),
        ("115/11/20 14:30", "zh", "2026-11-20T14:30"),
        ("115/11/20", "ja", ""),
    ],
)
def test_half_hours_and_years_of_the_republic(text: str, language: str, expected: str) -> None:
    assert read(text, language=language) == expected
