"""The blocks of an article and the plain text that they make.

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

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Kind = Literal[
    "heading",  # spans, level (2 to 6: the title is 1 and not part of the body)
    "paragraph",  # spans
    "list",  # items, each a body of its own; level 1 when it is ordered
    "quote",  # blocks (or spans); cite is its source as printed, url the address of that
    "table",  # rows of cells, a cell being spans; level counts the header rows at its top; caption
    "figure",  # url of the picture, alt, caption, credit
    "embed",  # url, provider; spans or alt when the page gives it words
    "code",  # spans, whose line ends count
    "question",  # spans or blocks
    "answer",  # spans or blocks
    "entry",  # one entry of a live blog: time, blocks
    "separator",  # nothing
]
Mark = Literal["em", "strong", "code", "sub", "sup", "mark"]
MARKS: Final[frozenset[str]] = frozenset(get_args(Mark))
KINDS: Final[frozenset[str]] = frozenset(get_args(Kind))

MAX_DEPTH: Final = 16
"""How deep blocks may stand in blocks: who makes a body keeps to it, and `loads` refuses what is deeper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of text within a line: `href` is the absolute address that it links to, `marks` how it is set off."""

    text: str
    href: str = ""
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block; which fields count depends on its kind. Addresses are absolute; `time` is ISO 8601 where the page gives it so."""

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


Body = tuple[Block, ...]


def paragraphs(text: str) -> Body:
    """The body of a text of which only the lines are known: a paragraph for each."""
    return tuple(Block(kind="paragraph", spans=(Span(text=line),)) for line in text.split("\n") if line.strip())


def words_of(spans: Iterable[Span]) -> str:
    """The text of spans as one line."""
    return " ".join("".join(span.text for span in spans).split())


def plain_text(body: Iterable[Block]) -> str:
    """The body as lines: one for each paragraph, heading, list item, table row, line of code and source of a quotation.

    Captions, credits and embeds are not the text's; times of live entries are not either.
    """
    return "\n".join(line for line in _lines(body) if line)


def figures_of(body: Iterable[Block]) -> list[str]:
    """The addresses of the body's pictures, in order."""
    found: list[str] = []
    for block in body:
        found += [block.url] if block.kind == "figure" and block.url else []
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
        yield words_of(block.spans)
        for row in block.rows:
            yield _row(row)
        for item in block.items:
            yield from _lines(item)
        yield from _lines(block.blocks)
        yield " ".join(block.cite.split())


def _row(cells: tuple[tuple[Span, ...], ...]) -> str:
    texts = [words_of(cell) for cell in cells]
    return f"| {' | '.join(texts)} |" if any(texts) else ""
