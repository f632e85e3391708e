"""Parse a page's JSON-LD into a flat, bounded tuple of nodes; repair damaged scripts in one pass."""

from __future__ import annotations

import html
import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

Node = dict[str, Any]

_MAX_SCRIPTS = 40
_MAX_CHARS = 1_000_000
_MAX_NODES = 400
_MAX_DEPTH = 8
# Properties in which publishers nest the node of the page's main entity.
_INNER = ("@graph", "mainEntity", "mainEntityOfPage", "hasPart")
_STRING_OR_COMMA = re.compile(
    r'"(?:[^"\\]++|\\.)*+"?|,(?=\s{0,200}[}\]])|,(?=\s{0,200},)|//[^\n"]*+|/\*[^*"]{0,500}\*/', re.DOTALL
)


def read_jsonld(scripts: Iterable[HtmlElement]) -> tuple[Node, ...]:
    """Return the nodes of all `application/ld+json` scripts in page order: top level, `@graph`, main entities; at most 400."""
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
    """Return the JSON values of one script; if it does not parse, try each repair in turn, the commonest damage first."""
    text = _PREFIXED.sub(r'"\1":', _strip(text)) if "schema:" in text or "schema.org/" in text else _strip(text)
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


_PREFIXED = re.compile(r'"(?:schema:|https?://schema\.org/)(\w+)"\s{0,9}:')
"""A property with schema.org's prefix or address before its name."""


def _strip(text: str) -> str:
    """Return a script without comment and CDATA marks before its JSON, and with double quotes if all are single."""
    text = text[cut.end() :] if (cut := _OPENING.match(text)) else text
    return text.translate(_SWAPPED) if _SINGLE.match(text) else text


_OPENING = re.compile(r"(?:<!--|-->|//|/\*|\*/|<!\[CDATA\[|[\s\ufeff;])+")
_SINGLE = re.compile(r"[\s{\[]{1,200}'")
_SWAPPED = {ord("'"): '"', ord('"'): "'"}


def _same(text: str) -> str:
    return text


def _commas(text: str) -> str:
    """Remove comments, and commas before a closing bracket or another comma, outside strings."""
    return _STRING_OR_COMMA.sub(lambda match: match[0] if match[0][0] == '"' else "", text)


def _entities(text: str) -> str:
    return _commas(html.unescape(text)) if "&" in text else text


def _several(text: str) -> list[Any]:
    """Return the objects of a script that has several in sequence."""
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


# A quotation mark ends a string only where JSON can continue after it: publishers leave unescaped ones in titles.
_TOKEN = re.compile(
    r"[\s,:]*+(?:(?P<mark>[{}\[\]])"
    r'|"(?P<text>(?:[^"\\]++|\\.|"(?!\s*+(?:[:}\]]|,\s*+(?:["{\[}\]]|[\w@]{1,40}:["{\[])|"[\w@:-]{1,40}"\s*+:|\Z)))*+)(?P<end>"|\Z)'
    r'|(?P<word>[^\s{}\[\]:,"]++)|(?P<cut>\Z))',
    re.DOTALL,
)


def _salvaged(text: str) -> list[Any]:
    """Return the readable beginning of truncated or invalid JSON, without a truncated string."""
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
    """Add a value to the innermost open value; in an object without a pending key, it becomes the key."""
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
        yield from islice(_reversed(value), room)


def _reversed(node: Node) -> Iterator[Node]:
    """Yield the nodes of which a node is a property by its `@reverse`, each with that property."""
    properties = node.get("@reverse")
    if not isinstance(properties, dict):
        return
    own = {name: value for name, value in node.items() if name != "@reverse"}
    for name, value in properties.items():
        for other in _nodes(value):
            yield {**other, name: own}


def _nodes(value: Any) -> list[Node]:
    """Return the objects of a JSON-LD value, which may be one object in place of a list."""
    return [node for node in (value if isinstance(value, list) else [value]) if isinstance(node, dict)]
