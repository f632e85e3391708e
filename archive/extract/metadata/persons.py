"""Extract clean names of people from one line of a byline, as a page prints or declares it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from archive.article import AGENCIES
from archive.extract.dates.words import MONTHS, WEEKDAYS, fold_date
from archive.extract.metadata.head import is_placeholder
from archive.extract.metadata.site import is_site

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_NAME = 80
MAX_AUTHORS = 20
_MAX_BYLINE = 500

_SPLIT = re.compile(
    r"\s*(?:[;|/／•·،؛、，；]|,\s*(?:and|und|et|y|e|ve|og|och|en|&)\s|,(?!\s*(?:jr|sr|dr|ph\.?d|m\.?d)\b)"
    r"|\s(?:and|und|et|ve|with|mit|avec|con|com|met|og|och|en|και|та|اور|(?-i:и|і|й)|(?-i:y|e|i)(?=\s\S+\s+\S|\s(?:(?-i:[A-Z]{2})|efe\b|reuters\b|agencias?\b|redacción\b)))\s|\s&\s|\sو\s|\sו-)\s*",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"\S{1,64}@\S{1,100}")
_URL = re.compile(r"(?:https?://|www\.)\S*", re.IGNORECASE)
_HANDLE = re.compile(r"(?<=\S)\s+@[\w.]{2,40}")
_MARKS = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_ONLY_HANDLE = re.compile(r"\s*@[\w.]{2,40}\s*")
# Labels of photographers and editors: «Haber: Ayşe Demir Fotoğraf: Ali Kaya», «作者：王小明 编辑：李雷».
_SECOND_LABEL = re.compile(
    r"(?<=\w)\s+(?:[-–—]\s+)?(?:foto(?:ğraf|s|grafia|grafie)?|photos?|video|bild(?:er)?|kamera|editor|redaksi|grafik|illustrations?|تصوير|صور|تحرير"
    r"|编辑|編輯|责编|責編|摄影|攝影|校对|来源|翻译|編集|撮影)\s*[:：].*$"
    r"|(?<=\w)[.;]?\s+(?:photo(?:graph)?s?|pictures?|images?|illustrations?|graphics?|videos?|edit(?:ed|ing)|fotos?|bilder)"
    r"\s(?:by|von|par|de|por|di|door|av)\s.*$",
    re.IGNORECASE,
)
_PICTURES_BY = re.compile(
    r"\s*(?:,|\s(?:und|and|et|y|e|og|och|en)\s|\s&\s|\sو)\s*[^,()]{3,40}\((?:photo|foto|bild|video|illustration|grafik|تصوير|صور)\w*\)",
    re.IGNORECASE,
)
"""The photographer after an author: `Jana Müller (Text) und Karl Weiß (Fotos)`."""
_REPORTING = re.compile(r",?\s+(?:with |and )?(?:additional )?(?:reporting|research) by\s+", re.IGNORECASE)
"""Separates an author from a colleague: `Jane Doe with additional reporting by John Roe`."""
# `Ana Ruiz Corresponsal en Rabat`
_POST = re.compile(
    r"(?<=\w\s)(\S*\w),?\s+(?:corresponsal|enviad[oa] especial|correspondante?|envoyée? spéciale?|corrispondente|inviat[oa]|correspondente"
    r"|korrespondent(?:in)?)\b.*$",
    re.IGNORECASE,
)
_SLASH_PLACE = re.compile(
    r"^([^,;|/]+\s[^,;|/]+)\s/\s(?!Reuters|Bloomberg|Anadolu|Sputnik|Xinhua|Agenc)[A-ZÀ-Þ][a-zß-ÿ]+\s*$"
)
"""A place after a name (`Ana Ruiz / Madrid`): one word after several, unless it is an agency."""
# An unclosed bracket was cut by a length limit.
_PARENTHESIS = re.compile(r"[(\[][^()\[\]]{0,80}(?:[)\]]|$)")
_ONLY_PARENTHESIS = re.compile(r"^[(\[<]+([^()\[\]<>]+)[)\]>]+$")
"""A name in parentheses after an address that was removed: `jane@mail.example (Jane Doe)`."""
_PICTOGRAPH = re.compile("[\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\ufe0f\u200d\U0001f000-\U0001faff]")

_PREFIX = re.compile(
    r"^\s*(?:(?:written|authored|posted|published|reported|story|article|text|words|created|submitted|par|geschrieben"
    r"|veröffentlicht|gespeichert|verfasst|beitrag)\s+)?"
    r"(?:by|von|par|por|di|de|da|door|av|autor(?:in|innen|en|es|as|a|i|zy)?|auteure?s?|authors?|yazar(?:lar)?|from|redazione di|автор[ыи]?"
    r"|foto|(?:texte?|texto|words|story)\s(?:und|and|et|y|e|&)\s(?:fotos?|photos?|bild(?:er)?|pictures|videos?)(?=\s?[:：])|text|texto"
    r"|geschrieben|a cura di|oprac\.?|penulis|oleh|tác giả|מאת|נכתב(?:ה)? על ידי|rédigé par|propos recueillis par|ein(?:e|en)? \w+ von|लेखक"
    r"|escrito por|scritto da|dal(?:la)? nostr[oa] (?:inviat[oa]|corrispondente)|γράφει [οη]|του|της|των|โดย|от|af)"
    r"(?:\b|(?<=\.)|(?=[:：]))\s*[:：]?\s*(?=\S)"
    r"|^\s*(?:haber|muhabir(?:ler)?|yazan(?:lar)?|teksti|toimittaja|tekst|texte|текст|redacción|redactora?|reporters?|laporan|συντάκτης|κείμενο"
    r"|írta|piše|napisal[ao]|napisao|লেখক|প্রতিবেদক|எழுதியவர்|ผู้เขียน|رپورٹ|رپورٹر|گزارش|گزارشگر|نووسەر|ئامادەکردنی|글|글쓴이)\s*[:：]\s*(?=\S)"
    r"|^\s*(?:(?:本报|本報|本网|本網|本刊|本台|特约|特約)(?:记者|記者)\s?|(?:记者|記者)(?=[\u4e00-\u9fff]{2,4}\s*(?:$|[/／])))"
    r"|^\s*(?:作者|记者|記者|取材・文|文|执笔|執筆|取材|撰文)\s*(?:[:：/／=＝|｜・]\s*|\s+)(?=\S)",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"^(?!.{0,30}(?i:photo|foto|image|bild|illustrat|edited|review|check))(?:[^\s,;]+\s){0,4}(?i:by|eingestellt von|veröffentlicht von"
    r"|geschrieben von|bereitgestellt von|beitrag von|vom|publié par|publicado por)\s+(?=[^\W\d_a-z])"
)
_GLUED = re.compile(r"^(?:By|Von|Por|Par)(?=[A-ZÀ-Þ][a-zß-ÿ])")
# A brand, in capitals or as a host: `HAFENBLATT-Redakteurin von Jana Müller`, `news.example von Jana Müller`; a job at a brand.
_BRAND = re.compile(
    r"^(?:[A-ZÄÖÜ][A-ZÄÖÜ.-]{2,}\S*|\S+\.\w{2,6}|\S*[Rr]edaktion\S*|Team)\s(?:von|by)\s(?=[^\W\d_a-z])"
    r"|^(?:(?i:von|by)\s)?\S+-(?:Expert(?:e|in)|Redakteur(?:in)?|Reporter(?:in)?|Autor(?:in)?|Korrespondent(?:in)?|Mitarbeiter(?:in)?|Kolumnist(?:in)?)\s(?=\S+\s\S)"
)
_DEGREES = re.compile(r",?\s+(?:Ph\.?D|M\.?D|M\.?Sc|R\.?D|R\.?N|MPH|MBA|B\.?A)\.?(?=[,;\s]|$)")
_CREDENTIAL = re.compile(r"(?:[A-Z]{2,6}|[A-Z]-[A-Z]{2,5}|[A-Z]\.[A-Z]\.(?:[A-Z]\.)?)")
"""Credentials (`RD`, `FAND`) after a name of two words and a comma; agencies that look similar are listed by name."""
_JOB = re.compile(
    r"(?:[\w-]+\s){0,3}(?:correspondent|editor|reporter|columnist|redakteur(?:in)?|korrespondent(?:in)?|journaliste|redactora?|contributor"
    r"|корреспондент|журналист(?:ка)?|обозреватель|редактор|кореспондент|muhabiri?|dziennikar(?:z|ka)|redaktor(?:ka)?|repórter|giornalista"
    r"|δημοσιογράφος|συντάκτης|مراسل(?:ة)?|محرر(?:ة)?|صحفي(?:ة)?|كاتب(?:ة)?|خبرنگار)$",
    re.IGNORECASE,
)
_ROLE = re.compile(
    r"(?:[\w-]+\s){0,3}(?:staff|writer|desk|newsroom)$"
    r"|(?:da redação|de la redacción|de la rédaction|aus der redaktion|della redazione)$"
    r"|(?:correspondante?s?|envoyée?s? spécia(?:le?s?|ux)|corresponsal|enviad[oa] especial|correspondente|corrispondente)\b.*$"
    r"|(?:photo|foto|image|bild|video|illustrat)\w*\s(?:by|von|de|par|di)\s.*$",
    re.IGNORECASE,
)
_POSITION = re.compile(
    r"(?:[\w&-]+\s){0,4}(?:(?:co-?)?founder|consultant|director|manager|(?:head|chief|coach|fellow)(?=\s)|ceo|president|professor|lecturer|analyst|specialist|expert"
    r"|advis[eo]r|strategist|researcher|scientist|engineer|lawyer|attorney|physician|dietitian|nutritionist|therapist"
    r"|psychologist|economist|producer|geschäftsführer(?:in)?|leiter(?:in)?|direct(?:eur|rice|ora?)|profesora?|директор|профессор)"
    r"(?:\s(?:of|at|for|in|der|des|de|du|del|von|bei)\s.*)?$",
    re.IGNORECASE,
)
"""A position after a name and a comma: `Jane Doe, Head of Research`."""
_OFFICE = re.compile(
    r",\s+(?:[\w-]+\s){0,2}(?:head|director|president|professor|chief|manager|(?:co-?)?founder|editor)\s(?:of|at|for)\s[^,;|]*",
    re.IGNORECASE,
)
"""An office after a name, with its department: `Jane Doe, Head of Research and Development`."""
_CHECKED = re.compile(r"\s*(?:\w+ly\s)?(?:(?:fact.?)?check|review|verifi|approv|edit)ed\sby\b", re.IGNORECASE)
"""Labels of people who have checked or edited what others wrote."""
_OTHER = re.compile(
    r"\s*(?:ترجم(?:ة|ه|ها)|تصوير|مراجعة|تدقيق|مترجم|translat(?:ed|ion|or)|edit(?:ed|ing|or)|(?:fact.?check|review)ed"
    r"|tradu(?:ction|cción|zione|ção|it|cido|zido)|tradotto|vertaald"
    r"|übersetz(?:t|ung)|redaktur|çeviri|editör|перевод|редактор|תרגום|עריכה|翻译|译者|編集|写真|撮影|摄影|攝影)\s*(?:[:：/・]|(?:by|von|par|por|di|da|door|de)\s)",
    re.IGNORECASE,
)
"""Labels of translators, editors and photographers."""
_HOST = re.compile(r"^[\w-]+(?:\.[\w-]+)*\.[a-z]{2,6}$")
_ARABIC_PREFIX = re.compile(
    r"^\s*(?:كتبت|كتب|بقلم|حوار|(?:إعداد|اعداد)(?: و(?:تقديم|تحرير|ترجمة|تصوير|حوار))?|تحرير|تقرير|تحقيق|متابعة"
    r"|أجرى الحوار|أجرت الحوار|حاوره|حاورها|حاورته"
    r"|الكاتب|الكاتبة|المؤلف|ترجمة|مراسل(?:نا|تنا|ة)?|بواسطة|نویسند(?:ه|گان)|خبرنگار(?:ان)?|تحریر)(?![\u0621-\u063a\u0641-\u064a])\s*[:：/ـ–—-]*\s*"
)
# A correspondent and a place or outlet: «منى علي - القاهرة».
_ARABIC_PLACE = re.compile(
    r"\s*([\u0621-\u064a]+(?:\s[\u0621-\u064a]+){1,3})\s+[-–—]\s+[\u0621-\u064a]+(?:\s[\u0621-\u064a]+)?\s*$"
)
_PLACE_LAST = re.compile(r"^([^,;|]+\s[^,;|]+),\s*[A-ZÀ-Þ][a-zß-ÿ]+\s*$")
"""A place after a name (`Jane Doe, Berlin`): one word after several."""
_PLACE_FIRST = re.compile(
    r"^\s*[\u0621-\u064a]+\s+[-–—]\s+(?=[\u0621-\u064a]+(?:\s[\u0621-\u064a]+){1,3}(?:\sو\s?[\u0621-\u064a]+(?:\s[\u0621-\u064a]+){1,2}){0,3}\s*$)"
)
"""A place before names («القاهرة - منى علي وأمل نور»): one word, so not a person."""
_ARABIC_LABEL = re.compile(
    r"^\s*(?!(?:تصوير|صورة|صور|المصدر|مصدر|تاريخ|القسم|قسم|الناشر|آخر|عدد|وسوم|الوسوم|تصنيف|التصنيف|ترجمة)(?![\u0621-\u064a]))"
    r"(?:[\u0621-\u064a]{2,}\s){0,3}[\u0621-\u064a]{3,}\s*[:：]\s*(?=(?!ال)[\u0621-\u064a]{2,}(?:\s[\u0621-\u064a]{2,}){1,3}\s*$)"
)
"""A place or job before a name: «القاهرة: منى علي», «مراسل الميناء: منى علي»."""
# In «أحمد علي ومنى زكي», «و» means "and" unless the name begins with it.
_AND = re.compile(r"(?<=\S)\s(?:و(?=[\u0621-\u064a]{3})|ו(?=[\u05d0-\u05ea]{2}))")
_WAW_NAMES = re.compile(
    r"و(?:لي[دئ]|ائل|سيم|فاء|داد|ه[يب]ب?|ه?بي|جدي|رد[ةه]?|حيد|صفي|ضاح|فيق|سام|لاء|سن|هبة|هبي|اصف|جيه|ديع|عد|ئام|ارف|اثق|اصل|الي"
    r"|صال|هيبة|فيق|قاص|كيع|لادة|نيس|دود|طفة|طفى)(?=\s|$)|ו(?:ו|רד|יק|לדי|אדי|לרי|ינ|רה|רוני|נסה|יולט|ילי)"
)
_TITLE_WORDS = re.compile(
    r"\s*(?:,|–|—|-|\|)\s*(?:chief|senior|staff|deputy|managing|associate|contributing|political|science|health"
    r"|sports?|business|editor|reporter|correspondent"
    r"|writer|columnist|redakteur\w*|korrespondent\w*|journaliste|redactor\w*|chefredakteur\w*|freelance\w*).*$",
    re.IGNORECASE,
)
_TRAILING_JOB = re.compile(
    r"(?<=\w\s)(?:(?:senior|staff|chief|deputy|guest|freelance|political|content|marketing)\s+)*"
    r"(?:writer|editor|reporter|correspondent|columnist|contributor|coordinator|journalist\w*|redakteur(?:in)?"
    r"|chefredakteur(?:in)?|korrespondent(?:in)?)$",
    re.IGNORECASE,
)
_FOLLOW = re.compile(r"(?<=\w\s)(\S*\w)\s+(?:follow(?: us| me)?|subscribe|folgen|suivre|seguir|تابع)$", re.IGNORECASE)
_CHINESE_JOB = re.compile(
    r"(?<=[\u4e00-\u9fff])\s+\S{0,8}(?:报道|報道|报导|報導|摄影|攝影|综合|编译|編譯|电|電|讯|訊|记者|記者)$"
)
_CHINESE_REPORT = re.compile(r"[\u4e00-\u9fff]{1,6}(?:报道|報道|报导|報導|[电電讯訊])$")
"""A place and kind of report after a name: `王小明／台北報導`."""
_FAMILY = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶余潘杜戴夏钟汪任姜范方石姚谭廖邹熊陆郝孔白崔康毛邱秦牛岳"
    "江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚洪翟葛樊兰殷施陶颜倪严辛覃关耿甘柳苗包祁左童欧詹柯毕莫凌鲁尚聂焦柴阎路温靳盛翁戚鲍柏房裴霍闫蒙華張劉陳楊趙黃吳孫馬羅鄭謝韓馮蕭許蘇盧蔣賈葉鐘鍾譚鄒陸顧龍萬錢湯賴龔"
)
_SEVERAL_CHINESE = re.compile(rf"[{_FAMILY}][\u4e00-\u9fff]{{1,2}}(?:\s[{_FAMILY}][\u4e00-\u9fff]{{1,2}})+")
"""Several Chinese names of two or three characters, each beginning with a family name; a Japanese name contains a space."""
_SEVERAL_KOREAN = re.compile(r"[\uac00-\ud7af]{3}(?:\s[\uac00-\ud7af]{3})+(?=\s기자)")
_KOREAN_JOB = re.compile(r"(?<=[\uac00-\ud7af])\s?(?:인턴|선임|수습|전문|객원)?(?:기자|특파원|논설위원|앵커|에디터)$")
_AFTER_NAME = re.compile(
    r"(?<=\w\s)(\S*\w)\s+(?:[-–—]+\s[^\u0600-\u06ff].*|(?:for|from|für|pour|para|per|in|aus|à)\s+(?:the\s|der\s|die\s|das\s|la\s|le\s)?[^\W\d_a-z].*)$"
)
"""An organization after a spaced dash or a preposition: `Jane Doe — Harbour Mail`, `Jane Doe for Harbour Mail`."""
_DATE_TAIL = re.compile(
    r"\s*(?:[-–—|•,،(]\s*)?(?:\b(?:(?:last|first|zuletzt|dernière)\s+)?(?:updated?|published|posted|modified|edited"
    r"|veröffentlicht|aktualisiert|mis à jour|publié|publicado|actualizado)\b"
    r"|آخر تحديث|تاريخ|نشر(?:ت)?\s|(?<!\w)(?:منذ|قبل|לפני|il y a|hace)\s|(?!(?<=\w)\d+[^\W\d_])\d).*$",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(r"stand|on|am|le|el|at|um|vom|last|zuletzt|em|il|den|op|في|يوم", re.IGNORECASE)
_PREPOSITION_TAIL = re.compile(rf"\s+(?:{_PREPOSITION.pattern}|Stand)$")
_LABEL = re.compile(r"^[^\W\d]{3,20}\s?[:：]\s")
_STRIP = " \t-–—ـ|:,.،*'\"«»“”@_&{}()[]‹›【】"

_NOBODY_WORDS = (
    "staff|admin|administrator|administrateur|adminstrator|wordpressadmin|webmaster|root|user|guest|anonymous|unknown"
    "|no author|unknown author|kein autor|sans auteur|sin autor|بدون كاتب"
    "|author|authors|autor|autoren|auteur|author_name|none|null|undefined|n/a|web|super user|by|von|par|por|follow"
    "|ca|folgen|share|shares|twitter|facebook|instagram|archives|website|github|youtube|linkedin|email|e-mail|more"
    "|login|log in|anmelden|stand|written by|authored by|reviewed by|edited by|revised edition"
    "|agencies|agenturen|last|updated|published|posted|from|for|home|today|yesterday|subscribe|am|pm"
    "|news|nachrichten|noticias|actualités|notizie|новости|haberler|red|أخبار|الأخبار|اخبار|منوعات|متابعات|خاص|وكالات"
    "|الأدمن|الادمن|ادمن|أدمن|المدير|مدير|المشرف|محرر|المحرر|التحرير|كاتب|الكاتب|مدير الموقع|اسم الكاتب|المصدر|اليوم|أمس"
)
_NOBODY = frozenset(_NOBODY_WORDS.split("|"))


def split_names(byline: str) -> tuple[str, ...]:
    """Return the names in a byline (`By Jane Doe and John Roe | 3 May`, «كتبت منى علي»), without labels, jobs, places and dates."""
    return _split_names(byline[:_MAX_BYLINE])


@lru_cache(maxsize=1024)  # the pages of a site, and the sources of one page, repeat the same names
def _split_names(byline: str) -> tuple[str, ...]:
    return tuple(_names_in(byline))


def _names_in(byline: str) -> Iterator[str]:
    text = _MARKS.sub("", _PICTOGRAPH.sub(" ", byline))
    if _ONLY_HANDLE.fullmatch(text):
        return
    text, mails = _EMAIL.subn(" ", text)
    text = _REPORTING.sub(" | ", _HANDLE.sub(" ", _URL.sub(" ", text)).strip())
    text = _ONLY_PARENTHESIS.sub(r"\1", text) if mails else text
    text = _PARENTHESIS.sub(" ", _PICTURES_BY.sub("", text)) if "(" in text or "[" in text else text
    text = _DEGREES.sub("", text)
    bare = _GLUED.sub("", _BRAND.sub("", _CLAUSE.sub("", text.strip())))
    bare = _ARABIC_LABEL.sub("", _ARABIC_PREFIX.sub("", _PREFIX.sub("", bare)))
    is_labelled = bare != text.strip()
    text = _PLACE_FIRST.sub("", _PLACE_LAST.sub(r"\1", bare) if is_labelled else _SLASH_PLACE.sub(r"\1", bare))
    text = _POST.sub(r"\1", _OFFICE.sub("", _SECOND_LABEL.sub("", text)))
    before = ""
    for place, part in enumerate(() if _CHECKED.match(byline) else _parts(text)):
        if place and (_is_credential(part, before) or _says_no_name(part)):
            continue
        name = _name_of(part)
        if _is_name(name):
            yield name
        before = name


def _parts(text: str) -> Iterator[str]:
    for at, part in enumerate(_SPLIT.split(text)):
        if place := _ARABIC_PLACE.match(part):
            part = place[1]  # noqa: PLW2901
        if at and _BEFORE_LAST.match(part) and not _WAW_NAMES.match(part):
            part = part[1:]  # noqa: PLW2901
        part = _CHINESE_JOB.sub("", part)  # noqa: PLW2901
        if _SEVERAL_CHINESE.fullmatch(part.strip()) or _SEVERAL_KOREAN.match(part.strip()):
            yield from (name for name in part.split() if name != "기자")
        else:
            yield from _joined_by_waw(part)


_BEFORE_LAST = re.compile(r"و[\u0621-\u064a]{3,}\s[\u0621-\u064a]{2,}")
"""«و» at the start of the last name of a list: «منى علي، كريم بدر، وسامر ديب»."""


def _joined_by_waw(part: str) -> Iterator[str]:
    """Split names joined by «و» («أحمد علي ومنى زكي») where each side has two words or more."""
    start = 0
    for cut in _AND.finditer(part):
        before, after = part[start : cut.start()], part[cut.end() :]
        if len(before.split()) > 1 and len(after.split()) > 1 and not _WAW_NAMES.match(part, cut.start() + 1):
            yield before
            start = cut.end()
    yield part[start:]


_NUMBERED = re.compile(r"\s*[^\W\d_]+\d\S*\s*")
"""One word with a number in it: an account or a brand (`Harbour24`)."""
_GLUED_MONTH = re.compile(r"(?<=[a-zß-ÿ])([A-Z][a-z]{2,8})$")
"""The month of a date without space before it: `Jane DoeDecember 18, 2025`."""


def _name_of(part: str) -> str:
    if _NUMBERED.fullmatch(part):
        return ""
    name = _TITLE_WORDS.sub("", _DATE_TAIL.sub("", part)).strip()
    name = _FOLLOW.sub(r"\1", name.rpartition("=")[2])
    name = _KOREAN_JOB.sub("", _AFTER_NAME.sub(r"\1", _without_date(name, cut=name != part.strip())))
    if len(name.split()) > 2:
        name = _TRAILING_JOB.sub("", name)
    name = _ARABIC_PREFIX.sub("", _PREFIX.sub("", name)).strip(_STRIP)
    return f"{name}." if name.endswith((" Jr", " Sr")) and f"{name}." in part else name


def _without_date(name: str, *, cut: bool) -> str:
    """Return a name without the words of a date after it: weekdays, and, if digits were `cut` off, months and prepositions."""
    if cut and (glued := _GLUED_MONTH.search(name)) and fold_date(glued[1]) in MONTHS:
        name = name[: glued.start()]
    words = _PREPOSITION_TAIL.sub("", name).split()
    while len(words) > 1:
        last = fold_date(words[-1].strip(_STRIP))
        if (last not in WEEKDAYS or (last in _SURNAMES and not cut)) and not (
            cut and (last in MONTHS or _PREPOSITION.fullmatch(last))
        ):
            break
        words.pop()
        cut = True
    return " ".join(words)


_SURNAMES = frozenset(map(fold_date, ("جمعة", "خميس")))
"""Weekdays without their article, which in Arabic are surnames."""


def _says_no_name(part: str) -> bool:
    """Return whether the text after a name is a job, a place, a photo credit, or the name of the translator or editor."""
    patterns = (_JOB, _ROLE, _POSITION, _OTHER, _CHECKED, _CHINESE_REPORT)
    return any(pattern.match(part) for pattern in patterns) or part.casefold().startswith("from ")


def _is_credential(part: str, before: str) -> bool:
    return len(before.split()) > 1 and part not in AGENCIES and _CREDENTIAL.fullmatch(part.strip()) is not None


def _is_name(name: str) -> bool:
    if (
        not 2 <= len(name) <= MAX_NAME
        or len(name.split()) > 7
        or name.casefold() in _NOBODY
        or (folded := fold_date(name)) in MONTHS
        or folded in WEEKDAYS
        or _HOST.match(name)
        or _JOB.match(name)
        or _LABEL.match(name)
        or is_placeholder(name)
    ):
        return False
    return not any(character.isdigit() for character in name) and any(character.isalpha() for character in name)


def has_name_shape(name: str, *, colon: bool) -> bool:
    """Return whether a text looks like a person's name; `colon` says that it follows a label with one."""
    if _CASELESS.search(name):
        if _JOINED.fullmatch(name):
            return colon and len(name) <= _MAX_JOINED
        return 2 <= len(name.split()) <= 5 and (colon or not _ARTICLE.match(name))
    return bool(NAME_WORDS.match(name))


_CASELESS = re.compile("[\u0590-\u06ff\u0900-\u0dff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts without capital letters."""
_JOINED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
"""Names in scripts that write them without a space."""
_MAX_JOINED = 5
_ARTICLE = re.compile(r"(?:^|\s)ال(?!دكتور|مهندس|[أا]ستاذ|محامي|شيخ|لواء)")
NAME_WORDS = re.compile(
    r"^[^\W\d_a-z][\w.’'-]*(?:\s(?:(?:[ae]l-|[dl]['’])?[^\W\d_a-z][\w.’'-]*|von|van|de|der|den|del|di|da|dos|al|el|bin|ibn|ten|le|la|y|und|and|et)){1,6}$"
)


def clean_names(values: Iterable[str], sites: frozenset[str]) -> tuple[str, ...]:
    """Return the distinct names in these bylines, without those of the site and its branches; at most 20."""
    names: dict[str, str] = {}
    for value in values:
        for name in split_names(value):
            key = name.casefold()
            is_branch = bool(names) and key.partition(" ")[0] in sites
            if key not in names and not is_branch and not is_site(key.removeprefix("the "), sites):
                names[key] = name
            if len(names) >= MAX_AUTHORS:
                break
    return tuple(names.values())
