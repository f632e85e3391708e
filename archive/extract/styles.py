"""Reads what a page's own style sheets hide: a parsed tree in, the classes and ids that are shown to nobody out."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_MAX_STYLE = 300_000
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]*)([{}])")
_INVISIBLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)\b")
_SIMPLE = re.compile(r"(?:[a-z][a-z0-9]*)?([.#])([\w-]+)\Z", re.IGNORECASE)


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
        sheet = _COMMENT.sub("", sheet)
        if not found and not _INVISIBLE.search(sheet):
            continue
        for text, brace in _RULE.findall(sheet):
            if brace == "{":
                depth, selectors = depth + 1, text
                continue
            # within `@media print` and the like nothing is said of the page as it is read
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
    """Tell whether an element's own style shows it to nobody."""
    return _INVISIBLE.search(style.lower()) is not None
