"""Parse a page's JSON-LD into a flat, bounded tuple of nodes; repair damaged scripts in one pass."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

Node = dict[str, Any]

_MAX_SCRIPTS = 40
_MAX_CHARS = 1_000_000
_MAX_NODES = 400
_MAX_DEPTH = 8
# Where publishers put a node inside a node and mean the page's main thing.
_INNER = ("@graph", "mainEntity", "mainEntityOfPage", "hasPart")
_STRING_OR_COMMA = re.compile(r'"(?:[^"\\]++|\\.)*+"?|,(?=\s{0,200}[}\]])|,(?=\s{0,200},)', re.DOTALL)


def read_jsonld(scripts: Iterable[HtmlElement]) -> tuple[Node, ...]:
    """Return the nodes of each `application/ld+json` script of a page in page order: top level, `@graph`, main entities; at most 400."""
    nodes: list[Node] = []
    count = 0
    budget = _MAX_CHARS
    for script in scripts:
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        text = script.text or ""
        count += 1
        budget -= len(text)
        if count > _MAX_SCRIPTS or budget < 0:
            break
        for value in _values(text):
            nodes.extend(_flat(value, 0, _MAX_NODES - len(nodes)))
    return tuple(nodes[:_MAX_NODES])


def _values(text: str) -> list[Any]:
    """Return the JSON values of one script; mends only what does not parse, the commonest damage first, each in one pass."""
    text = _strip(text)
    for mend in (_same, _commas, _entities):
        text = mend(text)
        try:
            return [json.loads(text, strict=False)]
        except RecursionError:
            return []
        except json.JSONDecodeError as error:
            if error.msg == "Extra data":
                return _several(text)
        except ValueError:
            return []
    return _salvaged(text)


def _strip(text: str) -> str:
    text = text.strip().strip("\ufeff;").strip()
    for opening, closing in (
        ("<!--", "-->"),
        ("//<![CDATA[", "//]]>"),
        ("/*<![CDATA[*/", "/*]]>*/"),
        ("<![CDATA[", "]]>"),
    ):
        text = text.removeprefix(opening).removesuffix(closing).strip()
    return text


def _same(text: str) -> str:
    return text


def _commas(text: str) -> str:
    """Take off a comma before a closing bracket or another comma, never inside a string."""
    return _STRING_OR_COMMA.sub(lambda match: "" if match[0] == "," else match[0], text)


def _entities(text: str) -> str:
    return _commas(html.unescape(text)) if "&" in text else text


def _several(text: str) -> list[Any]:
    """Return objects written one after another in one script."""
    decoder = json.JSONDecoder(strict=False)
    values: list[Any] = []
    at = 0
    while at < len(text) and len(values) < _MAX_NODES:
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        values.append(value)
        while at < len(text) and text[at] in ",; \t\r\n":
            at += 1
    return values


# A quotation mark ends a string only where the JSON can go on: publishers leave bare ones in their titles.
_TOKEN = re.compile(
    r"[\s,:]*+(?:(?P<mark>[{}\[\]])"
    r'|"(?P<text>(?:[^"\\]++|\\.|"(?!\s*+(?:[:}\]]|,\s*+["{\[}\]]|"[\w@:-]{1,40}"\s*+:|\Z)))*+)(?P<end>"|\Z)'
    r'|(?P<word>[^\s{}\[\]:,"]++)|(?P<cut>\Z))',
    re.DOTALL,
)


def _salvaged(text: str) -> list[Any]:
    """Return what can be read of JSON that is cut off or does not parse, as far as it goes; a string that is cut off is left out."""
    roots: list[Any] = []
    stack: list[tuple[Any, list[str]]] = []  # an open value, and the key that waits for its value
    for token in _TOKEN.finditer(text):
        if token["cut"] is not None or token["end"] == "" or len(stack) > 4 * _MAX_DEPTH:
            break
        mark = token["mark"]
        if mark and mark in "}]":
            if stack:
                stack.pop()
            continue
        if token["text"] is not None:
            _place(_string(token["text"]), roots, stack)
        elif mark:
            value: Any = {} if mark == "{" else []
            _place(value, roots, stack)
            stack.append((value, []))
        else:
            _place({"true": True, "false": False, "null": None}.get(token["word"], token["word"]), roots, stack)
    return roots


def _place(value: Any, roots: list[Any], stack: list[tuple[Any, list[str]]]) -> None:
    """Put a value where the reading stands: a key first when the open value is an object without one."""
    if not stack:
        if isinstance(value, (dict, list)):
            roots.append(value)
        return
    holder, key = stack[-1]
    if isinstance(holder, list):
        holder.append(value)
    elif key:
        holder[key.pop()] = value
    elif isinstance(value, str):
        key.append(value)


def _string(raw: str) -> str:
    try:
        return str(json.loads('"' + re.sub(r'(?<!\\)"', r'\\"', raw) + '"', strict=False))
    except ValueError:
        return raw


def _flat(value: Any, depth: int, room: int) -> Iterator[Node]:
    if depth > _MAX_DEPTH or room <= 0:
        return
    if isinstance(value, list):
        for item in value[:room]:
            for node in _flat(item, depth + 1, room):
                yield node
                room -= 1
    elif isinstance(value, dict):
        yield value
        for key in _INNER:
            if isinstance(value.get(key), (dict, list)):
                yield from _flat(value[key], depth + 1, room - 1)
