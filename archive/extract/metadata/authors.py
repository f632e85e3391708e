"""Find who wrote an article, in JSON-LD, meta tags, bylines and byline phrases."""

from __future__ import annotations

import re
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from archive.article import AGENCIES
from archive.extract.metadata.head import as_list, element_text, plain
from archive.extract.metadata.markup import is_in_teaser
from archive.extract.metadata.persons import MAX_NAME, split_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lxml.html import HtmlElement

    from archive.extract.metadata.head import Head
    from archive.extract.metadata.markup import Mark, Marks

_MAX_AUTHORS = 20
_MAX_BYLINES = 40
_MAX_MARKS = 300
_MAX_BYLINE_TEXT = 120
_MAX_ROLES = 2
"""Levels of roles and profile pages around an author in JSON-LD."""
# Maximum distance of a byline from the title (see `Marks.distance`); a byline further away belongs to another text.
_FAR = 5.6

_METAS = (
    "author", "article:author", "og:article:author", "og:author", "byl", "dc.creator", "dcterms.creator",
    "dc.creator.author", "citation_author", "citation_authors",
    "parsely-author", "sailthru.author", "cxenseparse:author", "article:author_name", "authors", "creator",
    "rbauthors", "atc-metaauthor", "articleauthor",
    "shareaholic:article_author_name", "mediator_author", "twitter:data1", "twitter:data2",
)  # fmt: skip

