"""Indexes what a page declares: a Document comes in; meta tags, links by `rel`, the article's JSON-LD node go out."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lxml.html import HtmlElement

    from archive.extract.document import Document
    from archive.extract.metadata.jsonld import Node

# A head of a page built to be slow has meta tags by the ten thousands; real ones have some hundred.
_MAX_METAS = 600
_MAX_LINKS = 600
_MAX_VALUE = 5_000

ARTICLE_TYPES = frozenset(
    [
        "newsarticle",
        "article",
        "blogposting",
        "reportagenewsarticle",
        "opinionnewsarticle",
        "analysisnewsarticle",
        "backgroundnewsarticle",
        "reviewnewsarticle",
        "asknewsarticle",
        "advertisercontentarticle",
        "satiricalarticle",
        "liveblogposting",
        "socialmediaposting",
        "techarticle",
        "scholarlyarticle",
        "report",
        "newsreport",
    ]
)
"""schema.org Article and its subtypes, lower case."""
_SECOND_TYPES = frozenset(
    {
        "videoobject",
        "webpage",
        "itempage",
        "audioobject",
        "podcastepisode",
        "imagegallery",
        "creativework",
        "review",
        "recipe",
    }
)

_TAGS = re.compile(r"<[^<>]{1,300}>")
_META_NAMES = ("property", "name", "itemprop")


def plain(value: object, limit: int = 500) -> str:
    """A declared value as one line of at most `limit` characters, entities and tags resolved; '' for no text."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)[:limit]
    if not isinstance(value, str):
        return ""
    text = value[: limit * 4]
    # Twice: publishers escape what their template escapes again.
    for _ in range(2):
        if "&" in text:
            text = html.unescape(text)
    if "<" in text:
        text = _TAGS.sub(" ", text)
    return " ".join(text.split())[:limit].strip()


def words_of(element: HtmlElement, limit: int = 500) -> str:
    """The text of an element as one line, at most `limit` characters; scripts, styles and templates left out."""
    parts: list[str] = []
    size = 0
    for text in _texts(element):
        parts.append(text)
        size += len(text)
        if size > limit * 3:
            break
    return " ".join("".join(parts).split())[:limit].strip()


_BREAKING = frozenset(["p", "div", "br", "li", "h1", "h2", "h3", "h4", "tr", "td", "section", "ul"])
_SILENT = frozenset(["script", "style", "noscript", "template", "svg"])


def _texts(element: HtmlElement) -> Iterator[str]:
    stack: list[HtmlElement | str] = [element]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            yield node
            continue
        tag = node.tag
        if tag in _BREAKING:
            yield " "
        if tag in _SILENT:
            continue
        if node.text:
            yield node.text
        for child in node.iterchildren(reversed=True):
            if child.tail:
                stack.append(child.tail)
            stack.append(child)


def as_list(value: Any) -> list[Any]:
    """A JSON-LD value as a list: JSON-LD does not tell one from many. At most 200."""
    if value is None:
        return []
    return value[:200] if isinstance(value, list) else [value]


def types(node: Node) -> set[str]:
    """The schema.org types of a node, lower case without namespace."""
    return {plain(name, 60).rsplit("/", 1)[-1].rsplit(":", 1)[-1].lower() for name in as_list(node.get("@type"))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the page declares.

    `metas` maps the lower-cased name (property, name or itemprop) to its values in page order; `links` maps each
    `rel` word to its
    absolute-or-relative hrefs; `article` is the JSON-LD node of the page's article ({} when none), `nodes` all nodes,
    `by_id` those with an `@id`.
    """

    metas: Mapping[str, tuple[str, ...]]
    links: Mapping[str, tuple[str, ...]]
    article: Node
    nodes: tuple[Node, ...]
    by_id: Mapping[str, Node]

    def first(self, names: Iterable[str], limit: int = 500) -> tuple[str, str]:
        """The first filled meta value among `names` in their order, and its name; ('', '') when there is none."""
        for name in names:
            for value in self.metas.get(name, ()):
                if text := plain(value, limit):
                    return text, name
        return "", ""

    def resolve(self, value: object) -> object:
        """A JSON-LD value with a lone `@id` replaced by the node of that id."""
        if isinstance(value, dict) and "@id" in value and not value.get("name"):
            return self.by_id.get(plain(value["@id"]), value)
        return value


def read_head(document: Document) -> Head:
    """Reads the declarations of a page, wherever in it they stand (broken pages have meta tags in the body)."""
    metas: dict[str, tuple[str, ...]] = {}
    links: dict[str, tuple[str, ...]] = {}
    for count, meta in enumerate(document.tree.iter("meta")):
        if count > _MAX_METAS:
            break
        content = meta.get("content")
        if not content:
            continue
        # In the body `itemprop` belongs to some item of the page: a reference, a teaser, a product.
        in_head = (parent := meta.getparent()) is not None and parent.tag == "head"
        for attribute in _META_NAMES if in_head else _META_NAMES[:2]:
            name = meta.get(attribute)
            if name:
                key = name.strip().lower()[:100]
                metas[key] = (*metas.get(key, ())[:50], content[:_MAX_VALUE])
    for count, link in enumerate(document.tree.iter("link")):
        if count > _MAX_LINKS:
            break
        href = (link.get("href") or "").strip()[:2_000]
        for word in (link.get("rel") or "").lower().split()[:5]:
            links[word] = (*links.get(word, ())[:20], href)
    by_id = {plain(node["@id"]): node for node in document.jsonld if "@id" in node and len(node) > 1}
    return Head(metas=metas, links=links, article=_article(document), nodes=document.jsonld, by_id=by_id)


def _article(document: Document) -> Node:
    """The article's node: of the article types the one that names this page, else the first with a headline."""
    url = document.page.url.split("#")[0].rstrip("/")
    best: Node = {}
    most = 0
    for node in document.jsonld:
        kinds = types(node)
        rank = 10 if kinds & ARTICLE_TYPES else 2 if kinds & _SECOND_TYPES else 0
        if not rank:
            continue
        rank += 3 * bool(plain(node.get("headline"))) + bool(node.get("datePublished")) + bool(node.get("author"))
        if any(plain(name, 2000).split("#")[0].rstrip("/") == url for name in _names(node)):
            rank += 4
        if rank > most:
            best, most = node, rank
    return best


def _names(node: Node) -> Iterator[object]:
    for key in ("url", "@id", "mainEntityOfPage"):
        for value in as_list(node.get(key)):
            yield value.get("@id") or value.get("url") if isinstance(value, dict) else value
