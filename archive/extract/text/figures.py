"""Find the pictures, embeds and separators of an article, with captions and credits, and their positions among its lines."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from archive.body import Block, Span
from archive.extract.addresses import absolute
from archive.extract.page import ancestors, closest
from archive.extract.text.boxes import text_within
from archive.extract.text.captions import PICTURES, is_credit, names_picture
from archive.extract.text.names import boilerplate_evidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import Element, PageModel, TextBlock

_SOURCES = ("data-src", "data-lazy-src", "data-original", "src", "data-srcset", "srcset")
_CREDIT = re.compile(r"credit|copyright|source|author", re.IGNORECASE)
_PERSON = re.compile(r"author|avatar|byline|profile|logo", re.IGNORECASE)
_INLINE = ("span", "small", "cite", "em", "i", "b", "strong", "a")
_EMBEDS = frozenset({"iframe", "video", "audio", "amp-youtube", "amp-iframe", "amp-video", "amp-twitter"})
_THINGS = frozenset({"figure", "img", "amp-img", "hr"}) | _EMBEDS
_MAX_THINGS = 300
_CAPTION_STEPS = 4
_MAX_ALT = 500
_MIN_PICTURE = 60
"""Minimum width and height of a picture in pixels; smaller ones are icons or tracking pixels."""


class Figures:
    """Finds what is no text in one article: `kept` are the indices of the kept blocks, `main` is the element that contains them."""

    def __init__(self, model: PageModel, kept: Sequence[int], main: HtmlElement | None, base: str) -> None:
        self._model = model
        self._kept = kept
        self._taken = frozenset(kept)
        self._main = main
        self._base = base
        self._around = frozenset(ancestors(main)) if main is not None else frozenset()
        self._lines: dict[HtmlElement, list[int]] | None = None

    def all(self) -> list[tuple[int, Block]]:
        """Return pictures, embeds and separators, each with the index of the block that follows it."""
        if not self._kept:
            return []
        things: list[tuple[int, Block]] = []
        seen: set[HtmlElement] = set()
        top = self._top()
        for element in self._model.elements:
            if element.tag not in _THINGS or not top <= element.place <= self._kept[-1] + 1:
                continue
            if len(things) >= _MAX_THINGS or not self._is_inside(element.element):
                continue
            block = self._thing(element, seen)
            if block is not None:
                things.append((element.place, block))
        return things

    def caption_around(self, element: HtmlElement) -> tuple[Span, ...]:
        """Return the `figcaption` of the `figure` that holds a table, unless it is part of the text."""
        figure = closest(element, "figure")
        if figure is None or next(figure.iter("img", "amp-img"), None) is not None:
            return ()
        blocks = [self._model.blocks[index] for index in self._lines_of(figure)]
        lines = [spans_of(block, self._base) for block in blocks if closest(block.element, "figcaption") is not None]
        return tuple(
            span for number, line in enumerate(lines) for span in ([Span(text=" ")] if number else []) + [*line]
        )

    def _top(self) -> int:
        """Return the first line, or that of the captions of pictures right above it."""
        top = self._kept[0]
        while top and _is_caption(self._model.blocks[top - 1]):
            top -= 1
        return top

    def _is_inside(self, element: HtmlElement) -> bool:
        """Return whether an element is in the article, outside boilerplate."""
        is_of_person = False
        for node in ancestors(element):
            if node is self._main:
                return True
            if node in self._around:  # between title or lead and text
                return _is_picture(element) and not is_of_person
            is_of_person |= _PERSON.search(node.get("class") or "") is not None
            if node is element or node.tag in {"figure", "picture"}:
                continue
            if node.tag == "a":
                parent = node.getparent()
                return parent is not None and parent.tag == "figure"
            if boilerplate_evidence(node) == "strong":
                return False
        return self._main is None

    def _thing(self, element: Element, seen: set[HtmlElement]) -> Block | None:
        node = element.element
        if element.tag == "hr":
            return Block(kind="separator")
        if element.tag in _EMBEDS:
            source = element.attributes.get("src") or element.attributes.get("data-src") or _first_source(node)
            url = absolute(self._base, source)
            host = (urlsplit(url).hostname or "") if url else ""
            poster = absolute(self._base, element.attributes.get("poster") or "")
            provider = host.removeprefix("www.")
            alt = _title_of(element, provider)
            return Block(kind="embed", url=url, provider=provider, poster=poster, alt=alt) if host else None
        figure = closest(node, "figure")
        image = node if element.tag in {"img", "amp-img"} else next(node.iter("img", "amp-img"), None)
        if image is None or image in seen or (figure is not None and figure in seen):
            return None
        seen.update((image, figure) if figure is not None else (image,))
        url = _source(image, self._base)
        if not url or _is_small(image):
            return None
        caption, credit = self._caption(figure) if figure is not None else ((), "")
        credit = credit or self._credit_after(element, figure)
        return Block(
            kind="figure",
            url=url,
            alt=" ".join((image.get("alt") or "").split())[:_MAX_ALT],
            caption=caption,
            credit=credit,
        )

    def _caption(self, figure: HtmlElement) -> tuple[tuple[Span, ...], str]:
        """Return a figure's caption and credit, except lines that are part of the text."""
        caption: list[Span] = []
        credit = ""
        for index in self._lines_of(figure):
            block = self._model.blocks[index]
            is_named = any(_CREDIT.search(node.get("class") or "") for node in ancestors(block.element, figure))
            if is_named or (caption and is_credit(block.text)):
                credit = credit or block.text
                continue
            inner = _credit_in(block)
            caption.extend([Span(text=" ")] if caption else [])
            caption.extend(_without_end(spans_of(block, self._base), inner))
            credit = credit or inner
        return tuple(caption), credit

    def _credit_after(self, element: Element, figure: HtmlElement | None) -> str:
        """Return the credit on a line of its own right after a picture, '' if there is none."""
        lines = self._lines_of(figure) if figure is not None else ()
        index = lines[-1] + 1 if lines else element.place
        if index >= len(self._model.blocks) or index in self._taken:
            return ""
        text = self._model.blocks[index].text
        return text if is_credit(text) else ""

    def _lines_of(self, figure: HtmlElement) -> list[int]:
        """Return the blocks in a figure that are not part of the text."""
        if self._lines is None:
            self._lines = {}
            for index, block in enumerate(self._model.blocks):
                holder = closest(block.element, "figure")
                if holder is not None and index not in self._taken:
                    self._lines.setdefault(holder, []).append(index)
        return self._lines.get(figure, [])


