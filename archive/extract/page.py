"""Walk over a parsed page once and build its model.

The walk is linear and keeps its state on explicit stacks, so a page of any depth that the parser gives is read.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from lxml import etree

from archive.extract.hooks import hook_of_names
from archive.extract.model import (
    FORMAT,
    HEADINGS,
    LINKED,
    RUNNING_TEXT,
    Anchor,
    Context,
    Element,
    PageModel,
    TextBlock,
    ancestors,
    closest,
    elements_by_tag,
    is_in,
    is_long,
)
from archive.extract.styles import hidden_names, is_invisible, is_panel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lxml.html import HtmlElement

    from archive.body.blocks import Mark

__all__ = [
    "HEADINGS",
    "RUNNING_TEXT",
    "Anchor",
    "Element",
    "PageModel",
    "TextBlock",
    "ancestors",
    "closest",
    "is_in",
    "read_model",
]

BLOCK_TAGS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "details", "div"}
    | {"dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"}
    | {"header", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "option", "p", "pre", "section"}
    | {"summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"}
)
"""Elements whose edges end a line of text (HTML standard, section 15.3), and `br`."""

SILENT_TAGS = frozenset(
    {"script", "style", "noscript", "iframe", "object", "embed", "svg", "math", "template", "select"}
    | {"textarea", "head", "audio", "video", "canvas", "dialog", "amp-sidebar", "amp-ad", "amp-list"}
    | {"amp-consent", "amp-iframe", "amp-video", "amp-youtube"}
)
"""Elements whose content a reader does not read as text of the page."""

_MARKS: Final[dict[str, Mark]] = {
    "em": "em",
    "i": "em",
    "cite": "em",
    "strong": "strong",
    "b": "strong",
    "code": "code",
    "kbd": "code",
    "samp": "code",
    "tt": "code",
    "sub": "sub",
    "sup": "sup",
}
"""Inline elements and the mark that their text gets in a `Span`."""

_SHOWN = 0.2
"""Share of the page's running text that must be visible; a page that hides more shows it by a script."""
_MAX_FOOTNOTE = 5
_HOVER = re.compile(
    r"(?:rollover|popover|tooltip|hover-?card)s?[\w-]*(?:block|box|card|content|text|body|inner|panel)\b", re.IGNORECASE
)
"""Classes of what is shown within a sentence while the pointer rests on a word of it."""
_LINES = HEADINGS | {"p", "address", "summary", "dt"}
"""Elements that hold lines of text, not blocks."""
_PANELS = frozenset({"div", "section", "dd"})
_INNER = "p", "h1", "article", "main"
"""What no button holds: a button around one was never closed."""
_INLINE_TAGS = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "blink", "cite", "code", "data", "del", "dfn", "em", "font",
    "i", "image", "img", "input", "ins", "kbd", "label", "map", "mark", "meter", "nobr", "output", "param",
    "picture", "progress", "q", "rb", "rp", "rt", "rtc", "ruby", "s", "samp", "slot", "small", "source", "strike",
    "strong", "sub", "track", "tt", "u", "var", "wbr",
})  # fmt: skip
"""Elements that are part of a line. One of a name that HTML does not have may be either, as its style says."""
_BLOCK, _BREAK, _LINK, _AREA, _NOTED, _MARKED, _OTHER, _SILENT = range(1, 9)
"""How an element is read."""
_NOTHING: Mapping[str, str] = {}
_new = tuple.__new__
"""Creates a named tuple in half the time of its own constructor."""
_INLINE = frozenset({"a", "abbr", "b", "em", "font", "i", "label", "small", "span", "strong"})
"""Inline elements: if hidden, they do not split the line."""
_KINDS: Final[dict[object, int]] = {
    **dict.fromkeys(_INLINE_TAGS, 0),
    **dict.fromkeys(BLOCK_TAGS, _BLOCK),
    **dict.fromkeys(_MARKS, _MARKED),
    **dict.fromkeys(SILENT_TAGS, _SILENT),
    **dict.fromkeys(("button", "sup", "span"), _SILENT),  # of which some are not read
    **dict.fromkeys(("author", "time"), _NOTED),
    "a": _LINK,
    "area": _AREA,
    "br": _BREAK,
    "cite": _OTHER,
}
_LISTED = frozenset({"address", "author", "figure", "h1", "h2", "h3", "hr", "time"})
"""Elements that are listed even without attributes."""


def read_model(tree: HtmlElement) -> PageModel:
    """Walk over a page once."""
    body = tree.find("body")
    root = tree if body is None else body
    tagged = elements_by_tag(tree)
    reader = _Reader(root, hidden_names(tagged["style"]))
    reader.read(root)
    return reader.model(tree, tagged)