# Classes of marked-up bylines: WordPress (hAtom), Blogger, Jannah, Newspaper, Soledad, and publishers' own.
_BYLINE = re.compile(
    r"author|autor|auteur|byline|writeby|writer|vcard|yazar|muhabir|redakteur|(?:^|\s)username(?:\s|$)|journalist"
    r"|\bcreator\b|has_creator|\bkatib\b|[ck]olumnist|dateline|credit|submitted"
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
"""Also matches lines of article metadata, in which only a link to an author's page counts as a name."""
_BYLINE_WORDS = (
    "author", "autor", "auteur", "byline", "write", "vcard", "yazar", "muhabir", "redakteur", "username", "journalist",
    "creator", "katib", "olumnist", "dateline", "credit", "submitted", "meta",
)  # fmt: skip
_BYLINE_TAGS = frozenset({"address", "author"})
_STRONG = re.compile(r"(?:^|\s)(?:author|byline|fn|author-?_?name|byline-?_?name|writeby|url fn n)(?:\s|$)")
_PROFILE = re.compile(
    r"/(?:author|authors|autor|autoren|auteur|auteurs|writer|writers|people|profile?|person|redakteur|kolumnist|yazar|journalist|by"
    r"|staff|team|user|users|redaktion|kateb|contributor|reporter|columnist)s?/[^/]"
)


def read_authors(
    head: Head, marks: Marks, sites: frozenset[str], title: str, section: str = ""
) -> tuple[tuple[str, ...], str]:
    """Return the authors' names in page order and where they were read; ((), '') when the page names none.

    The name of the site or section and account names (`jane.doe`) count only if the page gives no other name. At most 20 names.
    """
    lesser: list[tuple[tuple[str, ...], str]] = []
    for without in (sites, frozenset[str]()):
        for source, values in _sources(head, marks, without, title):
            if names := _clean(values, without):
                if not all(map(_LOGIN.fullmatch, names)) and names != (section,):
                    return names, source
                lesser.append((names, source))
    return next(iter(lesser), ((), ""))


_LOGIN = re.compile(r"[a-z]+[._][a-z]+")
"""An account name (`jane.doe`), printed where the author's name was never filled in."""


def _sources(head: Head, marks: Marks, sites: frozenset[str], title: str) -> Iterator[tuple[str, Iterable[str]]]:
    yield "json-ld", _from_jsonld(head)
    yield "meta", _from_metas(head)
    bylines = _bylines(marks, sites, title)
    yield "dom:byline", _from_bylines(bylines)
    yield "text", _from_text(marks, title)
    yield "dom:link", _from_links(marks, title)
    yield "dom:byline", _from_distant_bylines(bylines, sites)
    yield "dom:signature", islice((text for text in marks.signatures() if _NAME_WORDS.match(text)), 1)
    if not sites:
        yield "text", _from_signed_texts(marks)


def _from_jsonld(head: Head) -> Iterator[str]:
    for key in ("author", "creator"):
        said = head.article.get(key)
        whole = said.get("@list") or said.get("@set") or said if isinstance(said, dict) else said
        for author in as_list(whole)[:_MAX_BYLINES]:
            yield from _names_of(head, author)


def _names_of(head: Head, author: object, depth: int = 0) -> Iterator[str]:
    """Yield the names of an author, who may be a reference, the main entity of a profile page, or the holder of a Role."""
    value = head.by_id.get(author, author) if isinstance(author, str) else head.resolve(author)
    if not isinstance(value, dict) or value.get("@value"):
        yield plain(value)
        return
    parts = " ".join(plain(value.get(part)) for part in ("givenName", "familyName")).strip()
    if names := as_list(value.get("name")) or as_list(parts or None):
        yield from map(plain, names)
    elif depth < _MAX_ROLES:
        for inner in [*as_list(value.get("mainEntity")), *as_list(value.get("author"))][:_MAX_AUTHORS]:
            yield from _names_of(head, inner, depth + 1)


_WRITTEN_BY = re.compile(
    r"written by|verfasst|geschrieben|écrit par|rédigé|escrito por|scritto da|كُ?تب|بواسطة|geschreven|yazan|yazar|напис|автор"
    r"|napisan|ditulis|skre?ve[nt]|執筆|作者|글쓴이|נכתב|נכתבה|نوشته|نویسنده|scris de|napsal|συντάχθηκε|autor|auteur|kirjoittan",
    re.IGNORECASE,
)
"""Labels of the author's name in cards, as WordPress plugins translate them; the other card gives the reading time."""


def _from_metas(head: Head) -> Iterator[str]:
    for name in _METAS:
        values = head.metas.get(name, ())
        label = head.metas.get(name.replace("data", "label"), ()) if name.startswith("twitter:") else ()
        if name.startswith("twitter:") and not _WRITTEN_BY.search(" ".join(label)):
            continue
        found = [text for value in values if not (text := plain(value)).startswith(("http://", "https://"))]
        if any(found):
            if name.startswith("citation_"):
                yield from (_in_order(part.strip()) for text in found for part in text.split(";"))
            else:
                yield from (_in_order(text) if name.startswith("dc") and _is_reversed(text) else text for text in found)
            return


def _in_order(name: str) -> str:
    """Return a name that a citation gives as `Doe, Jane` in the order of speech."""
    last, comma, first = name.partition(", ")
    return f"{first} {last}" if comma and "," not in first else name


def _is_reversed(name: str) -> bool:
    """Return whether a name is a family name, a comma and a given name of one word each; acronyms are agencies."""
    parts = name.split(", ")
    return len(parts) == 2 and not any(" " in part or part.isupper() for part in parts)


class _Byline(NamedTuple):
    """A marked-up byline: its doubt (by markup and distance to the title), and the names in it."""

    doubt: float
    mark: Mark
    names: list[str]


def _bylines(marks: Marks, sites: frozenset[str], title: str) -> list[_Byline]:
    """Return the bylines outside teasers, at most 40, in page order."""
    found: list[_Byline] = []
    for mark in islice(marks.find(_BYLINE_OR_LINE, _BYLINE_TAGS, words=_BYLINE_WORDS), _MAX_MARKS):
        if _is_no_byline(mark.names) or _is_quoted(mark.element):
            continue
        values = (
            _names_in(mark.element)
            if _BYLINE.search(mark.names) or mark.element.tag in _BYLINE_TAGS
            else _linked_names(mark.element)
        )
        if values and _clean(values, sites) and not is_in_teaser(mark.element, title):
            found.append(_Byline(_doubt(mark) + marks.distance(mark, title), mark, values))
        if len(found) >= _MAX_BYLINES:
            break
    return found


def _is_no_byline(names: str) -> bool:
    return _NOT_BYLINE.search(names) is not None and _BOX_NAME.search(names) is None


_BOX_NAME = re.compile(r"author[\w-]*[_-]name(?:\s|$)")
"""The name in a card about the author."""


def _from_bylines(bylines: Sequence[_Byline]) -> list[str]:
    """Return the names in the likeliest byline near the title, and in adjacent bylines of the same class."""
    best = min((byline for byline in bylines if byline.doubt < _FAR), key=lambda byline: byline.doubt, default=None)
    if best is None:
        return []
    names = best.names
    for byline in bylines:
        same = byline.mark is not best.mark and byline.mark.names == best.mark.names and byline.doubt < _FAR
        if same and _beside(byline.mark.element, best.mark.element):
            names = names + byline.names
    return names


def _from_distant_bylines(bylines: Sequence[_Byline], sites: frozenset[str]) -> list[str]:
    """Return the names in bylines far from the title, if all give the same: those of several texts differ."""
    told = {_clean(byline.names, sites) for byline in bylines if _BYLINE.search(byline.mark.names)}
    names = list(told.pop()) if len(told) == 1 else []
    return names if all(_has_shape(name, colon=True) for name in names) else []


def _doubt(mark: Mark) -> float:
    if "author" in (mark.element.get("rel") or "").lower().split() or mark.element.get("itemprop") in {
        "author",
        "creator",
    }:
        return 0.0
    return 0.5 if _STRONG.search(mark.names) else 1.0


def _is_quoted(element: HtmlElement) -> bool:
    """Return whether the element is in a quotation or figure, where it names the speaker or the photographer."""
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
    """Return the names in one byline: elements marked as names, else the texts of profile links, else its whole text if short."""
    if (content := element.get("content")) and "date" not in (element.get("property") or ""):
        return [plain(content)]
    within = [part for part, _ in zip(element.iterdescendants(*_NAME_TAGS), range(200), strict=False)]
    named = [
        part
        for part in within
        if part.get("itemprop") == "name"
        or part.get("property") in _NAME_PROPERTIES
        or _NAME_CLASS.search((part.get("class") or "").lower())
    ]
    names = [part.get("content") or element_text(part, MAX_NAME + 20) for part in named[:_MAX_AUTHORS]]
    if any(names) or any(names := _linked_names(element)):
        return names
    text = " | ".join(_lines(element)) or element_text(element, 160)
    for button in islice(element.iterdescendants("button"), 3):
        text = text.removesuffix(element_text(button, 60)).strip()
    if match := _LABELLED.search(text):
        return [match[1]]
    # A text that begins with a digit is a date line.
    return [text] if 0 < len(text) < 120 and not text[0].isdigit() and not _PICTURE.match(text) else []


def _linked_names(element: HtmlElement) -> list[str]:
    """Return the texts of an element's links to author profiles."""
    links = (link for link, _ in zip(element.iterdescendants("a"), range(200), strict=False))
    profiles = [
        link for link in links if "author" in (link.get("rel") or "") or _PROFILE.search(link.get("href") or "")
    ]
    return [element_text(link, MAX_NAME + 20) for link in profiles[:_MAX_AUTHORS]]


def _lines(element: HtmlElement) -> list[str]:
    """Return the texts of child elements without space between them, if the first has several words; else []."""
    children = list(element)[:6]
    if len(children) < 2 or (element.text or "").strip() or any(child.tail for child in children[:-1]):
        return []
    texts = [text for child in children if (text := element_text(child, MAX_NAME))]
    return texts if len(texts) > 1 and len(texts[0].split()) > 1 else []


_NAME_PROPERTIES = frozenset({"name", "foaf:name", "schema:name"})
_NAME_TAGS = ("a", "span", "meta", "p", "div", "strong", "b", "cite", "address")
_NAME_CLASS = re.compile(r"(?:^|\s)(?:fn|name)(?:\s|$)|(?:^|[\s_-])(?:author|byline)-?_*name(?:\s|$)")
_LABELLED = re.compile(
    r"(?:autor(?:in)?|auteur|author|text|redaktion|escrito por|الكاتب|بقلم)(?: (?:und|&|and) \w+)?\s*:\s*(.{2,60}?)(?=\s+[^\W\d]\w*:|\s*$)",
    re.IGNORECASE,
)


_PICTURE = re.compile(
    r"\W*(?:bild|fotos?|photos?|image|picture|credit|crédit|©|صورة|تصوير|المصور|عکس|фото|zdjęcie|kuva|写真|사진|תמונה|צילום)\b",
    re.IGNORECASE,
)
_TEXT_BYLINE = re.compile(
    r"^(?:(?i:by|von|par|por|door|av|af|di|a cura di|oleh|(?:written|words|story|text|reported) by|geschrieben von|verfasst von|rédigé par"
    r"|escrito por|scritto da|texte? (?:von|de)|ein(?:e|en)? \w+ von|propos recueillis par|oprac\.|γράφει [οη]"
    r"|das (?:interview|gespräch) führten?"
    r"|(?:interview(?:ed)?|entrevista|intervista)(?: by| von| par| de| di|(?=:)))\s*:?\s+(?=[^\W\d_a-z])"
    r"|(?i:text|tekst|texte|texto|author|autor(?:in|a|e)?|auteure?|tác giả|автор|текст|penulis|laporan|haber|muhabir|yazan|yazar|reporter"
    r"|συντάκτης|κείμενο)\s?:\s+(?=[^\W\d_a-z])"
    r"|(?P<own>(?:كتب|كتبت|بقلم|حوار|(?:إعداد|اعداد)(?: و(?:تقديم|تحرير|حوار))?|تحرير|تقرير|تحقيق|متابعة|حاورته|حاوره|حاورها"
    r"|أجرى الحوار|أجرت الحوار|الكاتب|الكاتبة|بواسطة|توسط|מאת|نویسنده|گزارش|خبرنگار|تحریر|رپورٹ|نووسەر)"
    r"(?![\u0621-\u063a\u0641-\u064a])\s*(?P<colon>[:：/ـ–—-])?"
    r"|(?:כתבה?|लेखक|लेखिका|作者|记者|記者|文|撰文|執筆|取材|取材・文|글|글쓴이)\s*(?P<sign>[:：/=＝|｜]))\s*(?=[^\W\d_a-z]))"
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
    r"^(?:by|von|par|por|door|av|di|كتب|كتبت|بقلم|حوار|إعداد|author(?:s|\(s\))?|contributors?|autor(?:in|a|e)?"
    r"|(?:written|text|words|story|article|reported) by|auteure?|yazar|автор|penulis|الكاتبة?"
    r"|נכתב על ידי|מאת|نویسنده|作者|记者|記者|執筆|συντάκτης|लेखक)\s*[:：]?$",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"(?:^|\s)ال(?!دكتور|مهندس|[أا]ستاذ|محامي|شيخ|لواء)")
_NEEDS_COLON = re.compile(r"^(?:تقرير|تحقيق|متابعة|تحرير|گزارش|خبرنگار|تحریر|رپورٹ|نووسەر)")
_NAME_WORDS = re.compile(
    r"^[^\W\d_a-z][\w.’'-]*(?:\s(?:(?:[ae]l-|[dl]['’])?[^\W\d_a-z][\w.’'-]*|von|van|de|der|den|del|di|da|dos|al|el|bin|ibn|ten|le|la|y|und|and|et)){1,6}$"
)


def _from_text(marks: Marks, title: str) -> Iterator[str]:
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
        if not byline and _ALONE.match(text) and _has_shape(following.partition(", ")[0], colon=True):
            byline = following + "".join(_joined(near[at + 2 : at + 2 + _MAX_AUTHORS]))
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
        if not _BETWEEN.fullmatch(word) or not _has_shape(name, colon=True):
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
        if names and all(name.upper() in AGENCIES or _has_shape(name, colon=has_colon) for name in names):
            return line
    return ""


def _from_signed_texts(marks: Marks) -> Iterator[str]:
    """Yield the name after a label that only authors have (`Written by Jane Doe`), if the page has it for one name."""
    texts = marks.texts()
    found = {
        name
        for text, following in pairwise([*texts, ""])
        if (match := _SIGNED.match(text[:_MAX_BYLINE_TEXT]))
        and _has_shape(name := (match["name"] or following).strip(" ."), colon=True)
    }
    if len(found) == 1:
        yield found.pop()


_SIGNED = re.compile(
    r"(?:(?:this|the) (?:post|article|story|piece) (?:was|is) )?(?:(?:written|article|story|words|text) by|verfasst von|geschrieben von"
    r"|escrito por|rédigé par|scritto da|كُ?تبه|بقلم)\s*[:：]?(?:\s+(?P<name>[^,.<>]{4,60}))?(?:[,.]|$)",
    re.IGNORECASE,
)


def _from_links(marks: Marks, title: str) -> Iterator[str]:
    """Yield the first name near the title that links to its author's page."""
    near = frozenset(marks.near(title, after=25, before=6))
    for link in marks.links():
        if "author" in (link.get("rel") or "").split() or _AUTHORS_PAGE.search(link.get("href") or ""):
            name = element_text(link, MAX_NAME)
            if name in near and _has_shape(name, colon=False):
                yield name
                return


_AUTHORS_PAGE = re.compile(
    r"/(?:author|autor|auteur|writer|redakteur|redaktor|columnist|kolumnist|yazar|journalist|kateb|contributor|reporter)[a-z]{0,3}/[^/]"
)


def _has_shape(name: str, *, colon: bool) -> bool:
    if _CASELESS.search(name):
        if _JOINED.fullmatch(name):
            return colon and len(name) <= _MAX_JOINED
        return 2 <= len(name.split()) <= 5 and (colon or not _ARTICLE.match(name))
    return bool(_NAME_WORDS.match(name))


_CASELESS = re.compile("[\u0590-\u06ff\u0900-\u0dff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts without capital letters."""
_JOINED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
"""Names in scripts that write them without a space."""
_MAX_JOINED = 5


def _clean(values: Iterable[str], sites: frozenset[str]) -> tuple[str, ...]:
    names: dict[str, str] = {}
    for value in values:
        for name in split_names(value):
            key = name.casefold()
            is_site = any(form in sites for form in (key, key.replace(" ", ""), key.removeprefix("the ")))
            is_branch = bool(names) and key.partition(" ")[0] in sites
            if key not in names and not is_site and not is_branch:
                names[key] = name
            if len(names) >= _MAX_AUTHORS:
                break
    return tuple(names.values())
