"""Find what a browser loads to show a page, in its tree or in the text of a style sheet: absolute URLs, each with its kind.

Heritrix and wget call these page requisites. URLs are spelled as a browser asks for them, for replay looks them up by that spelling.
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
"""Characters of style that are read; the largest frameworks have 0.5 million, and a tokenizer in Python reads 1 million in a second."""

MAX_COUNTED: Final = 100_000
"""URLs beyond the limit that are counted; so many say enough."""

_PICTURES = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|svg)(?:[?#\s,]|$)", re.IGNORECASE)
_IN_STYLE = re.compile(r"url\(|@import|image-set\(", re.IGNORECASE)
# HTML Standard, 4.8.4.2.1: addresses without blanks, each with a width (`600w`) or a density (`2x`), parted by commas.
_CANDIDATE = re.compile(r"([^\s,]\S*(?<!,))(?:\s++(\d{1,5}(?:\.\d{1,3})?)([wx]))?\s*+(?:,|$)")
_MAX_SRCSET = 20_000
LAZY: Final = ("data-src", "data-lazy-src", "data-original", "data-lazy", "data-url")
"""Where lazy loaders (lazysizes, lozad, those of WordPress) keep the address of a picture; the first outranks the next."""
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
    """Return the requisites of a page whose references are relative to `base`; `more` are addresses of pictures that its metadata names."""
    if limits.level == "none":
        return Requisites()
    named = (*_elements(tree, limits), *(("image", url) for url in more))
    return _collect(named, base, limits, encoding)


def style_requisites(style: str, base: str, limits: RequisiteLimits) -> Requisites:
    """Return the requisites of a style sheet that lies at `base`."""
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
    """Yield what elements name, the style sheets first: without them nothing looks as it did."""
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
    """Yield the picture or script of an element, wherever a lazy loader has put its address until it runs."""
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
    """Return whether an attribute of a lazy loader's own name holds the address of a picture."""
    return len(value) <= MAX_LENGTH and not value.lstrip().startswith(("{", "[", "<")) and bool(_PICTURES.search(value))


def chosen(srcset: str, limits: RequisiteLimits) -> list[str]:
    """Return the candidates of a `srcset` that are wanted, the widest last."""
    found = sorted(_widths(srcset), key=lambda pair: pair[1])
    fitting = [url for url, width in found if width <= limits.side] or [url for url, _ in found[:1]]
    return fitting if limits.level == "page" else fitting[-1:]


def srcset_candidates(srcset: str) -> list[tuple[str, str]]:
    """Return each address of a `srcset` with its width or density as written, '' for none."""
    return [(url, f"{size}{unit}") for url, size, unit in _CANDIDATE.findall(srcset[:_MAX_SRCSET])]


def _widths(srcset: str) -> Iterator[tuple[str, float]]:
    """Yield each address with its width; a density counts as that many times a small picture."""
    for url, size, unit in _CANDIDATE.findall(srcset[:_MAX_SRCSET]):
        if not url.startswith("data:"):
            yield url, float(size or 1) if unit != "w" else float(size)


def _styled(element: HtmlElement) -> Iterator[tuple[RequisiteKind, str]]:
    """Backgrounds: of a style attribute, of HTML 3.2, and of lazy loaders."""
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
    """Yield what a style sheet, or a list of declarations, imports and loads, as it spells it; of a font the format of today's browsers."""
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
    """Return the tokens of a style sheet, and those among them that hold the address of something that it loads."""
    tokens = style_tokens_of(style, comments=True)
    return tokens, [token for _, _, token in _addresses(tokens)]


def style_tokens_of(style: str, *, comments: bool = False) -> list[Any]:
    """Return the tokens of a style sheet; none where it loads nothing."""
    if not _IN_STYLE.search(style):
        return []
    return list(tinycss2.parse_component_value_list(style[:MAX_STYLE], skip_comments=not comments))


def _addresses(tokens: list[Any]) -> Iterator[tuple[RequisiteKind, int, Any]]:
    """Yield each token with an address, what it is the address of, and the number of the block that it stands in."""
    role, opened, blocks = "image", list[str](), 0
    for token in _flat(tokens):
        if token is None:  # a block or function ends
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
"""What the first address after an at-rule is; that of a namespace is never loaded."""
_NESTED: Final = frozenset({"function", "{} block", "[] block", "() block"})
_WITH_ADDRESS: Final = frozenset({"url", "src", "image-set", "-webkit-image-set"})


def _flat(tokens: Iterable[Any]) -> Iterator[Any]:
    """Yield the tokens in order, those within blocks too, with None where a block ends; no depth is too much for it."""
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
    """Of the files of one font those that today's browsers load."""
    for format_ in ("woff2", "woff"):
        if chosen_ := [url for url in fonts if format_ in url]:
            return chosen_
    return fonts[:1]
