"""Find the names in marked-up bylines."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from archive.extract.metadata.head import element_text, plain
from archive.extract.metadata.persons import MAX_AUTHORS, MAX_NAME, clean_names, has_name_shape

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from lxml.html import HtmlElement

    from archive.extract.metadata.markup import Mark, Marks


_MAX_BYLINES = 40
_MAX_LINE = 160
_MAX_MARKS = 300
# Maximum distance of a byline from the title (see `Marks.distance`); a byline further away belongs to another text.
_FAR = 5.6

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
BYLINE_OR_LINE = re.compile(
    rf"{_BYLINE.pattern}|(?:^|\s)(?:(?:entry|post|article|story)-?_*)?meta(?:-?data|-?info)?(?:\s|$)"
)
"""Also matches lines of article metadata, in which only a link to an author's page counts as a name."""
BYLINE_WORDS = (
    "author", "autor", "auteur", "byline", "write", "vcard", "yazar", "muhabir", "redakteur", "username", "journalist",
    "creator", "katib", "olumnist", "dateline", "credit", "submitted", "meta",
)  # fmt: skip
_BYLINE_TAGS = frozenset({"address", "author"})
_STRONG = re.compile(r"(?:^|\s)(?:author|byline|fn|author-?_?name|byline-?_?name|writeby|url fn n)(?:\s|$)")
_PROFILE = re.compile(
    r"/(?:author|authors|autor|autoren|auteur|auteurs|writer|writers|people|profile?|person|redakteur|kolumnist|yazar|journalist|by"
    r"|staff|team|user|users|redaktion|kateb|contributor|reporter|columnist)s?/[^/]"
)


class Byline(NamedTuple):
    """A marked-up byline: its doubt (by markup and distance to the title), and the names in it."""

    doubt: float
    mark: Mark
    names: list[str]


def find_bylines(marks: Marks, sites: frozenset[str], title: str) -> list[Byline]:
    """Return the bylines outside teasers, at most 40, in page order."""
    found: list[Byline] = []
    for mark in islice(marks.find(BYLINE_OR_LINE, _BYLINE_TAGS, words=BYLINE_WORDS), _MAX_MARKS):
        if _is_no_byline(mark.names) or _is_quoted(mark.element):
            continue
        values = (
            _names_in(mark.element)
            if _BYLINE.search(mark.names) or mark.element.tag in _BYLINE_TAGS
            else _linked_names(mark.element)
        )
        if values and clean_names(values, sites) and not marks.is_in_teaser(mark.element, title):
            found.append(Byline(_doubt(mark) + marks.distance(mark, title), mark, values))
        if len(found) >= _MAX_BYLINES:
            break
    return found


def _is_no_byline(names: str) -> bool:
    return _NOT_BYLINE.search(names) is not None and _BOX_NAME.search(names) is None


_BOX_NAME = re.compile(r"author[\w-]*[_-]name(?:\s|$)")
"""The name in a card about the author."""


def from_bylines(bylines: Sequence[Byline]) -> list[str]:
    """Return the names in the likeliest byline near the title, and in adjacent bylines of the same class."""
    best = min((byline for byline in bylines if byline.doubt < _FAR), key=lambda byline: byline.doubt, default=None)
    if best is None:
        return []
    names = best.names
    holders = list(islice(best.mark.element.iterancestors(), 2))
    around = [byline for byline in bylines if byline.mark.element in holders]
    if more := more_names(clean_names(names, frozenset()), around, frozenset()):
        return list(more)
    for byline in bylines:
        same = byline.mark is not best.mark and byline.mark.names == best.mark.names and byline.doubt < _FAR
        if same and _beside(byline.mark.element, best.mark.element):
            names = names + byline.names
    return names


def more_names(names: Collection[str], bylines: Iterable[Byline], sites: frozenset[str]) -> tuple[str, ...]:
    """Return the names of the first byline near the title that has all of these names and more, () if none has."""
    for byline in bylines:
        printed = clean_names(byline.names, sites) if byline.doubt < _FAR else ()
        if set(names) < set(printed) and all(has_name_shape(name, colon=True) for name in printed):
            return printed
    return ()


def from_distant_bylines(bylines: Sequence[Byline], sites: frozenset[str]) -> list[str]:
    """Return the names in bylines far from the title, if all give the same: those of several texts differ."""
    told = {clean_names(byline.names, sites) for byline in bylines if _BYLINE.search(byline.mark.names)}
    names = list(told.pop()) if len(told) == 1 else []
    return names if all(has_name_shape(name, colon=True) for name in names) else []


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
    names = [part.get("content") or element_text(part, MAX_NAME + 20) for part in named[:MAX_AUTHORS]]
    if any(names):
        return names
    if any(names := _linked_names(element)):
        return _all_of_line(element, names)
    text = " | ".join(_lines(element)) or element_text(element, _MAX_LINE)
    for button in islice(element.iterdescendants("button"), 3):
        text = text.removesuffix(element_text(button, 60)).strip()
    if match := _LABELLED.search(text):
        return [match[1]]
    # A text that begins with a digit is a date line.
    return [text] if 0 < len(text) < 120 and not text[0].isdigit() and not _PICTURE.match(text) else []


def _all_of_line(element: HtmlElement, linked: list[str]) -> list[str]:
    """Return the text of a byline in which only some of the names are links, else the linked names."""
    text = element_text(element, _MAX_LINE)
    told = clean_names([text], frozenset())
    is_more = len(told) > len(linked) and set(clean_names(linked, frozenset())) < set(told)
    is_names = len(text) < _MAX_LINE and all(has_name_shape(name, colon=True) for name in told)
    return [text] if is_more and is_names else linked


def _linked_names(element: HtmlElement) -> list[str]:
    """Return the texts of an element's links to author profiles."""
    links = (link for link, _ in zip(element.iterdescendants("a"), range(200), strict=False))
    profiles = [
        link for link in links if "author" in (link.get("rel") or "") or _PROFILE.search(link.get("href") or "")
    ]
    return [element_text(link, MAX_NAME + 20) for link in profiles[:MAX_AUTHORS]]


def _lines(element: HtmlElement) -> list[str]:
    """Return the texts of child elements without text between them, if the first has several words; else [].

    If there is space between them, all look like names: otherwise they may be the parts of one name.
    """
    while len(element) == 1 and not (element.text or "").strip():
        element = element[0]
    children = list(element)[:6]
    tails = "".join(child.tail or "" for child in children[:-1])
    if len(children) < 2 or (element.text or "").strip() or tails.strip():
        return []
    texts = [text for child in children if (text := element_text(child, MAX_NAME))]
    if tails:
        return texts if len(texts) > 1 and all(has_name_shape(text, colon=True) for text in texts) else []
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
