"""Define the blocks of an article, their plain text, and their JSON form: a list of objects with only the fields that are set.

>>> said = dumps(paragraphs("The bridge opens."))
>>> unpack(pack(said, "The bridge opens."), "The bridge opens.") == said
True

>>> dumps((Block(kind="paragraph", spans=(Span(text="See "), Span(text="here", href="https://a.org/"))),))
'[{"kind":"paragraph","spans":[{"text":"See "},{"text":"here","href":"https://a.org/"}]}]'

>>> body = (
...     Block(kind="heading", level=2, spans=(Span(text="Results"),)),
...     Block(kind="list", items=(paragraphs("Two goals"), paragraphs("One card"))),
... )
>>> print(plain_text(body))
Results
Two goals
One card
"""

from __future__ import annotations

import itertools
import json
import zlib
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal, cast, get_args

from archive.body.pickling import quick_to_pickle
from archive.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

Kind = Literal[
    "heading",  # spans, level (2 to 6: the title is 1 and not part of the body)
    "paragraph",  # spans
    "list",  # items, each a body; level 1 if it is ordered
    "quote",  # blocks (or spans); cite is its source as printed, url the URL of the source
    "table",  # rows of cells, each cell a tuple of spans; level counts the header rows at its top; spans (or caption) are its caption
    "figure",  # url of the picture, alt, caption, credit
    "embed",  # url, provider, poster (the picture shown before it plays); spans or alt if the page has words for it
    "code",  # spans with significant line ends
    "question",  # spans or blocks
    "answer",  # spans or blocks
    "entry",  # one entry of a live blog: time, blocks
    "separator",  # nothing
]
Mark = Literal["em", "strong", "code", "sub", "sup", "mark"]
MARKS: Final[frozenset[str]] = frozenset(get_args(Mark))
KINDS: Final[frozenset[str]] = frozenset(get_args(Kind))

MAX_DEPTH: Final = 16
"""Maximum nesting of blocks: extraction keeps to it, and `loads` refuses deeper bodies."""


@quick_to_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of text within a line: `href` is the absolute URL that it links to, `marks` its formatting."""

    text: str
    href: str = ""
    marks: tuple[Mark, ...] = ()


@quick_to_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block; its kind determines which fields are used. URLs are absolute; `time` is ISO 8601 if the page gives it so."""

    kind: Kind
    spans: tuple[Span, ...] = ()
    level: int = 0
    items: tuple[tuple[Block, ...], ...] = ()
    rows: tuple[tuple[tuple[Span, ...], ...], ...] = ()
    blocks: tuple[Block, ...] = ()
    url: str = ""
    caption: tuple[Span, ...] = ()
    credit: str = ""
    cite: str = ""
    time: str = ""
    alt: str = ""
    provider: str = ""
    poster: str = ""


Body = tuple[Block, ...]


def paragraphs(text: str) -> Body:
    """Return the body of a text of which only the lines are known, with a paragraph for each line."""
    return tuple(Block(kind="paragraph", spans=(Span(text=line),)) for line in text.split("\n") if line.strip())


def span_text(spans: Iterable[Span]) -> str:
    """Return the text of spans as one line."""
    return " ".join("".join(span.text for span in spans).split())


def plain_text(body: Iterable[Block]) -> str:
    """Return the body as lines: one for each paragraph, heading, list item, table row, line of code and source of a quotation.

    Captions, credits, embeds and times of live entries are not part of the text.
    """
    return "\n".join(line for line in _lines(body) if line)


def figures_of(body: Iterable[Block]) -> list[str]:
    """Return the URLs of the body's pictures in order, including the posters of its videos."""
    found: list[str] = []
    for block in body:
        found += [address for address in (block.url if block.kind == "figure" else "", block.poster) if address]
        found += figures_of(block.blocks)
        for item in block.items:
            found += figures_of(item)
    return found


