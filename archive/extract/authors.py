"""Finds who wrote an article: JSON-LD, meta tags, bylines and byline phrases come in; clean names go out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml import etree

from archive.extract.head import as_list, plain, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

    from archive.extract.document import Document
    from archive.extract.head import Head

_MAX_AUTHORS = 20
_MAX_NAME = 80
_MAX_BYLINES = 40

_METAS = (
    "author", "article:author", "og:article:author", "og:author", "byl", "dc.creator", "dcterms.creator",
    "dc.creator.author", "citation_author",
    "parsely-author", "sailthru.author", "cxenseparse:author", "article:author_name", "authors", "creator",
    "rbauthors", "atc-metaauthor",
    "shareaholic:article_author_name", "mediator_author", "twitter:data1",
)  # fmt: skip

# Marked-up bylines; the classes are those of WordPress (hAtom), Blogger, Jannah, Newspaper, Soledad and large
# publishers' own systems.
_BYLINES = etree.XPath(
    "//*[@rel='author' or contains(concat(' ', @rel, ' '), ' author ')"
    " or @itemprop='author' or @itemprop='creator' or @data-testid='author-name' or @data-component='author-name'"
    " or self::address"
    " or contains(@class, 'author') or contains(@class, 'Author') or contains(@class, 'byline') or "
    "contains(@class, 'Byline')"
    " or contains(@class, 'writeBy') or contains(@class, 'writer') or contains(@class, 'vcard') or "
    "contains(@class, 'autor') or contains(@class, 'auteur')"
    " or contains(@class, 'yazar') or contains(@class, 'redakteur') or contains(@class, 'journalist')"
    " or contains(@id, 'author') or contains(@id, 'byline')]"
    "[not(ancestor-or-self::*[contains(@class, 'comment') or contains(@class, 'related') or contains(@class, "
    "'sidebar') or contains(@class, 'widget')"
    " or contains(@id, 'comment') or contains(@class, 'author-box') or contains(@class, 'about-author') or "
    "contains(@class, 'author-bio')"
    " or self::footer or self::aside or self::nav])]"
)

_SPLIT = re.compile(
    r"\s*(?:[;|/•·]|,(?!\s*(?:jr|sr|dr|ph\.?d|m\.?d)\b)|،|؛|\s(?:and|und|et|y|e|ve|with|mit|og|och|en)\s|\s&\s"
    r"|\sو\s)\s*",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"\S{1,64}@\S{1,100}")
_URL = re.compile(r"(?:https?://|www\.)\S*", re.IGNORECASE)
_PARENTHESIS = re.compile(r"[(\[][^()\[\]]{0,80}[)\]]")
_PREFIX = re.compile(
    r"^\s*(?:(?:written|posted|published|reported|story|article|text|words|created|submitted|par|geschrieben"
    r"|veröffentlicht)\s+)?"
    r"(?:by|von|par|por|di|de|da|door|av|autor(?:in)?|auteur|author|text|yazar|from|redazione di|автор|texto|foto"
    r"|geschrieben)\b\s*[:：]?\s*(?=\S)",
    re.IGNORECASE,
)
_ARABIC_PREFIX = re.compile(
    r"^\s*(?:كتبت|كتب|بقلم|حوار|إعداد|اعداد|تحرير|تقرير|تحقيق|متابعة|أجرى الحوار|أجرت الحوار|حاوره|حاورها|حاورته"
    r"|الكاتب|الكاتبة|المؤلف|ترجمة|مراسل|بواسطة|نویسنده|خبرنگار|تحریر)\s*[:：/-]?\s*"
)
_TITLE_WORDS = re.compile(
    r"\s*(?:,|–|—|-|\|)\s*(?:chief|senior|staff|deputy|managing|associate|contributing|political|science|health"
    r"|sports?|business|editor|reporter|correspondent"
    r"|writer|columnist|redakteur\w*|korrespondent\w*|journaliste|redactor\w*|chefredakteur\w*|freelance\w*).*$",
    re.IGNORECASE,
)
_DATE_TAIL = re.compile(
    r"\s*(?:[-–—|•,،]\s*)?(?:\b(?:on|am|le|el|at|um|updated|published|posted|veröffentlicht|aktualisiert)\b|آخر "
    r"تحديث|تاريخ|نشر|\d{1,4}[./:-]\d{1,2}|\d{1,2}\.?\s+\w+\s+(?:19|20)\d\d).*$",
    re.IGNORECASE,
)
_NOBODY_WORDS = (
    "admin|administrator|administrateur|editor|editors|redaktion|redaction|rédaction|redazione|redaccion|redacción"
    "|redação|staff|webmaster|root|user|guest|anonymous|unknown|author|authors|autor|auteur|author_name|none|null"
    "|undefined|n/a|web|desk|webdesk|newsroom|online|team|newsdesk|web team|staff writer|staff reporter|online desk"
    "|super user|news desk|support team|الأدمن|الادمن|ادمن|أدمن|المدير|مدير|المشرف|محرر|المحرر|التحرير|كاتب|الكاتب"
    "|مدير الموقع|اسم الكاتب"
)
_NOBODY = frozenset(_NOBODY_WORDS.split("|"))


def read_authors(document: Document, head: Head, sites: frozenset[str]) -> tuple[tuple[str, ...], str]:
    """The authors' names in page order and where they were read; ((), '') when the page names nobody but itself."""
    for source, values in (
        ("json-ld", _from_jsonld(head)),
        ("meta", _from_metas(head)),
        ("dom:byline", _from_bylines(document)),
    ):
        names = _clean(values, sites)
        if names:
            return names, source
    return (), ""


