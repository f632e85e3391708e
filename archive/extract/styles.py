"""Find what a page hides: classes and ids hidden by its own style sheets, and panels that a reader opens."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.html import HtmlElement

_MAX_STYLE = 300_000
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_INVISIBLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)\b")
_FAR_OFF = re.compile(r"(?:^|[;\s])(?:left|right|top|text-indent)\s*:\s*-(?:9{4,}|[5-9]000|\d{2}000)(?!\d)")
"""The position of what is moved out of the window; the slides of a gallery are at other numbers."""
_SIMPLE = re.compile(r"(?:[a-z][a-z0-9]*)?([.#])([\w-]+)\Z", re.IGNORECASE)


def hidden_names(styles: Iterable[HtmlElement]) -> frozenset[str]:
    """Return the classes (`.name`) and ids (`#name`) that the page's `style` elements hide."""
    found: set[str] = set()
    size = 0
    for style in styles:
        sheet = style.text or ""
        size += len(sheet)
        if size > _MAX_STYLE:
            break
        if "none" not in sheet and "hidden" not in sheet:
            continue
        depth, selectors = 0, ""
        sheet = _COMMENT.sub("", sheet)
        if not found and not _INVISIBLE.search(sheet):
            continue
        for piece in sheet.split("}")[:-1]:
            *opened, text = piece.split("{")
            depth, selectors = depth + len(opened), opened[-1] if opened else selectors
            # `@media print` and similar rules do not affect the page on screen
            if depth == 1:
                _note_rule(found, selectors, text)
            depth, selectors = max(0, depth - 1), ""
    return frozenset(found)


def _note_rule(found: set[str], selectors: str, declarations: str) -> None:
    hides = ("none" in declarations or "hidden" in declarations) and _INVISIBLE.search(declarations) is not None
    if not hides and not (found and ("display" in declarations or "visibility" in declarations)):
        return
    names = [match[1] + match[2] for part in selectors.split(",") if (match := _SIMPLE.fullmatch(part.strip()))]
    if hides:
        found.update(names)
    else:
        found.difference_update(names)


@lru_cache(maxsize=4096)
def is_invisible(style: str) -> bool:
    """Return whether an element's style attribute hides it."""
    style = style.lower()
    return _INVISIBLE.search(style) is not None or _FAR_OFF.search(style) is not None


_PANEL_TAGS = frozenset({"div", "section", "p", "dd", "span"})
_TITLES = frozenset({"h2", "h3", "h4", "h5", "h6", "dt"})
_MIN_PANEL = 80
"""Minimum characters in the paragraphs, lists or tables of a panel without a heading; a menu or a row of buttons has none."""
_MAX_PANEL = 2_000
_MAX_CONTROL = 50
"""Maximum elements examined in a panel and its control, because panels may be nested."""
_ASKING = frozenset({"form", "nav", "input"})


def is_panel(element: HtmlElement) -> bool:
    """Return whether a hidden element is a panel of text that a heading or button right before it, or a button after it, opens."""
    before, behind = element.getprevious(), element.getnext()
    if element.tag == "span" and behind is None and (parent := element.getparent()) is not None:
        behind = parent.getnext()  # the rest of a paragraph, and the button after that
    if element.tag not in _PANEL_TAGS or not (
        (before is not None and _opens(before, element.get("id") or "")) or (behind is not None and _is_button(behind))
    ):
        return False
    held = list(islice(element.iter(), _MAX_PANEL))
    if len(held) == _MAX_PANEL or any(node.tag in _ASKING for node in held):
        return False
    size = sum(len(text.strip()) for text in element.itertext())
    linked = sum(len(text) for node in held if node.tag == "a" for text in node.itertext())
    least = 1 if before is not None and before.tag in _TITLES else _MIN_PANEL
    return size >= least and linked < size / 2


def _is_button(control: HtmlElement) -> bool:
    """Return whether an element is a button with a label, or a link with a label and no target."""
    if control.tag == "a":
        href = (control.get("href") or "#").lower()
        is_button = href.startswith(("#", "javascript:"))
    else:
        is_button = control.tag == "button" or control.get("role") == "button"
    return is_button and any(any(map(str.isalnum, text)) for text in control.itertext())


def _opens(control: HtmlElement, identity: str) -> bool:
    """Return whether an element with text says that it opens the panel with this id, or the next one."""
    if not any(any(map(str.isalnum, text)) for text in control.itertext()):
        return False
    return any(
        (identity and node.get("aria-controls") == identity) or node.get("aria-expanded") is not None
        for node in islice(control.iter(), _MAX_CONTROL)
    )
