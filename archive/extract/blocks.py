"""Reads the text blocks of a page in page order: one parsed tree in, blocks of text out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from archive.extract.hooks import hook_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

BLOCK_TAGS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
"""Elements whose edges end a line of text (HTML standard, section 15.3), and `br`."""

SILENT_TAGS = frozenset(
    [
        "script",
        "style",
        "noscript",
        "iframe",
        "object",
        "svg",
        "math",
        "template",
        "select",
        "textarea",
        "button",
        "head",
        "audio",
        "video",
        "canvas",
    ]
)
"""Elements whose content a reader does not read as text of the page."""


HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


@dataclass(frozen=True, slots=True)
class Block:
    """One line of the page's text.

    `element` is its innermost block element, `linked` the share of it that is link text (0 to 1), `href` where its last
    link leads as the page writes it, `hook` the rule of the theme or plugin element that holds it ('' when none).
    """

    text: str
    element: HtmlElement
    linked: float
    href: str
    hook: str


class _Reader:
    """Gathers runs of text into blocks while the tree is walked."""

    __slots__ = ("blocks", "excluded", "hook", "hooked", "href", "in_links", "linked", "owners", "parts")

    def __init__(self, root: HtmlElement) -> None:
        self.blocks: list[Block] = []
        self.excluded: list[HtmlElement] = []
        self.owners = [root]
        self.hook = ""
        self.hooked: HtmlElement | None = None
        self.parts: list[str] = []
        self.linked = 0
        self.in_links = 0
        self.href = ""

    def say(self, text: str) -> None:
        # White space before a line's first word is none of its text, and most of what stands between two blocks.
        if self.parts or self.in_links or not text.isspace():
            self.parts.append(text)
            if self.in_links:
                self.linked += len(text)

    def end_line(self) -> None:
        """End the line that has parts."""
        text = " ".join("".join(self.parts).split())
        if text:
            self.blocks.append(Block(text, self.owners[-1], min(1.0, self.linked / len(text)), self.href, self.hook))
        self.parts.clear()
        self.linked = 0
        if not self.in_links:
            self.href = ""

    def enter(self, element: HtmlElement, tag: str) -> None:
        if tag in BLOCK_TAGS:
            if self.parts:
                self.end_line()
            if tag != "br":
                self.owners.append(element)
        if not self.hook and (hook := hook_of(element)):
            if self.parts:
                self.end_line()
            self.hook, self.hooked = hook, element
            self.excluded.append(element)
        if tag == "a":
            self.in_links += 1
            self.href = element.get("href") or ""
        if text := element.text:
            self.say(text)

    def leave(self, element: HtmlElement, tag: str) -> None:
        if tag == "a":
            self.in_links -= 1
        elif tag in BLOCK_TAGS:
            if self.parts:
                self.end_line()
            if tag != "br":
                self.owners.pop()
        if element is self.hooked:
            if self.parts:
                self.end_line()
            self.hook, self.hooked = "", None


def read_blocks(tree: HtmlElement) -> tuple[list[Block], list[HtmlElement]]:
    """Return the blocks of the page's body in order, and the elements that a hook of a theme or plugin excludes.

    Blocks under an excluded element are listed too, with the name of the hook, so that `explain` can show them.
    """
    body = tree.find("body")
    root = tree if body is None else body
    reader = _Reader(root)
    walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        tag = str(element.tag)
        if event == "start":
            if tag in SILENT_TAGS:
                walk.skip_subtree()
            else:
                reader.enter(element, tag)
            continue
        if event == "end" and tag not in SILENT_TAGS:
            reader.leave(element, tag)
        if (tail := element.tail) and element is not root:
            reader.say(tail)
    if reader.parts:
        reader.end_line()
    return reader.blocks, reader.excluded
