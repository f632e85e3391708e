"""Index what a page declares: meta tags, links by `rel`, JSON-LD, and robots directives."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from archive.extract.addresses import absolute, address_key
from archive.http import link_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from lxml.html import HtmlElement

    from archive.extract.document import Document
    from archive.extract.metadata.jsonld import Node
    from archive.extract.page import PageModel

# A hostile page can have tens of thousands of meta tags; real pages have about a hundred.
_MAX_METAS = 600
_MAX_LINKS = 600
_MAX_VALUE = 5_000

ARTICLE_TYPES = frozenset({
    "newsarticle", "article", "blogposting", "reportagenewsarticle", "opinionnewsarticle", "analysisnewsarticle",
    "backgroundnewsarticle", "reviewnewsarticle", "asknewsarticle", "advertisercontentarticle", "satiricalarticle",
    "liveblogposting", "socialmediaposting", "techarticle", "scholarlyarticle", "report", "newsreport",
})  # fmt: skip
"""schema.org Article and its subtypes, lower case."""
_SECOND_TYPES = frozenset({
    "videoobject", "webpage", "itempage", "audioobject", "podcastepisode", "imagegallery", "creativework", "review",
    "recipe",
})  # fmt: skip
"""Types that describe the page itself only on some pages: such a node must name this page."""

_CODE = re.compile(r"<(script|style)\b[^<>]{0,300}>.{0,2000}?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAGS = re.compile(r"<[^<>]{1,300}>")
_META_NAMES = ("property", "name", "itemprop", "http-equiv")


def plain(value: object, limit: int = 500) -> str:
    """Return a declared value as one line of at most `limit` characters, without tags and with entities decoded; '' for no text.

    Gives the `@value` or `name` of a JSON-LD object, and the first item of a list.
    """
    for _ in range(3):
        if isinstance(value, list):
            value = value[0] if value else ""
        elif isinstance(value, dict):
            value = value.get("@value") or value.get("name")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)[:limit]
    if not isinstance(value, str):
        return ""
    text = value[: limit * 4]
    # Unescape twice: some publishers escape text that their template escapes again.
    for _ in range(2):
        if "&" in text:
            text = html.unescape(text)
    if "<" in text:
        text = _TAGS.sub(" ", _CODE.sub(" ", text))
    return " ".join(text.split())[:limit].strip()


def element_text(element: HtmlElement, limit: int = 500) -> str:
    """Return the text of an element as one line of at most `limit` characters, without scripts, styles and templates."""
    if not len(element):
        return " ".join(element.text.split())[:limit].strip() if element.text and element.tag not in _SILENT else ""
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
    """Return a JSON-LD value as a list of at most 200 items; JSON-LD may give a single value in place of a list."""
    if value is None:
        return []
    return value[:200] if isinstance(value, list) else [value]


def types(node: Node) -> set[str]:
    """Return the schema.org types of a node in lower case, without namespace."""
    return {plain(name, 60).rsplit("/", 1)[-1].rsplit(":", 1)[-1].lower() for name in as_list(node.get("@type"))}


def is_news(node: Node) -> bool:
    """Return whether a node is a NewsArticle, one of its subtypes, or a live blog."""
    return any("news" in kind or kind == "liveblogposting" for kind in types(node))


def _agree(name: frozenset[str], title: frozenset[str]) -> bool:
    """Return whether two titles share half of the words of the shorter, and not only one word of several."""
    shared, shorter = len(name & title), min(len(name), len(title))
    return 2 * shared >= shorter and (shared > 1 or shorter == 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageIdentity:
    """The page's addresses (as keys) and titles (as sets of words), to distinguish its own JSON-LD nodes from those of other pages."""

    url: str
    here: frozenset[str] = frozenset()
    titles: tuple[frozenset[str], ...] = ()

    def standing(self, node: Node) -> int:
        """Return 2 if a node names this page by address or title, 0 if it names another page, 1 if it names none."""
        named = [key for address in _addresses(node) if (key := address_key(self.url, address))]
        if self.here.intersection(named):
            return 2
        elsewhere = any(key.partition("/")[2] for key in named)
        if named and not elsewhere and not types(node) & ARTICLE_TYPES:
            return 0  # the site's front page
        name = word_set(plain(node.get("headline"), 400) or plain(node.get("name"), 400))
        if name and any(_agree(name, title) for title in self.titles):
            return 2 if len(name) > (2 if named else 1) else 1  # a two-word name with another address is the site's
        if types(node) & ARTICLE_TYPES and not elsewhere:
            telling = [title for title in self.titles if len(title) > 2]
            return int(not (name and telling) or any(name & title for title in telling))
        return 0 if named or name else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the page declares.

    `metas` maps each lower-case name (property, name, itemprop or http-equiv) to its values in page order; `links` maps
    each `rel` word to its hrefs as written. `article` is the JSON-LD node of the page's article ({} if there is none),
    `own` the article nodes that name no other page, `nodes` all nodes, and `by_id` those with an `@id`. `page`
    distinguishes the page's own nodes from others.
    """

    metas: Mapping[str, tuple[str, ...]]
    links: Mapping[str, tuple[str, ...]]
    article: Node
    own: tuple[Node, ...]
    nodes: tuple[Node, ...]
    by_id: Mapping[str, Node]
    page: PageIdentity

    def first(self, names: Iterable[str], limit: int = 500) -> tuple[str, str]:
        """Return the first non-empty meta value in the order of `names`, and its name; ('', '') if there is none."""
        for name in names:
            for value in self.metas.get(name, ()):
                if (text := plain(value, limit)) and not is_placeholder(text):
                    return text, name
        return "", ""

    def resolve(self, value: object) -> object:
        """Return the node that a JSON-LD reference (an object with only an `@id`) refers to; other values unchanged."""
        if isinstance(value, dict) and "@id" in value and not value.get("name"):
            name = plain(value["@id"])
            return self.by_id.get(name) or self.by_id.get(absolute(self.page.url, name), value)
        return value


_PLACEHOLDER = re.compile(
    r"\{\{|\}\}|\$\{|<%|%%\w+%%|^%\w+%$|\[%|#\w+#$|^\[[a-z_.:-]+\]$|^\{\w+\}$|^(?:null|undefined|\[object object\])$",
    re.IGNORECASE,
)


def is_placeholder(text: str) -> bool:
    """Return whether a value is an unfilled template variable (`{{site.name}}`, `%%title%%`)."""
    return _PLACEHOLDER.search(text) is not None


def read_head(document: Document) -> Head:
    """Read a page's declarations from head and body (broken pages have meta tags in the body), and its `Link` fields."""
    metas = _metas(document.model.by_tag["meta"])
    links: dict[str, tuple[str, ...]] = {}
    declared: Iterator[HtmlElement | dict[str, str]] = chain(
        document.model.by_tag["link"][:_MAX_LINKS], link_fields(document.page.headers)
    )
    for link in declared:
        href = (link.get("href") or "").strip()[:2_000]
        for word in (link.get("rel") or "").lower().split()[:5]:
            links[word] = (*links.get(word, ())[:20], href)
    by_id = {plain(node["@id"]): node for node in document.jsonld if "@id" in node and len(node) > 1}
    page = _identity(document, metas, links)
    article, own = _own_nodes(document, page)
    return Head(metas=metas, links=links, article=article, own=own, nodes=document.jsonld, by_id=by_id, page=page)


