"""Finds an article's section and tags: what a page declares and prints near its title comes in, labels go out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lxml import etree

from archive.extract.head import as_list, plain, types, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archive.extract.document import Document
    from archive.extract.head import Head

_MAX_LABEL = 80
_MAX_TAGS = 40
_SECTION_METAS = (
    "article:section",
    "og:article:section",
    "section",
    "parsely-section",
    "cxenseparse:section",
    "sailthru.section",
    "category",
    "dc.subject",
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
# Category labels by the title: Jannah, Newspaper, Soledad, Publisher, hAtom's rel=category.
_CATEGORIES = etree.XPath(
    "(//*[contains(@class, 'post-cat-wrap') or contains(@class, 'td-post-category') or contains(@class, "
    "'penci-cat-links') or contains(@class, 'cat-links')"
    " or contains(@class, 'entry-category') or contains(@class, 'post-categories') or contains(@class, 'term-badges')"
    " or contains(@class, 'article-section') or contains(@class, 'article__section')]//a"
    " | //a[contains(concat(' ', @rel, ' '), ' category ') or @itemprop='articleSection'] | "
    "//*[@itemprop='articleSection'])"
    "[not(ancestor::aside or ancestor::footer or ancestor::nav[not(contains(@class, 'bread'))] or "
    "ancestor::*[contains(@class, 'related') or contains(@class, 'widget')])]"
)
_CRUMBS = etree.XPath(
    "//*[contains(@class, 'breadcrumb') or contains(@id, 'breadcrumb') or contains(@class, 'Breadcrumb')]//a"
)
_TAG_LINKS = etree.XPath(
    "//a[contains(concat(' ', @rel, ' '), ' tag ')][not(contains(concat(' ', @rel, ' '), ' category '))]"
    " | //*[contains(@class, 'tagcloud') or contains(@class, 'post-tags') or contains(@class, 'tags-links') or "
    "contains(@class, 'article-tags')"
    " or contains(@class, 'tag-list') or contains(@class, 'post-bottom-tags')][not(ancestor::aside or "
    "ancestor::footer)]//a"
)
_HOME = frozenset(
    [
        "home",
        "homepage",
        "start",
        "startseite",
        "accueil",
        "inicio",
        "início",
        "الرئيسية",
        "الرئيسيه",
        "خانه",
        "صفحه",
        "اصلی",
        "صفحہ",
        "اول",
        "anasayfa",
        "index",
    ]
)
_EMPTY = frozenset(
    [
        "uncategorized",
        "uncategorised",
        "غير",
        "مصنف",
        "non",
        "classé",
        "sin",
        "categoría",
        "allgemein",
        "sem",
        "categoria",
        "genel",
        "general",
    ]
)


def read_section(document: Document, head: Head, title: str) -> tuple[str, str]:
    """The section the article stands in and where it was read; ('', '') when the page does not say."""
    for source, values in _sections(document, head):
        for value in values:
            label = plain(value, _MAX_LABEL)
            if label and label.casefold() not in _EMPTY | _HOME and label != title and not label.startswith("http"):
                return label, source
    return "", ""


def _sections(document: Document, head: Head) -> Iterator[tuple[str, Iterable[Any]]]:
    yield "json-ld", as_list(head.article.get("articleSection"))
    for name in _SECTION_METAS:
        yield f"meta:{name}", head.metas.get(name, ())
    yield "dom:category", (words_of(element, _MAX_LABEL) for element in _CATEGORIES(document.tree)[:6])
    yield "json-ld:breadcrumb", _declared_crumbs(head)
    yield "dom:breadcrumb", (words_of(element, _MAX_LABEL) for element in _CRUMBS(document.tree)[:6])


def _declared_crumbs(head: Head) -> Iterator[Any]:
    for node in head.nodes:
        if "breadcrumblist" in types(node):
            # The first is the home page, the last is often the article itself.
            for item in as_list(node.get("itemListElement"))[1:4]:
                inner = item.get("item") if isinstance(item, dict) else None
                yield (inner.get("name") if isinstance(inner, dict) else None) or (
                    item.get("name") if isinstance(item, dict) else None
                )


def read_tags(document: Document, head: Head) -> tuple[tuple[str, ...], str]:
    """The article's tags, each once, at most 40, and where they were read."""
    for source, values in _tags(document, head):
        labels = dict.fromkeys(label for value in values for label in _split(value) if label)
        if labels:
            return tuple(labels)[:_MAX_TAGS], source
    return (), ""


def _tags(document: Document, head: Head) -> Iterator[tuple[str, Iterable[Any]]]:
    yield "json-ld", as_list(head.article.get("keywords"))
    for name in _TAG_METAS:
        yield f"meta:{name}", head.metas.get(name, ())
    yield "dom:tag", (words_of(element, _MAX_LABEL) for element in _TAG_LINKS(document.tree)[:_MAX_TAGS])


_SEPARATORS = re.compile(r"\s*[,،;؛|]\s*")


def _split(value: Any) -> list[str]:
    if isinstance(value, dict):
        value = value.get("name")
    text = plain(value, 2_000)
    return [label.strip("# ") for label in _SEPARATORS.split(text) if 0 < len(label) <= _MAX_LABEL]
