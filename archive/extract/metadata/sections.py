"""Find an article's section and tags in the page's declarations and near its title."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archive.extract.metadata.head import as_list, element_text, is_placeholder, plain, types
from archive.extract.metadata.site import is_site

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archive.extract.metadata.head import Head
    from archive.extract.metadata.markup import Mark, Marks

_MAX_LABEL = 80
_MAX_TAGS = 40
_SECTION_METAS = (
    "article:section",
    "og:article:section",
    "section",
    "parsely-section",
    "articlesection",
    "cxenseparse:section",
    "sailthru.section",
    "category",
    "dc.subject",
    "prism.section",
    "content_category",
)
_TAG_METAS = (
    "article:tag",
    "og:article:tag",
    "parsely-tags",
    "sailthru.tags",
    "news_keywords",
    "keywords",
    "cxenseparse:taxonomy",
)
# Classes of category labels near the title: Jannah, Newspaper, Soledad, Publisher, hAtom's rel=category.
_CATEGORY = re.compile(
    r"post-cat-wrap|post-cat\b|td-post-category|penci-cat|cat-links|entry-category|post-categor|term-badge"
    r"|article-?_*section|taxonomy-category|(?:^|\s)(?:rubrique|rubrik|ressort|seccion|kicker-section)(?:\s|$)"
    r"|(?:^|\s)(?:category|news-?_*cat(?:egory)?|section-?_*(?:label|name|link))(?:\s|$)|articlesection"
)
_CATEGORY_WORDS = ("cat", "section", "badge", "rubri", "ressort", "seccion")
_TOPIC = re.compile(r"(?:^|\s)(?:(?:article|post|story)-?_*)?topics(?:\s|$)")
_CRUMB = re.compile(r"bread-?cr?umb")
"""Includes a common misspelling."""
_TAG = re.compile(
    r"tagcloud|post-?tags|tags-links|article-?_*tags|tag-?list|post-bottom-tags|entry-tags|(?:^|\s)tags?(?:\s|$)"
)
_NEAR = 1.2
"""Largest distance from the title (see `Marks.distance`) of a category label that cannot be a teaser's."""
_MOST_WORDS = 6
"""Maximum words of a breadcrumb that names a section."""
_MAX_DISTANT = 60
_MOST_PRINTED = 15
"""Maximum number of printed tags of one article; more are a tag cloud."""
_KEYWORDS = re.compile(r"(?:^|\s)keywords(?:\s|$)")
# Labels that are not sections: the home page, marks of prominence, and defaults of content management systems.
_NO_SECTION = re.compile(
    r"home|home\s?page|start|startseite|startpagina|accueil|inicio|início|página inicial|pagina principale"
    r"|الرئيسية|الرئيسيه|الصفحة الرئيسية|خانه|صفحه اصلی|صفحه نخست|صفحہ اول|ہوم|سەرەتا"
    r"|anasayfa|ana sayfa|главная|головна|beranda|hjem|etusivu|strona główna|trang chủ"
    r"|αρχική|דף הבית|ראשי|होम|หน้าแรก|首页|首頁|ホーム|トップ|홈|index|featured|slider|slideshow|مميز|مميزة"
    r"|all|alle|tous|todos|tutti|tümü|все|الكل|全部|すべて"
    r"|unc?ategori[sz]ed|غير مصنف|بدون تصنيف|non classé|sin categoría|allgemein|sem categoria|genel|general",
    re.IGNORECASE,
)


def read_section(head: Head, marks: Marks, title: str, sites: frozenset[str]) -> tuple[str, str]:
    """Return the article's section and its source; ('', '') if the page names none.

    A breadcrumb with one of the site's names (`sites`) is the front page.
    """
    short = plain(title, _MAX_LABEL)
    for source, values in _sections(head, marks, title):
        for value in values:
            label = plain(value, _MAX_LABEL)
            is_crumb = source.endswith("breadcrumb")
            is_home = is_crumb and is_site(label, sites)
            is_sentence = is_crumb and len(label.split()) > _MOST_WORDS
            if label and not is_home and not is_sentence and label != short and not _says_nothing(label):
                return label, source
    return "", ""


def _says_nothing(label: str) -> bool:
    if not any(map(str.isalpha, label)):  # the number of an issue
        return True
    return bool(_NO_SECTION.fullmatch(label)) or label.startswith("http") or label[-1] in ":：" or is_placeholder(label)


def _sections(head: Head, marks: Marks, title: str) -> Iterator[tuple[str, Iterable[Any]]]:
    yield "json-ld", as_list(head.article.get("articleSection"))
    for name in _SECTION_METAS:
        yield f"meta:{name}", head.metas.get(name, ())
    yield "dom:category", _texts(_near(marks, title), 6)
    yield "json-ld:breadcrumb", _declared_crumbs(head)
    yield "dom:breadcrumb", _texts(marks.find(_CRUMB, words=("bread",)), 6, home=False)