def _from_jsonld(head: Head) -> Iterator[str]:
    for key in ("author", "creator"):
        for author in as_list(head.article.get(key)):
            value = head.resolve(author)
            if isinstance(value, dict):
                for name in as_list(value.get("name")) or [
                    " ".join(plain(value.get(part)) for part in ("givenName", "familyName"))
                ]:
                    yield plain(name)
            else:
                yield plain(value)


def _from_metas(head: Head) -> Iterator[str]:
    for name in _METAS:
        values = head.metas.get(name, ())
        if name == "twitter:data1" and "written by" not in " ".join(head.metas.get("twitter:label1", ())).lower():
            continue
        found = [plain(value) for value in values]
        if any(found):
            yield from found
            return


def _from_bylines(document: Document) -> Iterator[str]:
    for count, element in enumerate(_BYLINES(document.tree)):
        if count >= _MAX_BYLINES:
            return
        yield _byline(element)


def _byline(element: HtmlElement) -> str:
    text = element.get("content") or words_of(element, 160)
    return text if len(text) < 150 else ""


def _clean(values: Iterable[str], sites: frozenset[str]) -> tuple[str, ...]:
    names: dict[str, str] = {}
    for value in values:
        for name in split_names(value):
            key = name.casefold()
            if key not in names and key not in sites and key.replace(" ", "") not in sites:
                names[key] = name
            if len(names) >= _MAX_AUTHORS:
                break
    return tuple(names.values())


def split_names(byline: str) -> Iterator[str]:
    """The names in a byline (`By Jane Doe and John Roe | 3 May`, «كتبت منى علي»), without what cannot be a name."""
    text = _URL.sub(" ", _EMAIL.sub(" ", byline[:500]))
    text = _PARENTHESIS.sub(" ", text)
    text = _ARABIC_PREFIX.sub("", _PREFIX.sub("", text.strip()))
    for part in _SPLIT.split(text):
        name = _TITLE_WORDS.sub("", _DATE_TAIL.sub("", part))
        name = _ARABIC_PREFIX.sub("", _PREFIX.sub("", name)).strip(" \t-–—|:,.،*'\"«»“”@_")
        if _is_name(name):
            yield name


def _is_name(name: str) -> bool:
    if not 2 <= len(name) <= _MAX_NAME or len(name.split()) > 7 or name.casefold() in _NOBODY:
        return False
    return not any(character.isdigit() for character in name) and any(character.isalpha() for character in name)
