"""Find the names in bylines without markup: lines of the page's text near its title, and links to authors' pages."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from archive.article import AGENCIES
from archive.extract.metadata.head import element_text
from archive.extract.metadata.persons import MAX_AUTHORS, MAX_NAME, has_name_shape, split_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archive.extract.metadata.markup import Marks


_MAX_BYLINE_TEXT = 120

_TEXT_BYLINE = re.compile(
    r"^(?:(?i:by|von|par|por|door|av|af|di|a cura di|oleh|(?:written|words|story|text|reported) by|geschrieben von|verfasst von|rédigé par"
    r"|escrito por|scritto da|texte? (?:von|de)|ein(?:e|en)? \w+ von|propos recueillis par|oprac\.|γράφει [οη]"
    r"|das (?:interview|gespräch) führten?"
    r"|(?:interview(?:ed)?|entrevista|intervista)(?: by| von| par| de| di|(?=:)))\s*:?\s+(?=[^\W\d_a-z])"
    r"|(?i:text|tekst|texte|texto|authors?|autor(?:innen|in|en|es|a|e|i|zy)?|auteure?s?|tác giả|автор[ыи]?|текст"
    r"|penulis|laporan|haber|muhabir(?:ler)?|yazan(?:lar)?|yazar(?:lar)?|reporters?"
    r"|συντάκτης|κείμενο)\s?:\s+(?=[^\W\d_a-z])"
    r"|(?P<own>(?:كتب|كتبت|بقلم|حوار|(?:إعداد|اعداد)(?: و(?:تقديم|تحرير|حوار))?|تحرير|تقرير|تحقيق|متابعة|حاورته|حاوره|حاورها"
    r"|أجرى الحوار|أجرت الحوار|الكاتب|الكاتبة|بواسطة|توسط|מאת|نویسند(?:ه|گان)|گزارش|خبرنگار(?:ان)?|تحریر|رپورٹ|نووسەر)"
    r"(?![\u0621-\u063a\u0641-\u064a])\s*(?P<colon>[:：/ـ–—-])?"
    r"|(?:כתבה?|लेखक|लेखिका|作者|记者|記者|文|撰文|執筆|取材|取材・文|글|글쓴이)\s*(?P<sign>[:：/=＝|｜・]))\s*(?=[^\W\d_a-z]))"
    r"(?P<names>[^<>]{2,100})(?<!\d\.)$"
)
"""A byline without markup. Arabic words need a colon or dash after some, because «كتب التسويق» means "marketing books"."""
_BAR = re.compile(r"\s+[|•·]\s+")
"""Separates a byline from a date on the same line."""
# «Jane Doe and John Roe contributed to this report.» is used only if no other evidence names an author.
_CONTRIBUTED = re.compile(
    r"^(?:(?i:(?:additional )?reporting by) (?P<after>[^\W\d_a-z][^\d.]{4,120}?)(?:[.;]|$)"
    r"|(?P<before>[^\W\d_a-z][^\d.]{4,120}?) contributed to this (?:report|story|article|piece)\b)"
)
_ALONE = re.compile(
    r"^(?:by|von|par|por|door|av|di|كتب|كتبت|بقلم|حوار|إعداد|author(?:s|\(s\))?|contributors?|autor(?:innen|in|en|es|a|e|i|zy)?"
    r"|(?:written|text|words|story|article|reported) by|auteure?s?|yazar(?:lar)?|автор[ыи]?|penulis|الكاتبة?"
    r"|נכתב על ידי|מאת|نویسند(?:ه|گان)|作者|记者|記者|執筆|συντάκτης|लेखक)\s*[:：]?$",
    re.IGNORECASE,
)
_NEEDS_COLON = re.compile(r"^(?:تقرير|تحقيق|متابعة|تحرير|گزارش|خبرنگار|تحریر|رپورٹ|نووسەر)")


def from_text(marks: Marks, title: str) -> Iterator[str]:
    """Yield the first written byline near the title that looks like names («كتب أحمد علي», `Von Jane Doe`)."""
    near = marks.near(title, after=25, before=6)
    for at, (text, following) in enumerate(pairwise([*near, ""])):
        if match := _BEFORE_JOB.match(text[:_MAX_BYLINE_TEXT]):
            yield match["names"]
            return
        if len(text) > _MAX_BYLINE_TEXT:
            continue
        if match := _WITHIN.search(text):
            yield match["names"]
            return
        lines = (text, *_BAR.split(text)) if _BAR.search(text) else (text,)
        byline = next(filter(None, map(_byline, lines)), "")
        if not byline and _ALONE.match(text) and has_name_shape(following.partition(", ")[0], colon=True):
            byline = following + "".join(_joined(near[at + 2 : at + 2 + MAX_AUTHORS]))
        if byline:
            yield byline
            return
    for text in marks.texts():
        if match := _CONTRIBUTED.match(text[:200]):
            yield match["after"] or match["before"]
            return


def _joined(texts: Sequence[str]) -> Iterator[str]:
    """Yield the words and names that continue a byline, one of each in turn (`and`, `John Roe`)."""
    for word, name in zip(texts[::2], texts[1::2], strict=False):
        if not _BETWEEN.fullmatch(word) or not has_name_shape(name, colon=True):
            return
        yield f" {word} {name}"


_BETWEEN = re.compile(r"[,،、&]|and|und|et|y|e|ve|og|och|en|и|و", re.IGNORECASE)
_BEFORE_JOB = re.compile(
    r"(?:[(\[][^()\[\]=]{1,20}(?:=[^()\[\]=]{1,20})?[)\]]\s?|\[[^\[\]=]{1,20}=\s?)?(?P<names>[가-힣]{2,4}(?:[·,\s]\s?[가-힣]{2,4}){0,3}\s?"
    r"(?:인턴|선임|수습)?(?:기자|특파원))(?=\]|\s*=|\s*$|\s+\S+@)"
)
"""A Korean byline, alone or before the first sentence: `(서울=연합뉴스) 홍길동 기자 =`."""
_WITHIN = re.compile(
    r"(?:(?<![\u4e00-\u9fff])(?:作者|记者|記者|撰文)\s?[:：]\s?|^(?:本报|本報|本网|本網|本刊|本台|特约|特約|见习|見習|实习)?(?:记者|記者)\s+)"
    r"(?P<names>[\u4e00-\u9fff]{2,4}(?:[\s、][\u4e00-\u9fff]{2,4}){0,3})(?=\s+(?:\d|\S{2,6}[:：])|\s*$)"
)
"""A labelled Chinese name in a row of labels: `来源：海港日报 作者：王小明 2026-03-04`."""


def _byline(text: str) -> str:
    """Return the names of a text that is a byline label with nothing but names, places and jobs after it; else ''."""
    match = _TEXT_BYLINE.match(text := text.lstrip("-–—•| "))
    if not match:
        return ""
    has_colon = not match["own"] or bool(match["colon"] or match["sign"])
    if not has_colon and _NEEDS_COLON.match(text):
        return ""
    for line in (text, match["names"]):
        names = tuple(split_names(line))
        if names and all(name.upper() in AGENCIES or has_name_shape(name, colon=has_colon) for name in names):
            return line
    return ""


def from_signed_texts(marks: Marks) -> Iterator[str]:
    """Yield the name after a label that only authors have (`Written by Jane Doe`), if the page has it for one name."""
    texts = marks.texts()
    found = {
        name
        for text, following in pairwise([*texts, ""])
        if (match := _SIGNED.match(text[:_MAX_BYLINE_TEXT]))
        and has_name_shape(name := (match["name"] or following).strip(" ."), colon=True)
    }
    if len(found) == 1:
        yield found.pop()


_SIGNED = re.compile(
    r"(?:(?:this|the) (?:post|article|story|piece) (?:was|is) )?(?:(?:written|article|story|words|text) by|verfasst von|geschrieben von"
    r"|escrito por|rédigé par|scritto da|كُ?تبه|بقلم)\s*[:：]?(?:\s+(?P<name>[^,.<>]{4,60}))?(?:[,.]|$)",
    re.IGNORECASE,
)


def from_links(marks: Marks, title: str) -> Iterator[str]:
    """Yield the first name near the title that links to its author's page."""
    near = frozenset(marks.near(title, after=25, before=6))
    for link in marks.links():
        if "author" in (link.get("rel") or "").split() or _AUTHORS_PAGE.search(link.get("href") or ""):
            name = element_text(link, MAX_NAME)
            if name in near and has_name_shape(name, colon=False):
                yield name
                return


_AUTHORS_PAGE = re.compile(
    r"/(?:author|autor|auteur|writer|redakteur|redaktor|columnist|kolumnist|yazar|journalist|kateb|contributor|reporter)[a-z]{0,3}/[^/]"
)