def _metas(elements: Sequence[HtmlElement]) -> dict[str, tuple[str, ...]]:
    metas: dict[str, tuple[str, ...]] = {}
    for count, meta in enumerate(elements):
        if count > _MAX_METAS:
            break
        content = meta.get("content") or meta.get("datetime")
        if not content:
            continue
        # In the body, `itemprop` may belong to another item: a reference, a teaser, a product.
        in_head = (parent := meta.getparent()) is not None and parent.tag == "head"
        for attribute in _META_NAMES if in_head else _META_NAMES[:2]:
            name = meta.get(attribute)
            if name:
                key = _DUBLIN_CORE.sub(r"\1.", name.strip().lower()[:100])
                metas[key] = (*metas.get(key, ())[:50], content[:_MAX_VALUE])
    return {**_packed(metas.get("parsely-page", ())), **metas}


_DUBLIN_CORE = re.compile(r"^(dc|dcterms):")
"""RDFa's form of a Dublin Core name, `dc:creator`."""


def _packed(values: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the metas that Parse.ly's older form packs into one JSON object, under their names in the newer form."""
    try:
        packed = json.loads(values[0]) if values else {}
    except (ValueError, RecursionError):
        packed = {}
    if not isinstance(packed, dict):
        return {}
    fields = {
        "parsely-title": packed.get("title"),
        "parsely-author": packed.get("authors") or packed.get("author"),
        "parsely-pub-date": packed.get("pub_date"),
        "parsely-section": packed.get("section"),
        "parsely-tags": packed.get("tags"),
    }
    found = {name: tuple(filter(None, map(plain, as_list(value)))) for name, value in fields.items()}
    return {name: texts for name, texts in found.items() if texts}


def _identity(
    document: Document, metas: Mapping[str, tuple[str, ...]], links: Mapping[str, tuple[str, ...]]
) -> PageIdentity:
    if not document.jsonld:
        return PageIdentity(url=document.page.url)
    page = document.page.url
    addresses = (page, *links.get("canonical", ()), *metas.get("og:url", ()))
    here = {key for address in addresses if (key := address_key(page, address))}
    titles = tuple(filter(None, (word_set(text) for text in _declared_titles(document.model, metas))))
    return PageIdentity(url=page, here=frozenset(here), titles=titles)


def _own_nodes(document: Document, page: PageIdentity) -> tuple[Node, tuple[Node, ...]]:
    """Return the node of the page's article ({} if none), and all nodes that may describe it."""
    best: Node = {}
    most = 0
    own: list[Node] = []
    for node in document.jsonld:
        kinds = types(node)
        standing = page.standing(node)
        rank = 10 if kinds & ARTICLE_TYPES else 2 if kinds & _SECOND_TYPES and standing > 1 else 0
        if not rank or not standing:
            continue
        own.append(node)
        rank += 3 * bool(plain(node.get("headline"))) + bool(node.get("datePublished")) + bool(node.get("author"))
        rank += 4 * (standing > 1)
        if rank > most:
            best, most = node, rank
    return best, tuple(own)


def _declared_titles(model: PageModel, metas: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for heading in islice(chain(model.by_tag["title"], model.by_tag["h1"]), 12):
        yield element_text(heading, 400)
    for name in ("og:title", "twitter:title"):
        for value in metas.get(name, ())[:2]:
            yield plain(value, 400)


def _addresses(node: Node) -> Iterator[str]:
    for key in ("url", "@id", "mainEntityOfPage"):
        for value in as_list(node.get(key)):
            address = value.get("@id") or value.get("url") if isinstance(value, dict) else value
            if isinstance(address, str) and not address.startswith(("#", "_:")):
                yield address[:2_000]


def word_set(text: str) -> frozenset[str]:
    """Return the words that distinguish titles: long words, numbers, and single characters of scripts without spaces."""
    return frozenset(_WORD.findall(text.casefold()))


_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff]|\d{2,}|[a-z\u00df-\u024f]{4,}|[^\W\da-z\u00df-\u024f\u3040-\u30ff\u3400-\u9fff]{3,}"
)


