"""Find who wrote an article, in JSON-LD, meta tags, bylines and byline phrases."""

from __future__ import annotations

import re
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from archive.extract.metadata.head import as_list, element_text, plain
from archive.extract.metadata.persons import MAX_NAME, split_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

    from archive.extract.metadata.head import Head
    from archive.extract.metadata.markup import Mark, Marks

_MAX_AUTHORS = 20
_MAX_BYLINES = 40
_MAX_MARKS = 300
# A byline further from the title than this (see `Marks.distance`) is that of another text.
_FAR = 5.6

_METAS = (
    "author", "article:author", "og:article:author", "og:author", "byl", "dc.creator", "dcterms.creator",
    "dc.creator.author", "citation_author",
    "parsely-author", "sailthru.author", "cxenseparse:author", "article:author_name", "authors", "creator",
    "rbauthors", "atc-metaauthor", "articleauthor",
    "shareaholic:article_author_name", "mediator_author", "twitter:data1",
)  # fmt: skip

# Marked-up bylines; the classes are those of WordPress (hAtom), Blogger, Jannah, Newspaper, Soledad and publishers'
# own.
_BYLINE = re.compile(
    r"author|autor|auteur|byline|writeby|writer|vcard|yazar|muhabir|redakteur|(?:^|\s)username(?:\s|$)|journalist"
    r"|\bcreator\b|\bkatib\b|[ck]olumnist|dateline|credit|submitted"
)
_NOT_BYLINE = re.compile(
    r"author(?:s)?[-_]*(?:box|bio|about|desc|avatar|image|img|photo|picture|social|archive|more|links?|follow"
    r"|posts|comment|job|role|title"
    r"|position)|about-?_?author|\bbio\b|avatar|comment|copyright|btn|button|follow|socmed|contact|twitter|facebook|instagram"
    r"|photo-?credit|image-?credit|img-?credit|caption|quote|testimonial"
)
_BYLINE_OR_LINE = re.compile(
    rf"{_BYLINE.pattern}|(?:^|\s)(?:(?:entry|post|article|story)-?_*)?meta(?:-?data|-?info)?(?:\s|$)"
)
"""Also a line of facts on the article, in which only a link to somebody's page is a name."""
_BYLINE_TAGS = frozenset({"address", "author"})
_STRONG = re.compile(r"(?:^|\s)(?:author|byline|fn|author-?_?name|byline-?_?name|writeby|url fn n)(?:\s|$)")
_PROFILE = re.compile(
    r"/(?:author|authors|autor|autoren|auteur|auteurs|writer|writers|people|profile?|person|redakteur|kolumnist|yazar|journalist|by"
    r"|staff|team|user|users|redaktion|kateb|writers?)s?/[^/]"
)


def read_authors(head: Head, marks: Marks, sites: frozenset[str], title: str) -> tuple[tuple[str, ...], str]:
    """Return the authors' names in page order and where they were read; ((), '') when the page names none.

    A name equal to the site's counts only if the page gives no other: the newsroom, or the owner of a blog.
    """
    for without in (sites, frozenset[str]()):
        for source, values in _sources(head, marks, without, title):
            if names := _clean(values, without):
                return names, source
    return (), ""


def _sources(head: Head, marks: Marks, sites: frozenset[str], title: str) -> Iterator[tuple[str, Iterable[str]]]:
    yield "json-ld", _from_jsonld(head)
    yield "meta", _from_metas(head)
    yield "dom:byline", _from_bylines(marks, sites, title)
    yield "text", _from_text(marks, title)


def _from_jsonld(head: Head) -> Iterator[str]:
    for key in ("author", "creator"):
        said = head.article.get(key)
        whole = said.get("@list") or said.get("@set") or said if isinstance(said, dict) else said
        for author in as_list(whole):
            value = head.resolve(author)
            if isinstance(value, dict) and not value.get("@value"):
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
        found = [text for value in values if not (text := plain(value)).startswith(("http://", "https://"))]
        if any(found):
            yield from found
            return