class _Reader:
    """Collects runs of text into blocks while walking the tree."""

    def __init__(self, root: HtmlElement, hidden_names: frozenset[str]) -> None:
        self.blocks: list[TextBlock] = []
        self.elements: list[Element] = []
        self.anchors: list[Anchor] = []
        self.hidden_elements: set[HtmlElement] = set()
        self.hidden_names = hidden_names
        self.owners = [root]
        self.hook = ""
        self.hooked: HtmlElement | None = None
        self.hidden: HtmlElement | None = None
        self.parts: list[tuple[str, Context]] = []
        self.contexts: list[Context] = []
        self.context: Context = ("", ())
        self.linked = 0
        self.href = ""
        self.anchor: list[str] | None = None
        self.link: Mapping[str, str] = _NOTHING
        self.preformatted = 0
        self.notes: set[str] = set()
        self.names: dict[str, bool] = {}
        self.plain: set[str] = set()
        self.boxes: set[HtmlElement] = set()

    def read(self, root: HtmlElement) -> None:
        """Walk over the elements below `root`. A page has thousands, so their cost dominates."""
        walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
        begin, leave, say = self._begin, self._leave, self._say
        kinds, parts = _KINDS, self.parts
        opened: list[int] = []  # how each element around is left: 0 if there is nothing to do
        for event, element in walk:
            if event == "start":
                kind = kinds.get(element.tag, _OTHER)
                items = element.items()
                if kind == _OTHER:
                    kind = self._custom(element)
                if (kind or items) and not begin(element, kind, items):
                    opened.append(0)
                    walk.skip_subtree()
                    continue
                opened.append(kind)
                text = element.text
            else:
                if event == "end":
                    if kind := opened.pop():
                        leave(element, kind)
                    if element is self.hooked or element is self.hidden:
                        self._uncover(element)
                text = element.tail if element is not root else None
            # white space before a line's first word is not part of it; between two blocks there is little else
            if text and (parts or self.anchor is not None or not text.isspace()):
                say(text)
        self._end_line()

    def _custom(self, element: HtmlElement) -> int:
        """Return how an element is read whose name HTML does not have: as a block, unless it is within a paragraph or sentence.

        A `cite` that is the source of a quotation is a block, too.
        """
        if element.tag == "cite":
            return _BLOCK if self._is_source(element) else _MARKED
        parent = element.getparent()
        is_box = (
            parent is None or parent in self.boxes or (_KINDS.get(parent.tag) == _BLOCK and parent.tag not in _LINES)
        )
        if not is_box or ":" in str(element.tag) or _is_in_sentence(element):
            return 0
        self.boxes.add(element)
        return _BLOCK

    def _begin(self, element: HtmlElement, kind: int, items: Sequence[tuple[str, str]]) -> bool:
        """Begin an element; return False if its content is skipped."""
        tag: str = element.tag  # type: ignore[assignment]  # only comments have none
        attributes = dict(items) if items else _NOTHING
        if items or tag in _LISTED:
            self.elements.append(_new(Element, (element, tag, attributes, len(self.blocks) + bool(self.parts))))
        if kind >= _SILENT and not self._reads(element, tag, attributes):
            self._note_links(element)
            return False
        if kind == _LINK and attributes.get("href", "")[:1] == "#" and self._is_sign(element, attributes):
            return False
        if items and not self._is_plain(attributes) and not self._is_read(element, tag, attributes):
            return False
        if kind == _BLOCK:
            if self.parts:
                self._end_line()
            self.owners.append(element)
            self.preformatted += tag == "pre"
        elif kind:
            self._enter(element, kind, attributes)
        return True

    def _is_source(self, element: HtmlElement) -> bool:
        """Return whether a `cite` is the last of a quotation, after a sentence or without space before it, as its source is."""
        parent = element.getparent()
        if parent is None or parent.tag != "blockquote" or (element.tail or "").strip():
            return False
        before = self.parts[-1][0] if self.parts else "."
        return not before[-1].isspace() or not before.rstrip()[-1:].isalnum()

    def _is_sign(self, element: HtmlElement, attributes: Mapping[str, str]) -> bool:
        """Return whether a link to a part of the page is a sign (`↩`, `¶`), or a footnote's number that a class or id names so."""
        text = ""
        for piece in element.itertext():
            text += piece.strip()
            if len(text) > _MAX_FOOTNOTE:
                return False
        if not text:
            return False
        if not any(map(str.isalnum, text)):
            return True
        if not text.isalnum() or _NOTE.search(" ".join(map(attributes.get, _NAMING, _EMPTY))) is None:
            return False
        self.notes.add(attributes["href"][1:])
        return True

    def _is_plain(self, attributes: Mapping[str, str]) -> bool:
        """Return whether no attribute or class of an element can hide it or make it a hook."""
        if "id" in attributes or "style" in attributes or "hidden" in attributes:
            return False
        names = attributes.get("class")
        return names is None or names in self.plain

    def _say(self, text: str) -> None:
        if self.parts or not text.isspace():
            self.parts.append((text, self.context))
            if self.context[0]:
                self.linked += len(text)
        if self.anchor is not None:
            self.anchor.append(text)

    def _end_line(self) -> None:
        """End the current line."""
        if not self.parts:
            return
        joined = "".join([text for text, _ in self.parts])
        if not joined.isascii():
            joined = FORMAT.sub("", joined)
        text = _preformatted(joined) if self.preformatted else " ".join(joined.split())
        if text:
            linked = min(1.0, self.linked / len(text)) if self.linked else 0.0
            is_hidden = self.hidden is not None
            self.blocks.append(
                TextBlock(text, self.owners[-1], linked, self.href, self.hook, is_hidden, tuple(self.parts))
            )
        self.parts.clear()
        self.linked = 0
        self.href = self.context[0]

    def _note_links(self, element: HtmlElement) -> None:
        """Collect the links of an element whose content is skipped."""
        if len(element):
            for anchor in element.iter("a", "area"):
                self.anchors.append(_anchor(anchor, dict(anchor.items()), "".join(anchor.itertext())))

    def _is_read(self, element: HtmlElement, tag: str, attributes: Mapping[str, str]) -> bool:
        """Return whether the content of an element is read; record whether it is a theme's hook, and whether it is hidden."""
        names, identity = attributes.get("class", ""), attributes.get("id", "")
        hook = hook_of_names(identity, names) if (names or identity) and not self.hook else ""
        is_hidden = self.hidden is None and self._is_hidden(names, identity, attributes) and not is_panel(element)
        if not hook and not is_hidden:
            if names and not self.hook and self.hidden is None:
                self.plain.add(names)
            return True
        if (is_hidden or hook == "dom:hidden") and tag in _INLINE and _is_in_sentence(element):
            return False
        self._end_line()
        if hook:
            self.hook, self.hooked = hook, element
        if is_hidden:
            self.hidden = element
            self.hidden_elements.add(element)
        return True

    def _is_hidden(self, names: str, identity: str, attributes: Mapping[str, str]) -> bool:
        if "hidden" in attributes and attributes["hidden"].lower() != "until-found":
            return True
        if (style := attributes.get("style")) and is_invisible(style):
            return True
        hidden = self.hidden_names
        if not hidden:
            return False
        known = self.names.get(names)
        if known is None:
            known = self.names[names] = any(f".{name}" in hidden for name in names.split())
        return known or (identity != "" and f"#{identity}" in hidden)

    def _enter(self, element: HtmlElement, kind: int, attributes: Mapping[str, str]) -> None:
        """Begin a link, a line break or an inline element that marks its text."""
        if kind == _LINK:
            self.contexts.append(self.context)
            href = attributes.get("href") or ""
            self.href = href or self.href
            self.context = (href, self.context[1])
            self.anchor, self.link = [], attributes
        elif kind == _BREAK:
            if self.preformatted:
                self._say("\n")
            else:
                self._end_line()
        elif mark := _MARKS.get(str(element.tag)):
            self.contexts.append(self.context)
            href, marks = self.context
            self.context = (href, marks if mark in marks else (*marks, mark))
        elif kind == _AREA:
            self.anchors.append(_anchor(element, attributes, ""))

    def _leave(self, element: HtmlElement, kind: int) -> None:
        if kind == _BLOCK:
            if self.parts:
                self._end_line()
            self.owners.pop()
            self.preformatted -= element.tag == "pre"
        elif kind == _LINK:
            if self.anchor is not None:
                self.anchors.append(_anchor(element, self.link, "".join(self.anchor)))
            self.anchor = None
            self.context = self.contexts.pop()
        elif kind != _BREAK and element.tag in _MARKS:
            self.context = self.contexts.pop()

    def _uncover(self, element: HtmlElement) -> None:
        """End a hooked or hidden element."""
        self._end_line()
        if element is self.hooked:
            self.hook, self.hooked = "", None
        if element is self.hidden:
            self.hidden = None

    def _reads(self, element: HtmlElement, tag: str, attributes: Mapping[str, str]) -> bool:
        """Return whether an element is read although its tag is usually skipped."""
        if tag == "button":
            return _is_in_sentence(element) or _is_titled(element, attributes) or _holds(element, _INNER)
        if tag == "sup":
            note = _footnote(element)
            self.notes.update([note] if note else ())
            # brackets separate it from the word before
            return not note or not "".join(element.itertext()).strip().isalnum()
        if tag == "span":
            names = attributes.get("class")
            return not names or not (_is_drawn_twice(element, names) or _floats(names))
        return tag == "template" and "shadowrootmode" in attributes

    def model(self, tree: HtmlElement, tagged: Mapping[str, Sequence[HtmlElement]]) -> PageModel:
        """Return the model; on a page that hides nearly all of its text, hidden text counts as shown."""
        blocks = _join_drop_caps(self.blocks)
        shown = sum(len(block.text) for block in blocks if block.is_running)
        hidden = sum(len(b.text) for b in blocks if b.hidden and is_long(b.text) and b.linked < LINKED)
        elements = frozenset(self.hidden_elements)
        if hidden and shown < _SHOWN * (shown + hidden):
            blocks = [block._replace(hidden=False) if block.hidden else block for block in blocks]
            elements = frozenset()
        return PageModel(
            tree=tree,
            blocks=blocks,
            elements=self.elements,
            anchors=self.anchors,
            hidden=elements,
            notes=frozenset(self.notes),
            by_tag=tagged,
        )