def _near(marks: Marks, title: str) -> list[Mark]:
    """Return the category labels of the article: those near its title, then distant ones that are not in teasers."""
    found = list(marks.find(_CATEGORY, words=_CATEGORY_WORDS))
    near = [mark for mark in found if marks.distance(mark, title) <= _NEAR]
    distant = [mark for mark in found[:_MAX_DISTANT] if mark not in near]
    return near + [
        mark for mark in distant if "articlesection" in mark.names or not marks.is_in_teaser(mark.element, title)
    ]


def _declared_crumbs(head: Head) -> Iterator[Any]:
    """Yield breadcrumb names by position; the first, usually the home page, comes last and only if it links elsewhere."""
    inner = (crumbs for node in head.nodes for crumbs in as_list(node.get("breadcrumb")) if isinstance(crumbs, dict))
    for node in (*head.nodes, *inner):
        if "breadcrumblist" in types(node):
            items = [item for item in as_list(node.get("itemListElement"))[:8] if isinstance(item, dict)]
            crumbs = [_crumb(item) for item in sorted(items, key=_position)[:4]]
            yield from (name for name, _ in crumbs[1:])
            yield from (name for name, address in crumbs[:1] if address and not _FRONT.fullmatch(address))


def _crumb(item: dict[str, Any]) -> tuple[Any, str]:
    inner = item.get("item")
    if isinstance(inner, dict):
        return inner.get("name") or item.get("name"), plain(inner.get("@id") or inner.get("url"))
    return item.get("name"), plain(inner)


def _position(item: dict[str, Any]) -> int:
    said = plain(item.get("position"), 10)
    return int(said) if said.isdecimal() else 0


def read_tags(head: Head, marks: Marks) -> tuple[tuple[str, ...], str]:
    """Return the article's tags, each once, at most 40, and their source; ((), '') if there are none.

    Keywords of which the page prints none as a tag are the site's.
    """
    for source, values in _tags(head, marks):
        if labels := _unique(values):
            printed = _unique(_printed_tags(marks)) if source == "meta:keywords" else {}
            if 0 < len(printed) <= _MOST_PRINTED and labels.keys().isdisjoint(printed):
                return tuple(printed.values()), "dom:tag"
            return tuple(labels.values())[:_MAX_TAGS], source
    return (), ""


def _unique(values: Iterable[Any]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for label in (label for value in values for label in _split(value)):
        if label and not is_placeholder(label):
            labels.setdefault(label.casefold(), label)
    return labels


def _tags(head: Head, marks: Marks) -> Iterator[tuple[str, Iterable[Any]]]:
    yield "json-ld", as_list(head.article.get("keywords"))
    for name in _TAG_METAS:
        yield f"meta:{name}", head.metas.get(name, ())
    yield (
        "dom:itemprop",
        _texts(
            (mark for mark in marks.find(_KEYWORDS, words=("keywords",)) if mark.element.get("itemprop")), _MAX_TAGS
        ),
    )
    yield "dom:tag", _printed_tags(marks)
    yield "dom:tag", _texts(marks.find(_TOPIC, words=("topics",)), _MAX_TAGS)


def _printed_tags(marks: Marks) -> list[str]:
    return _texts((mark for mark in marks.find(_TAG, words=("tag",)) if not _is_category(mark)), _MAX_TAGS)


def _is_category(mark: Mark) -> bool:
    """Return whether a tag is a category (`rel="category tag"`, or in an element of that name)."""
    parent = mark.element.getparent()
    names = f"{mark.names} {'' if parent is None else parent.get('class')}".lower()
    return mark.element.tag == "a" and _CATEGORIES.search(names) is not None


_CATEGORIES = re.compile(r"(?:^|[\s_-])(?:cat|categor(?:y|ies)|taxonomy-category)(?:[\s_-]|$)")


def _texts(marks: Iterable[Mark], most: int, *, home: bool = True) -> list[str]:
    """Return the texts of the links in the first of the elements, or of elements without links.

    Links to the front page count only with `home`.
    """
    labels: dict[str, None] = {}
    for mark in marks:
        links = [mark.element] if mark.element.tag == "a" else list(mark.element.iter("a"))[:most]
        for link in links or ([mark.element] if mark.element.tag in {"span", "p", "meta"} else []):
            label = link.get("content") or element_text(link, _MAX_LABEL)
            if any(map(str.isalnum, label)) and (home or not _FRONT.fullmatch(link.get("href") or "-")):
                labels[label] = None
        if len(labels) >= most:
            break
    return list(labels)[:most]


_FRONT = re.compile(r"(?:https?://[^/?#]+)?/?")
"""The address of a site's front page."""
_SEPARATORS = re.compile(r"\s*[,،，、;؛|]\s*")


def _split(value: Any) -> list[str]:
    if isinstance(value, dict):
        value = value.get("name")
    text = plain(value, 2_000)
    return [label.strip("# ") for label in _SEPARATORS.split(text) if 0 < len(label) <= _MAX_LABEL]
