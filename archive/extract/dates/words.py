"""List the words of dates as data: months of three calendars, units of time, day names and labels, by their folded text."""

from __future__ import annotations

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
    """Return the text in the spelling of this module's tables: Arabic letters and digits folded, accents off, lower case."""
    folded = fold(text).translate(_PLAIN)
    if folded.isascii():
        return folded
    bare = (
        _bare(character) for character in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(character)
    )
    return unicodedata.normalize("NFC", "".join(bare))


def _bare(character: str) -> str:
    """Return a figure of any script as one of 0 to 9, another character as it is."""
    return character if character.isascii() or not character.isdecimal() else str(unicodedata.decimal(character))


# One line a month, January first: the names of every tradition, separated by bars.
# Arabic has four for the Gregorian year: Gulf and Egypt, the Levant and Iraq, Algeria and Tunisia (French), Morocco.
_ARABIC = """
    يناير | كانون الثاني | كانون ثاني | كانون ثان | جانفي
    فبراير | شباط | فيفري | فبرائر
    مارس | آذار | أذار | ادار
    أبريل | إبريل | ابريل | نيسان | أفريل
    مايو | أيار | ماي
    يونيو | يونية | يونيه | حزيران | جوان | يونيوز
    يوليو | يولية | يوليه | تموز | جويلية | يوليوز
    أغسطس | آب | أوت | غشت
    سبتمبر | أيلول | شتنبر | سبتامبر | شتمبر
    أكتوبر | تشرين الأول | تشرين أول | اكتوبر
    نوفمبر | تشرين الثاني | تشرين ثاني | تشرين ثان | نونبر | نوفنبر
    ديسمبر | كانون الأول | كانون أول | دجنبر | دسمبر
"""
_PERSIAN_URDU_KURDISH = """
    ژانویه | ژانویهٔ | جنوری | کانوونی دووەم | کانونی دووهم | ینایر
    فوریه | فبریه | فروری | شوبات
    مارچ | ئازار | ادار
    آوریل | اپریل | نیسان
    مه | می | مئی | ئایار
    ژوئن | جون | حوزەیران | حوزیران
    ژوئیه | جولای | جولائی | تەمموز | تەموز
    اوت | آگوست | اگست | ئاب
    سپتامبر | ستمبر | ئەیلوول | ئەیلول
    اکتبر | اکتوبر | تشرینی یەکەم
    نوامبر | نومبر | تشرینی دووەم
    دسامبر | کانوونی یەکەم
"""
_LATIN = """
    january | jan | januar | janner | jänner | jaenner | janvier | janv | enero | ene | janeiro | ocak | oca |
      gennaio | gen | januari | stycznia | styczen | ianuarie | leden | ledna | tammikuuta | tammikuu | ιανουαριου |
      januar
    february | feb | febr | februar | feber | février | fevrier | févr | fevr | fév | febrero | fevereiro | fev |
      şubat | şub | febbraio | februari | lutego | luty | februarie | února | únor | helmikuuta | φεβρουαριου
    march | mar | märz | maerz | mrz | mär | mars | marzo | março | marco | mart | maart | marca | marzec |
      martie | března | březen | maret | maaliskuuta | μαρτιου | mrt
    april | apr | avril | avr | abril | abr | nisan | nis | aprile | kwietnia | kwiecień | aprilie | dubna |
      duben | huhtikuuta | απριλιου
    may | mai | mayo | maio | mayıs | maggio | mag | mei | maja | maj | května | květen | toukokuuta | μαιου
    june | jun | juni | juin | junio | junho | haziran | haz | giugno | giu | czerwca | czerwiec | iunie | června |
      červen | kesäkuuta | ιουνιου
    july | jul | juli | juillet | juil | julio | julho | temmuz | tem | luglio | lug | lipca | lipiec | iulie |
      července | červenec | heinäkuuta | ιουλιου
    august | aug | août | aout | agosto | ago | ağustos | ağu | augustus | sierpnia | sierpień | srpna | srpen |
      agustus | elokuuta | αυγουστου | augusti | ags
    september | sept | sep | septembre | septiembre | setiembre | setembro | set | eylül | eyl | settembre |
      września | wrzesień | septembrie | září | syyskuuta | σεπτεμβριου
    october | oct | oktober | okt | octobre | octubre | outubro | out | ekim | eki | ottobre | ott | października |
      październik | octombrie | října | říjen | lokakuuta | οκτωβριου
    november | nov | novembre | noviembre | novembro | kasım | kas | listopada | listopadu | listopad | noiembrie |
      marraskuuta | νοεμβριου | nopember
    december | dec | dezember | dez | décembre | decembre | déc | diciembre | dic | dezembro | aralık | ara |
      dicembre | grudnia | grudzień | decembrie | prosince | prosinec | desember | des | joulukuuta | δεκεμβριου
"""
_CYRILLIC = """
    января | январь | янв | січня | січень
    февраля | февраль | фев | лютого | лютий
    марта | март | мар | березня | березень
    апреля | апрель | апр | квітня | квітень
    мая | май | травня | травень
    июня | июнь | июн | червня | червень
    июля | июль | июл | липня | липень
    августа | август | авг | серпня | серпень
    сентября | сентябрь | сен | сент | вересня | вересень
    октября | октябрь | окт | жовтня | жовтень
    ноября | ноябрь | ноя | листопада | листопад
    декабря | декабрь | дек | грудня | грудень
"""
_HIJRI = """
    محرم | المحرم
    صفر | صفر المظفر
    ربيع الأول | ربيع أول
    ربيع الآخر | ربيع الثاني | ربيع ثاني | ربيع ثان
    جمادى الأولى | جمادى الأول | جمادي الاولي | جماد الأول | جمادى اول
    جمادى الآخرة | جمادى الثانية | جمادى الثاني | جمادى الآخر | جماد الثاني | جماد الآخر
    رجب | رجب المرجب
    شعبان | شعبان المعظم
    رمضان | رمضان المبارك
    شوال | شوال المكرم
    ذو القعدة | ذي القعدة | ذوالقعدة | ذيقعدة | ذی القعده
    ذو الحجة | ذي الحجة | ذوالحجة | ذیحجه | ذی الحجه
"""
# The Iranian year, with its Afghan names in Dari and Pashto.
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
    """Yield folded name and number of each month; a line that ends with a bar goes on in the next one."""
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
"""Letters from which a Latin or Cyrillic name says its month in any language; shorter ones only in their own."""
_LAST_SHARED_SCRIPT = "\u052f"


