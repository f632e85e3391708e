"""Take from a page what tells by name where its article is, as style sheets with generated class names do."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from lxml import html

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.html import HtmlElement

_SELECTOR = re.compile(r"([.#])(-?[A-Za-z_][\w-]*)")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that a parsed text may have, but that lxml does not set."""
_REFERENCES = ("for", "aria-controls", "aria-describedby", "aria-labelledby")
_SECTIONS = ("article", "aside", "footer", "header", "main", "nav", "section")


def _other(name: str) -> str:
    return "x" + hashlib.sha256(name.encode()).hexdigest()[:6]


def _rename(tree: HtmlElement) -> None:
    """Replace classes and ids, in style sheets too; the same name stays the same."""
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        for attribute in [name for name in element.attrib if name.startswith("data-")]:
            del element.attrib[attribute]
        for attribute in ("class", "id", *_REFERENCES):
            if value := element.get(attribute):
                element.set(attribute, " ".join(map(_other, value.split())))
        if (href := element.get("href") or "")[:1] == "#" and len(href) > 1:
            element.set("href", "#" + _other(href[1:]))
        if element.tag == "style" and element.text:
            element.text = _SELECTOR.sub(lambda match: match[1] + _other(match[2]), _CONTROL.sub("", element.text))


def _flatten(tree: HtmlElement) -> None:
    """Make `article`, `main` and the other sections `div` elements without a role."""
    for element in tree.iter(*_SECTIONS):
        element.tag = "div"
    for element in tree.iter():
        if isinstance(element.tag, str):
            element.attrib.pop("role", None)


CHANGES: dict[str, Callable[[HtmlElement], None]] = {"names": _rename, "sections": _flatten}


def without(body: bytes, kinds: list[str]) -> bytes:
    """Return a page in UTF-8 without the `kinds` of `CHANGES`, the page itself if it is in another encoding."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return body
    tree = html.document_fromstring(body, parser=html.HTMLParser(encoding="utf-8", huge_tree=True))
    for kind in kinds:
        CHANGES[kind](tree)
    return html.tostring(tree, encoding="utf-8", doctype="<!DOCTYPE html>")
