"""Finds the agency or other source that a text credits at its edges: text comes in, the source's name goes out."""

from __future__ import annotations

import re

_EDGE_LINES = 3
_MAX_LINE = 90

# Name as kept: every way its credit line writes it. National agencies as they sign themselves.
_AGENCIES: dict[str, str] = {
    "واس": r"واس|وكالة الأنباء السعودية|SPA",
    "وام": r"وام|وكالة أنباء الإمارات|WAM",
    "قنا": r"قنا|وكالة الأنباء القطرية|QNA",
    "بترا": r"بترا|وكالة الأنباء الأردنية|Petra",
    "كونا": r"كونا|وكالة الأنباء الكويتية|KUNA",
    "بنا": r"بنا|وكالة أنباء البحرين|BNA",
    "العمانية": r"العمانية|وكالة الأنباء العمانية|ONA",
    "سبأ": r"سبأ|وكالة الأنباء اليمنية",
    "سانا": r"سانا|وكالة الأنباء السورية|SANA",
    "واع": r"واع|وكالة الأنباء العراقية|INA",
    "وفا": r"وفا|وكالة الأنباء الفلسطينية|WAFA",
    "معا": r"معا|وكالة معا",
    "أ ش أ": r"أ\.?\s?ش\.?\s?أ\.?|وكالة أنباء الشرق الأوسط|MENA",
    "سونا": r"سونا|وكالة السودان للأنباء|SUNA",
    "وات": r"وات|وكالة تونس إفريقيا للأنباء|وكالة تونس أفريقيا للأنباء|TAP",
    "واج": r"و\.?\s?أ\.?\s?ج\.?|واج|وكالة الأنباء الجزائرية|APS",
    "و م ع": r"و\.?\s?م\.?\s?ع\.?|وكالة المغرب العربي للأنباء|MAP",
    "وال": r"وكالة الأنباء الليبية|LANA",
    "الوطنية للإعلام": r"الوكالة الوطنية للإعلام|NNA",
    "الأناضول": r"الأناضول|الاناضول|وكالة الأناضول|Anadolu(?: Agency| Ajansı)?|AA",
    "رويترز": r"رويترز|Reuters|رویترز|روئٹرز",
    "أ ف ب": r"أ\.?\s?ف\.?\s?ب\.?|ا\.?\s?ف\.?\s?ب\.?|فرانس برس|وكالة الصحافة الفرنسية|AFP|Agence France[- ]Presse",
    "أ ب": r"أ\.?\s?ب\.?|أسوشييتد برس|اسوشيتد برس|أسوشيتد برس|AP|Associated Press|The Associated Press",
    "د ب أ": r"د\.?\s?ب\.?\s?أ\.?|الألمانية|وكالة الأنباء الألمانية|dpa(?:[-/]\w{2,8})*|Deutsche Presse-Agentur",
    "سبوتنيك": r"سبوتنيك|سبوتنك|Sputnik",
    "تاس": r"تاس|TASS|ТАСС",
    "إنترفاكس": r"إنترفاكس|انترفاكس|Interfax|Интерфакс",
    "ريا نوفوستي": r"ريا نوفوستي|نوفوستي|RIA Novosti|РИА Новости",
    "شينخوا": r"شينخوا|Xinhua|新华社|新華社",
    "بلومبرغ": r"بلومبرغ|بلومبيرغ|Bloomberg",
    "سي إن إن": r"سي إن إن|CNN",
    "بي بي سي": r"بي بي سي|BBC",
    "إرنا": r"إرنا|ارنا|ایرنا|IRNA",
    "فارس": r"وكالة فارس|خبرگزاری فارس|Fars",
    "تسنيم": r"وكالة تسنيم|تسنیم|خبرگزاری تسنیم|Tasnim",
    "مهر": r"وكالة مهر|خبرگزاری مهر|Mehr",
    "ایسنا": r"ایسنا|خبرگزاری ایسنا|ISNA",
    "EFE": r"EFE|إفي",
    "Europa Press": r"Europa Press",
    "ANSA": r"ANSA|آنسا",
    "Lusa": r"Lusa",
    "Kyodo": r"Kyodo(?: News)?|共同通信",
    "Yonhap": r"Yonhap|연합뉴스",
    "PTI": r"PTI|Press Trust of India",
    "ANI": r"ANI",
    "APP": r"APP|Associated Press of Pakistan|اے پی پی",
    "IHA": r"İHA|IHA",
    "DHA": r"DHA",
    "KNA": r"KNA",
    "epd": r"epd",
    "SID": r"SID",
    "APA": r"APA",
    "UPI": r"UPI",
    "PA": r"PA Media|Press Association",
}

_ANY = "|".join(f"(?P<a{index}>{names})" for index, names in enumerate(_AGENCIES.values()))
_NAMES = tuple(_AGENCIES)
# Three shapes of a credit: alone on its line, in parentheses with an optional place, or as the dateline that opens a
# text.
_ALONE = re.compile(
    rf"[\s(\[«–—-]*(?:المصدر|مصدر|نقلا عن|نقلاً عن|منبع|ماخذ|Source|Quelle|Fuente|Fonte|Kaynak"
    rf"|Credit)?\s*[:：]?\s*(?:\(|«)?\s*"
    rf"(?:[^\W\d]{{2,20}}(?:\s[^\W\d]{{2,20}})?\s*[-–—/،,:(]\s*)?(?:وكالة\s+)?(?:{_ANY})\s*[)\]».\s–—-]*$"
)
_DATELINE = re.compile(rf"[^()\n]{{2,60}}\s?[(\[–—-]\s?(?:وكالة\s+)?(?:{_ANY})\s?[)\]]?\s*[-–—:]+")
_CREDIT = re.compile(
    r"\s*(?:المصدر|مصدر|منبع|ماخذ|Source|Quelle|Fuente|Fonte|Kaynak)\s*[:：]\s*[(«]?(?P<name>[^\n()«»]{2,60}?)[)».]?\s*$"
)
_INSIDE = re.compile(rf"[(\[]\s*(?:{_ANY})\s*[)\]]\s*[.]?$")


def read_source(text: str) -> str:
    """The agency or source credited in the first or last lines of `text`, by its short name; '' when there is none.

    Only the edges are read: an agency quoted in the middle of a text is a witness, not the source of the article.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines:
        return ""
    if match := _DATELINE.match(lines[0][:_MAX_LINE]):
        return _name(match)
    for line in (*lines[:_EDGE_LINES], *lines[::-1][:_EDGE_LINES]):
        if len(line) <= _MAX_LINE and (match := _ALONE.match(line)):
            return _name(match)
        if len(line) <= _MAX_LINE and (match := _CREDIT.match(line)):
            return match["name"].strip()
    match = _INSIDE.search(lines[-1][-60:])
    return _name(match) if match else ""


def _name(match: re.Match[str]) -> str:
    index = next(index for index in range(len(_NAMES)) if match[f"a{index}"])
    return _NAMES[index]