def _lines(body: Iterable[Block]) -> Iterator[str]:
    for block in body:
        if block.kind in {"figure", "embed", "separator"}:
            continue
        if block.kind == "code":
            yield from (line.rstrip() for line in "".join(span.text for span in block.spans).splitlines())
            continue
        yield span_text(block.spans)
        for row in block.rows:
            yield _row(row)
        for item in block.items:
            yield from _lines(item)
        yield from _lines(block.blocks)
        yield " ".join(block.cite.split())


def _row(cells: tuple[tuple[Span, ...], ...]) -> str:
    texts = [span_text(cell) for cell in cells]
    return f"| {' | '.join(texts)} |" if any(texts) else ""


# Mark the words of a search in a body; the caller passes the function that finds them in a line.


def marked(body: Iterable[Block], find: Callable[[str], Sequence[tuple[int, int]]]) -> Body:
    """Return the body with `mark` on the (start, end) ranges that `find` returns for each line's text."""
    return tuple(_block(block, find) for block in body)


def count_marks(body: Iterable[Block]) -> int:
    """Return how many spans of the body's text are marked."""
    total = 0
    for block in body:
        spans = [*block.spans, *block.caption, *(span for row in block.rows for cell in row for span in cell)]
        total += sum("mark" in span.marks for span in spans)
        total += count_marks(block.blocks) + sum(map(count_marks, block.items))
    return total


def _block(block: Block, find: Callable[[str], Sequence[tuple[int, int]]]) -> Block:
    return replace(
        block,
        spans=_spans(block.spans, find),
        caption=_spans(block.caption, find),
        rows=tuple(tuple(_spans(cell, find) for cell in row) for row in block.rows),
        items=tuple(marked(item, find) for item in block.items),
        blocks=marked(block.blocks, find),
    )


def _spans(spans: tuple[Span, ...], find: Callable[[str], Sequence[tuple[int, int]]]) -> tuple[Span, ...]:
    places = find("".join(span.text for span in spans)) if spans else ()
    return tuple(_cut(spans, places)) if places else spans


def _cut(spans: Iterable[Span], places: Sequence[tuple[int, int]]) -> Iterator[Span]:
    """Yield the spans, cut where a place begins or ends."""
    start = 0
    for span in spans:
        end = start + len(span.text)
        edges = {edge for place in places for edge in place if start < edge < end}
        cuts = sorted({start, end, *edges})
        for left, right in itertools.pairwise(cuts):
            is_found = any(first <= left and right <= last for first, last in places)
            text = span.text[left - start : right - start]
            yield replace(span, text=text, marks=(*span.marks, "mark") if is_found else span.marks)
        start = end


MAX_CHARS: Final = 16_000_000
"""Maximum characters of JSON: a page of 20 MB, the largest that a crawl keeps, has less text."""
MAX_BLOCKS: Final = 100_000
"""Maximum number of blocks, spans, cells and items together; a live blog of a whole day has some 5,000."""

_TEXTS: Final = ("url", "credit", "cite", "time", "alt", "provider", "poster")


def dumps(body: Iterable[Block]) -> str:
    """Return the body as compact JSON."""
    return json.dumps(as_data(body), ensure_ascii=False, separators=(",", ":"))


def as_data(body: Iterable[Block]) -> list[dict[str, Any]]:
    """Return the body as lists, dicts and strings, the data that `dumps` writes."""
    return [_block_data(block) for block in body]


def _block_data(block: Block) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": block.kind}
    for name, value in zip(_FIELDS, _VALUES(block), strict=True):
        if value:
            made = _MADE.get(name)
            data[name] = made(value) if made else value
    return data


def _spans_data(spans: Iterable[Span]) -> list[dict[str, Any]]:
    return [_span_data(span) for span in spans]


def _span_data(span: Span) -> dict[str, Any]:
    data: dict[str, Any] = {"text": span.text}
    if span.href:
        data["href"] = span.href
    if span.marks:
        data["marks"] = list(span.marks)
    return data


