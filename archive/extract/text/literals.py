"""Parse a JavaScript literal in a script's source into the values that JSON would give.

The state that a framework leaves on a page is mostly JSON. Nuxt 2 writes an object with unquoted keys, in a function whose
arguments are the values used more than once: `(function(a,b){return {title:a,body:b}}("…","…"))`. No code is run:
anything but a literal gives None.
"""

from __future__ import annotations

import json
import re
from typing import Any

_MAX_LENGTH = 4_000_000
_TOKEN = re.compile(
    r"\s++|//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/"
    r"|(?P<string>\"(?:[^\"\\\n]++|\\[\s\S])*+\"|'(?:[^'\\\n]++|\\[\s\S])*+'|`(?:[^`\\]++|\\[\s\S])*+`)"
    r"|(?P<number>-?(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?+\d++)?+)"
    r"|(?P<constant>!0|!1|void 0)"
    r"|(?P<name>[A-Za-z_$][\w$]*+)"
    r"|(?P<sign>[\[\]{}:,()])"
)
_FUNCTION = re.compile(r"\(?\s*function\s*\(([\w$,\s]*)\)\s*\{")
_RETURN = re.compile(r"\breturn\s*(?=[{\[])")
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|[\s\S]))")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": " ", "0": "", "\n": "", "\r\n": ""}
_CONSTANTS = {"!0": "true", "!1": "false", "true": "true", "false": "false"}
_LAST_CHARACTER = 0x10FFFF


def read_literal(source: str, at: int) -> Any:
    """Return the value that begins at offset `at` of a script, None if it is not a literal."""
    source = source[at : at + _MAX_LENGTH]
    if function := _FUNCTION.match(source):
        return _called(source, function)
    return _value(source, 0, {})[0]


def _called(source: str, function: re.Match[str]) -> Any:
    """Return the result of a function that is called where it is defined, with its parameters replaced by the arguments."""
    begin = _RETURN.search(source, function.end())
    if begin is None:
        return None
    _, end = _value(source, begin.end(), {})
    opening = source.find("(", source.find("}", end)) if end else -1
    names = [name.strip() for name in function[1].split(",") if name.strip()]
    arguments = _value(source, opening, {})[0] if opening >= 0 else None
    values = arguments if isinstance(arguments, list) else []
    known = {name: json.dumps(value) for name, value in zip(names, values, strict=False)}
    return _value(source, begin.end(), known)[0]


def _value(source: str, at: int, known: dict[str, str]) -> tuple[Any, int]:
    """Return a value and the offset of its end (0 if there is none); values in parentheses become a list."""
    parts: list[str] = []
    depth = size = 0
    while size <= _MAX_LENGTH and (token := _TOKEN.match(source, at)):
        at = token.end()
        if part := _as_json(token, known):
            if part in "]}" and parts and parts[-1] == ",":
                parts.pop()
            size += len(part)
            depth += (part in "[{") - (part in "]}")
            parts.append(part)
            if depth <= 0:
                break
    try:
        return json.loads("".join(parts), strict=False), at
    except (ValueError, RecursionError):
        return None, at if parts and depth <= 0 else 0


def _as_json(token: re.Match[str], known: dict[str, str]) -> str:
    """Return a token as JSON, '' for white space."""
    match token.lastgroup:
        case "string":
            return json.dumps(_ESCAPE.sub(_character, token[0][1:-1]))
        case "number":
            return token[0] if token[0].lstrip("-").isdigit() and not token[0].startswith("0") else "0"
        case "constant":
            return _CONSTANTS.get(token[0], "null")
        case "name":
            is_key = token.string[token.end() : token.end() + 2].lstrip().startswith(":")
            return json.dumps(token[0]) if is_key else _CONSTANTS.get(token[0]) or known.get(token[0], "null")
        case "sign":
            return {"(": "[", ")": "]"}.get(token[0], token[0])
        case _:
            return ""


def _character(escape: re.Match[str]) -> str:
    if code := escape[1] or escape[2] or escape[3]:
        return chr(int(code, 16)) if int(code, 16) <= _LAST_CHARACTER else ""
    return _ESCAPED.get(escape[4], escape[4])
