"""Find evidence in the tag, id and class names of an element that it is not part of the article: `strong`, `weak` or none.

A strong name (`related`, `newsletter`) means that no line in the element belongs to the article; a weak one (`author`,
`rating`) that no label does, while running text may.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from archive.arabic import fold
from archive.extract.page import HEADINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.html import HtmlElement

Verdict = Literal["", "weak", "strong"]

_STRONG_TAGS = frozenset(["nav", "aside", "form", "menu", "figcaption", "dialog", "amp-sidebar"])
_WEAK_TAGS = frozenset(["footer", "header", "figure", "button", "address", "time"])
_STRONG = frozenset(
    [
        "related",
        "recommend",
        "recommended",
        "recommendation",
        "recommendations",
        "newsletter",
        "newsletters",
        "subscribe",
        "subscription",
        "signup",
        "promo",
        "promos",
        "promotion",
        "advert",
        "adverts",
        "advertisement",
        "advertising",
        "ads",
        "sponsor",
        "sponsored",
        "taboola",
        "outbrain",
        "share",
        "sharing",
        "sharebar",
        "comment",
        "comments",
        "disqus",
        "sidebar",
        "teaser",
        "teasers",
        "popular",
        "trending",
        "latest",
        "recent",
        "breadcrumb",
        "breadcrumbs",
        "pagination",
        "pager",
        "cookie",
        "cookies",
        "consent",
        "gdpr",
        "modal",
        "popup",
        "nav",
        "navbar",
        "navigation",
        "menu",
        "toolbar",
        "player",
        "vjs",
        "lightbox",
        "gating",
        "gated",
        "whatsapp",
        "telegram",
        "affiliate",
        "placeholder",
        "donate",
        "support",
        "contribute",
        "membership",
        "donation",
        "login",
        "readmore",
        "readalso",
        "alsoread",
        "morefrom",
        "mostread",
        "caption",
        "legend",
        "copyright",
        "toc",
        "skip",
    ]
)
_WEAK = frozenset(
    [
        "paywall",
        "regwall",
        "author",
        "authors",
        "byline",
        "bio",
        "rating",
        "ratings",
        "meta",
        "info",
        "tools",
        "tool",
        "footer",
        "header",
        "social",
        "widget",
        "tags",
        "tag",
        "category",
        "categories",
        "date",
        "time",
        "published",
        "print",
        "buttons",
        "button",
        "credit",
        "credits",
        "source",
        "sources",
        "img",
        "image",
        "photo",
        "media",
        "gallery",
        "ad",
        "banner",
        "card",
        "cards",
        "list",
        "more",
        "also",
        "follow",
        "subscribebox",
        "label",
        "labels",
        "kicker",
        "eyebrow",
        "hidden",
        "collapse",
        "box",
        "util",
        "layer",
    ]
)
_WEAK_PART = re.compile(
    r"author|byline|credit|teaser|related|newsletter|advert|promo|share|social|comment|recommend|sponsor"
    r"|factbox|infobox|gating|lightbox",
    re.IGNORECASE,
)
"""Parts that make a name weak in any position."""
_ANCHOR_WORDS = 2
_SENTENCE_WORDS = 4
"""Minimum words of an id that is a whole heading, or its beginning; a shorter one (`related-posts`) may name a box."""
_LISTS = frozenset({"ul", "ol", "li", "dl"})
_LIST = re.compile(r"list", re.IGNORECASE)
"""A word in the names of lists that carries no evidence."""
_NAME = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def boilerplate_evidence(element: HtmlElement) -> Verdict:
    """Return the evidence in an element's tag, class and id that it is boilerplate."""
    tag = str(element.tag)
    if tag in _STRONG_TAGS and not (tag == "figcaption" and is_source(element)):
        return "strong"
    # a heading's id repeats its words for a table of contents; its class only says that it is a heading (`article--header`)
    names, identity = element.get("class") or "", element.get("id") or ""
    if tag in _LISTS:
        names = _LIST.sub("", names)
    if tag in HEADINGS:
        names, identity = names.replace("header", ""), ""
    if tag in {"p", "li"} and _captions_nothing(element, names):
        names = ""
    verdict = _evidence_in(names) if names and len(names) <= _MAX_NAMES else ""
    if (
        identity
        and verdict != "strong"
        and (other := _evidence_in(identity[:_MAX_NAMES]))
        and not _is_anchor(element, identity)
    ):
        verdict = other if other == "strong" else verdict or other
    is_content = (tag == "figure" and (element.find(".//table") is not None or _quotes(element))) or (
        tag == "footer" and is_source(element)
    )
    return verdict or ("weak" if tag in _WEAK_TAGS and not is_content else "")