_FIELDS = (
    "level",
    "time",
    "spans",
    "items",
    "rows",
    "blocks",
    "url",
    "alt",
    "caption",
    "credit",
    "cite",
    "provider",
    "poster",
)
"""The fields of a block beside its kind, in the order in which they are written; empty ones are left out."""
_VALUES = attrgetter(*_FIELDS)
_MADE: Mapping[str, Callable[[Any], Any]] = {
    "spans": _spans_data,
    "items": lambda items: [as_data(item) for item in items],
    "rows": lambda rows: [[_spans_data(cell) for cell in row] for row in rows],
    "blocks": as_data,
    "caption": _spans_data,
}


def loads(text: str | bytes | None) -> Body:
    """Return the body of that JSON; () if it is invalid, too large or too deep, as in a hostile archive."""
    if not text or len(text) > MAX_CHARS:
        return ()
    try:
        return _Reader().body(json.loads(text), MAX_DEPTH)
    except (ValueError, TypeError, KeyError, RecursionError):
        return ()


class _Reader:
    """Converts untrusted data into blocks. Raises ValueError, TypeError or KeyError for data that `dumps` never writes."""

    def __init__(self) -> None:
        self._left = MAX_BLOCKS

    def body(self, data: Any, depth: int) -> Body:
        if depth == 0:
            raise ValueError("too deep")
        return tuple(self._block(item, depth) for item in self._list(data))

    def _block(self, data: Any, depth: int) -> Block:
        if not isinstance(data, dict):
            raise TypeError("not a block")
        texts = {name: _text(data.get(name, "")) for name in _TEXTS}
        level = data.get("level", 0)
        if data["kind"] not in KINDS or type(level) is not int or not 0 <= level <= MAX_BLOCKS:
            raise ValueError("not a block")
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
            raise TypeError("not a list")
        self._left -= len(data)
        if self._left < 0:
            raise ValueError("too large")
        return data


def _span(data: Any) -> Span:
    marks = data.get("marks", []) if isinstance(data, dict) else None
    if not isinstance(marks, list) or len(marks) > len(MARKS) or not MARKS.issuperset(marks):
        raise ValueError("not a span")
    return Span(
        text=_text(data["text"]), href=_text(data.get("href", "")), marks=cast("tuple[Mark, ...]", tuple(marks))
    )


def _text(data: Any) -> str:
    if not isinstance(data, str):
        raise TypeError("not text")
    data.encode()  # a lone surrogate, which no database accepts, raises UnicodeEncodeError
    return data


# The JSON of a body, compressed with the text of its article as the dictionary: about eight per cent of the size is left.


def pack(body: str, text: str) -> bytes | str:
    """Return the body in zlib's format (RFC 1950), with the text as preset dictionary; unchanged if `unpack` would refuse that."""
    data, dictionary = body.encode(), text.encode()
    # texts of foreign databases are read without control characters
    if not dictionary or printable(text) != text:
        return body
    packer = zlib.compressobj(zdict=dictionary)
    packed = packer.compress(data) + packer.flush()
    return packed if len(data) <= _most_bytes(packed, dictionary) else body


def unpack(packed: bytes, text: str) -> str | None:
    """Return the body that was packed with this text; None if it was not, or if it would be disproportionately large."""
    dictionary = text.encode()
    most = _most_bytes(packed, dictionary)
    unpacker = zlib.decompressobj(zdict=dictionary)
    try:
        data = unpacker.decompress(packed, most)
        return data.decode() if unpacker.eof else None
    except (zlib.error, UnicodeDecodeError):
        return None


def _most_bytes(packed: bytes, dictionary: bytes) -> int:
    """Return the size limit of a body: a bomb has a thousand times its packed size, the blocks of an article twice their text."""
    return min(4 * MAX_CHARS, (1 << 16) + 20 * (len(packed) + len(dictionary)))
