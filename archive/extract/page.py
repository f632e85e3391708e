"""Models a parsed page: one walk gives its blocks of text in order, its elements with attributes, its links and scripts.

Every reader works on the model; none walks the tree again. The walk is linear and keeps its state on explicit stacks,
so a page of any depth that the parser gives is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from lxml import etree

from archive.body import Span
from archive.extract.hooks import hook_of_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lxml.html import HtmlElement

    from archive.body.blocks import Mark

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
        "embed",
        "svg",
        "math",
        "template",
        "select",
        "textarea",
        "head",
        "audio",
        "video",
        "canvas",
        "dialog",
        "amp-sidebar",
        "amp-ad",
        "amp-list",
        "amp-consent",
        "amp-iframe",
        "amp-video",
        "amp-youtube",
    ]
)
"""Elements whose content a reader does not read as text of the page."""

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})

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

_RUNNING_TEXT = 80
"""Characters from which a block is running text, and no label."""
_LINKED = 0.3
"""Share of link text from which a line is no running text."""
_SHOWN = 0.2
"""Share of the page's running text that must be visible; a page that hides more shows it by a script."""
_FORMAT = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ue000-\uf8ff]")
"""Characters that only say how a line is set: soft hyphens, directions, icons of a font. The joiners spell, and stay."""
_MAX_STYLE = 300_000
_MAX_FOOTNOTE = 5
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]*)([{}])")
_HOVER = re.compile(
    r"(?:rollover|popover|tooltip|hover-?card)s?[\w-]*(?:block|box|card|content|text|body|inner|panel)\b", re.IGNORECASE
)
"""Classes of what is shown within a sentence while the pointer rests on a word of it."""
_INVISIBLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)\b")
_SIMPLE = re.compile(r"(?:[a-z][a-z0-9]*)?([.#])([\w-]+)\Z", re.IGNORECASE)
_INNER = "p", "h1", "article", "main"
"""What no button holds: a button around one was never closed."""

Context = tuple[str, "tuple[Mark, ...]"]
"""Where a piece of text leads ('' nowhere) and its marks."""


class TextBlock(NamedTuple):
    """One line of the page's text.

    `element` is its innermost block element, `linked` the share of it that is link text (0 to 1), `href` where its last
    link leads as the page writes it, `hook` the rule of the theme or plugin element that holds it ('' when none),
    `hidden` whether the page shows it to nobody, `parts` its text as the page writes it, each piece with its context.
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
        """Whether it has too many links for running text."""
        return self.linked >= _LINKED

    @property
    def is_running(self) -> bool:
        """Whether it reads as running text: long, with few links, and shown."""
        return len(self.text) >= _RUNNING_TEXT and self.linked < _LINKED and not self.hook and not self.hidden

    def spans(self) -> tuple[Span, ...]:
        """Return the text with its emphasis and links; the spans' texts joined are `text`."""
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
    """Return the beginning of `text`, whose white space is collapsed, that `part` is."""
    words = _FORMAT.sub("", part).split()
    if not words:
        return " " if text.startswith(" ") else ""
    piece = " ".join(words)
    if text.startswith(" "):
        piece = " " + piece
    if not text.startswith(piece):
        return ""
    return piece + " " if part[-1].isspace() and text.startswith(" ", len(piece)) else piece


class Element(NamedTuple):
    """An element of the body that has attributes, and the number of blocks before it."""

    element: HtmlElement
    tag: str
    attributes: Mapping[str, str]
    place: int


class Anchor(NamedTuple):
    """An anchor of the page as it is written, its text on one line."""

    element: HtmlElement
    href: str
    text: str
    rel: str


@dataclass(frozen=True, kw_only=True)
class PageModel:
    """What one walk over a page finds, in page order.

    `blocks` are the lines of its text, those under a hooked or hidden element too; `elements` those of its body that
    have attributes, its headings, figures and times; `anchors` its links, those of image maps among them; `hidden` the
    elements that it shows to nobody; `notes` the ids of the footnotes that its text leads to.
    """

    tree: HtmlElement
    blocks: Sequence[TextBlock]
    elements: Sequence[Element] = ()
    anchors: Sequence[Anchor] = ()
    hidden: frozenset[HtmlElement] = frozenset()
    notes: frozenset[str] = frozenset()

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


def read_model(tree: HtmlElement) -> PageModel:
    """Walk over a page once."""
    body = tree.find("body")
    root = tree if body is None else body
    reader = _Reader(root, hidden_names(tree))
    reader.read(root)
    return reader.model(tree)