def names_request(element: HtmlElement) -> bool:
    """Return whether an element is named as a request to the reader or a box beside the article, not only by its layout."""
    names = f"{element.get('class') or ''} {element.get('id') or ''}"
    return WIDGET.search(names) is not None or _WEAK_PART.search(names) is not None


def is_source(element: HtmlElement) -> bool:
    """Return whether a footer or `figcaption` is the source of a quotation."""
    if element.tag == "figcaption":
        figure = element.getparent()
        return figure is not None and figure.tag == "figure" and _quotes(figure)
    return next(element.iterancestors("blockquote"), None) is not None


def _quotes(figure: HtmlElement) -> bool:
    """Return whether a figure is a quotation, without a picture."""
    return figure.find("blockquote") is not None and next(figure.iter("img", "picture"), None) is None


def _captions_nothing(element: HtmlElement, names: str) -> bool:
    """Return whether a paragraph or list item is named as a caption without a picture in it, or right before or after it."""
    if "caption" not in names:
        return False
    near = (element, element.getprevious(), element.getnext())
    return not any(node is not None and next(node.iter(*_PICTURES), None) is not None for node in near)


_PICTURES = ("img", "picture", "figure", "video", "iframe", "amp-img", "svg", "object", "canvas", "noscript")


def _is_anchor(element: HtmlElement, identity: str) -> bool:
    """Return whether an id only repeats the beginning of the element's heading (`menu-ideas`: "Menu ideas for spring")."""
    own = re.findall(r"[^\W_]+", identity.lower())
    if len(own) < _ANCHOR_WORDS:
        return False
    heading = next(element.iter(*HEADINGS), None)
    said = re.findall(r"[^\W_]+", "".join(heading.itertext()).lower()) if heading is not None else []
    return said[: len(own)] == own and (len(said) > len(own) or len(own) >= _SENTENCE_WORDS)


@lru_cache(maxsize=8192)
def _evidence_in(names: str) -> Verdict:
    style = _POST_STYLE if "hentry" in names else _STYLE
    named = " ".join(name for name in names.split() if not style.search(name))
    words = {word.lower() for word in _NAME.findall(named)}
    if words & _STRONG or "caption" in named.lower():
        return "strong"
    return "weak" if words & _WEAK or _WEAK_PART.search(named) else ""


_MAX_NAMES = 300
"""A class attribute with at least this many characters consists of utility classes for layout, not of names."""
_STYLE = re.compile(
    r"[:\[]|^list-(?:disc|decimal|none|inside|outside|style|unstyled)|^wp-block-list$"
    r"|^elementor-widget(?:-(?:container|wrap|text-editor|heading|theme-post-content))?$|^(?:no|not|without)[-_]"
)
"""Classes for layout (`md:hidden`, `[grid-area:sidebar]`, `list-disc`) or from an editor, which do not name an element."""
_POST_STYLE = re.compile(rf"{_STYLE.pattern}|^(?:category|tag)-")
"""The same for WordPress posts, whose classes include their topics: `tag-menu`."""

WIDGET = re.compile(
    r"paywall|regwall|subscri|newsletter|util|layer|toolbar|tools|popup|modal|offer|premium|gat(?:e|ing)|promo|signup|register",
    re.IGNORECASE,
)
"""Names of boxes with requests to the reader, or with display settings."""