_NOTE = re.compile(r"foot-?note|end-?note|note-?ref|cite_?note|(?<![a-z])ft?n(?:ref)?(?![a-z])", re.IGNORECASE)
_NAMING = ("class", "id", "role", "href")
_EMPTY = ("",) * len(_NAMING)
_SPOKEN_ONLY = frozenset({"sr-only", "visually-hidden", "visuallyhidden", "screen-reader-text", "screen-reader-only"})


def _anchor(element: HtmlElement, attributes: Mapping[str, str], text: str) -> Anchor:
    return Anchor(element, attributes.get("href", ""), " ".join(text.split()), attributes.get("rel", ""))


def _is_in_sentence(element: HtmlElement) -> bool:
    """Return whether an inline element is part of a sentence: its paragraph has other text around it."""
    if (element.tail or "").strip():
        return True
    before = element.getprevious()
    parent = element.getparent()
    text = before.tail if before is not None else parent.text if parent is not None else ""
    return bool((text or "").strip())


def _is_titled(button: HtmlElement, attributes: Mapping[str, str]) -> bool:
    """Return whether a button that opens a panel is inside or around the panel's heading, or right before the panel."""
    panel = attributes.get("aria-controls")
    if panel is None and "aria-expanded" not in attributes:
        return False
    parent, following = button.getparent(), button.getnext()
    if panel and following is not None and following.get("id") == panel and following.tag in _PANELS:
        return True
    return (parent is not None and parent.tag in HEADINGS) or _holds(button, HEADINGS)


