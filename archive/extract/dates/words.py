"""List the words of dates as data: months of three calendars, units of time, day names and labels, by their folded text."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from archive.arabic import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Calendar = Literal["gregorian", "hijri", "jalali"]

_PLAIN = str.maketrans({"ı": "i", "ł": "l", "đ": "d", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe"})


def fold_date(text: str) -> str:
    """Return the text in the spelling of this module's tables: Arabic letters and digits folded, without accents, lower case."""
    folded = fold(text).translate(_PLAIN)
    if folded.isascii():
        return folded
    bare = (
        _bare(character) for character in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(character)
    )
    return unicodedata.normalize("NFC", "".join(bare))


def _bare(character: str) -> str:
    """Return a digit of any script as 0 to 9, other characters unchanged."""
    return character if character.isascii() or not character.isdecimal() else str(unicodedata.decimal(character))


# Additions to `months.tsv`: other spellings, and names that are too short or ambiguous to be used in every language. One
# line per month, January first, separated by bars.
# Arabic has four sets of Gregorian names: Gulf and Egypt, the Levant and Iraq, Algeria and Tunisia (French), Morocco.
_ARABIC = """
    يناير | كانون الثاني | كانون ثاني | كانون ثان | جانفي
    فبراير | شباط | فيفري
    مارس | آذار | ادار
    أبريل | أفريل
    مايو | أيار
    يونيو | يونية | حزيران | جوان | يونيوز
    يوليو | يولية | تموز | جويلية | يوليوز
    أغسطس | آب | أوت | غشت
    سبتمبر | أيلول | شتنبر | سبتامبر | شتمبر
    أكتوبر | تشرين الأول | تشرين أول
    نوفمبر | تشرين الثاني | تشرين ثاني | تشرين ثان | نونبر | نوفنبر
    ديسمبر | كانون الأول | كانون أول | دجنبر | دسمبر
"""
_PERSIAN_URDU_KURDISH = """
    ژانویه | جنوری | کانونی دووهم | ینایر
    فوریه | فبریه | فروری
    مارچ | ادار
    آوریل | اپریل
    مه | می | مئی
    ژوئن | جون | حوزیران
    ژوئیه | جولای | جولائی | تەمموز | تەموز
    اوت | آگوست | اگست
    سپتامبر | ستمبر | ئەیلول
    اکتبر | اکتوبر
    نوامبر | نومبر
    دسامبر | کانوونی یەکەم
"""
_LATIN = """
    january | jan | janner | jaenner | ene | oca | gen
    february | feb | feber | fév | şub
    march | mar | mrz | mrt
    apr | avr | abr | nis
    may | mai | mag | mei | maj
    june | jun | haz | giu
    july | jul | tem | lug
    aug | ago | ağu | ags
    sep | setiembre | set | eyl
    october | oct | okt | out | eki | ott
    nov | kas | listopada | listopad | nopember
    dec | dez | dic | ara | des
"""
_CYRILLIC = """
    янв
    фев
    мар
    апр
    мая | май
    июн
    июл
    авг
    сен
    окт
    ноя
    дек
"""
_HIJRI = """
    محرم | المحرم | muharram
    صفر | صفر المظفر | safar
    ربيع الأول | ربيع أول
    ربيع الآخر | ربيع الثاني | ربيع ثاني | ربيع ثان
    جمادى الأولى | جمادى الأول | جمادي الاولي | جماد الأول | جمادى اول
    جمادى الآخرة | جمادى الثانية | جمادى الثاني | جمادى الآخر | جماد الثاني | جماد الآخر
    رجب | رجب المرجب | rajab
    شعبان | شعبان المعظم | shaban
    رمضان | رمضان المبارك | ramadan | ramazan
    شوال | شوال المكرم | shawwal
    ذو القعدة | ذي القعدة | ذوالقعدة | ذيقعدة | ذی القعده
    ذو الحجة | ذي الحجة | ذوالحجة | ذیحجه | ذی الحجه
"""
# The Iranian months, with their Afghan names in Dari and Pashto.
_JALALI = """
    فروردین | حمل | وری
    اردیبهشت | ثور | غویی
    خرداد | جوزا | غبرګولی
    تیر | سرطان | چنګاښ
    مرداد | امرداد | اسد | زمری
    شهریور | سنبله | وږی
    مهر | میزان | تله
    آبان | عقرب | لړم
    آذر | قوس | لیندۍ
    دی | جدی | مرغومی
    بهمن | دلو | سلواغه
    اسفند | حوت | کب
"""