# A page's robots directives, from response headers and meta tags, as lower-case words.

_NAMES = frozenset({"robots", "googlebot", "googlebot-news", "bingbot", "ccbot", "warraq", "gptbot", "google-extended"})
"""User agents whose directives are recorded: all robots, warraq, search engines, archives, and crawlers for model training."""
_WORDS = frozenset(
    [
        "all",
        "none",
        "noindex",
        "nofollow",
        "noarchive",
        "nosnippet",
        "noimageindex",
        "notranslate",
        "nocache",
        "indexifembedded",
        "index",
        "follow",
        "noai",
        "noimageai",
        "noml",
        "unavailable_after",
        "max-snippet",
        "max-image-preview",
        "max-video-preview",
        "noodp",
        "noydir",
        "archive",
    ]
)
_DIRECTIVE = re.compile(r"[a-z_-]{2,40}")
_MAX_DIRECTIVE = 2_000


def read_directives(document: Document) -> frozenset[str]:
    """Return the page's robots directives, from robots meta tags, `X-Robots-Tag`, and the `tdm-reservation` header or meta tag.

    `none` also gives `noindex` and `nofollow`. A reservation of rights for text and data mining (TDM Reservation
    Protocol, W3C community report of 2024) gives `tdm-reservation`. Unknown directives are ignored.
    """
    found: set[str] = set()
    for count, meta in enumerate(document.model.by_tag["meta"]):
        if count > 600:
            break
        name = (meta.get("name") or meta.get("http-equiv") or "").strip().lower()
        content = (meta.get("content") or "")[:_MAX_DIRECTIVE].lower()
        if name in _NAMES or name == "x-robots-tag":
            found |= _words(content)
        elif name == "tdm-reservation" and content.strip() == "1":
            found.add("tdm-reservation")
    for name, value in document.page.headers:
        low = name.lower()
        if low == "x-robots-tag":
            found |= _header_words(value[:_MAX_DIRECTIVE].lower())
        elif low == "tdm-reservation" and value.strip() == "1":
            found.add("tdm-reservation")
    if "none" in found:
        found |= {"noindex", "nofollow"}
    return frozenset(found)


def _header_words(value: str) -> set[str]:
    """Return the directives of an `X-Robots-Tag` value (`noindex, nofollow` or `otherbot: noindex`) that apply to us."""
    agent, colon, rest = value.partition(":")
    agent = agent.strip()
    if colon and agent not in _WORDS:
        return _words(rest) if agent in _NAMES else set()
    return _words(value)


def _words(value: str) -> set[str]:
    return {word for word in _DIRECTIVE.findall(value) if word in _WORDS}
