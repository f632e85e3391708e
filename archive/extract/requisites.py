"""Find the resources that a browser loads to show a page, in its tree or in a style sheet, as absolute URLs with their kinds.

Heritrix and wget call these page requisites. URLs are spelled as a browser requests them, because replay looks up that spelling.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import tinycss2

from archive.article import Requisite, Requisites
from archive.urls import MAX_LENGTH, join

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

    from archive.article import RequisiteKind, RequisiteLimits

MAX_STYLE: Final = 2_000_000
"""Maximum characters read from styles; the largest frameworks have 0.5 million, and the tokenizer reads 1 million in a second."""

MAX_COUNTED: Final = 100_000
"""Maximum number of URLs beyond the limit that are counted."""

_PICTURES = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|svg)(?:[?#\s,]|$)", re.IGNORECASE)
_IN_STYLE = re.compile(r"url\(|@import|image-set\(", re.IGNORECASE)
# HTML Standard, 4.8.4.2.1: URLs without blanks, each with a width (`600w`) or density (`2x`), separated by commas.
_CANDIDATE = re.compile(r"([^\s,]\S*(?<!,))(?:\s++(\d{1,5}(?:\.\d{1,3})?)([wx]))?\s*+(?:,|$)")
_MAX_SRCSET = 20_000
LAZY: Final = ("data-src", "data-lazy-src", "data-original", "data-lazy", "data-url")
"""Attributes in which lazy loaders (lazysizes, lozad, WordPress plugins) store a picture's URL, in order of precedence."""
_META = frozenset({"og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src"})
_ICONS = frozenset({"icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon"})
_PRELOADED: Final[dict[str, RequisiteKind]] = {
    "style": "stylesheet",
    "font": "font",
    "image": "image",
    "script": "script",
}
_STYLED = "descendant::*[@style or @background or @*[starts-with(name(), 'data-b')]]"


def page_requisites(
    tree: HtmlElement, base: str, limits: RequisiteLimits, *, encoding: str = "utf-8", more: Iterable[str] = ()
) -> Requisites:
    """Return the requisites of a page whose references are relative to `base`; `more` are URLs of pictures from its metadata."""
    if limits.level == "none":
        return Requisites()
    named = (*_elements(tree, limits), *(("image", url) for url in more))
    return _collect(named, base, limits, encoding)


def style_requisites(style: str, base: str, limits: RequisiteLimits) -> Requisites:
    """Return the requisites of a style sheet whose URL is `base`."""
    return _collect(style_references(style), base, limits, "utf-8") if limits.level != "none" else Requisites()


def _collect(
    named: Iterable[tuple[RequisiteKind, str]], base: str, limits: RequisiteLimits, encoding: str
) -> Requisites:
    kinds = limits.kinds
    found: dict[str, Requisite] = {}
    left_out = set[str]()
    for kind, reference in named:
        url = join(base, reference.strip(), encoding) if kind in kinds and reference.strip() else ""
        if not url or len(url) > MAX_LENGTH or url in found:
            continue
        if len(found) < limits.most:
            found[url] = Requisite(url=url, kind=kind)
        elif len(left_out) < MAX_COUNTED:
            left_out.add(url)
    return Requisites(found=tuple(found.values()), left_out=len(left_out))


def _elements(tree: HtmlElement, limits: RequisiteLimits) -> Iterator[tuple[RequisiteKind, str]]:
    """Yield the resources that elements name, style sheets first, because the page's appearance depends on them most."""
    for element in tree.iter("link"):
        yield from _link(element)
    for element in tree.iter("style"):
        yield from style_references((element.text or "")[:MAX_STYLE])
    for element in tree.iter("meta"):
        if (element.get("property") or element.get("name") or "").lower() in _META:
            yield "image", element.get("content") or ""
    for element in tree.iter("img", "source", "amp-img", "input", "image", "video", "amp-video", "script"):
        yield from _media(element, limits)
    for element in tree.xpath(_STYLED):
        yield from _styled(element)


def _link(element: HtmlElement) -> Iterator[tuple[RequisiteKind, str]]:
    rel = set((element.get("rel") or "").lower().split())
    href = element.get("href") or ""
    if "stylesheet" in rel and "alternate" not in rel:
        yield "stylesheet", href
    elif "preload" in rel and (kind := _PRELOADED.get((element.get("as") or "").lower())):
        yield kind, href
    elif rel & _ICONS or "image_src" in rel:
        yield "image", href


def _media(element: HtmlElement, limits: RequisiteLimits) -> Iterator[tuple[RequisiteKind, str]]:
    """Yield the picture or script of an element, also from the attributes of lazy loaders."""
    if element.tag == "script":
        yield "script", element.get("src") or ""
        return
    if element.tag in {"video", "amp-video"}:
        yield "image", element.get("poster") or ""
        return
    if element.tag == "source" and _holder(element) in {"video", "audio"}:
        return
    if element.tag == "input" and (element.get("type") or "").lower() != "image":
        return
    for name, value in element.items():
        if name == "src" or (element.tag == "image" and name in {"href", "xlink:href"}):
            yield "image", value
        elif name == "srcset" or (name.startswith("data-") and "srcset" in name):
            yield from (("image", url) for url in chosen(value, limits))
        elif name in LAZY or (name.startswith("data-") and is_picture(value)):
            yield "image", value


