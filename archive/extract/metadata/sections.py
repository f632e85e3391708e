"""Find an article's section and tags, in what a page declares and prints near its title."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archive.extract.metadata.head import as_list, element_text, plain, types

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archive.extract.metadata.head import Head
    from archive.extract.metadata.markup import Marks

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
_CATEGORY = re.compile(
    r"post-cat-wrap|post-cat\b|td-post-category|penci-cat|cat-links|entry-category|post-categor|term-badge"
    r"|article-?_*section|taxonomy-category|(?:^|\s)(?:rubrique|rubrik|ressort|seccion|kicker-section)(?:\s|$)"
    r"|(?:^|\s)(?:category|news-?_*cat(?:egory)?|section-?_*(?:label|name|link))(?:\s|$)|articlesection"
)
_TOPIC = re.compile(r"(?:^|\s)(?:(?:article|post|story)-?_*)?topics(?:\s|$)")
_CRUMB = re.compile(r"bread-?cr?umb")
"""Also as it is often misspelt."""
_TAG = re.compile(
    r"tagcloud|post-?tags|tags-links|article-?_*tags|tag-?list|post-bottom-tags|entry-tags|(?:^|\s)tags?(?:\s|$)"
)
# Labels that name no section: the home page's, and the defaults of content management systems.
_NO_SECTION = re.compile(
    r"home|homepage|start|startseite|accueil|inicio|início|الرئيسية|الرئيسيه|خانه|صفحه اصلی|صفحہ اول|anasayfa|index|unc?ategori[sz]ed"
    r"|غير مصنف|بدون تصنيف"
    r"|non classé|sin categoría|allgemein|sem categoria|genel|general",
    re.IGNORECASE,
)


def read_section(head: Head, marks: Marks, title: str) -> tuple[str, str]:
    """Return the section the article stands in and where it was read; ('', '') when the page does not say."""
    for source, values in _sections(head, marks):
        for value in values:
            label = plain(value, _MAX_LABEL)
            if label and not _NO_SECTION.fullmatch(label) and label != title and not label.startswith("http"):
                return label, source
    return "", ""


def _sections(head: Head, marks: Marks) -> Iterator[tuple[str, Iterable[Any]]]:
    yield "json-ld", as_list(head.article.get("articleSection"))
    for name in _SECTION_METAS:
        yield f"meta:{name}", head.metas.get(name, ())
    yield "dom:category", _labels(marks, _CATEGORY, 6)
    yield "json-ld:breadcrumb", _declared_crumbs(head)
    yield "dom:breadcrumb", _labels(marks, _CRUMB, 6, word="bread", home=False)


def _declared_crumbs(head: Head) -> Iterator[Any]:
    """Yield the names of the breadcrumbs by their position: the first, mostly the home page's, last and only with another address."""
    for node in head.nodes:
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
    """Return the article's tags, each once, at most 40, and where they were read."""
    for source, values in _tags(head, marks):
        labels: dict[str, str] = {}
        for label in (label for value in values for label in _split(value) if label):
            labels.setdefault(label.casefold(), label)
        if labels:
            return tuple(labels.values())[:_MAX_TAGS], source
    return (), ""


def _tags(head: Head, marks: Marks) -> Iterator[tuple[str, Iterable[Any]]]:
    yield "json-ld", as_list(head.article.get("keywords"))
    for name in _TAG_METAS:
        yield f"meta:{name}", head.metas.get(name, ())
    yield "dom:tag", _labels(marks, _TAG, _MAX_TAGS, word="tag")
    yield "dom:tag", _labels(marks, _TOPIC, _MAX_TAGS, word="topics")


def _labels(marks: Marks, pattern: re.Pattern[str], most: int, *, word: str = "", home: bool = True) -> list[str]:
    """Return the texts of the links in, or of, the first elements that match; of the elements themselves when they hold no link.

    `word` is what all names have that match. Links to the front page count only with `home`.
    """
    labels: dict[str, None] = {}
    for mark in marks.find(pattern, word=word):
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
_SEPARATORS = re.compile(r"\s*[,،;؛|]\s*")


def _split(value: Any) -> list[str]:
    if isinstance(value, dict):
        value = value.get("name")
    text = plain(value, 2_000)
    return [label.strip("# ") for label in _SEPARATORS.split(text) if 0 < len(label) <= _MAX_LABEL]