def _names(*tables: str) -> Iterator[tuple[str, int]]:
    """Yield folded name and number of each month; a line that ends with a bar continues in the next one."""
    for table in tables:
        for number, names in enumerate(table.strip().replace("|\n", "|").splitlines(), 1):
            for name in names.split("|"):
                yield fold_date(name.strip()), number


_OWN: Mapping[str, tuple[int, Calendar]] = {
    **{name: (number, "jalali") for name, number in _names(_JALALI)},
    **{name: (number, "hijri") for name, number in _names(_HIJRI)},
    **{name: (number, "gregorian") for name, number in _names(_LATIN, _CYRILLIC, _PERSIAN_URDU_KURDISH, _ARABIC)},
}
_LEAST = 4
"""Minimum letters of a Latin or Cyrillic name that is valid in any language; shorter ones only in their own."""
_LAST_SHARED_SCRIPT = "\u052f"


def _from_cldr() -> Mapping[str, Mapping[str, tuple[int, Calendar]]]:
    """Return the names of `months.tsv`, folded, by language."""
    found: dict[str, dict[str, tuple[int, Calendar]]] = {}
    with resources.files("archive.extract.dates").joinpath("months.tsv").open(encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith("#"):
                code, *months = line.rstrip("\n").split("\t")
                found[code] = {
                    fold_date(name.rstrip("׳")): (number, "gregorian")
                    for number, names in enumerate(months, 1)
                    for name in names.split("|")
                }
    return found


_CLDR = _from_cldr()


def _is_telling(name: str) -> bool:
    return len(name) >= _LEAST or name[:1] > _LAST_SHARED_SCRIPT


def _of_any_language() -> Mapping[str, tuple[int, Calendar]]:
    """Return the names that mean the same month in all languages; `listopad` is October in Croatian and November in Czech."""
    numbers: dict[str, set[int]] = {}
    for names in _CLDR.values():
        for name, (number, _) in names.items():
            numbers.setdefault(name, set()).add(number)
    sure = {name: next(iter(found)) for name, found in numbers.items() if len(found) == 1 and _is_telling(name)}
    # Hebrew prefixes «in» to a name («במרץ»), Persian appends «month» («آبان‌ماه»).
    joined = {f"ב{name}": value for name, value in _CLDR["he"].items()}
    # Kurdish inflects a month's last word before the year («تشرینی دووەمی 2026»).
    joined |= {fold_date(f"{name}ی"): value for name, value in _CLDR["ckb"].items()}
    joined |= {f"{name}e": value for name, value in _CLDR["ku"].items() if _is_telling(name)}
    joined |= {f"{name}ماه": value for name, value in _OWN.items() if value[1] == "jalali"}
    return {**{name: (number, "gregorian") for name, number in sure.items()}, **joined, **_OWN}


MONTHS: Mapping[str, tuple[int, Calendar]] = _of_any_language()
"""Folded month name of one or two words → number and calendar; a name in two calendars counts as Gregorian."""


@lru_cache(maxsize=64)
def months_of(language: str) -> Mapping[str, tuple[int, Calendar]]:
    """Return the month names for a page in that language, whose own names take precedence."""
    own = _CLDR.get(language)
    return {**MONTHS, **own} if own else MONTHS


def _set(names: str) -> frozenset[str]:
    return frozenset(fold_date(name) for name in names.split("|"))


FILLERS = _set(
    "of|the|de|del|du|di|d|da|do|le|el|من|شهر|سنة|عام|لعام|لسنة|العام|ماه|سال|st|nd|rd|th|er|o|a|م|ء|år|г|год|года|r"
    "|ی|ê|ta|gada|den|y|yil|m|năm|roku|rok|godine|g|жылы|წლის|թ"
)
"""Words between the parts of a date."""
# One line per day, Monday first.
_WEEKDAYS = """
    monday|mon|montag|mo|lundi|lunes|lunedì|pazartesi|الاثنين|الإثنين|اثنين|دوشنبه|دوشنبە|پیر|понедельник|maandag|segunda
    tuesday|tue|tues|dienstag|mardi|martes|martedì|salı|الثلاثاء|ثلاثاء|سه شنبه|سه‌شنبه|منگل|вторник|dinsdag|terça
    wednesday|wed|mittwoch|mercredi|miércoles|mercoledì|çarşamba|الأربعاء|أربعاء|چهارشنبه|بدھ|среда|woensdag|quarta
    thursday|thu|thurs|thur|donnerstag|jeudi|jueves|giovedì|perşembe|الخميس|خميس|پنجشنبه|پنج‌شنبه|جمعرات|четверг|donderdag|quinta
    friday|fri|freitag|vendredi|viernes|venerdì|cuma|الجمعة|جمعة|جمعه|пятница|vrijdag|sexta
    saturday|sat|samstag|sonnabend|samedi|sábado|sabato|cumartesi|السبت|سبت|شنبه|ہفتہ|суббота|zaterdag
    sunday|sun|sonntag|dimanche|domingo|domenica|pazar|الأحد|أحد|یکشنبه|اتوار|воскресенье|zondag
"""
WEEKDAYS: Mapping[str, int] = {
    fold_date(name.strip()): day for day, names in enumerate(_WEEKDAYS.split("\n")[1:8]) for name in names.split("|")
}
"""Folded names of weekdays → Monday 0 to Sunday 6."""
_ORDINAL_WORDS = "اول|دوم|سوم|چهارم|پنجم|ششم|هفتم|هشتم|نهم|دهم|یازدهم|دوازدهم|سیزدهم|چهاردهم|پانزدهم|شانزدهم|هفدهم|هجدهم|نوزدهم|بیستم"
_ORDINALS = _ORDINAL_WORDS.split("|")
ORDINALS: Mapping[str, int] = {
    **{fold_date(word): number for number, word in enumerate(_ORDINALS, 1)},
    **{
        fold_date(f"{ten} و {word}"): start + number
        for ten, start, most in (("بیست", 20, 9), ("سی", 30, 1))
        for number, word in enumerate(("یکم", *_ORDINALS[1:9]), 1)
        if number <= most
    },
    **{
        fold_date(word): number
        for word, number in (("یکم", 1), ("سی ام", 30), ("سی‌ام", 30), ("سیم", 30), ("هیجدهم", 18))
    },
}
"""Persian days of a month in words: «سوم شهریور»."""
THAI_MONTHS: Mapping[str, str] = dict(
    zip(
        ("ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค."),
        sorted((name for name in _CLDR["th"] if "." not in name), key=lambda name: _CLDR["th"][name][0]),
        strict=True,
    )
)
"""Abbreviated Thai months with points, and their folded names."""
ERAS: Mapping[str, int] = {"令和": 2018, "平成": 1988, "昭和": 1925}
"""Japanese eras and the year before each."""
HIJRI_MARKS = _set("هـ|ه|هجري|هجرية|هجریه|ہجری|ق")

SECOND, MINUTE, HOUR, DAY, WEEK = 1, 60, 3_600, 86_400, 604_800
MONTH, YEAR = -1, -12
"""Negative units count months, which have no fixed length in seconds."""

_UNITS: Mapping[int, str] = {
    SECOND: (
        "ثانية|ثواني|ثوان|ثانیه|سیکنڈ|s|second|seconds|sec|secs|seconde|secondes|segundo|segundos|saniye"
        "|sekunde|sekunden|secondi"
    ),
    MINUTE: (
        "دقيقة|دقائق|دقایق|دقیقه|منٹ|m|minute|minutes|min|mins|minuto|minutos|dakika|dk|minuten|minuti|минут"
        "|минуты|минуту|minuut"
        "|خولەک|דקה|דקות|menit|хвилин|хвилини|хвилину|minuty|minutę|minuter|minutter|minuuttia|minutami|मिनट|মিনিট|phút|λεπτά|perccel"
    ),
    HOUR: (
        "ساعة|ساعات|ساعت|گھنٹے|گھنٹہ|گھنٹا|hour|hours|hr|hrs|h|heure|heures|hora|horas|saat|stunde|stunden"
        "|std|ora|ore|час|часа|часов|uur"
        "|کاتژمێر|שעה|שעות|jam|годин|години|годину|godzin|godziny|godzinę|timmar|timme|timer|tuntia|hodinami|hodinou|oră|घंटे|घंटा|ঘণ্টা|giờ|ώρες|ώρα|órával"
    ),
    DAY: (
        "يوم|يوما|أيام|روز|دن|ورځ|ڕۆژ|d|day|days|jour|jours|dia|dias|gün|tag|tage|tagen|giorno|giorni|день"
        "|дня|дней|dag|dagen"
        "|יום|ימים|hari|дні|днів|dzień|dni|dagar|dage|dager|dygn|päivää|dny|zile|दिन|দিন|ngày|ημέρες|μέρες|nappal"
    ),
    WEEK: (
        "أسبوع|أسبوعا|أسابيع|هفته|ہفتے|ہفتہ|w|wk|wks|week|weeks|semaine|semaines|semana|semanas|hafta|woche|wochen"
        "|settimana|settimane|неделю|недели|недель"
        "|هەفتە|שבוע|שבועות|minggu|тиждень|тижні|тижнів|tydzień|tygodnie|tygodni|veckor|vecka|uger|uker|viikkoa|týdny|săptămâni|हफ्ते|সপ্তাহ|tuần|εβδομάδες|héttel"
    ),
    MONTH: (
        "شهر|شهرا|أشهر|شهور|ماه|ماہ|مہینے|مہینہ|mo|mos|month|months|mois|mes|meses|ay|monat|monate|monaten|mese"
        "|mesi|месяц|месяца|месяцев|maand|maanden"
        "|مانگ|חודש|חודשים|bulan|місяць|місяці|місяців|miesiąc|miesiące|miesięcy|månader|måneder|kuukautta|měsíci|luni|महीने|মাস|μήνες|hónappal"
    ),
    YEAR: (
        "سنة|سنوات|سنين|عام|عاما|أعوام|سال|yr|yrs|year|years|an|ans|année|années|año|años|yıl|jahr|jahre|jahren"
        "|anno|anni|год|года|лет|jaar"
        "|ساڵ|שנה|שנים|tahun|рік|роки|років|rok|lata|lat|år|vuotta|lety|साल|বছর|χρόνια|évvel"
    ),
}
UNITS: Mapping[str, int] = {fold_date(name): unit for unit, names in _UNITS.items() for name in names.split("|")}
_DUALS: Mapping[int, str] = {
    SECOND: "ثانيتين",
    MINUTE: "دقيقتين",
    HOUR: "ساعتين|שעתיים",
    DAY: "يومين|יומיים",
    WEEK: "أسبوعين|שבועיים",
    MONTH: "شهرين|חודשיים",
    YEAR: "سنتين|عامين|שנתיים",
}
DUALS: Mapping[str, int] = {fold_date(name): unit for unit, names in _DUALS.items() for name in names.split("|")}
"""The dual forms of Arabic and Hebrew."""
_COUNTS = """
    a|an|one|un|une|una|um|uma|ein|eine|einer|einem|bir|uno|یک|ایک
    two|deux|dos|dois|duas|zwei|due|iki|دو
    three|trois|tres|três|drei|tre|üç|ثلاث|ثلاثة|سه
    four|quatre|cuatro|quatro|vier|quattro|dört|أربع|أربعة|چهار
    five|cinq|cinco|fünf|cinque|beş|خمس|خمسة|پنج
    six|seis|sechs|sei|altı|ست|ستة|شش
    seven|sept|siete|sete|sieben|sette|yedi|سبع|سبعة|هفت
    eight|huit|ocho|oito|acht|otto|sekiz|ثماني|ثمانية|هشت
    nine|neuf|nueve|nove|neun|dokuz|تسع|تسعة|نه
    ten|dix|diez|dez|zehn|dieci|on|عشر|عشرة|ده
"""
COUNTS: Mapping[str, int] = {
    fold_date(word.strip()): count
    for count, words in enumerate(_COUNTS.strip().splitlines(), 1)
    for word in words.split("|")
}
"""Small numbers in words, before a unit of time."""

HALF_HOURS = _set(
    "نصف ساعة|نیم ساعت|half an hour|half hour|demi-heure|halben stunde|media hora|meia hora|mezz'ora|mezzora|полчаса|півгодини|yarım saat"
    "|חצי שעה|آدھا گھنٹہ|آدھے گھنٹے|pół godziny|half uur|en halvtimme|puoli tuntia|setengah jam|نیو ساعه|نیو کاتژمێر"
)
"""Half an hour in words."""
BEFORE = _set("منذ|قبل|il y a|hace|há|vor|پیش از|پێش|לפני|před|pred|acum|πριν από|πριν")
"""Words before the number of a relative time."""
AFTER = _set(
    "ago|پیش|قبل|önce|پہلے|назад|fa|atrás|geleden|temu|مخکې|لەمەوبەر|siden|sedan|yang lalu|lalu|тому|sitten|ezelőtt|पहले|আগে|trước"
)
"""Words after the unit of a relative time."""
JUST_NOW = _set(
    "منذ لحظات|قبل لحظات|منذ قليل|قبل قليل|just now|moments ago|a moment ago|a few seconds ago|à l'instant"
    "|il y a quelques instants|hace un momento|hace instantes|agora mesmo|gerade eben|az önce|biraz önce|şimdi|لحظاتی پیش|لحظاتی قبل"
    "|چند لحظه پیش|ابھی ابھی|только что|щойно"
    "|לפני רגע|zojuist|przed chwilą|pochi istanti fa|刚刚|剛剛|たった今|방금 전|방금|vừa xong|baru saja"
)
"""Words for a relative time of less than a minute."""
TODAY = _set(
    "اليوم|today|aujourd|hoy|hoje|bugün|heute|oggi|امروز|آج|сегодня|vandaag|نن|ئەمڕۆ"
    "|היום|hari ini|сьогодні|dziś|dzisiaj|idag|i dag|tänään|dnes|astăzi|σήμερα|आज|今天|今日|오늘|hôm nay"
)
YESTERDAY = _set(
    "أمس|البارحة|yesterday|hier|ayer|ontem|dün|gestern|ieri|دیروز|вчера|gisteren|پرون|دوێنێ"
    "|אתמול|kemarin|вчора|wczoraj|igår|i går|eilen|včera|χθες|χτες|tegnap|昨天|昨日|어제|hôm qua"
)

_MODIFIED = (
    "آخر تحديث|تاريخ التحديث|تم التحديث|تحديث|تعديل|آخر تعديل|حدث في|عُدّل|updated|update|modified|last modified"
    "|last updated|revised|edited|mis à jour|mise à jour"
    "|modifié|actualisé|actualizado|actualización|atualizado|modificado|güncelle|güncellenme|aktualisiert"
    "|aktualisierung|geändert|update am|zuletzt|aggiornato"
    "|עודכן|מעודכן|עדכון אחרון|به روز رسانی|zaktualizowano|aktualizacja|aktualizováno|aktualizované|actualizat|frissítve"
    "|ažurirano|оновлено|абноўлена|обновена|обновено|обновление|ενημερώθηκε|τελευταία ενημέρωση|opdateret|oppdatert"
    "|uppdaterad|päivitetty|actualitzat|cập nhật|diperbarui|yenilənib|განახლდა|թարմացվել է|жаңартылды|अपडेट|আপডেট|হালনাগাদ"
    "|بروزرسانی|به‌روزرسانی|به روز|بازنشر|ویرایش|اپ ڈیٹ|обновлено|bijgewerkt|laatste wijziging|نوێکردنەوە|نوێکرایەوە|آپدیت"
    "|aggiornamento|ultima modifica|modifica il|modificato"
    "|atualização|alterado|aktualizacji|senast ändrad|sist endret|senest ændret|naposledy upraveno"
    "|更新|修改|修订|修訂|수정|업데이트|갱신|อัปเดต|อัพเดท|แก้ไข|ปรับปรุง"
)
MODIFIED: tuple[str, ...] = tuple(sorted({fold_date(word) for word in _MODIFIED.split("|")}, key=len, reverse=True))
"""Labels of the time of the last change."""
STAND = re.compile(r"(?<!\w)stand(?:\s(?:vom|am|von))?\s?:?\s*(?:[^\W\d]{2,10}\.?,\s)?$")
"""German's label of the time of the last change, directly before the date: `Stand: 12.3.2026`."""
CHANGED = re.compile(
    rf"[^,.;|/]{{0,24}}?(?:{fold_date('更新|修正|수정|업데이트')})(?!\s?[^\W\d]?\s?[:：]|[日时時于於]|\s?\d)"
)
"""The same label after the date, as in Japanese."""
_BESIDE = (
    "published|posted|on|at|um|uhr|am|pm|le|el|publié|publiée|publicado|publicada|veröffentlicht|pubblicato|pubblicata"
    "|yayınlanma|опубликовано|פורסם|في|يوم|نشر|نشرت|تاريخ|النشر|ساعت|الساعة|ص|م|منتشر|انتشار|شائع"
)
LABEL_WORDS = frozenset(word for label in (*MODIFIED, *_set(_BESIDE)) for word in label.split())
"""Words that may accompany a date in a line with nothing else."""