def _holder(element: HtmlElement) -> str:
    parent = element.getparent()
    return str(parent.tag) if parent is not None else ""


def is_picture(value: str) -> bool:
    """Return whether the value of an attribute with an unknown name is a picture's URL, as lazy loaders use them."""
    return len(value) <= MAX_LENGTH and not value.lstrip().startswith(("{", "[", "<")) and bool(_PICTURES.search(value))


def chosen(srcset: str, limits: RequisiteLimits) -> list[str]:
    """Return the candidates of a `srcset` to keep, the widest last."""
    found = sorted(_widths(srcset), key=lambda pair: pair[1])
    fitting = [url for url, width in found if width <= limits.side] or [url for url, _ in found[:1]]
    return fitting if limits.level == "page" else fitting[-1:]


def srcset_candidates(srcset: str) -> list[tuple[str, str]]:
    """Return each URL of a `srcset` with its width or density as written, '' if it has none."""
    return [(url, f"{size}{unit}") for url, size, unit in _CANDIDATE.findall(srcset[:_MAX_SRCSET])]


def _widths(srcset: str) -> Iterator[tuple[str, float]]:
    """Yield each URL with its width; a density counts as a multiple of a small picture."""
    for url, size, unit in _CANDIDATE.findall(srcset[:_MAX_SRCSET]):
        if not url.startswith("data:"):
            yield url, float(size or 1) if unit != "w" else float(size)


def _styled(element: HtmlElement) -> Iterator[tuple[RequisiteKind, str]]:
    """Yield background pictures, from style attributes, HTML 3.2 attributes and lazy loaders."""
    for name, value in element.items():
        if name == "style" and _IN_STYLE.search(value):
            yield from style_references(value[:MAX_STYLE])
        elif name == "background":
            yield "image", value
        elif name.startswith("data-b") and _IN_STYLE.search(value):
            yield from style_references(value[:MAX_STYLE])
        elif name.startswith("data-b") and is_picture(value):
            yield "image", value


def style_references(style: str) -> Iterator[tuple[RequisiteKind, str]]:
    """Yield the resources of a style sheet or list of declarations, as written; of a font, only the format for modern browsers."""
    fonts: dict[int, list[str]] = {}
    found: list[tuple[RequisiteKind, str]] = []
    for kind, block, token in _addresses(style_tokens_of(style)):
        if kind == "font":
            fonts.setdefault(block, []).append(token.value)
        else:
            found.append((kind, token.value))
    yield from found
    yield from (("font", url) for files in fonts.values() for url in _modern(files))


def style_tokens(style: str) -> tuple[list[Any], list[Any]]:
    """Return the tokens of a style sheet, and those of them with the URL of a resource."""
    tokens = style_tokens_of(style, comments=True)
    return tokens, [token for _, _, token in _addresses(tokens)]


def style_tokens_of(style: str, *, comments: bool = False) -> list[Any]:
    """Return the tokens of a style sheet, [] if it loads nothing."""
    if not _IN_STYLE.search(style):
        return []
    return list(tinycss2.parse_component_value_list(style[:MAX_STYLE], skip_comments=not comments))


def _addresses(tokens: list[Any]) -> Iterator[tuple[RequisiteKind, int, Any]]:
    """Yield the kind of each resource, the number of its block, and the token with its URL."""
    role, opened, blocks = "image", list[str](), 0
    for token in _flat(tokens):
        if token is None:  # end of a block or function
            if opened.pop() == "{} block" and role == "font":
                role = "image"
        elif token.type in _NESTED:
            opened.append(token.lower_name if token.type == "function" else token.type)
            blocks += token.type == "{} block"
        elif token.type == "at-keyword":
            role = _AT_RULES.get(token.lower_value, role)
        elif token.type == "url" or (
            token.type == "string" and (role == "stylesheet" or (opened and opened[-1] in _WITH_ADDRESS))
        ):
            if role:
                kind: RequisiteKind = "font" if role == "font" else "stylesheet" if role == "stylesheet" else "image"
                yield kind, blocks, token
            role = role if role == "font" else "image"


_AT_RULES: Final = {"import": "stylesheet", "font-face": "font", "namespace": ""}
"""The kind of the first URL after an at-rule; that of a namespace is never loaded."""
_NESTED: Final = frozenset({"function", "{} block", "[] block", "() block"})
_WITH_ADDRESS: Final = frozenset({"url", "src", "image-set", "-webkit-image-set"})


def _flat(tokens: Iterable[Any]) -> Iterator[Any]:
    """Yield the tokens in order, including those within blocks, with None at the end of each block; depth is not limited."""
    stack = [iter(tokens)]
    while stack:
        token = next(stack[-1], None)
        if token is None:
            stack.pop()
            if stack:
                yield None
            continue
        yield token
        if token.type in _NESTED:
            stack.append(iter(token.arguments if token.type == "function" else token.content))


def _modern(fonts: list[str]) -> list[str]:
    """Return those files of a font that modern browsers load."""
    for format_ in ("woff2", "woff"):
        if chosen_ := [url for url in fonts if format_ in url]:
            return chosen_
    return fonts[:1]
