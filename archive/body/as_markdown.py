r"""The body as Markdown (CommonMark, with the tables of GitHub's): every character of the text is kept, none of it becomes markup.

>>> print(markdown((Block(kind="paragraph", spans=(Span(text="1. not *a* list"),)),)), end="")
1\. not \*a\* list
"""

from __future__ import annotations

import re
from textwrap import indent
from typing import TYPE_CHECKING, Final

from archive.body.as_html import web_address
from archive.body.blocks import Block, Span, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SPECIAL: Final = re.compile(r"[\\`*_\[\]<>|~&]")
_START: Final = re.compile(r"^(\d{0,9})(?=[.)#+=-])")
"""What begins a list, a heading or a rule at the start of a line."""
_SET_OFF: Final = {"em": ("*", "*"), "strong": ("**", "**"), "sub": ("<sub>", "</sub>"), "sup": ("<sup>", "</sup>")}


def markdown(body: Iterable[Block]) -> str:
    """The body as Markdown; '' for an empty one."""
    text = "\n\n".join(_blocks(body))
    return f"{text}\n" if text else ""


def escaped(text: str) -> str:
    """Text as one line that Markdown shows as it is."""
    return _START.sub(r"\1\\", _SPECIAL.sub(r"\\\g<0>", " ".join(text.split())))


def _blocks(body: Iterable[Block]) -> Iterator[str]:
    for block in body:
        if text := _BLOCKS[block.kind](block):
            yield text


def _line(spans: Iterable[Span]) -> str:
    """Spans as one line."""
    return _START.sub(r"\1\\", " ".join("".join(map(_span, spans)).split()))


def _span(span: Span) -> str:
    words = span.text.strip()
    if not words:
        return span.text
    before, _, after = span.text.partition(words)
    inner = _code(words) if "code" in span.marks else _SPECIAL.sub(r"\\\g<0>", words)
    for mark in span.marks:
        left, right = _SET_OFF.get(mark, ("", ""))
        inner = f"{left}{inner}{right}"
    return f"{before}{_link(inner, span.href)}{after}"


def _code(words: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", words)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if words.startswith("`") or words.endswith("`") else ""
    return f"{ticks}{pad}{words}{pad}{ticks}"


def _link(words: str, url: str) -> str:
    address = web_address(url)
    return f"[{words}]({_target(address)})" if address else words


def _target(address: str) -> str:
    return address.replace("\\", "%5C").replace("(", "%28").replace(")", "%29")


def _heading(block: Block) -> str:
    return f"{'#' * min(max(block.level, 2), 6)} {_line(block.spans)}"


def _paragraph(block: Block) -> str:
    return _line(block.spans)


def _list(block: Block) -> str:
    items = []
    for number, item in enumerate(block.items, 1):
        bullet = f"{number}. " if block.level else "- "
        inner = "\n\n".join(_blocks(item))
        items.append(bullet + indent(inner, " " * len(bullet)).lstrip())
    return "\n".join(items)


def _inner(block: Block) -> str:
    return "\n\n".join(filter(None, (_line(block.spans), *_blocks(block.blocks))))


def _quote(block: Block) -> str:
    source = f"— {_link(escaped(block.cite), block.url)}" if block.cite else ""
    inner = "\n\n".join(filter(None, (_inner(block), source)))
    return "\n".join(f"> {line}".rstrip() for line in inner.split("\n")) if inner else ""


def _table(block: Block) -> str:
    if not block.rows:
        return ""
    width = max(map(len, block.rows))
    rows = [[_line(cell) for cell in row] + [""] * (width - len(row)) for row in block.rows]
    head = rows.pop(0) if block.level else [""] * width  # Markdown knows one header row, and no table without one
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * width, *rows))
    return "\n\n".join(filter(None, (_line(block.caption), table)))


def _figure(block: Block) -> str:
    alt = _SPECIAL.sub(r"\\\g<0>", " ".join(block.alt.split()))
    address = web_address(block.url)
    picture = f"![{alt}]({_target(address)})" if address else alt
    return "\n\n".join(filter(None, (picture, _line(block.caption), escaped(block.credit))))


def _embed(block: Block) -> str:
    words = escaped(words_of(block.spans) or block.alt or block.url)
    name = f"{escaped(block.provider)}: " if block.provider else ""
    return _link(f"{name}{words}", block.url)


def _fence(block: Block) -> str:
    text = "".join(span.text for span in block.spans).strip("\n")
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    ticks = "`" * (longest + 1)
    return f"{ticks}\n{text}\n{ticks}"


def _question(block: Block) -> str:
    inner = _line(block.spans)
    return "\n\n".join(filter(None, (f"**{inner}**" if inner else "", *_blocks(block.blocks))))


def _entry(block: Block) -> str:
    return "\n\n".join(filter(None, (f"**{escaped(block.time)}**" if block.time else "", _inner(block))))


def _separator(_: Block) -> str:
    return "---"


_BLOCKS: Final = {
    "heading": _heading,
    "paragraph": _paragraph,
    "list": _list,
    "quote": _quote,
    "table": _table,
    "figure": _figure,
    "embed": _embed,
    "code": _fence,
    "question": _question,
    "answer": _inner,
    "entry": _entry,
    "separator": _separator,
}
