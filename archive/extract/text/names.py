"""Judge an element by its tag, id and class names: `strong` or `weak` evidence against it, or none.

Names are written by people who mean something by them, and not always the same. A strong name (`related`, `newsletter`)
says that no line in the element is the article's; a weak one (`author`, `rating`) that no label in it is, while running
text in it may be.
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
"""What makes a name weak wherever it stands in it."""
_ANCHOR_WORDS = 2
_SENTENCE_WORDS = 4
"""Words from which an id may be the beginning of a heading, and all of it: `related-posts` may be a box's name."""
_LISTS = frozenset({"ul", "ol", "li", "dl"})
_LIST = re.compile(r"list", re.IGNORECASE)
"""A word in the names of lists that only says what they are."""
_NAME = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def speaks_against(element: HtmlElement) -> Verdict:
    """Judge an element by its tag, class and id."""
    tag = str(element.tag)
    if tag in _STRONG_TAGS:
        return "strong"
    # a heading's id is its words: a table of contents leads to it; its class says that it is one (`article--header`)
    names, identity = element.get("class") or "", element.get("id") or ""
    if tag in _LISTS:
        names = _LIST.sub("", names)
    if tag in HEADINGS:
        names, identity = names.replace("header", ""), ""
    if tag == "p" and _captions_nothing(element, names):
        names = ""
    verdict = _judge(names) if names and len(names) <= _MAX_NAMES else ""
    if (
        identity
        and verdict != "strong"
        and (other := _judge(identity[:_MAX_NAMES]))
        and not _is_anchor(element, identity)
    ):
        verdict = other if other == "strong" else verdict or other
    if tag == "figure" and element.find(".//table") is not None:
        return verdict
    return verdict or ("weak" if tag in _WEAK_TAGS else "")


def _captions_nothing(element: HtmlElement, names: str) -> bool:
    """Tell whether a paragraph is named a caption and no picture stands in it, or right before or behind it."""
    if "caption" not in names:
        return False
    near = (element, element.getprevious(), element.getnext())
    return not any(node is not None and next(node.iter(*_PICTURES), None) is not None for node in near)


_PICTURES = ("img", "picture", "figure", "video", "iframe", "amp-img", "svg", "object", "canvas", "noscript")


def _is_anchor(element: HtmlElement, identity: str) -> bool:
    """Tell whether an id only repeats how the element's own heading begins, for links to it (`menu-ideas`: "Menu ideas for spring")."""
    own = re.findall(r"[^\W_]+", identity.lower())
    if len(own) < _ANCHOR_WORDS:
        return False
    heading = next(element.iter(*HEADINGS), None)
    said = re.findall(r"[^\W_]+", "".join(heading.itertext()).lower()) if heading is not None else []
    return said[: len(own)] == own and (len(said) > len(own) or len(own) >= _SENTENCE_WORDS)


@lru_cache(maxsize=8192)
def _judge(names: str) -> Verdict:
    style = _POST_STYLE if "hentry" in names else _STYLE
    named = " ".join(name for name in names.split() if not style.search(name))
    words = {word.lower() for word in _NAME.findall(named)}
    if words & _STRONG or "caption" in named.lower():
        return "strong"
    return "weak" if words & _WEAK or _WEAK_PART.search(named) else ""


_MAX_NAMES = 300
"""Characters of a class attribute from which it sets how an element looks, word by word, and names nothing."""
_STYLE = re.compile(
    r"[:\[]|^list-(?:disc|decimal|none|inside|outside|style|unstyled)|^wp-block-list$"
    r"|^elementor-widget(?:-(?:container|wrap|text-editor|heading|theme-post-content))?$|^(?:no|not|without)[-_]"
)
"""What is no name of an element but says how it looks (`md:hidden`, `[grid-area:sidebar]`, `list-disc`), or what an editor calls any."""
_POST_STYLE = re.compile(rf"{_STYLE.pattern}|^(?:category|tag)-")
"""The same for a post of WordPress, whose classes say what it is about: `tag-menu`."""

WIDGET = re.compile(
    r"paywall|regwall|subscri|newsletter|util|layer|toolbar|tools|popup|modal|offer|premium|gat(?:e|ing)|promo|signup|register",
    re.IGNORECASE,
)
"""Names of boxes that ask the reader for something, or let him set how the page looks."""


# Texts compared by their folded words and by the share of word sequences that they have in common.

_UNSPACED = "぀-ヿ㐀-鿿가-힯฀-๿က-႟"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
"""A word, or one character of a script written without spaces (kana, han, hangul, Thai, Burmese)."""

_SIGNS = re.compile("[぀-ヿ㐀-鿿]")
_LETTERS = re.compile("[฀-\u0effက-႟ក-\u17ff]")
"""Letters of Thai, Lao, Burmese and Khmer."""
_SIGNS_OF_WORD, _LETTERS_OF_WORD = 2, 5
STOPS = (".", "…", "。", "．", "｡", "۔", "।", "॥", "։", "።", "။", "។")
_QUESTIONS = ("?", "!", "؟", "？", "！", "\u037e")
_CLOSING = "\"'”“’»«›)]）」』】"
_STOPLESS_WORDS = 8
"""Words of Thai or Lao, which end sentences without a sign, from which a line is one."""


def count_words(text: str) -> int:
    """Return how many words a text has, estimated where a script sets no blanks between them."""
    words = len(text.split())
    if text.isascii():
        return words
    return words + len(_SIGNS.findall(text)) // _SIGNS_OF_WORD + len(_LETTERS.findall(text)) // _LETTERS_OF_WORD


def ends_sentence(text: str, *, asking: bool = True) -> bool:
    """Tell whether a line ends as a sentence does; a question or an exclamation counts if `asking`."""
    end = text.rstrip(_CLOSING)
    if end.endswith(STOPS) or (asking and end.endswith(_QUESTIONS)):
        return True
    return "\u0e00" <= end[-1:] <= "\u0eff" and count_words(text) >= _STOPLESS_WORDS


_ORDER = 4
"""Words in a row that two texts must share to say the same (the shingles of the scrapinghub benchmark)."""

Gram = tuple[str, ...]


@lru_cache(maxsize=512)
def folded_words(text: str) -> Sequence[str]:
    """Return the folded words of a text; several readers ask for those of the same lines."""
    return tuple(_WORD.findall(fold(text)))


def grams(text_words: Sequence[str]) -> set[Gram]:
    """Return the sequences of one to four words that a text has (short lines are compared by their whole length)."""
    found: set[Gram] = set()
    for size in range(1, _ORDER + 1):
        found.update(zip(*(text_words[start:] for start in range(size)), strict=False))
    return found


def quads(text_words: Sequence[str]) -> set[Gram]:
    """Return the sequences of four words that a text has: enough for the `share` of lines of four words and more."""
    return set(zip(*(text_words[start:] for start in range(_ORDER)), strict=False))


def share(line_words: Sequence[str], of: set[Gram]) -> float:
    """Return how much of a line (0 to 1) is in a text whose `grams` are given."""
    size = min(_ORDER, len(line_words))
    if not size:
        return 0.0
    sequences = list(zip(*(line_words[start:] for start in range(size)), strict=False))
    return sum(sequence in of for sequence in sequences) / len(sequences)