def _holds(element: HtmlElement, tags: Iterable[str]) -> bool:
    return next(element.iter(*tags), None) is not None


def _footnote(element: HtmlElement) -> str:
    """Return the id to which a `sup` links if it is only a footnote mark; else ''."""
    link = next((node for node in (*element.iter("a"), *element.iterancestors("a"))), None)
    href = (link.get("href") or "") if link is not None else ""
    if len(href) < 2 or href[0] != "#" or len("".join(element.itertext()).strip()) > _MAX_FOOTNOTE:
        return ""
    return href[1:]


def _is_drawn_twice(element: HtmlElement, names: str) -> bool:
    """Return whether a `span` repeats a drop cap for screen readers."""
    if _SPOKEN_ONLY.isdisjoint(names.split()):
        return False
    other = element.getprevious()
    return other is not None and other.get("aria-hidden") == "true"


@lru_cache(maxsize=4096)
def _floats(names: str) -> bool:
    """Return whether an element's classes say that it is shown only while the pointer is over a word."""
    return _HOVER.search(names) is not None


def _preformatted(text: str) -> str:
    """Return the lines with their indent, or '' if they only number those of the code beside them."""
    lines = [line.rstrip() for line in text.expandtabs(4).split("\n")]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    if len(lines) > 1 and all(line.strip() == str(number) for number, line in enumerate(lines, 1)):
        return ""
    return "\n".join(lines)


def _join_drop_caps(blocks: list[TextBlock]) -> list[TextBlock]:
    """Join a drop cap that is a block of its own to its paragraph."""
    joined: list[TextBlock] = []
    for block in blocks:
        if joined and _is_drop_cap(joined[-1], block):
            cap = joined.pop()
            joined.append(block._replace(text=cap.text + block.text, parts=((cap.text, ("", ())), *block.parts)))
        else:
            joined.append(block)
    return joined


def _is_drop_cap(cap: TextBlock, block: TextBlock) -> bool:
    letters = cap.text.strip("\"'“”„«»‘’")
    if len(letters) != 1 or not letters.isalpha() or cap.hook or len(block.text) < RUNNING_TEXT:
        return False
    names = f"{cap.element.get('class', '')} {cap.element.get('id', '')}".lower()
    return (letters.isupper() and block.text[0].islower()) or "drop" in names or "initial" in names
