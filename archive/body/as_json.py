"""The body as JSON, as it is stored and exported: a list of objects with the fields of Block that are set, and so for each Span.

>>> dumps((Block(kind="paragraph", spans=(Span(text="See "), Span(text="here", href="https://a.org/"))),))
'[{"kind":"paragraph","spans":[{"text":"See "},{"text":"here","href":"https://a.org/"}]}]'
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

from archive.body.blocks import KINDS, MARKS, MAX_DEPTH, Block, Body, Kind, Mark, Span

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_CHARS: Final = 16_000_000
"""Characters of JSON that are read: a page of 20 MB, the largest that a crawl keeps, has less text than that."""
MAX_BLOCKS: Final = 100_000
"""Blocks, spans, cells and items together; a live blog of a whole day has some 5,000."""

_TEXTS: Final = ("url", "credit", "cite", "time", "alt", "provider")


def dumps(body: Iterable[Block]) -> str:
    """The body as compact JSON."""
    return json.dumps(as_data(body), ensure_ascii=False, separators=(",", ":"))


def as_data(body: Iterable[Block]) -> list[dict[str, Any]]:
    """The body as lists, dicts and strings: what `dumps` writes."""
    return [_block_data(block) for block in body]


def _block_data(block: Block) -> dict[str, Any]:
    fields = {
        "level": block.level,
        "time": block.time,
        "spans": _spans_data(block.spans),
        "items": [as_data(item) for item in block.items],
        "rows": [[_spans_data(cell) for cell in row] for row in block.rows],
        "blocks": as_data(block.blocks),
        "url": block.url,
        "alt": block.alt,
        "caption": _spans_data(block.caption),
        "credit": block.credit,
        "cite": block.cite,
        "provider": block.provider,
    }
    return {"kind": block.kind} | {name: value for name, value in fields.items() if value}


def _spans_data(spans: Iterable[Span]) -> list[dict[str, Any]]:
    return [_span_data(span) for span in spans]


def _span_data(span: Span) -> dict[str, Any]:
    set_off = {"href": span.href, "marks": list(span.marks)}
    return {"text": span.text} | {name: value for name, value in set_off.items() if value}


def loads(text: str | bytes | None) -> Body:
    """The body of that JSON; () for what is none, too large or too deep: it may come from anyone's archive."""
    if not text or len(text) > MAX_CHARS:
        return ()
    try:
        return _Reader().body(json.loads(text), MAX_DEPTH)
    except (ValueError, TypeError, KeyError, RecursionError):
        return ()


class _Reader:
    """Reads data of any origin into blocks. Raises ValueError, TypeError or KeyError for what `dumps` never writes."""

    def __init__(self) -> None:
        self._left = MAX_BLOCKS

    def body(self, data: Any, depth: int) -> Body:
        if depth == 0:
            raise ValueError("too deep")
        return tuple(self._block(item, depth) for item in self._list(data))

    def _block(self, data: Any, depth: int) -> Block:
        if not isinstance(data, dict):
            raise TypeError("no block")
        texts = {name: _text(data.get(name, "")) for name in _TEXTS}
        level = data.get("level", 0)
        if data["kind"] not in KINDS or type(level) is not int or not 0 <= level <= MAX_BLOCKS:
            raise ValueError("no block")
        return Block(
            kind=cast("Kind", data["kind"]),
            level=level,
            spans=self._spans(data.get("spans", [])),
            items=tuple(self.body(item, depth - 1) for item in self._list(data.get("items", []))),
            rows=tuple(
                tuple(self._spans(cell) for cell in self._list(row)) for row in self._list(data.get("rows", []))
            ),
            blocks=self.body(data["blocks"], depth - 1) if "blocks" in data else (),
            caption=self._spans(data.get("caption", [])),
            **texts,
        )

    def _spans(self, data: Any) -> tuple[Span, ...]:
        return tuple(_span(item) for item in self._list(data))

    def _list(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            raise TypeError("no list")
        self._left -= len(data)
        if self._left < 0:
            raise ValueError("too large")
        return data


def _span(data: Any) -> Span:
    marks = data.get("marks", []) if isinstance(data, dict) else None
    if not isinstance(marks, list) or len(marks) > len(MARKS) or not MARKS.issuperset(marks):
        raise ValueError("no span")
    return Span(
        text=_text(data["text"]), href=_text(data.get("href", "")), marks=cast("tuple[Mark, ...]", tuple(marks))
    )


def _text(data: Any) -> str:
    if not isinstance(data, str):
        raise TypeError("no text")
    data.encode()  # a lone surrogate, which no database takes, raises UnicodeEncodeError
    return data