def _from_bylines(marks: Marks, sites: frozenset[str], title: str) -> list[str]:
    """Return the names of the likeliest byline: marked the plainest, nearest to the title; its like beside it belong to it."""
    ranked = []
    for mark in islice(marks.find(_BYLINE_OR_LINE, _BYLINE_TAGS), _MAX_MARKS):
        if _NOT_BYLINE.search(mark.names) or _is_quoted(mark.element):
            continue
        values = (
            _names_in(mark.element)
            if _BYLINE.search(mark.names) or mark.element.tag in _BYLINE_TAGS
            else _linked_names(mark.element)
        )
        if values and _clean(values, sites):
            doubt = _doubt(mark) + marks.distance(mark, title)
            if doubt < _FAR:
                ranked.append((doubt, mark, values))
        if len(ranked) >= _MAX_BYLINES:
            break
    if not ranked:
        return []
    _, best, names = min(ranked, key=lambda entry: entry[0])
    for _, mark, values in ranked:
        if mark is not best and mark.names == best.names and _beside(mark.element, best.element):
            names = names + values
    return names


def _doubt(mark: Mark) -> float:
    if "author" in (mark.element.get("rel") or "").lower().split() or mark.element.get("itemprop") in {
        "author",
        "creator",
    }:
        return 0.0
    return 0.5 if _STRONG.search(mark.names) else 1.0


def _is_quoted(element: HtmlElement) -> bool:
    """Return whether the element stands in a quotation or a figure: it names who was quoted, or who took the picture."""
    for _, node in zip(range(6), element.iterancestors(), strict=False):
        if node.tag in {"blockquote", "q", "figure", "figcaption"} or _QUOTE.search((node.get("class") or "").lower()):
            return True
    return False


_QUOTE = re.compile(r"(?:^|[\s_-])(?:quote|pull-?quote|blockquote|testimonial|zitat)")


def _beside(one: HtmlElement, other: HtmlElement) -> bool:
    def above(element: HtmlElement) -> HtmlElement | None:
        parent = element.getparent()
        return None if parent is None else parent.getparent()

    return one.getparent() is other.getparent() or (above(one) is not None and above(one) is above(other))


def _names_in(element: HtmlElement) -> list[str]:
    """Return the names in one byline: those marked as names, else the texts of links to people's pages, else the whole short text."""
    if content := element.get("content"):
        return [plain(content)]
    within = [part for part, _ in zip(element.iterdescendants(*_NAME_TAGS), range(200), strict=False)]
    named = [
        part
        for part in within
        if part.get("itemprop") == "name" or _NAME_CLASS.search((part.get("class") or "").lower())
    ]
    names = [part.get("content") or element_text(part, MAX_NAME + 20) for part in named[:_MAX_AUTHORS]]
    if any(names) or any(names := _linked_names(element)):
        return names
    text = " | ".join(_lines(element)) or element_text(element, 160)
    if match := _LABELLED.search(text):
        return [match[1]]
    # What begins with a figure is a date line, with or without a name in it.
    return [text] if 0 < len(text) < 120 and not text[0].isdigit() and not _PICTURE.match(text) else []


def _linked_names(element: HtmlElement) -> list[str]:
    """Return the texts of an element's links to people's pages."""
    links = (link for link, _ in zip(element.iterdescendants("a"), range(200), strict=False))
    profiles = [
        link for link in links if "author" in (link.get("rel") or "") or _PROFILE.search(link.get("href") or "")
    ]
    return [element_text(link, MAX_NAME + 20) for link in profiles[:_MAX_AUTHORS]]


def _lines(element: HtmlElement) -> list[str]:
    """Return the texts of elements that stand one after another without a space, the first a name of several words."""
    children = list(element)[:6]
    if len(children) < 2 or (element.text or "").strip() or any(child.tail for child in children[:-1]):
        return []
    texts = [text for child in children if (text := element_text(child, MAX_NAME))]
    return texts if len(texts) > 1 and len(texts[0].split()) > 1 else []