def hidden_names(tree: HtmlElement) -> frozenset[str]:
    """Return the classes (`.name`) and ids (`#name`) that the page's own style sheets show to nobody."""
    found: set[str] = set()
    size = 0
    for style in tree.iter("style"):
        sheet = style.text or ""
        size += len(sheet)
        if size > _MAX_STYLE:
            break
        if "none" not in sheet and "hidden" not in sheet:
            continue
        depth, selectors = 0, ""
        for text, brace in _RULE.findall(_COMMENT.sub("", sheet)):
            if brace == "{":
                depth, selectors = depth + 1, text
                continue
            # within `@media print` and the like nothing is said of the page as it is read
            if depth == 1:
                _note_rule(found, selectors, text)
            depth, selectors = max(0, depth - 1), ""
    return frozenset(found)


def _note_rule(found: set[str], selectors: str, declarations: str) -> None:
    names = [match[1] + match[2] for part in selectors.split(",") if (match := _SIMPLE.fullmatch(part.strip()))]
    if _INVISIBLE.search(declarations):
        found.update(names)
    elif "display" in declarations or "visibility" in declarations:
        found.difference_update(names)


@lru_cache(maxsize=4096)
def _is_invisible(style: str) -> bool:
    return _INVISIBLE.search(style.lower()) is not None


class _Reader:
    """Gathers runs of text into blocks while the tree is walked."""

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

    def read(self, root: HtmlElement) -> None:
        """Walk over the elements below `root`. A page has thousands: what each of them costs is most of what a page costs."""
        walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
        say, begin, kinds = self._say, self._begin, _KINDS
        skipped = None
        for event, element in walk:
            if event == "start":
                if not begin(element):
                    skipped = element
                    walk.skip_subtree()
                elif text := element.text:
                    say(text)
                continue
            if event == "end":
                if element is skipped:
                    skipped = None
                elif kind := kinds.get(str(element.tag), 0):
                    self._leave(element, kind)
                if element is self.hooked or element is self.hidden:
                    self._uncover(element)
            if (tail := element.tail) and element is not root:
                say(tail)
        self._end_line()

    def _begin(self, element: HtmlElement) -> bool:
        """Begin an element; False when its content is not read."""
        tag: str = element.tag  # type: ignore[assignment]  # only comments have none
        kind = _KINDS.get(tag, 0)
        items = element.items()
        if not items and not kind:
            return True
        attributes = dict(items) if items else _NOTHING
        if items or tag in _LISTED:
            self.elements.append(Element(element, tag, attributes, len(self.blocks) + bool(self.parts)))
        if kind >= _SILENT and not self._reads(element, tag, attributes):
            self._note_links(element)
            return False
        if items and not self._is_read(element, tag, attributes):
            return False
        if kind:
            self._enter(element, kind, attributes)
        return True

    def _say(self, text: str) -> None:
        # White space before a line's first word is none of its text, and most of what stands between two blocks.
        if self.parts or not text.isspace():
            self.parts.append((text, self.context))
            if self.context[0]:
                self.linked += len(text)
        if self.anchor is not None:
            self.anchor.append(text)

    def _end_line(self) -> None:
        """End the line that has parts."""
        if not self.parts:
            return
        joined = "".join([text for text, _ in self.parts])
        if not joined.isascii():
            joined = _FORMAT.sub("", joined)
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
        """Note the links of an element whose content is not read."""
        if len(element):
            for anchor in element.iter("a", "area"):
                self.anchors.append(_anchor(anchor, dict(anchor.items()), "".join(anchor.itertext())))

    def _is_read(self, element: HtmlElement, tag: str, attributes: Mapping[str, str]) -> bool:
        """Tell whether the content of an element is read; note whether it is a hook of a theme, and whether it is shown."""
        names, identity = attributes.get("class", ""), attributes.get("id", "")
        hook = hook_of_names(identity, names) if (names or identity) and not self.hook else ""
        is_hidden = self.hidden is None and self._is_hidden(names, identity, attributes)
        if not hook and not is_hidden:
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
        if (style := attributes.get("style")) and _is_invisible(style):
            return True
        hidden = self.hidden_names
        if not hidden:
            return False
        known = self.names.get(names)
        if known is None:
            known = self.names[names] = any(f".{name}" in hidden for name in names.split())
        return known or (identity != "" and f"#{identity}" in hidden)

    def _enter(self, element: HtmlElement, kind: int, attributes: Mapping[str, str]) -> None:
        """Begin a block, a link or an inline element that marks its text."""
        if kind == _BLOCK:
            self._end_line()
            self.owners.append(element)
            self.preformatted += element.tag == "pre"
        elif kind == _LINK:
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
        """End what a hook or a rule of style covers."""
        self._end_line()
        if element is self.hooked:
            self.hook, self.hooked = "", None
        if element is self.hidden:
            self.hidden = None

    def _reads(self, element: HtmlElement, tag: str, attributes: Mapping[str, str]) -> bool:
        """Tell whether an element of a silent or special tag is read after all."""
        if tag == "button":
            return _is_in_sentence(element) or any(element.find(f".//{inner}") is not None for inner in _INNER)
        if tag == "sup":
            note = _footnote(element)
            self.notes.update([note] if note else ())
            # set off by brackets it can be told from the word before
            return not note or not "".join(element.itertext()).strip().isalnum()
        if tag == "span":
            return not _is_drawn_twice(element, attributes) and not _HOVER.search(attributes.get("class", ""))
        return tag == "template" and "shadowrootmode" in attributes

    def model(self, tree: HtmlElement) -> PageModel:
        """Return what was found; what is hidden counts as shown on a page that hides nearly all its text."""
        blocks = _join_drop_caps(self.blocks)
        shown = sum(len(block.text) for block in blocks if block.is_running)
        hidden = sum(len(b.text) for b in blocks if b.hidden and len(b.text) >= _RUNNING_TEXT and b.linked < _LINKED)
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
        )


