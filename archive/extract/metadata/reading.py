"""Read an article's metadata from its page, with the source of each value."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from archive.article import Article
from archive.extract.dates import read_dates
from archive.extract.metadata.authors import read_authors
from archive.extract.metadata.head import as_list, element_text, is_placeholder, plain, read_head, types
from archive.extract.metadata.images import read_images
from archive.extract.metadata.language import identify, primary
from archive.extract.metadata.markup import Marks
from archive.extract.metadata.sections import read_section, read_tags
from archive.extract.metadata.site import named_in_title, site_names, title_words
from archive.extract.metadata.title import read_title
from archive.extract.metadata.urls import canonical_url, next_page, previous_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archive.extract.document import Document
    from archive.extract.metadata.head import Head

# The news agency or other source credited in the first or last lines of a text.

_EDGE_LINES = 3
_MAX_LINE = 90

# Stored name of each agency, with the spellings in credit lines; national agencies by the name that they use themselves.
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
# Three forms of a credit: alone on its line, in parentheses with an optional place, or in the dateline of the text.
_AGENCY = re.compile(rf"(?:{_ANY})")
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
    """Return the short name of the agency or source credited in the first or last lines of `text`; '' if there is none.

    Other lines are ignored, because an agency quoted within the text is not the article's source.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines:
        return ""
    for line in lines[:_EDGE_LINES]:  # the title may stand before the first paragraph
        if match := _DATELINE.match(line[:_MAX_LINE]):
            return _name(match)
    for line in (*lines[:_EDGE_LINES], *lines[::-1][:_EDGE_LINES]):
        if len(line) <= _MAX_LINE and (match := _ALONE.match(line)):
            return _name(match)
        if len(line) <= _MAX_LINE and (match := _CREDIT.match(line)):
            return match["name"].strip()
    match = _INSIDE.search(lines[-1][-60:])
    return _name(match) if match else ""