_NAME_TAGS = ("a", "span", "meta", "p", "div", "strong", "b", "cite", "address")
_NAME_CLASS = re.compile(r"(?:^|\s)(?:fn|name|author-?_*name|byline-?_*name)(?:\s|$)")
_LABELLED = re.compile(
    r"(?:autor(?:in)?|auteur|author|text|redaktion|escrito por|الكاتب|بقلم)(?: (?:und|&|and) \w+)?\s*:\s*(.{2,60}?)(?=\s+[^\W\d]\w*:|\s*$)",
    re.IGNORECASE,
)


_PICTURE = re.compile(
    r"\W*(?:bild|fotos?|photos?|image|picture|credit|crédit|©|صورة|تصوير|المصور|عکس)\b", re.IGNORECASE
)
_TEXT_BYLINE = re.compile(
    r"^(?:(?i:by|von|par|por|door|av|di|ein(?:e|en)? \w+ von|text|autor(?:in)?|author|written by|geschrieben von"
    r"|texte? (?:von|de)|propos recueillis par|(?:interview(?:ed)?|entrevista|intervista)(?: by| von| par| de| di|(?=:)))\s*:?\s+"
    r"(?P<latin>[^\W\d_a-z][^\d<>|@]{2,60})"
    r"|(?:كتب|كتبت|بقلم|حوار|إعداد|اعداد|تحرير|حاورته|حاوره|حاورها|أجرى الحوار|أجرت الحوار|الكاتب|الكاتبة)"
    r"\s*(?:[:：/-]\s*|\s)(?P<arabic>[^\d<>|@:،.]{3,50}?)\s*:?)$"
)
# «Jane Doe and John Roe contributed to this report.» names authors when nothing else does.
_CONTRIBUTED = re.compile(
    r"^(?:(?i:(?:additional )?reporting by) (?P<after>[^\W\d_a-z][^\d.]{4,120}?)(?:[.;]|$)"
    r"|(?P<before>[^\W\d_a-z][^\d.]{4,120}?) contributed to this (?:report|story|article|piece)\b)"
)
_ALONE = re.compile(r"^(?:by|von|par|por|door|av|di|كتب|كتبت|بقلم|حوار|إعداد)\s*:?$", re.IGNORECASE)
# «كتب التسويق» are books: without a colon the verb must be followed by two to four words, none with the article.
_ARTICLE = re.compile(r"(?:^|\s)ال")
_NAME_WORDS = re.compile(
    r"^[^\W\d_a-z][\w.’'-]*(?:\s(?:[^\W\d_a-z][\w.’'-]*|von|van|de|der|den|del|di|da|dos|al|el|bin|ibn|ten|le|la|y|und|and|et)){1,6}$"
)


def _from_text(marks: Marks, title: str) -> Iterator[str]:
    """Yield a byline in words beside the title: «كتب أحمد علي», `Von Jane Doe`; the first that has the shape of a name."""
    near = marks.near(title, after=25, before=6)
    for text, following in pairwise([*near, ""]):
        if len(text) > 80:
            continue
        match = _TEXT_BYLINE.match(text)
        name = (match["latin"] or match["arabic"] or "").strip() if match else following if _ALONE.match(text) else ""
        if name and _has_shape(name, colon=":" in text or not match):
            yield name
            return
    for text in marks.texts():
        if match := _CONTRIBUTED.match(text[:200]):
            yield match["after"] or match["before"]
            return


def _has_shape(name: str, *, colon: bool) -> bool:
    if any("\u0621" <= letter <= "\u064a" for letter in name):
        return 2 <= len(name.split()) <= 5 and (colon or not _ARTICLE.match(name))
    return bool(_NAME_WORDS.match(name))


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
