"""Model a parsed page: its lines of text in order, its elements with attributes, and its links.

`page` walks the tree once to build the model; all readers use the model instead of walking the tree again.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain, takewhile
from operator import is_not
from typing import TYPE_CHECKING, NamedTuple

from archive.body import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from lxml.html import HtmlElement

    from archive.body.blocks import Mark

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
RUNNING_TEXT = 80
"""Minimum characters of a block of running text, as opposed to a label; Chinese, Japanese and Korean characters count twice."""
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
LINKED = 0.3
"""A line with at least this share of link text is not running text."""
ALL_LINK = 0.9
"""A line with at least this share of link text consists only of links."""
FORMAT = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ue000-\uf8ff]")
"""Characters that only affect layout: soft hyphens, direction marks, icons of a font. Joiners affect spelling and are kept."""
Context = tuple[str, "tuple[Mark, ...]"]
"""The link target of a piece of text ('' if none) and its marks."""


def is_long(text: str, least: int = RUNNING_TEXT) -> bool:
    """Return whether a text has at least `least` characters, where Chinese, Japanese and Korean ones count twice."""
    size = len(text)
    if size >= least or 2 * size < least or text.isascii():
        return size >= least
    return size + len(_WIDE.findall(text)) >= least


class TextBlock(NamedTuple):
    """One line of the page's text.

    `element` is its innermost block element, `linked` its share of link text (0 to 1), `href` the target of its last
    link as written, `hook` the rule of the theme or plugin element around it ('' if none), `hidden` whether the page
    hides it, and `parts` its text as written, each piece with its context.
    """

    text: str
    element: HtmlElement
    linked: float = 0.0
    href: str = ""
    hook: str = ""
    hidden: bool = False
    parts: tuple[tuple[str, Context], ...] = ()

    @property
    def is_linked(self) -> bool:
        """Whether its share of link text is too high for running text."""
        return self.linked >= LINKED

    @property
    def is_running(self) -> bool:
        """Whether it reads as running text: long, with few links, and shown."""
        return self.linked < LINKED and not self.hook and not self.hidden and is_long(self.text)

    @property
    def is_emphatic(self) -> bool:
        """Whether all of it is emphasised."""
        return all(marks for text, (_, marks) in self.parts if not text.isspace())

    def spans(self) -> tuple[Span, ...]:
        """Return the text with its emphasis and links; the joined texts of the spans equal `text`."""
        if self.element.tag == "pre":
            return (Span(text=self.text),)
        found: list[tuple[str, Context]] = []
        left = self.text
        for part, context in self.parts:
            piece = _matching(part, left)
            left = left[len(piece) :]
            if piece and found and (found[-1][1] == context or piece.isspace()):
                found[-1] = (found[-1][0] + piece, found[-1][1])
            elif piece:
                found.append((piece, context))
        if not found or left:
            return (Span(text=self.text),)
        return tuple(Span(text=text, href=href, marks=marks) for text, (href, marks) in found)


def _matching(part: str, text: str) -> str:
    """Return the beginning of `text` (with collapsed white space) that corresponds to `part`."""
    words = (part if part.isascii() else FORMAT.sub("", part)).split()
    if not words:
        return " " if text.startswith(" ") else ""
    piece = " ".join(words)
    if text.startswith(" "):
        piece = " " + piece
    if not text.startswith(piece):
        return ""
    return piece + " " if part[-1].isspace() and text.startswith(" ", len(piece)) else piece


_LOOKED_FOR = (
    "article",
    "base",
    "blockquote",
    "button",
    "h1",
    "input",
    "label",
    "link",
    "main",
    "meta",
    "noscript",
    "script",
    "style",
    "textarea",
    "title",
)


_NAME = re.compile(r"[a-z][\w.-]*", re.ASCII)
"""The names of elements that XPath takes without a prefix."""


def elements_by_tag(tree: HtmlElement) -> Mapping[str, Sequence[HtmlElement]]:
    """Return the elements of all tags that readers look for, in page order; searching for one tag would cost as much."""
    found: dict[str, list[HtmlElement]] = {tag: [] for tag in _LOOKED_FOR}
    for element in tree.iter(*_LOOKED_FOR):
        found[str(element.tag)].append(element)
    return found


class Element(NamedTuple):
    """An element of the body that has attributes, and the number of blocks before it."""

    element: HtmlElement
    tag: str
    attributes: Mapping[str, str]
    place: int


class Anchor(NamedTuple):
    """An anchor of the page as written, its text on one line."""

    element: HtmlElement
    href: str
    text: str
    rel: str


@dataclass(frozen=True, kw_only=True)
class PageModel:
    """The result of one walk over a page, in page order.

    `blocks` are its lines of text, including those in hooked or hidden elements; `elements` the body's elements with
    attributes and its headings, figures and times; `anchors` its links, including image maps; `hidden` the elements that
    it hides; `notes` the ids of footnotes to which its text links; `by_tag` the result of `elements_by_tag`.
    """

    tree: HtmlElement
    blocks: Sequence[TextBlock]
    elements: Sequence[Element] = ()
    anchors: Sequence[Anchor] = ()
    hidden: frozenset[HtmlElement] = frozenset()
    notes: frozenset[str] = frozenset()
    by_tag: Mapping[str, Sequence[HtmlElement]]

    @cached_property
    def running(self) -> Sequence[TextBlock]:
        """The blocks that read as running text."""
        return [block for block in self.blocks if block.is_running]

    @cached_property
    def length(self) -> int:
        """The characters of all blocks."""
        return sum(len(block.text) for block in self.blocks)

    @cached_property
    def mass(self) -> int:
        """The characters of running text."""
        return sum(len(block.text) for block in self.running)


def ancestors(element: HtmlElement, until: HtmlElement | None = None) -> Iterator[HtmlElement]:
    """Yield the element and its ancestors, up to but not including `until`."""
    # a loop over `getparent` takes twice as long, and a page needs thousands of steps
    walk: Iterator[HtmlElement] = chain((element,), element.iterancestors())
    return walk if until is None else takewhile(partial(is_not, until), walk)


def xpaths(tree: HtmlElement, elements: Iterable[HtmlElement]) -> Iterator[str]:
    """Yield the XPath of each element from the root, such as `/html/body/div[2]/p`, or '' if it is not in the tree."""
    steps = {tree: f"/{tree.tag!s}"}
    for parent in tree.iter():
        names = [str(child.tag) for child in parent]
        totals, seen = Counter(names), Counter[str]()
        for number, (child, name) in enumerate(zip(parent, names, strict=True), 1):
            seen[name] += 1
            if not _NAME.fullmatch(name):
                steps[child] = f"/*[{number}]"
            else:
                steps[child] = f"/{name}[{seen[name]}]" if totals[name] > 1 else f"/{name}"
    for element in elements:
        found = [steps.get(one, "") for one in ancestors(element)]
        yield "".join(reversed(found)) if all(found) else ""


def is_in(element: HtmlElement, box: HtmlElement | None) -> bool:
    """Return whether an element is `box` or inside it."""
    return box is not None and (element is box or box in element.iterancestors())


def closest(element: HtmlElement, *tags: str) -> HtmlElement | None:
    """Return the element, or the nearest that holds it, that has one of the tags."""
    return element if element.tag in tags else next(element.iterancestors(*tags), None)