def spans_of(block: TextBlock, base: str) -> tuple[Span, ...]:
    """Return the text of a line with its emphasis and links; the links are resolved against `base`."""
    return tuple(
        Span(text=span.text, href=absolute(base, span.href), marks=span.marks) if span.href else span
        for span in block.spans()
    )


def words_of(node: HtmlElement) -> str:
    """Return the text of an element as one line."""
    return " ".join("".join(node.itertext()).split())


def _credit_in(line: TextBlock) -> str:
    """Return the credit at the end of a caption, if an inline element has it; '' if there is none."""
    for node in line.element.iter(*_INLINE):
        said = words_of(node)
        if said and said != line.text and line.text.endswith(said) and _CREDIT.search(node.get("class") or ""):
            return said
    return ""


def _without_end(spans: Sequence[Span], end: str) -> Iterator[Span]:
    """Yield the spans of a line without the text at its end, and the white space before it."""
    left = len("".join(span.text for span in spans).removesuffix(end).rstrip())
    for span in spans:
        if text := span.text[:left]:
            yield replace(span, text=text)
        left -= len(text)


def _title_of(element: Element, provider: str) -> str:
    """Return the title of an embed, '' if it names only the provider, as in `Video player of …`."""
    title = " ".join(element.attributes.get("title", "").split())[:_MAX_ALT]
    name = max(provider.split("."), key=len, default="")
    return "" if name and name in title.lower() else title


def _is_picture(element: HtmlElement) -> bool:
    """Return whether an element is a figure, or a picture in a box that is named as one's."""
    box = element.getparent() if element.tag in PICTURES else None
    return element.tag == "figure" or (box is not None and box.tag == "div" and names_picture(box.get("class") or ""))


def _is_caption(block: TextBlock) -> bool:
    """Return whether a block is in a `figure`, or is the only text in a box with a picture."""
    for node in islice(ancestors(block.element), _CAPTION_STEPS):
        if node.tag == "figure":
            return True
        if next(node.iter("img", "amp-img"), None) is not None:
            return text_within(node, len(block.text)) == block.text
    return False


def _first_source(media: HtmlElement) -> str:
    """Return the URL of the first source of a video or audio element, '' if there is none."""
    return next((each.get("src") or "" for each in media.iter("source") if each.get("src")), "")


def _source(image: HtmlElement, base: str) -> str:
    for name in _SOURCES:
        value = (image.get(name) or "").strip()
        if value and not value.startswith("data:"):
            return absolute(base, value.split(",")[-1].split()[0] if "srcset" in name else value)
    return ""


def _is_small(image: HtmlElement) -> bool:
    sizes = [image.get(name) or "" for name in ("width", "height")]
    return any(size.isdecimal() and int(size) < _MIN_PICTURE for size in sizes)