def _parted(names: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Split a byline into persons and their agency (`Jane Doe, Associated Press`); an agency without persons remains the author."""
    agencies = {name: match for name in names if (match := _AGENCY.fullmatch(name))}
    persons = tuple(name for name in names if name not in agencies)
    return (persons, _name(next(iter(agencies.values())))) if persons and agencies else (names, "")


def _name(match: re.Match[str]) -> str:
    index = next(index for index in range(len(_NAMES)) if match[f"a{index}"])
    return _NAMES[index]


_DESCRIPTIONS = (
    "og:description",
    "description",
    "twitter:description",
    "dc.description",
    "dcterms.description",
    "sailthru.description",
)
_SITE_METAS = (
    "og:site_name",
    "application-name",
    "apple-mobile-web-app-title",
    "al:android:app_name",
    "dc.publisher",
    "publisher",
    "article:publisher",
)


_PRINTED = frozenset({"dom:byline", "text"})
"""Sources in which an agency after a person's name is the employer; structured data lists only authors."""
_NOTHING = Article(url="", title="", text="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The metadata of a page: its `article` without text, and values that later steps need.

    `head` holds the page's declarations. `title_candidates` are the other forms of the title on the page, to remove
    title lines from the text. `day` is the day of publication on the site's own clock (`2024-05-12`), or of the last
    change if only that is known. `article.provenance` maps each filled field to its source (`json-ld`,
    `meta:og:title`, `dom:byline` …).
    """

    article: Article = _NOTHING
    head: Head | None = None
    title_candidates: tuple[str, ...] = ()
    day: str = ""
    canonical_url: str = ""
    next_page: str = ""
    previous_page: str = ""


def read_metadata(document: Document) -> Metadata:
    """Read all metadata that does not depend on the text; `with_text` adds the rest. Linear, never raises."""
    head = read_head(document)
    marks = Marks(document.model)
    sitename, sitename_from = _sitename(document, head)
    names = site_names(document, head, sitename)
    title, title_from, candidates = read_title(document, head, marks, names)
    if not sitename and (sitename := named_in_title(document, title)):
        sitename_from = "title"
        names |= {title_words(sitename)}
    section, section_from = read_section(head, marks, title, names)
    authors, authors_from = read_authors(head, marks, names, title, section)
    authors, source = _parted(authors) if authors_from in _PRINTED else (authors, "")
    languages = declared_languages(document)
    dates = read_dates(document, head, marks, title=title, language=next(iter(languages), ""))
    tags, tags_from = read_tags(head, marks)
    images, images_from = read_images(document, head, marks)
    description, description_from = head.first(_DESCRIPTIONS, 1_000)
    canonical, canonical_from = canonical_url(document, head)
    free, free_from = _is_free(head, marks)
    declared = next(filter(None, map(primary, languages)), "")
    origins = {
        "title": title_from,
        "authors": authors_from,
        "source": source and authors_from,
        "date_published": dates.published_from,
        "date_modified": dates.modified_from,
        "section": section_from,
        "tags": tags_from,
        "images": images_from,
        "description": description_from and f"meta:{description_from}",
        "sitename": sitename_from,
        "canonical_url": canonical_from,
        "is_accessible_for_free": free_from,
        "language": "declared" if declared else "",
    }
    article = Article(
        url=canonical or document.page.url,
        title=title,
        text="",
        authors=authors,
        date_published=dates.published,
        date_modified=dates.modified,
        section=section,
        tags=tags,
        language=declared,
        description=description,
        sitename=sitename,
        source=source,
        images=images,
        is_accessible_for_free=free,
        provenance={name: origin for name, origin in origins.items() if origin},
    )
    return Metadata(
        head=head,
        article=article,
        title_candidates=candidates,
        day=dates.day,
        canonical_url=canonical,
        next_page=next_page(document, head),
        previous_page=previous_page(document, head),
    )


def with_text(metadata: Metadata, document: Document, text: str) -> Metadata:
    """Return the metadata with the values found in the article's text: its language and the credited agency or source."""
    language = identify(text, declared_languages(document)) if text.strip() else ""
    found = {"language": language, "source": read_source(text)}
    origins = {name: "text" for name, value in found.items() if value}
    article = metadata.article
    return replace(
        metadata,
        article=replace(
            article,
            language=found["language"] or article.language,
            source=found["source"] or article.source,
            provenance={**article.provenance, **origins},
        ),
    )


def declared_languages(document: Document) -> tuple[str, ...]:
    """Return the language tags that the page or its site declares, the most specific first."""
    tree = document.tree
    html = tree.get("lang") or tree.get("xml:lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    tags = [plain(node.get("inLanguage"), 40) for node in document.jsonld if isinstance(node.get("inLanguage"), str)][
        :3
    ]
    return tuple(filter(None, (html[:40], *tags, document.page.site.language)))


def _sitename(document: Document, head: Head) -> tuple[str, str]:
    """Return the site's name and its source: sharing tags, publisher, the site's JSON-LD node, or application name.

    On an inner page, a value equal to the article's title is not the site's name.
    """
    publisher: Any = head.resolve(head.article.get("publisher"))
    kinds = {"website", "newsmediaorganization", "organization"}
    sites = (node for node in head.nodes if types(node) & kinds and "person" not in types(node))
    named = [("json-ld", plain(node.get("name"), 120)) for node in (publisher, *sites) if isinstance(node, dict)]
    if isinstance(publisher, str):
        named.insert(0, ("json-ld", plain(publisher, 120)))
    is_inner = urlsplit(document.page.url).path not in {"", "/"}
    titles = {plain(head.article.get("headline"), 120), *(text for _, text in _metas(head, ("og:title",)))}
    for source, name in (*_metas(head, _SITE_METAS[:1]), *named, *_metas(head, _SITE_METAS[1:])):
        if name and not is_placeholder(name) and not _ADDRESS.match(name) and not (is_inner and name in titles):
            return name, source
    return "", ""


_ADDRESS = re.compile(r"\w+://|www\.|@|\S+/")


def _metas(head: Head, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((f"meta:{name}", plain(value, 120)) for name in names for value in head.metas.get(name, ()))


_FREE_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_FREE = re.compile("isaccessibleforfree")


def _is_free(head: Head, marks: Marks) -> tuple[bool | None, str]:
    """Return whether the article is free to read (None if unknown) and the source; one part behind a paywall makes it False."""
    pages = (node for node in head.nodes if types(node) & {"webpage", "itempage"} and head.page.standing(node) > 1)
    for node in (head.article, *pages):
        parts = [node, *(part for one in as_list(node.get("hasPart")) if isinstance(part := head.resolve(one), dict))]
        said = [_free_word(value) for part in parts for value in as_list(part.get("isAccessibleForFree"))]
        if any(word is not None for word in said):
            return False not in said, "json-ld"
    for value in head.metas.get("isaccessibleforfree", ())[:1]:
        if (word := _free_word(plain(value, 40))) is not None:
            return word, "meta:isaccessibleforfree"
    for name in ("article:content_tier", "og:article:content_tier"):
        tier = plain(next(iter(head.metas.get(name, ())), ""), 20).lower()
        if tier in {"free", "locked", "metered"}:
            return tier == "free", f"meta:{name}"
    for mark in marks.find(_FREE, words=("isaccessibleforfree",)):
        if (word := _free_word(mark.element.get("content") or element_text(mark.element, 40))) is not None:
            return word, "dom:itemprop"
    return None, ""


def _free_word(value: object) -> bool | None:
    value = value.get("@value") if isinstance(value, dict) else value
    return _FREE_WORDS.get(str(value).strip().rsplit("/", 1)[-1].lower())