def _from_cldr() -> Mapping[str, Mapping[str, tuple[int, Calendar]]]:
    """Return the names of `months.tsv`, folded, by language."""
    found: dict[str, dict[str, tuple[int, Calendar]]] = {}
    with resources.files("archive.extract.dates").joinpath("months.tsv").open(encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith("#"):
                code, *months = line.rstrip("\n").split("\t")
                found[code] = {
                    fold_date(name): (number, "gregorian")
                    for number, names in enumerate(months, 1)
                    for name in names.split("|")
                }
    return found


_CLDR = _from_cldr()


def _is_telling(name: str) -> bool:
    return len(name) >= _LEAST or name[:1] > _LAST_SHARED_SCRIPT


def _of_any_language() -> Mapping[str, tuple[int, Calendar]]:
    """Return the names that mean one month wherever they are used; `listopad` is October in Croatian and November in Czech."""
    numbers: dict[str, set[int]] = {}
    for names in _CLDR.values():
        for name, (number, _) in names.items():
            numbers.setdefault(name, set()).add(number)
    sure = {name: next(iter(found)) for name, found in numbers.items() if len(found) == 1 and _is_telling(name)}
    # Hebrew joins «in» to a name («במרץ»), Persian «month of» («آبان‌ماه»).
    joined = {f"ב{name}": value for name, value in _CLDR["he"].items()}
    # Kurdish joins its year to a month's last word («تشرینی دووەمی 2026»).
    joined |= {fold_date(f"{name}ی"): value for name, value in _CLDR["ckb"].items()}
    joined |= {f"{name}e": value for name, value in _CLDR["ku"].items() if _is_telling(name)}
    joined |= {f"{name}ماه": value for name, value in _OWN.items() if value[1] == "jalali"}
    return {**{name: (number, "gregorian") for name, number in sure.items()}, **joined, **_OWN}


MONTHS: Mapping[str, tuple[int, Calendar]] = _of_any_language()
"""Folded month name, of one or two words → number and calendar; a name of two calendars is the Gregorian one's."""


@lru_cache(maxsize=64)
def months_of(language: str) -> Mapping[str, tuple[int, Calendar]]:
    """Return the names of the months on a page in that language, whose own names come first."""
    own = _CLDR.get(language)
    return {**MONTHS, **own} if own else MONTHS


def _set(names: str) -> frozenset[str]:
    return frozenset(fold_date(name) for name in names.split("|"))


FILLERS = _set(
    "of|the|de|del|du|di|d|da|do|le|el|من|شهر|سنة|عام|لعام|لسنة|العام|ماه|سال|st|nd|rd|th|er|o|a|م|ء|år|г|год|года|r"
    "|ی|ê|ta|gada|den|y|yil|m|năm|roku|rok|godine|g|жылы|წლის|թ"
)
"""Words that stand between the parts of one date."""
# One line a day, Monday first.
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
"""Thai months as they are abbreviated, with points within, and their folded names."""
ERAS: Mapping[str, int] = {"令和": 2018, "平成": 1988, "昭和": 1925}
"""Japanese eras and the year before each."""
HIJRI_MARKS = _set("هـ|ه|هجري|هجرية|هجریه|ہجری|ق")

SECOND, MINUTE, HOUR, DAY, WEEK = 1, 60, 3_600, 86_400, 604_800
MONTH, YEAR = -1, -12
"""Negative units count months, since those have no fixed length in seconds."""

_UNITS: Mapping[int, str] = {
    SECOND: (
        "ثانية|ثواني|ثوان|ثانیه|سیکنڈ|s|second|seconds|sec|secs|seconde|secondes|segundo|segundos|saniye"
        "|sekunde|sekunden|secondi"
    ),
    MINUTE: (
        "دقيقة|دقائق|دقایق|دقیقه|منٹ|m|minute|minutes|min|mins|minuto|minutos|dakika|dk|minuten|minuti|минут"
        "|минуты|минуту|minuut"
        "|דקה|דקות|menit|хвилин|хвилини|хвилину|minuty|minutę|minuter|minutter|minuuttia|minutami|मिनट|মিনিট|phút|λεπτά|perccel"
    ),
    HOUR: (
        "ساعة|ساعات|ساعت|گھنٹے|گھنٹہ|گھنٹا|hour|hours|hr|hrs|h|heure|heures|hora|horas|saat|stunde|stunden"
        "|std|ora|ore|час|часа|часов|uur"
        "|שעה|שעות|jam|годин|години|годину|godzin|godziny|godzinę|timmar|timme|timer|tuntia|hodinami|hodinou|oră|घंटे|घंटा|ঘণ্টা|giờ|ώρες|ώρα|órával"
    ),
    DAY: (
        "يوم|يوما|أيام|روز|دن|ورځ|ڕۆژ|d|day|days|jour|jours|dia|dias|gün|tag|tage|tagen|giorno|giorni|день"
        "|дня|дней|dag|dagen"
        "|יום|ימים|hari|дні|днів|dzień|dni|dagar|dage|dager|dygn|päivää|dny|zile|दिन|দিন|ngày|ημέρες|μέρες|nappal"
    ),
    WEEK: (
        "أسبوع|أسبوعا|أسابيع|هفته|ہفتے|ہفتہ|w|wk|wks|week|weeks|semaine|semaines|semana|semanas|hafta|woche|wochen"
        "|settimana|settimane|неделю|недели|недель"
        "|שבוע|שבועות|minggu|тиждень|тижні|тижнів|tydzień|tygodnie|tygodni|veckor|vecka|uger|uker|viikkoa|týdny|săptămâni|हफ्ते|সপ্তাহ|tuần|εβδομάδες|héttel"
    ),
    MONTH: (
        "شهر|شهرا|أشهر|شهور|ماه|ماہ|مہینے|مہینہ|mo|mos|month|months|mois|mes|meses|ay|monat|monate|monaten|mese"
        "|mesi|месяц|месяца|месяцев|maand|maanden"
        "|חודש|חודשים|bulan|місяць|місяці|місяців|miesiąc|miesiące|miesięcy|månader|måneder|kuukautta|měsíci|luni|महीने|মাস|μήνες|hónappal"
    ),
    YEAR: (
        "سنة|سنوات|سنين|عام|عاما|أعوام|سال|yr|yrs|year|years|an|ans|année|années|año|años|yıl|jahr|jahre|jahren"
        "|anno|anni|год|года|лет|jaar"
        "|שנה|שנים|tahun|рік|роки|років|rok|lata|lat|år|vuotta|lety|साल|বছর|χρόνια|évvel"
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
"""Arabic and Hebrew have a form of its own for two of a thing."""
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
"""Small numbers in words, which stand before a unit of time."""

BEFORE = _set("منذ|قبل|il y a|hace|há|vor|از|پیش از|לפני|před|pred|acum|πριν από|πριν")
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
"""What stands in the place of a relative time that is shorter than a minute."""
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
    "|بروزرسانی|به روز|بازنشر|ویرایش|اپ ڈیٹ|обновлено|bijgewerkt|نوێکردنەوە|آپدیت"
)
MODIFIED: tuple[str, ...] = tuple(sorted({fold_date(word) for word in _MODIFIED.split("|")}, key=len, reverse=True))
"""Labels of the time of the last change."""
_BESIDE = "published|posted|on|at|um|uhr|am|pm|le|el|في|يوم|نشر|تاريخ|النشر|ساعت|الساعة|ص|م"
LABEL_WORDS = frozenset(word for label in (*MODIFIED, *_set(_BESIDE)) for word in label.split())
"""Words that may stand beside a date in a line that says nothing else."""