# Comparing texts by their folded words and the share of word sequences in common.

_UNSPACED = "぀-ヿ㐀-鿿가-힯฀-๿က-႟"
_unspaced = re.compile(f"[{_UNSPACED}]").search
_SPACED_WORD = re.compile(r"\w+")
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
"""A word, or one character of a script written without spaces (kana, han, hangul, Thai, Burmese)."""

_SIGNS = re.compile("[぀-ヿ㐀-鿿]")
_LETTERS = re.compile("[฀-\u0effက-႟ក-\u17ff]")
"""Letters of Thai, Lao, Burmese and Khmer."""
_SIGNS_OF_WORD, _LETTERS_OF_WORD = 2, 5
STOPS = (".", "…", "。", "．", "｡", "۔", "।", "॥", "։", "።", "။", "។")
_QUESTIONS = ("?", "!", "؟", "？", "！", "\u037e")
_CLOSING = "\"'”“’»«›)]）」』】 \u00a0\u202f"
_ABBREVIATED = re.compile("[\u0e00-\u0eff]\\.$")
"""A full stop after a letter of Thai or Lao, which only abbreviates a word, as after the hour of a time."""
_STOPLESS_WORDS = 8
"""Minimum words of a sentence in Thai or Lao, which do not mark the end of sentences."""


def count_words(text: str) -> int:
    """Return the number of words in a text, estimated for scripts without spaces."""
    words = len(text.split())
    if text.isascii():
        return words
    return words + len(_SIGNS.findall(text)) // _SIGNS_OF_WORD + len(_LETTERS.findall(text)) // _LETTERS_OF_WORD


def ends_sentence(text: str, *, asking: bool = True) -> bool:
    """Return whether a line ends like a sentence; questions and exclamations count only with `asking`."""
    end = text.rstrip(_CLOSING)
    if _ABBREVIATED.search(end):
        end = end[:-1]
    if end.endswith(STOPS) or (asking and end.endswith(_QUESTIONS)):
        return True
    return "\u0e00" <= end[-1:] <= "\u0eff" and count_words(text) >= _STOPLESS_WORDS


_ORDER = 4
"""Length of the word sequences by which texts are compared (the shingles of the scrapinghub benchmark)."""

Gram = tuple[str, ...]


@lru_cache(maxsize=512)
def folded_words(text: str) -> Sequence[str]:
    """Return the folded words of a text; cached, because several readers need those of the same lines."""
    folded = fold(text)
    return tuple((_SPACED_WORD if folded.isascii() or not _unspaced(folded) else _WORD).findall(folded))


def grams(text_words: Sequence[str]) -> set[Gram]:
    """Return the sequences of one to four words in a text (short lines are compared by their whole length)."""
    found: set[Gram] = set()
    for size in range(1, _ORDER + 1):
        found.update(zip(*(text_words[start:] for start in range(size)), strict=False))
    return found


def quads(text_words: Sequence[str]) -> set[Gram]:
    """Return the sequences of four words in a text, sufficient for the `share` of lines with four words or more."""
    return set(zip(*(text_words[start:] for start in range(_ORDER)), strict=False))


def sequences(line_words: Sequence[str]) -> list[Gram]:
    """Return the sequences by which a line is compared: of four words, or the whole of a shorter line."""
    size = min(_ORDER, len(line_words))
    return list(zip(*(line_words[start:] for start in range(size)), strict=False))


def share(line_words: Sequence[str], of: set[Gram]) -> float:
    """Return the share of a line (0 to 1) that is in the text whose `grams` are `of`."""
    own = sequences(line_words)
    return sum(sequence in of for sequence in own) / len(own) if own else 0.0


def is_quoted(text: str) -> bool:
    """Return whether a line is wholly in quotation marks."""
    return len(text) > 1 and text[0] in _OPENING_QUOTES and text[-1] in _CLOSING_QUOTES


_OPENING_QUOTES, _CLOSING_QUOTES = '"“„”«»‘「『‹', '"”“»«’」』›'