_BLOCK, _BREAK, _LINK, _AREA, _NOTED, _MARKED, _SILENT = range(1, 8)
"""How an element is read."""
_NOTHING: Mapping[str, str] = {}
_INLINE = frozenset({"a", "abbr", "b", "em", "font", "i", "label", "small", "span", "strong"})
"""Elements that stand within a line: what is not shown of them leaves the line whole."""
_KINDS: Final[dict[str, int]] = {
    **dict.fromkeys(BLOCK_TAGS, _BLOCK),
    **dict.fromkeys(_MARKS, _MARKED),
    **dict.fromkeys(SILENT_TAGS, _SILENT),
    **dict.fromkeys(("button", "sup", "span"), _SILENT),  # of which some are not read
    **dict.fromkeys(("author", "time"), _NOTED),
    "a": _LINK,
    "area": _AREA,
    "br": _BREAK,
}
_LISTED = frozenset({"address", "author", "figure", "h1", "h2", "h3", "hr", "time"})
"""Elements that are listed without attributes too."""
_SPOKEN_ONLY = frozenset({"sr-only", "visually-hidden", "visuallyhidden", "screen-reader-text", "screen-reader-only"})


def _anchor(element: HtmlElement, attributes: Mapping[str, str], text: str) -> Anchor:
    return Anchor(element, attributes.get("href", ""), " ".join(text.split()), attributes.get("rel", ""))


def _is_in_sentence(element: HtmlElement) -> bool:
    """Tell whether text stands around an inline element in the same paragraph: then it is a part of a sentence."""
    if (element.tail or "").strip():
        return True
    before = element.getprevious()
    parent = element.getparent()
    text = before.tail if before is not None else parent.text if parent is not None else ""
    return bool((text or "").strip())


def _footnote(element: HtmlElement) -> str:
    """Return the id that a `sup` leads to when it is nothing but the mark of a footnote."""
    link = next((node for node in (*element.iter("a"), *element.iterancestors("a"))), None)
    href = (link.get("href") or "") if link is not None else ""
    if len(href) < 2 or href[0] != "#" or len("".join(element.itertext()).strip()) > _MAX_FOOTNOTE:
        return ""
    return href[1:]


def _is_drawn_twice(element: HtmlElement, attributes: Mapping[str, str]) -> bool:
    """Tell whether a `span` repeats for listeners what the one before draws for readers: a drop cap."""
    if not attributes.get("class") or _SPOKEN_ONLY.isdisjoint(attributes["class"].split()):
        return False
    other = element.getprevious()
    return other is not None and other.get("aria-hidden") == "true"


def _preformatted(text: str) -> str:
    lines = [line.rstrip() for line in text.expandtabs(4).split("\n")]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines)


def _join_drop_caps(blocks: list[TextBlock]) -> list[TextBlock]:
    """Join a first letter that is set as a block of its own to the paragraph whose letter it is."""
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
    if len(letters) != 1 or not letters.isalpha() or cap.hook or len(block.text) < _RUNNING_TEXT:
        return False
    names = f"{cap.element.get('class', '')} {cap.element.get('id', '')}".lower()
    return (letters.isupper() and block.text[0].islower()) or "drop" in names or "initial" in names


def ancestors(element: HtmlElement, until: HtmlElement | None = None) -> Iterator[HtmlElement]:
    """Yield the element and those that hold it, up to `until`, which is left out."""
    node: HtmlElement | None = element
    while node is not None and node is not until:
        yield node
        node = node.getparent()
